/* SPDX-License-Identifier: Apache-2.0
 * Stages and KPIs. */
#include <stdlib.h>
#include <string.h>

#include "model/expr.h"
#include "settings/loader.h"

#define KPIS_MAX 1000

static const char *const orientations[] = {"upstream", "downstream", NULL};
static const char *const directions[] = {"higher", "lower", "neutral", NULL};
static const char *const units[] = {"count", "money", "ratio", "points", "index", NULL};
static const char *const small_samples[] = {"hide", "show", NULL};
static const char *const empties[] = {"ok", NULL};

struct stage_input {
	const char *label, *entry;
	int orientation, empty;
};

static const struct schema_row stage_rows[] = {
    {.key = "label",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct stage_input, label),
     .help = "name for readers; default: made from the id"},
    {.key = "orientation",
     .type = SCHEMA_CHOICE,
     .required = true,
     .offset = SCHEMA_AT(int, struct stage_input, orientation),
     .names = orientations,
     .help = "upstream (builds demand) or downstream (harvests it)"},
    {.key = "entry",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct stage_input, entry),
     .help = "the count that enters the stage; default: none"},
    {.key = "empty",
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct stage_input, empty),
     .names = empties,
     .fallback_text = "",
     .help = "`ok` for a stage that has no KPI yet"},
};
const struct schema stage_schema = SCHEMA_OF("stages.<stage>", stage_rows);

struct kpi_input {
	const char *label, *stage, *expr, *min_on;
	struct yaml_node *orientation;
	int unit, direction, small_sample;
	uint64_t mult, min_sample;
};

static const struct schema_row kpi_rows[] = {
    {.key = "label",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct kpi_input, label),
     .help = "name for readers; default: made from the id"},
    {.key = "stage",
     .type = SCHEMA_TEXT,
     .required = true,
     .offset = SCHEMA_AT(const char *, struct kpi_input, stage),
     .help = "the stage that owns it"},
    {.key = "orientation",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct kpi_input, orientation),
     .help = "upstream or downstream; default: the stage's"},
    {.key = "expr",
     .type = SCHEMA_TEXT,
     .required = true,
     .offset = SCHEMA_AT(const char *, struct kpi_input, expr),
     .help = "numbers, measure[@layer], + - * / ( ); sums over sums, one division at the top"},
    {.key = "unit",
     .type = SCHEMA_CHOICE,
     .required = true,
     .offset = SCHEMA_AT(int, struct kpi_input, unit),
     .names = units,
     .help = "what the value is"},
    {.key = "direction",
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct kpi_input, direction),
     .names = directions,
     .help = "which way is better"},
    {.key = "mult",
     .type = SCHEMA_INT64,
     .offset = SCHEMA_AT(uint64_t, struct kpi_input, mult),
     .fallback = 1,
     .min = 1,
     .max = 1000000,
     .help = "the quotient is multiplied by it, as 1000 for a price per thousand"},
    {.key = "min_sample",
     .type = SCHEMA_INT64,
     .offset = SCHEMA_AT(uint64_t, struct kpi_input, min_sample),
     .max = INT64_C(1000000000000000),
     .help = "fewer than this and the row says insufficient_sample; 0 = no minimum"},
    {.key = "min_on",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct kpi_input, min_on),
     .help = "the count that is the sample; default: the denominator"},
    {.key = "small_sample",
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct kpi_input, small_sample),
     .names = small_samples,
     .help = "whether a value on too small a sample is shown beside its status"},
};
const struct schema kpi_schema = SCHEMA_OF("kpis.<kpi>", kpi_rows);

/* A measure that is a count, named by `key` of the map; -1 when it is absent. */
static int find_count(struct loader *loader, const struct yaml_node *map, const char *key,
                      const char *name, int *ret_measure)
{
	const struct catalog *catalog = &loader->settings->catalog;
	*ret_measure = -1;
	if (!name)
		return 0;
	const struct yaml_node *node = yaml_map_get(map, key);
	int measure = catalog_measure(catalog, name, strlen(name));
	if (measure < 0)
		return yaml_fail(loader->error, node, "`%s`: unknown measure `%.60s`", key, name);
	if (catalog->measures[measure].money)
		return yaml_fail(loader->error, node,
		                 "`%s: %s`: money is never a sample or a flow, name "
		                 "a count",
		                 key, name);
	*ret_measure = measure;
	return 0;
}

static int read_stage(struct loader *loader, const struct yaml_node *key,
                      const struct yaml_node *map, struct stage *ret_stage)
{
	struct stage stage = {.order = loader->settings->catalog.stage_count};
	struct stage_input input;
	int err = yaml_name(key, &stage.id, loader->error);
	err = err ? err : yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&stage_schema, map, &input, loader->error);
	err = err ? err : find_count(loader, map, "entry", input.entry, &stage.entry);
	if (err)
		return err;
	stage.orientation = (enum orientation)input.orientation;
	stage.label = input.label ? input.label : loader_label(loader, stage.id);
	if (!stage.label)
		return loader_nomem(loader);
	*ret_stage = stage;
	return 0;
}

int load_stages(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	int err = section_load(loader, "stages", YAML_KIND_MAP, loader->root.stages,
	                       &loader->root.stages);
	if (err)
		return err;
	const struct yaml_node *entries = loader->root.stages;
	if (entries->count == 0)
		return yaml_fail(loader->error, entries,
		                 "there is no stage: at least one is needed");
	catalog->stages = arena_zalloc(loader->arena, entries->count * sizeof(*catalog->stages));
	if (!catalog->stages)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		err = read_stage(loader, entries->keys[i], entries->items[i], &catalog->stages[i]);
		catalog->stage_count += !err;
	}
	return err;
}

/* ---- KPIs ---- */

/* 1 = money, 0 = counts: all terms of a sum are of one kind. */
static bool linear_money(const struct catalog *catalog, const struct linear *linear)
{
	return linear->count && catalog->measures[linear->terms[0].measure].money;
}

static int check_unit(struct loader *loader, const struct yaml_node *map, const struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	bool quotient = kpi->den.count > 0;
	bool num_money = linear_money(catalog, &kpi->num),
	     den_money = linear_money(catalog, &kpi->den);
	bool ratio = quotient && num_money == den_money;
	bool good = kpi->unit == UNIT_COUNT   ? !quotient && !num_money
	            : kpi->unit == UNIT_MONEY ? num_money && !den_money
	            : kpi->unit == UNIT_RATIO ? ratio
	                                      : quotient;
	if (good)
		return 0;
	return yaml_fail(loader->error, yaml_map_get(map, "unit"),
	                 "`unit: %s` does not fit `%.120s`, which is %s", unit_name(kpi->unit),
	                 kpi->expr,
	                 ratio       ? "a ratio"
	                 : den_money ? "a count per money"
	                 : num_money ? "money"
	                             : "a count");
}

static int check_sample(struct loader *loader, const struct yaml_node *map, const struct kpi *kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	bool count = kpi->den.count && !linear_money(catalog, &kpi->den);
	if (kpi->min_sample == 0 || kpi->min_on >= 0 || count)
		return 0;
	return yaml_fail(loader->error, yaml_map_get(map, "min_sample"),
	                 "`min_sample` needs a count to be taken of: name one in `min_on`");
}

static int parse_expr(struct loader *loader, const struct yaml_node *map, struct kpi *kpi)
{
	struct expr_error error = {0};
	int err = expr_parse(&loader->settings->catalog, loader->arena, kpi->expr, &kpi->num,
	                     &kpi->den, &error);
	const struct yaml_node *node = yaml_map_get(map, "expr");
	if (err && error.column)
		return yaml_fail(loader->error, node, "%s: at character %d of \"%.120s\": %s",
		                 kpi->id, error.column, kpi->expr, error.text);
	if (err)
		return yaml_fail(loader->error, node, "%s: \"%.120s\": %s", kpi->id, kpi->expr,
		                 error.text);
	return 0;
}

/* The layers of all terms: "commerce+observed". */
static const char *layers_text(struct loader *loader, const struct kpi *kpi)
{
	static const enum layer by_name[] = {LAYER_CLAIMED, LAYER_COMMERCE, LAYER_MARKET,
	                                     LAYER_OBSERVED, LAYER_SURVEY};
	const struct catalog *catalog = &loader->settings->catalog;
	unsigned used = 0;
	for (uint32_t i = 0; i < kpi->num.count; i++)
		used |= 1u << catalog->measures[kpi->num.terms[i].measure].layer;
	for (uint32_t i = 0; i < kpi->den.count; i++)
		used |= 1u << catalog->measures[kpi->den.terms[i].measure].layer;
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

static int read_kpi(struct loader *loader, const struct yaml_node *key, const struct yaml_node *map,
                    struct kpi *ret_kpi)
{
	const struct catalog *catalog = &loader->settings->catalog;
	struct kpi kpi = {.over = -1};
	struct kpi_input input;
	int err = yaml_name(key, &kpi.id, loader->error);
	err = err ? err : yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&kpi_schema, map, &input, loader->error);
	if (err)
		return err;
	int stage = catalog_stage(catalog, input.stage, strlen(input.stage));
	if (stage < 0)
		return yaml_fail(loader->error, yaml_map_get(map, "stage"), "unknown stage `%.60s`",
		                 input.stage);
	int orientation = (int)catalog->stages[stage].orientation;
	if (input.orientation)
		err = yaml_choice(input.orientation, orientations, &orientation, loader->error);
	err = err ? err : find_count(loader, map, "min_on", input.min_on, &kpi.min_on);
	if (err)
		return err;
	kpi.stage = (uint16_t)stage;
	kpi.orientation = (enum orientation)orientation;
	kpi.unit = (enum unit)input.unit;
	kpi.direction = (enum direction)input.direction;
	kpi.mult = (int64_t)input.mult;
	kpi.min_sample = input.min_sample;
	kpi.small_sample_show = input.small_sample == 1;
	kpi.expr = input.expr;
	kpi.label = input.label ? input.label : loader_label(loader, kpi.id);
	err = parse_expr(loader, map, &kpi);
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
