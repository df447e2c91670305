/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "ingest/applying.h"
#include "rollup/source_record.h"

#define PERIOD_DAYS_MAX 366
#define ROW_PAGE_GUESS  32768u /* bytes of an average decoded row page */

struct period {
	int32_t first;
	uint32_t days;
};

static int resolve_period(struct applying *applying, const pb_date *from, const pb_date *to,
                          struct period *ret_period, struct fault *fault)
{
	int32_t first;
	int32_t last;
	int err = resolve_date(applying, from, "from", &first, fault);
	last = first;
	if (!err && to)
		err = resolve_date(applying, to, "to", &last, fault);
	if (err)
		return err;
	if (last < first || last - first >= PERIOD_DAYS_MAX)
		return fault_set(applying, fault, ERR_BAD_PERIOD, "to", "%d days",
		                 (int)(last - first + 1));
	*ret_period = (struct period){first, (uint32_t)(last - first + 1)};
	return 0;
}

static const struct source_report *find_report(const struct source *source, const char *id)
{
	for (uint32_t i = 0; i < source->report_count; i++)
		if (strcmp(source->reports[i].id, id) == 0)
			return &source->reports[i];
	return NULL;
}

static int resolve_report(struct applying *applying, const char *id,
                          const struct source_report **ret_report, struct fault *fault)
{
	if (applying->source->class != SOURCE_REPORT)
		return fault_set(applying, fault, ERR_WRONG_CLASS, "report",
		                 "%s is an event source", applying->source->name);
	const struct source_report *report = find_report(applying->source, id);
	if (!report)
		return fault_set(applying, fault, ERR_UNKNOWN_REPORT, "report", "`%.64s`", id);
	*ret_report = report;
	return 0;
}

static uint32_t report_number(struct applying *applying, const struct source_report *report)
{
	return dict_report(applying->dict, applying->source->number, report->id);
}

/* The row page of an item that is counted at all; NULL with nothing missing
 * when the item will be rejected or is not rolled up. */
static struct row_page *page_for(struct applying *applying, const char *report_id,
                                 const pb_date *from, const pb_date *to, struct fetch_list *missing)
{
	struct fault fault = {0};
	struct period period;
	const struct source_report *report = find_report(applying->source, report_id);
	if (!report || !report->rollup || applying->source->class != SOURCE_REPORT ||
	    resolve_period(applying, from, to, &period, &fault) != 0)
		return NULL;
	return partition_row_page(applying->partition, report_number(applying, report),
	                          period.first, period.days, missing);
}

/* Consecutive items mostly share their period. */
static bool same_date(const pb_date *a, const pb_date *b)
{
	if (!a || !b)
		return a == b;
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

int prepare_rows(struct applying *applying, struct fetch_list *missing)
{
	const Streamgauge__V1__Batch *batch = applying->batch;
	uint64_t pages = 0;
	for (size_t i = 0; i < batch->n_rows; i++) {
		const pb_row *row = batch->rows[i];
		const pb_row *last = i ? batch->rows[i - 1] : NULL;
		if (last && same_date(row->from, last->from) && same_date(row->to, last->to) &&
		    strcmp(row->report, last->report) == 0)
			continue;
		page_for(applying, row->report, row->from, row->to, missing);
		pages++;
	}
	for (size_t i = 0; i < batch->n_commits; i++) {
		const pb_commit *commit = batch->commits[i];
		page_for(applying, commit->report, commit->from, commit->to, missing);
		pages++;
	}
	uint64_t cache = partition_settings(applying->partition)->limits.page_cache;
	if (missing->count && pages > 16 && pages * ROW_PAGE_GUESS > cache)
		return ERR_BATCH_TOO_WIDE;
	return missing->count ? ERR_AGAIN : 0;
}

/* ---- one row ---- */

struct plain_row {
	const struct source_report *report;
	struct period period;
	struct resolved_amount amounts[ITEM_AMOUNTS];
	uint32_t amount_count;
	uint32_t values[MODEL_DIMS];
};

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const pb_dim *const *)a)->key, (*(const pb_dim *const *)b)->key);
}

/* The row's identity as text (store.proto RowKey). */
static int row_key(struct applying *applying, const pb_row *item, uint32_t report,
                   uint32_t *ret_key, struct fault *fault)
{
	const pb_dim *parts[ITEM_DIMS];
	for (size_t i = 0; i < item->n_key; i++)
		parts[i] = item->key[i];
	if (item->n_key > 1)
		qsort(parts, item->n_key, sizeof(*parts), by_name);
	struct buf text = {0};
	for (size_t i = 0; i < item->n_key; i++) {
		if (i && strcmp(parts[i]->key, parts[i - 1]->key) == 0) {
			buf_deinit(&text);
			return fault_set(applying, fault, ERR_DUPLICATE_FIELD, "key", "`%.64s`",
			                 parts[i]->key);
		}
		buf_printf(&text, "%s=%s\x1f", parts[i]->key, parts[i]->value);
	}
	buf_printf(&text, "%s\x1f%u", item->attribution, item->hour_plus_1);
	require(!buf_failed(&text));
	*ret_key = dict_row_key(applying->dict, report, text.bytes, text.len);
	buf_deinit(&text);
	return 0;
}

static int resolve_reading(struct applying *applying, const pb_row *item, struct plain_row *row,
                           struct fault *fault)
{
	int64_t as_of = item->as_of_us;
	if (as_of <= 0)
		return fault_set(applying, fault, ERR_MISSING_FIELD, "as_of_us", "%lld",
		                 (long long)as_of);
	if (as_of > applying->now_us + FUTURE_US)
		return fault_set(applying, fault, ERR_AS_OF_IN_FUTURE, "as_of_us", "%lld",
		                 (long long)as_of);
	if (item->hour_plus_1 > 24 || (item->hour_plus_1 && row->period.days != 1))
		return fault_set(applying, fault, ERR_BAD_HOUR, "hour_plus_1", "%u",
		                 item->hour_plus_1);
	if (!partition_keeps_day(applying->partition, row->period.first, applying->now_us))
		return fault_set(applying, fault, ERR_OUTSIDE_RETENTION, "from", "day %d",
		                 (int)row->period.first);
	if (!text_ok(item->attribution, strlen(item->attribution), ATTRIBUTION_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "attribution", "%zu bytes",
		                 strlen(item->attribution));
	if (!text_ok(item->slice_id, strlen(item->slice_id), SLICE_ID_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "slice_id", "%zu bytes",
		                 strlen(item->slice_id));
	return 0;
}

static int resolve_row(struct applying *applying, const pb_row *item, struct plain_row *row,
                       struct fault *fault)
{
	for (uint32_t i = 0; i < applying->catalog->dim_count; i++)
		row->values[i] = DICT_NO_VALUE;
	if (has_unknown_fields(&item->base))
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD, "row", "a field below 100");
	int err = resolve_report(applying, item->report, &row->report, fault);
	err = err ? err : resolve_period(applying, item->from, item->to, &row->period, fault);
	err = err ? err : resolve_reading(applying, item, row, fault);
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
	return err;
}

/* Where the increments of one row page go. */
struct row_target {
	struct applying *applying;
	struct period period;
	bool changed; /* some sum is another one now */
};

static void add_diff(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t diff)
{
	struct row_target *target = arg;
	struct applying *applying = target->applying;
	target->changed = true;
	uint32_t hour_plus_1 = dict_row_key_hour(applying->dict, key);
	uint32_t period_days = hour_plus_1 ? 0 : target->period.days;
	const uint32_t *groups = dict_placement_groups(applying->dict, placement, period_days);
	enum grain grain = GRAIN_DAY;
	int32_t bucket = target->period.first;
	if (hour_plus_1 && partition_keeps_hours(applying->partition, bucket, applying->now_us)) {
		grain = GRAIN_HOUR;
		bucket = bucket * 48 + (int32_t)hour_plus_1 - 1;
	}
	struct cell_place place = partition_place(grain, bucket);
	for (uint32_t set = 0; set < applying->catalog->set_count; set++)
		partition_add(applying->partition, groups[set], &place, column, diff);
}

static void keep_labels(struct applying *applying, const pb_row *item, const struct plain_row *row)
{
	for (size_t i = 0; i < item->n_labels; i++) {
		const pb_dim *label = item->labels[i];
		int dim = catalog_dim(applying->catalog, label->key, strlen(label->key));
		size_t len = strlen(label->value);
		if (dim < 0 || row->values[dim] == DICT_NO_VALUE || !len ||
		    !text_ok(label->value, len, 2 * MODEL_VALUE_MAX))
			continue;
		partition_label(applying->partition, row->values[dim], label->value, len,
		                item->as_of_us);
	}
}

static bool is_final(const struct applying *applying, const struct period *period)
{
	const struct source *source = applying->source;
	if (!source->final_after_days || !source->zone)
		return false;
	int32_t today = zone_local_of(source->zone, applying->now_us).day;
	return period->first + (int32_t)period->days - 1 <=
	       today - (int32_t)source->final_after_days;
}

static void note_restated(struct applying *applying, const struct period *period)
{
	if (is_final(applying, period))
		source_note_restated(&applying->source->current, period->first,
		                     period->first + (int32_t)period->days - 1);
}

static int store_row(struct applying *applying, const pb_row *item, const struct plain_row *row,
                     struct fault *fault)
{
	struct apply_outcome *outcome = applying->outcome;
	uint32_t report = report_number(applying, row->report);
	struct row_reading reading = {.version = {item->as_of_us, item->revision},
	                              .amount_count = row->amount_count};
	int err = row_key(applying, item, report, &reading.key, fault);
	if (err)
		return err;
	struct fetch_list none = {0};
	struct row_page *page = partition_row_page(applying->partition, report, row->period.first,
	                                           row->period.days, &none);
	require(page != NULL);
	struct row_amount amounts[ITEM_AMOUNTS];
	for (uint32_t i = 0; i < row->amount_count; i++) {
		amounts[i] = (struct row_amount){row->amounts[i].column, row->amounts[i].value};
		if (row_page_column_room(page, amounts[i].column) != 0)
			return fault_set(applying, fault, ERR_TOO_MANY, "amounts",
			                 "measures of one report and period");
	}
	reading.amounts = amounts;
	reading.placement = dict_placement(applying->dict, row->values);
	struct row_target target = {applying, row->period, false};
	size_t memory = row_page_memory(page);
	uint32_t count = page->count;
	enum row_result result = row_page_apply(page, &reading, add_diff, &target);
	if (result == ROW_CONFLICT)
		return fault_set(applying, fault, ERR_AS_OF_CONFLICT, "as_of_us", "%lld",
		                 (long long)item->as_of_us);
	outcome->accepted += result == ROW_APPLIED;
	outcome->unchanged += result == ROW_UNCHANGED;
	outcome->stale += result == ROW_STALE;
	if (result == ROW_APPLIED && page->count == count)
		note_restated(applying, &row->period);
	partition_row_page_changed(applying->partition, page, memory);
	if (result == ROW_STALE)
		return 0;
	keep_labels(applying, item, row);
	note_item(applying, row->period.first, row->period.first + (int32_t)row->period.days - 1,
	          row->amounts, row->amount_count);
	if (item->as_of_us > applying->source->current.last_as_of_us)
		applying->source->current.last_as_of_us = item->as_of_us;
	return 0;
}

static uint64_t slice_hash(const char *slice_id)
{
	return XXH3_64bits(slice_id, strlen(slice_id)) | 1;
}

static void mark_slice_rejected(struct source *source, const char *slice_id)
{
	if (!slice_id[0])
		return;
	uint64_t hash = slice_hash(slice_id);
	for (uint32_t i = 0; i < SOURCE_REJECTED_SLICES; i++)
		if (source->rejected_slices[i] == hash)
			return;
	source->rejected_slices[source->rejected_slice_next++ % SOURCE_REJECTED_SLICES] = hash;
}

static bool slice_was_rejected(const struct source *source, const char *slice_id)
{
	uint64_t hash = slice_hash(slice_id);
	for (uint32_t i = 0; slice_id[0] && i < SOURCE_REJECTED_SLICES; i++)
		if (source->rejected_slices[i] == hash)
			return true;
	return false;
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
		if (!err)
			continue;
		mark_slice_rejected(applying->source, item->slice_id);
		apply_reject_item(applying, STREAMGAUGE__V1__REJECT__ITEM__ROW, i, &fault);
	}
}

/* ---- commits ---- */

static int apply_commit(struct applying *applying, const pb_commit *item, struct fault *fault)
{
	const struct source_report *report;
	struct period period;
	if (has_unknown_fields(&item->base))
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD, "commit", "a field below 100");
	int err = resolve_report(applying, item->report, &report, fault);
	err = err ? err : resolve_period(applying, item->from, item->to, &period, fault);
	if (err)
		return err;
	if (item->as_of_us <= 0 || item->as_of_us > applying->now_us + FUTURE_US)
		return fault_set(applying, fault,
		                 item->as_of_us <= 0 ? ERR_MISSING_FIELD : ERR_AS_OF_IN_FUTURE,
		                 "as_of_us", "%lld", (long long)item->as_of_us);
	if (!report->rollup) {
		applying->outcome->not_rolled_up++;
		return 0;
	}
	if (slice_was_rejected(applying->source, item->slice_id))
		return fault_set(applying, fault, ERR_SLICE_INCOMPLETE, "slice_id", "`%s`",
		                 item->slice_id);
	struct fetch_list none = {0};
	struct row_page *page = partition_row_page(
	    applying->partition, report_number(applying, report), period.first, period.days, &none);
	require(page != NULL);
	struct row_target target = {applying, period, false};
	size_t memory = row_page_memory(page);
	err = row_page_commit(page, item->as_of_us, item->rows, item->complete, add_diff, &target);
	if (err)
		return fault_set(applying, fault, err, "rows", "%llu rows from %lld on",
		                 (unsigned long long)item->rows, (long long)item->as_of_us);
	partition_row_page_changed(applying->partition, page, memory);
	if (target.changed)
		note_restated(applying, &period);
	if (item->complete)
		source_add_complete(&applying->source->current, period.first,
		                    period.first + (int32_t)period.days - 1);
	applying->outcome->accepted++;
	return 0;
}

void apply_commits(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_commits; i++) {
		struct fault fault = {0};
		if (apply_commit(applying, applying->batch->commits[i], &fault) != 0)
			apply_reject_item(applying, STREAMGAUGE__V1__REJECT__ITEM__COMMIT, i,
			                  &fault);
	}
}
