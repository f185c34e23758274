/* What files.c and epoll.c share.
 */
#ifndef FUZZ_KERNEL_FILE_H
#define FUZZ_KERNEL_FILE_H

#include "kernel/kernel.h"

enum file_kind { FILE_FREE, FILE_PIPE_READ, FILE_PIPE_WRITE, FILE_SOCKET, FILE_LISTENER,
		 FILE_EVENT, FILE_EPOLL };

enum {
	RING = 2 * SOCKET_BUFFER,  /* a power of two; the last message may exceed the buffer */
	MESSAGES = SOCKET_BUFFER / MESSAGE_COST + 1
};

/* Bytes on their way. A socket's come in messages, which matter only to the
 * buffer's accounts. */
struct queue {
	uint32_t head, bytes; /* first byte, and how many */
	uint32_t first, messages;
	uint32_t cost;        /* of the messages, as long as they were sent */
	uint16_t left[MESSAGES], sent[MESSAGES]; /* bytes of each */
	uint8_t byte[RING];
};

/* An interest of an epoll instance in a file. */
struct item {
	struct file *epoll, *file; /* file NULL: free */
	uint32_t events;
	uint64_t data;
	bool ready;                /* stands in the ready list */
	struct item *next;         /* of the same file */
	struct item *before, *after; /* in the ready list */
};

/* Of a pipe or connection, the two ends; each stays until both are closed. */
struct file {
	uint8_t kind;
	bool open;
	int error;             /* of a socket, told once by read */
	struct file *peer;     /* the other end */
	struct item *items;    /* that watch it */
	union {
		uint64_t count;     /* FILE_EVENT */
		struct queue queue; /* FILE_SOCKET: what it receives; FILE_PIPE_READ */
		struct {            /* FILE_LISTENER: server ends not yet accepted */
			struct file *waiting[BACKLOG + 1];
			unsigned count;
		} backlog;
		struct { struct item *first, *last; } ready; /* FILE_EPOLL */
	};
};

/* The open file that fd names, or NULL. */
struct file *file_of(int fd);
/* A new file of that kind; NULL: too many. */
struct file *file_new(enum file_kind kind);
/* Gives the file the lowest free number; -EMFILE and the file freed if there is
 * none. */
int file_name(struct file *f);
unsigned file_index(const struct file *f);
/* What is ready now, as epoll and poll report it. */
uint32_t file_poll(const struct file *f);
/* Whether poll says that f can send: some way below the limit that makes write
 * fail. */
bool socket_writable(const struct file *f);
/* Whether a pipe has no room for a whole write of PIPE_ATOMIC bytes. */
bool pipe_full(const struct queue *q);
/* Wakes the items of f that ask for one of these events; 0: all. */
void file_wake(struct file *f, uint32_t events);
/* Every item of this file, or of this epoll instance, goes. */
void items_forget(struct file *f);
/* Forgets all items: a new execution. */
void items_begin(void);

#endif
