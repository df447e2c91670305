/* SPDX-License-Identifier: Apache-2.0
 * What a fresh connection does before anything else: it shows the password, looks
 * whether Redis is such that the acknowledgement level is true and whether it may
 * run every command, and loads the scripts. */
#ifndef SG_STORE_SETUP_H
#define SG_STORE_SETUP_H

#include "store/outside.h"
#include "store/script.h"

struct setup_wish {
	const struct redis_settings *outside; /* NULL = the managed Redis: fsync, no password */
	const char *tenant;                   /* whose keys are to be written */
};

/* `facts` is NULL on an error. */
typedef void (*setup_cb)(void *arg, int err, const char *reason, const struct redis_facts *facts);

/* Sends everything; `done` fires once, with 0 and a filled *set, ERR_AGAIN
 * (Redis is loading its data, or an outside one rewrites its log), ERR_REFUSED
 * (something must be changed first) or the connection's error; `reason` is one sentence. On an
 * error nothing is called back and `reason` (OUTSIDE_REASON_MAX bytes) says why. `set` and the
 * wish's settings outlive the connection. */
int setup_run(struct redis *redis, struct script_set *set, const struct setup_wish *wish,
              setup_cb done, void *arg, char *reason) SG_MUST_CHECK;

/* INFO and CONFIG GET once more, over a connection that was set up: `done` as above,
 * but 0 whenever both were answered, whatever they say. */
int setup_ask(struct redis *redis, const struct redis_settings *outside, setup_cb done,
              void *arg) SG_MUST_CHECK;

#endif
