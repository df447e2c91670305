/* SPDX-License-Identifier: Apache-2.0
 * Managed Redis: the daemon's own redis-server on its own state directory.
 *
 *   <state>/lock          held by the daemon while it runs
 *   <state>/redis.lock    held by redis-server through an inherited descriptor,
 *                         so that two servers never share one directory, not
 *                         even for the moment in which a killed daemon's Redis
 *                         is still ending
 *   <state>/version       format of the directory
 *   <state>/reserve       space that is freed when the disk is full
 *   <state>/redis/        Redis' own files
 *   <state>/redis.sock    its only listener; in a private directory of
 *                         $XDG_RUNTIME_DIR or /tmp when the path is too long */
#ifndef SG_STORE_MANAGED_H
#define SG_STORE_MANAGED_H

#include <stdbool.h>
#include <uv.h>

#include "model/settings.h"

struct managed;

#define MANAGED_REASON_MAX 512

struct managed_events {
	/* The Redis that was started answers, its data loaded. Again after each restart. */
	void (*ready)(void *arg);
	/* Redis ended by itself; it is started again with back-off. See managed_reason. */
	void (*exited)(void *arg);
	/* It never became ready and trying again is in vain (the binary does not
	 * run, or exits at once several times before the first `ready`). Only
	 * managed_stop may follow. */
	void (*failed)(void *arg, int err);
	void *arg;
};

/* Takes the state directory settings->state_dir (made when it is absent) and
 * starts Redis from it. Nothing is called back before this returned. On an
 * error `reason` (MANAGED_REASON_MAX bytes) holds one sentence that says what
 * to do, and nothing was started:
 *   ERR_REFUSED   another daemon has the directory
 *   ERR_VERSION   the directory was written by another version
 *   ERR_NOT_FOUND no redis-server and no redis-check-rdb was found
 *   ERR_IO        a path cannot be written
 *   ERR_TOO_LONG, ERR_NOMEM */
int managed_start(uv_loop_t *loop, const struct settings *settings,
                  const struct managed_events *events, struct managed **ret_managed,
                  char *reason) SG_MUST_CHECK;

/* Ends Redis in order (SIGTERM, SIGKILL after 30 s) and gives the directory
 * free; `closed` is called when the process is gone. After `closed`: managed_free. */
void managed_stop(struct managed *managed, void (*closed)(void *arg), void *arg);
void managed_free(struct managed *managed); /* NULL is fine */

/* Path of the Unix socket; stays the same over restarts. */
const char *managed_socket(const struct managed *managed);

/* One sentence about what is wrong now, "" = fine. */
const char *managed_reason(const struct managed *managed);

bool managed_ready(const struct managed *managed);

/* Process id of the running redis-server, 0 = none. */
int managed_pid(const struct managed *managed);

#endif
