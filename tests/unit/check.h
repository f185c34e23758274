/* Checks and the main() of C unit tests: one file per program, any number of
 * TESTs.
 *
 *   TEST(adds) { CHECK_EQ(add(2, 2), 4); }
 *
 * A TEST registers itself, so none can be forgotten. Without arguments a
 * program runs all of them, else those named; --list names them. A failed check
 * prints both expressions and both values and ends the program with status 1.
 * Checks stay on in every build.
 *
 * Comments in the first lines of a test say what it is linked with:
 *   links: targets/poller targets/base/lock.c stress/world.c
 *   libs: hwloc
 * and where it runs besides natively and under the address sanitizer:
 *   also: tsan
 * each as a C comment of its own; a target stands for all that it includes.
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

struct check_test {
	const char *name;
	void (*run)(void);
	struct check_test *next;
};

static struct check_test *check_first, **check_end = &check_first;

#define TEST(id)                                                       \
	static void test_##id(void);                                   \
	__attribute__((constructor)) static void check_add_##id(void)  \
	{                                                              \
		static struct check_test t = { #id, test_##id, NULL }; \
		*check_end = &t;                                       \
		check_end = &t.next;                                   \
	}                                                              \
	static void test_##id(void)

/* Reports the line of the test, even inside a function called by it. */
#define CHECK(cond)                                                               \
	do {                                                                      \
		if (!(cond))                                                      \
			check_failed(__FILE__, __LINE__, "CHECK(%s)\n", #cond);   \
	} while (0)

/* For integers, enums, booleans and pointers; compared as long long. */
#define CHECK_EQ(a, b)                                                                  \
	do {                                                                            \
		_Static_assert(CHECK_WHOLE(a) && CHECK_WHOLE(b), "no floating point");  \
		long long check_a = (long long)(a), check_b = (long long)(b);           \
		if (check_a != check_b)                                                 \
			check_failed(__FILE__, __LINE__,                                \
				     "CHECK_EQ(%s, %s)\n  %s = %lld\n  %s = %lld\n",     \
				     #a, #b, #a, check_a, #b, check_b);                 \
	} while (0)

#define CHECK_WHOLE(x) _Generic((x), float: 0, double: 0, long double: 0, default: 1)

#define CHECK_STR(a, b)                                                                    \
	do {                                                                               \
		const char *check_a = (a), *check_b = (b);                                 \
		if (!check_a || !check_b || strcmp(check_a, check_b))                      \
			check_failed(__FILE__, __LINE__,                                   \
				     "CHECK_STR(%s, %s)\n  %s = \"%s\"\n  %s = \"%s\"\n",  \
				     #a, #b, #a, check_a ? check_a : "(null)", #b,         \
				     check_b ? check_b : "(null)");                        \
	} while (0)

/* That text contains part. */
#define CHECK_HAS(text, part)                                                           \
	do {                                                                            \
		const char *check_a = (text), *check_b = (part);                        \
		if (!strstr(check_a, check_b))                                          \
			check_failed(__FILE__, __LINE__,                                \
				     "CHECK_HAS(%s, %s)\n  %s = \"%s\"\n  lacks \"%s\"\n", \
				     #text, #part, #text, check_a, check_b);            \
	} while (0)

/* That a statement, run in a child, ends the process other than with status 0,
 * and prints text on stderr. */
#define CHECK_DIES(statement, text)                                          \
	do {                                                                 \
		int check_pipe[2];                                           \
		char check_said[4096];                                       \
		CHECK_EQ(pipe(check_pipe), 0);                               \
		pid_t check_child = fork();                                  \
		if (check_child == 0) {                                      \
			dup2(check_pipe[1], 2);                              \
			statement;                                           \
			_exit(0);                                            \
		}                                                            \
		close(check_pipe[1]);                                        \
		CHECK(check_end_of(check_child, check_pipe[0], check_said)); \
		CHECK_HAS(check_said, text);                                 \
	} while (0)

/* Of the first check that fails. */
static struct {
	const char *file, *format;
	int line;
	va_list args;
	ucontext_t context;
	char stack[1 << 16];
} check_failure;

static void check_say(void)
{
	fflush(stdout);
	fprintf(stderr, "%s:%d: failed: ", check_failure.file, check_failure.line);
	vfprintf(stderr, check_failure.format, check_failure.args);
	fflush(stderr);
	_exit(1);
}

/* Says it on a stack of its own: a goroutine's has no room for it. */
__attribute__((format(printf, 3, 4), noreturn, unused)) static void
check_failed(const char *file, int line, const char *format, ...)
{
	static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&first);
	check_failure.file = file;
	check_failure.line = line;
	check_failure.format = format;
	va_start(check_failure.args, format);
	getcontext(&check_failure.context);
	check_failure.context.uc_stack.ss_sp = check_failure.stack;
	check_failure.context.uc_stack.ss_size = sizeof check_failure.stack;
	makecontext(&check_failure.context, check_say, 0);
	setcontext(&check_failure.context);
	_exit(1);
}

/* Collects what the child says. Returns whether it ended badly. */
__attribute__((unused)) static int check_end_of(pid_t child, int from, char said[4096])
{
	size_t used = 0;
	ssize_t n;
	int status = 0;
	while (used < 4095 && (n = read(from, said + used, 4095 - used)) > 0)
		used += (size_t)n;
	said[used] = 0;
	close(from);
	return waitpid(child, &status, 0) == child && status != 0;
}

static int check_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return 1;
	return argc == 1;
}

int main(int argc, char **argv)
{
	int ran = 0, list = argc == 2 && !strcmp(argv[1], "--list");
	for (struct check_test *t = check_first; t; t = t->next) {
		if (list)
			puts(t->name);
		else if (check_wanted(t->name, argc, argv)) {
			printf("%s ", t->name);
			fflush(stdout);
			t->run();
			puts("ok");
			ran++;
		}
	}
	if (!list && !ran)
		fprintf(stderr, "no such test\n");
	return list || ran ? 0 : 64;
}

#endif
