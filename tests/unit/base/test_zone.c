/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"

#define US   INT64_C(1000000)
#define HOUR 3600

static struct zone *open_zone(const char *name)
{
	struct zone *zone = NULL;
	int err = zone_open(name, &zone);
	cr_assert_eq(err, 0, "%s: %s", name, err_code(err));
	cr_assert_str_eq(zone_name(zone), name);
	return zone;
}

static int64_t us_of(const char *text)
{
	int64_t us = 0;
	cr_assert_eq(civil_parse_instant(text, strlen(text), &us), 0, "%s", text);
	return us;
}

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	cr_assert_eq(civil_parse_day(text, strlen(text), &day), 0, "%s", text);
	return day;
}

static const char *const names[] = {
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Asuncion",
    "America/Havana",
    "America/Nuuk",
    "America/Caracas",
    "America/Argentina/Buenos_Aires",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Gaza",
    "Asia/Beirut",
    "Asia/Pyongyang",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Etc/GMT+12",
};
#define NAMES (sizeof(names) / sizeof(*names))

static int32_t libc_offset(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;
	cr_assert_not_null(localtime_r(&time, &tm));
	return (int32_t)tm.tm_gmtoff;
}

/* The C library reads the same files with other code. */
Test(zone, offsets_equal_the_c_library)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct zone *zone = open_zone(names[i]);
		cr_assert_eq(setenv("TZ", names[i], 1), 0);
		tzset();
		int32_t previous = libc_offset(0);
		int64_t end = (int64_t)(CIVIL_DAY_MAX + 1) * 86400;
		for (int64_t at = 0; at < end; at += 6 * HOUR) {
			int32_t expected = libc_offset(at);
			cr_assert_eq(zone_offset(zone, at * US), expected, "%s at %lld", names[i],
			             (long long)at);
			if (expected == previous)
				continue;
			/* Close in on the change: every second from both sides. */
			int64_t low = at - 6 * HOUR, high = at;
			while (high - low > 1) {
				int64_t middle = low + (high - low) / 2;
				if (libc_offset(middle) == previous)
					low = middle;
				else
					high = middle;
			}
			for (int64_t near = high - 3; near <= high + 3; near++)
				cr_assert_eq(zone_offset(zone, near * US), libc_offset(near),
				             "%s at %lld", names[i], (long long)near);
			cr_assert_eq(zone_offset(zone, high * US - 1), previous);
			previous = expected;
		}
		zone_close(zone);
	}
}

/* Hours and days tile time: each instant lies in exactly the hour and the day
 * that its local time names. */
Test(zone, hours_and_days_tile_time)
{
	for (size_t i = 0; i < NAMES; i++) {
		struct zone *zone = open_zone(names[i]);
		int64_t start = us_of("2026-01-01T00:00:00Z"), end = us_of("2028-01-02T00:00:00Z");
		for (int64_t at = start; at < end; at += 15 * 60 * US) {
			struct zone_local local = zone_local_of(zone, at);
			int64_t first = 0;
			cr_assert(zone_hour_start(zone, local.day, local.hour, local.fold, &first),
			          "%s %d %d %d", names[i], local.day, local.hour, local.fold);
			cr_assert(first <= at && at - first < HOUR * US, "%s at %lld", names[i],
			          (long long)at);
			struct zone_local began = zone_local_of(zone, first);
			cr_assert(began.day == local.day && began.hour == local.hour &&
			          began.fold == local.fold);
			struct zone_local before = zone_local_of(zone, first - 1);
			cr_assert(before.day != local.day || before.hour != local.hour ||
			          before.fold != local.fold);
			cr_assert(zone_day_start(zone, local.day) <= at);
			cr_assert(zone_day_start(zone, local.day + 1) > at);
		}
		zone_close(zone);
	}
}

/* West of Greenwich 1970 begins in 1969. */
Test(zone, the_evening_before_1970)
{
	struct zone *zone = open_zone("America/New_York");
	struct zone_local local = zone_local_of(zone, -1);
	cr_assert_eq(local.day, -1);
	cr_assert(local.hour == 18 && local.minute == 59 && local.second == 59);
	local = zone_local_of(zone, 0);
	cr_assert_eq(local.day, -1);
	cr_assert(local.hour == 19 && local.minute == 0 && local.second == 0);
	cr_assert_eq(zone_day_start(zone, 0), 5 * HOUR * US);
	local = zone_local_of(zone, 5 * HOUR * US - 1);
	cr_assert(local.day == -1 && local.hour == 23 && local.second == 59);
	cr_assert_eq(zone_local_of(zone, 5 * HOUR * US).day, 0);
	char text[ZONE_INSTANT_TEXT];
	zone_format_instant(text, zone, -US);
	cr_assert_str_eq(text, "1969-12-31T18:59:59-05:00");
	zone_close(zone);
}

Test(zone, a_day_may_lack_its_midnight)
{
	struct zone *zone = open_zone("Africa/Cairo");
	int32_t day = day_of("2026-04-24");
	cr_assert_eq(zone_day_start(zone, day), us_of("2026-04-23T22:00:00Z"));
	int64_t at;
	cr_assert(!zone_hour_start(zone, day, 0, 0, &at));
	cr_assert(zone_hour_start(zone, day, 1, 0, &at));
	cr_assert_eq(at, zone_day_start(zone, day));
	zone_close(zone);
}

Test(zone, a_day_may_not_exist)
{
	/* Samoa crossed the date line: no 30 December 2011. */
	struct zone *zone = open_zone("Pacific/Apia");
	int32_t day = day_of("2011-12-30");
	cr_assert_eq(zone_day_start(zone, day), zone_day_start(zone, day + 1));
	cr_assert_eq(zone_day_start(zone, day), us_of("2011-12-30T10:00:00Z"));
	int64_t at;
	cr_assert(!zone_hour_start(zone, day, 12, 0, &at));
	zone_close(zone);
}

Test(zone, a_repeated_hour_has_a_second_pass)
{
	struct zone *zone = open_zone("Europe/Berlin");
	int32_t day = day_of("2026-10-25");
	int64_t first = 0, second = 0;
	cr_assert(zone_hour_start(zone, day, 2, 0, &first));
	cr_assert(zone_hour_start(zone, day, 2, 1, &second));
	cr_assert_eq(first, us_of("2026-10-25T00:00:00Z"));
	cr_assert_eq(second, us_of("2026-10-25T01:00:00Z"));
	cr_assert(!zone_hour_start(zone, day, 3, 1, &second));
	cr_assert_eq(zone_local_of(zone, first).fold, 0);
	cr_assert_eq(zone_local_of(zone, first + HOUR * US).fold, 1);
	cr_assert_eq(zone_local_of(zone, first + 2 * HOUR * US).fold, 0);
	day = day_of("2026-03-29");
	cr_assert(!zone_hour_start(zone, day, 2, 0, &first));
	zone_close(zone);
}

Test(zone, half_an_hour_is_repeated_on_lord_howe)
{
	struct zone *zone = open_zone("Australia/Lord_Howe");
	int32_t day = day_of("2026-04-05");
	int64_t first = 0, second = 0, next = 0;
	cr_assert(zone_hour_start(zone, day, 1, 0, &first));
	cr_assert(zone_hour_start(zone, day, 1, 1, &second));
	cr_assert(zone_hour_start(zone, day, 2, 0, &next));
	cr_assert_eq(first, us_of("2026-04-04T14:00:00Z"));
	cr_assert_eq(second, us_of("2026-04-04T15:00:00Z"));
	cr_assert_eq(next, us_of("2026-04-04T15:30:00Z"));
	struct zone_local local = zone_local_of(zone, second);
	cr_assert(local.hour == 1 && local.minute == 30 && local.fold == 1);
	zone_close(zone);
}

static const struct {
	const char *zone, *utc, *local;
} format_rows[] = {
    {"Europe/Berlin", "2030-07-01T00:00:00Z", "2030-07-01T02:00:00+02:00"},
    {"Europe/Berlin", "2030-12-31T23:30:00Z", "2031-01-01T00:30:00+01:00"},
    {"Europe/Berlin", "2199-07-01T00:00:00Z", "2199-07-01T02:00:00+02:00"},
    {"America/New_York", "2026-11-21T00:00:00Z", "2026-11-20T19:00:00-05:00"},
    {"America/St_Johns", "2026-01-15T12:00:00Z", "2026-01-15T08:30:00-03:30"},
    {"Asia/Kolkata", "2026-12-31T18:30:00.999999Z", "2027-01-01T00:00:00+05:30"},
    {"America/Argentina/Buenos_Aires", "2040-01-01T00:00:00Z", "2039-12-31T21:00:00-03:00"},
    {"Australia/Sydney", "2050-01-01T00:00:00Z", "2050-01-01T11:00:00+11:00"},
    {"Pacific/Auckland", "2060-07-01T00:00:00Z", "2060-07-01T12:00:00+12:00"},
    {"UTC", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00+00:00"},
};

Test(zone, instants_are_shown_in_local_time)
{
	for (size_t i = 0; i < sizeof(format_rows) / sizeof(*format_rows); i++) {
		struct zone *zone = open_zone(format_rows[i].zone);
		char text[ZONE_INSTANT_TEXT];
		zone_format_instant(text, zone, us_of(format_rows[i].utc));
		cr_assert_str_eq(text, format_rows[i].local);
		zone_close(zone);
	}
}

static const char *const bad_names[] = {
    "",
    "..",
    "../etc/passwd",
    "Europe/../Europe/Berlin",
    "/etc/localtime",
    "Europe/",
    "Europe",
    "Europe//Berlin",
    "Europe/Atlantis",
    "Europe/Berlin\n",
    "Europe\\Berlin",
    "europe/berlin ",
    "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/0/1/2/3/4/5/6/7",
};

Test(zone, names_that_are_no_zone_are_refused)
{
	struct zone *zone = NULL;
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(*bad_names); i++) {
		cr_assert_eq(zone_open(bad_names[i], &zone), ERR_NOT_FOUND, "%s", bad_names[i]);
		cr_assert_null(zone);
	}
	cr_assert_eq(zone_open("tzdata.zi", &zone), ERR_MALFORMED);
	zone_close(NULL);
}

/* A TZif file of version 2 without transitions, `offset` as its only type. */
static size_t make_file(uint8_t *bytes, int32_t offset, const char *rule)
{
	size_t len = 0;
	for (int part = 0; part < 2; part++) {
		uint8_t header[44] = "TZif2";
		header[39] = 1; /* types */
		header[43] = 4; /* chars */
		memcpy(bytes + len, header, sizeof(header));
		len += sizeof(header);
		uint32_t raw = (uint32_t)offset;
		const uint8_t type[10] = {(uint8_t)(raw >> 24),
		                          (uint8_t)(raw >> 16),
		                          (uint8_t)(raw >> 8),
		                          (uint8_t)raw,
		                          0,
		                          0,
		                          'X',
		                          'X',
		                          'X',
		                          0};
		memcpy(bytes + len, type, sizeof(type));
		len += sizeof(type);
	}
	return len + (size_t)sprintf((char *)bytes + len, "\n%s\n", rule);
}

static const struct {
	const char *rule;
	int32_t standard;
	const char *utc;
	int32_t offset; /* 1 = ERR_MALFORMED */
} rule_rows[] = {
    {"<+03>-3", 10800, "2050-06-01T00:00:00Z", 10800},
    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10800, "2026-03-29T00:59:59Z", -10800},
    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10800, "2026-03-29T01:00:00Z", -7200},
    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10800, "2026-10-25T01:00:00Z", -10800},
    /* J60 is 1 March in every year, 59 is 29 February in leap years */
    {"AAA0BBB,J60/0,J300/0", 0, "2028-02-29T23:59:59Z", 0},
    {"AAA0BBB,J60/0,J300/0", 0, "2028-03-01T00:00:00Z", 3600},
    {"AAA0BBB,J60/0,J300/0", 0, "2027-02-28T23:59:59Z", 0},
    {"AAA0BBB,J60/0,J300/0", 0, "2027-03-01T00:00:00Z", 3600},
    {"AAA0BBB,59/0,300/0", 0, "2028-02-29T00:00:00Z", 3600},
    {"AAA0BBB,59/0,300/0", 0, "2028-02-28T23:59:59Z", 0},
    {"AAA0BBB,59/0,300/0", 0, "2027-03-01T00:00:00Z", 3600},
    /* the rule that stands for a missing one, and its default time of 02:00 */
    /* summer time all year long */
    {"XXX3EDT4,0/0,J365/23", -14400, "2026-01-01T12:00:00Z", -14400},
    {"XXX3EDT4,0/0,J365/23", -14400, "2026-07-01T12:00:00Z", -14400},
    {"XXX3EDT4,0/0,J365/23", -14400, "2027-01-01T03:30:00Z", -14400},
    /* a time of more than a day, as in Greenland's and Gaza's rules */
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", 7200, "2026-03-27T23:59:59Z", 7200},
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", 7200, "2026-03-28T00:00:00Z", 10800},
    /* after the 400 years of the table */
    {"CET-1CEST,M3.5.0,M10.5.0/3", 3600, "2199-07-01T00:00:00Z", 7200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 3600, "2199-12-01T00:00:00Z", 3600},
    {"", 3600, "2026-07-01T00:00:00Z", 3600},
    {"CE-1", 3600, NULL, 1},
    {"CET", 3600, NULL, 1},
    {"CET-1CEST,", 3600, NULL, 1},
    {"CET-1CEST,M3.5.0", 3600, NULL, 1},
    {"CET-1CEST,M13.5.0,M10.5.0", 3600, NULL, 1},
    {"CET-1CEST,M3.6.0,M10.5.0", 3600, NULL, 1},
    {"CET-1CEST,M3.5.7,M10.5.0", 3600, NULL, 1},
    {"CET-1CEST,J0,J300", 3600, NULL, 1},
    {"CET-1CEST,J366,J300", 3600, NULL, 1},
    {"CET-1CEST,M3.5.0/168,M10.5.0", 3600, NULL, 1},
    {"CET-25", 3600, NULL, 1},
    {"<+03-3", 10800, NULL, 1},
    {"CET-1CEST,M3.5.0,M10.5.0/3x", 3600, NULL, 1},
};

Test(zone, rules_of_the_last_line)
{
	for (size_t i = 0; i < sizeof(rule_rows) / sizeof(*rule_rows); i++) {
		uint8_t bytes[512];
		size_t len = make_file(bytes, rule_rows[i].standard, rule_rows[i].rule);
		struct zone *zone = NULL;
		int err = zone_parse("Test/Zone", bytes, len, &zone);
		cr_assert_eq(err, rule_rows[i].offset == 1 ? ERR_MALFORMED : 0, "row %zu: %s", i,
		             rule_rows[i].rule);
		if (err)
			continue;
		cr_assert_eq(zone_offset(zone, us_of(rule_rows[i].utc)), rule_rows[i].offset,
		             "row %zu: %s", i, rule_rows[i].rule);
		zone_close(zone);
	}
}

Test(zone, far_years_repeat_after_400)
{
	struct zone *zone = open_zone("Europe/Berlin");
	int64_t cycle = INT64_C(146097) * 86400 * US;
	int64_t start = us_of("2150-01-01T00:00:00Z");
	for (int64_t at = start; at < start + 400 * 86400 * US; at += HOUR * US)
		for (int times = 1; times <= 3; times++)
			cr_assert_eq(zone_offset(zone, at + times * cycle), zone_offset(zone, at));
	zone_close(zone);
}

/* Cut or changed files are refused or read, never read past their end (the
 * sanitizer build watches). */
Test(zone, damaged_files_do_no_harm)
{
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
	cr_assert_not_null(file);
	static uint8_t bytes[65536];
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	struct zone *zone = NULL;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		memcpy(copy, bytes, cut);
		cr_assert_eq(zone_parse("Test/Zone", copy, cut, &zone), ERR_MALFORMED, "cut at %zu",
		             cut);
		free(copy);
	}
	uint32_t state = 12345;
	unsigned refused = 0;
	for (int i = 0; i < 3000; i++) {
		uint8_t *copy = malloc(len);
		memcpy(copy, bytes, len);
		for (int j = 0; j < 3; j++) {
			state = state * 1664525u + 1013904223u;
			size_t at = i % 2 ? (state >> 8) % 60 : (state >> 8) % len;
			copy[at] = (uint8_t)(state >> 3);
		}
		if (zone_parse("Test/Zone", copy, len, &zone) == 0) {
			(void)zone_local_of(zone, us_of("2026-07-01T00:00:00Z"));
			zone_close(zone);
		} else {
			refused++;
		}
		free(copy);
	}
	cr_assert_gt(refused, 500);
}
