/* What is expected to become of a picture (picture.h): of idle lists, of who is
 * woken, of what is readied. And the run of a check that compares.
 */
#ifndef FUZZ_CHECKS_SCHED_EXPECT_H
#define FUZZ_CHECKS_SCHED_EXPECT_H

#include "checks/sched/picture.h"

#define EXPECTED (&on->expected.f)
#define QUEUES (&on->expected.q)

static inline int64_t taken_off(int64_t *list, unsigned n)
{
	int64_t first = list[0];
	memmove(list, list + 1, (n - 1) * sizeof *list);
	list[n - 1] = NOBODY;
	return first;
}

static inline void expect_idle(int64_t p)
{
	struct facts *f = EXPECTED;
	f->status[p] = P_IDLE;
	memmove(f->idle_p + 1, f->idle_p, (PROCS - 1) * sizeof f->idle_p[0]);
	f->idle_p[0] = p;
	f->idle_ps++;
}

static inline int64_t expect_no_longer_idle(void)
{
	if (EXPECTED->idle_ps == 0)
		return NOBODY;
	EXPECTED->idle_ps--;
	return taken_off(EXPECTED->idle_p, PROCS);
}

static inline void expect_acquire(int64_t worker, int64_t p)
{
	EXPECTED->has[worker] = p;
	EXPECTED->owner[p] = worker;
	EXPECTED->status[p] = P_RUNNING;
}

static inline void expect_release(int64_t worker)
{
	EXPECTED->owner[EXPECTED->has[worker]] = NOBODY;
	EXPECTED->has[worker] = NOBODY;
}

/* A worker that sleeps gets p; nobody does at the end of all. */
static inline void expect_start(int64_t p, bool spins)
{
	struct facts *f = EXPECTED;
	if (f->ending) {
		expect_idle(p);
		return;
	}
	if (f->idle_ms == 0) {
		on->too_few = true;
		return;
	}
	f->idle_ms--;
	int64_t worker = taken_off(f->idle_m, WORKERS);
	f->given[worker] = p;
	f->wake_spins[worker] = spins;
	f->woken[worker] = 1;
}

/* There is work: one who spins is enough, and one starts if a processor is
 * idle. */
static inline void expect_wake(void)
{
	if (EXPECTED->idle_ps == 0 || EXPECTED->spinning != 0)
		return;
	EXPECTED->spinning = 1;
	expect_start(expect_no_longer_idle(), true);
}

/* A timer is due at `when`: whoever would sleep longer in the poller is
 * woken. */
static inline void expect_wake_for(int64_t when)
{
	if (EXPECTED->last_poll != 0)
		expect_wake();
	else if (EXPECTED->poll_until == 0 || EXPECTED->poll_until > when)
		EXPECTED->wakes++;
}

static inline void expect_spin(void)
{
	EXPECTED->spins[ME] = 1;
	EXPECTED->spinning++;
}

static inline void expect_no_spin(void)
{
	EXPECTED->spinning -= EXPECTED->spins[ME];
	EXPECTED->spins[ME] = 0;
}

/* The monitor would sleep longer than until `when`. */
static inline void expect_told(void)
{
	if (EXPECTED->monitor_until != 0)
		EXPECTED->told = 1;
	EXPECTED->monitor_until = 0;
}

static inline void expect_one_stopped(void)
{
	if (--EXPECTED->stop_wait == 0)
		EXPECTED->stopped = 1;
}

/* The caller's processor, for a world that is to stop. */
static inline void expect_stop(void)
{
	int64_t p = EXPECTED->has[ME];
	expect_no_spin();
	expect_release(ME);
	EXPECTED->status[p] = P_STOPPED;
	expect_one_stopped();
}

static inline void expect_sleep(int64_t worker)
{
	struct facts *f = EXPECTED;
	memmove(f->idle_m + 1, f->idle_m, (WORKERS - 1) * sizeof f->idle_m[0]);
	f->idle_m[0] = worker;
	f->idle_ms++;
}

/* --- goroutines --- */

static inline void expect_status(const struct G *g, uint32_t status)
{
	EXPECTED->g_status[g - on->st.g] = status;
}

static inline bool expect_any(int64_t p)
{
	const struct expected *q = QUEUES;
	return q->ring[p].n > 0 || q->next[p] || q->sent[p].n > 0;
}

static inline void expect_put_next(int64_t p, struct G *g)
{
	struct G *old = expect_next(QUEUES, (unsigned)p);
	QUEUES->next[p] = g;
	if (old)
		expect_put(QUEUES, (unsigned)p, old);
}

/* What was sent is put where others can take it, of which they are told. */
static inline struct G *expect_got(int64_t p, bool fair)
{
	const struct expected *q = QUEUES;
	bool more = q->ring[p].n == 0 && !q->next[p] && q->sent[p].n > 1;
	struct G *g = expect_get(QUEUES, (unsigned)p, fair);
	if (more)
		expect_wake();
	return g;
}

static inline struct G *expect_stolen(unsigned p, bool next)
{
	const struct expected *q = QUEUES;
	bool more = q->ring[1 - p].n == 0 && q->sent[1 - p].n > 1;
	struct G *g = expect_steal(QUEUES, p, next);
	if (more)
		expect_wake();
	return g;
}

static inline void expect_received(int64_t p)
{
	bool any = QUEUES->sent[p].n > 0;
	while (QUEUES->sent[p].n > 0)
		expect_put(QUEUES, (unsigned)p, take_at_front(&QUEUES->sent[p]));
	if (any)
		expect_wake();
}

/* The caller has nothing to run. Returns whether there was nothing indeed. */
static inline bool expect_leave(void)
{
	struct facts *f = EXPECTED;
	if (f->stopping || QUEUES->global.n > 0)
		return false;
	int64_t p = f->has[ME];
	expect_release(ME);
	expect_idle(p);
	expect_no_spin();
	if (!expect_any(ME) && !expect_any(OTHER))
		return true;
	expect_acquire(ME, expect_no_longer_idle());
	expect_spin();
	return false;
}

/* What the poller tells of, by who has no processor: a worker each. */
static inline void expect_inject_globally(struct g *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		expect_status((const struct G *)list[i], G_RUNNABLE);
		append(&QUEUES->global, (struct G *)list[i]);
	}
	for (; n > 0 && EXPECTED->idle_ps > 0; n--) {
		int64_t p = expect_no_longer_idle();
		expect_start(p, false);
		if (EXPECTED->ending)
			break;
	}
}

/* By who has p: where each ran last, if somebody runs there. */
static inline void expect_put_ready(int64_t p, struct g *const *list, unsigned n)
{
	struct G *sent[GS];
	unsigned sents = 0;
	for (unsigned i = 0; i < n; i++) {
		struct G *g = (struct G *)list[i];
		expect_status(g, G_RUNNABLE);
		if (g->home && g->home->id != p && EXPECTED->status[g->home->id] == P_RUNNING)
			sent[sents++] = g;
		else
			expect_put(QUEUES, (unsigned)p, g);
	}
	while (sents > 0)
		expect_send(QUEUES, 1 - (unsigned)p, sent[--sents]);
	expect_wake();
}

/* The poller is asked. Returns how many it tells of, in `list`. */
static inline unsigned expect_poll(int64_t delay, struct g *list[GS])
{
	struct facts *f = EXPECTED;
	struct picture *e = &on->expected;
	unsigned n = e->n;
	f->polls++;
	f->delay = delay;
	f->seen_until = f->poll_until + (f->last_poll != 0);
	f->waiters += e->unblocked;
	f->ending |= n == 0 && delay != 0;
	memcpy(list, e->list, n * sizeof *list);
	e->n = 0;
	e->unblocked = 0;
	return n;
}

static inline void expect_inject(int64_t p, struct g *const *list, unsigned n)
{
	if (n == 0)
		return;
	if (p == NOBODY) {
		expect_inject_globally(list, n);
	} else if (n == 1 && EXPECTED->runs[ME] == NOBODY) {
		expect_status((const struct G *)list[0], G_RUNNABLE);
		expect_put(QUEUES, (unsigned)p, (struct G *)list[0]);
	} else {
		expect_put_ready(p, list, n);
	}
}

/* --- timers --- */

static inline int64_t expect_next_timer(void)
{
	int64_t next = 0;
	for (unsigned i = 0; i < PROCS; i++)
		if (EXPECTED->timers[i] && (next == 0 || EXPECTED->first[i] < next))
			next = EXPECTED->first[i];
	return next;
}

/* The first of a processor that is idle; 0: there is none. */
static inline int64_t expect_next_of_idle(void)
{
	int64_t next = 0;
	for (unsigned i = 0; i < PROCS; i++)
		if (EXPECTED->timers[i] && EXPECTED->status[i] == P_IDLE &&
		    (next == 0 || EXPECTED->first[i] < next))
			next = EXPECTED->first[i];
	return next;
}

/* Who has left the poller has something to run. */
static inline void expect_keep(void)
{
	int64_t first = expect_next_of_idle();
	if (first != 0 && first < EXPECTED->monitor_until)
		expect_told();
}

static inline void expect_ready(struct G *g)
{
	expect_status(g, G_RUNNABLE);
	if (EXPECTED->has[ME] == NOBODY) {
		expect_inject_globally((struct g *[]){ &g->g }, 1);
		return;
	}
	expect_put_next(EXPECTED->has[ME], g);
	expect_wake();
}

static inline void expect_timers_run(int64_t p, int64_t now)
{
	if (!EXPECTED->timers[p] || EXPECTED->first[p] > now)
		return;
	EXPECTED->timers[p] = EXPECTED->first[p] = 0;
	if (on->sleeper[p])
		expect_ready(on->sleeper[p]);
	EXPECTED->fired++;
}

/* p has been taken from a system call. */
static inline void expect_hand_on(int64_t p)
{
	struct facts *f = EXPECTED;
	f->handed_off++;
	f->status[p] = P_IDLE;
	if (f->stopping) {
		f->status[p] = P_STOPPED;
		expect_one_stopped();
	} else if (expect_any(p) || QUEUES->global.n > 0) {
		expect_start(p, false);
	} else {
		expect_idle(p);
		if (f->idle_ps == PROCS && f->waiters != 0 && f->last_poll != 0)
			expect_wake();
	}
}

/* --- the check --- */

/* Expects something of on->expected, does it, and asks what came back. Returns
 * false, and does nothing, where the scene is not one for it. */
typedef bool scene_act(void);

static inline void scene_play(struct scene *c, unsigned times, scene_act *const *act, unsigned acts)
{
	scene_begin(c);
	for (unsigned i = 0; i < times; i++) {
		scene_set(c);
		c->expected.f = look();
		memcpy(c->expected.list, c->list, sizeof c->list);
		c->expected.n = c->n;
		c->expected.unblocked = c->unblocked;
		if (!act[i % acts]())
			continue;
		must(!c->too_few, "this check has no worker left");
		struct facts f = look();
		settle();
		must(memcmp(&f, &c->expected.f, sizeof f) == 0, "not all became as expected");
		compare_lists(&c->st, &c->expected.q);
	}
}

#define SCENE_PLAY(c, times, acts) \
	scene_play(c, times, acts, sizeof(acts) / sizeof((acts)[0]))

#define SCENE_CASE                                                                         \
	.whole = true, .state_size = sizeof(struct scene),                                 \
	.state_align = _Alignof(struct scene), .actor = { { "worker", worker } },          \
	.prepare = prepare_nothing, .judge = judge_end, CHECK_OUTCOMES

#endif
