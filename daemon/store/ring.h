/* SPDX-License-Identifier: Apache-2.0
 * Ring: the last flushes of a partition as they were sent, so that they can be
 * sent again when Redis came back without them.
 *
 *   base ) oldest ... newest        generations base+1, base+2, ...
 *
 * A flush leaves only when it is settled (no state that Redis may return to
 * lacks it) and room is needed: an unsettled flush stays whatever the budget. */
#ifndef SG_STORE_RING_H
#define SG_STORE_RING_H

#include "rollup/flush.h"

/* Embedded; ring_init makes it. */
struct ring {
	struct flush **flushes; /* oldest first; owned */
	size_t count;
	size_t cap;
	size_t bytes;           /* of all flushes */
	size_t budget;          /* in bytes */
	uint64_t settled;       /* newest settled generation */
	uint64_t base;          /* generation that the oldest flush follows, */
	uint8_t base_flush[16]; /* and the flush id of that generation */
};

/* An empty ring behind the generation and flush id that were loaded. */
void ring_init(struct ring *ring, size_t budget, uint64_t generation, const uint8_t flush_id[16]);
void ring_deinit(struct ring *ring);

/* Generation of the newest flush; the base when there is none. */
uint64_t ring_newest(const struct ring *ring);

/* Makes room for one more flush, so that ring_push cannot fail; ERR_NOMEM. */
int ring_reserve(struct ring *ring) SG_MUST_CHECK;

/* Takes over the flush, whose generation must be ring_newest + 1, and lets
 * settled flushes go for it. Only after ring_reserve. */
void ring_push(struct ring *ring, struct flush *flush);

/* The flush of a generation, or NULL. */
const struct flush *ring_find(const struct ring *ring, uint64_t generation);

/* The flush id known for a generation (the base's included), or NULL. */
const uint8_t *ring_flush_id(const struct ring *ring, uint64_t generation);

/* Flushes up to this generation are settled. */
void ring_settle(struct ring *ring, uint64_t generation);

#endif
