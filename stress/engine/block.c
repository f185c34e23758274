#define _GNU_SOURCE
/* The body of a child: its threads run block after block until the time is
 * over. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/sanitizer.h"
#include "stress/world.h"

struct shop {
	const struct child_plan *plan;
	struct result *result;
	struct crew *crew;
	/* 2k + 1: block k is to be prepared; 2k + 2: it may run. Leader's. */
	_Alignas(128) word64 turn;
	_Alignas(128) word64 prepared; /* the newest block prepared by a follower */
	word32 seated;                 /* workers that are pinned, or have failed to */
	word32 closed;                 /* 1: no more blocks */
	bool spoilt[MAX_ACTORS];       /* of the block just run, each worker's own */
	word64 through[MAX_ACTORS];    /* blocks that a follower is done with, spoilt too */
};

/* Longer than any processor prepares or settles a block. */
#define LONG_WAIT_NS 1000000
enum { SPINS_PER_LOOK = 512 };

static void wait_until(struct shop *shop, word64 *w, uint64_t value)
{
	int64_t since = 0;
	/* pairs with: the release stores to turn, prepared and through */
	for (uint32_t spins = 1; load_acquire(w) < value; spins++) {
		/* pairs with: lead() end */
		if (load_acquire(&shop->closed))
			return;
		if (shop->crew->yields)
			world_yield();
		else if (spins % SPINS_PER_LOOK == 0)
			wait_nap(&since, LONG_WAIT_NS);
	}
}

/* --- one block --- */

static long involuntary_switches(void)
{
	struct rusage usage;
	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void run_block(struct shop *shop, struct worker *w)
{
	long before = involuntary_switches();
	worker_adopt(w);
	worker_run_block(w);
	worker_adopt(NULL);
	/* Timing is nothing to a sanitizer: no block of its lane is spoilt. */
	shop->spoilt[w->actor] = !SANITIZED && (w->late || involuntary_switches() != before);
}

static const struct outcome *outcome_of(const struct test_case *t, uint32_t o)
{
	return o < OUT_LISTED ? &engine_outcome[o] : &t->outcomes[o - OUT_LISTED];
}

static enum failure failure_of(const struct test_case *t, uint32_t o)
{
	const struct outcome *outcome = outcome_of(t, o);
	return outcome->grade == BAD ? outcome->failure : NO_FAILURE;
}

static void keep_evidence(struct shop *shop, unsigned nth, uint32_t o)
{
	struct result *r = shop->result;
	struct crew *c = shop->crew;
	if (r->findings == MAX_FINDINGS)
		return;
	unsigned index = round_index(nth);
	struct finding *f = &r->finding[r->findings++];
	f->failure = failure_of(c->test, o);
	f->round = c->first + nth;
	f->child = r->children;
	f->env = c->env;
	snprintf(f->outcome, sizeof f->outcome, "%s", outcome_of(c->test, o)->name);
	snprintf(f->message, sizeof f->message, "%s", o == OUT_FATAL ? c->fatal : "");
	const struct slot *slots = c->slot + index * c->slots;
	for (unsigned a = 0; a < c->slots; a++) {
		f->slot[a].parks = slots[a].g.parks;
		f->slot[a].aborts = slots[a].g.aborts;
		f->slot[a].stranded = slots[a].stranded;
		/* relaxed: alone between blocks */
		f->slot[a].status = load_relaxed(&slots[a].g.status);
		memcpy(f->slot[a].got, slots[a].got, sizeof f->slot[a].got);
	}
}

static void count_block(struct tally *t, const struct aim_sample *s, bool spoilt)
{
	t->rounds += s->rounds;
	t->near += s->near;
	t->hits += s->hits;
	t->sum_sq += s->hits * s->hits;
	t->hit_blocks += s->hits != 0;
	t->blocks++;
	t->spoilt += spoilt;
	t->ns += s->ns;
}

/* Counts the block that has just run; alone. */
static struct aim_sample settle(struct shop *shop, int64_t ns)
{
	struct result *r = shop->result;
	struct crew *c = shop->crew;
	struct aim_sample s = { .rounds = BLOCK_ROUNDS, .ns = ns };
	uint32_t count[OUT_KINDS] = { 0 };
	crew_settle(c, count);
	for (uint32_t o = OUT_FATAL; o < OUT_KINDS; o++) {
		if (count[o] == 0)
			continue;
		enum failure f = failure_of(c->test, o);
		r->count[o] += count[o];
		r->failures[f] += count[o];
		if (f != NO_FAILURE)
			s.hits += count[o];
		else if (c->test->outcomes[o - OUT_LISTED].grade == NEAR)
			s.near += count[o];
	}
	if (s.hits && r->first_hit < 0)
		r->first_hit = world_now() - r->started;
	for (unsigned nth = 0; s.hits && nth < BLOCK_ROUNDS && r->findings < MAX_FINDINGS; nth++) {
		/* relaxed: alone between blocks */
		uint32_t o = load_relaxed(&c->outcome[round_index(nth)]);
		if (failure_of(c->test, o) != NO_FAILURE)
			keep_evidence(shop, nth, o);
	}
	return s;
}

/* --- leader and followers --- */

static struct env next_env(struct shop *shop)
{
	struct result *r = shop->result;
	switch (shop->plan->phase) {
	case PHASE_AIM:
		return aim_next(&r->aim);
	case PHASE_FINAL:
		return aim_final_next(&r->aim);
	case PHASE_PROFILE:
		return aim_profile_next(&r->aim);
	case PHASE_MEASURE:
		break;
	}
	return r->env;
}

static void account(struct shop *shop, const struct aim_sample *s)
{
	struct result *r = shop->result;
	struct crew *c = shop->crew;
	bool spoilt = false;
	for (unsigned a = 0; a < c->actors; a++)
		spoilt |= shop->spoilt[a];
	count_block(&r->all, s, spoilt);
	if (shop->plan->phase == PHASE_AIM && !spoilt)
		aim_sampled(&r->aim, &c->env, s);
	if (shop->plan->phase == PHASE_FINAL && !spoilt)
		aim_final_sampled(&r->aim, s);
	if (shop->plan->phase == PHASE_PROFILE && !spoilt)
		aim_profile_sampled(&r->aim, &c->env, s);
	if (shop->plan->phase == PHASE_MEASURE) {
		if (!spoilt) {
			count_block(&r->measured, s, false);
			count_block(&r->child[r->measured_children], s, false);
		} else {
			r->measured.spoilt++;
			r->child[r->measured_children].spoilt++;
		}
	}
	/* relaxed: only watched for change */
	fetch_add_relaxed(&r->heartbeat, 1);
}

static bool time_is_up(struct shop *shop, int64_t end)
{
	const struct child_plan *plan = shop->plan;
	return child_stop || world_now() >= end ||
	       (plan->until_hits && shop->result->all.hits >= plan->until_hits);
}

static void lead(struct shop *shop)
{
	struct crew *c = shop->crew;
	struct result *r = shop->result;
	struct worker *me = &c->worker[0];
	int64_t start = world_now(), end = start + shop->plan->ns;
	if (r->started == 0)
		r->started = start;
	for (uint64_t k = 0; k == 0 || !time_is_up(shop, end); k++) {
		int64_t begin = world_now();
		struct env e = next_env(shop);
		c->first = me->round;
		crew_equip(c, &e);
		/* pairs with: wait_until() — the environment */
		store_release(&shop->turn, 2 * k + 1);
		if (e.by == 0)
			crew_prepare(c);
		else
			wait_until(shop, &shop->prepared, k + 1);
		/* pairs with: wait_until() — the states */
		store_release(&shop->turn, 2 * k + 2);
		run_block(shop, me);
		crew_wait_passed(me, me->round - 1);
		struct aim_sample s = settle(shop, world_now() - begin);
		for (unsigned a = 1; a < c->actors; a++)
			wait_until(shop, &shop->through[a], k + 1);
		account(shop, &s);
	}
	/* pairs with: wait_until(), follow() */
	store_release(&shop->closed, 1);
}

static void follow(struct shop *shop, struct worker *me)
{
	for (uint64_t k = 0;; k++) {
		wait_until(shop, &shop->turn, 2 * k + 1);
		/* pairs with: lead() end */
		if (load_acquire(&shop->closed))
			return;
		if (shop->crew->env.by == me->actor) {
			crew_prepare(shop->crew);
			/* pairs with: wait_until() in lead() — the states */
			store_release(&shop->prepared, k + 1);
		}
		wait_until(shop, &shop->turn, 2 * k + 2);
		run_block(shop, me);
		/* pairs with: wait_until() in lead() — spoilt, and the worker
		 * is the leader's until the next turn */
		store_release(&shop->through[me->actor], k + 1);
	}
}

/* --- threads --- */

struct seat {
	struct shop *shop;
	unsigned actor;
};

/* Sits down on the actor's processor; all wait for all, and go home if one
 * failed. */
static bool sit_down(struct shop *shop, unsigned actor)
{
	char why[PIN_WHY];
	if (pin_apply(&shop->result->pins, actor, why) != PIN_OK) {
		snprintf(shop->result->error, sizeof shop->result->error, "%s", why);
		/* pairs with: below */
		store_release(&shop->closed, 1);
	}
	/* pairs with: the load below — closed and error */
	fetch_add_acq_rel(&shop->seated, 1);
	/* pairs with: the addition above */
	while (load_acquire(&shop->seated) < shop->crew->actors)
		world_yield();
	/* pairs with: above */
	return load_acquire(&shop->closed) == 0;
}

static void *follower_main(void *arg)
{
	struct seat *seat = arg;
	if (sit_down(seat->shop, seat->actor))
		follow(seat->shop, &seat->shop->crew->worker[seat->actor]);
	return NULL;
}

void child_work(const struct child_plan *plan, struct result *r)
{
	static struct shop shop;
	memset(&shop, 0, sizeof shop);
	shop.plan = plan;
	shop.result = r;
	bool yields = r->pins.shared_pu || !r->pins.pinned;
	shop.crew = crew_new(plan->subject, yields, plan->seed);
	shop.crew->heartbeat = &r->heartbeat;
	runtime = &spin_runtime;
	pthread_t thread[MAX_ACTORS];
	struct seat seat[MAX_ACTORS];
	unsigned started = 1;
	for (; started < shop.crew->actors; started++) {
		seat[started] = (struct seat){ &shop, started };
		if (pthread_create(&thread[started], NULL, follower_main, &seat[started]) != 0)
			break;
	}
	if (started < shop.crew->actors) {
		snprintf(r->error, sizeof r->error, "cannot start a thread");
		return; /* the process ends, and its threads with it */
	}
	if (sit_down(&shop, 0))
		lead(&shop);
	for (unsigned a = 1; a < shop.crew->actors; a++)
		pthread_join(thread[a], NULL);
	crew_free(shop.crew);
}
