/* SPDX-License-Identifier: Apache-2.0
 * Sessions: one per connection, at most one open per source.
 *
 * peer      the connection that a session answers on
 * hub       all sessions of the daemon, and what they share
 * opening   Hello was accepted; Welcome waits until all that was applied for
 *           the source is durable and a later beat was confirmed
 * blocked   the session cannot take a frame now; its peer keeps the frame and
 *           presents it again when it is woken
 * epoch     a partition that was loaded anew ends the sessions it had
 *
 * Pure: bytes and time come in, replies and wishes go out through `ops`. All
 * calls and callbacks happen on one loop. What a session waits for may answer
 * after the session is gone. */
#ifndef SG_INGEST_SESSION_H
#define SG_INGEST_SESSION_H

#include "ingest/apply.h"
#include "ingest/session_stats.h"

typedef void (*session_done_cb)(void *arg, int err);

struct session;
struct session_hub;

struct session_ops {
	/* ---- the tenant's partition; NULL while it cannot be written ---- */
	struct partition *(*partition)(void *arg, uint32_t tenant);
	struct source *(*find)(struct partition *partition, const char *name, size_t len);
	int (*get)(struct partition *partition, const char *name, size_t len,
	           struct source **ret_source);
	void (*touch)(struct partition *partition, struct source *source);
	int (*apply)(struct partition *partition, struct source *source,
	             const struct ingest_request *request, struct arena *arena, int64_t now_us,
	             struct fetch_list *missing, struct apply_outcome *ret_outcome);
	/* Bytes of unflushed work. */
	size_t (*work_bytes)(const struct partition *partition);

	/* ---- its driver ---- */
	void (*kick)(void *arg, uint32_t tenant);
	uint64_t (*pending)(void *arg, uint32_t tenant);
	const char *(*level)(void *arg, uint32_t tenant);
	/* One sentence: why the partition cannot be written. */
	const char *(*reason)(void *arg, uint32_t tenant);
	/* Both answer later, never before they return. `list` is taken over. */
	void (*confirm)(void *arg, uint32_t tenant, session_done_cb done, void *done_arg);
	void (*fetch)(void *arg, uint32_t tenant, struct fetch_list *list, session_done_cb done,
	              void *done_arg);
	int64_t (*now_us)(void *arg);

	/* ---- the connection ---- */
	/* May it send for the source? `secret` is what its Hello shows; NULL = as
	 * before. 0; ERR_UNAUTHORIZED or ERR_FORBIDDEN with one sentence (of
	 * HELLO_DETAIL_MAX bytes at most); ERR_UNKNOWN_TENANT: it is not to learn
	 * whether there is this tenant. */
	int (*authorize)(void *peer, const char *secret, const char *tenant, const char *source,
	                 char *detail);
	/* Whole frames, to be sent after all earlier ones. */
	void (*send)(void *peer, const uint8_t *bytes, size_t len);
	/* The frame that was refused with ERR_AGAIN may be presented again. */
	void (*wake)(void *peer);
	/* The last reply was sent: close when it is written. `err` is 0 when the peer
	 * had ended its side. Called once, before any session_free. */
	void (*end)(void *peer, int err, const char *detail);
};

/* `arg` is handed to the ops; `settings` and `ops` outlive the hub. NULL out of memory. */
/* Works with other settings: tenants keep their positions, new ones come behind
 * them. Open sessions go on; what their Welcome said of limits stays as it was. */
void session_hub_reload(struct session_hub *hub, const struct settings *settings);

struct session_hub *session_hub_new(const struct settings *settings, const struct session_ops *ops,
                                    void *arg);
/* After the last session was freed. What is still waited for may answer later. */
void session_hub_free(struct session_hub *hub);

/* A flush is durable: sends the acknowledgements that waited for it. */
void session_hub_answered(struct session_hub *hub, uint32_t tenant, uint64_t generation);

/* The tenant's partition can be written again: wakes its sessions. */
void session_hub_ready(struct session_hub *hub, uint32_t tenant);

/* The tenant's partition was dropped: ends its sessions as `not_ready`. */
void session_hub_dropped(struct session_hub *hub, uint32_t tenant);

/* Tokens changed or time passed: a session whose token no longer gives its right
 * takes no more frames and ends as `unauthorized` once what it applied is
 * acknowledged. */
void session_hub_authorize(struct session_hub *hub);

/* Takes no more frames; sessions end as `shutting_down` once what they applied
 * is acknowledged. */
void session_hub_stop(struct session_hub *hub);

/* True while acknowledgements are due. */
bool session_hub_busy(const struct session_hub *hub);

/* A session that expects its Hello. `address` names the other side in messages;
 * it is copied. NULL out of memory. */
struct session *session_new(struct session_hub *hub, void *peer, const char *address);
void session_free(struct session *session);

/* One frame's message. 0 = taken; ERR_AGAIN = blocked, present it again after
 * `wake`; ERR_CLOSED = the session has ended, take no more. */
int session_frame(struct session *session, const uint8_t *bytes, size_t len) SG_MUST_CHECK;

/* The peer will send no more, and no frame of it is left: ends the session when
 * everything is acknowledged. */
void session_finish(struct session *session);

/* Ends the session with an Error that the transport found (ERR_TOO_SLOW,
 * ERR_FRAME_TOO_LARGE, ERR_MALFORMED). Does nothing when it has ended. */
void session_fail(struct session *session, int err, const char *detail);

/* "<tenant>/<source>" once Hello was accepted, else "-". */
const char *session_label(const struct session *session);

#endif
