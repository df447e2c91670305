/* SPDX-License-Identifier: Apache-2.0
 * A Redis that somebody else runs may be changed at any time: what it says of
 * itself is asked for every second, and what was written counts as settled only
 * once it shows that. */
#include <stdio.h>

#include "base/log.h"
#include "store/driver_internal.h"

bool driver_outside(const struct driver *driver)
{
	return driver->outside != NULL;
}

enum redis_level driver_promise(const struct driver *driver)
{
	return driver_outside(driver) ? (enum redis_level)driver->outside->level
	                              : REDIS_LEVEL_FSYNC;
}

void driver_refuse(struct driver *driver, int err, const char *reason)
{
	/* What never was good is a mistake to be told at the start. */
	if (err == ERR_REFUSED && (!driver_outside(driver) || !driver->accepted)) {
		driver_halt(driver, err, "%s", reason);
		return;
	}
	driver_set_reason(driver, "%s", reason);
	driver->explained = true;
	driver->backoff_ms = BACKOFF_MAX;
	driver_disconnect(driver);
}

void driver_accept(struct driver *driver, const struct redis_facts *facts)
{
	driver->facts = *facts;
	driver->accepted = true;
	driver->marked = false;
	driver->asked_ms = driver_now(driver);
	if (driver_outside(driver))
		driver->reason[0] = '\0';
}

/* ---- settled ---- */

static bool settles_at_once(const struct driver *driver)
{
	return !driver_outside(driver) || facts_settle_at_once(&driver->facts);
}

static void settle(struct driver *driver, uint64_t generation, uint64_t epoch)
{
	driver->settled_epoch = epoch;
	if (driver->holds == HOLDS_STATE)
		ring_settle(&driver->ring, generation);
}

void driver_settle_written(struct driver *driver)
{
	if (settles_at_once(driver))
		settle(driver, driver->answered, driver->epoch);
}

bool driver_is_settled(const struct driver *driver)
{
	return driver->settled_epoch == driver->epoch &&
	       (driver->holds != HOLDS_STATE || driver->ring.settled >= driver->answered);
}

static void take_mark(struct driver *driver)
{
	const struct redis_facts *facts = &driver->facts;
	if (driver->marked && facts_settle(facts, &driver->mark, driver->asked_ms)) {
		settle(driver, driver->mark.generation, driver->mark_epoch);
		driver->marked = false;
	}
	if (driver->marked || driver_is_settled(driver))
		return;
	driver->marked = true;
	driver->mark_epoch = driver->asked_epoch;
	driver->mark = (struct settle_mark){.generation = driver->asked_generation,
	                                    .offset = facts->offset,
	                                    .since_ms = driver->asked_ms};
}

/* ---- asking ---- */

static void on_asked(void *arg, int err, const char *reason, const struct redis_facts *facts)
{
	struct driver *driver = arg;
	char text[OUTSIDE_REASON_MAX];
	driver->asking = false;
	if (driver->halted || driver->closing || !driver->up)
		return;
	snprintf(text, sizeof(text), "%s", reason);
	if (!err)
		err = facts_check(facts, driver_promise(driver), text);
	if (err) {
		driver_refuse(driver, err, text);
		return;
	}
	driver->facts = *facts;
	take_mark(driver);
	driver_pump(driver);
}

void driver_check_redis(struct driver *driver)
{
	uint64_t now = driver_now(driver);
	/* Until the acquisition is settled, and at a stop the rest, everybody waits for it. */
	bool waited = driver->settled_epoch != driver->epoch || driver->stopping;
	uint64_t pause = waited ? TICK_MS : CHECK_MS;
	if (!driver_outside(driver) || driver->asking || now - driver->asked_ms < pause)
		return;
	driver->asked_ms = now;
	driver->asked_epoch = driver->epoch;
	driver->asked_generation = driver->holds == HOLDS_STATE ? driver->answered : 0;
	driver->asking = setup_ask(driver->conn, driver->outside, on_asked, driver) == 0;
	if (!driver->asking)
		driver_disconnect(driver);
}

/* ---- the lease ---- */

/* The clock counts the time in which the process or the machine was stopped. */
bool driver_is_live(const struct driver *driver)
{
	return !driver_outside(driver) ||
	       (!driver->lapsed && clock_mono_us() - driver->lease_us <= LEASE_US);
}

void driver_renew(struct driver *driver)
{
	driver->lease_us = driver->control_us;
	if (!driver->lapsed)
		return;
	/* Somebody was told that it is not ready: that it is again must be told, too. */
	driver_update_phase(driver);
	driver->lapsed = false;
}
