/* SPDX-License-Identifier: Apache-2.0
 * Which input columns the rules read: by name, and by pattern. */
#include <stdlib.h>
#include <string.h>

#include "mapping/fill_text.h"
#include "mapping/pattern.h"

/* A column of the input that no rule names, so that a pattern may have it. */
static bool is_free(const struct mapping *mapping, const char *name)
{
	for (uint32_t i = 0; i < mapping->column_count; i++)
		if (strcmp(mapping->columns[i], name) == 0)
			return false;
	return !mapping_ignores(mapping, name);
}

static const char *copy_place(struct fill *fill, const struct pattern_match *match,
                              enum pattern_place place)
{
	return arena_strndup(&fill->bind_arena, match->texts[place], match->lens[place]);
}

/* What the file calls a brand -> the brand; NULL = none that was asked for. */
static const char *brand_of(const struct response_rules *rules, const char *text)
{
	for (uint32_t i = 0; i < rules->brand_count; i++)
		if (strcmp(rules->brands[i].from, text) == 0)
			return rules->brands[i].to;
	return rules->brand_count > 0 ? NULL : text;
}

/* A column that the pattern matches: *ret_cell.column stays INTERN_NONE when it
 * is of no use. `rules` = of a question, NULL = of rates. */
static int match_cell(struct fill *fill, const char *pattern, uint32_t column,
                      const struct response_rules *rules, struct bound_cell *ret_cell)
{
	const struct intern_entry *entry = intern_get(&fill->reader->columns, column);
	const char *name = (const char *)entry->bytes;
	struct pattern_match match;
	ret_cell->column = INTERN_NONE;
	if (!pattern_match(pattern, name, entry->len, &match) ||
	    !is_free(fill->items->mapping, name))
		return 0;
	struct bound_cell cell = {.column = column, .name = name};
	if (match.texts[PATTERN_BRAND]) {
		const char *text = copy_place(fill, &match, PATTERN_BRAND);
		if (!text)
			return ERR_NOMEM;
		cell.brand = brand_of(rules, text);
		if (!cell.brand)
			return 0;
	}
	enum pattern_place place = rules ? PATTERN_OPTION : PATTERN_QUOTE;
	if (match.texts[place]) {
		cell.option = copy_place(fill, &match, place);
		if (!cell.option)
			return ERR_NOMEM;
	}
	*ret_cell = cell;
	return 0;
}

static int by_brand(const void *left, const void *right)
{
	const struct bound_cell *a = left;
	const struct bound_cell *b = right;
	int order = a->brand && b->brand ? strcmp(a->brand, b->brand) : 0;
	return order ? order : a->column < b->column ? -1 : a->column > b->column;
}

static int bind_pattern(struct fill *fill, const char *pattern, const struct response_rules *rules,
                        struct bound_cells *ret_cells)
{
	uint32_t columns = fill->reader->columns.count;
	struct bound_cells cells = {
	    .list = arena_alloc(&fill->bind_arena, (columns + 1) * sizeof(*cells.list))};
	if (!cells.list)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < columns; i++) {
		int err = match_cell(fill, pattern, i, rules, &cells.list[cells.count]);
		if (err)
			return err;
		cells.count += cells.list[cells.count].column != INTERN_NONE;
	}
	qsort(cells.list, cells.count, sizeof(*cells.list), by_brand);
	*ret_cells = cells;
	return 0;
}

/* Named columns: one, the boxes of a question, or the mentions. */
static int bind_named(struct fill *fill, const struct item_rule *item,
                      struct bound_cells *ret_cells)
{
	bool one = item->column != MAPPING_NO_COLUMN;
	uint32_t count = one ? 1 : item->box_count + item->mention_count;
	struct bound_cells cells = {
	    .list = arena_alloc(&fill->bind_arena, (count + 1) * sizeof(*cells.list)),
	    .count = count};
	if (!cells.list)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t column = one               ? item->column
		                  : item->box_count ? item->boxes[i].column
		                                    : item->mentions[i];
		cells.list[i] =
		    (struct bound_cell){.column = fill->bound[column],
		                        .name = fill->items->mapping->columns[column],
		                        .option = item->box_count ? item->boxes[i].option : NULL};
	}
	*ret_cells = cells;
	return 0;
}

static int bind_items(struct fill *fill, const struct response_rules *rules,
                      struct bound_cells *cells)
{
	int err = 0;
	for (uint32_t i = 0; i < rules->item_count && !err; i++) {
		const struct item_rule *item = &rules->items[i];
		const char *column = item->column == MAPPING_NO_COLUMN
		                         ? ""
		                         : fill->items->mapping->columns[item->column];
		err = pattern_is(column) ? bind_pattern(fill, column, rules, &cells[i])
		                         : bind_named(fill, item, &cells[i]);
	}
	return err;
}

static int bind_shape(struct fill *fill, uint32_t index)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	bool wide = shape->kind == SHAPE_RATE && !value_given(&shape->rate->quote);
	if (shape->kind != SHAPE_RESPONSE && !wide)
		return 0;
	uint32_t count = wide ? 1 : shape->response->item_count;
	fill->cells[index] = arena_zalloc(&fill->bind_arena, count * sizeof(*fill->cells[index]));
	if (!fill->cells[index])
		return ERR_NOMEM;
	if (wide)
		return bind_pattern(fill, fill->items->mapping->columns[shape->rate->rate], NULL,
		                    &fill->cells[index][0]);
	return bind_items(fill, shape->response, fill->cells[index]);
}

int fill_bind(struct fill *fill)
{
	const struct intern *columns = &fill->reader->columns;
	if (fill->bound_once && fill->bound_columns == columns->count)
		return 0;
	const struct mapping *mapping = fill->items->mapping;
	for (uint32_t i = 0; i < mapping->column_count; i++)
		fill->bound[i] =
		    intern_find(columns, mapping->columns[i], strlen(mapping->columns[i]));
	arena_reset(&fill->bind_arena);
	int err = 0;
	for (uint32_t i = 0; i < mapping->shape_count && !err; i++)
		err = bind_shape(fill, i);
	fill->bound_columns = columns->count;
	fill->bound_once = !err;
	return err;
}

bool fill_reads(const struct fill *fill, uint32_t column)
{
	const struct mapping *mapping = fill->items->mapping;
	for (uint32_t i = 0; i < mapping->column_count; i++)
		if (fill->bound[i] == column)
			return true;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		uint32_t lists = !fill->cells[i] ? 0
		                 : mapping->shapes[i].kind == SHAPE_RATE
		                     ? 1
		                     : mapping->shapes[i].response->item_count;
		for (uint32_t j = 0; j < lists; j++)
			for (uint32_t k = 0; k < fill->cells[i][j].count; k++)
				if (fill->cells[i][j].list[k].column == column)
					return true;
	}
	return false;
}
