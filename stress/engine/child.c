#define _GNU_SOURCE
#include "engine/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/sanitizer.h"
#include "stress/world.h"

enum { LOOK_MS = 100 };

volatile int child_stop;

struct result *result_new(void)
{
	struct result *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		world_fatal("out of memory");
	r->first_hit = -1;
	return r;
}

void result_add_failure(struct result *r, enum failure f, const char *what)
{
	r->failures[f]++;
	if (r->findings == MAX_FINDINGS)
		return;
	struct finding *finding = &r->finding[r->findings++];
	memset(finding, 0, sizeof *finding);
	finding->failure = f;
	finding->child = r->children;
	snprintf(finding->outcome, sizeof finding->outcome, "%s", what);
}

/* Waits for the child's end while it shows progress. Returns false after
 * silence. */
static bool watch(int pidfd, struct result *r, int64_t patience)
{
	uint64_t beat = 0;
	int64_t last = world_now();
	for (;;) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };
		int n = poll(&p, 1, LOOK_MS);
		if (n > 0)
			return true;
		/* relaxed: only watched for change */
		uint64_t now_beat = load_relaxed(&r->heartbeat);
		int64_t now = world_now();
		if (now_beat != beat) {
			beat = now_beat;
			last = now;
		} else if (now - last > patience) {
			return false;
		}
	}
}

/* reported: by a sanitizer, which may have ended the child over it. */
static bool judge_end(struct result *r, int status, bool reported)
{
	char what[FINDING_TEXT];
	if (WIFSIGNALED(status)) {
		if (child_stop)
			return true;
		snprintf(what, sizeof what, "signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
		result_add_failure(r, CRASH, what);
		return false;
	}
	if (r->error[0]) {
		result_add_failure(r, ENGINE_ERROR, r->error);
		return false;
	}
	if (WEXITSTATUS(status) != 0 && reported)
		return false;
	if (WEXITSTATUS(status) != 0) {
		snprintf(what, sizeof what, "the child exited with %d", WEXITSTATUS(status));
		result_add_failure(r, CRASH, what);
		return false;
	}
	return true;
}

bool child_run(const struct child_plan *plan, struct result *r)
{
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		result_add_failure(r, ENGINE_ERROR, "cannot fork");
		return false;
	}
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sanitizer_child_begins();
		(plan->work ? plan->work : child_work)(plan, r);
		sanitizer_child_ends();
		_exit(0);
	}
	setpgid(pid, pid);
	int pidfd = pidfd_open(pid, 0);
	bool alive = pidfd >= 0 && !watch(pidfd, r, plan->patience);
	if (alive)
		kill(-pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL); /* whatever the child may have left behind */
	if (pidfd >= 0)
		close(pidfd);
	bool reported = sanitizer_collect(r) > 0;
	bool ended = !alive && judge_end(r, status, reported);
	if (alive)
		result_add_failure(r, TIMEOUT, "no sign of life within --patience");
	r->children++;
	if (plan->phase == PHASE_MEASURE && r->measured_children + 1 < MAX_CHILDREN)
		r->measured_children++;
	return ended;
}
