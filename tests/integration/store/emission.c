/* SPDX-License-Identifier: Apache-2.0
 * Emissions against a real Redis: what follows another mark, comes from a former
 * owner or executes late writes nothing; the stream stays short. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "scenarios.h"

#define MARK   "sg:{demo/0}:emitted"
#define STREAM "sg:{demo/0}:summaries"
#define STAGE  "sg:{demo/0}:summary:purchase"

struct outcome {
	unsigned calls;
	int err;
	char id[64]; /* of the mark that was told */
};

static void on_mark(void *arg, const char *name, const char *value)
{
	struct outcome *outcome = arg;
	if (strcmp(name, "id") == 0)
		snprintf(outcome->id, sizeof(outcome->id), "%s", value);
}

static void on_done(void *arg, int err)
{
	struct outcome *outcome = arg;
	outcome->calls++;
	outcome->err = err;
}

/* An emission of one stage with one KPI, sent. */
static int send_one(struct bed *bed, const char *follows, const char *id, const char *value,
                    struct outcome *outcome)
{
	const struct driver_emitted emitted = {on_mark, on_done, outcome};
	struct emission emission;
	*outcome = (struct outcome){0};
	emission_init(&emission, follows, 100);
	emission_begin(&emission, EMISSION_ENTRY, NULL);
	emission_field(&emission, "answer", value);
	emission_begin(&emission, EMISSION_STAGE, "purchase");
	emission_field(&emission, "roas", value);
	emission_begin(&emission, EMISSION_MARK, NULL);
	emission_field(&emission, "id", id);
	int err = driver_emit(bed->driver, &emission, &emitted);
	emission_deinit(&emission);
	check(outcome->calls == 0);
	return err;
}

static int emit_one(struct bed *bed, const char *follows, const char *id, const char *value,
                    struct outcome *outcome)
{
	int err = send_one(bed, follows, id, value, outcome);
	if (err)
		return err;
	bed_until(bed, outcome->calls == 1);
	return outcome->err;
}

static void expect_state(struct bed *bed, const char *id, const char *value, long long entries)
{
	check(strcmp(bed_text(bed, "HGET " MARK " id"), id) == 0);
	check(strcmp(bed_text(bed, "HGET " STAGE " roas"), value) == 0);
	check(bed_integer(bed, "XLEN " STREAM) == entries);
}

static void test_order(struct bed *bed)
{
	struct outcome outcome;
	check(emit_one(bed, EMISSION_ASKS, "x", "x", &outcome) == ERR_AGAIN && !outcome.id[0]);
	check(bed_integer(bed, "EXISTS " MARK " " STAGE " " STREAM) == 0);
	check(emit_one(bed, "", "a", "1", &outcome) == 0);
	expect_state(bed, "a", "1", 1);
	check(emit_one(bed, "a", "b", "2", &outcome) == 0);
	expect_state(bed, "b", "2", 2);
	/* Made before that one, and executed late; or sent twice. */
	check(emit_one(bed, "a", "c", "old", &outcome) == ERR_AGAIN);
	check(strcmp(outcome.id, "b") == 0);
	check(emit_one(bed, "a", "b", "2", &outcome) == ERR_AGAIN);
	check(emit_one(bed, "", "c", "old", &outcome) == ERR_AGAIN);
	check(emit_one(bed, EMISSION_ASKS, "c", "old", &outcome) == ERR_AGAIN);
	expect_state(bed, "b", "2", 2);
	/* Two that follow the same one: only the first is written. */
	check(send_one(bed, "b", "d", "3", &outcome) == 0);
	struct outcome second;
	check(send_one(bed, "b", "e", "4", &second) == ERR_NOT_READY);
	bed_until(bed, outcome.calls == 1);
	check(outcome.err == 0 && second.calls == 0);
	expect_state(bed, "d", "3", 3);
}

static void test_parts(struct bed *bed)
{
	struct outcome outcome;
	const struct driver_emitted emitted = {on_mark, on_done, &outcome};
	struct emission emission;
	char name[32];
	outcome = (struct outcome){0};
	/* More fields than Lua unpacks at once; what was in the hash is gone. */
	emission_init(&emission, "d", 100);
	emission_begin(&emission, EMISSION_STAGE, "market");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "kpi_%d", i);
		emission_printf(&emission, name, "%d", i);
	}
	emission_begin(&emission, EMISSION_DROP, "purchase");
	emission_begin(&emission, EMISSION_MARK, NULL);
	emission_field(&emission, "id", "f");
	emission_bytes(&emission, "binary", "a\0b", 3);
	check(driver_emit(bed->driver, &emission, &emitted) == 0);
	emission_deinit(&emission);
	bed_until(bed, outcome.calls == 1);
	check(outcome.err == 0);
	check(bed_integer(bed, "HLEN sg:{demo/0}:summary:market") == 5000);
	check(strcmp(bed_text(bed, "HGET sg:{demo/0}:summary:market kpi_4999"), "4999") == 0);
	check(bed_integer(bed, "EXISTS " STAGE) == 0);
	check(bed_integer(bed, "HSTRLEN " MARK " binary") == 3);
	check(emit_one(bed, "f", "g", "5", &outcome) == 0);
	check(bed_integer(bed, "HLEN " MARK) == 1);
}

/* 1000 emissions leave about 100 entries; Redis lets go of whole blocks. */
static void test_length(struct bed *bed)
{
	struct outcome outcome;
	char before[16] = "g";
	char id[16];
	static char value[500];
	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		check(emit_one(bed, before, id, value, &outcome) == 0);
		memcpy(before, id, sizeof(id));
	}
	long long entries = bed_integer(bed, "XLEN " STREAM);
	check(entries >= 100 && entries <= 220);
	/* Flushes went on beside them. */
	bed_apply(bed, 3);
	bed_settle(bed);
	bed_check_state(bed, 3);
}

static void test_foreign_types(struct bed *bed)
{
	struct outcome outcome;
	static const char *const keys[] = {STREAM, STAGE, MARK};
	for (size_t i = 0; i < 3; i++) {
		char command[100];
		freeReplyObject(bed_redis(bed, "DEL " STREAM " " STAGE " " MARK));
		snprintf(command, sizeof(command), "SET %s mine", keys[i]);
		freeReplyObject(bed_redis(bed, command));
		check(emit_one(bed, "", "a", "1", &outcome) == ERR_REFUSED);
		check(bed_integer(bed, "EXISTS " STREAM " " STAGE " " MARK) == 1);
		check(bed_is_ready(bed));
	}
	freeReplyObject(bed_redis(bed, "DEL " STREAM " " STAGE " " MARK));
}

void scenario_emission(void)
{
	struct bed bed;
	struct outcome outcome;
	bed_init(&bed);
	bed_start(&bed);
	test_order(&bed);
	test_parts(&bed);
	test_length(&bed);
	test_foreign_types(&bed);
	/* Scripts that Redis has forgotten are sent as text the next time. */
	freeReplyObject(bed_redis(&bed, "SCRIPT FLUSH"));
	check(emit_one(&bed, "", "a", "1", &outcome) == ERR_NOT_READY);
	bed_until(&bed, bed_is_ready(&bed));
	check(emit_one(&bed, "", "a", "1", &outcome) == 0);
	/* Redis ends before it answers. */
	kill(managed_pid(bed.managed), SIGSTOP);
	check(send_one(&bed, "a", "b", "2", &outcome) == 0);
	bed_kill_redis(&bed);
	bed_until(&bed, outcome.calls == 1);
	check(outcome.err == ERR_NOT_READY);
	check(send_one(&bed, "a", "b", "2", &outcome) == ERR_NOT_READY);
	bed_until(&bed, bed_is_ready(&bed));
	expect_state(&bed, "a", "1", 1);
	/* Somebody else owns the partition. */
	freeReplyObject(
	    bed_redis(&bed, "HSET sg:{demo/0}:state owner ffffffffffffffffffffffffffffffff"));
	check(emit_one(&bed, "a", "b", "2", &outcome) == ERR_NOT_READY);
	check(strcmp(bed_text(&bed, "HGET " MARK " id"), "a") == 0);
	bed_until(&bed, driver_phase(bed.driver) != DRIVER_READY);
	bed_kill_driver(&bed);
	bed_stop_redis(&bed);
	bed_deinit(&bed);
}
