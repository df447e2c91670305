/* SPDX-License-Identifier: Apache-2.0
 * Words for people: details of rejects, and names that may have been meant. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/detail.h"
#include "cli/nearest.h"
#include "cli/range_end.h"

Test(words, instants)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
	    {0, "1970-01-01T00:00:00Z"},
	    {1893834000000000, "2030-01-05T09:00:00Z"},
	    {1893834000000001, "2030-01-05T09:00:00.000001Z"},
	    {-1, "-1"},
	    {INT64_MAX, "9223372036854775807"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[INSTANT_TEXT];
		instant_format(text, rows[i].us);
		cr_assert_str_eq(text, rows[i].text);
	}
}

Test(words, details)
{
	static const struct {
		const char *field;
		const char *detail;
		const char *said;
	} rows[] = {
	    {"event_time_us", "1893834000000000: too late",
	     "2030-01-05T09:00:00Z (1893834000000000): too late"},
	    {"as_of_us", "1: early", "1970-01-01T00:00:00.000001Z (1): early"},
	    {"as_of_us", "0: required", "0: required"},
	    {"as_of_us", "-5: required", "-5: required"},
	    {"event_time_us", "99999999999999999999: far", "99999999999999999999: far"},
	    {"event_time_us", "9223372036854775807: far", "9223372036854775807: far"},
	    {"event_id", "1893834000000000: no instant", "1893834000000000: no instant"},
	    {"from", "day 20454: older", "2026-01-01: older"},
	    {"from", "day x", "day x"},
	    {"from", "day 99999999: far", "day 99999999: far"},
	    {"dims[0]", "", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = {0};
		detail_put(&out, rows[i].field, rows[i].detail);
		buf_put_byte(&out, 0);
		cr_assert_str_eq((const char *)out.bytes, rows[i].said);
		buf_deinit(&out);
	}
}

Test(words, distances)
{
	static const struct {
		const char *a;
		const char *b;
		size_t distance;
	} rows[] = {
	    {"", "", 0},
	    {"", "abc", 3},
	    {"send", "send", 0},
	    {"sned", "send", 2},
	    {"shop/eo", "shop/eu", 1},
	    {"kitten", "sitting", 3},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(text_distance(rows[i].a, rows[i].b), rows[i].distance);
		cr_assert_eq(text_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
	char a[300];
	char b[400];
	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	a[299] = b[399] = 0;
	cr_assert_eq(text_distance(a, b), 0, "only the beginnings are compared");
}

Test(words, nearest)
{
	static const char *const names[] = {"google_ads/2", "shop/us", "shop/eu",
	                                    "shop/uk",      "shop/e",  "x"};
	const char *nearest[NEAREST_MAX];
	cr_assert_eq(nearest_names("shop/eu", names, 6, nearest), 3);
	cr_assert_str_eq(nearest[0], "shop/eu");
	cr_assert_str_eq(nearest[1], "shop/e");
	cr_assert_str_eq(nearest[2], "shop/us");
	cr_assert_eq(nearest_names("shop/eu", names, 1, nearest), 0);
	cr_assert_eq(nearest_names("shop/eu", names, 0, nearest), 0);
	cr_assert_eq(nearest_names("", names, 6, nearest), 0);
}

Test(words, members)
{
	static const char json[] = "{\"a\":null,\"b\":\"one \\\"two\\\"\",\"c\":\"\"}";
	char text[32];
	cr_assert(!json_member(json, "a", text, sizeof(text)));
	cr_assert(!json_member(json, "z", text, sizeof(text)));
	cr_assert(json_member(json, "b", text, sizeof(text)));
	cr_assert_str_eq(text, "one \"two\"");
	cr_assert(json_member(json, "c", text, sizeof(text)));
	cr_assert_str_eq(text, "");
	cr_assert(json_member(json, "b", text, 4));
	cr_assert_str_eq(text, "one");
}
