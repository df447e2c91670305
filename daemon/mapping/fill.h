/* SPDX-License-Identifier: Apache-2.0
 * Fill: one record + one shape -> one item. Internal to the engine. */
#ifndef SG_MAPPING_FILL_H
#define SG_MAPPING_FILL_H

#include "base/buf.h"
#include "mapping/engine.h"

/* Embedded. */
struct fill {
	struct items *items;
	const struct map_options *options;
	const struct reader *reader;
	uint32_t bound[MAPPING_COLUMNS]; /* input column by column reference */
	uint32_t bound_columns;          /* columns of the reader when bound */
	bool bound_once;
	struct zone *as_of_zone;
	struct zone *time_zones[MAPPING_SHAPES];
	struct buf tuple;
	struct buf text;
	bool as_of_default;

	/* The latest failure: what, where and why. */
	const char *column;
	char detail[256];
	bool slice_known; /* feed and period of the item were understood */
};

int fill_init(struct fill *fill, struct items *items, const struct map_options *options,
              const struct reader *reader) SG_MUST_CHECK;
void fill_deinit(struct fill *fill);

/* Finds the input's columns anew when JSON has brought more of them. */
void fill_bind(struct fill *fill);

/* True when the record passes the filters of the shape. */
bool fill_takes(const struct fill *fill, const struct shape *shape, const struct record *record);

/* Makes the item of the shape with this index and appends it to the items; *ret_empty when the
 * record holds no value for it and nothing was added. ERR_NOMEM, or the item's own error with
 * column and detail; *ret_item says which slice it was meant for where slice_known. */
int fill_item(struct fill *fill, uint32_t index, const struct record *record, struct item *ret_item,
              bool *ret_empty) SG_MUST_CHECK;

#endif
