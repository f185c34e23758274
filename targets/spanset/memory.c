#include "spanset/spanset.h"

#include <string.h>

#include "spanset/memory.h"

enum { LINE_BYTES = 64, REGION_BYTES = 1 << 18 };

struct span_region {
	struct span_region *older;
	size_t bytes;
};

static size_t up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

void span_memory_init(struct span_memory *m, void *region, size_t bytes)
{
	char *end = region ? (char *)region + bytes : NULL;
	*m = (struct span_memory){ .next = region, .end = end };
	mutex_init(&m->lock);
	watch_allow(region, bytes);
}

void span_memory_end(struct span_memory *m)
{
	while (m->regions) {
		struct span_region *r = m->regions;
		m->regions = r->older;
		watch_allow(r, r->bytes);
		world_unmap(r, r->bytes);
	}
}

/* Maps a region with room for that much. Lock held. */
static void add_region(struct span_memory *m, size_t wanted)
{
	size_t bytes = up(wanted + LINE_BYTES, REGION_BYTES);
	struct span_region *r = world_map(bytes);
	r->older = m->regions;
	r->bytes = bytes;
	m->regions = r;
	m->mapped += bytes;
	m->next = (char *)r + LINE_BYTES;
	m->end = (char *)r + bytes;
}

/* Zeroed, whole cache lines. Lock held. */
static void *hand_out(struct span_memory *m, size_t bytes)
{
	if (bytes > (size_t)(m->end - m->next))
		add_region(m, bytes);
	void *p = m->next;
	m->next += bytes;
	return p;
}

size_t span_block_bytes(uint32_t entries)
{
	return up(sizeof(struct span_block) + entries * sizeof(wordptr), LINE_BYTES);
}

struct span_block *span_memory_block(struct span_memory *m, uint32_t entries)
{
	size_t bytes = span_block_bytes(entries);
	mutex_lock(&m->lock);
	struct span_block *b = m->birth ? m->birth(LINE_BYTES, bytes) : hand_out(m, bytes);
	if (!b)
		world_fatal("out of memory");
	if (m->birth)
		memset(b, 0, bytes);
	m->block_bytes += bytes;
	m->blocks++;
	mutex_unlock(&m->lock);
	return b;
}

wordptr *span_memory_spine(struct span_memory *m, uint32_t slots)
{
	size_t bytes = up(slots * sizeof(wordptr), LINE_BYTES);
	mutex_lock(&m->lock);
	wordptr *spine = hand_out(m, bytes);
	m->spine_bytes += bytes;
	m->spines++;
	mutex_unlock(&m->lock);
	return spine;
}
