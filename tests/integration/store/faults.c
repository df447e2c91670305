/* SPDX-License-Identifier: Apache-2.0
 * Lost replies, killed connections, killed Redis. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "scenarios.h"

/* How often Redis executed the push that each flush makes once. */
static long long pushes(struct bed *bed)
{
	redisReply *reply = bed_redis(bed, "INFO commandstats");
	check(reply && reply->str);
	const char *found = strstr(reply->str, "cmdstat_rpush:calls=");
	long long count = found ? atoll(found + strlen("cmdstat_rpush:calls=")) : 0;
	freeReplyObject(reply);
	return count;
}

/* A flush is under way, and cannot have been answered. */
static void send_flush_to_stopped_redis(struct bed *bed, uint64_t units)
{
	bed_until(bed, managed_ready(bed->managed));
	kill(managed_pid(bed->managed), SIGSTOP);
	bed_apply(bed, units);
	bed_until(bed, bed->driver->control == CONTROL_FLUSH);
}

void scenario_reply_lost(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (int i = 1; i <= 10; i++) {
		struct partition *partition = driver_partition(bed.driver);
		send_flush_to_stopped_redis(&bed, 3);
		/* The bytes are in the socket: Redis executes, nobody hears of it. */
		redis_close(bed.driver->conn);
		kill(managed_pid(bed.managed), SIGCONT);
		bed_until(&bed, bed.driver->conn == NULL);
		check(driver_partition(bed.driver) == NULL);
		check(fake_answered(partition) == (uint64_t)(i - 1) * 3);
		bed_settle(&bed);
		check(driver_partition(bed.driver) == partition);
		check(pushes(&bed) == i); /* read, not sent again */
		bed_check_state(&bed, (uint64_t)i * 3);
	}
	check(bed.answers == 10 && bed.drops == 0);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_client_killed(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned i = 1; i <= 30; i++) {
		/* While a flush is under way, or before it is sent. */
		if (i % 2) {
			send_flush_to_stopped_redis(&bed, 2);
			kill(managed_pid(bed.managed), SIGCONT);
		} else {
			bed_apply(&bed, 2);
		}
		freeReplyObject(bed_redis(&bed, "CLIENT KILL TYPE normal SKIPME yes"));
		bed_settle(&bed);
		bed_check_state(&bed, i * 2);
	}
	check(pushes(&bed) == (long long)bed.answers && bed.drops == 0);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_never_sent(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned i = 1; i <= 3; i++) {
		send_flush_to_stopped_redis(&bed, 5);
		/* It dies with the flush in its socket. */
		bed_kill_redis(&bed);
		bed_until(&bed, bed.exits == i);
		bed_settle(&bed);
		bed_check_state(&bed, i * 5);
	}
	check(bed.drops == 0 && bed.answers == 3);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_acquisition_reply_lost(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	for (unsigned i = 1; i <= 5; i++) {
		char pending[RECORD_ID];
		bed_start_driver(&bed);
		bed_until(&bed, bed.driver->control == CONTROL_ACQUIRE);
		snprintf(pending, sizeof(pending), "%s", bed.driver->pending);
		redis_close(bed.driver->conn);
		bed_until(&bed, bed_is_ready(&bed));
		check(strcmp(pending, driver_owner(bed.driver)) == 0);
		check(strcmp(pending, bed_text(&bed, "HGET sg:{demo/0}:state owner")) == 0);
		bed_apply(&bed, 2);
		bed_settle(&bed);
		bed_check_state(&bed, i * 2);
		bed_kill_driver(&bed);
	}
	bed_stop_redis(&bed);
	bed_deinit(&bed);
}

void scenario_redis_killed(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned i = 1; i <= 5; i++) {
		struct partition *partition = driver_partition(bed.driver);
		bed_apply(&bed, 4);
		bed_settle(&bed);
		bed_kill_redis(&bed);
		fake_apply(partition, 3); /* nothing that was taken in goes */
		bed_until(&bed, bed.exits == i);
		bed_settle(&bed);
		check(driver_partition(bed.driver) == partition && bed.drops == 0);
		bed_check_state(&bed, i * 7);
	}
	bed_until(&bed, managed_reason(bed.managed)[0] == '\0');
	bed_stop(&bed);
	bed_start(&bed);
	check(fake_answered(driver_partition(bed.driver)) == 35);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void random_fault(struct bed *bed, unsigned dice)
{
	if (dice == 0)
		bed_kill_redis(bed);
	else if (dice < 4 && bed->driver->conn)
		redis_close(bed->driver->conn);
	else if (dice < 7)
		freeReplyObject(bed_redis(bed, "CLIENT KILL TYPE normal SKIPME yes"));
	else if (dice == 7)
		freeReplyObject(bed_redis(bed, "SCRIPT FLUSH"));
}

void scenario_random_faults(void)
{
	struct bed bed;
	unsigned seed = (unsigned)time(NULL);
	uint64_t units = 0;
	struct partition *partition = NULL;
	printf("seed %u\n", seed);
	srandom(seed);
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned round = 0; round < 600; round++) {
		unsigned count = (unsigned)random() % 50;
		if (driver_partition(bed.driver)) {
			check(!partition || partition == driver_partition(bed.driver));
			partition = driver_partition(bed.driver);
		}
		fake_apply(partition, count);
		driver_kick(bed.driver);
		units += count;
		for (unsigned turns = (unsigned)random() % 12; turns > 0; turns--)
			bed_turn(&bed);
		random_fault(&bed, (unsigned)random() % 24);
	}
	bed_until(&bed, bed_is_ready(&bed) && managed_ready(bed.managed));
	bed_settle(&bed);
	bed_check_state(&bed, units);
	check(bed.drops == 0 && fake_answered(partition) == units);
	bed_stop(&bed);
	bed_start(&bed);
	check(fake_answered(driver_partition(bed.driver)) == units);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_scripts_forgotten(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned i = 1; i <= 3; i++) {
		freeReplyObject(bed_redis(&bed, "SCRIPT FLUSH"));
		bed_apply(&bed, 2);
		bed_settle(&bed);
		bed_check_state(&bed, i * 2);
	}
	bed_stop(&bed);
	bed_deinit(&bed);
}

/* A stop must not wait for a Redis that does not come. */
void scenario_stop_while_away(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	bed_apply(&bed, 2);
	bed_settle(&bed);
	kill(managed_pid(bed.managed), SIGSTOP);
	bed_apply(&bed, 2);
	bed_stop_driver(&bed);
	kill(managed_pid(bed.managed), SIGCONT);
	bed_start_driver(&bed);
	bed_until(&bed, bed_is_ready(&bed));
	/* Written or not, it is a true prefix. */
	uint64_t units = fake_answered(driver_partition(bed.driver));
	check(units == 2 || units == 4);
	bed_check_state(&bed, units);
	bed_stop(&bed);
	bed_deinit(&bed);
}
