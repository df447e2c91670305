/* SPDX-License-Identifier: Apache-2.0
 * Delivery: the items of one feed to one source, exactly once, over as many
 * connections as it takes.
 *
 * window    batches sent and not yet acknowledged
 * position  where the next batch starts; after a reconnect it is what the
 *           daemon's cursor says, so that nothing is sent twice or left out.
 *           Readings and events with ids whose answers were lost are sent again:
 *           they count once, and it must be known which of them were refused */
#ifndef SG_CLI_DELIVERY_H
#define SG_CLI_DELIVERY_H

#include "cli/client.h"
#include "cli/pack.h"
#include "cli/position.h"
#include "cli/refusal.h"
#include "cli/send_rejects.h"
#include "cli/spans.h"

/* An item that the daemon rejected. */
struct delivery_reject {
	uint32_t line;
	bool commit;        /* a slice commit: line is that of the slice's first row */
	const char *origin; /* the columns it came from, "column `channel`"; "" = none */
	char *field;
	char *code;
	char *detail;
};

/* What became of the rows or events. */
struct delivery_counts {
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t unchanged;
	uint64_t stale;
	uint64_t not_rolled_up;
	uint64_t rejected;
	uint64_t slices;    /* commits that were accepted; not among accepted */
	uint64_t beats;     /* heartbeats that were accepted; not among accepted */
	uint64_t before;    /* sent by an earlier run that was broken off */
	uint64_t confirmed; /* applied, but the answer was lost with a connection */
};

struct delivery_options {
	const char *address;
	const char *tenant;
	const char *source;
	bool force;       /* end another session of the source */
	bool accept_loss; /* go on though acknowledged batches are missing */
	bool again;       /* send a finished file without event ids once more */
	bool heartbeat;   /* event feeds: say behind the last event what is complete */
	bool lacking;     /* records of the feed's file were refused before they were sent */
	const struct spans *before; /* with the heartbeat: spans of earlier files; NULL = none */
	int64_t now_us;             /* a heartbeat is never later */
	/* Takes the place of every item that the daemon rejects; NULL = not wanted. Batches
	 * are then so small that an answer names all of theirs. */
	struct reject_places *places;
	int patience_ms; /* gives up after so long without an acknowledgement; 0 = 60 s */
	/* Once, when the daemon is not ready for 2 s: why, in its own words. */
	void (*waiting)(void *ctx, const char *reason);
	void (*progress)(void *ctx, const struct delivery_counts *counts, uint64_t sent,
	                 uint64_t total);
	void *progress_ctx; /* of both */
};

#define DELIVERY_REJECTS 10000 /* kept with their texts; `counts.rejected` counts all */

struct delivery {
	/* Set by the caller. */
	const struct delivery_options *options;
	const struct mapped *mapped;
	uint32_t feed;
	uint64_t first; /* of the feed, into items.list */
	uint64_t count;
	bool commit;
	uint8_t identity[POSITION_ID];

	/* What came of it. */
	struct delivery_counts counts;
	struct arena arena; /* of the rejects */
	struct delivery_reject *rejects;
	uint32_t reject_count;
	char level[64];   /* durability of the acknowledgements */
	char currency[8]; /* in force for the source */
	char time_zone[64];
	bool is_new;     /* the daemon did not know the source before */
	char error[512]; /* one sentence when the end is not DELIVERY_DONE */
};

/* Sends the feed. A heartbeat follows once every event was answered: of this file
 * when nothing of it was refused, and of the files before it; never of a day that
 * a file lacks something of, since what is mended later would be too old for it. */
enum delivery_end delivery_run(struct delivery *delivery);
void delivery_deinit(struct delivery *delivery);

/* What the feed of events holds whole: from its oldest event to its newest one,
 * or where the mapping reads whole days to the end of that one's day in the
 * source's zone; never beyond now. After DELIVERY_DONE. */
struct span delivery_span(const struct delivery *delivery);

#endif
