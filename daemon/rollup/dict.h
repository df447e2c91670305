/* SPDX-License-Identifier: Apache-2.0
 * Dictionary of a partition: append-only lists whose positions are the ids
 * used in pages (store.proto DictionarySegment).
 *
 * An entry's encoding is its identity. A new entry is queued for the next
 * flush; loading replays the segments, and ids come out as they were. */
#ifndef SG_ROLLUP_DICT_H
#define SG_ROLLUP_DICT_H

#include "base/intern.h"
#include "model/settings.h"
#include "rollup/cells.h"

/* Numbered as the fields of DictionarySegment. */
enum dict_kind {
	DICT_VALUE = 1,
	DICT_COLUMN,
	DICT_GROUP,
	DICT_PLACEMENT,
	DICT_ROW_KEY,
	DICT_SOURCE,
	DICT_REPORT,
	DICT_PERIOD,
	DICT_ROW_MONTH,
	DICT_KINDS
};

#define DICT_SEGMENT_BYTES (256u * 1024)
#define DICT_RECENT_BITS   11
#define DICT_NO_VALUE      UINT32_MAX

struct page;

struct dict_group {
	uint32_t set;
	uint32_t period_days;
	uint32_t index; /* within its set: page number = index / GROUPS_PER_PAGE */
	uint32_t values[MODEL_SET_DIMS];
	struct page *last[GRAIN_COUNT]; /* page of the newest increment, a shortcut */
};

struct dict_column {
	int measure; /* index into catalog.measures, -1 = no longer configured */
	char currency[4];
};

/* One survey cell that a response counts in: the base of an item (no option), or
 * an option that was chosen; no brand where the item is not about brands. */
struct dict_answer {
	uint32_t item;
	uint32_t option; /* DICT_NO_VALUE = the base */
	uint32_t brand;  /* DICT_NO_VALUE = none */
};

/* Groups that a row's amounts are added to. */
struct dict_groups {
	const uint32_t *ids;
	uint32_t count;
};

/* Groups of an answer sheet. There are about as many sheets as respondents, with
 * hundreds of groups each: so only those looked up last are kept. */
#define DICT_SHEETS 2 /* a correction looks at the old and the new one in turn */
struct dict_sheet {
	uint32_t placement;
	uint32_t period_days;
	uint32_t *groups;
	uint32_t count;
	uint32_t cap; /* 0 = free */
};

struct dict {
	const struct catalog *catalog;
	struct intern tables[DICT_KINDS];

	int *value_dims; /* by value id: catalog dimension, -1 = not configured */
	const char **value_texts;
	uint32_t value_cap;
	struct intern dim_texts[MODEL_DIMS]; /* text -> position in dim_values */
	uint32_t *dim_values[MODEL_DIMS];
	uint32_t dim_values_cap[MODEL_DIMS];

	/* Short texts seen lately, 1 << DICT_RECENT_BITS places by hash per dimension
	 * that is looked up: most look-ups end here. */
	struct dict_recent {
		uint64_t words[3];
		uint32_t len; /* 0 = free */
		uint32_t value;
	} * recent[MODEL_DIMS];

	struct dict_group *groups;
	uint32_t group_cap;
	uint32_t set_groups[MODEL_SETS];   /* groups per set */
	uint32_t *set_members[MODEL_SETS]; /* group by its index within the set */
	uint32_t set_members_cap[MODEL_SETS];
	uint32_t *group_slots; /* open addressing over groups, id + 1 */
	uint32_t group_slot_count;

	struct dict_column *columns;
	uint32_t column_cap;
	uint32_t plain_columns[MODEL_MEASURES]; /* column of a measure that is not money */

	/* By placement: the period_days they are for, then a group per plain set;
	 * NULL = not looked up, or an answer sheet. */
	uint32_t **placement_groups;
	uint32_t placement_cap;
	struct dict_sheet sheets[DICT_SHEETS];
	uint32_t next_sheet;

	/* Sets that hold `item` and those that do not: no item is in both. */
	uint8_t plain_sets[MODEL_SETS];
	uint32_t plain_set_count;
	uint8_t survey_sets[MODEL_SETS];
	uint32_t survey_set_count;
	uint32_t set_dims[MODEL_SETS]; /* bit i: the set holds dims[i] */

	/* Periods that hold cells, by set and grain. */
	struct dict_periods {
		int32_t *periods;
		uint32_t count;
		uint32_t cap;
	} periods[MODEL_SETS][GRAIN_COUNT];

	uint32_t old_periods; /* how many may have pages in Redis that were never in memory */

	struct buf pending; /* entries since the last freeze */
	uint32_t segment;   /* segment the next entries go to, and its bytes */
	size_t segment_bytes;
};

void dict_init(struct dict *dict, const struct catalog *catalog);
void dict_deinit(struct dict *dict);

/* Loads one segment; ERR_MALFORMED, ERR_NOMEM. Segments come in order. */
int dict_load(struct dict *dict, uint32_t segment, const uint8_t *bytes, size_t len) SG_MUST_CHECK;

/* The calls below add what is new and end the process when memory is out:
 * they are made while a batch is applied. */

/* Value id of a dimension's text. Beyond the dimension's max_values a new text
 * is answered with the id of `__other__`. */
uint32_t dict_value(struct dict *dict, uint32_t dim, const char *text, size_t len);
/* The same without adding: DICT_NO_VALUE when unknown. */
uint32_t dict_value_find(const struct dict *dict, uint32_t dim, const char *text, size_t len);

/* The same through a memo of texts seen lately. */
uint32_t dict_value_recent(struct dict *dict, uint32_t dim, const char *text, size_t len);

/* Group of the set for an item with these values (by catalog dimension). */
uint32_t dict_group(struct dict *dict, uint32_t set, uint32_t period_days,
                    const uint32_t values[MODEL_DIMS]);
/* The same for up to DICT_GROUPS_AT_ONCE items, which wait for memory together;
 * of no period. */
#define DICT_GROUPS_AT_ONCE 64
void dict_groups_of(struct dict *dict, uint32_t set, const uint32_t (*values)[MODEL_DIMS],
                    uint32_t count, uint32_t *ret_groups);
uint32_t dict_column(struct dict *dict, uint32_t measure, const char *currency);
/* False for a currency that the measure never had when it has had as many as there
 * may be: each is a column that every query reads. */
#define DICT_CURRENCIES 200
bool dict_currency_room(const struct dict *dict, uint32_t measure, const char *currency);
uint32_t dict_placement(struct dict *dict, const uint32_t values[MODEL_DIMS]);
/* The same of a survey row. Sorts the answers (count > 0) and drops those that
 * stand twice. */
uint32_t dict_placement_answers(struct dict *dict, const uint32_t values[MODEL_DIMS],
                                struct dict_answer *answers, uint32_t count);
/* Groups of a placement: one per set without `item`; of a survey row one per set
 * with `item` and answer, where an answer about a brand is in sets with `brand`
 * only. Valid until the next call. */
struct dict_groups dict_placement_groups(struct dict *dict, uint32_t placement,
                                         uint32_t period_days);
/* The dimensions of which the placement has a value, bit i = dims[i]. */
uint32_t dict_placement_dims(const struct dict *dict, uint32_t placement);
uint32_t dict_row_key(struct dict *dict, uint32_t report, const uint8_t *text, size_t len);
/* The hour_plus_1 that ends the text of a row key. */
uint32_t dict_row_key_hour(const struct dict *dict, uint32_t key);
/* The text itself, NUL-terminated. */
const char *dict_row_key_text(const struct dict *dict, uint32_t key);
uint32_t dict_source(struct dict *dict, const char *name, size_t len);
uint32_t dict_source_find(const struct dict *dict, const char *name, size_t len);
const char *dict_source_name(const struct dict *dict, uint32_t source);
uint32_t dict_report(struct dict *dict, uint32_t source, const char *id);
/* Reports and months of rows that are known, by position (0 to the count of their
 * table): the report's source and id, the month's report. */
const char *dict_report_id(const struct dict *dict, uint32_t report, uint32_t *ret_source);
int32_t dict_row_month_at(const struct dict *dict, uint32_t index, uint32_t *ret_report);

/* Adds the period when it is new. True when it was not among what was loaded:
 * of its pages Redis has those alone that this partition wrote and still knows. */
bool dict_period(struct dict *dict, uint32_t set, uint32_t grain, int32_t period);
/* True when the month was new: no page of it can exist in Redis. */
bool dict_row_month(struct dict *dict, uint32_t report, int32_t month);

#endif
