/* SPDX-License-Identifier: Apache-2.0
 * What one would script: one HINCRBY per event and cell, pipelined by 1,000
 * commands; a hash per grouping set, grain and bucket. The commands are written
 * before the clock starts. */
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "base/buf.h"
#include "bench.h"
#include "workload.h"

#define GRAINS   3
#define PIPELINE 1000

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

/* The commands of the whole workload, PIPELINE to a batch. */
struct commands {
	struct buf bytes;
	struct buf ends; /* size_t: where each batch ends */
	uint64_t count;
};

static void end_batch(struct commands *commands)
{
	buf_put(&commands->ends, &commands->bytes.len, sizeof(commands->bytes.len));
}

static void put_command(struct commands *commands, const struct event *event, int set, int grain,
                        int measure, int64_t value)
{
	static const int64_t grain_us[GRAINS] = {60000000, 3600000000, 86400000000};
	char *command;
	int len = redisFormatCommand(&command, "HINCRBY n:%d:%d:%lld %u:%d %lld", set, grain,
	                             (long long)(event->time_us / grain_us[grain]),
	                             event_group(event, set), measure, (long long)value);
	buf_put(&commands->bytes, command, (size_t)len);
	redisFreeCommand(command);
	if (++commands->count % PIPELINE == 0)
		end_batch(commands);
}

static void prepare(struct commands *commands, const struct options *options)
{
	struct workload workload;
	struct event event;
	workload_init(&workload, options->events, options->start_us, options->span_us);
	while (workload_next(&workload, &event)) {
		int measures[2];
		int64_t values[2];
		int amounts = event_amounts(&event, measures, values);
		for (int set = 0; set < SETS; set++)
			for (int grain = 0; grain < GRAINS; grain++)
				for (int i = 0; i < amounts; i++)
					put_command(commands, &event, set, grain, measures[i],
					            values[i]);
	}
	if (commands->count % PIPELINE)
		end_batch(commands);
}

static int send_commands(redisContext *redis, const struct commands *commands)
{
	const size_t *ends = (const size_t *)commands->ends.bytes;
	uint64_t left = commands->count;
	size_t from = 0;
	for (size_t i = 0; left; i++) {
		int count = left < PIPELINE ? (int)left : PIPELINE;
		redisAppendFormattedCommand(redis, (const char *)commands->bytes.bytes + from,
		                            ends[i] - from);
		if (drain(redis, count) != 0)
			return -1;
		from = ends[i];
		left -= (uint64_t)count;
	}
	return 0;
}

int bench_naive(const struct options *options)
{
	redisContext *redis = redisConnectUnix(options->redis);
	if (!redis || redis->err)
		return 4;
	struct commands commands = {0};
	prepare(&commands, options);
	touch_memory(options);
	int64_t start = now_us();
	if (send_commands(redis, &commands) != 0)
		return 1;
	double seconds = (double)(now_us() - start) / 1e6;
	printf("events=%llu seconds=%.3f rate=%.0f commands=%llu\n",
	       (unsigned long long)options->events, seconds, (double)options->events / seconds,
	       (unsigned long long)commands.count);
	buf_deinit(&commands.bytes);
	buf_deinit(&commands.ends);
	redisFree(redis);
	return 0;
}
