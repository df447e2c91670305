/* SPDX-License-Identifier: Apache-2.0
 * Mapping: what the columns of one exporter's files mean. A mapping is a YAML
 * file; a new platform is a new file and no code. config/mappings/README.md
 * describes every key.
 *
 * shape    one kind of item made from a record. A report that unfolds columns
 *          into rows has several; several shapes may bear one report id and
 *          then complete each other (partial rows).
 * column   an input column by name, held once per mapping; rules refer to it
 *          by its place in mapping.columns. A name with `{brand}`, `{option}`
 *          or `{quote}` in it stands for every column of that pattern
 * name     a key, dimension, label, item or measure name, likewise in
 *          mapping.names */
#ifndef SG_MAPPING_MAPPING_H
#define SG_MAPPING_MAPPING_H

#include "base/arena.h"
#include "mapping/reader.h"
#include "mapping/when.h"
#include "settings/settings_load.h"

#define MAPPING_MEASURES  32 /* per shape */
#define MAPPING_NAMES     256
#define MAPPING_ITEMS     128 /* questions of a study */
#define MAPPING_COLUMNS   512
#define MAPPING_SHAPES    128
#define MAPPING_NO_COLUMN UINT16_MAX

struct text_swap {
	const char *from;
	const char *to;
};

/* A text: of one column, of several joined by `join`, or a constant. Without
 * columns and constant the rule is not given. */
struct value_rule {
	uint16_t columns[4];
	uint8_t column_count;
	bool optional; /* a column that is missing or empty is fine */
	const char *join;
	const char *constant; /* NULL = columns */
	struct text_swap *swaps;
	uint32_t swap_count;
	const char *other; /* for values that no swap names; NULL = refuse them */
	const char *strip; /* taken off the front where it stands there; NULL = nothing */
};

struct text_list {
	const char **texts;
	uint32_t count;
};

static inline bool value_given(const struct value_rule *rule)
{
	return rule->constant != NULL || rule->column_count > 0;
}

struct dim_rule {
	uint16_t name;
	int line; /* in the mapping file */
	struct value_rule value;
};

struct dim_rules {
	struct dim_rule *rules; /* sorted by name, for canonical keys */
	uint32_t count;
};

/* count: integer at scale 0; money and fraction: millionths; exchange: 10^-12. */
enum amount_kind { MEASURE_COUNT, MEASURE_MONEY, MEASURE_FRACTION, MEASURE_EXCHANGE };

struct measure_rule {
	uint16_t name;
	uint16_t column;
	uint16_t factor; /* second column of a product, else MAPPING_NO_COLUMN */
	int line;        /* in the mapping file */
	enum amount_kind kind;
	bool micros;   /* the column is in millionths already */
	bool whole;    /* of kind fraction, but this exporter writes whole numbers */
	bool round;    /* a count may bear a fraction: rounded half to even */
	bool optional; /* the column may be missing from a file */
};

static inline int amount_scale(enum amount_kind kind)
{
	return kind == MEASURE_COUNT ? 0 : kind == MEASURE_EXCHANGE ? 12 : 6;
}

static inline int measure_scale(const struct measure_rule *rule)
{
	return amount_scale(rule->kind);
}

enum period_kind { PERIOD_DAY, PERIOD_DAYS, PERIOD_MONTH, PERIOD_HOUR, PERIOD_RANGE };

struct period_rule {
	enum period_kind kind;
	enum when_form form;
	uint16_t column;
	uint16_t to_column;   /* PERIOD_RANGE: last day, included */
	uint16_t hour_column; /* PERIOD_HOUR: 0..23; MAPPING_NO_COLUMN = in `column` */
	uint32_t days;        /* PERIOD_DAYS */
};

/* An instant: when a row was read, or when an event happened. */
struct instant_rule {
	uint16_t column; /* MAPPING_NO_COLUMN = not given */
	enum when_form form;
	const char *zone; /* of texts without an offset; NULL = see the user */
};

/* The record counts only if the column holds one of the values. */
struct filter_rule {
	uint16_t column;
	const char **values;
	uint32_t value_count;
};

/* The wave of an answer or of a wave's sums. */
enum wave_kind {
	WAVE_RANGE,   /* first and last day in two columns */
	WAVE_MONTH,   /* the month of a day */
	WAVE_QUARTER, /* the quarter of a day */
	WAVE_WINDOW,  /* windows of `days` days, one of them begins on `since` */
	WAVE_NAMED,   /* the column names one of `dates` */
};

struct wave_dates {
	const char *name;
	int32_t from;
	int32_t to;
};

struct wave_rule {
	enum wave_kind kind;
	enum when_form form;
	uint16_t column;
	uint16_t to_column; /* WAVE_RANGE: last day, included */
	const char *zone;   /* of instants with an offset; NULL = UTC */
	int32_t since;      /* WAVE_WINDOW: a civil day */
	uint32_t days;
	struct wave_dates *dates; /* WAVE_NAMED */
	uint32_t date_count;
};

/* One box of a question that has a column per option. */
struct box_rule {
	uint16_t column;
	const char *option;
};

/* A question: which cells of a line answer it, and what their texts mean. */
struct item_rule {
	uint16_t name;
	int line;        /* in the mapping file */
	uint16_t column; /* one column or a pattern; MAPPING_NO_COLUMN = boxes, mentions */
	struct box_rule *boxes;
	uint32_t box_count;
	uint16_t *mentions; /* columns that name brands, the first mention first */
	uint32_t mention_count;
	const char *tick;  /* of `{brand}` patterns: the option that a ticked box stands for */
	bool together;     /* the boxes of all brands are one question */
	const char *split; /* between several choices in one cell; NULL = one choice */
	bool rated;        /* the choice is a whole number from low to high */
	int64_t low;
	int64_t high;
	struct text_swap *swaps;
	uint32_t swap_count;
	const char *other;
	struct text_list chosen;    /* ticked boxes say one of these; none = any other text */
	struct text_list nothing;   /* asked, and nothing chosen */
	struct text_list not_asked; /* the question was not put */
	bool optional;              /* its columns may be missing from a file */
	bool blank_is_nothing;      /* an absent cell was asked; else it was not */
	struct filter_rule *asked_if;
	uint32_t asked_if_count;
};

struct response_rules {
	struct value_rule id;
	uint16_t weight; /* column; MAPPING_NO_COLUMN = everybody counts 1 */
	bool weight_optional;
	struct text_swap *brands; /* text in the file -> brand; none = as it stands */
	uint32_t brand_count;
	struct item_rule *items;
	uint32_t item_count;
};

/* Sums of one option in one wave. */
struct aggregate_rules {
	struct value_rule item;
	struct value_rule option; /* absent = the base alone */
	struct value_rule brand;
	uint16_t n;
	struct value_rule design_effect; /* not given or absent = 1 */
	uint16_t share;                  /* one of share and count, MAPPING_NO_COLUMN = the other */
	uint16_t count;
	bool percent;
	bool share_optional; /* a line without it is the base alone */
};

struct rate_rules {
	struct value_rule base;
	struct value_rule quote; /* not given: `rate` is a pattern with {quote} */
	uint16_t rate;
};

enum shape_kind {
	SHAPE_EVENT,
	SHAPE_ROW,
	SHAPE_RESPONSE,
	SHAPE_AGGREGATE,
	SHAPE_GAUGE,
	SHAPE_RATE,
	SHAPE_KINDS
};

struct shape {
	enum shape_kind kind;
	const char *report; /* id of report or study, `gauges`, `rates`; NULL for events */
	const char *level;
	bool rollup;
	int line;       /* in the mapping file */
	uint16_t first; /* place of the first shape with the same report id */
	int group;      /* line of the entry: shapes that unfold from one belong together */
	bool optional;  /* the others of its group can be made without it */
	struct filter_rule *filters;
	uint32_t filter_count;
	uint16_t *with; /* columns that must be in the file though nothing reads them */
	uint32_t with_count;
	uint16_t *without; /* columns that must not be in the file */
	uint32_t without_count;
	struct period_rule period;
	const char *attribution; /* "" = none */
	struct value_rule event_id;
	struct instant_rule time;
	struct value_rule type;
	struct dim_rules key;
	struct dim_rules dims;
	struct dim_rules labels;
	struct measure_rule *measures;
	uint32_t measure_count;
	struct wave_rule wave; /* responses and aggregates */
	struct response_rules *response;
	struct aggregate_rules *aggregate;
	struct rate_rules *rate;
};

enum mapping_class {
	MAPPING_EVENT = 1,
	MAPPING_REPORT = 2,
	MAPPING_SURVEY = 3,
	MAPPING_MARKET = 4
};

/* Why columns are ignored; for people. */
struct ignore_reason {
	const char *column; /* as under `ignore` */
	const char *why;
};

struct mapping {
	struct arena arena;
	const char *name; /* file name without .yaml */
	const char *file;
	const char *platform;
	const char *label;
	uint32_t revision;
	const char *reads; /* what it reads, a sentence or more for people; NULL = not said */
	enum mapping_class class;
	bool formats[2];        /* by enum input_format */
	uint32_t heading_lines; /* of CSV; the first names the columns */
	const char **absent;
	uint32_t absent_count;
	struct value_rule account;
	struct value_rule currency;
	struct value_rule zone;
	struct instant_rule as_of[2]; /* the first whose column has a value */
	/* Rows of one key whose as_of lie further apart are two readings; 0 = a
	 * file is one reading. */
	int64_t readings_apart_us;
	bool slices_complete;
	bool whole_days; /* of events: a file ends with the end of a civil day */
	uint32_t final_after_days;
	uint32_t cadence_hours;
	const char **columns; /* by column reference */
	uint32_t column_count;
	const char **ignore; /* column names nobody needs; `prefix*` is taken */
	uint32_t ignore_count;
	struct ignore_reason *reasons;
	uint32_t reason_count;
	struct ignore_reason *refuses; /* files that bear the column are none of it, and why */
	uint32_t refuse_count;
	const char **names; /* by name reference */
	uint32_t name_count;
	struct shape *shapes;
	uint32_t shape_count;
};

/* Loads one file. ERR_CONFIG, ERR_IO, ERR_NOMEM with *ret_error, which starts
 * with "file:line: ". */
int mapping_load(const char *path, struct mapping **ret_mapping,
                 struct settings_error *ret_error) SG_MUST_CHECK;

/* The same from bytes; `path` names them. */
int mapping_parse(const char *path, const void *bytes, size_t len, struct mapping **ret_mapping,
                  struct settings_error *ret_error) SG_MUST_CHECK;

void mapping_free(struct mapping *mapping);

/* True when the mapping says that the column is known and not needed. */
bool mapping_ignores(const struct mapping *mapping, const char *column);

/* Why the column is ignored; NULL when nothing is said of it. */
const char *mapping_reason(const struct mapping *mapping, const char *column);

/* True for mappings whose items are readings in slices, false for events. */
static inline bool mapping_has_slices(const struct mapping *mapping)
{
	return mapping->class != MAPPING_EVENT;
}

/* "row", "rows" ...: what the mapping makes of records, for messages. */
const char *mapping_noun(const struct mapping *mapping, bool many);

/* All mappings of a directory, by name. */
struct mapping_list {
	struct mapping **items;
	uint32_t count;
};

/* ERR_IO (no such directory, no mapping in it) and errors of mapping_load. */
int mapping_list_load(const char *dir, struct mapping_list *ret_list,
                      struct settings_error *ret_error) SG_MUST_CHECK;
void mapping_list_deinit(struct mapping_list *list);
const struct mapping *mapping_list_find(const struct mapping_list *list, const char *name);

#endif
