/* SPDX-License-Identifier: Apache-2.0
 * A world (world.h) with the shipped vocabulary: surveys, levels, rates, rules. */
#ifndef TEST_QUERY_SIGNALS_H
#define TEST_QUERY_SIGNALS_H

#include "world.h"

void signals_open(struct world *world);
void signals_close(struct world *world);

/* A source that reported the measures ("spend clicks") on those days. */
struct source *signals_source(struct world *world, const char *name, const char *measures,
                              const char *first_day, const char *last_day);

/* An amount of a measure, into the sets that hold such things. `dims` is
 * "channel=email country=DE"; money is in `currency` ("" = none). */
void signals_add(struct world *world, const char *dims, const char *measure, const char *currency,
                 const char *day, uint32_t period_days, int64_t value);

/* So many people of one weight who chose the option ("" = the base alone). `dims`
 * names the item, and brand and segment as needed. */
void signals_people(struct world *world, const char *dims, const char *option, const char *day,
                    uint32_t period_days, uint32_t count, int64_t weight_micros);

void signals_rate(struct world *world, const char *currency, const char *day, int64_t rate_e12);

/* What is known of a campaign; NULL = nothing. */
void signals_campaign(struct world *world, const char *id, const char *name, const char *objective);

#endif
