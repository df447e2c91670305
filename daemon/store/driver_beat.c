/* SPDX-License-Identifier: Apache-2.0
 * Beats, by which others see that the owner lives, and the release. */
#include <inttypes.h>

#include "store/driver_internal.h"

static const struct store_key state_key = {.kind = KEY_STATE};

static void on_beat(void *arg, int err, const redisReply *reply)
{
	struct driver *driver = arg;
	if (driver_end_control(driver))
		return;
	if (!driver_reply_failed(driver, SCRIPT_BEAT, err, reply) &&
	    driver_judge_write(driver, 0, reply)) {
		driver->need_beat = false;
		driver_renew(driver);
		driver_settled(driver);
		if (driver->holds == HOLDS_ID && !driver->loading)
			driver_load_start(driver);
	}
	driver_pump(driver);
}

/* The generation and flush id that Redis must hold for a beat or a release. */
static void put_position(struct call *call, const struct driver *driver)
{
	if (driver->holds == HOLDS_STATE) {
		call_printf(call, "%" PRIu64, driver->position);
		const uint8_t *id = ring_flush_id(&driver->ring, driver->position);
		char text[RECORD_ID];
		require(id);
		record_id_text(text, id);
		call_printf(call, "%s", text);
	} else {
		call_printf(call, "%" PRIu64, driver->record.generation);
		call_text(call, driver->record.flush_id);
	}
}

void driver_send_beat(struct driver *driver)
{
	struct call call;
	call_init(&call);
	call_key(&call, driver->tenant->name, &state_key);
	call_text(&call, driver->id);
	put_position(&call, driver);
	call_printf(&call, "%" PRIu64, ++driver->beat);
	call_text(&call, driver->run_id);
	driver->serial++;
	driver->last_write_ms = driver_now(driver);
	driver_send_control(driver, CONTROL_BEAT, &call, SCRIPT_BEAT, on_beat);
}

static void on_released(void *arg, int err, const redisReply *reply)
{
	struct driver *driver = arg;
	if (driver_end_control(driver))
		return;
	if (!driver_reply_failed(driver, SCRIPT_RELEASE, err, reply) &&
	    driver_judge_write(driver, 0, reply))
		driver_drop(driver);
	driver_pump(driver);
}

void driver_send_release(struct driver *driver)
{
	struct call call;
	call_init(&call);
	call_key(&call, driver->tenant->name, &state_key);
	call_text(&call, driver->id);
	put_position(&call, driver);
	call_printf(&call, "%" PRIu64, driver->beat);
	call_text(&call, driver->run_id);
	call_text(&call, "");
	driver_send_control(driver, CONTROL_RELEASE, &call, SCRIPT_RELEASE, on_released);
}
