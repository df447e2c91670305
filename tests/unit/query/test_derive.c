/* SPDX-License-Identifier: Apache-2.0
 * What rules make of campaigns. */
#include "query/derive.h"

#include <criterion/criterion.h>
#include <string.h>

#include "signals.h"

#define ASK "tenant=demo&from=2026-10-01&to=2026-10-01&kpi=spend&by=channel,campaign"

static const struct {
	const char *dims;
	const char *name;
	const char *objective;
	const char *channel, *stage, *orientation;
} cases[] = {
    {"channel=tv campaign=google_ads:a", "A", "BRAND", "tv", "awareness", "upstream"},
    {"channel=tv campaign=meta:b", "B", "BRAND", "paid_social", "awareness", "upstream"},
    {"campaign=meta:c", NULL, NULL, "paid_social", "unclassified", "unclassified"},
    {"campaign=google_ads:d", "Generic SEARCH terms", NULL, "unclassified", "unclassified",
     "downstream"},
    {"campaign=google_ads:e", "other", "SALES", "unclassified", "unclassified", "unclassified"},
    /* A cell without a campaign is nobody's to classify. */
    {"channel=radio", NULL, NULL, "radio", "__none__", "__none__"},
    {"", NULL, NULL, "__none__", "__none__", "__none__"},
};

static uint32_t value_in(struct world *world, const char *dims, const char *key)
{
	char text[64];
	const char *at = strstr(dims, key);
	if (!at)
		return VIEW_NO_VALUE;
	at += strlen(key) + 1;
	size_t len = strcspn(at, " ");
	memcpy(text, at, len);
	uint32_t dim = (uint32_t)catalog_dim(&world->settings.catalog, key, strlen(key));
	return dict_value(partition_dict(world->partition), dim, text, len);
}

Test(derive, first_rule_that_matches)
{
	struct world world;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK), 0);
	const struct lens *lens = &world.plan.lenses[0];
	cr_assert_neq(lens->campaign, LENS_NO_PLACE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct view_group group = {.set = lens->set};
		group.values[lens->campaign] = value_in(&world, cases[i].dims, "campaign");
		group.values[lens->channel] = value_in(&world, cases[i].dims, "channel");
		const char *id = strstr(cases[i].dims, "campaign=");
		if (id)
			signals_campaign(&world, id + strlen("campaign="), cases[i].name,
			                 cases[i].objective);
		const char *want[] = {[RULE_CHANNEL] = cases[i].channel,
		                      [RULE_STAGE] = cases[i].stage,
		                      [RULE_ORIENTATION] = cases[i].orientation};
		for (int target = 0; target < RULE_TARGETS; target++) {
			uint32_t value = derive_value(&world.plan, lens, world.partition,
			                              (enum rule_target)target, &group);
			cr_assert_str_eq(derive_text(&world.plan, world.partition, value),
			                 want[target], "case %zu, target %d", i, target);
			/* A filter by that text finds it. */
			cr_assert_eq(derive_find(&world.plan, world.partition,
			                         (enum rule_target)target, want[target]),
			             value, "case %zu, target %d", i, target);
		}
	}
	signals_close(&world);
}

Test(derive, a_stored_channel_and_a_made_one_are_one_group)
{
	struct world world;
	signals_open(&world);
	cr_assert_eq(world_plan(&world, ASK), 0);
	uint32_t before = derive_find(&world.plan, world.partition, RULE_CHANNEL, "paid_social");
	cr_assert_gt(before, DERIVE_FIRST);
	uint32_t stored = value_in(&world, "channel=paid_social", "channel");
	cr_assert_eq(derive_find(&world.plan, world.partition, RULE_CHANNEL, "paid_social"),
	             stored);
	cr_assert_eq(derive_find(&world.plan, world.partition, RULE_STAGE, "loyalty"),
	             VIEW_UNKNOWN_VALUE);
	signals_close(&world);
}

Test(derive, which_dimensions_are_made)
{
	struct world world;
	signals_open(&world);
	const struct catalog *catalog = &world.settings.catalog;
	static const struct {
		const char *dim;
		enum rule_target target;
	} dims[] = {{"campaign_stage", RULE_STAGE},
	            {"campaign_orientation", RULE_ORIENTATION},
	            {"channel", RULE_CHANNEL},
	            {"campaign", RULE_TARGETS},
	            {"country", RULE_TARGETS}};
	for (size_t i = 0; i < sizeof(dims) / sizeof(*dims); i++)
		cr_assert_eq(
		    derive_target(&world.settings,
		                  (uint8_t)catalog_dim(catalog, dims[i].dim, strlen(dims[i].dim))),
		    dims[i].target, "%s", dims[i].dim);
	world.settings.rules[RULE_CHANNEL].count = 0;
	cr_assert_eq(derive_target(&world.settings, (uint8_t)catalog->channel_dim), RULE_TARGETS);
	signals_close(&world);
}
