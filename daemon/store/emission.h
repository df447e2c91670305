/* SPDX-License-Identifier: Apache-2.0
 * Emission: readable summaries and an entry of the stream, written as a whole.
 *
 * The mark is what was emitted last: a hash whose field `id` names the emission.
 * Each emission names the one it follows and leaves a mark of its own, so that of
 * two that follow the same one only the first is written. */
#ifndef SG_STORE_EMISSION_H
#define SG_STORE_EMISSION_H

#include "base/arena.h"
#include "rollup/flush.h"

enum emission_part {
	EMISSION_STAGE, /* the hash of a stage; its fields are all that is left in it */
	EMISSION_DROP,  /* the hash of a stage that there is no more */
	EMISSION_ENTRY, /* an entry of the stream */
	EMISSION_MARK,  /* the mark; its fields are all that is left in it */
};

struct emission_op {
	enum emission_part part;
	const char *stage;
	uint32_t first; /* of fields */
	uint32_t count; /* names and values in turn */
};

/* Failure is sticky and comes out of driver_emit. */
struct emission {
	struct arena arena;
	const char *follows; /* id of the mark that must be there; "" = none */
	uint64_t stream_max; /* entries that the stream keeps, roughly */
	struct emission_op *ops;
	uint32_t op_count;
	uint32_t op_cap;
	struct flush_bytes *fields;
	uint32_t field_count;
	uint32_t field_cap;
	bool failed;
};

/* No mark has this id: nothing is written, and the mark is told. */
#define EMISSION_ASKS "?"

/* `follows` outlives the emission. */
void emission_init(struct emission *emission, const char *follows, uint64_t stream_max);
void emission_deinit(struct emission *emission);

/* Begins a part; `stage` is for those of a stage, and copied. */
void emission_begin(struct emission *emission, enum emission_part part, const char *stage);

/* A field of the part that was begun last; name and value are copied. */
void emission_field(struct emission *emission, const char *name, const char *value);
void emission_bytes(struct emission *emission, const char *name, const void *value, size_t len);
void emission_printf(struct emission *emission, const char *name, const char *format, ...)
    SG_PRINTF(3, 4);

#endif
