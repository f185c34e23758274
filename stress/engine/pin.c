#define _GNU_SOURCE
#include "engine/pin.h"

#include <errno.h>
#include <hwloc/glibc-sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hwloc_topology_t topology; /* NULL where hwloc found nothing */
static bool real;
static cpu_set_t allowed; /* what an unpinned thread may use */

enum pin_result pin_failed(char why[PIN_WHY], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, PIN_WHY, format, args);
	/* One line, whatever is quoted in it. */
	for (char *c = why; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	va_end(args);
	return PIN_ERROR;
}

/* --- the topology --- */

void pin_topology_free(void)
{
	if (topology)
		hwloc_topology_destroy(topology);
	topology = NULL;
	real = false;
}

/* A topology from the environment is not this machine's, whatever we assert. */
static bool described_by_environment(void)
{
	return getenv("HWLOC_XMLFILE") || getenv("HWLOC_SYNTHETIC") || getenv("HWLOC_FSROOT");
}

static int load(const char *synthetic)
{
	unsigned long flags = 0;
	if (hwloc_topology_init(&topology)) {
		topology = NULL;
		return -1;
	}
	if (synthetic) {
		if (hwloc_topology_set_synthetic(topology, synthetic))
			return -1;
	} else if (!described_by_environment()) {
		/* without both, the mask of taskset is ignored */
		flags = HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM |
			HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING;
	}
	if (hwloc_topology_set_flags(topology, flags) || hwloc_topology_load(topology))
		return -1;
	return hwloc_bitmap_iszero(hwloc_topology_get_topology_cpuset(topology)) ? -1 : 0;
}

enum pin_result pin_topology_load(const char *synthetic, char why[PIN_WHY])
{
	pin_topology_free();
	if (load(synthetic)) {
		pin_topology_free();
		if (synthetic)
			return pin_failed(why, "bad synthetic topology \"%s\"", synthetic);
		real = true;
		if (sched_getaffinity(0, sizeof allowed, &allowed))
			return pin_failed(why, "sched_getaffinity: %s", strerror(errno));
		return PIN_OK;
	}
	hwloc_const_bitmap_t set = hwloc_topology_get_topology_cpuset(topology);
	if (hwloc_bitmap_last(set) >= CPU_SETSIZE)
		return pin_failed(why, "more than %d processors", CPU_SETSIZE);
	real = hwloc_topology_is_thissystem(topology);
	hwloc_cpuset_to_glibc_sched_affinity(topology, set, &allowed, sizeof allowed);
	return PIN_OK;
}

hwloc_topology_t pin_topology(void)
{
	return topology;
}

bool pin_topology_real(void)
{
	return real;
}

const cpu_set_t *pin_allowed(void)
{
	return &allowed;
}

static void append(char *text, size_t size, unsigned n, const char *one, const char *many)
{
	size_t used = strlen(text);
	snprintf(text + used, size - used, "%s%u %s", used ? ", " : "", n, n == 1 ? one : many);
}

void pin_topology_text(char *text, size_t size)
{
	static const struct {
		hwloc_obj_type_t type;
		const char *one, *many;
	} level[] = {
		{ HWLOC_OBJ_PACKAGE, "package", "packages" },
		{ HWLOC_OBJ_NUMANODE, "NUMA node", "NUMA nodes" },
		{ HWLOC_OBJ_L3CACHE, "L3", "L3s" },
		{ HWLOC_OBJ_L2CACHE, "L2", "L2s" },
		{ HWLOC_OBJ_CORE, "core", "cores" },
		{ HWLOC_OBJ_PU, "PU", "PUs" },
	};
	*text = 0;
	if (!topology)
		append(text, size, (unsigned)CPU_COUNT(&allowed), "processor", "processors");
	for (unsigned i = 0; topology && i < sizeof level / sizeof *level; i++)
		append(text, size, (unsigned)hwloc_get_nbobjs_by_type(topology, level[i].type),
		       level[i].one, level[i].many);
}

/* --- sitting down --- */

void pin_seat_text(const cpu_set_t *cpus, char text[PIN_TEXT])
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, cpus))
			hwloc_bitmap_set(set, i);
	if (topology)
		pin_location_text(topology, set, text, PIN_TEXT);
	else if (CPU_EQUAL(cpus, &allowed))
		snprintf(text, PIN_TEXT, "all");
	else
		hwloc_bitmap_taskset_snprintf(text, PIN_TEXT, set);
	hwloc_bitmap_free(set);
}

static int bind_to(const cpu_set_t *cpus)
{
	if (!topology)
		return sched_setaffinity(0, sizeof *cpus, cpus);
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	hwloc_cpuset_from_glibc_sched_affinity(topology, set, cpus, sizeof *cpus);
	int bad = hwloc_set_cpubind(topology, set, HWLOC_CPUBIND_THREAD | HWLOC_CPUBIND_STRICT);
	hwloc_bitmap_free(set);
	return bad;
}

/* Bound by hwloc, read back from the kernel: two ways, so that neither's error
 * hides. */
enum pin_result pin_apply(struct pin_plan *plan, unsigned actor, char why[PIN_WHY])
{
	cpu_set_t got;
	if (actor >= plan->actors)
		return pin_failed(why, "actor %u has no seat in a plan for %u", actor,
				  plan->actors);
	struct pin_seat *seat = &plan->seat[actor];
	if (!real)
		return pin_failed(why, "cannot pin to %s: not this machine's topology",
				  seat->wanted);
	if (bind_to(&seat->cpus))
		return pin_failed(why, "cannot pin to %s: %s", seat->wanted, strerror(errno));
	CPU_ZERO(&got);
	if (sched_getaffinity(0, sizeof got, &got))
		return pin_failed(why, "sched_getaffinity: %s", strerror(errno));
	pin_seat_text(&got, seat->got);
	if (!CPU_EQUAL(&got, &seat->cpus))
		return pin_failed(why, "pinned to %s, got %s", seat->wanted, seat->got);
	int here = sched_getcpu();
	if (here < 0 || !CPU_ISSET(here, &got))
		return pin_failed(why, "pinned to %s, runs on processor %d", seat->wanted, here);
	return PIN_OK;
}

/* --- what a plan says --- */

const char *pin_got(const struct pin_plan *plan, unsigned actor)
{
	return actor < plan->actors ? plan->seat[actor].got : "";
}

void pin_text(const struct pin_plan *plan, bool got, char *text, size_t size)
{
	size_t used = 0;
	*text = 0;
	for (unsigned i = 0; i < plan->actors && used < size; i++) {
		const struct pin_seat *seat = &plan->seat[i];
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "",
					 got ? seat->got : seat->wanted);
	}
}

static hwloc_obj_t covering(const struct pin_plan *plan, unsigned actor)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	hwloc_cpuset_from_glibc_sched_affinity(topology, set, &plan->seat[actor].cpus,
					       sizeof plan->seat[actor].cpus);
	hwloc_obj_t obj = hwloc_get_obj_covering_cpuset(topology, set);
	hwloc_bitmap_free(set);
	return obj;
}

/* NUMA nodes hang beside the tree, hence by nodeset. */
static const char *name_of(hwloc_obj_t common, bool same_node)
{
	switch (common->type) {
	case HWLOC_OBJ_PU: return "PU";
	case HWLOC_OBJ_L1CACHE:
	case HWLOC_OBJ_L1ICACHE:
	case HWLOC_OBJ_CORE: return "SMT";
	case HWLOC_OBJ_L2CACHE: return "L2";
	case HWLOC_OBJ_L3CACHE: return same_node ? "L3" : "L3+NUMA";
	case HWLOC_OBJ_PACKAGE: return same_node ? "Package" : "Package+NUMA";
	case HWLOC_OBJ_MACHINE: return same_node ? "Machine" : "Machine+NUMA";
	default: return hwloc_obj_type_string(common->type);
	}
}

const char *pin_shared(const struct pin_plan *plan, unsigned a, unsigned b)
{
	if (!plan->pinned)
		return "unpinned";
	if (CPU_EQUAL(&plan->seat[a].cpus, &plan->seat[b].cpus))
		return "PU";
	if (!topology)
		return "unknown";
	hwloc_obj_t x = covering(plan, a), y = covering(plan, b);
	bool same = !x->nodeset || !y->nodeset ||
		    hwloc_bitmap_intersects(x->nodeset, y->nodeset);
	return name_of(hwloc_get_common_ancestor_obj(topology, x, y), same);
}

