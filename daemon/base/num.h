/* SPDX-License-Identifier: Apache-2.0
 * Exact numbers: int64 at a decimal scale ("micros" at scale 6), 128-bit sums.
 * Binary floating point appears only in query/. */
#ifndef SG_BASE_NUM_H
#define SG_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef __int128 i128;

#define NUM_MICROS 1000000

enum num_rounding {
	NUM_HALF_EVEN, /* digits beyond the scale are rounded half to even */
	NUM_EXACT,     /* digits beyond the scale are ERR_NOT_INTEGER */
};

/* Decimal text to an integer at `scale` (0..12): "5339.5" at 6 = 5339500000.
 * Takes a sign, digits, one point, an exponent: "144.", ".5", "1.4e+06".
 * Refuses (ERR_MALFORMED) an empty text, ".", blanks, thousands separators,
 * NaN, infinity, hex. ERR_OVERFLOW when the result does not fit 64 bits; an
 * exponent of any size costs no memory. */
int num_parse(const char *text, size_t len, int scale, enum num_rounding rounding,
              int64_t *ret_value) SG_MUST_CHECK;

/* a x b of two decimal texts, exact before one rounding at `scale`. Each
 * factor has at most 30 significant digits, else ERR_OVERFLOW. */
int num_parse_product(const char *a, size_t a_len, const char *b, size_t b_len, int scale,
                      int64_t *ret_value) SG_MUST_CHECK;

#define NUM_TEXT_MAX 64

/* Exact decimal text of value / 10^scale without trailing zeros ("-0.5", "12").
 * `text` has NUM_TEXT_MAX bytes. Returns the length. */
size_t num_format(char *text, i128 value, int scale);

/* value / 10^scale as the nearest double. */
double num_double(i128 value, int scale);

static inline bool num_fits_int64(i128 value)
{
	return value >= INT64_MIN && value <= INT64_MAX;
}

#endif
