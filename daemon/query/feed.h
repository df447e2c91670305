/* SPDX-License-Identifier: Apache-2.0
 * Feeds: what the sources say of their own completeness, as readers may see it.
 *
 * feed              one source of the partition, as of the last answered flush
 * complete_through  last day of the newest run of complete days (see source.h for
 *                   gaps before it). A source
 *                   that never declared a day complete is assumed complete
 *                   through the last day that ended at least the lateness grace
 *                   ago (report sources: at most through the last day they
 *                   reported), and marked `assumed`
 * final_through     min(complete_through, today - final_after_days)
 * live              committed within three cadences of now and complete to
 *                   within three cadences of today; others hold nothing back
 * feeding           a source feeds the measures that it has reported
 * past              its newest day lies so far before the range that it says nothing
 *                   of it: 13 weeks; of surveys and the market as far as the newest
 *                   earlier wave or level is looked for. It is not counted: an
 *                   export of years ago must not make today's figures stale */
#ifndef SG_QUERY_FEED_H
#define SG_QUERY_FEED_H

#include "query/params.h"
#include "rollup/view.h"

#define FEED_NO_DAY        INT32_MIN
#define FEED_LOOKBACK_DAYS 400 /* how far back the newest earlier level or wave is looked for */

struct feed {
	const struct source *source;
	const char *zone; /* of its days: a report source's own, else the tenant's */
	int32_t complete_through;
	int32_t final_through;
	bool assumed;
	bool live;
	bool past; /* as feeds_place says */
};

struct feeds {
	struct feed *items; /* by name */
	uint32_t count;
	const struct tenant *tenant;
	int64_t now_us;
	int64_t grace_us;
	int32_t today; /* in the tenant's zone */
};

/* Reads every source of the partition. ERR_NOMEM. */
int feeds_read(const struct partition *partition, const struct tenant *tenant,
               uint32_t grace_minutes, int64_t now_us, struct arena *arena,
               struct feeds *ret_feeds) SG_MUST_CHECK;

/* Says which feeds are past for a range that begins on the day. */
void feeds_place(struct feeds *feeds, int32_t from);

/* A set of measures, bit i = catalog.measures[i]. */
struct measure_set {
	uint64_t bits[MODEL_MEASURES / 64];
};

static inline void measure_set_add(struct measure_set *set, unsigned measure)
{
	set->bits[measure / 64] |= (uint64_t)1 << measure % 64;
}

/* The measures of a KPI (also the one n is taken from); of surveys the daemon's own. */
struct measure_set kpi_measures(const struct kpi *kpi, const struct catalog *catalog);

/* True when the source has reported one of the measures. */
bool feed_has(const struct feed *feed, const struct measure_set *measures);

/* False for a survey's KPI where the source has nothing of its studies, and for any
 * where it is past. */
bool feed_tells(const struct feed *feed, const struct kpi *kpi);

/* The days first..last lie whole within what the source declared, or is
 * assumed, complete. A day before the source's first is not. */
bool feed_complete(const struct feed *feed, int32_t first, int32_t last);

/* What the feeding sources of some measures have in common. */
struct feed_summary {
	uint32_t count;
	int32_t complete_through; /* least of all; FEED_NO_DAY = not known */
	int32_t final_through;
	bool assumed;          /* of at least one */
	const char *zone;      /* NULL = their days lie in several zones */
	const char *names;     /* joined by ';', from the ninth on as "+N" */
	const char *currency;  /* NULL = several */
	uint32_t cadence_days; /* slowest of all, at least 1 */
};

/* ERR_NOMEM. */
int feeds_summarize(const struct feeds *feeds, const struct kpi *kpi, const struct catalog *catalog,
                    struct arena *arena, struct feed_summary *ret_summary) SG_MUST_CHECK;

/* The greatest day to which every live source with a cadence of a day or less
 * that feeds one of the measures is complete; yesterday when there is none.
 * *ret_held_back = the source that holds it back (NULL = none), *ret_assumed =
 * the end rests on an assumption. */
int32_t feeds_default_end(const struct feeds *feeds, const struct measure_set *measures,
                          const char **ret_held_back, bool *ret_assumed);

#endif
