/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ring.h"

#include <stdlib.h>
#include <string.h>

void ring_init(struct ring *ring, size_t budget, uint64_t generation, const uint8_t flush_id[16])
{
	*ring = (struct ring){.budget = budget, .settled = generation, .base = generation};
	memcpy(ring->base_flush, flush_id, sizeof(ring->base_flush));
}

void ring_deinit(struct ring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		flush_free(ring->flushes[i]);
	free(ring->flushes);
	*ring = (struct ring){.budget = ring->budget};
}

uint64_t ring_newest(const struct ring *ring)
{
	return ring->base + ring->count;
}

static size_t flush_cost(const struct flush *flush)
{
	size_t payload = flush->op_count * sizeof(*flush->ops) + flush->bytes;
	return sizeof(*flush) + (flush->arena.used > payload ? flush->arena.used : payload);
}

static void drop_oldest(struct ring *ring)
{
	struct flush *oldest = ring->flushes[0];
	ring->base = oldest->generation;
	memcpy(ring->base_flush, oldest->id, sizeof(ring->base_flush));
	ring->bytes -= flush_cost(oldest);
	ring->count--;
	memmove(ring->flushes, ring->flushes + 1, ring->count * sizeof(struct flush *));
	flush_free(oldest);
}

int ring_reserve(struct ring *ring)
{
	if (ring->count < ring->cap)
		return 0;
	size_t cap = ring->cap ? ring->cap * 2 : 64;
	struct flush **wider = realloc(ring->flushes, cap * sizeof(struct flush *));
	if (!wider)
		return ERR_NOMEM;
	ring->flushes = wider;
	ring->cap = cap;
	return 0;
}

void ring_push(struct ring *ring, struct flush *flush)
{
	require(flush->generation == ring_newest(ring) + 1);
	require(ring->count < ring->cap);
	size_t cost = flush_cost(flush);
	while (ring->count > 0 && ring->bytes + cost > ring->budget &&
	       ring->flushes[0]->generation <= ring->settled)
		drop_oldest(ring);
	ring->flushes[ring->count++] = flush;
	ring->bytes += cost;
}

const struct flush *ring_find(const struct ring *ring, uint64_t generation)
{
	if (generation <= ring->base || generation > ring_newest(ring))
		return NULL;
	return ring->flushes[generation - ring->base - 1];
}

const uint8_t *ring_flush_id(const struct ring *ring, uint64_t generation)
{
	if (generation == ring->base)
		return ring->base_flush;
	const struct flush *flush = ring_find(ring, generation);
	return flush ? flush->id : NULL;
}

void ring_settle(struct ring *ring, uint64_t generation)
{
	if (generation > ring->settled)
		ring->settled = generation;
}
