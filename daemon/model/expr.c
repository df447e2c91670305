/* SPDX-License-Identifier: Apache-2.0 */
#include "model/expr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define TEXT_MAX  1000 /* bytes of an expression */
#define DEPTH_MAX 32   /* of parentheses and signs */

/* What a part of an expression stands for. */
enum value_kind {
	VALUE_NUMBER, /* number */
	VALUE_LINEAR, /* num, at least one term */
	VALUE_RATIO,  /* num / den, both with terms */
};

struct value {
	enum value_kind kind;
	int64_t number_micros;
	struct linear num;
	struct linear den;
	int over; /* of a quotient: struct expr; else -1 */
};

struct parser {
	const struct catalog *catalog;
	struct arena *arena;
	struct expr_error *error;
	const char *text;
	const char *next;
	int depth;
};

__attribute__((format(printf, 3, 4))) static int fail(struct parser *parser, const char *at,
                                                      const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(parser->error->text, sizeof(parser->error->text), format, args);
	va_end(args);
	parser->error->column = at ? (int)(at - parser->text) + 1 : 0;
	return ERR_CONFIG;
}

static void skip_blanks(struct parser *parser)
{
	while (*parser->next == ' ' || *parser->next == '\t' || *parser->next == '\n')
		parser->next++;
}

static bool accept(struct parser *parser, char c)
{
	skip_blanks(parser);
	if (*parser->next != c)
		return false;
	parser->next++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_';
}

/* ---- rules of what may stand in one sum ---- */

static bool meets(const struct measure *a, const struct measure *b)
{
	if (a->layer == b->layer)
		return true;
	bool own = a->layer == LAYER_OBSERVED || a->layer == LAYER_COMMERCE;
	bool other = b->layer == LAYER_OBSERVED || b->layer == LAYER_COMMERCE;
	return own && other && a->money && b->money;
}

static bool is_gauge(const struct measure *measure)
{
	return measure->kind == MEASURE_GAUGE;
}

static int check_pair(struct parser *parser, const char *at, const struct term *left,
                      const struct term *right)
{
	const struct measure *a = &parser->catalog->measures[left->measure];
	const struct measure *b = &parser->catalog->measures[right->measure];
	if (is_gauge(a) != is_gauge(b))
		return fail(parser, at,
		            "`%.40s` (%s) and `%.40s` (%s) cannot be added: a level is not a sum",
		            a->id, is_gauge(a) ? "a gauge" : "a sum", b->id,
		            is_gauge(b) ? "a gauge" : "a sum");
	if (left->at == AT_MEAN || right->at == AT_MEAN)
		return fail(parser, at, "mean(%.40s) stands alone: a mean is not part of a sum",
		            left->at == AT_MEAN ? a->id : b->id);
	if (a->money != b->money)
		return fail(parser, at,
		            "`%.40s` (%s) and `%.40s` (%s) cannot be added: a sum is all money or "
		            "all counts",
		            a->id, a->money ? "money" : "count", b->id,
		            b->money ? "money" : "count");
	if (!meets(a, b))
		return fail(parser, at,
		            "`%.40s` (%s) and `%.40s` (%s) cannot be added: layers do not mix in "
		            "one sum",
		            a->id, layer_name(a->layer), b->id, layer_name(b->layer));
	return 0;
}

static int check_sum(struct parser *parser, const char *at, const struct linear *left,
                     const struct linear *right)
{
	int err = 0;
	for (uint32_t i = 0; !err && i < left->count; i++)
		for (uint32_t j = 0; !err && j < right->count; j++)
			err = check_pair(parser, at, &left->terms[i], &right->terms[j]);
	return err;
}

/* ---- arithmetic on values ---- */

static bool same_term(const struct term *a, const struct term *b)
{
	return a->measure == b->measure && a->at == b->at;
}

/* left + sign x right; terms of one measure become one, a term of 0 none. */
static int linear_add(struct parser *parser, const char *at, const struct linear *left,
                      const struct linear *right, int sign, struct linear *ret_sum)
{
	struct linear sum = {0};
	sum.terms = arena_alloc(parser->arena, (left->count + right->count) * sizeof(*sum.terms));
	if (!sum.terms)
		return fail(parser, NULL, "%s", err_rule(ERR_NOMEM));
	memcpy(sum.terms, left->terms, left->count * sizeof(*sum.terms));
	sum.count = left->count;
	for (uint32_t i = 0; i < right->count; i++) {
		uint32_t j = 0;
		while (j < sum.count && !same_term(&sum.terms[j], &right->terms[i]))
			j++;
		if (j == sum.count)
			sum.terms[sum.count++] = (struct term){.measure = right->terms[i].measure,
			                                       .at = right->terms[i].at};
		int64_t factor;
		if (__builtin_mul_overflow(right->terms[i].factor_micros, sign, &factor) ||
		    __builtin_add_overflow(sum.terms[j].factor_micros, factor,
		                           &sum.terms[j].factor_micros))
			return fail(parser, at, "a factor does not fit 64 bits");
	}
	uint32_t kept = 0;
	for (uint32_t i = 0; i < sum.count; i++)
		if (sum.terms[i].factor_micros)
			sum.terms[kept++] = sum.terms[i];
	sum.count = kept;
	if (kept == 0)
		return fail(parser, at, "the terms cancel out, nothing is left");
	*ret_sum = sum;
	return 0;
}

/* a x b or a / b of two numbers of micros; false when the result is not one. */
static bool micros_scale(int64_t a, int64_t b, bool divide, int64_t *ret_product)
{
	i128 num = (i128)a * (divide ? NUM_MICROS : b);
	i128 den = divide ? b : NUM_MICROS;
	if (den == 0 || num % den != 0 || !num_fits_int64(num / den))
		return false;
	*ret_product = (int64_t)(num / den);
	return true;
}

/* The value times (or divided by) a number. */
static int value_scale(struct parser *parser, const char *at, const struct value *value,
                       int64_t number, bool divide, struct value *ret_value)
{
	static const char inexact[] = "this factor has no exact value with six decimals";
	struct value out = *value;
	if (number == 0)
		return fail(parser, at, divide ? "division by 0" : "a factor of 0 leaves nothing");
	if (value->kind == VALUE_NUMBER) {
		if (!micros_scale(value->number_micros, number, divide, &out.number_micros))
			return fail(parser, at, "%s", inexact);
		*ret_value = out;
		return 0;
	}
	out.num.terms = arena_alloc(parser->arena, out.num.count * sizeof(*out.num.terms));
	if (!out.num.terms)
		return fail(parser, NULL, "%s", err_rule(ERR_NOMEM));
	for (uint32_t i = 0; i < out.num.count; i++) {
		out.num.terms[i] = value->num.terms[i];
		if (!micros_scale(value->num.terms[i].factor_micros, number, divide,
		                  &out.num.terms[i].factor_micros))
			return fail(parser, at, "%s", inexact);
	}
	*ret_value = out;
	return 0;
}

static int value_add(struct parser *parser, const char *at, const struct value *left,
                     const struct value *right, int sign, struct value *ret_value)
{
	struct value out = *left;
	if (left->kind == VALUE_RATIO || right->kind == VALUE_RATIO)
		return fail(parser, at,
		            "a quotient cannot be part of a sum: write one division, at the top");
	if (left->kind != right->kind)
		return fail(parser, at, "a number and a measure cannot be added");
	if (left->kind == VALUE_NUMBER) {
		int64_t number;
		if (__builtin_mul_overflow(right->number_micros, sign, &number) ||
		    __builtin_add_overflow(left->number_micros, number, &out.number_micros))
			return fail(parser, at, "the number does not fit 64 bits");
		*ret_value = out;
		return 0;
	}
	int err = check_sum(parser, at, &left->num, &right->num);
	err = err ? err : linear_add(parser, at, &left->num, &right->num, sign, &out.num);
	if (!err)
		*ret_value = out;
	return err;
}

/* A quotient divided by the mean of a gauge; a factor of the mean goes above. */
static int value_over(struct parser *parser, const char *at, const struct value *left,
                      const struct value *right, struct value *ret_value)
{
	const struct term *mean = right->num.terms;
	struct value out = *left;
	int err = mean->factor_micros == NUM_MICROS
	              ? 0
	              : value_scale(parser, at, left, mean->factor_micros, true, &out);
	out.over = mean->measure;
	if (!err)
		*ret_value = out;
	return err;
}

static int value_combine(struct parser *parser, const char *at, const struct value *left,
                         const struct value *right, bool divide, struct value *ret_value)
{
	if (right->kind == VALUE_NUMBER)
		return value_scale(parser, at, left, right->number_micros, divide, ret_value);
	if (left->kind == VALUE_NUMBER && !divide)
		return value_scale(parser, at, right, left->number_micros, false, ret_value);
	if (!divide)
		return fail(parser, at, "two measures cannot be multiplied");
	if (left->kind == VALUE_NUMBER)
		return fail(parser, at, "a number cannot be divided by a measure");
	if (left->kind == VALUE_RATIO && left->over < 0 && right->kind == VALUE_LINEAR &&
	    right->num.terms[0].at == AT_MEAN)
		return value_over(parser, at, left, right, ret_value);
	if (left->kind == VALUE_RATIO || right->kind == VALUE_RATIO)
		return fail(parser, at,
		            "an expression has one division, at the top; `/ mean(gauge)` alone may "
		            "follow it, once");
	*ret_value =
	    (struct value){.kind = VALUE_RATIO, .num = left->num, .den = right->num, .over = -1};
	return 0;
}

/* ---- grammar ---- */

static int parse_sum(struct parser *parser, struct value *ret_value);

static int parse_number(struct parser *parser, struct value *ret_value)
{
	const char *start = parser->next;
	while (is_digit(*parser->next) || *parser->next == '.')
		parser->next++;
	struct value value = {.kind = VALUE_NUMBER, .over = -1};
	size_t len = (size_t)(parser->next - start);
	int err = num_parse(start, len, 6, NUM_EXACT, &value.number_micros);
	if (err || is_name(*parser->next))
		return fail(parser, start, "this is not a number with at most six decimals");
	*ret_value = value;
	return 0;
}

/* `measure` or `measure@layer` at the cursor, to its position. */
static int parse_name(struct parser *parser, int *ret_measure)
{
	const char *start = parser->next;
	while (is_name(*parser->next))
		parser->next++;
	size_t id_len = (size_t)(parser->next - start);
	if (*parser->next == '@') {
		parser->next++;
		while (is_name(*parser->next))
			parser->next++;
	}
	size_t len = (size_t)(parser->next - start);
	int measure = catalog_measure(parser->catalog, start, len);
	if (measure < 0 && catalog_measure(parser->catalog, start, id_len) >= 0)
		return fail(parser, start, "the measure `%.*s` is not known in the layer `%.*s`",
		            (int)id_len, start,
		            (int)(len - id_len - 1 < 40 ? len - id_len - 1 : 40),
		            start + id_len + 1);
	if (measure < 0)
		return fail(parser, start, "unknown measure `%.*s`", (int)(len < 80 ? len : 80),
		            start);
	*ret_measure = measure;
	return 0;
}

/* The daemon's own sums of answers stand in sets of their own. */
static bool is_answers(const struct catalog *catalog, int measure)
{
	return catalog->measures[measure].layer == LAYER_SURVEY &&
	       (measure == catalog->respondents || measure == catalog->weight ||
	        measure == catalog->weight_squared || measure == catalog->wave_tables);
}

static int put_term(struct parser *parser, int measure, enum term_at at, struct value *ret_value)
{
	struct term *term = arena_alloc(parser->arena, sizeof(*term));
	if (!term)
		return fail(parser, NULL, "%s", err_rule(ERR_NOMEM));
	*term = (struct term){(uint16_t)measure, at, NUM_MICROS};
	*ret_value = (struct value){.kind = VALUE_LINEAR, .num = {term, 1}, .over = -1};
	return 0;
}

static int parse_measure(struct parser *parser, struct value *ret_value)
{
	const char *start = parser->next;
	int measure = 0;
	int err = parse_name(parser, &measure);
	if (err)
		return err;
	const struct measure *row = &parser->catalog->measures[measure];
	if (row->kind == MEASURE_RATE)
		return fail(parser, start,
		            "`%.40s` is an exchange rate: money is converted by itself", row->id);
	if (is_answers(parser->catalog, measure))
		return fail(parser, start,
		            "`%.40s` belongs to survey answers: a KPI of them has `survey`, not "
		            "`expr`",
		            row->id);
	return put_term(parser, measure, is_gauge(row) ? AT_LAST : AT_SUM, ret_value);
}

static const struct {
	const char *name;
	enum term_at at;
} functions[] = {{"start", AT_START}, {"mean", AT_MEAN}};

/* The function that begins at the cursor, which then stands behind its `(`; NULL
 * when a measure does. */
static const char *accept_function(struct parser *parser, enum term_at *ret_at)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		const char *start = parser->next;
		size_t len = strlen(functions[i].name);
		if (strncmp(start, functions[i].name, len) != 0 || is_name(start[len]))
			continue;
		parser->next += len;
		if (accept(parser, '(')) {
			*ret_at = functions[i].at;
			return functions[i].name;
		}
		parser->next = start;
	}
	return NULL;
}

static int parse_function(struct parser *parser, const char *name, enum term_at term_at,
                          struct value *ret_value)
{
	int measure = 0;
	skip_blanks(parser);
	const char *start = parser->next;
	if (*start < 'a' || *start > 'z')
		return fail(parser, start, "%s() takes the name of a gauge", name);
	int err = parse_name(parser, &measure);
	if (err)
		return err;
	const struct measure *row = &parser->catalog->measures[measure];
	if (!is_gauge(row))
		return fail(parser, start, "%s() takes a gauge, and `%.40s` is none", name,
		            row->id);
	if (!accept(parser, ')'))
		return fail(parser, parser->next, "a `)` is missing: %s() takes one gauge", name);
	return put_term(parser, measure, term_at, ret_value);
}

static int parse_word(struct parser *parser, struct value *ret_value)
{
	enum term_at at = AT_SUM;
	const char *function = accept_function(parser, &at);
	return function ? parse_function(parser, function, at, ret_value)
	                : parse_measure(parser, ret_value);
}

static int parse_factor(struct parser *parser, struct value *ret_value)
{
	skip_blanks(parser);
	const char *start = parser->next;
	if (++parser->depth > DEPTH_MAX)
		return fail(parser, start, "this is nested too deeply");
	int err;
	if (accept(parser, '(')) {
		err = parse_sum(parser, ret_value);
		if (!err && !accept(parser, ')'))
			err = fail(parser, parser->next, "a `)` is missing");
	} else if (accept(parser, '-')) {
		struct value value;
		err = parse_factor(parser, &value);
		err = err ? err : value_scale(parser, start, &value, -NUM_MICROS, false, ret_value);
	} else if (is_digit(*start) || *start == '.') {
		err = parse_number(parser, ret_value);
	} else if (*start >= 'a' && *start <= 'z') {
		err = parse_word(parser, ret_value);
	} else if (*start == '\0') {
		err = fail(parser, start,
		           "the expression ends where a measure or number is expected");
	} else {
		err = fail(parser, start, "a measure, a number or `(` is expected here");
	}
	parser->depth--;
	return err;
}

static int parse_product(struct parser *parser, struct value *ret_value)
{
	struct value value;
	int err = parse_factor(parser, &value);
	while (!err) {
		skip_blanks(parser);
		const char *at = parser->next;
		bool divide = *at == '/';
		if (!divide && *at != '*')
			break;
		parser->next++;
		struct value right;
		err = parse_factor(parser, &right);
		err = err ? err : value_combine(parser, at, &value, &right, divide, &value);
	}
	if (!err)
		*ret_value = value;
	return err;
}

static int parse_sum(struct parser *parser, struct value *ret_value)
{
	struct value value;
	int err = parse_product(parser, &value);
	while (!err) {
		skip_blanks(parser);
		const char *at = parser->next;
		if (*at != '+' && *at != '-')
			break;
		parser->next++;
		struct value right;
		err = parse_product(parser, &right);
		err =
		    err ? err : value_add(parser, at, &value, &right, *at == '+' ? 1 : -1, &value);
	}
	if (!err)
		*ret_value = value;
	return err;
}

int expr_parse(const struct catalog *catalog, struct arena *arena, const char *text,
               struct expr *ret_expr, struct expr_error *ret_error)
{
	struct parser parser = {catalog, arena, ret_error, text, text, 0};
	struct value value;
	if (strlen(text) > TEXT_MAX)
		return fail(&parser, NULL, "an expression has at most %d characters", TEXT_MAX);
	int err = parse_sum(&parser, &value);
	if (err)
		return err;
	skip_blanks(&parser);
	if (*parser.next)
		return fail(&parser, parser.next, "an operator is expected here");
	if (value.kind == VALUE_NUMBER)
		return fail(&parser, NULL, "the expression names no measure");
	bool quotient = value.kind == VALUE_RATIO;
	*ret_expr = (struct expr){
	    .num = value.num,
	    .den = quotient ? value.den : (struct linear){0},
	    .over = quotient ? value.over : -1,
	};
	return 0;
}
