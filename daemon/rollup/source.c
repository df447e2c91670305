/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/source.h"

#include <stdlib.h>
#include <string.h>

#include "rollup/source_record.h"

void source_deinit(struct source *source)
{
	zone_close(source->zone);
	free(source->current.complete);
	free(source->frozen.complete);
	free(source->published.complete);
	*source = (struct source){0};
}

void source_public_copy(struct source_public *to, const struct source_public *from)
{
	struct day_range *complete = to->complete;
	if (from->complete_count) {
		complete = realloc(complete, from->complete_count * sizeof(*complete));
		require(complete != NULL);
		memcpy(complete, from->complete, from->complete_count * sizeof(*complete));
	}
	*to = *from;
	to->complete = complete;
}

void source_add_complete(struct source_public *state, int32_t first, int32_t last)
{
	uint32_t at = 0;
	while (at < state->complete_count && state->complete[at].last < first - 1)
		at++;
	uint32_t end = at;
	while (end < state->complete_count && state->complete[end].first <= last + 1) {
		if (state->complete[end].first < first)
			first = state->complete[end].first;
		if (state->complete[end].last > last)
			last = state->complete[end].last;
		end++;
	}
	if (end == at) {
		state->complete = realloc(state->complete,
		                          (state->complete_count + 1) * sizeof(*state->complete));
		require(state->complete != NULL);
	}
	uint32_t tail = state->complete_count - end;
	memmove(state->complete + at + 1, state->complete + end, tail * sizeof(*state->complete));
	state->complete[at] = (struct day_range){first, last};
	state->complete_count = at + 1 + tail;
}

/* The last whole civil day that ends at or before the instant. */
static int32_t last_whole_day(const struct source *source, int64_t instant_us)
{
	struct zone_local local = zone_local_of(source->zone, instant_us);
	return local.day - 1;
}

int32_t source_complete_through(const struct source *source, const struct source_public *state)
{
	if (source->class == SOURCE_EVENT)
		return state->complete_through_us && source->zone
		           ? last_whole_day(source, state->complete_through_us)
		           : INT32_MIN;
	return state->complete_count ? state->complete[0].last : INT32_MIN;
}

bool source_day_complete(const struct source *source, const struct source_public *state,
                         int32_t day)
{
	if (source->class == SOURCE_EVENT)
		return day <= source_complete_through(source, state);
	for (uint32_t i = 0; i < state->complete_count; i++)
		if (day >= state->complete[i].first && day <= state->complete[i].last)
			return true;
	return false;
}
