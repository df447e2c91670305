/* SPDX-License-Identifier: Apache-2.0
 * Who may write, and what happens when the state record is not as it was left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "scenarios.h"

static void settle_units(struct bed *bed, unsigned flushes)
{
	for (unsigned i = 0; i < flushes; i++) {
		bed_apply(bed, 1);
		bed_settle(bed);
	}
}

void scenario_once(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	check(strlen(driver_owner(bed.driver)) == 32);
	check(strcmp(driver_owner(bed.driver), bed_text(&bed, "HGET sg:{demo/0}:state owner")) ==
	      0);
	check(driver_reason(bed.driver)[0] == '\0' && driver_error(bed.driver) == 0);
	uint64_t units = 0;
	for (unsigned i = 0; i < 200; i++) {
		bed_apply(&bed, i % 7 + 1);
		units += i % 7 + 1;
		if (i % 3 == 0)
			bed_turn(&bed);
	}
	uint64_t pending = driver_pending_generation(bed.driver);
	bed_settle(&bed);
	check(bed.answered >= pending);
	/* Group commit: many kicks, few flushes. */
	check(bed.answers == bed.answered && bed.answers < 200);
	bed_check_state(&bed, units);
	long long beat = atoll(bed_text(&bed, "HGET sg:{demo/0}:state beat"));
	bed_until(&bed, atoll(bed_text(&bed, "HGET sg:{demo/0}:state beat")) >= beat + 2);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_restart(void)
{
	struct bed bed;
	char owner[RECORD_ID];
	char seed[RECORD_ID];
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	bed_apply(&bed, 4); /* flushed by the stop */
	snprintf(owner, sizeof(owner), "%s", driver_owner(bed.driver));
	snprintf(seed, sizeof(seed), "%s", bed_text(&bed, "HGET sg:{demo/0}:state seed"));
	long long fence = atoll(bed_text(&bed, "HGET sg:{demo/0}:state fence"));
	bed_stop_driver(&bed);
	check(strcmp(bed_text(&bed, "HGET sg:{demo/0}:state released"), "1") == 0);
	bed_stop_redis(&bed);
	bed_start(&bed);
	check(fake_answered(driver_partition(bed.driver)) == 7);
	check(bed_integer(&bed, "HEXISTS sg:{demo/0}:state released") == 0);
	check(strcmp(owner, driver_owner(bed.driver)) != 0);
	check(strcmp(owner, bed_text(&bed, "HGET sg:{demo/0}:state parent_owner")) == 0);
	check(strcmp(seed, bed_text(&bed, "HGET sg:{demo/0}:state seed")) == 0);
	check(atoll(bed_text(&bed, "HGET sg:{demo/0}:state fence")) > fence);
	settle_units(&bed, 2);
	bed_check_state(&bed, 9);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_killed_daemon(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	bed_apply(&bed, 4);
	bed_kill_driver(&bed); /* what waited was never acknowledged */
	check(bed_integer(&bed, "HEXISTS sg:{demo/0}:state released") == 0);
	bed_start_driver(&bed);
	bed_until(&bed, bed_is_ready(&bed));
	check(fake_answered(driver_partition(bed.driver)) == 3);
	settle_units(&bed, 1);
	bed_check_state(&bed, 4);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void go_back(struct bed *bed)
{
	bed_kill_redis(bed);
	bed_restore_copy(bed);
}

void scenario_went_back(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 5);
	bed_copy_data(&bed);
	settle_units(&bed, 20);
	struct partition *partition = driver_partition(bed.driver);
	go_back(&bed);
	bed_until(&bed, bed.exits == 1);
	bed_until(&bed, bed_is_ready(&bed));
	check(driver_partition(bed.driver) == partition && bed.drops == 0);
	bed_settle(&bed);
	bed_until(&bed, bed.driver->position == 25);
	bed_check_state(&bed, 25);
	/* Again, with work that waits meanwhile. */
	go_back(&bed);
	fake_apply(partition, 6);
	bed_until(&bed, bed.exits == 2);
	bed_settle(&bed);
	bed_check_state(&bed, 31);
	check(driver_lost_generations(bed.driver) == 0 && bed.drops == 0);
	bed_stop(&bed);
	bed_start(&bed);
	check(fake_answered(driver_partition(bed.driver)) == 31);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_went_back_too_far(void)
{
	struct bed bed;
	char owner[RECORD_ID];
	bed_init(&bed);
	bed.settings.limits.ring = 1;
	bed_start(&bed);
	snprintf(owner, sizeof(owner), "%s", driver_owner(bed.driver));
	settle_units(&bed, 5);
	bed_copy_data(&bed);
	settle_units(&bed, 20);
	bed_apply(&bed, 3); /* goes with the rest: never a mixture */
	go_back(&bed);
	bed_until(&bed, bed.drops == 1);
	bed_until(&bed, bed_is_ready(&bed));
	check(driver_lost_generations(bed.driver) == 20);
	check(fake_applied(driver_partition(bed.driver)) == 5);
	check(strcmp(owner, driver_owner(bed.driver)) != 0);
	bed_check_state(&bed, 5);
	settle_units(&bed, 2);
	bed_check_state(&bed, 7);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void went_back_to_parent(bool lose_the_reply)
{
	struct bed bed;
	char owner[RECORD_ID];
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	bed_kill_driver(&bed);
	bed_copy_data(&bed);
	bed_start_driver(&bed);
	bed_until(&bed, bed_is_ready(&bed));
	snprintf(owner, sizeof(owner), "%s", driver_owner(bed.driver));
	settle_units(&bed, 10);
	go_back(&bed);
	if (lose_the_reply) {
		bed_until(&bed, bed.driver->control == CONTROL_ACQUIRE);
		redis_close(bed.driver->conn);
	}
	bed_until(&bed, bed.exits == 1 && bed_is_ready(&bed));
	bed_until(&bed, bed.driver->position == 13);
	check(bed.drops == 0 && driver_lost_generations(bed.driver) == 0);
	check(strcmp(owner, driver_owner(bed.driver)) != 0);
	bed_check_state(&bed, 13);
	settle_units(&bed, 2);
	bed_check_state(&bed, 15);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_went_back_to_parent(void)
{
	went_back_to_parent(false);
	went_back_to_parent(true);
}

static void empty_redis(struct bed *bed)
{
	char command[512];
	bed_kill_redis(bed);
	snprintf(command, sizeof(command), "rm -rf '%s'/redis/*", bed->state);
	check(system(command) == 0);
}

void scenario_emptied_from_nothing(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 10);
	char seed[RECORD_ID];
	snprintf(seed, sizeof(seed), "%s", bed_text(&bed, "HGET sg:{demo/0}:state seed"));
	empty_redis(&bed);
	bed_until(&bed, bed.exits == 1 && bed_is_ready(&bed));
	bed_until(&bed, bed.driver->position == 10);
	check(bed.drops == 0);
	/* What was replayed was made with this seed. */
	check(strcmp(seed, bed_text(&bed, "HGET sg:{demo/0}:state seed")) == 0);
	bed_check_state(&bed, 10);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static bool is_stopped(const struct bed *bed)
{
	return driver_phase(bed->driver) == DRIVER_STOPPED;
}

void scenario_emptied(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 10);
	bed_stop(&bed);
	bed_start(&bed);
	settle_units(&bed, 1);
	empty_redis(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(strstr(driver_reason(bed.driver), "generation 11 was acknowledged") != NULL);
	check(driver_error(bed.driver) == ERR_REFUSED);
	bed_until(&bed, managed_ready(bed.managed));
	bed_turns_for(&bed, 300);
	check(bed_integer(&bed, "DBSIZE") == 0);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_foreign_owner(void)
{
	struct bed bed;
	const char *other = "ffffffffffffffffffffffffffffffff";
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state owner %s", other));
	bed_apply(&bed, 5);
	bed_until(&bed, bed.drops == 1);
	check(!bed_is_ready(&bed) && driver_partition(bed.driver) == NULL);
	check(strstr(driver_reason(bed.driver), other) != NULL);
	bed_check_state(&bed, 3); /* nothing was written into the other's state */
	/* As long as the other beats, nothing is taken from it. */
	for (int beat = 1000; beat < 1050; beat++) {
		freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state beat %d", beat));
		bed_turns_for(&bed, 100);
		check(!bed_is_ready(&bed));
	}
	check(strcmp(bed_text(&bed, "HGET sg:{demo/0}:state owner"), other) == 0);
	/* Its beat stands still: it is taken after the watch. */
	uint64_t since = uv_hrtime();
	bed_until(&bed, bed_is_ready(&bed));
	check(uv_hrtime() - since > UINT64_C(2500000000));
	check(fake_answered(driver_partition(bed.driver)) == 3);
	settle_units(&bed, 1);
	bed_check_state(&bed, 4);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_foreign_flush(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state generation 4 flush_id "
	                                "ffffffffffffffffffffffffffffffff"));
	bed_apply(&bed, 5);
	bed_until(&bed, is_stopped(&bed));
	check(strstr(driver_reason(bed.driver), "generation 4") != NULL);
	check(bed_integer(&bed, "STRLEN sg:{demo/0}:dict:0") == 3);
	const char *beat = bed_text(&bed, "HGET sg:{demo/0}:state beat");
	long long before = atoll(beat);
	bed_turns_for(&bed, 1500);
	check(atoll(bed_text(&bed, "HGET sg:{demo/0}:state beat")) == before);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_wrong_type(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	/* The last key of the flush: everything before it could have been written. */
	freeReplyObject(bed_redis(&bed, "DEL sg:{demo/0}:cells:0:day:0"));
	freeReplyObject(bed_redis(&bed, "SET sg:{demo/0}:cells:0:day:0 text"));
	bed_apply(&bed, 5);
	bed_until(&bed, is_stopped(&bed));
	check(strstr(driver_reason(bed.driver), "cells:0:day:0 is a string") != NULL);
	check(bed_integer(&bed, "STRLEN sg:{demo/0}:dict:0") == 3);
	check(bed_integer(&bed, "HLEN sg:{demo/0}:deltas") == 3);
	check(atoll(bed_text(&bed, "HGET sg:{demo/0}:sources total")) == 3);
	check(atoll(bed_text(&bed, "HGET sg:{demo/0}:state generation")) == 3);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_other_settings(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	settle_units(&bed, 3);
	bed_stop(&bed);
	bed.settings.shape = "set []\nset [region]";
	bed_start_redis(&bed);
	bed_start_driver(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(driver_error(bed.driver) == ERR_VERSION);
	check(strstr(driver_reason(bed.driver), "stored is `set [channel]` where the "
	                                        "configuration has `set [region]`") != NULL);
	/* Nothing was acquired. */
	check(strcmp(bed_text(&bed, "HGET sg:{demo/0}:state released"), "1") == 0);
	bed_stop_driver(&bed);
	bed.settings.shape = "set []\nset [channel]";
	bed_start_driver(&bed);
	bed_until(&bed, bed_is_ready(&bed));
	bed_check_state(&bed, 3);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_other_format(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	bed_stop_driver(&bed);
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state format 2"));
	bed_start_driver(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(driver_error(bed.driver) == ERR_VERSION);
	bed_stop_driver(&bed);
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state format 1 generation x"));
	bed_start_driver(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(driver_error(bed.driver) == ERR_MALFORMED);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_leftover(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	freeReplyObject(bed_redis(&bed, "SET sg:{demo/0}:dict:0 x"));
	bed_start_driver(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(strstr(driver_reason(bed.driver), "sg:{demo/0}:dict:0") != NULL);
	check(bed_integer(&bed, "DBSIZE") == 1);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_unsafe_setting(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	freeReplyObject(bed_redis(&bed, "CONFIG SET appendfsync everysec"));
	bed_start_driver(&bed);
	bed_until(&bed, is_stopped(&bed));
	check(driver_error(bed.driver) == ERR_REFUSED);
	check(strstr(driver_reason(bed.driver), "appendfsync everysec") != NULL);
	check(bed_integer(&bed, "DBSIZE") == 0);
	bed_stop(&bed);
	bed_deinit(&bed);
}
