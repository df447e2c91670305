/* SPDX-License-Identifier: Apache-2.0
 * Items: what a mapping makes of a file, compact enough for millions of rows.
 *
 * feed     what will be one source: an account of the file with its currency
 *          and zone
 * tuple    dimension names and values as one interned byte string; rows that
 *          share a key, a set of dimensions or labels share the tuple
 * slice    the rows of one feed, report and period
 * answers  what one respondent was asked and chose, as one interned byte string */
#ifndef SG_MAPPING_ITEM_H
#define SG_MAPPING_ITEM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/num.h"
#include "mapping/mapping.h"

#define ITEM_NO_ID UINT32_MAX

struct item {
	int64_t time_us; /* report rows: as_of; events: when it happened */
	uint64_t offset; /* of the record in the input */
	uint64_t values; /* place of the first value in items.values */
	uint32_t line;
	uint32_t mask;   /* bit i: the shape's measure i has a value */
	uint32_t key;    /* tuple; events and responses: id text, ITEM_NO_ID = none */
	uint32_t dims;   /* tuple */
	uint32_t labels; /* tuple; events: type text, ITEM_NO_ID = none; responses: answers */
	int32_t from;    /* civil days */
	int32_t to;
	uint16_t feed;
	uint16_t shape;
	uint16_t report; /* place of the first shape with the same report id */
	uint8_t hour_plus_1;
	uint8_t currency; /* of money, place in items.currencies; 0 = the feed's own */
};

#define ITEM_FEEDS_MAX      1024
#define ITEM_CURRENCIES_MAX 250

struct feed {
	const char *account; /* `default` where the file has none */
	char currency[4];    /* "" = the tenant's own */
	const char *zone;    /* "" = the tenant's own */
	struct zone *tz;     /* of zone, NULL when that is "" */
	uint64_t count;      /* items */
	int64_t oldest_us;   /* oldest event; INT64_MAX = none */
	int64_t newest_us;   /* newest event; INT64_MIN = none */
};

struct items {
	const struct mapping *mapping;
	struct arena arena;
	struct item *list;
	uint64_t count;
	uint64_t cap;
	int64_t *values;
	uint64_t value_count;
	uint64_t value_cap;
	struct intern tuples;
	struct intern texts; /* event ids and types */
	struct feed feeds[ITEM_FEEDS_MAX];
	uint32_t feed_count;
	char currencies[ITEM_CURRENCIES_MAX][4]; /* [0] is unused */
	uint32_t currency_count;
};

void items_init(struct items *items, const struct mapping *mapping);
void items_deinit(struct items *items);

/* Appends an item with the values of its mask, in the order of the shape's
 * measures; item->values is set here. ERR_NOMEM. */
int items_add(struct items *items, const struct item *item, const int64_t *values) SG_MUST_CHECK;

/* The value of the shape's measure i; false when the item has none. */
bool item_value(const struct items *items, const struct item *item, uint32_t measure,
                int64_t *ret_value);

/* A dimension of a tuple. */
struct tuple_dim {
	uint16_t name; /* reference into mapping.names */
	const char *text;
	uint32_t len;
};

/* Walks a tuple: `at` starts at 0; false behind the last dimension. */
bool tuple_next(const struct items *items, uint32_t tuple, uint32_t *at, struct tuple_dim *ret_dim);

/* Appends a dimension to a tuple in the making. */
void tuple_put(struct buf *tuple, uint16_t name, const char *text, size_t len);

/* One answer of a response. */
struct answer {
	uint16_t item; /* reference into mapping.names */
	const char *brand;
	uint32_t brand_len; /* 0 = not about a brand */
	uint32_t option_count;
	const uint8_t *options; /* read them with answer_option */
	uint32_t options_len;
};

/* Walks the answers: `at` starts at 0; false behind the last one. */
bool answer_next(const struct items *items, uint32_t answers, uint32_t *at,
                 struct answer *ret_answer);

/* The options of an answer: `at` starts at 0; false behind the last one. */
bool answer_option(const struct answer *answer, uint32_t *at, const char **ret_text,
                   uint32_t *ret_len);

/* Appends an answer to answers in the making. */
void answer_put(struct buf *answers, uint16_t item, const char *brand, const struct field *options,
                uint32_t count);

/* The sum of one measure over all items. */
struct measure_total {
	const char *measure;
	enum amount_kind kind;
	bool level; /* of gauges and rates, which are never summed: sum is 0 */
	i128 sum;
	uint64_t items;
};

/* Totals per measure in order of first use; *ret_totals lives in the items'
 * arena. `rolled_only` leaves out reports that are not rolled up. ERR_NOMEM. */
int items_totals(struct items *items, bool rolled_only, struct measure_total **ret_totals,
                 uint32_t *ret_count) SG_MUST_CHECK;

#endif
