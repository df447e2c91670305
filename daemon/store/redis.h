/* SPDX-License-Identifier: Apache-2.0
 * One connection to Redis over a libuv stream.
 *
 * Commands are pipelined, replies come in order. Every accepted command gets
 * its callback exactly once: with the reply, or with an error when the
 * connection ends first. There is one way to the end, whatever began it (a
 * call of redis_close, a broken stream, a time-out, bytes that are no RESP):
 * the handles are closed, then the waiting callbacks run, then `down`, then
 * the object is gone. */
#ifndef SG_STORE_REDIS_H
#define SG_STORE_REDIS_H

#include <hiredis/hiredis.h>
#include <uv.h>

#include "base/err.h"

struct redis;

struct redis_options {
	const char *socket_path; /* a Unix socket; NULL = TCP to host and port */
	const char *host;        /* an IPv4 or IPv6 address, or a name */
	uint16_t port;
	uint32_t connect_ms; /* longest time to connect */
	uint32_t command_ms; /* longest time from a command to its reply */
};

struct redis_events {
	/* Connected: commands may be sent. */
	void (*up)(void *arg);
	/* The end: ERR_CLOSED, ERR_TIMEOUT, ERR_IO or ERR_MALFORMED. Nothing
	 * fires after it; the object is freed when it returns. */
	void (*down)(void *arg, int err);
	void *arg;
};

/* err = 0 and the reply (a Redis error reply included), or the error that
 * ended the connection and NULL. The reply lives until the callback returns. */
typedef void (*redis_reply_cb)(void *arg, int err, const redisReply *reply);

/* Begins to connect; of a name with several addresses to each in turn, until one
 * answers. Errors (ERR_NOMEM, ERR_TOO_LONG for a socket path beyond
 * sun_path, ERR_INVALID without either, ERR_IO) leave nothing behind and call nothing back;
 * nothing is called back before this returned. */
int redis_open(uv_loop_t *loop, const struct redis_options *options,
               const struct redis_events *events, struct redis **ret_redis) SG_MUST_CHECK;

/* Sends one command; the arguments are copied. After an error (ERR_CLOSED,
 * ERR_NOMEM, ERR_IO) cb never fires. */
int redis_send(struct redis *redis, int argc, const char **argv, const size_t *lens,
               redis_reply_cb cb, void *arg) SG_MUST_CHECK;

/* Begins the end; `down` follows on a later turn of the loop. */
void redis_close(struct redis *redis);

/* Commands that wait for their reply. */
size_t redis_in_flight(const struct redis *redis);

#endif
