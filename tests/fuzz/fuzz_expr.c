/* SPDX-License-Identifier: Apache-2.0
 * An expression, as anybody may configure it. What is taken is linear over linear
 * over measures that there are; what is refused has a sentence and a place. */
#include <string.h>

#include "model/expr.h"

#define MEMORY   ((size_t)4 << 20)
#define TEXT_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct measure measures[] = {
    {.id = "clicks", .layer = LAYER_OBSERVED},
    {.id = "spend", .layer = LAYER_OBSERVED, .scale = 6, .money = true},
    {.id = "orders", .layer = LAYER_COMMERCE},
    {.id = "orders", .layer = LAYER_CLAIMED},
    {.id = "revenue", .layer = LAYER_COMMERCE, .scale = 6, .money = true},
    {.id = "followers", .layer = LAYER_OBSERVED, .kind = MEASURE_GAUGE},
    {.id = "price", .layer = LAYER_MARKET, .kind = MEASURE_GAUGE, .scale = 6, .money = true},
    {.id = "weight", .layer = LAYER_SURVEY, .scale = 6},
    {.id = "fx_rate", .layer = LAYER_MARKET, .kind = MEASURE_RATE, .scale = 12},
};
#define MEASURES (sizeof(measures) / sizeof(*measures))

/* One unit, one family of levels or sums, a mean alone, no term twice. */
static void check_linear(const struct linear *linear)
{
	for (uint32_t i = 0; i < linear->count; i++) {
		const struct term *term = &linear->terms[i];
		require(term->measure < MEASURES && term->factor_micros != 0);
		const struct measure *measure = &measures[term->measure];
		bool gauge = measure->kind == MEASURE_GAUGE;
		require(measure->kind != MEASURE_RATE && measure->layer != LAYER_SURVEY);
		require(gauge == (term->at != AT_SUM));
		require(term->at != AT_MEAN || linear->count == 1);
		const struct measure *first = &measures[linear->terms[0].measure];
		require(measure->money == first->money && measure->kind == first->kind);
		for (uint32_t j = 0; j < i; j++)
			require(linear->terms[j].measure != term->measure ||
			        linear->terms[j].at != term->at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct catalog catalog = {
	    .measures = measures, .measure_count = MEASURES, .weight = 7};
	char text[TEXT_MAX + 1];
	struct arena arena;
	struct expr expr = {.over = -2};
	struct expr_error error = {0};
	if (len > TEXT_MAX || memchr(bytes, 0, len))
		return 0;
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	arena_init(&arena, MEMORY);
	int err = expr_parse(&catalog, &arena, text, &expr, &error);
	if (err == 0) {
		require(expr.num.count > 0);
		require(expr.over == -1 ||
		        (expr.den.count > 0 && measures[expr.over].kind == MEASURE_GAUGE));
		check_linear(&expr.num);
		check_linear(&expr.den);
	} else {
		require(expr.over == -2 && error.text[0]);
		require(error.column >= 0 && (size_t)error.column <= len + 1);
	}
	arena_deinit(&arena);
	return 0;
}
