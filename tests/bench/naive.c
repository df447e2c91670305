/* SPDX-License-Identifier: Apache-2.0
 * What one would script: one HINCRBY per event and cell, pipelined by 1,000
 * commands; a hash per grouping set, grain and bucket. The events are there before
 * the clock starts; which cells they are counted in, which is the daemon's work on
 * the other side, is this client's. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "workload.h"

static int drain(redisContext *redis, int count)
{
	for (int i = 0; i < count; i++) {
		redisReply *reply;
		if (redisGetReply(redis, (void **)&reply) != REDIS_OK)
			return -1;
		int failed = reply->type == REDIS_REPLY_ERROR;
		freeReplyObject(reply);
		if (failed)
			return -1;
	}
	return 0;
}

static struct event *make_events(const struct options *options)
{
	struct event *events = calloc(options->events, sizeof(*events));
	struct workload workload;
	workload_init(&workload, options->events, options->start_us, options->span_us);
	for (uint64_t i = 0; events && workload_next(&workload, &events[i]); i++)
		continue;
	return events;
}

int bench_naive(const struct options *options)
{
	static const int64_t grain_us[3] = {60000000, 3600000000, 86400000000};
	redisContext *redis = redisConnectUnix(options->redis);
	if (!redis || redis->err)
		return 4;
	struct event *events = make_events(options);
	if (!events)
		return 2;
	int pending = 0;
	uint64_t commands = 0;
	touch_memory(options);
	int64_t start = now_us();
	for (const struct event *event = events; event < events + options->events; event++) {
		int measures[2];
		int64_t values[2];
		int amounts = event_amounts(event, measures, values);
		for (int set = 0; set < SETS; set++)
			for (int grain = 0; grain < 3; grain++)
				for (int i = 0; i < amounts; i++) {
					redisAppendCommand(
					    redis, "HINCRBY n:%d:%d:%lld %u:%d %lld", set, grain,
					    (long long)(event->time_us / grain_us[grain]),
					    event_group(event, set), measures[i],
					    (long long)values[i]);
					commands++;
					if (++pending < 1000)
						continue;
					if (drain(redis, pending) != 0)
						return 1;
					pending = 0;
				}
	}
	if (drain(redis, pending) != 0)
		return 1;
	double seconds = (double)(now_us() - start) / 1e6;
	printf("events=%llu seconds=%.3f rate=%.0f commands=%llu\n",
	       (unsigned long long)options->events, seconds, (double)options->events / seconds,
	       (unsigned long long)commands);
	free(events);
	redisFree(redis);
	return 0;
}
