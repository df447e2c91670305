/* SPDX-License-Identifier: Apache-2.0
 * A driver without Redis, as the emitter sees it: it keeps one mark and counts what
 * was written. */
#ifndef TEST_EMIT_FAKE_DRIVER_H
#define TEST_EMIT_FAKE_DRIVER_H

#include "store/driver.h"

#define FAKE_DAYS 64

struct driver {
	struct partition *partition; /* NULL = not ready */
	uv_timer_t timer;
	/* what is there */
	char id[80];      /* of the mark */
	char content[80]; /* of the summary */
	uint32_t asks;
	uint32_t written;
	uint32_t stages;  /* parts of the last summary */
	uint32_t dropped; /* hashes that were deleted */
	char rows[16];    /* of the last entry of the summary: all, changed; "" = none came */
	uint32_t days;    /* entries of days */
	char last_follows[80];
	uint32_t most_in_flight;
	/* what goes wrong */
	bool hold; /* no answer yet */
	int err;   /* the next emission ends with it, unwritten */
	bool lose; /* the next emission is written, but its reply is lost */
	bool forgets;
	uint32_t fetches;
	/* under way */
	uint32_t in_flight;
	struct emission_copy {
		char follows[80];
		char id[80];
		char content[80];
		char rows[16];
		uint32_t stages, dropped, days;
		bool summary;
	} next;
	struct driver_emitted emitted;
	void (*fetched)(void *arg, int err);
	void *arg;
	struct fetch_list list;
};

void fake_driver_init(struct driver *driver, uv_loop_t *loop, struct partition *partition);
void fake_driver_close(struct driver *driver);

#endif
