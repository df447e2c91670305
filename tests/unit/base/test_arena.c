/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(arena, memory_is_aligned_and_does_not_overlap)
{
	struct arena arena;
	arena_init(&arena, 0);
	uint8_t *blocks[200];
	for (size_t i = 0; i < 200; i++) {
		blocks[i] = arena_alloc(&arena, i * 37 + 1);
		cr_assert_not_null(blocks[i]);
		cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)i, i * 37 + 1);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j < i * 37 + 1; j++)
			cr_assert_eq(blocks[i][j], (uint8_t)i, "block %zu byte %zu", i, j);
	arena_deinit(&arena);
	cr_assert_eq(arena.used, 0);
}

Test(arena, the_limit_holds_and_the_arena_survives_it)
{
	struct arena arena;
	arena_init(&arena, 100000);
	cr_assert_null(arena_alloc(&arena, 100001));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	cr_assert_not_null(arena_alloc(&arena, 60000));
	cr_assert_null(arena_alloc(&arena, 60000));
	cr_assert_not_null(arena_alloc(&arena, 1000));
	cr_assert_leq(arena.used, 100000);
	arena_deinit(&arena);
	cr_assert_not_null(arena_alloc(&arena, 60000));
	arena_deinit(&arena);
}

Test(arena, reset_keeps_one_block)
{
	struct arena arena;
	arena_init(&arena, 0);
	for (int i = 0; i < 100; i++)
		cr_assert_not_null(arena_alloc(&arena, 10000));
	size_t full = arena.used;
	arena_reset(&arena);
	cr_assert_lt(arena.used, full);
	cr_assert_gt(arena.used, 0);
	size_t kept = arena.used;
	cr_assert_not_null(arena_alloc(&arena, 100));
	cr_assert_eq(arena.used, kept);
	arena_deinit(&arena);
	arena_reset(&arena);
	cr_assert_eq(arena.used, 0);
}

Test(arena, copies_and_formats_text)
{
	struct arena arena;
	arena_init(&arena, 0);
	char *copy = arena_strndup(&arena, "awareness", 5);
	cr_assert_str_eq(copy, "aware");
	cr_assert_str_eq(arena_strndup(&arena, NULL, 0), "");
	cr_assert_str_eq(arena_printf(&arena, "%s:%d", "stage", 3), "stage:3");
	uint8_t *zeros = arena_zalloc(&arena, 500);
	for (int i = 0; i < 500; i++)
		cr_assert_eq(zeros[i], 0);
	arena_deinit(&arena);
}
