/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/dedup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Ids whose slots are asked for while the table is built anew. */
#define FILL_AHEAD 16

static const struct dedup_id no_id;

void dedup_init(struct dedup *dedup, uint64_t max_ids, uint32_t window_hours)
{
	*dedup = (struct dedup){.max_ids = max_ids, .window_hours = window_hours};
}

static void slots_free(struct dedup *dedup)
{
	if (dedup->slots)
		munmap(dedup->slots, dedup->slot_count * sizeof(*dedup->slots));
	dedup->slots = NULL;
	dedup->slot_count = 0;
}

void dedup_deinit(struct dedup *dedup)
{
	for (uint32_t i = 0; i < dedup->block_count; i++)
		free(dedup->blocks[i].ids);
	free(dedup->blocks);
	free(dedup->gone);
	slots_free(dedup);
	dedup_init(dedup, dedup->max_ids, dedup->window_hours);
}

static bool id_equal(const struct dedup_id *a, const struct dedup_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The ids are hashes already. */
static uint64_t id_hash(const struct dedup_id *id)
{
	uint64_t hash;
	memcpy(&hash, id->bytes, sizeof(hash));
	return hash;
}

static uint64_t slot_of(const struct dedup *dedup, const struct dedup_id *id)
{
	uint64_t mask = dedup->slot_count - 1;
	uint64_t at = id_hash(id) & mask;
	while (!id_equal(&dedup->slots[at], &no_id) && !id_equal(&dedup->slots[at], id))
		at = (at + 1) & mask;
	return at;
}

void dedup_prefetch(const struct dedup *dedup, const struct dedup_id *id)
{
	if (dedup->slot_count)
		__builtin_prefetch(&dedup->slots[id_hash(id) & (dedup->slot_count - 1)]);
}

bool dedup_seen(const struct dedup *dedup, const struct dedup_id *id)
{
	return dedup->slot_count && id_equal(&dedup->slots[slot_of(dedup, id)], id);
}

static void slots_fill(struct dedup *dedup, const struct dedup_id *ids, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i + FILL_AHEAD < count)
			dedup_prefetch(dedup, &ids[i + FILL_AHEAD]);
		dedup->slots[slot_of(dedup, &ids[i])] = ids[i];
	}
}

/* Zeroed memory in huge pages where there are some: the table is read at
 * random, and most of the cost would be address translation. */
static void slots_rebuild(struct dedup *dedup, uint64_t slot_count)
{
	size_t bytes = slot_count * sizeof(*dedup->slots);
	slots_free(dedup);
	void *memory =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(memory != MAP_FAILED);
	(void)madvise(memory, bytes, MADV_HUGEPAGE);
	dedup->slots = memory;
	dedup->slot_count = slot_count;
	for (uint32_t b = 0; b < dedup->block_count; b++)
		slots_fill(dedup, dedup->blocks[b].ids, dedup->blocks[b].count);
}

static struct dedup_block *block_open(struct dedup *dedup, int32_t hour, uint32_t part)
{
	if (dedup->block_count == dedup->block_cap) {
		dedup->block_cap = dedup->block_cap ? dedup->block_cap * 2 : 16;
		dedup->blocks = realloc(dedup->blocks, dedup->block_cap * sizeof(*dedup->blocks));
		require(dedup->blocks != NULL);
	}
	struct dedup_block *block = &dedup->blocks[dedup->block_count++];
	*block = (struct dedup_block){.hour = hour, .part = part};
	return block;
}

static void block_append(struct dedup_block *block, const struct dedup_id *ids, uint32_t count)
{
	if (block->count + count > block->cap) {
		block->cap = block->cap ? block->cap * 2 : 256;
		if (block->cap < block->count + count)
			block->cap = block->count + count;
		block->ids = realloc(block->ids, block->cap * sizeof(*block->ids));
		require(block->ids != NULL);
	}
	memcpy(block->ids + block->count, ids, count * sizeof(*ids));
	block->count += count;
}

static void slot_put(struct dedup *dedup, const struct dedup_id *id)
{
	if ((dedup->used + 1) * 10 > dedup->slot_count * 7)
		slots_rebuild(dedup, dedup->slot_count ? dedup->slot_count * 2 : 1024);
	dedup->slots[slot_of(dedup, id)] = *id;
	dedup->used++;
}

void dedup_add(struct dedup *dedup, const struct dedup_id *id, int32_t hour)
{
	struct dedup_block *last =
	    dedup->block_count ? &dedup->blocks[dedup->block_count - 1] : NULL;
	/* The wall clock may step back; a block's hour never does. */
	if (last && hour < last->hour)
		hour = last->hour;
	if (!last || last->hour != hour || last->count >= DEDUP_BLOCK_IDS)
		last = block_open(dedup, hour, last && last->hour == hour ? last->part + 1 : 0);
	slot_put(dedup, id);
	block_append(last, id, 1);
}

int32_t dedup_oldest_hour(const struct dedup *dedup, int32_t hour)
{
	int32_t oldest = hour - (int32_t)dedup->window_hours;
	if (dedup->short_window && dedup->block_count && dedup->blocks[0].hour > oldest)
		oldest = dedup->blocks[0].hour;
	return oldest;
}

static void note_gone(struct dedup *dedup, const struct dedup_block *block)
{
	if (dedup->gone_count == dedup->gone_cap) {
		dedup->gone_cap = dedup->gone_cap ? dedup->gone_cap * 2 : 16;
		dedup->gone = realloc(dedup->gone, dedup->gone_cap * sizeof(*dedup->gone));
		require(dedup->gone != NULL);
	}
	dedup->gone[dedup->gone_count++] = (struct dedup_gone){block->hour, block->part};
}

void dedup_advance(struct dedup *dedup, int32_t hour)
{
	uint32_t drop = 0;
	uint64_t left = dedup->used;
	int32_t oldest = hour - (int32_t)dedup->window_hours;
	/* Past the limit a sixteenth goes at once: the table is rebuilt each time. */
	uint64_t most =
	    dedup->used > dedup->max_ids ? dedup->max_ids - dedup->max_ids / 16 : dedup->max_ids;
	/* The last block is still being filled and stays. */
	while (drop + 1 < dedup->block_count) {
		const struct dedup_block *block = &dedup->blocks[drop];
		if (block->hour >= oldest && left <= most)
			break;
		if (block->stored < block->count)
			break;
		dedup->short_window = dedup->short_window || block->hour >= oldest;
		left -= block->count;
		note_gone(dedup, block);
		free(block->ids);
		drop++;
	}
	if (!drop)
		return;
	dedup->block_count -= drop;
	memmove(dedup->blocks, dedup->blocks + drop, dedup->block_count * sizeof(*dedup->blocks));
	dedup->used = left;
	slots_rebuild(dedup, dedup->slot_count);
}

int dedup_load(struct dedup *dedup, int32_t hour, uint32_t part, const uint8_t *bytes, size_t len)
{
	if (len % sizeof(struct dedup_id))
		return ERR_MALFORMED;
	struct dedup_block *block = block_open(dedup, hour, part);
	uint32_t count = (uint32_t)(len / sizeof(struct dedup_id));
	for (uint32_t i = 0; i < count; i++) {
		struct dedup_id id;
		memcpy(&id, bytes + i * sizeof(id), sizeof(id));
		slot_put(dedup, &id);
		block_append(&dedup->blocks[dedup->block_count - 1], &id, 1);
	}
	block = &dedup->blocks[dedup->block_count - 1];
	block->stored = block->count;
	return 0;
}
