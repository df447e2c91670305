/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request_of.h"
#include "rollup/view.h"

#define CELLS_MAX 20000

static struct measure measures[] = {
    {.id = "clicks"},
    {.id = "followers", .kind = MEASURE_GAUGE, .additive_over = 1u << D_CHANNEL},
    {.id = "price", .kind = MEASURE_GAUGE, .scale = 6, .money = true, .layer = LAYER_MARKET},
    {.id = "brand_score", .kind = MEASURE_GAUGE, .scale = 6, .layer = LAYER_SURVEY},
    {.id = "respondents", .layer = LAYER_SURVEY},
    {.id = "weight", .layer = LAYER_SURVEY, .scale = 6},
    {.id = "weight_squared", .layer = LAYER_SURVEY, .scale = 6},
    {.id = "wave_tables", .layer = LAYER_SURVEY},
    {.id = "fx_rate", .kind = MEASURE_RATE, .layer = LAYER_MARKET, .scale = 12},
};
static struct dimension dims[] = {
    [D_CHANNEL] = {.id = "channel", .max_values = 100},
    [D_COUNTRY] = {.id = "country", .max_values = 100},
    [D_BRAND] = {.id = "brand", .max_values = 100},
    [D_CAMPAIGN] = {.id = "campaign", .entity = true, .max_values = 100},
    [D_ITEM] = {.id = "item", .max_values = 100},
    [D_OPTION] = {.id = "option", .max_values = 12},
};
static struct grouping_set sets[] = {
    [SET_ALL] = {0, {0}, "[]"},
    [SET_PLACE] = {2, {D_CHANNEL, D_COUNTRY}, "[channel, country]"},
    [SET_CHANNEL] = {1, {D_CHANNEL}, "[channel]"},
    [SET_BRAND] = {2, {D_COUNTRY, D_BRAND}, "[country, brand]"},
    [SET_SURVEY] = {3, {D_BRAND, D_ITEM, D_OPTION}, "[brand, item, option]"},
    [SET_SEGMENT] = {4, {D_COUNTRY, D_BRAND, D_ITEM, D_OPTION}, "[country, brand, item, option]"},
    [SET_ITEM] = {2, {D_ITEM, D_OPTION}, "[item, option]"},
};
#define SETS (sizeof(sets) / sizeof(*sets))

const struct settings signals_settings = {
    .catalog = {.measures = measures,
                .measure_count = sizeof(measures) / sizeof(*measures),
                .dims = dims,
                .dim_count = SIGNALS_DIMS,
                .sets = sets,
                .set_count = SETS,
                .respondents = 4,
                .weight = 5,
                .weight_squared = 6,
                .wave_tables = 7,
                .fx_rate = 8,
                .item_dim = D_ITEM,
                .option_dim = D_OPTION,
                .brand_dim = D_BRAND,
                .channel_dim = D_CHANNEL,
                .campaign_dim = D_CAMPAIGN},
    .fx = {.source = "ecb/default", .base = "EUR", .max_carry_days = 7},
    .retention = {{2, 14, 0}},
    .limits = {.page_cache = 64 << 20, .sources = 10},
    .dedup = {.max_ids = 100000, .window_hours = 168},
};

void signals_open(struct signals *signals)
{
	memset(signals, 0, sizeof(*signals));
	signals->tenant.name = "demo";
	signals->mono_us = 1;
	cr_assert_eq(zone_open("Europe/Berlin", &signals->tenant.zone), 0);
	signals->partition = fake_store_load(&signals->store, &signals_settings, &signals->tenant);
}

void signals_close(struct signals *signals)
{
	partition_free(signals->partition);
	fake_store_deinit(&signals->store);
	zone_close(signals->tenant.zone);
	arena_deinit(&signals->arena);
}

struct source *signals_source(struct signals *signals, const char *name, enum source_class class)
{
	struct source *source;
	cr_assert_eq(partition_source_get(signals->partition, name, strlen(name), &source), 0);
	if (source->known)
		return source;
	source->known = true;
	source->class = class;
	strcpy(source->currency, "EUR");
	strcpy(source->zone_name, "Europe/Berlin");
	cr_assert_eq(zone_open(source->zone_name, &source->zone), 0);
	source->report_count = 2;
	strcpy(source->reports[0].id, "tracker");
	strcpy(source->reports[1].id, "nps");
	source->reports[0].rollup = source->reports[1].rollup = true;
	return source;
}

void signals_apply(struct signals *signals, struct source *source,
                   const Streamgauge__V1__Batch *batch)
{
	struct ingest_request request = request_of(batch, &signals->arena);
	struct fetch_list missing = {0};
	int err = batch_apply(signals->partition, source, &request, &signals->arena, SIGNALS_NOW,
	                      &missing, &signals->outcome);
	if (err == ERR_AGAIN) {
		fake_store_fetch(&signals->store, signals->partition, &missing);
		err = batch_apply(signals->partition, source, &request, &signals->arena,
		                  SIGNALS_NOW, &missing, &signals->outcome);
	}
	cr_assert_eq(err, 0);
	cr_assert_eq(missing.count, 0);
}

void signals_flush(struct signals *signals)
{
	struct flush *flush =
	    fake_store_freeze(&signals->store, signals->partition, signals->mono_us);
	signals->mono_us += 1500000;
	if (!flush)
		return;
	fake_store_execute(&signals->store, flush);
	partition_answered(signals->partition, flush->generation);
	flush_free(flush);
}

void signals_crash(struct signals *signals)
{
	partition_free(signals->partition);
	signals->partition = fake_store_load(&signals->store, &signals_settings, &signals->tenant);
}

/* ---- cells ---- */

void signals_text(char text[SIGNALS_TEXT], uint32_t set, const char *const values[SIGNALS_DIMS],
                  const char *measure, const char *currency, int32_t day, uint32_t days)
{
	int len = snprintf(text, SIGNALS_TEXT, "%u|", set);
	for (uint32_t i = 0; i < sets[set].dim_count; i++) {
		const char *value = values[sets[set].dims[i]];
		len += snprintf(text + len, SIGNALS_TEXT - (size_t)len, "%s=%s,",
		                dims[sets[set].dims[i]].id, value ? value : "__none__");
	}
	snprintf(text + len, SIGNALS_TEXT - (size_t)len, "|%s|%s|%d+%u", measure, currency, day,
	         days);
}

struct part {
	uint32_t group;
	uint32_t column;
	int32_t bucket;
	int64_t value;
};

struct part_list {
	struct part *parts;
	uint32_t count;
};

static void keep_part(void *arg, uint32_t group, uint32_t column, int32_t bucket, int64_t value)
{
	struct part_list *list = arg;
	cr_assert_lt(list->count, CELLS_MAX);
	list->parts[list->count++] = (struct part){group, column, bucket, value};
}

static int by_cell(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

static void tell(struct signals *signals, const struct part *part, int64_t sum, signals_cell_cb cb,
                 void *arg)
{
	const char *values[SIGNALS_DIMS] = {NULL};
	char text[SIGNALS_TEXT];
	struct view_group group = view_group(signals->partition, part->group);
	struct view_column column = view_column(signals->partition, part->column);
	for (uint32_t i = 0; i < sets[group.set].dim_count; i++)
		values[sets[group.set].dims[i]] = view_value(signals->partition, group.values[i]);
	signals_text(text, group.set, values, measures[column.measure].id, column.currency,
	             part->bucket, group.period_days);
	cb(arg, text, sum);
}

void signals_cells(struct signals *signals, signals_cell_cb cb, void *arg)
{
	struct part_list list = {malloc(CELLS_MAX * sizeof(struct part)), 0};
	require(list.parts != NULL);
	for (uint32_t set = 0; set < SETS; set++) {
		struct view_range range = {set, GRAIN_DAY, 0, CIVIL_DAY_MAX};
		struct fetch_list missing = {0};
		cr_assert_eq(view_missing(signals->partition, &range, &missing), 0);
		fake_store_fetch(&signals->store, signals->partition, &missing);
		cr_assert_eq(view_scan(signals->partition, &range, keep_part, &list), 0);
	}
	qsort(list.parts, list.count, sizeof(*list.parts), by_cell);
	for (uint32_t i = 0, n; i < list.count; i += n) {
		int64_t sum = 0;
		for (n = 0; i + n < list.count && by_cell(&list.parts[i], &list.parts[i + n]) == 0;
		     n++)
			sum += list.parts[i + n].value;
		if (sum)
			tell(signals, &list.parts[i], sum, cb, arg);
	}
	free(list.parts);
}

struct search {
	const char *text;
	int64_t value;
};

static void find(void *arg, const char *text, int64_t value)
{
	struct search *search = arg;
	if (strcmp(search->text, text) == 0)
		search->value += value;
}

int64_t signals_cell(struct signals *signals, uint32_t set, const char *const values[SIGNALS_DIMS],
                     const char *measure, const char *currency, int32_t day, uint32_t days)
{
	char text[SIGNALS_TEXT];
	signals_text(text, set, values, measure, currency, day, days);
	struct search search = {text, 0};
	signals_cells(signals, find, &search);
	return search.value;
}

/* ---- items ---- */

Streamgauge__V1__Date *signals_date(struct signals *signals, int32_t day)
{
	struct civil_date civil = civil_date_of(day);
	Streamgauge__V1__Date *date = arena_alloc(&signals->arena, sizeof(*date));
	streamgauge__v1__date__init(date);
	date->year = civil.year;
	date->month = civil.month;
	date->day = civil.day;
	return date;
}

Streamgauge__V1__Dim *signals_dim(struct signals *signals, const char *key, const char *value)
{
	Streamgauge__V1__Dim *dim = arena_alloc(&signals->arena, sizeof(*dim));
	streamgauge__v1__dim__init(dim);
	dim->key = (char *)key;
	dim->value = (char *)value;
	return dim;
}

Streamgauge__V1__Answer *signals_answer(struct signals *signals, const char *item,
                                        const char *brand, const char *options)
{
	struct arena *arena = &signals->arena;
	Streamgauge__V1__Answer *answer = arena_alloc(arena, sizeof(*answer));
	streamgauge__v1__answer__init(answer);
	answer->item = arena_strndup(arena, item, strlen(item));
	answer->brand = arena_strndup(arena, brand, strlen(brand));
	answer->options = arena_alloc(arena, (strlen(options) + 1) * sizeof(char *));
	while (*options) {
		size_t len = strcspn(options, " ");
		answer->options[answer->n_options++] = arena_strndup(arena, options, len);
		options += len + (options[len] == ' ');
	}
	return answer;
}
