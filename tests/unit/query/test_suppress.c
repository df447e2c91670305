/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors of suppression, and what they leave open. */
#include "query/suppress.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vectors.h"

static bool withheld_in(json_t *expect, const char *name)
{
	size_t index;
	json_t *one;
	json_array_foreach(json_object_get(expect, "withheld"), index, one)
	{
		if (strcmp(json_string_value(one), name) == 0)
			return true;
	}
	return false;
}

static bool suppress(const char *id, json_t *input, json_t *expect)
{
	struct suppress_cell cells[8];
	const char *names[8];
	uint32_t count = 0;
	const char *name;
	json_t *people;
	json_object_foreach(json_object_get(input, "cells"), name, people)
	{
		names[count] = name;
		cells[count] =
		    (struct suppress_cell){(uint64_t)json_integer_value(people), count, false};
		count++;
	}
	suppress_cells(cells, count, (uint64_t)json_integer_value(json_object_get(input, "k")),
	               json_is_true(json_object_get(input, "total_shown")));
	for (uint32_t i = 0; i < count; i++)
		cr_assert_eq(cells[i].withheld, withheld_in(expect, names[cells[i].id]), "%s: %s",
		             id, names[cells[i].id]);
	return true;
}

Test(suppress, vectors)
{
	cr_assert_eq(vectors_run("k_suppress", suppress), 3);
}

Test(suppress, without_a_total_only_small_cells_go)
{
	struct suppress_cell cells[] = {{4, 0, false}, {12, 1, false}, {50, 2, false}};
	suppress_cells(cells, 3, 10, false);
	cr_assert(cells[0].withheld);
	cr_assert_not(cells[1].withheld);
	cr_assert_not(cells[2].withheld);
}

Test(suppress, one_cell_of_k_people_is_shown)
{
	struct suppress_cell cells[] = {{10, 0, false}};
	suppress_cells(cells, 1, 10, true);
	cr_assert_not(cells[0].withheld);
	cells[0].people = 9;
	suppress_cells(cells, 1, 10, true);
	cr_assert(cells[0].withheld);
}

static void expect_withheld(const uint64_t *people, const char *expected, uint64_t k)
{
	struct suppress_cell cells[8];
	char got[9] = "";
	uint32_t count = (uint32_t)strlen(expected);
	for (uint32_t i = 0; i < count; i++)
		cells[i] = (struct suppress_cell){people[i], i, false};
	suppress_cells(cells, count, k, true);
	for (uint32_t i = 0; i < count; i++)
		got[cells[i].id] = cells[i].withheld ? 'w' : '.';
	cr_assert_str_eq(got, expected);
}

/* Until k people are withheld, and no further. */
Test(suppress, with_a_total_the_next_smallest_go)
{
	expect_withheld((uint64_t[]){50, 4, 30, 12}, ".w.w", 10);
	expect_withheld((uint64_t[]){50, 4, 6, 12}, ".ww.", 10);
	expect_withheld((uint64_t[]){50, 4, 5, 12}, ".www", 10);
	expect_withheld((uint64_t[]){0, 50, 9}, ".ww", 10);
	expect_withheld((uint64_t[]){0, 0, 50, 10}, "....", 10);
	expect_withheld((uint64_t[]){3, 3, 3}, "www", 10);
}

/* Which of two goes must not depend on the order in which they were read. */
Test(suppress, of_two_alike_the_lower_id_goes)
{
	expect_withheld((uint64_t[]){12, 12, 12, 4}, "w..w", 10);
	expect_withheld((uint64_t[]){4, 12, 12, 12}, "ww..", 10);
	struct suppress_cell cells[] = {{12, 7, false}, {4, 9, false}, {12, 2, false}};
	suppress_cells(cells, 3, 10, true);
	cr_assert_eq(cells[1].id, 2);
	cr_assert(cells[1].withheld);
	cr_assert_eq(cells[2].id, 7);
	cr_assert_not(cells[2].withheld);
}
