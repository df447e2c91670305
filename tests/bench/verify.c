/* SPDX-License-Identifier: Apache-2.0
 * Reads every cell that the daemon stored straight from its Redis, as any
 * reader with store.proto could, and compares it with the workload. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "rollup/view.h"
#include "settings/settings_load.h"
#include "store/key.h"
#include "workload.h"

#define MINUTES 1441
#define HOURS   25

/* Sums by group, minute (or hour, or the one day) and measure. */
struct expected {
	int64_t *sums[SETS][GRAIN_COUNT];
	uint64_t cells;
};

static const int buckets[GRAIN_COUNT] = {MINUTES, HOURS, 1};

static int64_t *sum_at(struct expected *expected, int set, int grain, uint32_t group, int bucket,
                       int measure)
{
	return &expected
	            ->sums[set][grain]
	                  [((size_t)group * (size_t)buckets[grain] + (size_t)bucket) * MEASURES +
	                   (size_t)measure];
}

static void expect(struct expected *expected, const struct options *options)
{
	struct workload workload;
	struct event event;
	for (int set = 0; set < SETS; set++)
		for (int grain = 0; grain < GRAIN_COUNT; grain++)
			expected->sums[set][grain] =
			    calloc((size_t)set_groups[set] * (size_t)buckets[grain] * MEASURES,
			           sizeof(int64_t));
	workload_init(&workload, options->events, options->start_us, options->span_us);
	while (workload_next(&workload, &event)) {
		int measures[2];
		int64_t values[2];
		int amounts = event_amounts(&event, measures, values);
		int minute = (int)((event.time_us - options->start_us) / 60000000);
		int at[GRAIN_COUNT] = {minute, minute / 60, 0};
		for (int set = 0; set < SETS; set++)
			for (int grain = 0; grain < GRAIN_COUNT; grain++)
				for (int i = 0; i < amounts; i++) {
					int64_t *sum =
					    sum_at(expected, set, grain, event_group(&event, set),
					           at[grain], measures[i]);
					expected->cells += *sum == 0;
					*sum += values[i];
				}
	}
}

struct reading {
	redisContext *redis;
	struct partition *partition;
	const struct options *options;
	const struct settings *settings;
	struct expected expected;
	int set_index[SETS]; /* in the catalog */
	uint64_t wrong;
	uint64_t seen;
	int set;
	int grain;
};

static void put_reply(struct reading *reading, const struct fetch *fetch, const redisReply *field,
                      const redisReply *value,
                      int (*put)(struct partition *, const struct fetched *))
{
	struct fetched fetched = {.key = fetch->key, .field = fetch->field};
	if (field)
		fetched.field =
		    (struct flush_bytes){(const uint8_t *)field->str, (size_t)field->len};
	if (value->type == REDIS_REPLY_STRING)
		fetched.value =
		    (struct flush_bytes){(const uint8_t *)value->str, (size_t)value->len};
	if (put(reading->partition, &fetched) != 0)
		reading->wrong++;
}

static void fetch_all(struct reading *reading, struct fetch_list *list,
                      int (*put)(struct partition *, const struct fetched *))
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct fetch *fetch = &list->items[i];
		struct buf key = {0};
		key_put(&key, "bench", 0, &fetch->key);
		bool hash = key_type(fetch->key.kind) == KEY_TYPE_HASH;
		redisReply *reply =
		    !hash ? redisCommand(reading->redis, "GET %b", key.bytes, key.len)
		    : fetch->field.len
		        ? redisCommand(reading->redis, "HGET %b %b", key.bytes, key.len,
		                       fetch->field.bytes, fetch->field.len)
		        : redisCommand(reading->redis, "HGETALL %b", key.bytes, key.len);
		buf_deinit(&key);
		if (!reply || reply->type == REDIS_REPLY_ERROR)
			reading->wrong++;
		else if (reply->type == REDIS_REPLY_ARRAY)
			for (size_t at = 0; at + 1 < reply->elements; at += 2)
				put_reply(reading, fetch, reply->element[at],
				          reply->element[at + 1], put);
		else
			put_reply(reading, fetch, NULL, reply, put);
		freeReplyObject(reply);
	}
	fetch_list_deinit(list);
}

static uint32_t number_of(const struct partition *partition, uint32_t value)
{
	const char *text = view_value(partition, value);
	return (uint32_t)strtoul(text + strcspn(text, "0123456789"), NULL, 10);
}

static uint32_t value_of(const struct reading *reading, const struct view_group *group,
                         const char *dim)
{
	const struct catalog *catalog = &reading->settings->catalog;
	const struct grouping_set *set = &catalog->sets[group->set];
	for (int i = 0; i < set->dim_count; i++)
		if (strcmp(catalog->dims[set->dims[i]].id, dim) == 0)
			return number_of(reading->partition, group->values[i]);
	return 0;
}

static int measure_of(const struct reading *reading, uint32_t column)
{
	static const char *const names[MEASURES] = {"bench_clicks",    "bench_conversions",
	                                            "bench_purchases", "bench_costs",
	                                            "bench_revenue",   "spend"};
	int measure = view_column(reading->partition, column).measure;
	for (int i = 0; measure >= 0 && i < MEASURES; i++)
		if (strcmp(reading->settings->catalog.measures[measure].id, names[i]) == 0)
			return i;
	return -1;
}

/* Takes each stored part off the expectation: all must end at zero. */
static void take_cell(void *arg, uint32_t id, uint32_t column, int32_t bucket, int64_t value)
{
	struct reading *reading = arg;
	struct view_group group = view_group(reading->partition, id);
	struct event event = {.campaign = (uint16_t)value_of(reading, &group, "campaign"),
	                      .channel = (uint8_t)value_of(reading, &group, "channel"),
	                      .product = (uint8_t)value_of(reading, &group, "product"),
	                      .market = (uint8_t)value_of(reading, &group, "market"),
	                      .segment = (uint8_t)value_of(reading, &group, "segment")};
	int measure = measure_of(reading, column);
	int first_day = (int)(reading->options->start_us / 86400000000);
	int at = reading->grain == GRAIN_MINUTE ? bucket - first_day * 1440
	         : reading->grain == GRAIN_HOUR ? bucket - first_day * 48
	                                        : bucket - first_day;
	reading->seen++;
	if (measure < 0 || at < 0 || at >= buckets[reading->grain])
		reading->wrong++;
	else
		*sum_at(&reading->expected, reading->set, reading->grain,
		        event_group(&event, reading->set), at, measure) -= value;
}

static void load(struct reading *reading)
{
	redisReply *generation = redisCommand(reading->redis, "HGET sg:{bench/0}:state generation");
	static const uint8_t seed[16];
	partition_load_begin(reading->partition, strtoull(generation->str, NULL, 10), seed);
	freeReplyObject(generation);
	for (;;) {
		struct fetch_list list = {0};
		if (partition_load_next(reading->partition, &list) != 0) {
			reading->wrong++;
			return;
		}
		if (!list.count)
			return;
		fetch_all(reading, &list, partition_load_put);
	}
}

static void scan(struct reading *reading)
{
	int32_t day = (int32_t)(reading->options->start_us / 86400000000);
	for (reading->set = 0; reading->set < SETS; reading->set++)
		for (reading->grain = 0; reading->grain < GRAIN_COUNT; reading->grain++) {
			struct view_range range = {(uint32_t)reading->set_index[reading->set],
			                           (enum grain)reading->grain, day, day + 1};
			struct fetch_list missing = {0};
			if (view_missing(reading->partition, &range, &missing) != 0)
				reading->wrong++;
			fetch_all(reading, &missing, partition_put_page);
			if (view_scan(reading->partition, &range, take_cell, reading) != 0)
				reading->wrong++;
			size_t count = (size_t)set_groups[reading->set] *
			               (size_t)buckets[reading->grain] * MEASURES;
			for (size_t i = 0; i < count; i++)
				reading->wrong +=
				    reading->expected.sums[reading->set][reading->grain][i] != 0;
		}
}

static uint32_t mask_of(const struct catalog *catalog, const char *const *dims)
{
	uint32_t mask = 0;
	for (; *dims; dims++)
		mask |= 1u << catalog_dim(catalog, *dims, strlen(*dims));
	return mask;
}

int bench_verify(const struct options *options)
{
	static const char *const set_dims[SETS][4] = {
	    {"product", "market", "channel"}, {"campaign"}, {"segment", "channel"}};
	struct settings *settings;
	struct settings_error error;
	if (settings_load(options->config, &settings, &error) != 0) {
		fprintf(stderr, "bench: %s\n", error.text);
		return 2;
	}
	struct reading reading = {
	    .redis = redisConnectUnix(options->redis), .options = options, .settings = settings};
	int tenant = settings_tenant(settings, "bench", 5);
	if (!reading.redis || reading.redis->err || tenant < 0)
		return 4;
	settings->limits.page_cache = UINT64_C(4) << 30;
	for (int set = 0; set < SETS; set++)
		reading.set_index[set] =
		    catalog_set_for(&settings->catalog, mask_of(&settings->catalog, set_dims[set]));
	reading.partition = partition_new(settings, &settings->tenants[tenant]);
	expect(&reading.expected, options);
	load(&reading);
	scan(&reading);
	printf("cells=%llu parts=%llu wrong=%llu\n", (unsigned long long)reading.expected.cells,
	       (unsigned long long)reading.seen, (unsigned long long)reading.wrong);
	partition_free(reading.partition);
	redisFree(reading.redis);
	settings_free(settings);
	return reading.wrong != 0;
}
