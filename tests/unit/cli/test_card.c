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

Test(card, a_line_for_each_bucket)
{
	print(HEAD "\r\n"
	           "demo,sales,upstream,spend,Spend,money,EUR,2026-11-09,2026-11-15,UTC,"
	           "1234.5,1234.5,,,,,ok,partial_bucket,7\r\n"
	           "demo,sales,upstream,spend,Spend,money,EUR,2026-11-02,2026-11-08,UTC,"
	           ",,,,,,fx_missing,,7\r\n"
	           "demo,sales,upstream,spend,Spend,money,EUR,2026-11-16,2026-11-22,UTC,"
	           ",1,,,,,no_data,,7\r\n",
	      false, false);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-02 to 2026-11-22, UTC\n"
	    "\n"
	    "  KPI, from                                  value          n\n"
	    "Sales (upstream)\n"
	    "  Spend\n"
	    "    2026-11-09                        1,234.50 EUR            part of the period\n"
	    "    2026-11-02                                   -            no exchange rate\n"
	    "    2026-11-16                                   -            no data\n"
	    "\n"
	    "No exchange rate: the source of rates does not tell one for a currency or\n"
	    "a day. --fx none shows amounts of one currency as they are.\n");
}

Test(card, each_unit_as_it_is_read)
{
	print(HEAD "\r\n"
	           "demo,market,upstream,a,Index,index,EUR,2026-11-01,2026-11-28,UTC,"
	           "103.456,1,1,,,,ok,not_final;rounded,7\r\n"
	           "demo,market,upstream,b,Score,points,EUR,2026-11-01,2026-11-28,UTC,"
	           "-12.34,1,1,1200,-15.5,-9.25,ok,rounded;late_data;not_final,7\r\n"
	           "demo,market,upstream,c,Return,ratio,EUR,2026-11-01,2026-11-28,UTC,"
	           "100,1,1,,,,ok,not_final;rounded;own_flag,7\r\n"
	           "demo,market,upstream,d,Loss,ratio,EUR,2026-11-01,2026-11-28,UTC,"
	           "-99.5,1,1,9,-1,1,insufficient_sample,not_final;rounded,7\r\n"
	           "demo,market,upstream,e,Claimed,count,EUR,2026-11-01,2026-11-28,UTC,"
	           "3.5,1,1,,,,ok,not_final;rounded,7\r\n",
	      true, false);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-01 to 2026-11-28, UTC\n"
	    "All figures: not final, rounded.\n"
	    "\n"
	    "  KPI                                        value          n\n"
	    "Market (upstream)\n"
	    "  Index                                     103.46\n"
	    "  Score                               -12.3 points      1,200 -15.5 to -9.2,\n"
	    "                                                              late events\n"
	    "  Return                                    100.00            own_flag\n"
	    "  Loss                                    -99.5000          9 sample too small,\n"
	    "                                                              -1.000 to 1.000\n"
	    "  Claimed                                     3.50\n");
}

static const char gaps[] =
    HEAD "\r\n"
         "demo,market,upstream,a,Share of the whole search,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",,,,,,no_data,,7\r\n"
         "demo,market,upstream,b,Growth of the audience,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",,,,,,no_data,,7\r\n"
         "demo,market,upstream,c,Half,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",1,4,,,,no_data,,7\r\n"
         "demo,market,upstream,d,Sentiment beyond doubt,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",,,,,,no_data,,7\r\n"
         "demo,market,upstream,e,Visits,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",,,,,,no_data,,7\r\n"
         "demo,sales,upstream,f,Orders,ratio,EUR,2026-11-01,2026-11-28,UTC,"
         ",,,,,,no_data,,7\r\n";

Test(card, what_nobody_reported_is_one_paragraph)
{
	print(gaps, true, false);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-01 to 2026-11-28, UTC\n"
	    "\n"
	    "  KPI                                        value          n\n"
	    "Market (upstream)\n"
	    "  Half                                           -            no data\n"
	    "  no data: Share of the whole search; Growth of the audience;\n"
	    "           Sentiment beyond doubt; Visits\n"
	    "Sales (upstream)\n"
	    "  no data: Orders\n");
}

Test(card, what_was_asked_by_name_has_a_line)
{
	print(gaps, true, true);
	cr_assert_stdout_eq_str(
	    "demo, 2026-11-01 to 2026-11-28, UTC\n"
	    "\n"
	    "  KPI                                        value          n\n"
	    "Market (upstream)\n"
	    "  Share of the whole search                      -            no data\n"
	    "  Growth of the audience                         -            no data\n"
	    "  Half                                           -            no data\n"
	    "  Sentiment beyond doubt                         -            no data\n"
	    "  Visits                                         -            no data\n"
	    "Sales (upstream)\n"
	    "  Orders                                         -            no data\n");
}

Test(card, labels_stand_beside_ids)
{
	print(HEAD ",country,campaign,campaign_label\r\n"
	           "demo,sales,upstream,spend,Spend,count,EUR,2026-11-01,2026-11-28,UTC,"
	           "1,1,,,,,ok,,7,DE,c1,Shoes\r\n"
	           "demo,sales,upstream,spend,Spend,count,EUR,2026-11-01,2026-11-28,UTC,"
	           "2,2,,,,,ok,,7,DE,c2,\r\n",
	      true, false);
	cr_assert_stdout_eq_str("demo, 2026-11-01 to 2026-11-28, UTC\n"
	                        "\n"
	                        "  KPI                                        value          n\n"
	                        "\n"
	                        "country: DE, campaign: c1 (Shoes)\n"
	                        "Sales (upstream)\n"
	                        "  Spend                                          1\n"
	                        "\n"
	                        "country: DE, campaign: c2\n"
	                        "Sales (upstream)\n"
	                        "  Spend                                          2\n");
}
