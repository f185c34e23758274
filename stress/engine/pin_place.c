/* Plans: from a list of locations, or from a relation resolved through the
 * topology. */
#define _GNU_SOURCE
#include <hwloc/glibc-sched.h>
#include <stdio.h>
#include <string.h>

#include "engine/pin.h"

enum { MOST_UNITS = CPU_SETSIZE };

static enum pin_result absent(struct pin_plan *plan, const char *placement, const char *what)
{
	pin_failed(plan->why, "placement %s is absent here: %s", placement, what);
	return PIN_ABSENT;
}

/* --- places --- */

static hwloc_obj_t pu_at(unsigned i)
{
	return hwloc_get_obj_by_type(pin_topology(), HWLOC_OBJ_PU, i);
}

static unsigned pu_count(void)
{
	return (unsigned)hwloc_get_nbobjs_by_type(pin_topology(), HWLOC_OBJ_PU);
}

/* The object of a type above (or at) a PU. Machines may lack a level: then a
 * core is its PU, and an L2 is the core's own. A NUMA node is not above: see
 * node_of(). */
static hwloc_obj_t above(hwloc_obj_t pu, hwloc_obj_type_t type)
{
	if (type == HWLOC_OBJ_PU)
		return pu;
	hwloc_obj_t obj = hwloc_get_ancestor_obj_by_type(pin_topology(), type, pu);
	if (!obj && type == HWLOC_OBJ_CORE)
		obj = pu;
	if (!obj && type == HWLOC_OBJ_L2CACHE)
		obj = above(pu, HWLOC_OBJ_CORE);
	return obj;
}

static hwloc_obj_t node_of(hwloc_obj_t pu)
{
	int node = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;
	return node < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(pin_topology(), (unsigned)node);
}

static hwloc_obj_t place_of(hwloc_obj_t pu, hwloc_obj_type_t type)
{
	return type == HWLOC_OBJ_NUMANODE ? node_of(pu) : above(pu, type);
}

/* The first PU of every object of type `unit` inside `within` (NULL:
 * everywhere), in topology order. Returns how many. */
static unsigned units_in(hwloc_obj_t within, hwloc_obj_type_t unit, hwloc_obj_t out[MOST_UNITS])
{
	unsigned n = 0;
	hwloc_obj_t last = NULL;
	for (unsigned i = 0; i < pu_count(); i++) {
		hwloc_obj_t pu = pu_at(i), place = place_of(pu, unit);
		if (within && !hwloc_bitmap_isincluded(pu->cpuset, within->cpuset))
			continue;
		if (place && place != last)
			out[n++] = pu;
		last = place;
	}
	return n;
}

static void take_seat(struct pin_plan *plan, unsigned actor, hwloc_const_bitmap_t set)
{
	struct pin_seat *seat = &plan->seat[actor];
	hwloc_cpuset_to_glibc_sched_affinity(pin_topology(), set, &seat->cpus, sizeof seat->cpus);
	pin_location_text(pin_topology(), set, seat->wanted, sizeof seat->wanted);
}

static enum pin_result begin(struct pin_plan *plan, unsigned actors)
{
	memset(plan, 0, sizeof *plan);
	plan->actors = actors;
	plan->pinned = true;
	if (actors < 1 || actors > PIN_SEATS)
		return pin_failed(plan->why, "%u actors; 1 to %d can be placed", actors, PIN_SEATS);
	if (!pin_topology() && !pin_topology_real())
		return pin_failed(plan->why, "no topology is loaded");
	return PIN_OK;
}

static void note_sharing(struct pin_plan *plan)
{
	cpu_set_t seen, both;
	CPU_ZERO(&seen);
	for (unsigned i = 0; plan->pinned && i < plan->actors; i++) {
		CPU_AND(&both, &seen, &plan->seat[i].cpus);
		plan->shared_pu |= CPU_COUNT(&both) > 0;
		CPU_OR(&seen, &seen, &plan->seat[i].cpus);
	}
}

/* --- a list of locations --- */

enum pin_result pin_by_list(struct pin_plan *plan, const char *list, unsigned actors)
{
	unsigned given = 1;
	if (begin(plan, actors))
		return PIN_ERROR;
	if (!pin_topology())
		return pin_failed(plan->why,
				  "hwloc finds no topology here: only placements none, all");
	for (const char *p = list; *p; p++)
		given += *p == ',';
	if (given != actors)
		return pin_failed(plan->why, "%u location%s for %u actors in \"%s\"", given,
			      given == 1 ? "" : "s", actors, list);
	for (unsigned i = 0; i < actors; i++) {
		size_t len = strcspn(list, ",");
		hwloc_bitmap_t set = hwloc_bitmap_alloc();
		int bad = pin_location_parse(pin_topology(), list, len, set, plan->why);
		if (!bad)
			take_seat(plan, i, set);
		hwloc_bitmap_free(set);
		if (bad)
			return PIN_ERROR;
		if (len < PIN_TEXT)
			snprintf(plan->seat[i].wanted, PIN_TEXT, "%.*s", (int)len, list);
		list += len + 1;
	}
	note_sharing(plan);
	return PIN_OK;
}

/* --- relations --- */

/* Every two actors stand in one `inside` (MACHINE: anywhere), on `apart` of
 * their own. */
struct relation {
	const char *name;
	hwloc_obj_type_t inside, apart;
	const char *lacking;
};

static const struct relation relations[] = {
	{ "smt", HWLOC_OBJ_CORE, HWLOC_OBJ_PU, "no core has that many PUs" },
	{ "l2", HWLOC_OBJ_L2CACHE, HWLOC_OBJ_CORE, "not that many cores share an L2" },
	{ "l3", HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE,
	  "not that many cores share an L3 without sharing an L2" },
	{ "package", HWLOC_OBJ_MACHINE, HWLOC_OBJ_PACKAGE, "there is one package" },
	{ "numa", HWLOC_OBJ_MACHINE, HWLOC_OBJ_NUMANODE, "there is one NUMA node" },
	{ "all", HWLOC_OBJ_MACHINE, HWLOC_OBJ_CORE, "" },
	{ "none", HWLOC_OBJ_MACHINE, HWLOC_OBJ_MACHINE, "" },
};
enum { RELATIONS = sizeof relations / sizeof *relations };

const char *pin_placement_name(unsigned i)
{
	return i < RELATIONS ? relations[i].name : NULL;
}

static const struct relation *relation_named(const char *name)
{
	for (unsigned i = 0; i < RELATIONS; i++)
		if (!strcmp(relations[i].name, name))
			return &relations[i];
	return NULL;
}

/* Fills plan with the nth disjoint group of units inside one object, or with
 * plan == NULL only counts. Returns the number of groups on this machine. */
static unsigned close_groups(const struct relation *r, unsigned actors, struct pin_plan *plan,
			     unsigned nth)
{
	hwloc_obj_t unit[MOST_UNITS], where = NULL;
	unsigned groups = 0;
	while ((where = hwloc_get_next_obj_by_type(pin_topology(), r->inside, where))) {
		unsigned here = units_in(where, r->apart, unit) / actors;
		if (plan && nth >= groups && nth < groups + here)
			for (unsigned i = 0; i < actors; i++)
				take_seat(plan, i, unit[(nth - groups) * actors + i]->cpuset);
		groups += here;
	}
	return groups;
}

/* The turn-th PU inside a place: another core each turn while there are any,
 * then those cores' further PUs, then from the start again. */
static hwloc_obj_t seat_inside(hwloc_const_bitmap_t place, unsigned turn)
{
	hwloc_obj_t core[MOST_UNITS];
	unsigned cores = 0, total = (unsigned)hwloc_bitmap_weight(place);
	hwloc_obj_t last = NULL;
	for (unsigned i = 0; i < pu_count(); i++) {
		hwloc_obj_t pu = pu_at(i), here = above(pu, HWLOC_OBJ_CORE);
		if (hwloc_bitmap_isincluded(pu->cpuset, place) && here != last)
			core[cores++] = last = here;
	}
	turn %= total;
	for (unsigned round = 0;; round++)
		for (unsigned i = 0; i < cores; i++) {
			if (round >= (unsigned)hwloc_bitmap_weight(core[i]->cpuset))
				continue;
			if (!turn--)
				return hwloc_get_obj_inside_cpuset_by_type(
					pin_topology(), core[i]->cpuset, HWLOC_OBJ_PU, round);
		}
}

/* One actor per package or node in turn. nth moves all of them on by one
 * round. */
static void spread_over(const struct relation *r, struct pin_plan *plan, unsigned nth)
{
	hwloc_obj_t unit[MOST_UNITS];
	unsigned units = units_in(NULL, r->apart, unit);
	unsigned rounds = (plan->actors + units - 1) / units;
	for (unsigned i = 0; i < plan->actors; i++) {
		hwloc_obj_t place = place_of(unit[i % units], r->apart);
		take_seat(plan, i, seat_inside(place->cpuset, nth * rounds + i / units)->cpuset);
	}
}

/* The most rounds that fit every package or node. */
static unsigned spread_choices(const struct relation *r, unsigned actors)
{
	hwloc_obj_t unit[MOST_UNITS];
	unsigned units = units_in(NULL, r->apart, unit), fewest = MOST_UNITS;
	if (units < 2 || actors < 1)
		return 0;
	for (unsigned i = 0; i < units; i++) {
		int n = hwloc_bitmap_weight(place_of(unit[i], r->apart)->cpuset);
		fewest = (unsigned)n < fewest ? (unsigned)n : fewest;
	}
	unsigned rounds = (actors + units - 1) / units;
	return fewest < rounds ? 1 : fewest / rounds;
}

/* --- all and none --- */

static void unpinned(struct pin_plan *plan)
{
	plan->pinned = false;
	for (unsigned i = 0; i < plan->actors; i++) {
		plan->seat[i].cpus = *pin_allowed();
		snprintf(plan->seat[i].wanted, PIN_TEXT, "all");
	}
}

static void over_kernel_numbers(struct pin_plan *plan, unsigned nth)
{
	unsigned n = (unsigned)CPU_COUNT(pin_allowed()), at = 0;
	for (unsigned i = 0; i < plan->actors; i++) {
		unsigned skip = (nth + i) % n;
		for (at = 0; !CPU_ISSET(at, pin_allowed()) || skip--; at++)
			;
		CPU_SET(at, &plan->seat[i].cpus);
		pin_seat_text(&plan->seat[i].cpus, plan->seat[i].wanted);
	}
}

/* Equal strides over the cores, so that the actors stand as far apart as
 * possible. */
static void over_cores(struct pin_plan *plan, unsigned nth)
{
	hwloc_obj_t core[MOST_UNITS];
	hwloc_const_bitmap_t everywhere = hwloc_topology_get_topology_cpuset(pin_topology());
	unsigned cores = units_in(NULL, HWLOC_OBJ_CORE, core);
	for (unsigned i = 0; i < plan->actors; i++) {
		hwloc_obj_t pu = plan->actors > cores ?
					 seat_inside(everywhere, i) :
					 core[i * cores / plan->actors + nth];
		take_seat(plan, i, pu->cpuset);
	}
}

static unsigned choices(const struct relation *r, unsigned actors)
{
	hwloc_obj_t core[MOST_UNITS];
	if (r->apart == HWLOC_OBJ_MACHINE)
		return 1;
	if (!pin_topology())
		return strcmp(r->name, "all") ? 0 : 1;
	if (r->inside != HWLOC_OBJ_MACHINE)
		return close_groups(r, actors, NULL, 0);
	if (r->apart != HWLOC_OBJ_CORE)
		return spread_choices(r, actors);
	unsigned cores = units_in(NULL, HWLOC_OBJ_CORE, core);
	return actors > cores ? 1 : cores / actors;
}

enum pin_result pin_by_placement(struct pin_plan *plan, const char *placement, unsigned actors,
				 unsigned nth)
{
	const struct relation *r = relation_named(placement);
	if (begin(plan, actors))
		return PIN_ERROR;
	if (!r)
		return pin_failed(plan->why, "unknown placement \"%s\"; one of smt l2 l3 package "
					     "numa all none", placement);
	unsigned here = choices(r, actors);
	if (!here)
		return absent(plan, placement,
			      pin_topology() ? r->lacking : "hwloc finds no topology");
	nth %= here;
	if (r->apart == HWLOC_OBJ_MACHINE)
		unpinned(plan);
	else if (!pin_topology())
		over_kernel_numbers(plan, nth);
	else if (r->inside != HWLOC_OBJ_MACHINE)
		close_groups(r, actors, plan, nth);
	else if (r->apart != HWLOC_OBJ_CORE)
		spread_over(r, plan, nth);
	else
		over_cores(plan, nth);
	note_sharing(plan);
	return PIN_OK;
}

unsigned pin_choices(const char *placement, unsigned actors)
{
	const struct relation *r = relation_named(placement);
	return r && actors >= 1 && actors <= PIN_SEATS ? choices(r, actors) : 0;
}
