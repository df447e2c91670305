/* SPDX-License-Identifier: Apache-2.0
 * Sections that may be taken from a preset. */
#include <stdio.h>
#include <string.h>

#include "settings/loader.h"

struct preset_use {
	const char *preset;
	struct yaml_node *add, *remove;
};

static const struct schema_row use_rows[] = {
    {.key = "preset",
     .type = SCHEMA_NAME,
     .offset = SCHEMA_AT(const char *, struct preset_use, preset),
     .fallback_text = "default",
     .help = "name of a preset in presets/<section>.yaml"},
    {.key = "add",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct preset_use, add),
     .help = "entries beside the preset's, or instead of those of the same name"},
    {.key = "remove",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct preset_use, remove),
     .help = "names of entries to leave out"},
};
static const struct schema use_schema = SCHEMA_OF("", use_rows);

static int preset_load(struct loader *loader, const char *section, enum yaml_kind kind,
                       const struct yaml_node *use, const char *name,
                       struct yaml_node **ret_entries)
{
	const char *path =
	    arena_printf(loader->arena, "%s/%s.yaml", loader->root.presets_dir, section);
	struct yaml_node *file = NULL;
	if (!path)
		return loader_nomem(loader);
	int err = yaml_tree_load(path, loader->arena, &file, loader->error);
	if (err == ERR_IO) {
		char *text = loader->error->text;
		size_t len = strlen(text);
		snprintf(text + len, sizeof(loader->error->text) - len,
		         "; presets_dir in the settings names its directory");
	}
	err = err ? err : yaml_expect(file, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	struct yaml_node *entries = yaml_map_get(file, name);
	if (!entries)
		return yaml_fail(loader->error, use, "there is no preset `%s` in %s", name, path);
	err = yaml_expect(entries, kind, loader->error);
	if (!err)
		*ret_entries = entries;
	return err;
}

static int find_key(const struct yaml_node *map, const char *key)
{
	for (uint32_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return (int)i;
	return -1;
}

/* Takes the listed entries out of the (own) copy. */
static int entries_remove(struct loader *loader, struct yaml_node *entries,
                          const struct yaml_node *list)
{
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	for (uint32_t i = 0; !err && i < list->count; i++) {
		const char *key;
		err = yaml_text(list->items[i], &key, loader->error);
		int at = err || entries->kind != YAML_KIND_MAP ? -1 : find_key(entries, key);
		if (!err && at < 0)
			err = yaml_fail(loader->error, list->items[i],
			                "`%.60s` is not in the preset and cannot be removed", key);
		if (err)
			break;
		entries->count--;
		for (uint32_t j = (uint32_t)at; j < entries->count; j++) {
			entries->keys[j] = entries->keys[j + 1];
			entries->items[j] = entries->items[j + 1];
		}
	}
	return err;
}

static int entries_add(struct loader *loader, struct yaml_node *entries,
                       const struct yaml_node *add)
{
	int err = yaml_expect(add, entries->kind, loader->error);
	for (uint32_t i = 0; !err && i < add->count; i++) {
		bool map = add->kind == YAML_KIND_MAP;
		int at = map ? find_key(entries, add->keys[i]->text) : -1;
		uint32_t to = at < 0 ? entries->count++ : (uint32_t)at;
		entries->items[to] = add->items[i];
		if (map)
			entries->keys[to] = add->keys[i];
	}
	return err;
}

/* A copy with room for `more` entries; the nodes below are shared. */
static struct yaml_node *entries_copy(struct loader *loader, const struct yaml_node *entries,
                                      uint32_t more)
{
	struct yaml_node *copy = arena_zalloc(loader->arena, sizeof(*copy));
	size_t size = ((size_t)entries->count + more) * sizeof(void *);
	if (!copy)
		return NULL;
	*copy = *entries;
	copy->items = arena_alloc(loader->arena, size);
	copy->keys = entries->kind == YAML_KIND_MAP ? arena_alloc(loader->arena, size) : NULL;
	if (!copy->items || (entries->kind == YAML_KIND_MAP && !copy->keys))
		return NULL;
	for (uint32_t i = 0; i < entries->count; i++) {
		copy->items[i] = entries->items[i];
		if (copy->keys)
			copy->keys[i] = entries->keys[i];
	}
	return copy;
}

int section_load(struct loader *loader, const char *section, enum yaml_kind kind,
                 struct yaml_node *given, struct yaml_node **ret_entries)
{
	bool absent = !given || yaml_is_null(given);
	if (!absent && !(given->kind == YAML_KIND_MAP && yaml_map_get(given, "preset"))) {
		int err = yaml_expect(given, kind, loader->error);
		if (!err)
			*ret_entries = given;
		return err;
	}
	struct preset_use use;
	struct yaml_node *entries = NULL;
	int err = schema_read(&use_schema, absent ? NULL : given, &use, loader->error);
	err = err ? err
	          : preset_load(loader, section, kind, absent ? loader->top : given, use.preset,
	                        &entries);
	if (err)
		return err;
	entries = entries_copy(loader, entries, use.add ? use.add->count : 0);
	if (!entries)
		return loader_nomem(loader);
	if (use.remove)
		err = entries_remove(loader, entries, use.remove);
	if (!err && use.add)
		err = entries_add(loader, entries, use.add);
	if (!err)
		*ret_entries = entries;
	return err;
}
