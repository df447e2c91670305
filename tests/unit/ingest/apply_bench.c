/* SPDX-License-Identifier: Apache-2.0 */
#include "apply_bench.h"

#include <criterion/criterion.h>
#include <string.h>

#include "request_of.h"
#include "rollup/view.h"

static struct measure measures[] = {
    {.id = "clicks"},
    {.id = "spend", .scale = 6, .money = true},
    {.id = "orders", .layer = LAYER_COMMERCE},
    {.id = "adjustment", .scale = 6, .is_signed = true},
};
static const char *channels[] = {"display", "paid_search"};
static struct dimension dims[] = {
    {.id = "channel", .values = channels, .value_count = 2, .max_values = 100},
    {.id = "campaign", .entity = true, .max_values = 3},
};
static struct grouping_set sets[] = {{.dim_count = 0}, {.dim_count = 2, .dims = {0, 1}}};
static struct type_amount click_amounts[] = {{0, 1}};
static struct event_type types[] = {{"click", click_amounts, 1}};

static struct settings settings = {
    .catalog = {.measures = measures,
                .measure_count = 4,
                .dims = dims,
                .dim_count = 2,
                .sets = sets,
                .set_count = 2,
                .types = types,
                .type_count = 1},
    .retention = {{2, 14, 400}},
    .limits = {.page_cache = 64 << 20, .sources = 10},
    .dedup = {.max_ids = 100000, .window_hours = 168},
};

void bench_init(struct bench *bench, enum source_class class)
{
	static const uint8_t seed[16] = {4};
	memset(bench, 0, sizeof(*bench));
	bench->now_us = NOW;
	bench->tenant.name = "demo";
	cr_assert_eq(zone_open("Europe/Berlin", &bench->tenant.zone), 0);
	bench->partition = partition_new(&settings, &bench->tenant);
	partition_load_begin(bench->partition, 0, seed);
	cr_assert_eq(partition_source_get(bench->partition, "ads/1", 5, &bench->source), 0);
	bench->source->class = class;
	bench->source->known = true;
	cr_assert_lt(bench->source->published.last_day, bench->source->published.first_day);
	strcpy(bench->source->currency, "EUR");
	cr_assert_eq(zone_open("Europe/Berlin", &bench->source->zone), 0);
	bench->source->report_count = 2;
	strcpy(bench->source->reports[0].id, "daily");
	bench->source->reports[0].rollup = true;
	strcpy(bench->source->reports[1].id, "by_ad");
}

void bench_deinit(struct bench *bench)
{
	partition_free(bench->partition);
	zone_close(bench->tenant.zone);
	arena_deinit(&bench->arena);
}

void bench_run(struct bench *bench, const Streamgauge__V1__Batch *batch)
{
	struct ingest_request request = request_of(batch, &bench->arena);
	struct fetch_list missing = {0};
	bench->outcome = (struct apply_outcome){0};
	int err = batch_apply(bench->partition, bench->source, &request, &bench->arena,
	                      bench->now_us, &missing, &bench->outcome);
	if (err == ERR_AGAIN) {
		for (uint32_t i = 0; i < missing.count; i++) {
			struct fetched absent = {missing.items[i].key, missing.items[i].field, {0}};
			cr_assert_eq(partition_put_page(bench->partition, &absent), 0);
		}
		err = batch_apply(bench->partition, bench->source, &request, &bench->arena,
		                  bench->now_us, &missing, &bench->outcome);
	}
	cr_assert_eq(err, 0);
	fetch_list_deinit(&missing);
}

/* Makes the work visible as the store's answer would. */
void bench_settle(struct bench *bench)
{
	struct flush *flush;
	struct fetch_list missing = {0};
	cr_assert_eq(partition_freeze(bench->partition, 1, &missing, &flush), 0);
	partition_answered(bench->partition, flush->generation);
	flush_free(flush);
}

struct total {
	struct bench *bench;
	int measure;
	const char *campaign; /* NULL = any */
	__int128 sum;
};

static void add_cell(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	struct total *total = arg;
	(void)bucket;
	struct partition *partition = total->bench->partition;
	struct view_group view = view_group(partition, group);
	if (view_column(partition, column).measure != total->measure ||
	    (total->campaign && strcmp(view_value(partition, view.values[1]), total->campaign)))
		return;
	total->sum += value;
}

int64_t bench_total(struct bench *bench, enum grain grain, int measure, const char *campaign)
{
	struct total total = {bench, measure, campaign, 0};
	struct view_range range = {campaign ? 1 : 0, grain, 0, CIVIL_DAY_MAX};
	cr_assert_eq(view_scan(bench->partition, &range, add_cell, &total), 0);
	return (int64_t)total.sum;
}

Streamgauge__V1__Amount amount_of(const char *measure, int64_t value)
{
	Streamgauge__V1__Amount amount = STREAMGAUGE__V1__AMOUNT__INIT;
	amount.measure = (char *)measure;
	amount.value = value;
	return amount;
}

Streamgauge__V1__Dim dim_of(const char *key, const char *value)
{
	Streamgauge__V1__Dim dim = STREAMGAUGE__V1__DIM__INIT;
	dim.key = (char *)key;
	dim.value = (char *)value;
	return dim;
}

void bench_click(struct bench *bench, const char *id, int64_t time_us, uint64_t sequence)
{
	Streamgauge__V1__Event event = STREAMGAUGE__V1__EVENT__INIT;
	event.event_id = (char *)id;
	event.event_time_us = time_us;
	event.type = "click";
	Streamgauge__V1__Event *events[] = {&event};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.sequence = sequence;
	batch.events = events;
	batch.n_events = 1;
	bench_run(bench, &batch);
}

void bench_reading(struct bench *bench, const struct reading *reading, uint64_t commit_rows,
                   const char *slice)
{
	Streamgauge__V1__Amount amount = amount_of("spend", reading->value);
	Streamgauge__V1__Amount *amounts[] = {&amount};
	Streamgauge__V1__Dim key = dim_of("campaign", reading->campaign);
	Streamgauge__V1__Dim *keys[] = {&key};
	Streamgauge__V1__Dim label = dim_of("campaign", reading->name);
	Streamgauge__V1__Dim *labels[] = {&label};
	Streamgauge__V1__Date day = DATE(2026, 11, 19);
	Streamgauge__V1__ReportRow row = STREAMGAUGE__V1__REPORT_ROW__INIT;
	row.report = (char *)reading->report;
	row.from = &day;
	row.hour_plus_1 = reading->hour_plus_1;
	row.as_of_us = reading->as_of_us;
	row.key = keys;
	row.n_key = 1;
	row.labels = labels;
	row.n_labels = 1;
	row.amounts = amounts;
	row.n_amounts = 1;
	row.slice_id = (char *)slice;
	Streamgauge__V1__ReportRow *rows[] = {&row};
	Streamgauge__V1__SliceCommit commit = STREAMGAUGE__V1__SLICE_COMMIT__INIT;
	commit.report = row.report;
	commit.from = &day;
	commit.complete = true;
	commit.rows = commit_rows;
	commit.as_of_us = reading->as_of_us;
	commit.slice_id = row.slice_id;
	Streamgauge__V1__SliceCommit *commits[] = {&commit};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	batch.rows = rows;
	batch.n_rows = 1;
	batch.commits = commits;
	batch.n_commits = commit_rows ? 1 : 0;
	bench_run(bench, &batch);
}
