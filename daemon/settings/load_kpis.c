/* SPDX-License-Identifier: Apache-2.0
 * KPIs: of which kind, of what, and whether its unit and its sample fit. */
#include <stdlib.h>
#include <string.h>

#include "model/expr.h"
#include "settings/loader.h"

#define KPIS_MAX 1000

static const char *const directions[] = {"higher", "lower", "neutral", NULL};
static const char *const units[] = {"count", "money", "ratio", "points", "index", NULL};
static const char *const small_samples[] = {"hide", "show", NULL};

struct kpi_input {
	const char *label, *stage, *expr, *share, *less, *orientation_share, *min_on;
	struct yaml_node *orientation, *survey, *small_sample;
	int unit, direction;
	uint64_t mult, min_sample;
};

#define KPI_TEXT(member)                                                                           \
	.type = SCHEMA_TEXT, .offset = SCHEMA_AT(const char *, struct kpi_input, member)
#define KPI_NODE(member)                                                                           \
	.type = SCHEMA_NODE, .offset = SCHEMA_AT(struct yaml_node *, struct kpi_input, member)

static const struct schema_row kpi_rows[] = {
    {.key = "label",
     .reloadable = true,
     KPI_TEXT(label),
     .help = "name for readers; default: made from the id"},
    {.key = "stage",
     .reloadable = true,
     KPI_TEXT(stage),
     .required = true,
     .help = "the stage that owns it"},
    {.key = "orientation",
     .reloadable = true,
     KPI_NODE(orientation),
     .help = "upstream or downstream; default: the stage's"},
    {.key = "expr",
     .reloadable = true,
     KPI_TEXT(expr),
     .help = "numbers, measure[@layer], start(gauge), mean(gauge), + - * / ( ); sums over sums, "
             "one division at the top"},
    {.key = "share",
     .reloadable = true,
     KPI_TEXT(share),
     .help = "instead of expr: the own brand's part of this sum over all brands"},
    {.key = "less",
     .reloadable = true,
     KPI_TEXT(less),
     .help = "with share: the own brand's part of this sum is taken off"},
    {.key = "orientation_share",
     .reloadable = true,
     KPI_TEXT(orientation_share),
     .help = "instead of expr: the part of this sum that upstream campaigns have"},
    {.key = "survey",
     .reloadable = true,
     KPI_NODE(survey),
     .help = "instead of expr: what answers to a survey say"},
    {.key = "unit",
     .reloadable = true,
     .type = SCHEMA_CHOICE,
     .required = true,
     .offset = SCHEMA_AT(int, struct kpi_input, unit),
     .names = units,
     .help = "what the value is"},
    {.key = "direction",
     .reloadable = true,
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct kpi_input, direction),
     .names = directions,
     .help = "which way is better"},
    {.key = "mult",
     .reloadable = true,
     .type = SCHEMA_INT64,
     .offset = SCHEMA_AT(uint64_t, struct kpi_input, mult),
     .fallback = 1,
     .min = 1,
     .max = 1000000,
     .help = "the quotient is multiplied by it, as 1000 for a price per thousand"},
    {.key = "min_sample",
     .reloadable = true,
     .type = SCHEMA_INT64,
     .offset = SCHEMA_AT(uint64_t, struct kpi_input, min_sample),
     .max = INT64_C(1000000000000000),
     .help = "fewer than this and the row says insufficient_sample; 0 = no minimum; of surveys "
             "the effective number of respondents"},
    {.key = "min_on",
     .reloadable = true,
     KPI_TEXT(min_on),
     .help = "the count that is the sample; default: the denominator"},
    {.key = "small_sample",
     .reloadable = true,
     KPI_NODE(small_sample),
     .help = "show or hide: whether a value on too small a sample stands beside its status; "
             "default: show for surveys, else hide"},
};
const struct schema kpi_schema = SCHEMA_OF("kpis.<kpi>", kpi_rows);

/* ---- what it is made of ---- */

/* 1 = money, 0 = counts: all terms of a sum are of one kind. */
static bool linear_money(const struct catalog *catalog, const struct linear *linear)
{
	return linear->count && catalog->measures[linear->terms[0].measure].money;
}

static bool linear_at(const struct linear *linear, enum term_at at)
{
	for (uint32_t i = 0; i < linear->count; i++)
		if (linear->terms[i].at == at)
			return true;
	return false;
}

/* The expression that `key` of the map gives. */
static int parse_expr(struct loader *loader, const struct yaml_node *map, const char *id,
                      const char *key, const char *text, struct expr *ret_expr)
{
	struct expr_error error = {0};
	const struct yaml_node *node = yaml_map_get(map, key);
	int err = expr_parse(&loader->settings->catalog, loader->arena, text, ret_expr, &error);
	if (err && error.column)
		return yaml_fail(loader->error, node, "%s: at character %d of \"%.120s\": %s", id,
		                 error.column, text, error.text);
	if (err)
		return yaml_fail(loader->error, node, "%s: \"%.120s\": %s", id, text, error.text);
	return 0;
}

/* A sum of which brands or campaigns have parts: no quotient, and of levels those
 * only that add up over `dim`. */
static int parse_parts(struct loader *loader, const struct yaml_node *map, const char *id,
                       const char *key, const char *text, int dim, struct linear *ret_linear)
{
	const struct catalog *catalog = &loader->settings->catalog;
	const struct yaml_node *node = yaml_map_get(map, key);
	struct expr expr;
	int err = parse_expr(loader, map, id, key, text, &expr);
	if (err)
		return err;
	if (expr.den.count)
		return yaml_fail(loader->error, node,
		                 "`%s: %.80s`: a quotient has no parts, name a sum", key, text);
	for (uint32_t i = 0; i < expr.num.count; i++) {
		const struct term *term = &expr.num.terms[i];
		const struct measure *measure = &catalog->measures[term->measure];
		bool adds = dim >= 0 && measure->additive_over >> dim & 1;
		if (measure->kind == MEASURE_GAUGE && (term->at != AT_LAST || !adds))
			return yaml_fail(loader->error, node,
			                 "`%s: %.80s`: levels of `%s` do not add up over %s", key,
			                 text, measure->id,
			                 dim >= 0 ? catalog->dims[dim].id : "campaigns");
	}
	*ret_linear = expr.num;
	return 0;
}

static int read_share(struct loader *loader, const struct yaml_node *map,
                      const struct kpi_input *input, struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	const struct yaml_node *node = yaml_map_get(map, "share");
	if (catalog->brand_dim < 0 && !loader_is_preset(loader, node))
		return yaml_fail(loader->error, node,
		                 "`share` needs the dimension `brand`, which is not configured");
	int dim = catalog->brand_dim;
	kpi->kind = KPI_SHARE;
	int err = parse_parts(loader, map, kpi->id, "share", input->share, dim, &kpi->num);
	if (!err && input->less)
		err = parse_parts(loader, map, kpi->id, "less", input->less, dim, &kpi->den);
	kpi->expr = input->less ? arena_printf(loader->arena, "share(%s) - share(%s)", input->share,
	                                       input->less)
	                        : arena_printf(loader->arena, "share(%s)", input->share);
	return err;
}

static int read_survey(struct loader *loader, const struct kpi_input *input, struct kpi *kpi)
{
	kpi->kind = KPI_SURVEY;
	int err = load_survey(loader, input->survey, &kpi->survey);
	if (!err)
		kpi->expr = survey_text(loader, kpi->survey);
	return err;
}

static int read_ratio(struct loader *loader, const struct yaml_node *map,
                      const struct kpi_input *input, struct kpi *kpi)
{
	struct expr expr;
	int err = parse_expr(loader, map, kpi->id, "expr", input->expr, &expr);
	if (err)
		return err;
	kpi->expr = input->expr;
	kpi->num = expr.num;
	kpi->den = expr.den;
	kpi->over = expr.over;
	return 0;
}

static int read_orientation(struct loader *loader, const struct yaml_node *map,
                            const struct kpi_input *input, struct kpi *kpi)
{
	kpi->kind = KPI_ORIENTATION;
	kpi->expr = arena_printf(loader->arena, "orientation_share(%s)", input->orientation_share);
	return parse_parts(loader, map, kpi->id, "orientation_share", input->orientation_share, -1,
	                   &kpi->num);
}

static int read_kind(struct loader *loader, const struct yaml_node *map,
                     const struct kpi_input *input, struct kpi *kpi)
{
	int given = !!input->expr + !!input->share + !!input->orientation_share + !!input->survey;
	if (given != 1)
		return yaml_fail(loader->error, map,
		                 "a KPI has one of `expr`, `share`, `orientation_share` and "
		                 "`survey`; `%s` has %s",
		                 kpi->id, given ? "several" : "none");
	if (input->less && !input->share)
		return yaml_fail(loader->error, yaml_map_get(map, "less"),
		                 "`less` is for a KPI with `share`");
	return input->share               ? read_share(loader, map, input, kpi)
	       : input->orientation_share ? read_orientation(loader, map, input, kpi)
	       : input->survey            ? read_survey(loader, input, kpi)
	                                  : read_ratio(loader, map, input, kpi);
}

/* ---- whether unit and sample fit ---- */

static int fail_unit(struct loader *loader, const struct yaml_node *map, const struct kpi *kpi,
                     const char *what)
{
	return yaml_fail(loader->error, yaml_map_get(map, "unit"),
	                 "`unit: %s` does not fit `%.120s`, which is %s", unit_name(kpi->unit),
	                 kpi->expr, what);
}

/* Money to the power of `money`; a level alone may be an index. */
static int check_ratio_unit(struct loader *loader, const struct yaml_node *map,
                            const struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	bool quotient = kpi->den.count > 0;
	bool level = catalog->measures[kpi->num.terms[0].measure].kind == MEASURE_GAUGE;
	int money = linear_money(catalog, &kpi->num) - linear_money(catalog, &kpi->den) -
	            (kpi->over >= 0 && catalog->measures[kpi->over].money);
	bool good = kpi->unit == UNIT_COUNT   ? !quotient && money == 0
	            : kpi->unit == UNIT_MONEY ? money == 1
	            : kpi->unit == UNIT_RATIO ? quotient && money == 0
	                                      : quotient || (level && money == 0);
	return good ? 0
	            : fail_unit(loader, map, kpi,
	                        money == 1   ? "money"
	                        : money != 0 ? "a count per money"
	                        : quotient   ? "a ratio"
	                        : level      ? "a level"
	                                     : "a count");
}

static int check_unit(struct loader *loader, const struct yaml_node *map, const struct kpi *kpi)
{
	static const enum unit of_stat[] = {
	    [SURVEY_SHARE] = UNIT_RATIO, [SURVEY_NPS] = UNIT_POINTS, [SURVEY_MEAN] = UNIT_INDEX};
	bool parts = kpi->kind == KPI_SHARE || kpi->kind == KPI_ORIENTATION;
	bool less = parts && kpi->den.count > 0;
	if (kpi->kind == KPI_RATIO)
		return check_ratio_unit(loader, map, kpi);
	if (parts && kpi->unit != UNIT_RATIO && kpi->unit != UNIT_POINTS)
		return fail_unit(loader, map, kpi, less ? "points or a ratio" : "a ratio");
	if (parts)
		return 0;
	if (kpi->unit != of_stat[kpi->survey->stat])
		return yaml_fail(loader->error, yaml_map_get(map, "unit"),
		                 "`unit: %s` does not fit `%.120s`, whose unit is %s",
		                 unit_name(kpi->unit), kpi->expr,
		                 unit_name(of_stat[kpi->survey->stat]));
	if (kpi->mult != 1)
		return yaml_fail(loader->error, yaml_map_get(map, "mult"),
		                 "`mult` is not for surveys: a share is a fraction, an NPS is in "
		                 "points already");
	return 0;
}

/* The count that n is taken from: of a quotient what is below, of parts the whole. */
static int check_sample(struct loader *loader, const struct yaml_node *map, const struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	const struct linear *whole = kpi->kind == KPI_RATIO ? &kpi->den : &kpi->num;
	if (kpi->kind == KPI_SURVEY && kpi->min_on >= 0)
		return yaml_fail(loader->error, yaml_map_get(map, "min_on"),
		                 "`min_on` is not for surveys: their sample are the respondents");
	bool sums = linear_at(&kpi->num, AT_SUM) || linear_at(&kpi->den, AT_SUM);
	if (kpi->min_on >= 0 && (kpi->kind != KPI_RATIO || !sums))
		return yaml_fail(loader->error, yaml_map_get(map, "min_on"),
		                 "`min_on` needs an `expr` with a sum in it: levels and parts of a "
		                 "whole have no sample of another measure");
	bool count = whole->count && !linear_money(catalog, whole) && !linear_at(whole, AT_MEAN);
	if (kpi->min_sample == 0 || kpi->min_on >= 0 || count || kpi->kind == KPI_SURVEY)
		return 0;
	return yaml_fail(loader->error, yaml_map_get(map, "min_sample"),
	                 "`min_sample` needs a count to be taken of: name one in `min_on`");
}

/* The layers of all terms: "commerce+observed". */
static const char *layers_text(struct loader *loader, const struct kpi *kpi)
{
	static const enum layer by_name[] = {LAYER_CLAIMED, LAYER_COMMERCE, LAYER_MARKET,
	                                     LAYER_OBSERVED, LAYER_SURVEY};
	const struct catalog *catalog = &loader->settings->catalog;
	unsigned used = kpi->kind == KPI_SURVEY ? 1u << LAYER_SURVEY : 0;
	for (uint32_t i = 0; i < kpi->num.count; i++)
		used |= 1u << catalog->measures[kpi->num.terms[i].measure].layer;
	for (uint32_t i = 0; i < kpi->den.count; i++)
		used |= 1u << catalog->measures[kpi->den.terms[i].measure].layer;
	if (kpi->over >= 0)
		used |= 1u << catalog->measures[kpi->over].layer;
	const char *text = NULL;
	for (size_t i = 0; i < sizeof(by_name) / sizeof(*by_name); i++) {
		if (!(used >> by_name[i] & 1))
			continue;
		const char *name = layer_name(by_name[i]);
		text = text ? arena_printf(loader->arena, "%s+%s", text, name) : name;
		if (!text)
			break;
	}
	return text;
}

/* ---- one KPI, all KPIs ---- */

static int read_place(struct loader *loader, const struct yaml_node *map,
                      const struct kpi_input *input, struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	int stage = catalog_stage(catalog, input->stage, strlen(input->stage));
	if (stage < 0)
		return yaml_fail(loader->error, yaml_map_get(map, "stage"),
		                 loader_is_preset(loader, map)
		                     ? "%s: unknown stage `%.60s`: keep the stage, or name the "
		                       "KPI in `remove` of `kpis`"
		                     : "%s: unknown stage `%.60s`",
		                 kpi->id, input->stage);
	int orientation = (int)catalog->stages[stage].orientation, err = 0;
	int small_sample = input->survey != NULL;
	if (input->orientation)
		err = yaml_choice(input->orientation, loader_orientations, &orientation,
		                  loader->error);
	if (!err && input->small_sample)
		err = yaml_choice(input->small_sample, small_samples, &small_sample, loader->error);
	kpi->stage = (uint16_t)stage;
	kpi->orientation = (enum orientation)orientation;
	kpi->small_sample_show = small_sample == 1;
	return err;
}

static int read_kpi(struct loader *loader, const struct yaml_node *key, const struct yaml_node *map,
                    struct kpi *ret_kpi)
{
	struct kpi kpi = {.over = -1, .min_on = -1};
	struct kpi_input input;
	int err = yaml_name(key, &kpi.id, loader->error);
	err = err ? err : yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&kpi_schema, map, &input, loader->error);
	err = err ? err : read_place(loader, map, &input, &kpi);
	err = err ? err : loader_count(loader, map, "min_on", input.min_on, &kpi.min_on);
	if (err)
		return err;
	kpi.unit = (enum unit)input.unit;
	kpi.direction = (enum direction)input.direction;
	kpi.mult = (int64_t)input.mult;
	kpi.min_sample = input.min_sample;
	kpi.label = input.label ? input.label : loader_label(loader, kpi.id);
	err = read_kind(loader, map, &input, &kpi);
	if (!err && !kpi.expr)
		return loader_nomem(loader);
	err = err ? err : check_unit(loader, map, &kpi);
	err = err ? err : check_sample(loader, map, &kpi);
	if (err)
		return err;
	kpi.layer = layers_text(loader, &kpi);
	if (!kpi.label || !kpi.layer)
		return loader_nomem(loader);
	*ret_kpi = kpi;
	return 0;
}

/* Every stage owns a KPI unless it says `empty: ok`. */
static int check_stages(struct loader *loader)
{
	const struct catalog *catalog = &loader->settings->catalog;
	for (uint32_t stage = 0; stage < catalog->stage_count; stage++) {
		uint32_t kpi = 0;
		while (kpi < catalog->kpi_count && catalog->kpis[kpi].stage != stage)
			kpi++;
		if (kpi < catalog->kpi_count ||
		    yaml_map_get(loader->root.stages->items[stage], "empty"))
			continue;
		return yaml_fail(loader->error, loader->root.stages->keys[stage],
		                 "the stage `%s` has no KPI: give it one, or say `empty: ok`",
		                 catalog->stages[stage].id);
	}
	return 0;
}

/* By stage; within a stage as configured. */
static void sort_kpis(struct catalog *catalog)
{
	for (uint32_t i = 1; i < catalog->kpi_count; i++) {
		struct kpi kpi = catalog->kpis[i];
		uint32_t at = i;
		for (; at > 0 && catalog->kpis[at - 1].stage > kpi.stage; at--)
			catalog->kpis[at] = catalog->kpis[at - 1];
		catalog->kpis[at] = kpi;
	}
}

int load_kpis(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	struct yaml_node *entries = NULL;
	int err = section_load(loader, "kpis", YAML_KIND_MAP, loader->root.kpis, &entries);
	if (err)
		return err;
	if (entries->count > KPIS_MAX)
		return yaml_fail(loader->error, entries,
		                 "there are %u KPIs; at most %d are possible", entries->count,
		                 KPIS_MAX);
	catalog->kpis = arena_zalloc(loader->arena, (entries->count + 1) * sizeof(*catalog->kpis));
	if (!catalog->kpis)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		err = read_kpi(loader, entries->keys[i], entries->items[i], &catalog->kpis[i]);
		catalog->kpi_count += !err;
	}
	err = err ? err : check_stages(loader);
	if (!err)
		sort_kpis(catalog);
	return err;
}
