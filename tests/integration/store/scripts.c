/* SPDX-License-Identifier: Apache-2.0
 * The scripts by themselves: what executes late, from a dead socket, or twice
 * must be refused and must leave Redis as it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "scenarios.h"

#define ID_A  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C  "cccccccccccccccccccccccccccccccc"
#define STATE "sg:{demo/0}:state"
#define DICT  "sg:{demo/0}:dict:0"

struct lab {
	struct bed bed;
	redisContext *redis;
	char run_id[RECORD_ID * 2];
};

static redisReply *eval(struct lab *lab, enum script script, int keys, const char **words,
                        int count)
{
	const char *argv[64];
	size_t lens[64];
	char number[8];
	snprintf(number, sizeof(number), "%d", keys);
	argv[0] = "EVAL";
	argv[1] = script_text(script);
	argv[2] = number;
	for (int i = 0; i < count; i++)
		argv[3 + i] = strcmp(words[i], "RUN") == 0 ? lab->run_id : words[i];
	for (int i = 0; i < count + 3; i++)
		lens[i] = strlen(argv[i]);
	redisReply *reply = redisCommandArgv(lab->redis, count + 3, argv, lens);
	check(reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0);
	return reply;
}

#define EVAL(lab, script, keys, ...)                                                               \
	eval(lab, script, keys, (const char *[]){__VA_ARGS__},                                     \
	     (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)))

/* The first word of the reply. */
#define expect(lab, word, script, keys, ...)                                                       \
	do {                                                                                       \
		redisReply *reply_ = EVAL(lab, script, keys, __VA_ARGS__);                         \
		check(strcmp(reply_->element[0]->str, word) == 0);                                 \
		freeReplyObject(reply_);                                                           \
	} while (0)

/* Everything that the tests write, as text. */
static void picture(struct lab *lab, char *text, size_t size)
{
	const char *const commands[] = {"HGETALL " STATE, "GET " DICT};
	size_t len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < 2; i++) {
		redisReply *reply = redisCommand(lab->redis, commands[i]);
		for (size_t j = 0; j < reply->elements; j++)
			len +=
			    (size_t)snprintf(text + len, size - len, "%s ", reply->element[j]->str);
		len +=
		    (size_t)snprintf(text + len, size - len, "%s\n", reply->str ? reply->str : "");
		freeReplyObject(reply);
	}
}

/* Refused, with nothing changed. */
#define expect_refused(lab, script, keys, ...)                                                     \
	do {                                                                                       \
		char before_[2048];                                                                \
		char after_[2048];                                                                 \
		picture(lab, before_, sizeof(before_));                                            \
		expect(lab, "refused", script, keys, __VA_ARGS__);                                 \
		picture(lab, after_, sizeof(after_));                                              \
		check(strcmp(before_, after_) == 0);                                               \
	} while (0)

static void lab_open(struct lab *lab)
{
	bed_init(&lab->bed);
	bed_start_redis(&lab->bed);
	lab->redis = redisConnectUnix(managed_socket(lab->bed.managed));
	check(lab->redis && !lab->redis->err);
	redisReply *reply = EVAL(lab, SCRIPT_READ, 1, STATE);
	check(reply->elements == 2 && reply->element[1]->elements == 0);
	snprintf(lab->run_id, sizeof(lab->run_id), "%s", reply->element[0]->str);
	check(strlen(lab->run_id) == 40);
	freeReplyObject(reply);
}

static void lab_close(struct lab *lab)
{
	redisFree(lab->redis);
	bed_stop_redis(&lab->bed);
	bed_deinit(&lab->bed);
}

#define NEW_OWNER(id) id, "100", "host/1", "1", "shape", ID_C, RECORD_ZERO_ID

static void test_acquire(struct lab *lab)
{
	/* Another Redis than the one that was read, or a record where none was. */
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, "", "0", "", "0", "other", NEW_OWNER(ID_A));
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_B, "0", RECORD_ZERO_ID, "0", "RUN",
	               NEW_OWNER(ID_A));
	expect(lab, "ok", SCRIPT_ACQUIRE, 2, STATE, DICT, "", "0", "", "0", "RUN", NEW_OWNER(ID_A));
	/* A second one of the same moment. */
	expect_refused(lab, SCRIPT_ACQUIRE, 2, STATE, DICT, "", "0", "", "0", "RUN",
	               NEW_OWNER(ID_B));
	/* One word of the compared four has changed. */
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_B, "0", RECORD_ZERO_ID, "0", "RUN",
	               NEW_OWNER(ID_B));
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_A, "1", RECORD_ZERO_ID, "0", "RUN",
	               NEW_OWNER(ID_B));
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_A, "0", ID_C, "0", "RUN", NEW_OWNER(ID_B));
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_A, "0", RECORD_ZERO_ID, "1", "RUN",
	               NEW_OWNER(ID_B));
	expect_refused(lab, SCRIPT_ACQUIRE, 1, STATE, ID_A, "0", RECORD_ZERO_ID, "0", "other",
	               NEW_OWNER(ID_B));
}

#define APPEND_X "s", "A", "2", "x"

static void test_flush(struct lab *lab)
{
	expect(lab, "ok", SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "0", "1", ID_B, "RUN", "1", APPEND_X);
	/* Twice, too early, under another id, on another Redis. */
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "0", "1", ID_B, "RUN", "2",
	               APPEND_X);
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "2", "3", ID_B, "RUN", "2",
	               APPEND_X);
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_B, "1", "2", ID_C, "RUN", "2",
	               APPEND_X);
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "1", "2", ID_C, "other", "2",
	               APPEND_X);
	/* Numbers are text: 01 is not 1. */
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "01", "2", ID_C, "RUN", "2",
	               APPEND_X);
	expect(lab, "type", SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "1", "2", ID_C, "RUN", "2", "h",
	       "H", "2", "f", "v");
	expect(lab, "ok", SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "1", "2", ID_C, "RUN", "2", APPEND_X);
	redisReply *reply = redisCommand(lab->redis, "GET " DICT);
	check(strcmp(reply->str, "xx") == 0);
	freeReplyObject(reply);
}

#define MARK   "sg:{demo/0}:emitted"
#define STREAM "sg:{demo/0}:summaries"
#define EMIT_B "100", "H", "2", "2", "id", "b"

static void test_emit(struct lab *lab)
{
	/* Another owner, another Redis; then one that follows nothing, and one late. */
	expect_refused(lab, SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_B, "RUN", "", EMIT_B);
	expect_refused(lab, SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "other", "", EMIT_B);
	expect(lab, "stale", SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "RUN", "a", EMIT_B);
	expect(lab, "ok", SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "RUN", "", EMIT_B);
	expect(lab, "stale", SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "RUN", "", EMIT_B);
	expect(lab, "ok", SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "RUN", "b", EMIT_B, "X", "3",
	       "2", "answer", "x");
	/* One key of another type, and nothing is written. */
	expect(lab, "type", SCRIPT_EMIT, 4, STATE, MARK, STREAM, DICT, ID_A, "RUN", "b", EMIT_B,
	       "X", "3", "2", "answer", "x");
	redisReply *reply = redisCommand(lab->redis, "XLEN " STREAM);
	check(reply->integer == 1);
	freeReplyObject(reply);
}

static void test_beat_and_release(struct lab *lab)
{
	expect(lab, "ok", SCRIPT_BEAT, 1, STATE, ID_A, "2", ID_C, "3", "RUN");
	expect_refused(lab, SCRIPT_BEAT, 1, STATE, ID_B, "2", ID_C, "4", "RUN");
	expect_refused(lab, SCRIPT_BEAT, 1, STATE, ID_A, "1", ID_C, "4", "RUN");
	expect_refused(lab, SCRIPT_BEAT, 1, STATE, ID_A, "2", ID_B, "4", "RUN");
	expect_refused(lab, SCRIPT_BEAT, 1, STATE, ID_A, "2", ID_C, "4", "other");
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_B, "2", ID_C, "3", "RUN", "");
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_A, "1", ID_C, "3", "RUN", "");
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_A, "2", ID_B, "3", "RUN", "");
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_A, "2", ID_C, "2", "RUN", "");
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_A, "2", ID_C, "3", "other", "");
	expect(lab, "ok", SCRIPT_RELEASE, 1, STATE, ID_A, "2", ID_C, "3", "RUN", "");
	/* Who has released writes no more. */
	expect_refused(lab, SCRIPT_EMIT, 3, STATE, MARK, STREAM, ID_A, "RUN", "b", EMIT_B);
	expect_refused(lab, SCRIPT_RELEASE, 1, STATE, ID_A, "2", ID_C, "3", "RUN", "");
	expect_refused(lab, SCRIPT_BEAT, 1, STATE, ID_A, "2", ID_C, "4", "RUN");
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "2", "3", ID_B, "RUN", "4",
	               APPEND_X);
	expect(lab, "ok", SCRIPT_ACQUIRE, 1, STATE, ID_A, "2", ID_C, "3", "RUN", NEW_OWNER(ID_B));
	expect_refused(lab, SCRIPT_FLUSH, 2, STATE, DICT, ID_A, "2", "3", ID_B, "RUN", "4",
	               APPEND_X);
	expect(lab, "ok", SCRIPT_FLUSH, 2, STATE, DICT, ID_B, "2", "3", ID_A, "RUN", "4", APPEND_X);
}

void scenario_scripts(void)
{
	struct lab lab;
	lab_open(&lab);
	test_acquire(&lab);
	test_flush(&lab);
	test_emit(&lab);
	test_beat_and_release(&lab);
	/* A state key of another type fails no script half-way. */
	freeReplyObject(redisCommand(lab.redis, "DEL " STATE));
	freeReplyObject(redisCommand(lab.redis, "SET " STATE " text"));
	for (int i = 0; i < SCRIPT_COUNT; i++)
		expect(&lab, "type", (enum script)i, 1, STATE, ID_A, "2", "3", ID_A, "RUN", "4",
		       "");
	lab_close(&lab);
}
