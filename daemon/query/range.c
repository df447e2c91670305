/* SPDX-License-Identifier: Apache-2.0 */
#include "query/range.h"

#include "query/refuse.h"

#define MINUTE_US ((int64_t)60 * 1000000)

/* this=...: from the period's first day to its last complete day, or to today
 * while it has none. */
static void this_period(struct plan *plan, int32_t first, int32_t end)
{
	plan->from = first;
	plan->to = end >= first ? end : plan->feeds.today;
	if (plan->to != end)
		plan->held_back_by = NULL;
}

static void back_from(struct plan *plan, int32_t end)
{
	const struct query *query = plan->query;
	int32_t today = plan->feeds.today;
	int32_t number = (int32_t)query->number;
	struct civil_date date = civil_date_of(today);
	switch (query->range) {
	case RANGE_LAST_DAYS:
		plan->to = end;
		plan->from = end - number + 1;
		return;
	case RANGE_LAST_WEEKS:
		/* The last whole week ends on the last Sunday up to the end. */
		plan->to = civil_week_start(end + 1) - 1;
		plan->from = plan->to - number * 7 + 1;
		return;
	case RANGE_LAST_MONTHS:
		plan->to = civil_month_start(end + 1) - 1;
		plan->from = civil_month_add(end + 1, -number);
		return;
	case RANGE_THIS_WEEK:
		this_period(plan, civil_week_start(today), end);
		return;
	case RANGE_THIS_MONTH:
		this_period(plan, civil_month_start(today), end);
		return;
	case RANGE_THIS_YEAR:
		this_period(plan, civil_day((struct civil_date){date.year, 1, 1}), end);
		return;
	case RANGE_DAYS:
		plan->from = query->from;
		plan->to = end;
		return;
	}
}

int range_resolve(struct plan *plan, struct arena *arena, struct query_error *ret_error)
{
	if (plan->query->range == RANGE_DAYS && plan->query->has_to) {
		plan->from = plan->query->from;
		plan->to = plan->query->to;
		return 0;
	}
	int32_t end = feeds_default_end(&plan->feeds, &plan->measures, &plan->held_back_by,
	                                &plan->assumed_end);
	back_from(plan, end);
	if (plan->from > plan->to) {
		char text[CIVIL_DAY_TEXT];
		civil_format_day(text, end);
		return query_refuse(ret_error, ERR_BAD_PARAMETER, "from",
		                    arena_printf(arena,
		                                 "Without `to` the range ends on the last complete "
		                                 "day, %s, before `from`; give a `to`.",
		                                 text),
		                    NULL);
	}
	if (plan->from < CIVIL_DAY_MIN || plan->to > CIVIL_DAY_MAX)
		return query_refuse(ret_error, ERR_BAD_PARAMETER, "last",
		                    "The range must lie within 1970-01-01 to 2200-12-31.", NULL);
	return 0;
}

/* ---- buckets ---- */

static int32_t bucket_start(enum query_grain grain, int32_t day)
{
	if (grain == QUERY_WEEK)
		return civil_week_start(day);
	return grain == QUERY_MONTH ? civil_month_start(day) : day;
}

static int32_t next_start(enum query_grain grain, int32_t day)
{
	if (grain == QUERY_WEEK)
		return civil_week_start(day) + 7;
	return grain == QUERY_MONTH ? civil_month_add(day, 1) : day + 1;
}

/* At most as many buckets as the range can have: a plan makes no more memory
 * than its answer has rows. */
static uint64_t bucket_bound(const struct plan *plan)
{
	uint64_t days = (uint64_t)(plan->to - plan->from) + 1;
	switch (plan->query->grain) {
	case QUERY_TOTAL:
	case QUERY_WAVE:
		return 1;
	case QUERY_MINUTE:
		return (uint64_t)((zone_day_start(plan->tenant->zone, plan->to + 1) -
		                   zone_day_start(plan->tenant->zone, plan->from)) /
		                  MINUTE_US) +
		       days;
	case QUERY_HOUR:
		return days * 48;
	case QUERY_WEEK:
		return days / 7 + 2;
	case QUERY_MONTH:
		return days / 28 + 2;
	default:
		return days;
	}
}

static void day_buckets(struct plan *plan)
{
	enum query_grain grain = plan->query->grain;
	for (int32_t day = plan->from; day <= plan->to;) {
		bool whole = grain == QUERY_TOTAL || grain == QUERY_WAVE;
		int32_t next = whole ? plan->to + 1 : next_start(grain, day);
		struct plan_bucket bucket = {.first_day = day, .last_day = next - 1};
		if (grain == QUERY_WEEK || grain == QUERY_MONTH)
			bucket.partial = bucket_start(grain, day) < day || next - 1 > plan->to;
		if (bucket.last_day > plan->to)
			bucket.last_day = plan->to;
		plan->buckets[plan->bucket_count++] = bucket;
		day = next;
	}
}

static void minute_buckets(struct plan *plan)
{
	const struct zone *zone = plan->tenant->zone;
	for (int32_t day = plan->from; day <= plan->to; day++) {
		int64_t end_us = zone_day_start(zone, day + 1);
		for (int64_t us = zone_day_start(zone, day); us < end_us; us += MINUTE_US)
			plan->buckets[plan->bucket_count++] =
			    (struct plan_bucket){.first_day = day,
			                         .last_day = day,
			                         .start_us = us,
			                         .end_us = us + MINUTE_US};
	}
}

/* The hours of a day in order of time: the second pass of a repeated hour comes
 * before the hour that follows it. */
static void hour_buckets(struct plan *plan)
{
	const struct zone *zone = plan->tenant->zone;
	for (int32_t day = plan->from; day <= plan->to; day++) {
		uint32_t first = plan->bucket_count;
		for (int32_t slot = 0; slot < 48; slot++) {
			int64_t start_us = 0;
			if (!zone_hour_start(zone, day, slot % 24, slot / 24, &start_us))
				continue;
			uint32_t at = plan->bucket_count++;
			for (; at > first && plan->buckets[at - 1].start_us > start_us; at--)
				plan->buckets[at] = plan->buckets[at - 1];
			plan->buckets[at] = (struct plan_bucket){.first_day = day,
			                                         .last_day = day,
			                                         .start_us = start_us,
			                                         .end_us = slot};
		}
		/* end_us bore the slot while the hours were being sorted. */
		for (uint32_t i = first; i < plan->bucket_count; i++) {
			int64_t slot = plan->buckets[i].end_us;
			plan->hour_slots[(int64_t)(day - plan->from) * 48 + slot] = (int32_t)i;
			plan->buckets[i].end_us = i + 1 < plan->bucket_count
			                              ? plan->buckets[i + 1].start_us
			                              : zone_day_start(zone, day + 1);
		}
	}
}

/* Items too old for a grain went to the coarser ones: what is left of such a
 * bucket, if anything, is not all of it. Hours are kept by whole days. */
static void mark_expired(struct plan *plan)
{
	bool minutes = plan->query->grain == QUERY_MINUTE;
	uint32_t keep = plan->settings->retention.keep_days[minutes ? GRAIN_MINUTE : GRAIN_HOUR];
	for (uint32_t i = 0; keep && i < plan->bucket_count; i++) {
		struct plan_bucket *bucket = &plan->buckets[i];
		int64_t end_us = minutes ? bucket->start_us
		                         : zone_day_start(plan->tenant->zone, bucket->last_day + 1);
		bucket->expired = end_us + (int64_t)keep * 86400000000 <= plan->feeds.now_us;
		plan->expired_count += bucket->expired;
	}
}

int range_buckets(struct plan *plan, struct arena *arena, struct query_error *ret_error)
{
	uint64_t bound = bucket_bound(plan);
	uint64_t limit = plan->settings->limits.query_rows;
	/* The bound of hours is generous: few days have a second pass of any. */
	uint64_t least = plan->query->grain == QUERY_HOUR ? bound / 2 : bound;
	if (least > limit) {
		plan->bucket_count = least > UINT32_MAX ? UINT32_MAX : (uint32_t)least;
		return plan_check_rows(plan, 1, plan->kpi_count, arena, ret_error);
	}
	plan->bucket_count = 0;
	plan->buckets = arena_alloc(arena, (size_t)bound * sizeof(*plan->buckets));
	if (!plan->buckets)
		return ERR_NOMEM;
	if (plan->query->grain == QUERY_MINUTE) {
		minute_buckets(plan);
		mark_expired(plan);
	} else if (plan->query->grain == QUERY_HOUR) {
		plan->hour_slots = arena_alloc(arena, (size_t)bound * sizeof(*plan->hour_slots));
		if (!plan->hour_slots)
			return ERR_NOMEM;
		for (uint64_t i = 0; i < bound; i++)
			plan->hour_slots[i] = -1;
		hour_buckets(plan);
		mark_expired(plan);
	} else {
		day_buckets(plan);
	}
	return 0;
}

uint32_t plan_bucket_of_day(const struct plan *plan, int32_t day)
{
	if (day < plan->from || day > plan->to)
		return PLAN_NO_BUCKET;
	uint32_t low = 0;
	uint32_t high = plan->bucket_count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (plan->buckets[middle].last_day < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t plan_bucket_of_cell(const struct plan *plan, int32_t cell_bucket)
{
	switch (plan->query->grain) {
	case QUERY_MINUTE: {
		/* Minutes run on without a gap from the first bucket's. */
		int64_t at = cell_bucket - plan->buckets[0].start_us / MINUTE_US;
		return at >= 0 && at < plan->bucket_count ? (uint32_t)at : PLAN_NO_BUCKET;
	}
	case QUERY_HOUR: {
		int64_t at = (int64_t)cell_bucket - (int64_t)plan->from * 48;
		bool inside = at >= 0 && at < ((int64_t)plan->to - plan->from + 1) * 48;
		return inside && plan->hour_slots[at] >= 0 ? (uint32_t)plan->hour_slots[at]
		                                           : PLAN_NO_BUCKET;
	}
	default:
		return plan_bucket_of_day(plan, cell_bucket);
	}
}

uint32_t plan_longest_period(const struct plan *plan)
{
	switch (plan->query->grain) {
	case QUERY_TOTAL:
	case QUERY_WAVE:
		return UINT32_MAX;
	case QUERY_MONTH:
		return 31;
	case QUERY_WEEK:
		return 7;
	case QUERY_DAY:
		return 1;
	default:
		return 0;
	}
}
