/* SPDX-License-Identifier: Apache-2.0
 * Drivers that read nothing: pages are absent, reject lists are given. */
#include "fake_driver.h"

#include <stdlib.h>
#include <string.h>

static void on_turn(uv_timer_t *timer)
{
	struct driver *driver = timer->data;
	if (driver->hold)
		return;
	uv_timer_stop(timer);
	for (uint32_t i = 0; i < driver->list.count; i++) {
		struct fetched fetched = {
		    driver->list.items[i].key, driver->list.items[i].field, {NULL, 0}};
		if (!driver->item && !driver->forgets)
			require(partition_put_page(driver->partition, &fetched) == 0);
		for (uint32_t k = 0; driver->item && k < driver->reject_count; k++) {
			fetched.value = driver->rejects[k];
			driver->item(driver->arg, &fetched);
		}
	}
	fetch_list_deinit(&driver->list);
	void (*done)(void *arg, int err) = driver->done;
	driver->done = NULL;
	done(driver->arg, driver->err);
}

void fake_driver_init(struct driver *driver, uv_loop_t *loop, struct partition *partition)
{
	*driver = (struct driver){.partition = partition, .reason = ""};
	uv_timer_init(loop, &driver->timer);
	driver->timer.data = driver;
}

void fake_driver_close(struct driver *driver)
{
	uv_close((uv_handle_t *)&driver->timer, NULL);
}

void driver_read(struct driver *driver, struct fetch_list *list,
                 void (*item)(void *arg, const struct fetched *fetched),
                 void (*done)(void *arg, int err), void *arg)
{
	require(!driver->done);
	driver->list = *list;
	*list = (struct fetch_list){.count = 0};
	driver->item = item;
	driver->done = done;
	driver->arg = arg;
	driver->reads++;
	uv_timer_start(&driver->timer, on_turn, driver->delay_ms ? driver->delay_ms : 1, 1);
}

void driver_fetch(struct driver *driver, struct fetch_list *list, void (*done)(void *arg, int err),
                  void *arg)
{
	driver_read(driver, list, NULL, done, arg);
}

/* Nothing is ever under way. */
void driver_confirm(struct driver *driver, void (*done)(void *arg, int err), void *arg)
{
	struct fetch_list none = {.count = 0};
	driver_read(driver, &none, NULL, done, arg);
}

struct partition *driver_partition(struct driver *driver)
{
	return driver->partition;
}

enum driver_phase driver_phase(const struct driver *driver)
{
	return driver->partition ? DRIVER_READY : DRIVER_CONNECTING;
}

const char *driver_reason(const struct driver *driver)
{
	return driver->reason;
}

const char *driver_owner(const struct driver *driver)
{
	(void)driver;
	return "00112233445566778899aabbccddeeff";
}

const char *driver_level(const struct driver *driver)
{
	(void)driver;
	return "fsync";
}

uint64_t driver_lost_generations(const struct driver *driver)
{
	(void)driver;
	return 0;
}

const struct driver_stats *driver_stats(const struct driver *driver)
{
	return &driver->stats;
}

bool driver_redis_up(const struct driver *driver)
{
	return driver->partition != NULL;
}

uint64_t driver_ring_bytes(const struct driver *driver)
{
	(void)driver;
	return 4096;
}

void driver_kick(struct driver *driver)
{
	(void)driver;
}

uint64_t driver_pending_generation(const struct driver *driver)
{
	return partition_generation(driver->partition) + 1;
}
