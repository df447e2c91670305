/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/source_days.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void day_list_deinit(struct day_list *list)
{
	free(list->days);
	*list = (struct day_list){0};
}

void day_list_copy(struct day_list *to, const struct day_list *from)
{
	if (from->count) {
		to->days = realloc(to->days, from->count * sizeof(*to->days));
		require(to->days != NULL);
		memcpy(to->days, from->days, from->count * sizeof(*to->days));
	}
	to->count = from->count;
}

/* The first interval that does not end before the day. */
static uint32_t find(const struct day_list *list, int32_t day)
{
	uint32_t low = 0;
	uint32_t high = list->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (list->days[middle].last < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void merge_nearest(struct day_list *list)
{
	uint32_t nearest = 1;
	for (uint32_t i = 2; i < list->count; i++)
		if (list->days[i].first - list->days[i - 1].last <
		    list->days[nearest].first - list->days[nearest - 1].last)
			nearest = i;
	list->days[nearest - 1].last = list->days[nearest].last;
	list->count--;
	memmove(list->days + nearest, list->days + nearest + 1,
	        (list->count - nearest) * sizeof(*list->days));
}

void day_list_add(struct day_list *list, int32_t first, int32_t last, uint32_t most)
{
	uint32_t at = find(list, first - 1);
	uint32_t end = at;
	for (; end < list->count && list->days[end].first <= last + 1; end++) {
		first = list->days[end].first < first ? list->days[end].first : first;
		last = list->days[end].last > last ? list->days[end].last : last;
	}
	if (end == at) {
		list->days = realloc(list->days, (list->count + 1) * sizeof(*list->days));
		require(list->days != NULL);
	}
	uint32_t tail = list->count - end;
	memmove(list->days + at + 1, list->days + end, tail * sizeof(*list->days));
	list->days[at] = (struct day_range){first, last};
	list->count = at + 1 + tail;
	if (most && list->count > most)
		merge_nearest(list);
}

bool day_list_holds(const struct day_list *list, int32_t first, int32_t last)
{
	uint32_t at = find(list, last);
	return at < list->count && list->days[at].first <= first;
}

bool day_list_meets(const struct day_list *list, int32_t first, int32_t last)
{
	uint32_t at = find(list, first);
	return at < list->count && list->days[at].first <= last;
}
