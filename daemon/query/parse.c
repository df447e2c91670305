/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "query/refuse.h"

struct parse {
	const struct params *params;
	const struct settings *settings;
	const struct catalog *catalog;
	struct arena *arena;
	struct query *query;
	struct query_error *error;
};

#define NAMES_MAX 1200 /* bytes of a list of allowed names */

/* Appends ", name"; past NAMES_MAX the list ends with "...". */
static const char *list_add(struct arena *arena, const char *list, const char *name)
{
	size_t len = strlen(list);
	if (len >= 3 && strcmp(list + len - 3, "...") == 0)
		return list;
	const char *more =
	    arena_printf(arena, "%s%s%s", list, len ? ", " : "", len > NAMES_MAX ? "..." : name);
	return more ? more : list;
}

static int refuse_value(struct parse *parse, const char *parameter, const char *value,
                        const char *what, const char *allowed)
{
	return query_refuse(
	    parse->error, ERR_BAD_PARAMETER, parameter,
	    arena_printf(parse->arena, "`%s` %s", query_shown(parse->arena, value), what), allowed);
}

/* ---- ranges ---- */

/* Digits only, at most 18 of them, after an optional '-'. */
static bool parse_integer(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	const char *digit = text + negative;
	size_t len = strlen(digit);
	int64_t value = 0;
	if (len == 0 || len > 18)
		return false;
	for (; *digit; digit++) {
		if (*digit < '0' || *digit > '9')
			return false;
		value = value * 10 + (*digit - '0');
	}
	*ret_value = negative ? -value : value;
	return true;
}

static int parse_day(struct parse *parse, const char *parameter, const char *text, int32_t *ret_day)
{
	static const char allowed[] = "2026-11-21, 2026-11-21T10:00:00Z, 1795255200000 (epoch "
	                              "milliseconds); 1970-01-01 to 2200-12-31";
	const struct zone *zone = parse->settings->tenants[parse->query->tenant].zone;
	size_t len = strlen(text);
	int64_t number = 0;
	int64_t instant_us = 0;
	int32_t day = 0;
	if (civil_parse_day(text, len, ret_day) == 0)
		return 0;
	bool is_number = parse_integer(text, &number);
	/* Fewer digits are seconds or YYYYMMDD, and would be taken for 1970. */
	if (is_number && number < 10000000000)
		return refuse_value(parse, parameter, text,
		                    "is too small for epoch milliseconds; is it in seconds?",
		                    allowed);
	if (is_number && number < INT64_MAX / 2000)
		instant_us = number * 1000;
	else if (is_number)
		instant_us = INT64_MAX;
	if (is_number || civil_parse_instant(text, len, &instant_us) == 0) {
		bool sane = instant_us >= 0 && instant_us / 86400000000 <= CIVIL_DAY_MAX;
		day = sane ? zone_local_of(zone, instant_us).day : -1;
		if (day >= CIVIL_DAY_MIN && day <= CIVIL_DAY_MAX) {
			*ret_day = day;
			return 0;
		}
	}
	return refuse_value(parse, parameter, text, "is not a day.", allowed);
}

static int parse_last(struct parse *parse, const char *text)
{
	static const char allowed[] =
	    "28d (days), 12w (whole ISO weeks), 3m (whole months); 1 to 3660";
	uint32_t number = 0;
	const char *next = text;
	for (; *next >= '0' && *next <= '9' && number <= QUERY_LAST_MAX; next++)
		number = number * 10 + (uint32_t)(*next - '0');
	if (number < 1 || number > QUERY_LAST_MAX || !*next || next[1])
		return refuse_value(parse, "last", text,
		                    "is not a number of days, weeks or months.", allowed);
	parse->query->number = number;
	switch (*next) {
	case 'd':
		parse->query->range = RANGE_LAST_DAYS;
		return 0;
	case 'w':
		parse->query->range = RANGE_LAST_WEEKS;
		return 0;
	case 'm':
		parse->query->range = RANGE_LAST_MONTHS;
		return 0;
	default:
		return refuse_value(parse, "last", text, "has no known unit.", allowed);
	}
}

static int parse_this(struct parse *parse, const char *text)
{
	static const struct {
		const char *name;
		enum query_range range;
	} units[] = {
	    {"week", RANGE_THIS_WEEK}, {"month", RANGE_THIS_MONTH}, {"year", RANGE_THIS_YEAR}};
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, text) == 0) {
			parse->query->range = units[i].range;
			return 0;
		}
	}
	return refuse_value(parse, "this", text, "is no period.", "week, month, year");
}

static int parse_range(struct parse *parse)
{
	struct query *query = parse->query;
	const char *from = params_get(parse->params, "from");
	const char *to = params_get(parse->params, "to");
	const char *last = params_get(parse->params, "last");
	const char *this = params_get(parse->params, "this");
	query->range = RANGE_LAST_DAYS;
	query->number = 28;
	if ((from || to) + (last != NULL) + (this != NULL) > 1)
		return query_refuse(parse->error, ERR_BAD_PARAMETER, last ? "last" : "this",
		                    "A range is given in one way.",
		                    "from and to, or last, or this");
	if (last)
		return parse_last(parse, last);
	if (this)
		return parse_this(parse, this);
	if (!from && !to)
		return 0;
	if (!from)
		return query_refuse(parse->error, ERR_BAD_PARAMETER, "from",
		                    "`to` needs a `from` beside it.", "2026-11-21");
	query->range = RANGE_DAYS;
	int err = parse_day(parse, "from", from, &query->from);
	if (err != 0 || !to)
		return err;
	err = parse_day(parse, "to", to, &query->to);
	if (err != 0)
		return err;
	query->has_to = true;
	if (query->to < query->from)
		return refuse_value(parse, "to", to, "lies before `from`: the range is backwards.",
		                    "a day on or after `from`");
	return 0;
}

/* ---- names ---- */

/* The next item of a comma list; false at its end. */
static bool next_item(const char **list, const char **ret_item, size_t *ret_len)
{
	if (!*list)
		return false;
	const char *comma = strchr(*list, ',');
	*ret_item = *list;
	*ret_len = comma ? (size_t)(comma - *list) : strlen(*list);
	*list = comma ? comma + 1 : NULL;
	return true;
}

static int refuse_item(struct parse *parse, const char *parameter, const char *item, size_t len,
                       const char *what, const char *allowed)
{
	const char *copy = arena_strndup(parse->arena, item, len);
	return refuse_value(parse, parameter, copy ? copy : "", what, allowed);
}

static const char *dim_names(const struct parse *parse)
{
	const char *list = "";
	for (uint32_t i = 0; i < parse->catalog->dim_count; i++)
		list = list_add(parse->arena, list, parse->catalog->dims[i].id);
	return list;
}

static int parse_by(struct parse *parse)
{
	const char *list = params_get(parse->params, "by");
	struct query *query = parse->query;
	const char *item = NULL;
	size_t len = 0;
	if (list && !*list)
		return 0;
	while (next_item(&list, &item, &len)) {
		int dim = catalog_dim(parse->catalog, item, len);
		if (dim < 0)
			return refuse_item(parse, "by", item, len, "is not a dimension.",
			                   dim_names(parse));
		for (uint32_t i = 0; i < query->by_count; i++)
			if (query->by[i] == dim)
				return refuse_item(parse, "by", item, len, "is named twice.", NULL);
		if (query->by_count == MODEL_SET_DIMS)
			return query_refuse(parse->error, ERR_BAD_PARAMETER, "by",
			                    "A grouping has at most 6 dimensions.", NULL);
		query->by[query->by_count++] = (uint8_t)dim;
	}
	return 0;
}

static int parse_kpis(struct parse *parse)
{
	const struct catalog *catalog = parse->catalog;
	const char *stages = params_get(parse->params, "stage");
	const char *kpis = params_get(parse->params, "kpi");
	bool named = kpis && *kpis;
	bool all = (!stages || !*stages) && !named;
	bool *wanted = arena_zalloc(parse->arena, catalog->kpi_count + 1);
	uint16_t *chosen = arena_alloc(parse->arena, (catalog->kpi_count + 1) * sizeof(*chosen));
	const char *item = NULL;
	const char *names = "";
	size_t len = 0;
	if (!wanted || !chosen)
		return ERR_NOMEM;
	while (stages && *stages && next_item(&stages, &item, &len)) {
		int stage = catalog_stage(catalog, item, len);
		for (uint32_t i = 0; stage < 0 && i < catalog->stage_count; i++)
			names = list_add(parse->arena, names, catalog->stages[i].id);
		if (stage < 0)
			return refuse_item(parse, "stage", item, len, "is not a stage.", names);
		for (uint32_t i = 0; i < catalog->kpi_count; i++)
			wanted[i] = wanted[i] || catalog->kpis[i].stage == stage;
	}
	while (kpis && *kpis && next_item(&kpis, &item, &len)) {
		int kpi = catalog_kpi(catalog, item, len);
		for (uint32_t i = 0; kpi < 0 && i < catalog->kpi_count; i++)
			names = list_add(parse->arena, names, catalog->kpis[i].id);
		if (kpi < 0)
			return refuse_item(parse, "kpi", item, len, "is not a KPI.", names);
		wanted[kpi] = true;
	}
	parse->query->kpis = chosen;
	parse->query->kpis_named = named;
	for (uint32_t i = 0; i < catalog->kpi_count; i++)
		if (all || wanted[i])
			chosen[parse->query->kpi_count++] = (uint16_t)i;
	return 0;
}

static int parse_grain(struct parse *parse)
{
	const char *name = params_get(parse->params, "grain");
	const char *names = "";
	for (enum query_grain grain = 0; grain < QUERY_GRAINS; grain++) {
		if (name && strcmp(name, query_grain_name(grain)) == 0) {
			parse->query->grain = grain;
			return 0;
		}
		names = list_add(parse->arena, names, query_grain_name(grain));
	}
	return name ? refuse_value(parse, "grain", name, "is not a grain.", names) : 0;
}

/* ---- filters ---- */

static int parse_value(struct parse *parse, const struct dimension *dim, const char *item,
                       size_t len, struct query_filter *filter)
{
	if (len == 0 || len > MODEL_VALUE_MAX)
		return refuse_item(parse, "filter", item, len,
		                   "is no value: it has 1 to 128 bytes.", NULL);
	if (filter->value_count == QUERY_VALUES)
		return query_refuse(parse->error, ERR_BAD_PARAMETER, "filter",
		                    "A filter has at most 200 values.", NULL);
	const char *value = arena_strndup(parse->arena, item, len);
	if (!value)
		return ERR_NOMEM;
	static const char *const reserved[] = {"__none__", "__other__", "unclassified"};
	bool known = !dim->values;
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		known = known || strcmp(value, reserved[i]) == 0;
	const char *names = "";
	for (uint32_t i = 0; !known && i < dim->value_count; i++) {
		known = strcmp(dim->values[i], value) == 0;
		names = list_add(parse->arena, names, dim->values[i]);
	}
	if (!known)
		return refuse_value(parse, "filter", value, "is not a value of the dimension.",
		                    list_add(parse->arena, names, "__none__"));
	filter->values[filter->value_count++] = value;
	return 0;
}

static int parse_filter(struct parse *parse, const char *text)
{
	struct query *query = parse->query;
	const char *colon = strchr(text, ':');
	if (!colon)
		return refuse_value(parse, "filter", text, "has no `:` behind its dimension.",
		                    "channel:paid_search,display");
	int dim = catalog_dim(parse->catalog, text, (size_t)(colon - text));
	if (dim < 0)
		return refuse_item(parse, "filter", text, (size_t)(colon - text),
		                   "is not a dimension.", dim_names(parse));
	for (uint32_t i = 0; i < query->filter_count; i++)
		if (query->filters[i].dim == dim)
			return refuse_item(parse, "filter", text, (size_t)(colon - text),
			                   "is filtered twice; list its values in one filter.",
			                   "channel:paid_search,display");
	if (query->filter_count == QUERY_FILTERS)
		return query_refuse(parse->error, ERR_BAD_PARAMETER, "filter",
		                    "A query has at most 6 filters.", NULL);
	struct query_filter filter = {.dim = (uint8_t)dim};
	filter.values = arena_alloc(parse->arena, QUERY_VALUES * sizeof(*filter.values));
	if (!filter.values)
		return ERR_NOMEM;
	const char *list = colon + 1;
	const char *item = NULL;
	size_t len = 0;
	while (next_item(&list, &item, &len)) {
		int err = parse_value(parse, &parse->catalog->dims[dim], item, len, &filter);
		if (err != 0)
			return err;
	}
	query->filters[query->filter_count++] = filter;
	return 0;
}

static int parse_filters(struct parse *parse)
{
	for (uint32_t i = 0; i < parse->params->count; i++) {
		const struct param *param = &parse->params->items[i];
		if (strcmp(param->name, "filter") != 0)
			continue;
		int err = parse_filter(parse, param->value);
		if (err != 0)
			return err;
	}
	return 0;
}

/* ---- money ---- */

static int need_rates(const struct parse *parse, const char *parameter)
{
	if (parse->settings->fx.source[0])
		return 0;
	return query_refuse(parse->error, ERR_BAD_PARAMETER, parameter,
	                    "Amounts cannot be converted: the settings name no source of "
	                    "exchange rates (fx.source).",
	                    NULL);
}

static int parse_currency(struct parse *parse)
{
	const char *text = params_get(parse->params, "currency");
	int err;
	if (!text)
		return 0;
	if (strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return refuse_value(parse, "currency", text, "is no ISO 4217 code.", "EUR");
	if ((err = need_rates(parse, "currency")) != 0)
		return err;
	memcpy(parse->query->currency, text, sizeof(parse->query->currency));
	return 0;
}

static int parse_money(struct parse *parse)
{
	const char *text = params_get(parse->params, "fx");
	struct query *query = parse->query;
	int err = parse_currency(parse);
	query->money = MONEY_DAILY;
	if (err != 0 || !text)
		return err;
	if (strcmp(text, "none") == 0) {
		query->money = MONEY_AS_IS;
		return 0;
	}
	err = need_rates(parse, "fx");
	if (err != 0 || strcmp(text, "daily") == 0)
		return err;
	query->money = MONEY_CONSTANT;
	return parse_day(parse, "fx", text, &query->rate_day);
}

int query_parse(const struct params *params, const struct settings *settings, struct arena *arena,
                struct query *ret_query, struct query_error *ret_error)
{
	struct query query = {.grain = QUERY_TOTAL};
	struct query_error error = {"", "", ""};
	struct parse parse = {params, settings, &settings->catalog, arena, &query, &error};
	int err = params_check(params, query_parameters, arena, &error);
	if (err == 0)
		err = params_tenant(params, settings, arena, &query.tenant, &error);
	if (err == 0)
		err = params_format(params,
		                    1u << FORMAT_JSON | 1u << FORMAT_CSV | 1u << FORMAT_PROTOBUF,
		                    FORMAT_JSON, arena, &query.format, &error);
	static int (*const steps[])(struct parse *) = {parse_grain, parse_range,   parse_by,
	                                               parse_kpis,  parse_filters, parse_money};
	for (size_t i = 0; err == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = steps[i](&parse);
	query.has_format = params_get(params, "format") != NULL;
	if (err == 0)
		*ret_query = query;
	else
		*ret_error = error;
	return err;
}
