/* The lock-free stack: a pop while its node is popped, and pushed again
 * (ABA). */
#include "base/case.h"
#include "spanset/stack.h"

enum { NODES = 2, UPPER = 1, LOWER = 2 };

struct state {
	struct stack stack;
	struct stack_node upper, lower;
};

static long which(const struct state *s, const struct stack_node *node)
{
	return node == &s->upper ? UPPER : node == &s->lower ? LOWER : node ? -1 : 0;
}

/* got[0], got[1]: nodes kept; got[2]: the newest node when it began, got[3]:
 * pushes of the node popped. */
static void popper(void *state, struct slot *me)
{
	struct state *s = state;
	me->got[2] = which(s, stack_first(&s->stack));
	struct stack_node *node = stack_pop(&s->stack);
	me->got[0] = which(s, node);
	me->got[3] = node ? (long)node->pushes : 0;
}

static void juggler(void *state, struct slot *me)
{
	struct state *s = state;
	struct stack_node *first = stack_pop(&s->stack);
	struct stack_node *second = stack_pop(&s->stack);
	if (first)
		stack_push(&s->stack, first);
	me->got[0] = which(s, second);
}

static void prepare(void *state, struct slot *slots)
{
	(void)slots;
	struct state *s = state;
	*s = (struct state){ 0 };
	stack_push(&s->stack, &s->lower);
	stack_push(&s->stack, &s->upper);
}

enum { APART, AROUND, NODE_TWICE, NODE_LOST };

static int judge(const void *state, const struct slot *slots)
{
	const struct state *s = state;
	unsigned times[NODES + 1] = { 0 };
	for (int a = 0; a < 2; a++) {
		if (slots[a].got[0] < 0)
			return -1;
		times[slots[a].got[0]]++;
	}
	const struct stack_node *node = stack_first(&s->stack);
	for (unsigned n = 0; node && n <= NODES; n++, node = stack_below(node))
		times[which(s, node) > 0 ? which(s, node) : 0]++;
	if (node || times[UPPER] > 1 || times[LOWER] > 1)
		return NODE_TWICE;
	if (times[UPPER] + times[LOWER] != NODES)
		return NODE_LOST;
	return slots[0].got[2] == UPPER && slots[0].got[3] == 2 ? AROUND : APART;
}

CASE(node_again,
     .purpose = "a pop while the node is popped by another and pushed again",
     .state_size = sizeof(struct state), .state_align = _Alignof(struct state),
     .actor = { { "popper", popper }, { "juggler", juggler } },
     .prepare = prepare, .judge = judge,
     OUTCOMES({ "apart", OK, NO_FAILURE, "the pop was before, after or between" },
	      { "around", NEAR, NO_FAILURE,
		"the pop began before the first pop and ended after the push" },
	      { "node_twice", BAD, DUPLICATE_ITEM, "a node has two owners" },
	      { "node_lost", BAD, LOST_ITEM, "a node has no owner" }),
     EXPECT({ "BUG_STACK_NO_TAG", DUPLICATE_ITEM, EVERY_MODEL }));
