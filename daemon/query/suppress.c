/* SPDX-License-Identifier: Apache-2.0 */
#include "query/suppress.h"

#include <stdlib.h>

static int by_people(const void *a, const void *b)
{
	const struct suppress_cell *left = a;
	const struct suppress_cell *right = b;
	if (left->people != right->people)
		return left->people < right->people ? -1 : 1;
	return left->id < right->id ? -1 : left->id > right->id;
}

void suppress_cells(struct suppress_cell *cells, uint32_t count, uint64_t k, bool total_shown)
{
	uint64_t people = 0; /* withheld so far */
	if (count > 1)
		qsort(cells, count, sizeof(*cells), by_people);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t own = cells[i].people;
		/* One cell alone has fewer than k: k people withheld are two cells at least. */
		bool exposed = total_shown && people > 0 && people < k;
		cells[i].withheld = own > 0 && (own < k || exposed);
		if (cells[i].withheld)
			people += own;
	}
}
