/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/histogram.h"

Test(histogram, ranges)
{
	struct histogram histogram = {.sum_us = 0};
	const struct {
		int64_t us;
		int range;
	} cases[] = {{-5, 0},
	             {0, 0},
	             {500, 0},
	             {501, 1},
	             {1000000, 10},
	             {1000001, 11},
	             {2000, 2},
	             {10000000, HISTOGRAM_BOUNDS - 1},
	             {10000001, HISTOGRAM_BOUNDS}};
	uint64_t sum = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t before = histogram.counts[cases[i].range];
		histogram_add(&histogram, cases[i].us);
		cr_expect_eq(histogram.counts[cases[i].range], before + 1, "%lld",
		             (long long)cases[i].us);
		sum += cases[i].us > 0 ? (uint64_t)cases[i].us : 0;
	}
	cr_expect_eq(histogram_count(&histogram), sizeof(cases) / sizeof(*cases));
	cr_expect_eq(histogram.sum_us, sum);
}

Test(histogram, bounds_ascend)
{
	for (int i = 1; i < HISTOGRAM_BOUNDS; i++)
		cr_expect_lt(histogram_bounds_us[i - 1], histogram_bounds_us[i]);
}
