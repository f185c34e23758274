/* Mutations of executions: the header stays a header, and a choice stays the
 * choice of its decision unless one is put in or taken out before it. Most
 * choices of a telling execution are 0, so zeroes are restored as readily as
 * surprises are added, and a surprise may lie far behind the last one.
 */
#include <string.h>

#include "common/executions.h"
#include "common/fuzzer.h"
#include "search/search.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

enum { OPTIONS_MOSTLY = 4, FAR = 96, BLOCK = 16 };

static uint64_t state;

static size_t draw(size_t n)
{
	return n ? random_next(&state) % n : 0;
}

static uint8_t surprise(void)
{
	return draw(8) ? 1 + draw(OPTIONS_MOSTLY - 1) : draw(256);
}

/* In place, n choices of at most `most`. Returns how many there are now. */
static size_t mutate(uint8_t *choice, size_t n, size_t most)
{
	size_t at = draw(n), block = 1 + draw(BLOCK);
	if (block > n - at)
		block = n - at;
	switch (draw(8)) {
	case 0: /* one more, before others */
		if (n == most)
			return n;
		memmove(choice + at + 1, choice + at, n - at);
		choice[at] = draw(2) ? 0 : surprise();
		return n + 1;
	case 1: /* some fewer */
		memmove(choice + at, choice + at + block, n - at - block);
		return n - block;
	case 2:
		memset(choice + at, 0, block);
		return n;
	case 3: /* a surprise behind the end */
		at = n + draw(FAR);
		if (at >= most)
			return n;
		memset(choice + n, 0, at - n);
		choice[at] = surprise();
		return at + 1;
	case 4: /* the same again, elsewhere */
		if (n > block)
			memmove(choice + draw(n - block), choice + at, block);
		return n;
	case 5:
		return n > 0 ? LLVMFuzzerMutate(choice, n, most) : n;
	default:
		if (n > 0)
			choice[at] = choice[at] ? 0 : surprise();
		return n;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	state = seed;
	if (most < INPUT_HEADER)
		return 0;
	if (size < INPUT_HEADER) {
		for (size = 0; size < INPUT_HEADER; size++)
			data[size] = draw(256);
	}
	if (draw(8) == 0)
		data[draw(INPUT_HEADER)] = draw(256);
	size_t n = size - INPUT_HEADER;
	for (unsigned left = 1 + draw(4); left > 0; left--)
		n = mutate(data + INPUT_HEADER, n, most - INPUT_HEADER);
	return INPUT_HEADER + n;
}

/* The one's case and first choices, the other's later ones. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
				 size_t other_size, uint8_t *out, size_t most, unsigned seed)
{
	state = seed;
	if (one_size < INPUT_HEADER || other_size < INPUT_HEADER)
		return 0;
	size_t n = other_size < most ? other_size : most;
	size_t cut = INPUT_HEADER + draw(one_size - INPUT_HEADER + 1);
	if (cut > n)
		cut = n;
	memcpy(out, one, cut);
	memcpy(out + cut, other + cut, n - cut);
	return n;
}
