/* SPDX-License-Identifier: Apache-2.0
 * Position: what `send` writes into a batch's cursor, so that it needs no
 * state of its own: which input, how far, and which finished inputs must not
 * be counted twice.
 *
 * identity  128-bit hash of the input's bytes, the mapping and the options
 *           that change what is sent
 * run       one run of the command; tells a cursor of this run from an older */
#ifndef SG_CLI_POSITION_H
#define SG_CLI_POSITION_H

#include "base/buf.h"

#define POSITION_ID       16
#define POSITION_RUN      4
#define POSITION_FINISHED 24
#define POSITION_MAX      256

struct position {
	uint8_t identity[POSITION_ID];
	uint8_t run[POSITION_RUN];
	uint64_t sent; /* items of the feed before the first that is to be sent */
	uint64_t total;
	bool once; /* items without ids: what was sent must not be sent again */
	/* First 8 bytes of the identities of finished event files without ids,
	 * newest first. */
	uint8_t finished[POSITION_FINISHED][8];
	uint32_t finished_count;
};

/* At most POSITION_MAX bytes. */
void position_write(const struct position *position, struct buf *out);

/* ERR_MALFORMED for a cursor that another client wrote. */
int position_read(const uint8_t *bytes, size_t len, struct position *ret_position) SG_MUST_CHECK;

bool position_is_finished(const struct position *position, const uint8_t identity[POSITION_ID]);

/* Puts the identity first; the oldest goes when there are too many. */
void position_finish(struct position *position, const uint8_t identity[POSITION_ID]);

#endif
