/* SPDX-License-Identifier: Apache-2.0
 * Query string -> struct query.
 *
 *     tenant=demo&last=28d&grain=day&by=channel&kpi=spend,cpc&filter=channel:display,video
 *
 * tenant   may be left out where only one is configured and visible
 * range    from and to (civil days of the tenant's zone, both included; RFC 3339
 *          and epoch milliseconds mean the civil day they fall in), or last=28d,
 *          12w (whole ISO weeks), 3m (whole months), or this=week, month, year;
 *          without any the last 28 complete days
 * grain    total, minute, hour, day, week (ISO), month; wave: a row for each wave of
 *          a survey
 * by       dimensions, comma list
 * stage,   which KPIs: those of the stages and those named; none named = all
 * kpi
 * filter   dimension:value,value ...; repeated for several dimensions, = and
 * currency that money is shown in, where there are rates; else the tenant's
 * fx       daily (each day's rate), a day (all at its rates), none
 * format   json, csv, protobuf
 *
 * Every error names the parameter, what is wrong with its value, and what is
 * allowed. Pure; everything lives in the caller's arena. */
#ifndef SG_QUERY_PARAMS_H
#define SG_QUERY_PARAMS_H

#include "model/settings.h"

#define PARAMS_TEXT_MAX  16384 /* bytes of a query string */
#define PARAMS_COUNT_MAX 64
#define QUERY_FILTERS    MODEL_SET_DIMS
#define QUERY_VALUES     200  /* values of one filter */
#define QUERY_LAST_MAX   3660 /* of `last` */

struct param {
	const char *name; /* decoded, NUL-terminated */
	const char *value;
};

struct params {
	struct param items[PARAMS_COUNT_MAX];
	uint32_t count;
	/* By index of the tenants: false = as if it were not configured; NULL = all
	 * are visible. Set by the caller after params_split. */
	const bool *visible;
};

struct query_error {
	const char *parameter; /* "" = none in particular */
	const char *detail;    /* one sentence */
	const char *allowed;   /* what may stand there; "" = see detail */
};

/* Splits and percent-decodes `text` (without '?'). ERR_TOO_LONG, ERR_TOO_MANY,
 * ERR_BAD_PARAMETER (broken %-escape, control characters, not UTF-8), ERR_NOMEM. */
int params_split(const char *text, size_t len, struct arena *arena, struct params *ret_params,
                 struct query_error *ret_error) SG_MUST_CHECK;

/* Refuses names that are not in the list (`allowed`, NULL-ended) and names that
 * come twice, but for `filter`. */
int params_check(const struct params *params, const char *const *allowed, struct arena *arena,
                 struct query_error *ret_error) SG_MUST_CHECK;

/* The value of a parameter; NULL = not given. */
const char *params_get(const struct params *params, const char *name);

/* The tenant's index: ERR_UNKNOWN_TENANT, ERR_BAD_PARAMETER when it must be named. */
int params_tenant(const struct params *params, const struct settings *settings, struct arena *arena,
                  uint32_t *ret_tenant, struct query_error *ret_error) SG_MUST_CHECK;

enum query_grain {
	QUERY_TOTAL,
	QUERY_MINUTE,
	QUERY_HOUR,
	QUERY_DAY,
	QUERY_WEEK,
	QUERY_MONTH,
	QUERY_WAVE,
	QUERY_GRAINS
};
const char *query_grain_name(enum query_grain grain);

enum query_format { FORMAT_JSON, FORMAT_CSV, FORMAT_PROTOBUF, FORMAT_NDJSON, FORMATS };
const char *query_format_name(enum query_format format);

enum query_range {
	RANGE_LAST_DAYS, /* `number` of them; the default, with 28 */
	RANGE_LAST_WEEKS,
	RANGE_LAST_MONTHS,
	RANGE_THIS_WEEK,
	RANGE_THIS_MONTH,
	RANGE_THIS_YEAR,
	RANGE_DAYS, /* from and, when has_to, to */
};

struct query_filter {
	uint8_t dim; /* index into catalog.dims */
	const char **values;
	uint32_t value_count;
};

enum query_money {
	MONEY_DAILY,    /* at the rate of each day; the default */
	MONEY_CONSTANT, /* all at the rates of one day */
	MONEY_AS_IS,    /* not converted */
};

struct query {
	uint32_t tenant; /* index into settings.tenants */
	enum query_range range;
	uint32_t number;
	int32_t from;
	int32_t to;
	bool has_to;
	enum query_grain grain;
	uint8_t by[MODEL_SET_DIMS]; /* as asked for */
	uint32_t by_count;
	uint16_t *kpis; /* ascending indices into catalog.kpis */
	uint32_t kpi_count;
	bool kpis_named;  /* `kpi` was given */
	char currency[4]; /* "" = the tenant's */
	enum query_money money;
	int32_t rate_day; /* MONEY_CONSTANT */
	struct query_filter filters[QUERY_FILTERS];
	uint32_t filter_count;
	enum query_format format;
	bool has_format; /* format was given */
};

extern const char *const query_parameters[]; /* NULL-ended */

/* ERR_BAD_PARAMETER, ERR_UNKNOWN_TENANT, ERR_NOMEM. */
int query_parse(const struct params *params, const struct settings *settings, struct arena *arena,
                struct query *ret_query, struct query_error *ret_error) SG_MUST_CHECK;

/* `format` among those of the mask (1 << FORMAT_...); `fallback` when not given. */
int params_format(const struct params *params, unsigned mask, enum query_format fallback,
                  struct arena *arena, enum query_format *ret_format,
                  struct query_error *ret_error) SG_MUST_CHECK;

#endif
