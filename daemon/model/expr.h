/* SPDX-License-Identifier: Apache-2.0
 * KPI expressions: `(gross_revenue - refunds - cogs - spend) / spend`.
 *
 * Grammar: numbers, measure[@layer], + - * / ( ). The result must be linear
 * over linear (one division, at the top), so that a KPI is always a ratio of
 * sums and never a mean of ratios. In one sum:
 *   - all terms have one unit, money or count;
 *   - `claimed`, `survey` and `market` terms stand only with their own layer;
 *   - `observed` and `commerce` may meet in money only (revenue less spend). */
#ifndef SG_MODEL_EXPR_H
#define SG_MODEL_EXPR_H

#include "model/catalog.h"

struct expr_error {
	int column; /* from 1, in the expression's text; 0 = the whole */
	char text[200];
};

/* Parses `text` against the catalog's measures into num and den (den without
 * terms = no division); terms are allocated in `arena`. ERR_CONFIG with *ret_error. */
int expr_parse(const struct catalog *catalog, struct arena *arena, const char *text,
               struct linear *ret_num, struct linear *ret_den,
               struct expr_error *ret_error) SG_MUST_CHECK;

#endif
