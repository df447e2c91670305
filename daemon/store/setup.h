/* SPDX-License-Identifier: Apache-2.0
 * What a fresh connection does before anything else: it loads the scripts and
 * looks whether Redis is set so that the acknowledgement level `fsync` is true. */
#ifndef SG_STORE_SETUP_H
#define SG_STORE_SETUP_H

#include "store/script.h"

#define SETUP_REASON_MAX 256

/* Sends everything; `done` fires once, with 0 and a filled *set, ERR_AGAIN
 * (Redis is loading its data), ERR_REFUSED (a setting makes the level untrue)
 * or the connection's error; `reason` is one sentence. On an error nothing is
 * called back. `set` must outlive the connection. */
int setup_run(struct redis *redis, struct script_set *set,
              void (*done)(void *arg, int err, const char *reason), void *arg) SG_MUST_CHECK;

#endif
