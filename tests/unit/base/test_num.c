/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct parse_row {
	const char *text;
	int scale;
	enum num_rounding rounding;
	int err;
	int64_t value;
};

static const struct parse_row parse_rows[] = {
    {"0", 6, NUM_HALF_EVEN, 0, 0},
    {"-0", 6, NUM_HALF_EVEN, 0, 0},
    {"000", 0, NUM_EXACT, 0, 0},
    {"007", 0, NUM_EXACT, 0, 7},
    {"0.0000015", 6, NUM_HALF_EVEN, 0, 2},
    {"0.0000025", 6, NUM_HALF_EVEN, 0, 2},
    {"0.00000250000000000000000000000000000001", 6, NUM_HALF_EVEN, 0, 3},
    {"0.0000025010", 6, NUM_HALF_EVEN, 0, 3},
    {"25010e-4", 0, NUM_HALF_EVEN, 0, 3},
    {"0.0000005", 6, NUM_HALF_EVEN, 0, 0},
    {"0.00000051", 6, NUM_HALF_EVEN, 0, 1},
    {"-0.0000015", 6, NUM_HALF_EVEN, 0, -2},
    {"0.00000009", 6, NUM_HALF_EVEN, 0, 0},
    {"0.5", 0, NUM_HALF_EVEN, 0, 0},
    {"1.5", 0, NUM_HALF_EVEN, 0, 2},
    {"5e-1", 0, NUM_HALF_EVEN, 0, 0},
    {"51e-2", 0, NUM_HALF_EVEN, 0, 1},
    {"9223372036854775807", 0, NUM_EXACT, 0, INT64_MAX},
    {"-9223372036854775808", 0, NUM_EXACT, 0, INT64_MIN},
    {"9223372036854775808", 0, NUM_EXACT, ERR_OVERFLOW, 0},
    {"-9223372036854775809", 0, NUM_EXACT, ERR_OVERFLOW, 0},
    {"9223372036854775807.5", 0, NUM_HALF_EVEN, ERR_OVERFLOW, 0},
    {"9223372036854775807.4", 0, NUM_HALF_EVEN, 0, INT64_MAX},
    {"18446744073709551616", 0, NUM_EXACT, ERR_OVERFLOW, 0},
    {"99999999999999999999", 0, NUM_EXACT, ERR_OVERFLOW, 0},
    {"-9223372036854.775808", 6, NUM_HALF_EVEN, 0, INT64_MIN},
    {"5.0", 0, NUM_EXACT, 0, 5},
    {"5.000e0", 0, NUM_EXACT, 0, 5},
    {"5.5", 0, NUM_EXACT, ERR_NOT_INTEGER, 0},
    {"1e-1", 0, NUM_EXACT, ERR_NOT_INTEGER, 0},
    {"1e-30", 0, NUM_EXACT, ERR_NOT_INTEGER, 0},
    {"0e-30", 0, NUM_EXACT, 0, 0},
    {"0E400", 6, NUM_HALF_EVEN, 0, 0},
    {"0.0E99999999999999999999", 6, NUM_HALF_EVEN, 0, 0},
    {"1E99999999999999999999", 6, NUM_HALF_EVEN, ERR_OVERFLOW, 0},
    {"1E-99999999999999999999", 6, NUM_HALF_EVEN, 0, 0},
    {"1.25e2", 0, NUM_EXACT, 0, 125},
    {"0.000000000000000000001e21", 0, NUM_EXACT, 0, 1},
    {"1e12", 6, NUM_HALF_EVEN, 0, INT64_C(1000000000000000000)},
    {"1e13", 6, NUM_HALF_EVEN, ERR_OVERFLOW, 0},
    {"1.4e+06", 6, NUM_HALF_EVEN, 0, INT64_C(1400000000000)},
    {"1.000000000001", 12, NUM_EXACT, 0, INT64_C(1000000000001)},
    {"1.", 6, NUM_HALF_EVEN, 0, 1000000},
    {"1.e2", 6, NUM_HALF_EVEN, 0, 100000000},
    {"+.5", 6, NUM_HALF_EVEN, 0, 500000},
    {"+", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"-", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"--1", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"+-1", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"-.", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {".e1", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"e1", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"1e+", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"1e1.5", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"1e1e1", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"12 ", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"1_000", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"0x10", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"inf", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"1..2", 6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
    {"\xc2\xa0"
     "1",
     6, NUM_HALF_EVEN, ERR_MALFORMED, 0},
};

Test(num, parse_accepts_and_refuses)
{
	for (size_t i = 0; i < sizeof(parse_rows) / sizeof(*parse_rows); i++) {
		const struct parse_row *row = &parse_rows[i];
		int64_t value = 4711;
		int err =
		    num_parse(row->text, strlen(row->text), row->scale, row->rounding, &value);
		cr_assert_eq(err, row->err, "%s: %s", row->text, err_code(err));
		cr_assert_eq(value, err ? 4711 : row->value, "%s: %lld", row->text,
		             (long long)value);
	}
}

Test(num, parse_takes_a_length_not_a_terminator)
{
	int64_t value = 0;
	cr_assert_eq(num_parse("12345", 3, 0, NUM_EXACT, &value), 0);
	cr_assert_eq(value, 123);
	cr_assert_eq(num_parse("1\0002", 3, 0, NUM_EXACT, &value), ERR_MALFORMED);
	cr_assert_eq(num_parse("1e-3", 2, 0, NUM_EXACT, &value), ERR_MALFORMED);
	cr_assert_eq(num_parse("-1", 1, 0, NUM_EXACT, &value), ERR_MALFORMED);
	cr_assert_eq(num_parse("-1", 0, 0, NUM_EXACT, &value), ERR_MALFORMED);
}

Test(num, parse_reads_a_text_of_any_length)
{
	size_t len = 3000000;
	char *text = malloc(len);
	memset(text, '0', len);
	text[1] = '.';
	memcpy(text + len - 9, "1e2999990", 9);
	int64_t value = 0;
	/* 0.00...01 with 2,999,990 places, and as many moved back: 1. */
	cr_assert_eq(num_parse(text, len, 6, NUM_EXACT, &value), 0);
	cr_assert_eq(value, 1000000);
	memset(text, '9', len);
	cr_assert_eq(num_parse(text, len, 6, NUM_HALF_EVEN, &value), ERR_OVERFLOW);
	free(text);
}

static const struct {
	const char *a, *b;
	int scale;
	int err;
	int64_t value;
} product_rows[] = {
    {"3", "4", 0, 0, 12},
    {"1.5", "1.5", 6, 0, 2250000},
    {"-1.5", "1.5", 6, 0, -2250000},
    {"-1.5", "-1.5", 6, 0, 2250000},
    {"0", "-7", 6, 0, 0},
    {"0.000001", "0.5", 6, 0, 0},
    {"0.000003", "0.5", 6, 0, 2},
    {"0.000005", "0.5", 6, 0, 2},
    {"0.0000050000000000000000000001", "0.5", 6, 0, 3},
    {"1e3", "2.5e-3", 6, 0, 2500000},
    /* one rounding: 0.0000005 x 3 = 0.0000015 is 2 micros; rounded first, 0 */
    {"0.0000005", "3", 6, 0, 2},
    {"1426697.123456789", "35.00123456789", 6, 0, INT64_C(49936160675445)},
    {"999999999999999999999999999999", "1e-30", 6, 0, 1000000},
    {"123456789012345678901234567890", "1e-30", 12, 0, INT64_C(123456789012)},
    {"1000000000000000000000000000000000000", "1e-36", 0, 0, 1},
    {"1234567890123456789012345678901", "1", 0, ERR_OVERFLOW, 0},
    {"9223372036854775807", "1", 0, 0, INT64_MAX},
    {"9223372036854775807", "1.1", 0, ERR_OVERFLOW, 0},
    {"3037000500", "3037000500", 0, ERR_OVERFLOW, 0},
    {"3037000499", "3037000499", 0, 0, INT64_C(9223372030926249001)},
    {"1e200", "1e200", 6, ERR_OVERFLOW, 0},
    {"1e200", "1e-200", 6, 0, 1000000},
    {"1e200", "0", 6, 0, 0},
    {"1.2e200", "0.0", 6, 0, 0},
    {"", "1", 6, ERR_MALFORMED, 0},
    {"1", "na", 6, ERR_MALFORMED, 0},
};

Test(num, product_is_rounded_once)
{
	for (size_t i = 0; i < sizeof(product_rows) / sizeof(*product_rows); i++) {
		const char *a = product_rows[i].a, *b = product_rows[i].b;
		for (int turn = 0; turn < 2; turn++) {
			int64_t value = 4711;
			int err = num_parse_product(a, strlen(a), b, strlen(b),
			                            product_rows[i].scale, &value);
			cr_assert_eq(err, product_rows[i].err, "%s x %s: %s", a, b, err_code(err));
			cr_assert_eq(value, err ? 4711 : product_rows[i].value, "%s x %s: %lld", a,
			             b, (long long)value);
			const char *other = a;
			a = b;
			b = other;
		}
	}
}

Test(num, product_of_integers_equals_machine_product)
{
	uint64_t state = 88172645463325252u;
	for (int i = 0; i < 20000; i++) {
		int64_t factors[2];
		char text[2][NUM_TEXT_MAX];
		size_t len[2];
		for (int j = 0; j < 2; j++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			factors[j] = (int64_t)(state >> (state % 40 + 20)) - 100000;
			len[j] = num_format(text[j], factors[j], 3);
		}
		i128 exact = (i128)factors[0] * factors[1]; /* at scale 6 */
		int64_t value = 0;
		int err = num_parse_product(text[0], len[0], text[1], len[1], 6, &value);
		cr_assert_eq(err, num_fits_int64(exact) ? 0 : ERR_OVERFLOW);
		if (!err)
			cr_assert(value == (int64_t)exact, "%s x %s", text[0], text[1]);
	}
}

static const struct {
	int64_t high; /* value = high x 2^64 + low */
	uint64_t low;
	int scale;
	const char *text;
} format_rows[] = {
    {0, 0, 0, "0"},
    {0, 0, 6, "0"},
    {0, 12, 0, "12"},
    {0, 500000, 6, "0.5"},
    {0, 1, 6, "0.000001"},
    {0, 12000000, 6, "12"},
    {0, 120, 0, "120"},
    {-1, UINT64_MAX, 6, "-0.000001"},
    {-1, UINT64_MAX - 499999, 6, "-0.5"},
    {0, (uint64_t)INT64_MAX, 6, "9223372036854.775807"},
    {-1, (uint64_t)1 << 63, 0, "-9223372036854775808"},
    {1, 0, 0, "18446744073709551616"},
    {INT64_MAX, UINT64_MAX, 0, "170141183460469231731687303715884105727"},
    {INT64_MIN, 0, 38, "-1.70141183460469231731687303715884105728"},
};

Test(num, format_is_exact)
{
	for (size_t i = 0; i < sizeof(format_rows) / sizeof(*format_rows); i++) {
		i128 value = (i128)(((unsigned __int128)(uint64_t)format_rows[i].high << 64) |
		                    format_rows[i].low);
		char text[NUM_TEXT_MAX];
		size_t len = num_format(text, value, format_rows[i].scale);
		cr_assert_str_eq(text, format_rows[i].text);
		cr_assert_eq(len, strlen(text));
	}
}

Test(num, double_is_the_nearest)
{
	cr_assert_eq(num_double(0, 6), 0.0);
	cr_assert_eq(num_double(1, 6), 1e-6);
	cr_assert_eq(num_double(-5339500000, 6), -5339.5);
	cr_assert_eq(num_double(333333, 6), 0.333333);
	cr_assert_eq(num_double(((i128)1 << 53) + 1, 0), 9007199254740992.0);
	cr_assert_eq(num_double(((i128)1 << 53) + 3, 0), 9007199254740996.0);
	cr_assert_eq(num_double((i128)INT64_MAX, 6), 9223372036854.775807);
	cr_assert_eq(num_double((i128)INT64_MAX * 1000, 0), 9223372036854775807000.0);
	cr_assert_eq(num_double(-(i128)INT64_MAX * 1000, 9), -9223372036854.775807);
	/* Rounding the numerator and then the quotient is off by one place. */
	i128 large = (i128)1111440193305716562 * 1000000000000 + 221555199629;
	cr_assert_eq(num_double(large, 12), 1.1114401933057166e+18);
	cr_assert_eq(num_double(-large, 12), -1.1114401933057166e+18);
}

Test(num, fits_int64)
{
	cr_assert(num_fits_int64(INT64_MAX) && num_fits_int64(INT64_MIN));
	cr_assert(!num_fits_int64((i128)INT64_MAX + 1) && !num_fits_int64((i128)INT64_MIN - 1));
}
