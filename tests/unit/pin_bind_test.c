/* links: stress/engine/pin*.c */
/* libs: hwloc */
/* not emulated: the emulator's own threads are not bound */
#define _GNU_SOURCE
#include <sched.h>

#include "engine/pin.h"
#include "tests/unit/check.h"

/* Pins on the machine that runs the test, whatever it is. */

static struct pin_plan plan;
static char why[PIN_WHY];

static void load(const char *synthetic)
{
	CHECK_EQ(pin_topology_load(synthetic, why), PIN_OK);
}

static const char *wanted(void)
{
	static char text[PIN_SEATS * PIN_TEXT];
	pin_text(&plan, false, text, sizeof text);
	return text;
}

static const char *got(void)
{
	static char text[PIN_SEATS * PIN_TEXT];
	pin_text(&plan, true, text, sizeof text);
	return text;
}

static const char *place(const char *placement, unsigned actors, unsigned nth)
{
	CHECK_EQ(pin_by_placement(&plan, placement, actors, nth), PIN_OK);
	CHECK_EQ(plan.actors, actors);
	return wanted();
}

static void restore(const cpu_set_t *before)
{
	CHECK_EQ(sched_setaffinity(0, sizeof *before, before), 0);
	pin_topology_free();
}

TEST(pins_are_read_back)
{
	cpu_set_t before, now;
	sched_getaffinity(0, sizeof before, &before);
	load(NULL);
	CHECK(pin_topology_real());
	CHECK(CPU_EQUAL(pin_allowed(), &before));
	place("all", 2, 0);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(pin_apply(&plan, i, why), PIN_OK);
		sched_getaffinity(0, sizeof now, &now);
		CHECK(CPU_EQUAL(&now, &plan.seat[i].cpus));
		CHECK_EQ(CPU_COUNT(&now), 1);
		CHECK(CPU_ISSET(sched_getcpu(), &now));
	}
	CHECK_STR(got(), wanted());
	place("none", 1, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_OK);
	sched_getaffinity(0, sizeof now, &now);
	CHECK(CPU_EQUAL(&now, &before));
	CHECK_STR(pin_got(&plan, 0), "all");
	CHECK_EQ(pin_apply(&plan, 1, why), PIN_ERROR);
	restore(&before);
}

/* What was got can be asked for. */
TEST(got_is_a_list)
{
	cpu_set_t before;
	static char list[2 * PIN_TEXT];
	sched_getaffinity(0, sizeof before, &before);
	load(NULL);
	place("all", 2, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_OK);
	CHECK_EQ(pin_apply(&plan, 1, why), PIN_OK);
	pin_text(&plan, true, list, sizeof list);
	cpu_set_t second = plan.seat[1].cpus;
	CHECK_EQ(pin_by_list(&plan, list, 2), PIN_OK);
	CHECK_STR(wanted(), list);
	CHECK(CPU_EQUAL(&second, &plan.seat[1].cpus));
	restore(&before);
}

/* Under taskset only what is left is seen, and numbered from 0. */
TEST(restricted_processes)
{
	cpu_set_t before, one;
	unsigned last = 0;
	sched_getaffinity(0, sizeof before, &before);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		last = CPU_ISSET(i, &before) ? i : last;
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
	load(NULL);
	CHECK(CPU_EQUAL(pin_allowed(), &one));
	CHECK_STR(place("all", 2, 0), "core:0.pu:0,core:0.pu:0");
	CHECK(plan.shared_pu);
	CHECK_EQ(pin_apply(&plan, 1, why), PIN_OK);
	CHECK(CPU_EQUAL(&plan.seat[1].cpus, &one));
	CHECK_EQ(pin_by_list(&plan, "core:1", 1), PIN_ERROR);
	CHECK_HAS(plan.why, "there is 1 here");
	restore(&before);
}

/* A seat that the kernel refuses, or that a cgroup takes away, is an error. */
TEST(a_pin_that_fails_is_an_error)
{
	cpu_set_t before;
	sched_getaffinity(0, sizeof before, &before);
	load(NULL);
	place("all", 1, 0);
	CPU_ZERO(&plan.seat[0].cpus);
	CPU_SET(CPU_SETSIZE - 1, &plan.seat[0].cpus);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_ERROR);
	CHECK_HAS(why, "cannot pin to core:0.pu:0");
	restore(&before);
}

/* A description from the environment is never taken for this machine. */
TEST(topology_from_the_environment)
{
	setenv("HWLOC_SYNTHETIC", "package:2 core:2 pu:2", 1);
	load(NULL);
	unsetenv("HWLOC_SYNTHETIC");
	CHECK_EQ(pin_choices("smt", 2), 4);
	CHECK(!pin_topology_real());
	place("smt", 2, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_ERROR);
	pin_topology_free();
}

/* Some machines show hwloc nothing: what needs no topology still works, and the
 * rest is absent. */
TEST(without_a_topology)
{
	cpu_set_t before;
	char text[200];
	sched_getaffinity(0, sizeof before, &before);
	setenv("HWLOC_COMPONENTS", "stop", 1);
	load(NULL);
	unsetenv("HWLOC_COMPONENTS");
	CHECK(!pin_topology());
	pin_topology_text(text, sizeof text);
	CHECK_HAS(text, "processor");
	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(pin_by_placement(&plan, pin_placement_name(i), 2, 0), PIN_ABSENT);
		CHECK_HAS(plan.why, "hwloc finds no topology");
	}
	place("all", 2, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_OK);
	CHECK_EQ(pin_apply(&plan, 1, why), PIN_OK);
	CHECK_STR(got(), wanted());
	place("none", 1, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_OK);
	CHECK_STR(pin_got(&plan, 0), "all");
	CHECK_EQ(pin_by_list(&plan, "core:0", 1), PIN_ERROR);
	CHECK_HAS(plan.why, "only placements none, all");
	restore(&before);
}
