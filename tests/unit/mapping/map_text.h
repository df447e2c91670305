/* SPDX-License-Identifier: Apache-2.0
 * Helpers of the mapping tests: mappings and inputs from literal text. */
#ifndef SG_TESTS_MAP_TEXT_H
#define SG_TESTS_MAP_TEXT_H

#include "mapping/engine.h"

/* One mapped input; release with text_map_end. */
struct text_map {
	struct mapping *mapping;
	struct mapped mapped;
	struct read_error error;
	int err;
};

#define TEXT_AS_OF INT64_C(1700000000000000)

/* Maps `text` by the mapping that `yaml` describes; the test fails at once when
 * the mapping is not valid. What map_input said is in err and error. */
void text_map_begin(struct text_map *map, const char *yaml, const char *text);

/* The same with options of the caller. */
void text_map_with(struct text_map *map, const char *yaml, const char *text,
                   const struct map_options *options);
void text_map_end(struct text_map *map);

/* "name=value name=value" of a tuple, in names' order; static memory. */
const char *tuple_text(const struct items *items, uint32_t tuple);

/* The item's value of a measure by name; the test fails when it has none. */
int64_t amount_of(const struct items *items, const struct item *item, const char *measure);

/* True when the item has a value of the measure. */
bool has_amount(const struct items *items, const struct item *item, const char *measure);

/* A whole file, NUL-terminated, or NULL; free it. */
char *read_whole(const char *path, size_t *ret_len);

#endif
