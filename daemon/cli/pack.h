/* SPDX-License-Identifier: Apache-2.0
 * Pack: items and slice commits -> one Batch of the wire contract. */
#ifndef SG_CLI_PACK_H
#define SG_CLI_PACK_H

#include "mapping/engine.h"
#include "streamgauge/v1/ingest.pb-c.h"

struct pack {
	const struct mapped *mapped;
	bool commit;           /* slices are committed as complete */
	char slice_prefix[24]; /* what this run's slice ids start with */
};

/* What a batch takes from the mapped file. */
struct pack_range {
	uint64_t first; /* into items.list */
	uint64_t count;
	uint64_t slice;       /* slice of the first item */
	uint64_t slice_count; /* slices that end in the range */
};

/* The slice that holds the item; report files only. */
uint64_t pack_slice_of(const struct mapped *mapped, uint64_t item);

/* A range of at most `count` items from `first` on, all of one feed. */
struct pack_range pack_range_at(const struct pack *pack, uint64_t first, uint64_t count);

/* The items of the range, and a commit for every slice that ends in it; in the
 * arena. NULL out of memory. */
Streamgauge__V1__Batch *pack_batch(const struct pack *pack, const struct pack_range *range,
                                   struct arena *arena);

/* The place in items.list of the item that stands at `index` in the batch's list
 * of its kind; beyond the items where there is none. */
uint64_t pack_item_at(const struct pack *pack, const struct pack_range *range,
                      Streamgauge__V1__Reject__Item kind, uint32_t index);

/* The slice that the n-th commit of the batch was for. */
const struct slice *pack_commit_slice(const struct pack *pack, const struct pack_range *range,
                                      uint32_t n);

/* The declaration of a source whose files the mapping reads, NULL = of events
 * without a mapping. It points at the texts. NULL out of memory. */
Streamgauge__V1__Declaration *pack_source(const struct mapping *mapping, const char *currency,
                                          const char *zone, struct arena *arena);

/* The declaration of a feed. NULL out of memory. */
Streamgauge__V1__Declaration *pack_declaration(const struct mapped *mapped, uint32_t feed,
                                               struct arena *arena);

#endif
