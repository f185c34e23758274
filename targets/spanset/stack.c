#include "spanset/stack.h"

#include "base/world.h"

enum { ADDRESS_BITS = 48, ALIGN_BITS = 3, TAG_BITS = 64 - ADDRESS_BITS + ALIGN_BITS };

static void check_address(uint64_t address)
{
	if (address >> ADDRESS_BITS || address & ((1 << ALIGN_BITS) - 1))
		world_fatal("a stack node's address does not fit beside its tag: 48 bits and "
			    "multiples of 8 do; 57-bit address spaces are not supported");
}

static uint64_t pack(const struct stack_node *node, uint64_t pushes)
{
	uint64_t address = (uintptr_t)node;
#ifdef BUG_STACK_NO_TAG
	/* dropped: the tag. A popper that read the head takes a node popped and
	 * pushed again for the one that stayed, and brings back what was below
	 * it then (ABA): duplicate_item, on any machine. */
	pushes = 0;
#endif
	return address << (64 - ADDRESS_BITS) | (pushes & ((1 << TAG_BITS) - 1));
}

static struct stack_node *unpack(uint64_t head)
{
	return (struct stack_node *)(uintptr_t)(head >> TAG_BITS << ALIGN_BITS);
}

void stack_push(struct stack *s, struct stack_node *node)
{
	check_address((uintptr_t)node);
	node->pushes++;
	uint64_t new = pack(node, node->pushes);
	/* relaxed: the swap compares it */
	uint64_t seen = load_relaxed(&s->head);
	do {
		/* relaxed: the swap publishes it */
		store_relaxed(&node->next, seen);
		/* The race lost: any push or pop.
		 * pairs with: stack_pop() — next, and all that the owner did */
	} while (!cas_release(&s->head, &seen, new));
}

struct stack_node *stack_pop(struct stack *s)
{
	/* pairs with: stack_push() swap, also through later pops' swaps */
	uint64_t seen = load_acquire(&s->head);
	while (seen) {
		struct stack_node *node = unpack(seen);
		/* relaxed: `seen` was acquired; of a node that is gone this may
		 * be anything, and then the swap fails by the tag */
		uint64_t next = load_relaxed(&node->next);
		/* The race lost: any push or pop. pairs with: as above */
		if (cas_acquire(&s->head, &seen, next))
			return node;
	}
	return NULL;
}

struct stack_node *stack_first(const struct stack *s)
{
	/* pairs with: stack_push() swap. kept: what the node holds, for who
	 * looks at it; nobody does while others push */
	return unpack(load_acquire(&s->head));
}

struct stack_node *stack_below(const struct stack_node *node)
{
	/* relaxed: nobody else is there */
	return unpack(load_relaxed(&node->next));
}
