/* SPDX-License-Identifier: Apache-2.0
 * Query strings: what is taken, and how the rest is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static const struct {
	const char *text;
	int err;
	const char *parameter; /* named by the error */
	const char *says;      /* part of the detail or of what is allowed */
} refused[] = {
    {"", ERR_BAD_PARAMETER, "tenant", "demo, acme"},
    {"tenant=", ERR_UNKNOWN_TENANT, "tenant", "demo, acme"},
    {"tenant=nobody", ERR_UNKNOWN_TENANT, "tenant", "`nobody`"},
    {"tenant=demo&tenant=demo", ERR_BAD_PARAMETER, "tenant", "twice"},
    {"tenant=demo&color=red", ERR_BAD_PARAMETER, "color", "tenant, from, to"},
    {"tenant=demo&from=2026-11-10&to=2026-11-01", ERR_BAD_PARAMETER, "to", "backwards"},
    {"tenant=demo&from=2026-02-30", ERR_BAD_PARAMETER, "from", "`2026-02-30` is not a day"},
    {"tenant=demo&from=yesterday", ERR_BAD_PARAMETER, "from", "epoch milliseconds"},
    {"tenant=demo&from=1795255200", ERR_BAD_PARAMETER, "from", "seconds"},
    {"tenant=demo&from=20261121", ERR_BAD_PARAMETER, "from", "too small"},
    {"tenant=demo&from=999999999999999999", ERR_BAD_PARAMETER, "from", "not a day"},
    {"tenant=demo&from=-99999999999999", ERR_BAD_PARAMETER, "from", "too small"},
    {"tenant=demo&from=2201-01-01", ERR_BAD_PARAMETER, "from", "2200-12-31"},
    {"tenant=demo&to=2026-11-01", ERR_BAD_PARAMETER, "from", "`to` needs"},
    {"tenant=demo&from=2026-11-01&last=7d", ERR_BAD_PARAMETER, "last", "in one way"},
    {"tenant=demo&this=month&last=7d", ERR_BAD_PARAMETER, "last", "in one way"},
    {"tenant=demo&from=2026-11-01&this=week", ERR_BAD_PARAMETER, "this", "in one way"},
    {"tenant=demo&last=", ERR_BAD_PARAMETER, "last", "28d"},
    {"tenant=demo&last=d", ERR_BAD_PARAMETER, "last", "28d"},
    {"tenant=demo&last=0d", ERR_BAD_PARAMETER, "last", "28d"},
    {"tenant=demo&last=3661d", ERR_BAD_PARAMETER, "last", "3660"},
    {"tenant=demo&last=99999999999999999999d", ERR_BAD_PARAMETER, "last", "3660"},
    {"tenant=demo&last=7y", ERR_BAD_PARAMETER, "last", "unit"},
    {"tenant=demo&last=7dd", ERR_BAD_PARAMETER, "last", "28d"},
    {"tenant=demo&last=-7d", ERR_BAD_PARAMETER, "last", "28d"},
    {"tenant=demo&this=decade", ERR_BAD_PARAMETER, "this", "week, month, year"},
    {"tenant=demo&grain=second", ERR_BAD_PARAMETER, "grain", "total, minute, hour"},
    {"tenant=demo&by=planet", ERR_BAD_PARAMETER, "by", "channel, campaign, product"},
    {"tenant=demo&by=channel,channel", ERR_BAD_PARAMETER, "by", "twice"},
    {"tenant=demo&by=channel,", ERR_BAD_PARAMETER, "by", "not a dimension"},
    {"tenant=demo&stage=heaven", ERR_BAD_PARAMETER, "stage", "awareness, engagement"},
    {"tenant=demo&kpi=luck", ERR_BAD_PARAMETER, "kpi", "impressions, spend, cpm"},
    {"tenant=demo&filter=channel", ERR_BAD_PARAMETER, "filter", "no `:`"},
    {"tenant=demo&filter=planet:mars", ERR_BAD_PARAMETER, "filter", "channel, campaign"},
    {"tenant=demo&filter=channel:radio", ERR_BAD_PARAMETER, "filter", "paid_search, display"},
    {"tenant=demo&filter=channel:", ERR_BAD_PARAMETER, "filter", "1 to 128 bytes"},
    {"tenant=demo&filter=channel:email&filter=channel:display", ERR_BAD_PARAMETER, "filter",
     "one filter"},
    {"tenant=demo&currency=usd", ERR_BAD_PARAMETER, "currency", "ISO 4217"},
    {"tenant=demo&currency=USDT", ERR_BAD_PARAMETER, "currency", "ISO 4217"},
    {"tenant=demo&currency=USD", ERR_BAD_PARAMETER, "currency", "fx.source"},
    {"tenant=demo&fx=daily", ERR_BAD_PARAMETER, "fx", "fx.source"},
    {"tenant=demo&fx=2026-11-01", ERR_BAD_PARAMETER, "fx", "fx.source"},
    {"tenant=demo&grain=waves", ERR_BAD_PARAMETER, "grain", "wave"},
    {"tenant=demo&format=xml", ERR_BAD_PARAMETER, "format", "json, csv, protobuf"},
    {"tenant=%zz", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=demo%", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=demo%0", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=a%00b", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=a%0ab", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=%ff%fe", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=%ed%a0%80", ERR_BAD_PARAMETER, "tenant", "decoded"},
    {"tenant=%c0%af", ERR_BAD_PARAMETER, "tenant", "decoded"},
};

Test(params, refused)
{
	struct world world;
	world_open(&world);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *text = refused[i].text;
		int err = world_plan(&world, text);
		cr_assert_eq(err, refused[i].err, "%s: %s", text, err_code(err));
		cr_assert_str_eq(world.error.parameter, refused[i].parameter, "%s", text);
		cr_assert(strstr(world.error.detail, refused[i].says) ||
		              strstr(world.error.allowed, refused[i].says),
		          "%s: `%s` / `%s`", text, world.error.detail, world.error.allowed);
	}
	world_close(&world);
}

/* Everything a client can grow has a limit. */
Test(params, limits)
{
	struct world world;
	struct params params;
	struct query_error error;
	world_open(&world);
	size_t size = 10 << 20;
	char *text = malloc(size + 1);
	memset(text, 'a', size);
	text[size] = '\0';
	cr_assert_eq(params_split(text, size, &world.arena, &params, &error), ERR_TOO_LONG);
	cr_assert(strstr(error.detail, "16384"));
	cr_assert_str_eq(error.parameter, "");
	/* The longest pair is the one to shorten, also when it is the last. */
	static const struct {
		const char *begin, *name;
	} longest[] = {
	    {"kpi=", "kpi"}, {"tenant=demo&k%70i=", "kpi"}, {"tenant=demo&kpi%=", ""}, {"=", ""}};
	for (size_t i = 0; i < sizeof(longest) / sizeof(longest[0]); i++) {
		memcpy(text, longest[i].begin, strlen(longest[i].begin));
		memcpy(text + 20000, i == 0 ? "&by=b" : "aaaaa", 5);
		cr_assert_eq(params_split(text, 20005, &world.arena, &params, &error),
		             ERR_TOO_LONG);
		cr_assert_str_eq(error.parameter, longest[i].name, "case %zu", i);
		memset(text, 'a', 20005);
	}
	cr_assert_eq(params_split(text, PARAMS_TEXT_MAX, &world.arena, &params, &error), 0);
	cr_assert_eq(params.count, 1);
	for (size_t i = 0; i < 200; i++)
		memcpy(text + i * 4, "a=1&", 4);
	cr_assert_eq(params_split(text, 800, &world.arena, &params, &error), ERR_TOO_MANY);

	strcpy(text, "tenant=demo&filter=product:x");
	for (size_t i = 0; i < QUERY_VALUES; i++)
		strcat(text, ",y");
	cr_assert_eq(world_plan(&world, text), ERR_BAD_PARAMETER);
	cr_assert(strstr(world.error.detail, "200"));
	strcpy(text, "tenant=demo&filter=product:");
	for (size_t i = 0; i < MODEL_VALUE_MAX + 1; i++)
		strcat(text, "v");
	cr_assert_eq(world_plan(&world, text), ERR_BAD_PARAMETER);
	/* A wrong value is repeated in part only. */
	cr_assert_lt(strlen(world.error.detail), 200);
	free(text);
	world_close(&world);
}

Test(params, everything)
{
	struct world world;
	world_open(&world);
	cr_assert_eq(world_plan(&world, "tenant=demo&from=2026-11-01&to=2026-11-02&grain=week"
	                                "&by=campaign,channel&stage=engagement&kpi=aov,spend&&"
	                                "filter=channel:paid%5Fsearch,display&format=csv"),
	             0, "%s", world.error.detail);
	cr_assert_eq(world.query.from, world_day("2026-11-01"));
	cr_assert_eq(world.query.to, world_day("2026-11-02"));
	cr_assert_eq(world.query.grain, QUERY_WEEK);
	cr_assert_eq(world.query.format, FORMAT_CSV);
	cr_assert_eq(world.query.by_count, 2);
	cr_assert_eq(world.query.by[0], D_CAMPAIGN);
	cr_assert_eq(world.query.by[1], D_CHANNEL);
	cr_assert_eq(world.query.filter_count, 1);
	cr_assert_str_eq(world.query.filters[0].values[0], "paid_search");
	cr_assert_str_eq(world.query.filters[0].values[1], "display");
	/* spend, then the stage's clicks, ctr, cpc, then aov: in the order of the stages. */
	cr_assert_eq(world.query.kpi_count, 5);
	cr_assert_str_eq(world.settings.catalog.kpis[world.query.kpis[0]].id, "spend");
	cr_assert_str_eq(world.settings.catalog.kpis[world.query.kpis[4]].id, "aov");
	world_close(&world);
}

static const struct {
	const char *text;
	const char *day;
} days[] = {
    {"2026-11-21", "2026-11-21"},
    {"2026-11-21T22:59:59Z", "2026-11-21"},
    {"2026-11-21T23:00:00Z", "2026-11-22"}, /* already the 22nd in Berlin */
    {"2026-11-21T23:30:00%2B01:00", "2026-11-21"},
    {"1795301999999", "2026-11-21"}, /* 2026-11-21T22:59:59.999Z */
    {"1795302000000", "2026-11-22"},
};

/* An instant means the civil day it falls in, in the tenant's zone. */
Test(params, instants)
{
	struct world world;
	world_open(&world);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		char text[200];
		snprintf(text, sizeof(text), "tenant=demo&from=%s&to=2026-12-31", days[i].text);
		cr_assert_eq(world_plan(&world, text), 0, "%s: %s", text, world.error.detail);
		cr_assert_eq(world.query.from, world_day(days[i].day), "%s", days[i].text);
	}
	world_close(&world);
}

static const struct {
	const char *text;
	enum query_money money;
	const char *currency;
	const char *rate_day; /* NULL = none */
} taken_money[] = {
    {"tenant=demo", MONEY_DAILY, "", NULL},
    {"tenant=demo&fx=none", MONEY_AS_IS, "", NULL},
    {"tenant=demo&fx=daily&currency=USD", MONEY_DAILY, "USD", NULL},
    {"tenant=demo&fx=2026-11-01&currency=GBP", MONEY_CONSTANT, "GBP", "2026-11-01"},
    {"tenant=demo&fx=2026-11-01", MONEY_CONSTANT, "", "2026-11-01"},
};

Test(params, money)
{
	struct world world;
	world_open(&world);
	world.settings.fx.source = "ecb/rates";
	memcpy(world.settings.fx.base, "EUR", 4);
	for (size_t i = 0; i < sizeof(taken_money) / sizeof(*taken_money); i++) {
		cr_assert_eq(world_plan(&world, taken_money[i].text), 0, "%s: %s",
		             taken_money[i].text, world.error.detail);
		cr_assert_eq(world.query.money, taken_money[i].money, "%s", taken_money[i].text);
		cr_assert_str_eq(world.query.currency, taken_money[i].currency);
		if (taken_money[i].rate_day)
			cr_assert_eq(world.query.rate_day, world_day(taken_money[i].rate_day));
	}
	cr_assert_eq(world_plan(&world, "tenant=demo&fx=weekly"), ERR_BAD_PARAMETER);
	cr_assert_str_eq(world.error.parameter, "fx");
	world_close(&world);
}
