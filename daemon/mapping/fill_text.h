/* SPDX-License-Identifier: Apache-2.0
 * The texts, dates and amounts of one record. Internal to the engine. */
#ifndef SG_MAPPING_FILL_TEXT_H
#define SG_MAPPING_FILL_TEXT_H

#include "mapping/fill.h"

/* Notes column and detail of a failure and returns err. */
int fill_fail(struct fill *fill, int err, const char *column, const char *format, ...)
    SG_PRINTF(4, 5);

/* True when the text is one of those that mean "no value". */
bool fill_absent(const struct fill *fill, const struct field *field);

/* True when the record passes all filters. */
bool fill_passes(const struct fill *fill, const struct filter_rule *filters, uint32_t count,
                 const struct record *record);

/* The field of a column reference; absent markers make it absent. */
struct field fill_field(const struct fill *fill, const struct record *record, uint16_t column);

/* The text of a rule, absent when its column is. Joined texts live in
 * fill->text until the next call. ERR_UNKNOWN_VALUE. */
int fill_value(struct fill *fill, const struct record *record, const struct value_rule *rule,
               struct field *ret_text) SG_MUST_CHECK;

/* Takes an item into the list and its feed's counts. ERR_NOMEM. */
int fill_add(struct fill *fill, const struct item *item, const int64_t *values) SG_MUST_CHECK;

enum tuple_use { TUPLE_KEY, TUPLE_DIMS, TUPLE_LABELS };

/* The tuple of the rules' values. */
int fill_tuple(struct fill *fill, const struct record *record, const struct dim_rules *rules,
               enum tuple_use use, uint32_t *ret_tuple) SG_MUST_CHECK;

/* A text of its own (an id, a type), ITEM_NO_ID when not given. */
int fill_own_text(struct fill *fill, const struct record *record, const struct value_rule *rule,
                  uint32_t *ret_text) SG_MUST_CHECK;

/* True when a text may stand in an item: 1 to 128 bytes, no control characters. */
bool fill_text_good(const char *text, size_t len);

/* The wave that the record belongs to. `zone` is of instants with an offset, NULL = UTC. */
int fill_wave(struct fill *fill, const struct record *record, const struct wave_rule *rule,
              const struct zone *zone, struct item *item) SG_MUST_CHECK;

/* What the kinds of shapes add to an item whose feed and as_of are known; each appends what it
 * makes and says *ret_empty when that is nothing. */
int fill_response(struct fill *fill, uint32_t index, const struct record *record, struct item *item,
                  bool *ret_empty) SG_MUST_CHECK;
int fill_aggregate(struct fill *fill, const struct shape *shape, const struct record *record,
                   struct item *item, bool *ret_empty) SG_MUST_CHECK;
int fill_rates(struct fill *fill, uint32_t index, const struct record *record, struct item *item,
               bool *ret_empty) SG_MUST_CHECK;

/* The civil period of a report row. */
int fill_period(struct fill *fill, const struct record *record, const struct period_rule *rule,
                struct item *item) SG_MUST_CHECK;

/* An instant; *ret_given false when its column is absent. `zone` is for texts
 * without an offset. */
int fill_instant(struct fill *fill, const struct record *record, const struct instant_rule *rule,
                 const struct zone *zone, bool utc, int64_t *ret_us, bool *ret_given) SG_MUST_CHECK;

/* All amounts of the shape: values in order and the mask. */
int fill_amounts(struct fill *fill, const struct record *record, const struct shape *shape,
                 int64_t *values, uint32_t *ret_mask) SG_MUST_CHECK;

#endif
