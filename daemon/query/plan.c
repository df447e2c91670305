/* SPDX-License-Identifier: Apache-2.0 */
#include "query/plan.h"

#include <inttypes.h>
#include <string.h>

#include "query/derive.h"
#include "query/lens.h"
#include "query/range.h"
#include "query/refuse.h"

/* The longest period of the set's items, to find those that a range cuts. */
static uint32_t longest_stored(const struct partition *partition, uint32_t set)
{
	uint32_t longest = 1;
	uint32_t count = view_group_count(partition);
	for (uint32_t i = 0; i < count; i++) {
		struct view_group group = view_group(partition, i);
		if (group.set == set && group.period_days > longest)
			longest = group.period_days;
	}
	return longest;
}

static void clip(struct view_range *range, int32_t first, int32_t last)
{
	if (range->first_day < first)
		range->first_day = first;
	if (range->last_day > last)
		range->last_day = last;
}

/* Nothing lies outside the extent: its pages need not be asked for. */
static void clip_to_extent(struct partition *partition, struct view_range *range)
{
	int32_t first = 0;
	int32_t last = -1;
	if (!view_extent(partition, range->set, &first, &last)) {
		first = 0;
		last = -1;
	}
	clip(range, first, last);
}

/* What is kept of the range's minutes or hours. */
static struct view_range fine_range(const struct plan *plan, struct partition *partition,
                                    const struct lens *lens, enum grain grain)
{
	struct view_range range = {lens->set, grain, plan->from, plan->to};
	uint32_t keep = plan->settings->retention.keep_days[grain];
	clip_to_extent(partition, &range);
	if (keep)
		clip(&range, plan->feeds.today - (int32_t)keep - 1, INT32_MAX);
	return range;
}

static void plan_ranges(const struct plan *plan, struct partition *partition, struct lens *lens)
{
	enum query_grain grain = plan->query->grain;
	bool fine = lens->kind == LENS_SUMS && (grain == QUERY_MINUTE || grain == QUERY_HOUR);
	int32_t before = (int32_t)longest_stored(partition, lens->set) - 1;
	/* Of waves only the whole range shows one from before it. */
	if (lens->kind == LENS_LEVELS || (lens->kind == LENS_WAVES && grain == QUERY_TOTAL))
		before += FEED_LOOKBACK_DAYS;
	struct view_range days = {lens->set, GRAIN_DAY, plan->from - before, plan->to};
	clip_to_extent(partition, &days);
	lens->range_count = 0;
	if (fine)
		lens->ranges[lens->range_count++] = fine_range(
		    plan, partition, lens, grain == QUERY_MINUTE ? GRAIN_MINUTE : GRAIN_HOUR);
	lens->ranges[lens->range_count++] = days;
	if (fine && grain == QUERY_MINUTE)
		lens->ranges[lens->range_count++] = fine_range(plan, partition, lens, GRAIN_HOUR);
}

static bool reads_money(const struct plan *plan, const struct measure_set *set, bool levels)
{
	const struct catalog *catalog = &plan->settings->catalog;
	for (uint32_t i = 0; i < catalog->measure_count; i++)
		if (set->bits[i / 64] >> (i % 64) & 1 && catalog->measures[i].money &&
		    (!levels || catalog->measures[i].kind == MEASURE_GAUGE))
			return true;
	return false;
}

/* The first day with amounts to be converted: levels may be older than the range. */
static int32_t first_amount(const struct plan *plan)
{
	int32_t first = plan->from;
	for (uint32_t i = 0; i < plan->lens_count; i++) {
		const struct lens *lens = &plan->lenses[i];
		const struct view_range *range = &lens->ranges[0];
		if (lens->kind == LENS_LEVELS && range->first_day < first &&
		    range->first_day <= range->last_day && reads_money(plan, &lens->measures, true))
			first = range->first_day;
	}
	return first;
}

/* Amounts are converted where the settings name a source of rates and the query
 * does not say otherwise. */
static void plan_money(struct plan *plan, struct partition *partition)
{
	const struct query *query = plan->query;
	const struct fx_settings *fx = &plan->settings->fx;
	memcpy(plan->currency, query->currency[0] ? query->currency : plan->tenant->currency,
	       sizeof(plan->currency));
	plan->rates = (struct view_range){.grain = GRAIN_DAY, .last_day = -1};
	plan->money = MONEY_AS_IS;
	if (!fx->source[0] || query->money == MONEY_AS_IS)
		return;
	plan->money = query->money;
	plan->rate_day = query->rate_day;
	bool constant = plan->money == MONEY_CONSTANT;
	if (!reads_money(plan, &plan->measures, false))
		return;
	int32_t first = constant ? plan->rate_day : first_amount(plan);
	plan->rates.first_day = first - (int32_t)fx->max_carry_days;
	plan->rates.last_day = constant ? plan->rate_day : plan->to;
	clip_to_extent(partition, &plan->rates);
}

const struct view_range *plan_range(const struct plan *plan, uint32_t index)
{
	for (uint32_t i = 0; i < plan->lens_count; i++) {
		const struct lens *lens = &plan->lenses[i];
		for (uint32_t k = 0; k < lens->range_count; k++)
			if (lens->ranges[k].first_day <= lens->ranges[k].last_day && index-- == 0)
				return &lens->ranges[k];
	}
	bool rates = plan->rates.first_day <= plan->rates.last_day;
	return rates && index == 0 ? &plan->rates : NULL;
}

int plan_missing(const struct plan *plan, struct partition *partition, struct fetch_list *missing)
{
	const struct view_range *range;
	for (uint32_t i = 0; (range = plan_range(plan, i)) != NULL; i++) {
		int err = view_missing(partition, range, missing);
		if (err != 0)
			return err;
	}
	return 0;
}

int plan_check_rows(const struct plan *plan, uint64_t groups, uint32_t kpis, struct arena *arena,
                    struct query_error *ret_error)
{
	uint64_t limit = plan->settings->limits.query_rows;
	uint64_t rows = groups;
	if (__builtin_mul_overflow(rows, (uint64_t)kpis, &rows) ||
	    __builtin_mul_overflow(rows, (uint64_t)plan->bucket_count, &rows) || rows > limit)
		return query_refuse(ret_error, ERR_TOO_MANY_ROWS, "kpi",
		                    arena_printf(arena,
		                                 "The answer would have %" PRIu64
		                                 " groups x %u KPIs x %u buckets, "
		                                 "more than %" PRIu64
		                                 " rows; name fewer KPIs or days, a coarser grain, "
		                                 "or a filter.",
		                                 groups, kpis, plan->bucket_count, limit),
		                    NULL);
	return 0;
}

int plan_build(const struct query *query, const struct settings *settings,
               struct partition *partition, int64_t now_us, struct arena *arena,
               struct plan *ret_plan, struct query_error *ret_error)
{
	struct plan plan = {
	    .settings = settings, .tenant = &settings->tenants[query->tenant], .query = query};
	int err = feeds_read(partition, plan.tenant, settings->lateness_grace_minutes, now_us,
	                     arena, &plan.feeds);
	if (err == 0)
		err = lens_choose(&plan, partition, arena, ret_error);
	if (err == 0)
		err = range_resolve(&plan, arena, ret_error);
	if (err == 0)
		err = range_buckets(&plan, arena, ret_error);
	if (err == 0)
		err = plan_check_rows(&plan, 1, plan.kpi_count, arena, ret_error);
	if (err != 0)
		return err;
	feeds_place(&plan.feeds, plan.from);
	if (settings->rules[RULE_CHANNEL].count + settings->rules[RULE_STAGE].count +
	        settings->rules[RULE_ORIENTATION].count >
	    0)
		err = derive_begin(&plan, partition, arena);
	if (err != 0)
		return err;
	for (uint32_t i = 0; i < plan.lens_count; i++)
		plan_ranges(&plan, partition, &plan.lenses[i]);
	plan_money(&plan, partition);
	*ret_plan = plan;
	return 0;
}
