/* A probe as a litmus test in C: its actors' texts, access by access. */
#include <string.h>

#include "probes/text.h"

static void print_access(const struct access *a, const char *load, const char *store,
			 unsigned actor)
{
	const char *order = strstr(a->name, "_SC") ? "seq_cst" : "release";
	if (strncmp(a->name, "ST", 2) == 0)
		printf("  atomic_store_explicit(%s,%s,memory_order_%s);\n", a->arg[0], a->arg[1],
		       a->name[2] ? order : store);
	else if (strncmp(a->name, "LD", 2) == 0)
		printf("  int %s = atomic_load_explicit(%s,memory_order_%s);\n", a->arg[0],
		       a->arg[1], a->name[2] ? order : load);
	else if (strcmp(a->name, "CAS") == 0)
		printf("  int %s = atomic_compare_exchange_strong_explicit(%s,e%u,%s,"
		       "memory_order_seq_cst,memory_order_seq_cst);\n",
		       a->arg[0], a->arg[1], actor, a->arg[2]);
	else if (strcmp(a->name, "ADD") == 0)
		printf("  int %s = atomic_fetch_add_explicit(%s,%s,memory_order_seq_cst);\n",
		       a->arg[0], a->arg[1], a->arg[2]);
	else
		printf("  atomic_thread_fence(memory_order_seq_cst);\n");
}

void litmus_print(const struct probe *p)
{
	bool plain = strcmp(p->order, "plain") == 0, total = strcmp(p->order, "seq_cst") == 0;
	printf("C %s.%s\n{ [x]=0; [y]=0; [z]=0; [e0]=0; [e1]=0; }\n", p->name, p->order);
	for (unsigned a = 0; a < probe_actors(p); a++) {
		struct access access[MOST_ACCESSES];
		unsigned n = text_read(p->actor[a]->text, access);
		printf("\nP%u (atomic_int* x, atomic_int* y, atomic_int* z, int* e%u) {\n", a, a);
		for (unsigned i = 0; i < n; i++)
			print_access(&access[i], plain ? "relaxed" : total ? "seq_cst" : "acquire",
				     plain ? "relaxed" : total ? "seq_cst" : "release", a);
		puts("}");
	}
	uint32_t shown = state_shown(p);
	printf("\nlocations [");
	for (unsigned at = 0; at < PROBE_ACTORS * 4 + PROBE_WORDS * 2; at += 2) {
		if (!(shown >> at & 3))
			continue;
		if (at < PROBE_ACTORS * 4)
			printf("%u:r%u;", at / 4, at % 4 / 2);
		else
			printf("%c;", "xyz"[(at - PROBE_ACTORS * 4) / 2]);
	}
	printf("]\nexists (");
	for (unsigned i = 0; i < p->terms; i++) {
		const struct term *t = &p->weak[i];
		printf("%s", i ? " /\\ " : "");
		if (t->actor == IN_THE_END)
			printf("[%c]=%u", "xyz"[t->what], t->value);
		else
			printf("%d:r%u=%u", t->actor, t->what, t->value);
	}
	puts(")\n");
}
