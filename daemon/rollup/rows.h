/* SPDX-License-Identifier: Apache-2.0
 * Row pages: the report rows of one (source, report, period), as last read.
 *
 * version   (as_of, mapping revision): the greater one wins, per measure
 * placement the dimension values a row was counted under; follows the row's
 *           greatest version
 * tombstone a value zeroed by a complete slice; keeps the as_of it was read at
 *
 * Any order of rows and commits ends in the same state, as long as a commit
 * comes after its own rows. */
#ifndef SG_ROLLUP_ROWS_H
#define SG_ROLLUP_ROWS_H

#include "base/buf.h"

#define ROW_COLUMNS_MAX 64

struct row_version {
	int64_t as_of_us;
	uint32_t revision;
};

struct row_cell {
	int64_t value;
	struct row_version version;
	bool present;
};

struct row {
	uint32_t key;
	uint32_t placement;
	struct row_version version; /* greatest of the row's readings */
	bool changed;               /* since the last row_page_encode of changes */
};

struct row_page {
	uint32_t report;
	int32_t first_day;
	uint32_t days;

	bool known; /* loaded, or known to be absent */
	int64_t complete_as_of_us;
	bool meta_changed; /* complete_as_of_us changed since the last encode of changes */

	struct row *rows;
	struct row_cell *cells; /* row-major, column_cap per row */
	uint32_t count;
	uint32_t cap;
	uint32_t columns[ROW_COLUMNS_MAX]; /* column ids */
	uint32_t column_count;
	uint32_t column_cap;
	uint32_t *slots; /* row index + 1 by key */
	uint32_t slot_count;
	uint32_t changed_count;
};

struct row_amount {
	uint32_t column;
	int64_t value; /* > INT64_MIN */
};

struct row_reading {
	uint32_t key;
	uint32_t placement;
	struct row_version version;
	const struct row_amount *amounts;
	uint32_t amount_count;
	/* It says all there is to say of the row: values of columns that it does
	 * not name become zero, and an older reading changes nothing. */
	bool whole;
};

enum row_result { ROW_APPLIED, ROW_UNCHANGED, ROW_STALE, ROW_CONFLICT };

/* An increment that follows from a reading or a commit. */
typedef void (*row_diff_cb)(void *arg, uint32_t key, uint32_t placement, uint32_t column,
                            int64_t diff);

/* ERR_TOO_MANY when the page would have more than ROW_COLUMNS_MAX columns. Those of
 * the reading differ. */
int row_page_room(const struct row_page *page, const struct row_reading *reading) SG_MUST_CHECK;

/* Applies one reading. ROW_CONFLICT changes nothing. The page is known
 * and has room for the reading. */
enum row_result row_page_apply(struct row_page *page, const struct row_reading *reading,
                               row_diff_cb diff, void *arg);

/* True when the reading differs from what was read at the same version: it would
 * be ROW_CONFLICT. */
bool row_page_conflicts(const struct row_page *page, const struct row_reading *reading);

/* Rows of which some value is not zero. */
uint64_t row_page_live(const struct row_page *page);

/* Of the column at a position of the page: the rows whose value is not zero, and
 * their sum. */
void row_page_sum(const struct row_page *page, uint32_t position, uint64_t *ret_rows,
                  __int128 *ret_sum);

/* Rows read from as_of_us on that have a value in the column. */
uint64_t row_page_rows_with(const struct row_page *page, uint32_t column, int64_t as_of_us);

/* Commits a slice of `rows` rows read from as_of_us on; with `complete`
 * zeroes what is older. ERR_SLICE_INCOMPLETE changes nothing. */
int row_page_commit(struct row_page *page, int64_t as_of_us, uint64_t rows, bool complete,
                    row_diff_cb diff, void *arg) SG_MUST_CHECK;

/* Appends store.proto RowPage fields: the whole page with its generation, or
 * (generation 0) only what changed, whose marks are then cleared. */
void row_page_encode(struct row_page *page, uint64_t generation, struct buf *buf);

/* Takes an encoded page or change into `page`, replacing rows of equal key.
 * ERR_MALFORMED. */
int row_page_decode(struct row_page *page, const uint8_t *bytes, size_t len,
                    uint64_t *ret_generation) SG_MUST_CHECK;

/* Forgets all rows; the page is unknown again. */
void row_page_clear(struct row_page *page);

size_t row_page_memory(const struct row_page *page);

#endif
