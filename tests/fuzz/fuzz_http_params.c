/* SPDX-License-Identifier: Apache-2.0
 * A query string, as any client may send it: split, parsed, planned and, where
 * the answer is small, computed from an empty partition and encoded. */
#include <string.h>

#include "query/summary.h"

#define MEMORY ((size_t)32 << 20)
#define NOW_US INT64_C(1795251600000000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct measure measures[] = {
    {.id = "clicks", .label = "Clicks", .layer = LAYER_OBSERVED},
    {.id = "spend", .label = "Spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
};
static const char *channels[] = {"paid_search", "display"};
static struct dimension dims[] = {
    {.id = "channel", .label = "Channel", .values = channels, .value_count = 2, .max_values = 8},
    {.id = "campaign", .label = "Campaign", .entity = true, .max_values = 8},
};
static struct grouping_set sets[] = {
    {0, {0}, "[]"}, {1, {0}, "[channel]"}, {2, {0, 1}, "[channel, campaign]"}};
static struct stage stages[] = {{"awareness", "Awareness", 0, ORIENTATION_UPSTREAM, -1}};
static struct term clicks = {.measure = 0, .factor_micros = 1000000};
static struct term spend = {.measure = 1, .factor_micros = 1000000};
static struct kpi kpis[] = {
    {.id = "clicks",
     .label = "Clicks",
     .layer = "observed",
     .num = {&clicks, 1},
     .mult = 1,
     .over = -1,
     .min_on = -1,
     .expr = "clicks"},
    {.id = "cpc",
     .label = "Cost per click",
     .unit = UNIT_MONEY,
     .layer = "observed",
     .num = {&spend, 1},
     .den = {&clicks, 1},
     .mult = 1,
     .over = -1,
     .min_on = 0,
     .min_sample = 30,
     .expr = "spend / clicks"},
};

/* An error must name what is wrong; an answer must be whole. */
static void answer(const struct query *query, const struct settings *settings,
                   struct partition *partition, struct arena *arena)
{
	struct query_error error = {"", "", ""};
	struct plan plan;
	struct summary summary;
	struct buf buf = {.len = 0};
	char etag[ETAG_TEXT];
	int err = plan_build(query, settings, partition, NOW_US, arena, &plan, &error);
	if (err != 0) {
		require(err == ERR_NOMEM || error.detail[0]);
		return;
	}
	require(plan.from <= plan.to && plan.bucket_count > 0);
	summary_etag(&plan, partition, "0123456789abcdef", "owner", query->format, etag);
	require(etag[0] == '"');
	if (plan.bucket_count > 1000 ||
	    summary_build(&plan, partition, "0123456789abcdef", arena, &summary, &error) != 0)
		return;
	encode_head(&summary, query->format, arena, &buf);
	encode_rows(&summary, query->format, 0, summary.row_count, &buf);
	encode_tail(&summary, query->format, &buf);
	require(buf.len > 0 && !buf_failed(&buf));
	buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena arena;
	struct params params;
	struct query query;
	struct query_error error = {"", "", ""};
	struct zone *zone = NULL;
	require(zone_open("UTC", &zone) == 0);
	struct tenant tenant = {.name = "demo", .zone = zone, .currency = "EUR", .brand = ""};
	struct settings settings = {
	    .catalog = {.measures = measures,
	                .measure_count = 2,
	                .dims = dims,
	                .dim_count = 2,
	                .sets = sets,
	                .set_count = 3,
	                .stages = stages,
	                .stage_count = 1,
	                .kpis = kpis,
	                .kpi_count = 2,
	                .respondents = -1,
	                .weight = -1,
	                .weight_squared = -1,
	                .wave_tables = -1,
	                .fx_rate = -1,
	                .item_dim = -1,
	                .option_dim = -1,
	                .brand_dim = -1,
	                .channel_dim = 0,
	                .campaign_dim = 1},
	    .fx = {.source = ""},
	    .tenants = &tenant,
	    .tenant_count = 1,
	    .retention = {{2, 14, 0}},
	    .limits = {.query_rows = 20000, .sources = 10, .page_cache = 1 << 20},
	};
	struct partition *partition = partition_new(&settings, &tenant);
	require(partition);
	arena_init(&arena, MEMORY);
	int err = params_split((const char *)bytes, len, &arena, &params, &error);
	if (err == 0)
		err = query_parse(&params, &settings, &arena, &query, &error);
	if (err == 0)
		answer(&query, &settings, partition, &arena);
	else
		require(err == ERR_NOMEM || error.detail[0]);
	arena_deinit(&arena);
	partition_free(partition);
	zone_close(zone);
	return 0;
}
