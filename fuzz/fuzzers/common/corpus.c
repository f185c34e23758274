/* The main() of a fuzzer that runs files, and all files of folders, once each:
 * for any compiler. Status: 0 no finding, 1 some, 64 usage, 2 unreadable.
 *
 *   build/corpus/poller/fixed/fuzz_case fuzz/fuzzers/inputs/poller/fuzz_case
 *   41 inputs, 0 findings
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"

bool fuzzer_runs_corpus = true;
static unsigned inputs;

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static _Noreturn void unreadable(const char *path)
{
	fflush(stdout);
	fprintf(stderr, "corpus: cannot read %s: %s\n", path, strerror(errno));
	exit(2);
}

static void run_file(const char *path, FILE *f)
{
	enum { MOST = 1 << 20 };
	static uint8_t data[MOST];
	size_t size = fread(data, 1, MOST, f);
	if (ferror(f))
		unreadable(path);
	fclose(f);
	unsigned before = fuzzer_findings;
	/* As libFuzzer does: exactly as many bytes as there are, so that a
	 * sanitizer sees one read too far. */
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		unreadable(path);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	inputs++;
	if (fuzzer_findings > before)
		printf("%s\n", path);
}

static void run_folder(const char *path, DIR *d)
{
	for (struct dirent *e; (e = readdir(d));) {
		char name[4096];
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		FILE *f = fopen(name, "rb");
		if (!f)
			unreadable(name);
		run_file(name, f);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE|FOLDER...\n", argv[0]);
		return 64;
	}
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		FILE *f = d ? NULL : fopen(argv[i], "rb");
		if (d)
			run_folder(argv[i], d);
		else if (f)
			run_file(argv[i], f);
		else
			unreadable(argv[i]);
	}
	printf("%u inputs, %u findings\n", inputs, fuzzer_findings);
	return fuzzer_findings > 0;
}
