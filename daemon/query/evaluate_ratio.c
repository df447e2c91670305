/* SPDX-License-Identifier: Apache-2.0
 * mult x numerator / denominator, or the numerator alone: sums over sums, with
 * levels where the KPI names gauges. */
#include <string.h>

#include "query/evaluate_private.h"

bool evaluate_side_known(const struct sums *sums, const struct catalog *catalog,
                         const struct group *group, const struct linear *linear,
                         const struct side *side, bool complete)
{
	if (side->levels)
		return side->present;
	if (!evidence_knows_side(&sums->evidence, catalog, group->met, linear))
		return false;
	/* A period left out is something reported that is not in the sum. */
	return side->flags & SUM_PRESENT || (complete && !(side->flags & SUM_SPLIT));
}

/* n is the denominator where it is a count, else what min_on names, if that is
 * known; money is never a sample, and a fraction of a conversion is none. */
static void set_sample(const struct side_place *place, const struct kpi *kpi,
                       const struct side *den, struct kpi_row *row)
{
	if (kpi->min_on >= 0) {
		if (!evidence_knows(&place->sums->evidence, row->group->met, (uint16_t)kpi->min_on))
			return;
		row->n = side_count(place, (uint16_t)kpi->min_on);
	} else if (kpi->den.count > 0 && !den->money) {
		i128 count = den->value / side_power10(EXACT_SCALE);
		row->n = count < 0 ? 0 : count > INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)count;
	} else {
		return;
	}
	row->has_n = true;
}

static bool has_money(const struct catalog *catalog, const struct linear *side)
{
	for (uint32_t i = 0; i < side->count; i++)
		if (catalog->measures[side->terms[i].measure].money)
			return true;
	return false;
}

/* Money is set against money, so that one currency of both drops out. */
static bool drops_out(const struct catalog *catalog, const struct kpi *kpi)
{
	return kpi->unit != UNIT_MONEY && has_money(catalog, &kpi->num) &&
	       (has_money(catalog, &kpi->den) ||
	        (kpi->over >= 0 && catalog->measures[kpi->over].money));
}

/* The mean of the gauge that divides once more goes into the denominator, rounded
 * to its scale. False when there is none. */
static bool divide_over(const struct side_place *place, const struct linear *over,
                        const struct currencies *seen, struct side *den)
{
	struct side mean;
	side_sum(place, over, seen, &mean);
	__float128 product =
	    (__float128)den->value * (__float128)mean.value / (__float128)side_power10(EXACT_SCALE);
	if (product > (__float128)INT64_MAX * (__float128)side_power10(EXACT_SCALE))
		den->overflow = true;
	else
		den->value = (i128)product;
	den->flags |= mean.flags;
	den->overflow = den->overflow || mean.overflow;
	return mean.present && mean.value != 0;
}

/* A level from before the range shows its own days. */
static void show_level(const struct evaluation *evaluation, const struct side *num,
                       struct kpi_row *row)
{
	const struct kpi *kpi = row->kpi->kpi;
	const struct measure *measure =
	    &evaluation->plan->settings->catalog.measures[kpi->num.terms[0].measure];
	if (measure->layer == LAYER_SURVEY)
		row->flags |= FLAG_NO_SAMPLE;
	if (!num->present || num->last >= row->bucket.first_day)
		return;
	int32_t cadence = (int32_t)row->kpi->feed.cadence_days;
	int32_t today = evaluation->plan->feeds.today;
	int32_t end = row->bucket.last_day < today ? row->bucket.last_day : today;
	if (end - num->last > 2 * cadence)
		row->flags |= FLAG_STALE_SOURCE;
	row->bucket.first_day = num->first;
	row->bucket.last_day = num->last;
}

static struct side_place place_of(const struct evaluation *evaluation, uint32_t group,
                                  uint32_t bucket, const struct kpi_plan *kpi)
{
	struct side_place place = {.plan = evaluation->plan,
	                           .group = group,
	                           .levels_group = GROUP_UNKNOWN,
	                           .bucket = bucket};
	if (kpi->reading->lens->kind == LENS_SUMS)
		place.sums = &kpi->reading->sums;
	if (kpi->lenses->levels == PLAN_NO_LENS)
		return place;
	const struct reading *levels = &evaluation->readings->items[kpi->lenses->levels];
	place.levels = &levels->levels;
	if (levels == kpi->reading)
		place.levels_group = group;
	else
		groups_find(&levels->levels.groups, levels->lens->by_count,
		            kpi->groups->items[group].texts, &place.levels_group);
	return place;
}

void evaluate_ratio(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                    struct kpi_row *row)
{
	const struct kpi_plan *kpi_plan = row->kpi;
	const struct kpi *kpi = kpi_plan->kpi;
	const struct catalog *catalog = &evaluation->plan->settings->catalog;
	struct side_place place = place_of(evaluation, group, bucket, kpi_plan);
	struct currencies seen = {.mixed = false};
	struct term mean = {
	    .measure = (uint16_t)kpi->over, .at = AT_MEAN, .factor_micros = NUM_MICROS};
	struct linear over = {&mean, kpi->over >= 0};
	bool ratio = kpi->den.count > 0;
	uint8_t state = kpi_plan->states[bucket];
	struct side num;
	struct side den;
	side_currencies(&place, &kpi->num, &seen);
	side_currencies(&place, &kpi->den, &seen);
	side_currencies(&place, &over, &seen);
	side_settle(evaluation->plan, drops_out(catalog, kpi), &seen);
	side_sum(&place, &kpi->num, &seen, &num);
	side_sum(&place, &kpi->den, &seen, &den);
	bool num_known = evaluate_side_known(place.sums, catalog, row->group, &kpi->num, &num,
	                                     state & BUCKET_NUM_COMPLETE);
	bool den_known = !ratio || evaluate_side_known(place.sums, catalog, row->group, &kpi->den,
	                                               &den, state & BUCKET_DEN_COMPLETE);
	bool over_known = kpi->over < 0;
	if (ratio ? den_known : kpi->min_on >= 0)
		set_sample(&place, kpi, &den, row);
	if (kpi->over >= 0)
		over_known = divide_over(&place, &over, &seen, &den);
	evaluate_check(&num, &den, &seen, row);
	if (num.levels && !ratio)
		show_level(evaluation, &num, row);
	if (row->status == STATUS_OK) {
		row->has_numerator = num_known;
		row->has_denominator = ratio && den_known && over_known;
		row->numerator = num.value;
		row->denominator = den.value;
		if (!num_known || !den_known || !over_known || (ratio && den.value == 0))
			row->status = STATUS_NO_DATA;
		if ((num_known || den_known) && (num.money || den.money))
			evaluate_set_currency(evaluation, &seen, row);
	} else {
		row->has_n = false;
	}
	evaluate_finish(kpi, ratio, row);
}
