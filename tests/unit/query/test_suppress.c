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
