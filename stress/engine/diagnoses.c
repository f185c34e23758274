/* What the sanitizers said, as findings in a result. */
#include "engine/emit.h"
#include "engine/sanitizer.h"

static void emit_sites(const char *key, const struct diagnosis *d)
{
	json_array(stdout, key);
	for (unsigned i = 0; i < d->sites; i++) {
		const struct site *site = &d->site[i];
		json_object(stdout, NULL);
		json_text(stdout, "access", site->access[0] ? site->access : NULL);
		json_text(stdout, "function", site->function[0] ? site->function : NULL);
		json_text(stdout, "file", site->file[0] ? site->file : NULL);
		json_count(stdout, "line", site->line);
		json_end(stdout);
	}
	json_end(stdout);
}

void diagnoses_emit(void)
{
	for (uint32_t i = 0; i < diagnoses.n; i++) {
		const struct diagnosed *k = &diagnoses.of[i];
		json_object(stdout, NULL);
		json_text(stdout, "class", failure_text(k->d.failure));
		json_text(stdout, "outcome", k->d.kind);
		json_null(stdout, "round");
		json_count(stdout, "child", k->child);
		json_count(stdout, "count", k->count);
		emit_sites("sites", &k->d);
		emit_sites("evidence", &k->d);
		json_text(stdout, "report", k->text);
		json_end(stdout);
	}
}

void diagnoses_print(void)
{
	for (uint32_t i = 0; i < diagnoses.n; i++) {
		const struct diagnosis *d = &diagnoses.of[i].d;
		printf("  %s: %s, %llu times\n", failure_text(d->failure), d->kind,
		       (unsigned long long)diagnoses.of[i].count);
		for (unsigned j = 0; j < d->sites; j++) {
			const struct site *s = &d->site[j];
			printf("    %s%sin %s", s->access, s->access[0] ? " " : "",
			       s->function[0] ? s->function : "(stack lost)");
			if (s->file[0])
				printf("  %s:%u", s->file, s->line);
			putchar('\n');
		}
	}
	if (diagnoses.more)
		printf("  and %llu reports of other sites\n", (unsigned long long)diagnoses.more);
}
