/* SPDX-License-Identifier: Apache-2.0 */
#include "query/exchange.h"

#include <stdlib.h>
#include <string.h>

int exchange_add(struct exchange *exchange, struct arena *arena, const char currency[4],
                 int32_t day, int64_t rate_e12)
{
	if (exchange->count == exchange->cap) {
		uint32_t cap = exchange->cap ? exchange->cap * 2 : 256;
		struct exchange_rate *rates = arena_alloc(arena, cap * sizeof(*rates));
		if (!rates)
			return ERR_NOMEM;
		if (exchange->count)
			memcpy(rates, exchange->rates, exchange->count * sizeof(*rates));
		exchange->rates = rates;
		exchange->cap = cap;
	}
	struct exchange_rate *rate = &exchange->rates[exchange->count++];
	memcpy(rate->currency, currency, sizeof(rate->currency));
	rate->day = day;
	rate->rate_e12 = rate_e12;
	return 0;
}

static int by_currency_and_day(const void *a, const void *b)
{
	const struct exchange_rate *left = a;
	const struct exchange_rate *right = b;
	int order = strcmp(left->currency, right->currency);
	if (order != 0)
		return order;
	return left->day < right->day ? -1 : left->day > right->day;
}

void exchange_sort(struct exchange *exchange)
{
	struct exchange_rate *rates = exchange->rates;
	uint32_t kept = 0;
	if (exchange->count > 1)
		qsort(rates, exchange->count, sizeof(*rates), by_currency_and_day);
	for (uint32_t i = 0; i < exchange->count; i++) {
		struct exchange_rate *last = kept ? &rates[kept - 1] : NULL;
		if (last && by_currency_and_day(last, &rates[i]) == 0) {
			last->rate_e12 += rates[i].rate_e12;
			continue;
		}
		if (last && last->rate_e12 == 0)
			kept--;
		rates[kept++] = rates[i];
	}
	if (kept && rates[kept - 1].rate_e12 == 0)
		kept--;
	exchange->count = kept;
}

enum exchange_result exchange_find(const struct exchange *exchange, const char currency[4],
                                   int32_t day, int64_t *ret_rate_e12)
{
	if (strcmp(currency, exchange->base) == 0) {
		*ret_rate_e12 = EXCHANGE_ONE;
		return EXCHANGE_OK;
	}
	struct exchange_rate wanted = {.day = day};
	memcpy(wanted.currency, currency, sizeof(wanted.currency));
	/* The first rate behind the wanted one. */
	uint32_t low = 0;
	uint32_t high = exchange->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (by_currency_and_day(&exchange->rates[middle], &wanted) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return EXCHANGE_MISSING;
	const struct exchange_rate *rate = &exchange->rates[low - 1];
	if (strcmp(rate->currency, currency) != 0 ||
	    (int64_t)day - rate->day > exchange->max_carry_days || rate->rate_e12 <= 0)
		return EXCHANGE_MISSING;
	*ret_rate_e12 = rate->rate_e12;
	return rate->day == day ? EXCHANGE_OK : EXCHANGE_CARRIED;
}

bool exchange_apply(i128 amount, int64_t from_e12, int64_t to_e12, i128 *ret_amount)
{
	i128 product;
	if (__builtin_mul_overflow(amount, (i128)to_e12, &product))
		return false;
	i128 quotient = product / from_e12;
	i128 rest = product % from_e12;
	i128 twice = (rest < 0 ? -rest : rest) * 2;
	if (twice > from_e12 || (twice == from_e12 && quotient % 2 != 0))
		quotient += amount < 0 ? -1 : 1;
	*ret_amount = quotient;
	return true;
}

enum exchange_result exchange_convert(const struct exchange *exchange, i128 amount,
                                      const char from[4], const char to[4], int32_t day,
                                      i128 *ret_amount)
{
	if (strcmp(from, to) == 0) {
		*ret_amount = amount;
		return EXCHANGE_OK;
	}
	int64_t from_e12 = 0;
	int64_t to_e12 = 0;
	enum exchange_result first = exchange_find(exchange, from, day, &from_e12);
	enum exchange_result second = exchange_find(exchange, to, day, &to_e12);
	if (first == EXCHANGE_MISSING || second == EXCHANGE_MISSING)
		return EXCHANGE_MISSING;
	if (!exchange_apply(amount, from_e12, to_e12, ret_amount))
		return EXCHANGE_OVERFLOW;
	return first == EXCHANGE_CARRIED || second == EXCHANGE_CARRIED ? EXCHANGE_CARRIED
	                                                               : EXCHANGE_OK;
}
