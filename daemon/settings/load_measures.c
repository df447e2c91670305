/* SPDX-License-Identifier: Apache-2.0
 * Measures and event types. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "settings/loader.h"

static const char *const layers[] = {"observed", "claimed", "commerce", "survey", "market", NULL};

static const char *const kinds[] = {
    [MEASURE_SUM] = "sum", [MEASURE_GAUGE] = "gauge", [MEASURE_RATE] = NULL};

struct measure_input {
	const char *label;
	int layer, kind;
	uint32_t scale;
	bool money, is_signed, sparse;
	struct yaml_node *additive_over;
};

static const struct schema_row measure_rows[] = {
    {.key = "label",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct measure_input, label),
     .help = "name for readers; default: made from the id"},
    {.key = "layer",
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct measure_input, layer),
     .names = layers,
     .help = "where the number comes from; layers never mix in one sum"},
    {.key = "kind",
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct measure_input, kind),
     .names = kinds,
     .help = "sum (what happened, added over time) or gauge (a level such as a price or a "
             "number of followers, never added over time)"},
    {.key = "additive_over",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct measure_input, additive_over),
     .help = "gauges: dimensions over whose values levels add up, as a list; default: none"},
    {.key = "money",
     .type = SCHEMA_BOOL,
     .offset = SCHEMA_AT(bool, struct measure_input, money),
     .help = "amounts bear a currency and are kept in millionths"},
    {.key = "scale",
     .type = SCHEMA_INT32,
     .offset = SCHEMA_AT(uint32_t, struct measure_input, scale),
     .fallback = UINT32_MAX,
     .fallback_text = "6 for money, else 0",
     .max = 6,
     .unit = "decimals",
     .help = "0 for counts, 6 for fractions"},
    {.key = "signed",
     .type = SCHEMA_BOOL,
     .offset = SCHEMA_AT(bool, struct measure_input, is_signed),
     .help = "events may take away from it"},
    {.key = "sparse",
     .type = SCHEMA_BOOL,
     .offset = SCHEMA_AT(bool, struct measure_input, sparse),
     .help = "a KPI reads it as 0 where no source ever reported it (refunds); other measures "
             "make the KPI no_data"},
};
const struct schema measure_schema = SCHEMA_OF("measures.<measure>", measure_rows);

/* "orders" or "orders@claimed" to the id and, when it is named, the layer. */
static int split_key(struct loader *loader, const struct yaml_node *key, const char **ret_id,
                     enum layer *ret_layer)
{
	const char *at = strchr(key->text, '@');
	size_t len = at ? (size_t)(at - key->text) : key->len;
	enum layer layer = LAYER_COUNT;
	if (at) {
		layer = layer_by_name(at + 1, strlen(at + 1));
		if (layer == LAYER_COUNT)
			return yaml_fail(loader->error, key,
			                 "`%.60s` is no layer: observed, claimed, "
			                 "commerce, survey or market",
			                 at + 1);
	}
	struct yaml_node name = *key;
	name.text = arena_strndup(loader->arena, key->text, len);
	name.len = len;
	if (!name.text)
		return loader_nomem(loader);
	*ret_layer = layer;
	return yaml_name(&name, ret_id, loader->error);
}

/* A preset serves whatever dimensions are configured, so what it names beyond
 * them is left out; in the settings themselves it is a mistake. */
static int read_additive(struct loader *loader, const struct yaml_node *list,
                         uint32_t *ret_additive)
{
	const struct catalog *catalog = &loader->settings->catalog;
	bool preset = loader_is_preset(loader, list);
	uint32_t mask = 0;
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	for (uint32_t i = 0; !err && i < list->count; i++) {
		const char *name = "";
		err = yaml_text(list->items[i], &name, loader->error);
		int dim = err ? -1 : catalog_dim(catalog, name, strlen(name));
		if (!err && dim < 0 && !preset)
			err = yaml_fail(loader->error, list->items[i], "unknown dimension `%.60s`",
			                name);
		if (dim < 0)
			continue;
		if (catalog->dims[dim].derived || dim == catalog->item_dim ||
		    dim == catalog->option_dim)
			err = yaml_fail(loader->error, list->items[i],
			                "`%s` is no dimension of levels", name);
		mask |= UINT32_C(1) << dim;
	}
	if (!err)
		*ret_additive = mask;
	return err;
}

/* What a level cannot be. */
static int read_kind(struct loader *loader, const struct yaml_node *map,
                     const struct measure_input *input, struct measure *measure)
{
	measure->kind = (enum measure_kind)input->kind;
	if (measure->kind != MEASURE_GAUGE && input->additive_over)
		return yaml_fail(loader->error, yaml_map_get(map, "additive_over"),
		                 "`additive_over` is for `kind: gauge`; a sum adds over all "
		                 "dimensions");
	if (measure->kind == MEASURE_GAUGE && input->sparse)
		return yaml_fail(loader->error, yaml_map_get(map, "sparse"),
		                 "a gauge cannot be sparse: a level that nobody reported is "
		                 "unknown, not 0");
	return input->additive_over
	           ? read_additive(loader, input->additive_over, &measure->additive_over)
	           : 0;
}

static int read_measure(struct loader *loader, const struct yaml_node *key,
                        const struct yaml_node *map, struct measure *ret_measure)
{
	struct measure measure = {0};
	struct measure_input input;
	enum layer layer = LAYER_COUNT;
	int err = split_key(loader, key, &measure.id, &layer);
	err = err ? err : builtin_check_measure(loader, key, measure.id);
	err = err ? err : schema_read(&measure_schema, map, &input, loader->error);
	if (err)
		return err;
	bool layer_given = map->kind == YAML_KIND_MAP && yaml_map_get(map, "layer");
	if (layer == LAYER_COUNT)
		layer = (enum layer)input.layer;
	else if (layer_given && (enum layer)input.layer != layer)
		return yaml_fail(loader->error, key,
		                 "`%.60s` and `layer: %s` contradict each other", key->text,
		                 layers[input.layer]);
	if (input.scale == UINT32_MAX)
		input.scale = input.money ? 6 : 0;
	if (input.scale != 0 && input.scale != 6)
		return yaml_fail(loader->error, yaml_map_get(map, "scale"),
		                 "`scale: %u`: a scale is 0 or 6", input.scale);
	if (input.money && input.scale != 6)
		return yaml_fail(loader->error, yaml_map_get(map, "scale"),
		                 "`scale: %u`: money has the scale 6", input.scale);
	measure.layer = layer;
	measure.scale = (uint8_t)input.scale;
	measure.money = input.money;
	measure.is_signed = input.is_signed;
	measure.sparse = input.sparse;
	measure.label = input.label ? input.label : loader_label(loader, measure.id);
	if (!measure.label)
		return loader_nomem(loader);
	err = read_kind(loader, map, &input, &measure);
	if (!err)
		*ret_measure = measure;
	return err;
}

static int read_amount(struct loader *loader, const struct yaml_node *key,
                       const struct yaml_node *value, struct type_amount *ret_amount)
{
	const struct catalog *catalog = &loader->settings->catalog;
	int measure = catalog_measure(catalog, key->text, key->len);
	if (measure < 0)
		return yaml_fail(loader->error, key, "unknown measure `%.60s`", key->text);
	const struct measure *row = &catalog->measures[measure];
	if (row->kind != MEASURE_SUM || row->layer == LAYER_SURVEY)
		return yaml_fail(loader->error, key, "`%s` is not counted by events: %s", row->id,
		                 row->kind == MEASURE_SUM
		                     ? "it comes with survey answers"
		                     : "it is a level, and an event adds to a sum");
	const char *text = "";
	int64_t amount;
	int err = yaml_text(value, &text, loader->error);
	if (err)
		return err;
	err = num_parse(text, value->len, row->scale, NUM_EXACT, &amount);
	if (err)
		return yaml_fail(loader->error, value, "`%s: %.60s`: %s", row->id, text,
		                 err == ERR_MALFORMED ? "this is not a number" : err_rule(err));
	if (amount < 0 && !row->is_signed)
		return yaml_fail(loader->error, value, "`%s: %.60s`: %s", row->id, text,
		                 err_rule(ERR_NEGATIVE));
	*ret_amount = (struct type_amount){(uint16_t)measure, amount};
	return 0;
}

static int read_type(struct loader *loader, const struct yaml_node *key,
                     const struct yaml_node *amounts, struct event_type *ret_type)
{
	struct event_type type = {0};
	int err = yaml_name(key, &type.id, loader->error);
	if (!err && !yaml_is_null(amounts))
		err = yaml_expect(amounts, YAML_KIND_MAP, loader->error);
	uint32_t count = amounts->kind == YAML_KIND_MAP ? amounts->count : 0;
	type.amounts = arena_zalloc(loader->arena, (count + 1) * sizeof(*type.amounts));
	if (!err && !type.amounts)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < count; i++) {
		err = read_amount(loader, amounts->keys[i], amounts->items[i], &type.amounts[i]);
		for (uint32_t j = 0; !err && j < i; j++)
			if (type.amounts[j].measure == type.amounts[i].measure)
				err = yaml_fail(loader->error, amounts->keys[i],
				                "`%.60s` is named twice in one event type",
				                amounts->keys[i]->text);
	}
	type.amount_count = count;
	if (!err)
		*ret_type = type;
	return err;
}

static int load_types(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	struct yaml_node *entries = NULL;
	int err =
	    section_load(loader, "event_types", YAML_KIND_MAP, loader->root.event_types, &entries);
	if (err)
		return err;
	catalog->types =
	    arena_zalloc(loader->arena, (entries->count + 1) * sizeof(*catalog->types));
	if (!catalog->types)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		err = read_type(loader, entries->keys[i], entries->items[i],
		                &catalog->types[catalog->type_count]);
		catalog->type_count += !err;
	}
	return err;
}

static int check_pair(struct loader *loader, const struct yaml_node *key)
{
	struct catalog *catalog = &loader->settings->catalog;
	const struct measure *last = &catalog->measures[catalog->measure_count - 1];
	for (const struct measure *other = catalog->measures; other < last; other++) {
		if (strcmp(other->id, last->id) != 0)
			continue;
		if (other->layer == last->layer)
			return yaml_fail(loader->error, key, "`%s` is given twice in the layer %s",
			                 last->id, layer_name(last->layer));
		if (other->kind != last->kind)
			return yaml_fail(loader->error, key,
			                 "`%s` is a sum in one layer and a gauge in another: give "
			                 "one of them another name",
			                 last->id);
		if (other->money != last->money)
			return yaml_fail(loader->error, key,
			                 "`%s` is money in one layer and a count in "
			                 "another: give one of them another name",
			                 last->id);
	}
	return 0;
}

int load_measures(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	struct yaml_node *entries = NULL;
	int err = section_load(loader, "measures", YAML_KIND_MAP, loader->root.measures, &entries);
	if (err)
		return err;
	if (entries->count > MODEL_MEASURES - LOADER_OWN_MEASURES)
		return yaml_fail(loader->error, entries,
		                 "there are %u measures; at most %d are possible", entries->count,
		                 MODEL_MEASURES - LOADER_OWN_MEASURES);
	if (entries->count == 0)
		return yaml_fail(loader->error, entries,
		                 "there is no measure: nothing could be counted");
	catalog->measures = arena_zalloc(loader->arena, (entries->count + LOADER_OWN_MEASURES) *
	                                                    sizeof(*catalog->measures));
	if (!catalog->measures)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		err = read_measure(loader, entries->keys[i], entries->items[i],
		                   &catalog->measures[i]);
		catalog->measure_count += !err;
		err = err ? err : check_pair(loader, entries->keys[i]);
	}
	if (err)
		return err;
	builtin_measures(catalog);
	return load_types(loader);
}
