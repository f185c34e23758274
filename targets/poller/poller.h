/* A network poller after the Go runtime's: goroutines wait on descriptors until
 * they are ready, closed or past a deadline. Facts from Go 1.19 to 1.21,
 * runtime/netpoll.go.
 */
#ifndef POLLER_POLLER_H
#define POLLER_POLLER_H

#include "base/case.h"
#include "base/goroutine.h"
#include "base/lock.h"
#include "poller/variant.h"

/* Directions, also combined. */
enum { POLL_READ = 1, POLL_WRITE = 2 };

/* Why a wait may not go on or ended. */
enum poll_error {
	POLL_OK,
	POLL_CLOSING,     /* the descriptor is being closed */
	POLL_TIMEOUT,     /* the direction's deadline is over */
	POLL_NOT_POLLABLE /* the last event was an error and nothing else */
};

/* Values of the binary semaphores rg and wg below that of any goroutine
 * pointer. NIL -> WAIT by the waiter; WAIT -> its g by the waiter's commit;
 * READY -> NIL by the waiter, which consumes it; {NIL, WAIT, g} -> READY by
 * readiness; {WAIT, g} -> NIL by closing and expiry; any -> NIL by the waiter
 * after waking, and by reset. Whoever removes a g by its swap owns readying it.
 */
enum { SEM_NIL = 0, SEM_READY = 1, SEM_WAIT = 2 };

/* Bits of info. Bits 4..22 are fd_seq. */
enum {
	INFO_CLOSING = 1,
	INFO_EVENT_ERROR = 2,
	INFO_READ_EXPIRED = 4,
	INFO_WRITE_EXPIRED = 8,
	INFO_SEQ_SHIFT = 4,
	INFO_SEQ_MASK = (1 << 19) - 1
};

struct poller;

/* Memory of descriptors is type-stable: a kernel event may name one after it
 * was closed and opened again, and must find a descriptor there. */
struct poll_desc {
	struct poll_desc *link; /* free list; guarded by the poller's lock */
	struct poller *poller;  /* constant */
	int fd;                 /* constant from open to close */
	uint32_t fd_seq;        /* generation, 1 .. INFO_SEQ_MASK; guarded by lock */
#ifdef BARE_FLAGS
	HOT flag32 closing;   /* written under lock, read bare by waiters */
	flag32 event_error;   /* written by the polling thread without any lock */
	HOT wordptr rg, wg;
	word32 unrelated;     /* what history's "barrier" stores to */
	flag64 rd, wd;        /* as below; written under lock, read bare by waiters */
	HOT mutex lock;       /* guards the rest, and writing the flags */
#else
	/* Summary for waiters, who cannot take the lock. All bits but
	 * event-error: from the fields below, by publish() under lock;
	 * event-error: by set_event_error() without it. */
	HOT word32 info; /* kept: Go's is seq_cst for errors too */
	HOT wordptr rg, wg; /* one waiter per direction */
	HOT mutex lock;     /* guards the rest */
	flag32 closing;
	flag64 rd, wd; /* deadlines: 0 none, > 0 world_now() time, < 0 expired */
#endif
	HOT uint32_t user;      /* the backend's own; 0 when opened */
	/* 1: an event has told of the end or of an error */
	word32 ended;
	uintptr_t rseq, wseq;   /* cookies: a timer fires with the one it was armed with */
	bool rt_armed, wt_armed;
	bool drained;           /* the last read has taken all there was; the reader's */
	struct timer rt, wt;
};

/* What stands under a poller. Functions return 0 or -errno unless said. */
struct poll_backend {
	const char *name;
	bool tells_errors; /* by poll_set_event_error() */
	int (*start)(struct poller *p);
	void (*stop)(struct poller *p);
	int (*open)(struct poller *p, struct poll_desc *pd);
	int (*close)(struct poller *p, struct poll_desc *pd);
	/* Asks for one event of that direction; NULL where events are
	 * edge-triggered. */
	void (*arm)(struct poll_desc *pd, int mode);
	/* Waits delay ns (< 0: for ever, 0: not at all) and puts up to `room`
	 * >= 256 goroutines that became runnable into list. Returns their
	 * number. *waiters is what the caller hands to poller_adjust() once
	 * they are runnable. */
	unsigned (*poll)(struct poller *p, int64_t delay, struct g **list, int *waiters);
	/* Makes a blocked poll() return. */
	void (*wake)(struct poller *p);
	/* Oracle: how many associations were made for somebody else than the
	 * descriptor number's owner; NULL: the backend makes none. */
	uint32_t (*stale)(struct poller *p);
};

struct poller {
	mutex lock;             /* guards first, blocks and the counts */
	struct poll_desc *first;
	uint32_t allocated, in_use;
	void *blocks;           /* chain of the permanent blocks */
	HOT word32 waiters;     /* goroutines committed to waiting, and not yet readied */
	const struct poll_backend *backend;
	int port, wake_fd;      /* the backend's descriptors */
	void *state;            /* the backend's own */
	word32 in_vain;         /* a figure: waits that ended with nothing there */
	/* 0 -> 1 by wake, -> 0 by a blocking poll that drained. kept: Go's is
	 * seq_cst */
	word32 wake_pending;
};

/* The second asks for writability when somebody first waits for it. */
extern const struct poll_backend epoll_backend, epoll_late_backend;

/* --- desc.c: descriptors --- */

/* Makes *p a poller on the backend. Returns 0 or -errno. */
int poller_start(struct poller *p, const struct poll_backend *backend);
/* Ends it and returns its memory, which late firings of its timers still look
 * at: the runtime's timers end first. Fatal while a descriptor is open. */
void poller_stop(struct poller *p);
/* Shows every descriptor, free ones among them. Not while the poller starts or
 * stops. */
void poller_each(struct poller *p, void (*look)(struct poll_desc *pd));
/* Puts the fields of a descriptor into the state that poll_open leaves: open,
 * idle, no deadlines. For fresh memory only: no lock, no check. */
void poll_desc_init(struct poll_desc *pd, struct poller *p);
/* Registers fd. Returns 0 and sets *out, or -errno with nothing kept. */
int poll_open(struct poller *p, int fd, struct poll_desc **out);
/* Marks pd closing and wakes its waiters with POLL_CLOSING. Fatal the second
 * time. */
void poll_unblock(struct poll_desc *pd);
/* Frees pd. Fatal unless poll_unblock() came before and no waiter remains. */
void poll_close(struct poll_desc *pd);
/* Applies what unblocking subtracted from `waiters`, once the goroutines are
 * runnable. */
void poller_adjust(struct poller *p, int delta);

/* --- block.c: waiting --- */

/* Why waiting in direction `mode` may not go on. Takes no lock. */
enum poll_error poll_check_error(struct poll_desc *pd, int mode);
/* Drops a readiness left over from an earlier attempt; to be called before the
 * attempt that may end in poll_wait(). */
enum poll_error poll_reset(struct poll_desc *pd, int mode);
/* Waits for readiness. POLL_OK: try again. At most one waiter per direction. */
enum poll_error poll_wait(struct poll_desc *pd, int mode);
/* Waits for readiness only, through closing and deadlines (to outlast a
 * canceled operation that the kernel still owns). */
void poll_wait_canceled(struct poll_desc *pd, int mode);
/* One wait without the error checks around it: returns whether readiness ended
 * it. */
bool poll_block(struct poll_desc *pd, int mode, bool ignore_errors);
/* Takes the waiter of one direction out, and leaves READY behind if `ready`.
 * Returns the goroutine to ready, or NULL; subtracts it from *waiters. */
struct g *poll_take(struct poll_desc *pd, int mode, bool ready, int *waiters);
/* Readiness of the directions in `modes`: appends the goroutines to ready to
 * list and returns their number (up to 2). */
unsigned poll_ready(struct poll_desc *pd, int modes, struct g **list, int *waiters);
/* Records whether the last event was an error and nothing else. seq: the fd_seq
 * that the event names; another one's event is ignored, 0 is not compared. */
void poll_set_event_error(struct poll_desc *pd, bool error, uint32_t seq);
/* Publishes the flags, then takes the waiters of `modes`, who will see them.
 * Lock held. taken[0..1]: goroutines to ready after unlocking, or NULL. */
void poll_publish_and_take(struct poll_desc *pd, int modes, struct g *taken[2], int *waiters);
/* Readies what poll_publish_and_take() took. No lock held. */
void poll_ready_taken(struct poll_desc *pd, struct g *taken[2], int waiters);

/* --- deadline.c --- */

/* Sets the deadline of `modes`: d ns from now (> 0; saturates), none (0), or
 * already past (< 0). One timer serves both directions where they agree. */
void poll_set_deadline(struct poll_desc *pd, int64_t d, int modes);
/* What the timers call: arg is the descriptor. */
void poll_read_deadline(void *arg, uintptr_t seq);
void poll_write_deadline(void *arg, uintptr_t seq);
void poll_both_deadline(void *arg, uintptr_t seq);

/* --- io.c: attempts that wait --- */

/* Tries once, without blocking: bytes, or -EAGAIN to wait, or another -errno.
 */
typedef int64_t poll_attempt(void *arg);
/* An event tells of a stream's end or of an error; to be called before the
 * direction is made ready. */
void poll_ended(struct poll_desc *pd);
/* To be called after a read of a stream that gave less than was asked for:
 * there was no more, unless the stream's end came with it, and the next
 * poll_io() need not try before it waits. As epoll(7) says. */
void poll_drained(struct poll_desc *pd);
/* Tries until the attempt says something else than -EAGAIN, and returns that;
 * waits between. -EBADF: closing; -ETIMEDOUT; -EIO: not pollable. */
int64_t poll_io(struct poll_desc *pd, int mode, poll_attempt *attempt, void *arg);

#endif
