/* SPDX-License-Identifier: Apache-2.0
 * Dimensions and grouping sets. */
#include <stdlib.h>
#include <string.h>

#include "settings/loader.h"

#define VALUES_MAX 1000000

struct dimension_input {
	const char *label;
	bool entity;
	uint32_t max_values;
	struct yaml_node *values;
};

static const struct schema_row dimension_rows[] = {
    {.key = "label",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct dimension_input, label),
     .help = "name for readers; default: made from the id"},
    {.key = "entity",
     .type = SCHEMA_BOOL,
     .offset = SCHEMA_AT(bool, struct dimension_input, entity),
     .help = "values are ids of a platform, kept as <platform>:<id>, with a name of their own"},
    {.key = "max_values",
     .type = SCHEMA_INT32,
     .offset = SCHEMA_AT(uint32_t, struct dimension_input, max_values),
     .fallback = 10000,
     .min = 1,
     .max = VALUES_MAX,
     .unit = "values",
     .help = "beyond it a new value counts as __other__; totals stay exact"},
    {.key = "values",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct dimension_input, values),
     .help = "the only values taken, as a list; default: any"},
};
const struct schema dimension_schema = SCHEMA_OF("dimensions.<dimension>", dimension_rows);

/* Columns of the summary row, present and to come, and the words of a query. */
static const char *const reserved[] = {
#define COLUMN(name) #name,
#include "model/column.def"
#undef COLUMN
    "target",      "target_kind",  "expected",       "attainment",      "pace",
    "pace_status", "projection",   "projection_low", "projection_high", "p_hit",
    "prev_value",  "change_abs",   "change_rel",     "change_p",        "change_significant",
    "anomaly_z",   "anomaly_kind", "completeness",   "projected_final", "computed_at",
};

static int check_dimension_id(struct loader *loader, const struct yaml_node *key)
{
	static const char suffix[] = "_label";
	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (strcmp(reserved[i], key->text) == 0)
			return yaml_fail(
			    loader->error, key,
			    "`%s` is a column of every summary row and cannot be a dimension",
			    key->text);
	if (key->len >= sizeof(suffix) &&
	    strcmp(key->text + key->len - (sizeof(suffix) - 1), suffix) == 0)
		return yaml_fail(
		    loader->error, key,
		    "`%s` cannot be a dimension: names in _label are columns of labels", key->text);
	return 0;
}

int loader_value(struct loader *loader, const struct yaml_node *node, const char **ret_value)
{
	const char *text = "";
	int err = yaml_text(node, &text, loader->error);
	if (err)
		return err;
	if (node->len == 0 || node->len > MODEL_VALUE_MAX)
		return yaml_fail(loader->error, node, "a value has 1 to %d bytes", MODEL_VALUE_MAX);
	for (size_t i = 0; i < node->len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return yaml_fail(loader->error, node,
			                 "a value holds no control characters");
	if (strncmp(text, "__", 2) == 0)
		return yaml_fail(loader->error, node, "`%.60s`: values in __ are the daemon's own",
		                 text);
	*ret_value = text;
	return 0;
}

static int read_value(struct loader *loader, const struct yaml_node *node,
                      const struct dimension *dimension, const char **ret_value)
{
	const char *text = "";
	int err = loader_value(loader, node, &text);
	if (err)
		return err;
	for (uint32_t i = 0; i < dimension->value_count; i++)
		if (strcmp(dimension->values[i], text) == 0)
			return yaml_fail(loader->error, node, "the value `%.60s` is given twice",
			                 text);
	*ret_value = text;
	return 0;
}

static int read_values(struct loader *loader, const struct yaml_node *list,
                       struct dimension *dimension)
{
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count == 0)
		err = yaml_fail(loader->error, list, "an empty list would refuse every value");
	if (err)
		return err;
	dimension->values = arena_zalloc(loader->arena, list->count * sizeof(*dimension->values));
	if (!dimension->values)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < list->count; i++) {
		err = read_value(loader, list->items[i], dimension, &dimension->values[i]);
		dimension->value_count += !err;
	}
	if (!err && dimension->max_values < dimension->value_count)
		dimension->max_values = dimension->value_count;
	return err;
}

static int read_dimension(struct loader *loader, const struct yaml_node *key,
                          const struct yaml_node *map, struct dimension *ret_dimension)
{
	struct dimension dimension = {0};
	struct dimension_input input;
	int err = yaml_name(key, &dimension.id, loader->error);
	err = err ? err : check_dimension_id(loader, key);
	err = err ? err : builtin_check_dimension(loader, key);
	err = err ? err : schema_read(&dimension_schema, map, &input, loader->error);
	if (err)
		return err;
	dimension.entity = input.entity;
	dimension.max_values = input.max_values;
	dimension.label = input.label ? input.label : loader_label(loader, dimension.id);
	if (!dimension.label)
		return loader_nomem(loader);
	if (input.entity && input.values)
		return yaml_fail(loader->error, input.values,
		                 "an entity's values are ids of a platform and cannot be listed");
	if (input.values)
		err = read_values(loader, input.values, &dimension);
	if (!err)
		*ret_dimension = dimension;
	return err;
}

/* Answers are counted by item and option; a set with one of the two alone would
 * add the answers of different questions. */
static int check_survey_set(struct loader *loader, const struct yaml_node *list, uint32_t mask)
{
	const struct catalog *catalog = &loader->settings->catalog;
	/* Masks, not shifted bits: GCC 12 with -flto drops the comparison of two
	 * `mask >> place & 1`. */
	bool item = (mask & UINT32_C(1) << catalog->item_dim) != 0;
	bool option = (mask & UINT32_C(1) << catalog->option_dim) != 0;
	if (item == option)
		return 0;
	return yaml_fail(loader->error, list, "a grouping set with `%s` needs `%s` as well",
	                 item ? "item" : "option", item ? "option" : "item");
}

static int read_set(struct loader *loader, const struct yaml_node *list,
                    struct grouping_set *ret_set)
{
	const struct catalog *catalog = &loader->settings->catalog;
	struct grouping_set set = {0};
	struct buf text = {0};
	uint32_t mask = 0;
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count > MODEL_SET_DIMS)
		err = yaml_fail(loader->error, list, "a grouping set has at most %d dimensions",
		                MODEL_SET_DIMS);
	buf_put_text(&text, "[");
	for (uint32_t i = 0; !err && i < list->count; i++) {
		const char *name;
		err = yaml_text(list->items[i], &name, loader->error);
		int dim = err ? -1 : catalog_dim(catalog, name, strlen(name));
		if (!err && dim < 0)
			err = yaml_fail(loader->error, list->items[i], "unknown dimension `%.60s`",
			                name);
		if (!err && (mask >> dim & 1))
			err = yaml_fail(loader->error, list->items[i],
			                "`%s` is named twice in one grouping set", name);
		if (!err && catalog->dims[dim].derived)
			err = yaml_fail(loader->error, list->items[i],
			                "`%s` is made by rules when a query is answered and "
			                "cannot be in a grouping set: name `campaign`",
			                name);
		if (err)
			break;
		mask |= UINT32_C(1) << dim;
		buf_printf(&text, "%s%s", i ? ", " : "", name);
	}
	buf_put_text(&text, "]");
	err = err ? err : check_survey_set(loader, list, mask);
	for (uint8_t dim = 0; dim < catalog->dim_count; dim++)
		if (mask >> dim & 1)
			set.dims[set.dim_count++] = dim;
	set.text = err || buf_failed(&text)
	               ? NULL
	               : arena_strndup(loader->arena, (const char *)text.bytes, text.len);
	buf_deinit(&text);
	if (!err && !set.text)
		return loader_nomem(loader);
	if (!err)
		*ret_set = set;
	return err;
}

static bool same_dims(const struct grouping_set *a, const struct grouping_set *b)
{
	return a->dim_count == b->dim_count && memcmp(a->dims, b->dims, a->dim_count) == 0;
}

static int load_sets(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	struct yaml_node *entries = NULL;
	int err = section_load(loader, "grouping_sets", YAML_KIND_SEQ, loader->root.grouping_sets,
	                       &entries);
	if (err)
		return err;
	catalog->sets = arena_zalloc(loader->arena, MODEL_SETS * sizeof(*catalog->sets));
	if (!catalog->sets)
		return loader_nomem(loader);
	/* The total is always kept, and first. */
	catalog->sets[catalog->set_count++].text = "[]";
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		struct grouping_set set;
		err = read_set(loader, entries->items[i], &set);
		for (uint32_t j = 0; !err && set.dim_count && j < catalog->set_count; j++)
			if (same_dims(&set, &catalog->sets[j]))
				err = yaml_fail(loader->error, entries->items[i],
				                "the grouping set %s is there twice, as %s",
				                set.text, catalog->sets[j].text);
		if (!err && set.dim_count && catalog->set_count == MODEL_SETS)
			err = yaml_fail(loader->error, entries->items[i],
			                "there are more than %d grouping sets", MODEL_SETS);
		if (!err && set.dim_count)
			catalog->sets[catalog->set_count++] = set;
	}
	return err;
}

int load_dimensions(struct loader *loader)
{
	struct catalog *catalog = &loader->settings->catalog;
	struct yaml_node *entries = NULL;
	int err =
	    section_load(loader, "dimensions", YAML_KIND_MAP, loader->root.dimensions, &entries);
	if (err)
		return err;
	if (entries->count > MODEL_DIMS - LOADER_OWN_DIMS)
		return yaml_fail(loader->error, entries,
		                 "there are %u dimensions; at most %d are possible", entries->count,
		                 MODEL_DIMS - LOADER_OWN_DIMS);
	catalog->dims = arena_zalloc(loader->arena,
	                             (entries->count + LOADER_OWN_DIMS) * sizeof(*catalog->dims));
	if (!catalog->dims)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < entries->count; i++) {
		err =
		    read_dimension(loader, entries->keys[i], entries->items[i], &catalog->dims[i]);
		catalog->dim_count += !err;
	}
	if (err)
		return err;
	builtin_dimensions(catalog);
	return load_sets(loader);
}
