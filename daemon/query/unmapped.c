/* SPDX-License-Identifier: Apache-2.0 */
#include "query/unmapped.h"

#include <stdlib.h>
#include <string.h>

#include "query/exchange.h"
#include "query/lens.h"
#include "query/refuse.h"

const char *const unmapped_parameters[] = {"tenant", "rule",     "from", "to",     "last",
                                           "this",   "currency", "fx",   "format", NULL};

static const char *const filters[RULE_TARGETS] = {
    [RULE_CHANNEL] = "channel:unclassified",
    [RULE_STAGE] = "campaign_stage:unclassified",
    [RULE_ORIENTATION] = "campaign_orientation:unclassified",
};

/* ---- the query ---- */

static int parse_target(const struct params *params, struct arena *arena,
                        enum rule_target *ret_target, struct query_error *ret_error)
{
	const char *name = params_get(params, "rule");
	*ret_target = RULE_ORIENTATION;
	for (int i = 0; name && i < RULE_TARGETS; i++) {
		if (strcmp(name, rule_target_name((enum rule_target)i)) != 0)
			continue;
		*ret_target = (enum rule_target)i;
		return 0;
	}
	if (!name)
		return 0;
	return query_refuse(
	    ret_error, ERR_BAD_PARAMETER, "rule",
	    arena_printf(arena, "There is no kind of rules `%s`.", query_shown(arena, name)),
	    "orientation, stage, channel");
}

int unmapped_parse(const struct params *params, const struct settings *settings,
                   struct arena *arena, struct query *ret_query, enum rule_target *ret_target,
                   struct query_error *ret_error)
{
	static const char *const passed[] = {"tenant", "from",     "to", "last",
	                                     "this",   "currency", "fx"};
	struct params asked = {.visible = params->visible};
	int err = parse_target(params, arena, ret_target, ret_error);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = params_get(params, passed[i]);
		if (value)
			asked.items[asked.count++] = (struct param){passed[i], value};
	}
	const char *filter = filters[*ret_target];
	/* Without rules channels are what is stored. */
	if (*ret_target == RULE_CHANNEL && !settings->rules[RULE_CHANNEL].count)
		filter = "channel:__none__";
	asked.items[asked.count++] = (struct param){"kpi", UNMAPPED_KPI};
	asked.items[asked.count++] = (struct param){"by", "campaign"};
	asked.items[asked.count++] = (struct param){"filter", filter};
	asked.items[asked.count++] = (struct param){"grain", "total"};
	return query_parse(&asked, settings, arena, ret_query, ret_error);
}

/* ---- collecting ---- */

/* Money of one campaign, stored channel and column on one day. */
struct part {
	uint32_t campaign;
	uint32_t channel;
	uint32_t column;
	int32_t day;
	int32_t last_day; /* of the period */
	i128 micros;
};

struct collect {
	const struct plan *plan;
	const struct lens *lens;
	struct partition *partition;
	struct arena *arena;
	int measure;
	int8_t *takes; /* by view group: 0 = not looked at yet, 1 yes, -1 no */
	struct part *parts;
	uint32_t count;
	uint32_t cap;
	struct exchange exchange;
	int err;
};

static struct part *add_part(struct collect *collect)
{
	if (collect->count == collect->cap) {
		uint32_t cap = collect->cap ? collect->cap * 2 : 256;
		struct part *parts = arena_alloc(collect->arena, cap * sizeof(*parts));
		if (!parts) {
			collect->err = ERR_NOMEM;
			return NULL;
		}
		if (collect->count)
			memcpy(parts, collect->parts, collect->count * sizeof(*parts));
		collect->parts = parts;
		collect->cap = cap;
	}
	return &collect->parts[collect->count++];
}

static uint32_t value_at(const struct view_group *group, uint8_t place)
{
	return place == LENS_NO_PLACE ? VIEW_NO_VALUE : group->values[place];
}

static bool takes(struct collect *collect, uint32_t id, const struct view_group *group)
{
	if (!collect->takes[id])
		collect->takes[id] =
		    value_at(group, collect->lens->campaign) != VIEW_NO_VALUE &&
		            lens_takes(collect->plan, collect->lens, collect->partition, group)
		        ? 1
		        : -1;
	return collect->takes[id] > 0;
}

static void take_cell(void *arg, uint32_t id, uint32_t column, int32_t bucket, int64_t value)
{
	struct collect *collect = arg;
	if (collect->err || view_column(collect->partition, column).measure != collect->measure)
		return;
	struct view_group group = view_group(collect->partition, id);
	int32_t last = bucket + (group.period_days ? (int32_t)group.period_days - 1 : 0);
	/* As in a summary: a period that the range cuts is left out. */
	if (bucket < collect->plan->from || last > collect->plan->to || !takes(collect, id, &group))
		return;
	struct part *part = add_part(collect);
	if (part)
		*part = (struct part){.campaign = value_at(&group, collect->lens->campaign),
		                      .channel = value_at(&group, collect->lens->channel),
		                      .column = column,
		                      .day = bucket,
		                      .last_day = last,
		                      .micros = value};
}

static void take_rate(void *arg, uint32_t id, uint32_t column, int32_t day, int64_t value)
{
	struct collect *collect = arg;
	struct view_column of = view_column(collect->partition, column);
	(void)id;
	if (!collect->err && of.measure == collect->plan->settings->catalog.fx_rate)
		collect->err =
		    exchange_add(&collect->exchange, collect->arena, of.currency, day, value);
}

static int read_cells(struct collect *collect)
{
	const struct plan *plan = collect->plan;
	const struct view_range *cells = &collect->lens->ranges[0];
	int err = 0;
	if (collect->lens->range_count > 0 && cells->first_day <= cells->last_day)
		err = view_scan(collect->partition, cells, take_cell, collect);
	collect->exchange.max_carry_days = plan->settings->fx.max_carry_days;
	memcpy(collect->exchange.base, plan->settings->fx.base, sizeof(collect->exchange.base));
	if (!err && plan->rates.first_day <= plan->rates.last_day)
		err = view_scan(collect->partition, &plan->rates, take_rate, collect);
	exchange_sort(&collect->exchange);
	return err ? err : collect->err;
}

/* ---- rows ---- */

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_campaign(const void *left, const void *right)
{
	const struct part *a = left;
	const struct part *b = right;
	int order = compare(a->campaign, b->campaign);
	order = order ? order : compare(a->channel, b->channel);
	order = order ? order : compare(a->column, b->column);
	return order ? order : compare(a->day, b->day);
}

/* The parts of one campaign, channel and column are first..end - 1. False when one
 * of the days has no rate. */
static bool convert(const struct collect *collect, uint32_t first, uint32_t end, const char from[4],
                    i128 *ret_micros)
{
	const struct plan *plan = collect->plan;
	i128 sum = 0;
	uint32_t next = first;
	if (plan->money == MONEY_AS_IS)
		return false;
	for (uint32_t at = first; at < end; at = next) {
		i128 day = 0;
		i128 converted = 0;
		/* Rounded once per day, as in a summary. */
		for (next = at; next < end && collect->parts[next].day == collect->parts[at].day;
		     next++)
			day += collect->parts[next].micros;
		int32_t of =
		    plan->money == MONEY_CONSTANT ? plan->rate_day : collect->parts[at].day;
		enum exchange_result result =
		    exchange_convert(&collect->exchange, day, from, plan->currency, of, &converted);
		if (result != EXCHANGE_OK && result != EXCHANGE_CARRIED)
			return false;
		sum += converted;
	}
	*ret_micros = sum;
	return true;
}

/* The row of the campaign and currency, among those from `first` on. */
static struct unmapped_row *row_of(struct unmapped *unmapped, uint32_t first,
                                   const struct part *part, const char *currency)
{
	for (uint32_t i = first; i < unmapped->count; i++)
		if (strcmp(unmapped->rows[i].currency, currency) == 0)
			return &unmapped->rows[i];
	struct unmapped_row *row = &unmapped->rows[unmapped->count++];
	*row = (struct unmapped_row){.campaign = part->campaign,
	                             .channel = part->channel,
	                             .first_day = part->day,
	                             .last_day = part->last_day};
	strcpy(row->currency, currency);
	return row;
}

static void add_column(const struct collect *collect, struct unmapped *unmapped, uint32_t row_first,
                       uint32_t first, uint32_t end)
{
	const char *target = collect->plan->currency;
	const struct part *parts = collect->parts;
	struct view_column column = view_column(collect->partition, parts[first].column);
	bool foreign = strcmp(column.currency, target) != 0;
	i128 micros = 0;
	bool converted = foreign && convert(collect, first, end, column.currency, &micros);
	for (uint32_t i = first; !converted && i < end; i++)
		micros += parts[i].micros;
	struct unmapped_row *row =
	    row_of(unmapped, row_first, &parts[first], converted ? target : column.currency);
	row->micros += micros;
	row->converted = row->converted || converted;
	for (uint32_t i = first; i < end; i++) {
		row->first_day = parts[i].day < row->first_day ? parts[i].day : row->first_day;
		row->last_day =
		    parts[i].last_day > row->last_day ? parts[i].last_day : row->last_day;
	}
}

static bool same_row(const struct part *a, const struct part *b)
{
	return a->campaign == b->campaign && a->channel == b->channel;
}

static void make_rows(const struct collect *collect, struct unmapped *unmapped)
{
	const struct part *parts = collect->parts;
	uint32_t row_first = 0;
	uint32_t end = 0;
	for (uint32_t first = 0; first < collect->count; first = end) {
		for (end = first; end < collect->count && same_row(&parts[end], &parts[first]) &&
		                  parts[end].column == parts[first].column;
		     end++)
			;
		if (first == 0 || !same_row(&parts[first - 1], &parts[first]))
			row_first = unmapped->count;
		add_column(collect, unmapped, row_first, first, end);
	}
}

static int by_money(const void *left, const void *right)
{
	const struct unmapped_row *a = left;
	const struct unmapped_row *b = right;
	int order = strcmp(a->currency, b->currency);
	if (!order && a->micros != b->micros)
		return a->micros > b->micros ? -1 : 1;
	order = order ? order : compare(a->campaign, b->campaign);
	return order ? order : compare(a->channel, b->channel);
}

/* Rows of no money are left out; those in the plan's currency go first. */
static void order_rows(const struct plan *plan, struct unmapped *unmapped)
{
	struct unmapped_row *rows = unmapped->rows;
	uint32_t count = 0;
	uint32_t first = 0;
	for (uint32_t i = 0; i < unmapped->count; i++)
		if (rows[i].micros)
			rows[count++] = rows[i];
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(rows[i].currency, plan->currency) != 0)
			continue;
		struct unmapped_row row = rows[i];
		rows[i] = rows[first];
		rows[first++] = row;
	}
	if (first > 1)
		qsort(rows, first, sizeof(*rows), by_money);
	if (count - first > 1)
		qsort(rows + first, count - first, sizeof(*rows), by_money);
	unmapped->count = count;
}

/* The measure that the KPI sums up; -1 when it is something else. */
static int measure_of(const struct plan *plan)
{
	const struct kpi *kpi = plan->kpi_count == 1 ? plan->kpis[0].kpi : NULL;
	if (!kpi || kpi->kind != KPI_RATIO || kpi->num.count != 1 || kpi->den.count != 0 ||
	    kpi->over >= 0 || kpi->num.terms[0].at != AT_SUM)
		return -1;
	int measure = kpi->num.terms[0].measure;
	return plan->settings->catalog.measures[measure].money ? measure : -1;
}

int unmapped_collect(const struct plan *plan, struct partition *partition, struct arena *arena,
                     struct unmapped *ret_unmapped)
{
	struct unmapped unmapped = {NULL, 0};
	struct collect collect = {
	    .plan = plan, .partition = partition, .arena = arena, .measure = measure_of(plan)};
	if (collect.measure < 0)
		return ERR_NOT_ROLLED_UP;
	collect.lens = &plan->lenses[plan->kpis[0].lens];
	collect.takes = arena_zalloc(arena, view_group_count(partition) + 1);
	if (!collect.takes)
		return ERR_NOMEM;
	int err = read_cells(&collect);
	if (err)
		return err;
	if (collect.count > 1)
		qsort(collect.parts, collect.count, sizeof(*collect.parts), by_campaign);
	unmapped.rows = arena_alloc(arena, (collect.count + 1) * sizeof(*unmapped.rows));
	if (!unmapped.rows)
		return ERR_NOMEM;
	make_rows(&collect, &unmapped);
	order_rows(plan, &unmapped);
	*ret_unmapped = unmapped;
	return 0;
}
