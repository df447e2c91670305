/* SPDX-License-Identifier: Apache-2.0
 * Levels and exchange rates: rows of the reports `gauges` and `rates`, a page per
 * day. */
#include <stdio.h>
#include <string.h>

#include "ingest/pii.h"
#include "ingest/readings.h"

/* ---- levels ---- */

struct plain_level {
	struct period period;
	struct resolved_amount amount;
	uint32_t values[MODEL_DIMS];
};

static int resolve_measure(struct applying *applying, const pb_gauge *item,
                           struct plain_level *level, struct fault *fault)
{
	int index = catalog_measure(applying->catalog, item->measure, strlen(item->measure));
	if (index < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_MEASURE, "measure", "`%.80s`",
		                 item->measure);
	const struct measure *measure = &applying->catalog->measures[index];
	if (measure->kind != MEASURE_GAUGE)
		return fault_set(applying, fault, ERR_WRONG_MEASURE, "measure", "`%s`",
		                 measure->id);
	if (item->value < 0 && !measure->is_signed)
		return fault_set(applying, fault, ERR_NEGATIVE, "value", "%s %lld", measure->id,
		                 (long long)item->value);
	if (item->value == INT64_MIN)
		return fault_set(applying, fault, ERR_OVERFLOW, "value", "%s", measure->id);
	char currency[4] = "";
	if (item->currency[0] && (!measure->money || !currency_ok(item->currency)))
		return fault_set(applying, fault, ERR_BAD_CURRENCY, "currency", "%s in `%.8s`",
		                 measure->id, item->currency);
	if (item->currency[0] && strcmp(item->currency, applying->source->currency) != 0 &&
	    check_currency_room(applying, (uint32_t)index, item->currency, "currency", fault) != 0)
		return fault->err;
	if (measure->money)
		memcpy(currency, item->currency[0] ? item->currency : applying->source->currency,
		       sizeof(currency));
	level->amount = (struct resolved_amount){
	    (uint32_t)index, dict_column(applying->dict, (uint32_t)index, currency), item->value};
	return 0;
}

static int resolve_level(struct applying *applying, const pb_gauge *item, struct plain_level *level,
                         struct fault *fault)
{
	char field[32];
	struct reading_head head = {item->as_of_us, item->revision, item->slice_id};
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__GAUGE, fault);
	if (!err && has_unknown_fields(&item->base))
		err = fault_set(applying, fault, ERR_UNKNOWN_FIELD, "gauge", "a field below 100");
	int32_t day = 0;
	err = err ? err : resolve_date(applying, item->day, "day", &day, fault);
	level->period = (struct period){day, 1};
	err = err ? err : resolve_head(applying, &head, &level->period, fault);
	err = err ? err : resolve_measure(applying, item, level, fault);
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		level->values[i] = DICT_NO_VALUE;
	for (size_t i = 0; !err && i < item->n_dims; i++) {
		if (!pii_suspected(item->dims[i]->value))
			continue;
		snprintf(field, sizeof(field), "dims[%zu]", i);
		err = fault_set(applying, fault, ERR_PII_SUSPECTED, field, "the value of `%.64s`",
		                item->dims[i]->key);
	}
	return err ? err
	           : resolve_dims(applying, item->dims, item->n_dims, "dims",
	                          applying->source->platform, false, level->values, fault);
}

/* False when the level would be seen nowhere: no set holds what it bears. */
static bool has_set(const struct applying *applying, const struct plain_level *level)
{
	const struct dict *dict = applying->dict;
	uint32_t needed = 0;
	for (uint32_t i = 0; i < applying->catalog->dim_count; i++)
		if (level->values[i] != DICT_NO_VALUE)
			needed |= UINT32_C(1) << i;
	needed &= ~applying->catalog->measures[level->amount.measure].additive_over;
	for (uint32_t i = 0; i < dict->plain_set_count; i++)
		if (!(needed & ~dict->set_dims[dict->plain_sets[i]]))
			return true;
	return false;
}

static int store_level(struct applying *applying, const pb_gauge *item,
                       const struct plain_level *level, struct fault *fault)
{
	struct reading_place place = reading_place(applying, REPORT_GAUGES, &level->period);
	const struct measure *measure = &applying->catalog->measures[level->amount.measure];
	char name[2 * MODEL_NAME_MAX + 2];
	snprintf(name, sizeof(name), "%s@%s", measure->id, layer_name(measure->layer));
	struct key_part parts[KEY_PARTS];
	/* No dimension is called so: ids are a-z, 0-9 and _. */
	parts[0] = (struct key_part){"@measure", name};
	size_t count = key_dims(parts, 1, item->dims, item->n_dims);
	struct row_amount amount = {level->amount.column, level->amount.value};
	struct row_reading reading = {.version = {item->as_of_us, item->revision},
	                              .amounts = &amount,
	                              .amount_count = 1,
	                              .whole = true};
	int err = reading_key(applying, place.report, parts, count, "", 0, &reading.key, fault);
	if (err)
		return err;
	reading.placement = dict_placement(applying->dict, level->values);
	err = reading_check(&place, &reading, fault);
	if (err)
		return err;
	enum row_result result = reading_store(&place, &reading);
	if (has_set(applying, level))
		reading_done(&place, result, &level->amount, 1, item->as_of_us);
	else
		applying->outcome->not_rolled_up++;
	return 0;
}

void apply_gauges(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_gauges; i++) {
		const pb_gauge *item = applying->batch->gauges[i];
		struct plain_level level;
		struct fault fault = {0};
		int err = resolve_level(applying, item, &level, &fault);
		err = err ? err : store_level(applying, item, &level, &fault);
		if (err)
			reading_reject(applying, STREAMGAUGE__V1__REJECT__ITEM__GAUGE, i,
			               item->slice_id, &fault);
	}
}

/* ---- rates ---- */

static int check_rate(struct applying *applying, const pb_rate *item, struct period *period,
                      struct fault *fault)
{
	const struct fx_settings *fx = &partition_settings(applying->partition)->fx;
	struct reading_head head = {item->as_of_us, item->revision, item->slice_id};
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__RATE, fault);
	if (!err && has_unknown_fields(&item->base))
		err = fault_set(applying, fault, ERR_UNKNOWN_FIELD, "rate", "a field below 100");
	if (!err && (!fx->source || strcmp(fx->source, applying->source->name) != 0))
		err = fault_set(applying, fault, ERR_UNKNOWN_RATE_SOURCE, "rates", "`%s`",
		                applying->source->name);
	int32_t day = 0;
	err = err ? err : resolve_date(applying, item->day, "day", &day, fault);
	*period = (struct period){day, 1};
	err = err ? err : resolve_head(applying, &head, period, fault);
	if (err)
		return err;
	if (strcmp(item->base_currency, fx->base) != 0)
		return fault_set(applying, fault, ERR_BAD_RATE, "base_currency", "`%.8s`, not `%s`",
		                 item->base_currency, fx->base);
	if (!currency_ok(item->quote_currency))
		return fault_set(applying, fault, ERR_BAD_CURRENCY, "quote_currency", "`%.8s`",
		                 item->quote_currency);
	if (strcmp(item->quote_currency, fx->base) == 0)
		return fault_set(applying, fault, ERR_BAD_RATE, "quote_currency", "`%s`",
		                 item->quote_currency);
	if (item->rate_e12 <= 0)
		return fault_set(applying, fault, ERR_BAD_RATE, "rate_e12", "%lld",
		                 (long long)item->rate_e12);
	return check_currency_room(applying, (uint32_t)applying->catalog->fx_rate,
	                           item->quote_currency, "quote_currency", fault);
}

/* The column bears no currency in the row page, or a page would have as many as
 * there are currencies; the cell's does. */
static int store_rate(struct applying *applying, const pb_rate *item, const struct period *period,
                      struct fault *fault)
{
	struct reading_place place = reading_place(applying, REPORT_RATES, period);
	uint32_t values[MODEL_DIMS];
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	struct resolved_amount rate = {(uint32_t)applying->catalog->fx_rate, 0, item->rate_e12};
	rate.column = dict_column(applying->dict, rate.measure, "");
	struct row_amount amount = {rate.column, rate.value};
	struct row_reading reading = {.version = {item->as_of_us, item->revision},
	                              .amounts = &amount,
	                              .amount_count = 1,
	                              .whole = true};
	struct key_part part = {"quote", item->quote_currency};
	int err = reading_key(applying, place.report, &part, 1, "", 0, &reading.key, fault);
	if (err)
		return err;
	reading.placement = dict_placement(applying->dict, values);
	err = reading_check(&place, &reading, fault);
	if (err)
		return err;
	reading_done(&place, reading_store(&place, &reading), &rate, 1, item->as_of_us);
	return 0;
}

void apply_rates(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_rates; i++) {
		const pb_rate *item = applying->batch->rates[i];
		struct period period;
		struct fault fault = {0};
		int err = check_rate(applying, item, &period, &fault);
		err = err ? err : store_rate(applying, item, &period, &fault);
		if (err)
			reading_reject(applying, STREAMGAUGE__V1__REJECT__ITEM__RATE, i,
			               item->slice_id, &fault);
	}
}
