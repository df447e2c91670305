/* SPDX-License-Identifier: Apache-2.0
 * Acquisition: the compare-and-set of the state record under a new id. */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "store/driver_internal.h"
#include "store/shape.h"

static const struct store_key state_key = {.kind = KEY_STATE};

bool driver_check_version(struct driver *driver, const struct record *record)
{
	char difference[SHAPE_TEXT_MAX];
	if (!record->exists)
		return true;
	if (!record->format_known) {
		driver_halt(driver, ERR_VERSION,
		            "The state of tenant %s was written by another version of streamgauge; "
		            "start that version, or take another state directory.",
		            driver->tenant->name);
		return false;
	}
	if (!shape_differs(record->settings, record->settings_len, driver->settings->shape,
	                   difference))
		return true;
	driver_halt(driver, ERR_VERSION,
	            "The state of tenant %s was written with other settings: %s. Restore them, or "
	            "take another state directory.",
	            driver->tenant->name, difference);
	return false;
}

static bool is_leftover(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       strcmp(reply->element[0]->str, "leftover") == 0;
}

void driver_take_pending(struct driver *driver)
{
	memcpy(driver->id, driver->pending, sizeof(driver->id));
	driver->pending[0] = '\0';
	driver->parent = driver->pending_from;
	driver->epoch++;
	driver->marked = false;
}

static void take_id(struct driver *driver)
{
	driver_take_pending(driver);
	driver->need_beat = true;
	if (driver->holds == HOLDS_STATE) {
		driver->position = driver->parent.generation;
	} else {
		driver->holds = HOLDS_ID;
		driver->record = driver->parent;
	}
}

static void on_acquired(void *arg, int err, const redisReply *reply)
{
	struct driver *driver = arg;
	if (driver_end_control(driver))
		return;
	/* Without an answer the id stays pending: the record will tell. */
	if (driver_reply_failed(driver, SCRIPT_ACQUIRE, err, reply))
		;
	else if (is_leftover(reply))
		driver_halt(driver, ERR_REFUSED,
		            "Redis holds %.200s of tenant %s but not its state record: restore the "
		            "whole state directory, or take an empty one.",
		            reply->element[1]->str, driver->tenant->name);
	else if (driver_judge_write(driver, 0, reply))
		take_id(driver);
	driver_pump(driver);
}

/* Singletons that no partition is without once it was flushed. */
static void put_leftover_keys(struct call *call, const char *tenant)
{
	static const enum key_kind kinds[] = {KEY_DELTAS, KEY_DICT, KEY_SOURCES, KEY_LABELS};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct store_key key = {.kind = kinds[i]};
		call_key(call, tenant, &key);
	}
}

/* max(stored + 1, unix ms): it cannot go backwards when Redis does. */
static uint64_t next_fence(const struct record *record)
{
	uint64_t now_ms = (uint64_t)(clock_wall_us() / 1000);
	return record->fence >= now_ms ? record->fence + 1 : now_ms;
}

/* Remembers what the script is told, so that its success is recognised even
 * when the answer is lost. */
static void set_pending(struct driver *driver, const struct record *record, const uint8_t id[16],
                        const uint8_t seed[16])
{
	record_id_text(driver->pending, id);
	driver->pending_from = *record;
	driver->pending_from.settings = NULL;
	if (!record->exists) {
		memcpy(driver->pending_from.flush_id, RECORD_ZERO_ID, RECORD_ID);
		memcpy(driver->pending_from.seed, seed, sizeof(driver->pending_from.seed));
	}
	if (driver->beat < record->beat)
		driver->beat = record->beat;
}

static void put_arguments(struct call *call, const struct driver *driver,
                          const struct record *record, const uint8_t seed[16])
{
	char host[32] = "";
	char seed_text[RECORD_ID];
	gethostname(host, sizeof(host) - 1);
	record_id_text(seed_text, seed);
	call_text(call, record->exists ? record->owner : "");
	call_printf(call, "%" PRIu64, record->generation);
	call_printf(call, "%s", record->flush_id);
	call_printf(call, "%" PRIu64, record->beat);
	call_text(call, driver->run_id);
	call_text(call, driver->pending);
	call_printf(call, "%" PRIu64, next_fence(record));
	call_printf(call, "%s/%d", host, (int)getpid());
	call_text(call, RECORD_FORMAT);
	call_text(call, driver->settings->shape ? driver->settings->shape : "");
	call_printf(call, "%s", seed_text);
	call_text(call, RECORD_ZERO_ID);
}

void driver_acquire(struct driver *driver, const struct record *record)
{
	uint8_t id[16];
	uint8_t seed[16];
	struct call call;
	if (!driver_check_version(driver, record))
		return;
	if (getrandom(id, sizeof(id), 0) != sizeof(id) ||
	    getrandom(seed, sizeof(seed), 0) != sizeof(seed)) {
		driver_halt(driver, ERR_IO, "The system gives no random numbers.");
		return;
	}
	/* What is in memory, and in the ring, was made with its own seed. */
	if (driver->holds == HOLDS_STATE)
		memcpy(seed, driver->record.seed, sizeof(seed));
	set_pending(driver, record, id, seed);
	call_init(&call);
	call_key(&call, driver->tenant->name, &state_key);
	put_leftover_keys(&call, driver->tenant->name);
	put_arguments(&call, driver, record, seed);
	driver_send_control(driver, CONTROL_ACQUIRE, &call, SCRIPT_ACQUIRE, on_acquired);
}
