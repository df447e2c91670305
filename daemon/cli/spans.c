/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spans.h"

#include <stdio.h>
#include <stdlib.h>

void spans_deinit(struct spans *spans)
{
	free(spans->list);
	*spans = (struct spans){0};
}

int spans_add(struct spans *spans, const char *source, struct span span)
{
	struct source_span *list =
	    reallocarray(spans->list, spans->count + 1u, sizeof(*spans->list));
	if (!list)
		return ERR_NOMEM;
	spans->list = list;
	struct source_span *added = &list[spans->count++];
	added->span = span;
	(void)snprintf(added->source, sizeof(added->source), "%s", source);
	return 0;
}
