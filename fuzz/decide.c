#include "decide.h"

#include "memory/model.h"
#include "places.h"
#include "search/search.h"
#include "sim.h"
#include "world.h"

const struct op *op_of(unsigned option)
{
	static const struct op clock = { .key = KEY_ALL, .kind = OP_CLOCK, .write = true };
	if (option < FLUSH)
		return &sim.thread[option].op;
	return option < CLOCK ? &sim.flush[option - FLUSH] : &clock;
}

/* The next one after the last, in a circle. */
static int in_turn(uint64_t from)
{
	uint64_t later = from & ~(bit(sim.turn + 1) - 1);
	sim.turn = __builtin_ctzll(later ? later : from);
	return sim.turn;
}

/* Only threads that loop are left, if any: a loop with a bound may still end.
 * Whoever has not said that it waits would spin without end natively. */
static int nobody_enabled(void)
{
	if (!sim.spinning || sim_actors_done()) {
		sim.stop = STOP_QUIET;
		return NOBODY;
	}
	if (sim.grace == 0)
		sim.hinted = 0;
	if (++sim.grace > GRACE_STEPS) {
		sim.stop = sim.spinning & ~sim.hinted ? STOP_LIVELOCK : STOP_QUIET;
		return NOBODY;
	}
	int pick = in_turn(sim.spinning);
	sim.spinning &= ~bit(pick);
	sim.any_waiters &= ~bit(pick);
	sim.enabled |= bit(pick);
	return pick;
}

/* Past the limit the search has no say: whoever the lot falls on, until the
 * execution ends or shows that it does not. */
static int fair_choice(uint64_t from)
{
	static struct places since_limit;
	if (sim.steps == sim.step_limit + 1) {
		sim.cuts++;
		/* Who looks on and on is not chosen, and says nothing more. */
		sim.hinted &= sim.spinning;
		sim.novel = sim.step_limit;
	}
	if (sim.steps - sim.novel > FAIR_STEPS) {
		sim.stop = STOP_LIVELOCK;
		return NOBODY;
	}
	unsigned n = random_mix(sim.steps) % __builtin_popcountll(from);
	while (n-- > 0)
		from &= from - 1;
	int pick = __builtin_ctzll(from);
	if (pick < FLUSH && place_is_new(&since_limit, pick, sim.thread[pick].op.pc))
		sim.novel = sim.steps;
	return pick;
}

/* Options in the order of surprise: the running thread's store reaches memory;
 * it goes on; another thread does; one that waits does; an older store or the
 * clock. */
static unsigned list_options(uint64_t from, uint8_t *option)
{
	unsigned n = 0;
	if (sim.cur != NOBODY) {
		uint64_t own = from & (bit(FLUSH + sim.cur) | (bit(sim.cur) & ~sim.soft));
		if (own & bit(FLUSH + sim.cur))
			option[n++] = FLUSH + sim.cur;
		if (own & bit(sim.cur))
			option[n++] = sim.cur;
		from &= ~own;
	}
	/* In the order of their numbers, threads stand before stores and the
	 * clock. */
	uint64_t waiting = from & sim.soft, first = from;
	if (waiting)
		first &= (bit(FLUSH) - 1) & ~waiting;
	for (uint64_t left = first; left; left &= left - 1)
		option[n++] = __builtin_ctzll(left);
	for (uint64_t left = waiting; left; left &= left - 1)
		option[n++] = __builtin_ctzll(left);
	for (uint64_t left = from & ~first & ~waiting; left; left &= left - 1)
		option[n++] = __builtin_ctzll(left);
	return n;
}

/* The commonest decision: the running thread and one other, neither of which
 * waits. */
static inline bool two_threads(uint64_t from)
{
	uint64_t other = from & (from - 1);
	return sim.cur != NOBODY && from >> sim.cur & 1 && !(other & (other - 1)) &&
	       !((sim.soft | ~(bit(FLUSH) - 1)) & from);
}

/* Whether the running thread is option 0. */
static inline bool goes_on(uint64_t from)
{
	return sim.cur != NOBODY && (from & ~sim.soft) >> sim.cur & 1 &&
	       !(from >> (FLUSH + sim.cur) & 1);
}

/* The running thread may take n steps, this one the first, without another
 * decision. */
static inline void grant(unsigned n)
{
	unsigned most = sim.step_limit - sim.steps, room = MAX_CHOICES - 1 - sim.choices;
	if (n < 2)
		return;
	most = most < MOST_AHEAD ? most : MOST_AHEAD;
	sim.ahead = n - 1 < most ? n - 1 : most;
	sim.ahead = sim.granted = sim.ahead < room ? sim.ahead : room;
	sim.ahead_enabled = sim.enabled;
	sim.ahead_soft = sim.soft;
	sim.ahead_of_others = sim.enabled & (sim.enabled - 1);
}

static int choose(void)
{
	uint64_t from = sim.enabled;
	unsigned granted;
	sim_settle();
	sim.ahead = sim.granted = 0;
	if (__builtin_expect(!from, 0))
		return nobody_enabled();
	if (__builtin_expect(++sim.steps > sim.step_limit, 0))
		return fair_choice(from);
	int pick;
	if (!(from & (from - 1))) {
		pick = __builtin_ctzll(from);
		if (__builtin_expect(sim.sleep & from, 0)) {
			sim.stop = STOP_REDUNDANT;
			return NOBODY;
		}
		if (search->stays && goes_on(from))
			grant(search->stays());
	} else if (search->stays && goes_on(from) && (granted = search->stays())) {
		sim.choice[sim.choices] = 0;
		if (++sim.choices == MAX_CHOICES)
			sim.step_limit = sim.steps;
		grant(granted);
		pick = sim.cur;
	} else {
		uint8_t option[OPTIONS];
		unsigned n;
		if (two_threads(from)) {
			n = 2;
			option[0] = sim.cur;
			option[1] = __builtin_ctzll(from & ~bit(sim.cur));
		} else {
			n = list_options(from, option);
		}
		unsigned index = search->pick(option, n);
		if (index >= n) {
			sim.stop = STOP_REDUNDANT;
			return NOBODY;
		}
		sim.choice[sim.choices] = index;
		if (++sim.choices == MAX_CHOICES)
			sim.step_limit = sim.steps;
		pick = option[index];
	}
	return pick;
}

/* Past the limit, as in fair_choice(): no surprises any more. */
unsigned sim_choose(unsigned n)
{
	sim_settle();
	if (sim.steps > sim.step_limit)
		return 0;
	unsigned index = search->choose(n);
	if (index >= n)
		sim_stop(STOP_REDUNDANT);
	sim.choice[sim.choices] = index;
	if (++sim.choices == MAX_CHOICES)
		sim.step_limit = sim.steps;
	return index;
}

void decide(struct fiber *from)
{
	for (;;) {
		int pick = choose();
		sim.taken += pick != NOBODY;
		if (pick != NOBODY && search->took)
			search->took(pick);
		if (pick == sim.cur)
			return;
		if (pick == NOBODY) {
			sim.cur = NOBODY;
			fiber_switch(from, &sim.main);
			return;
		}
		if (pick < FLUSH) {
			sim_now_runs(pick);
			fiber_switch(from, &self()->fiber);
			return;
		}
		if (pick == CLOCK)
			world_clock_step();
		else
			model->flush(&sim.thread[pick - FLUSH]);
	}
}
