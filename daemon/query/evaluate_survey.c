/* SPDX-License-Identifier: Apache-2.0
 * Survey KPIs: pooled waves, or one; withheld where few people answered. */
#include <stdlib.h>

#include "query/evaluate_private.h"
#include "query/lens.h"
#include "query/suppress.h"

_Static_assert(SURVEY_SCALE == EXACT_SCALE, "what a survey says goes into rows as it is");

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

/* In which waves somebody was asked, in whatever group. */
static int find_asked(struct kpi_plan *kpi, struct arena *arena)
{
	const struct waves *waves = &kpi->reading->waves;
	kpi->asked = arena_zalloc(arena, waves->wave_count + 1);
	if (!kpi->asked)
		return ERR_NOMEM;
	for (uint32_t wave = 0; wave < waves->wave_count; wave++)
		for (uint32_t g = 0; g < kpi->reading->people.count && !kpi->asked[wave]; g++)
			kpi->asked[wave] =
			    waves_get(waves, g, wave, kpi->terms.base_item, VIEW_NO_VALUE).n > 0;
	return 0;
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
		if (wave->last < plan->from || wave->last > plan->to || !kpi->asked[i])
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
	if (waves_ending(waves, days->first_day, days->last_day, &cell->first, &cell->last)) {
		/* Other studies have waves of their own. */
		while (cell->last > cell->first && !kpi->asked[cell->last])
			cell->last--;
		if (kpi->asked[cell->last])
			return true;
	}
	if (plan->query->grain != QUERY_TOTAL)
		return false;
	for (i = waves->wave_count; i-- > 0;) {
		if (waves->waves[i].last >= days->first_day || !kpi->asked[i])
			continue;
		cell->first = cell->last = i;
		cell->earlier = true;
		return true;
	}
	return false;
}

/* ---- options ---- */

/* The value of a group's dimension; false where the rows are not by it. */
static bool value_by(const struct lens *lens, uint8_t place, const struct group *group,
                     uint32_t *ret_value)
{
	for (uint32_t i = 0; i < lens->by_count; i++) {
		if (lens->by[i] == place) {
			*ret_value = group->values[i];
			return true;
		}
	}
	return false;
}

static const struct plan_filter *filter_on(const struct lens *lens, uint8_t place)
{
	for (uint32_t i = 0; i < lens->filter_count; i++)
		if (lens->filters[i].place == place)
			return &lens->filters[i];
	return NULL;
}

static bool holds_value(const struct survey_options *options, uint32_t value)
{
	for (uint32_t i = 0; i < options->count; i++)
		if (options->values[i] == value)
			return true;
	return false;
}

/* Somebody chose the option of the item, in whatever wave. */
static bool option_occurs(const struct waves *waves, uint32_t item, uint32_t option)
{
	for (uint32_t i = 0; i < waves->option_counts[item]; i++)
		if (waves->options[item][i].value == option)
			return true;
	return false;
}

/* The options that make up the share of a group. STATUS_NO_DATA: the group stands
 * for another item or option. STATUS_NON_ADDITIVE: answers of which one person may
 * give several do not add up, nor are a score's options scores. */
static enum row_status options_of(const struct kpi_plan *kpi, const struct group *group,
                                  struct survey_options *options)
{
	const struct lens *lens = kpi->reading->lens;
	const struct kpi_survey *survey = kpi->kpi->survey;
	const struct plan_filter *filter = filter_on(lens, lens->option);
	const struct survey_options *listed = &kpi->terms.chosen;
	bool each = survey->ask.option_count == 0;
	uint32_t item = kpi->reading->items[kpi->terms.item];
	uint32_t asked = item;
	uint32_t option = VIEW_NO_VALUE;
	bool by_option = value_by(lens, lens->option, group, &option);
	options->count = 0;
	if ((value_by(lens, lens->item, group, &asked) && asked != item) ||
	    !lens_filter_takes(lens, lens->item, item))
		return STATUS_NO_DATA;
	if (survey->stat != SURVEY_SHARE)
		return by_option || filter ? STATUS_NON_ADDITIVE : STATUS_OK;
	if (by_option) {
		bool own = each ? option_occurs(&kpi->reading->waves, kpi->terms.item, option)
		                : holds_value(listed, option);
		options->values[options->count++] = option;
		return own ? STATUS_OK : STATUS_NO_DATA;
	}
	if (each && (!filter || filter->value_count != 1))
		return STATUS_NON_ADDITIVE;
	if (each)
		options->values[options->count++] = filter->values[0];
	for (uint32_t i = 0; !each && i < listed->count; i++)
		if (lens_filter_takes(lens, lens->option, listed->values[i]))
			options->values[options->count++] = listed->values[i];
	return filter && options->count == 0 ? STATUS_NO_DATA : STATUS_OK;
}

/* ---- cells ---- */

static int fill_cells(const struct evaluation *evaluation, struct arena *arena,
                      struct kpi_plan *kpi)
{
	struct survey_options options = {.count = 0};
	options.values =
	    arena_alloc(arena, (kpi->terms.chosen.count + 1) * sizeof(*options.values));
	if (!options.values)
		return ERR_NOMEM;
	for (uint32_t b = 0; b < kpi->bucket_count; b++) {
		struct survey_cell chosen = {.present = false};
		bool waves = choose_waves(evaluation->plan, kpi, b, &chosen);
		for (uint32_t g = 0; g < kpi->groups->count; g++) {
			struct survey_cell *cell = &kpi->cells[(size_t)g * kpi->bucket_count + b];
			*cell = chosen;
			cell->status = options_of(kpi, &kpi->groups->items[g], &options);
			if (cell->status != STATUS_OK || !waves)
				continue;
			cell->answer = survey_evaluate(&kpi->terms, &kpi->reading->waves,
			                               kpi->reading->people_of[g], chosen.first,
			                               chosen.last, &options);
			cell->present = cell->answer.n > 0;
		}
	}
	return 0;
}

/* Order of groups by what was asked: those that are alike in it part the same
 * people. */
static int by_question(const void *a, const void *b, void *arg)
{
	const struct kpi_plan *kpi = arg;
	const struct lens *lens = kpi->reading->lens;
	const struct group *left = &kpi->groups->items[*(const uint32_t *)a];
	const struct group *right = &kpi->groups->items[*(const uint32_t *)b];
	for (uint32_t i = 0; i < lens->by_count; i++) {
		uint8_t place = lens->by[i];
		bool question =
		    place == lens->item || place == lens->option || place == lens->brand;
		if (question && left->values[i] != right->values[i])
			return left->values[i] < right->values[i] ? -1 : 1;
	}
	return 0;
}

/* Withholds among the `count` groups of `alike`, whose total is shown or known. */
static void suppress_alike(const struct privacy_settings *privacy, struct kpi_plan *kpi,
                           uint32_t bucket, const uint32_t *alike, uint32_t count,
                           struct suppress_cell *cells)
{
	for (uint32_t i = 0; i < count; i++)
		cells[i] = (struct suppress_cell){
		    kpi->cells[(size_t)alike[i] * kpi->bucket_count + bucket].answer.n, alike[i],
		    false};
	suppress_cells(cells, count, privacy->k, privacy->complementary && count > 1);
	for (uint32_t i = 0; i < count; i++)
		kpi->cells[(size_t)cells[i].id * kpi->bucket_count + bucket].withheld =
		    cells[i].withheld;
}

static int suppress(const struct privacy_settings *privacy, struct arena *arena,
                    struct kpi_plan *kpi)
{
	uint32_t count = kpi->groups->count;
	struct suppress_cell *cells = arena_alloc(arena, (count + 1) * sizeof(*cells));
	uint32_t *order = arena_alloc(arena, (count + 1) * sizeof(*order));
	if (!cells || !order)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	if (count > 1)
		qsort_r(order, count, sizeof(*order), by_question, kpi);
	for (uint32_t first = 0, end = 0; first < count; first = end) {
		while (end < count && by_question(&order[first], &order[end], kpi) == 0)
			end++;
		for (uint32_t b = 0; b < kpi->bucket_count; b++)
			suppress_alike(privacy, kpi, b, order + first, end - first, cells);
	}
	return 0;
}

/* Nothing was ever asked. */
static void nothing_asked(struct kpi_plan *kpi, size_t cells)
{
	for (size_t i = 0; i < cells; i++)
		kpi->cells[i].status = STATUS_NO_DATA;
}

int evaluate_survey_begin(const struct evaluation *evaluation, const struct partition *partition,
                          struct arena *arena, struct kpi_plan *kpi)
{
	const struct plan *plan = evaluation->plan;
	bool known =
	    terms_of(kpi->reading, partition, &plan->settings->catalog, kpi->kpi, &kpi->terms) == 0;
	bool waves = plan->query->grain == QUERY_WAVE;
	int err = 0;
	if (known) {
		err = survey_prepare(&kpi->terms, &kpi->reading->waves, arena);
		err = err ? err : find_asked(kpi, arena);
		err = err || !waves ? err : wave_buckets(plan, arena, kpi);
	} else if (waves) {
		kpi->bucket_count = 0;
	}
	if (err)
		return err;
	size_t cells = (size_t)kpi->groups->count * kpi->bucket_count;
	/* How many waves there are is known only now: summary_build refuses. */
	if (cells > plan->settings->limits.query_rows)
		return 0;
	kpi->cells = arena_zalloc(arena, (cells + 1) * sizeof(*kpi->cells));
	if (!kpi->cells)
		return ERR_NOMEM;
	if (!known) {
		nothing_asked(kpi, cells);
		return 0;
	}
	err = fill_cells(evaluation, arena, kpi);
	return err ? err : suppress(&plan->settings->privacy, arena, kpi);
}

/* ---- per row ---- */

static void show_wave(const struct evaluation *evaluation, const struct survey_cell *cell,
                      struct kpi_row *row)
{
	const struct wave *wave = &row->kpi->reading->waves.waves[cell->last];
	int32_t today = evaluation->plan->feeds.today;
	int32_t end = row->bucket.last_day < today ? row->bucket.last_day : today;
	if (end - wave->last > 2 * (int32_t)row->kpi->feed.cadence_days)
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
	row->numerator = answer->numerator;
	row->denominator = answer->denominator;
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

int32_t evaluate_survey_through(const struct kpi_plan *kpi, uint32_t group, uint32_t bucket)
{
	const struct survey_cell *cell = &kpi->cells[(size_t)group * kpi->bucket_count + bucket];
	return cell->present ? kpi->reading->waves.waves[cell->last].last
	                     : kpi->buckets[bucket].last_day;
}

void evaluate_survey(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                     struct kpi_row *row)
{
	const struct kpi_plan *kpi = row->kpi;
	const struct lens *lens = kpi->reading->lens;
	const struct survey_cell *cell = &kpi->cells[(size_t)group * kpi->bucket_count + bucket];
	const struct kpi_survey *survey = kpi->kpi->survey;
	/* Branded answers of a tenant that names no brand belong to nobody. */
	bool nobody = survey->branded && lens->own_brand && !evaluation->plan->tenant->brand[0];
	if (row->bucket.end_us)
		row->status = STATUS_COARSER_THAN_GRAIN;
	else if (cell->status != STATUS_OK)
		row->status = cell->status;
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
