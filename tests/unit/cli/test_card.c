/* SPDX-License-Identifier: Apache-2.0
 * The scorecard: KPIs need not have the same groups and buckets. */
#include "cli/card.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#define HEAD                                                                                       \
	"tenant,stage,orientation,kpi,kpi_label,unit,currency,bucket_start,bucket_end,time_zone,"  \
	"value,numerator,denominator,n,ci_low,ci_high,status,flags,generation"

static void print(const char *csv, bool total, bool chosen)
{
	struct table table;
	cr_redirect_stdout();
	cr_assert_eq(table_parse(csv, strlen(csv), &table), 0);
	cr_assert_eq(card_print(&table, total, chosen), 0);
	table_deinit(&table);
	fflush(stdout);
}

Test(card, groups_of_their_own)
{
	print(HEAD ",brand\r\n"
	           "demo,market,upstream,sos,Share of search,ratio,,2026-11-01,2026-11-28,UTC,"
	           "0.5,5,10,10,,,ok,,7,acme\r\n"
	           "demo,market,upstream,sos,Share of search,ratio,,2026-11-01,2026-11-28,UTC,"
	           "0.25,2.5,10,10,,,ok,,7,birch\r\n"
	           "demo,purchase,downstream,orders,Orders,count,,2026-11-01,2026-11-28,UTC,"
	           "1200,1200,,,,,ok,not_final,7,acme\r\n",
	      true, false);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-01 to 2026-11-28, UTC\n"
	    "\n"
	    "  KPI                                        value          n\n"
	    "\n"
	    "brand: acme\n"
	    "Market (upstream)\n"
	    "  Share of search                           0.5000         10\n"
	    "Purchase (downstream)\n"
	    "  Orders                                     1,200            not final\n"
	    "\n"
	    "brand: birch\n"
	    "Market (upstream)\n"
	    "  Share of search                           0.2500         10\n");
}

Test(card, earlier_waves_show_their_days_and_intervals)
{
	print(HEAD "\r\n"
	           "demo,awareness,upstream,aided,Aided awareness,ratio,,2026-09-01,2026-09-30,UTC,"
	           "0.5,5,10,400,0.451,0.549,ok,stale_source,7\r\n"
	           "demo,awareness,upstream,clicks,Clicks,count,,2026-11-01,2026-11-28,UTC,"
	           "3,3,,,,,ok,,7\r\n"
	           "demo,awareness,upstream,spend,Spend,money,EUR,2026-11-01,2026-11-28,UTC,"
	           "3.5,3.5,,,,,ok,,7\r\n"
	           "demo,loyalty,downstream,nps,NPS,points,,2026-11-01,2026-11-28,UTC,"
	           ",,,,,,withheld,,7\r\n",
	      true, false);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-01 to 2026-11-28, UTC\n"
	    "\n"
	    "  KPI                                        value          n\n"
	    "Awareness (upstream)\n"
	    "  Aided awareness                           0.5000        400 0.451 to 0.549, of\n"
	    "                                                              2026-09-01 to\n"
	    "                                                              2026-09-30, stale\n"
	    "                                                              source\n"
	    "  Clicks                                         3\n"
	    "  Spend                                   3.50 EUR\n"
	    "Loyalty (downstream)\n"
	    "  NPS                                            -            withheld: too few\n"
	    "                                                              people\n");
}

Test(card, nothing)
{
	print(HEAD "\r\n", true, false);
	cr_assert_stdout_eq_str("Nothing was reported in this range.\n");
}
