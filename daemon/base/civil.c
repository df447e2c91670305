/* SPDX-License-Identifier: Apache-2.0 */
#include "base/civil.h"

#include <stdio.h>
#include <string.h>

#define DAYS_PER_ERA 146097 /* 400 years */
#define EPOCH_SHIFT  719468 /* days from 0000-03-01 to 1970-01-01 */

static int floor_div(int a, int b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool civil_date_valid(struct civil_date date)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (date.year < -9999 || date.year > 9999 || date.month < 1 || date.month > 12)
		return false;
	int last = days[date.month - 1] + (date.month == 2 && is_leap(date.year));
	return date.day >= 1 && date.day <= last;
}

/* Both directions count in years that begin on 1 March, so that the leap day
 * is a year's last; howardhinnant.github.io/date_algorithms.html. */
int32_t civil_day(struct civil_date date)
{
	int year = date.year - (date.month <= 2);
	int era = floor_div(year, 400);
	int year_of_era = year - era * 400;
	int day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

struct civil_date civil_date_of(int32_t day)
{
	int shifted = day + EPOCH_SHIFT;
	int era = floor_div(shifted, DAYS_PER_ERA);
	int day_of_era = shifted - era * DAYS_PER_ERA;
	int year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted_month = (5 * day_of_year + 2) / 153;
	int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	return (struct civil_date){
	    .year = year_of_era + era * 400 + (month <= 2),
	    .month = month,
	    .day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
	};
}

int civil_weekday(int32_t day)
{
	/* 1970-01-01 was a Thursday. */
	int position = (day + 3) % 7;
	return (position < 0 ? position + 7 : position) + 1;
}

void civil_iso_week(int32_t day, int *ret_year, int *ret_week)
{
	/* A week belongs to the year of its Thursday. */
	int32_t thursday = day - civil_weekday(day) + 4;
	int year = civil_date_of(thursday).year;
	*ret_year = year;
	*ret_week = (thursday - civil_day((struct civil_date){year, 1, 1})) / 7 + 1;
}

int32_t civil_week_start(int32_t day)
{
	return day - civil_weekday(day) + 1;
}

int32_t civil_month_start(int32_t day)
{
	return civil_month_add(day, 0);
}

int32_t civil_month_add(int32_t day, int months)
{
	struct civil_date date = civil_date_of(day);
	int month = date.year * 12 + date.month - 1 + months;
	int year = floor_div(month, 12);
	return civil_day((struct civil_date){year, month - year * 12 + 1, 1});
}

void civil_fiscal(int32_t day, int start_month, int *ret_year, int *ret_quarter, int *ret_month)
{
	struct civil_date date = civil_date_of(day);
	int month = (date.month - start_month + 12) % 12;
	*ret_year = date.year + (start_month > 1 && date.month >= start_month);
	*ret_quarter = month / 3 + 1;
	*ret_month = month + 1;
}

/* `count` digits at *next; false when there are fewer. */
static bool take_number(const char **next, const char *end, int count, int *ret_number)
{
	int number = 0;
	if (end - *next < count)
		return false;
	for (int i = 0; i < count; i++) {
		char c = (*next)[i];
		if (c < '0' || c > '9')
			return false;
		number = number * 10 + (c - '0');
	}
	*next += count;
	*ret_number = number;
	return true;
}

static bool take_char(const char **next, const char *end, const char *choice)
{
	if (*next == end || **next == '\0' || !strchr(choice, **next))
		return false;
	(*next)++;
	return true;
}

static bool take_day(const char **next, const char *end, int32_t *ret_day)
{
	struct civil_date date;
	if (!take_number(next, end, 4, &date.year) || !take_char(next, end, "-") ||
	    !take_number(next, end, 2, &date.month) || !take_char(next, end, "-") ||
	    !take_number(next, end, 2, &date.day) || !civil_date_valid(date))
		return false;
	int32_t day = civil_day(date);
	if (day < CIVIL_DAY_MIN || day > CIVIL_DAY_MAX)
		return false;
	*ret_day = day;
	return true;
}

int civil_parse_day(const char *text, size_t len, int32_t *ret_day)
{
	const char *end = text + len;
	int32_t day;
	if (!take_day(&text, end, &day) || text != end)
		return ERR_BAD_DATE;
	*ret_day = day;
	return 0;
}

/* ".5" to microseconds; digits past the sixth are cut, so that an instant
 * never moves into the next bucket. No point = 0. */
static bool take_fraction(const char **next, const char *end, int *ret_us)
{
	*ret_us = 0;
	if (!take_char(next, end, "."))
		return true;
	int digit, unit = 100000;
	if (!take_number(next, end, 1, &digit))
		return false;
	do {
		*ret_us += digit * unit;
		unit /= 10;
	} while (take_number(next, end, 1, &digit));
	return true;
}

/* "Z" or "+01:00", in seconds east of UTC. */
static bool take_offset(const char **next, const char *end, int *ret_offset)
{
	*ret_offset = 0;
	if (take_char(next, end, "Zz"))
		return true;
	bool west = *next < end && **next == '-';
	int hours, minutes;
	if (!take_char(next, end, "+-") || !take_number(next, end, 2, &hours) ||
	    !take_char(next, end, ":") || !take_number(next, end, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*ret_offset = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

int civil_parse_instant(const char *text, size_t len, int64_t *ret_us)
{
	const char *end = text + len;
	int32_t day;
	int hour, minute, second, us, offset;
	if (!take_day(&text, end, &day) || !take_char(&text, end, "Tt ") ||
	    !take_number(&text, end, 2, &hour) || !take_char(&text, end, ":") ||
	    !take_number(&text, end, 2, &minute) || !take_char(&text, end, ":") ||
	    !take_number(&text, end, 2, &second) || !take_fraction(&text, end, &us) ||
	    !take_offset(&text, end, &offset) || text != end)
		return ERR_BAD_DATE;
	/* A leap second counts as the first second of the next minute. */
	if (hour > 23 || minute > 59 || second > 60)
		return ERR_BAD_DATE;
	int64_t seconds = (int64_t)day * 86400 + hour * 3600 + minute * 60 + second - offset;
	*ret_us = seconds * 1000000 + us;
	return 0;
}

void civil_format_day(char text[CIVIL_DAY_TEXT], int32_t day)
{
	struct civil_date date = civil_date_of(day);
	char wide[48];
	snprintf(wide, sizeof(wide), "%04d-%02d-%02d", date.year, date.month, date.day);
	memcpy(text, wide, CIVIL_DAY_TEXT - 1);
	text[CIVIL_DAY_TEXT - 1] = '\0';
}
