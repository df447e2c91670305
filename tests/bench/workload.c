/* SPDX-License-Identifier: Apache-2.0 */
#include "workload.h"

const uint32_t set_groups[SETS] = {PRODUCTS * MARKETS * CHANNELS, CAMPAIGNS, SEGMENTS *CHANNELS};

void workload_init(struct workload *workload, uint64_t events, int64_t start_us, int64_t span_us)
{
	*workload = (struct workload){events, start_us, span_us, 20261121, 0};
}

/* splitmix64 */
static uint64_t draw(struct workload *workload)
{
	uint64_t z = workload->random += 0x9E3779B97F4A7C15u;
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

int workload_next(struct workload *workload, struct event *ret_event)
{
	if (workload->next == workload->events)
		return 0;
	uint64_t a = draw(workload);
	uint64_t b = draw(workload);
	uint32_t part = (uint32_t)(a % 100);
	struct event event = {
	    .time_us =
	        workload->start_us + (int64_t)((unsigned __int128)workload->next *
	                                       (uint64_t)workload->span_us / workload->events),
	    .id = draw(workload),
	    .kind = part < 80   ? KIND_CLICK
	            : part < 92 ? KIND_CONVERSION
	            : part < 97 ? KIND_PURCHASE
	                        : KIND_COST,
	    .campaign = (uint16_t)((a >> 8) % CAMPAIGNS),
	    .product = (uint8_t)((a >> 24) % PRODUCTS),
	    .market = (uint8_t)((a >> 32) % MARKETS),
	    .segment = (uint8_t)((a >> 40) % SEGMENTS),
	};
	event.channel = (uint8_t)(event.campaign % CHANNELS);
	if (event.kind == KIND_PURCHASE)
		event.micros = (int64_t)(100 + b % 19901) * 10000;
	if (event.kind == KIND_COST)
		event.micros = (int64_t)(1 + b % 500) * 10000;
	workload->next++;
	*ret_event = event;
	return 1;
}

uint32_t event_group(const struct event *event, int set)
{
	if (set == 0)
		return ((uint32_t)event->product * MARKETS + event->market) * CHANNELS +
		       event->channel;
	if (set == 1)
		return event->campaign;
	return (uint32_t)event->segment * CHANNELS + event->channel;
}

int event_amounts(const struct event *event, int ret_measures[2], int64_t ret_values[2])
{
	ret_measures[0] = (int)event->kind;
	ret_values[0] = 1;
	if (event->kind != KIND_PURCHASE && event->kind != KIND_COST)
		return 1;
	ret_measures[1] = event->kind == KIND_PURCHASE ? 4 : 5;
	ret_values[1] = event->micros;
	return 2;
}
