/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run(const char *format, ...) SG_PRINTF(1, 2);

static void run(const char *format, ...)
{
	char command[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	check(system(command) == 0);
}

/* The bed of this process, so that a failure leaves nothing behind. */
static const struct bed *current;

void bed_fail(const char *cond, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, cond);
	const struct bed *bed = current;
	current = NULL;
	if (bed && bed->managed && managed_pid(bed->managed) > 0)
		kill(managed_pid(bed->managed), SIGKILL);
	if (bed)
		run("rm -rf '%s'", bed->state);
	_exit(1);
}

static void on_alarm(uv_timer_t *alarm)
{
	(void)alarm;
}

void bed_init(struct bed *bed)
{
	const char *tmp = getenv("TMPDIR");
	*bed = (struct bed){.closed = false};
	current = bed;
	snprintf(bed->state, sizeof(bed->state), "%s/sg-store-XXXXXX", tmp ? tmp : "/tmp");
	check(mkdtemp(bed->state) != NULL);
	check(uv_loop_init(&bed->loop) == 0);
	uv_timer_init(&bed->loop, &bed->alarm);
	uv_timer_start(&bed->alarm, on_alarm, 1, 5);
	bed->tenant = (struct tenant){.name = "demo", .label = "Demo"};
	bed->settings.tenants = &bed->tenant;
	bed->settings.tenant_count = 1;
	bed->settings.state_dir = bed->state;
	bed->settings.redis_binary = "";
	bed->settings.flush_min_ms = 1;
	bed->settings.limits.ring = 16 << 20;
	bed->settings.shape = "set []\nset [channel]";
}

void bed_deinit(struct bed *bed)
{
	uv_close((uv_handle_t *)&bed->alarm, NULL);
	uv_run(&bed->loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&bed->loop) == 0);
	current = NULL;
	run("rm -rf '%s'", bed->state);
}

void bed_turn(struct bed *bed)
{
	uv_run(&bed->loop, UV_RUN_ONCE);
}

void bed_turns_for(struct bed *bed, uint64_t ms)
{
	uint64_t until = uv_hrtime() + ms * 1000000;
	while (uv_hrtime() < until)
		bed_turn(bed);
}

/* ---- managed ---- */

static void on_ready(void *arg)
{
	struct bed *bed = arg;
	bed->readies++;
}

static void on_exited(void *arg)
{
	struct bed *bed = arg;
	bed->exits++;
}

static void on_failed(void *arg, int err)
{
	struct bed *bed = arg;
	(void)err;
	bed->failed = true;
}

static void on_closed(void *arg)
{
	struct bed *bed = arg;
	bed->closed = true;
}

void bed_start_redis(struct bed *bed)
{
	struct managed_events events = {on_ready, on_exited, on_failed, bed};
	bed->readies = 0;
	int err = managed_start(&bed->loop, &bed->settings, &events, &bed->managed, bed->why);
	if (err < 0)
		fprintf(stderr, "%s\n", bed->why);
	check(err == 0);
	bed_until(bed, bed->readies > 0);
}

void bed_stop_redis(struct bed *bed)
{
	bed->closed = false;
	managed_stop(bed->managed, on_closed, bed);
	bed_until(bed, bed->closed);
	managed_free(bed->managed);
	bed->managed = NULL;
}

/* ---- driver ---- */

static void on_phase(void *arg, struct driver *driver, enum driver_phase phase)
{
	struct bed *bed = arg;
	check(driver_phase(driver) == phase);
	bed->phases++;
}

static void on_dropped(void *arg, struct driver *driver)
{
	struct bed *bed = arg;
	check(driver_partition(driver) == NULL);
	bed->drops++;
}

static void on_answered(void *arg, struct driver *driver, uint64_t generation)
{
	struct bed *bed = arg;
	(void)driver;
	check(generation == bed->answered + 1 || bed->answered == 0 || bed->drops > 0);
	bed->answered = generation;
	bed->answers++;
}

void bed_start_driver(struct bed *bed)
{
	struct driver_events events = {
	    .phase = on_phase, .dropped = on_dropped, .answered = on_answered, .arg = bed};
	bed->drops = 0;
	bed->answers = 0;
	bed->answered = 0;
	bed->driver = driver_new(&bed->loop, &bed->settings, &bed->tenant,
	                         managed_socket(bed->managed), &events);
	check(bed->driver != NULL);
}

void bed_stop_driver(struct bed *bed)
{
	bed->closed = false;
	driver_stop(bed->driver, on_closed, bed);
	bed_until(bed, bed->closed);
	driver_free(bed->driver);
	bed->driver = NULL;
}

void bed_kill_driver(struct bed *bed)
{
	bed->driver->halted = true;
	bed_stop_driver(bed);
}

bool bed_is_ready(const struct bed *bed)
{
	if (driver_phase(bed->driver) == DRIVER_STOPPED)
		fprintf(stderr, "stopped: %s\n", driver_reason(bed->driver));
	check(driver_phase(bed->driver) != DRIVER_STOPPED);
	return driver_phase(bed->driver) == DRIVER_READY;
}

void bed_start(struct bed *bed)
{
	bed_start_redis(bed);
	bed_start_driver(bed);
	bed_until(bed, bed_is_ready(bed));
}

void bed_stop(struct bed *bed)
{
	bed_stop_driver(bed);
	bed_stop_redis(bed);
}

void bed_apply(struct bed *bed, uint64_t count)
{
	struct partition *partition = driver_partition(bed->driver);
	check(partition != NULL);
	fake_apply(partition, count);
	driver_kick(bed->driver);
}

void bed_settle(struct bed *bed)
{
	bed_until(bed, bed_is_ready(bed) && fake_answered(driver_partition(bed->driver)) ==
	                                        fake_applied(driver_partition(bed->driver)));
}

/* ---- the second connection ---- */

redisReply *bed_redis(struct bed *bed, const char *format, ...)
{
	redisContext *context = redisConnectUnix(managed_socket(bed->managed));
	check(context != NULL);
	redisReply *reply = NULL;
	if (!context->err) {
		va_list args;
		va_start(args, format);
		reply = redisvCommand(context, format, args);
		va_end(args);
	}
	redisFree(context);
	return reply;
}

long long bed_integer(struct bed *bed, const char *command)
{
	redisReply *reply = bed_redis(bed, command);
	check(reply && reply->type == REDIS_REPLY_INTEGER);
	long long value = reply->integer;
	freeReplyObject(reply);
	return value;
}

const char *bed_text(struct bed *bed, const char *command)
{
	static char text[512];
	redisReply *reply = bed_redis(bed, command);
	check(reply != NULL);
	snprintf(text, sizeof(text), "%s", reply->str ? reply->str : "");
	freeReplyObject(reply);
	return text;
}

void bed_kill_redis(struct bed *bed)
{
	/* `exited` is told of a Redis that was ready only. */
	bed_until(bed, managed_ready(bed->managed));
	int pid = managed_pid(bed->managed);
	check(pid > 0 && kill(pid, SIGKILL) == 0);
	/* libuv reaps it: a zombie holds no file and no lock any more. */
	for (;;) {
		char path[64];
		char text[256] = "";
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *file = fopen(path, "r");
		if (!file)
			return;
		size_t len = fread(text, 1, sizeof(text) - 1, file);
		text[len] = '\0';
		fclose(file);
		char *state = strrchr(text, ')');
		if (state && state[2] == 'Z')
			return;
		usleep(1000);
	}
}

void bed_copy_data(struct bed *bed)
{
	run("rm -rf '%s/copy' && cp -r '%s/redis' '%s/copy'", bed->state, bed->state, bed->state);
}

void bed_restore_copy(struct bed *bed)
{
	run("rm -rf '%s/redis' && cp -r '%s/copy' '%s/redis'", bed->state, bed->state, bed->state);
}

void bed_check_state(struct bed *bed, uint64_t units)
{
	long long generation = atoll(bed_text(bed, "HGET sg:{demo/0}:state generation"));
	check((uint64_t)atoll(bed_text(bed, "HGET sg:{demo/0}:sources total")) == units);
	check((uint64_t)bed_integer(bed, "STRLEN sg:{demo/0}:dict:0") == units);
	check(bed_integer(bed, "LLEN sg:{demo/0}:rejects:0") == generation);
	check(bed_integer(bed, "HLEN sg:{demo/0}:deltas") == generation);
	check(bed_integer(bed, "HLEN sg:{demo/0}:cells:0:day:0") == (units ? 1 : 0));
	/* Each generation stands in the list once, in order. */
	redisReply *list = bed_redis(bed, "LRANGE sg:{demo/0}:rejects:0 0 -1");
	check(list && list->type == REDIS_REPLY_ARRAY);
	for (size_t i = 0; i < list->elements; i++)
		check(strtoull(list->element[i]->str, NULL, 10) == i + 1);
	freeReplyObject(list);
}
