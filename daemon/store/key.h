/* SPDX-License-Identifier: Apache-2.0
 * Redis key names. Nothing else in the project builds or parses one.
 *
 *   sg:{<tenant>/<partition>}:state
 *   ...:deltas  ...:sources  ...:labels
 *   ...:cells:<set>:<grain>:<period>
 *   ...:rows:<report>:<month>
 *   ...:dict:<segment>
 *   ...:dedup:<part>:<hour>
 *   ...:rejects:<source>
 *   ...:summary:<stage>  ...:summaries  ...:emitted
 *
 * In a tenant's name `{ } : * %` and control characters are written %XX. */
#ifndef SG_STORE_KEY_H
#define SG_STORE_KEY_H

#include "base/buf.h"
#include "rollup/flush.h"

/* Appends the name; failure is the buffer's sticky one. */
void key_put(struct buf *buf, const char *tenant, uint32_t partition, const struct store_key *key);

/* What is emitted; always in partition 0. */
enum key_emission {
	KEY_EMITTED,   /* hash: what was emitted last */
	KEY_SUMMARIES, /* stream */
	KEY_SUMMARY,   /* hash of a stage */
};

/* `stage` is for KEY_SUMMARY. */
void key_put_emission(struct buf *buf, const char *tenant, enum key_emission kind,
                      const char *stage);

#define KEY_TENANT_MAX 256

struct key_name {
	char tenant[KEY_TENANT_MAX]; /* unescaped, NUL-terminated */
	uint32_t partition;
	struct store_key key;
};

/* The reverse of key_put; ERR_MALFORMED for a name that it does not write. */
int key_parse(const char *text, size_t len, struct key_name *ret_name) SG_MUST_CHECK;

enum key_type { KEY_TYPE_HASH, KEY_TYPE_STRING, KEY_TYPE_LIST };

/* What Redis must hold under a key of the kind. */
enum key_type key_type(enum key_kind kind);

#endif
