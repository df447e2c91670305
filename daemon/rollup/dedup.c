/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/dedup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Ids whose slots are asked for while the table is built anew. */
#define FILL_AHEAD 16

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

static const struct dedup_id *id_at(const struct dedup *dedup, uint32_t place)
{
	return &dedup->blocks[(place - 1) / DEDUP_BLOCK_IDS].ids[(place - 1) % DEDUP_BLOCK_IDS];
}

/* The slot that has the id, or the free one where it belongs. */
static struct dedup_slot *slot_of(const struct dedup *dedup, const struct dedup_id *id)
{
	uint64_t hash = id_hash(id);
	uint64_t mask = dedup->slot_count - 1;
	uint64_t at = hash & mask;
	for (; dedup->slots[at].place; at = (at + 1) & mask)
		if (dedup->slots[at].tag == hash >> 32 &&
		    id_equal(id_at(dedup, dedup->slots[at].place), id))
			break;
	return &dedup->slots[at];
}

void dedup_prefetch(const struct dedup *dedup, const struct dedup_id *id)
{
	if (dedup->slot_count)
		__builtin_prefetch(&dedup->slots[id_hash(id) & (dedup->slot_count - 1)], 1);
}

bool dedup_seen(const struct dedup *dedup, const struct dedup_id *id)
{
	return dedup->slot_count && slot_of(dedup, id)->place;
}

static void slots_fill(struct dedup *dedup, uint32_t block)
{
	const struct dedup_id *ids = dedup->blocks[block].ids;
	uint32_t count = dedup->blocks[block].count;
	for (uint32_t i = 0; i < count; i++) {
		if (i + FILL_AHEAD < count)
			dedup_prefetch(dedup, &ids[i + FILL_AHEAD]);
		*slot_of(dedup, &ids[i]) = (struct dedup_slot){(uint32_t)(id_hash(&ids[i]) >> 32),
		                                               block * DEDUP_BLOCK_IDS + i + 1};
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
		slots_fill(dedup, b);
}

static void block_open(struct dedup *dedup, int32_t hour, uint32_t part)
{
	if (dedup->block_count == dedup->block_cap) {
		dedup->block_cap = dedup->block_cap ? dedup->block_cap * 2 : 16;
		dedup->blocks = realloc(dedup->blocks, dedup->block_cap * sizeof(*dedup->blocks));
		require(dedup->blocks != NULL);
	}
	require(dedup->block_count < UINT32_MAX / DEDUP_BLOCK_IDS);
	struct dedup_block *block = &dedup->blocks[dedup->block_count++];
	*block = (struct dedup_block){.hour = hour, .part = part};
}

/* Room for one more id in the table, which stays at most 70 % full. */
static void slots_reserve(struct dedup *dedup)
{
	if ((dedup->used + 1) * 10 > dedup->slot_count * 7)
		slots_rebuild(dedup, dedup->slot_count ? dedup->slot_count * 2 : 1024);
}

/* Puts the id behind the last block's others, and into its free slot. */
static void id_append(struct dedup *dedup, const struct dedup_id *id, struct dedup_slot *slot)
{
	struct dedup_block *block = &dedup->blocks[dedup->block_count - 1];
	if (block->count == block->cap) {
		block->cap = block->cap ? block->cap * 2 : 256;
		block->ids = realloc(block->ids, block->cap * sizeof(*block->ids));
		require(block->ids != NULL);
	}
	block->ids[block->count++] = *id;
	*slot = (struct dedup_slot){(uint32_t)(id_hash(id) >> 32),
	                            (dedup->block_count - 1) * DEDUP_BLOCK_IDS + block->count};
	dedup->used++;
}

bool dedup_add(struct dedup *dedup, const struct dedup_id *id, int32_t hour)
{
	slots_reserve(dedup);
	struct dedup_slot *slot = slot_of(dedup, id);
	if (slot->place)
		return false;
	const struct dedup_block *last =
	    dedup->block_count ? &dedup->blocks[dedup->block_count - 1] : NULL;
	/* The wall clock may step back; a block's hour never does. */
	if (last && hour < last->hour)
		hour = last->hour;
	if (!last || last->hour != hour || last->count >= DEDUP_BLOCK_IDS)
		block_open(dedup, hour, last && last->hour == hour ? last->part + 1 : 0);
	id_append(dedup, id, slot);
	return true;
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
	if (len % sizeof(struct dedup_id) || len / sizeof(struct dedup_id) > DEDUP_BLOCK_IDS)
		return ERR_MALFORMED;
	block_open(dedup, hour, part);
	for (size_t at = 0; at < len; at += sizeof(struct dedup_id)) {
		struct dedup_id id;
		memcpy(&id, bytes + at, sizeof(id));
		slots_reserve(dedup);
		id_append(dedup, &id, slot_of(dedup, &id));
	}
	struct dedup_block *block = &dedup->blocks[dedup->block_count - 1];
	block->stored = block->count;
	return 0;
}
