/* What a binary holds: its cases and the sites of its atomic accesses.
 */
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "json.h"
#include "output.h"
#include "sites.h"

/* --- --list --- */

static const char *const grade_text[] = { "ok", "near", "bad" };

static void list_models(unsigned models)
{
	putchar('[');
	for (unsigned i = 0, n = 0; i < MODEL_COUNT; i++)
		if (models >> i & 1)
			printf("%s\"%s\"", n++ ? "," : "", model_text(i));
	putchar(']');
}

static void list_json(const struct test_case *c)
{
	put_head("list", c);
	put_field("layout", c->layout);
	put_field("purpose", c->purpose);
	put_field("file", c->file);
	printf(",\"actors\":[");
	for (unsigned i = 0; i < case_actors(c); i++) {
		printf(i ? "," : "");
		put_string(c->actor[i].name);
	}
	printf("],\"whole\":%s,\"outcomes\":[", c->whole ? "true" : "false");
	for (const struct outcome *o = c->outcomes; o->name; o++) {
		printf("%s{\"name\":", o == c->outcomes ? "" : ",");
		put_string(o->name);
		put_field("grade", grade_text[o->grade]);
		put_field("failure", failure_text(o->failure));
		put_field("meaning", o->meaning);
		putchar('}');
	}
	printf("],\"expect\":[");
	for (const struct expectation *e = c->expect; e && e->variant; e++) {
		printf("%s{\"variant\":", e == c->expect ? "" : ",");
		put_string(e->variant);
		put_field("failure", failure_text(e->failure));
		printf(",\"models\":");
		list_models(e->models);
		putchar('}');
	}
	printf("]}\n");
}

void print_list(bool json)
{
	const struct test_case *list[MAX_CASES];
	unsigned n = all_cases(list);
	for (unsigned i = 0; i < n; i++) {
		if (json)
			list_json(list[i]);
		else
			printf("%-28s %s\n", list[i]->name, list[i]->purpose);
	}
}

/* --- --sites --- */

static void site_json(const struct access_site *s)
{
	printf("{\"file\":");
	put_string(s->at.file);
	printf(",\"line\":%u", s->at.line);
	put_field("operation", s->operation);
	put_field("function", s->at.function);
	put_field("source", s->at.source);
	if (s->order < 0)
		printf(",\"order\":null");
	else
		put_field("order", order_text(s->order));
	printf(",\"calls\":%u,\"accesses\":%ju}", s->calls, (uintmax_t)s->accesses);
}

void print_sites(const struct options *o, uint64_t executions)
{
	const struct access_site *all;
	unsigned n = sites_all(&all);
	if (o->json) {
		put_head("sites", o->request.test);
		put_field("model", o->request.model->name);
		put_field("build_id", build.id);
		printf(",\"executions\":%ju,\"sites\":[", (uintmax_t)executions);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct access_site *s = &all[i];
		if (o->json) {
			printf(i ? "," : "");
			site_json(s);
			continue;
		}
		if (strcmp(s->operation, "enter"))
			printf("%s:%u/%s  %s  %s  %ju accesses\n", s->at.file, s->at.line,
			       s->operation, s->order < 0 ? "not seen" : order_text(s->order),
			       s->at.function, (uintmax_t)s->accesses);
	}
	if (o->json)
		printf("]}\n");
}
