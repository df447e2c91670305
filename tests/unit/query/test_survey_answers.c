/* SPDX-License-Identifier: Apache-2.0
 * What a KPI says of one group: bases, pooling, ratings. */
#include "query/survey.h"

#include <criterion/criterion.h>
#include <string.h>

#include "signals.h"

#define ASK "tenant=demo&from=2026-08-01&to=2026-10-31&"

/* Three months; the second counts its people ten times as heavy. */
static void fill(struct world *world)
{
	static const struct {
		const char *dims, *option, *month;
		uint32_t days, count;
		int64_t weight;
	} people[] = {
	    {"item=tracker/aided brand=Acme", "yes", "2026-08-01", 31, 30, 1000000},
	    {"item=tracker/aided brand=Acme", "no", "2026-08-01", 31, 70, 1000000},
	    {"item=tracker/consider brand=Acme", "yes", "2026-08-01", 31, 12, 1000000},
	    {"item=tracker/consider brand=Acme", "no", "2026-08-01", 31, 18, 1000000},
	    {"item=tracker/aided brand=Acme", "yes", "2026-09-01", 30, 60, 10000000},
	    {"item=tracker/aided brand=Acme", "", "2026-09-01", 30, 40, 10000000},
	    {"item=tracker/aided brand=Rival", "yes", "2026-08-01", 31, 90, 1000000},
	    {"item=nps/recommend", "9", "2026-10-01", 31, 40, 1500000},
	    {"item=nps/recommend", "8", "2026-10-01", 31, 40, 500000},
	    {"item=nps/recommend", "6", "2026-10-01", 31, 20, 1000000},
	    {"item=nps/recommend", "refused", "2026-10-01", 31, 25, 9000000},
	    {"item=csat/satisfaction", "4.5", "2026-10-01", 31, 10, 2000000},
	    {"item=csat/satisfaction", "1", "2026-10-01", 31, 10, 1000000},
	};
	signals_open(world);
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++)
		signals_people(world, people[i].dims, people[i].option, people[i].month,
		               people[i].days, people[i].count, people[i].weight);
	world_flush(world);
}

static struct survey_answer answer(struct world *world, const char *kpi, const char *range)
{
	char query[256] = "tenant=demo&kpi=";
	strcat(query, kpi);
	strcat(query, range);
	cr_assert_eq(world_ask(world, query), 0, "%s", world->error.detail);
	const struct kpi_plan *plan = &world->summary.evaluation.kpis[0];
	cr_assert_eq(plan->cells[0].status, STATUS_OK, "%s", query);
	return plan->cells[0].answer;
}

static const struct {
	const char *kpi, *range;
	uint64_t n;
	double value, n_eff;
	int64_t numerator, denominator; /* micros */
	bool rounded;
} cases[] = {
    {"aided_awareness", "&from=2026-08-01&to=2026-08-31", 100, 0.3, 100, 30000000, 100000000,
     false},
    {"aided_awareness", "&from=2026-09-01&to=2026-09-30", 100, 0.6, 100, 600000000, 1000000000,
     false},
    /* Scaled to a mean weight of 1, both months count alike. */
    {"aided_awareness", "&from=2026-08-01&to=2026-09-30", 200, 0.45, 200, 90000000, 200000000,
     true},
    {"aided_awareness", "&from=2026-08-01&to=2026-08-31&filter=brand:Rival", 90, 1, 90, 90000000,
     90000000, false},
    {"consideration_aware", "&from=2026-08-01&to=2026-08-31", 30, 0.4, 30, 12000000, 30000000,
     false},
    {"consideration_all", "&from=2026-08-01&to=2026-08-31", 100, 0.12, 100, 12000000, 100000000,
     false},
    {"brand_funnel", "&from=2026-08-01&to=2026-08-31", 30, 0.4, 30, 12000000, 30000000, false},
    /* 60 of 100 less 20 of 100; those who refused are in no part of it. */
    {"nps", "&from=2026-10-01&to=2026-10-31", 100, 40, 100.0 * 100 / (90 + 10 + 20), 40000000,
     100000000, false},
    {"csat_mean", "&from=2026-10-01&to=2026-10-31", 20, 10.0 / 3, 30.0 * 30 / 50, 100000000,
     30000000, false},
};

Test(survey, answers)
{
	struct world world;
	fill(&world);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct survey_answer got = answer(&world, cases[i].kpi, cases[i].range);
		cr_assert_eq(got.n, cases[i].n, "case %zu: %llu", i, (unsigned long long)got.n);
		cr_assert_float_eq(got.estimate.value, cases[i].value, 1e-12, "case %zu: %g", i,
		                   got.estimate.value);
		cr_assert_float_eq(got.n_eff, cases[i].n_eff, 1e-9, "case %zu: %g", i, got.n_eff);
		cr_assert_eq((int64_t)(got.numerator / NUM_MICROS), cases[i].numerator,
		             "case %zu: %lld", i, (long long)(got.numerator / NUM_MICROS));
		cr_assert_eq((int64_t)(got.denominator / NUM_MICROS), cases[i].denominator,
		             "case %zu", i);
		cr_assert_eq(got.rounded, cases[i].rounded, "case %zu", i);
		cr_assert_not(got.aggregate_only);
		bool share =
		    strcmp(cases[i].kpi, "nps") != 0 && strcmp(cases[i].kpi, "csat_mean") != 0;
		cr_assert_eq(got.method, share ? SURVEY_WILSON : SURVEY_NORMAL, "case %zu", i);
	}
	signals_close(&world);
}

Test(survey, a_vendors_table_marks_every_base)
{
	struct world world;
	fill(&world);
	signals_add(&world, "item=tracker/aided brand=Acme", "wave_tables", "", "2026-08-01", 31,
	            1);
	world_flush(&world);
	static const char *const kpis[] = {"aided_awareness", "consideration_all", "brand_funnel"};
	for (size_t i = 0; i < 3; i++)
		cr_assert(answer(&world, kpis[i], "&from=2026-08-01&to=2026-08-31").aggregate_only,
		          "%s", kpis[i]);
	cr_assert_not(
	    answer(&world, "aided_awareness", "&from=2026-09-01&to=2026-09-30").aggregate_only);
	signals_close(&world);
}

/* What lay in the waves: ordered by end, an unknown place is empty. */
Test(waves, in_order_of_time)
{
	enum { DAYS = 300 }; /* more than the tables hold at first */
	struct world world;
	fill(&world);
	for (int32_t i = 0; i < DAYS; i++) {
		char day[CIVIL_DAY_TEXT];
		civil_format_day(day, world_day("2025-06-01") + (i * 77) % DAYS);
		signals_people(&world, "item=tracker/aided brand=Acme", "yes", day, 1,
		               (uint32_t)i + 1, 1000000);
	}
	world_flush(&world);
	cr_assert_eq(world_ask(&world, ASK "kpi=aided_awareness"), 0);
	const struct catalog *catalog = &world.settings.catalog;
	uint32_t yes =
	    dict_value(partition_dict(world.partition), (uint32_t)catalog->option_dim, "yes", 3);
	const struct waves *waves = &world.summary.readings.items[0].waves;
	cr_assert_eq(waves->wave_count, DAYS + 2, "%u", waves->wave_count);
	for (uint32_t i = 1; i < waves->wave_count; i++)
		cr_assert_lt(waves->waves[i - 1].last, waves->waves[i].last);
	for (int32_t i = 0; i < DAYS; i++) {
		uint32_t place = (uint32_t)((i * 77) % DAYS);
		struct wave_sums sums = waves_get(waves, 0, place, 0, VIEW_NO_VALUE);
		cr_assert_eq((int64_t)sums.n, i + 1, "wave %u", place);
		cr_assert(sums.present);
		cr_assert_eq((int64_t)waves_get(waves, 0, place, 0, yes).n, i + 1, "wave %u",
		             place);
	}
	cr_assert_eq((int64_t)waves_get(waves, 0, DAYS + 1, 0, yes).n, 60);
	cr_assert_not(waves_get(waves, 0, 3, 0, 123456).present);
	cr_assert_not(waves_get(waves, WAVES_NO_GROUP, 3, 0, VIEW_NO_VALUE).present);
	signals_close(&world);
}
