/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors of KPIs and freshness, through cells, plan and evaluation. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"
#include "world.h"

#define DAY_BOOKED 20760

static void open_fed(struct world *world)
{
	world_open(world);
	struct source *all =
	    world_source(world, "any/1", SOURCE_REPORT, 0xFF, DAY_BOOKED, WORLD_TODAY - 1);
	world_complete(all, DAY_BOOKED, WORLD_TODAY - 1);
}

static void book(struct world *world, unsigned measure, int32_t day, json_t *value)
{
	static const struct item item = {{NULL}, 1, NULL};
	int64_t unit = world->settings.catalog.measures[measure].scale == 6 ? 1000000 : 1;
	cr_assert_not_null(value);
	int64_t amount = llround(json_number_value(value) * (double)unit);
	world_add(world, &item, measure, day, 0, amount);
}

static struct kpi_row answer(struct world *world, const char *kpi)
{
	char text[100];
	world_flush(world);
	snprintf(text, sizeof(text), "tenant=demo&kpi=%s&last=18d", kpi);
	cr_assert_eq(world_ask(world, text), 0, "%s", world->error.detail);
	return world_row(world, kpi, "", 0);
}

static void expect_value(const char *id, const struct kpi_row *row, json_t *expect)
{
	json_t *value = json_object_get(expect, "value");
	if (json_is_null(value)) {
		cr_assert_not(row->has_value, "%s", id);
		cr_assert_str_eq(row_status_name(row->status),
		                 json_string_value(json_object_get(expect, "status")), "%s", id);
		return;
	}
	double want = json_number_value(value);
	cr_assert(row->has_value, "%s is %s", id, row_status_name(row->status));
	cr_assert_float_eq(row->value, want, 1e-9 * fmax(1, fabs(want)), "%s = %.12g", id,
	                   row->value);
}

/* The same of a value that is in micros already. */
static void book_key(struct world *world, unsigned measure, json_t *object, const char *key)
{
	static const struct item item = {{NULL}, 1, NULL};
	json_t *value = json_object_get(object, key);
	if (strstr(key, "_micro"))
		world_add(world, &item, measure, DAY_BOOKED, 0, json_integer_value(value));
	else
		book(world, measure, DAY_BOOKED, value);
}

/* Vectors whose measures this tenant has: which KPI is meant, and what of. */
static const struct {
	const char *id, *kpi;
	struct {
		unsigned measure;
		const char *key;
	} in[3];
	uint32_t count;
} ratio_rows[] = {
    {"kpi.cpm", "cpm", {{M_SPEND, "spend_micros"}, {M_IMPRESSIONS, "impressions"}}, 2},
    {"kpi.cvr", "cvr_claimed", {{M_CONVERSIONS, "conversions_micro"}, {M_CLICKS, "clicks"}}, 2},
    {"kpi.aov", "aov", {{M_GROSS, "gross_revenue_micros"}, {M_ORDERS, "orders"}}, 2},
    {"kpi.refund_rate",
     "refund_rate",
     {{M_REFUNDS, "refunds_micros"}, {M_GROSS, "gross_revenue_micros"}, {M_ORDERS, "orders"}},
     3},
};

/* Every ratio, with its numerator and denominator booked as this tenant's
 * revenue and spend: the arithmetic is the same whatever is counted. */
static void run_any_ratio(const char *id, json_t *input, json_t *expect)
{
	struct world world;
	open_fed(&world);
	json_t *num = json_incref(json_object_get(input, "num"));
	json_t *den = json_incref(json_object_get(input, "den"));
	if (!num) {
		/* poas */
		num = json_real(json_number_value(json_object_get(input, "net_revenue")) -
		                json_number_value(json_object_get(input, "cogs")));
		den = json_incref(json_object_get(input, "spend"));
	}
	book(&world, M_GROSS, DAY_BOOKED, num);
	book(&world, M_SPEND, DAY_BOOKED + 1, den);
	int mer = catalog_kpi(&world.settings.catalog, "mer", 3);
	json_t *mult = json_object_get(input, "mult");
	world.settings.catalog.kpis[mer].mult = mult ? json_integer_value(mult) : 1;
	struct kpi_row row = answer(&world, "mer");
	expect_value(id, &row, expect);
	json_decref(num);
	json_decref(den);
	world_close(&world);
}

static bool run_ratio(const char *id, json_t *input, json_t *expect)
{
	json_t *measures = json_object_get(input, "measures");
	run_any_ratio(id, input, expect);
	for (size_t i = 0; i < sizeof(ratio_rows) / sizeof(ratio_rows[0]); i++) {
		struct world world;
		if (strcmp(ratio_rows[i].id, id) != 0)
			continue;
		open_fed(&world);
		for (uint32_t k = 0; k < ratio_rows[i].count; k++)
			book_key(&world, ratio_rows[i].in[k].measure, measures,
			         ratio_rows[i].in[k].key);
		struct kpi_row row = answer(&world, ratio_rows[i].kpi);
		expect_value(id, &row, expect);
		world_close(&world);
	}
	return true;
}

Test(vectors, kpi_ratio)
{
	cr_assert_eq(vectors_run("kpi_ratio", run_ratio), 17);
}

static bool run_linear(const char *id, json_t *input, json_t *expect)
{
	struct world world;
	open_fed(&world);
	if (json_object_get(expect, "micros")) {
		book_key(&world, M_GROSS, input, "gross_micros");
		book_key(&world, M_REFUNDS, input, "refunds_micros");
		struct kpi_row row = answer(&world, "net_revenue");
		cr_assert_eq(row.value_micros,
		             json_integer_value(json_object_get(expect, "micros")), "%s", id);
	} else {
		/* This tenant books the cost of goods with the refunds. */
		book(&world, M_GROSS, DAY_BOOKED, json_object_get(input, "net_revenue"));
		book(&world, M_REFUNDS, DAY_BOOKED, json_object_get(input, "cogs"));
		book(&world, M_SPEND, DAY_BOOKED, json_object_get(input, "spend"));
		struct kpi_row row = answer(&world, "roi");
		expect_value(id, &row, expect);
	}
	world_close(&world);
	return true;
}

Test(vectors, kpi_linear)
{
	cr_assert_eq(vectors_run("kpi_linear", run_linear), 2);
}

/* A ratio of sums over days, never a mean of the days' ratios. */
static bool answer_merge(const char *id, json_t *input, json_t *expect)
{
	struct world world;
	size_t index;
	json_t *cell;
	json_t *want = json_object_get(expect, "ctr");
	if (!want)
		return false;
	open_fed(&world);
	json_array_foreach(json_object_get(input, "cells"), index, cell)
	{
		book(&world, M_CLICKS, DAY_BOOKED + (int32_t)index,
		     json_object_get(cell, "clicks"));
		book(&world, M_IMPRESSIONS, DAY_BOOKED + (int32_t)index,
		     json_object_get(cell, "impressions"));
	}
	struct kpi_row row = answer(&world, "ctr");
	cr_assert_float_eq(row.value, json_number_value(want), 1e-12, "%s = %.12g", id, row.value);
	world_close(&world);
	return true;
}

Test(vectors, kpi_merge)
{
	cr_assert_eq(vectors_run("kpi_merge", answer_merge), 1);
}

static bool run_share(const char *id, json_t *input, json_t *expect)
{
	struct world world;
	const char *platform;
	json_t *conversions;
	if (strcmp(id, "kpi.over_attribution") != 0)
		return false;
	open_fed(&world);
	json_object_foreach(json_object_get(input, "claimed"), platform, conversions)
	    book(&world, M_CONVERSIONS, DAY_BOOKED, conversions);
	book(&world, M_ORDERS, DAY_BOOKED, json_object_get(input, "observed"));
	struct kpi_row row = answer(&world, "over_attribution");
	expect_value(id, &row, expect);
	world_close(&world);
	return true;
}

Test(vectors, share)
{
	cr_assert_eq(vectors_run("share", run_share), 1);
}

static bool run_freshness(const char *id, json_t *input, json_t *expect)
{
	struct world world;
	size_t index;
	json_t *item;
	const char *kpi;
	world_open(&world);
	world.now_us =
	    zone_day_start(world.tenants[0].zone,
	                   world_day(json_string_value(json_object_get(input, "today")))) +
	    1;
	json_array_foreach(json_object_get(input, "sources"), index, item)
	{
		char name[64];
		int32_t through =
		    world_day(json_string_value(json_object_get(item, "complete_through")));
		snprintf(name, sizeof(name), "%s/1",
		         json_string_value(json_object_get(item, "name")));
		struct source *source = world_source(&world, name, SOURCE_REPORT,
		                                     UINT64_C(1) << index, through - 9, through);
		world_complete(source, through - 9, through);
		source->final_after_days =
		    (uint32_t)json_integer_value(json_object_get(item, "final_after_days"));
	}
	world_flush(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo"), 0);
	json_object_foreach(json_object_get(input, "kpis"), kpi, item)
	{
		struct term terms[8];
		struct kpi fed = {.num = {terms, 0}, .min_on = -1, .over = -1};
		struct feed_summary summary;
		json_t *wanted = json_object_get(expect, kpi);
		json_t *name;
		json_array_foreach(item, index, name)
		{
			size_t at;
			json_t *source;
			json_array_foreach(json_object_get(input, "sources"), at, source)
			{
				if (json_equal(json_object_get(source, "name"), name))
					terms[fed.num.count++] =
					    (struct term){.measure = (uint16_t)at};
			}
		}
		cr_assert_eq(feeds_summarize(&world.plan.feeds, &fed, &world.settings.catalog,
		                             &world.arena, &summary),
		             0);
		cr_assert_eq(
		    summary.complete_through,
		    world_day(json_string_value(json_object_get(wanted, "complete_through"))),
		    "%s %s", id, kpi);
		cr_assert_eq(summary.final_through,
		             world_day(json_string_value(json_object_get(wanted, "final_through"))),
		             "%s %s", id, kpi);
	}
	world_close(&world);
	return true;
}

Test(vectors, freshness)
{
	cr_assert_eq(vectors_run("freshness", run_freshness), 1);
}
