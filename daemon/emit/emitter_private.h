/* SPDX-License-Identifier: Apache-2.0
 * Inside of the emitter; included by emit/ only.
 *
 * step   0 the mark is read where it is not known, 1 the summary, 2 ... the closed
 *        days from the oldest on. Each is tried anew after pages were read, or when
 *        the mark turned out to be another's. */
#ifndef SG_EMIT_EMITTER_PRIVATE_H
#define SG_EMIT_EMITTER_PRIVATE_H

#include "emit/emitter.h"
#include "emit/render.h"

#define EMIT_ATTEMPTS 4 /* of one step */

enum { STEP_MARK, STEP_SUMMARY, STEP_DAYS, STEP_END = STEP_DAYS + EMIT_DAYS };

struct emit_tenant {
	struct emitter *emitter;
	uint32_t index;

	/* when */
	bool dirty;       /* a flush was answered, or the settings are others */
	uint64_t next_ms; /* no round before it */
	int64_t minute;   /* of the last round */
	int32_t today;
	int32_t closed; /* last day that has ended, and whose grace is over */

	/* the round under way */
	bool running;
	bool waiting; /* for pages, or for Redis to answer an emission */
	int step;
	int attempts;

	/* what was emitted last */
	bool mark_known;
	struct mark mark;
	struct known_rows known;         /* of the summary, as this daemon emitted it */
	char etags[STEP_END][ETAG_TEXT]; /* by step; of days by day modulo EMIT_DAYS */

	/* the emission in flight */
	struct mark next; /* becomes the mark when it is written */
	struct known_rows next_known;
	char next_etag[ETAG_TEXT];
	bool adopting; /* the mark is being told */
};

struct emitter {
	uv_loop_t *loop;
	const struct settings *settings;
	char version[VERSION_TEXT];
	struct driver **drivers;
	struct emit_tenant **tenants;
	uint32_t count;
	uint32_t turn; /* tenant that is next */
	uv_timer_t clock;
	uv_timer_t now; /* runs the next step */
	uint64_t serial;
	bool stopping;
	int open_handles;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* round.c: one step; leaves the tenant waiting, at the next step, or not running. */
void round_step(struct emit_tenant *tenant);
/* The round is over; `again` = something could not be done now. */
void round_end(struct emit_tenant *tenant, bool again);

/* emitter.c: the next step is to run. */
void emitter_wake(struct emitter *emitter);

#endif
