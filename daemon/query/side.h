/* SPDX-License-Identifier: Apache-2.0
 * Sides: numerator and denominator of a KPI for one row, exact, in one currency.
 *
 * Money of one currency on both sides of a ratio needs no rate. Otherwise amounts
 * of another currency than the query's are taken as converted; where nothing is
 * converted, two currencies are `mixed`. */
#ifndef SG_QUERY_SIDE_H
#define SG_QUERY_SIDE_H

#include "query/reading.h"

/* Amounts at scale 12 fit 128 bits while the amount itself fits 64. */
#define EXACT_SCALE 12

struct side {
	i128 value;    /* at EXACT_SCALE */
	uint8_t flags; /* enum sum_flag, of all its sums */
	bool money;
	bool overflow;
	bool apart;    /* levels in it do not add up */
	bool levels;   /* a gauge is in it */
	bool present;  /* of a gauge: there is a level */
	int32_t first; /* days of the newest level in it */
	int32_t last;
};

/* The row's one currency: of all sums that are not 0; where all are, of any. */
struct currencies {
	char of_amounts[4];
	char of_zeros[4];
	bool mixed;
	bool converted; /* amounts were taken as converted */
};

/* Where a side's measures are read. */
struct side_place {
	const struct plan *plan;
	const struct sums *sums; /* NULL = the side has gauges only */
	uint32_t group;
	const struct levels *levels; /* NULL = has none */
	uint32_t levels_group;       /* GROUP_UNKNOWN = the levels do not know the group */
	uint32_t bucket;
};

#define GROUP_UNKNOWN UINT32_MAX

/* Notes the currencies of a side's amounts; call for every side of the row. */
void side_currencies(const struct side_place *place, const struct linear *linear,
                     struct currencies *seen);

/* Decides whether amounts are to be converted: `ratio` = money is set against
 * money of the same row. */
void side_settle(const struct plan *plan, bool ratio, struct currencies *seen);

void side_sum(const struct side_place *place, const struct linear *linear,
              const struct currencies *seen, struct side *ret_side);

/* A measure's plain count in the row, for samples. */
uint64_t side_count(const struct side_place *place, uint16_t measure);

i128 side_power10(int exponent);

/* round_half_even(mult x num / den) at scale 6; false when it does not fit 64 bits. */
bool ratio_micros(int64_t mult, i128 num, i128 den, int64_t *ret_micros);

#endif
