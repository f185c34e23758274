/* The simulated kernel's descriptors: what a system call does to them, without
 * threads, time or scheduling (calls.c adds those).
 *
 * Readiness follows Linux 6: each file wakes the epoll items that watch it,
 * with the kernel's key of events; a woken item stands in its instance's ready
 * list until epoll_wait asks the file itself. tests/unit/kernel_test.c compares
 * all of it with the kernel that runs the test. Buffers are smaller, so that
 * small cases fill them. Not simulated: an epoll instance that watches another
 * one.
 */
#ifndef FUZZ_KERNEL_KERNEL_H
#define FUZZ_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/world.h"

enum {
	KERNEL_FDS = 64,         /* descriptors 3 .. 63 */
	KERNEL_FILES = 80,       /* with ends that no descriptor names */
	KERNEL_ITEMS = 128,      /* interests, of all epoll instances */
	SOCKET_BUFFER = 4096,    /* bytes; a message costs MESSAGE_COST more */
	MESSAGE_COST = 64,
	PIPE_BUFFER = 4096,
	PIPE_ATOMIC = 512,       /* writes of at most so many bytes are whole */
	BACKLOG = 16             /* connections that wait to be accepted, less one */
};

/* Forgets every file: a new execution begins. */
void kernel_begin(void);
/* From now on the lowest number is this one, and not 3: so it is in a program
 * that was started with fewer open. Until the next execution. */
void kernel_fds_from(int fd);
/* How many descriptors are open. */
unsigned kernel_open(void);
/* As the functions of base/world.h: results, or -errno. */
int kernel_pipe(int fd[2]);
int kernel_socketpair(int fd[2]);
int kernel_listen(void);
int kernel_accept(int fd);
int kernel_connect(int listener);
int kernel_eventfd(void);
int64_t kernel_read(int fd, void *buffer, size_t bytes);
int64_t kernel_write(int fd, const void *buffer, size_t bytes);
int kernel_close(int fd);
int kernel_poll(int fd, uint32_t events);
int kernel_epoll_create(void);
int kernel_epoll_ctl(int epoll, enum world_ctl op, int fd, uint32_t events, uint64_t data);
/* Never waits. from: NULL, or the file of each event (kernel_file()). */
int kernel_epoll_wait(int epoll, struct world_event *events, int n, uint8_t *from);

/* Which file a descriptor names, 0 .. KERNEL_FILES - 1; -EBADF: none. */
int kernel_file(int fd);
/* The file at the other end of a file's pipe or connection, or itself. */
unsigned kernel_peer(unsigned file);
/* Called when the epoll instance that is this file may have an event for one
 * more waiter. Defined by whoever makes threads wait. */
void kernel_ready(unsigned file);

#endif
