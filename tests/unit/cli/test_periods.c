/* SPDX-License-Identifier: Apache-2.0
 * Periods out of the CSV of /v1/slices. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "cli/periods.h"

#define HEAD "report,from,to,rows,measure,layer,currency,measure_rows,sum\r\n"

static int32_t day(const char *text)
{
	int32_t found = 0;
	cr_assert_eq(civil_parse_day(text, strlen(text), &found), 0);
	return found;
}

Test(periods, lines_of_one_period_belong_together)
{
	static const char csv[] = HEAD "a,2026-11-02,2026-11-02,12,clicks,observed,,12,30\r\n"
	                               "a,2026-11-02,2026-11-02,12,spend,observed,EUR,7,1.5\r\n"
	                               "a,2026-11-02,2026-11-08,1,clicks,observed,,1,4\r\n"
	                               "b,2026-11-02,2026-11-08,3,price,market,EUR,3,\r\n";
	static const struct {
		const char *report, *first, *last;
		uint64_t rows;
		size_t first_line, lines;
	} expected[] = {{"a", "2026-11-02", "2026-11-02", 12, 0, 2},
	                {"a", "2026-11-02", "2026-11-08", 1, 2, 1},
	                {"b", "2026-11-02", "2026-11-08", 3, 3, 1}};
	struct periods periods;
	cr_assert_eq(periods_parse(csv, strlen(csv), &periods), 0);
	cr_assert_eq(periods.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < periods.count; i++) {
		const struct period *found = &periods.items[i];
		cr_assert_str_eq(found->report, expected[i].report);
		cr_assert_eq(found->first_day, day(expected[i].first), "period %zu", i);
		cr_assert_eq(found->last_day, day(expected[i].last), "period %zu", i);
		cr_assert_eq(found->rows, expected[i].rows, "period %zu", i);
		cr_assert_eq(found->first_line, expected[i].first_line, "period %zu", i);
		cr_assert_eq(found->lines, expected[i].lines, "period %zu", i);
		cr_assert_eq(periods_find(&periods, found), found, "period %zu", i);
	}
	struct period other = periods.items[0];
	other.report = "c";
	cr_assert_null(periods_find(&periods, &other));
	periods_deinit(&periods);
}

Test(periods, what_is_no_table_of_periods)
{
	static const char *const rows[] = {
	    HEAD "a,2026-11-31,2026-12-01,1,clicks,observed,,1,4\r\n",
	    HEAD "a,2026-11-02,,1,clicks,observed,,1,4\r\n",
	    HEAD ",2026-11-02,2026-11-02,1,clicks,observed,,1,4\r\n",
	    "source,class\r\nads/1,report\r\n",
	    HEAD "a,2026-11-02\r\n",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct periods periods;
		cr_assert_eq(periods_parse(rows[i], strlen(rows[i]), &periods), ERR_MALFORMED,
		             "case %zu", i);
		periods_deinit(&periods);
	}
	struct periods none;
	cr_assert_eq(periods_parse(HEAD, strlen(HEAD), &none), 0);
	cr_assert_eq(none.count, 0);
	periods_deinit(&none);
}

Test(periods, within_a_range)
{
	static const struct {
		int32_t first, last;
		bool within;
	} rows[] = {
	    {10, 16, true}, {9, 17, true}, {11, 16, false}, {10, 15, false}, {12, 13, false}};
	const struct period week = {.first_day = 10, .last_day = 16};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_assert_eq(period_within(&week, rows[i].first, rows[i].last), rows[i].within,
		             "case %zu", i);
}

/* Sums wrap below the first one; what has no sum tells its rows. */
Test(periods, printed, .init = cr_redirect_stdout)
{
	static const char csv[] =
	    HEAD "weekly,2026-11-02,2026-11-08,1234,impressions,observed,,1234,123456789\r\n"
	         "weekly,2026-11-02,2026-11-08,1234,spend,observed,EUR,1234,0.5\r\n"
	         "weekly,2026-11-02,2026-11-08,1234,price_of_competitors,market,EUR,2,\r\n"
	         "a_report_with_a_very_long_name,2026-11-02,2026-11-02,1,clicks,observed,,1,7\r\n";
	struct periods periods;
	cr_assert_eq(periods_parse(csv, strlen(csv), &periods), 0);
	for (size_t i = 0; i < periods.count; i++)
		period_print(&periods, &periods.items[i]);
	periods_deinit(&periods);
	(void)fflush(stdout);
	cr_assert_stdout_eq_str(
	    "  weekly               2026-11-02 to 2026-11-08     1,234  impressions 123456789, "
	    "spend 0.5 EUR,\n"
	    "                                                           price_of_competitors in 2 "
	    "EUR\n"
	    "  a_report_with_a_very_long_name\n"
	    "                       2026-11-02                       1  clicks 7\n");
}
