/* SPDX-License-Identifier: Apache-2.0
 * Shares of a whole: of one brand among all, and of upstream spend. */
#include <string.h>

#include "query/evaluate_private.h"

/* The place in the whole's groups that stands for the row's group without its
 * brand. */
static bool whole_group(const struct evaluation *evaluation, const struct kpi_row *row,
                        const struct sums *whole, uint32_t *ret_group)
{
	const struct lens *lens = row->kpi->reading->lens;
	int brand = evaluation->plan->settings->catalog.brand_dim;
	const char *texts[MODEL_SET_DIMS];
	uint32_t count = 0;
	for (uint32_t i = 0; i < lens->by_count; i++)
		if (lens->by_dims[i] != brand)
			texts[count++] = row->group->texts[i];
	return groups_find(&whole->groups, count, texts, ret_group);
}

/* One brand's sum over that of all of them; money of one currency or converted. */
struct share {
	struct side part;
	struct side whole;
	struct currencies seen;
};

static void read_share(const struct side_place *part, const struct side_place *whole,
                       const struct linear *linear, struct share *ret_share)
{
	struct share share = {.seen = {.mixed = false}};
	side_currencies(part, linear, &share.seen);
	side_currencies(whole, linear, &share.seen);
	side_settle(part->plan, true, &share.seen);
	side_sum(part, linear, &share.seen, &share.part);
	side_sum(whole, linear, &share.seen, &share.whole);
	*ret_share = share;
}

/* A part of which nothing is known is no share of 0: the brand may be another, or
 * its days not reported yet. */
static bool is_known(const struct evaluation *evaluation, const struct kpi_row *row,
                     uint32_t bucket, const struct linear *linear, const struct share *share)
{
	bool complete = row->kpi->states[bucket] & BUCKET_NUM_COMPLETE;
	return share->whole.value != 0 &&
	       evaluate_side_known(&row->kpi->reading->sums, &evaluation->plan->settings->catalog,
	                           row->group, linear, &share->part, complete);
}

/* Every amount of money stands on both sides, so that a share bears no currency. */
void evaluate_share(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                    struct kpi_row *row)
{
	const struct kpi *kpi = row->kpi->kpi;
	const struct sums *whole = evaluate_whole(evaluation, row->kpi);
	struct side_place part_place = {.plan = evaluation->plan,
	                                .sums = &row->kpi->reading->sums,
	                                .group = group,
	                                .bucket = bucket};
	struct side_place whole_place = {.plan = evaluation->plan, .sums = whole, .bucket = bucket};
	struct share share;
	struct share less;
	bool known;
	bool excess = kpi->den.count > 0;
	if (!whole_group(evaluation, row, whole, &whole_place.group)) {
		row->status = STATUS_NO_DATA;
		return;
	}
	read_share(&part_place, &whole_place, &kpi->num, &share);
	known = is_known(evaluation, row, bucket, &kpi->num, &share);
	evaluate_check(&share.part, &share.whole, &share.seen, row);
	if (excess && row->status == STATUS_OK) {
		read_share(&part_place, &whole_place, &kpi->den, &less);
		known = known && is_known(evaluation, row, bucket, &kpi->den, &less);
		evaluate_check(&less.part, &less.whole, &less.seen, row);
	}
	if (row->status == STATUS_OK && !known)
		row->status = STATUS_NO_DATA;
	if (row->status != STATUS_OK)
		return;
	row->has_numerator = row->has_denominator = !excess;
	row->numerator = share.part.value;
	row->denominator = share.whole.value;
	if (!share.whole.money) {
		row->has_n = true;
		row->n = (uint64_t)(share.whole.value / side_power10(EXACT_SCALE));
	}
	if (row->has_n && row->n < kpi->min_sample)
		row->status = STATUS_INSUFFICIENT_SAMPLE;
	if (row->status != STATUS_OK && !kpi->small_sample_show)
		return;
	__float128 value = (__float128)share.part.value / (__float128)share.whole.value;
	if (excess)
		value -= (__float128)less.part.value / (__float128)less.whole.value;
	row->value = (double)(value * (__float128)kpi->mult);
	row->has_value = true;
}

/* The sum of the row's group whose campaigns have the orientation. */
static struct side read_split(const struct evaluation *evaluation, const struct kpi_row *row,
                              const char *orientation, uint32_t bucket,
                              const struct currencies *seen)
{
	const char *texts[MODEL_SET_DIMS];
	uint32_t count = row->kpi->reading->lens->by_count;
	struct side side = {.value = 0};
	struct side_place place = {.plan = evaluation->plan,
	                           .sums = evaluate_whole(evaluation, row->kpi),
	                           .bucket = bucket};
	memcpy(texts, row->group->texts, sizeof(texts));
	texts[count++] = orientation;
	if (groups_find(&place.sums->groups, count, texts, &place.group))
		side_sum(&place, &row->kpi->kpi->num, seen, &side);
	return side;
}

void evaluate_orientation(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                          struct kpi_row *row)
{
	const struct linear *linear = &row->kpi->kpi->num;
	struct side_place place = {.plan = evaluation->plan,
	                           .sums = &row->kpi->reading->sums,
	                           .group = group,
	                           .bucket = bucket};
	struct currencies seen = {.mixed = false};
	struct side total;
	/* The total's currencies are those of its parts. */
	side_currencies(&place, linear, &seen);
	side_settle(evaluation->plan, true, &seen);
	side_sum(&place, linear, &seen, &total);
	if (!seen.of_amounts[0] && total.value == 0) {
		row->status = STATUS_NO_DATA;
		return;
	}
	struct side up = read_split(evaluation, row, "upstream", bucket, &seen);
	struct side down = read_split(evaluation, row, "downstream", bucket, &seen);
	evaluate_check(&total, &up, &seen, row);
	if (total.value != up.value + down.value)
		row->flags |= FLAG_UNCLASSIFIED;
	if (row->status != STATUS_OK)
		return;
	row->has_numerator = row->has_denominator = true;
	row->numerator = up.value;
	row->denominator = up.value + down.value;
	row->has_n = !total.money;
	row->n = row->has_n ? (uint64_t)(row->denominator / side_power10(EXACT_SCALE)) : 0;
	if (row->denominator == 0)
		row->status = STATUS_NO_DATA;
	evaluate_finish(row->kpi->kpi, true, row);
}
