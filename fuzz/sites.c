#include "sites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { MAX_CALLS = 4096 };

/* From the linker: the hooks, and all code. */
extern const struct code_hook __start_code_hooks[], __stop_code_hooks[];
extern const char __executable_start[], etext[];

static struct call { void *pc; unsigned site; } call[MAX_CALLS]; /* by pc */
static struct access_site site[MAX_CALLS]; /* by file, line and operation */
static unsigned calls, sites;
bool sites_watched;

static const char *const order_name[] = { "relaxed", "consume", "acquire",
					  "release", "acq_rel", "seq_cst" };

const char *order_text(enum order order)
{
	return order_name[order];
}

/* --- finding them --- */

/* Where a call that stands there leads, or NULL; *back: its return address. */
static const char *called(const char *at, const char **back)
{
#if defined __x86_64__
	int32_t offset;
	if ((unsigned char)*at != 0xe8)
		return NULL;
	memcpy(&offset, at + 1, sizeof offset);
	*back = at + 5;
	return *back + offset;
#elif defined __aarch64__
	uint32_t instruction;
	if ((uintptr_t)at & 3)
		return NULL;
	memcpy(&instruction, at, sizeof instruction);
	*back = at + 4;
	return instruction >> 26 == 0x25 ? at + (int32_t)(instruction << 6) / 64 * 4 : NULL;
#else
#error "which instruction is a call here?"
#endif
}

static unsigned find_calls(struct site at[MAX_CALLS], const char *operation[MAX_CALLS])
{
	unsigned n = 0;
	for (const char *c = __executable_start; c + 5 <= etext; c++) {
		const char *back, *to = called(c, &back);
		const struct code_hook *hook = __start_code_hooks;
		while (to && hook < __stop_code_hooks && hook->function != to)
			hook++;
		if (!to || hook == __stop_code_hooks)
			continue;
		if (n == MAX_CALLS)
			engine_error("more than %d places that call hooks", MAX_CALLS);
		at[n].pc = (void *)back;
		operation[n++] = hook->operation ? hook->operation : "enter";
	}
	return n;
}

static int by_place(const void *a, const void *b)
{
	const struct access_site *x = a, *y = b;
	int files = strcmp(x->at.file, y->at.file);
	if (files)
		return files;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return strcmp(x->operation, y->operation);
}

static int by_pc(const void *a, const void *b)
{
	const struct call *x = a, *y = b;
	return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static void find_sites(void)
{
	static struct site at[MAX_CALLS];
	static const char *operation[MAX_CALLS];
	if (calls)
		return;
	calls = find_calls(at, operation);
	symbol_lookup(at, calls);
	for (unsigned i = 0; i < calls; i++)
		site[i] = (struct access_site){ .at = at[i], .order = -1, .weakened = -1,
						.operation = operation[i] };
	qsort(site, calls, sizeof *site, by_place);
	for (unsigned i = 0; i < calls; i++) {
		void *pc = site[i].at.pc;
		if (sites == 0 || by_place(&site[i], &site[sites - 1]))
			site[sites++] = site[i];
		site[sites - 1].calls++;
		call[i] = (struct call){ pc, sites - 1 };
	}
	qsort(call, calls, sizeof *call, by_pc);
}

unsigned sites_all(const struct access_site **all)
{
	find_sites();
	*all = site;
	return sites;
}

/* --- other orders --- */

/* Whether an order promises all that another one does. */
static bool at_least(enum order a, enum order b)
{
	return (acquires(a) || !acquires(b)) && (releases(a) || !releases(b)) && a >= b;
}

static struct access_site *site_of(void *pc)
{
	struct call *c = bsearch(&(struct call){ .pc = pc }, call, calls, sizeof *call, by_pc);
	return c ? &site[c->site] : NULL;
}

void site_entered(void *pc)
{
	struct access_site *s = site_of(pc);
	if (s)
		s->accesses++;
}

enum order site_order(void *pc, enum order order)
{
	struct access_site *s = site_of(pc);
	if (!s)
		return order;
	s->order = order;
	s->accesses += sim.on;
	return s->weakened >= 0 && at_least(order, s->weakened) ? (enum order)s->weakened : order;
}

enum order site_failure_order(enum order now, enum order fail)
{
	enum order most = now == RELEASE ? RELAXED : now == ACQ_REL ? ACQUIRE : now;
	return at_least(most, fail) ? fail : most;
}

static int order_named(const char *name)
{
	for (int o = RELAXED; o <= SEQ_CST; o++)
		if (strcmp(order_name[o], name) == 0)
			return o;
	return -1;
}

const char *sites_weaken(const char *text)
{
	char file[sizeof site->at.file], operation[32] = "", name[16];
	unsigned line, found = 0;
	int order;
	if (sscanf(text, "%127[^:]:%u/%31[a-z_]=%15s", file, &line, operation, name) != 4 &&
	    (operation[0] = 0, sscanf(text, "%127[^:]:%u=%15s", file, &line, name) != 3))
		return "FILE:LINE[/OPERATION]=ORDER is wanted";
	if ((order = order_named(name)) < 0)
		return "no such order: relaxed, acquire, release, acq_rel or seq_cst";
	find_sites();
	for (unsigned i = 0; i < sites; i++) {
		if (strcmp(site[i].at.file, file) != 0 || site[i].at.line != line ||
		    strcmp(site[i].operation, "enter") == 0 ||
		    (*operation && strcmp(site[i].operation, operation) != 0))
			continue;
		if ((releases(order) && strcmp(site[i].operation, "load") == 0) ||
		    (acquires(order) && strcmp(site[i].operation, "store") == 0))
			return "a load cannot release, nor a store acquire";
		site[i].weakened = order;
		found++;
	}
	sites_watched = true;
	return found ? NULL : "no atomic access stands there (--sites lists them)";
}
