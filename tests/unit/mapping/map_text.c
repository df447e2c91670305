/* SPDX-License-Identifier: Apache-2.0 */
#include "map_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_map_with(struct text_map *map, const char *yaml, const char *text,
                   const struct map_options *options)
{
	memset(map, 0, sizeof(*map));
	struct settings_error settings_error = {{0}};
	int err =
	    mapping_parse("maps/shop.yaml", yaml, strlen(yaml), &map->mapping, &settings_error);
	cr_assert_eq(err, 0, "%s", settings_error.text);
	struct input_memory memory = {text, strlen(text)};
	struct input input = input_of_memory(&memory);
	struct mapping_list list = {&map->mapping, 1};
	struct sight sight;
	map->err = sight_take(input, &list, &sight, &map->error);
	if (map->err)
		return;
	map->err = map_input(input, map->mapping, &sight, options, &map->mapped, &map->error);
	sight_deinit(&sight);
}

void text_map_begin(struct text_map *map, const char *yaml, const char *text)
{
	struct map_options options = {.as_of_us = TEXT_AS_OF};
	text_map_with(map, yaml, text, &options);
}

void text_map_end(struct text_map *map)
{
	if (!map->err)
		mapped_deinit(&map->mapped);
	mapping_free(map->mapping);
}

const char *tuple_text(const struct items *items, uint32_t tuple)
{
	static char text[1024];
	size_t len = 0;
	uint32_t at = 0;
	struct tuple_dim dim;
	text[0] = '\0';
	while (tuple_next(items, tuple, &at, &dim))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%.*s", len ? " " : "",
		                        items->mapping->names[dim.name], (int)dim.len, dim.text);
	return text;
}

static bool find_amount(const struct items *items, const struct item *item, const char *measure,
                        int64_t *ret_value)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	for (uint32_t i = 0; i < shape->measure_count; i++)
		if (strcmp(items->mapping->names[shape->measures[i].name], measure) == 0)
			return item_value(items, item, i, ret_value);
	return false;
}

bool has_amount(const struct items *items, const struct item *item, const char *measure)
{
	int64_t value = 0;
	return find_amount(items, item, measure, &value);
}

int64_t amount_of(const struct items *items, const struct item *item, const char *measure)
{
	int64_t value = 0;
	cr_assert(find_amount(items, item, measure, &value), "no %s", measure);
	return value;
}

char *read_whole(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	struct buf buf = {0};
	for (;;) {
		uint8_t *room = buf_reserve(&buf, 65536);
		size_t got = room ? fread(room, 1, 65536, file) : 0;
		buf.len += got;
		if (got == 0)
			break;
	}
	(void)fclose(file);
	*ret_len = buf.len;
	buf_put_byte(&buf, 0);
	return (char *)buf.bytes;
}
