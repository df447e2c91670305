/* SPDX-License-Identifier: Apache-2.0
 * Mark: what was emitted last, as it lies in Redis beside the summaries. A daemon
 * that starts reads from it what it need not emit again. */
#ifndef SG_EMIT_MARK_H
#define SG_EMIT_MARK_H

#include "query/version.h"
#include "store/emission.h"

#define EMIT_DAYS    28 /* closed days that are followed */
#define EMIT_CONTENT 33 /* 32 hex digits and NUL */
#define EMIT_ID      64

struct mark_day {
	int32_t day;
	char content[EMIT_CONTENT]; /* of its rows; "" = it was not emitted */
};

/* All zero is the mark of a tenant of which nothing was ever emitted. */
struct mark {
	char id[EMIT_ID]; /* of the last emission, "" = none */
	uint64_t generation;
	char version[VERSION_TEXT];
	char content[EMIT_CONTENT]; /* of the summary's rows */
	char *stages;               /* that have a hash, each followed by `,`; NULL = none */
	struct mark_day days[EMIT_DAYS];
};

void mark_deinit(struct mark *mark);

/* ERR_NOMEM leaves *ret_copy as it was. */
int mark_copy(const struct mark *mark, struct mark *ret_copy) SG_MUST_CHECK;

/* One field as it was stored; unknown ones are left out. ERR_NOMEM. */
int mark_take(struct mark *mark, const char *name, const char *value) SG_MUST_CHECK;

/* The whole mark as a part of the emission. */
void mark_put(const struct mark *mark, struct emission *emission);

/* What was emitted of the day; "" = nothing. */
const char *mark_day_content(const struct mark *mark, int32_t day);
/* Forgets the day in whose place it comes, EMIT_DAYS earlier. */
void mark_set_day(struct mark *mark, int32_t day, const char content[EMIT_CONTENT]);

#endif
