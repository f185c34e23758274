/* Where the code under test makes its atomic accesses, found in the program
 * itself: the places that call a hook. A site is a line of source and an
 * operation; inlined copies are one site. Nothing is known of it until it is
 * asked for, so that executions pay nothing.
 */
#ifndef FUZZ_SITES_H
#define FUZZ_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/model.h"
#include "symbol.h"

/* Says that a function is called for atomic accesses, and for which; NULL:
 * where a function begins. */
struct code_hook { const void *function; const char *operation; };
#define CODE_HOOK(function, operation)                                  \
	static const struct code_hook code_hook_##function              \
		__attribute__((section("code_hooks"), used)) = {        \
			(const void *)function, operation };

/* Whether hooks ask site_order(). */
extern bool sites_watched;

/* An access made by the call before pc is about to run with `order`. Counts it,
 * and returns the order that it has instead, if that site is weakened. */
enum order site_order(void *pc, enum order order);
/* A function, which called a hook before pc, begins. */
void site_entered(void *pc);
/* The order of a compare-and-swap that fails, where its own became `now`. */
enum order site_failure_order(enum order now, enum order fail);

static inline enum order order_at(void *pc, int order)
{
	return __builtin_expect(sites_watched, 0) ? site_order(pc, order) : (enum order)order;
}

struct access_site {
	struct site at;        /* of one of its calls */
	const char *operation; /* "load", "store", "exchange", "cas", "fence" …; or "enter" */
	unsigned calls;        /* copies, by inlining */
	uint64_t accesses;     /* made while executions ran and sites_watched */
	int order;             /* as the code has it, enum order; < 0: not seen yet */
	int weakened;          /* enum order, or < 0 */
};

/* All sites, beginnings of functions among them, by file and line; fills *all,
 * which stays valid, and returns their number. */
unsigned sites_all(const struct access_site **all);
/* "FILE:LINE[/OPERATION]=ORDER": from now on accesses there have that order.
 * Returns NULL, or what is wrong with the text. */
const char *sites_weaken(const char *text);
/* The name of an order, as order.h has it. */
const char *order_text(enum order order);

#endif
