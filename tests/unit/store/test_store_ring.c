/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/ring.h"

static const uint8_t base_id[16] = {9, 9, 9};

static struct flush *flush_of(uint64_t generation, size_t bytes)
{
	struct flush *flush = calloc(1, sizeof(*flush));
	arena_init(&flush->arena, 0);
	flush->generation = generation;
	flush->id[0] = (uint8_t)generation;
	flush->bytes = bytes;
	return flush;
}

static void push(struct ring *ring, uint64_t generation, size_t bytes)
{
	cr_assert(ring_reserve(ring) == 0);
	ring_push(ring, flush_of(generation, bytes));
}

Test(ring, starts_behind_what_was_loaded)
{
	struct ring ring;
	ring_init(&ring, 1000, 41, base_id);
	cr_assert(ring_newest(&ring) == 41);
	cr_assert(memcmp(ring_flush_id(&ring, 41), base_id, 16) == 0);
	cr_assert(ring_flush_id(&ring, 40) == NULL && ring_flush_id(&ring, 42) == NULL);
	cr_assert(ring_find(&ring, 41) == NULL);
	ring_deinit(&ring);
}

Test(ring, finds_flushes_by_generation)
{
	struct ring ring;
	ring_init(&ring, 1 << 20, 41, base_id);
	for (uint64_t g = 42; g < 342; g++)
		push(&ring, g, 10);
	cr_assert(ring_newest(&ring) == 341);
	for (uint64_t g = 42; g < 342; g++) {
		cr_assert(ring_find(&ring, g)->generation == g);
		cr_assert(ring_flush_id(&ring, g)[0] == (uint8_t)g);
	}
	cr_assert(ring_find(&ring, 342) == NULL);
	ring_deinit(&ring);
}

Test(ring, an_unsettled_flush_stays_whatever_the_budget)
{
	struct ring ring;
	ring_init(&ring, 1, 0, base_id);
	for (uint64_t g = 1; g <= 20; g++)
		push(&ring, g, 1000);
	cr_assert(ring.base == 0 && ring.count == 20);
	ring_settle(&ring, 5);
	push(&ring, 21, 1000);
	cr_assert(ring.base == 5, "base %lu", (unsigned long)ring.base);
	cr_assert(memcmp(ring_flush_id(&ring, 5), (uint8_t[16]){5}, 16) == 0);
	cr_assert(ring_find(&ring, 5) == NULL && ring_find(&ring, 6) != NULL);
	ring_deinit(&ring);
}

Test(ring, a_settled_flush_stays_while_there_is_room)
{
	struct ring ring;
	ring_init(&ring, 100000, 0, base_id);
	for (uint64_t g = 1; g <= 9; g++) {
		push(&ring, g, 10000);
		ring_settle(&ring, g);
	}
	cr_assert(ring.base == 0 && ring.count == 9);
	for (uint64_t g = 10; g <= 30; g++) {
		push(&ring, g, 10000);
		ring_settle(&ring, g);
		cr_assert(ring.bytes <= 100000);
	}
	cr_assert(ring.base > 15 && ring_newest(&ring) == 30);
	ring_settle(&ring, 3); /* never backwards */
	cr_assert(ring.settled == 30);
	ring_deinit(&ring);
}

Test(ring, the_budget_counts_what_the_arena_holds)
{
	struct ring ring;
	ring_init(&ring, 10000, 0, base_id);
	for (uint64_t g = 1; g <= 10; g++) {
		struct flush *flush = flush_of(g, 1);
		cr_assert(arena_alloc(&flush->arena, 4000) != NULL);
		cr_assert(ring_reserve(&ring) == 0);
		ring_push(&ring, flush);
		ring_settle(&ring, g);
	}
	cr_assert(ring.count <= 2);
	ring_deinit(&ring);
}
