/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spans_deinit(struct spans *spans)
{
	free(spans->list);
	*spans = (struct spans){0};
}

int spans_add(struct spans *spans, const char *source, struct span span, bool lacking)
{
	struct source_span *list =
	    reallocarray(spans->list, spans->count + 1u, sizeof(*spans->list));
	if (!list)
		return ERR_NOMEM;
	spans->list = list;
	struct source_span *added = &list[spans->count++];
	added->span = span;
	added->lacking = lacking;
	(void)snprintf(added->source, sizeof(added->source), "%s", source);
	return 0;
}

/* The last day that a span reaches into; its end itself is no part of it. */
static int32_t last_day(struct span span, const struct zone *zone)
{
	int64_t last = span.through_us > span.from_us ? span.through_us - 1 : span.through_us;
	return zone_local_of(zone, last).day;
}

bool span_shares_day(struct span one, struct span other, const struct zone *zone)
{
	return zone_local_of(zone, one.from_us).day <= last_day(other, zone) &&
	       zone_local_of(zone, other.from_us).day <= last_day(one, zone);
}

bool spans_lack(const struct spans *spans, const char *source, struct span span,
                const struct zone *zone)
{
	for (uint32_t i = 0; spans && i < spans->count; i++) {
		const struct source_span *one = &spans->list[i];
		if (one->lacking && strcmp(one->source, source) == 0 &&
		    span_shares_day(one->span, span, zone))
			return true;
	}
	return false;
}
