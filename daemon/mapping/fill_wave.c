/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "mapping/fill_text.h"

#define DAY_US INT64_C(86400000000)

/* The civil day that the text names; its time of day plays no part. An instant
 * with an offset is a day of `zone`. */
static int read_day(struct fill *fill, const struct record *record, const struct wave_rule *rule,
                    uint16_t column, const struct zone *zone, int32_t *ret_day)
{
	const char *name = fill->items->mapping->columns[column];
	struct field field = fill_field(fill, record, column);
	struct when when;
	if (!field.present)
		return fill_fail(fill, ERR_MISSING_FIELD, name,
		                 "the wave has no dates: the column is empty");
	if (when_parse(field.text, field.len, rule->form, &when) != 0)
		return fill_fail(fill, ERR_BAD_DATE, name,
		                 "`%.*s` is no date in the form %s, as %s, from 1970 to 2200",
		                 (int)(field.len < 60 ? field.len : 60), field.text,
		                 WHEN_FORM_NAMES[rule->form], WHEN_FORM_SHOWN[rule->form]);
	*ret_day = when.day;
	if (when.has_offset) {
		int64_t us = when_instant(&when, NULL);
		us += zone ? zone_offset(zone, us) * INT64_C(1000000) : 0;
		*ret_day = (int32_t)(us / DAY_US - (us % DAY_US < 0));
	}
	return 0;
}

/* "2026-11" as well as any day of the month. */
static int read_month(struct fill *fill, const struct record *record, const struct wave_rule *rule,
                      const struct zone *zone, int32_t *ret_day)
{
	struct field field = fill_field(fill, record, rule->column);
	struct when when;
	char text[11] = "";
	if (!field.present || field.len != 7 || rule->form != WHEN_ISO)
		return read_day(fill, record, rule, rule->column, zone, ret_day);
	memcpy(text, field.text, 7);
	memcpy(text + 7, "-01", 4);
	if (when_parse(text, 10, WHEN_ISO, &when) != 0)
		return fill_fail(fill, ERR_BAD_DATE, fill->items->mapping->columns[rule->column],
		                 "`%.7s` is no month", text);
	*ret_day = when.day;
	return 0;
}

static int named_wave(struct fill *fill, const struct record *record, const struct wave_rule *rule,
                      struct item *item)
{
	const char *name = fill->items->mapping->columns[rule->column];
	struct field field = fill_field(fill, record, rule->column);
	if (!field.present)
		return fill_fail(fill, ERR_MISSING_FIELD, name,
		                 "the wave has no dates: the column is empty");
	for (uint32_t i = 0; i < rule->date_count; i++) {
		const struct wave_dates *dates = &rule->dates[i];
		if (strlen(dates->name) != field.len ||
		    memcmp(dates->name, field.text, field.len) != 0)
			continue;
		item->from = dates->from;
		item->to = dates->to;
		return 0;
	}
	return fill_fail(fill, ERR_BAD_PERIOD, name,
	                 "the wave `%.*s` has no dates: add them to `dates` in the mapping",
	                 (int)(field.len < 60 ? field.len : 60), field.text);
}

/* The window of rule->days days that holds the day. */
static void window_of(const struct wave_rule *rule, int32_t day, struct item *item)
{
	int32_t days = (int32_t)rule->days;
	int32_t behind = (day - rule->since) % days;
	if (behind < 0)
		behind += days;
	item->from = day - behind;
	item->to = item->from + days - 1;
}

static int check_range(struct fill *fill, const struct wave_rule *rule, const struct item *item)
{
	uint16_t column = rule->kind == WAVE_RANGE ? rule->to_column : rule->column;
	if (item->from < CIVIL_DAY_MIN || item->to > CIVIL_DAY_MAX)
		return fill_fail(fill, ERR_BAD_DATE, fill->items->mapping->columns[column], "%s",
		                 err_rule(ERR_BAD_DATE));
	if (item->to < item->from || item->to - item->from > 365)
		return fill_fail(fill, ERR_BAD_PERIOD, fill->items->mapping->columns[column],
		                 "a wave ends on or after its first day and is at most 366 days "
		                 "long");
	return 0;
}

int fill_wave(struct fill *fill, const struct record *record, const struct wave_rule *rule,
              const struct zone *zone, struct item *item)
{
	int32_t day = 0;
	int err = 0;
	item->hour_plus_1 = 0;
	if (rule->kind == WAVE_NAMED)
		return named_wave(fill, record, rule, item);
	if (rule->kind == WAVE_MONTH)
		err = read_month(fill, record, rule, zone, &day);
	else
		err = read_day(fill, record, rule, rule->column, zone, &day);
	if (err)
		return err;
	item->from = civil_month_start(day);
	switch (rule->kind) {
	case WAVE_QUARTER:
		item->from = civil_month_add(item->from, -((civil_date_of(day).month - 1) % 3));
		item->to = civil_month_add(item->from, 3) - 1;
		break;
	case WAVE_WINDOW:
		window_of(rule, day, item);
		break;
	case WAVE_RANGE:
		item->from = day;
		err = read_day(fill, record, rule, rule->to_column, zone, &item->to);
		break;
	default:
		item->to = civil_month_add(item->from, 1) - 1;
	}
	return err ? err : check_range(fill, rule, item);
}
