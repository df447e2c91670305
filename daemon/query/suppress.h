/* SPDX-License-Identifier: Apache-2.0
 * Suppression of small cells: what few people said is not shown, nor what would
 * give it away beside a shown total.
 *
 * Primary: cells of 1 to k - 1 people. Complementary: where any is withheld, the
 * next smallest ones too, until at least two cells and at least k people are. */
#ifndef SG_QUERY_SUPPRESS_H
#define SG_QUERY_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

struct suppress_cell {
	uint64_t people;
	uint32_t id; /* the caller's; ties of `people` fall to the smaller one */
	bool withheld;
};

/* Marks the cells of one group; reorders them by people, then id. Cells without
 * people are shown: nobody is in them. `total_shown` = their sum is shown or
 * known, so that complementary suppression is needed. */
void suppress_cells(struct suppress_cell *cells, uint32_t count, uint64_t k, bool total_shown);

#endif
