/* SPDX-License-Identifier: Apache-2.0
 * Survey KPIs: pooled waves, or one; withheld where few people answered. */
#include <string.h>

#include "query/evaluate_private.h"
#include "query/suppress.h"

static int terms_of(const struct reading *reading, const struct partition *partition,
                    const struct catalog *catalog, const struct kpi *kpi,
                    struct survey_terms *ret_terms)
{
	const struct kpi_survey *survey = kpi->survey;
	struct survey_terms terms = {.survey = survey, .of_item = SURVEY_NO_ITEM};
	terms.item = reading_item(reading, partition, catalog, survey->ask.item);
	terms.base_item = survey->base_item
	                      ? reading_item(reading, partition, catalog, survey->base_item)
	                      : terms.item;
	if (survey->of.item)
		terms.of_item = reading_item(reading, partition, catalog, survey->of.item);
	bool of_unknown = survey->of.item && terms.of_item == SURVEY_NO_ITEM;
	*ret_terms = terms;
	return terms.item == SURVEY_NO_ITEM || terms.base_item == SURVEY_NO_ITEM || of_unknown
	           ? ERR_NOT_FOUND
	           : 0;
}

/* Somebody was asked in the wave, in whatever group. */
static bool wave_asked(const struct kpi_plan *kpi, uint32_t wave)
{
	const struct waves *waves = &kpi->reading->waves;
	for (uint32_t group = 0; group < kpi->groups->count; group++)
		if (waves_get(waves, kpi->groups->order[group], wave, kpi->terms.base_item,
		              VIEW_NO_VALUE)
		        .n > 0)
			return true;
	return false;
}

/* Grain `wave`: a bucket for each wave that ends in the range. */
static int wave_buckets(const struct plan *plan, struct arena *arena, struct kpi_plan *kpi)
{
	const struct waves *waves = &kpi->reading->waves;
	struct plan_bucket *buckets =
	    arena_zalloc(arena, (waves->wave_count + 1) * sizeof(*buckets));
	if (!buckets)
		return ERR_NOMEM;
	kpi->buckets = buckets;
	kpi->bucket_count = 0;
	for (uint32_t i = 0; i < waves->wave_count; i++) {
		const struct wave *wave = &waves->waves[i];
		if (wave->last < plan->from || wave->last > plan->to || !wave_asked(kpi, i))
			continue;
		buckets[kpi->bucket_count++] =
		    (struct plan_bucket){.first_day = wave->first, .last_day = wave->last};
	}
	return 0;
}

/* Waves that end within first..last: places *ret_first..*ret_last; false = none. */
static bool waves_ending(const struct waves *waves, int32_t first, int32_t last,
                         uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t from = 0;
	while (from < waves->wave_count && waves->waves[from].last < first)
		from++;
	uint32_t end = from;
	while (end < waves->wave_count && waves->waves[end].last <= last)
		end++;
	if (from == end)
		return false;
	*ret_first = from;
	*ret_last = end - 1;
	return true;
}

/* The waves of a bucket. Of grain `wave` it is one; where none ends in the whole
 * range, the newest earlier one in which somebody was asked. */
static bool choose_waves(const struct plan *plan, const struct kpi_plan *kpi, uint32_t bucket,
                         struct survey_cell *cell)
{
	const struct waves *waves = &kpi->reading->waves;
	const struct plan_bucket *days = &kpi->buckets[bucket];
	uint32_t i;
	if (plan->query->grain == QUERY_WAVE) {
		for (i = 0; i < waves->wave_count; i++) {
			if (waves->waves[i].first != days->first_day ||
			    waves->waves[i].last != days->last_day)
				continue;
			cell->first = cell->last = i;
			return true;
		}
		return false;
	}
	if (waves_ending(waves, days->first_day, days->last_day, &cell->first, &cell->last))
		for (i = cell->first; i <= cell->last; i++)
			if (wave_asked(kpi, i))
				return true;
	if (plan->query->grain != QUERY_TOTAL)
		return false;
	for (i = waves->wave_count; i-- > 0;) {
		if (waves->waves[i].last >= days->first_day || !wave_asked(kpi, i))
			continue;
		cell->first = cell->last = i;
		cell->earlier = true;
		return true;
	}
	return false;
}

/* The option that a group stands for, under `by=option`. */
static uint32_t option_of(const struct evaluation *evaluation, const struct kpi_plan *kpi,
                          const struct group *group)
{
	const struct lens *lens = kpi->reading->lens;
	int dim = evaluation->plan->settings->catalog.option_dim;
	for (uint32_t i = 0; i < lens->by_count; i++)
		if (lens->by_dims[i] == dim)
			return group->values[i];
	return VIEW_NO_VALUE;
}

static int fill_cells(const struct evaluation *evaluation, struct arena *arena,
                      struct kpi_plan *kpi)
{
	for (uint32_t b = 0; b < kpi->bucket_count; b++) {
		struct survey_cell chosen = {.present = false};
		if (!choose_waves(evaluation->plan, kpi, b, &chosen))
			continue;
		for (uint32_t g = 0; g < kpi->groups->count; g++) {
			struct survey_cell *cell = &kpi->cells[(size_t)g * kpi->bucket_count + b];
			*cell = chosen;
			int err = survey_evaluate(
			    &kpi->terms, &kpi->reading->waves, kpi->groups->order[g], chosen.first,
			    chosen.last, option_of(evaluation, kpi, &kpi->groups->items[g]), arena,
			    &cell->answer);
			if (err)
				return err;
			cell->present = cell->answer.n > 0;
		}
	}
	return 0;
}

/* Groups that part the same people: alike in what was asked, told apart by who
 * answered. */
static bool same_question(const struct catalog *catalog, const struct lens *lens,
                          const struct group *a, const struct group *b)
{
	for (uint32_t i = 0; i < lens->by_count; i++) {
		int dim = lens->by_dims[i];
		bool question = dim == catalog->item_dim || dim == catalog->option_dim ||
		                dim == catalog->brand_dim;
		if (question && a->values[i] != b->values[i])
			return false;
	}
	return true;
}

static int suppress_bucket(const struct evaluation *evaluation, struct arena *arena,
                           struct kpi_plan *kpi, uint32_t bucket)
{
	const struct settings *settings = evaluation->plan->settings;
	const struct lens *lens = kpi->reading->lens;
	uint32_t count = kpi->groups->count;
	struct suppress_cell *cells = arena_alloc(arena, (count + 1) * sizeof(*cells));
	bool *done = arena_zalloc(arena, count + 1);
	if (!cells || !done)
		return ERR_NOMEM;
	for (uint32_t first = 0; first < count; first++) {
		uint32_t alike = 0;
		for (uint32_t g = first; g < count; g++) {
			const struct group *group = &kpi->groups->items[g];
			if (done[g] || !same_question(&settings->catalog, lens,
			                              &kpi->groups->items[first], group))
				continue;
			done[g] = true;
			cells[alike++] = (struct suppress_cell){
			    kpi->cells[(size_t)g * kpi->bucket_count + bucket].answer.n, g, false};
		}
		suppress_cells(cells, alike, settings->privacy.k,
		               settings->privacy.complementary && alike > 1);
		for (uint32_t i = 0; i < alike; i++)
			kpi->cells[(size_t)cells[i].id * kpi->bucket_count + bucket].withheld =
			    cells[i].withheld;
	}
	return 0;
}

int evaluate_survey_begin(const struct evaluation *evaluation, const struct partition *partition,
                          struct arena *arena, struct kpi_plan *kpi)
{
	const struct plan *plan = evaluation->plan;
	bool known =
	    terms_of(kpi->reading, partition, &plan->settings->catalog, kpi->kpi, &kpi->terms) == 0;
	int err = 0;
	if (plan->query->grain == QUERY_WAVE && known)
		err = wave_buckets(plan, arena, kpi);
	else if (plan->query->grain == QUERY_WAVE)
		kpi->bucket_count = 0;
	if (err)
		return err;
	size_t cells = (size_t)kpi->groups->count * kpi->bucket_count;
	kpi->cells = arena_zalloc(arena, (cells + 1) * sizeof(*kpi->cells));
	if (!kpi->cells)
		return ERR_NOMEM;
	err = known ? fill_cells(evaluation, arena, kpi) : 0;
	for (uint32_t b = 0; !err && b < kpi->bucket_count; b++)
		err = suppress_bucket(evaluation, arena, kpi, b);
	return err;
}

/* ---- per row ---- */

static void show_wave(const struct evaluation *evaluation, const struct survey_cell *cell,
                      struct kpi_row *row)
{
	const struct wave *wave = &row->kpi->reading->waves.waves[cell->last];
	int32_t shown = evaluation->plan->to - wave->last;
	if (shown > 2 * (int32_t)row->kpi->feed.cadence_days)
		row->flags |= FLAG_STALE_SOURCE;
	if (!cell->earlier)
		return;
	row->bucket.first_day = wave->first;
	row->bucket.last_day = wave->last;
	row->bucket.partial = false;
}

static void show_answer(const struct kpi *kpi, const struct survey_answer *answer,
                        struct kpi_row *row)
{
	row->has_n = row->has_n_eff = true;
	row->n = answer->n;
	row->n_eff = answer->n_eff;
	row->has_numerator = row->has_denominator = true;
	row->numerator = answer->numerator * side_power10(EXACT_SCALE - 6);
	row->denominator = answer->denominator * side_power10(EXACT_SCALE - 6);
	row->has_interval = answer->estimate.has_interval;
	row->ci_low = answer->estimate.low;
	row->ci_high = answer->estimate.high;
	row->ci_method = survey_method_name(answer->method);
	if (answer->rounded)
		row->flags |= FLAG_ROUNDED;
	if (answer->aggregate_only)
		row->flags |= FLAG_AGGREGATE_ONLY;
	if (answer->n_eff < (double)kpi->min_sample)
		row->status = STATUS_INSUFFICIENT_SAMPLE;
	row->has_value = row->status == STATUS_OK || kpi->small_sample_show;
	row->value = answer->estimate.value;
}

void evaluate_survey(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                     struct kpi_row *row)
{
	const struct kpi_plan *kpi = row->kpi;
	const struct lens *lens = kpi->reading->lens;
	const struct survey_cell *cell = &kpi->cells[(size_t)group * kpi->bucket_count + bucket];
	const struct kpi_survey *survey = kpi->kpi->survey;
	bool each = survey->stat == SURVEY_SHARE && survey->ask.option_count == 0;
	/* Branded answers of a tenant that names no brand belong to nobody. */
	bool nobody = survey->branded && lens->own_brand && !evaluation->plan->tenant->brand[0];
	if (row->bucket.end_us)
		row->status = STATUS_COARSER_THAN_GRAIN;
	else if (each && option_of(evaluation, kpi, row->group) == VIEW_NO_VALUE)
		row->status = STATUS_NON_ADDITIVE;
	else if (nobody || !cell->present)
		row->status = STATUS_NO_DATA;
	if (row->status != STATUS_OK)
		return;
	show_wave(evaluation, cell, row);
	if (cell->withheld)
		row->status = STATUS_WITHHELD;
	else
		show_answer(kpi->kpi, &cell->answer, row);
}
