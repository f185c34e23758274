/* links: targets/sched targets/base/?*.c stress/world.c */
/* Very many goroutines: parked all at once, what each costs, and all woken. */
#include "sched/gc.h"
#include "tests/unit/sched_run.h"

#if defined CONTEXT_TSAN || defined CONTEXT_ASAN
enum { MANY = 1000, LARGE = 1 }; /* stacks that sanitizers need */
#else
enum { MANY = 30000, LARGE = 0 };
#endif
enum { MORE = 100000, EACH_KIB = 8 };

static struct g **parked;
static word32 parks;

static bool stay(struct g *g, void *arg)
{
	parked[(uintptr_t)arg] = g;
	/* pairs with: park_and_wake() — where it parked */
	fetch_add_acq_rel(&parks, 1);
	return true;
}

static void park_once(void *arg)
{
	runtime->park(stay, arg);
	count((void *)1);
}

/* A figure of the kernel's in KiB, from a file of /proc. */
static long figure(const char *file, const char *name)
{
	char line[200];
	long found = 0;
	FILE *f = fopen(file, "r");
	CHECK(f != NULL);
	while (fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			found = strtol(line + strlen(name), NULL, 10);
	fclose(f);
	return found;
}

/* Resident memory, and the page tables that it takes. */
static long memory_kib(void)
{
	return figure("/proc/self/status", "VmRSS:") + figure("/proc/self/status", "VmPTE:");
}

static void wait_for(word32 *w, uint32_t n)
{
	/* pairs with: stay(), or a figure */
	while (load_acquire(w) < n)
		go_yield();
}

static long each_bytes;

static void look(void *arg)
{
	*(long *)arg = memory_kib();
}

static void park_and_wake(void *arg)
{
	uint32_t n = (uint32_t)(uintptr_t)arg;
	struct gc_counts counts;
	long before, after;
	stack_need(1024);
	gc_begin(&(struct gc_config){ .heap_bytes = 1 << 20 });
	worker_call(look, &before);
	for (uintptr_t i = 0; i < n; i++)
		go(park_once, (void *)i);
	wait_for(&parks, n);
	worker_call(look, &after);
	each_bytes = (after - before) * 1024 / (long)n;
	gc_collect(); /* looks at all of them */
	for (uint32_t i = 0; i < n; i++)
		runtime->ready(parked[i]);
	wait_for(&ran, n);
	gc_end(&counts);
}

static void park_so_many(uint32_t n)
{
	struct sched_config c = { .procs = 2, .stack_bytes = 64 << 10 };
	word_init(&parks, 0);
	word_init(&ran, 0);
	parked = calloc(n, sizeof *parked);
	CHECK_EQ(sched_run(&c, park_and_wake, (void *)(uintptr_t)n, NULL), 0);
	CHECK_EQ(load_relaxed(&ran), n);
	printf("(%ld bytes each) ", each_bytes);
	CHECK(LARGE || each_bytes <= EACH_KIB * 1024);
	free(parked);
}

TEST(many_park_and_are_all_woken)
{
	park_so_many(MANY);
}

TEST(more_where_the_kernel_lets_us)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
	long mappings = 0;
	CHECK(f && fscanf(f, "%ld", &mappings) == 1);
	fclose(f);
	if (LARGE || mappings < 2 * MORE + 1000)
		printf("(skipped: %d goroutines need vm.max_map_count %d, it is %ld) ", MORE,
		       2 * MORE + 1000, mappings);
	else
		park_so_many(MORE);
}
