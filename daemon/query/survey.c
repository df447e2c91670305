/* SPDX-License-Identifier: Apache-2.0 */
#include "query/survey.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NPS_PROMOTER  9 /* 9 and 10 */
#define NPS_DETRACTOR 6 /* 0 to 6 */

const char *survey_method_name(enum survey_method method)
{
	return method == SURVEY_WILSON ? "wilson_kish" : "normal_kish";
}

/* Sums over the waves so far; weights scaled where waves are pooled. */
struct pool {
	const struct survey_terms *terms;
	const struct waves *waves;
	uint32_t group;
	uint32_t option; /* of a question without options */
	bool pooled;
	struct survey_base base; /* weights in units, not micros */
	double chose;
	double promoters;
	double detractors;
	struct survey_rating *ratings; /* by option of the item */
	i128 n;
	i128 exact_base;
	i128 exact_chose;
	bool scaled; /* a wave's scale was not 1 */
	bool tables;
};

static bool listed(const struct survey_question *question, const char *text)
{
	for (uint32_t i = 0; i < question->option_count; i++)
		if (strcmp(question->options[i], text) == 0)
			return true;
	return false;
}

static void add_sums(struct wave_sums *sum, const struct wave_sums *more)
{
	sum->n += more->n;
	sum->weight += more->weight;
	sum->weight_squared += more->weight_squared;
	sum->tables += more->tables;
}

/* Those who chose one of the question's options; they exclude each other. */
static struct wave_sums choice(const struct pool *pool, const struct survey_question *question,
                               uint32_t item, uint32_t wave)
{
	struct wave_sums sum = {.n = 0};
	for (uint32_t i = 0; i < pool->waves->option_counts[item]; i++) {
		const struct wave_option *option = &pool->waves->options[item][i];
		bool counts = question->option_count ? listed(question, option->text)
		                                     : option->value == pool->option;
		if (!counts)
			continue;
		struct wave_sums one =
		    waves_get(pool->waves, pool->group, wave, item, option->value);
		add_sums(&sum, &one);
	}
	return sum;
}

/* The whole number that a rating's text stands for. */
static bool rating_of(const char *text, double *ret_rating)
{
	char *end;
	double rating = strtod(text, &end);
	if (end == text || *end || !isfinite(rating))
		return false;
	*ret_rating = rating;
	return true;
}

/* Ratings of one wave. Options that are no number ("don't know") count nowhere;
 * who chose them is taken out of the base. */
static void add_ratings(struct pool *pool, uint32_t wave, double scale)
{
	uint32_t item = pool->terms->item;
	for (uint32_t i = 0; i < pool->waves->option_counts[item]; i++) {
		const struct wave_option *option = &pool->waves->options[item][i];
		struct wave_sums one =
		    waves_get(pool->waves, pool->group, wave, item, option->value);
		double weight = num_double(one.weight, 6) * scale;
		double rating;
		if (!rating_of(option->text, &rating))
			continue;
		pool->ratings[i].rating = rating;
		pool->ratings[i].weight += weight;
		pool->promoters += rating >= NPS_PROMOTER ? weight : 0;
		pool->detractors += rating <= NPS_DETRACTOR ? weight : 0;
	}
}

/* The base of one wave: all who were asked, or all who chose `of`, or for
 * ratings all who gave one. */
static struct wave_sums base_of(const struct pool *pool, uint32_t wave)
{
	const struct survey_terms *terms = pool->terms;
	if (terms->of_item != SURVEY_NO_ITEM)
		return choice(pool, &terms->survey->of, terms->of_item, wave);
	struct wave_sums asked =
	    waves_get(pool->waves, pool->group, wave, terms->base_item, VIEW_NO_VALUE);
	if (terms->survey->stat == SURVEY_SHARE)
		return asked;
	struct wave_sums gave = {.tables = asked.tables};
	double rating;
	for (uint32_t i = 0; i < pool->waves->option_counts[terms->item]; i++) {
		const struct wave_option *option = &pool->waves->options[terms->item][i];
		if (!rating_of(option->text, &rating))
			continue;
		struct wave_sums one =
		    waves_get(pool->waves, pool->group, wave, terms->item, option->value);
		add_sums(&gave, &one);
	}
	return gave;
}

static void add_wave(struct pool *pool, uint32_t wave)
{
	struct wave_sums base = base_of(pool, wave);
	struct wave_sums chose = choice(pool, &pool->terms->survey->ask, pool->terms->item, wave);
	struct survey_base own = {(double)base.n, num_double(base.weight, 6),
	                          num_double(base.weight_squared, 6)};
	double scale = pool->pooled ? survey_scale(&own) : 1;
	pool->scaled = pool->scaled || (pool->pooled && base.weight != base.n * NUM_MICROS);
	pool->tables = pool->tables || base.tables > 0;
	pool->n += base.n;
	pool->base.n += own.n;
	pool->base.weight += own.weight * scale;
	pool->base.weight_squared += own.weight_squared * scale * scale;
	pool->chose += num_double(chose.weight, 6) * scale;
	pool->exact_base += base.weight;
	pool->exact_chose += chose.weight;
	add_ratings(pool, wave, scale);
}

static i128 micros(double value)
{
	return (i128)llround(value * NUM_MICROS);
}

/* Numerator and denominator of what the estimate divides; of an NPS promoters
 * less detractors, of a mean the weighted sum of ratings. */
static void set_sides(const struct pool *pool, struct survey_answer *answer)
{
	const struct survey_terms *terms = pool->terms;
	answer->rounded = pool->scaled;
	answer->denominator = pool->scaled ? micros(pool->base.weight) : pool->exact_base;
	if (terms->survey->stat == SURVEY_SHARE)
		answer->numerator = pool->scaled ? micros(pool->chose) : pool->exact_chose;
	else if (terms->survey->stat == SURVEY_NPS)
		answer->numerator = micros(pool->promoters - pool->detractors);
	else
		answer->numerator = micros(answer->estimate.value * pool->base.weight);
}

static void estimate(const struct pool *pool, struct survey_answer *answer)
{
	const struct survey_terms *terms = pool->terms;
	double weight = pool->base.weight;
	answer->method = terms->survey->stat == SURVEY_SHARE ? SURVEY_WILSON : SURVEY_NORMAL;
	switch (terms->survey->stat) {
	case SURVEY_NPS:
		answer->estimate =
		    survey_nps(pool->promoters / weight, pool->detractors / weight, answer->n_eff);
		break;
	case SURVEY_MEAN:
		answer->estimate = survey_mean(
		    pool->ratings, pool->waves->option_counts[terms->item], answer->n_eff);
		break;
	case SURVEY_SHARE:
		answer->estimate = survey_share(pool->chose / weight, answer->n_eff);
		break;
	}
}

int survey_evaluate(const struct survey_terms *terms, const struct waves *waves, uint32_t group,
                    uint32_t first, uint32_t last, uint32_t option, struct arena *arena,
                    struct survey_answer *ret_answer)
{
	struct survey_answer answer = {.n = 0};
	struct pool pool = {.terms = terms, .waves = waves, .group = group, .option = option};
	uint32_t options = waves->option_counts[terms->item];
	uint32_t met = 0;
	pool.ratings = arena_zalloc(arena, (options + 1) * sizeof(*pool.ratings));
	if (!pool.ratings)
		return ERR_NOMEM;
	for (uint32_t wave = first; wave <= last; wave++)
		met += base_of(&pool, wave).n > 0;
	pool.pooled = met > 1;
	for (uint32_t wave = first; wave <= last; wave++)
		if (base_of(&pool, wave).n > 0)
			add_wave(&pool, wave);
	if (pool.n > 0 && pool.base.weight > 0) {
		answer.n = (uint64_t)pool.n;
		answer.n_eff = survey_n_eff(&pool.base, 0);
		answer.aggregate_only = pool.tables;
		estimate(&pool, &answer);
		set_sides(&pool, &answer);
	}
	*ret_answer = answer;
	return 0;
}
