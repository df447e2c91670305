/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/when.h"

#include <string.h>

#include "base/num.h"

#define DAY_S  86400
#define SECOND INT64_C(1000000)

const char *const WHEN_FORM_NAMES[WHEN_FORM_COUNT + 1] = {
    [WHEN_ISO] = "iso",         [WHEN_DMY] = "dmy",           [WHEN_MDY] = "mdy",
    [WHEN_EPOCH_S] = "epoch_s", [WHEN_EPOCH_MS] = "epoch_ms", [WHEN_EPOCH_US] = "epoch_us",
};

const char *const WHEN_FORM_SHOWN[WHEN_FORM_COUNT] = {
    [WHEN_ISO] = "2026-11-21",         [WHEN_DMY] = "21.11.2026",
    [WHEN_MDY] = "11/21/2026",         [WHEN_EPOCH_S] = "1795219200",
    [WHEN_EPOCH_MS] = "1795219200000", [WHEN_EPOCH_US] = "1795219200000000",
};

/* Reading position in the text. */
struct scan {
	const char *at;
	const char *end;
};

/* A number of min to max digits. */
static bool number(struct scan *scan, int min, int max, int *ret_value)
{
	int value = 0;
	int count = 0;
	while (count < max && scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
		value = value * 10 + (*scan->at - '0');
		scan->at++;
		count++;
	}
	*ret_value = value;
	return count >= min;
}

static bool one_of(struct scan *scan, const char *bytes, char *ret_byte)
{
	if (scan->at == scan->end || !*scan->at || !strchr(bytes, *scan->at))
		return false;
	*ret_byte = *scan->at++;
	return true;
}

static bool literal(struct scan *scan, const char *text)
{
	size_t len = strlen(text);
	if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, text, len) != 0)
		return false;
	scan->at += len;
	return true;
}

static bool all_digits(const struct scan *scan)
{
	for (const char *at = scan->at; at < scan->end; at++)
		if (*at < '0' || *at > '9')
			return false;
	return true;
}

static bool year_first(struct scan *scan, struct civil_date *date, struct when *when)
{
	char mark = '\0';
	char again = '\0';
	if (!number(scan, 4, 4, &date->year))
		return false;
	if (!one_of(scan, "-/", &mark)) {
		if (!number(scan, 2, 2, &date->month) || !number(scan, 2, 2, &date->day))
			return false;
		when->has_time = scan->end - scan->at == 2 && all_digits(scan);
		return !when->has_time || number(scan, 2, 2, &when->hour);
	}
	return number(scan, 1, 2, &date->month) && one_of(scan, "-/", &again) && mark == again &&
	       number(scan, 1, 2, &date->day);
}

static bool year_last(struct scan *scan, int *first, int *second, int *year)
{
	char mark = '\0';
	char again = '\0';
	return number(scan, 1, 2, first) && one_of(scan, "./-", &mark) &&
	       number(scan, 1, 2, second) && one_of(scan, "./-", &again) && mark == again &&
	       number(scan, 4, 4, year);
}

static bool clock_time(struct scan *scan, struct when *when)
{
	char mark = '\0';
	if (!number(scan, 1, 2, &when->hour) || !one_of(scan, ":", &mark) ||
	    !number(scan, 2, 2, &when->minute))
		return false;
	bool seconds = one_of(scan, ":", &mark);
	if (seconds && !number(scan, 2, 2, &when->second))
		return false;
	if (seconds && one_of(scan, ".", &mark)) {
		int32_t unit = 100000;
		int digit = 0;
		if (!number(scan, 1, 1, &digit))
			return false;
		do {
			when->micro += digit * unit;
			unit /= 10;
		} while (number(scan, 1, 1, &digit));
	}
	when->has_time = true;
	return when->hour <= 23 && when->minute <= 59 && when->second <= 59;
}

static bool offset(struct scan *scan, struct when *when)
{
	char sign = '\0';
	int hours = 0;
	int minutes = 0;
	if (literal(scan, " UTC") || literal(scan, "Z") || literal(scan, "z")) {
		when->has_offset = true;
		return true;
	}
	const char *start = scan->at;
	(void)literal(scan, " ");
	if (!one_of(scan, "+-", &sign)) {
		scan->at = start;
		return true;
	}
	if (!number(scan, 2, 2, &hours))
		return false;
	(void)literal(scan, ":");
	if (scan->at < scan->end && !number(scan, 2, 2, &minutes))
		return false;
	when->has_offset = true;
	when->offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return hours <= 23 && minutes <= 59;
}

static int parse_epoch(const char *text, size_t len, enum when_form form, struct when *ret_when)
{
	int scale = form == WHEN_EPOCH_S ? 6 : form == WHEN_EPOCH_MS ? 3 : 0;
	int64_t us = 0;
	if (num_parse(text, len, scale, NUM_HALF_EVEN, &us) != 0 || us < 0)
		return ERR_BAD_DATE;
	int64_t day = us / SECOND / DAY_S;
	if (day > CIVIL_DAY_MAX)
		return ERR_BAD_DATE;
	int second = (int)(us / SECOND % DAY_S);
	*ret_when = (struct when){.day = (int32_t)day,
	                          .hour = second / 3600,
	                          .minute = second / 60 % 60,
	                          .second = second % 60,
	                          .micro = (int32_t)(us % SECOND),
	                          .has_time = true,
	                          .has_offset = true};
	return 0;
}

int when_parse(const char *text, size_t len, enum when_form form, struct when *ret_when)
{
	if (form >= WHEN_EPOCH_S)
		return parse_epoch(text, len, form, ret_when);
	struct scan scan = {text, text + len};
	struct when when = {0};
	struct civil_date date = {0};
	bool good = form == WHEN_ISO   ? year_first(&scan, &date, &when)
	            : form == WHEN_DMY ? year_last(&scan, &date.day, &date.month, &date.year)
	                               : year_last(&scan, &date.month, &date.day, &date.year);
	if (!good || !civil_date_valid(date) || when.hour > 23)
		return ERR_BAD_DATE;
	when.day = civil_day(date);
	if (when.day < CIVIL_DAY_MIN || when.day > CIVIL_DAY_MAX)
		return ERR_BAD_DATE;
	if (scan.at < scan.end && !when.has_time) {
		bool gap = literal(&scan, "T") || literal(&scan, " ");
		while (gap && literal(&scan, " "))
			;
		if (!gap || !clock_time(&scan, &when) || !offset(&scan, &when))
			return ERR_BAD_DATE;
	}
	if (scan.at != scan.end)
		return ERR_BAD_DATE;
	*ret_when = when;
	return 0;
}

int64_t when_instant(const struct when *when, const struct zone *zone)
{
	int64_t seconds =
	    (int64_t)when->day * DAY_S + when->hour * 3600 + when->minute * 60 + when->second;
	int64_t local = seconds * SECOND + when->micro;
	if (when->has_offset || !zone)
		return local - when->offset * SECOND;
	/* The offsets in force well before and well after bracket any change. */
	int32_t before = zone_offset(zone, local - DAY_S * SECOND);
	int32_t after = zone_offset(zone, local + DAY_S * SECOND);
	if (zone_offset(zone, local - before * SECOND) == before)
		return local - before * SECOND;
	if (zone_offset(zone, local - after * SECOND) == after)
		return local - after * SECOND;
	return local - before * SECOND;
}
