/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_driver.h"

#include <stdio.h>
#include <string.h>

static void write_next(struct driver *driver)
{
	const struct emission_copy *next = &driver->next;
	snprintf(driver->id, sizeof(driver->id), "%s", next->id);
	driver->written++;
	driver->days += next->days;
	driver->dropped += next->dropped;
	if (next->stages == 0)
		return;
	driver->stages = next->stages;
	snprintf(driver->content, sizeof(driver->content), "%s", next->content);
	snprintf(driver->rows, sizeof(driver->rows), "%s", next->rows);
}

/* As the script does it: compared, then written or told. */
static int answer(struct driver *driver)
{
	int err = driver->err;
	bool lose = driver->lose;
	driver->err = 0;
	if (err)
		return err;
	if (strcmp(driver->next.follows, driver->id) != 0) {
		if (driver->id[0]) {
			driver->emitted.mark(driver->emitted.arg, "id", driver->id);
			driver->emitted.mark(driver->emitted.arg, "content", driver->content);
			driver->emitted.mark(driver->emitted.arg, "stages", "purchase,gone,");
		}
		return ERR_AGAIN;
	}
	driver->lose = false;
	write_next(driver);
	return lose ? ERR_NOT_READY : 0;
}

static void on_turn(uv_timer_t *timer)
{
	struct driver *driver = timer->data;
	if (driver->hold)
		return;
	uv_timer_stop(timer);
	if (driver->fetched) {
		void (*done)(void *arg, int err) = driver->fetched;
		for (uint32_t i = 0; i < driver->list.count && !driver->forgets; i++) {
			struct fetched fetched = {
			    driver->list.items[i].key, driver->list.items[i].field, {NULL, 0}};
			require(partition_put_page(driver->partition, &fetched) == 0);
		}
		fetch_list_deinit(&driver->list);
		driver->fetched = NULL;
		done(driver->arg, 0);
		return;
	}
	driver->in_flight--;
	driver->emitted.done(driver->emitted.arg, answer(driver));
}

void fake_driver_init(struct driver *driver, uv_loop_t *loop, struct partition *partition)
{
	*driver = (struct driver){.partition = partition};
	uv_timer_init(loop, &driver->timer);
	driver->timer.data = driver;
}

void fake_driver_close(struct driver *driver)
{
	uv_close((uv_handle_t *)&driver->timer, NULL);
}

/* The value of a field of one part. */
static void take(const struct emission *emission, const struct emission_op *op, const char *name,
                 char *into, size_t size)
{
	for (uint32_t i = op->first; i < op->first + op->count; i += 2)
		if (strcmp((const char *)emission->fields[i].bytes, name) == 0)
			snprintf(into, size, "%s", (const char *)emission->fields[i + 1].bytes);
}

int driver_emit(struct driver *driver, const struct emission *emission,
                const struct driver_emitted *emitted)
{
	if (!driver->partition)
		return ERR_NOT_READY;
	require(!emission->failed);
	driver->next = (struct emission_copy){.id = ""};
	snprintf(driver->next.follows, sizeof(driver->next.follows), "%s", emission->follows);
	snprintf(driver->last_follows, sizeof(driver->last_follows), "%s", emission->follows);
	driver->asks += strcmp(emission->follows, EMISSION_ASKS) == 0;
	for (uint32_t i = 0; i < emission->op_count; i++) {
		const struct emission_op *op = &emission->ops[i];
		char query[16] = "";
		driver->next.stages += op->part == EMISSION_STAGE;
		driver->next.dropped += op->part == EMISSION_DROP;
		if (op->part == EMISSION_ENTRY) {
			take(emission, op, "query", query, sizeof(query));
			driver->next.days += strcmp(query, "day") == 0;
			take(emission, op, "rows", driver->next.rows, sizeof(driver->next.rows));
		} else if (op->part == EMISSION_MARK) {
			take(emission, op, "id", driver->next.id, sizeof(driver->next.id));
			take(emission, op, "content", driver->next.content,
			     sizeof(driver->next.content));
		}
	}
	driver->emitted = *emitted;
	driver->in_flight++;
	if (driver->in_flight > driver->most_in_flight)
		driver->most_in_flight = driver->in_flight;
	uv_timer_start(&driver->timer, on_turn, 1, 1);
	return 0;
}

void driver_fetch(struct driver *driver, struct fetch_list *list, void (*done)(void *arg, int err),
                  void *arg)
{
	driver->list = *list;
	*list = (struct fetch_list){.count = 0};
	driver->fetched = done;
	driver->arg = arg;
	driver->fetches++;
	uv_timer_start(&driver->timer, on_turn, 1, 1);
}

struct partition *driver_partition(struct driver *driver)
{
	return driver->partition;
}

const char *driver_owner(const struct driver *driver)
{
	(void)driver;
	return "00112233445566778899aabbccddeeff";
}
