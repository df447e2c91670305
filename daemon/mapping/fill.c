/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/fill.h"

#include <stdio.h>
#include <string.h>

#include "mapping/fill_text.h"
#include "model/catalog.h"

static int open_zone(const char *name, struct zone **ret_zone)
{
	return name ? zone_open(name, ret_zone) : 0;
}

static int open_zones(struct fill *fill)
{
	const struct mapping *mapping = fill->items->mapping;
	int err = open_zone(mapping->as_of[0].zone, &fill->as_of_zones[0]);
	if (!err)
		err = open_zone(mapping->as_of[1].zone, &fill->as_of_zones[1]);
	for (uint32_t i = 0; i < mapping->shape_count && !err; i++) {
		const struct shape *shape = &mapping->shapes[i];
		err = open_zone(shape->kind == SHAPE_EVENT ? shape->time.zone : shape->wave.zone,
		                &fill->time_zones[i]);
	}
	return err;
}

int fill_init(struct fill *fill, struct items *items, const struct map_options *options,
              const struct reader *reader)
{
	*fill = (struct fill){.items = items, .options = options, .reader = reader, .column = ""};
	arena_init(&fill->bind_arena, 0);
	int err = open_zones(fill);
	if (err)
		fill_deinit(fill);
	return err;
}

void fill_deinit(struct fill *fill)
{
	zone_close(fill->as_of_zones[0]);
	zone_close(fill->as_of_zones[1]);
	for (uint32_t i = 0; i < MAPPING_SHAPES; i++)
		zone_close(fill->time_zones[i]);
	arena_deinit(&fill->bind_arena);
	buf_deinit(&fill->tuple);
	buf_deinit(&fill->text);
}

bool fill_passes(const struct fill *fill, const struct filter_rule *filters, uint32_t count,
                 const struct record *record)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct filter_rule *filter = &filters[i];
		const struct field *field = record_field(record, fill->bound[filter->column]);
		bool found = false;
		for (uint32_t j = 0; j < filter->value_count && !found; j++)
			found = field->present && strlen(filter->values[j]) == field->len &&
			        memcmp(filter->values[j], field->text, field->len) == 0;
		if (!found)
			return false;
	}
	return true;
}

bool fill_takes(const struct fill *fill, const struct shape *shape, const struct record *record)
{
	return fill_passes(fill, shape->filters, shape->filter_count, record);
}

static const char *rule_column_name(const struct fill *fill, const struct value_rule *rule)
{
	return rule->column_count ? fill->items->mapping->columns[rule->columns[0]] : "";
}

static bool source_text(const struct field *text)
{
	for (uint32_t i = 0; i < text->len; i++) {
		char c = text->text[i];
		bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		            (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
		if (!good)
			return false;
	}
	return text->len > 0 && text->len <= 96;
}

static bool is_currency(const char *text, size_t len)
{
	return len == 3 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' &&
	       text[2] >= 'A' && text[2] <= 'Z';
}

/* The currency and zone that hold for the record: the option's, the file's,
 * the mapping's; absent = the tenant's own. */
struct terms {
	struct field currency;
	struct field zone;
};

static int read_terms(struct fill *fill, const struct record *record, struct terms *ret_terms)
{
	const struct mapping *mapping = fill->items->mapping;
	const struct map_options *options = fill->options;
	struct terms terms = {FIELD_ABSENT, FIELD_ABSENT};
	int err = 0;
	if (options->currency)
		terms.currency =
		    (struct field){options->currency, (uint32_t)strlen(options->currency), true};
	else
		err = fill_value(fill, record, &mapping->currency, &terms.currency);
	if (!err && terms.currency.present && !is_currency(terms.currency.text, terms.currency.len))
		err = fill_fail(fill, ERR_BAD_CURRENCY, rule_column_name(fill, &mapping->currency),
		                "`%.*s`: a currency is three capital letters",
		                (int)(terms.currency.len < 60 ? terms.currency.len : 60),
		                terms.currency.text);
	if (!err && options->zone)
		terms.zone = (struct field){options->zone, (uint32_t)strlen(options->zone), true};
	else if (!err)
		err = fill_value(fill, record, &mapping->zone, &terms.zone);
	if (!err)
		*ret_terms = terms;
	return err;
}

static int add_feed(struct fill *fill, const struct field *account, const struct terms *terms,
                    uint16_t *ret_feed)
{
	struct items *items = fill->items;
	const char *name = account->present ? account->text : "default";
	size_t len = account->present ? account->len : strlen("default");
	if (items->feed_count == ITEM_FEEDS_MAX)
		return fill_fail(fill, ERR_TOO_MANY,
		                 rule_column_name(fill, &items->mapping->account),
		                 "a file holds at most 1,024 accounts");
	struct feed feed = {.zone = "", .oldest_us = INT64_MAX, .newest_us = INT64_MIN};
	feed.account = arena_strndup(&items->arena, name, len);
	if (!feed.account)
		return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
	if (terms->currency.present)
		memcpy(feed.currency, terms->currency.text, 3);
	if (terms->zone.present) {
		feed.zone = arena_strndup(&items->arena, terms->zone.text, terms->zone.len);
		if (!feed.zone)
			return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
		if (zone_open(feed.zone, &feed.tz) != 0)
			return fill_fail(fill, ERR_INVALID,
			                 rule_column_name(fill, &items->mapping->zone),
			                 "there is no time zone `%s`", feed.zone);
	}
	*ret_feed = (uint16_t)items->feed_count;
	items->feeds[items->feed_count++] = feed;
	return 0;
}

static int find_feed(struct fill *fill, const struct field *account, const struct terms *terms,
                     uint16_t *ret_feed)
{
	const char *name = account->present ? account->text : "default";
	size_t len = account->present ? account->len : strlen("default");
	for (uint32_t i = 0; i < fill->items->feed_count; i++) {
		const char *known = fill->items->feeds[i].account;
		if (strlen(known) == len && memcmp(known, name, len) == 0) {
			*ret_feed = (uint16_t)i;
			return 0;
		}
	}
	return add_feed(fill, account, terms, ret_feed);
}

static int item_currency(struct fill *fill, const struct field *currency, struct item *item)
{
	struct items *items = fill->items;
	const char *own = items->feeds[item->feed].currency;
	if (!currency->present || memcmp(own, currency->text, 3) == 0)
		return 0;
	if (items->mapping->class != MAPPING_EVENT)
		return fill_fail(fill, ERR_ACCOUNT_MISMATCH,
		                 rule_column_name(fill, &items->mapping->currency),
		                 "`%.*s`, but earlier rows of the account are in `%s`",
		                 (int)currency->len, currency->text, own);
	uint32_t at = 1;
	while (at < items->currency_count && memcmp(items->currencies[at], currency->text, 3) != 0)
		at++;
	if (at == ITEM_CURRENCIES_MAX)
		return fill_fail(fill, ERR_TOO_MANY, "", "a file bears at most 249 currencies");
	if (at == items->currency_count) {
		memcpy(items->currencies[at], currency->text, 3);
		items->currency_count++;
	}
	item->currency = (uint8_t)at;
	return 0;
}

/* Which source the record belongs to, and that it agrees with earlier rows. */
static int fill_feed(struct fill *fill, const struct record *record, struct item *item)
{
	const struct mapping *mapping = fill->items->mapping;
	struct terms terms;
	struct field account;
	int err = read_terms(fill, record, &terms);
	/* The account comes last: joined texts share one buffer. */
	if (!err)
		err = fill_value(fill, record, &mapping->account, &account);
	if (!err && account.present && !source_text(&account))
		err = fill_fail(fill, ERR_BAD_SOURCE, rule_column_name(fill, &mapping->account),
		                "`%.*s`: an account is named by 1 to 96 of A-Z a-z 0-9 . _ -",
		                (int)(account.len < 60 ? account.len : 60), account.text);
	if (!err)
		err = find_feed(fill, &account, &terms, &item->feed);
	if (err)
		return err;
	const struct feed *feed = &fill->items->feeds[item->feed];
	if (terms.zone.present && (strlen(feed->zone) != terms.zone.len ||
	                           memcmp(feed->zone, terms.zone.text, terms.zone.len) != 0))
		return fill_fail(fill, ERR_ACCOUNT_MISMATCH, rule_column_name(fill, &mapping->zone),
		                 "`%.*s`, but earlier rows of the account are in `%s`",
		                 (int)(terms.zone.len < 60 ? terms.zone.len : 60), terms.zone.text,
		                 feed->zone);
	return item_currency(fill, &terms.currency, item);
}

static bool has_control(const struct field *text)
{
	for (uint32_t i = 0; i < text->len; i++)
		if ((unsigned char)text->text[i] < 0x20 || text->text[i] == 0x7f)
			return true;
	return false;
}

/* A display name is cut to its limit and loses control characters: a name is
 * no reason to refuse numbers. */
static void put_label(struct fill *fill, uint16_t name, const struct field *text)
{
	char label[MODEL_VALUE_MAX];
	size_t len = text->len < sizeof(label) ? text->len : sizeof(label);
	if (text->len > sizeof(label))
		while (len > 0 && ((unsigned char)text->text[len] & 0xc0) == 0x80)
			len--;
	for (size_t i = 0; i < len; i++)
		label[i] = (unsigned char)text->text[i] < 0x20 || text->text[i] == 0x7f
		               ? ' '
		               : text->text[i];
	tuple_put(&fill->tuple, name, label, len);
}

static int put_dim(struct fill *fill, const struct dim_rule *rule, const struct field *text,
                   enum tuple_use use)
{
	const char *column = rule_column_name(fill, &rule->value);
	if (!text->present && use == TUPLE_KEY && !rule->value.optional)
		return fill_fail(fill, ERR_MISSING_FIELD, column,
		                 "the value is part of the row's key and empty");
	if (!text->present)
		return 0;
	if (use == TUPLE_LABELS) {
		put_label(fill, rule->name, text);
		return 0;
	}
	if (text->len > MODEL_VALUE_MAX)
		return fill_fail(fill, ERR_TOO_LONG, column, "`%.60s...` is longer than 128 bytes",
		                 text->text);
	if (has_control(text))
		return fill_fail(fill, ERR_BAD_TEXT, column, "the text holds a control character");
	tuple_put(&fill->tuple, rule->name, text->text, text->len);
	return 0;
}

int fill_tuple(struct fill *fill, const struct record *record, const struct dim_rules *rules,
               enum tuple_use use, uint32_t *ret_tuple)
{
	buf_reset(&fill->tuple);
	for (uint32_t i = 0; i < rules->count; i++) {
		struct field text;
		int err = fill_value(fill, record, &rules->rules[i].value, &text);
		if (!err)
			err = put_dim(fill, &rules->rules[i], &text, use);
		if (err)
			return err;
	}
	const void *bytes = fill->tuple.len > 0 ? (const void *)fill->tuple.bytes : "";
	uint32_t tuple = buf_failed(&fill->tuple)
	                     ? INTERN_NONE
	                     : intern_add(&fill->items->tuples, bytes, fill->tuple.len);
	if (tuple == INTERN_NONE)
		return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
	*ret_tuple = tuple;
	return 0;
}

/* When the record was read: the first column that says it, else the option. */
static int fill_as_of(struct fill *fill, const struct record *record, struct item *item)
{
	const struct instant_rule *rules = fill->items->mapping->as_of;
	bool given = false;
	int err = 0;
	for (int i = 0; i < 2 && !err && !given; i++) {
		err = fill_instant(fill, record, &rules[i], fill->as_of_zones[i], true,
		                   &item->time_us, &given);
		fill->as_of_read[i] = fill->as_of_read[i] || given;
	}
	if (!err && !given) {
		item->time_us = fill->options->as_of_us;
		fill->as_of_default = true;
	}
	return err;
}

/* The civil days of a reading, and when it was read. */
static int fill_days(struct fill *fill, uint32_t index, const struct record *record,
                     struct item *item)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	bool wave = shape->kind == SHAPE_RESPONSE || shape->kind == SHAPE_AGGREGATE;
	int err = wave ? fill_wave(fill, record, &shape->wave, fill->time_zones[index], item)
	               : fill_period(fill, record, &shape->period, item);
	if (err)
		return err;
	if (shape->kind == SHAPE_GAUGE || shape->kind == SHAPE_RATE)
		item->to = item->from;
	fill->slice_known = true;
	return fill_as_of(fill, record, item);
}

bool fill_text_good(const char *text, size_t len)
{
	struct field field = {text, (uint32_t)len, true};
	return len > 0 && len <= MODEL_VALUE_MAX && !has_control(&field);
}

int fill_own_text(struct fill *fill, const struct record *record, const struct value_rule *rule,
                  uint32_t *ret_text)
{
	struct field text;
	int err = fill_value(fill, record, rule, &text);
	if (err)
		return err;
	*ret_text = ITEM_NO_ID;
	if (!text.present && value_given(rule) && !rule->optional)
		return fill_fail(fill, ERR_MISSING_FIELD, rule_column_name(fill, rule),
		                 "the value is empty");
	if (!text.present)
		return 0;
	if (text.len > MODEL_VALUE_MAX || has_control(&text))
		return fill_fail(fill, ERR_BAD_TEXT, rule_column_name(fill, rule), "%s",
		                 err_rule(ERR_BAD_TEXT));
	*ret_text = intern_add(&fill->items->texts, text.text, text.len);
	return *ret_text == INTERN_NONE ? fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM))
	                                : 0;
}

static int fill_event_head(struct fill *fill, uint32_t index, const struct record *record,
                           struct item *item)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	const struct zone *zone = fill->time_zones[index];
	if (!zone)
		zone = fill->items->feeds[item->feed].tz;
	bool given = false;
	int err = fill_instant(fill, record, &shape->time, zone, false, &item->time_us, &given);
	if (!err && !given)
		err = fill_fail(fill, ERR_MISSING_FIELD,
		                fill->items->mapping->columns[shape->time.column],
		                "the time is empty");
	if (!err)
		err = fill_own_text(fill, record, &shape->event_id, &item->key);
	if (!err)
		err = fill_own_text(fill, record, &shape->type, &item->labels);
	return err;
}

int fill_add(struct fill *fill, const struct item *item, const int64_t *values)
{
	struct feed *feed = &fill->items->feeds[item->feed];
	if (fill->items->mapping->class == MAPPING_EVENT && item->time_us < feed->oldest_us)
		feed->oldest_us = item->time_us;
	if (fill->items->mapping->class == MAPPING_EVENT && item->time_us > feed->newest_us)
		feed->newest_us = item->time_us;
	feed->count++;
	if (items_add(fill->items, item, values) != 0)
		return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
	return 0;
}

/* Rows, gauges and events: tuples and the amounts of the shape. */
static int fill_plain(struct fill *fill, uint32_t index, const struct record *record,
                      struct item *item, bool *ret_empty)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	int64_t values[MAPPING_MEASURES];
	int err = 0;
	if (shape->kind == SHAPE_EVENT) {
		err = fill_event_head(fill, index, record, item);
	} else {
		err = fill_tuple(fill, record, &shape->key, TUPLE_KEY, &item->key);
		if (!err)
			err = fill_tuple(fill, record, &shape->labels, TUPLE_LABELS, &item->labels);
	}
	if (!err)
		err = fill_tuple(fill, record, &shape->dims, TUPLE_DIMS, &item->dims);
	if (!err)
		err = fill_amounts(fill, record, shape, values, &item->mask);
	if (err)
		return err;
	*ret_empty = item->mask == 0 && (shape->report || item->labels == ITEM_NO_ID);
	return *ret_empty ? 0 : fill_add(fill, item, values);
}

int fill_item(struct fill *fill, uint32_t index, const struct record *record, struct item *ret_item,
              bool *ret_empty)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	fill->slice_known = false;
	fill->note = NULL;
	*ret_item = (struct item){.offset = record->offset,
	                          .line = (uint32_t)record->line,
	                          .shape = (uint16_t)index,
	                          .report = shape->first};
	int err = fill_feed(fill, record, ret_item);
	if (!err && shape->report)
		err = fill_days(fill, index, record, ret_item);
	if (err)
		return err;
	switch (shape->kind) {
	case SHAPE_RESPONSE:
		return fill_response(fill, index, record, ret_item, ret_empty);
	case SHAPE_AGGREGATE:
		return fill_aggregate(fill, shape, record, ret_item, ret_empty);
	case SHAPE_RATE:
		return fill_rates(fill, index, record, ret_item, ret_empty);
	default:
		return fill_plain(fill, index, record, ret_item, ret_empty);
	}
}
