/* SPDX-License-Identifier: Apache-2.0
 * Stages. */
#include <stdlib.h>
#include <string.h>

#include "settings/loader.h"

const char *const loader_orientations[] = {"upstream", "downstream", NULL};
static const char *const empties[] = {"ok", NULL};

struct stage_input {
	const char *label, *entry;
	int orientation, empty;
};

static const struct schema_row stage_rows[] = {
    {.key = "label",
     .reloadable = true,
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct stage_input, label),
     .help = "name for readers; default: made from the id"},
    {.key = "orientation",
     .reloadable = true,
     .type = SCHEMA_CHOICE,
     .required = true,
     .offset = SCHEMA_AT(int, struct stage_input, orientation),
     .names = loader_orientations,
     .help = "upstream (builds demand) or downstream (harvests it)"},
    {.key = "entry",
     .reloadable = true,
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct stage_input, entry),
     .help = "the count that enters the stage; default: none"},
    {.key = "empty",
     .reloadable = true,
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct stage_input, empty),
     .names = empties,
     .fallback_text = "",
     .help = "`ok` for a stage that has no KPI yet"},
};
const struct schema stage_schema = SCHEMA_OF("stages.<stage>", stage_rows);

int loader_count(struct loader *loader, const struct yaml_node *map, const char *key,
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
	if (catalog->measures[measure].kind != MEASURE_SUM)
		return yaml_fail(loader->error, node,
		                 "`%s: %s`: a level is never a sample or a flow, name a count", key,
		                 name);
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
	err = err ? err : loader_count(loader, map, "entry", input.entry, &stage.entry);
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
