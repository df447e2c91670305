/* SPDX-License-Identifier: Apache-2.0
 * Event ids seen within the window, in order of receipt.
 *
 * An id is the seeded 128-bit hash of source and event id. Ids are kept by the
 * hour they were received in, in blocks of at most DEDUP_BLOCK_IDS: a block is
 * one Redis string that is only ever appended to. Of a block that is let go a mark
 * stays until the block's time has passed: it tells the next daemon what was
 * forgotten, and that there may be blocks behind it. A clock that was put forward and
 * back so leaves a short window, and not one that is thought whole. */
#ifndef SG_ROLLUP_DEDUP_H
#define SG_ROLLUP_DEDUP_H

#include "base/buf.h"

#define DEDUP_BLOCK_IDS 32768u

struct dedup_id {
	uint8_t bytes[16];
};

struct dedup_block {
	int32_t hour;  /* received, hours since the epoch */
	uint32_t part; /* number of the block within the hour */
	uint32_t count;
	uint32_t stored; /* of these, handed to a flush */
	struct dedup_id *ids;
	uint32_t cap;
};

struct dedup {
	struct dedup_block *blocks; /* oldest first */
	uint32_t block_count;
	uint32_t block_cap;
	/* Open addressing by the tag, which are bits of the id. A slot tells where the
	 * id lies, so that an id new to the table is mostly known as such by the tag
	 * alone. */
	struct dedup_slot {
		uint32_t tag;
		uint32_t place; /* block * DEDUP_BLOCK_IDS + position + 1, 0 = free */
	} * slots;
	uint64_t slot_count;
	void *space; /* addresses kept for the table, so that it grows where it is */
	size_t space_bytes;
	uint64_t used;
	/* Blocks that were let go, in whose place the next flush puts marks. */
	struct dedup_gone {
		int32_t hour;
		uint32_t part;
	} * gone;
	uint32_t gone_count;
	uint32_t gone_cap;
	uint64_t max_ids;
	uint32_t window_hours;
	int32_t forgotten; /* newest hour with a block let go; INT32_MIN = none */
};

/* What is stored in place of a block that was let go. No id is all zero. */
extern const struct dedup_id dedup_mark;

void dedup_init(struct dedup *dedup, uint64_t max_ids, uint32_t window_hours);
void dedup_deinit(struct dedup *dedup);

/* Asks the memory for what dedup_seen and dedup_add of this id will touch. */
void dedup_prefetch(const struct dedup *dedup, const struct dedup_id *id);

bool dedup_seen(const struct dedup *dedup, const struct dedup_id *id);

/* Remembers the id, received in this hour; false when it was seen already. */
bool dedup_add(struct dedup *dedup, const struct dedup_id *id, int32_t hour);

/* Forgets blocks older than the window at this hour, and the oldest ones while
 * there are more than max_ids. */
void dedup_advance(struct dedup *dedup, int32_t hour);

/* Of what was received before this hour, ids may be forgotten. */
int32_t dedup_oldest_hour(const struct dedup *dedup, int32_t hour);

/* True when ids were let go that the window at this hour should still hold. */
bool dedup_short(const struct dedup *dedup, int32_t hour);

/* Ids received up to this hour, and in it, may be forgotten. */
void dedup_forget(struct dedup *dedup, int32_t hour);

/* A stored block or mark; ERR_MALFORMED. Blocks come oldest first. */
int dedup_load(struct dedup *dedup, int32_t hour, uint32_t part, const uint8_t *bytes,
               size_t len) SG_MUST_CHECK;

#endif
