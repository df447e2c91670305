/* SPDX-License-Identifier: Apache-2.0
 * The inside of evaluate_row, shared by evaluate*.c only. Each kind fills a row
 * whose kpi, bucket, group and time flags are set. */
#ifndef SG_QUERY_EVALUATE_PRIVATE_H
#define SG_QUERY_EVALUATE_PRIVATE_H

#include "query/evaluate.h"

void evaluate_ratio(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                    struct kpi_row *row);
void evaluate_share(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                    struct kpi_row *row);
void evaluate_orientation(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                          struct kpi_row *row);
void evaluate_survey(const struct evaluation *evaluation, uint32_t group, uint32_t bucket,
                     struct kpi_row *row);

/* Last day of the newest wave in the row: nothing later is in it, however far the
 * range reaches. */
int32_t evaluate_survey_through(const struct kpi_plan *kpi, uint32_t group, uint32_t bucket);

/* Makes the cells and, for grain `wave`, the buckets of a survey KPI. ERR_NOMEM. */
int evaluate_survey_begin(const struct evaluation *evaluation, const struct partition *partition,
                          struct arena *arena, struct kpi_plan *kpi) SG_MUST_CHECK;

/* The sums that the lens of a share's or split's whole sees. */
const struct sums *evaluate_whole(const struct evaluation *evaluation, const struct kpi_plan *kpi);

/* The rule is evidence.h's; of levels there is one or there is none. `sums` = NULL
 * for a side of levels only. */
bool evaluate_side_known(const struct sums *sums, const struct catalog *catalog,
                         const struct group *group, const struct linear *linear,
                         const struct side *side, bool complete);

/* overflow, coarser_than_grain, mixed_currency or fx_missing by what the sides say;
 * else leaves STATUS_OK. */
void evaluate_check(const struct side *num, const struct side *den, const struct currencies *seen,
                    struct kpi_row *row);

void evaluate_set_currency(const struct evaluation *evaluation, const struct currencies *seen,
                           struct kpi_row *row);

/* Value of numerator / denominator (or the numerator alone), with its micros. */
void evaluate_set_value(const struct kpi *kpi, bool ratio, struct kpi_row *row);

/* insufficient_sample where n is too small; then the value as far as it is shown. */
void evaluate_finish(const struct kpi *kpi, bool ratio, struct kpi_row *row);

#endif
