/* SPDX-License-Identifier: Apache-2.0
 * Statistics of weighted survey sums.
 *
 * n    respondents asked           S1  sum of their weights
 * S2   sum of squared weights
 *
 * n_eff = S1^2 / S2 (Kish, 1965): the size of a simple sample that would be as
 * sure. Weights count in any unit; a wave's are scaled to mean 1 before waves are
 * pooled, else the wave with the larger scale would dominate. Intervals are at 95
 * per cent. */
#ifndef SG_QUERY_SURVEY_STATS_H
#define SG_QUERY_SURVEY_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define SURVEY_LEVEL 0.95
#define SURVEY_Z     1.9599639845400536 /* normal quantile at 0.975 */

/* Everybody who was asked. */
struct survey_base {
	double n;
	double weight;
	double weight_squared;
};

struct survey_estimate {
	double value;
	double low; /* of the interval, where has_interval */
	double high;
	bool has_interval;
};

/* The factor that makes the mean weight 1: n / S1; 0 when nobody has weight. */
double survey_scale(const struct survey_base *base);

/* Kish's effective sample size; 0 when nobody has weight. */
double survey_n_eff(const struct survey_base *base);

/* Wilson's score interval for share p of n_eff (Wilson, 1927). n_eff > 0. */
struct survey_estimate survey_share(double p, double n_eff);

/* 100 x (promoters - detractors), both shares of the base; the standard error is
 * that of a difference within one multinomial. n_eff > 0. */
struct survey_estimate survey_nps(double promoters, double detractors, double n_eff);

/* One answer of a rating: its number and the weight of those who gave it. */
struct survey_rating {
	double rating;
	double weight;
};

/* Weighted mean; variance with n_eff - 1. No interval for n_eff <= 1 or when
 * `count` is 0. The weights sum to more than 0. */
struct survey_estimate survey_mean(const struct survey_rating *ratings, size_t count, double n_eff);

#endif
