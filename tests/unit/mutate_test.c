/* links: fuzz/fuzzers/common/mutate.c */
/* Mutations of executions: within their room, and what is not changed stays the
 * choice of its decision. */
#include "fuzz/fuzzers/common/executions.h"
#include "fuzz/fuzzers/common/fuzzer.h"
#include "tests/unit/check.h"

enum { MOST = 64, GUARD = 16, SEEDS = 20000, UNTOUCHED = 0xee };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
/* As libFuzzer's may: shorter, longer, at the very end. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
	if (size % 2 && size > 1)
		return size - 1;
	memset(data + size, 7, most - size);
	return most;
}

static uint8_t data[MOST + GUARD];

static void fill(uint8_t *to, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(first + i);
	memset(to + n, UNTOUCHED, MOST + GUARD - n);
}

static size_t mutated(size_t size, size_t most, unsigned seed)
{
	fill(data, size, 1);
	size_t n = LLVMFuzzerCustomMutator(data, size, most, seed);
	CHECK(n <= most);
	for (size_t i = most; i < MOST + GUARD; i++)
		CHECK_EQ(data[i], i < size ? (uint8_t)(1 + i) : UNTOUCHED);
	return n;
}

TEST(mutations_keep_within_their_room)
{
	for (unsigned seed = 0; seed < SEEDS; seed++)
		CHECK(mutated(seed % (MOST + 1), MOST, seed) >= INPUT_HEADER);
	for (unsigned seed = 0; seed < SEEDS; seed++)
		mutated(INPUT_HEADER, INPUT_HEADER, seed);
	CHECK_EQ(mutated(0, INPUT_HEADER - 1, 1), 0);
}

/* A mutation changes a part: most runs keep the header, and the first choice
 * stays the first. */
TEST(a_header_stays_a_header)
{
	unsigned same = 0, first = 0;
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		size_t n = mutated(MOST / 2, MOST, seed);
		uint8_t wanted[MOST + GUARD];
		fill(wanted, MOST / 2, 1);
		same += memcmp(data, wanted, INPUT_HEADER) == 0;
		first += n > INPUT_HEADER && data[INPUT_HEADER] == wanted[INPUT_HEADER];
	}
	CHECK(same > SEEDS / 4 * 3 && same < SEEDS);
	CHECK(first > SEEDS / 2 && first < SEEDS);
}

/* Each choice is one parent's at the same place: the one's, then the
 * other's. */
TEST(a_crossing_changes_parents_once)
{
	uint8_t one[MOST + GUARD], other[MOST + GUARD];
	unsigned both = 0;
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		size_t sizes[2] = { INPUT_HEADER + seed % 30, INPUT_HEADER + seed / 30 % 40 };
		size_t most = INPUT_HEADER + seed % 35, at = 0;
		fill(one, sizes[0], 0);
		fill(other, sizes[1], 100);
		memset(data, UNTOUCHED, sizeof data);
		size_t n = LLVMFuzzerCustomCrossOver(one, sizes[0], other, sizes[1], data, most,
						     seed);
		CHECK(n <= most && n <= sizes[1]);
		while (at < n && data[at] == at)
			at++;
		CHECK(at >= INPUT_HEADER && at <= sizes[0]);
		both += at < n && at > INPUT_HEADER;
		for (; at < n; at++)
			CHECK_EQ(data[at], 100 + at);
		for (; at < MOST + GUARD; at++)
			CHECK_EQ(data[at], UNTOUCHED);
	}
	CHECK(both > 0);
	CHECK_EQ(LLVMFuzzerCustomCrossOver(one, 1, other, MOST, data, MOST, 1), 0);
}
