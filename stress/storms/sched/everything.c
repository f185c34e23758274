/* Everything at once: goroutines talk over sockets under deadlines, hang up and
 * connect again, allocate and keep lists, recurse, sleep, block in system calls
 * and start others, while one collects and so shrinks their stacks. What is
 * left at the end has leaked: handles, objects, spans, stacks, descriptors.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "poller/fd.h"
#include "sched/gc.h"
#include "storms/sched/wild.h"

enum {
	KEPT = 8,            /* lists of a goroutine */
	LONGEST = 16,        /* nodes of one */
	WORDS = 40,          /* of a node, at most */
	MESSAGE = 1024,      /* bytes, at most */
	CHUNK = 256,         /* bytes that an echo has in hand */
	ROOM = 1024,         /* stack for a goroutine's own functions */
	MS = 1000000,
	HEAP_BYTES = 256 << 20
};
enum { OP_ECHO, OP_TIMEOUT, OP_CONNECT, OP_KEEP, OP_CHILD, OP_SLEEP, OP_CALL, OP_COLLECT, OP_MOVE };

static struct line {
	struct poll_fd end[2]; /* the client's, its echo's */
	word32 gone;           /* 1: the echo has ended */
} *line;
static word32 running; /* goroutines that have to end first */

static void leave(void)
{
	/* pairs with: everything_main() */
	fetch_add_acq_rel(&running, (uint32_t)-1);
}

/* --- lists --- */

struct node {
	struct node *next;
	uint64_t value, words;
	uint64_t word[];
};

static uint64_t word_of(const struct node *n, uint64_t i)
{
	return ((uintptr_t)n ^ n->value) * UINT64_C(0x9e3779b97f4a7c15) + i;
}

/* A list of nodes with that value, in *head. */
static void make_list(struct tally *t, void **head, uint64_t value)
{
	void **fresh = gc_handle();
	*head = NULL;
	for (uint32_t left = 1 + rng_below(&t->rng, LONGEST); left > 0; left--) {
		uint64_t words = rng_below(&t->rng, WORDS);
		struct node *n = gc_alloc(fresh, sizeof *n + words * sizeof n->word[0], true);
		n->next = *head;
		n->value = value;
		n->words = words;
		for (uint64_t i = 0; i < words; i++)
			n->word[i] = word_of(n, i);
		*head = n;
	}
	gc_release(fresh);
}

static void check_list(const struct node *n, uint64_t value)
{
	bool right = true;
	for (; n && right; n = n->next) {
		right = n->value == value && n->words < WORDS;
		for (uint64_t i = 0; right && i < n->words; i++)
			right = n->word[i] == word_of(n, i);
	}
	wild_find(EARLY_FREE, "a list that a handle keeps has another's content", !right);
}

/* --- lines --- */

static void echo(void *arg)
{
	struct line *l = arg;
	struct poll_fd *f = &l->end[1];
	char buffer[CHUNK];
	stack_need(ROOM);
	for (int64_t n; (n = fd_read(f, buffer, sizeof buffer)) > 0;)
		for (int64_t done = 0, m; done < n; done += m)
			if ((m = fd_write(f, buffer + done, (size_t)(n - done))) <= 0)
				break;
	fd_close(f);
	/* pairs with: hang_up() */
	store_release(&l->gone, 1);
	leave();
}

static void connect_line(void *arg)
{
	struct line *l = arg;
	int fd[2];
	word_init(&l->gone, 0);
	if (world_socketpair(fd) != 0 || fd_open(&l->end[0], sched_poller(), fd[0]) != 0 ||
	    fd_open(&l->end[1], sched_poller(), fd[1]) != 0)
		wild.order->give_up("cannot connect sockets");
}

static void call_echo(struct line *l)
{
	worker_call(connect_line, l);
	/* pairs with: leave() */
	fetch_add_acq_rel(&running, 1);
	go(echo, l);
}

static void hang_up(struct line *l)
{
	fd_close(&l->end[0]);
	/* pairs with: echo() */
	while (!load_acquire(&l->gone))
		go_yield();
}

/* Sends an object and compares what comes back, in the face of deadlines that
 * pass. */
static void talk(struct tally *t, struct line *l)
{
	struct poll_fd *f = &l->end[0];
	size_t bytes = 8 + rng_below(&t->rng, MESSAGE / 8 - 8) * 8;
	void **sent = gc_handle(), **back = gc_handle();
	uint64_t *word = gc_alloc(sent, bytes, false);
	for (size_t i = 0; i < bytes / 8; i++)
		word[i] = t->rng + i;
	char *to = gc_alloc(back, bytes, false);
	if (rng_below(&t->rng, 4) == 0)
		fd_set_deadline(f, 1 + rng_below(&t->rng, 100000), POLL_READ);
	for (size_t done = 0; done < bytes;) {
		int64_t n = fd_write(f, (char *)word + done, bytes - done);
		done += n > 0 ? (size_t)n : 0;
	}
	for (size_t had = 0; had < bytes;) {
		int64_t n = fd_read(f, to + had, bytes - had);
		had += n > 0 ? (size_t)n : 0;
		if (n == -ETIMEDOUT) {
			wild_count(t, OP_TIMEOUT);
			fd_set_deadline(f, 0, POLL_READ);
		}
	}
	fd_set_deadline(f, 0, POLL_READ | POLL_WRITE);
	wild_find(LOST_ITEM, "an echo is not what was sent", memcmp(word, to, bytes) != 0);
	gc_release(back);
	gc_release(sent);
	wild_count(t, OP_ECHO);
}

/* --- goroutines --- */

static void child(void *arg)
{
	struct tally own = { .rng = (uintptr_t)arg };
	stack_need(ROOM);
	void **head = gc_handle();
	make_list(&own, head, own.rng);
	wild_dive(&own);
	check_list(*head, (uintptr_t)arg);
	gc_release(head);
	leave();
}

static void block(void)
{
	static word32 never;
	syscall_enter();
	world_futex_wait(&never, 0, MS / 20);
	syscall_exit();
}

static void keep(struct tally *t, void **vault, uint64_t *values)
{
	uint32_t i = rng_below(&t->rng, KEPT);
	void **head = gc_handle();
	values[i] = t->rng;
	make_list(t, head, values[i]);
	((void **)*vault)[i] = *head;
	gc_release(head);
}

static void start_child(struct tally *t)
{
	/* pairs with: leave() */
	fetch_add_acq_rel(&running, 1);
	go(child, (void *)(uintptr_t)(t->rng | 1));
}

static void turn(struct tally *t, struct line *l, void **vault, uint64_t *values)
{
	uint32_t what = rng_below(&t->rng, 16);
	if (what < 9) {
		talk(t, l);
	} else if (what < 12) {
		keep(t, vault, values);
		wild_count(t, OP_KEEP);
	} else if (what == 12) {
		hang_up(l);
		call_echo(l);
		wild_count(t, OP_CONNECT);
	} else if (what == 13) {
		start_child(t);
		wild_count(t, OP_CHILD);
	} else if (what == 14) {
		go_sleep(1 + rng_below(&t->rng, MS / 4));
		wild_count(t, OP_SLEEP);
	} else {
		block();
		wild_count(t, OP_CALL);
	}
}

static void client(void *arg)
{
	struct tally *t = arg;
	uint64_t values[KEPT] = { 0 };
	stack_need(ROOM);
	void **vault = gc_handle();
	gc_alloc(vault, KEPT * sizeof(void *), true);
	call_echo(&line[t->id]);
	while (!wild_stopping()) {
		uint32_t i = rng_below(&t->rng, KEPT);
		turn(t, &line[t->id], vault, values);
		if (i == 0)
			wild_dive(t);
		check_list(((struct node **)*vault)[i], values[i]);
	}
	hang_up(&line[t->id]);
	gc_release(vault);
	leave();
}

static void collector(void *arg)
{
	struct tally *t = arg;
	while (!wild_stopping()) {
		gc_collect();
		wild_count(t, OP_COLLECT);
		/* relaxed: figures */
		store_relaxed(&t->op[OP_MOVE], load_relaxed(&sched_current()->stacks.moves));
		go_sleep(1 + rng_below(&t->rng, 2 * MS));
	}
	leave();
}

/* --- what is left --- */

static void account(const struct gc_counts *c)
{
	wild_find(EARLY_FREE, "a handle led to no object", c->dangling);
	wild_find(EARLY_FREE, "a free object was written to", c->written + c->audit.bad_free);
	wild_find(BLOCK_LEAK, "handles were not given back", c->handles);
	wild_find(BLOCK_LEAK, "objects that nothing leads to were not freed",
		  c->audit.live + (c->allocated != c->freed));
	wild_find(BLOCK_LEAK, "spans are in no set and no cache",
		  c->audit.lost + c->audit.misplaced);
	wild_find(DUPLICATE_ITEM, "spans are in two places", c->audit.twice);
}

static void everything_main(void *arg)
{
	struct gc_counts counts;
	(void)arg;
	stack_need(ROOM + sizeof counts);
	gc_begin(&(struct gc_config){ .heap_bytes = HEAP_BYTES, .poison = true });
	for (unsigned i = 0; i + 1 < wild.tallies; i++)
		go(client, &wild.tally[i]);
	go(collector, &wild.tally[wild.tallies - 1]);
	/* pairs with: leave() */
	while (load_acquire(&running) != 0)
		go_sleep(MS);
	wild_end();
	gc_end(&counts);
	account(&counts);
}

static void run(const struct storm_order *order)
{
	unsigned n = order->descriptors;
	line = world_map(n * sizeof *line);
	word_init(&running, n + 1);
	wild_storm(order, &(struct wild){ .tallies = n + 1, .main = everything_main });
	world_unmap(line, n * sizeof *line);
}

#define PURPOSE                                                                          \
	"sockets, deadlines, allocation, recursion, sleep and system calls, while one"   \
	" collects; then what is left is counted"
#define EVERYTHING                                                                       \
	.op = { "echo", "timeout", "connect", "keep", "child", "sleep", "call",           \
		"collection", "move" },                                                  \
	.gauge = { "goroutines", "stacks", "stack_kib" }, .descriptors = 64,             \
	.fewest = 1, .files_each = 2, .files_more = 64, .run = run

OVER_PORTS(everything, PURPOSE, EVERYTHING,
	   MUST({ "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL }));
STORM(everything, .purpose = PURPOSE, EVERYTHING,
      MUST({ "BUG_MARK_SPLIT", EARLY_FREE, EVERY_MODEL },
	   { "BUG_COPYSTACK_CAS", WEDGE, EVERY_MODEL }),
      MAY({ "BUG_COPYSTACK_CHECKED", FATAL, EVERY_MODEL },
	  { "BUG_PARK_LATE", FATAL, EVERY_MODEL }, { "BUG_STOP_EARLY", FATAL, EVERY_MODEL },
	  { "BUG_SYSCALL_STORE", FATAL, EVERY_MODEL },
	  { "BUG_SYSCALL_STORE", STACK_CORRUPTION, EVERY_MODEL },
	  ANYTHING("BUG_STEAL_STORE"),
	  { "BUG_STOPWAIT_BARE", DATA_RACE, EVERY_MODEL },
	  { "BUG_STOPWAIT_BARE+plain", DATA_RACE, EVERY_MODEL },
	  /* What is freed too early is anybody's: a message, a link. */
	  { "BUG_MARK_SPLIT", LOST_ITEM, EVERY_MODEL }, { "BUG_MARK_SPLIT", CRASH, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", UNDEFINED_BEHAVIOUR, EVERY_MODEL },
	  { "BUG_MARK_SPLIT", DATA_RACE, EVERY_MODEL },
	  /* Most spans that are put early are put in the wrong set. */
	  { "BUG_PUT_EARLY", BLOCK_LEAK, EVERY_MODEL },
	  { "BUG_PUT_EARLY", EARLY_FREE, EVERY_MODEL }, { "BUG_PUT_EARLY", CRASH, EVERY_MODEL },
	  { "BUG_PUT_EARLY", LOST_ITEM, EVERY_MODEL },
	  { "BUG_PUT_EARLY", DATA_RACE, EVERY_MODEL }));
