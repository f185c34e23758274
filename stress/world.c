/* The real world: world.h on Linux. */
#define _GNU_SOURCE
#include "stress/world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/goroutine.h"
#include "engine/lane.h"

_Thread_local const struct world_hooks *world_hooks;
const struct runtime *runtime; /* set by whoever runs goroutines, before they start */
void (*world_last_words)(const char *message);
word64 world_events;

/* --- threads --- */

struct start {
	void (*fn)(void *);
	void *arg;
};

static void end_small_stacks(void);

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;
	free(arg);
	start.fn(start.arg);
	end_small_stacks();
	return NULL;
}

int world_thread_start(world_thread *t, void (*fn)(void *), void *arg)
{
	struct start *start = malloc(sizeof *start);
	if (!start)
		return -EAGAIN;
	*start = (struct start){ fn, arg };
	pthread_t id;
	int error = pthread_create(&id, NULL, thread_main, start);
	if (error != 0) {
		free(start);
		return -EAGAIN;
	}
	t->id = (uintptr_t)id;
	return 0;
}

void world_thread_join(world_thread t)
{
	pthread_join((pthread_t)t.id, NULL);
}

static _Thread_local void *local;

void world_set_local(void *p)
{
	local = p;
}

/* A compiler keeps the address of a thread's own variable; a call does not. */
__attribute__((noinline)) void *world_local(void)
{
	__asm__ volatile("" ::: "memory");
	return local;
}

/* --- futex --- */

int world_futex_wait(word32 *w, uint32_t expected, int64_t timeout_ns)
{
	if (world_hooks) {
		world_hooks->wait(timeout_ns);
		return 0;
	}
	struct timespec limit = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	long r = syscall(SYS_futex, w, FUTEX_WAIT_PRIVATE, expected,
			 timeout_ns < 0 ? NULL : &limit, NULL, 0);
	return r < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

int world_futex_wake(word32 *w, int n)
{
	long r = syscall(SYS_futex, w, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
	return r < 0 ? 0 : (int)r;
}

/* --- time and waiting --- */

int64_t world_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void world_relax(void)
{
	if (world_hooks && world_hooks->relax)
		world_hooks->relax();
	cpu_relax();
}

void world_relax_for(unsigned turns)
{
	while (turns-- > 0)
		world_relax();
}

void world_yield(void)
{
	if (world_hooks)
		world_hooks->wait(0);
	else
		sched_yield();
}

/* --- failure --- */

/* Of this thread: what to say before it aborts; and, if it runs on small
 * stacks, the stack of its signals and what was there before. */
static _Thread_local const char *dying;
static _Thread_local stack_t signals, former;
enum { SIGNAL_STACK = 256 << 10 };

static void say_last_words(void)
{
	const char *message = dying;
	dying = NULL;
	if (world_last_words)
		world_last_words(message);
	fprintf(stderr, "fatal: %s\n", message);
}

void world_fatal(const char *message)
{
	if (world_hooks)
		world_hooks->fatal(message);
	dying = message;
	/* On a small stack there is no room for words: on_abort() says them. */
	if (!signals.ss_sp)
		say_last_words();
	abort();
}

static void on_abort(int signal)
{
	(void)signal;
	if (dying)
		say_last_words();
}

static const char *(*explain_fault)(const void *address);
static struct sigaction former_fault[2]; /* of SIGSEGV, SIGBUS */

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	dying = explain_fault(info->si_addr);
	if (dying)
		abort();
	/* The access is done again, and this time whoever was there before is
	 * told. */
	sigaction(signal, &former_fault[signal == SIGBUS], NULL);
}

/* Handlers that are there already, and ours. */
static void handle_on_signal_stack(void)
{
	struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	struct sigaction last = { .sa_handler = on_abort, .sa_flags = SA_ONSTACK };
	struct sigaction a;
	for (int i = 1; i < SIGRTMIN; i++) {
		if (sigaction(i, NULL, &a) != 0 || a.sa_handler == SIG_DFL ||
		    a.sa_handler == SIG_IGN || a.sa_flags & SA_ONSTACK)
			continue;
		a.sa_flags |= SA_ONSTACK;
		sigaction(i, &a, NULL);
	}
	sigaction(SIGSEGV, &fault, &former_fault[0]);
	sigaction(SIGBUS, &fault, &former_fault[1]);
	sigaction(SIGABRT, &last, NULL);
}

void world_small_stacks(const char *(*explain)(const void *address))
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (!explain_fault)
		handle_on_signal_stack();
	explain_fault = explain;
	pthread_mutex_unlock(&lock);
	if (signals.ss_sp)
		return;
	signals = (stack_t){ .ss_sp = world_map(SIGNAL_STACK), .ss_size = SIGNAL_STACK };
	sigaltstack(&signals, &former);
}

/* Sanitizers free a thread's signal stack at its end: they get their own. */
static void end_small_stacks(void)
{
	if (!signals.ss_sp)
		return;
	sigaltstack(&former, NULL);
	world_unmap(signals.ss_sp, SIGNAL_STACK);
	signals.ss_sp = NULL;
}

/* --- memory --- */

void *world_map(size_t bytes)
{
	void *region = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	if (region == MAP_FAILED)
		world_fatal("out of memory");
	return region;
}

void world_unmap(void *region, size_t bytes)
{
	munmap(region, bytes);
}

size_t world_page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE };

void *world_reserve(size_t bytes)
{
	void *region = mmap(NULL, bytes, PROT_NONE, RESERVED, -1, 0);
	return region == MAP_FAILED ? NULL : region;
}

int world_commit(void *at, size_t bytes)
{
	return mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0 ? 0 : -ENOMEM;
}

void world_decommit(void *at, size_t bytes)
{
	if (mmap(at, bytes, PROT_NONE, RESERVED | MAP_FIXED, -1, 0) == MAP_FAILED)
		world_fatal("out of mappings");
}

void world_discard(void *at, size_t bytes)
{
	madvise(at, bytes, MADV_DONTNEED);
}

int world_move(void *from, void *to, size_t bytes)
{
	void *moved = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	return moved == MAP_FAILED ? -ENOMEM : 0;
}

/* --- descriptors --- */

static int result(int r)
{
	return r < 0 ? -errno : r;
}

/* Not glibc's: a thread may be cancelled there, which costs. Sanitizers want to
 * see them, though. */
#define CALL(name, ...) (SANITIZED ? name(__VA_ARGS__) : syscall(SYS_##name, __VA_ARGS__))

int world_pipe(int fd[2])
{
	return result(pipe2(fd, O_NONBLOCK | O_CLOEXEC));
}

int world_socketpair(int fd[2])
{
	return result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd));
}

int world_eventfd(void)
{
	return result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

enum { BACKLOG = 16 };

/* The system gives it a name of its own: no file is left behind. */
int world_listen(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name.sun_family) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	int error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int world_connect(int listener)
{
	struct sockaddr_un name;
	socklen_t size = sizeof name;
	if (getsockname(listener, (struct sockaddr *)&name, &size) < 0)
		return -errno;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&name, size) == 0)
		return result(fd);
	int error = -errno;
	close(fd);
	return error;
}

int world_accept(int listener)
{
	return result(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int64_t world_read(int fd, void *buffer, size_t bytes)
{
	ssize_t n = CALL(read, fd, buffer, bytes);
	return n < 0 ? -errno : n;
}

int64_t world_write(int fd, const void *buffer, size_t bytes)
{
	ssize_t n = CALL(write, fd, buffer, bytes);
	return n < 0 ? -errno : n;
}

int world_close(int fd)
{
	return result(close(fd));
}

/* --- readiness --- */

_Static_assert(WORLD_IN == EPOLLIN && WORLD_OUT == EPOLLOUT && WORLD_ERR == EPOLLERR &&
		       WORLD_HUP == EPOLLHUP && WORLD_RDHUP == EPOLLRDHUP &&
		       WORLD_IN == POLLIN && WORLD_OUT == POLLOUT && WORLD_ERR == POLLERR &&
		       WORLD_HUP == POLLHUP && WORLD_ONESHOT == EPOLLONESHOT &&
		       WORLD_EDGE == EPOLLET,
	       "world.h has the kernel's event bits");

int world_ready(int fd, uint32_t events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };
	if (poll(&p, 1, 0) < 0)
		return -errno;
	return p.revents & POLLNVAL ? -EBADF : p.revents;
}

int world_epoll_create(void)
{
	return result(epoll_create1(EPOLL_CLOEXEC));
}

int world_epoll_ctl(int epoll, enum world_ctl op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };
	int kind = op == WORLD_ADD ? EPOLL_CTL_ADD : op == WORLD_DEL ? EPOLL_CTL_DEL
								       : EPOLL_CTL_MOD;
	return result(epoll_ctl(epoll, kind, fd, &event));
}

int world_epoll_wait(int epoll, struct world_event *events, int n, int timeout_ms)
{
	enum { MOST = 128 };
	struct epoll_event found[MOST];
	int count = (int)CALL(epoll_pwait, epoll, found, n < MOST ? n : MOST, timeout_ms, NULL);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++)
		events[i] = (struct world_event){ found[i].events, found[i].data.u64 };
	/* relaxed: a figure */
	fetch_add_relaxed(&world_events, (uint64_t)count);
	return count;
}
