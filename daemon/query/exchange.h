/* SPDX-License-Identifier: Apache-2.0
 * Exchange: money of one currency and day in another.
 *
 * rate   units of a currency per unit of the table's base, x 10^12
 * table  the rates of the days that a query touches, by currency and day
 *
 * amount in B = amount in A x rate of B / rate of A, in one step of 128 bits,
 * rounded half to even once; the base's own rate is 1. A day without a rate takes
 * the newest earlier one, at most max_carry_days old (central banks publish on
 * working days). */
#ifndef SG_QUERY_EXCHANGE_H
#define SG_QUERY_EXCHANGE_H

#include "base/arena.h"
#include "base/num.h"

#define EXCHANGE_ONE INT64_C(1000000000000) /* the base's rate */

struct exchange_rate {
	char currency[4];
	int32_t day;
	int64_t rate_e12;
};

struct exchange {
	char base[4];
	uint32_t max_carry_days;
	struct exchange_rate *rates; /* by currency, then day, after exchange_sort */
	uint32_t count;
	uint32_t cap;
};

/* Adds a rate, or a part of one: a cell comes as what is stored and as what is not
 * yet, and the parts of a currency and day add up. ERR_NOMEM. */
int exchange_add(struct exchange *exchange, struct arena *arena, const char currency[4],
                 int32_t day, int64_t rate_e12) SG_MUST_CHECK;
/* Call once after the last exchange_add. A rate that adds up to 0 was withdrawn. */
void exchange_sort(struct exchange *exchange);

enum exchange_result { EXCHANGE_OK, EXCHANGE_CARRIED, EXCHANGE_MISSING, EXCHANGE_OVERFLOW };

/* The rate of a currency on a day. */
enum exchange_result exchange_find(const struct exchange *exchange, const char currency[4],
                                   int32_t day, int64_t *ret_rate_e12);

/* Converts an amount (at any scale) of a day. The result says CARRIED when one of
 * the two rates was; *ret_amount is untouched unless OK or CARRIED. */
enum exchange_result exchange_convert(const struct exchange *exchange, i128 amount,
                                      const char from[4], const char to[4], int32_t day,
                                      i128 *ret_amount);

/* amount x to / from rounded half to even; from > 0. False when it does not fit
 * 128 bits on the way. */
bool exchange_apply(i128 amount, int64_t from_e12, int64_t to_e12, i128 *ret_amount);

#endif
