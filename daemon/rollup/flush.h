/* SPDX-License-Identifier: Apache-2.0
 * A flush: one frozen, atomic set of writes of a partition, as values.
 *
 * rollup/ builds it and knows what it means; store/ turns keys into Redis
 * names, sends it under the fence, keeps it in the ring and sends it again
 * when Redis went back. Nothing in it depends on the owner. */
#ifndef SG_ROLLUP_FLUSH_H
#define SG_ROLLUP_FLUSH_H

#include "base/arena.h"
#include "base/buf.h"

/* What a key holds; `a`, `b`, `c` are the numbers that tell keys of a kind apart. */
enum key_kind {
	KEY_STATE,   /* state record (hash of text fields); written by store/ itself */
	KEY_DELTAS,  /* hash: generation -> delta record */
	KEY_CELLS,   /* hash: page number -> cell page. a = set, b = grain, c = period */
	KEY_ROWS,    /* hash: period text -> row page. a = report number, c = month */
	KEY_DICT,    /* string: dictionary segment. a = segment number */
	KEY_SOURCES, /* hash: source name -> source record */
	KEY_DEDUP,   /* string: 16-byte event ids. a = source number, c = hour received */
	KEY_REJECTS, /* list: rejected items, newest last. a = source number */
	KEY_LABELS,  /* hash: dimension=value -> display name and as_of */
	KEY_KINDS
};

struct store_key {
	enum key_kind kind;
	uint32_t a;
	uint32_t b;
	int32_t c;
};

enum flush_op_code {
	FLUSH_HSET,     /* field, value */
	FLUSH_HDEL,     /* field */
	FLUSH_APPEND,   /* value */
	FLUSH_RPUSH,    /* value */
	FLUSH_LTRIM,    /* keeps the newest `number` entries of a list */
	FLUSH_EXPIREAT, /* number = unix seconds */
	FLUSH_DEL,
};

struct flush_bytes {
	const uint8_t *bytes;
	size_t len;
};

struct flush_op {
	enum flush_op_code code;
	struct store_key key;
	struct flush_bytes field;
	struct flush_bytes value;
	int64_t number;
};

/* Lives in its own arena; immutable once built. */
struct flush {
	struct arena arena;
	uint64_t generation;
	uint8_t id[16]; /* random */
	struct flush_op *ops;
	uint32_t op_count;
	size_t bytes; /* of all fields and values */
};

/* Frees the flush and its arena; NULL is fine. */
void flush_free(struct flush *flush);

/* One thing to read: a whole key (field.len = 0: HGETALL, GET or LRANGE by
 * kind) or one hash field. */
struct fetch {
	struct store_key key;
	struct flush_bytes field;
};

struct fetch_list {
	struct arena arena;
	struct fetch *items;
	uint32_t count;
	uint32_t cap;
};

int fetch_add(struct fetch_list *list, struct store_key key, const void *field,
              size_t field_len) SG_MUST_CHECK;
void fetch_list_deinit(struct fetch_list *list);

#endif
