/* SPDX-License-Identifier: Apache-2.0
 * The ingest listeners: TCP and Unix socket, one session per connection.
 *
 * All sources share limits.ingest_memory; a connection whose bytes cannot be
 * taken now is not read from, so that its sender waits. */
#ifndef SG_SERVE_INGEST_SERVER_H
#define SG_SERVE_INGEST_SERVER_H

#include <uv.h>

#include "access/tokens.h"
#include "model/settings.h"
#include "store/driver.h"

struct ingest_server;
struct session_hub; /* ingest/session.h */

#define INGEST_REASON_MAX 512

/* Listens as the settings say; drivers[i] belongs to settings->tenants[i], and
 * both outlive the server. On an error `reason` (INGEST_REASON_MAX bytes) holds
 * one sentence that says what to do, and nothing is left open once the loop has
 * run: ERR_BUSY (port or socket taken), ERR_TOO_LONG (socket path), ERR_IO,
 * ERR_INVALID, ERR_NOMEM. */
int ingest_server_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                        struct ingest_server **ret_server, char *reason) SG_MUST_CHECK;

/* Works with other settings from now on; the listeners stay. The first drivers
 * are those of before, in the same order. */
void ingest_server_reload(struct ingest_server *server, const struct settings *settings,
                          struct driver **drivers);

/* From now on senders need one of these tokens, but for those on the Unix socket,
 * which its mode (0660) admits; open sessions that have none end. Before the first
 * call, and with NULL, nobody needs one. The tokens outlive the next call. */
void ingest_server_access(struct ingest_server *server, const struct tokens *tokens);

/* "127.0.0.1:7311", with the port that is really in use. */
const char *ingest_server_address(const struct ingest_server *server);
/* Path of the Unix socket; "" = none, because the state directory's path is
 * longer than a socket's may be and no other was configured. */
const char *ingest_server_socket(const struct ingest_server *server);

/* What the listeners have seen since the daemon started. */
struct ingest_stats {
	uint64_t connections; /* taken */
	uint64_t refused;     /* of these, because too many were open */
	uint64_t received_bytes;
	uint64_t sent_bytes;
	uint32_t open; /* connections now */
};
struct ingest_stats ingest_server_stats(const struct ingest_server *server);
const struct session_hub *ingest_server_hub(const struct ingest_server *server);

/* What the drivers report (struct driver_events). */
void ingest_server_phase(struct ingest_server *server, uint32_t tenant, enum driver_phase phase);
void ingest_server_dropped(struct ingest_server *server, uint32_t tenant);
void ingest_server_answered(struct ingest_server *server, uint32_t tenant, uint64_t generation);

/* Takes no more, acknowledges what was applied, ends the sessions. Connections
 * that are not gone after 10 s are cut. `closed` is called when none is left;
 * the drivers must still run. */
void ingest_server_stop(struct ingest_server *server, void (*closed)(void *arg), void *arg);

/* After `closed`, and after the drivers were stopped. NULL is fine. */
void ingest_server_free(struct ingest_server *server);

#endif
