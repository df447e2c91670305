/* SPDX-License-Identifier: Apache-2.0
 * When amounts are converted, and ratios to the last digit. */
#include <criterion/criterion.h>
#include <string.h>

#include "signals.h"

static const struct {
	enum query_money money;
	const char *amounts;
	bool mixed;
	bool ratio; /* money against money */
	bool converted;
	bool still_mixed;
	const char *currency;
} settled[] = {
    {MONEY_DAILY, "EUR", false, false, false, false, "EUR"},
    {MONEY_DAILY, "USD", false, false, true, false, "EUR"},
    {MONEY_DAILY, "USD", false, true, false, false, "USD"},
    {MONEY_DAILY, "USD", true, true, true, false, "EUR"},
    {MONEY_DAILY, "EUR", true, false, true, false, "EUR"},
    {MONEY_DAILY, "", false, false, false, false, ""},
    {MONEY_CONSTANT, "USD", false, false, true, false, "EUR"},
    {MONEY_AS_IS, "USD", false, false, false, false, "USD"},
    {MONEY_AS_IS, "USD", true, true, false, true, "USD"},
};

Test(side, settle)
{
	for (size_t i = 0; i < sizeof(settled) / sizeof(*settled); i++) {
		struct plan plan = {.money = settled[i].money, .currency = "EUR"};
		struct currencies seen = {.mixed = settled[i].mixed};
		strcpy(seen.of_amounts, settled[i].amounts);
		side_settle(&plan, settled[i].ratio, &seen);
		cr_assert_eq(seen.converted, settled[i].converted, "case %zu", i);
		cr_assert_eq(seen.mixed, settled[i].still_mixed, "case %zu", i);
		cr_assert_str_eq(seen.of_amounts, settled[i].currency, "case %zu", i);
	}
}

static const struct {
	int64_t mult, num, den, micros;
} quotients[] = {
    {1, 1, 3, 333333},    {1, 2, 3, 666667},
    {1, 1, 2000000, 0},   {1, 3, 2000000, 2},
    {1, -1, 3, -333333},  {1, 1, -3, -333333},
    {1, -3, 2000000, -2}, {1000, 5, 2, 2500000000},
    {100, 0, 7, 0},       {1, INT64_MAX, INT64_MAX, 1000000},
};

Test(side, ratio_micros)
{
	for (size_t i = 0; i < sizeof(quotients) / sizeof(*quotients); i++) {
		int64_t got = 0;
		cr_assert(
		    ratio_micros(quotients[i].mult, quotients[i].num, quotients[i].den, &got));
		cr_assert_eq(got, quotients[i].micros, "case %zu: %lld", i, (long long)got);
	}
	int64_t untouched = 7;
	cr_assert_not(ratio_micros(1, (i128)INT64_MAX * 1000, 1, &untouched));
	cr_assert_not(ratio_micros(1000, (i128)1 << 120, 3, &untouched));
	cr_assert_eq(untouched, 7);
}

/* Each day and currency is rounded by itself: 3 x 0.5 USD are twice 1.5. */
Test(side, converted_by_day_and_currency)
{
	struct world world;
	signals_open(&world);
	signals_source(&world, "ads/one", "spend", "2026-09-01", "2026-11-20");
	for (int i = 0; i < 2; i++) {
		const char *day = i ? "2026-10-02" : "2026-10-01";
		signals_add(&world, "country=US", "spend", "USD", day, 1, 1);
		signals_add(&world, "country=CA", "spend", "USD", day, 1, 2);
		signals_add(&world, "country=DE", "spend", "EUR", day, 1, 1000);
	}
	signals_rate(&world, "USD", "2026-10-01", INT64_C(2000000000000));
	world_flush(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-10-01&to=2026-10-02&kpi=spend"), 0);
	struct kpi_row row = world_row(&world, "spend", "", 0);
	cr_assert_eq(row.value_micros, 2004, "%lld", (long long)row.value_micros);
	cr_assert_str_eq(row.currency, "EUR");
	cr_assert(row.flags & FLAG_CARRIED_FX);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-10-01&to=2026-10-02&kpi=spend&"
	                               "by=country"),
	             0);
	row = world_row(&world, "spend", "CA", 0);
	cr_assert_eq(row.value_micros, 2, "%lld", (long long)row.value_micros);
	row = world_row(&world, "spend", "US", 0);
	cr_assert_eq(row.value_micros, 0, "half to even: %lld", (long long)row.value_micros);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-10-01&to=2026-10-10&kpi=spend&"
	                               "fx=2026-10-10"),
	             0);
	cr_assert_eq(world_row(&world, "spend", "", 0).status, STATUS_FX_MISSING);
	signals_close(&world);
}
