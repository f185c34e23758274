/* links: stress/engine/pin*.c */
/* libs: hwloc */
#define _GNU_SOURCE
#include <sched.h>

#include "engine/pin.h"
#include "tests/unit/check.h"

/* 2 packages, each with a NUMA node, an L3 and two L2 of one core of two PUs */
#define SMT_SERVER "package:2 [numa] l3:1 l2:2 core:1 pu:2"
/* one package as large Graviton machines are: private L2, no SMT */
#define NO_SMT "package:1 [numa] l3:1 l2:16 core:1 pu:1"
/* clusters of four cores sharing an L2, two L3 in one package */
#define CLUSTERS "package:1 [numa] l3:2 l2:2 core:4 pu:1"
#define NO_CACHES "package:1 core:4 pu:2"
#define SINGLE "package:1 [numa] l3:1 l2:1 core:1 pu:1"
/* one package of two nodes */
#define TWO_NODES "package:1 l3:2 [numa] l2:4 core:1 pu:1"

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

static const char *place(const char *placement, unsigned actors, unsigned nth)
{
	CHECK_EQ(pin_by_placement(&plan, placement, actors, nth), PIN_OK);
	CHECK_EQ(plan.actors, actors);
	return wanted();
}

/* A plan leaves nothing undefined: every pair shares exactly this. */
static void check_pairs(const char *shared)
{
	for (unsigned a = 0; a < plan.actors; a++)
		for (unsigned b = 0; b < a; b++) {
			CHECK_STR(pin_shared(&plan, a, b), shared);
			CHECK(!plan.shared_pu);
		}
}

static void absent(const char *placement, unsigned actors, const char *reason)
{
	CHECK_EQ(pin_by_placement(&plan, placement, actors, 0), PIN_ABSENT);
	CHECK_HAS(plan.why, placement);
	CHECK_HAS(plan.why, reason);
	CHECK(!strchr(plan.why, '\n'));
	CHECK_EQ(pin_choices(placement, actors), 0);
}

TEST(smt)
{
	load(SMT_SERVER);
	CHECK_STR(place("smt", 2, 0), "core:0.pu:0,core:0.pu:1");
	check_pairs("SMT");
	CHECK_EQ(pin_choices("smt", 2), 4);
	CHECK_STR(place("smt", 2, 3), "core:3.pu:0,core:3.pu:1");
	CHECK_STR(place("smt", 2, 4), "core:0.pu:0,core:0.pu:1");
	absent("smt", 3, "PUs");
	load(NO_SMT);
	absent("smt", 2, "PUs");
	load("core:4 pu:4");
	CHECK_STR(place("smt", 4, 1), "core:1.pu:0,core:1.pu:1,core:1.pu:2,core:1.pu:3");
	check_pairs("SMT");
}

TEST(l2)
{
	load(CLUSTERS);
	CHECK_STR(place("l2", 2, 0), "core:0.pu:0,core:1.pu:0");
	check_pairs("L2");
	CHECK_EQ(pin_choices("l2", 2), 8);
	CHECK_STR(place("l2", 2, 1), "core:2.pu:0,core:3.pu:0");
	CHECK_STR(place("l2", 2, 7), "core:14.pu:0,core:15.pu:0");
	check_pairs("L2");
	place("l2", 4, 3);
	check_pairs("L2");
	absent("l2", 5, "L2");
	load(SMT_SERVER);
	absent("l2", 2, "L2");
	load(NO_CACHES);
	absent("l2", 2, "L2");
}

TEST(l3)
{
	load(SMT_SERVER);
	CHECK_STR(place("l3", 2, 0), "core:0.pu:0,core:1.pu:0");
	check_pairs("L3");
	CHECK_STR(place("l3", 2, 1), "core:2.pu:0,core:3.pu:0");
	CHECK_EQ(pin_choices("l3", 2), 2);
	absent("l3", 3, "L3");
	load(NO_SMT);
	place("l3", 4, 0);
	check_pairs("L3");
	CHECK_EQ(pin_choices("l3", 4), 4);
	load(CLUSTERS);
	CHECK_STR(place("l3", 2, 0), "core:0.pu:0,core:4.pu:0");
	check_pairs("L3");
	load(NO_CACHES);
	absent("l3", 2, "L3");
	load("package:1 l3:1 core:4 pu:1");
	place("l3", 4, 0);
	check_pairs("L3");
}

TEST(package)
{
	load(SMT_SERVER);
	CHECK_STR(place("package", 2, 0), "core:0.pu:0,core:2.pu:0");
	check_pairs("Machine+NUMA");
	CHECK_STR(place("package", 2, 1), "core:1.pu:0,core:3.pu:0");
	CHECK_STR(place("package", 2, 2), "core:0.pu:1,core:2.pu:1");
	CHECK_EQ(pin_choices("package", 2), 4);
	CHECK_STR(place("package", 4, 0), "core:0.pu:0,core:2.pu:0,core:1.pu:0,core:3.pu:0");
	CHECK(!plan.shared_pu);
	place("package", 8, 0);
	CHECK(!plan.shared_pu);
	place("package", 9, 0);
	CHECK(plan.shared_pu);
	load(NO_SMT);
	absent("package", 2, "one package");
}

TEST(numa)
{
	load(TWO_NODES);
	CHECK_STR(place("numa", 2, 0), "core:0.pu:0,core:4.pu:0");
	check_pairs("Package+NUMA");
	CHECK_EQ(pin_choices("numa", 2), 4);
	absent("package", 2, "one package");
	load(SMT_SERVER);
	place("numa", 2, 0);
	check_pairs("Machine+NUMA");
	load(NO_SMT);
	absent("numa", 2, "one NUMA node");
	load(NO_CACHES);
	absent("numa", 2, "one NUMA node");
}

TEST(all)
{
	load(SMT_SERVER);
	CHECK_STR(place("all", 2, 0), "core:0.pu:0,core:2.pu:0");
	CHECK_STR(place("all", 2, 1), "core:1.pu:0,core:3.pu:0");
	CHECK_EQ(pin_choices("all", 2), 2);
	CHECK_STR(place("all", 4, 0), "core:0.pu:0,core:1.pu:0,core:2.pu:0,core:3.pu:0");
	CHECK(!plan.shared_pu);
	CHECK_STR(place("all", 6, 0), "core:0.pu:0,core:1.pu:0,core:2.pu:0,core:3.pu:0,"
				      "core:0.pu:1,core:1.pu:1");
	CHECK(!plan.shared_pu);
	place("all", 9, 0);
	CHECK(plan.shared_pu);
	CHECK_STR(plan.seat[8].wanted, "core:0.pu:0");
	load(SINGLE);
	CHECK_STR(place("all", 2, 0), "core:0.pu:0,core:0.pu:0");
	CHECK(plan.shared_pu);
	CHECK_STR(pin_shared(&plan, 0, 1), "PU");
	for (unsigned i = 0; i < 5; i++)
		if (strcmp(pin_placement_name(i), "all"))
			absent(pin_placement_name(i), 2, "absent");
}

TEST(none)
{
	load(SMT_SERVER);
	CHECK_STR(place("none", 2, 0), "all,all");
	CHECK(!plan.pinned);
	CHECK(!plan.shared_pu);
	CHECK_STR(pin_shared(&plan, 0, 1), "unpinned");
}

TEST(wrong_placements)
{
	load(SMT_SERVER);
	CHECK_EQ(pin_by_placement(&plan, "l4", 2, 0), PIN_ERROR);
	CHECK_HAS(plan.why, "unknown placement \"l4\"");
	CHECK_EQ(pin_choices("l4", 2), 0);
	CHECK_EQ(pin_by_placement(&plan, "all", 0, 0), PIN_ERROR);
	CHECK_EQ(pin_by_placement(&plan, "all", PIN_SEATS + 1, 0), PIN_ERROR);
	CHECK_EQ(pin_topology_load("package:0 nonsense", why), PIN_ERROR);
	CHECK_HAS(why, "package:0 nonsense");
}

/* Whatever the machine: no two seats of one plan overlap unless it says so, and
 * no two choices of a placement do, unless cores must be used again. */
TEST(choices_are_disjoint)
{
	static const char *const machines[] = { SMT_SERVER, NO_SMT,    CLUSTERS,
						NO_CACHES,  TWO_NODES, SINGLE };
	const char *name;
	for (unsigned m = 0; m < sizeof machines / sizeof *machines; m++) {
		load(machines[m]);
		for (unsigned p = 0; (name = pin_placement_name(p)); p++)
			for (unsigned actors = 1; actors <= 4; actors++) {
				cpu_set_t seen;
				unsigned n = pin_choices(name, actors), taken = 0;
				CPU_ZERO(&seen);
				for (unsigned i = 0; i < n; i++) {
					place(name, actors, i);
					for (unsigned a = 0; a < actors; a++)
						CPU_OR(&seen, &seen, &plan.seat[a].cpus);
					taken += actors;
				}
				if (n && plan.pinned && !plan.shared_pu)
					CHECK_EQ((unsigned)CPU_COUNT(&seen), taken);
			}
	}
}

static void by_list(const char *list, unsigned actors)
{
	CHECK_EQ(pin_by_list(&plan, list, actors), PIN_OK);
	CHECK_STR(wanted(), list);
}

static int cpus(unsigned actor)
{
	int mask = 0;
	for (int i = 0; i < 16; i++)
		mask |= CPU_ISSET(i, &plan.seat[actor].cpus) ? 1 << i : 0;
	return mask;
}

TEST(lists)
{
	load(SMT_SERVER);
	by_list("core:0.pu:0,core:1.pu:1", 2);
	CHECK_EQ(cpus(0), 0x1);
	CHECK_EQ(cpus(1), 0x8);
	CHECK_STR(pin_shared(&plan, 0, 1), "L3");
	by_list("pu:3,package:1.core:0", 2);
	CHECK_EQ(cpus(0), 0x8);
	CHECK_EQ(cpus(1), 0x30);
	CHECK_STR(pin_shared(&plan, 0, 1), "Machine+NUMA");
	by_list("0x3,0xC0,all", 3);
	CHECK_EQ(cpus(0), 0x3);
	CHECK_EQ(cpus(1), 0xc0);
	CHECK_EQ(cpus(2), 0xff);
	CHECK(plan.shared_pu);
	by_list("numa:1.core:1,l3:0.l2:1,Core:2-3.pu:1", 3);
	CHECK_EQ(cpus(0), 0xc0);
	CHECK_EQ(cpus(1), 0x0c);
	CHECK_EQ(cpus(2), 0xa0);
	by_list("pu:odd,pu:even,core:2-,package:all.pu:0", 4);
	CHECK_EQ(cpus(0), 0xaa);
	CHECK_EQ(cpus(1), 0x55);
	CHECK_EQ(cpus(2), 0xf0);
	CHECK_EQ(cpus(3), 0x11);
	by_list("node:0", 1);
	CHECK_EQ(cpus(0), 0x0f);
}

TEST(bad_lists)
{
	static const struct {
		const char *list, *says;
		unsigned actors;
	} bad[] = {
		{ "core:0,core:1", "2 locations for 3 actors", 3 },
		{ "core:0", "1 location for 2 actors", 2 },
		{ "", "TYPE:INDEX", 1 },
		{ "core:0,", "TYPE:INDEX", 2 },
		{ "core", "TYPE:INDEX", 1 },
		{ "7", "TYPE:INDEX", 1 },
		{ "core:0.", "TYPE:INDEX", 1 },
		{ ":0", "TYPE:INDEX", 1 },
		{ "core:0 pu:0", "bad index", 1 },
		{ "core:", "bad index", 1 },
		{ "core:-1", "bad index", 1 },
		{ "core:3-1", "bad index", 1 },
		{ "core:1x", "bad index", 1 },
		{ "core:99999999999999999999", "bad index", 1 },
		{ "core:4", "core:4: there are 4 here", 1 },
		{ "core:0.pu:2", "pu:2: there are 2 here", 1 },
		{ "core:2-4", "there are 4 here", 1 },
		{ "core:0.package:0", "there are 0 here", 1 },
		{ "widget:0", "widget: unknown type", 1 },
		{ "l4:0", "this machine has none", 1 },
		{ "averyveryveryverylongwordindeedyes:0", "TYPE:INDEX", 1 },
		{ "0x", "TYPE:INDEX", 1 },
		{ "0x0", "names no processor", 1 },
		{ "0x100", "not allowed here", 1 },
		{ "0xzz", "bad mask", 1 },
	};
	load(SMT_SERVER);
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_EQ(pin_by_list(&plan, bad[i].list, bad[i].actors), PIN_ERROR);
		CHECK_HAS(plan.why, bad[i].says);
		CHECK(!strchr(plan.why, '\n'));
	}
}

TEST(no_binding_to_a_synthetic_topology)
{
	load(SMT_SERVER);
	CHECK(!pin_topology_real());
	place("all", 2, 0);
	CHECK_EQ(pin_apply(&plan, 0, why), PIN_ERROR);
	CHECK_HAS(why, "not this machine's topology");
	CHECK_STR(pin_got(&plan, 0), "");
}

TEST(text)
{
	char text[200], small[8];
	load(SMT_SERVER);
	pin_topology_text(text, sizeof text);
	CHECK_STR(text, "2 packages, 2 NUMA nodes, 2 L3s, 4 L2s, 4 cores, 8 PUs");
	pin_topology_text(small, sizeof small);
	CHECK_STR(small, "2 packa");
	place("all", 2, 0);
	pin_text(&plan, false, small, sizeof small);
	CHECK_STR(small, "core:0.");
}

/* Found by fuzz_pin. */
TEST(a_reason_is_one_line_whatever_it_quotes)
{
	static struct pin_plan plan;
	char why[PIN_WHY];
	CHECK_EQ(pin_topology_load("core:2 pu:1", why), PIN_OK);
	CHECK_EQ(pin_by_list(&plan, "foo\n:0", 1), PIN_ERROR);
	CHECK(!strchr(plan.why, '\n'));
	CHECK_EQ(pin_by_placement(&plan, "s\nmt", 1, 0), PIN_ERROR);
	CHECK(!strchr(plan.why, '\n'));
}
