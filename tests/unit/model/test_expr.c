/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/expr.h"

static struct measure measures[] = {
    {.id = "impressions", .layer = LAYER_OBSERVED, .scale = 0, .money = false},
    {.id = "clicks", .layer = LAYER_OBSERVED, .scale = 0, .money = false},
    {.id = "spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    {.id = "fees", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    {.id = "conversions", .layer = LAYER_CLAIMED, .scale = 6, .money = false},
    {.id = "conversion_value", .layer = LAYER_CLAIMED, .scale = 6, .money = true},
    {.id = "orders", .layer = LAYER_COMMERCE, .scale = 0, .money = false},
    {.id = "gross_revenue", .layer = LAYER_COMMERCE, .scale = 6, .money = true},
    {.id = "refunds", .layer = LAYER_COMMERCE, .scale = 6, .money = true},
    {.id = "cogs", .layer = LAYER_COMMERCE, .scale = 6, .money = true},
    {.id = "orders", .layer = LAYER_CLAIMED, .scale = 0, .money = false},
    {.id = "followers", .layer = LAYER_OBSERVED, .kind = MEASURE_GAUGE},
    {.id = "list_size", .layer = LAYER_OBSERVED, .kind = MEASURE_GAUGE},
    {.id = "price", .layer = LAYER_MARKET, .kind = MEASURE_GAUGE, .scale = 6, .money = true},
    {.id = "units", .layer = LAYER_COMMERCE},
    {.id = "start", .layer = LAYER_OBSERVED},
    {.id = "weight", .layer = LAYER_SURVEY, .scale = 6},
    {.id = "fx_rate", .layer = LAYER_MARKET, .kind = MEASURE_RATE, .scale = 12},
};
static struct catalog catalog = {
    .weight = 16, .measures = measures, .measure_count = sizeof(measures) / sizeof(*measures)};

/* "2*spend - fees" of a linear. */
static void linear_text(char *text, size_t size, const struct linear *linear)
{
	size_t at = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < linear->count && at < size; i++) {
		const struct measure *measure = &measures[linear->terms[i].measure];
		static const char *const ats[] = {
		    [AT_SUM] = "", [AT_LAST] = "last ", [AT_START] = "start ", [AT_MEAN] = "mean "};
		at += (size_t)snprintf(text + at, size - at, "%s%g*%s%s@%.2s", i ? " + " : "",
		                       (double)linear->terms[i].factor_micros / 1e6,
		                       ats[linear->terms[i].at], measure->id,
		                       layer_name(measure->layer));
	}
}

static const struct {
	const char *text, *num, *den, *over;
} good_rows[] = {
    {"spend", "1*spend@ob", "", NULL},
    {" ( ( spend ) ) ", "1*spend@ob", "", NULL},
    {"spend/impressions", "1*spend@ob", "1*impressions@ob", NULL},
    {"1000 * spend / impressions", "1000*spend@ob", "1*impressions@ob", NULL},
    {"spend / impressions * 1000", "1000*spend@ob", "1*impressions@ob", NULL},
    {"spend / impressions / 2", "0.5*spend@ob", "1*impressions@ob", NULL},
    {"0.5*clicks", "0.5*clicks@ob", "", NULL},
    {"clicks / 4", "0.25*clicks@ob", "", NULL},
    {"-refunds", "-1*refunds@co", "", NULL},
    {"gross_revenue - refunds", "1*gross_revenue@co + -1*refunds@co", "", NULL},
    {"gross_revenue - (refunds - cogs)", "1*gross_revenue@co + -1*refunds@co + 1*cogs@co", "",
     NULL},
    {"(gross_revenue - refunds - cogs - spend) / spend",
     "1*gross_revenue@co + -1*refunds@co + -1*cogs@co + -1*spend@ob", "1*spend@ob", NULL},
    {"spend + spend", "2*spend@ob", "", NULL},
    {"3*(spend + 2*fees) - fees", "3*spend@ob + 5*fees@ob", "", NULL},
    {"spend + fees - spend", "1*fees@ob", "", NULL},
    {"conversions / clicks", "1*conversions@cl", "1*clicks@ob", NULL},
    {"conversions@claimed / orders", "1*conversions@cl", "1*orders@co", NULL},
    {"conversions + orders@claimed", "1*conversions@cl + 1*orders@cl", "", NULL},
    {"(1 + 2) * 2 * spend", "6*spend@ob", "", NULL},
    {"2 / 4 * spend", "0.5*spend@ob", "", NULL},
    {"- - spend", "1*spend@ob", "", NULL},
    {"spend /\n\t(impressions)", "1*spend@ob", "1*impressions@ob", NULL},
    {"followers", "1*last followers@ob", "", NULL},
    {"start(followers)", "1*start followers@ob", "", NULL},
    {"mean ( price@market )", "1*mean price@ma", "", NULL},
    {"2 * (followers + list_size)", "2*last followers@ob + 2*last list_size@ob", "", NULL},
    {"followers - start(followers)", "1*last followers@ob + -1*start followers@ob", "", NULL},
    {"followers + followers", "2*last followers@ob", "", NULL},
    {"clicks / start(followers)", "1*clicks@ob", "1*start followers@ob", NULL},
    {"(gross_revenue - refunds) / units / mean(price)", "1*gross_revenue@co + -1*refunds@co",
     "1*units@co", "price"},
    {"100 * (gross_revenue / units / mean(price)) * 2", "200*gross_revenue@co", "1*units@co",
     "price"},
    {"gross_revenue / units / (0.5 * mean(price))", "2*gross_revenue@co", "1*units@co", "price"},
    {"gross_revenue / mean(price)", "1*gross_revenue@co", "1*mean price@ma", NULL},
    {"start / clicks", "1*start@ob", "1*clicks@ob", NULL},
};

Test(expr, accepts)
{
	for (size_t i = 0; i < sizeof(good_rows) / sizeof(*good_rows); i++) {
		struct arena arena = {0};
		struct expr expr = {.over = -7};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, good_rows[i].text, &expr, &error);
		cr_assert_eq(err, 0, "%s: column %d: %s", good_rows[i].text, error.column,
		             error.text);
		char text[256];
		linear_text(text, sizeof(text), &expr.num);
		cr_assert_str_eq(text, good_rows[i].num, "%s: %s", good_rows[i].text, text);
		linear_text(text, sizeof(text), &expr.den);
		cr_assert_str_eq(text, good_rows[i].den, "%s: %s", good_rows[i].text, text);
		cr_assert_eq(expr.over < 0, good_rows[i].over == NULL, "%s", good_rows[i].text);
		if (good_rows[i].over)
			cr_assert_str_eq(measures[expr.over].id, good_rows[i].over);
		else
			cr_assert_eq(expr.over, -1);
		arena_deinit(&arena);
	}
}

#define ONE_DIVISION                                                                               \
	"an expression has one division, at the top; `/ mean(gauge)` alone may follow it, once"

static const struct {
	const char *text;
	int column;
	const char *error;
} bad_rows[] = {
    {"", 1, "the expression ends where a measure or number is expected"},
    {"spend +", 8, "the expression ends where a measure or number is expected"},
    {"spend / spent", 9, "unknown measure `spent`"},
    {"spend@claimed", 1, "the measure `spend` is not known in the layer `claimed`"},
    {"spend@", 1, "the measure `spend` is not known in the layer ``"},
    {"spent@claimed", 1, "unknown measure `spent@claimed`"},
    {"(spend", 7, "a `)` is missing"},
    {"spend)", 6, "an operator is expected here"},
    {"spend clicks", 7, "an operator is expected here"},
    {"spend ^ 2", 7, "an operator is expected here"},
    {"Spend", 1, "a measure, a number or `(` is expected here"},
    {"* spend", 1, "a measure, a number or `(` is expected here"},
    {"42", 0, "the expression names no measure"},
    {"1.2.3 * spend", 1, "this is not a number with at most six decimals"},
    {"0.0000001 * spend", 1, "this is not a number with at most six decimals"},
    {"2x * spend", 1, "this is not a number with at most six decimals"},
    {"spend + impressions", 7,
     "`spend` (money) and `impressions` (count) cannot be added: a sum is all money or all counts"},
    {"clicks / (orders + conversions)", 18,
     "`orders` (commerce) and `conversions` (claimed) cannot be added: layers do not mix in one "
     "sum"},
    {"orders + clicks", 8,
     "`orders` (commerce) and `clicks` (observed) cannot be added: layers do not mix in one sum"},
    {"conversion_value - spend", 18,
     "`conversion_value` (claimed) and `spend` (observed) cannot be added: layers do not mix in "
     "one "
     "sum"},
    {"spend + 1", 7, "a number and a measure cannot be added"},
    {"spend / clicks + spend", 16,
     "a quotient cannot be part of a sum: write one division, at the top"},
    {"spend / clicks / impressions", 16, ONE_DIVISION},
    {"spend / (clicks / impressions)", 7, ONE_DIVISION},
    {"spend / clicks * impressions", 16, "two measures cannot be multiplied"},
    {"spend * clicks", 7, "two measures cannot be multiplied"},
    {"1 / spend", 3, "a number cannot be divided by a measure"},
    {"spend / 0", 7, "division by 0"},
    {"0 * spend", 3, "a factor of 0 leaves nothing"},
    {"spend / 3", 7, "this factor has no exact value with six decimals"},
    {"spend / (clicks - clicks)", 17, "the terms cancel out, nothing is left"},
    {"9000000000000 * spend + 9000000000000 * spend", 23, "a factor does not fit 64 bits"},
    {"clicks + followers", 8,
     "`clicks` (a sum) and `followers` (a gauge) cannot be added: a level is not a sum"},
    {"start(followers) - clicks", 18,
     "`followers` (a gauge) and `clicks` (a sum) cannot be added: a level is not a sum"},
    {"mean(followers) - followers", 17,
     "mean(followers) stands alone: a mean is not part of a sum"},
    {"followers + price", 11,
     "`followers` (count) and `price` (money) cannot be added: a sum is all money or all counts"},
    {"start(clicks)", 7, "start() takes a gauge, and `clicks` is none"},
    {"mean(fx_rate)", 6, "mean() takes a gauge, and `fx_rate` is none"},
    {"mean(2)", 6, "mean() takes the name of a gauge"},
    {"mean()", 6, "mean() takes the name of a gauge"},
    {"mean(follower)", 6, "unknown measure `follower`"},
    {"mean(followers", 15, "a `)` is missing: mean() takes one gauge"},
    {"mean(followers + list_size)", 16, "a `)` is missing: mean() takes one gauge"},
    {"mean", 1, "unknown measure `mean`"},
    {"last(followers)", 1, "unknown measure `last`"},
    {"followers(clicks)", 10, "an operator is expected here"},
    {"gross_revenue / units / price", 23, ONE_DIVISION},
    {"gross_revenue / units / start(price)", 23, ONE_DIVISION},
    {"gross_revenue / units / mean(price) / mean(price)", 37, ONE_DIVISION},
    {"gross_revenue / mean(price) / units", 29, ONE_DIVISION},
    {"gross_revenue / units / mean(price) + 1", 37,
     "a quotient cannot be part of a sum: write one division, at the top"},
    {"gross_revenue / units / (3 * mean(price))", 23,
     "this factor has no exact value with six decimals"},
    {"spend * fx_rate", 9, "`fx_rate` is an exchange rate: money is converted by itself"},
    {"weight / units", 1,
     "`weight` belongs to survey answers: a KPI of them has `survey`, not `expr`"},
    {"9000000000000 * 9000000000000 * spend", 15,
     "this factor has no exact value with six decimals"},
};

Test(expr, refuses_and_names_the_place)
{
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(*bad_rows); i++) {
		struct arena arena = {0};
		struct expr expr = {.over = -7};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, bad_rows[i].text, &expr, &error);
		cr_assert_eq(err, ERR_CONFIG, "%s", bad_rows[i].text);
		cr_assert_str_eq(error.text, bad_rows[i].error, "%s: %s", bad_rows[i].text,
		                 error.text);
		cr_assert_eq(error.column, bad_rows[i].column, "%s: %d", bad_rows[i].text,
		             error.column);
		cr_assert(expr.num.count == 0 && expr.den.count == 0 && expr.over == -7);
		arena_deinit(&arena);
	}
}

Test(expr, depth_and_length_are_bounded)
{
	struct arena arena = {0};
	struct expr expr = {0};
	struct expr_error error = {0};
	char text[2000];
	memset(text, '(', 900);
	strcpy(text + 900, "spend");
	cr_assert_eq(expr_parse(&catalog, &arena, text, &expr, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "this is nested too deeply");
	memset(text, '-', 900);
	cr_assert_eq(expr_parse(&catalog, &arena, text, &expr, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "this is nested too deeply");
	memset(text, ' ', 1500);
	strcpy(text + 1500, "spend");
	cr_assert_eq(expr_parse(&catalog, &arena, text, &expr, &error), ERR_CONFIG);
	cr_assert_eq(error.column, 0);
	arena_deinit(&arena);
}

/* Whatever the bytes, an answer: the sanitizer build watches. */
Test(expr, random_text_does_no_harm)
{
	static const char *const words[] = {"spend",      "orders",    "clicks@claimed",
	                                    "1.5",        "(",         ")",
	                                    "+",          "-",         "*",
	                                    "/",          " ",         "@",
	                                    "mean(",      "followers", "start(",
	                                    "mean(price)"};
	uint32_t state = 1;
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		char text[256] = "";
		for (int j = 0; j <= i % 8; j++) {
			state = state * 1664525u + 1013904223u;
			strcat(text, words[(state >> 16) % 16]);
		}
		struct arena arena = {0};
		struct expr expr = {0};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, text, &expr, &error);
		cr_assert(err == 0 || err == ERR_CONFIG);
		cr_assert((err == 0) == (expr.num.count > 0));
		cr_assert(error.column <= (int)strlen(text) + 1);
		accepted += err == 0;
		arena_deinit(&arena);
	}
	cr_assert_gt(accepted, 0);
}
