/* SPDX-License-Identifier: Apache-2.0
 * A Redis that somebody else runs: what it says of itself, whether that makes
 * the acknowledgement level true, and who asks.
 *
 * facts     what INFO and CONFIG GET say
 * level     what an acknowledgement promises: `fsync` or `written`
 * settled   a write that no state which Redis may return to lacks
 *
 * Pure but for outside_password. */
#ifndef SG_STORE_OUTSIDE_H
#define SG_STORE_OUTSIDE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/settings.h"

#define OUTSIDE_REASON_MAX   768
#define OUTSIDE_PASSWORD_MAX 512
#define OUTSIDE_SETTINGS     5
#define OUTSIDE_VERSION      7 /* the oldest major version: scripts ask for their rights */

/* A copy that outlives a reload of the settings; NULL out of memory. */
struct redis_settings *outside_copy(const struct redis_settings *settings);
void outside_free(struct redis_settings *settings); /* NULL is fine */

struct redis_facts {
	unsigned major, minor; /* 0.0 = INFO does not tell */
	bool cluster;          /* cluster or sentinel: not one Redis that holds all keys */
	bool replica;
	bool loading;
	bool fsync_pending;      /* a write of the log that was not synced yet */
	bool rewriting;          /* the log is being written anew, or will be */
	uint64_t offset;         /* bytes of the replication stream */
	uint64_t replica_offset; /* smallest of the connected replicas' */
	uint32_t replicas;
	char settings[OUTSIDE_SETTINGS][32]; /* values of outside_settings; "" = not told */
};

/* The names that CONFIG GET is asked for. */
extern const char *const outside_settings[OUTSIDE_SETTINGS];

/* What the reply of INFO says; the settings stay as they are. */
void facts_read_info(struct redis_facts *facts, const char *text, size_t len);

/* What the reply of CONFIG GET says. */
void facts_read_config(struct redis_facts *facts, const redisReply *reply);

/* 0 when the level is true. Else one sentence that names what to change:
 * ERR_AGAIN (Redis is loading its data), ERR_REFUSED. */
int facts_check(const struct redis_facts *facts, enum redis_level level,
                char reason[OUTSIDE_REASON_MAX]) SG_MUST_CHECK;

/* True when an answered write is settled at once: it was synced, and there is no
 * replica that could be promoted without it. */
bool facts_settle_at_once(const struct redis_facts *facts);

/* Waits for a write to be settled: begun when INFO was answered behind it. */
struct settle_mark {
	uint64_t generation; /* answered before that INFO was sent */
	uint64_t offset;     /* and its place in the replication stream */
	uint64_t since_ms;   /* when that INFO was sent */
};

#define OUTSIDE_SYNC_MS 3000 /* after it, `everysec` has begun to sync a write */

/* True when the facts, asked for at now_ms, show that what the mark stands for is
 * settled: every replica has passed it, and it was synced. */
bool facts_settle(const struct redis_facts *facts, const struct settle_mark *mark, uint64_t now_ms);

/* One sentence for an error reply to a command of the setup, and ERR_REFUSED where
 * trying again is in vain until somebody changes something, else ERR_AGAIN.
 * `settings` is that of the outside Redis. */
int outside_explain(const struct redis_settings *settings, const char *reply,
                    char reason[OUTSIDE_REASON_MAX]);

/* The ACL SETUSER line that gives a user all it needs and no more. */
void outside_acl(const char *user, char *text, size_t size);

/* The first line of the password file. One sentence in `reason` on an error:
 * ERR_IO, ERR_REFUSED (others may read it), ERR_TOO_LONG, ERR_MALFORMED (empty). */
int outside_password(const char *path, char ret_password[OUTSIDE_PASSWORD_MAX],
                     char reason[OUTSIDE_REASON_MAX]) SG_MUST_CHECK;

#endif
