/* SPDX-License-Identifier: Apache-2.0
 * Loading: a fresh partition is filled phase by phase from the generation that
 * was acquired. */
#include <inttypes.h>
#include <string.h>

#include "base/fault.h"
#include "store/driver_internal.h"

static void load_phase(struct driver *driver);

void driver_load_abort(struct driver *driver)
{
	struct partition *partition = driver->partition;
	driver->loading = false;
	driver->partition = NULL;
	driver_fail_load_jobs(driver);
	partition_free(partition);
}

static void load_done(struct driver *driver)
{
	uint8_t flush_id[16];
	const struct record *record = &driver->record;
	require(record_id_parse(record->flush_id, strlen(record->flush_id), flush_id));
	ring_deinit(&driver->ring);
	ring_init(&driver->ring, driver->settings->limits.ring, record->generation, flush_id);
	driver->position = record->generation;
	driver->newest = record->generation;
	driver->answered = record->generation;
	driver->loading = false;
	driver->holds = HOLDS_STATE;
	driver_update_phase(driver);
}

static void halt_on_load(struct driver *driver, int err)
{
	driver_load_abort(driver);
	driver_halt(driver, err,
	            "The stored state of tenant %s (generation %" PRIu64
	            ") cannot be loaded: %s. Restore it from a copy of the state directory.",
	            driver->tenant->name, driver->record.generation, err_rule(err));
}

static void on_phase(void *arg, int err)
{
	struct driver *driver = arg;
	/* ERR_NOT_READY: the load was aborted and begins again, if at all. */
	if (err == ERR_NOT_READY || !driver->loading)
		return;
	if (err < 0)
		halt_on_load(driver, err);
	else
		load_phase(driver);
}

static void load_phase(struct driver *driver)
{
	struct fetch_list list = {.count = 0};
	int err = partition_load_next(driver->partition, &list);
	if (err == 0 && list.count == 0) {
		fetch_list_deinit(&list);
		load_done(driver);
		return;
	}
	if (err == 0)
		err = driver_add_job(driver, JOB_LOAD, &list, on_phase, driver);
	else
		fetch_list_deinit(&list);
	if (err < 0)
		halt_on_load(driver, err);
}

void driver_load_start(struct driver *driver)
{
	FAULT_POINT("load");
	driver->partition = partition_new(driver->settings, driver->tenant);
	if (!driver->partition) {
		driver_halt(driver, ERR_NOMEM, "There is no memory to load tenant %s.",
		            driver->tenant->name);
		return;
	}
	driver->loading = true;
	partition_load_begin(driver->partition, driver->record.generation, driver->record.seed);
	load_phase(driver);
}
