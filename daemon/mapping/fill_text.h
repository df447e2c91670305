/* SPDX-License-Identifier: Apache-2.0
 * The texts, dates and amounts of one record. Internal to the engine. */
#ifndef SG_MAPPING_FILL_TEXT_H
#define SG_MAPPING_FILL_TEXT_H

#include "mapping/fill.h"

/* Notes column and detail of a failure and returns err. */
int fill_fail(struct fill *fill, int err, const char *column, const char *format, ...)
    SG_PRINTF(4, 5);

/* The field of a column reference; absent markers make it absent. */
struct field fill_field(const struct fill *fill, const struct record *record, uint16_t column);

/* The text of a rule, absent when its column is. Joined texts live in
 * fill->text until the next call. ERR_UNKNOWN_VALUE. */
int fill_value(struct fill *fill, const struct record *record, const struct value_rule *rule,
               struct field *ret_text) SG_MUST_CHECK;

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
