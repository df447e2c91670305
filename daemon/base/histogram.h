/* SPDX-License-Identifier: Apache-2.0
 * Durations counted by upper bounds, from half a millisecond to ten seconds. */
#ifndef SG_BASE_HISTOGRAM_H
#define SG_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 14

/* All zero is empty; `counts` are of each range alone, the last one of what is longer. */
struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_us;
};

/* Upper bounds in microseconds, ascending, included in their range. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];

/* A negative duration (a clock that was set) counts as none. */
void histogram_add(struct histogram *histogram, int64_t duration_us);

/* Everything that was added. */
uint64_t histogram_count(const struct histogram *histogram);

#endif
