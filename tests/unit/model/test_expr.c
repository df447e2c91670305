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
};
static struct catalog catalog = {.measures = measures,
                                 .measure_count = sizeof(measures) / sizeof(*measures)};

/* "2*spend - fees" of a linear. */
static void linear_text(char *text, size_t size, const struct linear *linear)
{
	size_t at = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < linear->count && at < size; i++) {
		const struct measure *measure = &measures[linear->terms[i].measure];
		at += (size_t)snprintf(text + at, size - at, "%s%g*%s@%.2s", i ? " + " : "",
		                       (double)linear->terms[i].factor_micros / 1e6, measure->id,
		                       layer_name(measure->layer));
	}
}

static const struct {
	const char *text, *num, *den;
} good_rows[] = {
    {"spend", "1*spend@ob", ""},
    {" ( ( spend ) ) ", "1*spend@ob", ""},
    {"spend/impressions", "1*spend@ob", "1*impressions@ob"},
    {"1000 * spend / impressions", "1000*spend@ob", "1*impressions@ob"},
    {"spend / impressions * 1000", "1000*spend@ob", "1*impressions@ob"},
    {"spend / impressions / 2", "0.5*spend@ob", "1*impressions@ob"},
    {"0.5*clicks", "0.5*clicks@ob", ""},
    {"clicks / 4", "0.25*clicks@ob", ""},
    {"-refunds", "-1*refunds@co", ""},
    {"gross_revenue - refunds", "1*gross_revenue@co + -1*refunds@co", ""},
    {"gross_revenue - (refunds - cogs)", "1*gross_revenue@co + -1*refunds@co + 1*cogs@co", ""},
    {"(gross_revenue - refunds - cogs - spend) / spend",
     "1*gross_revenue@co + -1*refunds@co + -1*cogs@co + -1*spend@ob", "1*spend@ob"},
    {"spend + spend", "2*spend@ob", ""},
    {"3*(spend + 2*fees) - fees", "3*spend@ob + 5*fees@ob", ""},
    {"spend + fees - spend", "1*fees@ob", ""},
    {"conversions / clicks", "1*conversions@cl", "1*clicks@ob"},
    {"conversions@claimed / orders", "1*conversions@cl", "1*orders@co"},
    {"conversions + orders@claimed", "1*conversions@cl + 1*orders@cl", ""},
    {"(1 + 2) * 2 * spend", "6*spend@ob", ""},
    {"2 / 4 * spend", "0.5*spend@ob", ""},
    {"- - spend", "1*spend@ob", ""},
    {"spend /\n\t(impressions)", "1*spend@ob", "1*impressions@ob"},
};

Test(expr, accepts)
{
	for (size_t i = 0; i < sizeof(good_rows) / sizeof(*good_rows); i++) {
		struct arena arena = {0};
		struct linear num = {0}, den = {0};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, good_rows[i].text, &num, &den, &error);
		cr_assert_eq(err, 0, "%s: column %d: %s", good_rows[i].text, error.column,
		             error.text);
		char text[256];
		linear_text(text, sizeof(text), &num);
		cr_assert_str_eq(text, good_rows[i].num, "%s: %s", good_rows[i].text, text);
		linear_text(text, sizeof(text), &den);
		cr_assert_str_eq(text, good_rows[i].den, "%s: %s", good_rows[i].text, text);
		arena_deinit(&arena);
	}
}

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
    {"spend / clicks / impressions", 16, "an expression has one division, at the top"},
    {"spend / (clicks / impressions)", 7, "an expression has one division, at the top"},
    {"spend / clicks * impressions", 16, "two measures cannot be multiplied"},
    {"spend * clicks", 7, "two measures cannot be multiplied"},
    {"1 / spend", 3, "a number cannot be divided by a measure"},
    {"spend / 0", 7, "division by 0"},
    {"0 * spend", 3, "a factor of 0 leaves nothing"},
    {"spend / 3", 7, "this factor has no exact value with six decimals"},
    {"spend / (clicks - clicks)", 17, "the terms cancel out, nothing is left"},
    {"9000000000000 * spend + 9000000000000 * spend", 23, "a factor does not fit 64 bits"},
    {"9000000000000 * 9000000000000 * spend", 15,
     "this factor has no exact value with six decimals"},
};

Test(expr, refuses_and_names_the_place)
{
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(*bad_rows); i++) {
		struct arena arena = {0};
		struct linear num = {0}, den = {0};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, bad_rows[i].text, &num, &den, &error);
		cr_assert_eq(err, ERR_CONFIG, "%s", bad_rows[i].text);
		cr_assert_str_eq(error.text, bad_rows[i].error, "%s: %s", bad_rows[i].text,
		                 error.text);
		cr_assert_eq(error.column, bad_rows[i].column, "%s: %d", bad_rows[i].text,
		             error.column);
		cr_assert(num.count == 0 && den.count == 0);
		arena_deinit(&arena);
	}
}

Test(expr, depth_and_length_are_bounded)
{
	struct arena arena = {0};
	struct linear num = {0}, den = {0};
	struct expr_error error = {0};
	char text[2000];
	memset(text, '(', 900);
	strcpy(text + 900, "spend");
	cr_assert_eq(expr_parse(&catalog, &arena, text, &num, &den, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "this is nested too deeply");
	memset(text, '-', 900);
	cr_assert_eq(expr_parse(&catalog, &arena, text, &num, &den, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "this is nested too deeply");
	memset(text, ' ', 1500);
	strcpy(text + 1500, "spend");
	cr_assert_eq(expr_parse(&catalog, &arena, text, &num, &den, &error), ERR_CONFIG);
	cr_assert_eq(error.column, 0);
	arena_deinit(&arena);
}

/* Whatever the bytes, an answer: the sanitizer build watches. */
Test(expr, random_text_does_no_harm)
{
	static const char *const words[] = {
	    "spend", "orders", "clicks@claimed", "1.5", "(", ")", "+", "-", "*", "/", " ", "@"};
	uint32_t state = 1;
	unsigned accepted = 0;
	for (int i = 0; i < 20000; i++) {
		char text[256] = "";
		for (int j = 0; j <= i % 8; j++) {
			state = state * 1664525u + 1013904223u;
			strcat(text, words[(state >> 16) % 12]);
		}
		struct arena arena = {0};
		struct linear num = {0}, den = {0};
		struct expr_error error = {0};
		int err = expr_parse(&catalog, &arena, text, &num, &den, &error);
		cr_assert(err == 0 || err == ERR_CONFIG);
		cr_assert((err == 0) == (num.count > 0));
		cr_assert(error.column <= (int)strlen(text) + 1);
		accepted += err == 0;
		arena_deinit(&arena);
	}
	cr_assert_gt(accepted, 0);
}
