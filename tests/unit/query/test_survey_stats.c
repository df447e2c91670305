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

static bool proportion(const char *id, json_t *input, json_t *expect)
{
	json_t *sums = json_object_get(input, "sums");
	struct survey_base base = {vector_number(sums, "n"), vector_number(sums, "sw"),
	                           vector_number(sums, "sw2")};
	double chose = vector_number(sums, "swy");
	double p = chose / base.weight;
	double n_eff = survey_n_eff(&base, 0);
	vector_near(id, n_eff, vector_number(expect, "neff_kish"));
	if (!json_object_get(expect, "p"))
		return true;
	vector_near(id, p, vector_number(expect, "p"));
	expect_interval(id, survey_share(p, n_eff), json_object_get(expect, "ci_kish"));
	double variance = survey_share_variance(&base, chose, vector_number(sums, "sw2y"));
	vector_near(id, variance, vector_number(expect, "var_lin"));
	double linear = p * (1 - p) / variance;
	vector_near(id, linear, vector_number(expect, "neff_lin"));
	expect_interval(id, survey_share(p, linear), json_object_get(expect, "ci_lin"));
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
	vector_near("n_eff", survey_n_eff(&scaled, 0), survey_n_eff(&base, 0));
}

Test(survey_stats, nobody_and_one)
{
	struct survey_base nobody = {0, 0, 0};
	struct survey_rating one = {4, 1};
	cr_assert_eq(survey_n_eff(&nobody, 0), 0);
	cr_assert_eq(survey_scale(&nobody), 0);
	cr_assert_eq(survey_share_variance(&nobody, 0, 0), 0);
	cr_assert_not(survey_mean(NULL, 0, 10).has_interval);
	struct survey_estimate mean = survey_mean(&one, 1, 1);
	cr_assert_not(mean.has_interval);
	vector_near("mean", mean.value, 4);
}

Test(survey_stats, stated_design_effect_caps)
{
	struct survey_base base = {130, 130, 130};
	vector_near("n_eff", survey_n_eff(&base, 1.3), 100);
	vector_near("n_eff", survey_n_eff(&base, 0.5), 130);
}
