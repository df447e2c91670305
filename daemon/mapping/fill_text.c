/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/fill_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fill_fail(struct fill *fill, int err, const char *column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(fill->detail, sizeof(fill->detail), format, args);
	va_end(args);
	/* What a file holds is shown, not carried out by the terminal. */
	for (char *at = fill->detail; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	fill->column = column;
	return err;
}

/* Values are quoted in messages up to a length that fits a line. */
#define SHOWN(field) (int)((field).len < 60 ? (field).len : 60), (field).text

static const char *column_name(const struct fill *fill, uint16_t column)
{
	return fill->items->mapping->columns[column];
}

bool fill_absent(const struct fill *fill, const struct field *field)
{
	const struct mapping *mapping = fill->items->mapping;
	for (uint32_t i = 0; i < mapping->absent_count; i++)
		if (strlen(mapping->absent[i]) == field->len &&
		    memcmp(mapping->absent[i], field->text, field->len) == 0)
			return true;
	return field->len == 0;
}

struct field fill_field(const struct fill *fill, const struct record *record, uint16_t column)
{
	const struct field *field = record_field(record, fill->bound[column]);
	if (!field->present || fill_absent(fill, field))
		return FIELD_ABSENT;
	return *field;
}

static int join_columns(struct fill *fill, const struct record *record,
                        const struct value_rule *rule, struct field *ret_text)
{
	buf_reset(&fill->text);
	for (uint32_t i = 0; i < rule->column_count; i++) {
		struct field field = fill_field(fill, record, rule->columns[i]);
		if (!field.present) {
			*ret_text = FIELD_ABSENT;
			return 0;
		}
		if (i > 0)
			buf_put_text(&fill->text, rule->join);
		buf_put(&fill->text, field.text, field.len);
	}
	if (buf_failed(&fill->text))
		return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
	*ret_text = (struct field){(const char *)fill->text.bytes, (uint32_t)fill->text.len, true};
	return 0;
}

static struct field text_field(const char *text)
{
	return (struct field){text, (uint32_t)strlen(text), true};
}

int fill_value(struct fill *fill, const struct record *record, const struct value_rule *rule,
               struct field *ret_text)
{
	struct field text = FIELD_ABSENT;
	int err = 0;
	if (rule->constant)
		text = text_field(rule->constant);
	else if (rule->column_count == 1)
		text = fill_field(fill, record, rule->columns[0]);
	else if (rule->column_count > 1)
		err = join_columns(fill, record, rule, &text);
	if (err)
		return err;
	size_t strip = rule->strip ? strlen(rule->strip) : 0;
	if (strip > 0 && text.len > strip && memcmp(text.text, rule->strip, strip) == 0) {
		text.text += strip;
		text.len -= (uint32_t)strip;
	}
	if (rule->swap_count == 0 || !text.present) {
		*ret_text = text;
		return 0;
	}
	for (uint32_t i = 0; i < rule->swap_count; i++) {
		if (strlen(rule->swaps[i].from) == text.len &&
		    memcmp(rule->swaps[i].from, text.text, text.len) == 0) {
			*ret_text = text_field(rule->swaps[i].to);
			return 0;
		}
	}
	if (!rule->other)
		return fill_fail(fill, ERR_UNKNOWN_VALUE, column_name(fill, rule->columns[0]),
		                 "`%.*s` is not in the mapping's `map`", SHOWN(text));
	*ret_text = text_field(rule->other);
	return 0;
}

static int read_when(struct fill *fill, const struct record *record, uint16_t column,
                     enum when_form form, struct when *ret_when)
{
	struct field field = fill_field(fill, record, column);
	if (!field.present)
		return fill_fail(fill, ERR_MISSING_FIELD, column_name(fill, column),
		                 "the date is empty");
	if (when_parse(field.text, field.len, form, ret_when) != 0)
		return fill_fail(fill, ERR_BAD_DATE, column_name(fill, column),
		                 "`%.*s` is no date in the form %s, as %s, from 1970 to 2200",
		                 SHOWN(field), WHEN_FORM_NAMES[form], WHEN_FORM_SHOWN[form]);
	return 0;
}

/* A civil day; a time of day other than midnight would be lost silently. */
static int read_day(struct fill *fill, const struct record *record, uint16_t column,
                    enum when_form form, int32_t *ret_day)
{
	struct when when;
	int err = read_when(fill, record, column, form, &when);
	if (err)
		return err;
	if (when.hour || when.minute || when.second || when.micro)
		return fill_fail(fill, ERR_BAD_DATE, column_name(fill, column),
		                 "a day is expected, the text names %02d:%02d:%02d", when.hour,
		                 when.minute, when.second);
	*ret_day = when.day;
	return 0;
}

static int read_hour(struct fill *fill, const struct record *record, const struct period_rule *rule,
                     struct item *item)
{
	struct when when;
	int64_t hour = 0;
	if (rule->hour_column != MAPPING_NO_COLUMN) {
		int err = read_day(fill, record, rule->column, rule->form, &item->from);
		struct field field = fill_field(fill, record, rule->hour_column);
		if (!err && (num_parse(field.text, field.len, 0, NUM_EXACT, &hour) != 0 ||
		             hour < 0 || hour > 23))
			err = fill_fail(fill, ERR_BAD_HOUR, column_name(fill, rule->hour_column),
			                "`%.*s` is no hour from 0 to 23", SHOWN(field));
		item->hour_plus_1 = (uint8_t)(hour + 1);
		return err;
	}
	int err = read_when(fill, record, rule->column, rule->form, &when);
	if (err)
		return err;
	if (!when.has_time || when.minute || when.second || when.micro)
		return fill_fail(fill, ERR_BAD_HOUR, column_name(fill, rule->column),
		                 "the start of an hour is expected");
	item->from = when.day;
	item->hour_plus_1 = (uint8_t)(when.hour + 1);
	return 0;
}

/* "2026-11" as well as any day of the month. */
static int read_month(struct fill *fill, const struct record *record,
                      const struct period_rule *rule, struct item *item)
{
	struct field field = fill_field(fill, record, rule->column);
	struct when when;
	char text[16];
	int32_t day = 0;
	if (field.present && field.len == 7 && rule->form == WHEN_ISO) {
		int len = snprintf(text, sizeof(text), "%.7s-01", field.text);
		if (len > 0 && when_parse(text, (size_t)len, WHEN_ISO, &when) != 0)
			return fill_fail(fill, ERR_BAD_DATE, column_name(fill, rule->column),
			                 "`%.*s` is no month", SHOWN(field));
		day = when.day;
	} else {
		int err = read_day(fill, record, rule->column, rule->form, &day);
		if (err)
			return err;
	}
	item->from = civil_month_start(day);
	item->to = civil_month_add(day, 1) - 1;
	return 0;
}

int fill_period(struct fill *fill, const struct record *record, const struct period_rule *rule,
                struct item *item)
{
	int err = 0;
	item->hour_plus_1 = 0;
	if (rule->kind == PERIOD_MONTH)
		return read_month(fill, record, rule, item);
	if (rule->kind == PERIOD_HOUR)
		err = read_hour(fill, record, rule, item);
	else
		err = read_day(fill, record, rule->column, rule->form, &item->from);
	if (err)
		return err;
	item->to = item->from;
	if (rule->kind == PERIOD_DAYS)
		item->to = item->from + (int32_t)rule->days - 1;
	if (rule->kind == PERIOD_RANGE)
		err = read_day(fill, record, rule->to_column, rule->form, &item->to);
	if (!err && (item->to < item->from || item->to - item->from > 365))
		err = fill_fail(fill, ERR_BAD_PERIOD, column_name(fill, rule->to_column), "%s",
		                err_rule(ERR_BAD_PERIOD));
	return err;
}

int fill_instant(struct fill *fill, const struct record *record, const struct instant_rule *rule,
                 const struct zone *zone, bool utc, int64_t *ret_us, bool *ret_given)
{
	*ret_given = false;
	if (rule->column == MAPPING_NO_COLUMN)
		return 0;
	struct field field = fill_field(fill, record, rule->column);
	if (!field.present)
		return 0;
	struct when when;
	int err = read_when(fill, record, rule->column, rule->form, &when);
	if (err)
		return err;
	if (!when.has_offset && !zone && !utc)
		return fill_fail(fill, ERR_MISSING_FIELD, column_name(fill, rule->column),
		                 "`%.*s` bears no offset from UTC and the zone is not known; give "
		                 "it with --zone",
		                 SHOWN(field));
	*ret_us = when_instant(&when, zone);
	*ret_given = true;
	return 0;
}

static int amount_fail(struct fill *fill, int err, uint16_t column, struct field field)
{
	const char *name = column_name(fill, column);
	if (err == ERR_NOT_INTEGER || err == ERR_OVERFLOW)
		return fill_fail(fill, err, name, "`%.*s`: %s", SHOWN(field), err_rule(err));
	return fill_fail(fill, err, name, "`%.*s` is not a decimal number", SHOWN(field));
}

/* One amount. A count written `144.0` is whole; only a fraction is refused. */
static int read_amount(struct fill *fill, const struct record *record,
                       const struct measure_rule *rule, int64_t *ret_value, bool *ret_given)
{
	struct field field = fill_field(fill, record, rule->column);
	*ret_given = field.present;
	if (!field.present)
		return 0;
	int scale = rule->micros ? 0 : measure_scale(rule);
	bool exact = rule->whole || (rule->kind == MEASURE_COUNT && !rule->round);
	int64_t whole = 0;
	int err = 0;
	/* A fraction that must be whole is checked as an integer, then scaled. */
	if (rule->whole) {
		err = num_parse(field.text, field.len, 0, NUM_EXACT, &whole);
		if (err)
			return amount_fail(fill, err, rule->column, field);
	}
	if (rule->factor == MAPPING_NO_COLUMN) {
		err = num_parse(field.text, field.len, scale, exact ? NUM_EXACT : NUM_HALF_EVEN,
		                ret_value);
		return err ? amount_fail(fill, err, rule->column, field) : 0;
	}
	struct field factor = fill_field(fill, record, rule->factor);
	*ret_given = factor.present;
	if (!factor.present)
		return 0;
	err = num_parse_product(field.text, field.len, factor.text, factor.len, scale, ret_value);
	if (!err)
		return 0;
	int64_t ignored = 0;
	bool first = num_parse(field.text, field.len, 6, NUM_HALF_EVEN, &ignored) != 0;
	return amount_fail(fill, err, first ? rule->column : rule->factor, first ? field : factor);
}

int fill_amounts(struct fill *fill, const struct record *record, const struct shape *shape,
                 int64_t *values, uint32_t *ret_mask)
{
	uint32_t mask = 0;
	uint32_t count = 0;
	for (uint32_t i = 0; i < shape->measure_count; i++) {
		bool given = false;
		int err = read_amount(fill, record, &shape->measures[i], &values[count], &given);
		if (err)
			return err;
		if (given) {
			mask |= 1u << i;
			count++;
		}
	}
	*ret_mask = mask;
	return 0;
}
