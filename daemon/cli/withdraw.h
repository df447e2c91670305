/* SPDX-License-Identifier: Apache-2.0
 * Withdrawing periods: commits that forget, sent in a session of the source. */
#ifndef SG_CLI_WITHDRAW_H
#define SG_CLI_WITHDRAW_H

#include "cli/periods.h"
#include "cli/refusal.h"

struct withdrawal {
	const char *to; /* the ingest listener */
	const char *tenant;
	const char *source;
	bool force;       /* end another session of the source */
	int64_t as_of_us; /* what was read before is withdrawn */
	const struct period *const *periods;
	size_t count;
	/* What became of it. */
	uint64_t rejected;
	char level[64]; /* the durability reached */
	char error[512];
};

/* Sends a commit for each period and waits until all are acknowledged; rejected ones
 * are told on stderr. A session that was lost is opened again: a commit that comes
 * twice changes nothing. But for DELIVERY_DONE the error is one sentence. */
enum delivery_end withdraw(struct withdrawal *withdrawal);

#endif
