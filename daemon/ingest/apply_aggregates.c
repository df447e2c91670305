/* SPDX-License-Identifier: Apache-2.0
 * The sums of waves that a vendor delivers instead of answers. Each item is a row
 * of its own for its option; the base is a row that the options of one item, brand
 * and segment share. */
#include <stdio.h>
#include <string.h>

#include "ingest/surveys.h"

#define N_MAX UINT64_C(1000000000000)

struct plain_sums {
	struct plain_wave wave;
	struct dict_answer base;
	struct dict_answer option;
	int64_t n;
	int64_t weight;
	int64_t weight_squared;
	int64_t chose; /* respondents; what follows are their sums */
	int64_t option_weight;
	int64_t option_weight_squared;
};

static int impossible(struct applying *applying, const char *field, int64_t value,
                      struct fault *fault)
{
	return fault_set(applying, fault, ERR_BAD_SUMS, field, "%lld", (long long)value);
}

/* By Cauchy and Schwarz the squares of n weights sum to no less than the square of
 * their sum through n; each may be half a millionth off. */
static bool squares_possible(int64_t n, int64_t weight, int64_t weight_squared)
{
	return ((i128)weight_squared + n) * n * NUM_MICROS >= (i128)weight * weight;
}

static int resolve_base(struct applying *applying, const pb_aggregate *item,
                        struct plain_sums *sums, struct fault *fault)
{
	if (item->n > N_MAX)
		return fault_set(applying, fault, ERR_BAD_SUMS, "n", "%llu",
		                 (unsigned long long)item->n);
	sums->n = (int64_t)item->n;
	sums->weight = item->weight_micros ? item->weight_micros : sums->n * NUM_MICROS;
	sums->weight_squared =
	    item->weight_squared_micros ? item->weight_squared_micros : sums->n * NUM_MICROS;
	if (sums->weight < 0 || (!sums->n && sums->weight))
		return impossible(applying, "weight_micros", sums->weight, fault);
	if (sums->weight_squared < 0 || (!sums->n && sums->weight_squared) ||
	    !squares_possible(sums->n, sums->weight, sums->weight_squared))
		return impossible(applying, "weight_squared_micros", sums->weight_squared, fault);
	return 0;
}

static int resolve_option(struct applying *applying, const pb_aggregate *item,
                          struct plain_sums *sums, struct fault *fault)
{
	sums->option_weight = item->option_weight_micros;
	sums->option_weight_squared = item->option_weight_squared_micros;
	if (sums->option_weight < 0 || sums->option_weight > sums->weight ||
	    (sums->option_weight && !item->option[0]))
		return impossible(applying, "option_weight_micros", sums->option_weight, fault);
	if (sums->option_weight_squared < 0 || sums->option_weight_squared > sums->weight_squared ||
	    (sums->option_weight_squared && !sums->option_weight))
		return impossible(applying, "option_weight_squared_micros",
		                  sums->option_weight_squared, fault);
	if (!sums->option_weight)
		return 0;
	sums->chose = survey_divide((i128)sums->n * sums->option_weight, sums->weight);
	if (!sums->option_weight_squared)
		sums->option_weight_squared =
		    survey_divide((i128)sums->weight_squared * sums->option_weight, sums->weight);
	if (!squares_possible(sums->n, sums->option_weight, sums->option_weight_squared))
		return impossible(applying, "option_weight_squared_micros",
		                  sums->option_weight_squared, fault);
	return 0;
}

static int resolve_names(struct applying *applying, const pb_aggregate *item, uint32_t index,
                         struct plain_sums *sums, struct fault *fault)
{
	int err = survey_check_item(applying, item->item, item->brand, "item", fault);
	if (!err && item->option[0])
		err = survey_check_option(applying, item->option, "option", fault);
	err = err ? err
	          : survey_segments(applying, item->dims, item->n_dims, sums->wave.values, fault);
	err = err ? err
	          : survey_item(applying, &sums->wave, item->item, item->brand, "aggregates", index,
	                        &sums->base, fault);
	sums->option = sums->base;
	if (!err && item->option[0])
		err = resolve_value(applying, (uint32_t)applying->catalog->option_dim, item->option,
		                    "aggregates", index, NULL, &sums->option.option, fault);
	return err;
}

static int resolve_sums(struct applying *applying, const pb_aggregate *item, uint32_t index,
                        struct plain_sums *sums, struct fault *fault)
{
	struct reading_head head = {item->as_of_us, item->revision, item->slice_id};
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__AGGREGATE, fault);
	if (!err && has_unknown_fields(&item->base))
		err =
		    fault_set(applying, fault, ERR_UNKNOWN_FIELD, "aggregate", "a field below 100");
	err = err ? err
	          : survey_wave(applying, item->study, item->from, item->to, &head, &sums->wave,
	                        fault);
	err = err ? err : resolve_base(applying, item, sums, fault);
	err = err ? err : resolve_option(applying, item, sums, fault);
	return err ? err : resolve_names(applying, item, index, sums, fault);
}

/* Identity of the base, and with `own` of the item's own row. */
static int sums_key(struct applying *applying, const pb_aggregate *item, uint32_t report, bool own,
                    uint32_t *ret_key, struct fault *fault)
{
	struct key_part parts[KEY_PARTS];
	size_t count = 0;
	parts[count++] = (struct key_part){"item", item->item};
	if (item->brand[0])
		parts[count++] = (struct key_part){"brand", item->brand};
	if (own)
		parts[count++] = (struct key_part){"option", item->option};
	count = key_dims(parts, count, item->dims, item->n_dims);
	return reading_key(applying, report, parts, count, "", 0, ret_key, fault);
}

/* The base and the item's own row: both or none. */
static int store_sums(struct applying *applying, const pb_aggregate *item, struct plain_sums *sums,
                      struct fault *fault)
{
	const struct catalog *catalog = applying->catalog;
	struct reading_place place =
	    reading_place(applying, sums->wave.study->id, &sums->wave.period);
	const struct resolved_amount base_sums[] = {
	    survey_amount(applying, catalog->respondents, sums->n),
	    survey_amount(applying, catalog->weight, sums->weight),
	    survey_amount(applying, catalog->weight_squared, sums->weight_squared),
	    survey_amount(applying, catalog->wave_tables, 1),
	};
	const struct resolved_amount own_sums[] = {
	    survey_amount(applying, catalog->respondents, sums->chose),
	    survey_amount(applying, catalog->weight, sums->option_weight),
	    survey_amount(applying, catalog->weight_squared, sums->option_weight_squared),
	};
	struct row_amount base_amounts[4], own_amounts[3];
	struct row_reading base = {.version = {item->as_of_us, item->revision}};
	struct row_reading own = base;
	survey_set_amounts(&base, base_amounts, base_sums, 4);
	survey_set_amounts(&own, own_amounts, own_sums, 3);
	int err = sums_key(applying, item, place.report, false, &base.key, fault);
	err = err ? err : sums_key(applying, item, place.report, true, &own.key, fault);
	if (err)
		return err;
	base.placement = dict_placement_answers(applying->dict, sums->wave.values, &sums->base, 1);
	/* An item without option is a row that counts nothing, but in its slice. */
	own.placement = item->option[0] ? dict_placement_answers(applying->dict, sums->wave.values,
	                                                         &sums->option, 1)
	                                : dict_placement(applying->dict, sums->wave.values);
	err = reading_check(&place, &base, fault);
	err = err ? err : reading_check(&place, &own, fault);
	if (err)
		return err;
	enum row_result first = reading_store(&place, &base);
	enum row_result second = reading_store(&place, &own);
	reading_done(&place, first == ROW_APPLIED ? first : second, base_sums, 4, item->as_of_us);
	return 0;
}

void apply_aggregates(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_aggregates; i++) {
		const pb_aggregate *item = applying->batch->aggregates[i];
		struct plain_sums sums = {.n = 0};
		struct fault fault = {0};
		int err = resolve_sums(applying, item, i, &sums, &fault);
		if (!err && !sums.wave.study->rollup) {
			applying->outcome->not_rolled_up++;
			continue;
		}
		err = err ? err : store_sums(applying, item, &sums, &fault);
		if (err)
			reading_reject(applying, STREAMGAUGE__V1__REJECT__ITEM__AGGREGATE, i,
			               item->slice_id, &fault);
	}
}
