/* SPDX-License-Identifier: Apache-2.0
 * KPI expressions: `(gross_revenue - refunds - cogs - spend) / spend`.
 *
 * Grammar: numbers, measure[@layer], start(gauge), mean(gauge), + - * / ( ). The
 * result must be linear over linear (one division, at the top), so that a KPI is
 * always a ratio of sums and never a mean of ratios. Behind that division one
 * more may stand, by mean(gauge): `gross_revenue / units / mean(price_competitor)`.
 *
 * A gauge by its name is its last level in the bucket, start() the last one
 * before it, mean() the mean of all of the bucket. In one sum:
 *   - all terms have one unit, money or count;
 *   - gauges stand with gauges only, and a mean stands alone;
 *   - `claimed`, `survey` and `market` terms stand only with their own layer;
 *   - `observed` and `commerce` may meet in money only (revenue less spend).
 * A quotient may have any two layers. Exchange rates and the sums of survey
 * answers stand in no expression: money is converted by itself, and answers have
 * a kind of KPI of their own. */
#ifndef SG_MODEL_EXPR_H
#define SG_MODEL_EXPR_H

#include "model/catalog.h"

struct expr_error {
	int column; /* from 1, in the expression's text; 0 = the whole */
	char text[200];
};

struct expr {
	struct linear num;
	struct linear den; /* without terms = no division */
	int over;          /* gauge whose mean divides once more; -1 = none */
};

/* Parses `text` against the catalog's measures; terms are allocated in `arena`.
 * ERR_CONFIG with *ret_error. */
int expr_parse(const struct catalog *catalog, struct arena *arena, const char *text,
               struct expr *ret_expr, struct expr_error *ret_error) SG_MUST_CHECK;

#endif
