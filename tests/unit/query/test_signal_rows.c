/* SPDX-License-Identifier: Apache-2.0
 * Rows of shares, splits and surveys; tags that change with what they show. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "signals.h"

#define ASK "tenant=demo&from=2026-10-01&to=2026-10-31&"

static void fill(struct world *world)
{
	signals_open(world);
	struct source *source = signals_source(
	    world, "market/one", "searches competitor_spend spend", "2026-08-01", "2026-11-20");
	world_complete(source, world_day("2026-08-01"), WORLD_TODAY - 1);
	signals_add(world, "brand=Acme", "searches", "", "2026-10-05", 1, 300);
	signals_add(world, "brand=Rival", "searches", "", "2026-10-05", 1, 700);
	signals_add(world, "brand=Rival", "searches", "", "2026-10-06", 1, 1000);
	/* Of no brand that is named: a part of the whole, and nobody's share. */
	signals_add(world, "", "searches", "", "2026-10-05", 1, 500);
	signals_campaign(world, "google_ads:a", "film", "BRAND");
	signals_campaign(world, "google_ads:b", "generic search", NULL);
	signals_add(world, "channel=tv campaign=google_ads:a", "spend", "EUR", "2026-10-05", 1, 30);
	signals_add(world, "channel=tv campaign=google_ads:b", "spend", "EUR", "2026-10-05", 1, 70);
	signals_add(world, "channel=print campaign=google_ads:c", "spend", "EUR", "2026-10-05", 1,
	            900);
	static const struct {
		const char *segment;
		uint32_t yes, no;
	} people[] = {{"young", 60, 60}, {"middle", 20, 8}, {"old", 4, 5}, {"older", 1, 2}};
	char dims[128];
	for (size_t i = 0; i < 4; i++) {
		snprintf(dims, sizeof(dims), "item=tracker/aided brand=Acme segment=%s",
		         people[i].segment);
		signals_people(world, dims, "yes", "2026-09-01", 30, people[i].yes, 1000000);
		signals_people(world, dims, "no", "2026-09-01", 30, people[i].no, 1000000);
		signals_people(world, dims, "yes", "2026-10-01", 31, people[i].yes, 1000000);
	}
	world_flush(world);
}

static struct kpi_row ask(struct world *world, const char *query, const char *kpi,
                          const char *group, uint32_t bucket)
{
	char text[256] = "";
	if (!strstr(query, "from="))
		strcat(text, ASK);
	else
		strcat(text, "tenant=demo&");
	strcat(text, query);
	cr_assert_eq(world_ask(world, text), 0, "%s: %s", text, world->error.detail);
	return world_row(world, kpi, group, bucket);
}

static const struct {
	const char *query, *kpi, *group;
	uint32_t bucket;
	enum row_status status;
	double value;
	unsigned flags; /* of those below */
} rows[] = {
    {"kpi=share_of_search", "share_of_search", "", 0, STATUS_OK, 0.12, 0},
    {"kpi=share_of_search&by=brand", "share_of_search", "Rival", 0, STATUS_OK, 0.68, 0},
    {"kpi=share_of_search&filter=brand:Rival", "share_of_search", "", 0, STATUS_OK, 0.68, 0},
    {"kpi=share_of_search&grain=day", "share_of_search", "", 4, STATUS_OK, 0.2, 0},
    /* Nothing of the brand on a complete day is a share of 0. */
    {"kpi=share_of_search&grain=day", "share_of_search", "", 5, STATUS_OK, 0, 0},
    {"kpi=share_of_search&grain=day", "share_of_search", "", 6, STATUS_NO_DATA, 0, 0},
    {"kpi=share_of_search&filter=brand:Nobody", "share_of_search", "", 0, STATUS_NO_DATA, 0, 0},
    {"kpi=esov", "esov", "", 0, STATUS_NO_DATA, 0, 0},
    {"kpi=upstream_share", "upstream_share", "", 0, STATUS_OK, 0.3, FLAG_UNCLASSIFIED},
    {"kpi=upstream_share&filter=channel:tv", "upstream_share", "", 0, STATUS_OK, 0.3, 0},
    {"kpi=upstream_share&filter=channel:print", "upstream_share", "", 0, STATUS_NO_DATA, 0,
     FLAG_UNCLASSIFIED},
    {"kpi=upstream_share&by=channel", "upstream_share", "tv", 0, STATUS_OK, 0.3, 0},
    {"kpi=spend&by=campaign_orientation", "spend", "unclassified", 0, STATUS_OK, 0.0009,
     FLAG_UNCLASSIFIED},
    {"kpi=spend&by=campaign_orientation", "spend", "upstream", 0, STATUS_OK, 0.00003, 0},
    {"kpi=spend&by=campaign_stage", "spend", "awareness", 0, STATUS_OK, 0.00003, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30", "aided_awareness", "", 0, STATUS_OK,
     85.0 / 160, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-10-31", "aided_awareness", "", 0, STATUS_OK,
     170.0 / 245, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&by=segment", "aided_awareness", "young", 0,
     STATUS_OK, 0.5, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&by=segment", "aided_awareness", "old", 0,
     STATUS_WITHHELD, 0, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&by=segment", "aided_awareness", "older", 0,
     STATUS_WITHHELD, 0, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&filter=segment:old", "aided_awareness", "",
     0, STATUS_WITHHELD, 0, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&by=option", "aided_awareness", "yes", 0,
     STATUS_OK, 85.0 / 160, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&by=option", "aided_awareness", "no", 0,
     STATUS_NO_DATA, 0, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&filter=option:no", "aided_awareness", "", 0,
     STATUS_NO_DATA, 0, 0},
    {"kpi=aided_awareness&from=2026-09-01&to=2026-09-30&filter=item:nps/recommend",
     "aided_awareness", "", 0, STATUS_NO_DATA, 0, 0},
    {"kpi=pain_share", "pain_share", "", 0, STATUS_NO_DATA, 0, 0},
    {"kpi=nps&filter=option:9", "nps", "", 0, STATUS_NO_DATA, 0, 0},
    {"kpi=aided_awareness&grain=hour&from=2026-10-31&to=2026-10-31", "aided_awareness", "", 3,
     STATUS_COARSER_THAN_GRAIN, 0, 0},
    {"kpi=aided_awareness&grain=wave&from=2026-09-30&to=2026-10-31", "aided_awareness", "", 0,
     STATUS_OK, 85.0 / 160, 0},
    {"kpi=aided_awareness&grain=wave&from=2026-09-30&to=2026-10-31", "aided_awareness", "", 1,
     STATUS_INSUFFICIENT_SAMPLE, 1, 0},
};

Test(signals, rows)
{
	struct world world;
	fill(&world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kpi_row row =
		    ask(&world, rows[i].query, rows[i].kpi, rows[i].group, rows[i].bucket);
		cr_assert_eq(row.status, rows[i].status, "case %zu: %s", i,
		             row_status_name(row.status));
		cr_assert_eq(row.flags & FLAG_UNCLASSIFIED, rows[i].flags, "case %zu", i);
		bool shown = row.status == STATUS_OK || row.status == STATUS_INSUFFICIENT_SAMPLE;
		cr_assert_eq(row.has_value, shown, "case %zu", i);
		if (shown)
			cr_assert_float_eq(row.value, rows[i].value, 1e-12, "case %zu: %g", i,
			                   row.value);
		if (row.status == STATUS_WITHHELD)
			cr_assert_not(row.has_n || row.has_n_eff || row.has_interval ||
			                  row.has_numerator || row.has_denominator,
			              "case %zu", i);
	}
	signals_close(&world);
}

/* Without complementary suppression only the small ones go; with it also the next. */
Test(signals, complementary)
{
	static const char range[] = "kpi=aided_awareness&from=2026-10-01&to=2026-10-31&by=segment";
	struct world world;
	fill(&world);
	/* In October: young 60, middle 20, old 4, older 1. Five people are too few. */
	cr_assert_eq(ask(&world, range, "aided_awareness", "middle", 0).status, STATUS_WITHHELD);
	cr_assert_neq(ask(&world, range, "aided_awareness", "young", 0).status, STATUS_WITHHELD);
	world.settings.privacy.complementary = false;
	cr_assert_neq(ask(&world, range, "aided_awareness", "middle", 0).status, STATUS_WITHHELD);
	cr_assert_eq(ask(&world, range, "aided_awareness", "old", 0).status, STATUS_WITHHELD);
	signals_close(&world);
}

Test(signals, the_newest_earlier_wave)
{
	struct world world;
	fill(&world);
	struct kpi_row row = ask(&world, "kpi=aided_awareness&from=2026-11-01&to=2026-11-02",
	                         "aided_awareness", "", 0);
	cr_assert_eq(row.bucket.first_day, world_day("2026-10-01"));
	cr_assert_eq(row.bucket.last_day, world_day("2026-10-31"));
	cr_assert_eq(row.n, 85);
	cr_assert_not(row.flags & FLAG_STALE_SOURCE);
	row = ask(&world, "kpi=aided_awareness&from=2026-11-01&to=2026-11-20", "aided_awareness",
	          "", 0);
	cr_assert(row.flags & FLAG_STALE_SOURCE, "no survey source is known: a day's cadence");
	/* A wave that still runs at the range's end is not over. */
	row = ask(&world, "kpi=aided_awareness&from=2026-10-05&to=2026-10-30", "aided_awareness",
	          "", 0);
	cr_assert_eq(row.bucket.last_day, world_day("2026-09-30"));
	cr_assert_eq(row.n, 160);
	/* Days to come make nothing stale. */
	world.now_us = zone_day_start(world.settings.tenants[0].zone, world_day("2026-11-02"));
	row = ask(&world, "kpi=aided_awareness&from=2026-11-01&to=2026-12-31", "aided_awareness",
	          "", 0);
	cr_assert_not(row.flags & FLAG_STALE_SOURCE);
	/* One that began more than 400 days before is forgotten. */
	row = ask(&world, "kpi=aided_awareness&from=2028-01-01&to=2028-01-31", "aided_awareness",
	          "", 0);
	cr_assert_eq(row.status, STATUS_NO_DATA);
	signals_close(&world);
}

static void tag_of(struct world *world, const char *query, char tag[ETAG_TEXT])
{
	char text[256] = ASK;
	strcat(text, query);
	cr_assert_eq(world_ask(world, text), 0, "%s", text);
	summary_etag(&world->plan, world->partition, "0123456789abcdef", "owner", FORMAT_JSON, tag);
}

/* What each answer depends on, and what it does not. */
Test(signals, tags)
{
	static const struct {
		const char *query;
		bool response, rate, label;
	} cases[] = {
	    {"kpi=aided_awareness", true, false, false},
	    {"kpi=spend", false, true, false},
	    {"kpi=spend&by=campaign_stage", false, true, true},
	    {"kpi=upstream_share", false, true, true},
	};
	struct world world;
	fill(&world);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char before[ETAG_TEXT];
		char after[ETAG_TEXT];
		tag_of(&world, cases[i].query, before);
		tag_of(&world, cases[i].query, after);
		cr_assert_str_eq(before, after, "%s", cases[i].query);
		signals_people(&world, "item=tracker/aided brand=Acme", "yes", "2026-10-01", 31, 1,
		               1000000);
		world_flush(&world);
		tag_of(&world, cases[i].query, after);
		cr_assert_eq(strcmp(before, after) != 0, cases[i].response, "%s", cases[i].query);
		tag_of(&world, cases[i].query, before);
		signals_rate(&world, "USD", "2026-10-05", 1000 + (int64_t)i);
		world_flush(&world);
		tag_of(&world, cases[i].query, after);
		cr_assert_eq(strcmp(before, after) != 0, cases[i].rate, "%s", cases[i].query);
		tag_of(&world, cases[i].query, before);
		char name[16];
		snprintf(name, sizeof(name), "name %zu", i);
		partition_label(world.partition,
		                dict_value(partition_dict(world.partition),
		                           (uint32_t)world.settings.catalog.campaign_dim,
		                           "google_ads:c", strlen("google_ads:c")),
		                name, strlen(name), WORLD_NOW + 1 + (int64_t)i);
		world_flush(&world);
		tag_of(&world, cases[i].query, after);
		cr_assert_eq(strcmp(before, after) != 0, cases[i].label, "%s", cases[i].query);
	}
	char plain[ETAG_TEXT];
	char other[ETAG_TEXT];
	tag_of(&world, "kpi=spend", plain);
	static const char *const others[] = {"kpi=spend&currency=USD", "kpi=spend&fx=none",
	                                     "kpi=spend&fx=2026-10-01"};
	for (size_t i = 0; i < 3; i++) {
		tag_of(&world, others[i], other);
		cr_assert_str_neq(plain, other, "%s", others[i]);
	}
	signals_close(&world);
}
