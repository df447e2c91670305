/* SPDX-License-Identifier: Apache-2.0
 * The benchmark's events: a fixed seed, in order of time, evenly over the span.
 *
 * kind      click 80 %, conversion 12 %, purchase 5 %, cost 3 %
 * amount    purchase 1-200, cost 0.01-5, uniform, in cents
 * campaign  500, uniform; its channel follows from it (8)
 * product 5, market 20, segment 6, uniform; id unique */
#ifndef SG_BENCH_WORKLOAD_H
#define SG_BENCH_WORKLOAD_H

#include <stdint.h>

enum kind { KIND_CLICK, KIND_CONVERSION, KIND_PURCHASE, KIND_COST, KIND_COUNT };

#define CAMPAIGNS 500
#define CHANNELS  8
#define PRODUCTS  5
#define MARKETS   20
#define SEGMENTS  6
#define MEASURES  6 /* four counts, revenue, cost */

struct event {
	int64_t time_us;
	int64_t micros; /* purchase and cost */
	uint64_t id;
	enum kind kind;
	uint16_t campaign;
	uint8_t channel;
	uint8_t product;
	uint8_t market;
	uint8_t segment;
};

struct workload {
	uint64_t events;
	int64_t start_us;
	int64_t span_us;
	uint64_t random;
	uint64_t next;
};

void workload_init(struct workload *workload, uint64_t events, int64_t start_us, int64_t span_us);

/* The next event; 0 at the end. */
int workload_next(struct workload *workload, struct event *ret_event);

/* The three grouping sets of the roll-up: groups of a set, and an event's group. */
#define SETS 3
extern const uint32_t set_groups[SETS];
uint32_t event_group(const struct event *event, int set);

/* What the event adds: up to two (measure, value). Returns how many. */
int event_amounts(const struct event *event, int ret_measures[2], int64_t ret_values[2]);

#endif
