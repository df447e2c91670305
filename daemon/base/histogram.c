/* SPDX-License-Identifier: Apache-2.0 */
#include "base/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = {
    500,    1000,   2500,   5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

void histogram_add(struct histogram *histogram, int64_t duration_us)
{
	uint64_t us = duration_us > 0 ? (uint64_t)duration_us : 0;
	int range = 0;
	while (range < HISTOGRAM_BOUNDS && us > histogram_bounds_us[range])
		range++;
	histogram->counts[range]++;
	histogram->sum_us += us;
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		count += histogram->counts[i];
	return count;
}
