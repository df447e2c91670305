/* SPDX-License-Identifier: Apache-2.0
 * Civil days and time zones.
 *
 * day      days since 1970-01-01 of the proleptic Gregorian calendar (int32)
 * instant  microseconds since 1970-01-01T00:00:00Z, leap seconds ignored
 * zone     a tz database zone, read from the system's TZif files (RFC 9636)
 * fold     1 for the second pass of a local hour that a change of offset
 *          repeats, else 0 */
#ifndef SG_BASE_CIVIL_H
#define SG_BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CIVIL_DAY_MIN 0     /* 1970-01-01 */
#define CIVIL_DAY_MAX 84370 /* 2200-12-31 */

struct civil_date {
	int year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

/* False for a date that does not exist (2026-02-30). */
bool civil_date_valid(struct civil_date date);
int32_t civil_day(struct civil_date date);
struct civil_date civil_date_of(int32_t day);

/* 1 = Monday ... 7 = Sunday. */
int civil_weekday(int32_t day);

/* ISO 8601 week: its year and number, and its Monday. */
void civil_iso_week(int32_t day, int *ret_year, int *ret_week);
int32_t civil_week_start(int32_t day);

int32_t civil_month_start(int32_t day);
/* First day of the month that lies `months` after (before, if negative) the day's month. */
int32_t civil_month_add(int32_t day, int months);

/* Fiscal position of a day: year starts in `start_month`, named by the year it ends in. */
void civil_fiscal(int32_t day, int start_month, int *ret_year, int *ret_quarter, int *ret_month);

/* "2026-11-21" exactly; ERR_BAD_DATE otherwise or outside CIVIL_DAY_MIN..MAX. */
int civil_parse_day(const char *text, size_t len, int32_t *ret_day) SG_MUST_CHECK;

/* RFC 3339 ("2026-11-21T10:00:00.5Z", "+01:00", a space for the T) to an instant. */
int civil_parse_instant(const char *text, size_t len, int64_t *ret_us) SG_MUST_CHECK;

#define CIVIL_DAY_TEXT 11
/* "2026-11-21" and NUL. */
void civil_format_day(char text[CIVIL_DAY_TEXT], int32_t day);

struct zone;

/* The zone of a tz database name; ERR_NOT_FOUND, ERR_MALFORMED, ERR_NOMEM. The
 * directory is $TZDIR or /usr/share/zoneinfo; a name with "..", a leading '/'
 * and the like is ERR_NOT_FOUND. A zone remembers where it looked last, so it
 * belongs to one thread at a time; each open makes a zone of its own. */
int zone_open(const char *name, struct zone **ret_zone) SG_MUST_CHECK;

/* The same from the bytes of a TZif file. */
int zone_parse(const char *name, const void *bytes, size_t len,
               struct zone **ret_zone) SG_MUST_CHECK;

void zone_close(struct zone *zone);
const char *zone_name(const struct zone *zone);

/* Seconds east of UTC in force at the instant. */
int32_t zone_offset(const struct zone *zone, int64_t instant_us);

struct zone_local {
	int32_t day;    /* civil day */
	int8_t hour;    /* 0..23 */
	int8_t minute;  /* 0..59 */
	int8_t second;  /* 0..59 */
	int8_t fold;    /* see above, for the hour */
	int32_t offset; /* seconds east of UTC */
};

struct zone_local zone_local_of(const struct zone *zone, int64_t instant_us);

/* First instant whose local date is >= day. A day is
 * [zone_day_start(d), zone_day_start(d + 1)). */
int64_t zone_day_start(const struct zone *zone, int32_t day);

/* First instant of the local hour (hour, fold) of the day; false when the day
 * has no such hour. */
bool zone_hour_start(const struct zone *zone, int32_t day, int hour, int fold,
                     int64_t *ret_instant_us);

#define ZONE_INSTANT_TEXT 40
/* RFC 3339 in the zone: "2026-11-21T00:00:00+01:00". */
void zone_format_instant(char text[ZONE_INSTANT_TEXT], const struct zone *zone, int64_t instant_us);

#endif
