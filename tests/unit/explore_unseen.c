/* A subject whose compiler hides a write from the explorer, as clang does with
 * some of a local variable's fields.
 */
#include <string.h>

#include "base/case.h"
#include "base/world.h"

struct state {
	word32 word;
	uint32_t found, replaced;
};

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	memset(state, 0, sizeof(struct state));
}

__attribute__((noinline, no_sanitize("thread"))) static void write_unseen(word32 *w, uint32_t x)
{
	word_init(w, x);
}

static void writer(void *state, struct slot *me)
{
	struct state *s = state;
	(void)me;
	store_seq_cst(&s->word, 1); /* pairs with: nobody, it waits for buffers */
	write_unseen(&s->word, 5);
	s->found = load_relaxed(&s->word); /* relaxed: nobody else looks */
	write_unseen(&s->word, 7);
	s->replaced = exchange_seq_cst(&s->word, 2); /* pairs with: nobody */
}

enum { RIGHT, OLD };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	(void)slots;
	return s->found == 5 && s->replaced == 7 ? RIGHT : OLD;
}

CASE(unseen_write, .purpose = "plain writes without a hook, between atomic accesses",
     .state_size = sizeof(struct state), .actor = { { "writer", writer } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "right", OK, NO_FAILURE, "each access found what was written last" },
	      { "old", BAD, WRONG_OUTCOME, "an access found an earlier value" }));
