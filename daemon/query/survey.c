/* SPDX-License-Identifier: Apache-2.0 */
#include "query/survey.h"

#include <math.h>
#include <string.h>

#define NPS_PROMOTER  (9 * NUM_MICROS) /* 9 and 10 */
#define NPS_DETRACTOR (6 * NUM_MICROS) /* 0 to 6 */

const char *survey_method_name(enum survey_method method)
{
	return method == SURVEY_WILSON ? "wilson_kish" : "normal_kish";
}

/* ---- options ---- */

static bool listed(const struct survey_question *question, const char *text)
{
	for (uint32_t i = 0; i < question->option_count; i++)
		if (strcmp(question->options[i], text) == 0)
			return true;
	return false;
}

static int find_options(const struct survey_question *question, const struct waves *waves,
                        uint32_t item, struct arena *arena, struct survey_options *ret_options)
{
	struct survey_options options = {.count = 0};
	uint32_t count = waves->option_counts[item];
	options.values = arena_alloc(arena, (count + 1) * sizeof(*options.values));
	if (!options.values)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (listed(question, waves->options[item][i].text))
			options.values[options.count++] = waves->options[item][i].value;
	*ret_options = options;
	return 0;
}

static int find_numbers(struct survey_terms *terms, const struct waves *waves, struct arena *arena)
{
	uint32_t count = waves->option_counts[terms->item];
	terms->number_count = 0;
	terms->numbers = arena_alloc(arena, (count + 1) * sizeof(*terms->numbers));
	terms->ratings = arena_alloc(arena, (count + 1) * sizeof(*terms->ratings));
	if (!terms->numbers || !terms->ratings)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		const struct wave_option *option = &waves->options[terms->item][i];
		int64_t micros = 0;
		if (num_parse(option->text, strlen(option->text), 6, NUM_HALF_EVEN, &micros) == 0)
			terms->numbers[terms->number_count++] =
			    (struct survey_number){option->value, micros};
	}
	return 0;
}

int survey_prepare(struct survey_terms *terms, const struct waves *waves, struct arena *arena)
{
	const struct kpi_survey *survey = terms->survey;
	int err = find_options(&survey->ask, waves, terms->item, arena, &terms->chosen);
	if (!err && terms->of_item != SURVEY_NO_ITEM)
		err = find_options(&survey->of, waves, terms->of_item, arena, &terms->of);
	return err ? err : find_numbers(terms, waves, arena);
}

/* ---- sums ---- */

/* Sums over the waves so far; weights scaled where waves are pooled. */
struct pool {
	const struct survey_terms *terms;
	const struct waves *waves;
	const struct survey_options *options;
	uint32_t group;
	bool pooled;
	struct survey_base base; /* weights in units, not micros */
	double chose;
	double promoters;
	double detractors;
	i128 n;
	i128 exact_base;  /* micros */
	i128 exact_chose; /* at SURVEY_SCALE: of a share, an NPS, a mean */
	bool scaled;      /* a wave's scale was not 1 */
	bool tables;
};

static void add_sums(struct wave_sums *sum, const struct wave_sums *more)
{
	sum->n += more->n;
	sum->weight += more->weight;
	sum->weight_squared += more->weight_squared;
}

/* Those who chose one of the options. */
static struct wave_sums choice(const struct pool *pool, const struct survey_options *options,
                               uint32_t item, uint32_t wave)
{
	struct wave_sums sum = {.n = 0};
	for (uint32_t i = 0; i < options->count; i++) {
		struct wave_sums one =
		    waves_get(pool->waves, pool->group, wave, item, options->values[i]);
		add_sums(&sum, &one);
	}
	return sum;
}

/* The base of one wave: all who were asked, or all who chose `of`, or for
 * ratings all who gave one. Only a base as asked says whether it is a table. */
static struct wave_sums base_of(const struct pool *pool, uint32_t wave)
{
	const struct survey_terms *terms = pool->terms;
	struct wave_sums asked =
	    waves_get(pool->waves, pool->group, wave, terms->base_item, VIEW_NO_VALUE);
	struct wave_sums base = {.n = 0};
	if (terms->of_item != SURVEY_NO_ITEM) {
		asked = waves_get(pool->waves, pool->group, wave, terms->of_item, VIEW_NO_VALUE);
		base = choice(pool, &terms->of, terms->of_item, wave);
	} else if (terms->survey->stat == SURVEY_SHARE) {
		base = asked;
	} else {
		for (uint32_t i = 0; i < terms->number_count; i++) {
			struct wave_sums one = waves_get(pool->waves, pool->group, wave,
			                                 terms->item, terms->numbers[i].value);
			add_sums(&base, &one);
		}
	}
	base.tables = asked.tables;
	return base;
}

static void add_ratings(struct pool *pool, uint32_t wave, double scale)
{
	const struct survey_terms *terms = pool->terms;
	for (uint32_t i = 0; i < terms->number_count; i++) {
		int64_t rating = terms->numbers[i].micros;
		struct wave_sums one =
		    waves_get(pool->waves, pool->group, wave, terms->item, terms->numbers[i].value);
		double weight = num_double(one.weight, 6) * scale;
		int sign = (rating >= NPS_PROMOTER) - (rating <= NPS_DETRACTOR);
		terms->ratings[i].weight += weight;
		pool->promoters += sign > 0 ? weight : 0;
		pool->detractors += sign < 0 ? weight : 0;
		pool->exact_chose +=
		    one.weight * (terms->survey->stat == SURVEY_NPS ? sign * NUM_MICROS : rating);
	}
}

static void add_wave(struct pool *pool, uint32_t wave, const struct wave_sums *base)
{
	struct survey_base own = {(double)base->n, num_double(base->weight, 6),
	                          num_double(base->weight_squared, 6)};
	double scale = pool->pooled ? survey_scale(&own) : 1;
	pool->scaled = pool->scaled || (pool->pooled && base->weight != base->n * NUM_MICROS);
	pool->tables = pool->tables || base->tables > 0;
	pool->n += base->n;
	pool->base.n += own.n;
	pool->base.weight += own.weight * scale;
	pool->base.weight_squared += own.weight_squared * scale * scale;
	pool->exact_base += base->weight;
	if (pool->terms->survey->stat != SURVEY_SHARE) {
		add_ratings(pool, wave, scale);
		return;
	}
	struct wave_sums chose = choice(pool, pool->options, pool->terms->item, wave);
	pool->chose += num_double(chose.weight, 6) * scale;
	pool->exact_chose += chose.weight * NUM_MICROS;
}

/* ---- answer ---- */

/* Rounded at the 6th place. */
static i128 rounded(double value)
{
	return (i128)llrint(value * NUM_MICROS) * NUM_MICROS;
}

static void estimate(const struct pool *pool, struct survey_answer *answer)
{
	const struct survey_terms *terms = pool->terms;
	double weight = pool->base.weight;
	double numerator = pool->chose;
	answer->method = SURVEY_NORMAL;
	switch (terms->survey->stat) {
	case SURVEY_NPS:
		numerator = pool->promoters - pool->detractors;
		answer->estimate =
		    survey_nps(pool->promoters / weight, pool->detractors / weight, answer->n_eff);
		break;
	case SURVEY_MEAN:
		answer->estimate = survey_mean(terms->ratings, terms->number_count, answer->n_eff);
		numerator = answer->estimate.value * weight;
		break;
	case SURVEY_SHARE:
		answer->method = SURVEY_WILSON;
		answer->estimate = survey_share(numerator / weight, answer->n_eff);
		break;
	}
	answer->rounded = pool->scaled;
	answer->numerator = pool->scaled ? rounded(numerator) : pool->exact_chose;
	answer->denominator = pool->scaled ? rounded(weight) : pool->exact_base * NUM_MICROS;
}

struct survey_answer survey_evaluate(const struct survey_terms *terms, const struct waves *waves,
                                     uint32_t group, uint32_t first, uint32_t last,
                                     const struct survey_options *options)
{
	struct survey_answer answer = {.n = 0};
	struct pool pool = {.terms = terms, .waves = waves, .options = options, .group = group};
	uint32_t met = 0;
	for (uint32_t i = 0; i < terms->number_count; i++)
		terms->ratings[i] =
		    (struct survey_rating){num_double(terms->numbers[i].micros, 6), 0};
	for (uint32_t wave = first; wave <= last && met < 2; wave++)
		met += base_of(&pool, wave).n > 0;
	pool.pooled = met > 1;
	for (uint32_t wave = first; wave <= last; wave++) {
		struct wave_sums base = base_of(&pool, wave);
		if (base.n > 0)
			add_wave(&pool, wave, &base);
	}
	if (pool.n > 0 && pool.base.weight > 0) {
		answer.n = (uint64_t)pool.n;
		answer.n_eff = survey_n_eff(&pool.base);
		answer.aggregate_only = pool.tables;
		estimate(&pool, &answer);
	}
	return answer;
}
