/* SPDX-License-Identifier: Apache-2.0
 * 0 or no data in a group: who can have reported there? */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rollup/source_record.h"
#include "world.h"

#define DAY(text) world_day(text)
#define MICRO     INT64_C(1000000)

#define FIRST "2026-11-02"
#define ADS   (1u << M_SPEND | 1u << M_IMPRESSIONS | 1u << M_CLICKS | 1u << M_CONVERSIONS)

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};
static const struct item social = {{"display", "facebook_ads:1", NULL}, 1, NULL};
static const struct item mail = {{"email", NULL, NULL}, 0, NULL};

static void add_ads(struct world *world, const char *name, uint64_t reported)
{
	struct source *ads =
	    world_source(world, name, SOURCE_REPORT, reported, DAY("2026-09-01"), WORLD_TODAY - 1);
	world_complete(ads, DAY("2026-09-01"), WORLD_TODAY - 1);
}

static void add_events(struct world *world, const char *name, uint64_t reported)
{
	struct source *source =
	    world_source(world, name, SOURCE_EVENT, reported, DAY("2026-09-01"), WORLD_TODAY - 1);
	world_beat(world, source, zone_day_start(world->tenants[0].zone, WORLD_TODAY));
}

static struct kpi_row ask_row(struct world *world, const char *more, const char *kpi,
                              const char *group)
{
	char text[200];
	snprintf(text, sizeof(text), "tenant=demo&from=" FIRST "&to=2026-11-08&kpi=%s&%s", kpi,
	         more);
	cr_assert_eq(world_ask(world, text), 0, "%s: %s", text, world->error.detail);
	return world_row(world, kpi, group, 0);
}

static void expect(struct world *world, const char *more, const char *kpi, const char *group,
                   enum row_status status, double value)
{
	struct kpi_row row = ask_row(world, more, kpi, group);
	cr_assert_eq(row.status, status, "%s of `%s` by `%s` is %s", kpi, group, more,
	             row_status_name(row.status));
	if (status == STATUS_OK)
		cr_assert_float_eq(row.value, value, 1e-9, "%s of `%s` by `%s` = %.12g", kpi, group,
		                   more, row.value);
}

/* Nobody buys mails: no spend of 0, and no click for nothing. */
Test(evidence, a_channel_without_spend_has_no_cost)
{
	struct world world;
	world_open(&world);
	add_ads(&world, "google_ads/1", ADS);
	add_events(&world, "tracker/eu", 1u << M_CLICKS);
	world_add(&world, &search, M_IMPRESSIONS, DAY(FIRST), 0, 10000);
	world_add(&world, &search, M_CLICKS, DAY(FIRST), 0, 100);
	world_add(&world, &mail, M_CLICKS, DAY(FIRST), 600, 50);
	world_flush(&world);
	expect(&world, "by=channel", "clicks", "email", STATUS_OK, 50);
	expect(&world, "by=channel", "cpc", "email", STATUS_NO_DATA, 0);
	struct kpi_row row = ask_row(&world, "by=channel", "cpc", "email");
	cr_assert_not(row.has_value || row.has_numerator || row.has_micros);
	cr_assert(row.has_denominator);
	cr_assert_eq(row.n, 50);
	expect(&world, "filter=channel:email", "cpc", "", STATUS_NO_DATA, 0);
	expect(&world, "filter=channel:email", "spend", "", STATUS_NO_DATA, 0);
	expect(&world, "filter=channel:email", "clicks", "", STATUS_OK, 50);
	/* The ads' own channel was reported by a source that tells spend: it is 0, also
	 * where only what was not asked for shows it. */
	expect(&world, "by=channel", "cpc", "paid_search", STATUS_OK, 0);
	expect(&world, "filter=channel:paid_search", "spend", "", STATUS_OK, 0);
	/* Everything together is as complete as its sources are. */
	expect(&world, "", "spend", "", STATUS_OK, 0);
	expect(&world, "", "cpc", "", STATUS_OK, 0);
	/* With a cell of its own the group knows: also in the buckets without one. */
	world_add(&world, &mail, M_SPEND, DAY("2026-11-05"), 600, 7 * MICRO);
	world_flush(&world);
	expect(&world, "by=channel&grain=day", "spend", "email", STATUS_OK, 0);
	expect(&world, "by=channel", "spend", "email", STATUS_OK, 7);
	world_close(&world);
}

/* Cells before the range are looked through for periods that reach into it. Those
 * that do not are no evidence. */
Test(evidence, what_ended_before_the_range_proves_nothing)
{
	static const struct item letter = {{"email", NULL, NULL}, 1, NULL};
	static const struct item week = {{"email", NULL, NULL}, 7, NULL};
	static const struct item other = {{"display", NULL, NULL}, 7, NULL};
	struct world world;
	world_open(&world);
	add_ads(&world, "google_ads/1", 1u << M_SPEND | 1u << M_IMPRESSIONS);
	add_events(&world, "tracker/eu", 1u << M_CLICKS);
	world_add(&world, &other, M_SPEND, DAY("2026-09-07"), 0, MICRO);
	world_add(&world, &mail, M_CLICKS, DAY(FIRST), 600, 50);
	world_add(&world, &letter, M_IMPRESSIONS, DAY(FIRST) - 1, 0, 9);
	world_add(&world, &week, M_IMPRESSIONS, DAY(FIRST) - 7, 0, 9);
	world_flush(&world);
	expect(&world, "filter=channel:email", "spend", "", STATUS_NO_DATA, 0);
	expect(&world, "filter=channel:email&grain=day", "spend", "", STATUS_NO_DATA, 0);
	/* Its last day lies in the range: something was reported, though it is cut. */
	world_add(&world, &week, M_IMPRESSIONS, DAY(FIRST) - 6, 0, 9);
	world_flush(&world);
	expect(&world, "filter=channel:email", "spend", "", STATUS_OK, 0);
	world_close(&world);
}

/* What was taken back leaves no group and no evidence, whether it was stored before,
 * together with what took it back, or not at all. */
Test(evidence, what_was_taken_back_is_no_cell)
{
	static const char text[] = "tenant=demo&from=" FIRST "&to=2026-11-08&kpi=spend&by=channel";
	struct world world;
	world_open(&world);
	add_ads(&world, "google_ads/1", 1u << M_SPEND | 1u << M_CLICKS);
	world_add(&world, &search, M_SPEND, DAY(FIRST), 0, 5 * MICRO);
	world_add(&world, &social, M_SPEND, DAY(FIRST), 0, 7 * MICRO);
	world_store(&world);
	cr_assert_eq(world_ask(&world, text), 0);
	cr_assert_eq(world.summary.row_count, 2);
	world_add(&world, &social, M_SPEND, DAY(FIRST), 0, -7 * MICRO);
	for (int stored = 0; stored < 2; stored++) {
		if (stored)
			world_store(&world);
		else
			world_flush(&world);
		cr_assert_eq(world_ask(&world, text), 0);
		cr_assert_eq(world.summary.row_count, 1, "stored: %d", stored);
		expect(&world, "filter=channel:display", "spend", "", STATUS_NO_DATA, 0);
		expect(&world, "by=channel", "spend", "paid_search", STATUS_OK, 5);
	}
	world_close(&world);
}

/* One channel, cells of one measure: is another one known in it? */
static const struct {
	uint64_t first;  /* what google_ads/1 ever reported */
	uint64_t second; /* what facebook_ads/1 did, 0 = there is no such source */
	unsigned cell;
	const char *kpi;
	enum row_status status;
} cases[] = {
    /* the only source tells both */
    {1u << M_CLICKS | 1u << M_SPEND, 0, M_CLICKS, "spend", STATUS_OK},
    /* nobody tells it */
    {1u << M_CLICKS, 0, M_CLICKS, "spend", STATUS_NO_DATA},
    /* both tell both */
    {1u << M_CLICKS | 1u << M_SPEND, 1u << M_CLICKS | 1u << M_SPEND, M_CLICKS, "spend", STATUS_OK},
    /* it may have been the one that tells no spend */
    {1u << M_CLICKS | 1u << M_SPEND, 1u << M_CLICKS, M_CLICKS, "spend", STATUS_NO_DATA},
    {1u << M_CLICKS, 1u << M_CLICKS | 1u << M_SPEND, M_CLICKS, "spend", STATUS_NO_DATA},
    /* only the one that does can have been it */
    {1u << M_CLICKS | 1u << M_SPEND, 1u << M_SPEND, M_CLICKS, "spend", STATUS_OK},
    {1u << M_CLICKS | 1u << M_SPEND, 1u << M_IMPRESSIONS, M_CLICKS, "spend", STATUS_OK},
    {1u << M_CLICKS | 1u << M_SPEND, 1u << M_IMPRESSIONS, M_IMPRESSIONS, "spend", STATUS_NO_DATA},
    /* another layer of the same source */
    {1u << M_CLICKS | 1u << M_CONVERSIONS, 1u << M_SPEND, M_CLICKS, "conversions_claimed",
     STATUS_OK},
    /* sparse: the layer is enough, if anybody ever told it */
    {1u << M_GROSS, 1u << M_REFUNDS, M_GROSS, "refund_rate", STATUS_INSUFFICIENT_SAMPLE},
    {1u << M_CLICKS | 1u << M_GROSS, 1u << M_REFUNDS, M_GROSS, "refund_rate",
     STATUS_INSUFFICIENT_SAMPLE},
    {1u << M_GROSS | 1u << M_ORDERS, 1u << M_ORDERS, M_ORDERS, "net_revenue", STATUS_NO_DATA},
    {1u << M_GROSS, 1u << M_ORDERS, M_GROSS, "net_revenue", STATUS_OK},
    {1u << M_GROSS, 1u << M_ORDERS, M_GROSS, "refund_rate", STATUS_NO_DATA},
    {1u << M_CLICKS, 1u << M_REFUNDS, M_CLICKS, "refund_rate", STATUS_NO_DATA},
};

Test(evidence, who_can_have_reported)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		world_open(&world);
		add_ads(&world, "google_ads/1", cases[i].first);
		if (cases[i].second)
			add_ads(&world, "facebook_ads/1", cases[i].second);
		world_add(&world, &social, cases[i].cell, DAY(FIRST), 0, MICRO);
		world_flush(&world);
		struct kpi_row row = ask_row(&world, "filter=channel:display", cases[i].kpi, "");
		cr_assert_eq(row.status, cases[i].status, "case %zu: %s", i,
		             row_status_name(row.status));
		/* No orders were told of: that is no sample of 0. */
		if (row.status == STATUS_INSUFFICIENT_SAMPLE)
			cr_assert(!row.has_n && !row.has_value && row.has_numerator, "case %zu", i);
		world_close(&world);
	}
}

/* More kinds of measures than one word of a mask has bits: more than 64 sets of
 * sources. */
Test(evidence, many_kinds)
{
	struct catalog catalog = {.measure_count = 200};
	struct measure measures[200] = {{.id = NULL}};
	struct source sources[8];
	struct feed items[8];
	struct arena arena;
	struct evidence evidence;
	arena_init(&arena, 0);
	memset(sources, 0, sizeof(sources));
	catalog.measures = measures;
	/* Source s reports the measures whose number has bit s. */
	for (unsigned s = 0; s < 8; s++) {
		items[s] = (struct feed){.source = &sources[s]};
		for (unsigned m = 0; m < 200; m++)
			if (m >> s & 1)
				sources[s].published.measures[m / 64] |= (uint64_t)1 << m % 64;
	}
	struct feeds feeds = {.items = items, .count = 8};
	cr_assert_eq(evidence_read(&feeds, &catalog, &arena, &evidence), 0);
	cr_assert_eq(evidence.kind_count, 200);
	cr_assert_eq(evidence.words, 4);
	for (unsigned cell = 0; cell < 200; cell++) {
		uint64_t met[EVIDENCE_WORDS] = {0};
		unsigned kind = evidence.kinds[cell];
		met[kind / 64] = (uint64_t)1 << kind % 64;
		for (unsigned m = 0; m < 200; m++)
			cr_assert_eq(evidence_knows(&evidence, met, (uint16_t)m),
			             cell != 0 && (cell & ~m) == 0, "%u by %u", m, cell);
	}
	arena_deinit(&arena);
}

/* More sources than one word has bits: the last one counts like the first. */
Test(evidence, of_seventy_sources)
{
	struct world world;
	char name[32];
	world_open(&world);
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "ads/%d", i);
		add_ads(&world, name, 1u << M_CLICKS | 1u << M_SPEND);
	}
	world_add(&world, &search, M_CLICKS, DAY(FIRST), 0, 100);
	world_flush(&world);
	expect(&world, "filter=channel:paid_search", "spend", "", STATUS_OK, 0);
	add_ads(&world, "zz/last", 1u << M_CLICKS);
	world_flush(&world);
	expect(&world, "filter=channel:paid_search", "spend", "", STATUS_NO_DATA, 0);
	world_close(&world);
}
