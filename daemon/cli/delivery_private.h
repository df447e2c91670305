/* SPDX-License-Identifier: Apache-2.0
 * What the parts of a delivery share: delivery.c runs it, delivery_open.c opens
 * sessions and finds where to begin, delivery_answer.c takes acknowledgements. */
#ifndef SG_CLI_DELIVERY_PRIVATE_H
#define SG_CLI_DELIVERY_PRIVATE_H

#include "cli/delivery.h"

#define DELIVERY_WINDOW 16

/* A batch that waits for its acknowledgement. */
struct sent_batch {
	uint64_t sequence;
	struct pack_range range;
	uint32_t commits;
	uint32_t beats;
};

struct run {
	struct delivery *delivery;
	struct client client;
	struct pack pack;
	struct arena arena; /* of one batch or reply */
	struct position position;
	uint8_t instance[16];
	uint8_t run_id[POSITION_RUN];
	bool numbered_ids; /* some event has no id */
	bool first_welcome;
	bool told_to_wait; /* the daemon said that it will be ready */
	bool told_waiting; /* ... and so the user was told */
	bool accept_loss;
	uint64_t started_at;  /* position at which this run began */
	uint64_t base;        /* last sequence of the source before this run */
	uint64_t sequence;    /* last one sent */
	uint64_t acked;       /* highest one seen acknowledged */
	uint64_t acked_items; /* position behind the last acknowledged batch */
	bool beat_due;        /* a heartbeat is to follow the last event */
	bool beats_read;      /* `beats` is filled: every event was answered */
	bool beat_acked;
	struct span *beats; /* what may be declared complete */
	uint32_t beat_count;
	struct sent_batch window[DELIVERY_WINDOW];
	uint32_t window_count;
	uint32_t max_items;
	uint32_t max_bytes;
	int64_t progress_us; /* when something last came forward */
	int64_t backoff_ms;
	enum delivery_end end;
};

/* How a step of the session went. */
enum step { STEP_OK, STEP_RECONNECT, STEP_STOP };

/* Notes how the run ends; STEP_STOP. */
enum step run_stop(struct run *run, enum delivery_end end, const char *text);
enum step run_stop_nomem(struct run *run);

/* Something came forward: patience and backoff start anew. */
void run_come_forward(struct run *run);

static inline uint64_t run_total(const struct run *run)
{
	return run->delivery->count;
}

/* Queues the Hello of a session. */
enum step run_hello(struct run *run);

/* Where the source stands, and so where the run begins or goes on. */
enum step run_welcome(struct run *run, const Streamgauge__V1__Welcome *welcome);

/* Counts what an acknowledgement says and keeps its rejects. */
enum step run_ack(struct run *run, const Streamgauge__V1__Ack *ack);

/* What an Error of the daemon means for the run. */
enum step run_error(struct run *run, const Streamgauge__V1__Error *error);

#endif
