/* A lock-free stack of nodes that are never unmapped (Treiber, IBM RJ 5118,
 * 1986, with a tagged head; in Go runtime/lfstack.go).
 *
 * head: 0, or a node's address in the upper 48 bits (its low 3 bits are zero
 * and not kept) and the low 19 bits of that node's push count below. The count
 * tells a node that was popped and pushed again from one that stayed.
 */
#ifndef SPANSET_STACK_H
#define SPANSET_STACK_H

#include "base/case.h"
#include "base/order.h"

/* First in whatever is stacked; 8-byte aligned. A popper may read `next` of a
 * node that another one has just popped: its memory must stay a node. */
struct stack_node {
	word64 next;     /* as head */
	uint64_t pushes; /* of its owner, who pushes it */
};

struct stack {
	HOT word64 head; /* -> a node by push, -> its next by pop */
};

/* Pushes a node that the caller owns. Fatal if its address needs more than 48
 * bits, as 57-bit address spaces can hand out. */
void stack_push(struct stack *s, struct stack_node *node);
/* Pops the newest node, which is the caller's then; NULL if there is none. */
struct stack_node *stack_pop(struct stack *s);
/* The newest node without popping it; for whoever is alone with the stack. */
struct stack_node *stack_first(const struct stack *s);
/* The node below it, likewise. */
struct stack_node *stack_below(const struct stack_node *node);

#endif
