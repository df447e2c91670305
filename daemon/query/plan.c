/* SPDX-License-Identifier: Apache-2.0 */
#include "query/plan.h"

#include <inttypes.h>
#include <string.h>

#include "query/range.h"
#include "query/refuse.h"

static const char *set_names(const struct catalog *catalog, struct arena *arena)
{
	const char *list = "";
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		const char *more =
		    arena_printf(arena, "%s%s%s", list, i ? ", " : "", catalog->sets[i].text);
		list = more ? more : list;
	}
	return list;
}

static uint8_t position_of(const struct grouping_set *set, uint8_t dim)
{
	for (uint8_t i = 0; i < set->dim_count; i++)
		if (set->dims[i] == dim)
			return i;
	err_impossible("the grouping set holds the dimension", __FILE__, __LINE__);
}

static int resolve_filter(struct plan *plan, const struct partition *partition,
                          const struct query_filter *filter, struct arena *arena,
                          struct plan_filter *ret_filter)
{
	const struct grouping_set *set = &plan->settings->catalog.sets[plan->set];
	struct plan_filter resolved = {.position = position_of(set, filter->dim)};
	resolved.values = arena_alloc(arena, filter->value_count * sizeof(*resolved.values));
	if (!resolved.values)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < filter->value_count; i++) {
		const char *text = filter->values[i];
		uint32_t value = strcmp(text, "__none__") == 0
		                     ? VIEW_NO_VALUE
		                     : view_value_find(partition, filter->dim, text, strlen(text));
		if (value != VIEW_UNKNOWN_VALUE)
			resolved.values[resolved.value_count++] = value;
	}
	*ret_filter = resolved;
	return 0;
}

static int resolve_dims(struct plan *plan, const struct partition *partition, struct arena *arena,
                        struct query_error *ret_error)
{
	const struct catalog *catalog = &plan->settings->catalog;
	const struct query *query = plan->query;
	uint32_t mask = 0;
	for (uint32_t i = 0; i < query->by_count; i++)
		mask |= 1u << query->by[i];
	for (uint32_t i = 0; i < query->filter_count; i++)
		mask |= 1u << query->filters[i].dim;
	int set = catalog_set_for(catalog, mask);
	if (set < 0)
		return query_refuse(ret_error, ERR_NOT_ROLLED_UP, query->by_count ? "by" : "filter",
		                    "The dimensions of `by` and `filter` together must lie within "
		                    "one configured grouping set.",
		                    set_names(catalog, arena));
	plan->set = (uint32_t)set;
	for (uint32_t i = 0; i < query->by_count; i++)
		plan->by[i] = position_of(&catalog->sets[set], query->by[i]);
	for (uint32_t i = 0; i < query->filter_count; i++) {
		int err =
		    resolve_filter(plan, partition, &query->filters[i], arena, &plan->filters[i]);
		if (err != 0)
			return err;
	}
	return 0;
}

/* The longest period of the set's items, to find those that a range cuts. */
static uint32_t longest_stored(const struct plan *plan, const struct partition *partition)
{
	uint32_t longest = 1;
	uint32_t count = view_group_count(partition);
	for (uint32_t i = 0; i < count; i++) {
		struct view_group group = view_group(partition, i);
		if (group.set == plan->set && group.period_days > longest)
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

static void plan_ranges(struct plan *plan, struct partition *partition)
{
	enum query_grain grain = plan->query->grain;
	bool fine = grain == QUERY_MINUTE || grain == QUERY_HOUR;
	uint32_t before = longest_stored(plan, partition) - 1;
	int32_t first = plan->from - (int32_t)before;
	struct view_range days = {plan->set, GRAIN_DAY, first, plan->to};
	struct view_range cells = {plan->set, grain == QUERY_MINUTE ? GRAIN_MINUTE : GRAIN_HOUR,
	                           plan->from, plan->to};
	int32_t extent_first = 0;
	int32_t extent_last = -1;
	/* Nothing lies outside the extent: its pages need not be asked for. */
	if (!view_extent(partition, plan->set, &extent_first, &extent_last)) {
		extent_first = 0;
		extent_last = -1;
	}
	clip(&days, extent_first, extent_last);
	plan->range_count = 0;
	if (fine) {
		uint32_t keep = plan->settings->retention.keep_days[cells.grain];
		clip(&cells, extent_first, extent_last);
		if (keep)
			clip(&cells, plan->feeds.today - (int32_t)keep - 1, INT32_MAX);
		plan->ranges[plan->range_count++] = cells;
	}
	plan->ranges[plan->range_count++] = days;
}

int plan_check_rows(const struct plan *plan, uint64_t groups, struct arena *arena,
                    struct query_error *ret_error)
{
	uint64_t limit = plan->settings->limits.query_rows;
	uint64_t rows = groups;
	if (__builtin_mul_overflow(rows, (uint64_t)plan->query->kpi_count, &rows) ||
	    __builtin_mul_overflow(rows, (uint64_t)plan->bucket_count, &rows) || rows > limit)
		return query_refuse(
		    ret_error, ERR_TOO_MANY_ROWS, "kpi",
		    arena_printf(arena,
		                 "The answer would have %" PRIu64 " groups x %u KPIs x %u buckets, "
		                 "more than %" PRIu64
		                 " rows; name fewer KPIs or days, a coarser grain, "
		                 "or a filter.",
		                 groups, plan->query->kpi_count, plan->bucket_count, limit),
		    NULL);
	return 0;
}

static void collect_measures(struct plan *plan)
{
	const struct catalog *catalog = &plan->settings->catalog;
	for (uint32_t i = 0; i < plan->query->kpi_count; i++) {
		struct measure_set set = kpi_measures(&catalog->kpis[plan->query->kpis[i]]);
		for (size_t word = 0; word < MODEL_MEASURES / 64; word++)
			plan->measures.bits[word] |= set.bits[word];
	}
}

int plan_build(const struct query *query, const struct settings *settings,
               struct partition *partition, int64_t now_us, struct arena *arena,
               struct plan *ret_plan, struct query_error *ret_error)
{
	struct plan plan = {
	    .settings = settings, .tenant = &settings->tenants[query->tenant], .query = query};
	collect_measures(&plan);
	int err = feeds_read(partition, plan.tenant, settings->lateness_grace_minutes, now_us,
	                     arena, &plan.feeds);
	if (err == 0)
		err = resolve_dims(&plan, partition, arena, ret_error);
	if (err == 0)
		err = range_resolve(&plan, arena, ret_error);
	if (err == 0)
		err = range_buckets(&plan, arena, ret_error);
	if (err == 0)
		err = plan_check_rows(&plan, 1, arena, ret_error);
	if (err != 0)
		return err;
	plan_ranges(&plan, partition);
	*ret_plan = plan;
	return 0;
}
