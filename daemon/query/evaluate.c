/* SPDX-License-Identifier: Apache-2.0 */
#include "query/evaluate.h"

#include <string.h>

#include "query/evaluate_private.h"

static const char *const status_names[STATUSES] = {
    [STATUS_WITHHELD] = "withheld",
    [STATUS_OVERFLOW] = "overflow",
    [STATUS_COARSER_THAN_GRAIN] = "coarser_than_grain",
    [STATUS_NON_ADDITIVE] = "non_additive",
    [STATUS_MIXED_CURRENCY] = "mixed_currency",
    [STATUS_FX_MISSING] = "fx_missing",
    [STATUS_NO_DATA] = "no_data",
    [STATUS_INSUFFICIENT_SAMPLE] = "insufficient_sample",
    [STATUS_OK] = "ok",
};

static const char *const flag_names[ROW_FLAGS] = {
    "not_final",      "stale_source",     "mixed_timezones",     "split_period", "partial_bucket",
    "late_data",      "assumed_complete", "carried_fx",          "unclassified", "no_sample",
    "aggregate_only", "rounded",          "restated_after_final"};

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

/* Both sides of a share and of a split are fed by the same measures; a survey's
 * sources are complete by waves, which its rows tell themselves. */
static void bucket_states(const struct plan *plan, struct kpi_plan *kpi)
{
	bool ratio = kpi->kpi->kind == KPI_RATIO;
	struct measure_set all = kpi_measures(kpi->kpi, &plan->settings->catalog);
	struct measure_set num = ratio ? side_measures(&kpi->kpi->num) : all;
	struct measure_set den = ratio ? side_measures(&kpi->kpi->den) : all;
	memset(kpi->states, BUCKET_NUM_COMPLETE | BUCKET_DEN_COMPLETE, kpi->bucket_count);
	for (uint32_t i = 0; i < plan->feeds.count; i++) {
		const struct feed *feed = &plan->feeds.items[i];
		unsigned fed = (feed_has(feed, &num) ? BUCKET_NUM_COMPLETE : 0u) |
		               (feed_has(feed, &den) ? BUCKET_DEN_COMPLETE : 0u);
		if (!feed_tells(feed, kpi->kpi))
			continue;
		for (uint32_t b = 0; fed && b < kpi->bucket_count; b++)
			kpi->states[b] =
			    judge_bucket(plan, feed, &kpi->buckets[b], fed, kpi->states[b]);
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

static int begin_kpi(const struct evaluation *evaluation, const struct partition *partition,
                     struct arena *arena, const struct plan_kpi *lenses, struct kpi_plan *kpi)
{
	const struct plan *plan = evaluation->plan;
	*kpi = (struct kpi_plan){.kpi = lenses->kpi,
	                         .lenses = lenses,
	                         .reading = &evaluation->readings->items[lenses->lens],
	                         .buckets = plan->buckets,
	                         .bucket_count = plan->bucket_count};
	kpi->groups = reading_groups(kpi->reading);
	int err =
	    feeds_summarize(&plan->feeds, kpi->kpi, &plan->settings->catalog, arena, &kpi->feed);
	if (!err && kpi->kpi->kind == KPI_SURVEY)
		err = evaluate_survey_begin(evaluation, partition, arena, kpi);
	if (err)
		return err;
	kpi->states = arena_alloc(arena, kpi->bucket_count + 1);
	if (!kpi->states)
		return ERR_NOMEM;
	if (kpi->kpi->kind == KPI_RATIO && kpi->reading->lens->kind == LENS_SUMS)
		kpi->non_additive = is_non_additive(&kpi->reading->sums, kpi->kpi);
	bucket_states(plan, kpi);
	return 0;
}

int evaluate_begin(const struct plan *plan, const struct readings *readings,
                   const struct partition *partition, struct arena *arena,
                   struct evaluation *ret_evaluation)
{
	struct evaluation evaluation = {.plan = plan, .readings = readings};
	int err = 0;
	evaluation.kpis = arena_zalloc(arena, (plan->kpi_count + 1) * sizeof(struct kpi_plan));
	if (!evaluation.kpis)
		return ERR_NOMEM;
	for (uint32_t i = 0; !err && i < plan->kpi_count; i++)
		err = begin_kpi(&evaluation, partition, arena, &plan->kpis[i], &evaluation.kpis[i]);
	if (err)
		return err;
	*ret_evaluation = evaluation;
	return 0;
}

/* ---- per row ---- */

const struct sums *evaluate_whole(const struct evaluation *evaluation, const struct kpi_plan *kpi)
{
	return &evaluation->readings->items[kpi->lenses->whole].sums;
}

void evaluate_check(const struct side *num, const struct side *den, const struct currencies *seen,
                    struct kpi_row *row)
{
	uint8_t flags = num->flags | den->flags;
	if (flags & SUM_SPLIT)
		row->flags |= FLAG_SPLIT_PERIOD;
	if (seen->converted && flags & SUM_CARRIED)
		row->flags |= FLAG_CARRIED_FX;
	if (num->overflow || den->overflow)
		row->status = STATUS_OVERFLOW;
	else if (flags & SUM_COARSE || row->bucket.expired)
		row->status = STATUS_COARSER_THAN_GRAIN;
	else if (row->kpi->non_additive || num->apart || den->apart)
		row->status = STATUS_NON_ADDITIVE;
	else if (seen->mixed)
		row->status = STATUS_MIXED_CURRENCY;
	else if (seen->converted && flags & SUM_NO_RATE)
		row->status = STATUS_FX_MISSING;
}

void evaluate_set_currency(const struct evaluation *evaluation, const struct currencies *seen,
                           struct kpi_row *row)
{
	const char *currency = seen->of_amounts[0] ? seen->of_amounts : seen->of_zeros;
	if (seen->mixed)
		return;
	/* A known 0 without cells is 0 of the sources' own currency. */
	if (!currency[0] && evaluation->plan->money != MONEY_AS_IS)
		currency = evaluation->plan->currency;
	if (!currency[0])
		currency = row->kpi->feed.currency && row->kpi->feed.currency[0]
		               ? row->kpi->feed.currency
		               : evaluation->plan->tenant->currency;
	memcpy(row->currency, currency, sizeof(row->currency));
}

void evaluate_set_value(const struct kpi *kpi, bool ratio, struct kpi_row *row)
{
	i128 den = ratio ? row->denominator : side_power10(EXACT_SCALE);
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

void evaluate_finish(const struct kpi *kpi, bool ratio, struct kpi_row *row)
{
	/* A sample that nobody tells is not enough either. */
	if (row->status == STATUS_OK && (row->has_n || kpi->min_on >= 0) &&
	    row->n < kpi->min_sample)
		row->status = STATUS_INSUFFICIENT_SAMPLE;
	if (row->status == STATUS_OK ||
	    (row->status == STATUS_INSUFFICIENT_SAMPLE && kpi->small_sample_show))
		evaluate_set_value(kpi, ratio, row);
}

/* Flags that follow from the bucket and the sources alone. */
static void set_time_flags(const struct evaluation *evaluation, uint8_t state, int32_t through,
                           struct kpi_row *row)
{
	const struct feed_summary *feed = &row->kpi->feed;
	const char *own = zone_name(evaluation->plan->tenant->zone);
	if ((feed->count > 0 && through > feed->final_through) || state & BUCKET_GAP)
		row->flags |= FLAG_NOT_FINAL;
	if (state & BUCKET_STALE)
		row->flags |= FLAG_STALE_SOURCE;
	/* Minutes and hours are the tenant's, those of a source's report are its own. */
	if (!feed->zone || (row->bucket.end_us && strcmp(feed->zone, own) != 0))
		row->flags |= FLAG_MIXED_TIMEZONES;
	if (row->bucket.partial)
		row->flags |= FLAG_PARTIAL_BUCKET;
	if (feed->assumed || (feed->count == 0 && evaluation->plan->assumed_end))
		row->flags |= FLAG_ASSUMED_COMPLETE;
	if (state & BUCKET_LATE)
		row->flags |= FLAG_LATE_DATA;
	if (state & BUCKET_RESTATED)
		row->flags |= FLAG_RESTATED_AFTER_FINAL;
}

/* The row's group is that of what no rule maps. */
static bool is_unclassified(const struct lens *lens, const struct group *group)
{
	for (uint32_t i = 0; i < lens->by_count; i++)
		if (lens->by[i] >= LENS_DERIVED && strcmp(group->texts[i], "unclassified") == 0)
			return true;
	return false;
}

void evaluate_row(const struct evaluation *evaluation, uint32_t kpi_at, uint32_t group,
                  uint32_t bucket, struct kpi_row *ret_row)
{
	static void (*const kinds[])(const struct evaluation *evaluation, uint32_t group,
	                             uint32_t bucket, struct kpi_row *row) = {
	    [KPI_RATIO] = evaluate_ratio,
	    [KPI_SHARE] = evaluate_share,
	    [KPI_ORIENTATION] = evaluate_orientation,
	    [KPI_SURVEY] = evaluate_survey,
	};
	const struct kpi_plan *kpi = &evaluation->kpis[kpi_at];
	struct kpi_row row = {.kpi = kpi,
	                      .bucket = kpi->buckets[bucket],
	                      .group = &kpi->groups->items[group],
	                      .status = STATUS_OK};
	if (kpi->kpi->kind != KPI_SURVEY)
		set_time_flags(evaluation, kpi->states[bucket], row.bucket.last_day, &row);
	if (is_unclassified(kpi->reading->lens, row.group))
		row.flags |= FLAG_UNCLASSIFIED;
	kinds[kpi->kpi->kind](evaluation, group, bucket, &row);
	if (kpi->kpi->kind == KPI_SURVEY)
		set_time_flags(evaluation, kpi->states[bucket] & (BUCKET_LATE | BUCKET_RESTATED),
		               evaluate_survey_through(kpi, group, bucket), &row);
	*ret_row = row;
}
