/* SPDX-License-Identifier: Apache-2.0
 * A hub over a partition that only keeps sources and sequences, so that the
 * rules of sessions are tested alone. */
#ifndef SG_TEST_FAKE_HUB_H
#define SG_TEST_FAKE_HUB_H

#include "ingest/frame.h"
#include "ingest/session.h"

#define FAKE_SOURCES 8
#define FAKE_WAITS   8

struct fake_wait {
	session_done_cb done;
	void *arg;
};

/* What a connection would have seen. */
struct fake_peer {
	struct session *session;
	struct buf sent;
	size_t read; /* of sent */
	int woken;
	int unauthorized; /* what asking for its right gives */
	char shown[64];   /* the secret of its Hello */
	char tenant[64];  /* that it was last asked the right for */
	int ended;        /* times */
	int end_err;
};

struct fake_hub {
	struct settings settings;
	struct tenant tenants[2];
	struct session_hub *hub;
	bool ready;
	bool both; /* also the tenant `other` has a partition, the same one */
	struct source sources[FAKE_SOURCES];
	char names[FAKE_SOURCES][SOURCE_NAME_MAX + 1];
	uint32_t source_count;
	size_t work;
	int64_t later_us; /* that the clock has gone on */
	uint64_t pending; /* generation that will hold what is applied */
	int kicks;
	int touches;     /* sources that changed beside their batches */
	int applied;     /* batches */
	int apply_again; /* answers ERR_AGAIN so many times */
	int apply_err;
	uint64_t reject; /* items of each batch that are rejected */
	/* What becomes of the others; accepted where it is not set. */
	size_t outcome; /* offset in struct apply_outcome */
	struct fake_wait confirms[FAKE_WAITS];
	int confirm_count;
	struct fake_wait fetches[FAKE_WAITS];
	int fetch_count;
};

void fake_init(struct fake_hub *fake);
void fake_deinit(struct fake_hub *fake);

/* A peer with a session, at address "peer-<name>". */
void fake_connect(struct fake_hub *fake, struct fake_peer *peer, const char *name);
void fake_disconnect(struct fake_peer *peer);

/* Answers the oldest confirm or fetch. */
void fake_confirm(struct fake_hub *fake, int err);
void fake_fetched(struct fake_hub *fake, int err);

/* All that is applied becomes durable. */
void fake_flush(struct fake_hub *fake);

/* A Hello for tenant demo, source shop/eu, class EVENT; `instance` fills 16 bytes. */
Streamgauge__V1__Hello fake_hello(uint8_t *instance_bytes, uint8_t instance,
                                  Streamgauge__V1__Declaration *declaration);
int fake_send_hello(struct fake_peer *peer, const Streamgauge__V1__Hello *hello);

/* Any batch. */
int fake_send(struct fake_peer *peer, const Streamgauge__V1__Batch *batch);

/* A batch of `events` events whose cursor is `cursor`. */
int fake_send_batch(struct fake_peer *peer, uint64_t sequence, uint32_t events, const char *cursor);

/* The next reply, decoded; NULL = none. The caller frees it with fake_reply_free. */
Streamgauge__V1__Reply *fake_reply(struct fake_peer *peer);
void fake_reply_free(Streamgauge__V1__Reply *reply);

#endif
