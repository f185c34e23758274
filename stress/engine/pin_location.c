/* hwloc's location grammar: TYPE:INDEX[.TYPE:INDEX...], 0xMASK, or "all".
 *
 * INDEX is N, N-M, N-, all, odd or even, logical and counted inside what stands
 * before it. The library has the object model but not this grammar, which lives
 * in its hwloc-calc command.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/pin.h"

enum { LONGEST_TYPE = 32 };

struct range {
	unsigned first, last, step;
};

static int number(const char **at, const char *end, unsigned *value)
{
	unsigned long n = 0;
	const char *p = *at;
	if (p == end || !isdigit((unsigned char)*p))
		return -1;
	for (; p < end && isdigit((unsigned char)*p); p++) {
		n = n * 10 + (unsigned long)(*p - '0');
		if (n > INT_MAX)
			return -1;
	}
	*at = p;
	*value = (unsigned)n;
	return 0;
}

static bool is(const char *text, const char *end, const char *word)
{
	return (size_t)(end - text) == strlen(word) && !memcmp(text, word, strlen(word));
}

static int parse_range(const char *text, const char *end, unsigned count, struct range *r)
{
	unsigned highest = count ? count - 1 : 0;
	*r = (struct range){ 0, highest, 1 };
	if (is(text, end, "all"))
		return 0;
	r->step = 2;
	if (is(text, end, "even"))
		return 0;
	r->first = 1;
	if (is(text, end, "odd"))
		return 0;
	r->step = 1;
	if (number(&text, end, &r->first))
		return -1;
	r->last = r->first;
	if (text == end)
		return 0;
	if (*text++ != '-')
		return -1;
	r->last = highest;
	if (text == end)
		return 0;
	return number(&text, end, &r->last) || text != end || r->last < r->first ? -1 : 0;
}

static int complain(char why[PIN_WHY], const char *part, const char *end, const char *what)
{
	pin_failed(why, "%.*s: %s", (int)(end - part), part, what);
	return -1;
}

/* Adds what `text` names within `inside`: one TYPE:INDEX, then the rest, if
 * any. */
static int add(hwloc_topology_t t, const char *text, const char *end,
	       hwloc_const_bitmap_t inside, hwloc_bitmap_t out, char why[PIN_WHY])
{
	const char *colon = memchr(text, ':', (size_t)(end - text));
	const char *dot = memchr(text, '.', (size_t)(end - text));
	const char *stop = dot ? dot : end;
	char name[LONGEST_TYPE];
	hwloc_obj_type_t type;
	int depth;
	struct range r;
	if (!colon || colon >= stop || colon == text || colon - text >= LONGEST_TYPE)
		return complain(why, text, stop, "not TYPE:INDEX as in core:0.pu:1");
	snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
	if (hwloc_type_sscanf_as_depth(name, &type, t, &depth) < 0)
		return complain(why, text, colon, "unknown type; see hwloc-info for those here");
	if (depth == HWLOC_TYPE_DEPTH_UNKNOWN || depth == HWLOC_TYPE_DEPTH_MULTIPLE)
		return complain(why, text, colon, "this machine has none, or on several levels");
	unsigned count = (unsigned)hwloc_get_nbobjs_inside_cpuset_by_depth(t, inside, depth);
	if (parse_range(colon + 1, stop, count, &r))
		return complain(why, colon + 1, stop, "bad index; N, N-M, N-, all, odd or even");
	if (r.first >= count || r.last >= count) {
		pin_failed(why, "%.*s: there %s %u here, numbered from 0",
			   (int)(stop - text), text, count == 1 ? "is" : "are", count);
		return -1;
	}
	for (unsigned i = r.first; i <= r.last; i += r.step) {
		hwloc_obj_t obj = hwloc_get_obj_inside_cpuset_by_depth(t, inside, depth, i);
		if (!obj || !obj->cpuset)
			return complain(why, text, stop, "not a place for a thread");
		if (!dot)
			hwloc_bitmap_or(out, out, obj->cpuset);
		else if (add(t, dot + 1, end, obj->cpuset, out, why))
			return -1;
	}
	return 0;
}

static int add_mask(hwloc_topology_t t, const char *text, hwloc_bitmap_t out,
		    char why[PIN_WHY])
{
	hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(t);
	hwloc_bitmap_t mask = hwloc_bitmap_alloc();
	int bad = 0;
	if (text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] || !text[2] ||
	    hwloc_bitmap_sscanf(mask, text))
		bad = complain(why, text, text + strlen(text), "bad mask, want 0x and hex digits");
	else if (!hwloc_bitmap_isincluded(mask, all))
		bad = complain(why, text, text + strlen(text), "names processors not allowed here");
	else
		hwloc_bitmap_or(out, out, mask);
	hwloc_bitmap_free(mask);
	return bad;
}

int pin_location_parse(hwloc_topology_t t, const char *text, size_t len, hwloc_bitmap_t out,
		       char why[PIN_WHY])
{
	hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(t);
	const char *end = text + len;
	char mask[PIN_TEXT];
	if (is(text, end, "all") || is(text, end, "root")) {
		hwloc_bitmap_or(out, out, all);
	} else if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		if (len >= sizeof mask)
			return complain(why, text, end, "mask too long");
		snprintf(mask, sizeof mask, "%.*s", (int)len, text);
		if (add_mask(t, mask, out, why))
			return -1;
	} else if (add(t, text, end, all, out, why)) {
		return -1;
	}
	if (hwloc_bitmap_iszero(out))
		return complain(why, text, end, "names no processor");
	return 0;
}

void pin_location_text(hwloc_topology_t t, hwloc_const_bitmap_t set, char *text, size_t size)
{
	hwloc_obj_t pu = NULL, core = NULL;
	if (hwloc_bitmap_weight(set) == 1)
		pu = hwloc_get_pu_obj_by_os_index(t, (unsigned)hwloc_bitmap_first(set));
	if (pu)
		core = hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, pu);
	if (core)
		snprintf(text, size, "core:%u.pu:%u", core->logical_index, pu->sibling_rank);
	else if (pu)
		snprintf(text, size, "pu:%u", pu->logical_index);
	else if (hwloc_bitmap_isequal(set, hwloc_topology_get_topology_cpuset(t)))
		snprintf(text, size, "all");
	else
		hwloc_bitmap_taskset_snprintf(text, size, set);
}
