/* SPDX-License-Identifier: Apache-2.0
 * Cells of one page: the increments being gathered, sorted runs, and the
 * packed form that delta records and pages share.
 *
 * A cell's key within its page, so that numeric order is storage order:
 *
 *     30    26 25              6 5      0
 *     [ group ][    column     ][ pos   ]
 *
 * group  position of the group within the page's GROUPS_PER_PAGE
 * column column id
 * pos    minute of the hour, local hour + 24 * fold, or day of the month - 1
 *
 * A key may stand twice in a run: a sum that does not fit 64 bits is kept in
 * parts, and readers add in 128 bits. */
#ifndef SG_ROLLUP_CELLS_H
#define SG_ROLLUP_CELLS_H

#include "base/buf.h"

#define CELL_COLUMN_MAX (1u << 20)

struct cell {
	uint32_t key;
	int64_t value;
};

static inline uint32_t cell_key(uint32_t group, uint32_t column, uint32_t pos)
{
	return (group << 26) | (column << 6) | pos;
}

static inline uint32_t cell_group(uint32_t key)
{
	return key >> 26;
}

static inline uint32_t cell_column(uint32_t key)
{
	return (key >> 6) & (CELL_COLUMN_MAX - 1);
}

static inline uint32_t cell_pos(uint32_t key)
{
	return key & 63;
}

/* Increments by key, open addressing. All zero is empty. */
struct gather {
	struct cell *slots; /* key + 1 in slots[].key, 0 = free */
	uint32_t slot_count;
	uint32_t used;
	uint32_t expected;  /* as many as were taken last, so that the table need not grow */
	struct cell *spill; /* parts that would have overflowed their slot */
	uint32_t spill_count;
	uint32_t spill_cap;
};

/* Adds value to the key; ends the process when memory is out, because a batch
 * that is half applied cannot be taken back. True when the key was new. */
bool gather_add(struct gather *gather, uint32_t key, int64_t value);

/* Asks the memory for what gather_add of this key will touch. */
void gather_prefetch(const struct gather *gather, uint32_t key);

static inline uint32_t gather_count(const struct gather *gather)
{
	return gather->used + gather->spill_count;
}

/* Writes all cells to `out` (room for gather_count) sorted by key, without
 * zeros, and empties the gather. Returns how many. */
uint32_t gather_take(struct gather *gather, struct cell *out);
void gather_deinit(struct gather *gather);

/* A sorted run of cells. */
struct run {
	struct cell *cells;
	uint32_t count;
};

void run_deinit(struct run *run);

/* a + b into a; b is unchanged. Cells that become zero are dropped. */
void run_merge(struct run *a, const struct run *b);

/* Appends the packed fields (runs, gaps, values of store.proto CellPage) of the
 * sorted cells to `buf`. */
void cells_encode(struct buf *buf, const struct cell *cells, uint32_t count);

/* Reads the packed form cell by cell, in key order. */
struct cell_reader {
	struct cursor runs;
	struct cursor gaps;
	struct cursor values;
	uint64_t generation; /* field 1 of a page, 0 in a delta */
	uint32_t group;
	uint32_t column;
	uint32_t pos;
	uint32_t left; /* cells of the current run still to come */
	bool contiguous;
	bool first;
	bool failed;
};

/* `bytes` is a CellPage (other fields are skipped); NULL reads as empty. */
void cell_reader_init(struct cell_reader *reader, const uint8_t *bytes, size_t len);
/* False at the end, and with `failed` set on bytes that cells_encode never wrote. */
bool cell_reader_next(struct cell_reader *reader, struct cell *ret_cell);

/* Decodes a whole page into a run; ERR_MALFORMED, ERR_NOMEM. */
int run_decode(const uint8_t *bytes, size_t len, struct run *ret_run,
               uint64_t *ret_generation) SG_MUST_CHECK;

#endif
