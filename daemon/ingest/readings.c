/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/readings.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "rollup/source_record.h"

#define PERIOD_DAYS_MAX 366
#define ROW_PAGE_GUESS  32768u /* bytes of an average decoded row page */

int resolve_period(struct applying *applying, const pb_date *from, const pb_date *to,
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

static bool own_report(const char *id)
{
	return strcmp(id, REPORT_GAUGES) == 0 || strcmp(id, REPORT_RATES) == 0;
}

static const struct source_report *find_report(const struct source *source, const char *id)
{
	for (uint32_t i = 0; i < source->report_count && !own_report(id); i++)
		if (strcmp(source->reports[i].id, id) == 0)
			return &source->reports[i];
	return NULL;
}

int resolve_report(struct applying *applying, const char *id, const char *field,
                   const struct source_report **ret_report, struct fault *fault)
{
	const struct source_report *report = find_report(applying->source, id);
	if (!report)
		return fault_set(applying, fault, ERR_UNKNOWN_REPORT, field, "`%.64s`", id);
	*ret_report = report;
	return 0;
}

static int check_as_of(struct applying *applying, int64_t as_of_us, struct fault *fault)
{
	if (as_of_us > 0 && as_of_us <= applying->now_us + FUTURE_US)
		return 0;
	return fault_set(applying, fault, as_of_us <= 0 ? ERR_MISSING_FIELD : ERR_AS_OF_IN_FUTURE,
	                 "as_of_us", "%lld", (long long)as_of_us);
}

int resolve_head(struct applying *applying, const struct reading_head *head,
                 const struct period *period, struct fault *fault)
{
	int err = check_as_of(applying, head->as_of_us, fault);
	if (err)
		return err;
	if (!partition_keeps_day(applying->partition, period->first, applying->now_us))
		return fault_set(applying, fault, ERR_OUTSIDE_RETENTION, "from", "day %d",
		                 (int)period->first);
	if (!text_ok(head->slice_id, strlen(head->slice_id), SLICE_ID_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "slice_id", "%zu bytes",
		                 strlen(head->slice_id));
	return 0;
}

/* ---- pages that a batch needs ---- */

struct preparing {
	struct applying *applying;
	struct fetch_list *missing;
	uint64_t pages;
	/* The item before: consecutive ones mostly share their page. */
	const char *report;
	const pb_date *from;
	const pb_date *to;
};

static bool same_date(const pb_date *a, const pb_date *b)
{
	if (!a || !b)
		return a == b;
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

/* Asks for the page of an item that will be counted, when it is not in memory. */
static void prepare(struct preparing *preparing, const char *report, const pb_date *from,
                    const pb_date *to)
{
	struct applying *applying = preparing->applying;
	struct fault fault = {0};
	struct period period;
	if (preparing->report && strcmp(report, preparing->report) == 0 &&
	    same_date(from, preparing->from) && same_date(to, preparing->to))
		return;
	preparing->report = report;
	preparing->from = from;
	preparing->to = to;
	const struct source_report *declared = find_report(applying->source, report);
	if (own_report(report) ? applying->source->class == SOURCE_EVENT
	                       : !declared || !declared->rollup)
		return;
	if (resolve_period(applying, from, to, &period, &fault) != 0)
		return;
	uint32_t number = dict_report(applying->dict, applying->source->number, report);
	partition_row_page(applying->partition, number, period.first, period.days,
	                   preparing->missing);
	preparing->pages++;
}

int prepare_rows(struct applying *applying, struct fetch_list *missing)
{
	const Streamgauge__V1__Batch *batch = applying->batch;
	struct preparing preparing = {.applying = applying, .missing = missing};
	for (size_t i = 0; i < batch->n_rows; i++)
		prepare(&preparing, batch->rows[i]->report, batch->rows[i]->from,
		        batch->rows[i]->to);
	for (size_t i = 0; i < batch->n_responses; i++)
		prepare(&preparing, batch->responses[i]->study, batch->responses[i]->from,
		        batch->responses[i]->to);
	for (size_t i = 0; i < batch->n_aggregates; i++)
		prepare(&preparing, batch->aggregates[i]->study, batch->aggregates[i]->from,
		        batch->aggregates[i]->to);
	for (size_t i = 0; i < batch->n_gauges; i++)
		prepare(&preparing, REPORT_GAUGES, batch->gauges[i]->day, NULL);
	for (size_t i = 0; i < batch->n_rates; i++)
		prepare(&preparing, REPORT_RATES, batch->rates[i]->day, NULL);
	for (size_t i = 0; i < batch->n_commits; i++)
		prepare(&preparing, batch->commits[i]->report, batch->commits[i]->from,
		        batch->commits[i]->to);
	uint64_t cache = partition_settings(applying->partition)->limits.page_cache;
	if (missing->count && preparing.pages > 16 && preparing.pages * ROW_PAGE_GUESS > cache)
		return ERR_BATCH_TOO_WIDE;
	return missing->count ? ERR_AGAIN : 0;
}

struct reading_place reading_place(struct applying *applying, const char *report,
                                   const struct period *period)
{
	struct fetch_list none = {0};
	struct reading_place place = {applying, *period, 0, NULL};
	place.report = dict_report(applying->dict, applying->source->number, report);
	place.page = partition_row_page(applying->partition, place.report, period->first,
	                                period->days, &none);
	require(place.page != NULL);
	return place;
}

/* ---- the identity of a row ---- */

size_t key_dims(struct key_part *parts, size_t count, pb_dim *const *dims, size_t dim_count)
{
	for (size_t i = 0; i < dim_count; i++)
		if (dims[i]->value[0])
			parts[count++] = (struct key_part){dims[i]->key, dims[i]->value};
	return count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct key_part *)a)->name, ((const struct key_part *)b)->name);
}

int reading_key(struct applying *applying, uint32_t report, struct key_part *parts, size_t count,
                const char *attribution, uint32_t hour_plus_1, uint32_t *ret_key,
                struct fault *fault)
{
	struct buf text = {0};
	if (count > 1)
		qsort(parts, count, sizeof(*parts), by_name);
	for (size_t i = 0; i < count; i++) {
		if (i && strcmp(parts[i].name, parts[i - 1].name) == 0) {
			buf_deinit(&text);
			return fault_set(applying, fault, ERR_DUPLICATE_FIELD, "key", "`%.64s`",
			                 parts[i].name);
		}
		buf_printf(&text, "%s=%s\x1f", parts[i].name, parts[i].value);
	}
	buf_printf(&text, "%s\x1f%u", attribution, hour_plus_1);
	require(!buf_failed(&text));
	*ret_key = dict_row_key(applying->dict, report, text.bytes, text.len);
	buf_deinit(&text);
	return 0;
}

/* ---- differences ---- */

/* Where the increments of one row page go. */
struct row_target {
	struct applying *applying;
	struct period period;
	bool changed; /* some sum is another one now */
};

/* A rate stands under a column without currency; its key names the quoted one. */
static void add_rate(const struct row_target *target, uint32_t key, int64_t diff)
{
	struct applying *applying = target->applying;
	const char *text = dict_row_key_text(applying->dict, key);
	char currency[4] = "";
	uint32_t values[MODEL_DIMS];
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	memcpy(currency, text + strlen("quote="), 3);
	struct cell_place place = partition_place(GRAIN_DAY, target->period.first);
	uint32_t column =
	    dict_column(applying->dict, (uint32_t)applying->catalog->fx_rate, currency);
	partition_add(applying->partition, dict_group(applying->dict, 0, 1, values), &place, column,
	              diff);
}

static uint64_t bits_lacking(const struct dict *dict, uint32_t set, uint32_t dims)
{
	return dims & ~dict->set_dims[set];
}

static void add_diff(void *arg, uint32_t key, uint32_t placement, uint32_t column, int64_t diff)
{
	struct row_target *target = arg;
	struct applying *applying = target->applying;
	struct dict *dict = applying->dict;
	target->changed = true;
	int index = dict->columns[column].measure;
	const struct measure *measure = index < 0 ? NULL : &applying->catalog->measures[index];
	if (measure && measure->kind == MEASURE_RATE) {
		add_rate(target, key, diff);
		return;
	}
	/* Levels do not add up over what a set leaves out, unless the settings say so. */
	uint32_t needed = 0;
	if (measure && measure->kind == MEASURE_GAUGE)
		needed = dict_placement_dims(dict, placement) & ~measure->additive_over;
	uint32_t hour_plus_1 = dict_row_key_hour(dict, key);
	enum grain grain = GRAIN_DAY;
	int32_t bucket = target->period.first;
	if (hour_plus_1 && partition_keeps_hours(applying->partition, bucket, applying->now_us)) {
		grain = GRAIN_HOUR;
		bucket = bucket * 48 + (int32_t)hour_plus_1 - 1;
	}
	struct cell_place place = partition_place(grain, bucket);
	struct dict_groups groups =
	    dict_placement_groups(dict, placement, hour_plus_1 ? 0 : target->period.days);
	for (uint32_t i = 0; i < groups.count; i++)
		if (!needed || !bits_lacking(dict, dict->groups[groups.ids[i]].set, needed))
			partition_add(applying->partition, groups.ids[i], &place, column, diff);
}

static void note_restated(struct applying *applying, const struct period *period)
{
	struct source *source = applying->source;
	if (!source->final_after_days || !source->zone)
		return;
	int32_t today = zone_local_of(source->zone, applying->now_us).day;
	int32_t last = period->first + (int32_t)period->days - 1;
	if (last <= today - (int32_t)source->final_after_days)
		source_note_restated(&source->current, period->first, last);
}

/* ---- storing ---- */

int reading_check(const struct reading_place *place, const struct row_reading *reading,
                  struct fault *fault)
{
	if (row_page_room(place->page, reading) != 0)
		return fault_set(place->applying, fault, ERR_TOO_MANY, "amounts",
		                 "over %d measures and currencies in one report and period",
		                 ROW_COLUMNS_MAX);
	if (row_page_conflicts(place->page, reading))
		return fault_set(place->applying, fault, ERR_AS_OF_CONFLICT, "as_of_us", "%lld",
		                 (long long)reading->version.as_of_us);
	return 0;
}

enum row_result reading_store(const struct reading_place *place, const struct row_reading *reading)
{
	struct row_page *page = place->page;
	struct row_target target = {place->applying, place->period, false};
	size_t memory = row_page_memory(page);
	uint32_t count = page->count;
	enum row_result result = row_page_apply(page, reading, add_diff, &target);
	/* A row that is new to a period once told whole was 0 until now. */
	if (target.changed && (page->count == count || page->complete_as_of_us))
		note_restated(place->applying, &place->period);
	partition_row_page_changed(place->applying->partition, page, memory);
	return result;
}

void reading_done(const struct reading_place *place, enum row_result result,
                  const struct resolved_amount *amounts, uint32_t count, int64_t as_of_us)
{
	struct applying *applying = place->applying;
	struct apply_outcome *outcome = applying->outcome;
	const struct period *period = &place->period;
	outcome->accepted += result == ROW_APPLIED;
	outcome->unchanged += result == ROW_UNCHANGED;
	outcome->stale += result == ROW_STALE;
	if (result == ROW_STALE)
		return;
	note_item(applying, period->first, period->first + (int32_t)period->days - 1, amounts,
	          count);
	if (as_of_us > applying->source->current.last_as_of_us)
		applying->source->current.last_as_of_us = as_of_us;
}

/* ---- slices ---- */

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

void reading_reject(struct applying *applying, Streamgauge__V1__Reject__Item item, uint32_t index,
                    const char *slice_id, const struct fault *fault)
{
	mark_slice_rejected(applying->source, slice_id);
	apply_reject_item(applying, item, index, fault);
}

/* Items of the slice that a commit must find. The base of a wave's sums is a row
 * that several items share, on top of their own. */
static uint64_t rows_expected(const struct reading_place *place, const pb_commit *item)
{
	const struct applying *applying = place->applying;
	if (applying->source->class != SOURCE_SURVEY || !catalog_has_surveys(applying->catalog))
		return item->rows;
	uint32_t column = dict_column(applying->dict, (uint32_t)applying->catalog->wave_tables, "");
	return item->rows + row_page_rows_with(place->page, column, item->as_of_us);
}

/* True when the name is in the list, whose items are joined by ','. */
static bool list_names(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

/* Notes what a commit withdrew: rows of the page that are zero now. */
static void note_forgotten(struct applying *applying, const pb_commit *item,
                           const struct period *period, uint64_t rows)
{
	struct apply_outcome *outcome = applying->outcome;
	const char *reports = outcome->forgotten.reports;
	int32_t last = period->first + (int32_t)period->days - 1;
	bool first = outcome->forgotten.periods++ == 0;
	outcome->forgotten.rows += rows;
	if (first || period->first < outcome->forgotten.first_day)
		outcome->forgotten.first_day = period->first;
	if (first || last > outcome->forgotten.last_day)
		outcome->forgotten.last_day = last;
	/* Commits of a report mostly follow each other; a list is for people to read. */
	if (!reports)
		reports = arena_printf(applying->arena, "%s", item->report);
	else if (!list_names(reports, item->report))
		reports = arena_printf(applying->arena, "%s,%s", reports, item->report);
	if (reports)
		outcome->forgotten.reports = reports;
}

/* A slice that was read before its period was over tells what there was by then, and not
 * that its days are complete. */
static int commit_slice(struct applying *applying, const pb_commit *item,
                        const struct period *period, struct fault *fault)
{
	struct reading_place place = reading_place(applying, item->report, period);
	struct row_target target = {applying, *period, false};
	size_t memory = row_page_memory(place.page);
	uint64_t live = item->forget ? row_page_live(place.page) : 0;
	int32_t behind = period->first + (int32_t)period->days;
	int err = row_page_commit(place.page, item->as_of_us, rows_expected(&place, item),
	                          item->complete, add_diff, &target);
	if (err)
		return fault_set(applying, fault, err, "rows", "%llu rows from %lld on",
		                 (unsigned long long)item->rows, (long long)item->as_of_us);
	partition_row_page_changed(applying->partition, place.page, memory);
	if (target.changed)
		note_restated(applying, period);
	if (item->forget)
		note_forgotten(applying, item, period, live - row_page_live(place.page));
	else if (item->complete && item->as_of_us >= zone_day_start(applying->source->zone, behind))
		source_add_complete(&applying->source->current, period->first, behind - 1);
	applying->outcome->accepted++;
	return 0;
}

static int apply_commit(struct applying *applying, const pb_commit *item, struct fault *fault)
{
	const struct source_report *report = NULL;
	struct period period;
	int err = check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__COMMIT, fault);
	if (!err && has_unknown_fields(&item->base))
		err = fault_set(applying, fault, ERR_UNKNOWN_FIELD, "commit", "a field below 100");
	if (!err && !own_report(item->report))
		err = resolve_report(applying, item->report, "report", &report, fault);
	err = err ? err : resolve_period(applying, item->from, item->to, &period, fault);
	err = err ? err : check_as_of(applying, item->as_of_us, fault);
	if (err)
		return err;
	if (item->forget && (!item->complete || item->rows))
		return fault_set(applying, fault, ERR_INVALID, "forget",
		                 "%s, %llu rows: what is withdrawn is complete without rows",
		                 item->complete ? "complete" : "not complete",
		                 (unsigned long long)item->rows);
	if (report && !report->rollup) {
		applying->outcome->not_rolled_up++;
		return 0;
	}
	if (slice_was_rejected(applying->source, item->slice_id))
		return fault_set(applying, fault, ERR_SLICE_INCOMPLETE, "slice_id", "`%s`",
		                 item->slice_id);
	return commit_slice(applying, item, &period, fault);
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
