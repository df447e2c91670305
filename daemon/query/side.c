/* SPDX-License-Identifier: Apache-2.0 */
#include "query/side.h"

#include <string.h>

i128 side_power10(int exponent)
{
	i128 power = 1;
	while (exponent-- > 0)
		power *= 10;
	return power;
}

static void note_currency(struct currencies *seen, const char currency[4], bool zero)
{
	if (!currency[0])
		return;
	if (zero) {
		memcpy(seen->of_zeros, currency, sizeof(seen->of_zeros));
		return;
	}
	if (seen->of_amounts[0] && strcmp(seen->of_amounts, currency) != 0)
		seen->mixed = true;
	memcpy(seen->of_amounts, currency, sizeof(seen->of_amounts));
}

static struct level_sum level_of(const struct side_place *place, const struct term *term)
{
	const struct plan_bucket *bucket = &place->plan->buckets[place->bucket];
	struct level_sum none = {.present = false};
	if (!place->levels || place->levels_group == GROUP_UNKNOWN)
		return none;
	struct level_sum sum = levels_get(place->levels, place->levels_group, term->measure,
	                                  term->at, bucket->first_day, bucket->last_day);
	/* Only the whole range falls back on a level from before it. */
	bool earlier = term->at == AT_LAST && sum.present && sum.last < bucket->first_day;
	return earlier && place->plan->query->grain != QUERY_TOTAL ? none : sum;
}

void side_currencies(const struct side_place *place, const struct linear *linear,
                     struct currencies *seen)
{
	for (uint32_t i = 0; i < linear->count; i++) {
		const struct term *term = &linear->terms[i];
		if (term->at != AT_SUM) {
			struct level_sum level = level_of(place, term);
			if (level.present)
				note_currency(seen, level.currency, level.value == 0);
			seen->mixed = seen->mixed || level.mixed;
			continue;
		}
		const struct sums *sums = place->sums;
		for (uint32_t slot = sums->slot_first[term->measure];
		     slot < sums->slot_first[term->measure + 1]; slot++) {
			struct sum sum = sums_get(sums, place->group, slot, place->bucket);
			if (sum.flags & SUM_PRESENT)
				note_currency(seen, sums->slots[slot].currency, sum.value == 0);
		}
	}
}

void side_settle(const struct plan *plan, bool ratio, struct currencies *seen)
{
	if (plan->money == MONEY_AS_IS)
		return;
	bool one = seen->of_amounts[0] && !seen->mixed;
	bool own = one && strcmp(seen->of_amounts, plan->currency) == 0;
	if (!seen->of_amounts[0] || own || (one && ratio))
		return;
	seen->converted = true;
	seen->mixed = false;
	memcpy(seen->of_amounts, plan->currency, sizeof(seen->of_amounts));
}

/* The measure's sum at its own scale, over all its currencies. */
static i128 sum_measure(const struct side_place *place, uint16_t measure,
                        const struct currencies *seen, struct side *side)
{
	const struct sums *sums = place->sums;
	i128 total = 0;
	bool money = place->plan->settings->catalog.measures[measure].money;
	for (uint32_t slot = sums->slot_first[measure]; slot < sums->slot_first[measure + 1];
	     slot++) {
		struct sum sum = sums_get(sums, place->group, slot, place->bucket);
		bool foreign = money && seen->converted &&
		               strcmp(sums->slots[slot].currency, place->plan->currency) != 0;
		side->flags |= sum.flags;
		if (!foreign && __builtin_add_overflow(total, sum.value, &total))
			side->overflow = true;
	}
	if (money && seen->converted) {
		struct sum sum = sums_converted(sums, place->group, measure, place->bucket);
		side->flags |= sum.flags;
		if (__builtin_add_overflow(total, sum.value, &total))
			side->overflow = true;
	}
	return total;
}

/* A level at EXACT_SCALE; of a mean the quotient, rounded toward 0. */
static i128 level_value(const struct side_place *place, const struct term *term,
                        const struct measure *measure, const struct currencies *seen,
                        struct side *side)
{
	struct level_sum level = level_of(place, term);
	side->levels = true;
	if (!level.present)
		return 0;
	side->present = true;
	side->apart = side->apart || (level.apart && term->at != AT_MEAN);
	if (term->at == AT_LAST) {
		side->first = level.first;
		side->last = level.last;
	}
	bool converted = measure->money && seen->converted;
	if (converted)
		side->flags |= level.flags;
	return (converted ? level.converted : level.value) *
	       side_power10(EXACT_SCALE - measure->scale) / level.count;
}

void side_sum(const struct side_place *place, const struct linear *linear,
              const struct currencies *seen, struct side *ret_side)
{
	const struct measure *measures = place->plan->settings->catalog.measures;
	struct side side = {.value = 0, .first = INT32_MAX, .last = INT32_MIN};
	int scale = 0;
	for (uint32_t i = 0; i < linear->count; i++) {
		const struct term *term = &linear->terms[i];
		const struct measure *measure = &measures[term->measure];
		i128 sum;
		i128 factor = (i128)term->factor_micros;
		i128 part = 0;
		if (term->at == AT_SUM) {
			sum = sum_measure(place, term->measure, seen, &side);
			factor *= side_power10(EXACT_SCALE - 6 - measure->scale);
			if (__builtin_mul_overflow(sum, factor, &part))
				side.overflow = true;
		} else {
			sum = level_value(place, term, measure, seen, &side);
			if (__builtin_mul_overflow(sum, factor, &part))
				side.overflow = true;
			part /= NUM_MICROS;
		}
		if (__builtin_add_overflow(side.value, part, &side.value))
			side.overflow = true;
		side.money = side.money || measure->money;
		scale = measure->scale > scale ? measure->scale : scale;
	}
	if (side.flags & SUM_OVERFLOW ||
	    !num_fits_int64(side.value / side_power10(EXACT_SCALE - scale)))
		side.overflow = true;
	*ret_side = side;
}

uint64_t side_count(const struct side_place *place, uint16_t measure)
{
	const struct currencies none = {.mixed = false};
	struct side side = {.value = 0};
	int scale = place->plan->settings->catalog.measures[measure].scale;
	i128 count = sum_measure(place, measure, &none, &side) / side_power10(scale);
	if (side.overflow || count > INT64_MAX)
		return INT64_MAX;
	return count < 0 ? 0 : (uint64_t)count;
}

/* a / b rounded half to even; b > 0. */
static i128 divide_even(i128 a, i128 b)
{
	i128 quotient = a / b;
	i128 rest = a % b;
	i128 twice = rest < 0 ? -rest : rest;
	int sign = a < 0 ? -1 : 1;
	/* Compared this way round, twice the rest cannot overflow. */
	i128 other = b - twice;
	if (twice > other || (twice == other && quotient % 2 != 0))
		quotient += sign;
	return quotient;
}

static i128 common_divisor(i128 a, i128 b)
{
	a = a < 0 ? -a : a;
	while (b != 0) {
		i128 rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

bool ratio_micros(int64_t mult, i128 num, i128 den, int64_t *ret_micros)
{
	if (den < 0) {
		num = -num;
		den = -den;
	}
	/* Reduced first, so that only ratios of 30 significant digits overflow. */
	i128 divisor = common_divisor(num, den);
	i128 product = 0;
	if (__builtin_mul_overflow(num / divisor, (i128)mult * NUM_MICROS, &product))
		return false;
	i128 micros = divide_even(product, den / divisor);
	if (!num_fits_int64(micros))
		return false;
	*ret_micros = (int64_t)micros;
	return true;
}
