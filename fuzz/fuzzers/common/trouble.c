#include "common/trouble.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void limit_descriptors(unsigned most)
{
	static struct rlimit natural;
	if (natural.rlim_cur == 0)
		getrlimit(RLIMIT_NOFILE, &natural);
	struct rlimit limit = natural;
	int lowest = most ? dup(0) : -1;
	if (lowest >= 0) {
		close(lowest);
		limit.rlim_cur = (rlim_t)lowest + most - 1;
	}
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void interrupt(int signal)
{
	(void)signal;
}

/* Not SIGALRM, by which libFuzzer sees what hangs. */
void interrupt_me(bool on)
{
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGRTMIN);
	pthread_sigmask(on ? SIG_UNBLOCK : SIG_BLOCK, &ours, NULL);
}

void interrupt_calls(bool on)
{
	enum { EVERY_NS = 300000 };
	static timer_t timer;
	static bool made;
	struct sigaction act = { .sa_handler = interrupt }; /* no restart */
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct timespec time = { 0, on ? EVERY_NS : 0 };
	interrupt_me(false);
	if (on && !made) {
		sigaction(SIGRTMIN, &act, NULL);
		made = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
	}
	if (made)
		timer_settime(timer, 0, &(struct itimerspec){ time, time }, NULL);
}
