/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "rollup/dedup.h"

static struct dedup_id id_of(uint64_t n)
{
	struct dedup_id id;
	uint64_t parts[2] = {n * 0x9E3779B97F4A7C15u + 1, n};
	memcpy(id.bytes, parts, sizeof(parts));
	return id;
}

/* An id that wants a slot close to where the table ends, or begins. */
static struct dedup_id crowded_id(uint32_t n, uint32_t spread)
{
	struct dedup_id id = id_of(n);
	uint32_t tag = (n * 2654435761u >> 3) % spread - spread / 2;
	memcpy(id.bytes + 4, &tag, sizeof(tag));
	return id;
}

Test(dedup, remembers_until_the_window_has_passed)
{
	struct dedup dedup;
	dedup_init(&dedup, 1000000, 168);
	for (uint64_t n = 0; n < 5000; n++) {
		struct dedup_id id = id_of(n);
		cr_assert_not(dedup_seen(&dedup, &id));
		cr_assert(dedup_add(&dedup, &id, (int32_t)(n / 1000)));
	}
	for (uint32_t i = 0; i < dedup.block_count; i++)
		dedup.blocks[i].stored = dedup.blocks[i].count;
	dedup_advance(&dedup, 168 + 2);
	for (uint64_t n = 0; n < 5000; n++) {
		struct dedup_id id = id_of(n);
		cr_assert_eq(dedup_seen(&dedup, &id), n >= 2000, "id %zu", (size_t)n);
	}
	cr_assert_not(dedup_short(&dedup, 170));
	cr_assert_eq(dedup_oldest_hour(&dedup, 170), 2);
	dedup_deinit(&dedup);
}

/* The table grows where it is: every id is found after each doubling, also those
 * that crowd around its ends, whatever its size. */
Test(dedup, ids_are_found_however_often_the_table_grew)
{
	static const uint32_t spreads[] = {UINT32_MAX, 3000, 40};
	for (size_t s = 0; s < sizeof(spreads) / sizeof(*spreads); s++) {
		struct dedup dedup;
		dedup_init(&dedup, s ? 2000 : 1000000, 168);
		uint64_t slots = 0;
		int doublings = 0;
		for (uint32_t n = 0; n < 20000; n++) {
			struct dedup_id id = crowded_id(n, spreads[s]);
			cr_assert_not(dedup_seen(&dedup, &id), "%u of spread %zu", n, s);
			cr_assert(dedup_add(&dedup, &id, 1));
			if (dedup.slot_count == slots)
				continue;
			slots = dedup.slot_count;
			doublings++;
			for (uint32_t old = 0; old <= n; old++) {
				id = crowded_id(old, spreads[s]);
				cr_assert(dedup_seen(&dedup, &id), "%u of %u, %zu", old, n, s);
			}
		}
		cr_assert_eq(doublings, 6);
		dedup_deinit(&dedup);
	}
}

/* Twelve hours of half a block each, all in flushes. */
static void fill_hours(struct dedup *dedup)
{
	uint32_t half = DEDUP_BLOCK_IDS / 2;
	for (uint32_t n = 0; n < 12 * half; n++) {
		struct dedup_id id = id_of(n);
		cr_assert(dedup_add(dedup, &id, (int32_t)(n / half)));
	}
	for (uint32_t i = 0; i < dedup->block_count; i++)
		dedup->blocks[i].stored = dedup->blocks[i].count;
}

Test(dedup, too_many_ids_shorten_the_window_and_say_so)
{
	struct dedup dedup;
	uint32_t half = DEDUP_BLOCK_IDS / 2;
	dedup_init(&dedup, 8 * half, 168);
	fill_hours(&dedup);
	dedup_advance(&dedup, 11);
	cr_assert(dedup_short(&dedup, 11));
	cr_assert_leq(dedup.used, 8 * half);
	/* What is let go is deleted, so that Redis stays within the limit too. */
	cr_assert_eq(dedup.gone_count, 5);
	cr_assert_eq(dedup.gone[0].hour, 0);
	struct dedup_id newest = id_of(12 * half - 1);
	struct dedup_id oldest = id_of(5 * half - 1);
	cr_assert(dedup_seen(&dedup, &newest));
	cr_assert_not(dedup_seen(&dedup, &oldest));
	cr_assert_eq(dedup_oldest_hour(&dedup, 11), 5);
	/* Until the window no longer reaches back to them. */
	cr_assert(dedup_short(&dedup, 4 + 168));
	cr_assert_not(dedup_short(&dedup, 5 + 168));
	cr_assert_eq(dedup_oldest_hour(&dedup, 6 + 168), 6);
	dedup_advance(&dedup, 8 + 168);
	cr_assert_eq(dedup.gone_count, 8);
	cr_assert_not(dedup_short(&dedup, 8 + 168));
	dedup_deinit(&dedup);
}

/* As many as the limit says are kept; one more, and a sixteenth of it is let go. */
Test(dedup, the_limit_itself_is_within_it)
{
	enum { EACH = DEDUP_BLOCK_IDS / 16, HOURS = 18 };
	for (uint32_t hours = 16; hours <= HOURS; hours += 2) {
		struct dedup dedup;
		dedup_init(&dedup, 16 * EACH, 168);
		for (uint32_t n = 0; n < hours * EACH; n++) {
			struct dedup_id id = id_of(n);
			cr_assert(dedup_add(&dedup, &id, (int32_t)(n / EACH)));
		}
		for (uint32_t i = 0; i < dedup.block_count; i++)
			dedup.blocks[i].stored = dedup.blocks[i].count;
		dedup_advance(&dedup, HOURS);
		cr_assert_eq(dedup.used, (hours == 16 ? 16 : 15) * EACH);
		cr_assert_eq(dedup.gone_count, hours == 16 ? 0 : 3);
		cr_assert_eq(dedup_short(&dedup, HOURS), hours != 16);
		dedup_deinit(&dedup);
	}
}

/* Of an hour with several blocks the first may be gone and the others not: an id
 * of that hour can then not be told from a forgotten one. */
Test(dedup, an_hour_of_which_a_part_is_forgotten_is_not_whole)
{
	struct dedup dedup;
	dedup_init(&dedup, 2 * DEDUP_BLOCK_IDS, 168);
	for (uint32_t n = 0; n < 4 * DEDUP_BLOCK_IDS; n++) {
		struct dedup_id id = id_of(n);
		dedup_add(&dedup, &id, 20);
	}
	for (uint32_t i = 0; i < dedup.block_count; i++)
		dedup.blocks[i].stored = dedup.blocks[i].count;
	dedup_advance(&dedup, 20);
	struct dedup_id last = id_of(4 * DEDUP_BLOCK_IDS - 1);
	cr_assert(dedup_seen(&dedup, &last));
	cr_assert_eq(dedup_oldest_hour(&dedup, 20), 21);
	dedup_deinit(&dedup);
}

/* What a clock that was a year ahead let go is not there when it is put right. */
Test(dedup, a_clock_put_forward_and_back_leaves_a_short_window)
{
	struct dedup dedup;
	dedup_init(&dedup, 1000000, 168);
	fill_hours(&dedup);
	dedup_advance(&dedup, 11 + 8760);
	cr_assert_not(dedup_short(&dedup, 11 + 8760));
	cr_assert(dedup_short(&dedup, 12));
	cr_assert_eq(dedup_oldest_hour(&dedup, 12), 11);
	dedup_deinit(&dedup);
}

Test(dedup, a_mark_tells_what_was_forgotten)
{
	struct dedup dedup;
	dedup_init(&dedup, 1000000, 168);
	cr_assert_eq(dedup_load(&dedup, 9, 0, dedup_mark.bytes, sizeof(dedup_mark)), 0);
	cr_assert_eq(dedup_load(&dedup, 7, 0, dedup_mark.bytes, sizeof(dedup_mark)), 0);
	cr_assert_eq(dedup.used, 0);
	cr_assert_eq(dedup.block_count, 0);
	cr_assert_eq(dedup_oldest_hour(&dedup, 12), 10);
	cr_assert(dedup_short(&dedup, 12));
	dedup_deinit(&dedup);
}

Test(dedup, ids_not_yet_in_a_flush_are_never_dropped)
{
	struct dedup dedup;
	dedup_init(&dedup, 10, 1);
	for (uint64_t n = 0; n < 100; n++) {
		struct dedup_id id = id_of(n);
		dedup_add(&dedup, &id, (int32_t)n);
	}
	dedup_advance(&dedup, 1000);
	cr_assert_eq(dedup.used, 100);
	dedup_deinit(&dedup);
}

Test(dedup, blocks_load_as_they_were_stored)
{
	struct dedup dedup;
	dedup_init(&dedup, 1000000, 168);
	struct dedup_id ids[3] = {id_of(1), id_of(2), id_of(3)};
	cr_assert_eq(dedup_load(&dedup, 7, 0, (uint8_t *)ids, sizeof(ids)), 0);
	cr_assert_eq(dedup_load(&dedup, 8, 0, (uint8_t *)ids, 15), ERR_MALFORMED);
	cr_assert(dedup_seen(&dedup, &ids[1]));
	struct dedup_id next = id_of(4);
	dedup_add(&dedup, &next, 7);
	cr_assert_eq(dedup.block_count, 1);
	cr_assert_eq(dedup.blocks[0].count, 4);
	cr_assert_eq(dedup.blocks[0].stored, 3);
	dedup_deinit(&dedup);
}

/* Ids that share slot and tag differ in their other half alone. */
Test(dedup, an_id_is_added_once_and_ids_of_one_tag_are_told_apart)
{
	struct dedup dedup;
	dedup_init(&dedup, 1000000, 168);
	for (uint64_t n = 0; n < 2000; n++) {
		uint64_t parts[2] = {UINT64_C(0x123456789) + n % 2, n};
		struct dedup_id id;
		memcpy(id.bytes, parts, sizeof(parts));
		cr_assert_not(dedup_seen(&dedup, &id));
		cr_assert(dedup_add(&dedup, &id, 7));
		cr_assert_not(dedup_add(&dedup, &id, 8), "id %zu", (size_t)n);
		cr_assert(dedup_seen(&dedup, &id));
	}
	cr_assert_eq(dedup.used, 2000);
	cr_assert_eq(dedup.blocks[0].count, 2000);
	dedup_deinit(&dedup);
}

Test(dedup, a_stored_block_is_never_longer_than_a_block)
{
	static uint8_t bytes[(DEDUP_BLOCK_IDS + 1) * sizeof(struct dedup_id)];
	struct dedup dedup;
	for (uint32_t n = 0; n <= DEDUP_BLOCK_IDS; n++) {
		struct dedup_id id = id_of(n);
		memcpy(bytes + n * sizeof(id), id.bytes, sizeof(id));
	}
	dedup_init(&dedup, 1000000, 168);
	cr_assert_eq(dedup_load(&dedup, 1, 0, bytes, sizeof(bytes)), ERR_MALFORMED);
	cr_assert_eq(dedup_load(&dedup, 1, 0, bytes, sizeof(bytes) - 16), 0);
	struct dedup_id last = id_of(DEDUP_BLOCK_IDS - 1);
	cr_assert(dedup_seen(&dedup, &last));
	cr_assert_not(dedup_add(&dedup, &last, 1));
	dedup_deinit(&dedup);
}
