/* Runtimes that end in order, but for what they have not given back. */
#include "base/case.h"
#include "base/world.h"

enum { PAGES = 2, HALF = 4096, BYTES = PAGES * HALF };

static void keep_memory(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	world_unmap(world_map(BYTES), BYTES);
	world_map(BYTES);
}

static void keep_descriptor(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	world_close(world_eventfd());
	world_eventfd();
}

static void give_half(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	world_unmap(world_map(BYTES), HALF);
}

static void write_beyond(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	char *region = world_map(BYTES);
	((volatile char *)region)[BYTES] = 1;
	world_unmap(region, BYTES);
}

static void write_in_last_page(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	char *region = world_map(BYTES - 8);
	region[BYTES - 8] = 1;
	world_unmap(region, BYTES - 8);
}

static void commit_beyond(void *state, struct slot *me)
{
	(void)state;
	(void)me;
	char *region = world_reserve(BYTES);
	world_commit(region + HALF, BYTES);
}

static void use_after(void *state, struct slot *me)
{
	(void)state;
	char *region = world_map(BYTES);
	region[HALF] = 1;
	world_unmap(region, BYTES);
	me->got[0] = ((volatile char *)region)[HALF];
}

static void use_between(void *state, struct slot *me)
{
	(void)state;
	char *region = world_reserve(BYTES);
	world_commit(region, BYTES);
	world_decommit(region + HALF, HALF);
	world_commit(region + HALF, HALF);
	me->got[0] = ((volatile char *)region)[HALF];
	world_decommit(region + HALF, HALF);
	me->got[0] = ((volatile char *)region)[0];
	me->got[1] = fetch_add_relaxed((word32 *)(region + HALF), 1); /* relaxed: alone */
}

static void prepare(void *state, struct slot *slots)
{
	(void)state;
	(void)slots;
}

enum { ENDED };

static int judge(const void *state, const struct slot *slots)
{
	(void)state;
	(void)slots;
	return ENDED;
}

#define PARTS .whole = true, .state_size = 8, .prepare = prepare, .judge = judge, \
	      OUTCOMES({ "ended", OK, NO_FAILURE, "it came to its end" })

CASE(kept_memory, .purpose = "memory that is not given back",
     .actor = { { "keeper", keep_memory } }, PARTS,
     EXPECT({ "fixed", MEMORY_ERROR, EVERY_MODEL }));
CASE(kept_descriptor, .purpose = "a descriptor that is not closed",
     .actor = { { "keeper", keep_descriptor } }, PARTS,
     EXPECT({ "fixed", DESC_LEAK, EVERY_MODEL }));
CASE(half_given_back, .purpose = "a part of a region is given back",
     .actor = { { "giver", give_half } }, PARTS,
     EXPECT({ "fixed", FATAL, EVERY_MODEL }));
CASE(written_beyond, .purpose = "a write just beyond a region",
     .actor = { { "writer", write_beyond } }, PARTS,
     EXPECT({ "fixed", FATAL, EVERY_MODEL }));
CASE(written_in_page, .purpose = "a write beyond a region that does not fill its last page",
     .actor = { { "writer", write_in_last_page } }, PARTS,
     EXPECT({ "fixed", FATAL, EVERY_MODEL }));
CASE(used_after, .purpose = "a read of memory that was given back",
     .actor = { { "reader", use_after } }, PARTS,
     EXPECT({ "fixed", MEMORY_ERROR, EVERY_MODEL }));
CASE(used_decommitted, .purpose = "an atomic access of memory that is not committed any more",
     .actor = { { "counter", use_between } }, PARTS,
     EXPECT({ "fixed", MEMORY_ERROR, EVERY_MODEL }));
CASE(committed_beyond, .purpose = "more is committed than was reserved",
     .actor = { { "user", commit_beyond } }, PARTS,
     EXPECT({ "fixed", FATAL, EVERY_MODEL }));
