/* SPDX-License-Identifier: Apache-2.0
 * Fill: one record + one shape -> one item. Internal to the engine. */
#ifndef SG_MAPPING_FILL_H
#define SG_MAPPING_FILL_H

#include "base/buf.h"
#include "mapping/engine.h"

/* An input column that a pattern or a question reads. */
struct bound_cell {
	uint32_t column; /* of the reader */
	const char *name;
	const char *brand;  /* NULL = none */
	const char *option; /* of a box, or the quoted currency; NULL = the text names it */
};

/* The cells of one question, those of one brand next to each other; or of all
 * rates of a line. */
struct bound_cells {
	struct bound_cell *list;
	uint32_t count;
};

/* Embedded. */
struct fill {
	struct items *items;
	const struct map_options *options;
	const struct reader *reader;
	uint32_t bound[MAPPING_COLUMNS]; /* input column by column reference */
	uint32_t bound_columns;          /* columns of the reader when bound */
	bool bound_once;
	struct arena bind_arena;
	struct bound_cells *cells[MAPPING_SHAPES]; /* by question; of rates one */
	struct zone *as_of_zones[2];
	struct zone *time_zones[MAPPING_SHAPES]; /* of waves as well */
	struct buf tuple;
	struct buf text;
	bool as_of_default;
	bool as_of_read[2]; /* some row took it from the mapping's as_of[i] */

	/* The latest failure: what, where and why. */
	const char *column;
	char detail[256];
	bool slice_known; /* feed and period of the item were understood */
	const char *note; /* why an item is empty though its record is not; NULL = it is */
};

int fill_init(struct fill *fill, struct items *items, const struct map_options *options,
              const struct reader *reader) SG_MUST_CHECK;
void fill_deinit(struct fill *fill);

/* Finds the input's columns anew when JSON has brought more of them. ERR_NOMEM. */
int fill_bind(struct fill *fill) SG_MUST_CHECK;

/* True when some rule reads the reader's column. */
bool fill_reads(const struct fill *fill, uint32_t column);

/* True when the record passes the filters of the shape. */
bool fill_takes(const struct fill *fill, const struct shape *shape, const struct record *record);

/* Makes the items of the shape with this index (one; of rates one per currency) and appends them;
 * *ret_empty when the record holds no value for it and nothing was added. ERR_NOMEM, or the item's
 * own error with column and detail; *ret_item says which slice it was meant for where slice_known.
 */
int fill_item(struct fill *fill, uint32_t index, const struct record *record, struct item *ret_item,
              bool *ret_empty) SG_MUST_CHECK;

#endif
