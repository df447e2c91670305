/* SPDX-License-Identifier: Apache-2.0 */
#include "query/evaluate.h"

#include <string.h>

#include "base/num.h"

static const char *const status_names[STATUSES] = {
    [STATUS_OVERFLOW] = "overflow",
    [STATUS_COARSER_THAN_GRAIN] = "coarser_than_grain",
    [STATUS_NON_ADDITIVE] = "non_additive",
    [STATUS_MIXED_CURRENCY] = "mixed_currency",
    [STATUS_NO_DATA] = "no_data",
    [STATUS_INSUFFICIENT_SAMPLE] = "insufficient_sample",
    [STATUS_OK] = "ok",
};

static const char *const flag_names[ROW_FLAGS] = {
    "not_final",      "stale_source", "mixed_timezones",  "split_period",
    "partial_bucket", "late_data",    "assumed_complete", "restated_after_final"};

const char *row_status_name(enum row_status status)
{
	return status_names[status];
}

void row_flags_text(unsigned flags, char text[ROW_FLAGS_TEXT])
{
	char *next = text;
	for (unsigned i = 0; i < ROW_FLAGS; i++) {
		if (!(flags & 1u << i))
			continue;
		if (next != text)
			*next++ = ';';
		next = stpcpy(next, flag_names[i]);
	}
	*next = '\0';
}

/* ---- per KPI ---- */

static struct measure_set side_measures(const struct linear *side)
{
	struct measure_set set = {{0}};
	for (uint32_t i = 0; i < side->count; i++)
		measure_set_add(&set, side->terms[i].measure);
	return set;
}

static bool feed_covers(const struct plan *plan, const struct feed *feed,
                        const struct plan_bucket *bucket)
{
	const struct source_public *state = &feed->source->published;
	bool running = bucket->end_us && feed->source->class == SOURCE_EVENT &&
	               bucket->first_day >= state->first_day;
	/* A heartbeat, or the grace, covers the hours of a day that still runs. */
	if (running && (feed->assumed ? bucket->end_us + plan->feeds.grace_us <= plan->feeds.now_us
	                              : source_declared(state, bucket->first_day, bucket->end_us)))
		return true;
	return feed_complete(feed, bucket->first_day, bucket->last_day);
}

/* The state of a bucket after one more source that feeds the `sides`. */
static uint8_t judge_bucket(const struct plan *plan, const struct feed *feed,
                            const struct plan_bucket *bucket, unsigned sides, unsigned state)
{
	const struct source_public *said = &feed->source->published;
	if (source_days_late(said, bucket->first_day, bucket->last_day))
		state |= BUCKET_LATE;
	if (source_days_restated(said, bucket->first_day, bucket->last_day))
		state |= BUCKET_RESTATED;
	if (feed_covers(plan, feed, bucket))
		return (uint8_t)state;
	state &= ~sides;
	if (!feed->live && bucket->last_day > feed->complete_through)
		state |= BUCKET_STALE;
	if (source_gap(said, bucket->first_day, bucket->last_day))
		state |= BUCKET_GAP;
	return (uint8_t)state;
}

static void bucket_states(const struct plan *plan, struct kpi_plan *kpi_plan)
{
	struct measure_set num = side_measures(&kpi_plan->kpi->num);
	struct measure_set den = side_measures(&kpi_plan->kpi->den);
	memset(kpi_plan->buckets, BUCKET_NUM_COMPLETE | BUCKET_DEN_COMPLETE, plan->bucket_count);
	for (uint32_t i = 0; i < plan->feeds.count; i++) {
		const struct feed *feed = &plan->feeds.items[i];
		unsigned fed = (feed_has(feed, &num) ? BUCKET_NUM_COMPLETE : 0u) |
		               (feed_has(feed, &den) ? BUCKET_DEN_COMPLETE : 0u);
		for (uint32_t b = 0; fed && b < plan->bucket_count; b++)
			kpi_plan->buckets[b] =
			    judge_bucket(plan, feed, &plan->buckets[b], fed, kpi_plan->buckets[b]);
	}
}

/* Measures that have cells must agree on which of the asked dimensions they
 * bear: else the value of a group sets a part against a whole. */
static bool is_non_additive(const struct sums *sums, const struct kpi *kpi)
{
	int seen = -1;
	const struct linear *sides[] = {&kpi->num, &kpi->den};
	for (size_t side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < sides[side]->count; i++) {
			uint16_t measure = sides[side]->terms[i].measure;
			if (!sums->met[measure])
				continue;
			if (seen >= 0 && seen != sums->dims_met[measure])
				return true;
			seen = sums->dims_met[measure];
		}
	}
	return false;
}

int evaluate_begin(const struct plan *plan, const struct sums *sums, struct arena *arena,
                   struct evaluation *ret_evaluation)
{
	struct evaluation evaluation = {.plan = plan, .sums = sums};
	const struct catalog *catalog = &plan->settings->catalog;
	evaluation.kpis =
	    arena_zalloc(arena, (plan->query->kpi_count + 1) * sizeof(struct kpi_plan));
	if (!evaluation.kpis)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < plan->query->kpi_count; i++) {
		struct kpi_plan *kpi_plan = &evaluation.kpis[i];
		kpi_plan->kpi = &catalog->kpis[plan->query->kpis[i]];
		struct measure_set measures = kpi_measures(kpi_plan->kpi);
		int err = feeds_summarize(&plan->feeds, &measures, arena, &kpi_plan->feed);
		kpi_plan->buckets = arena_alloc(arena, plan->bucket_count + 1);
		if (err != 0 || !kpi_plan->buckets)
			return ERR_NOMEM;
		kpi_plan->non_additive = is_non_additive(sums, kpi_plan->kpi);
		bucket_states(plan, kpi_plan);
	}
	*ret_evaluation = evaluation;
	return 0;
}

/* ---- per row ---- */

struct side {
	i128 value;    /* at EXACT_SCALE */
	uint8_t flags; /* of all its sums */
	bool money;
	bool overflow;
};

/* The row's one currency: of all sums that are not 0; where all are, of any. */
struct currencies {
	char of_amounts[4];
	char of_zeros[4];
	bool mixed;
};

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

/* The measure's sum at its own scale, over all its currencies. */
static i128 sum_measure(const struct sums *sums, uint16_t measure, uint32_t group, uint32_t bucket,
                        struct currencies *seen, struct side *side)
{
	i128 total = 0;
	for (uint32_t slot = sums->slot_first[measure]; slot < sums->slot_first[measure + 1];
	     slot++) {
		struct sum sum = sums_get(sums, group, slot, bucket);
		side->flags |= sum.flags;
		if (sum.flags & SUM_PRESENT)
			note_currency(seen, sums->slots[slot].currency, sum.value == 0);
		if (__builtin_add_overflow(total, sum.value, &total))
			side->overflow = true;
	}
	return total;
}

static i128 power10(int exponent)
{
	i128 power = 1;
	while (exponent-- > 0)
		power *= 10;
	return power;
}

static bool fits_scale(i128 exact, int scale)
{
	return num_fits_int64(exact / power10(EXACT_SCALE - scale));
}

static void sum_side(const struct evaluation *evaluation, const struct linear *linear,
                     uint32_t group, uint32_t bucket, struct currencies *seen,
                     struct side *ret_side)
{
	const struct measure *measures = evaluation->plan->settings->catalog.measures;
	struct side side = {.value = 0};
	int scale = 0;
	for (uint32_t i = 0; i < linear->count; i++) {
		const struct term *term = &linear->terms[i];
		const struct measure *measure = &measures[term->measure];
		i128 sum = sum_measure(evaluation->sums, term->measure, group, bucket, seen, &side);
		i128 factor = (i128)term->factor_micros * power10(EXACT_SCALE - 6 - measure->scale);
		i128 part = 0;
		if (__builtin_mul_overflow(sum, factor, &part) ||
		    __builtin_add_overflow(side.value, part, &side.value))
			side.overflow = true;
		side.money = side.money || measure->money;
		scale = measure->scale > scale ? measure->scale : scale;
	}
	if (side.flags & SUM_OVERFLOW || !fits_scale(side.value, scale))
		side.overflow = true;
	*ret_side = side;
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

static void set_value(struct kpi_row *row, const struct kpi *kpi)
{
	bool ratio = kpi->den.count > 0;
	i128 den = ratio ? row->denominator : power10(EXACT_SCALE);
	row->value = (double)((__float128)row->numerator * (__float128)kpi->mult / (__float128)den);
	row->has_value = true;
	if (kpi->unit != UNIT_MONEY)
		return;
	row->has_micros = ratio_micros(kpi->mult, row->numerator, den, &row->value_micros);
	if (!row->has_micros) {
		row->has_value = false;
		row->status = STATUS_OVERFLOW;
	}
}

/* n is the denominator where it is a count, else what min_on names; money is
 * never a sample, and a fraction of a conversion is none. */
static void set_sample(const struct evaluation *evaluation, const struct kpi *kpi,
                       const struct side *den, uint32_t group, uint32_t bucket, struct kpi_row *row)
{
	i128 exact = 0;
	if (kpi->min_on >= 0) {
		struct currencies none = {.mixed = false};
		struct side side = {.value = 0};
		uint16_t measure = (uint16_t)kpi->min_on;
		int scale = evaluation->plan->settings->catalog.measures[measure].scale;
		i128 sum = sum_measure(evaluation->sums, measure, group, bucket, &none, &side);
		exact = side.overflow ? INT64_MAX : sum / power10(scale);
	} else if (kpi->den.count > 0 && !den->money) {
		exact = den->value / power10(EXACT_SCALE);
	} else {
		return;
	}
	row->has_n = true;
	row->n = exact < 0 ? 0 : exact > INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)exact;
}

/* The rule is evidence.h's. */
static bool side_known(const struct evaluation *evaluation, const struct sums_group *group,
                       const struct linear *linear, const struct side *side, bool complete)
{
	const struct catalog *catalog = &evaluation->plan->settings->catalog;
	if (!evidence_knows_side(&evaluation->sums->evidence, catalog, group->met, linear))
		return false;
	/* A period left out is something reported that is not in the sum. */
	return side->flags & SUM_PRESENT || (complete && !(side->flags & SUM_SPLIT));
}

static void set_flags(const struct evaluation *evaluation, struct kpi_row *row, uint8_t state,
                      uint8_t sum_flags)
{
	const struct feed_summary *feed = &row->kpi->feed;
	if ((feed->count > 0 && row->bucket->last_day > feed->final_through) || state & BUCKET_GAP)
		row->flags |= FLAG_NOT_FINAL;
	if (state & BUCKET_STALE)
		row->flags |= FLAG_STALE_SOURCE;
	if (!feed->zone)
		row->flags |= FLAG_MIXED_TIMEZONES;
	if (sum_flags & SUM_SPLIT)
		row->flags |= FLAG_SPLIT_PERIOD;
	if (row->bucket->partial)
		row->flags |= FLAG_PARTIAL_BUCKET;
	if (feed->assumed || (feed->count == 0 && evaluation->plan->assumed_end))
		row->flags |= FLAG_ASSUMED_COMPLETE;
	if (state & BUCKET_LATE)
		row->flags |= FLAG_LATE_DATA;
	if (state & BUCKET_RESTATED)
		row->flags |= FLAG_RESTATED_AFTER_FINAL;
}

static void set_currency(const struct evaluation *evaluation, struct kpi_row *row,
                         const struct currencies *seen, bool money)
{
	const char *currency = seen->of_amounts[0] ? seen->of_amounts : seen->of_zeros;
	if (!money || seen->mixed)
		return;
	/* A known 0 without cells is 0 of the sources' own currency. */
	if (!currency[0])
		currency = row->kpi->feed.currency && row->kpi->feed.currency[0]
		               ? row->kpi->feed.currency
		               : evaluation->plan->tenant->currency;
	memcpy(row->currency, currency, sizeof(row->currency));
}

void evaluate_row(const struct evaluation *evaluation, uint32_t kpi_at, uint32_t group,
                  uint32_t bucket, struct kpi_row *ret_row)
{
	const struct kpi_plan *kpi_plan = &evaluation->kpis[kpi_at];
	const struct kpi *kpi = kpi_plan->kpi;
	uint8_t state = kpi_plan->buckets[bucket];
	struct currencies seen = {.mixed = false};
	struct side num;
	struct side den;
	struct kpi_row row = {.kpi = kpi_plan,
	                      .bucket = &evaluation->plan->buckets[bucket],
	                      .group = &evaluation->sums->groups[group],
	                      .status = STATUS_OK};
	sum_side(evaluation, &kpi->num, group, bucket, &seen, &num);
	sum_side(evaluation, &kpi->den, group, bucket, &seen, &den);
	bool ratio = kpi->den.count > 0;
	uint8_t flags = num.flags | den.flags;
	set_flags(evaluation, &row, state, flags);
	bool num_known =
	    side_known(evaluation, row.group, &kpi->num, &num, state & BUCKET_NUM_COMPLETE);
	bool den_known = !ratio || side_known(evaluation, row.group, &kpi->den, &den,
	                                      state & BUCKET_DEN_COMPLETE);
	if (num.overflow || den.overflow)
		row.status = STATUS_OVERFLOW;
	else if (flags & SUM_COARSE || row.bucket->expired)
		row.status = STATUS_COARSER_THAN_GRAIN;
	else if (kpi_plan->non_additive)
		row.status = STATUS_NON_ADDITIVE;
	else if (seen.mixed)
		row.status = STATUS_MIXED_CURRENCY;
	if (row.status == STATUS_OK) {
		row.has_numerator = num_known;
		row.has_denominator = ratio && den_known;
		row.numerator = num.value;
		row.denominator = den.value;
		if (!num_known || !den_known || (ratio && den.value == 0))
			row.status = STATUS_NO_DATA;
		if (num_known || den_known)
			set_currency(evaluation, &row, &seen, num.money || den.money);
		if (den_known)
			set_sample(evaluation, kpi, &den, group, bucket, &row);
	}
	if (row.status == STATUS_OK && row.has_n && row.n < kpi->min_sample)
		row.status = STATUS_INSUFFICIENT_SAMPLE;
	if (row.status == STATUS_OK ||
	    (row.status == STATUS_INSUFFICIENT_SAMPLE && kpi->small_sample_show))
		set_value(&row, kpi);
	*ret_row = row;
}
