/* links: stress/engine/diagnosis.c */
/* Texts in tests/unit/reports were printed by the programs they name, by gcc 12
 * and clang 19. */
#include "engine/diagnosis.h"
#include "tests/unit/check.h"

static char text[16384];

/* Reads a recorded text; tests run in the root of the tree. */
static const char *recorded(const char *name)
{
	char path[128];
	snprintf(path, sizeof path, "tests/unit/reports/%s.txt", name);
	FILE *f = fopen(path, "r");
	CHECK(f);
	size_t n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void check_site(const struct site *s, const char *access, const char *function,
		       const char *file, unsigned line)
{
	CHECK_STR(s->access, access);
	CHECK_STR(s->function, function);
	CHECK_STR(s->file, file);
	CHECK_EQ(s->line, line);
}

static void check_next(const char **at, struct diagnosis *d, enum failure f, const char *kind,
		       unsigned sites)
{
	CHECK(diagnosis_next(at, d));
	CHECK_EQ(d->failure, f);
	CHECK_STR(d->kind, kind);
	CHECK_EQ(d->sites, sites);
}

static void check_race(const char *name)
{
	struct diagnosis d;
	const char *at = recorded(name);
	check_next(&at, &d, DATA_RACE, "data race", 2);
	check_site(&d.site[0], "write of size 4 by main thread", "main", "r.c", 5);
	check_site(&d.site[1], "write of size 4 by thread T1", "a", "r.c", 4);
	CHECK(!diagnosis_next(&at, &d));
}

TEST(a_race_has_both_sites)
{
	check_race("race_gcc");
	check_race("race_clang");
}

static void check_use(const char **at, struct diagnosis *d)
{
	check_next(at, d, MEMORY_ERROR, "heap-use-after-free", 2);
	check_site(&d->site[0], "read of size 1", "use", "m.c", 5);
	check_site(&d->site[1], "freed", "main", "m.c", 7);
}

TEST(what_the_world_does_is_its_callers)
{
	const char *at = "==================\n"
			 "WARNING: ThreadSanitizer: data race (pid=1)\n"
			 "  Read of size 8 at 0x7ba000000410 by thread T2:\n"
			 "    #0 epoll_ctl ../src/libsanitizer/tsan/posix.cpp:1883 (l+0x5)\n"
			 "    #1 world_epoll_ctl stress/world.c:373 (storm+0x1325c)\n"
			 "    #2 ask targets/toy/ask.c:7 (storm+0x9e43)\n"
			 "\n"
			 "  Previous write of size 8 at 0x7ba000000410 by thread T4:\n"
			 "    #0 close ../src/libsanitizer/tsan/posix.cpp:1716 (l+0x4)\n"
			 "    #1 world_close stress/world.c:286 (storm+0x12de9)\n"
			 "    #2 let_go targets/toy/close.c:9 (storm+0xf04d)\n"
			 "\n"
			 "SUMMARY: ThreadSanitizer: data race stress/world.c:373\n"
			 "==================\n";
	struct diagnosis d;
	CHECK(diagnosis_next(&at, &d));
	CHECK_EQ(d.sites, 2);
	CHECK_STR(d.site[0].file, "targets/toy/ask.c");
	CHECK_EQ(d.site[0].line, 7);
	CHECK_STR(d.site[1].function, "let_go");
}

TEST(a_use_has_who_freed_and_a_leak_who_made)
{
	struct diagnosis d;
	const char *at = recorded("memory_gcc");
	check_use(&at, &d);
	check_next(&at, &d, MEMORY_ERROR, "leak", 1);
	check_site(&d.site[0], "allocated", "main", "m.c", 7);
	CHECK(!diagnosis_next(&at, &d));
}

TEST(several_sanitizers_in_one_text)
{
	struct diagnosis d;
	const char *at = recorded("memory_clang");
	check_use(&at, &d);
	check_next(&at, &d, UNDEFINED_BEHAVIOUR, "signed integer overflow: 2147483646 + 7 cannot"
		   " be represented in type 'int'", 1);
	check_site(&d.site[0], "", "over", "m.c", 4);
	CHECK(diagnosis_next(&at, &d));
	CHECK_EQ(d.failure, UNDEFINED_BEHAVIOUR);
	CHECK_HAS(d.kind, "load of misaligned address");
	check_site(&d.site[0], "", "main", "m.c", 8);
	check_next(&at, &d, MEMORY_ERROR, "heap-use-after-free", 2);
	check_next(&at, &d, MEMORY_ERROR, "heap-buffer-overflow", 2);
	check_site(&d.site[0], "write of size 7", "main", "m.c", 8);
	check_site(&d.site[1], "allocated", "main", "m.c", 8);
	check_next(&at, &d, MEMORY_ERROR, "leak", 1);
	CHECK(!diagnosis_next(&at, &d));
}

TEST(a_signal_that_was_caught_is_a_crash)
{
	struct diagnosis d, first;
	const char *at = recorded("crash_gcc");
	check_next(&at, &first, CRASH, "SEGV", 1);
	check_site(&first.site[0], "", "plot_visit", "targets/sanitized/planted.c", 60);
	check_next(&at, &d, CRASH, "SEGV", 1);
	CHECK(diagnosis_same(&first, &d));
	CHECK(!diagnosis_next(&at, &d));
}

TEST(undefined_behaviour_has_its_function)
{
	struct diagnosis d;
	const char *at = recorded("overflow_gcc");
	CHECK(diagnosis_next(&at, &d));
	check_site(&d.site[0], "", "plot_visit", "targets/sanitized/planted.c", 57);
}

TEST(a_lost_stack_is_a_site_without_a_place)
{
	struct diagnosis d;
	const char *at = "WARNING: ThreadSanitizer: data race (pid=1)\n"
			 "  Atomic read of size 8 at 0x7b01 by thread T2 (mutexes: write M1):\n"
			 "    #0 look <null> (storm+0x1)\n"
			 "    #1 actor x.c:8 (storm+0x1)\n\n"
			 "  Previous write of size 8 at 0x7b01 by thread T1:\n"
			 "    [failed to restore the stack]\n\n"
			 "  Thread T2 (tid=3, running) created by main thread at:\n"
			 "    #0 main x.c:99 (storm+0x1)\n";
	check_next(&at, &d, DATA_RACE, "data race", 2);
	check_site(&d.site[0], "atomic read of size 8 by thread T2", "actor", "x.c", 8);
	check_site(&d.site[1], "write of size 8 by thread T1", "", "", 0);
}

TEST(a_sanitizer_that_gives_up_is_the_rigs_failure)
{
	static const char *const texts[] = {
		"FATAL: ThreadSanitizer: unexpected memory mapping 0x5581-0x5582\n",
		"==12==LeakSanitizer has encountered a fatal error.\n",
		"==12==ERROR: x\n==12==AddressSanitizer: CHECK failed: asan.cpp:1 \"((0))\"\n",
	};
	struct diagnosis d;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *at = texts[i];
		CHECK(diagnosis_next(&at, &d));
		CHECK_EQ(d.failure, ENGINE_ERROR);
		CHECK(!diagnosis_next(&at, &d));
	}
}

TEST(what_programs_say_is_no_report)
{
	struct diagnosis d;
	const char *at = "fatal: out of memory\nwarning: data race\n    #0 main x.c:4\n\n";
	CHECK(!diagnosis_next(&at, &d));
	CHECK_STR(at, "");
}

TEST(the_order_of_sites_and_values_make_no_difference)
{
	struct diagnosis a = { .failure = UNDEFINED_BEHAVIOUR, .kind = "overflow: 1 + 2",
			       .sites = 2,
			       .site = { { .function = "f", .file = "a.c", .line = 1 },
					 { .function = "g", .file = "a.c", .line = 2 } } };
	struct diagnosis b = a;
	strcpy(b.kind, "overflow: 7 + 8");
	b.site[0] = a.site[1];
	b.site[1] = a.site[0];
	CHECK(diagnosis_same(&a, &b));
	b.site[1].line = 3;
	CHECK(!diagnosis_same(&a, &b));
	b = a;
	strcpy(b.kind, "shift: 7");
	CHECK(!diagnosis_same(&a, &b));
}

/* Cut off anywhere, a text is read to its end and never beyond: each prefix has
 * memory of its own, which the sanitized build watches. */
TEST(texts_may_be_cut_off_anywhere)
{
	static const char *const names[] = { "race_gcc", "race_clang", "memory_gcc",
					     "memory_clang", "crash_gcc", "overflow_gcc" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(recorded(names[i]));
		unsigned most = 0;
		for (size_t n = 0; n <= length; n += 1 + length / 2000) {
			char *cut = strndup(text, n);
			const char *at = cut;
			struct diagnosis d;
			unsigned reports = 0;
			while (diagnosis_next(&at, &d)) {
				CHECK(d.text >= cut && d.text + d.length <= cut + n);
				reports++;
			}
			CHECK(reports >= most); /* what was there stays */
			most = reports;
			free(cut);
		}
	}
}
