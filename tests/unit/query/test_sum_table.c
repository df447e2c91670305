/* SPDX-License-Identifier: Apache-2.0 */
#include "query/sum_table.h"

#include <criterion/criterion.h>

/* The corners of what a key holds, and enough between them to grow. */
Test(sum_table, every_place_is_its_own)
{
	static const uint32_t groups[] = {0, 1, 77, (1u << 26) - 2};
	static const uint32_t slots[] = {0, 1, SUM_SLOTS - 1};
	struct arena arena = {0};
	struct sum_table table;
	cr_assert_eq(sum_table_init(&table, &arena), 0);
	int64_t next = 1;
	for (size_t g = 0; g < 4; g++)
		for (size_t s = 0; s < 3; s++)
			for (uint32_t b = 0; b < 500; b++)
				sum_add(sum_table_at(&table, &arena, groups[g], slots[s],
				                     b == 499 ? SUM_BUCKETS - 1 : b),
				        next++);
	cr_assert_eq(table.count, 6000);
	next = 1;
	for (size_t g = 0; g < 4; g++)
		for (size_t s = 0; s < 3; s++)
			for (uint32_t b = 0; b < 500; b++) {
				struct sum sum = sum_table_get(&table, groups[g], slots[s],
				                               b == 499 ? SUM_BUCKETS - 1 : b);
				cr_assert_eq((int64_t)sum.value, next++);
				cr_assert_eq(sum.flags, SUM_PRESENT);
			}
	cr_assert_eq(sum_table_get(&table, 2, 0, 0).flags, 0);
	arena_deinit(&arena);
}

Test(sum_table, places_come_back)
{
	struct arena arena = {0};
	struct sum_table table;
	cr_assert_eq(sum_table_init(&table, &arena), 0);
	sum_add(sum_table_at(&table, &arena, 40000, SUM_SLOTS - 2, SUM_BUCKETS - 3), 5);
	for (uint32_t i = 0; i <= table.mask; i++) {
		uint32_t group, slot, bucket;
		if (!table.entries[i].key)
			continue;
		sum_entry_place(&table.entries[i], &group, &slot, &bucket);
		cr_assert_eq(group, 40000);
		cr_assert_eq(slot, SUM_SLOTS - 2);
		cr_assert_eq(bucket, SUM_BUCKETS - 3);
	}
	arena_deinit(&arena);
}

Test(sum_table, sums_are_exact_or_say_that_they_are_not)
{
	struct sum sum = {0, 0};
	for (int i = 0; i < 3; i++)
		sum_add(&sum, INT64_MAX);
	sum_add(&sum, -(i128)INT64_MAX * 2);
	cr_assert_eq((int64_t)sum.value, INT64_MAX);
	cr_assert_eq(sum.flags, SUM_PRESENT);
	i128 most = ~((i128)1 << 127);
	sum_add(&sum, most);
	cr_assert_eq(sum.flags, SUM_PRESENT | SUM_OVERFLOW);
}
