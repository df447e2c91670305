/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "rollup/rows.h"

#define PLACES  3
#define COLUMNS 3

/* What the increments of a page add up to, by placement and column. */
struct sums {
	int64_t of[PLACES][COLUMNS];
};

static void add(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t diff)
{
	(void)key;
	struct sums *sums = arg;
	sums->of[placement][column] += diff;
}

static enum row_result apply(struct row_page *page, struct sums *sums, uint32_t key, uint32_t place,
                             int64_t as_of, const int64_t *values, uint32_t mask)
{
	struct row_amount amounts[COLUMNS];
	struct row_reading reading = {
	    .key = key, .placement = place, .version = {as_of, 1}, .amounts = amounts};
	for (uint32_t c = 0; c < COLUMNS; c++)
		if (mask >> c & 1)
			amounts[reading.amount_count++] = (struct row_amount){c, values[c]};
	return row_page_apply(page, &reading, add, sums);
}

static const char *vector_op(json_t *op, struct row_page *page, struct sums *sums)
{
	static char zeroed[32];
	int64_t as_of = json_integer_value(json_object_get(op, "as_of"));
	if (strcmp(json_string_value(json_object_get(op, "op")), "commit_slice") == 0) {
		int before = 0;
		for (uint32_t i = 0; i < page->count; i++)
			before += page->rows[i].version.as_of_us < as_of;
		int err = row_page_commit(page, as_of,
		                          (uint64_t)json_integer_value(json_object_get(op, "rows")),
		                          json_is_true(json_object_get(op, "complete")), add, sums);
		if (err)
			return err_code(err);
		snprintf(zeroed, sizeof(zeroed), "zeroed:%d", before);
		return zeroed;
	}
	const char *key = json_string_value(json_object_get(op, "key"));
	int64_t values[] = {json_integer_value(json_object_get(op, "spend_micros")),
	                    json_integer_value(json_object_get(op, "conversions_micro"))};
	uint32_t id = (uint32_t)(strstr(key, "|c")[2] - '0');
	switch (apply(page, sums, id, 0, as_of, values, 3)) {
	case ROW_APPLIED:
		return "applied";
	case ROW_UNCHANGED:
		return "unchanged";
	case ROW_STALE:
		return "stale";
	case ROW_CONFLICT:
		return "as_of_conflict";
	}
	return "?";
}

Test(rows, vectors)
{
	json_t *root = json_load_file(SG_SOURCE_DIR "/tests/data/vectors.json", 0, NULL);
	cr_assert_not_null(root);
	size_t at;
	json_t *vector;
	int run = 0;
	json_array_foreach(json_object_get(root, "vectors"), at, vector)
	{
		const char *kind = json_string_value(json_object_get(vector, "kind"));
		json_t *ops = json_object_get(json_object_get(vector, "input"), "ops");
		if (strcmp(kind, "snapshot_upsert") != 0 || !ops)
			continue;
		json_t *expect = json_object_get(json_object_get(vector, "expect"), "after_each");
		struct row_page page = {.known = true};
		struct sums sums = {0};
		size_t step;
		json_t *op;
		json_array_foreach(ops, step, op)
		{
			const char *result = vector_op(op, &page, &sums);
			json_t *after = json_array_get(expect, step);
			cr_assert_str_eq(result,
			                 json_string_value(json_object_get(after, "result")));
			cr_assert_eq(sums.of[0][0],
			             json_integer_value(json_object_get(after, "spend")));
			cr_assert_eq(sums.of[0][1],
			             json_integer_value(json_object_get(after, "conv")));
		}
		row_page_clear(&page);
		run++;
	}
	cr_assert_eq(run, 5);
	json_decref(root);
}

Test(rows, absent_measure_keeps_and_zero_sets)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	apply(&page, &sums, 1, 0, 100, (int64_t[]){10, 5, 0}, 3);
	cr_assert_eq(apply(&page, &sums, 1, 0, 200, (int64_t[]){0, 9, 0}, 1), ROW_APPLIED);
	cr_assert_eq(sums.of[0][0], 0);
	cr_assert_eq(sums.of[0][1], 5);
	row_page_clear(&page);
}

Test(rows, a_moved_row_leaves_its_old_series)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	apply(&page, &sums, 1, 0, 100, (int64_t[]){10, 5, 7}, 7);
	cr_assert_eq(apply(&page, &sums, 1, 2, 200, (int64_t[]){11, 0, 0}, 1), ROW_APPLIED);
	struct sums want = {{{0, 0, 0}, {0, 0, 0}, {11, 5, 7}}};
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	cr_assert_eq(apply(&page, &sums, 1, 1, 200, (int64_t[]){11, 0, 0}, 1), ROW_CONFLICT);
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	row_page_clear(&page);
}

Test(rows, a_difference_beyond_64_bits_comes_in_two_steps)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	apply(&page, &sums, 1, 0, 100, (int64_t[]){INT64_MAX, 0, 0}, 1);
	cr_assert_eq(apply(&page, &sums, 1, 0, 200, (int64_t[]){-INT64_MAX, 0, 0}, 1), ROW_APPLIED);
	cr_assert_eq(sums.of[0][0], -INT64_MAX);
	row_page_clear(&page);
}

/* One reading of one key, or a commit. */
struct op {
	bool commit;
	uint32_t key;
	uint32_t place;
	int64_t as_of;
	int64_t values[COLUMNS];
	uint32_t mask;
	uint64_t rows;
};

static void run_op(const struct op *op, struct row_page *page, struct sums *sums)
{
	if (!op->commit)
		apply(page, sums, op->key, op->place, op->as_of, op->values, op->mask);
	else
		cr_assert_eq(row_page_commit(page, op->as_of, op->rows, true, add, sums), 0);
}

/* Packs the page and goes on with what comes back. */
static void repack(struct row_page *page)
{
	struct buf buf = {0};
	row_page_encode(page, 9, &buf);
	struct row_page copy = {.known = true};
	uint64_t generation;
	cr_assert_eq(row_page_decode(&copy, buf.bytes, buf.len, &generation), 0);
	cr_assert_eq(generation, 9);
	row_page_clear(page);
	*page = copy;
	buf_deinit(&buf);
}

/* Readings 1..n, each a complete slice whose commit comes after its rows: rows
 * shuffled and repeated, commits at the end in any order, one total. */
Test(rows, any_order_and_repetition_gives_one_total)
{
	srand(11);
	for (int round = 0; round < 400; round++) {
		struct op rows[64];
		struct op commits[4];
		int count = 0;
		for (int reading = 0; reading < 4; reading++) {
			commits[reading] =
			    (struct op){.commit = true, .as_of = 100 * (reading + 1)};
			for (uint32_t key = 0; key < 8; key++) {
				if (rand() % 3 == 0)
					continue;
				struct op *op = &rows[count++];
				*op = (struct op){.key = key,
				                  .place = (uint32_t)(rand() % PLACES),
				                  .as_of = 100 * (reading + 1) + rand() % 3,
				                  .mask = (uint32_t)(rand() % 7) + 1};
				for (int c = 0; c < COLUMNS; c++)
					op->values[c] = rand() % 5;
				commits[reading].rows++;
			}
		}
		struct row_page reference = {.known = true};
		struct sums want = {0};
		for (int i = 0; i < count; i++)
			run_op(&rows[i], &reference, &want);
		for (int i = 0; i < 4; i++)
			run_op(&commits[i], &reference, &want);
		struct row_page page = {.known = true};
		struct sums sums = {0};
		for (int i = 0; i < count * 3; i++) {
			int at = i < count ? i : rand() % count;
			int other = rand() % count;
			struct op swap = rows[at % count];
			rows[at % count] = rows[other];
			rows[other] = swap;
			run_op(&rows[rand() % count], &page, &sums);
			if (rand() % 8 == 0)
				repack(&page);
		}
		for (int i = 0; i < count; i++)
			run_op(&rows[i], &page, &sums);
		for (int i = 0; i < 8; i++)
			run_op(&commits[i < 4 ? 3 - i : rand() % 4], &page, &sums);
		for (int i = 0; i < count; i++)
			run_op(&rows[i], &page, &sums);
		cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0, "round %d", round);
		row_page_clear(&page);
		row_page_clear(&reference);
	}
}

Test(rows, an_older_commit_after_a_newer_complete_one_is_harmless)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	apply(&page, &sums, 1, 0, 200, (int64_t[]){5, 0, 0}, 1);
	cr_assert_eq(row_page_commit(&page, 200, 1, true, add, &sums), 0);
	cr_assert_eq(apply(&page, &sums, 2, 0, 100, (int64_t[]){7, 0, 0}, 1), ROW_STALE);
	cr_assert_eq(row_page_commit(&page, 100, 2, true, add, &sums), 0);
	cr_assert_eq(sums.of[0][0], 5);
	row_page_clear(&page);
}

Test(rows, changes_alone_bring_a_copy_up_to_date)
{
	srand(5);
	struct row_page page = {.known = true};
	struct row_page copy = {.known = true};
	struct sums sums = {0};
	for (int i = 0; i < 500; i++) {
		apply(&page, &sums, (uint32_t)(rand() % 50), (uint32_t)(rand() % PLACES), i + 1,
		      (int64_t[]){rand(), rand(), rand()}, (uint32_t)(rand() % 7) + 1);
		if (i % 60 == 59)
			cr_assert_eq(row_page_commit(&page, i, 0, true, add, &sums), 0);
		if (rand() % 5)
			continue;
		struct buf buf = {0};
		uint64_t none;
		row_page_encode(&page, 0, &buf);
		cr_assert_eq(row_page_decode(&copy, buf.bytes, buf.len, &none), 0);
		buf_deinit(&buf);
	}
	struct buf a = {0};
	struct buf b = {0};
	uint64_t none;
	row_page_encode(&page, 0, &a);
	cr_assert_eq(row_page_decode(&copy, a.bytes, a.len, &none), 0);
	buf_reset(&a);
	row_page_encode(&page, 3, &a);
	row_page_encode(&copy, 3, &b);
	cr_assert_eq(a.len, b.len);
	cr_assert_eq(memcmp(a.bytes, b.bytes, a.len), 0);
	buf_deinit(&a);
	buf_deinit(&b);
	row_page_clear(&page);
	row_page_clear(&copy);
}

static enum row_result apply_whole(struct row_page *page, struct sums *sums, uint32_t place,
                                   int64_t as_of, const int64_t *values, uint32_t mask)
{
	struct row_amount amounts[COLUMNS];
	struct row_reading reading = {
	    .key = 1, .placement = place, .version = {as_of, 1}, .amounts = amounts, .whole = true};
	for (uint32_t c = 0; c < COLUMNS; c++)
		if (mask >> c & 1)
			amounts[reading.amount_count++] = (struct row_amount){c, values[c]};
	bool conflicts = row_page_conflicts(page, &reading);
	enum row_result result = row_page_apply(page, &reading, add, sums);
	cr_assert_eq(conflicts, result == ROW_CONFLICT);
	return result;
}

/* What a whole reading does not name is zero from then on. */
Test(rows, a_whole_reading_says_all_there_is)
{
	static const int64_t values[] = {10, 5, 7};
	static const int64_t zero[] = {10, 0, 7};
	struct row_page page = {.known = true};
	struct sums sums = {0};
	struct sums want = {{{10, 5, 7}, {0, 0, 0}, {0, 0, 0}}};
	cr_assert_eq(apply_whole(&page, &sums, 0, 100, values, 7), ROW_APPLIED);
	cr_assert_eq(apply_whole(&page, &sums, 0, 100, values, 7), ROW_UNCHANGED);
	/* The same version without a value that is there, and an older one. */
	cr_assert_eq(apply_whole(&page, &sums, 0, 100, values, 5), ROW_CONFLICT);
	cr_assert_eq(apply_whole(&page, &sums, 0, 99, values, 1), ROW_STALE);
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	cr_assert_eq(apply_whole(&page, &sums, 0, 200, values, 5), ROW_APPLIED);
	want.of[0][1] = 0;
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	/* To name a zero and not to name it is the same. */
	cr_assert_eq(apply_whole(&page, &sums, 0, 200, zero, 7), ROW_UNCHANGED);
	cr_assert_eq(apply_whole(&page, &sums, 0, 200, zero, 5), ROW_UNCHANGED);
	cr_assert_eq(apply_whole(&page, &sums, 0, 300, values, 5), ROW_UNCHANGED);
	cr_assert_eq(apply_whole(&page, &sums, 0, 250, values, 7), ROW_STALE);
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	/* Moved and shortened at once. */
	cr_assert_eq(apply_whole(&page, &sums, 2, 400, values, 1), ROW_APPLIED);
	want = (struct sums){{{0, 0, 0}, {0, 0, 0}, {10, 0, 0}}};
	cr_assert_eq(memcmp(&sums, &want, sizeof(sums)), 0);
	cr_assert_eq(row_page_live(&page), 1);
	cr_assert_eq(apply_whole(&page, &sums, 2, 500, values, 0), ROW_APPLIED);
	cr_assert_eq(row_page_live(&page), 0);
	row_page_clear(&page);
}

/* A version that is newer for one value alone is kept, too, and so is a move. */
Test(rows, what_changes_no_sum_is_kept_as_well)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	struct buf buf = {0};
	uint64_t rows = 0;
	__int128 sum = 0;
	apply(&page, &sums, 1, 0, 100, (int64_t[]){10, 5, 0}, 7);
	apply(&page, &sums, 1, 0, 200, (int64_t[]){10, 0, 0}, 1);
	row_page_encode(&page, 0, &buf);
	cr_assert_eq(apply(&page, &sums, 1, 0, 150, (int64_t[]){0, 5, 0}, 2), ROW_UNCHANGED);
	cr_assert_eq(page.changed_count, 1);
	cr_assert_eq(apply(&page, &sums, 1, 0, 140, (int64_t[]){0, 6, 0}, 2), ROW_STALE);
	cr_assert_eq(apply(&page, &sums, 1, 1, 300, (int64_t[]){10, 0, 0}, 1), ROW_APPLIED);
	cr_assert_eq(sums.of[1][0], 10);
	/* A zero is a value, but not one that counts. */
	row_page_sum(&page, 2, &rows, &sum);
	cr_assert_eq(rows, 0);
	cr_assert_eq(row_page_rows_with(&page, 2, 0), 1);
	buf_deinit(&buf);
	row_page_clear(&page);
}

/* A row of the very reading that a commit ended belongs to it. */
Test(rows, a_commit_leaves_its_own_reading_open)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	apply(&page, &sums, 1, 0, 100, (int64_t[]){10, 0, 0}, 1);
	apply(&page, &sums, 2, 0, 90, (int64_t[]){4, 0, 0}, 1);
	cr_assert_eq(row_page_rows_with(&page, 0, 90), 2);
	cr_assert_eq(row_page_rows_with(&page, 0, 91), 1);
	cr_assert_eq(row_page_rows_with(&page, 0, 101), 0);
	cr_assert_eq(row_page_rows_with(&page, 1, 0), 0);
	cr_assert_eq(row_page_commit(&page, 100, 2, true, add, &sums), ERR_SLICE_INCOMPLETE);
	cr_assert_eq(sums.of[0][0], 14);
	cr_assert_eq(row_page_commit(&page, 100, 1, true, add, &sums), 0);
	cr_assert_eq(sums.of[0][0], 10);
	cr_assert(page.meta_changed);
	cr_assert_eq(apply(&page, &sums, 3, 0, 100, (int64_t[]){3, 0, 0}, 1), ROW_APPLIED);
	cr_assert_eq(apply(&page, &sums, 1, 0, 100, (int64_t[]){10, 0, 0}, 1), ROW_UNCHANGED);
	cr_assert_eq(apply(&page, &sums, 1, 0, 100, (int64_t[]){11, 0, 0}, 1), ROW_CONFLICT);
	cr_assert_eq(apply(&page, &sums, 4, 0, 99, (int64_t[]){5, 0, 0}, 1), ROW_STALE);
	cr_assert_eq(apply(&page, &sums, 1, 0, 99, (int64_t[]){5, 0, 0}, 1), ROW_STALE);
	struct row_amount other = {0, 12};
	struct row_reading reading = {
	    .key = 1, .version = {100, 1}, .amounts = &other, .amount_count = 1};
	cr_assert(row_page_conflicts(&page, &reading));
	/* Of a reading that is over nothing can conflict. */
	cr_assert_eq(row_page_commit(&page, 101, 0, true, add, &sums), 0);
	cr_assert_not(row_page_conflicts(&page, &reading));
	cr_assert_eq(sums.of[0][0], 0);
	apply(&page, &sums, 6, 0, 101, (int64_t[]){13, 0, 0}, 1);
	cr_assert_eq(apply(&page, &sums, 5, 0, 101, (int64_t[]){0, 0, 0}, 0), ROW_APPLIED);
	cr_assert_eq(sums.of[0][0], 13);
	/* What was told once is not told again. */
	struct buf first = {0};
	struct buf second = {0};
	row_page_encode(&page, 0, &first);
	cr_assert_not(page.meta_changed);
	cr_assert_eq(page.changed_count, 0);
	row_page_encode(&page, 0, &second);
	cr_assert_lt(second.len, first.len);
	buf_deinit(&first);
	buf_deinit(&second);
	row_page_clear(&page);
}

static void add_all(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t diff)
{
	int64_t(*cells)[ROW_COLUMNS_MAX] = arg;
	(void)placement;
	cells[key][column] += diff;
}

/* Rows and columns that come one by one, so that both grow under what is there. */
Test(rows, a_page_grows_in_both_directions)
{
	enum { ROWS = 100 };
	static int64_t got[ROWS][ROW_COLUMNS_MAX];
	struct row_page page = {.known = true};
	for (uint32_t step = 0; step < ROW_COLUMNS_MAX; step++)
		for (uint32_t key = 0; key < ROWS; key++) {
			if (key > 2 * step && step + 1 < ROW_COLUMNS_MAX)
				continue;
			struct row_amount amount = {step, (int64_t)key * 100 + step + 1};
			struct row_reading reading = {.key = key,
			                              .version = {step + 1, 1},
			                              .amounts = &amount,
			                              .amount_count = 1};
			cr_assert_eq(row_page_room(&page, &reading), 0);
			cr_assert_eq(row_page_apply(&page, &reading, add_all, got), ROW_APPLIED);
		}
	cr_assert_eq(page.count, ROWS);
	cr_assert_eq(page.column_count, ROW_COLUMNS_MAX);
	struct row_amount more = {ROW_COLUMNS_MAX, 1};
	struct row_reading reading = {.version = {99, 1}, .amounts = &more, .amount_count = 1};
	cr_assert_eq(row_page_room(&page, &reading), ERR_TOO_MANY);
	for (uint32_t step = 0; step < ROW_COLUMNS_MAX; step++) {
		uint64_t rows = 0;
		__int128 sum = 0;
		__int128 want = 0;
		uint64_t with = 0;
		row_page_sum(&page, step, &rows, &sum);
		for (uint32_t key = 0; key < ROWS; key++) {
			bool there = key <= 2 * step || step + 1 == ROW_COLUMNS_MAX;
			cr_assert_eq(got[key][step], there ? key * 100 + step + 1 : 0,
			             "row %u, column %u", key, step);
			want += got[key][step];
			with += there;
		}
		cr_assert(sum == want, "column %u", step);
		cr_assert_eq(rows, with, "column %u", step);
	}
	/* All of it is still there to be taken back. */
	cr_assert_eq(row_page_commit(&page, 1000, 0, true, add_all, got), 0);
	for (uint32_t key = 0; key < ROWS; key++)
		for (uint32_t step = 0; step < ROW_COLUMNS_MAX; step++)
			cr_assert_eq(got[key][step], 0);
	row_page_clear(&page);
}

Test(rows, cut_pages_are_refused)
{
	struct row_page page = {.known = true};
	struct sums sums = {0};
	for (uint32_t key = 0; key < 5; key++)
		apply(&page, &sums, key * 7, key % PLACES, 100 + key, (int64_t[]){1, 2, 300},
		      7 >> key % 2);
	struct buf buf = {0};
	row_page_encode(&page, 4, &buf);
	for (size_t len = 0; len < buf.len; len++) {
		struct row_page copy = {.known = true};
		uint64_t generation;
		int err = row_page_decode(&copy, buf.bytes, len, &generation);
		cr_assert(err == ERR_MALFORMED || copy.count == 0 || copy.column_count < 3,
		          "cut at %zu of %zu", len, buf.len);
		row_page_clear(&copy);
	}
	buf_deinit(&buf);
	row_page_clear(&page);
}
