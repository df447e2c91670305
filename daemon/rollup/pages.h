/* SPDX-License-Identifier: Apache-2.0
 * Pages of a partition in memory, cells and rows alike, and what becomes of
 * them: gathered into, frozen, answered, written, let go.
 *
 *              gather --freeze--> frozen --answered--> overlay
 *     image of generation g = image before + overlay + frozen, written with
 *     flush g; once g is answered it replaces the image and empties the overlay
 *
 * A page is dirty from the first flush that its stored image lacks until a
 * flush that carries its image is answered. The dirty list is in order of
 * `dirty_since`, so its head tells which delta records are still needed. */
#ifndef SG_ROLLUP_PAGES_H
#define SG_ROLLUP_PAGES_H

#include "model/catalog.h"
#include "rollup/cells.h"
#include "rollup/flush.h"
#include "rollup/rows.h"

enum page_kind { PAGE_CELLS, PAGE_ROWS };

struct page_id {
	enum page_kind kind;
	uint32_t a;    /* set, or report */
	uint32_t b;    /* grain, or days of the period */
	int32_t c;     /* period, or first day */
	uint32_t page; /* page number; 0 for rows */
};

struct page {
	/* What an increment looks at, in one cache line. */
	struct page_id id;
	bool touched;
	struct gather gather; /* cells */

	struct page *chain; /* hash chain */
	struct run frozen;
	struct run overlay;
	uint8_t *image; /* cells: packed, NULL = empty */
	size_t image_len;
	bool image_known;
	bool fetched; /* for a query that has not looked at it again yet */

	struct row_page rows; /* rows: always decoded while in memory */

	uint8_t *next_image; /* cells: in the flush in flight */
	size_t next_image_len;
	uint64_t writing;     /* generation in flight that carries the image, 0 = none */
	uint64_t header;      /* generation of the stored image */
	uint64_t dirty_since; /* 0 = clean */
	uint64_t changed;     /* newest answered generation that changed the page */
	uint64_t frozen_in;   /* generation in flight that changes the page, 0 = none */

	struct page *touched_next; /* list of pages with gathered work */
	struct page *dirty_prev, *dirty_next;
	struct page *lru_prev, *lru_next;
	uint64_t tick; /* of the last use */
};

struct pages {
	struct page **slots;
	uint32_t slot_count;
	uint32_t count;
	struct page *touched;
	struct page *dirty_head, *dirty_tail;
	struct page *lru_head, *lru_tail; /* head = least recently used */
	uint64_t tick;
	size_t image_bytes; /* images and decoded rows */
	uint64_t hits;      /* pages that queries found in memory, */
	uint64_t misses;    /* and did not */
};

void pages_deinit(struct pages *pages);

/* NULL when it is not in memory. */
struct page *pages_find(const struct pages *pages, const struct page_id *id);
/* Found or made, empty and unknown; becomes the most recently used. */
struct page *pages_get(struct pages *pages, const struct page_id *id);
void pages_use(struct pages *pages, struct page *page);

/* Puts the page on the touched list. */
static inline void pages_touch(struct pages *pages, struct page *page)
{
	if (page->touched)
		return;
	page->touched = true;
	page->touched_next = pages->touched;
	pages->touched = page;
}

void pages_dirty(struct pages *pages, struct page *page, uint64_t generation);
void pages_clean(struct pages *pages, struct page *page);

/* Sets what Redis holds: a copy of the image, NULL = absent. Row pages decode it.
 * ERR_MALFORMED on bytes that cannot be encoded anew; ERR_NOMEM. */
int pages_set_image(struct pages *pages, struct page *page, const uint8_t *bytes,
                    size_t len) SG_MUST_CHECK;

/* Accounts for a row page whose memory grew from `before` bytes. */
void pages_rows_grew(struct pages *pages, const struct page *page, size_t before);

/* Appends the page's image as of `generation` (image, overlay and frozen together). */
int page_encode(struct page *page, uint64_t generation, struct buf *buf) SG_MUST_CHECK;

/* The flush of this generation is durable: for one page it changed or carried. */
void pages_answered(struct pages *pages, struct page *page, uint64_t generation);

/* True when nothing of the page would be lost by letting it go. */
bool page_idle(const struct page *page);

/* Lets go of idle images, least recently used first, not used since `before_tick`. */
void pages_evict(struct pages *pages, size_t keep, uint64_t before_tick);

/* Removes idle pages for which `expired` says so. */
void pages_purge(struct pages *pages, bool (*expired)(void *arg, const struct page_id *id),
                 void *arg);

/* Where the page is stored. `field` has PAGE_FIELD_MAX bytes; returns its length. */
#define PAGE_FIELD_MAX 32
struct store_key page_key(const struct page_id *id);
size_t page_field(const struct page_id *id, char *field);
/* The reverse; ERR_MALFORMED. */
int page_id_of(const struct store_key *key, const uint8_t *field, size_t len,
               struct page_id *ret_id) SG_MUST_CHECK;

#endif
