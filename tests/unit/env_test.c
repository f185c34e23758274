/* links: stress/engine/env.c stress/engine/aim.c */
/* links: stress/engine/clock.c stress/world.c */
#define TARGET "unit"
#include "engine/aim.h"
#include "tests/unit/check.h"

static void idle(void *state, struct slot *me)
{
	(void)state;
	(void)me;
}

/* A case of two actors and two lines, by hand in a second layout of twelve. */
CASE(pair, .state_size = 100, .actor = { { "a", idle }, { "b", idle } });
static const struct test_case pair_spread = { .name = "pair",
					      .layout = "spread",
					      .state_size = 5000,
					      .actor = { { "a", idle }, { "b", idle } } };
__attribute__((used, section("stormrig_cases"))) static const struct test_case
	*const pair_spread_entry = &pair_spread;
/* The most that there can be. */
CASE(four, .state_size = 100000, .passive = 2,
     .actor = { { "a", idle }, { "b", idle }, { "c", idle }, { "d", idle } });

/* A state with a place of its own in its line. */
CASE(placed, .state_size = 128, .state_align = 64, .actor = { { "a", idle }, { "b", idle } });

static struct subject subject;

static void find(const char *name)
{
	CHECK(subject_find(name, &subject));
}

TEST(subjects)
{
	find("pair");
	CHECK_EQ(subject.layouts, 2);
	CHECK_STR(subject.layout[0]->layout, "natural");
	CHECK_STR(subject.layout[1]->layout, "spread");
	CHECK_EQ(subject.actors, 2);
	CHECK_EQ(subject.slots, 2);
	CHECK_EQ(subject.lines[0], 2);
	CHECK_EQ(subject.lines[1], ENV_LINES);
	find("four");
	CHECK_EQ(subject.layouts, 1);
	CHECK_EQ(subject.actors, 4);
	CHECK_EQ(subject.slots, 6);
	CHECK(!subject_find("none", &subject));
}

TEST(an_aligned_state_is_never_shifted)
{
	struct env e;
	uint64_t rng = 1;
	find("placed");
	for (int i = 0; i < 200; i++) {
		env_random(&e, &subject, -1, &rng);
		CHECK_EQ(e.shift, 0);
	}
	CHECK_HAS(env_parse("shift=1", &subject, &e), "shift is 0");
	CHECK(env_parse("shift=0", &subject, &e) == NULL);
	find("pair");
	CHECK(env_parse("shift=1", &subject, &e) == NULL);
	CHECK_HAS(env_parse("layout=spread,shift=1", &subject, &e), "shift is 0");
}

/* What is printed is what ran: the text names everything that matters. */
static void check_round_trip(const struct env *e)
{
	struct env again;
	char text[ENV_TEXT], second[ENV_TEXT];
	env_text(e, &subject, text);
	CHECK(strlen(text) < ENV_TEXT - 1);
	const char *wrong = env_parse(text, &subject, &again);
	if (wrong)
		check_failed(__FILE__, __LINE__, "%s: %s\n", text, wrong);
	env_text(&again, &subject, second);
	CHECK_STR(text, second);
	CHECK_EQ(again.pace, e->pace);
	CHECK_EQ(again.jitter, e->jitter);
	CHECK_EQ(again.shift, e->shift);
	CHECK_EQ(again.fence, e->fence);
	CHECK_EQ(again.by, e->by);
	for (unsigned a = 0; a < subject.actors; a++) {
		CHECK_EQ(again.delay[a], e->delay[a]);
		CHECK(!memcmp(again.touch[a], e->touch[a], subject.lines[e->layout]));
	}
}

TEST(text_round_trip)
{
	static const char *const names[] = { "pair", "four" };
	uint64_t rng = 1;
	struct env e;
	for (unsigned n = 0; n < 2; n++) {
		find(names[n]);
		env_plain(&e);
		check_round_trip(&e);
		for (int i = 0; i < 2000; i++) {
			env_random(&e, &subject, -1, &rng);
			check_round_trip(&e);
			for (int j = 0; j < 20; j++)
				env_mutate(&e, &subject, -1, &rng);
			check_round_trip(&e);
		}
	}
}

/* However long a search walks, it stays among what --env can say. */
TEST(long_walks_stay_inside)
{
	uint64_t rng = 7;
	struct env e;
	find("pair");
	env_random(&e, &subject, 0, &rng);
	for (int i = 0; i < 300000; i++) {
		env_mutate(&e, &subject, 0, &rng);
		CHECK_EQ(e.layout, 0);
		CHECK(e.delay[0] == 0 || e.delay[1] == 0);
		CHECK(e.delay[0] <= ENV_LONGEST_DELAY && e.delay[1] <= ENV_LONGEST_DELAY);
		CHECK(e.pace <= ENV_LONGEST_PACE);
		if (i % 1000 == 0)
			check_round_trip(&e);
	}
}

TEST(parts_left_out_are_plain)
{
	struct env e, plain;
	find("pair");
	env_plain(&plain);
	CHECK(!env_parse("layout=natural", &subject, &e));
	CHECK(!memcmp(&e, &plain, sizeof e));
	CHECK(!env_parse("delay=0:35.5,layout=spread,fence=01", &subject, &e));
	CHECK_EQ(e.delay[1], 355);
	CHECK_EQ(e.layout, 1);
	CHECK_EQ(e.fence, 2);
	CHECK_EQ(e.pace, plain.pace);
	CHECK_EQ((int)env_offset(&e), 35);
}

TEST(wrong_texts)
{
	static const char *const wrong[] = {
		"", "nonsense", "layout", "layout=", "layout=tight",
		"pace=-1", "pace=5001", "pace=x", "pace=1x",
		"delay=1", "delay=1:2:3", "delay=1:x", "delay=1:-2", "delay=1:601",
		"delay=nan:0", "jitter=x", "jitter=1:2", "touch=q", "touch=./././.",
		"touch=.............", "shift=8", "shift=", "fence=0", "fence=012", "fence=02",
		"by=2", "by=x", "colour=red", "delay=1:2,,",
	};
	struct env e;
	find("pair");
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (!env_parse(wrong[i], &subject, &e))
			check_failed(__FILE__, __LINE__, "\"%s\" was taken\n", wrong[i]);
	char text[2 * ENV_TEXT];
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	CHECK_STR(env_parse(text, &subject, &e), "too long");
}

/* --- aim, on an imagined machine --- */

static double gap(double a, double b)
{
	return a < b ? b - a : a - b;
}

/* Hits in a block of 1000 rounds: they need the offset within 5 ns of 42 ns and
 * the second actor to have read line 1; near misses within 60 ns. */
static struct aim_sample imagined(const struct env *e, int only_near)
{
	struct aim_sample sample = { .rounds = 1000, .ns = 200000 };
	double off = gap(env_offset(e), 42);
	int primed = e->touch[1][1] == TOUCH_READ;
	if (off < 60)
		sample.near = (uint64_t)(60 - off) * (primed ? 3 : 1);
	if (off < 5 && primed && !only_near)
		sample.hits = 20;
	return sample;
}

static struct env after_search(uint64_t seed, int only_near, unsigned blocks)
{
	static struct aim aim;
	find("pair");
	aim_init(&aim, &subject, 0, seed);
	for (unsigned i = 0; i < blocks; i++) {
		struct env e = aim_next(&aim);
		struct aim_sample sample = imagined(&e, only_near);
		aim_sampled(&aim, &e, &sample);
	}
	return aim_best(&aim);
}

TEST(aim_finds_hits)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct env best = after_search(seed, 0, 2000);
		CHECK(imagined(&best, 0).hits > 0);
	}
}

/* Where nothing is ever hit, near misses lead to the same place. */
TEST(aim_follows_near_misses)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct env best = after_search(seed, 1, 2000);
		CHECK_EQ(best.touch[1][1], TOUCH_READ);
		CHECK(gap(env_offset(&best), 42) < 10);
	}
}

TEST(aim_is_replayed_by_its_seed)
{
	struct env first = after_search(5, 0, 500), again = after_search(5, 0, 500);
	CHECK(!memcmp(&first, &again, sizeof first));
}

TEST(aim_before_anything_is_known)
{
	struct env plain, best = after_search(1, 0, 0);
	env_plain(&plain);
	CHECK(!memcmp(&plain, &best, sizeof best));
}

TEST(profile_puts_samples_where_they_belong)
{
	static struct aim aim;
	struct env shape;
	find("pair");
	aim_init(&aim, &subject, 0, 3);
	CHECK(!env_parse("touch=../.r", &subject, &shape));
	aim_profile_start(&aim, &shape);
	for (int i = 0; i < 20000; i++) {
		struct env e = aim_profile_next(&aim);
		CHECK(env_same_but_offset(&e, &shape));
		struct aim_sample sample = imagined(&e, 0);
		aim_profile_sampled(&aim, &e, &sample);
	}
	for (int bin = 0; bin < AIM_BINS; bin++) {
		int offset = (bin - AIM_BINS / 2) * AIM_BIN_NS;
		CHECK(aim.profile[bin].rounds > 0);
		CHECK_EQ(aim.profile[bin].hits > 0, gap(offset, 42) < 5);
		CHECK_EQ(aim.profile[bin].near > 0, gap(offset, 42) < 60);
	}
}

/* A finalist that is best in most children and fails in one is not the best. */
TEST(finals_prefer_the_steady_one)
{
	static struct aim aim;
	find("pair");
	aim_init(&aim, &subject, 0, 3);
	for (int i = 0; i < 400; i++) {
		struct env e = aim_next(&aim);
		aim_sampled(&aim, &e, &(struct aim_sample){ .rounds = 1000, .near = 1,
							    .ns = 200000 });
	}
	aim_final_start(&aim);
	CHECK(aim.finalists >= 2);
	for (int trial = 0; trial < AIM_TRIALS; trial++) {
		aim_final_trial(&aim);
		for (int i = 0; i < 60; i++) {
			aim_final_next(&aim);
			uint32_t who = aim.turn % aim.finalists;
			uint64_t hits = who == 0 && trial != 2 ? 100 : who == 1 ? 50 : 0;
			aim_final_sampled(&aim, &(struct aim_sample){ .hits = hits,
								      .ns = 200000 });
		}
	}
	struct env best = aim_best(&aim);
	CHECK(!memcmp(&best, &aim.final[1].env, sizeof best));
}
