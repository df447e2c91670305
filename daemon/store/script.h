/* SPDX-License-Identifier: Apache-2.0
 * The Lua scripts of a partition, and calls of them.
 *
 * KEYS[1] is always the state key. Every script but READ and LOAD compares
 * before its first write and can fail no more after it. Replies:
 *   {"ok"}
 *   {"refused", run_id, state record as HGETALL gives it}
 *   {"type", key, type}    a key holds what nobody of us wrote
 *   FLUSH    also {"denied", command}: Redis' ACL forbids it, nothing was written
 *   READ     {run_id, state record}
 *   LOAD     {run_id, owner, generation, released, value ...}: one value per item
 *            until about SCRIPT_LOAD_BYTES were read; fewer values than items
 *            mean: ask again for the rest
 *   ACQUIRE  also {"leftover", key}: no state record, but data of a partition
 *   EMIT     also {"stale", mark}: what was emitted last is not what the caller knows;
 *            the mark as HGETALL gives it. {"denied", command} as FLUSH */
#ifndef SG_STORE_SCRIPT_H
#define SG_STORE_SCRIPT_H

#include "base/arena.h"
#include "rollup/flush.h"
#include "store/key.h"
#include "store/redis.h"

enum script {
	SCRIPT_READ,
	SCRIPT_LOAD,
	SCRIPT_ACQUIRE,
	SCRIPT_BEAT,
	SCRIPT_FLUSH,
	SCRIPT_RELEASE,
	SCRIPT_EMIT,
	SCRIPT_COUNT
};

#define SCRIPT_LOAD_BYTES 1048576
#define SCRIPT_LOAD_ITEMS 256

/* How a connection calls its scripts: by digest, or once by text after Redis
 * has said NOSCRIPT. */
struct script_set {
	char sha[SCRIPT_COUNT][41];
	bool by_text[SCRIPT_COUNT];
};

const char *script_text(enum script script);

/* Arguments of one call. Keys come before all other arguments. Failure is
 * sticky and comes out of call_send. */
struct call {
	struct arena arena;
	const char **argv;
	size_t *lens;
	int argc;
	int cap;
	int keys;
	bool failed;
};

void call_init(struct call *call);
void call_deinit(struct call *call);

void call_key(struct call *call, const char *tenant, const struct store_key *key);
void call_emission_key(struct call *call, const char *tenant, enum key_emission kind,
                       const char *stage);
/* The bytes are not copied until call_send. */
void call_bytes(struct call *call, const void *bytes, size_t len);
void call_text(struct call *call, const char *text);
void call_number(struct call *call, int64_t number);
/* A printed argument. */
void call_printf(struct call *call, const char *format, ...) SG_PRINTF(2, 3);

/* Every key and operation of a flush: KEYS[2..], and the arguments from
 * ARGV[8] on; `types` gets one letter per key (h, s, l). The fixed arguments
 * go between: call_flush_keys, then ARGV[1..7], then call_flush_ops. */
void call_flush_keys(struct call *call, const char *tenant, const struct flush *flush,
                     struct buf *types);
void call_flush_ops(struct call *call, const struct flush *flush);

/* Bytes of all arguments so far. */
size_t call_size(const struct call *call);

int call_send(struct call *call, struct redis *redis, const struct script_set *set,
              enum script script, redis_reply_cb cb, void *arg) SG_MUST_CHECK;

#endif
