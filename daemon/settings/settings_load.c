/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/settings_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/loader.h"

int loader_nomem(struct loader *loader)
{
	snprintf(loader->error->text, sizeof(loader->error->text), "%s", err_rule(ERR_NOMEM));
	return ERR_NOMEM;
}

int loader_path(struct loader *loader, const char *path, const char **ret_path)
{
	const char *whole = path;
	if (*path && *path != '/')
		whole = arena_printf(loader->arena, "%s/%s", loader->dir, path);
	if (!whole)
		return loader_nomem(loader);
	*ret_path = whole;
	return 0;
}

bool loader_is_preset(const struct loader *loader, const struct yaml_node *node)
{
	return strcmp(node->file, loader->top->file) != 0;
}

const char *loader_label(struct loader *loader, const char *id)
{
	char *label = arena_strndup(loader->arena, id, strlen(id));
	for (char *c = label; c && *c; c++)
		if (*c == '_')
			*c = ' ';
	if (label && *label >= 'a' && *label <= 'z')
		*label = (char)(*label - 'a' + 'A');
	return label;
}

/* Which cells a level stands in depends on what it adds up over. */
static void put_measure_shape(struct buf *text, const struct catalog *catalog,
                              const struct measure *measure)
{
	buf_printf(text, "scale %s@%s %u", measure->id, layer_name(measure->layer), measure->scale);
	if (measure->kind == MEASURE_GAUGE)
		buf_put_text(text, " gauge");
	for (uint32_t dim = 0; dim < catalog->dim_count; dim++)
		if (measure->additive_over >> dim & 1)
			buf_printf(text, " %s", catalog->dims[dim].id);
	buf_put_text(text, "\n");
}

/* One fact a line; what stored state depends on. Measures and dimensions are
 * stored by name, grouping sets by position. */
static int load_shape(struct loader *loader)
{
	const struct catalog *catalog = &loader->settings->catalog;
	struct buf text = {0};
	for (unsigned grain = 0; grain < GRAIN_COUNT; grain++)
		buf_printf(&text, "grain %s\n", grain_name((enum grain)grain));
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		buf_printf(&text, "set %u", i);
		for (uint32_t j = 0; j < catalog->sets[i].dim_count; j++)
			buf_printf(&text, " %s", catalog->dims[catalog->sets[i].dims[j]].id);
		buf_put_text(&text, "\n");
	}
	for (uint32_t i = 0; i < catalog->measure_count; i++)
		put_measure_shape(&text, catalog, &catalog->measures[i]);
	const char *shape = buf_failed(&text)
	                        ? NULL
	                        : arena_strndup(loader->arena, (const char *)text.bytes, text.len);
	buf_deinit(&text);
	loader->settings->shape = shape;
	return shape ? 0 : loader_nomem(loader);
}

static int load_parts(struct loader *loader)
{
	int err = schema_read(&root_schema, loader->top, &loader->root, loader->error);
	err = err ? err : load_daemon(loader);
	err = err ? err : load_dimensions(loader);
	err = err ? err : load_measures(loader);
	err = err ? err : load_tenants(loader);
	err = err ? err : load_stages(loader);
	err = err ? err : load_rules(loader);
	err = err ? err : load_kpis(loader);
	err = err ? err : load_shape(loader);
	if (!err && catalog_seal(&loader->settings->catalog) != 0)
		err = loader_nomem(loader);
	return err;
}

int settings_load(const char *path, struct settings **ret_settings,
                  struct settings_error *ret_error)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	struct loader loader = {.settings = settings, .error = ret_error};
	if (!settings)
		return loader_nomem(&loader);
	loader.arena = &settings->catalog.arena;
	const char *slash = strrchr(path, '/');
	loader.dir =
	    slash ? arena_strndup(loader.arena, path, (size_t)(slash - path) + (slash == path))
	          : ".";
	int err = loader.dir ? yaml_tree_load(path, loader.arena, &loader.top, ret_error)
	                     : loader_nomem(&loader);
	err = err ? err : load_parts(&loader);
	if (err) {
		settings_free(settings);
		return err;
	}
	*ret_settings = settings;
	return 0;
}

void settings_describe(struct buf *out)
{
	static const struct schema *const schemas[] = {
	    &root_schema,      &listen_schema,
	    &redis_schema,     &access_schema,
	    &retention_schema, &limits_schema,
	    &dedup_schema,     &privacy_schema,
	    &fx_schema,        &emit_schema,
	    &defaults_schema,  &tenant_schema,
	    &measure_schema,   &dimension_schema,
	    &stage_schema,     &rules_schema,
	    &rule_schema,      &when_schema,
	    &kpi_schema,       &survey_schema,
	    &survey_of_schema, NULL,
	};
	for (const struct schema *const *schema = schemas; *schema; schema++)
		schema_describe(*schema, out);
}
