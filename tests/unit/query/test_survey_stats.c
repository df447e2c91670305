/* SPDX-License-Identifier: Apache-2.0
 * The shared vectors of survey statistics, straight through the formulas. */
#include "query/survey_stats.h"

#include <criterion/criterion.h>
#include <math.h>

#include "vectors.h"

static double item(json_t *list, size_t index)
{
	json_t *value = json_array_get(list, index);
	cr_assert(json_is_number(value));
	return json_number_value(value);
}

static void expect_interval(const char *id, struct survey_estimate got, json_t *want)
{
	cr_assert(got.has_interval, "%s", id);
	vector_near(id, got.low, item(want, 0));
	vector_near(id, got.high, item(want, 1));
}

static bool wilson(const char *id, json_t *input, json_t *expect)
{
	double n = vector_number(input, "n");
	struct survey_estimate got = survey_share(vector_number(input, "x") / n, n);
	vector_near(id, got.value, vector_number(expect, "p"));
	expect_interval(id, got, json_object_get(expect, "ci"));
	return true;
}

Test(survey_stats, wilson)
{
	cr_assert_eq(vectors_run("wilson", wilson), 4);
}

/* Of the vectors Kish's part: intervals are his, not the linearised ones. */
static bool proportion(const char *id, json_t *input, json_t *expect)
{
	json_t *sums = json_object_get(input, "sums");
	struct survey_base base = {vector_number(sums, "n"), vector_number(sums, "sw"),
	                           vector_number(sums, "sw2")};
	double chose = vector_number(sums, "swy");
	double p = chose / base.weight;
	double n_eff = survey_n_eff(&base);
	vector_near(id, n_eff, vector_number(expect, "neff_kish"));
	if (!json_object_get(expect, "p"))
		return true;
	vector_near(id, p, vector_number(expect, "p"));
	expect_interval(id, survey_share(p, n_eff), json_object_get(expect, "ci_kish"));
	return true;
}

Test(survey_stats, weighted_shares)
{
	cr_assert_eq(vectors_run("survey_proportion", proportion), 3);
}

static bool nps(const char *id, json_t *input, json_t *expect)
{
	json_t *hist = json_object_get(input, "hist");
	double all = 0;
	double promoters = item(hist, 9) + item(hist, 10);
	double detractors = 0;
	for (size_t i = 0; i <= 10; i++) {
		all += item(hist, i);
		detractors += i <= 6 ? item(hist, i) : 0;
	}
	struct survey_estimate got = survey_nps(promoters / all, detractors / all, all);
	vector_near(id, got.value, vector_number(expect, "nps"));
	expect_interval(id, got, json_object_get(expect, "ci"));
	return true;
}

Test(survey_stats, nps)
{
	cr_assert_eq(vectors_run("nps", nps), 1);
}

static bool csat(const char *id, json_t *input, json_t *expect)
{
	json_t *hist = json_object_get(input, "hist");
	struct survey_rating ratings[5];
	double all = 0;
	for (size_t i = 0; i < 5; i++) {
		ratings[i] = (struct survey_rating){(double)i + 1, item(hist, i)};
		all += ratings[i].weight;
	}
	struct survey_estimate mean = survey_mean(ratings, 5, all);
	vector_near(id, mean.value, vector_number(expect, "mean"));
	expect_interval(id, mean, json_object_get(expect, "mean_ci"));
	struct survey_estimate top =
	    survey_share((ratings[3].weight + ratings[4].weight) / all, all);
	vector_near(id, top.value, vector_number(expect, "top2"));
	expect_interval(id, top, json_object_get(expect, "top2_ci"));
	return true;
}

Test(survey_stats, csat)
{
	cr_assert_eq(vectors_run("csat", csat), 1);
}

Test(survey_stats, scale_of_weights_does_not_matter)
{
	struct survey_base base = {40, 80, 200};
	double scale = survey_scale(&base);
	struct survey_base scaled = {40, 80 * scale, 200 * scale * scale};
	vector_near("weight", scaled.weight, 40);
	vector_near("n_eff", survey_n_eff(&scaled), survey_n_eff(&base));
}

Test(survey_stats, nobody_and_one)
{
	struct survey_base nobody = {0, 0, 0};
	struct survey_rating one = {4, 1};
	cr_assert_eq(survey_n_eff(&nobody), 0);
	cr_assert_eq(survey_scale(&nobody), 0);
	cr_assert_not(survey_mean(NULL, 0, 10).has_interval);
	struct survey_estimate mean = survey_mean(&one, 1, 1);
	cr_assert_not(mean.has_interval);
	vector_near("mean", mean.value, 4);
}

/* At the ends the interval touches them, and rounding does not push it past. */
Test(survey_stats, nobody_or_everybody_chose)
{
	for (double n = 1; n < 2000; n += 7) {
		struct survey_estimate none = survey_share(0, n);
		struct survey_estimate all = survey_share(1, n);
		cr_assert_eq(none.low, 0);
		cr_assert_eq(all.high, 1);
		cr_assert_gt(none.high, 0);
		cr_assert_lt(all.low, 1);
		vector_near("mirrored", none.high, 1 - all.low);
	}
}

Test(survey_stats, an_nps_stays_between_its_ends)
{
	struct survey_estimate high = survey_nps(0.98, 0.02, 10);
	struct survey_estimate low = survey_nps(0.02, 0.98, 10);
	cr_assert_eq(high.high, 100);
	cr_assert_eq(low.low, -100);
	vector_near("mirrored", high.low, -low.high);
	cr_assert_lt(high.low, high.value);
}

/* (2 x 1 + 4 x 3 + 5 x 2) / 6 = 4; squares 4 + 0 + 2 of 6, times 3/2. */
Test(survey_stats, mean_by_hand)
{
	static const struct survey_rating ratings[] = {{2, 1}, {4, 3}, {5, 2}};
	struct survey_estimate got = survey_mean(ratings, 3, 3);
	double half = SURVEY_Z * sqrt(1.5 / 3);
	vector_near("mean", got.value, 4);
	vector_near("low", got.low, 4 - half);
	vector_near("high", got.high, 4 + half);
}
