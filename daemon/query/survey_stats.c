/* SPDX-License-Identifier: Apache-2.0 */
#include "query/survey_stats.h"

#include <math.h>

double survey_scale(const struct survey_base *base)
{
	return base->weight > 0 ? base->n / base->weight : 0;
}

double survey_n_eff(const struct survey_base *base)
{
	return base->weight_squared > 0 ? base->weight * base->weight / base->weight_squared : 0;
}

/* Centre and half-width:
 *   (p + z^2/2n) / (1 + z^2/n),  z/(1 + z^2/n) sqrt(p(1-p)/n + z^2/4n^2) */
struct survey_estimate survey_share(double p, double n_eff)
{
	double z2 = SURVEY_Z * SURVEY_Z;
	double scale = 1 + z2 / n_eff;
	double centre = (p + z2 / (2 * n_eff)) / scale;
	double half = SURVEY_Z / scale * sqrt(p * (1 - p) / n_eff + z2 / (4 * n_eff * n_eff));
	/* At the ends the sum of the two is 0 or 1 but for rounding. */
	double low = p <= 0 ? 0 : fmax(0, centre - half);
	double high = p >= 1 ? 1 : fmin(1, centre + half);
	return (struct survey_estimate){p, low, high, true};
}

struct survey_estimate survey_nps(double promoters, double detractors, double n_eff)
{
	double score = promoters - detractors;
	double variance = fmax(0, promoters + detractors - score * score);
	double half = SURVEY_Z * sqrt(variance / n_eff);
	return (struct survey_estimate){100 * score, fmax(-100, 100 * (score - half)),
	                                fmin(100, 100 * (score + half)), true};
}

struct survey_estimate survey_mean(const struct survey_rating *ratings, size_t count, double n_eff)
{
	double weight = 0;
	double sum = 0;
	for (size_t i = 0; i < count; i++) {
		weight += ratings[i].weight;
		sum += ratings[i].weight * ratings[i].rating;
	}
	if (weight <= 0)
		return (struct survey_estimate){0, 0, 0, false};
	double mean = sum / weight;
	if (n_eff <= 1)
		return (struct survey_estimate){mean, mean, mean, false};
	double squares = 0;
	for (size_t i = 0; i < count; i++) {
		double off = ratings[i].rating - mean;
		squares += ratings[i].weight * off * off;
	}
	double variance = squares / weight * n_eff / (n_eff - 1);
	double half = SURVEY_Z * sqrt(variance / n_eff);
	return (struct survey_estimate){mean, mean - half, mean + half, true};
}
