/* SPDX-License-Identifier: Apache-2.0
 * What survey responses and the sums of waves have in common. */
#ifndef SG_INGEST_SURVEYS_H
#define SG_INGEST_SURVEYS_H

#include "base/num.h"
#include "ingest/readings.h"

/* The frame of an item that was understood. */
struct plain_wave {
	const struct source_report *study;
	struct period period;
	uint32_t values[MODEL_DIMS]; /* segments */
};

/* num / den, rounded half to even; num at least 0, den above. */
int64_t survey_divide(i128 num, i128 den);

/* Study, wave and reading of an item. */
int survey_wave(struct applying *applying, const char *study, const pb_date *from,
                const pb_date *to, const struct reading_head *head, struct plain_wave *wave,
                struct fault *fault);

/* Segments as values by dimension. ERR_PII_SUSPECTED and what resolve_dims() finds. */
int survey_segments(struct applying *applying, pb_dim *const *dims, size_t count, uint32_t *values,
                    struct fault *fault);

/* Nothing of a text that is refused is told. ERR_BAD_ANSWER, ERR_PII_SUSPECTED, and
 * ERR_UNKNOWN_DIMENSION for a brand where there is no dimension `brand`. */
int survey_check_item(struct applying *applying, const char *item, const char *brand,
                      const char *field, struct fault *fault);
int survey_check_option(struct applying *applying, const char *option, const char *field,
                        struct fault *fault);

/* The base cell of an item that was checked; list[index] names it. */
int survey_item(struct applying *applying, const struct plain_wave *wave, const char *item,
                const char *brand, const char *list, size_t index, struct dict_answer *ret_answer,
                struct fault *fault);

/* An amount of one of the catalog's own measures. */
struct resolved_amount survey_amount(struct applying *applying, int measure, int64_t value);

/* Makes the amounts, `count` of them, the whole reading of the row. */
void survey_set_amounts(struct row_reading *reading, struct row_amount *amounts,
                        const struct resolved_amount *from, uint32_t count);

#endif
