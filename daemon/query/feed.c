/* SPDX-License-Identifier: Apache-2.0 */
#include "query/feed.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_US     ((int64_t)3600 * 1000000)
#define LIVE        3 /* cadences */
#define NAMES_SHOWN 8
#define PAST_DAYS   91 /* 13 weeks */

static uint32_t cadence_hours(const struct source *source)
{
	return source->cadence_hours ? source->cadence_hours : 24;
}

/* Last day that ended at least the grace ago. */
static int32_t assumed_day(const struct feeds *feeds)
{
	int32_t day = feeds->today - 1;
	while (zone_day_start(feeds->tenant->zone, day + 1) + feeds->grace_us > feeds->now_us)
		day--;
	return day;
}

static void read_completeness(const struct feeds *feeds, struct feed *feed)
{
	const struct source *source = feed->source;
	const struct source_public *state = &source->published;
	feed->complete_through = source_complete_through(state);
	if (feed->complete_through == FEED_NO_DAY && state->first_day <= state->last_day) {
		int32_t day = assumed_day(feeds);
		bool report = source->class != SOURCE_EVENT;
		feed->complete_through = report && state->last_day < day ? state->last_day : day;
		feed->assumed = true;
	}
	if (feed->complete_through == FEED_NO_DAY)
		return;
	int32_t settled = feeds->today - (int32_t)source->final_after_days;
	feed->final_through = feed->complete_through < settled ? feed->complete_through : settled;
	int64_t live_us = (int64_t)cadence_hours(source) * LIVE * HOUR_US;
	int32_t live_days = (int32_t)((cadence_hours(source) * LIVE + 23) / 24);
	feed->live = state->last_received_us >= feeds->now_us - live_us &&
	             feed->complete_through >= feeds->today - live_days;
}

static int by_name(const void *a, const void *b)
{
	const struct feed *left = a;
	const struct feed *right = b;
	return strcmp(left->source->name, right->source->name);
}

int feeds_read(const struct partition *partition, const struct tenant *tenant,
               uint32_t grace_minutes, int64_t now_us, struct arena *arena, struct feeds *ret_feeds)
{
	uint32_t count = partition_source_count(partition);
	struct feeds feeds = {.tenant = tenant,
	                      .now_us = now_us,
	                      .grace_us = (int64_t)grace_minutes * 60 * 1000000,
	                      .today = zone_local_of(tenant->zone, now_us).day};
	feeds.items = arena_zalloc(arena, (count + 1) * sizeof(*feeds.items));
	if (!feeds.items)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		/* Readers change nothing; the accessor serves writers as well. */
		const struct source *source = partition_source((struct partition *)partition, i);
		struct feed *feed = &feeds.items[feeds.count];
		*feed = (struct feed){.source = source,
		                      .complete_through = FEED_NO_DAY,
		                      .final_through = FEED_NO_DAY};
		feed->zone = source->class != SOURCE_EVENT && source->zone_name[0]
		                 ? source->zone_name
		                 : zone_name(tenant->zone);
		read_completeness(&feeds, feed);
		feeds.count++;
	}
	qsort(feeds.items, feeds.count, sizeof(*feeds.items), by_name);
	*ret_feeds = feeds;
	return 0;
}

void feeds_place(struct feeds *feeds, int32_t from)
{
	for (uint32_t i = 0; i < feeds->count; i++) {
		struct feed *feed = &feeds->items[i];
		enum source_class class = feed->source->class;
		bool slow = class == SOURCE_SURVEY || class == SOURCE_MARKET;
		int32_t newest = feed->source->published.last_day;
		feed->past = !feed->live && newest < from - (slow ? FEED_LOOKBACK_DAYS : PAST_DAYS);
	}
}

struct measure_set kpi_measures(const struct kpi *kpi, const struct catalog *catalog)
{
	struct measure_set set = {{0}};
	if (kpi->kind == KPI_SURVEY)
		measure_set_add(&set, (unsigned)catalog->respondents);
	if (kpi->over >= 0)
		measure_set_add(&set, (unsigned)kpi->over);
	for (uint32_t i = 0; i < kpi->num.count; i++)
		measure_set_add(&set, kpi->num.terms[i].measure);
	for (uint32_t i = 0; i < kpi->den.count; i++)
		measure_set_add(&set, kpi->den.terms[i].measure);
	if (kpi->min_on >= 0)
		measure_set_add(&set, (unsigned)kpi->min_on);
	return set;
}

bool feed_has(const struct feed *feed, const struct measure_set *measures)
{
	for (size_t i = 0; i < MODEL_MEASURES / 64; i++)
		if (feed->source->published.measures[i] & measures->bits[i])
			return true;
	return false;
}

static bool declares(const struct source *source, const char *item)
{
	size_t study = item ? strcspn(item, "/") : 0;
	for (uint32_t i = 0; item && i < source->report_count; i++)
		if (strlen(source->reports[i].id) == study &&
		    memcmp(source->reports[i].id, item, study) == 0)
			return true;
	return false;
}

bool feed_tells(const struct feed *feed, const struct kpi *kpi)
{
	const struct kpi_survey *survey = kpi->survey;
	if (feed->past)
		return false;
	if (kpi->kind != KPI_SURVEY)
		return true;
	return declares(feed->source, survey->ask.item) ||
	       declares(feed->source, survey->base_item) || declares(feed->source, survey->of.item);
}

bool feed_complete(const struct feed *feed, int32_t first, int32_t last)
{
	const struct source_public *state = &feed->source->published;
	bool report = feed->source->class != SOURCE_EVENT;
	if (!feed->assumed)
		return source_days_complete(state, first, last) &&
		       (report || first >= state->first_day);
	return feed->complete_through != FEED_NO_DAY && last <= feed->complete_through &&
	       first >= state->first_day;
}

static bool feeds_kpi(const struct feed *feed, const struct measure_set *measures,
                      const struct kpi *kpi)
{
	return feed_has(feed, measures) && feed_tells(feed, kpi);
}

static const char *join_names(const struct feeds *feeds, const struct measure_set *measures,
                              const struct kpi *kpi, uint32_t count, struct arena *arena)
{
	const char *names = "";
	uint32_t shown = 0;
	for (uint32_t i = 0; names && i < feeds->count && shown < NAMES_SHOWN; i++) {
		if (!feeds_kpi(&feeds->items[i], measures, kpi))
			continue;
		names = arena_printf(arena, "%s%s%s", names, shown ? ";" : "",
		                     feeds->items[i].source->name);
		shown++;
	}
	if (names && count > NAMES_SHOWN)
		names = arena_printf(arena, "%s;+%u", names, count - NAMES_SHOWN);
	return names;
}

int feeds_summarize(const struct feeds *feeds, const struct kpi *kpi, const struct catalog *catalog,
                    struct arena *arena, struct feed_summary *ret_summary)
{
	struct measure_set measures = kpi_measures(kpi, catalog);
	struct feed_summary sum = {
	    .complete_through = INT32_MAX, .final_through = INT32_MAX, .cadence_days = 1};
	sum.zone = zone_name(feeds->tenant->zone);
	sum.currency = feeds->tenant->currency;
	for (uint32_t i = 0; i < feeds->count; i++) {
		const struct feed *feed = &feeds->items[i];
		if (!feeds_kpi(feed, &measures, kpi))
			continue;
		uint32_t cadence = (cadence_hours(feed->source) + 23) / 24;
		sum.cadence_days = cadence > sum.cadence_days ? cadence : sum.cadence_days;
		if (sum.count++ == 0) {
			sum.zone = feed->zone;
			sum.currency = feed->source->currency;
		}
		if (sum.zone && strcmp(sum.zone, feed->zone) != 0)
			sum.zone = NULL;
		if (sum.currency && strcmp(sum.currency, feed->source->currency) != 0)
			sum.currency = NULL;
		if (feed->complete_through < sum.complete_through)
			sum.complete_through = feed->complete_through;
		if (feed->final_through < sum.final_through)
			sum.final_through = feed->final_through;
		sum.assumed = sum.assumed || feed->assumed;
	}
	if (sum.count == 0) {
		sum.complete_through = FEED_NO_DAY;
		sum.final_through = FEED_NO_DAY;
	}
	sum.names = join_names(feeds, &measures, kpi, sum.count, arena);
	if (!sum.names)
		return ERR_NOMEM;
	*ret_summary = sum;
	return 0;
}

int32_t feeds_default_end(const struct feeds *feeds, const struct measure_set *measures,
                          const char **ret_held_back, bool *ret_assumed)
{
	const struct feed *slowest = NULL;
	for (uint32_t i = 0; i < feeds->count; i++) {
		const struct feed *feed = &feeds->items[i];
		if (!feed->live || cadence_hours(feed->source) > 24 || !feed_has(feed, measures))
			continue;
		if (!slowest || feed->complete_through < slowest->complete_through)
			slowest = feed;
	}
	*ret_held_back = NULL;
	*ret_assumed = !slowest || slowest->assumed;
	if (!slowest)
		return feeds->today - 1;
	/* A source that is complete to yesterday or further holds nothing back. */
	if (slowest->complete_through < feeds->today - 1)
		*ret_held_back = slowest->source->name;
	return slowest->complete_through > feeds->today ? feeds->today : slowest->complete_through;
}
