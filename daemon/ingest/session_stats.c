/* SPDX-License-Identifier: Apache-2.0
 * What sessions count. */
#include <stdlib.h>

#include "ingest/session_private.h"

struct session_stats *session_stats_of(struct session_hub *hub, uint32_t tenant)
{
	if (tenant < hub->stats_count)
		return &hub->stats[tenant];
	struct session_stats *wider = realloc(hub->stats, (tenant + 1) * sizeof(*wider));
	if (!wider)
		return NULL;
	hub->stats = wider;
	while (hub->stats_count <= tenant)
		hub->stats[hub->stats_count++] = (struct session_stats){.batches = 0};
	return &hub->stats[tenant];
}

const struct session_stats *session_hub_stats(const struct session_hub *hub, uint32_t tenant)
{
	return tenant < hub->stats_count ? &hub->stats[tenant] : NULL;
}

uint32_t session_hub_open(const struct session_hub *hub, uint32_t tenant)
{
	uint32_t open = 0;
	for (const struct session *session = hub->newest; session; session = session->older)
		open += session->state == SESSION_OPEN && session->hello.tenant_index == tenant;
	return open;
}

uint64_t session_hub_errors(const struct session_hub *hub, int err)
{
	return err < 0 && -err < ERR_COUNT ? hub->errors[-err] : 0;
}
