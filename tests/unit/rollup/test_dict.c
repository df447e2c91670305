/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rollup/dict.h"

static struct measure measures[] = {{.id = "clicks"}, {.id = "spend", .scale = 6, .money = true}};
static struct dimension dims[] = {{.id = "channel", .max_values = 100000},
                                  {.id = "campaign", .max_values = 3}};
static struct grouping_set sets[] = {{.dim_count = 0}, {.dim_count = 2, .dims = {1, 0}}};
static const struct catalog catalog = {.measures = measures,
                                       .measure_count = 2,
                                       .dims = dims,
                                       .dim_count = 2,
                                       .sets = sets,
                                       .set_count = 2};

/* Whether a text is known may not depend on what was looked up before: texts that
 * differ in one byte, wherever it stands, and texts of which one begins another. */
Test(dict, texts_of_every_length_are_told_apart)
{
	struct dict dict;
	dict_init(&dict, &catalog);
	for (size_t len = 0; len <= 40; len++) {
		char text[41] = "0123456789012345678901234567890123456789";
		uint32_t whole = dict_value(&dict, 0, text, len);
		cr_assert_eq(dict_value_recent(&dict, 0, text, len), whole);
		cr_assert_eq(dict_value_recent(&dict, 0, text, len), whole, "%zu", len);
		for (size_t at = 0; at < len; at++) {
			text[at] ^= 0x40;
			cr_assert_eq(dict_value_recent(&dict, 0, text, len), DICT_NO_VALUE,
			             "byte %zu of %zu", at, len);
			uint32_t other = dict_value(&dict, 0, text, len);
			cr_assert_neq(other, whole);
			cr_assert_eq(dict_value_recent(&dict, 0, text, len), other);
			cr_assert_eq(dict_value_recent(&dict, 0, text, len), other);
			cr_assert_eq(dict_value_find(&dict, 0, text, len), other);
			text[at] ^= 0x40;
		}
		cr_assert_eq(dict_value_recent(&dict, 0, text, len), whole);
	}
	dict_deinit(&dict);
}

/* The words of short texts repeat bytes: `abb` and `ab` have the same. */
Test(dict, short_texts_with_the_same_bytes_are_told_apart)
{
	static const char *texts[] = {"a",       "aa",       "aaa",       "ab",       "abb",
	                              "aaaa",    "aaaaa",    "aaaaaaa",   "aaaaaaaa", "aaaaaaaaa",
	                              "abababa", "abababab", "ababababa", "b",        "ba"};
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	struct dict dict;
	uint32_t ids[COUNT];
	dict_init(&dict, &catalog);
	for (int i = 0; i < COUNT; i++)
		ids[i] = dict_value(&dict, 0, texts[i], strlen(texts[i]));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < COUNT; i++) {
			cr_assert_eq(dict_value_recent(&dict, 0, texts[i], strlen(texts[i])),
			             ids[i], "%s", texts[i]);
			cr_assert_str_eq(dict.value_texts[ids[i]], texts[i]);
		}
	dict_deinit(&dict);
}

Test(dict, dimensions_do_not_share_their_values)
{
	struct dict dict;
	dict_init(&dict, &catalog);
	uint32_t value = dict_value(&dict, 0, "display", 7);
	cr_assert_eq(dict_value_recent(&dict, 0, "display", 7), value);
	cr_assert_eq(dict_value_recent(&dict, 1, "display", 7), DICT_NO_VALUE);
	cr_assert_neq(dict_value(&dict, 1, "display", 7), value);
	dict_deinit(&dict);
}

/* What came after the cap stays `__other__`, and what came before it is known. */
Test(dict, values_beyond_the_cap_are_other)
{
	struct dict dict;
	char text[16];
	dict_init(&dict, &catalog);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 10; i++) {
			int len = snprintf(text, sizeof(text), "g:%d", i);
			uint32_t value = dict_value(&dict, 1, text, (size_t)len);
			cr_assert_str_eq(dict.value_texts[value], i < 3 ? text : "__other__");
			cr_assert_eq(dict_value_recent(&dict, 1, text, (size_t)len),
			             i < 3 ? value : DICT_NO_VALUE);
		}
	}
	cr_assert_eq(dict.tables[DICT_VALUE].count, 4);
	dict_deinit(&dict);
}

static void values_of(struct dict *dict, uint32_t n, uint32_t values[MODEL_DIMS])
{
	char text[16];
	int len = snprintf(text, sizeof(text), "ch%u", n);
	values[0] = n % 7 ? dict_value(dict, 0, text, (size_t)len) : DICT_NO_VALUE;
	len = snprintf(text, sizeof(text), "g:%u", n % 5);
	values[1] = dict_value(dict, 1, text, (size_t)len);
}

/* Looked up together or alone, before and after the table of groups grew, and
 * loaded from what was queued: the same groups. */
Test(dict, groups_of_many_are_those_of_each)
{
	static uint32_t values[DICT_GROUPS_AT_ONCE][MODEL_DIMS];
	static uint32_t known[2][20 * DICT_GROUPS_AT_ONCE];
	struct dict dict;
	struct dict again;
	uint32_t groups[DICT_GROUPS_AT_ONCE];
	dict_init(&dict, &catalog);
	for (uint32_t n = 0; n < 20 * DICT_GROUPS_AT_ONCE; n += DICT_GROUPS_AT_ONCE) {
		for (uint32_t i = 0; i < DICT_GROUPS_AT_ONCE; i++)
			values_of(&dict, n + i, values[i]);
		for (uint32_t set = 0; set < 2; set++) {
			dict_groups_of(&dict, set, values, DICT_GROUPS_AT_ONCE, groups);
			memcpy(known[set] + n, groups, sizeof(groups));
			for (uint32_t i = 0; i < DICT_GROUPS_AT_ONCE; i++)
				cr_assert_eq(dict_group(&dict, set, 0, values[i]), groups[i]);
		}
	}
	cr_assert_eq(dict.set_groups[0], 1, "the empty set has one group");
	cr_assert_gt(dict.set_groups[1], 1000);
	dict_init(&again, &catalog);
	cr_assert_eq(dict_load(&again, 0, dict.pending.bytes, dict.pending.len), 0);
	for (uint32_t n = 0; n < 20 * DICT_GROUPS_AT_ONCE; n++) {
		values_of(&again, n, values[0]);
		for (uint32_t set = 0; set < 2; set++)
			cr_assert_eq(dict_group(&again, set, 0, values[0]), known[set][n]);
		cr_assert_neq(dict_group(&again, 0, 7, values[0]), known[0][n], "weeks");
	}
	dict_deinit(&again);
	dict_deinit(&dict);
}

/* Of one group every item differs in one value alone. */
Test(dict, groups_tell_every_value_and_its_place)
{
	struct dict dict;
	uint32_t values[4][MODEL_DIMS] = {{5, 6}, {6, 5}, {5, DICT_NO_VALUE}, {DICT_NO_VALUE, 6}};
	uint32_t groups[4];
	dict_init(&dict, &catalog);
	dict_groups_of(&dict, 1, values, 4, groups);
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(dict.groups[groups[i]].values[0], values[i][1]);
		cr_assert_eq(dict.groups[groups[i]].values[1], values[i][0]);
		cr_assert_eq(dict.groups[groups[i]].index, i);
	}
	dict_deinit(&dict);
}
