/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/mapping.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mapping_free(struct mapping *mapping)
{
	if (!mapping)
		return;
	/* The mapping itself is the first thing in its arena. */
	struct arena arena = mapping->arena;
	arena_deinit(&arena);
}

/* `prefix*` stands for all columns that begin so. */
static bool is_named(const char *pattern, const char *column)
{
	size_t len = strlen(pattern);
	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(pattern, column, len - 1) == 0;
	return strcmp(pattern, column) == 0;
}

bool mapping_ignores(const struct mapping *mapping, const char *column)
{
	for (uint32_t i = 0; i < mapping->ignore_count; i++)
		if (is_named(mapping->ignore[i], column))
			return true;
	return false;
}

const char *mapping_reason(const struct mapping *mapping, const char *column)
{
	for (uint32_t i = 0; i < mapping->reason_count; i++)
		if (is_named(mapping->reasons[i].column, column))
			return mapping->reasons[i].why;
	return NULL;
}

const char *mapping_noun(const struct mapping *mapping, bool many)
{
	static const char *const nouns[][2] = {
	    [SHAPE_EVENT] = {"event", "events"},          [SHAPE_ROW] = {"row", "rows"},
	    [SHAPE_RESPONSE] = {"response", "responses"}, [SHAPE_AGGREGATE] = {"sum", "sums"},
	    [SHAPE_GAUGE] = {"level", "levels"},          [SHAPE_RATE] = {"rate", "rates"}};
	if (mapping->class == MAPPING_REPORT)
		return nouns[SHAPE_ROW][many];
	enum shape_kind kind = mapping->shapes[0].kind;
	for (uint32_t i = 1; i < mapping->shape_count; i++)
		if (mapping->shapes[i].kind != kind)
			return many ? "readings" : "reading";
	return nouns[kind][many];
}

static int is_mapping(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int load_named(const char *dir, const char *name, struct mapping_list *list,
                      struct settings_error *ret_error)
{
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
		               "%.200s: the path is too long", dir);
		return ERR_IO;
	}
	int err = mapping_load(path, &list->items[list->count], ret_error);
	if (!err)
		list->count++;
	return err;
}

int mapping_list_load(const char *dir, struct mapping_list *ret_list,
                      struct settings_error *ret_error)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_mapping, alphasort);
	if (count <= 0) {
		(void)snprintf(ret_error->text, sizeof(ret_error->text),
		               "%.300s: %s; name the directory of the mappings", dir,
		               count == 0 ? "there is no mapping (*.yaml) in it" : strerror(errno));
		free(entries);
		return ERR_IO;
	}
	struct mapping_list list = {0};
	list.items = calloc((size_t)count, sizeof(*list.items));
	int err = list.items ? 0 : ERR_NOMEM;
	for (int i = 0; i < count; i++) {
		if (!err)
			err = load_named(dir, entries[i]->d_name, &list, ret_error);
		free(entries[i]);
	}
	free(entries);
	if (err)
		mapping_list_deinit(&list);
	else
		*ret_list = list;
	return err;
}

void mapping_list_deinit(struct mapping_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		mapping_free(list->items[i]);
	free(list->items);
	*list = (struct mapping_list){0};
}

const struct mapping *mapping_list_find(const struct mapping_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i]->name, name) == 0)
			return list->items[i];
	return NULL;
}
