/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "query/groups.h"
#include "signals.h"

#define ASK "tenant=demo&from=2026-10-01&to=2026-10-01&kpi=spend&by=country"

static uint32_t country(struct world *world, const char *text)
{
	uint32_t dim =
	    (uint32_t)catalog_dim(&world->settings.catalog, "country", strlen("country"));
	return dict_value(partition_dict(world->partition), dim, text, strlen(text));
}

static uint32_t number(struct world *world, struct groups *groups, uint32_t value)
{
	uint32_t values[MODEL_SET_DIMS] = {value};
	uint32_t group = UINT32_MAX;
	cr_assert_eq(groups_number(groups, &world->plan, &world->plan.lenses[0], values,
	                           &world->arena, &group, &world->error),
	             0);
	return group;
}

Test(groups, numbered_once_and_ordered_by_text)
{
	struct world world;
	struct groups groups = {.count = 0};
	char text[8];
	uint32_t place = 0;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK), 0);
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "c%03u", (i * 37) % 200);
		cr_assert_eq(number(&world, &groups, country(&world, text)), i);
	}
	cr_assert_eq(number(&world, &groups, country(&world, "c037")), 1, "known already");
	uint32_t values[MODEL_SET_DIMS] = {country(&world, "c074")};
	cr_assert(groups_known(&groups, values, &place));
	cr_assert_eq(place, 2);
	values[0] = VIEW_NO_VALUE;
	cr_assert_not(groups_known(&groups, values, &place));
	cr_assert_eq(number(&world, &groups, VIEW_NO_VALUE), 200);
	cr_assert_eq(groups_order(&groups, &world.plan, &world.plan.lenses[0], world.partition,
	                          &world.arena),
	             0);
	cr_assert_str_eq(groups.items[0].texts[0], "__none__");
	cr_assert_eq(groups.order[0], 200);
	for (uint32_t i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "c%03u", i);
		const char *const texts[] = {text};
		cr_assert_str_eq(groups.items[i + 1].texts[0], text);
		cr_assert(groups_find(&groups, 1, texts, &place));
		cr_assert_eq(place, i + 1);
	}
	const char *const unknown[] = {"c0365"};
	cr_assert_not(groups_find(&groups, 1, unknown, &place));
	signals_close(&world);
}

Test(groups, too_many)
{
	struct world world;
	struct groups groups = {.count = 0};
	uint32_t values[MODEL_SET_DIMS] = {1};
	uint32_t group = 0;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK), 0);
	world.settings.limits.query_rows = 2;
	for (uint32_t i = 0; i < 2; i++)
		cr_assert_eq(number(&world, &groups, i + 5), i);
	cr_assert_eq(groups_number(&groups, &world.plan, &world.plan.lenses[0], values,
	                           &world.arena, &group, &world.error),
	             ERR_TOO_MANY_ROWS);
	cr_assert_not_null(strstr(world.error.detail, "more than 2 rows"));
	signals_close(&world);
}
