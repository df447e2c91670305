/* SPDX-License-Identifier: Apache-2.0
 * What session.c and session_open.c share. */
#ifndef SG_INGEST_SESSION_PRIVATE_H
#define SG_INGEST_SESSION_PRIVATE_H

#include "ingest/hello.h"
#include "ingest/request.h"
#include "ingest/session.h"

#define SESSION_ADDRESS_MAX 128

enum session_state { SESSION_NEW, SESSION_OPENING, SESSION_OPEN, SESSION_ENDED };

/* Outlives its session: whoever answers finds session = NULL when it is gone. */
struct session_wait {
	struct session *session;
	struct session_hub *hub;
};

/* An acknowledgement that waits for its generation; first in, first out. */
struct pending_ack {
	struct pending_ack *next;
	uint64_t generation;
	int64_t taken_us;   /* when its batch was taken, wall clock */
	size_t frame_bytes; /* of the batch, for the budget */
	size_t len;
	uint8_t body[];
};

struct session {
	struct session_hub *hub;
	struct session *older; /* list of the hub */
	struct session *newer;
	void *peer;
	char address[SESSION_ADDRESS_MAX];
	char label[SOURCE_NAME_MAX + 66];
	enum session_state state;
	struct hello hello; /* from SESSION_OPENING on */
	struct session_wait *wait;
	bool blocked;
	bool finishing;
	char denied[HELLO_DETAIL_MAX]; /* why its token is no longer good; "" = it is */
	struct pending_ack *acks;
	struct pending_ack **acks_end;
	size_t ack_bytes; /* sum of frame_bytes */
};

struct session_hub {
	const struct settings *settings;
	const struct session_ops *ops;
	void *arg;
	struct session *newest;
	struct arena arena; /* of the frame at hand */
	struct buf out;     /* replies on their way to `send` */
	uint32_t waits;
	struct session_stats *stats; /* by tenant; grows with the first batch */
	uint32_t stats_count;
	uint64_t errors[ERR_COUNT]; /* sessions that ended with it */
	bool stopping;
	bool closed; /* freed by its owner; gone with the last wait */
};

/* Where the tenant's batches are counted; nowhere (NULL) out of memory. */
struct session_stats *session_stats_of(struct session_hub *hub, uint32_t tenant);

/* Sends the Error and ends; always ERR_CLOSED. */
int session_end(struct session *session, int err, const char *detail, uint64_t expected);

/* The same as `not_ready`, with the driver's reason as detail. */
int session_end_not_ready(struct session *session);

/* The same where the source of the Hello could not be made. */
int session_end_no_source(struct session *session, int err);

/* Sends what hub->out holds. */
void session_send(struct session *session);

/* A wait for the session's only outstanding answer; NULL out of memory. */
struct session_wait *session_wait_new(struct session *session);
/* The session that still waits, or NULL; frees the wait. */
struct session *session_wait_take(struct session_wait *wait);

/* Lets the peer present its frame again. */
void session_wake(struct session *session);

/* Takes a Hello: 0 or ERR_CLOSED. */
int session_open(struct session *session, const Streamgauge__V1__Hello *message);

#endif
