/* SPDX-License-Identifier: Apache-2.0
 * The managed Redis: its directory, its process, its ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bed.h"
#include "scenarios.h"

static void no_event(void *arg)
{
	(void)arg;
}

static void no_failure(void *arg, int err)
{
	(void)arg;
	(void)err;
}

/* managed_start on the bed's directory must fail. */
static void expect_refusal(struct bed *bed, int err, const char *words)
{
	struct managed_events events = {no_event, no_event, no_failure, NULL};
	struct managed *managed = NULL;
	char reason[MANAGED_REASON_MAX] = "";
	int got = managed_start(&bed->loop, &bed->settings, &events, &managed, reason);
	if (got != err || !strstr(reason, words))
		fprintf(stderr, "%s: %s\n", err_code(got), reason);
	check(got == err && managed == NULL);
	check(strstr(reason, words) != NULL);
}

void scenario_second_daemon(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	expect_refusal(&bed, ERR_REFUSED, "Another streamgauged runs with the state directory");
	bed_apply(&bed, 2); /* the first one is not disturbed */
	bed_settle(&bed);
	bed_check_state(&bed, 2);
	bed_stop(&bed);
	bed_start(&bed); /* the lock went with it */
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void write_file(const struct bed *bed, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", bed->state, name);
	FILE *file = fopen(path, "w");
	check(file && fputs(text, file) >= 0);
	fclose(file);
}

void scenario_other_version(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	bed_stop(&bed);
	write_file(&bed, "version", "streamgauge state 99\n");
	expect_refusal(&bed, ERR_VERSION, "streamgauge state 99");
	char path[512];
	snprintf(path, sizeof(path), "%s/version", bed.state);
	check(unlink(path) == 0);
	expect_refusal(&bed, ERR_VERSION, "no version file");
	write_file(&bed, "version", "streamgauge state 1\n");
	bed_start(&bed);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_no_binary(void)
{
	struct bed bed;
	bed_init(&bed);
	bed.settings.redis_binary = "/nowhere/redis-server";
	expect_refusal(&bed, ERR_NOT_FOUND, "/nowhere/redis-server");
	bed.settings.redis_binary = "no-such-redis";
	expect_refusal(&bed, ERR_NOT_FOUND, "not in PATH");
	bed.settings.redis_binary = "";
	char *path = strdup(getenv("PATH"));
	setenv("PATH", "/nowhere", 1);
	expect_refusal(&bed, ERR_NOT_FOUND, "redis-tools");
	setenv("PATH", path, 1);
	free(path);
	bed.settings.redis_binary = "/usr/bin/redis-check-rdb"; /* under its own name */
	bed_start(&bed);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_unwritable(void)
{
	struct bed bed;
	char path[300];
	bed_init(&bed);
	write_file(&bed, "file", "");
	snprintf(path, sizeof(path), "%s/file/state", bed.state);
	bed.settings.state_dir = path;
	expect_refusal(&bed, ERR_IO, "Cannot make the state directory");
	bed.settings.state_dir = "";
	expect_refusal(&bed, ERR_INVALID, "no state directory");
	snprintf(path, sizeof(path), "%s/a/b/c", bed.state); /* made where it is missing */
	bed.settings.state_dir = path;
	bed_start(&bed);
	struct stat st;
	check(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void on_failed(void *arg, int err)
{
	struct bed *bed = arg;
	check(err == ERR_IO);
	bed->failed = true;
}

static void on_closed(void *arg)
{
	struct bed *bed = arg;
	bed->closed = true;
}

/* Redis that does not start is given up with its own words. */
void scenario_broken_data(void)
{
	struct bed bed;
	char command[600];
	bed_init(&bed);
	bed_start(&bed);
	bed_apply(&bed, 5);
	bed_settle(&bed);
	bed_stop(&bed);
	snprintf(command, sizeof(command),
	         "echo nonsense > '%s'/redis/appendonlydir/appendonly.aof.manifest", bed.state);
	check(system(command) == 0);
	struct managed_events events = {no_event, no_event, on_failed, &bed};
	check(managed_start(&bed.loop, &bed.settings, &events, &bed.managed, bed.why) == 0);
	bed_until(&bed, bed.failed);
	check(strstr(managed_reason(bed.managed), " does not start from ") != NULL);
	check(strstr(managed_reason(bed.managed), "ends without a word") == NULL);
	check(managed_pid(bed.managed) == 0 && !managed_ready(bed.managed));
	bed.closed = false;
	managed_stop(bed.managed, on_closed, &bed);
	bed_until(&bed, bed.closed);
	managed_free(bed.managed);
	bed_deinit(&bed);
}

void scenario_long_path(void)
{
	struct bed bed;
	char path[512];
	bed_init(&bed);
	snprintf(path, sizeof(path), "%s/%0150d", bed.state, 7);
	bed.settings.state_dir = path;
	bed_start(&bed);
	char socket[128];
	snprintf(socket, sizeof(socket), "%s", managed_socket(bed.managed));
	check(strncmp(socket, path, strlen(path)) != 0 && strlen(socket) < 108);
	bed_apply(&bed, 5);
	bed_settle(&bed);
	bed_check_state(&bed, 5);
	bed_kill_redis(&bed);
	bed_until(&bed, bed.exits == 1);
	bed_until(&bed, bed_is_ready(&bed));
	bed_stop(&bed);
	*strrchr(socket, '/') = '\0';
	check(access(socket, F_OK) < 0); /* nothing is left behind */
	bed_start(&bed);
	check(fake_answered(driver_partition(bed.driver)) == 5);
	bed_stop(&bed);
	bed_deinit(&bed);
}

/* Runs a daemon in a child until it has flushed; its Redis' pid comes back. */
static pid_t start_daemon(struct bed *bed, int *ret_redis)
{
	int ends[2];
	check(pipe(ends) == 0);
	pid_t child = fork();
	check(child >= 0);
	if (child == 0) {
		check(uv_loop_init(&bed->loop) == 0);
		uv_timer_init(&bed->loop, &bed->alarm);
		bed_start(bed);
		bed_apply(bed, 9);
		bed_settle(bed);
		int pid = managed_pid(bed->managed);
		check(write(ends[1], &pid, sizeof(pid)) == sizeof(pid));
		for (;;)
			bed_turns_for(bed, 1000);
	}
	close(ends[1]);
	check(read(ends[0], ret_redis, sizeof(*ret_redis)) == sizeof(*ret_redis));
	close(ends[0]);
	return child;
}

static void kill_daemon(pid_t child)
{
	int status;
	check(kill(child, SIGKILL) == 0);
	check(waitpid(child, &status, 0) == child);
}

void scenario_former_redis(void)
{
	struct bed bed;
	int redis = 0;
	bed_init(&bed);
	pid_t child = start_daemon(&bed, &redis);
	expect_refusal(&bed, ERR_REFUSED, "Another streamgauged");
	kill_daemon(child);
	/* Redis gets SIGTERM by itself; the next daemon comes at once. */
	bed_start(&bed);
	check(managed_pid(bed.managed) != redis);
	check(fake_answered(driver_partition(bed.driver)) == 9);
	bed_stop(&bed);

	/* A former Redis that takes its time must never share the directory. */
	bed_deinit(&bed);
	bed_init(&bed);
	child = start_daemon(&bed, &redis);
	kill(redis, SIGSTOP);
	kill_daemon(child);
	struct managed_events events = {no_event, no_event, no_failure, NULL};
	check(managed_start(&bed.loop, &bed.settings, &events, &bed.managed, bed.why) == 0);
	bed_until(&bed, strstr(managed_reason(bed.managed), "former Redis") != NULL);
	bed_turns_for(&bed, 300);
	check(managed_pid(bed.managed) == 0);
	kill(redis, SIGCONT);
	bed_until(&bed, managed_ready(bed.managed));
	bed_start_driver(&bed);
	bed_until(&bed, bed_is_ready(&bed));
	check(fake_answered(driver_partition(bed.driver)) == 9);
	bed_stop(&bed);
	bed_deinit(&bed);
}

/* A Redis whose files cannot grow beyond so many blocks of 512 bytes. */
static void limit_files(const struct bed *bed, const char *blocks)
{
	char text[512];
	char path[512];
	snprintf(text, sizeof(text),
	         "#!/bin/sh\ntrap '' XFSZ\nulimit -f %s\n"
	         "exec %s/redis-server \"$@\"\n",
	         blocks, bed->state);
	write_file(bed, "limited", text);
	snprintf(path, sizeof(path), "%s/limited", bed->state);
	check(chmod(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/redis-server", bed->state);
	check(symlink("/usr/bin/redis-check-rdb", path) == 0 || errno == EEXIST);
}

void scenario_disk_full(void)
{
	struct bed bed;
	char reserve[512];
	bed_init(&bed);
	snprintf(reserve, sizeof(reserve), "%s/reserve", bed.state);
	char binary[512];
	snprintf(binary, sizeof(binary), "%s/limited", bed.state);
	bed.settings.redis_binary = binary;
	limit_files(&bed, "unlimited");
	bed_start(&bed);
	struct stat st;
	check(stat(reserve, &st) == 0 && st.st_size > 0);
	bed_apply(&bed, 1000);
	bed_settle(&bed);
	struct partition *partition = driver_partition(bed.driver);
	/* A Redis whose files cannot grow any more: it ends at the next write. */
	limit_files(&bed, "32");
	bed_kill_redis(&bed);
	bed_until(&bed, bed.exits == 1 && bed_is_ready(&bed));
	fake_apply(partition, 100000);
	bed_until(&bed, strstr(managed_reason(bed.managed), "is full") != NULL);
	check(stat(reserve, &st) < 0); /* given back */
	bed_until(&bed, bed.exits >= 3);
	check(fake_answered(partition) == 1000);
	/* Room again: nothing was lost, what waited is written. */
	limit_files(&bed, "unlimited");
	bed_until(&bed, bed_is_ready(&bed) && fake_answered(partition) == 101000);
	check(driver_partition(bed.driver) == partition && bed.drops == 0);
	bed_check_state(&bed, 101000);
	bed_until(&bed, managed_reason(bed.managed)[0] == '\0');
	check(stat(reserve, &st) == 0);
	bed_stop(&bed);
	bed_deinit(&bed);
}
