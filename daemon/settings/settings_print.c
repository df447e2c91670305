/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/settings_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "settings/loader.h"

/* ---- scalars ---- */

/* From the root: whoever reads it may stand elsewhere. */
static void put_path(struct buf *out, const char *path)
{
	char *here = *path && *path != '/' ? getcwd(NULL, 0) : NULL;
	if (here) {
		struct buf whole = {0};
		buf_printf(&whole, "%s/%s", here, path);
		buf_put_byte(&whole, 0);
		schema_put_text(out, buf_failed(&whole) ? path : (const char *)whole.bytes);
		buf_deinit(&whole);
	} else {
		schema_put_text(out, path);
	}
	free(here);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* A Redis is at a path where its address has a slash. */
static bool is_path(const struct schema_row *row, const char *text)
{
	return ends_with(row->key, "_file") || ends_with(row->key, "_socket") ||
	       (strcmp(row->key, "address") == 0 && strchr(text, '/'));
}

static void put_section(struct buf *out, const struct schema *schema, const void *in)
{
	buf_printf(out, "\n%s:\n", schema->path);
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_row *row = &schema->rows[i];
		const char *const *text = (const void *)((const char *)in + row->offset);
		buf_printf(out, "  %s: ", row->key);
		if (row->type == SCHEMA_TEXT && is_path(row, *text))
			put_path(out, *text);
		else
			schema_put_member(row, in, out);
		buf_put_text(out, "\n");
	}
}

static void put_texts(struct buf *out, const char *const *texts, uint32_t count)
{
	buf_put_text(out, "[");
	for (uint32_t i = 0; i < count; i++) {
		buf_put_text(out, i ? ", " : "");
		schema_put_text(out, texts[i]);
	}
	buf_put_text(out, "]");
}

static void put_number(struct buf *out, int64_t value, int scale)
{
	char text[NUM_TEXT_MAX];
	buf_put(out, text, num_format(text, value, scale));
}

/* `, key: text` inside braces. */
static void put_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ", %s: ", key);
	schema_put_text(out, text);
}

static void put_measure_name(struct buf *out, const struct catalog *catalog, int measure)
{
	buf_printf(out, "%s@%s", catalog->measures[measure].id,
	           layer_name(catalog->measures[measure].layer));
}

/* ---- the daemon and its tenants ---- */

static void put_daemon(struct buf *out, const struct settings *settings)
{
	buf_put_text(out, "version: 1\nstate_dir: ");
	put_path(out, settings->state_dir);
	buf_put_text(out, "\nmappings_dir: ");
	put_path(out, settings->mappings_dir);
	buf_put_text(out, "\nredis_binary: ");
	schema_put_text(out, settings->redis_binary);
	buf_printf(out, "\nflush_min_ms: %u\nlateness_grace_minutes: %u\n", settings->flush_min_ms,
	           settings->lateness_grace_minutes);
	put_section(out, &listen_schema, &settings->listen);
	put_section(out, &retention_schema, &settings->retention);
	put_section(out, &limits_schema, &settings->limits);
	put_section(out, &dedup_schema, &settings->dedup);
	put_section(out, &redis_schema, &settings->redis);
	put_section(out, &access_schema, &settings->access);
	put_section(out, &privacy_schema, &settings->privacy);
	put_section(out, &emit_schema, &settings->emit);
	buf_put_text(out, "\nfx:\n  source: ");
	schema_put_text(out, settings->fx.source);
	buf_printf(out, "\n  base: %s\n  max_carry_days: %u\n", settings->fx.base,
	           settings->fx.max_carry_days);
}

static void put_tenant(struct buf *out, const struct tenant *tenant)
{
	buf_put_text(out, "  ");
	schema_put_text(out, tenant->name);
	buf_put_text(out, ": {label: ");
	schema_put_text(out, tenant->label);
	put_text(out, "time_zone", zone_name(tenant->zone));
	put_text(out, "currency", tenant->currency);
	put_text(out, "brand", tenant->brand);
	buf_put_text(out, ", rollup: {");
	for (uint32_t i = 0; i < tenant->rollup_count; i++) {
		buf_put_text(out, i ? ", " : "");
		schema_put_text(out, tenant->rollups[i].platform);
		buf_printf(out, ": %s", tenant->rollups[i].report);
	}
	buf_put_text(out, "}}\n");
}

/* ---- vocabulary ---- */

static void put_measure(struct buf *out, const struct catalog *catalog, uint32_t at)
{
	const struct measure *measure = &catalog->measures[at];
	bool gauge = measure->kind == MEASURE_GAUGE, first = true;
	buf_put_text(out, "  ");
	put_measure_name(out, catalog, (int)at);
	buf_put_text(out, ": {label: ");
	schema_put_text(out, measure->label);
	buf_printf(out, ", kind: %s, money: %s, scale: %u, signed: %s", gauge ? "gauge" : "sum",
	           measure->money ? "true" : "false", measure->scale,
	           measure->is_signed ? "true" : "false");
	if (!gauge)
		buf_printf(out, ", sparse: %s", measure->sparse ? "true" : "false");
	for (uint32_t dim = 0; dim < catalog->dim_count; dim++) {
		if (!(measure->additive_over >> dim & 1))
			continue;
		buf_printf(out, "%s%s", first ? ", additive_over: [" : ", ", catalog->dims[dim].id);
		first = false;
	}
	buf_put_text(out, first ? "}\n" : "]}\n");
}

static void put_type(struct buf *out, const struct catalog *catalog, const struct event_type *type)
{
	buf_printf(out, "  %s: {", type->id);
	for (uint32_t i = 0; i < type->amount_count; i++) {
		const struct type_amount *amount = &type->amounts[i];
		buf_put_text(out, i ? ", " : "");
		put_measure_name(out, catalog, amount->measure);
		buf_put_text(out, ": ");
		put_number(out, amount->value, catalog->measures[amount->measure].scale);
	}
	buf_put_text(out, "}\n");
}

static void put_dimension(struct buf *out, const struct dimension *dimension)
{
	buf_printf(out, "  %s: {label: ", dimension->id);
	schema_put_text(out, dimension->label);
	buf_printf(out, ", entity: %s, max_values: %u", dimension->entity ? "true" : "false",
	           dimension->max_values);
	if (dimension->values) {
		buf_put_text(out, ", values: ");
		put_texts(out, dimension->values, dimension->value_count);
	}
	buf_put_text(out, "}\n");
}

static void put_vocabulary(struct buf *out, const struct catalog *catalog)
{
	buf_put_text(out, "\nmeasures:\n");
	for (uint32_t i = 0; i + LOADER_OWN_MEASURES < catalog->measure_count; i++)
		put_measure(out, catalog, i);
	buf_put_text(out, catalog->type_count ? "\nevent_types:\n" : "\nevent_types: {}\n");
	for (uint32_t i = 0; i < catalog->type_count; i++)
		put_type(out, catalog, &catalog->types[i]);
	bool own = catalog->dim_count > LOADER_OWN_DIMS;
	buf_put_text(out, own ? "\ndimensions:\n" : "\ndimensions: {}\n");
	for (uint32_t i = 0; i + LOADER_OWN_DIMS < catalog->dim_count; i++)
		put_dimension(out, &catalog->dims[i]);
	buf_put_text(out, "\ngrouping_sets:\n");
	for (uint32_t i = 0; i < catalog->set_count; i++)
		buf_printf(out, "  - %s\n", catalog->sets[i].text);
}

/* ---- stages, rules, KPIs ---- */

static void put_stage(struct buf *out, const struct catalog *catalog, uint32_t at)
{
	const struct stage *stage = &catalog->stages[at];
	uint32_t kpi = 0;
	while (kpi < catalog->kpi_count && catalog->kpis[kpi].stage != at)
		kpi++;
	buf_printf(out, "  %s: {label: ", stage->id);
	schema_put_text(out, stage->label);
	buf_printf(out, ", orientation: %s", orientation_name(stage->orientation));
	if (stage->entry >= 0) {
		buf_put_text(out, ", entry: ");
		put_measure_name(out, catalog, stage->entry);
	}
	buf_put_text(out, kpi == catalog->kpi_count ? ", empty: ok}\n" : "}\n");
}

static void put_rule(struct buf *out, const struct rule *rule)
{
	bool first = true;
	buf_put_text(out, "    - {when: {");
	for (size_t field = 0; field < RULE_FIELDS; field++) {
		if (!rule->when[field])
			continue;
		buf_printf(out, "%s%s: ", first ? "" : ", ", when_schema.rows[field].key);
		schema_put_text(out, rule->when[field]);
		first = false;
	}
	buf_put_text(out, "}");
	put_text(out, "set", rule->set);
	buf_put_text(out, "}\n");
}

static void put_rules(struct buf *out, const struct settings *settings)
{
	bool any = false;
	for (int target = 0; target < RULE_TARGETS; target++) {
		const struct rule_list *rules = &settings->rules[target];
		if (rules->count == 0)
			continue;
		buf_printf(out, "%s  %s:\n", any ? "" : "\nrules:\n",
		           rule_target_name((enum rule_target)target));
		for (uint32_t i = 0; i < rules->count; i++)
			put_rule(out, &rules->items[i]);
		any = true;
	}
}

/* `, key: "2 * a - b@market"`: the layer where the name alone means another. */
static void put_linear(struct buf *out, const struct catalog *catalog, const char *key,
                       const struct linear *linear)
{
	buf_printf(out, ", %s: \"", key);
	for (uint32_t i = 0; i < linear->count; i++) {
		int64_t factor = linear->terms[i].factor_micros;
		int measure = linear->terms[i].measure;
		const char *id = catalog->measures[measure].id;
		bool minus = i > 0 && factor < 0 && factor > INT64_MIN;
		buf_put_text(out, minus ? " - " : i ? " + " : "");
		if ((minus ? -factor : factor) != NUM_MICROS) {
			put_number(out, minus ? -factor : factor, 6);
			buf_put_text(out, " * ");
		}
		if (catalog_measure(catalog, id, strlen(id)) == measure)
			buf_put_text(out, id);
		else
			put_measure_name(out, catalog, measure);
	}
	buf_put_text(out, "\"");
}

static void put_survey(struct buf *out, const struct kpi_survey *survey)
{
	static const char *const stats[] = {
	    [SURVEY_SHARE] = "share", [SURVEY_NPS] = "nps", [SURVEY_MEAN] = "mean"};
	buf_printf(out, ", survey: {item: %s, stat: %s, branded: %s", survey->ask.item,
	           stats[survey->stat], survey->branded ? "true" : "false");
	if (survey->ask.options) {
		buf_put_text(out, ", options: ");
		put_texts(out, survey->ask.options, survey->ask.option_count);
	}
	if (survey->base_item)
		buf_printf(out, ", base: %s", survey->base_item);
	if (survey->of.item) {
		buf_printf(out, ", of: {item: %s, options: ", survey->of.item);
		put_texts(out, survey->of.options, survey->of.option_count);
		buf_put_text(out, "}");
	}
	buf_put_text(out, "}");
}

static void put_kpi(struct buf *out, const struct catalog *catalog, const struct kpi *kpi)
{
	buf_printf(out, "  %s: {label: ", kpi->id);
	schema_put_text(out, kpi->label);
	buf_printf(out, ", stage: %s, orientation: %s", catalog->stages[kpi->stage].id,
	           orientation_name(kpi->orientation));
	if (kpi->kind == KPI_SURVEY)
		put_survey(out, kpi->survey);
	else if (kpi->kind == KPI_SHARE)
		put_linear(out, catalog, "share", &kpi->num);
	else if (kpi->kind == KPI_ORIENTATION)
		put_linear(out, catalog, "orientation_share", &kpi->num);
	else
		put_text(out, "expr", kpi->expr);
	if (kpi->kind == KPI_SHARE && kpi->den.count)
		put_linear(out, catalog, "less", &kpi->den);
	buf_printf(out, ", unit: %s, direction: %s, mult: %lld, min_sample: %llu",
	           unit_name(kpi->unit), direction_name(kpi->direction), (long long)kpi->mult,
	           (unsigned long long)kpi->min_sample);
	if (kpi->min_on >= 0) {
		buf_put_text(out, ", min_on: ");
		put_measure_name(out, catalog, kpi->min_on);
	}
	buf_printf(out, ", small_sample: %s}\n", kpi->small_sample_show ? "show" : "hide");
}

void settings_print(const struct settings *settings, struct buf *out)
{
	const struct catalog *catalog = &settings->catalog;
	put_daemon(out, settings);
	buf_put_text(out, "\ntenants:\n");
	for (uint32_t i = 0; i < settings->tenant_count; i++)
		put_tenant(out, &settings->tenants[i]);
	put_vocabulary(out, catalog);
	buf_put_text(out, "\nstages:\n");
	for (uint32_t i = 0; i < catalog->stage_count; i++)
		put_stage(out, catalog, i);
	put_rules(out, settings);
	buf_put_text(out, catalog->kpi_count ? "\nkpis:\n" : "\nkpis: {}\n");
	for (uint32_t i = 0; i < catalog->kpi_count; i++)
		put_kpi(out, catalog, &catalog->kpis[i]);
}
