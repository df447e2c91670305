/* SPDX-License-Identifier: Apache-2.0
 * The mark: written as a part of an emission, read back field by field. */
#include <criterion/criterion.h>
#include <string.h>

#include "emit/mark.h"

#define CONTENT "0123456789abcdef0123456789abcdef"
#define OTHER   "ffffffffffffffffffffffffffffffff"

static void take_all(const struct emission *emission, struct mark *mark)
{
	cr_assert(!emission->failed);
	cr_assert_eq(emission->op_count, 1);
	cr_assert_eq(emission->ops[0].part, EMISSION_MARK);
	for (uint32_t i = 0; i < emission->ops[0].count; i += 2)
		cr_assert_eq(mark_take(mark, (const char *)emission->fields[i].bytes,
		                       (const char *)emission->fields[i + 1].bytes),
		             0);
}

Test(emit_mark, is_read_back_as_written)
{
	struct mark mark = {.generation = UINT64_MAX};
	struct mark copy = {.id = ""};
	struct mark back = {.id = ""};
	struct emission emission;
	strcpy(mark.id, "00112233445566778899aabbccddeeff-17");
	strcpy(mark.version, "0123456789abcdef");
	strcpy(mark.content, CONTENT);
	mark.stages = strdup("market,purchase,");
	mark_set_day(&mark, 20778, CONTENT);
	mark_set_day(&mark, 20777, OTHER);
	cr_assert_eq(mark_copy(&mark, &copy), 0);
	cr_assert(copy.stages != mark.stages);
	emission_init(&emission, "", 100);
	mark_put(&copy, &emission);
	take_all(&emission, &back);
	cr_assert_str_eq(back.id, mark.id);
	cr_assert_eq(back.generation, UINT64_MAX);
	cr_assert_str_eq(back.version, mark.version);
	cr_assert_str_eq(back.content, CONTENT);
	cr_assert_str_eq(back.stages, "market,purchase,");
	cr_assert_str_eq(mark_day_content(&back, 20778), CONTENT);
	cr_assert_str_eq(mark_day_content(&back, 20777), OTHER);
	cr_assert_str_eq(mark_day_content(&back, 20776), "");
	emission_deinit(&emission);
	mark_deinit(&mark);
	mark_deinit(&copy);
	mark_deinit(&back);
}

Test(emit_mark, a_day_takes_the_place_of_one_that_nobody_follows)
{
	struct mark mark = {.id = ""};
	mark_set_day(&mark, 20000, CONTENT);
	mark_set_day(&mark, 20000 + EMIT_DAYS, OTHER);
	cr_assert_str_eq(mark_day_content(&mark, 20000), "");
	cr_assert_str_eq(mark_day_content(&mark, 20000 + EMIT_DAYS), OTHER);
	cr_assert_str_eq(mark_day_content(&mark, 20000 + 2 * EMIT_DAYS), "");
}

/* What others wrote under these names is as if it were not there. */
Test(emit_mark, foreign_fields_are_left_out)
{
	static const char *const fields[][2] = {
	    {"day:2026-13-01", CONTENT},
	    {"day:2026-11-21", "short"},
	    {"day:", CONTENT},
	    {"content", CONTENT "0"},
	    {"settings_version", "0123456789abcdef0"},
	    {"id",
	     "a much longer name than any daemon of this kind would ever give to what it emits"},
	    {"something", "else"},
	};
	struct mark mark = {.id = ""};
	const struct mark none = {.id = ""};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		cr_assert_eq(mark_take(&mark, fields[i][0], fields[i][1]), 0);
		cr_assert_eq(memcmp(&mark, &none, sizeof(mark)), 0, "%s", fields[i][0]);
	}
}
