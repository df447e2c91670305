/* SPDX-License-Identifier: Apache-2.0
 * A small stand-in for the daemon: speaks the wire contract for one source at
 * a time, keeps sequence and cursor, and misbehaves when it is told to. */
#ifndef SG_TESTS_FAKE_DAEMON_H
#define SG_TESTS_FAKE_DAEMON_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define FAKE_ROWS 200000

struct fake_daemon {
	/* ---- how it behaves; set before fake_start ---- */
	uint64_t drop_after;   /* closes after applying so many batches, acks unsent */
	uint32_t drops;        /* how often it does so */
	bool drops_all;        /* closes at every batch, and applies none */
	uint64_t forget_after; /* with the first drop: goes back to this sequence */
	bool forgets;
	const char *refuse;       /* answers every Hello with this error */
	uint32_t refuse_times;    /* ... so often, then no more; 0 = always */
	const char *batch_error;  /* answers the first batch with this error */
	bool never_acks;          /* answers every batch with a Welcome, and takes none */
	uint64_t reject_every;    /* rejects each n-th item of a batch; 0 = none */
	const char *reject_field; /* of these; NULL = "amounts[0].measure" */
	uint32_t max_items;       /* of Welcome */
	uint32_t known_sequence;  /* Welcome's before anything was sent */

	/* ---- what it saw ---- */
	char address[64];
	uint64_t sequence;
	uint8_t cursor[256];
	uint32_t cursor_len;
	uint64_t applied[FAKE_ROWS]; /* times that amount value i was applied */
	uint64_t batches;
	uint64_t items;
	uint64_t commits;
	uint64_t commit_rows;
	uint64_t heartbeats;
	int64_t complete_from_us[8]; /* of the first heartbeats */
	int64_t complete_through_us;
	uint32_t hellos;
	uint32_t largest_batch;
	char source[160];
	char currency[8];
	char zone[64];
	char reports[256]; /* "id:level:rollup ..." */
	bool accept_loss;

	int listener;
	pthread_t thread;
	uint8_t instance[16];
};

/* Listens on a free port of 127.0.0.1; the address is in `address`. */
void fake_start(struct fake_daemon *fake);
void fake_stop(struct fake_daemon *fake);

#endif
