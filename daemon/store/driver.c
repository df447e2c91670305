/* SPDX-License-Identifier: Apache-2.0 */
#include "store/driver_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* ---- small things ---- */

uint64_t driver_now(const struct driver *driver)
{
	return uv_now(driver->loop);
}

static void on_tick(uv_timer_t *tick)
{
	driver_pump(tick->data);
}

void driver_wake(struct driver *driver, uint64_t in_ms)
{
	if (driver->closing)
		return;
	uv_handle_t *handle = (uv_handle_t *)&driver->tick;
	if (uv_is_active(handle) && uv_timer_get_due_in(&driver->tick) <= in_ms)
		return;
	uv_timer_start(&driver->tick, on_tick, in_ms, 0);
}

void driver_set_reason(struct driver *driver, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(driver->reason, sizeof(driver->reason), format, args);
	va_end(args);
}

static void set_phase(struct driver *driver, enum driver_phase phase)
{
	if (phase == driver->phase)
		return;
	driver->phase = phase;
	if (phase == DRIVER_READY) {
		driver->reason[0] = '\0';
		driver->backoff_ms = BACKOFF_MIN;
	}
	if (driver->events.phase)
		driver->events.phase(driver->events.arg, driver, phase);
}

void driver_update_phase(struct driver *driver)
{
	if (driver->halted)
		set_phase(driver, DRIVER_STOPPED);
	else if (driver->up && driver->holds == HOLDS_STATE && !driver->need_read &&
	         !driver->need_beat && driver->control != CONTROL_READ &&
	         driver->control != CONTROL_ACQUIRE && driver->position >= driver->answered &&
	         driver->settled_epoch == driver->epoch && driver_is_live(driver))
		set_phase(driver, DRIVER_READY);
	else if (driver->up && driver->holds == HOLDS_ID)
		set_phase(driver, DRIVER_LOADING);
	else
		set_phase(driver, DRIVER_CONNECTING);
}

void driver_back_off(struct driver *driver)
{
	driver->retry_ms = driver_now(driver) + driver->backoff_ms;
	driver->backoff_ms *= 2;
	if (driver->backoff_ms > BACKOFF_MAX)
		driver->backoff_ms = BACKOFF_MAX;
	driver_wake(driver, driver->retry_ms - driver_now(driver));
}

void driver_drop(struct driver *driver)
{
	struct partition *partition = driver->partition;
	bool had_state = driver->holds == HOLDS_STATE;
	driver->partition = NULL;
	driver->loading = false;
	driver->holds = HOLDS_NOTHING;
	driver->id[0] = '\0';
	driver->pending[0] = '\0';
	driver->need_beat = false;
	driver_update_phase(driver);
	driver_fail_jobs(driver, ERR_NOT_READY);
	driver_fail_confirms(driver);
	ring_deinit(&driver->ring);
	if (had_state && driver->events.dropped)
		driver->events.dropped(driver->events.arg, driver);
	partition_free(partition);
}

void driver_disconnect(struct driver *driver)
{
	driver->up = false;
	if (driver->conn)
		redis_close(driver->conn);
}

void driver_halt(struct driver *driver, int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(driver->reason, sizeof(driver->reason), format, args);
	va_end(args);
	driver->error = err;
	driver->halted = true;
	driver_disconnect(driver);
	driver_update_phase(driver);
	driver_fail_jobs(driver, ERR_NOT_READY);
	driver_fail_confirms(driver);
	driver_wake(driver, 0);
}

/* ---- connection ---- */

static void on_setup(void *arg, int err, const char *reason, const struct redis_facts *facts)
{
	struct driver *driver = arg;
	char text[OUTSIDE_REASON_MAX];
	driver->control = CONTROL_NONE;
	if (driver->halted || driver->closing)
		return;
	if (err < 0) {
		snprintf(text, sizeof(text), "%s%s",
		         err == ERR_REFUSED || driver_outside(driver) ? "" : "Redis is not ready: ",
		         reason);
		driver_refuse(driver, err, text);
		return;
	}
	driver_accept(driver, facts);
	driver->up = true;
	driver_pump(driver);
}

static void on_up(void *arg)
{
	struct driver *driver = arg;
	char reason[OUTSIDE_REASON_MAX];
	struct setup_wish wish = {
	    .outside = driver->outside,
	    .tenant = driver->tenant->name,
	};
	driver->connected = true;
	driver->stats.connects++;
	driver->control = CONTROL_SETUP;
	driver->control_ms = driver_now(driver);
	int err = setup_run(driver->conn, &driver->scripts, &wish, on_setup, driver, reason);
	if (err < 0)
		on_setup(driver, err, reason, NULL);
}

static void finish_close(struct driver *driver)
{
	if (!driver->closing || driver->conn || driver->open_handles > 0)
		return;
	/* Whoever asked again while the first failures were reported. */
	driver_fail_jobs(driver, ERR_NOT_READY);
	driver_fail_confirms(driver);
	driver_pump_jobs(driver);
	driver_pump_confirms(driver);
	driver->closed(driver->closed_arg);
}

static void explain_down(struct driver *driver, int err)
{
	const char *why = err == ERR_NOT_FOUND ? "its name is not known" : err_code(err);
	if (driver->explained || driver->halted)
		return;
	if (!driver_outside(driver)) {
		if (!driver->reason[0])
			driver_set_reason(driver, "The connection to Redis was lost (%s).", why);
		return;
	}
	driver_set_reason(driver,
	                  driver->connected
	                      ? "The connection to Redis at %s was lost (%s); it is made again."
	                      : "Redis at %s cannot be reached (%s); it is tried again and again.",
	                  driver->outside->address, why);
}

static void on_down(void *arg, int err)
{
	struct driver *driver = arg;
	driver->conn = NULL;
	driver->up = false;
	driver->need_read = true;
	driver->control = CONTROL_NONE;
	driver->asking = false;
	if (driver->closing) {
		finish_close(driver);
		return;
	}
	explain_down(driver, err);
	driver->connected = false;
	driver->explained = false;
	/* A watch counts over one unbroken connection only. */
	driver->watch.since_ms = 0;
	if (driver->loading)
		driver_load_abort(driver);
	driver_update_phase(driver);
	driver_back_off(driver);
}

static void open_connection(struct driver *driver)
{
	const struct redis_settings *outside = driver->outside;
	struct redis_options options = {
	    .socket_path = driver->socket_path, .connect_ms = CONNECT_MS, .command_ms = COMMAND_MS};
	if (outside && *outside->socket) {
		options.socket_path = outside->socket;
	} else if (outside) {
		options.host = outside->host;
		options.port = outside->port;
	}
	struct redis_events events = {.up = on_up, .down = on_down, .arg = driver};
	int err = redis_open(driver->loop, &options, &events, &driver->conn);
	if (err < 0) {
		driver_set_reason(driver, "Cannot connect to Redis at %s: %s.",
		                  outside ? outside->address : driver->socket_path, err_rule(err));
		driver_back_off(driver);
	}
}

/* ---- the pump ---- */

static void on_tick_closed(uv_handle_t *handle)
{
	struct driver *driver = handle->data;
	driver->open_handles--;
	finish_close(driver);
}

static void begin_close(struct driver *driver)
{
	if (driver->closing)
		return;
	driver_fail_jobs(driver, ERR_NOT_READY);
	driver_fail_confirms(driver);
	/* The failures are reported now: nothing runs after the close. */
	driver_pump_jobs(driver);
	driver_pump_confirms(driver);
	driver->closing = true;
	driver_disconnect(driver);
	uv_close((uv_handle_t *)&driver->tick, on_tick_closed);
}

static bool stop_is_over(const struct driver *driver)
{
	if (!driver->stopping)
		return false;
	return driver->halted || driver->holds != HOLDS_STATE ||
	       driver_now(driver) >= driver->stop_by_ms;
}

static void pump_connection(struct driver *driver)
{
	uint64_t now = driver_now(driver);
	if (driver->conn ? !driver->up : driver->managed && !managed_ready(driver->managed))
		return;
	if (now < driver->retry_ms) {
		driver_wake(driver, driver->retry_ms - now);
		return;
	}
	if (!driver->conn)
		open_connection(driver);
	else if (driver->need_read && driver->control == CONTROL_NONE)
		driver_read_record(driver);
}

void driver_pump(struct driver *driver)
{
	if (driver->closing)
		return;
	driver->pumped_ms = driver_now(driver);
	if (stop_is_over(driver)) {
		begin_close(driver);
		return;
	}
	if (!driver->halted) {
		pump_connection(driver);
		if (driver->up)
			driver_check_redis(driver);
		if (driver->up && !driver->need_read && driver->control == CONTROL_NONE)
			driver_pump_writes(driver);
		driver_update_phase(driver);
	}
	driver_pump_jobs(driver);
	driver_pump_confirms(driver);
	/* Not while somebody gathers pages. */
	if (driver->phase == DRIVER_READY && !driver->jobs &&
	    driver_now(driver) - driver->trimmed_ms >= TRIM_MS)
		driver_trim(driver);
	driver_wake(driver, TICK_MS);
}

/* ---- what callers use ---- */

struct driver *driver_new(uv_loop_t *loop, const struct settings *settings,
                          const struct tenant *tenant, const char *redis_socket,
                          const struct driver_events *events)
{
	struct driver *driver = calloc(1, sizeof(*driver));
	char *path = redis_socket ? strdup(redis_socket) : NULL;
	struct redis_settings *outside = redis_socket ? NULL : outside_copy(&settings->redis);
	if (!driver || (!path && !outside) || uv_timer_init(loop, &driver->tick) < 0) {
		outside_free(outside);
		free(driver);
		free(path);
		return NULL;
	}
	driver->loop = loop;
	driver->settings = settings;
	driver->tenant = tenant;
	driver->socket_path = path;
	driver->outside = outside;
	driver->events = *events;
	driver->tick.data = driver;
	driver->open_handles = 1;
	driver->backoff_ms = BACKOFF_MIN;
	driver->confirms_end = &driver->confirms;
	driver->need_read = true;
	driver->pumped_ms = driver_now(driver);
	/* The lock on the managed Redis' state directory proves that the recorded
	 * owner is gone. */
	driver->may_acquire = redis_socket != NULL;
	driver_wake(driver, 0);
	return driver;
}

void driver_stop(struct driver *driver, void (*closed)(void *arg), void *arg)
{
	require(!driver->stopping);
	driver->stopping = true;
	driver->stop_by_ms = driver_now(driver) + STOP_MS;
	driver->closed = closed;
	driver->closed_arg = arg;
	driver_wake(driver, 0);
}

void driver_free(struct driver *driver)
{
	if (!driver)
		return;
	require(driver->closing && !driver->conn && driver->open_handles == 0);
	ring_deinit(&driver->ring);
	partition_free(driver->partition);
	outside_free(driver->outside);
	free(driver->socket_path);
	free(driver);
}

void driver_reload(struct driver *driver, const struct settings *settings,
                   const struct tenant *tenant)
{
	driver->settings = settings;
	driver->tenant = tenant;
	if (driver->partition)
		partition_reload(driver->partition, settings, tenant);
}

bool driver_stuck(const struct driver *driver)
{
	uint64_t now = driver_now(driver);
	if (driver->closing || driver->halted)
		return false;
	return now - driver->pumped_ms > STUCK_MS ||
	       (driver->control != CONTROL_NONE && now - driver->control_ms > STUCK_MS);
}

enum driver_phase driver_phase(const struct driver *driver)
{
	if (driver->phase == DRIVER_READY && !driver_is_live(driver))
		return DRIVER_CONNECTING;
	return driver->phase;
}

void driver_watch(struct driver *driver, const struct managed *managed)
{
	driver->managed = managed;
}

const char *driver_reason(const struct driver *driver)
{
	if (driver->halted)
		return driver->reason;
	/* What Redis itself says is nearer to the cause than the lost connection. */
	if (driver->managed && managed_reason(driver->managed)[0])
		return managed_reason(driver->managed);
	if (driver->phase == DRIVER_READY)
		return driver_is_live(driver)
		           ? ""
		           : "Redis confirmed no beat for 3 seconds: another daemon "
		             "may hold the partition by now.";
	if (driver->managed && !managed_ready(driver->managed))
		return "Redis is starting.";
	if (driver->explained)
		return driver->reason;
	if (driver->up && driver->holds == HOLDS_ID)
		return "The stored state is being loaded from Redis.";
	if (driver->up && driver->epoch != driver->settled_epoch)
		return "That this daemon holds the partition is not yet on the disk of Redis and "
		       "of "
		       "its replicas.";
	if (driver->up && driver->position < driver->answered)
		return "Redis came back with an older state; what it lacks is being written again.";
	if (driver->reason[0])
		return driver->reason;
	return driver->up ? "The state of the partition is being read from Redis."
	                  : "The connection to Redis is being made.";
}

int driver_error(const struct driver *driver)
{
	return driver->error;
}

const struct tenant *driver_tenant(const struct driver *driver)
{
	return driver->tenant;
}

struct partition *driver_partition(struct driver *driver)
{
	if (driver->phase != DRIVER_READY)
		return NULL;
	if (driver_is_live(driver))
		return driver->partition;
	driver->lapsed = true;
	driver_wake(driver, 0);
	return NULL;
}

const char *driver_owner(const struct driver *driver)
{
	return driver->id;
}

const char *driver_level(const struct driver *driver)
{
	/* A Redis of which this is not true is refused: store/outside.c. */
	return driver_promise(driver) == REDIS_LEVEL_FSYNC ? "fsync" : "written";
}

void driver_kick(struct driver *driver)
{
	driver_wake(driver, 0);
}

const struct driver_stats *driver_stats(const struct driver *driver)
{
	return &driver->stats;
}

bool driver_redis_up(const struct driver *driver)
{
	return driver->up;
}

uint64_t driver_ring_bytes(const struct driver *driver)
{
	return driver->ring.bytes;
}

uint64_t driver_lost_generations(const struct driver *driver)
{
	return driver->lost_generations;
}
