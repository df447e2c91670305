/* SPDX-License-Identifier: Apache-2.0
 * Lists of civil days, as intervals.
 *
 *     days  [first..last] [first..last] ...   sorted, not touching each other
 *
 * An all-zero list is empty. Memory that is not there ends the process. */
#ifndef SG_ROLLUP_SOURCE_DAYS_H
#define SG_ROLLUP_SOURCE_DAYS_H

#include <stdbool.h>
#include <stdint.h>

/* Civil days first..last, both included. */
struct day_range {
	int32_t first;
	int32_t last;
};

struct day_list {
	struct day_range *days;
	uint32_t count;
};

void day_list_deinit(struct day_list *list);

/* Deep copy; `to` is a valid (possibly empty) list before. */
void day_list_copy(struct day_list *to, const struct day_list *from);

/* Adds the days first..last; what touches becomes one interval. Where that
 * leaves more than `most` intervals (0 = any number), the two with the smallest
 * gap become one, with the days between them. */
void day_list_add(struct day_list *list, int32_t first, int32_t last, uint32_t most);

/* True when all days first..last are in the list. */
bool day_list_holds(const struct day_list *list, int32_t first, int32_t last);

/* True when one of the days first..last is in the list. */
bool day_list_meets(const struct day_list *list, int32_t first, int32_t last);

#endif
