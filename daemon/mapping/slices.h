/* SPDX-License-Identifier: Apache-2.0
 * Slices: items in sending order, repeats collapsed, contradictions refused.
 * Internal to the engine. */
#ifndef SG_MAPPING_SLICES_H
#define SG_MAPPING_SLICES_H

#include "mapping/engine.h"

/* Which slice a rejected row was meant for. */
struct slice_key {
	int32_t from;
	int32_t to;
	uint16_t feed;
	uint16_t report;
};

/* Orders the items by feed (events: then as in the file; rows: by report,
 * period, hour and key), builds mapped->slices, refuses those that contradict
 * themselves. `reader` is used to read the two records again. `spoiled` marks
 * slices with rejected rows; spoiled_all = a row's slice is not known. */
int slices_build(struct mapped *mapped, struct reader *reader, const struct slice_key *spoiled,
                 uint64_t spoiled_count, bool spoiled_all) SG_MUST_CHECK;

#endif
