/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	cr_assert_eq(civil_parse_day(text, strlen(text), &day), 0, "%s", text);
	return day;
}

Test(civil, every_day_equals_gmtime)
{
	for (int32_t day = CIVIL_DAY_MIN; day <= CIVIL_DAY_MAX; day++) {
		time_t seconds = (time_t)day * 86400;
		struct tm tm;
		cr_assert_not_null(gmtime_r(&seconds, &tm));
		struct civil_date date = civil_date_of(day);
		cr_assert(date.year == tm.tm_year + 1900 && date.month == tm.tm_mon + 1 &&
		          date.day == tm.tm_mday);
		cr_assert(civil_date_valid(date));
		cr_assert_eq(civil_day(date), day);
		cr_assert_eq(civil_weekday(day), tm.tm_wday == 0 ? 7 : tm.tm_wday);
		char week[16], expected[16];
		int iso_year, iso_week;
		civil_iso_week(day, &iso_year, &iso_week);
		snprintf(week, sizeof(week), "%d-W%02d", iso_year, iso_week);
		strftime(expected, sizeof(expected), "%G-W%V", &tm);
		cr_assert_str_eq(week, expected);
		cr_assert_eq(civil_week_start(day), day - (civil_weekday(day) - 1));
		cr_assert_eq(civil_month_start(day), day - (tm.tm_mday - 1));
	}
}

Test(civil, bounds_of_the_calendar)
{
	cr_assert_eq(day_of("1970-01-01"), CIVIL_DAY_MIN);
	cr_assert_eq(day_of("2200-12-31"), CIVIL_DAY_MAX);
	cr_assert_eq(civil_day((struct civil_date){0, 3, 1}), -719468);
	struct civil_date date = civil_date_of(-719469);
	cr_assert(date.year == 0 && date.month == 2 && date.day == 29);
	cr_assert_eq(civil_weekday(-1), 3);
	cr_assert_eq(civil_weekday(-4), 7);
}

static const char *const bad_days[] = {
    "",           "2026",       "2026-02-29", "2026-02-30", "2026-13-01",  "2026-00-10",
    "2026-01-00", "2026-1-01",  "26-01-01",   "2026/01/01", "2026-01-01 ", " 2026-01-01",
    "1969-12-31", "2201-01-01", "2026-01-0a", "20260101",   "2026-01-011", "-026-01-01",
    "2026-04-31", "2100-02-29",
};

Test(civil, days_that_do_not_exist_are_refused)
{
	for (size_t i = 0; i < sizeof(bad_days) / sizeof(*bad_days); i++) {
		int32_t day = 4711;
		cr_assert_eq(civil_parse_day(bad_days[i], strlen(bad_days[i]), &day), ERR_BAD_DATE,
		             "%s", bad_days[i]);
		cr_assert_eq(day, 4711);
	}
	char text[CIVIL_DAY_TEXT];
	civil_format_day(text, day_of("2028-02-29"));
	cr_assert_str_eq(text, "2028-02-29");
	cr_assert(!civil_date_valid((struct civil_date){2026, 2, 29}));
	cr_assert(!civil_date_valid((struct civil_date){2026, 0, 1}));
	cr_assert(!civil_date_valid((struct civil_date){100000, 1, 1}));
}

static const struct {
	const char *text;
	int months;
	const char *expected;
} month_rows[] = {
    {"2026-11-21", 0, "2026-11-01"},   {"2026-11-30", 1, "2026-12-01"},
    {"2026-12-31", 1, "2027-01-01"},   {"2026-01-31", -1, "2025-12-01"},
    {"2026-03-31", -13, "2025-02-01"}, {"2026-03-31", 24, "2028-03-01"},
};

Test(civil, months_are_added_to_first_days)
{
	for (size_t i = 0; i < sizeof(month_rows) / sizeof(*month_rows); i++)
		cr_assert_eq(civil_month_add(day_of(month_rows[i].text), month_rows[i].months),
		             day_of(month_rows[i].expected), "row %zu", i);
}

static const struct {
	const char *text;
	int64_t us; /* -1 = ERR_BAD_DATE */
} instant_rows[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-21T10:00:00Z", INT64_C(1795255200000000)},
    {"2026-11-21t10:00:00z", INT64_C(1795255200000000)},
    {"2026-11-21 11:00:00+01:00", INT64_C(1795255200000000)},
    {"2026-11-21T04:30:00-05:30", INT64_C(1795255200000000)},
    {"2026-11-21T10:00:00.5Z", INT64_C(1795255200500000)},
    {"2026-11-21T10:00:00.123456999Z", INT64_C(1795255200123456)},
    {"2026-11-21T10:00:00.9999999Z", INT64_C(1795255200999999)},
    {"2016-12-31T23:59:60Z", INT64_C(1483228800000000)},
    {"1970-01-01T00:00:00+00:00", 0},
    {"2026-11-21T10:00:00", -1},
    {"2026-11-21T10:00Z", -1},
    {"2026-11-21T24:00:00Z", -1},
    {"2026-11-21T10:60:00Z", -1},
    {"2026-11-21T10:00:61Z", -1},
    {"2026-11-21T10:00:00.Z", -1},
    {"2026-11-21T10:00:00+0100", -1},
    {"2026-11-21T10:00:00+24:00", -1},
    {"2026-11-21T10:00:00+01:60", -1},
    {"2026-11-21T10:00:00ZZ", -1},
    {"2026-02-30T10:00:00Z", -1},
    {"2026-11-21", -1},
    {"", -1},
};

Test(civil, instants)
{
	for (size_t i = 0; i < sizeof(instant_rows) / sizeof(*instant_rows); i++) {
		int64_t us = 4711;
		const char *text = instant_rows[i].text;
		int err = civil_parse_instant(text, strlen(text), &us);
		if (instant_rows[i].us < 0) {
			cr_assert_eq(err, ERR_BAD_DATE, "%s", text);
			cr_assert_eq(us, 4711);
		} else {
			cr_assert_eq(err, 0, "%s", text);
			cr_assert_eq(us, instant_rows[i].us, "%s: %lld", text, (long long)us);
		}
	}
}

Test(civil, a_fiscal_year_covers_its_twelve_months)
{
	for (int start = 1; start <= 12; start++) {
		int32_t day = civil_day((struct civil_date){2025, start, 1});
		int32_t end = civil_month_add(day, 12);
		for (; day < end; day++) {
			int year, quarter, month;
			civil_fiscal(day, start, &year, &quarter, &month);
			cr_assert_eq(year, start == 1 ? 2025 : 2026);
			cr_assert_eq(quarter, (month - 1) / 3 + 1);
			int calendar_month = (start - 1 + month - 1) % 12 + 1;
			cr_assert_eq(civil_date_of(day).month, calendar_month);
		}
	}
}
