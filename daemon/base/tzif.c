/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tzif.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil.h"

#define HEADER_BYTES   44
#define CYCLE_YEARS    400
#define OFFSET_MAX     (26 * 3600)
#define RULE_START_MAX INT64_C(200000000000) /* the year 8307 */

static int table_add(struct tzif_table *table, int64_t from, int32_t offset)
{
	/* A change that is undone in the same second never was. */
	while (table->count && table->transitions[table->count - 1].from >= from)
		table->count--;
	if (table->count && table->transitions[table->count - 1].offset == offset)
		return 0;
	if (table->count == table->cap) {
		uint32_t cap = table->cap ? table->cap * 2 : 64;
		struct tzif_transition *transitions =
		    realloc(table->transitions, cap * sizeof(*transitions));
		if (!transitions)
			return ERR_NOMEM;
		table->transitions = transitions;
		table->cap = cap;
	}
	table->transitions[table->count++] = (struct tzif_transition){from, offset};
	return 0;
}

/* ---- the rule in the file's last line, a POSIX TZ string ---- */

enum rule_form { RULE_JULIAN, RULE_DAY, RULE_WEEKDAY };

struct rule_date {
	enum rule_form form; /* Jn (1..365, no leap day), n (0..365), Mm.w.d */
	int day;
	int month;
	int week;
	int32_t time; /* seconds of local time */
};

struct rule {
	int32_t standard; /* seconds east of UTC */
	bool has_summer;
	int32_t summer;
	struct rule_date begin; /* of summer time, in standard time */
	struct rule_date end;   /* of summer time, in summer time */
};

struct reader {
	const char *next;
	const char *end;
};

static bool accept(struct reader *reader, char c)
{
	if (reader->next == reader->end || *reader->next != c)
		return false;
	reader->next++;
	return true;
}

static bool read_number(struct reader *reader, int min, int max, int *ret_number)
{
	int number = 0;
	const char *start = reader->next;
	while (reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9') {
		number = number * 10 + (*reader->next++ - '0');
		if (number > max)
			return false;
	}
	if (reader->next == start || number < min)
		return false;
	*ret_number = number;
	return true;
}

/* "CET" or "<+03>". */
static bool read_name(struct reader *reader)
{
	bool quoted = accept(reader, '<');
	const char *start = reader->next;
	for (; reader->next < reader->end; reader->next++) {
		char c = *reader->next;
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-';
		if (!letter && !(quoted && other))
			break;
	}
	return reader->next - start >= 3 && (!quoted || accept(reader, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(struct reader *reader, int hours_max, int32_t *ret_seconds)
{
	int sign = accept(reader, '-') ? -1 : 1;
	if (sign > 0)
		accept(reader, '+');
	int hours, minutes = 0, seconds = 0;
	if (!read_number(reader, 0, hours_max, &hours))
		return false;
	if (accept(reader, ':') && !read_number(reader, 0, 59, &minutes))
		return false;
	if (accept(reader, ':') && !read_number(reader, 0, 59, &seconds))
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool read_date(struct reader *reader, struct rule_date *ret_date)
{
	struct rule_date date = {.time = 2 * 3600};
	bool good;
	if (accept(reader, 'M')) {
		date.form = RULE_WEEKDAY;
		good = read_number(reader, 1, 12, &date.month) && accept(reader, '.') &&
		       read_number(reader, 1, 5, &date.week) && accept(reader, '.') &&
		       read_number(reader, 0, 6, &date.day);
	} else if (accept(reader, 'J')) {
		date.form = RULE_JULIAN;
		good = read_number(reader, 1, 365, &date.day);
	} else {
		date.form = RULE_DAY;
		good = read_number(reader, 0, 365, &date.day);
	}
	if (good && accept(reader, '/'))
		good = read_time(reader, 167, &date.time);
	*ret_date = date;
	return good;
}

static int read_rule(struct reader *reader, struct rule *ret_rule)
{
	static const char default_dates[] = ",M3.2.0,M11.1.0";
	struct rule rule = {0};
	int32_t west;
	if (!read_name(reader) || !read_time(reader, 24, &west))
		return ERR_MALFORMED;
	rule.standard = -west;
	if (reader->next < reader->end) {
		rule.has_summer = true;
		rule.summer = rule.standard + 3600;
		if (!read_name(reader))
			return ERR_MALFORMED;
		if (reader->next < reader->end && *reader->next != ',') {
			if (!read_time(reader, 24, &west))
				return ERR_MALFORMED;
			rule.summer = -west;
		}
		if (reader->next == reader->end)
			*reader = (struct reader){default_dates,
			                          default_dates + sizeof(default_dates) - 1};
		if (!accept(reader, ',') || !read_date(reader, &rule.begin) ||
		    !accept(reader, ',') || !read_date(reader, &rule.end) ||
		    reader->next != reader->end)
			return ERR_MALFORMED;
	}
	*ret_rule = rule;
	return 0;
}

/* Local seconds since the epoch at which the date's moment lies in the year. */
static int64_t rule_moment(const struct rule_date *date, int year)
{
	int32_t first = civil_day((struct civil_date){year, 1, 1});
	int32_t day = first + date->day;
	if (date->form == RULE_JULIAN) {
		bool after_february = date->day >= 60;
		bool leap = civil_date_valid((struct civil_date){year, 2, 29});
		day = first + date->day - 1 + (after_february && leap);
	} else if (date->form == RULE_WEEKDAY) {
		int32_t month = civil_day((struct civil_date){year, date->month, 1});
		int sunday_based = civil_weekday(month) % 7;
		day = month + (date->day - sunday_based + 7) % 7 + (date->week - 1) * 7;
		while (day >= civil_month_add(month, 1))
			day -= 7; /* week 5 is the last one */
	}
	return (int64_t)day * 86400 + date->time;
}

/* Appends what the rule says of the 401 years after `last`, the file's last
 * transition. A rule without summer time repeats what that one says. */
static int table_expand(struct tzif_table *table, const struct rule *rule, int64_t last)
{
	if (!rule->has_summer)
		return 0;
	int year = civil_date_of((int32_t)(last / 86400)).year;
	for (int i = 0; i <= CYCLE_YEARS + 1; i++) {
		struct tzif_transition two[2] = {
		    {rule_moment(&rule->begin, year + i) - rule->standard, rule->summer},
		    {rule_moment(&rule->end, year + i) - rule->summer, rule->standard},
		};
		bool north = two[0].from <= two[1].from;
		for (int j = 0; j < 2; j++) {
			const struct tzif_transition *next = &two[north ? j : 1 - j];
			int err =
			    next->from > last ? table_add(table, next->from, next->offset) : 0;
			if (err)
				return err;
		}
	}
	table->repeats = true;
	return 0;
}

/* ---- the binary part ---- */

struct block {
	uint32_t isut, isstd, leaps, times, types, chars;
	size_t time_bytes; /* 4 or 8 */
	size_t size;
};

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t big_time(const uint8_t *at, size_t bytes)
{
	if (bytes == 4)
		return (int32_t)big32(at);
	return (int64_t)((uint64_t)big32(at) << 32 | big32(at + 4));
}

static int read_header(const uint8_t *bytes, size_t len, size_t time_bytes, struct block *ret_block)
{
	if (len < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
		return ERR_MALFORMED;
	struct block block = {
	    .isut = big32(bytes + 20),
	    .isstd = big32(bytes + 24),
	    .leaps = big32(bytes + 28),
	    .times = big32(bytes + 32),
	    .types = big32(bytes + 36),
	    .chars = big32(bytes + 40),
	    .time_bytes = time_bytes,
	};
	if (block.isut > 256 || block.isstd > 256 || block.leaps > 65536 || block.times > 65536 ||
	    block.types == 0 || block.types > 256 || block.chars > 65536)
		return ERR_MALFORMED;
	block.size = block.times * (time_bytes + 1) + block.types * 6u + block.chars +
	             block.leaps * (time_bytes + 4) + block.isstd + block.isut;
	if (block.size > len - HEADER_BYTES)
		return ERR_MALFORMED;
	*ret_block = block;
	return 0;
}

static int read_block(const uint8_t *bytes, const struct block *block, struct tzif_table *table,
                      int64_t *ret_last)
{
	if (block->leaps)
		return ERR_MALFORMED;
	const uint8_t *indices = bytes + block->times * block->time_bytes;
	const uint8_t *types = indices + block->times;
	int64_t previous = INT64_MIN;
	for (uint32_t i = 0; i <= block->times; i++) {
		uint8_t type = i ? indices[i - 1] : 0;
		int64_t from = i ? big_time(bytes + (i - 1) * block->time_bytes, block->time_bytes)
		                 : INT64_MIN;
		if (type >= block->types || (i && from <= previous))
			return ERR_MALFORMED;
		int32_t offset = (int32_t)big32(types + type * 6u);
		if (offset < -OFFSET_MAX || offset > OFFSET_MAX)
			return ERR_MALFORMED;
		int err = table_add(table, from, offset);
		if (err)
			return err;
		previous = from;
	}
	*ret_last = previous;
	return 0;
}

static int read_file(const uint8_t *bytes, size_t len, struct tzif_table *table)
{
	struct block block;
	int err = read_header(bytes, len, 4, &block);
	if (err)
		return err;
	int64_t last;
	if (bytes[4] == 0)
		return read_block(bytes + HEADER_BYTES, &block, table, &last);
	bytes += HEADER_BYTES + block.size;
	len -= HEADER_BYTES + block.size;
	err = read_header(bytes, len, 8, &block);
	err = err ? err : read_block(bytes + HEADER_BYTES, &block, table, &last);
	if (err)
		return err;
	const char *footer = (const char *)bytes + HEADER_BYTES + block.size;
	len -= HEADER_BYTES + block.size;
	if (len < 2 || footer[0] != '\n')
		return ERR_MALFORMED;
	const char *newline = memchr(footer + 1, '\n', len - 1);
	if (!newline)
		return ERR_MALFORMED;
	if (newline == footer + 1)
		return 0; /* no rule: the last offset holds */
	/* The rule must begin within the calendar that civil.h computes with. */
	if (last == INT64_MIN)
		last = 0;
	if (last < -RULE_START_MAX || last > RULE_START_MAX)
		return ERR_MALFORMED;
	struct reader reader = {footer + 1, newline};
	struct rule rule;
	err = read_rule(&reader, &rule);
	return err ? err : table_expand(table, &rule, last);
}

int tzif_parse(const uint8_t *bytes, size_t len, struct tzif_table *ret_table)
{
	struct tzif_table table = {0};
	int err = read_file(bytes, len, &table);
	if (err) {
		tzif_deinit(&table);
		return err;
	}
	*ret_table = table;
	return 0;
}

void tzif_deinit(struct tzif_table *table)
{
	free(table->transitions);
	*table = (struct tzif_table){0};
}
