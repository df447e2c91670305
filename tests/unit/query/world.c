/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "model/expr.h"
#include "rollup/source_record.h"

static struct measure measures[] = {
    [M_IMPRESSIONS] = {.id = "impressions", .label = "Impressions", .layer = LAYER_OBSERVED},
    [M_CLICKS] = {.id = "clicks", .label = "Clicks", .layer = LAYER_OBSERVED},
    [M_SPEND] =
        {.id = "spend", .label = "Spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    [M_SESSIONS] = {.id = "sessions", .label = "Sessions", .layer = LAYER_OBSERVED},
    [M_CONVERSIONS] = {.id = "conversions",
                       .label = "Conversions",
                       .layer = LAYER_CLAIMED,
                       .scale = 6},
    [M_ORDERS] = {.id = "orders", .label = "Orders", .layer = LAYER_COMMERCE},
    [M_GROSS] = {.id = "gross_revenue",
                 .label = "Gross revenue",
                 .layer = LAYER_COMMERCE,
                 .scale = 6,
                 .money = true},
    [M_REFUNDS] = {.id = "refunds",
                   .label = "Refunds",
                   .layer = LAYER_COMMERCE,
                   .scale = 6,
                   .money = true,
                   .sparse = true},
};

static const char *channels[] = {"paid_search", "display", "email"};
static struct dimension dims[] = {
    [D_CHANNEL] = {"channel", "Channel", false, channels, 3, 32},
    [D_CAMPAIGN] = {"campaign", "Campaign", true, NULL, 0, 1000},
    [D_PRODUCT] = {"product", "Product", false, NULL, 0, 1000},
};
static struct grouping_set sets[] = {
    {0, {0}, "[]"},
    {1, {D_CHANNEL}, "[channel]"},
    {2, {D_CHANNEL, D_CAMPAIGN}, "[channel, campaign]"},
    {1, {D_PRODUCT}, "[product]"},
};
static struct stage stages[] = {
    {"awareness", "Awareness", 0, ORIENTATION_UPSTREAM, M_IMPRESSIONS},
    {"engagement", "Engagement", 1, ORIENTATION_UPSTREAM, M_CLICKS},
    {"purchase", "Purchase", 2, ORIENTATION_DOWNSTREAM, M_ORDERS},
};

static const struct {
	const char *id, *expr, *layer;
	uint16_t stage;
	enum unit unit;
	int64_t mult;
	uint64_t min_sample;
	int min_on;
	bool show;
} kpi_rows[] = {
    {"impressions", "impressions", "observed", 0, UNIT_COUNT, 1, 0, -1, false},
    {"spend", "spend", "observed", 0, UNIT_MONEY, 1, 0, -1, false},
    {"cpm", "spend / impressions", "observed", 0, UNIT_MONEY, 1000, 1000, -1, false},
    {"clicks", "clicks", "observed", 1, UNIT_COUNT, 1, 0, -1, false},
    {"ctr", "clicks / impressions", "observed", 1, UNIT_RATIO, 1, 1000, -1, false},
    {"cpc", "spend / clicks", "observed", 1, UNIT_MONEY, 1, 30, M_CLICKS, true},
    {"conversions_claimed", "conversions", "claimed", 2, UNIT_COUNT, 1, 0, -1, false},
    {"cvr_claimed", "conversions / clicks", "claimed+observed", 2, UNIT_RATIO, 1, 100, -1, false},
    {"cpa", "spend / conversions", "claimed+observed", 2, UNIT_MONEY, 1, 10, M_CONVERSIONS, false},
    {"orders", "orders", "commerce", 2, UNIT_COUNT, 1, 0, -1, false},
    {"gross_revenue", "gross_revenue", "commerce", 2, UNIT_MONEY, 1, 0, -1, false},
    {"net_revenue", "gross_revenue - refunds", "commerce", 2, UNIT_MONEY, 1, 0, -1, false},
    {"mer", "gross_revenue / spend", "commerce+observed", 2, UNIT_RATIO, 1, 0, -1, false},
    {"aov", "gross_revenue / orders", "commerce", 2, UNIT_MONEY, 1, 30, -1, false},
    {"roi", "(gross_revenue - refunds - spend) / spend", "commerce+observed", 2, UNIT_RATIO, 1, 0,
     -1, false},
    {"refund_rate", "refunds / gross_revenue", "commerce", 2, UNIT_RATIO, 1, 30, M_ORDERS, false},
    {"over_attribution", "conversions / orders", "claimed+commerce", 2, UNIT_RATIO, 1, 30, -1,
     false},
};
#define KPI_COUNT (sizeof(kpi_rows) / sizeof(kpi_rows[0]))

static void open_catalog(struct catalog *catalog)
{
	*catalog = (struct catalog){.measures = measures,
	                            .measure_count = sizeof(measures) / sizeof(measures[0]),
	                            .dims = dims,
	                            .dim_count = sizeof(dims) / sizeof(dims[0]),
	                            .sets = sets,
	                            .set_count = sizeof(sets) / sizeof(sets[0]),
	                            .stages = stages,
	                            .stage_count = sizeof(stages) / sizeof(stages[0]),
	                            .kpi_count = KPI_COUNT,
	                            .respondents = -1,
	                            .weight = -1,
	                            .weight_squared = -1,
	                            .wave_tables = -1,
	                            .fx_rate = -1,
	                            .item_dim = -1,
	                            .option_dim = -1,
	                            .brand_dim = -1,
	                            .channel_dim = D_CHANNEL,
	                            .campaign_dim = D_CAMPAIGN};
	arena_init(&catalog->arena, 0);
	catalog->kpis = arena_zalloc(&catalog->arena, KPI_COUNT * sizeof(struct kpi));
	for (size_t i = 0; i < KPI_COUNT; i++) {
		struct expr_error error;
		struct kpi *kpi = &catalog->kpis[i];
		*kpi = (struct kpi){.id = kpi_rows[i].id,
		                    .label = kpi_rows[i].id,
		                    .stage = kpi_rows[i].stage,
		                    .orientation = stages[kpi_rows[i].stage].orientation,
		                    .unit = kpi_rows[i].unit,
		                    .direction = DIRECTION_HIGHER,
		                    .layer = kpi_rows[i].layer,
		                    .mult = kpi_rows[i].mult,
		                    .over = -1,
		                    .min_sample = kpi_rows[i].min_sample,
		                    .min_on = kpi_rows[i].min_on,
		                    .small_sample_show = kpi_rows[i].show,
		                    .expr = kpi_rows[i].expr};
		struct expr expr;
		cr_assert_eq(expr_parse(catalog, &catalog->arena, kpi->expr, &expr, &error), 0,
		             "%s: %s", kpi->id, error.text);
		kpi->num = expr.num;
		kpi->den = expr.den;
		kpi->over = expr.over;
	}
}

void world_open(struct world *world)
{
	*world = (struct world){.now_us = WORLD_NOW};
	struct settings *settings = &world->settings;
	open_catalog(&settings->catalog);
	settings->tenants = world->tenants;
	settings->tenant_count = 2;
	world->tenants[0] = (struct tenant){.name = "demo", .currency = "EUR", .brand = ""};
	world->tenants[1] = (struct tenant){.name = "acme", .currency = "USD", .brand = ""};
	cr_assert_eq(zone_open("Europe/Berlin", &world->tenants[0].zone), 0);
	cr_assert_eq(zone_open("America/New_York", &world->tenants[1].zone), 0);
	settings->fx.source = "";
	settings->retention = (struct retention){{2, 14, 0}};
	settings->limits.sources = 1000;
	settings->limits.page_cache = 64 << 20;
	settings->limits.query_rows = 100000;
	settings->lateness_grace_minutes = 60;
	settings->dedup = (struct dedup_settings){168, 1000};
	world->partition = partition_new(settings, &world->tenants[0]);
	cr_assert_not_null(world->partition);
	arena_init(&world->arena, 0);
}

void world_close(struct world *world)
{
	partition_free(world->partition);
	arena_deinit(&world->arena);
	catalog_deinit(&world->settings.catalog);
	zone_close(world->tenants[0].zone);
	zone_close(world->tenants[1].zone);
#ifdef __SANITIZE_ADDRESS__
	cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
#endif
}

/* `bucket` of the grain, as partition.h counts them. */
static void add_at(struct world *world, const struct item *item, unsigned measure, enum grain grain,
                   int32_t bucket, int64_t value)
{
	struct dict *dict = partition_dict(world->partition);
	uint32_t values[MODEL_DIMS];
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	for (uint32_t i = 0; i < 3; i++)
		if (item->dims[i])
			values[i] = dict_value(dict, i, item->dims[i], strlen(item->dims[i]));
	char currency[4] = "";
	if (measures[measure].money)
		memcpy(currency, item->currency ? item->currency : "EUR", 4);
	uint32_t column = dict_column(dict, measure, currency);
	struct cell_place place = partition_place(grain, bucket);
	for (uint32_t set = 0; set < world->settings.catalog.set_count; set++)
		partition_add(world->partition, dict_group(dict, set, item->period_days, values),
		              &place, column, value);
}

void world_add(struct world *world, const struct item *item, unsigned measure, int32_t day,
               int32_t minute, int64_t value)
{
	int64_t instant_us =
	    zone_day_start(world->tenants[0].zone, day) + (int64_t)minute * 60000000;
	enum grain grain = GRAIN_DAY;
	int32_t booked = 0;
	if (item->period_days == 0)
		grain = partition_grain_of(world->partition, instant_us, world->now_us);
	int32_t bucket = grain == GRAIN_DAY
	                     ? day
	                     : partition_bucket(world->partition, grain, instant_us, &booked);
	add_at(world, item, measure, grain, bucket, value);
}

void world_add_hour(struct world *world, const struct item *item, unsigned measure, int32_t day,
                    int32_t hour, int64_t value)
{
	add_at(world, item, measure, GRAIN_HOUR, day * 48 + hour, value);
}

struct source *world_source(struct world *world, const char *name, enum source_class class,
                            uint64_t reported, int32_t first_day, int32_t last_day)
{
	struct source *source = NULL;
	cr_assert_eq(partition_source_get(world->partition, name, strlen(name), &source), 0);
	source->known = true;
	source->class = class;
	source->cadence_hours = 24;
	memcpy(source->currency, "EUR", 4);
	strcpy(source->zone_name, "Europe/Berlin");
	if (!source->zone)
		cr_assert_eq(zone_open(source->zone_name, &source->zone), 0);
	source->current.first_day = first_day;
	source->current.last_day = last_day;
	source->current.measures[0] |= reported;
	source->current.last_received_us = world->now_us - 3600000000;
	partition_source_touch(world->partition, source);
	return source;
}

void world_complete(struct source *source, int32_t first_day, int32_t last_day)
{
	day_list_deinit(&source->current.complete);
	source_add_complete(&source->current, first_day, last_day);
}

void world_beat(const struct world *world, struct source *source, int64_t through_us)
{
	source_declare(&source->current, world->tenants[0].zone, 0, through_us);
}

void world_flush(struct world *world)
{
	struct fetch_list missing = {.count = 0};
	struct flush *flush = NULL;
	world->mono_us += 10000000;
	cr_assert_eq(partition_freeze(world->partition, world->mono_us, &missing, &flush), 0);
	partition_answered(world->partition, flush->generation);
	flush_free(flush);
	fetch_list_deinit(&missing);
}

void world_store(struct world *world)
{
	do {
		world->mono_us += INT64_C(3600000000);
		world_flush(world);
	} while (partition_wants_flush(world->partition, world->mono_us + INT64_C(3600000000)));
}

int world_day(const char *text)
{
	int32_t day = 0;
	cr_assert_eq(civil_parse_day(text, strlen(text), &day), 0, "%s", text);
	return day;
}

int world_plan(struct world *world, const char *text)
{
	struct params params;
	world->error = (struct query_error){"", "", ""};
	int err = params_split(text, strlen(text), &world->arena, &params, &world->error);
	if (err == 0)
		err = query_parse(&params, &world->settings, &world->arena, &world->query,
		                  &world->error);
	if (err == 0)
		err = plan_build(&world->query, &world->settings, world->partition, world->now_us,
		                 &world->arena, &world->plan, &world->error);
	return err;
}

/* Nothing is stored anywhere: every page that is asked for is absent. */
static int read_pages(struct world *world, const struct view_range *range)
{
	struct fetch_list missing = {.count = 0};
	if (range->first_day > range->last_day)
		return 0;
	int err = view_missing(world->partition, range, &missing);
	for (uint32_t i = 0; err == 0 && i < missing.count; i++) {
		struct fetched absent = {missing.items[i].key, missing.items[i].field, {NULL, 0}};
		err = partition_put_page(world->partition, &absent);
	}
	fetch_list_deinit(&missing);
	return err;
}

int world_ask(struct world *world, const char *text)
{
	int err = world_plan(world, text);
	const struct view_range *range;
	for (uint32_t i = 0; err == 0 && (range = plan_range(&world->plan, i)) != NULL; i++)
		err = read_pages(world, range);
	return err != 0 ? err
	                : summary_build(&world->plan, world->partition, "0123456789abcdef",
	                                &world->arena, &world->summary, &world->error);
}

struct kpi_row world_row(const struct world *world, const char *kpi, const char *group,
                         uint32_t bucket)
{
	const struct summary *summary = &world->summary;
	for (uint64_t i = 0; i < summary->row_count; i++) {
		struct kpi_row row;
		char joined[256] = "";
		summary_row(summary, i, &row);
		for (uint32_t k = 0; k < world->query.by_count; k++) {
			strcat(joined, k ? "/" : "");
			strcat(joined, row.group->texts[k]);
		}
		uint64_t first = summary->first_rows[row.kpi - summary->evaluation.kpis];
		if (strcmp(row.kpi->kpi->id, kpi) == 0 && strcmp(joined, group) == 0 &&
		    (i - first) % row.kpi->bucket_count == bucket)
			return row;
	}
	cr_assert_fail("no row of %s, group `%s`, bucket %u", kpi, group, bucket);
	return (struct kpi_row){.kpi = NULL};
}

const char *world_encode(struct world *world, enum query_format format, size_t *ret_len)
{
	struct buf buf = {.len = 0};
	encode_head(&world->summary, format, &world->arena, &buf);
	/* In two pieces, as a long answer goes out. */
	encode_rows(&world->summary, format, 0, 1, &buf);
	encode_rows(&world->summary, format, 1, world->summary.row_count, &buf);
	encode_tail(&world->summary, format, &buf);
	cr_assert_not(buf_failed(&buf));
	char *text = arena_strndup(&world->arena, (const char *)buf.bytes, buf.len);
	if (ret_len)
		*ret_len = buf.len;
	buf_deinit(&buf);
	return text;
}

/* Ads and a shop, complete and final from 1 September to 20 November. */
void world_open_shop(struct world *world)
{
	world_open(world);
	struct source *ads =
	    world_source(world, "google_ads/1", SOURCE_REPORT,
	                 1 << M_SPEND | 1 << M_IMPRESSIONS | 1 << M_CLICKS | 1 << M_CONVERSIONS,
	                 world_day("2026-09-01"), WORLD_TODAY - 1);
	world_complete(ads, world_day("2026-09-01"), WORLD_TODAY - 1);
	struct source *shop =
	    world_source(world, "shop/eu", SOURCE_EVENT, 1 << M_ORDERS | 1 << M_GROSS,
	                 world_day("2026-09-01"), WORLD_TODAY - 1);
	world_beat(world, shop, zone_day_start(world->tenants[0].zone, WORLD_TODAY));
}

void world_expect(const struct kpi_row *row, enum row_status status, double value)
{
	cr_assert_eq(row->status, status, "%s is %s", row->kpi->kpi->id,
	             row_status_name(row->status));
	bool shown = status == STATUS_OK;
	cr_assert_eq(row->has_value, shown, "%s", row->kpi->kpi->id);
	if (shown)
		cr_assert_float_eq(row->value, value, 1e-9, "%s = %.12g", row->kpi->kpi->id,
		                   row->value);
}
