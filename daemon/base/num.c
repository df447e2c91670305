/* SPDX-License-Identifier: Apache-2.0 */
#include "base/num.h"

#include <stdlib.h>
#include <string.h>

#define EXPONENT_MAX   ((int64_t)1 << 50) /* beyond any text's length: saturates */
#define PRODUCT_DIGITS 30

/* |value| = digits x 10^exponent. The digits lie in [next, end), which may
 * hold one point; the first is not 0. No digits = zero. */
struct decimal {
	bool negative;
	const char *next;
	const char *end;
	size_t count;
	int64_t exponent;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int scan_exponent(const char *next, const char *end, int64_t *ret_exponent)
{
	bool negative = next < end && *next == '-';
	if (next < end && (*next == '-' || *next == '+'))
		next++;
	if (next == end)
		return ERR_MALFORMED;
	int64_t exponent = 0;
	for (; next < end; next++) {
		if (!is_digit(*next))
			return ERR_MALFORMED;
		if (exponent < EXPONENT_MAX)
			exponent = exponent * 10 + (*next - '0');
	}
	*ret_exponent = negative ? -exponent : exponent;
	return 0;
}

static int decimal_scan(const char *text, size_t len, struct decimal *ret)
{
	const char *next = text, *end = text + len;
	struct decimal out = {0};
	out.negative = len && *next == '-';
	if (len && (*next == '-' || *next == '+'))
		next++;
	const char *point = NULL;
	bool any = false;
	int64_t fraction = 0;
	for (; next < end && (is_digit(*next) || (*next == '.' && !point)); next++) {
		if (*next == '.') {
			point = next;
			continue;
		}
		any = true;
		fraction += point != NULL;
		if (*next != '0' && !out.next)
			out.next = next;
		out.count += out.next != NULL;
	}
	if (!any)
		return ERR_MALFORMED;
	out.end = next;
	if (next < end) {
		if (*next != 'e' && *next != 'E')
			return ERR_MALFORMED;
		int err = scan_exponent(next + 1, end, &out.exponent);
		if (err)
			return err;
	}
	out.exponent -= fraction;
	if (!out.next)
		out.next = out.end;
	*ret = out;
	return 0;
}

static bool add_digit(uint64_t *magnitude, int digit)
{
	return !__builtin_mul_overflow(*magnitude, (uint64_t)10, magnitude) &&
	       !__builtin_add_overflow(*magnitude, (uint64_t)digit, magnitude);
}

/* The decimal at `scale`: digits that lie above 10^-scale are kept, of the
 * others the first and whether anything follows it decide the rounding. */
static int decimal_round(const struct decimal *decimal, int scale, enum num_rounding rounding,
                         int64_t *ret_value)
{
	int64_t shift = decimal->exponent + scale;
	int64_t keep = (int64_t)decimal->count + shift; /* digits of the result */
	uint64_t magnitude = 0;
	int dropped = 0; /* first dropped digit */
	bool sticky = false;
	int64_t at = 0;
	if (decimal->count && keep > 19)
		return ERR_OVERFLOW;
	for (const char *next = decimal->next; next < decimal->end; next++) {
		if (*next == '.')
			continue;
		int digit = *next - '0';
		if (at < keep) {
			if (!add_digit(&magnitude, digit))
				return ERR_OVERFLOW;
		} else if (at == keep) {
			dropped = digit;
		} else {
			sticky |= digit != 0;
		}
		at++;
	}
	for (; decimal->count && at < keep; at++)
		if (!add_digit(&magnitude, 0))
			return ERR_OVERFLOW;
	if (rounding == NUM_EXACT && (dropped || sticky))
		return ERR_NOT_INTEGER;
	if (dropped > 5 || (dropped == 5 && (sticky || (magnitude & 1))))
		magnitude++;
	if (magnitude > (uint64_t)INT64_MAX + decimal->negative)
		return ERR_OVERFLOW;
	*ret_value = decimal->negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

int num_parse(const char *text, size_t len, int scale, enum num_rounding rounding,
              int64_t *ret_value)
{
	struct decimal decimal;
	int err = decimal_scan(text, len, &decimal);
	return err ? err : decimal_round(&decimal, scale, rounding, ret_value);
}

/* Copies the significant digits, least significant first; ERR_OVERFLOW when
 * there are too many. Trailing zeros move into the exponent. */
static int take_digits(struct decimal *decimal, uint8_t digits[PRODUCT_DIGITS], size_t *ret_count)
{
	while (decimal->count) {
		char last = decimal->end[-1];
		if (last != '0' && last != '.')
			break;
		decimal->end--;
		if (last == '0') {
			decimal->count--;
			decimal->exponent++;
		}
	}
	if (decimal->count > PRODUCT_DIGITS)
		return ERR_OVERFLOW;
	size_t count = 0;
	for (const char *at = decimal->end; count < decimal->count; at--)
		if (at[-1] != '.')
			digits[count++] = (uint8_t)(at[-1] - '0');
	*ret_count = count;
	return 0;
}

int num_parse_product(const char *a, size_t a_len, const char *b, size_t b_len, int scale,
                      int64_t *ret_value)
{
	struct decimal left, right;
	uint8_t left_digits[PRODUCT_DIGITS], right_digits[PRODUCT_DIGITS];
	size_t left_count, right_count;
	int err = decimal_scan(a, a_len, &left);
	err = err ? err : decimal_scan(b, b_len, &right);
	err = err ? err : take_digits(&left, left_digits, &left_count);
	err = err ? err : take_digits(&right, right_digits, &right_count);
	if (err)
		return err;

	unsigned columns[2 * PRODUCT_DIGITS] = {0};
	for (size_t i = 0; i < left_count; i++)
		for (size_t j = 0; j < right_count; j++)
			columns[i + j] += (unsigned)left_digits[i] * right_digits[j];
	char text[2 * PRODUCT_DIGITS];
	size_t len = left_count && right_count ? left_count + right_count : 0;
	unsigned carry = 0;
	for (size_t i = 0; i < len; i++) {
		carry += columns[i];
		text[len - 1 - i] = (char)('0' + carry % 10);
		carry /= 10;
	}
	size_t skip = len && text[0] == '0';
	struct decimal product = {
	    .negative = left.negative != right.negative,
	    .next = text + skip,
	    .end = text + len,
	    .count = len - skip,
	    .exponent = left.exponent + right.exponent,
	};
	return decimal_round(&product, scale, NUM_HALF_EVEN, ret_value);
}

/* Decimal digits of the magnitude, at least `least` of them; returns their number. */
static size_t put_digits(char digits[NUM_TEXT_MAX], i128 value, size_t least)
{
	unsigned __int128 magnitude =
	    value < 0 ? (unsigned __int128)0 - (unsigned __int128)value : (unsigned __int128)value;
	char reversed[NUM_TEXT_MAX];
	size_t count = 0;
	while (magnitude || count < least) {
		reversed[count++] = (char)('0' + (int)(magnitude % 10));
		magnitude /= 10;
	}
	for (size_t i = 0; i < count; i++)
		digits[i] = reversed[count - 1 - i];
	return count;
}

size_t num_format(char *text, i128 value, int scale)
{
	require(scale >= 0 && scale <= 38);
	char digits[NUM_TEXT_MAX];
	size_t fraction = (size_t)scale;
	size_t count = put_digits(digits, value, fraction + 1);
	size_t whole = count - fraction;
	while (fraction && digits[whole + fraction - 1] == '0')
		fraction--;
	size_t len = 0;
	if (value < 0)
		text[len++] = '-';
	memcpy(text + len, digits, whole);
	len += whole;
	if (fraction) {
		text[len++] = '.';
		memcpy(text + len, digits + whole, fraction);
		len += fraction;
	}
	text[len] = '\0';
	return len;
}

double num_double(i128 value, int scale)
{
	require(scale >= 0 && scale <= 22);
	const i128 exact = (i128)1 << 53;
	if (value >= -exact && value <= exact) {
		/* Both sides are exact doubles, so the division rounds once. */
		double divisor = 1;
		for (int i = 0; i < scale; i++)
			divisor *= 10;
		return (double)value / divisor;
	}
	/* strtod rounds correctly; without a point it is the same in every locale. */
	char text[NUM_TEXT_MAX + 8];
	size_t len = 0;
	if (value < 0)
		text[len++] = '-';
	len += put_digits(text + len, value, 1);
	text[len++] = 'e';
	text[len++] = '-';
	text[len++] = (char)('0' + scale / 10);
	text[len++] = (char)('0' + scale % 10);
	text[len] = '\0';
	return strtod(text, NULL);
}
