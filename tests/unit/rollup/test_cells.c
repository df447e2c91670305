/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "rollup/cells.h"

Test(cells, key_parts_come_back)
{
	uint32_t key = cell_key(31, CELL_COLUMN_MAX - 1, 63);
	cr_assert_eq(cell_group(key), 31);
	cr_assert_eq(cell_column(key), CELL_COLUMN_MAX - 1);
	cr_assert_eq(cell_pos(key), 63);
}

Test(cells, gather_adds_sorts_and_drops_zeros)
{
	struct gather gather = {0};
	gather_add(&gather, 9, 4);
	gather_add(&gather, 0, 1);
	gather_add(&gather, 9, 3);
	gather_add(&gather, 5, 2);
	gather_add(&gather, 5, -2);
	struct cell out[4];
	cr_assert_eq(gather_count(&gather), 3);
	cr_assert_eq(gather_take(&gather, out), 2);
	cr_assert_eq(out[0].key, 0);
	cr_assert_eq(out[0].value, 1);
	cr_assert_eq(out[1].key, 9);
	cr_assert_eq(out[1].value, 7);
	cr_assert_eq(gather_count(&gather), 0);
}

Test(cells, sums_beyond_64_bits_are_kept_in_parts)
{
	struct gather gather = {0};
	gather_add(&gather, 1, INT64_MAX);
	gather_add(&gather, 1, INT64_MAX);
	gather_add(&gather, 1, -5);
	struct cell out[3];
	uint32_t count = gather_take(&gather, out);
	__int128 sum = 0;
	for (uint32_t i = 0; i < count; i++)
		sum += out[i].value;
	cr_assert(sum == (__int128)INT64_MAX * 2 - 5);
	struct run a = {malloc(sizeof(struct cell)), 1};
	struct run b = {out, count};
	a.cells[0] = (struct cell){1, INT64_MAX};
	run_merge(&a, &b);
	sum = 0;
	for (uint32_t i = 0; i < a.count; i++) {
		cr_assert(i == 0 || a.cells[i].key >= a.cells[i - 1].key);
		sum += a.cells[i].value;
	}
	cr_assert(sum == (__int128)INT64_MAX * 3 - 5);
	run_deinit(&a);
}

/* Against an array: whatever the table was told to expect, however it grows. */
Test(cells, gather_equals_plain_sums)
{
	static const uint32_t expected[] = {0, 1, 12, 13, 3000, 200000};
	enum { KEYS = 3000 };
	for (size_t round = 0; round < sizeof(expected) / sizeof(*expected); round++) {
		static int64_t sums[KEYS];
		static bool met[KEYS];
		static struct cell out[KEYS];
		struct gather gather = {.expected = expected[round]};
		memset(sums, 0, sizeof(sums));
		memset(met, 0, sizeof(met));
		for (uint32_t i = 0; i < 3 * KEYS; i++) {
			uint32_t key = i * 7919 % KEYS;
			gather_prefetch(&gather, key * 64);
			cr_assert_eq(gather_add(&gather, key * 64, i), !met[key]);
			sums[key] += i;
			met[key] = true;
		}
		cr_assert_eq(gather_count(&gather), KEYS);
		cr_assert_eq(gather_take(&gather, out), KEYS);
		for (uint32_t key = 0; key < KEYS; key++) {
			cr_assert_eq(out[key].key, key * 64);
			cr_assert_eq(out[key].value, sums[key]);
		}
		/* What was taken is not there again. */
		cr_assert(gather_add(&gather, 64, 2));
		cr_assert_eq(gather_take(&gather, out), 1);
		cr_assert_eq(out[0].value, 2);
		gather_deinit(&gather);
	}
}

Test(cells, many_parts_beyond_64_bits)
{
	struct gather gather = {0};
	struct cell out[64];
	for (uint32_t key = 0; key < 2; key++)
		for (int i = 0; i < 30; i++)
			cr_assert_eq(gather_add(&gather, key, key ? INT64_MIN : INT64_MAX), i == 0);
	uint32_t count = gather_take(&gather, out);
	__int128 sums[2] = {0, 0};
	for (uint32_t i = 0; i < count; i++)
		sums[out[i].key] += out[i].value;
	cr_assert(sums[0] == (__int128)INT64_MAX * 30);
	cr_assert(sums[1] == (__int128)INT64_MIN * 30);
	gather_deinit(&gather);
}

Test(cells, merge_drops_what_cancels)
{
	struct cell right[] = {{1, 2}, {3, -4}, {7, 1}};
	struct run a = {malloc(2 * sizeof(struct cell)), 2};
	a.cells[0] = (struct cell){3, 4};
	a.cells[1] = (struct cell){5, 6};
	run_merge(&a, &(struct run){right, 3});
	cr_assert_eq(a.count, 3);
	cr_assert_eq(a.cells[0].key, 1);
	cr_assert_eq(a.cells[1].key, 5);
	cr_assert_eq(a.cells[2].key, 7);
	run_deinit(&a);
}

/* Random runs, sparse and dense, come back cell by cell. */
Test(cells, packed_form_round_trip)
{
	srand(7);
	for (int round = 0; round < 300; round++) {
		struct gather gather = {0};
		int cells = rand() % 400;
		for (int i = 0; i < cells; i++) {
			uint32_t group = (uint32_t)(rand() % (round % 3 ? 32 : 2));
			uint32_t column = (uint32_t)(rand() % (round % 5 ? 4 : 3000));
			int64_t value = ((int64_t)rand() << 31 ^ rand()) >> (rand() % 60);
			gather_add(&gather, cell_key(group, column, (uint32_t)(rand() % 60)),
			           rand() % 2 ? value : -value);
		}
		struct cell *in = malloc(((size_t)cells + 1) * sizeof(*in));
		uint32_t count = gather_take(&gather, in);
		struct buf buf = {0};
		buf_put_key(&buf, 1, 0);
		buf_put_varint(&buf, 42);
		cells_encode(&buf, in, count);
		struct run out;
		uint64_t generation;
		cr_assert_eq(run_decode(buf.bytes, buf.len, &out, &generation), 0);
		cr_assert_eq(generation, 42);
		cr_assert_eq(out.count, count);
		for (uint32_t i = 0; i < count; i++) {
			cr_assert_eq(out.cells[i].key, in[i].key);
			cr_assert_eq(out.cells[i].value, in[i].value);
		}
		run_deinit(&out);
		buf_deinit(&buf);
		free(in);
	}
}

/* Field 5 as a number and field 6 as bytes, of a later version. */
Test(cells, unknown_fields_are_skipped)
{
	struct cell in[] = {{cell_key(0, 1, 3), 5}, {cell_key(2, 1, 9), -7}};
	struct buf buf = {0};
	struct run out;
	uint64_t generation = 0;
	buf_put_key(&buf, 5, 0);
	buf_put_varint(&buf, 300);
	buf_put_key(&buf, 1, 0);
	buf_put_varint(&buf, 42);
	buf_put_field(&buf, 6, "\x10\x10\x10", 3);
	cells_encode(&buf, in, 2);
	cr_assert_eq(run_decode(buf.bytes, buf.len, &out, &generation), 0);
	cr_assert_eq(generation, 42);
	cr_assert_eq(out.count, 2);
	for (size_t i = 0; i < 2; i++) {
		cr_assert_eq(out.cells[i].key, in[i].key);
		cr_assert_eq(out.cells[i].value, in[i].value);
	}
	run_deinit(&out);
	/* A fixed number is of no version. */
	buf_put_key(&buf, 7, 5);
	buf_put_field(&buf, 0, "", 0);
	cr_assert_eq(run_decode(buf.bytes, buf.len, &out, &generation), ERR_MALFORMED);
	buf_deinit(&buf);
}

/* Runs by hand: group gap, column, cells x 2 + contiguous, first position. */
static const struct {
	uint8_t runs[17];
	uint8_t runs_len;
	uint8_t gaps_len; /* of ones */
	uint8_t values_len;
	bool good;
} pages[] = {
    {{31, 1, 3, 63}, 4, 0, 1, true},
    {{32, 1, 3, 63}, 4, 0, 1, false},
    {{31, 1, 3, 64}, 4, 0, 1, false},
    {{31, 1, 5, 63}, 4, 0, 2, false},
    {{31, 1, 5, 62}, 4, 0, 2, true},
    {{31, 1, 4, 62}, 4, 1, 2, true},
    {{31, 1, 4, 62}, 4, 0, 2, false},
    {{31, 1, 4, 62}, 4, 2, 2, false},
    {{31, 1, 5, 62}, 4, 0, 1, false},
    {{31, 1, 5, 62}, 4, 0, 3, false},
    {{0, 1, 1, 0}, 4, 0, 0, false},
    {{0, 1, 3, 0, 31, 1, 3, 0}, 8, 0, 2, true},
    {{0, 1, 3}, 3, 0, 1, false},
    {{1, 1, 3, 0, 31, 1, 3, 0}, 8, 0, 2, false},
    /* The last column, none, and 2^32 + 1 cells. */
    {{0, 255, 255, 63, 3, 0}, 6, 0, 1, true},
    {{0, 128, 128, 64, 3, 0}, 6, 0, 1, false},
    {{0, 1, 131, 128, 128, 128, 32, 0}, 8, 0, 1, false},
    /* A gap that would come round to group 0. */
    {{1, 1, 3, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1, 3, 0}, 17, 0, 2, false},
};

Test(cells, pages_that_nobody_wrote_are_refused)
{
	static const uint8_t ones[3] = {1, 1, 1};
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		struct buf buf = {0};
		struct run out;
		uint64_t generation;
		buf_put_field(&buf, 2, pages[i].runs, pages[i].runs_len);
		buf_put_field(&buf, 3, ones, pages[i].gaps_len);
		buf_put_field(&buf, 4, ones, pages[i].values_len);
		int err = run_decode(buf.bytes, buf.len, &out, &generation);
		cr_assert_eq(err, pages[i].good ? 0 : ERR_MALFORMED, "page %zu", i);
		if (!err)
			run_deinit(&out);
		buf_deinit(&buf);
	}
}

Test(cells, cut_pages_are_refused)
{
	struct cell in[] = {{cell_key(0, 1, 3), 5}, {cell_key(0, 1, 9), 6}, {cell_key(2, 1, 9), 7}};
	struct buf buf = {0};
	cells_encode(&buf, in, 3);
	int refused = 0;
	for (size_t len = 1; len < buf.len; len++) {
		struct run out;
		uint64_t generation;
		if (run_decode(buf.bytes, len, &out, &generation) == ERR_MALFORMED)
			refused++;
		else
			run_deinit(&out);
	}
	cr_assert_eq(refused, (int)buf.len - 1);
	buf_deinit(&buf);
}
