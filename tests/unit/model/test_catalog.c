/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/catalog.h"

static struct measure measures[] = {
    {.id = "impressions", .label = "Impressions", .layer = LAYER_OBSERVED},
    {.id = "spend", .label = "Spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    {.id = "conversions", .label = "Conversions", .layer = LAYER_CLAIMED, .scale = 6},
    {.id = "orders", .label = "Orders", .layer = LAYER_COMMERCE},
    {.id = "orders", .label = "Orders, claimed", .layer = LAYER_CLAIMED},
    {.id = "orders", .label = "Orders, panel", .layer = LAYER_SURVEY},
};

static struct dimension dims[] = {{.id = "channel"}, {.id = "campaign"}, {.id = "country"}};
static struct grouping_set sets[] = {
    {0, {0}, "[]"},
    {3, {0, 1, 2}, "[channel, campaign, country]"},
    {2, {0, 2}, "[country, channel]"},
    {1, {0}, "[channel]"},
    {2, {0, 1}, "[channel, campaign]"},
};
static struct event_type types[] = {{.id = "click"}, {.id = "order"}};
static struct stage stages[] = {{.id = "awareness"}, {.id = "purchase"}};
static struct kpi kpis[] = {{.id = "cpm"}, {.id = "roas"}};

static struct catalog make_catalog(void)
{
	return (struct catalog){
	    .measures = measures,
	    .measure_count = sizeof(measures) / sizeof(*measures),
	    .dims = dims,
	    .dim_count = 3,
	    .sets = sets,
	    .set_count = sizeof(sets) / sizeof(*sets),
	    .types = types,
	    .type_count = 2,
	    .stages = stages,
	    .stage_count = 2,
	    .kpis = kpis,
	    .kpi_count = 2,
	};
}

static const struct {
	const char *name;
	int expected;
} measure_rows[] = {
    {"impressions", 0},
    {"spend", 1},
    {"orders", 3},
    {"orders@commerce", 3},
    {"orders@claimed", 4},
    {"orders@survey", 5},
    {"orders@market", -1},
    {"orders@", -1},
    {"orders@claimedx", -1},
    {"@claimed", -1},
    {"", -1},
    {"order", -1},
    {"orderss", -1},
    {"Orders", -1},
    {"conversions@claimed", 2},
    {"conversions@observed", -1},
};

Test(catalog, measures_by_name_and_layer)
{
	struct catalog catalog = make_catalog();
	for (int sealed = 0; sealed < 2; sealed++) {
		if (sealed)
			cr_assert_eq(catalog_seal(&catalog), 0);
		for (size_t i = 0; i < sizeof(measure_rows) / sizeof(*measure_rows); i++) {
			const char *name = measure_rows[i].name;
			cr_assert_eq(catalog_measure(&catalog, name, strlen(name)),
			             measure_rows[i].expected, "%s, sealed %d", name, sealed);
		}
		cr_assert_eq(catalog_measure(&catalog, "spendx", 5), 1);
		cr_assert_eq(catalog_measure(&catalog, "spend\0x", 7), -1);
	}
	catalog_deinit(&catalog);
}

Test(catalog, other_names)
{
	struct catalog catalog = make_catalog();
	for (int sealed = 0; sealed < 2; sealed++) {
		if (sealed)
			cr_assert_eq(catalog_seal(&catalog), 0);
		cr_assert_eq(catalog_dim(&catalog, "country", 7), 2);
		cr_assert_eq(catalog_dim(&catalog, "region", 6), -1);
		cr_assert_eq(catalog_type(&catalog, "order", 5), 1);
		cr_assert_eq(catalog_type(&catalog, "orders", 6), -1);
		cr_assert_eq(catalog_stage(&catalog, "purchase", 8), 1);
		cr_assert_eq(catalog_stage(&catalog, "", 0), -1);
		cr_assert_eq(catalog_kpi(&catalog, "roas", 4), 1);
		cr_assert_eq(catalog_kpi(&catalog, "roi", 3), -1);
	}
	catalog_deinit(&catalog);
}

Test(catalog, an_index_of_many_names_finds_each)
{
	enum { COUNT = 200 };
	static struct measure many[COUNT];
	static char names[COUNT][16];
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "m_%d", i);
		many[i].id = names[i];
	}
	struct catalog catalog = {.measures = many, .measure_count = COUNT};
	cr_assert_eq(catalog_seal(&catalog), 0);
	for (int i = 0; i < COUNT; i++)
		cr_assert_eq(catalog_measure(&catalog, names[i], strlen(names[i])), i);
	cr_assert_eq(catalog_measure(&catalog, "m_200", 5), -1);
	catalog_deinit(&catalog);
}

static const struct {
	uint32_t mask;
	int expected;
} set_rows[] = {{0, 0}, {1, 3}, {2, 4}, {4, 2}, {3, 4}, {5, 2}, {6, 1}, {7, 1}, {8, -1}};

Test(catalog, the_smallest_set_that_holds_the_dimensions)
{
	struct catalog catalog = make_catalog();
	for (size_t i = 0; i < sizeof(set_rows) / sizeof(*set_rows); i++)
		cr_assert_eq(catalog_set_for(&catalog, set_rows[i].mask), set_rows[i].expected,
		             "mask %u", set_rows[i].mask);
}

Test(catalog, names_of_constants)
{
	for (int i = 0; i < LAYER_COUNT; i++) {
		const char *name = layer_name((enum layer)i);
		cr_assert_eq(layer_by_name(name, strlen(name)), (enum layer)i);
	}
	cr_assert_str_eq(layer_name(LAYER_COMMERCE), "commerce");
	cr_assert_eq(layer_by_name("observe", 7), LAYER_COUNT);
	cr_assert_eq(layer_by_name("", 0), LAYER_COUNT);
	cr_assert_str_eq(grain_name(GRAIN_MINUTE), "minute");
	cr_assert_str_eq(grain_name(GRAIN_DAY), "day");
	cr_assert_str_eq(orientation_name(ORIENTATION_DOWNSTREAM), "downstream");
	cr_assert_str_eq(unit_name(UNIT_RATIO), "ratio");
	cr_assert_str_eq(direction_name(DIRECTION_NEUTRAL), "neutral");
}
