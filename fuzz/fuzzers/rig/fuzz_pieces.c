/* The pieces of a search as `explore --resume` finds them in a file: damaged
 * ones are refused; what was read is written out and means the same again. */
/* links: fuzz/search/piece.c */
#include <stdlib.h>
#include <string.h>

#include "common/fuzzer.h"
#include "common/leave.h"
#include "search/piece.h"

static struct piece piece, again;

/* Returns the length of what piece_write() makes of it; *text: that. */
static size_t written(const struct piece *p, char **text)
{
	size_t size = 0;
	FILE *to = open_memstream(text, &size);
	if (!to)
		abort();
	piece_write(to, p);
	fclose(to);
	return size;
}

static void check_same(char *text, size_t size)
{
	char *other = NULL;
	FILE *from = fmemopen(text, size, "r");
	leave_check(from && piece_read(from, &again), "its own piece is refused");
	fclose(from);
	leave_check(written(&again, &other) == size && memcmp(other, text, size) == 0,
		    "a piece reads as another than was written");
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = NULL;
	FILE *from = size > 0 ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	if (!from)
		return 0;
	while (piece_read(from, &piece)) {
		size_t length = written(&piece, &text);
		check_same(text, length);
		free(text);
		text = NULL;
	}
	fclose(from);
	return 0;
}
