/* SPDX-License-Identifier: Apache-2.0
 * A driver without Redis, as the HTTP listener sees it. */
#ifndef TEST_SERVE_FAKE_DRIVER_H
#define TEST_SERVE_FAKE_DRIVER_H

#include "store/driver.h"

struct driver {
	struct partition *partition; /* NULL = not ready */
	const char *reason;
	uv_timer_t timer;
	bool hold;    /* do not call back yet */
	bool forgets; /* the pages are not in memory after all */
	uint64_t delay_ms;
	int err; /* to call back with */
	uint32_t reads;
	struct driver_stats stats;
	struct flush_bytes rejects[8]; /* what a reject list holds */
	uint32_t reject_count;
	/* the reading under way */
	struct fetch_list list;
	void (*item)(void *arg, const struct fetched *fetched);
	void (*done)(void *arg, int err);
	void *arg;
};

void fake_driver_init(struct driver *driver, uv_loop_t *loop, struct partition *partition);
void fake_driver_close(struct driver *driver);

#endif
