/* SPDX-License-Identifier: Apache-2.0
 * A small tenant with a real partition, filled cell by cell. */
#ifndef TEST_QUERY_WORLD_H
#define TEST_QUERY_WORLD_H

#include "query/summary.h"
#include "rollup/writer.h"

/* Europe/Berlin, 2026-11-21T10:00:00+01:00. */
#define WORLD_NOW   INT64_C(1795251600000000)
#define WORLD_TODAY 20778

enum { M_IMPRESSIONS, M_CLICKS, M_SPEND, M_SESSIONS, M_CONVERSIONS, M_ORDERS, M_GROSS, M_REFUNDS };
enum { D_CHANNEL, D_CAMPAIGN, D_PRODUCT };

struct world {
	struct settings settings;
	struct tenant tenants[2];
	struct settings *loaded; /* signals.h only */
	struct partition *partition;
	int64_t mono_us;
	int64_t now_us;
	struct arena arena;
	/* of the last ask */
	struct query query;
	struct query_error error;
	struct plan plan;
	struct summary summary;
};

void world_open(struct world *world);
/* The same with ads and a shop, complete and final from 1 September to 20 November. */
void world_open_shop(struct world *world);
void world_close(struct world *world);

/* An item: dimension values by D_...; NULL = none. */
struct item {
	const char *dims[3];
	uint32_t period_days; /* 0 = an instant */
	const char *currency; /* of money, NULL = EUR */
};

/* Adds to the cells of all grouping sets. Items with a period are booked on the
 * day; instants at local midnight of the day plus `minute`. */
void world_add(struct world *world, const struct item *item, unsigned measure, int32_t day,
               int32_t minute, int64_t value);

/* A report's row of an hour: its day and hour are civil ones of the account. */
void world_add_hour(struct world *world, const struct item *item, unsigned measure, int32_t day,
                    int32_t hour, int64_t value);

/* A source as a sender would have left it: it reported the measures of the mask
 * `reported` (1 << M_...), on first_day..last_day. */
struct source *world_source(struct world *world, const char *name, enum source_class class,
                            uint64_t reported, int32_t first_day, int32_t last_day);
/* The days are complete by commit. */
void world_complete(struct source *source, int32_t first_day, int32_t last_day);

/* A heartbeat: everything before the instant was sent. */
void world_beat(const struct world *world, struct source *source, int64_t through_us);

/* Makes everything visible. */
void world_flush(struct world *world);
/* The same, and into stored pages: what is added later is a part of its own. */
void world_store(struct world *world);

int world_day(const char *text);

/* Parses and answers; 0 or an error, worded in world->error. */
int world_ask(struct world *world, const char *text);
int world_plan(struct world *world, const char *text);

/* The row of a KPI, group (texts joined by '/', "" = the only) and bucket. */
struct kpi_row world_row(const struct world *world, const char *kpi, const char *group,
                         uint32_t bucket);

/* The row has the status, and the value where that shows one. */
void world_expect(const struct kpi_row *row, enum row_status status, double value);

/* The answer encoded; freed by world_close. */
const char *world_encode(struct world *world, enum query_format format, size_t *ret_len);

#endif
