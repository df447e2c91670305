/* SPDX-License-Identifier: Apache-2.0
 * Ownership: reading the state record, judging it, acquiring, beating. */
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "store/driver_internal.h"

static const struct store_key state_key = {.kind = KEY_STATE};

void driver_send_control(struct driver *driver, enum control control, struct call *call,
                         enum script script, redis_reply_cb cb)
{
	driver->control = control;
	driver->control_ms = driver_now(driver);
	driver->control_us = clock_mono_us();
	driver_update_phase(driver);
	if (call_send(call, driver->conn, &driver->scripts, script, cb, driver) < 0) {
		driver->control = CONTROL_NONE;
		driver->need_read = true;
		driver_disconnect(driver);
	}
	call_deinit(call);
}

bool driver_end_control(struct driver *driver)
{
	driver->control = CONTROL_NONE;
	return driver->halted || driver->closing;
}

static bool is_noscript(const redisReply *reply)
{
	return strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

/* What to do about an answer that is not the daemon's fault. */
static const char *advice_on(const char *answer)
{
	static const struct {
		const char *code;
		const char *advice;
	} rows[] = {
	    {"OOM ", "Raise its maxmemory, or free memory there"},
	    {"NOREPLICAS ", "Bring its replicas back, or lower min-replicas-to-write"},
	    {"MISCONF ", "Mend its disk; its log says more"},
	    {"READONLY ", "Name its master"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strncmp(answer, rows[i].code, strlen(rows[i].code)) == 0)
			return rows[i].advice;
	return "It is asked again";
}

bool driver_reply_failed(struct driver *driver, enum script script, int err,
                         const redisReply *reply)
{
	if (err < 0) {
		driver->need_read = true;
		return true;
	}
	if (reply->type != REDIS_REPLY_ERROR)
		return false;
	driver->need_read = true;
	if (is_noscript(reply)) {
		driver->scripts.by_text[script] = true;
		driver_wake(driver, 0);
		return true;
	}
	if (strstr(reply->str, "WRONGTYPE")) {
		driver_halt(driver, ERR_REFUSED,
		            "A key of tenant %s holds another type than streamgauge writes; "
		            "something else writes into its Redis: %.200s",
		            driver->tenant->name, reply->str);
		return true;
	}
	driver_set_reason(driver, "Redis answers: %.200s %s; nothing is acknowledged meanwhile.",
	                  reply->str, advice_on(reply->str));
	driver_back_off(driver);
	return true;
}

static bool is_word(const redisReply *reply, const char *word)
{
	return reply->type == REDIS_REPLY_STRING && strcmp(reply->str, word) == 0;
}

static bool take_run_id(struct driver *driver, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING || reply->len <= 0 ||
	    (size_t)reply->len >= sizeof(driver->run_id))
		return false;
	memcpy(driver->run_id, reply->str, (size_t)reply->len + 1);
	return true;
}

static void halt_on_type(struct driver *driver, const redisReply *reply)
{
	const char *key = reply->elements > 1 ? reply->element[1]->str : NULL;
	const char *type = reply->elements > 2 ? reply->element[2]->str : NULL;
	driver_halt(driver, ERR_REFUSED,
	            "The Redis key %.200s is a %.20s that streamgauge did not write; nothing was "
	            "written. Remove or rename it, then restart the daemon.",
	            key ? key : "?", type ? type : "?");
}

/* ---- the watch of a daemon that holds nothing ---- */

static void say_watched(struct driver *driver, const struct record *record)
{
	const char *tenant = driver->tenant->name;
	if (!record->exists || record->released)
		driver_set_reason(
		    driver,
		    "Nobody holds the partition of tenant %s in Redis; that is watched "
		    "for some seconds before it is taken.",
		    tenant);
	else
		driver_set_reason(
		    driver,
		    "Another daemon (%.60s, owner %s) holds the partition of tenant %s at "
		    "generation %" PRIu64 "; this one stands by.",
		    record->address, record->owner, tenant, record->generation);
}

/* True when the record stood still for so long that nobody can be there. */
static bool watch_record(struct driver *driver, const struct record *record)
{
	struct watch *watch = &driver->watch;
	uint64_t now = driver_now(driver);
	if (record->exists && record->generation > watch->highest)
		watch->highest = record->generation;
	bool still = watch->since_ms > 0 && record_same(record, &watch->seen) &&
	             record->released == watch->seen.released &&
	             strcmp(watch->run_id, driver->run_id) == 0 &&
	             now - driver->control_ms <= SLOW_READ_MS;
	if (!still) {
		watch->seen = *record;
		watch->seen.settings = NULL;
		memcpy(watch->run_id, driver->run_id, sizeof(watch->run_id));
		watch->since_ms = now;
	}
	uint64_t wait = WATCH_MS + (watch->highest > record->generation ? GRACE_MS : 0);
	if (now - watch->since_ms >= wait)
		return true;
	say_watched(driver, record);
	driver->need_read = true;
	driver->retry_ms = now + TICK_MS;
	driver_wake(driver, TICK_MS);
	return false;
}

/* Acquires the very record that stood still: a beat since then refuses it. */
static void watch_or_acquire(struct driver *driver, const struct record *record)
{
	if (!watch_record(driver, record))
		return;
	driver->need_read = false;
	driver->watch.since_ms = 0;
	driver_acquire(driver, record);
}

/* ---- the decision table, applied ---- */

/* Never a mixture: what is in memory goes, what Redis has is loaded anew. */
static void give_up_state(struct driver *driver, const struct record *record)
{
	if (driver->holds == HOLDS_STATE && driver->answered > record->generation)
		driver->lost_generations += driver->answered - record->generation;
	driver_set_reason(driver,
	                  "Redis came back without %" PRIu64 " generations of tenant %s; each "
	                  "source is told what is missing.",
	                  driver->lost_generations, driver->tenant->name);
	driver_drop(driver);
}

static void fenced(struct driver *driver, const struct record *record)
{
	driver->watch = (struct watch){.highest = driver->answered};
	driver->may_acquire = false;
	driver->stats.fenced++;
	give_up_state(driver, record);
	(void)watch_record(driver, record);
	driver_set_reason(
	    driver,
	    "Another owner (%s) took the partition of tenant %s at generation %" PRIu64
	    "; this daemon had written up to %" PRIu64 ".",
	    record->owner, driver->tenant->name, record->generation, driver->answered);
}

static void halt_on_record(struct driver *driver, const struct record *record,
                           enum decide_action action)
{
	if (action == DECIDE_EMPTIED)
		driver_halt(driver, ERR_REFUSED,
		            "Redis holds nothing of tenant %s any more, but generation %" PRIu64
		            " was acknowledged; nothing is written any more. Restore its data and "
		            "restart the daemon; restarted without them, it begins with an empty "
		            "state and tells each source what is lost.",
		            driver->tenant->name, driver->answered);
	else
		driver_halt(driver, ERR_REFUSED,
		            "Redis holds generation %" PRIu64 " (flush %s) of tenant %s under the "
		            "id of this daemon, which never wrote it (its newest is %" PRIu64
		            "). Nothing is written any more; restart the daemon to load that "
		            "state.",
		            record->generation, record->flush_id, driver->tenant->name,
		            driver->newest);
}

/* Redis holds this generation, and it is ours: write on from there. */
static void go_on(struct driver *driver, const struct record *record)
{
	driver->pending[0] = '\0';
	driver->position = record->generation;
	if (driver->beat < record->beat)
		driver->beat = record->beat;
	driver->need_read = false;
	driver->need_beat = true;
}

static void take_loaded_id(struct driver *driver, const struct record *record)
{
	if (driver->pending[0] && strcmp(record->owner, driver->pending) == 0)
		driver_take_pending(driver);
	if (!driver_check_version(driver, record))
		return;
	driver->pending[0] = '\0';
	driver->holds = HOLDS_ID;
	driver->record = *record;
	driver->record.settings = NULL;
	if (driver->beat < record->beat)
		driver->beat = record->beat;
	driver->need_read = false;
	driver->need_beat = true;
}

static struct decision judge(const struct driver *driver, const struct record *record,
                             char kept[RECORD_ID])
{
	struct decide_self self = {
	    .holds = driver->holds,
	    .id = driver->id,
	    .pending = driver->pending,
	    .parent = driver->parent,
	    .base = driver->ring.base,
	    .newest = driver->newest,
	    .may_acquire = driver->may_acquire,
	};
	const uint8_t *id =
	    driver->holds == HOLDS_STATE ? ring_flush_id(&driver->ring, record->generation) : NULL;
	if (id) {
		record_id_text(kept, id);
		self.kept = kept;
	}
	return decide(record, &self);
}

static void apply_record(struct driver *driver, const struct record *record)
{
	char kept[RECORD_ID];
	struct decision decision = judge(driver, record, kept);
	if (decision.action == DECIDE_ADOPT) {
		driver_take_pending(driver);
		decision = judge(driver, record, kept);
	}
	switch (decision.action) {
	case DECIDE_ACQUIRE:
	case DECIDE_REACQUIRE:
		driver->need_read = false;
		driver_acquire(driver, record);
		break;
	case DECIDE_WATCH:
		driver->pending[0] = '\0';
		watch_or_acquire(driver, record);
		break;
	case DECIDE_LOAD:
	case DECIDE_ADOPT:
		take_loaded_id(driver, record);
		break;
	case DECIDE_WRITE:
	case DECIDE_REPLAY:
		go_on(driver, record);
		break;
	case DECIDE_LOST:
		give_up_state(driver, record);
		driver->need_read = false;
		driver_acquire(driver, record);
		break;
	case DECIDE_FENCED:
		fenced(driver, record);
		break;
	case DECIDE_EMPTIED:
	case DECIDE_STOP:
		halt_on_record(driver, record, decision.action);
		break;
	}
}

static void take_record(struct driver *driver, const redisReply *run_id, const redisReply *fields)
{
	struct record record;
	if (!take_run_id(driver, run_id) || record_parse(fields, &record) < 0) {
		driver_halt(
		    driver, ERR_MALFORMED,
		    "The state record of tenant %s in Redis cannot be read; restore it from "
		    "a copy of the state directory.",
		    driver->tenant->name);
		return;
	}
	/* A load counts for the record that it began with only. */
	if (driver->loading)
		driver_load_abort(driver);
	apply_record(driver, &record);
}

bool driver_judge_write(struct driver *driver, int err, const redisReply *reply)
{
	if (err < 0)
		return false;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0) {
		if (is_word(reply->element[0], "ok"))
			return true;
		if (is_word(reply->element[0], "refused") && reply->elements == 3) {
			driver->need_read = false;
			take_record(driver, reply->element[1], reply->element[2]);
			return false;
		}
		if (is_word(reply->element[0], "type")) {
			halt_on_type(driver, reply);
			return false;
		}
		if (is_word(reply->element[0], "denied")) {
			/* The next setup says what is missing. */
			driver->need_read = true;
			driver_disconnect(driver);
			return false;
		}
	}
	driver_halt(driver, ERR_MALFORMED, "Redis answered a script with something else.");
	return false;
}

/* ---- commands ---- */

static void on_record(void *arg, int err, const redisReply *reply)
{
	struct driver *driver = arg;
	if (driver_end_control(driver))
		return;
	if (!driver_reply_failed(driver, SCRIPT_READ, err, reply)) {
		driver->need_read = false;
		if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
			take_record(driver, reply->element[0], reply->element[1]);
		else
			driver_judge_write(driver, 0, reply);
	}
	driver_pump(driver);
}

void driver_read_record(struct driver *driver)
{
	struct call call;
	call_init(&call);
	call_key(&call, driver->tenant->name, &state_key);
	driver_send_control(driver, CONTROL_READ, &call, SCRIPT_READ, on_record);
}
