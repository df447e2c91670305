/* SPDX-License-Identifier: Apache-2.0
 * Emissions: one script each, beside the flushes, under the same fence. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "store/driver_internal.h"

#define FIXED_KEYS 3   /* state, mark, stream */
#define CHUNK      500 /* arguments that Lua unpacks at a time */

static const struct store_key state_key = {.kind = KEY_STATE};

/* An emission in flight. */
struct emit_call {
	struct driver *driver;
	struct driver_emitted emitted;
};

/* ---- sending ---- */

static bool of_stage(const struct emission_op *op)
{
	return op->part == EMISSION_STAGE || op->part == EMISSION_DROP;
}

static void put_keys(struct call *call, const struct driver *driver,
                     const struct emission *emission)
{
	const char *tenant = driver->tenant->name;
	call_key(call, tenant, &state_key);
	call_emission_key(call, tenant, KEY_EMITTED, "");
	call_emission_key(call, tenant, KEY_SUMMARIES, "");
	for (uint32_t i = 0; i < emission->op_count; i++)
		if (of_stage(&emission->ops[i]))
			call_emission_key(call, tenant, KEY_SUMMARY, emission->ops[i].stage);
}

static void put_op(struct call *call, const char *code, int key, const struct flush_bytes *fields,
                   uint32_t count)
{
	call_text(call, code);
	call_number(call, key);
	call_number(call, count);
	for (uint32_t i = 0; i < count; i++)
		call_bytes(call, fields[i].bytes, fields[i].len);
}

/* The hash holds these fields and no other. */
static void put_hash(struct call *call, int key, const struct flush_bytes *fields, uint32_t count)
{
	put_op(call, "D", key, NULL, 0);
	for (uint32_t at = 0; at < count; at += CHUNK)
		put_op(call, "H", key, fields + at, count - at < CHUNK ? count - at : CHUNK);
}

static void put_ops(struct call *call, const struct emission *emission)
{
	int next = FIXED_KEYS + 1;
	for (uint32_t i = 0; i < emission->op_count; i++) {
		const struct emission_op *op = &emission->ops[i];
		const struct flush_bytes *fields = emission->fields + op->first;
		if (op->part == EMISSION_ENTRY)
			put_op(call, "X", 3, fields, op->count);
		else
			put_hash(call, of_stage(op) ? next++ : 2, fields, op->count);
	}
}

static void build_call(const struct driver *driver, const struct emission *emission,
                       struct call *call)
{
	put_keys(call, driver, emission);
	call_text(call, driver->id);
	call_text(call, driver->run_id);
	call_text(call, emission->follows);
	call_printf(call, "%" PRIu64, emission->stream_max);
	put_ops(call, emission);
	call->failed = call->failed || emission->failed;
}

/* ---- what came back ---- */

static bool is_word(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, word) == 0;
}

static int take_mark(const struct driver_emitted *emitted, const redisReply *reply)
{
	const redisReply *mark = reply->elements == 2 ? reply->element[1] : NULL;
	if (!mark || mark->type != REDIS_REPLY_ARRAY)
		return ERR_MALFORMED;
	for (size_t i = 0; i + 1 < mark->elements; i += 2)
		if (mark->element[i]->type == REDIS_REPLY_STRING &&
		    mark->element[i + 1]->type == REDIS_REPLY_STRING)
			emitted->mark(emitted->arg, mark->element[i]->str,
			              mark->element[i + 1]->str);
	return ERR_AGAIN;
}

/* Emissions are beside the point of the partition: whatever is wrong with their
 * keys stops no flush. */
static int judge(struct driver *driver, const struct driver_emitted *emitted,
                 const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_ERROR) {
		if (strncmp(reply->str, "NOSCRIPT", 8) == 0)
			driver->scripts.by_text[SCRIPT_EMIT] = true;
		else
			log_warn("emission_failed", "tenant=%s reason=\"%.200s\"",
			         driver->tenant->name, reply->str);
		return ERR_NOT_READY;
	}
	if (is_word(reply, "ok"))
		return 0;
	if (is_word(reply, "stale"))
		return take_mark(emitted, reply);
	if (is_word(reply, "type") || is_word(reply, "denied")) {
		const char *what = reply->elements > 1 ? reply->element[1]->str : NULL;
		bool denied = is_word(reply, "denied");
		log_warn("emission_refused", "tenant=%s %s=\"%.200s\" reason=\"%s\"",
		         driver->tenant->name, denied ? "command" : "key", what ? what : "?",
		         denied ? "Redis' ACL forbids it" : "it is not what streamgauge writes");
		return ERR_REFUSED;
	}
	/* Another owner, or another Redis: the record tells. */
	driver->need_read = true;
	return ERR_NOT_READY;
}

static void on_emitted(void *arg, int err, const redisReply *reply)
{
	struct emit_call *in_flight = arg;
	struct driver *driver = in_flight->driver;
	struct driver_emitted emitted = in_flight->emitted;
	free(in_flight);
	driver->emitting = false;
	FAULT_POINT("emit_reply");
	err = err < 0 ? ERR_NOT_READY : judge(driver, &emitted, reply);
	emitted.done(emitted.arg, err);
	driver_wake(driver, 0);
}

int driver_emit(struct driver *driver, const struct emission *emission,
                const struct driver_emitted *emitted)
{
	if (!driver_partition(driver) || driver->emitting || driver->stopping || !driver->up ||
	    driver->need_read)
		return ERR_NOT_READY;
	struct emit_call *in_flight = malloc(sizeof(*in_flight));
	struct call call;
	if (!in_flight)
		return ERR_NOMEM;
	*in_flight = (struct emit_call){driver, *emitted};
	call_init(&call);
	build_call(driver, emission, &call);
	FAULT_POINT("emit_before_send");
	int err =
	    call_send(&call, driver->conn, &driver->scripts, SCRIPT_EMIT, on_emitted, in_flight);
	call_deinit(&call);
	FAULT_POINT("emit_sent");
	if (err < 0) {
		free(in_flight);
		return err == ERR_NOMEM ? ERR_NOMEM : ERR_NOT_READY;
	}
	driver->emitting = true;
	return 0;
}
