/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "store/shape.h"

Test(shape, equal_texts_do_not_differ)
{
	char text[SHAPE_TEXT_MAX] = "untouched";
	cr_assert(!shape_differs("a;b", 3, "a;b", text));
	cr_assert(!shape_differs("", 0, NULL, text));
	cr_assert_str_eq(text, "untouched");
}

Test(shape, the_first_difference_is_named)
{
	char text[SHAPE_TEXT_MAX];
	const char *was = "set []\nset [channel]\nspend@claimed 6\n";
	cr_assert(shape_differs(was, strlen(was), "set []\nset [region]\nspend@claimed 6\n", text));
	cr_assert_str_eq(text,
	                 "stored is `set [channel]` where the configuration has `set [region]`");
	cr_assert(shape_differs(was, strlen(was), "set []\nspend@claimed 6\n", text));
	cr_assert_str_eq(text, "stored is `set [channel]` where the configuration has `nothing`");
	cr_assert(shape_differs("a; b", 4, "a; b; c", text));
	cr_assert_str_eq(text, "stored is `nothing` where the configuration has `c`");
	/* Blanks around a part are none of it. */
	cr_assert(shape_differs("a ;b", 4, "a;  b;c  ", text));
	cr_assert_str_eq(text, "stored is `nothing` where the configuration has `c`");
}

Test(shape, a_new_measure_is_fine_and_a_lost_or_changed_one_is_not)
{
	char text[SHAPE_TEXT_MAX];
	const char *was = "set 0 []\nscale spend@observed 6\n";
	cr_assert(!shape_differs(
	    was, strlen(was), "set 0 []\nscale clicks@observed 0\nscale spend@observed 6\n", text));
	cr_assert(shape_differs(was, strlen(was), "set 0 []\nscale spend@observed 0\n", text));
	cr_assert(shape_differs(was, strlen(was), "set 0 []\n", text));
	cr_assert_str_eq(text, "stored is `scale spend@observed 6` where the configuration has "
	                       "`nothing`");
	cr_assert(shape_differs(was, strlen(was),
	                        "set 0 []\nset 1 channel\nscale spend@observed 6\n", text));
}

Test(shape, a_long_part_is_cut)
{
	char text[SHAPE_TEXT_MAX];
	char was[2000];
	memset(was, 'x', sizeof(was));
	cr_assert(shape_differs(was, sizeof(was), "y", text));
	cr_assert(strlen(text) < SHAPE_TEXT_MAX - 1);
	cr_assert(strstr(text, "has `y`") != NULL);
}
