/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nearest.h"

#include <string.h>

#define COMPARED 127

static size_t least(size_t a, size_t b, size_t c)
{
	size_t two = a < b ? a : b;
	return two < c ? two : c;
}

/* Wagner and Fischer, one row at a time. */
size_t text_distance(const char *a, const char *b)
{
	size_t row[COMPARED + 1];
	size_t a_len = strnlen(a, COMPARED);
	size_t b_len = strnlen(b, COMPARED);
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];
			row[j] =
			    least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

size_t nearest_names(const char *wanted, const char *const *names, size_t count,
                     const char *ret_nearest[NEAREST_MAX])
{
	size_t distances[NEAREST_MAX];
	size_t found = 0;
	size_t most = (strnlen(wanted, COMPARED) + 1) / 2;
	for (size_t i = 0; i < count; i++) {
		size_t distance = text_distance(wanted, names[i]);
		size_t at = found;
		while (at > 0 && distances[at - 1] > distance)
			at--;
		if (distance > most || at == NEAREST_MAX)
			continue;
		size_t moved = (found < NEAREST_MAX ? found : NEAREST_MAX - 1) - at;
		memmove(&distances[at + 1], &distances[at], moved * sizeof(distances[0]));
		memmove(&ret_nearest[at + 1], &ret_nearest[at], moved * sizeof(ret_nearest[0]));
		distances[at] = distance;
		ret_nearest[at] = names[i];
		found += found < NEAREST_MAX;
	}
	return found;
}
