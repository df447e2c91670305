/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

#include "mapping/when.h"

#define DAY INT_MIN

static const struct {
	const char *text;
	enum when_form form;
	const char *day; /* NULL = ERR_BAD_DATE */
	int hour;
	int minute;
	int second;
	int micro;
	int offset; /* -1 = none named, DAY = nor a time of day */
} forms[] = {
    {"2026-11-21", WHEN_ISO, "2026-11-21", 0, 0, 0, 0, DAY},
    {"20261121", WHEN_ISO, "2026-11-21", 0, 0, 0, 0, DAY},
    {"2026112105", WHEN_ISO, "2026-11-21", 5, 0, 0, 0, -1},
    {"2026/11/21", WHEN_ISO, "2026-11-21", 0, 0, 0, 0, DAY},
    {"2026-1-2", WHEN_ISO, "2026-01-02", 0, 0, 0, 0, DAY},
    {"2026-11-21 05:00:00", WHEN_ISO, "2026-11-21", 5, 0, 0, 0, -1},
    {"2026-11-21 5:00:00", WHEN_ISO, "2026-11-21", 5, 0, 0, 0, -1},
    {"2026-11-21T05:06", WHEN_ISO, "2026-11-21", 5, 6, 0, 0, -1},
    {"2026-11-21T05:06:07.123456789", WHEN_ISO, "2026-11-21", 5, 6, 7, 123456, -1},
    {"2026-11-21T05:06:07.5Z", WHEN_ISO, "2026-11-21", 5, 6, 7, 500000, 0},
    {"2026-11-21 05:06:07 UTC", WHEN_ISO, "2026-11-21", 5, 6, 7, 0, 0},
    {"2026-11-21T05:06:07+01:00", WHEN_ISO, "2026-11-21", 5, 6, 7, 0, 3600},
    {"2026-11-21T05:06:07-0330", WHEN_ISO, "2026-11-21", 5, 6, 7, 0, -12600},
    {"2026-11-21 05:06:07 +02", WHEN_ISO, "2026-11-21", 5, 6, 7, 0, 7200},
    {"21.11.2026", WHEN_DMY, "2026-11-21", 0, 0, 0, 0, DAY},
    {"1/2/2026 23:59", WHEN_DMY, "2026-02-01", 23, 59, 0, 0, -1},
    {"11/21/2026", WHEN_MDY, "2026-11-21", 0, 0, 0, 0, DAY},
    {"1/2/2026", WHEN_MDY, "2026-01-02", 0, 0, 0, 0, DAY},
    {"1698062442958", WHEN_EPOCH_MS, "2023-10-23", 12, 0, 42, 958000, 0},
    {"1698062442", WHEN_EPOCH_S, "2023-10-23", 12, 0, 42, 0, 0},
    {"1698062442.958", WHEN_EPOCH_S, "2023-10-23", 12, 0, 42, 958000, 0},
    {"1698062442958001", WHEN_EPOCH_US, "2023-10-23", 12, 0, 42, 958001, 0},
    {"2026-11-21 23:59:59", WHEN_ISO, "2026-11-21", 23, 59, 59, 0, -1},
    {"2026112123", WHEN_ISO, "2026-11-21", 23, 0, 0, 0, -1},
    {"2026112109", WHEN_ISO, "2026-11-21", 9, 0, 0, 0, -1},
    {"1970-01-01", WHEN_ISO, "1970-01-01", 0, 0, 0, 0, DAY},
    {"2200-12-31", WHEN_ISO, "2200-12-31", 0, 0, 0, 0, DAY},
    {"2026-11-21T05:06:07+23:59", WHEN_ISO, "2026-11-21", 5, 6, 7, 0, 86340},
    {"0", WHEN_EPOCH_US, "1970-01-01", 0, 0, 0, 0, 0},
    {"7289654399", WHEN_EPOCH_S, "2200-12-31", 23, 59, 59, 0, 0},
    {"7289654400", WHEN_EPOCH_S, NULL, 0, 0, 0, 0, 0},
    {"2201-01-01", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:06.5", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:06:7", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:06:60", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:6", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:06:07+24:00", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:06:07+01:60", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:06:07+1:00", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:06:07+01:0", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:06:07 CET", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"202611210", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"20261121x5", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026112", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"226-11-21", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"1.2.26", WHEN_DMY, NULL, 0, 0, 0, 0, 0},
    {"", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-02-29", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-13-01", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11/21", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"1969-12-31", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 24:00:00", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026112124", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21 05:60", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21x", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:00:00+", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"2026-11-21T05:00:00.", WHEN_ISO, NULL, 0, 0, 0, 0, 0},
    {"21.11-2026", WHEN_DMY, NULL, 0, 0, 0, 0, 0},
    {"21/11/2026", WHEN_MDY, NULL, 0, 0, 0, 0, 0},
    {"-1", WHEN_EPOCH_S, NULL, 0, 0, 0, 0, 0},
    {"99999999999999", WHEN_EPOCH_S, NULL, 0, 0, 0, 0, 0},
    {"abc", WHEN_EPOCH_MS, NULL, 0, 0, 0, 0, 0},
};

Test(when, forms)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct when when;
		int err = when_parse(forms[i].text, strlen(forms[i].text), forms[i].form, &when);
		if (!forms[i].day) {
			cr_assert_eq(err, ERR_BAD_DATE, "row %zu: %s", i, forms[i].text);
			continue;
		}
		char day[CIVIL_DAY_TEXT];
		cr_assert_eq(err, 0, "row %zu: %s", i, forms[i].text);
		civil_format_day(day, when.day);
		cr_assert_str_eq(day, forms[i].day, "row %zu", i);
		cr_assert(when.hour == forms[i].hour && when.minute == forms[i].minute &&
		              when.second == forms[i].second && when.micro == forms[i].micro,
		          "row %zu: %d:%d:%d.%d", i, when.hour, when.minute, when.second,
		          when.micro);
		bool named = forms[i].offset != -1 && forms[i].offset != DAY;
		cr_assert_eq(when.has_time, forms[i].offset != DAY, "row %zu", i);
		cr_assert_eq(when.has_offset, named, "row %zu", i);
		cr_assert(!when.has_offset || when.offset == forms[i].offset, "row %zu", i);
	}
}

/* A field ends where the field ends, whatever stands behind it. */
Test(when, a_length_not_a_terminator)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
	} rows[] = {
	    {"2026-11-211", 10, true},
	    {"2026-11-21", 9, true},
	    {"2026-11-21", 8, false},
	    {"2026-11-21 05:06:07.5Z", 19, true},
	    {"2026-11-21T05:06:07.5Z", 20, false},
	    {"2026-11-21T05:06:07+01:00", 20, false},
	    {"2026-11-21\0", 11, false},
	    {"2026\00011\00021", 10, false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when;
		int err = when_parse(rows[i].text, rows[i].len, WHEN_ISO, &when);
		cr_assert_eq(err, rows[i].good ? 0 : ERR_BAD_DATE, "row %zu", i);
	}
}

Test(when, instants_in_a_zone)
{
	static const struct {
		const char *text;
		const char *utc;
	} rows[] = {
	    {"2026-11-21 09:14:55", "2026-11-21T08:14:55Z"},
	    {"2026-07-01 00:00:00", "2026-06-30T22:00:00Z"},
	    {"2026-10-25 02:30:00", "2026-10-25T00:30:00Z"}, /* twice: the first */
	    {"2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
	    {"2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, /* never: behind the gap */
	    {"2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
	    {"2026-11-21T09:14:55+05:00", "2026-11-21T04:14:55Z"},
	};
	struct zone *zone = NULL;
	cr_assert_eq(zone_open("Europe/Berlin", &zone), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct when when;
		int64_t expected = 0;
		cr_assert_eq(when_parse(rows[i].text, strlen(rows[i].text), WHEN_ISO, &when), 0);
		cr_assert_eq(civil_parse_instant(rows[i].utc, strlen(rows[i].utc), &expected), 0);
		cr_assert_eq(when_instant(&when, zone), expected, "row %zu", i);
	}
	struct when naive;
	cr_assert_eq(when_parse("1970-01-02", 10, WHEN_ISO, &naive), 0);
	cr_assert_eq(when_instant(&naive, NULL), INT64_C(86400000000));
	zone_close(zone);
}
