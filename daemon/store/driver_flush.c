/* SPDX-License-Identifier: Apache-2.0
 * Writing: group commit, replay from the ring, confirmations. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/log.h"
#include "store/driver_internal.h"

#define HOUR_US INT64_C(3600000000)

static const struct store_key state_key = {.kind = KEY_STATE};

static void on_flushed(void *arg, int err, const redisReply *reply)
{
	struct driver *driver = arg;
	uint64_t generation = driver->flushing;
	FAULT_POINT("flush_reply");
	if (driver_end_control(driver))
		return;
	/* Whatever else came back, whether the flush was written is unknown: the
	 * state record tells, never a second sending. */
	if (!driver_reply_failed(driver, SCRIPT_FLUSH, err, reply) &&
	    driver_judge_write(driver, 0, reply)) {
		driver->position = generation;
		driver->stats.flushes++;
		driver->stats.flush_bytes += driver->flushing_bytes;
		histogram_add(&driver->stats.flush_time, clock_mono_us() - driver->control_us);
		driver_renew(driver);
		driver_settled(driver);
	}
	driver_pump(driver);
}

static bool holds_pages(const struct flush *flush)
{
	for (uint32_t i = 0; i < flush->op_count; i++) {
		if (flush->ops[i].code == FLUSH_HSET && flush->ops[i].key.kind == KEY_CELLS)
			return true;
	}
	return false;
}

/* The payload is the frozen flush; owner, run id and beat go beside it. */
static void build_call(struct driver *driver, const struct flush *flush, struct call *call,
                       struct buf *types)
{
	char id[RECORD_ID];
	record_id_text(id, flush->id);
	call_key(call, driver->tenant->name, &state_key);
	call_flush_keys(call, driver->tenant->name, flush, types);
	call_text(call, driver->id);
	call_printf(call, "%" PRIu64, flush->generation - 1);
	call_printf(call, "%" PRIu64, flush->generation);
	call_printf(call, "%s", id);
	call_text(call, driver->run_id);
	call_printf(call, "%" PRIu64, ++driver->beat);
	call_bytes(call, types->bytes, types->len);
	call_flush_ops(call, flush);
	call->failed = call->failed || buf_failed(types);
}

static void send_flush(struct driver *driver, uint64_t generation)
{
	const struct flush *flush = ring_find(&driver->ring, generation);
	require(flush);
	if (generation <= driver->answered)
		FAULT_POINT("replay");
	if (holds_pages(flush))
		FAULT_POINT("page_write");
	FAULT_POINT("flush_before_send");
	struct call call;
	struct buf types = {0};
	call_init(&call);
	build_call(driver, flush, &call, &types);
	driver->control = CONTROL_FLUSH;
	driver->flushing = generation;
	driver->serial++;
	driver->control_ms = driver_now(driver);
	driver->control_us = clock_mono_us();
	driver->flushing_bytes = call_size(&call);
	driver->last_write_ms = driver->control_ms;
	driver->last_flush_ms = driver->control_ms;
	int err =
	    call_send(&call, driver->conn, &driver->scripts, SCRIPT_FLUSH, on_flushed, driver);
	call_deinit(&call);
	buf_deinit(&types);
	FAULT_POINT("flush_sent");
	if (err < 0) {
		driver->control = CONTROL_NONE;
		driver->need_read = true;
		driver_disconnect(driver);
	}
}

static bool fetching_for_flush(const struct driver *driver)
{
	for (const struct job *job = driver->jobs; job; job = job->next) {
		if (!job->done)
			return true;
	}
	return false;
}

/* Builds the next generation; true when there is one to send. */
static bool freeze(struct driver *driver)
{
	struct fetch_list missing = {.count = 0};
	struct flush *flush = NULL;
	int err = ring_reserve(&driver->ring);
	if (err == 0)
		err = partition_freeze(driver->partition, clock_mono_us(), &missing, &flush);
	if (err == 0) {
		fetch_list_deinit(&missing);
		require(flush->generation == driver->newest + 1);
		ring_push(&driver->ring, flush);
		driver->newest++;
		return true;
	}
	if (err == ERR_AGAIN && missing.count > 0) {
		err = driver_add_job(driver, JOB_PAGES, &missing, NULL, NULL);
		if (err == 0)
			return false;
	}
	fetch_list_deinit(&missing);
	if (err == ERR_NOMEM || err == ERR_AGAIN) {
		driver_wake(driver, TICK_MS);
		return false;
	}
	driver_halt(driver, err, "A flush of tenant %s could not be built: %s.",
	            driver->tenant->name, err_rule(err));
	return false;
}

/* True when the group-commit rule allows a flush now; else the pump is woken in time. */
static bool flush_is_due(struct driver *driver)
{
	if (driver->stopping)
		return true;
	uint64_t since = driver_now(driver) - driver->last_flush_ms;
	if (since >= driver->settings->flush_min_ms)
		return true;
	driver_wake(driver, driver->settings->flush_min_ms - since);
	return false;
}

static bool beat_is_due(const struct driver *driver)
{
	if (driver_now(driver) - driver->last_write_ms >= BEAT_MS)
		return true;
	for (const struct confirm *c = driver->confirms; c; c = c->next) {
		if (!c->failed && c->generation <= driver->answered && c->serial >= driver->serial)
			return true;
	}
	return false;
}

static bool wants_flush(const struct driver *driver)
{
	return driver->holds == HOLDS_STATE &&
	       partition_wants_flush(driver->partition, clock_mono_us());
}

/* Nothing waits, so everything that was applied is durable: a flush that a
 * confirmation counted on has become needless. */
static void lower_confirms(struct driver *driver)
{
	for (struct confirm *c = driver->confirms; c; c = c->next) {
		if (c->generation > driver->answered)
			c->generation = driver->answered;
	}
}

/* No control command is in flight, and the record is known. */
void driver_pump_writes(struct driver *driver)
{
	if (driver->holds == HOLDS_NOTHING)
		return;
	if (driver->need_beat) {
		driver_send_beat(driver);
		return;
	}
	if (driver->holds == HOLDS_STATE) {
		bool more = driver->position < driver->newest;
		if (!more && wants_flush(driver) && !fetching_for_flush(driver) &&
		    flush_is_due(driver))
			more = freeze(driver);
		if (driver->halted)
			return;
		if (more) {
			send_flush(driver, driver->position + 1);
			return;
		}
		/* Who takes over at once must not find less than was answered. */
		if (driver->stopping && !wants_flush(driver) && driver_is_settled(driver)) {
			driver_send_release(driver);
			return;
		}
	}
	if (driver->holds == HOLDS_STATE && driver->position == driver->answered &&
	    !wants_flush(driver))
		lower_confirms(driver);
	if (beat_is_due(driver))
		driver_send_beat(driver);
}

static void check_clock(struct driver *driver, int64_t now_us)
{
	int64_t step_us = partition_clock(driver->partition, now_us, clock_mono_us());
	if (step_us == driver->clock_step_us)
		return;
	driver->clock_step_us = step_us;
	log_warn("clock_stepped", "tenant=%s seconds=%" PRId64 " effect=\"%s\"",
	         driver->tenant->name, step_us / 1000000,
	         step_us ? "event ids are kept by the clock as it was at the start"
	                 : "the clock is as it was at the start");
}

/* Memory that nothing needs any more: pages beyond the cache, and once an hour
 * what has expired. */
void driver_trim(struct driver *driver)
{
	const struct settings *settings = driver->settings;
	int64_t now_us = clock_wall_us();
	driver->trimmed_ms = driver_now(driver);
	check_clock(driver, now_us);
	partition_evict(driver->partition, settings->limits.page_cache / settings->tenant_count);
	if (now_us / HOUR_US == driver->purged_hour)
		return;
	driver->purged_hour = now_us / HOUR_US;
	partition_purge(driver->partition, now_us);
}

void driver_settled(struct driver *driver)
{
	driver->confirmed_serial = driver->serial;
	if (driver->holds != HOLDS_STATE || driver->position <= driver->answered) {
		driver_settle_written(driver);
		return;
	}
	/* One flush is in flight at a time, so at most the newest was unanswered. */
	driver->answered = driver->position;
	driver_settle_written(driver);
	partition_answered(driver->partition, driver->answered);
	driver_trim(driver);
	FAULT_POINT("flush_answered");
	driver_update_phase(driver);
	if (driver->events.answered)
		driver->events.answered(driver->events.arg, driver, driver->answered);
}

/* ---- confirmations ---- */

uint64_t driver_pending_generation(const struct driver *driver)
{
	bool more = driver->holds == HOLDS_STATE && partition_has_work(driver->partition);
	return driver->newest + (more ? 1 : 0);
}

void driver_confirm(struct driver *driver, void (*done)(void *arg, int err), void *arg)
{
	struct confirm *confirm = calloc(1, sizeof(*confirm));
	require(confirm);
	*confirm = (struct confirm){
	    .generation = driver_pending_generation(driver),
	    .serial = driver->serial,
	    .failed = driver->holds != HOLDS_STATE || driver->stopping,
	    .done = done,
	    .arg = arg,
	};
	*driver->confirms_end = confirm;
	driver->confirms_end = &confirm->next;
	driver_wake(driver, 0);
}

void driver_fail_confirms(struct driver *driver)
{
	for (struct confirm *c = driver->confirms; c; c = c->next)
		c->failed = true;
	driver_wake(driver, 0);
}

static bool confirm_is_over(const struct driver *driver, const struct confirm *confirm)
{
	return confirm->failed || (driver->confirmed_serial > confirm->serial &&
	                           driver->answered >= confirm->generation);
}

/* In order of arrival: a later one never needs less than an earlier one. */
void driver_pump_confirms(struct driver *driver)
{
	while (driver->confirms && confirm_is_over(driver, driver->confirms)) {
		struct confirm *first = driver->confirms;
		driver->confirms = first->next;
		if (!driver->confirms)
			driver->confirms_end = &driver->confirms;
		first->done(first->arg, first->failed ? ERR_NOT_READY : 0);
		free(first);
	}
}
