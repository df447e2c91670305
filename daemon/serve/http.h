/* SPDX-License-Identifier: Apache-2.0
 * The HTTP listener: summaries, stages, KPIs, sources, rejects, health.
 *
 * libmicrohttpd runs inside the libuv loop, without threads. A query whose pages
 * are not in memory waits for Redis while others are answered. */
#ifndef SG_SERVE_HTTP_H
#define SG_SERVE_HTTP_H

#include <uv.h>

#include "access/tokens.h"
#include "model/settings.h"
#include "serve/ingest_server.h"
#include "store/driver.h"

struct http_server;

#define HTTP_REASON_MAX 512

/* Listens as the settings say; drivers[i] belongs to settings->tenants[i], and
 * both outlive the server. On an error `reason` (HTTP_REASON_MAX bytes) holds
 * one sentence that says what to do, and nothing is left open once the loop has
 * run: ERR_BUSY (port taken), ERR_INVALID (address), ERR_IO, ERR_NOMEM. */
int http_server_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                      struct http_server **ret_server, char *reason) SG_MUST_CHECK;

/* Requests that come from now on are answered by other settings; the listener
 * stays. The first drivers are those of before, in the same order. */
void http_server_reload(struct http_server *server, const struct settings *settings,
                        struct driver **drivers);

/* True while an answer that began under these settings is under way. */
bool http_server_uses(const struct http_server *server, const struct settings *settings);

/* Why the settings in force are not those of the file, for /health/ready; "" =
 * they are. Copied. */
void http_server_note(struct http_server *server, const char *reason);

/* From now on readers need one of these tokens; requests under way go on. Before
 * the first call, and with NULL, nobody needs one. The tokens outlive the next call. */
void http_server_access(struct http_server *server, const struct tokens *tokens);

/* Whose counters /metrics shows as well; it outlives the server's last request. */
void http_server_ingest(struct http_server *server, const struct ingest_server *ingest);

/* "127.0.0.1:7312", with the port that is really in use. */
const char *http_server_address(const struct http_server *server);

/* Takes no more connections, answers 503 to what waits for Redis, sends what is
 * being sent for at most a second. `closed` is called when nothing is left. */
void http_server_stop(struct http_server *server, void (*closed)(void *arg), void *arg);

/* After `closed`, and after the drivers were stopped. NULL is fine. */
void http_server_free(struct http_server *server);

#endif
