#include "probes/report.h"

#include <string.h>

#include "engine/emit.h"
#include "engine/hardware.h"

bool probe_allowed(const struct probe *p)
{
	return (p->allowed & (unsigned)hardware_model()) != 0;
}

uint64_t violations(const struct probe_result *r)
{
	return r->all.impossible + (probe_allowed(r->probe) ? 0 : r->all.weak);
}

static const char *form_text(const struct probe_result *r)
{
	return r->perpetual ? "perpetual" : "strided";
}

static const char *verdict_text(const struct probe_result *r)
{
	if (r->skipped)
		return "SKIPPED";
	if (violations(r))
		return "MODEL_VIOLATION";
	return r->all.weak ? "SEEN" : "NOT_SEEN";
}

static void replay_text(const struct probe_result *r, char *text, size_t size)
{
	char tuning[TUNING_TEXT], pins[PIN_WHY];
	tuning_text(r->tuning, tuning);
	pin_text(r->plan, false, pins, sizeof pins);
	snprintf(text, size, "%s %s --order %s --form %s --seed %llu --tuning %s --%s %s",
		 r->program, r->probe->name, r->probe->order, form_text(r),
		 (unsigned long long)r->seed, tuning, r->plan->pinned ? "pin" : "placement",
		 r->plan->pinned ? pins : "none");
}

static void json_pin(const struct pin_plan *plan, const char *placement)
{
	json_object(stdout, "pin");
	json_text(stdout, "placement", placement);
	json_array(stdout, "wanted");
	for (unsigned i = 0; i < plan->actors; i++)
		json_text(stdout, NULL, plan->seat[i].wanted);
	json_end(stdout);
	json_array(stdout, "got");
	for (unsigned i = 0; i < plan->actors; i++)
		json_text(stdout, NULL, plan->seat[i].got);
	json_end(stdout);
	json_text(stdout, "shares", plan->actors > 1 ? pin_shared(plan, 0, 1) : NULL);
	json_end(stdout);
}

static void json_states(const struct probe_result *r)
{
	char text[96];
	json_object(stdout, "states");
	for (unsigned i = 0; !r->perpetual && i < r->all.states; i++) {
		state_text(r->probe, r->all.state[i].state, text, sizeof text);
		json_count(stdout, text, r->all.state[i].rounds);
	}
	json_end(stdout);
}

static void head(const char *kind)
{
	json_object(stdout, NULL);
	json_count(stdout, "schema", 1);
	json_text(stdout, "kind", kind);
}

static void json_result(const struct probe_result *r)
{
	char tuning[TUNING_TEXT], replay[1024];
	const struct tally *t = &r->tally;
	head("probe");
	json_text(stdout, "test", r->probe->name);
	json_text(stdout, "form", form_text(r));
	json_text(stdout, "order", r->probe->order);
	json_text(stdout, "bug", r->probe->bug);
	json_text(stdout, "lane", r->lane);
	json_text(stdout, "model", hardware_model_text());
	json_count(stdout, "rounds", r->all.rounds);
	json_count(stdout, "weak", r->all.weak);
	json_real(stdout, "weak_per_s", t->seconds > 0 ? (double)t->weak / t->seconds : 0);
	json_real(stdout, "rounds_per_s", t->seconds > 0 ? (double)t->rounds / t->seconds : 0);
	json_object(stdout, "calm");
	json_real(stdout, "weak_per_s", t->calm_s > 0 ? (double)t->calm_weak / t->calm_s : 0);
	json_real(stdout, "rounds_per_s", t->calm_s > 0 ? (double)t->calm_rounds / t->calm_s : 0);
	json_real(stdout, "seconds", t->calm_s);
	json_end(stdout);
	json_real(stdout, "seconds", r->all.seconds);
	json_bool(stdout, "allowed", probe_allowed(r->probe));
	json_states(r);
	json_pin(r->plan, r->placement);
	if (r->skipped) {
		json_text(stdout, "reason", r->skipped);
	} else {
		tuning_text(r->tuning, tuning);
		json_text(stdout, "tuning", tuning);
		replay_text(r, replay, sizeof replay);
		json_text(stdout, "replay", replay);
	}
	json_object(stdout, "hits");
	if (violations(r))
		json_count(stdout, failure_text(MODEL_VIOLATION), violations(r));
	json_end(stdout);
	json_text(stdout, "verdict", verdict_text(r));
	if (r->skipped)
		json_null(stdout, "expected");
	else
		json_bool(stdout, "expected", violations(r) == 0);
	json_count(stdout, "seed", r->seed);
	json_text(stdout, "build_id", r->build_id);
	json_end(stdout);
}

void report_probe(const struct probe_result *r, bool json)
{
	const struct tally *t = &r->tally;
	char text[1024];
	if (json) {
		json_result(r);
		return;
	}
	printf("%-8s %-15s %-9s ", r->probe->name, r->probe->order, form_text(r));
	if (r->skipped) {
		printf("skipped: %s\n", r->skipped);
		return;
	}
	printf("%9.2f M rounds %11llu weak %9.3g/s  %-9s %s\n", (double)r->all.rounds / 1e6,
	       (unsigned long long)r->all.weak, t->seconds > 0 ? (double)t->weak / t->seconds : 0,
	       probe_allowed(r->probe) ? "allowed" : "forbidden", verdict_text(r));
	if (!violations(r))
		return;
	for (unsigned i = 0; !r->perpetual && i < r->all.states; i++) {
		state_text(r->probe, r->all.state[i].state, text, sizeof text);
		printf("  %-40s %llu\n", text, (unsigned long long)r->all.state[i].rounds);
	}
	replay_text(r, text, sizeof text);
	printf("  model_violation: %s: %s, which %s forbids\n  replay: %s\n", r->probe->name,
	       r->probe->purpose, hardware_model_text(), text);
}

void report_transfer(const char *placement, const struct pin_plan *plan, const double ns[3],
		     const char *why, bool json)
{
	if (json) {
		head("transfer");
		json_text(stdout, "placement", placement);
		if (ns) {
			json_pin(plan, placement);
			json_real(stdout, "ns", ns[1]);
			json_array(stdout, "quartiles");
			for (unsigned i = 0; i < 3; i++)
				json_real(stdout, NULL, ns[i]);
			json_end(stdout);
		} else {
			json_text(stdout, "reason", why);
		}
		json_end(stdout);
	} else if (ns) {
		printf("transfer %-8s %.0f ns from core to core (quartiles %.0f, %.0f; "
		       "shares %s)\n", placement, ns[1], ns[0], ns[2], pin_shared(plan, 0, 1));
	} else {
		printf("transfer %-8s skipped: %s\n", placement, why);
	}
}

void report_list(const struct probe *p, bool json)
{
	if (!json) {
		printf("%-8s %-15s %s%s%s\n", p->name, p->order, p->purpose,
		       p->again[0] ? "; perpetual too" : "", p->bug ? "; a bug's bare shape" : "");
		return;
	}
	head("shape");
	json_text(stdout, "probe", p->name);
	json_text(stdout, "order", p->order);
	json_text(stdout, "file", p->file);
	json_text(stdout, "purpose", p->purpose);
	json_text(stdout, "bug", p->bug);
	json_count(stdout, "actors", probe_actors(p));
	json_array(stdout, "forms");
	json_text(stdout, NULL, "strided");
	if (p->again[0])
		json_text(stdout, NULL, "perpetual");
	json_end(stdout);
	json_array(stdout, "allowed");
	for (unsigned m = 0; m < MODEL_COUNT; m++)
		if (p->allowed >> m & 1)
			json_text(stdout, NULL, model_text(m));
	json_end(stdout);
	json_end(stdout);
}
