/* SPDX-License-Identifier: Apache-2.0
 * What the sessions of a hub count, for /metrics. */
#ifndef SG_INGEST_SESSION_STATS_H
#define SG_INGEST_SESSION_STATS_H

#include "base/histogram.h"

struct session_hub; /* ingest/session.h */

/* What became of a tenant's batches since the daemon started. */
struct session_stats {
	uint64_t batches;     /* applied */
	uint64_t repeated;    /* taken before, acknowledged again */
	struct histogram lag; /* from when a batch was taken to its acknowledgement */
};

/* NULL while the tenant had no batch. */
const struct session_stats *session_hub_stats(const struct session_hub *hub, uint32_t tenant);

/* Sessions that have their Welcome. */
uint32_t session_hub_open(const struct session_hub *hub, uint32_t tenant);

/* Sessions that ended with this error (ERR_*). */
uint64_t session_hub_errors(const struct session_hub *hub, int err);

#endif
