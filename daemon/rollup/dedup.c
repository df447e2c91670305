/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/dedup.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Ids whose slots are asked for while the table is built anew. */
#define FILL_AHEAD 16

#define SLOTS_MIN 1024u
#define HUGE_PAGE (UINT64_C(2) << 20)

const struct dedup_id dedup_mark = {{0}};

void dedup_init(struct dedup *dedup, uint64_t max_ids, uint32_t window_hours)
{
	*dedup = (struct dedup){
	    .max_ids = max_ids, .window_hours = window_hours, .forgotten = INT32_MIN};
}

static void slots_free(struct dedup *dedup)
{
	if (dedup->space)
		munmap(dedup->space, dedup->space_bytes);
	dedup->space = NULL;
	dedup->space_bytes = 0;
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
static uint32_t id_tag(const struct dedup_id *id)
{
	uint32_t tag;
	memcpy(&tag, id->bytes + 4, sizeof(tag));
	return tag;
}

static const struct dedup_id *id_at(const struct dedup *dedup, uint32_t place)
{
	return &dedup->blocks[(place - 1) / DEDUP_BLOCK_IDS].ids[(place - 1) % DEDUP_BLOCK_IDS];
}

/* The slot that has the id, or the free one where it belongs. */
static struct dedup_slot *slot_of(const struct dedup *dedup, const struct dedup_id *id)
{
	uint32_t tag = id_tag(id);
	uint64_t mask = dedup->slot_count - 1;
	uint64_t at = tag & mask;
	for (; dedup->slots[at].place; at = (at + 1) & mask)
		if (dedup->slots[at].tag == tag &&
		    id_equal(id_at(dedup, dedup->slots[at].place), id))
			break;
	return &dedup->slots[at];
}

void dedup_prefetch(const struct dedup *dedup, const struct dedup_id *id)
{
	if (dedup->slot_count)
		__builtin_prefetch(&dedup->slots[id_tag(id) & (dedup->slot_count - 1)], 1);
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
		*slot_of(dedup, &ids[i]) =
		    (struct dedup_slot){id_tag(&ids[i]), block * DEDUP_BLOCK_IDS + i + 1};
	}
}

/* Takes zeroed memory for the slots behind those there are, in huge pages once
 * there is enough: the table is read at random, and most of the cost would be
 * address translation. */
static void slots_open(struct dedup *dedup, uint64_t slot_count)
{
	uint8_t *start = (uint8_t *)dedup->slots;
	size_t before = dedup->slot_count * sizeof(*dedup->slots);
	size_t bytes = slot_count * sizeof(*dedup->slots);
	require(mprotect(start + before, bytes - before, PROT_READ | PROT_WRITE) == 0);
	if (bytes > HUGE_PAGE)
		(void)madvise(start, bytes, MADV_HUGEPAGE);
	dedup->slot_count = slot_count;
}

/* An empty table, with addresses for as many slots as it will ever need, or for
 * `slot_count` if that is more. */
static void slots_new(struct dedup *dedup, uint64_t slot_count)
{
	uint64_t most = slot_count;
	while (most * 7 < dedup->max_ids * 10)
		most *= 2;
	slots_free(dedup);
	dedup->space_bytes = most * sizeof(*dedup->slots) + HUGE_PAGE;
	dedup->space = mmap(NULL, dedup->space_bytes, PROT_NONE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	require(dedup->space != MAP_FAILED);
	size_t skip = (0 - (uintptr_t)dedup->space) & (HUGE_PAGE - 1);
	dedup->slots = (struct dedup_slot *)((uint8_t *)dedup->space + skip);
	slots_open(dedup, slot_count);
}

/* Puts every slot of the first half, which was the whole, where it belongs in
 * both. From behind the last free slot on, each finds its place at or before the
 * one it leaves, counted from its half's start: so nothing that is still to be
 * moved lies between it and where its search begins. */
static void slots_split(struct dedup *dedup)
{
	uint64_t mask = dedup->slot_count - 1;
	uint64_t half = dedup->slot_count / 2;
	uint64_t last_free = half - 1;
	while (dedup->slots[last_free].place)
		last_free--;
	for (uint64_t i = 1; i < half; i++) {
		struct dedup_slot *from = &dedup->slots[(last_free + i) & (half - 1)];
		struct dedup_slot slot = *from;
		if (!slot.place)
			continue;
		*from = (struct dedup_slot){0};
		uint64_t at = slot.tag & mask;
		while (dedup->slots[at].place)
			at = (at + 1) & mask;
		dedup->slots[at] = slot;
	}
}

static void slots_refill(struct dedup *dedup, uint64_t slot_count)
{
	slots_new(dedup, slot_count);
	for (uint32_t b = 0; b < dedup->block_count; b++)
		slots_fill(dedup, b);
}

static void slots_grow(struct dedup *dedup)
{
	uint64_t count = dedup->slot_count ? dedup->slot_count * 2 : SLOTS_MIN;
	if (count * sizeof(*dedup->slots) + HUGE_PAGE > dedup->space_bytes) {
		slots_refill(dedup, count);
		return;
	}
	slots_open(dedup, count);
	slots_split(dedup);
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
		slots_grow(dedup);
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
	*slot = (struct dedup_slot){id_tag(id),
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

bool dedup_short(const struct dedup *dedup, int32_t hour)
{
	return dedup->forgotten >= hour - (int32_t)dedup->window_hours;
}

int32_t dedup_oldest_hour(const struct dedup *dedup, int32_t hour)
{
	/* Part of an hour may still be remembered: the next one is whole. */
	return dedup_short(dedup, hour) ? dedup->forgotten + 1
	                                : hour - (int32_t)dedup->window_hours;
}

void dedup_forget(struct dedup *dedup, int32_t hour)
{
	if (hour > dedup->forgotten)
		dedup->forgotten = hour;
}

static void note_gone(struct dedup *dedup, const struct dedup_block *block)
{
	if (dedup->gone_count == dedup->gone_cap) {
		dedup->gone_cap = dedup->gone_cap ? dedup->gone_cap * 2 : 16;
		dedup->gone = realloc(dedup->gone, dedup->gone_cap * sizeof(*dedup->gone));
		require(dedup->gone != NULL);
	}
	dedup->gone[dedup->gone_count++] = (struct dedup_gone){block->hour, block->part};
	dedup_forget(dedup, block->hour);
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
	slots_refill(dedup, dedup->slot_count);
}

int dedup_load(struct dedup *dedup, int32_t hour, uint32_t part, const uint8_t *bytes, size_t len)
{
	if (len % sizeof(struct dedup_id) || len / sizeof(struct dedup_id) > DEDUP_BLOCK_IDS)
		return ERR_MALFORMED;
	if (len == sizeof(dedup_mark) && memcmp(bytes, &dedup_mark, len) == 0) {
		dedup_forget(dedup, hour);
		return 0;
	}
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
