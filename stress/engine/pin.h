/* Placement: which processors the threads of a run stand on.
 *
 * A plan has one seat per thread ("actor"). It is made from a list of hwloc
 * locations or from a relation between the actors, then each thread sits down
 * with pin_apply(), which reads the binding back:
 *
 *   wanted core:0.pu:0,core:1.pu:0   got core:0.pu:0,core:1.pu:0   shares L3
 *
 * Three answers are kept apart, for they have three exit codes: done, absent
 * (this machine has no such placement: a skip) and error (a bad list, a pin
 * that failed).
 *
 * The topology is the process's, loaded once before any thread is pinned. It
 * covers the processors that the process may use (cgroup, taskset), and numbers
 * from 0 within them, as hwloc does.
 */
#ifndef ENGINE_PIN_H
#define ENGINE_PIN_H

#include <hwloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

enum { PIN_SEATS = 256, PIN_TEXT = 96, PIN_WHY = 256 };

enum pin_result {
	PIN_OK,
	PIN_ABSENT, /* the machine lacks it; a reason has been given */
	PIN_ERROR   /* the request is wrong, or the binding did not hold */
};

struct pin_seat {
	cpu_set_t cpus;        /* to bind to, by the kernel's numbers */
	char wanted[PIN_TEXT]; /* the location asked for */
	char got[PIN_TEXT];    /* the location read back; "" until pin_apply */
};

struct pin_plan {
	unsigned actors;
	bool pinned;       /* false: placement `none`, every seat is the whole set */
	bool shared_pu;    /* some actors share a PU: there were not enough */
	char why[PIN_WHY]; /* after PIN_ABSENT or PIN_ERROR: one line, no newline */
	struct pin_seat seat[PIN_SEATS];
};

/* Loads this machine's topology (synthetic == NULL), or one by hwloc's
 * synthetic description, to which nothing can be bound. Replaces a topology
 * loaded before. Where hwloc finds nothing, only the placements `none` and
 * `all` are left. PIN_ERROR fills why. */
enum pin_result pin_topology_load(const char *synthetic, char why[PIN_WHY]);
void pin_topology_free(void);
/* NULL where hwloc found nothing. */
hwloc_topology_t pin_topology(void);
/* Whether threads can be bound to the loaded topology. */
bool pin_topology_real(void);
/* The processors, by the kernel's numbers, that threads of this process may
 * use. */
const cpu_set_t *pin_allowed(void);
/* One line: "1 package, 1 NUMA node, 1 L3, 2 L2s, 2 cores, 2 PUs". */
void pin_topology_text(char *text, size_t size);

/* Makes a plan from one location per actor, separated by commas, in hwloc's
 * grammar: core:0.pu:1  pu:3  package:0.core:1  core:0-1  numa:all  0x3
 * all. */
enum pin_result pin_by_list(struct pin_plan *plan, const char *list, unsigned actors);

/* Makes a plan from a relation that every two actors are to have:
 *   smt      PUs of one core
 *   l2       cores that share an L2
 *   l3       cores that share an L3 but no L2
 *   package  packages of their own; spread evenly if there are more actors
 *   numa     NUMA nodes of their own; likewise
 *   all      spread over all cores, one each while they last, then PUs, then
 *            shared
 *   none     unpinned
 * nth picks among the disjoint sets of processors that fulfil it, modulo
 * pin_choices(): blocks may rotate, and children run side by side. */
enum pin_result pin_by_placement(struct pin_plan *plan, const char *placement, unsigned actors,
				 unsigned nth);
/* How many disjoint choices a placement has here; 0 if it is absent or
 * unknown. */
unsigned pin_choices(const char *placement, unsigned actors);
/* The name of the i-th placement, as --placement takes it; NULL after the
 * last. */
const char *pin_placement_name(unsigned i);

/* Binds the calling thread to the actor's seat and reads back where it is.
 * Writes only this seat, so actors may call it at the same time. PIN_ERROR
 * fills why. */
enum pin_result pin_apply(struct pin_plan *plan, unsigned actor, char why[PIN_WHY]);
/* The location read back by pin_apply ("" before); --pin takes it. */
const char *pin_got(const struct pin_plan *plan, unsigned actor);
/* All actors' locations, comma separated: asked for, or read back. */
void pin_text(const struct pin_plan *plan, bool got, char *text, size_t size);
/* The closest thing that two actors' seats share: "PU", "SMT", "L2", "L3",
 * "Package", "Machine", with "+NUMA" if their memory nodes differ;
 * "unpinned". */
const char *pin_shared(const struct pin_plan *plan, unsigned a, unsigned b);

/* Fills why (printf format) and returns PIN_ERROR. */
__attribute__((format(printf, 2, 3))) enum pin_result pin_failed(char why[PIN_WHY],
								 const char *format, ...);
/* The location of a set by the kernel's numbers; a mask where there is no
 * topology. */
void pin_seat_text(const cpu_set_t *cpus, char text[PIN_TEXT]);

/* The grammar (pin_location.c). Adds to out the processors that a location of
 * len bytes names. Returns 0, or -1 with why filled. */
int pin_location_parse(hwloc_topology_t t, const char *text, size_t len, hwloc_bitmap_t out,
		       char why[PIN_WHY]);
/* The location of a set: core:0.pu:1 for one PU, "all", or a mask. */
void pin_location_text(hwloc_topology_t t, hwloc_const_bitmap_t set, char *text, size_t size);

#endif
