/* SPDX-License-Identifier: Apache-2.0
 * Report rows. */
#include <string.h>

#include "ingest/pii.h"
#include "ingest/readings.h"

#define OBJECTIVE_LABEL "campaign.objective"
#define OBJECTIVE_MAX   64

struct plain_row {
	const struct source_report *report;
	struct period period;
	struct resolved_amount amounts[ITEM_AMOUNTS];
	uint32_t amount_count;
	uint32_t values[MODEL_DIMS];
};

static struct reading_head head_of(const pb_row *item)
{
	return (struct reading_head){item->as_of_us, item->revision, item->slice_id};
}

static bool has_level(const struct applying *applying, const struct plain_row *row)
{
	for (uint32_t i = 0; i < row->amount_count; i++)
		if (applying->catalog->measures[row->amounts[i].measure].kind == MEASURE_GAUGE)
			return true;
	return false;
}

static int resolve_frame(struct applying *applying, const pb_row *item, struct plain_row *row,
                         struct fault *fault)
{
	struct reading_head head = head_of(item);
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__ROW, fault);
	if (!err && has_unknown_fields(&item->base))
		err = fault_set(applying, fault, ERR_UNKNOWN_FIELD, "row", "a field below 100");
	err = err ? err : resolve_report(applying, item->report, "report", &row->report, fault);
	err = err ? err : resolve_period(applying, item->from, item->to, &row->period, fault);
	err = err ? err : resolve_head(applying, &head, &row->period, fault);
	if (err)
		return err;
	if (item->hour_plus_1 > 24 || (item->hour_plus_1 && row->period.days != 1))
		return fault_set(applying, fault, ERR_BAD_HOUR, "hour_plus_1", "%u",
		                 item->hour_plus_1);
	if (!text_ok(item->attribution, strlen(item->attribution), ATTRIBUTION_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "attribution", "%zu bytes",
		                 strlen(item->attribution));
	return 0;
}

static int resolve_row(struct applying *applying, const pb_row *item, struct plain_row *row,
                       struct fault *fault)
{
	for (uint32_t i = 0; i < applying->catalog->dim_count; i++)
		row->values[i] = DICT_NO_VALUE;
	int err = resolve_frame(applying, item, row, fault);
	const char *platform = applying->source->platform;
	err = err ? err
	          : resolve_dims(applying, item->key, item->n_key, "key", platform, true,
	                         row->values, fault);
	err = err ? err
	          : resolve_dims(applying, item->dims, item->n_dims, "dims", platform, false,
	                         row->values, fault);
	err = err ? err
	          : resolve_amounts(applying, item->amounts, item->n_amounts, false, row->amounts,
	                            &row->amount_count, fault);
	if (!err && !row->amount_count)
		err = fault_set(applying, fault, ERR_NO_AMOUNTS, "amounts", "no amounts");
	for (size_t i = 0; i < item->n_labels && !err; i++)
		if (has_unknown_fields(&item->labels[i]->base))
			err = fault_set(applying, fault, ERR_UNKNOWN_FIELD, "labels",
			                "a field of label %zu", i);
	if (!err && item->hour_plus_1 && has_level(applying, row))
		err = fault_set(applying, fault, ERR_BAD_HOUR, "hour_plus_1", "a level of an hour");
	return err;
}

/* The row's identity: what its key names, values missing or not. */
static int row_key(struct applying *applying, const pb_row *item, uint32_t report,
                   uint32_t *ret_key, struct fault *fault)
{
	struct key_part parts[ITEM_DIMS];
	for (size_t i = 0; i < item->n_key; i++)
		parts[i] = (struct key_part){item->key[i]->key, item->key[i]->value};
	return reading_key(applying, report, parts, item->n_key, item->attribution,
	                   item->hour_plus_1, ret_key, fault);
}

/* Display names, and what a campaign is for. */
static void keep_labels(struct applying *applying, const pb_row *item, const struct plain_row *row)
{
	int campaign = applying->catalog->campaign_dim;
	for (size_t i = 0; i < item->n_labels; i++) {
		const pb_dim *label = item->labels[i];
		size_t len = strlen(label->value);
		bool objective = strcmp(label->key, OBJECTIVE_LABEL) == 0;
		int dim = objective
		              ? campaign
		              : catalog_dim(applying->catalog, label->key, strlen(label->key));
		if (dim < 0 || row->values[dim] == DICT_NO_VALUE || !len ||
		    pii_suspected(label->value) ||
		    !text_ok(label->value, len, objective ? OBJECTIVE_MAX : 2 * MODEL_VALUE_MAX))
			continue;
		if (objective)
			partition_objective(applying->partition, row->values[dim], label->value,
			                    len, item->as_of_us);
		else
			partition_label(applying->partition, row->values[dim], label->value, len,
			                item->as_of_us);
	}
	if (campaign >= 0 && row->values[campaign] != DICT_NO_VALUE)
		partition_reported(applying->partition, row->values[campaign], applying->source);
}

static int store_row(struct applying *applying, const pb_row *item, const struct plain_row *row,
                     struct fault *fault)
{
	struct reading_place place = reading_place(applying, row->report->id, &row->period);
	struct row_amount amounts[ITEM_AMOUNTS];
	struct row_reading reading = {.version = {item->as_of_us, item->revision},
	                              .amounts = amounts,
	                              .amount_count = row->amount_count};
	for (uint32_t i = 0; i < row->amount_count; i++)
		amounts[i] = (struct row_amount){row->amounts[i].column, row->amounts[i].value};
	int err = row_key(applying, item, place.report, &reading.key, fault);
	if (err)
		return err;
	reading.placement = dict_placement(applying->dict, row->values);
	err = reading_check(&place, &reading, fault);
	if (err)
		return err;
	enum row_result result = reading_store(&place, &reading);
	if (result != ROW_STALE)
		keep_labels(applying, item, row);
	reading_done(&place, result, row->amounts, row->amount_count, item->as_of_us);
	return 0;
}

void apply_rows(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_rows; i++) {
		const pb_row *item = applying->batch->rows[i];
		struct plain_row row;
		struct fault fault = {0};
		int err = resolve_row(applying, item, &row, &fault);
		if (!err && !row.report->rollup) {
			applying->outcome->not_rolled_up++;
			continue;
		}
		if (!err)
			err = store_row(applying, item, &row, &fault);
		if (err)
			reading_reject(applying, STREAMGAUGE__V1__REJECT__ITEM__ROW, i,
			               item->slice_id, &fault);
	}
}
