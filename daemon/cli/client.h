/* SPDX-License-Identifier: Apache-2.0
 * Client: one connection to the ingest listener, varint-delimited frames both
 * ways. Everything is queued and moved by client_step, so that neither side
 * waits for the other to read. */
#ifndef SG_CLI_CLIENT_H
#define SG_CLI_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "streamgauge/v1/ingest.pb-c.h"

#define CLIENT_FRAME_MAX (4u << 20)

/* Embedded; fd -1 = closed. */
struct client {
	int fd;
	struct buf out; /* frames not yet written, from out_at on */
	size_t out_at;
	struct buf in; /* bytes not yet taken, from in_at on */
	size_t in_at;
	char error[256]; /* of the last failure, for people */
};

void client_init(struct client *client);

/* Connects to `host:port`, `[::1]:port` or `unix:PATH` within timeout_ms.
 * ERR_INVALID (the address is none), ERR_IO (nobody there), ERR_TIMEOUT. */
int client_connect(struct client *client, const char *address, int timeout_ms) SG_MUST_CHECK;
void client_close(struct client *client);
void client_deinit(struct client *client);

/* Queues a frame. ERR_NOMEM. */
int client_queue(struct client *client, const Streamgauge__V1__Request *request) SG_MUST_CHECK;

/* Bytes that wait to be written. */
size_t client_unsent(const struct client *client);

/* Writes and reads what can be moved, waiting at most timeout_ms for anything
 * to move. ERR_TIMEOUT when nothing did, ERR_CLOSED, ERR_IO. */
int client_step(struct client *client, int timeout_ms) SG_MUST_CHECK;

/* The next whole reply, decoded into the arena; NULL when there is none yet.
 * ERR_MALFORMED. */
int client_take(struct client *client, struct arena *arena,
                Streamgauge__V1__Reply **ret_reply) SG_MUST_CHECK;

#endif
