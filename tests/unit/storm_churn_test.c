/* links: targets/base targets/poller stress/world.c */
/* links: stress/storms/poller/[!ce]*.c */
/* The churn storm: its gate, its claims, and small storms in one process. */
#include "stress/storms/poller/churn.c"
#include "tests/unit/check.h"

static struct storm_counts counts;
static unsigned found_n, samples, moved;
static word32 stop;

static void sit(unsigned thread)
{
	(void)thread;
}

static void found(enum failure f, const char *what, uint64_t n)
{
	fprintf(stderr, "%s: %s, %llu times\n", failure_text(f), what, (unsigned long long)n);
	found_n++;
}

static void sample(const struct storm_sample *s)
{
	(void)s;
	samples++;
}

static void alive(void)
{
	moved++;
}

static void give_up(const char *why)
{
	world_fatal(why);
}

static struct storm_order small_order(uint64_t seed)
{
	return (struct storm_order){
		.backend = &epoll_backend,
		.descriptors = 48, .seed = seed, .end = INT64_MAX, .until_ops = 20000,
		.stop = &stop, .counts = &counts, .sit = sit, .found = found,
		.sample = sample, .alive = alive, .give_up = give_up,
	};
}

static struct spot closed_spot(void)
{
	struct spot s = { .peer = -1 };
	word_init(&s.gate, 1);
	word_init(&s.claims, 0);
	mutex_init(&churn.empty_lock);
	churn.empty = NULL;
	return s;
}

TEST(nobody_enters_a_closed_spot)
{
	struct spot s = closed_spot();
	CHECK(!spot_enter(&s));
	CHECK_EQ(load_relaxed(&s.gate), 1);
}

TEST(who_leaves_a_closed_spot_last_puts_it_on_the_list)
{
	struct spot s = closed_spot();
	store_relaxed(&s.gate, 0);
	CHECK(spot_enter(&s));
	CHECK(spot_enter(&s));
	fetch_add_relaxed(&s.gate, 1); /* closed */
	CHECK(!spot_enter(&s));
	spot_leave(&s);
	CHECK(spot_take_empty() == NULL);
	spot_leave(&s);
	CHECK(spot_take_empty() == &s);
	CHECK(spot_take_empty() == NULL);
}

TEST(claims_are_exclusive_and_independent)
{
	struct spot s = closed_spot();
	CHECK(spot_claim(&s, CLAIM_READ));
	CHECK(!spot_claim(&s, CLAIM_READ));
	CHECK(spot_claim(&s, CLAIM_WRITE));
	CHECK(spot_claim(&s, CLAIM_PEER));
	spot_unclaim(&s, CLAIM_READ);
	CHECK_EQ(load_relaxed(&s.claims), CLAIM_WRITE | CLAIM_PEER);
	CHECK(spot_claim(&s, CLAIM_READ));
}

TEST(storms_in_one_process_are_clean_and_leave_nothing)
{
	uint32_t files = open_files();
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct storm_order order = small_order(seed);
		order.until_ops = 20000 * seed;
		churn_run(&order, &churn_threads);
		CHECK_EQ(found_n, 0);
		CHECK_EQ(open_files(), files);
		CHECK(counts.op[CLOSE] > 0 && counts.op[ABORT] > 0);
		CHECK_EQ(counts.op[OPEN], 48 * seed);
		/* Each place is opened anew as often as it was closed, but for
		 * the last time. */
		CHECK_EQ(counts.op[OPEN] + counts.op[REOPEN], counts.op[CLOSE]);
		CHECK(counts.commits > 0 && counts.events > 0);
	}
	CHECK(moved > 0);
}

TEST(a_stopped_storm_ends)
{
	struct storm_order order = small_order(3);
	order.until_ops = 0;
	store_relaxed(&stop, 1); /* before there are threads */
	churn_run(&order, &churn_threads);
	CHECK_EQ(found_n, 0);
}
