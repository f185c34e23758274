#define _GNU_SOURCE
/* A run's result as one JSON object, or as a few lines. */
#include <math.h>
#include <string.h>

#include "engine/emit.h"
#include "engine/run.h"
#include "engine/sanitizer.h"

static double per_second(uint64_t n, int64_t ns)
{
	return ns > 0 ? n / (ns / 1e9) : 0;
}

/* Variance over mean of the hits per trial: 1 for independent ones. */
static double fano(uint64_t trials, double sum, double sum_sq)
{
	double mean = sum / trials;
	return trials > 1 && sum > 0
		       ? (sum_sq - sum * mean) / (trials - 1) / mean
		       : NAN;
}

static double child_fano(const struct result *r)
{
	double sum = 0, sum_sq = 0;
	for (uint32_t i = 0; i < r->measured_children; i++) {
		double h = r->child[i].hits;
		sum += h;
		sum_sq += h * h;
	}
	return fano(r->measured_children, sum, sum_sq);
}

void report_replay_pins(const struct pin_plan *pins, char *text, size_t size)
{
	char pin[PIN_TEXT * PIN_SEATS];
	/* Without a child that sat down there is only what was asked for. */
	pin_text(pins, pin_got(pins, 0)[0] != '\0', pin, sizeof pin);
	snprintf(text, size, pins->pinned ? " --pin '%s'" : " --placement none", pin);
}

static void replay_text(const struct options *o, const struct subject *s,
			const struct result *r, char *text, size_t size)
{
	char env[ENV_TEXT];
	env_text(&r->env, s, env);
	int n = snprintf(text, size, "%s --case %s --seconds %g --seed %llu --env '%s'",
			 o->program, o->case_name, o->seconds, (unsigned long long)o->seed, env);
	if (n > 0 && (size_t)n < size)
		report_replay_pins(&r->pins, text + n, size - n);
}

static void emit_tally(const char *key, const struct tally *t, const struct result *r)
{
	json_object(stdout, key);
	json_real(stdout, "seconds", t->ns / 1e9);
	json_count(stdout, "rounds", t->rounds);
	json_count(stdout, "hits", t->hits);
	json_count(stdout, "near", t->near);
	json_count(stdout, "blocks", t->blocks);
	json_count(stdout, "hit_blocks", t->hit_blocks);
	json_count(stdout, "sum_sq", t->sum_sq);
	json_count(stdout, "spoilt", t->spoilt);
	if (r) {
		json_array(stdout, "per_child");
		for (uint32_t i = 0; i < r->measured_children; i++)
			emit_tally(NULL, &r->child[i], NULL);
		json_end(stdout);
	}
	json_end(stdout);
}

void report_hits(const struct result *r)
{
	json_object(stdout, "hits");
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (r->failures[f])
			json_count(stdout, failure_text((enum failure)f), r->failures[f]);
	json_end(stdout);
}

void report_hit_lines(const struct result *r, int64_t ns)
{
	for (int f = NO_FAILURE + 1; f < FAILURE_COUNT; f++)
		if (r->failures[f])
			printf("  hits: %s %llu (%.3g/s)\n", failure_text((enum failure)f),
			       (unsigned long long)r->failures[f],
			       per_second(r->failures[f], ns));
}

void report_first_hit(const struct result *r)
{
	if (r->first_hit >= 0)
		json_real(stdout, "first_hit_s", r->first_hit / 1e9);
	else
		json_null(stdout, "first_hit_s");
}

void report_end(struct verdict v, const char *replay)
{
	json_text(stdout, "verdict", v.text);
	if (v.expected < 0)
		json_null(stdout, "expected");
	else
		json_bool(stdout, "expected", v.expected);
	json_bool(stdout, "interrupted", child_stop != 0);
	json_text(stdout, "replay", replay);
	json_text(stdout, "build_id", identity.build_id);
	json_end(stdout);
}

static void emit_outcomes(const struct test_case *t, const struct result *r)
{
	report_hits(r);
	json_object(stdout, "outcomes");
	for (unsigned i = 0; i < MAX_OUTCOMES && t->outcomes[i].name; i++)
		json_count(stdout, t->outcomes[i].name, r->count[OUT_LISTED + i]);
	for (unsigned o = OUT_FATAL; o < OUT_LISTED; o++)
		if (r->count[o])
			json_count(stdout, engine_outcome[o].name, r->count[o]);
	json_end(stdout);
}

static void emit_env(const struct subject *s, const struct env *e)
{
	char text[ENV_TEXT];
	env_text(e, s, text);
	json_object(stdout, "env");
	json_text(stdout, "text", text);
	json_text(stdout, "layout", s->layout[e->layout]->layout);
	json_real(stdout, "offset_ns", env_offset(e));
	json_real(stdout, "jitter_ns", e->jitter / 10.0);
	json_count(stdout, "shift", e->shift);
	json_count(stdout, "fence", e->fence);
	json_text(stdout, "prepared_by", s->layout[0]->actor[e->by].name);
	json_end(stdout);
}

static void emit_profile(const struct result *r)
{
	json_object(stdout, "aim");
	json_count(stdout, "blocks", r->aim.blocks);
	json_array(stdout, "profile");
	for (int i = 0; i < AIM_BINS; i++) {
		if (r->aim.profile[i].rounds == 0)
			continue;
		json_array(stdout, NULL);
		json_int(stdout, NULL, (i - AIM_BINS / 2) * AIM_BIN_NS);
		json_real(stdout, NULL, r->aim.profile[i].rounds);
		json_real(stdout, NULL, r->aim.profile[i].hits);
		json_real(stdout, NULL, r->aim.profile[i].near);
		json_end(stdout);
	}
	json_end(stdout);
	json_end(stdout);
}

void report_pins(const struct options *o, const struct pin_plan *pins)
{
	json_object(stdout, "pin");
	json_array(stdout, "wanted");
	for (unsigned a = 0; a < pins->actors; a++)
		json_text(stdout, NULL, pins->seat[a].wanted);
	json_end(stdout);
	json_array(stdout, "got");
	for (unsigned a = 0; a < pins->actors; a++)
		json_text(stdout, NULL, pin_got(pins, a));
	json_end(stdout);
	json_text(stdout, "placement", o->pin ? "list" : o->placement);
	json_text(stdout, "shares", pins->actors > 1 ? pin_shared(pins, 0, 1) : "");
	json_bool(stdout, "shared_pu", pins->shared_pu);
	json_end(stdout);
}

static void emit_findings(const struct subject *s, const struct result *r)
{
	json_array(stdout, "findings");
	diagnoses_emit();
	for (uint32_t i = 0; i < r->findings; i++) {
		const struct finding *f = &r->finding[i];
		char env[ENV_TEXT];
		env_text(&f->env, s, env);
		json_object(stdout, NULL);
		json_text(stdout, "class", failure_text(f->failure));
		json_text(stdout, "outcome", f->outcome);
		json_text(stdout, "message", f->message[0] ? f->message : NULL);
		json_count(stdout, "round", f->round);
		json_count(stdout, "child", f->child);
		json_text(stdout, "env", env);
		json_array(stdout, "evidence");
		for (unsigned a = 0; a < s->slots; a++) {
			json_object(stdout, NULL);
			json_text(stdout, "actor",
				  a < s->actors ? s->layout[0]->actor[a].name : "waiting");
			json_count(stdout, "parks", f->slot[a].parks);
			json_count(stdout, "aborts", f->slot[a].aborts);
			json_count(stdout, "status", f->slot[a].status);
			json_bool(stdout, "stranded", f->slot[a].stranded);
			json_array(stdout, "got");
			for (unsigned k = 0; k < 5; k++)
				json_int(stdout, NULL, f->slot[a].got[k]);
			json_end(stdout);
			json_end(stdout);
		}
		json_end(stdout);
		json_end(stdout);
	}
	json_end(stdout);
}

static void report_json(const struct options *o, const struct subject *s,
			const struct result *r, const char *replay)
{
	json_object(stdout, NULL);
	json_count(stdout, "schema", 1);
	json_text(stdout, "kind", "case");
	json_text(stdout, "target", identity.target);
	json_text(stdout, "variant", identity.variant);
	json_text(stdout, "lane", identity.lane);
	json_text(stdout, "case", o->case_name);
	json_count(stdout, "seed", o->seed);
	json_real(stdout, "seconds", r->all.ns / 1e9);
	json_cpu(stdout);
	json_count(stdout, "rounds", r->all.rounds);
	json_real(stdout, "rounds_per_s", per_second(r->all.rounds, r->all.ns));
	emit_outcomes(s->layout[0], r);
	report_first_hit(r);
	json_count(stdout, "near", r->all.near);
	json_count(stdout, "spoilt", r->all.spoilt);
	json_count(stdout, "blocks", r->all.blocks);
	json_count(stdout, "hit_blocks", r->all.hit_blocks);
	json_count(stdout, "block_rounds", BLOCK_ROUNDS);
	json_count(stdout, "children", r->children);
	json_object(stdout, "fano");
	json_real(stdout, "block",
		  fano(r->measured.blocks, r->measured.hits, r->measured.sum_sq));
	json_real(stdout, "child", child_fano(r));
	json_end(stdout);
	report_pins(o, &r->pins);
	emit_env(s, &r->env);
	json_text(stdout, "layout", s->layout[r->env.layout]->layout);
	json_bool(stdout, "aimed", !o->no_aim);
	emit_profile(r);
	emit_tally("measured", &r->measured, r);
	emit_findings(s, r);
	json_null(stdout, "ratio_bound");
	report_end(run_verdict(s->layout[0], r), replay);
}

static void report_lines(const struct options *o, const struct subject *s,
			 const struct result *r, const char *replay)
{
	const struct test_case *t = s->layout[0];
	printf("%s/%s %s: %.2f M rounds in %.2f s (%.2f M/s), %llu blocks, %llu spoilt\n",
	       identity.target, o->case_name, identity.variant, r->all.rounds / 1e6,
	       r->all.ns / 1e9, per_second(r->all.rounds, r->all.ns) / 1e6,
	       (unsigned long long)r->all.blocks, (unsigned long long)r->all.spoilt);
	for (unsigned i = 0; i < MAX_OUTCOMES && t->outcomes[i].name; i++)
		printf("  %-14s %12llu  %s\n", t->outcomes[i].name,
		       (unsigned long long)r->count[OUT_LISTED + i], t->outcomes[i].meaning);
	for (unsigned o = OUT_FATAL; o < OUT_LISTED; o++)
		if (r->count[o])
			printf("  %-14s %12llu  %s\n", engine_outcome[o].name,
			       (unsigned long long)r->count[o], engine_outcome[o].meaning);
	report_hit_lines(r, r->all.ns);
	for (uint32_t i = 0; i < r->findings; i++)
		if (r->finding[i].failure >= CRASH)
			printf("  %s: %s\n", failure_text(r->finding[i].failure),
			       r->finding[i].outcome);
	diagnoses_print();
	if (r->first_hit >= 0)
		printf("  first hit after %.2f ms; in the environment below %.0f hits/s, one per"
		       " %.2g s\n", r->first_hit / 1e6,
		       per_second(r->measured.hits, r->measured.ns),
		       r->measured.hits ? r->measured.ns / 1e9 / r->measured.hits : NAN);
	printf("%s  replay: %s\n", run_verdict(t, r).text, replay);
}

void run_report(const struct options *o, const struct subject *s, const struct result *r,
		bool json)
{
	char replay[2 * ENV_TEXT + 1024];
	replay_text(o, s, r, replay, sizeof replay);
	if (json)
		report_json(o, s, r, replay);
	else
		report_lines(o, s, r, replay);
}
