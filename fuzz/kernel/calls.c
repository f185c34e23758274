/* base/world.h's descriptors on the simulation: each call of a thread (not of
 * prepare or judge) is one step, a full fence, and passes on what the thread
 * knows: to whoever calls for the same file or its other end, and to whom
 * epoll_wait reports it.
 */
#include <errno.h>

#include "kernel/kernel.h"
#include "memory/access.h"
#include "sim.h"
#include "trace.h"
#include "world.h"

#define PC __builtin_return_address(0)

/* Those who did something to a file, and what they knew. */
static struct clock known[KERNEL_FILES];
static uint64_t tellers[KERNEL_FILES];    /* bit per thread */
static uint32_t generation[KERNEL_FILES]; /* of the numbers sleepers wait on */
static unsigned interrupts;               /* of waits to come */

void calls_begin(void)
{
	interrupts = 0;
	kernel_begin();
}

void world_interrupt(unsigned waits)
{
	interrupts = waits;
}

/* Any two calls depend on each other: through numbers, ready lists, buffers. */
static void begin_call(const char *what, int fd, void *pc)
{
	if (!sim.on)
		return;
	sim_step(OP_CALL, model->orders_fences ? KEY_ALL : (uintptr_t)known, true, true, pc);
	model->fence(self(), SEQ_CST);
	trace_note(what, sim.cur, fd < 0 ? 0 : fd, pc);
}

static void hear(unsigned file)
{
	struct thread *t = self();
	clock_join(&t->clock, &known[file], sim.threads);
	for (uint64_t left = tellers[file] & ~bit(t->id); left; left &= left - 1)
		model->joined(t, &sim.thread[__builtin_ctzll(left)]);
}

static void tell(unsigned file)
{
	struct thread *t = self();
	clock_join(&known[file], &t->clock, sim.threads);
	tellers[file] |= bit(t->id);
	tick(t);
}

/* Before a call that may end the file. */
static void meet(int fd)
{
	int file = kernel_file(fd);
	if (file < 0 || !sim.watched)
		return;
	hear(file);
	unsigned peer = kernel_peer(file);
	tell(file);
	if (peer != (unsigned)file)
		tell(peer);
}

static void forget(unsigned file)
{
	clock_clear(&known[file]);
	tellers[file] = 0;
}

/* A file that was just made: nobody has done anything to it. */
static int fresh(int fd)
{
	int file = kernel_file(fd);
	if (file < 0)
		return fd;
	forget(file);
	generation[file]++;
	return fd;
}

static int fresh_both(int result, const int fd[2])
{
	if (result == 0) {
		fresh(fd[0]);
		fresh(fd[1]);
	}
	return result;
}

int world_pipe(int fd[2])
{
	begin_call("pipe", -1, PC);
	if (world_refuses())
		return -EMFILE;
	return fresh_both(kernel_pipe(fd), fd);
}

int world_socketpair(int fd[2])
{
	begin_call("socketpair", -1, PC);
	if (world_refuses())
		return -EMFILE;
	return fresh_both(kernel_socketpair(fd), fd);
}

int world_eventfd(void)
{
	begin_call("eventfd", -1, PC);
	return world_refuses() ? -EMFILE : fresh(kernel_eventfd());
}

int world_listen(void)
{
	begin_call("listen", -1, PC);
	return fresh(kernel_listen());
}

int world_connect(int listener)
{
	begin_call("connect", listener, PC);
	meet(listener);
	int fd = fresh(kernel_connect(listener));
	if (fd >= 0)
		forget(kernel_peer(kernel_file(fd)));
	return fd;
}

int world_accept(int listener)
{
	begin_call("accept", listener, PC);
	meet(listener);
	int fd = kernel_accept(listener);
	if (fd >= 0)
		meet(fd);
	return fd;
}

int64_t world_read(int fd, void *buffer, size_t bytes)
{
	begin_call("read", fd, PC);
	meet(fd);
	int64_t n = kernel_read(fd, buffer, bytes);
	if (n > 0)
		access_plain((uintptr_t)buffer, n, true, PC);
	return n;
}

int64_t world_write(int fd, const void *buffer, size_t bytes)
{
	begin_call("write", fd, PC);
	meet(fd);
	int64_t n = kernel_write(fd, buffer, bytes);
	if (n > 0)
		access_plain((uintptr_t)buffer, n, false, PC);
	return n;
}

int world_close(int fd)
{
	begin_call("close", fd, PC);
	meet(fd);
	return kernel_close(fd);
}

/* --- readiness --- */

/* What those who wait for events of this instance sleep on. */
static uintptr_t sleep_key(unsigned file)
{
	return (uintptr_t)&known[file] + (uintptr_t)generation[file] * sizeof known;
}

void kernel_ready(unsigned file)
{
	world_wake(sleep_key(file), 1);
}

int world_ready(int fd, uint32_t events)
{
	begin_call("poll", fd, PC);
	meet(fd);
	return kernel_poll(fd, events);
}

int world_epoll_create(void)
{
	begin_call("epoll_create", -1, PC);
	return world_refuses() ? -EMFILE : fresh(kernel_epoll_create());
}

int world_epoll_ctl(int epoll, enum world_ctl op, int fd, uint32_t events, uint64_t data)
{
	static const char *const what[] = { "epoll_ctl", "epoll_ctl ADD", "epoll_ctl DEL",
					    "epoll_ctl MOD" };
	begin_call(what[op <= WORLD_MOD ? op : 0], fd, PC);
	meet(epoll);
	if (op != WORLD_DEL && world_refuses())
		return -ENOMEM;
	return kernel_epoll_ctl(epoll, op, fd, events, data);
}

/* One look. Whoever made a file ready is heard. */
static int look(int epoll, struct world_event *events, int n)
{
	uint8_t from[KERNEL_ITEMS];
	meet(epoll);
	int count = kernel_epoll_wait(epoll, events, n, from);
	for (int i = 0; sim.watched && i < count; i++)
		hear(from[i]);
	return count;
}

/* Looks once more after a time-out, as Linux does. */
int world_epoll_wait(int epoll, struct world_event *events, int n, int timeout_ms)
{
	void *pc = PC;
	int64_t until = timeout_ms < 0 ? -1 : sim.now + timeout_ms * INT64_C(1000000);
	bool late = timeout_ms == 0;
	begin_call("epoll_wait", epoll, pc);
	if (interrupts > 0) {
		interrupts--;
		return -EINTR;
	}
	for (;;) {
		int count = look(epoll, events, n);
		if (count > 0)
			access_plain((uintptr_t)events, count * sizeof *events, true, pc);
		if (count == 0 && !late && !sim.on)
			engine_error("epoll_wait would sleep outside of the actors");
		if (count != 0 || late) {
			trace_note(count > 0 ? "epoll_wait: events" : "epoll_wait: none",
				   sim.cur, count > 0 ? count : 0, pc);
			return count;
		}
		trace_note("epoll_wait: sleeps", sim.cur, epoll, pc);
		late = !world_sleep(sleep_key(kernel_file(epoll)), until);
		begin_call(late ? "epoll_wait: time is over" : "epoll_wait: woken", epoll, pc);
	}
}
