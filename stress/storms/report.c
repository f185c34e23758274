/* A storm's result as one JSON object, or as a few lines; and the list. */
#define _GNU_SOURCE
#include <string.h>

#include "engine/emit.h"
#include "engine/sanitizer.h"
#include "storms/run.h"

/* --- listing --- */

static void list_expectations(const char *key, const struct expectation *e)
{
	json_array(stdout, key);
	for (; e && e->variant; e++) {
		json_object(stdout, NULL);
		json_text(stdout, "variant", e->variant);
		json_text(stdout, "failure", failure_text(e->failure));
		json_array(stdout, "models");
		for (unsigned m = 0; m < MODEL_COUNT; m++)
			if (e->models >> m & 1)
				json_text(stdout, NULL, model_text(m));
		json_end(stdout);
		json_end(stdout);
	}
	json_end(stdout);
}

static void list_failures(const char *key, const struct storm *s,
			  bool (*shown)(const struct storm *, enum failure))
{
	json_array(stdout, key);
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (shown(s, (enum failure)f))
			json_text(stdout, NULL, failure_text((enum failure)f));
	json_end(stdout);
}

static void emit_identity(const char *kind, const struct storm *s)
{
	json_count(stdout, "schema", 1);
	json_text(stdout, "kind", kind);
	json_text(stdout, "target", identity.target);
	json_text(stdout, "variant", identity.variant);
	json_text(stdout, "lane", identity.lane);
	json_text(stdout, "model", hardware_model_text());
	json_text(stdout, "storm", s->name);
}

static void list_storm(const struct storm *s)
{
	json_object(stdout, NULL);
	emit_identity("list", s);
	json_text(stdout, "file", s->file);
	json_text(stdout, "purpose", s->purpose);
	json_count(stdout, "descriptors", s->descriptors);
	json_array(stdout, "operations");
	for (unsigned i = 0; i < STORM_OPS && s->op[i]; i++)
		json_text(stdout, NULL, s->op[i]);
	json_end(stdout);
	list_expectations("expect", s->must);
	list_expectations("may", s->may);
	list_failures("expected_failures", s, storm_must);
	list_failures("allowed_failures", s, storm_may);
	json_end(stdout);
}

void list_storms(bool json)
{
	for (const struct storm *const *p = __start_stormrig_storms; p < __stop_stormrig_storms;
	     p++) {
		bool must = false;
		for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
			must |= storm_must(*p, (enum failure)f);
		if (json)
			list_storm(*p);
		else
			printf("%-26s %s%s\n", (*p)->name, (*p)->purpose,
			       must ? "  [storm; this variant must fail it here]" : "  [storm]");
	}
}

/* --- a result --- */

static void replay_text(const struct options *o, const struct storm_shared *run, char *text,
			size_t size)
{
	int n = snprintf(text, size, "%s --storm %s --seconds %g --seed %llu", o->program,
			 o->storm_name, o->seconds, (unsigned long long)o->seed);
	if (o->descriptors)
		n += snprintf(text + n, size - n, " --descriptors %u", o->descriptors);
	if (o->children)
		n += snprintf(text + n, size - n, " --children %u", o->children);
	if (n > 0 && (size_t)n < size)
		report_replay_pins(&run->result->pins, text + n, size - n);
}

static void emit_findings(const struct result *r)
{
	json_array(stdout, "findings");
	diagnoses_emit();
	for (uint32_t i = 0; i < r->findings; i++) {
		json_object(stdout, NULL);
		json_text(stdout, "class", failure_text(r->finding[i].failure));
		json_text(stdout, "outcome", r->finding[i].outcome);
		json_count(stdout, "child", r->finding[i].child);
		json_end(stdout);
	}
	json_end(stdout);
}

static void emit_counts(const struct storm *s, const struct storm_counts *c)
{
	json_object(stdout, "operations");
	for (unsigned i = 0; i < STORM_OPS && s->op[i]; i++)
		json_count(stdout, s->op[i], c->op[i]);
	json_end(stdout);
	json_object(stdout, "quota");
	for (unsigned i = 0; i < STORM_OPS && s->op[i]; i++)
		if (s->quota[i])
			json_count(stdout, s->op[i], s->quota[i]);
	json_end(stdout);
	json_count(stdout, "ops", storm_ops(c));
	json_count(stdout, "commits", c->commits);
	json_count(stdout, "aborts", c->aborts);
	json_count(stdout, "events", c->events);
	json_count(stdout, "descriptors", c->open_most);
	json_count(stdout, "parked_most", c->parked_most);
	json_count(stdout, "graces", c->graces);
	json_count(stdout, "cleared", c->cleared);
	json_count(stdout, "rescued", c->rescued);
	json_count(stdout, "failed_opens", c->failed_opens);
	json_count(stdout, "in_vain", c->in_vain);
}

static void emit_samples(const struct storm *s, const struct storm_shared *run)
{
	json_array(stdout, "samples");
	for (uint32_t i = 0; i < run->samples; i++) {
		const struct storm_sample *at = &run->sample[i];
		json_object(stdout, NULL);
		json_real(stdout, "t", at->ns / 1e9);
		json_count(stdout, "slice", at->slice);
		json_count(stdout, "ops", at->ops);
		for (unsigned g = 0; g < STORM_GAUGES && s->gauge[g]; g++)
			json_count(stdout, s->gauge[g], at->gauge[g]);
		json_count(stdout, "commits", at->commits);
		json_count(stdout, "events", at->events);
		json_count(stdout, "lost", at->lost);
		json_count(stdout, "stuck", at->stuck);
		json_count(stdout, "open", at->open);
		json_count(stdout, "files", at->files);
		json_count(stdout, "rss_kib", at->rss_kib);
		json_end(stdout);
	}
	json_end(stdout);
}

static void report_json(const struct options *o, const struct storm *s,
			const struct storm_shared *run, const char *replay)
{
	const struct result *r = run->result;
	json_object(stdout, NULL);
	emit_identity("storm", s);
	json_count(stdout, "seed", o->seed);
	json_real(stdout, "seconds", run->ns / 1e9);
	json_cpu(stdout);
	report_hits(r);
	emit_findings(r);
	report_first_hit(r);
	json_real(stdout, "hits_per_s", run->ns ? r->all.hits / (run->ns / 1e9) : 0);
	json_count(stdout, "slices", run->slice);
	emit_counts(s, &run->counts);
	emit_samples(s, run);
	report_pins(o, &r->pins);
	report_end(storm_verdict(s, run), replay);
}

static void report_lines(const struct options *o, const struct storm *s,
			 const struct storm_shared *run, const char *replay)
{
	const struct result *r = run->result;
	const struct storm_counts *c = &run->counts;
	double seconds = run->ns / 1e9;
	uint64_t ops = storm_ops(c);
	printf("%s/%s %s: %.2f M operations in %.2f s, %u slices", identity.target,
	       o->storm_name, identity.variant, ops / 1e6, seconds, run->slice);
	if (s->descriptors)
		printf(", up to %u descriptors", c->open_most);
	putchar('\n');
	for (unsigned i = 0; i < STORM_OPS && s->op[i]; i++)
		printf("  %-10s %10llu  %4.1f %%\n", s->op[i], (unsigned long long)c->op[i],
		       ops ? 100.0 * c->op[i] / ops : 0);
	if (s->descriptors)
		printf("  %llu parked waiters, %llu parks called off, %llu waits in vain,"
		       " %llu events; %llu suspicions cleared\n", (unsigned long long)c->commits,
		       (unsigned long long)c->aborts, (unsigned long long)c->in_vain,
		       (unsigned long long)c->events, (unsigned long long)c->cleared);
	report_hit_lines(r, run->ns);
	for (uint32_t i = 0; i < r->findings; i++)
		printf("  %s: %s\n", failure_text(r->finding[i].failure), r->finding[i].outcome);
	diagnoses_print();
	if (r->first_hit >= 0)
		printf("  first hit after %.2f ms\n", r->first_hit / 1e6);
	printf("%s  replay: %s\n", storm_verdict(s, run).text, replay);
}

void storm_report(const struct options *o, const struct storm *s, const struct storm_shared *run)
{
	char replay[PIN_TEXT * PIN_SEATS + 1024];
	replay_text(o, run, replay, sizeof replay);
	if (o->json)
		report_json(o, s, run, replay);
	else
		report_lines(o, s, run, replay);
}
