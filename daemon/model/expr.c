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

static int check_sum(struct parser *parser, const char *at, const struct linear *left,
                     const struct linear *right)
{
	const struct measure *measures = parser->catalog->measures;
	for (uint32_t i = 0; i < left->count; i++) {
		for (uint32_t j = 0; j < right->count; j++) {
			const struct measure *a = &measures[left->terms[i].measure];
			const struct measure *b = &measures[right->terms[j].measure];
			if (a->money != b->money)
				return fail(
				    parser, at,
				    "`%.40s` (%s) and `%.40s` (%s) cannot be added: a sum is all "
				    "money or all counts",
				    a->id, a->money ? "money" : "count", b->id,
				    b->money ? "money" : "count");
			if (!meets(a, b))
				return fail(
				    parser, at,
				    "`%.40s` (%s) and `%.40s` (%s) cannot be added: layers do not "
				    "mix in one sum",
				    a->id, layer_name(a->layer), b->id, layer_name(b->layer));
		}
	}
	return 0;
}

/* ---- arithmetic on values ---- */

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
		while (j < sum.count && sum.terms[j].measure != right->terms[i].measure)
			j++;
		if (j == sum.count)
			sum.terms[sum.count++] = (struct term){.measure = right->terms[i].measure};
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
	if (left->kind == VALUE_RATIO || right->kind == VALUE_RATIO)
		return fail(parser, at, "an expression has one division, at the top");
	*ret_value = (struct value){VALUE_RATIO, 0, left->num, right->num};
	return 0;
}

/* ---- grammar ---- */

static int parse_sum(struct parser *parser, struct value *ret_value);

static int parse_number(struct parser *parser, struct value *ret_value)
{
	const char *start = parser->next;
	while (is_digit(*parser->next) || *parser->next == '.')
		parser->next++;
	struct value value = {.kind = VALUE_NUMBER};
	size_t len = (size_t)(parser->next - start);
	int err = num_parse(start, len, 6, NUM_EXACT, &value.number_micros);
	if (err || is_name(*parser->next))
		return fail(parser, start, "this is not a number with at most six decimals");
	*ret_value = value;
	return 0;
}

static int parse_measure(struct parser *parser, struct value *ret_value)
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
	struct term *term = arena_alloc(parser->arena, sizeof(*term));
	if (!term)
		return fail(parser, NULL, "%s", err_rule(ERR_NOMEM));
	*term = (struct term){.measure = (uint16_t)measure, .factor_micros = NUM_MICROS};
	*ret_value = (struct value){.kind = VALUE_LINEAR, .num = {term, 1}};
	return 0;
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
		err = parse_measure(parser, ret_value);
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
               struct linear *ret_num, struct linear *ret_den, struct expr_error *ret_error)
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
	*ret_num = value.num;
	*ret_den = value.kind == VALUE_RATIO ? value.den : (struct linear){0};
	return 0;
}
