/* SPDX-License-Identifier: Apache-2.0
 * Recognise: which mapping a file belongs to, by its columns and, for JSON, by
 * the streams in it. */
#ifndef SG_MAPPING_RECOGNISE_H
#define SG_MAPPING_RECOGNISE_H

#include "mapping/mapping.h"

/* What is known of a file: its columns, and the values of the columns that
 * some mapping filters by (`stream`), each as `column=value`. */
struct sight {
	enum input_format format;
	struct intern columns;
	struct intern values;
	bool silent; /* messages of a connector, and no record among them */
};

/* Looks at the first records of the input (20,000 of JSON; of CSV the heading is
 * enough for the columns). Errors as reader_open and reader_next. */
int sight_take(struct input input, const struct mapping_list *list, struct sight *ret_sight,
               struct read_error *ret_error) SG_MUST_CHECK;
void sight_deinit(struct sight *sight);

/* References into mapping.columns, each once. */
struct shape_columns {
	uint16_t columns[MAPPING_COLUMNS];
	uint32_t count;
};

/* The columns that the shape cannot do without, or `all` that it reads. */
void shape_columns(const struct mapping *mapping, const struct shape *shape, bool all,
                   struct shape_columns *needs);

/* True when the shape can be read from such a file: every column it needs is
 * there and none of `without`; likewise of those that unfold from its entry. */
bool sight_fits(const struct sight *sight, const struct mapping *mapping,
                const struct shape *shape);

/* True when records that the shape filters for were seen; CSV files show theirs
 * late. */
bool sight_met(const struct sight *sight, const struct mapping *mapping, const struct shape *shape);

struct recognition {
	const struct mapping *mapping; /* NULL = none, or several fit equally */
	char text[1024];               /* then: what is nearest and lacks which columns */
};

/* The mapping with a fitting shape; of several the one that reads most of the
 * file's columns. A file that lacks some column of what it is counted by fits
 * nowhere: the text names the column. */
void recognise(const struct sight *sight, const struct mapping_list *list,
               struct recognition *ret_recognition);

/* Whether a mapping that was named fits; if not, the columns it misses. */
bool recognise_named(const struct sight *sight, const struct mapping *mapping,
                     struct recognition *ret_recognition);

#endif
