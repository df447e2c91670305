/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors of exchange, and carrying, missing and too large. */
#include "query/exchange.h"

#include <criterion/criterion.h>
#include <string.h>

#include "vectors.h"

#define DAY 20000

static json_int_t whole(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	cr_assert(json_is_integer(value), "no whole number `%s`", key);
	return json_integer_value(value);
}

static bool convert(const char *id, json_t *input, json_t *expect)
{
	i128 got = 0;
	if (json_object_get(input, "rate_e12"))
		cr_assert(exchange_apply(whole(input, "micros"), EXCHANGE_ONE,
		                         whole(input, "rate_e12"), &got),
		          "%s", id);
	else if (json_object_get(input, "eur_gbp_e12"))
		cr_assert(exchange_apply(whole(input, "micros"), whole(input, "eur_gbp_e12"),
		                         whole(input, "eur_jpy_e12"), &got),
		          "%s", id);
	else
		return false;
	cr_assert_eq((int64_t)got, whole(expect, "micros"), "%s: %lld", id, (long long)got);
	return true;
}

Test(exchange, vectors)
{
	cr_assert_geq(vectors_run("fx", convert), 5);
}

static struct exchange table(struct arena *arena)
{
	struct exchange exchange = {.base = "EUR", .max_carry_days = 7};
	for (int32_t day = DAY; day > DAY - 20; day -= 5) {
		cr_assert_eq(exchange_add(&exchange, arena, "USD", day, EXCHANGE_ONE + day), 0);
		cr_assert_eq(exchange_add(&exchange, arena, "GBP", day, EXCHANGE_ONE / 2), 0);
	}
	exchange_sort(&exchange);
	return exchange;
}

static const struct {
	const char *currency;
	int32_t day;
	enum exchange_result result;
	int64_t rate_e12;
} finds[] = {
    {"EUR", DAY + 900, EXCHANGE_OK, EXCHANGE_ONE},
    {"USD", DAY, EXCHANGE_OK, EXCHANGE_ONE + DAY},
    {"USD", DAY - 1, EXCHANGE_CARRIED, EXCHANGE_ONE + DAY - 5},
    {"USD", DAY + 7, EXCHANGE_CARRIED, EXCHANGE_ONE + DAY},
    {"USD", DAY + 8, EXCHANGE_MISSING, 0},
    {"USD", DAY - 16, EXCHANGE_MISSING, 0},
    {"GBP", DAY - 15, EXCHANGE_OK, EXCHANGE_ONE / 2},
    {"JPY", DAY, EXCHANGE_MISSING, 0},
    {"AAA", DAY, EXCHANGE_MISSING, 0},
    {"ZZZ", DAY, EXCHANGE_MISSING, 0},
};

Test(exchange, newest_rate_not_too_old)
{
	struct arena arena = {0};
	struct exchange exchange = table(&arena);
	for (size_t i = 0; i < sizeof(finds) / sizeof(*finds); i++) {
		int64_t rate = 0;
		cr_assert_eq(exchange_find(&exchange, finds[i].currency, finds[i].day, &rate),
		             finds[i].result, "case %zu", i);
		cr_assert_eq(rate, finds[i].rate_e12, "case %zu", i);
	}
	arena_deinit(&arena);
}

Test(exchange, cross_rate_in_one_step)
{
	struct arena arena = {0};
	struct exchange exchange = table(&arena);
	i128 got = 0;
	cr_assert_eq(exchange_convert(&exchange, 1000000, "GBP", "EUR", DAY, &got), EXCHANGE_OK);
	cr_assert_eq((int64_t)got, 2000000);
	cr_assert_eq(exchange_convert(&exchange, 3, "EUR", "GBP", DAY + 1, &got), EXCHANGE_CARRIED);
	cr_assert_eq((int64_t)got, 2, "half to even");
	cr_assert_eq(exchange_convert(&exchange, 7, "CHF", "CHF", DAY, &got), EXCHANGE_OK);
	cr_assert_eq((int64_t)got, 7);
	got = 4711;
	cr_assert_eq(exchange_convert(&exchange, 7, "CHF", "EUR", DAY, &got), EXCHANGE_MISSING);
	cr_assert_eq(exchange_convert(&exchange, 7, "EUR", "CHF", DAY, &got), EXCHANGE_MISSING);
	i128 huge = (i128)1 << 120;
	cr_assert_eq(exchange_convert(&exchange, huge, "GBP", "EUR", DAY, &got), EXCHANGE_OVERFLOW);
	cr_assert_eq((int64_t)got, 4711);
	arena_deinit(&arena);
}

/* A cell comes as what is stored and what is not yet. */
Test(exchange, parts_add_up)
{
	struct arena arena = {0};
	struct exchange exchange = {.base = "EUR", .max_carry_days = 7};
	int64_t rate = 0;
	cr_assert_eq(exchange_add(&exchange, &arena, "USD", DAY - 1, 7), 0);
	cr_assert_eq(exchange_add(&exchange, &arena, "USD", DAY, 10), 0);
	cr_assert_eq(exchange_add(&exchange, &arena, "GBP", DAY, 4), 0);
	cr_assert_eq(exchange_add(&exchange, &arena, "USD", DAY, -10), 0);
	cr_assert_eq(exchange_add(&exchange, &arena, "GBP", DAY, -1), 0);
	exchange_sort(&exchange);
	cr_assert_eq(exchange_find(&exchange, "GBP", DAY, &rate), EXCHANGE_OK);
	cr_assert_eq(rate, 3);
	/* That of the last day was withdrawn: the one before serves. */
	cr_assert_eq(exchange_find(&exchange, "USD", DAY, &rate), EXCHANGE_CARRIED);
	cr_assert_eq(rate, 7);
	arena_deinit(&arena);
}

Test(exchange, withdrawn_days_in_between_leave_the_others)
{
	struct arena arena = {0};
	struct exchange exchange = {.base = "EUR", .max_carry_days = 7};
	int64_t rate = 0;
	for (int32_t day = DAY; day < DAY + 3; day++) {
		cr_assert_eq(exchange_add(&exchange, &arena, "USD", day, day), 0);
		cr_assert_eq(exchange_add(&exchange, &arena, "JPY", day, 3), 0);
	}
	cr_assert_eq(exchange_add(&exchange, &arena, "USD", DAY + 1, -(DAY + 1)), 0);
	cr_assert_eq(exchange_add(&exchange, &arena, "JPY", DAY, -3), 0);
	exchange_sort(&exchange);
	cr_assert_eq(exchange.count, 4);
	cr_assert_eq(exchange_find(&exchange, "JPY", DAY, &rate), EXCHANGE_MISSING);
	cr_assert_eq(exchange_find(&exchange, "USD", DAY + 1, &rate), EXCHANGE_CARRIED);
	cr_assert_eq(rate, DAY);
	cr_assert_eq(exchange_find(&exchange, "USD", DAY + 2, &rate), EXCHANGE_OK);
	cr_assert_eq(rate, DAY + 2);
	arena_deinit(&arena);
}

/* More rates than the table has room for at first. */
Test(exchange, a_table_grows)
{
	struct arena arena = {0};
	struct exchange exchange = {.base = "EUR", .max_carry_days = 7};
	for (int32_t day = DAY + 1500; day >= DAY; day--)
		cr_assert_eq(exchange_add(&exchange, &arena, "USD", day, day), 0);
	exchange_sort(&exchange);
	for (int32_t day = DAY; day <= DAY + 1500; day++) {
		int64_t rate = 0;
		cr_assert_eq(exchange_find(&exchange, "USD", day, &rate), EXCHANGE_OK);
		cr_assert_eq(rate, day);
	}
	arena_deinit(&arena);
}

static const struct {
	int64_t amount, from, to, expected;
} halves[] = {
    {1, 2, 1, 0},   {3, 2, 1, 2},  {5, 2, 1, 2},   {-1, 2, 1, 0},   {-3, 2, 1, -2},
    {-5, 2, 1, -2}, {7, 4, 1, 2},  {-7, 4, 1, -2}, {5, 4, 1, 1},    {-5, 4, 1, -1},
    {0, 3, 7, 0},   {10, 3, 1, 3}, {11, 3, 1, 4},  {-11, 3, 1, -4},
};

Test(exchange, half_to_even_on_both_sides_of_zero)
{
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++) {
		i128 got = 4711;
		cr_assert(exchange_apply(halves[i].amount, halves[i].from, halves[i].to, &got));
		cr_assert_eq((int64_t)got, halves[i].expected, "row %zu: %lld", i, (long long)got);
	}
}
