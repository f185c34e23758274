/* The memory models by name. Options stand in any order: "armv8+rcpc+lse". */
#include <string.h>

#include "memory/weak.h"

bool weak_every_choice, weak_sign_clocks;

/* The options named after the base; ~0u: one that does not exist. */
static unsigned options_in(const char *text)
{
	static const char *const name[] = { "lse", "rcpc", "unordered", "relseq11" };
	unsigned options = 0;
	while (*text == '+') {
		size_t length = strcspn(++text, "+");
		unsigned i = 0;
		while (i < 4 && (strlen(name[i]) != length || strncmp(name[i], text, length)))
			i++;
		if (i == 4)
			return ~0u;
		options |= 1u << i;
		text += length;
	}
	return options;
}

static const struct memory_model *find(const struct memory_model *all, unsigned n,
				       const char *name)
{
	size_t length = strcspn(all->name, "+");
	if (strcspn(name, "+") != length || strncmp(all->name, name, length) != 0)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		if (all[i].options == options_in(name + length))
			return &all[i];
	return NULL;
}

const struct memory_model *model_named(const char *name, enum model *which)
{
	const struct memory_model *m = find(&sc_model, 1, name);
	if (!m)
		m = find(&tso_model, 1, name);
	if (!m)
		m = find(armv8_models, ARMV8_MODELS, name);
	if (!m)
		m = find(c11_models, C11_MODELS, name);
	*which = 0;
	for (unsigned i = 0; m && i < MODEL_COUNT; i++)
		if (strcmp(model_text(i), m->name) == 0)
			*which = 1u << i;
	return m;
}
