/* SPDX-License-Identifier: Apache-2.0
 * Mapping: what the columns of one exporter's files mean. A mapping is a YAML
 * file; a new platform is a new file and no code. config/mappings/README.md
 * describes every key.
 *
 * shape    one kind of row made from a record. A report that unfolds columns
 *          into rows has several; several shapes may bear one report id and
 *          then complete each other (partial rows).
 * column   an input column by name, held once per mapping; rules refer to it
 *          by its place in mapping.columns
 * name     a key, dimension, label or measure name, likewise in mapping.names */
#ifndef SG_MAPPING_MAPPING_H
#define SG_MAPPING_MAPPING_H

#include "base/arena.h"
#include "mapping/reader.h"
#include "mapping/when.h"
#include "settings/settings_load.h"

#define MAPPING_MEASURES  32 /* per shape */
#define MAPPING_NAMES     128
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

/* count: integer at scale 0; money and fraction: millionths. */
enum amount_kind { MEASURE_COUNT, MEASURE_MONEY, MEASURE_FRACTION };

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

static inline int measure_scale(const struct measure_rule *rule)
{
	return rule->kind == MEASURE_COUNT ? 0 : 6;
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

struct shape {
	const char *report; /* NULL for events */
	const char *level;
	bool rollup;
	int line;       /* in the mapping file */
	uint16_t first; /* place of the first shape with the same report id */
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
};

enum mapping_class { MAPPING_EVENT = 1, MAPPING_REPORT = 2 };

struct mapping {
	struct arena arena;
	const char *name; /* file name without .yaml */
	const char *file;
	const char *platform;
	const char *label;
	uint32_t revision;
	enum mapping_class class;
	bool formats[2]; /* by enum input_format */
	const char **absent;
	uint32_t absent_count;
	struct value_rule account;
	struct value_rule currency;
	struct value_rule zone;
	struct instant_rule as_of;
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
