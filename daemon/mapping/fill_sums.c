/* SPDX-License-Identifier: Apache-2.0
 * A line of a vendor's wave table -> the sums of one option; a line of exchange
 * rates -> rates. */
#include <string.h>

#include "mapping/fill_text.h"

#define SHOWN(field) (int)((field).len < 60 ? (field).len : 60), (field).text

/* A share and a design effect are kept at twelve places until the product is
 * rounded. */
#define WIDE_SCALE 12

/* The numbers of a line as exact decimal texts. */
struct sums {
	int64_t n;
	char whole[NUM_TEXT_MAX];   /* n */
	char people[NUM_TEXT_MAX];  /* n, or n / 100 beside a share in percent */
	char squared[NUM_TEXT_MAX]; /* n x design effect, likewise */
	char effect[NUM_TEXT_MAX];
	struct field part; /* share or count */
};

static int bad_number(struct fill *fill, uint16_t column, struct field text, const char *rule)
{
	return fill_fail(fill, ERR_INVALID, fill->items->mapping->columns[column], "`%.*s`: %s",
	                 SHOWN(text), rule);
}

static int read_effect(struct fill *fill, const struct record *record,
                       const struct value_rule *rule, int64_t *ret_effect)
{
	struct field text;
	int err = fill_value(fill, record, rule, &text);
	*ret_effect = INT64_C(1000000000000);
	if (err || !text.present)
		return err;
	err = num_parse(text.text, text.len, WIDE_SCALE, NUM_HALF_EVEN, ret_effect);
	if (err || *ret_effect <= 0)
		return fill_fail(
		    fill, ERR_INVALID,
		    rule->column_count ? fill->items->mapping->columns[rule->columns[0]] : "",
		    "`%.*s`: a design effect is a number above 0", SHOWN(text));
	return 0;
}

static int read_sums(struct fill *fill, const struct record *record,
                     const struct aggregate_rules *rules, struct sums *sums)
{
	struct field text = fill_field(fill, record, rules->n);
	int64_t effect = 0;
	if (!text.present)
		return fill_fail(fill, ERR_MISSING_FIELD, fill->items->mapping->columns[rules->n],
		                 "n is empty: a score without it is a gauge");
	if (num_parse(text.text, text.len, 0, NUM_EXACT, &sums->n) != 0 || sums->n < 0 ||
	    sums->n > INT64_C(1000000000))
		return bad_number(fill, rules->n, text, "n is a whole number of people");
	int err = read_effect(fill, record, &rules->design_effect, &effect);
	if (err)
		return err;
	int more = rules->percent ? 2 : 0;
	(void)num_format(sums->whole, sums->n, 0);
	(void)num_format(sums->people, sums->n, more);
	(void)num_format(sums->squared, (i128)sums->n * effect, WIDE_SCALE + more);
	(void)num_format(sums->effect, effect, WIDE_SCALE);
	sums->part = fill_field(fill, record,
	                        rules->share != MAPPING_NO_COLUMN ? rules->share : rules->count);
	return 0;
}

static int multiply(struct field part, const char *by, int64_t *ret_value)
{
	return num_parse_product(part.text, part.len, by, strlen(by), 6, ret_value);
}

/* Y and Y2, each rounded once. */
static int option_sums(struct fill *fill, const struct aggregate_rules *rules,
                       const struct sums *sums, int64_t values[5])
{
	bool share = rules->share != MAPPING_NO_COLUMN;
	uint16_t column = share ? rules->share : rules->count;
	int err = multiply(sums->part, share ? sums->people : "1", &values[3]);
	if (!err)
		err = multiply(sums->part, share ? sums->squared : sums->effect, &values[4]);
	if (err)
		return bad_number(fill, column, sums->part, "a decimal number is expected");
	if (values[3] < 0 || values[3] > values[1])
		return bad_number(fill, column, sums->part,
		                  !share           ? "more than n, or less than nobody, chose it"
		                  : rules->percent ? "a share in percent is 0 to 100"
		                                   : "a share is 0 to 1; `scale: percent` says "
		                                     "that the column is in percent");
	return 0;
}

/* An item's id is what KPIs are configured by. */
static int check_item(struct fill *fill, const struct shape *shape, const struct record *record)
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const struct value_rule *rule = &shape->aggregate->item;
	struct field text;
	int err = fill_value(fill, record, rule, &text);
	for (uint32_t i = 0; !err && text.present && i < text.len; i++)
		if (!memchr(rest, text.text[i], sizeof(rest) - 1))
			err = fill_fail(
			    fill, ERR_UNKNOWN_VALUE,
			    rule->column_count ? fill->items->mapping->columns[rule->columns[0]]
			                       : "",
			    "`%.*s`: an item is a-z 0-9 _; `map` gives it such an id", SHOWN(text));
	return err;
}

/* The key without its option: all options of a base repeat its sums. */
static int fill_base(struct fill *fill, const struct shape *shape, const struct record *record,
                     struct item *item)
{
	struct dim_rules base = shape->key;
	struct dim_rule rules[MODEL_DIMS + 3];
	uint32_t count = 0;
	for (uint32_t i = 0; i < base.count && count < MODEL_DIMS + 3; i++)
		if (strcmp(fill->items->mapping->names[base.rules[i].name], "option") != 0)
			rules[count++] = base.rules[i];
	base = (struct dim_rules){rules, count};
	return fill_tuple(fill, record, &base, TUPLE_KEY, &item->labels);
}

int fill_aggregate(struct fill *fill, const struct shape *shape, const struct record *record,
                   struct item *item, bool *ret_empty)
{
	const struct aggregate_rules *rules = shape->aggregate;
	int64_t values[5] = {0};
	struct sums sums;
	struct field option;
	int err = check_item(fill, shape, record);
	if (!err)
		err = fill_tuple(fill, record, &shape->key, TUPLE_KEY, &item->key);
	if (!err)
		err = fill_base(fill, shape, record, item);
	if (!err)
		err = fill_tuple(fill, record, &shape->dims, TUPLE_DIMS, &item->dims);
	if (!err)
		err = read_sums(fill, record, rules, &sums);
	if (!err)
		err = fill_value(fill, record, &rules->option, &option);
	if (err)
		return err;
	bool base_alone = !option.present;
	*ret_empty = sums.n == 0 || (!base_alone && !sums.part.present);
	if (*ret_empty) {
		fill->note = sums.n == 0 ? "nobody was asked" : "neither share nor count";
		return 0;
	}
	values[0] = sums.n;
	values[1] = sums.n * NUM_MICROS;
	if (num_parse_product(sums.whole, strlen(sums.whole), sums.effect, strlen(sums.effect), 6,
	                      &values[2]) != 0)
		return fill_fail(fill, ERR_OVERFLOW, fill->items->mapping->columns[rules->n],
		                 "%s times the design effect %s is too large", sums.whole,
		                 sums.effect);
	item->mask = base_alone ? 7 : 31;
	if (!base_alone)
		err = option_sums(fill, rules, &sums, values);
	return err ? err : fill_add(fill, item, values);
}

static bool is_currency(const struct field *text)
{
	bool good = text->present && text->len == 3;
	for (uint32_t i = 0; good && i < 3; i++)
		good = text->text[i] >= 'A' && text->text[i] <= 'Z';
	return good;
}

/* A currency by a rule, as a text that outlives the next call. */
static int read_currency(struct fill *fill, const struct record *record,
                         const struct value_rule *rule, char ret_currency[4])
{
	struct field text;
	int err = fill_value(fill, record, rule, &text);
	if (!err && !is_currency(&text))
		err = fill_fail(fill, ERR_BAD_CURRENCY,
		                rule->column_count ? fill->items->mapping->columns[rule->columns[0]]
		                                   : "",
		                "`%.*s`: a currency is three capital letters", SHOWN(text));
	if (!err) {
		memcpy(ret_currency, text.text, 3);
		ret_currency[3] = '\0';
	}
	return err;
}

static int read_rate(struct fill *fill, const struct field *text, const char *name,
                     int64_t *ret_rate)
{
	if (num_parse(text->text, text->len, 12, NUM_HALF_EVEN, ret_rate) == 0 && *ret_rate > 0)
		return 0;
	return fill_fail(fill, ERR_INVALID, name, "`%.*s`: a rate is a number above 0",
	                 SHOWN(*text));
}

static uint16_t name_of(const struct mapping *mapping, const char *name)
{
	uint16_t i = 0;
	while (strcmp(mapping->names[i], name) != 0)
		i++;
	return i;
}

static int add_rate(struct fill *fill, struct item *item, const char *base, const char *quote,
                    int64_t rate)
{
	struct items *items = fill->items;
	buf_reset(&fill->tuple);
	tuple_put(&fill->tuple, name_of(items->mapping, "base"), base, 3);
	tuple_put(&fill->tuple, name_of(items->mapping, "quote"), quote, 3);
	item->key = buf_failed(&fill->tuple)
	                ? INTERN_NONE
	                : intern_add(&items->tuples, fill->tuple.bytes, fill->tuple.len);
	item->dims = item->labels = intern_add(&items->tuples, "", 0);
	if (item->key == INTERN_NONE || item->dims == INTERN_NONE)
		return fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM));
	item->mask = 1;
	return fill_add(fill, item, &rate);
}

/* A column per currency: all of them are right, or the line is refused. */
static int wide_rates(struct fill *fill, const struct bound_cells *cells,
                      const struct record *record, const char *base, struct item *item,
                      bool *ret_empty)
{
	int64_t rate = 0;
	int err = 0;
	*ret_empty = true;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < cells->count && !err; i++) {
			const struct field *text = record_field(record, cells->list[i].column);
			if (!text->present || fill_absent(fill, text))
				continue;
			err = read_rate(fill, text, cells->list[i].name, &rate);
			if (!err && pass == 1)
				err = add_rate(fill, item, base, cells->list[i].option, rate);
			*ret_empty = false;
		}
	}
	return err;
}

int fill_rates(struct fill *fill, uint32_t index, const struct record *record, struct item *item,
               bool *ret_empty)
{
	const struct rate_rules *rules = fill->items->mapping->shapes[index].rate;
	char base[4];
	char quote[4];
	int64_t rate = 0;
	int err = read_currency(fill, record, &rules->base, base);
	if (err)
		return err;
	if (!value_given(&rules->quote))
		return wide_rates(fill, &fill->cells[index][0], record, base, item, ret_empty);
	struct field text = fill_field(fill, record, rules->rate);
	*ret_empty = !text.present;
	if (*ret_empty)
		return 0;
	err = read_currency(fill, record, &rules->quote, quote);
	if (!err)
		err = read_rate(fill, &text, fill->items->mapping->columns[rules->rate], &rate);
	return err ? err : add_rate(fill, item, base, quote, rate);
}
