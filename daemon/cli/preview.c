/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preview.h"

#include <inttypes.h>
#include <string.h>

#include "cli/detail.h"

#define ROWS    10
#define COLUMNS 5

/* The table's cells as texts in an arena. */
struct table {
	const char *cells[ROWS + 1][COLUMNS];
	uint32_t rows;
};

static const char *take(struct buf *text, struct arena *arena)
{
	const char *copy =
	    buf_failed(text) ? NULL : arena_strndup(arena, (const char *)text->bytes, text->len);
	buf_reset(text);
	return copy;
}

static void put_tuple(const struct items *items, uint32_t tuple, struct buf *text)
{
	uint32_t at = 0;
	bool first = true;
	struct tuple_dim dim;
	while (tuple_next(items, tuple, &at, &dim)) {
		buf_printf(text, "%s%s=%.*s", first ? "" : " ", items->mapping->names[dim.name],
		           (int)dim.len, dim.text);
		first = false;
	}
	if (first)
		buf_put_text(text, "-");
}

static void put_when(const struct items *items, const struct item *item, struct buf *text)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	char day[ZONE_INSTANT_TEXT];
	if (!shape->report) {
		instant_format(day, item->time_us);
		buf_put_text(text, day);
		return;
	}
	civil_format_day(day, item->from);
	buf_put_text(text, day);
	if (item->hour_plus_1)
		buf_printf(text, " %02d:00", item->hour_plus_1 - 1);
	if (item->to != item->from) {
		civil_format_day(day, item->to);
		buf_printf(text, "..%s", day);
	}
}

static void put_amounts(const struct items *items, const struct item *item, struct buf *text)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	char number[NUM_TEXT_MAX];
	bool first = true;
	for (uint32_t i = 0; i < shape->measure_count; i++) {
		int64_t value = 0;
		if (!item_value(items, item, i, &value))
			continue;
		(void)num_format(number, value, measure_scale(&shape->measures[i]));
		buf_printf(text, "%s%s=%s", first ? "" : " ",
		           items->mapping->names[shape->measures[i].name], number);
		first = false;
	}
}

static const char *event_text(const struct items *items, uint32_t text)
{
	return text == ITEM_NO_ID ? "-" : (const char *)intern_get(&items->texts, text)->bytes;
}

/* `item[brand]=option/option`, `-` where nothing was chosen. */
static void put_answers(const struct items *items, uint32_t answers, struct buf *text)
{
	struct answer answer;
	bool first = true;
	for (uint32_t at = 0; answer_next(items, answers, &at, &answer);) {
		buf_printf(text, "%s%s", first ? "" : " ", items->mapping->names[answer.item]);
		if (answer.brand_len > 0)
			buf_printf(text, "[%.*s]", (int)answer.brand_len, answer.brand);
		buf_put_text(text, answer.option_count > 0 ? "=" : "=-");
		const char *option = NULL;
		uint32_t len = 0;
		uint32_t told = 0;
		for (uint32_t place = 0; answer_option(&answer, &place, &option, &len);)
			buf_printf(text, "%s%.*s", told++ ? "/" : "", (int)len, option);
		first = false;
	}
}

static bool fill_row(struct table *table, const struct items *items, const struct item *item,
                     struct arena *arena)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	const char **cells = table->cells[++table->rows];
	struct buf text = {0};
	buf_printf(&text, "%s/%s", items->mapping->platform, items->feeds[item->feed].account);
	cells[0] = take(&text, arena);
	put_when(items, item, &text);
	cells[1] = take(&text, arena);
	if (shape->kind == SHAPE_RESPONSE)
		buf_put_text(&text, event_text(items, item->key));
	else if (shape->report)
		put_tuple(items, item->key, &text);
	else
		buf_printf(&text, "%s %s", event_text(items, item->key),
		           event_text(items, item->labels));
	cells[2] = take(&text, arena);
	put_tuple(items, item->dims, &text);
	cells[3] = take(&text, arena);
	put_amounts(items, item, &text);
	if (shape->kind == SHAPE_RESPONSE) {
		buf_put_text(&text, " ");
		put_answers(items, item->labels, &text);
	}
	cells[4] = take(&text, arena);
	buf_deinit(&text);
	return cells[0] && cells[1] && cells[2] && cells[3] && cells[4];
}

static void print_table(const struct table *table, FILE *out)
{
	size_t widths[COLUMNS] = {0};
	for (uint32_t r = 0; r <= table->rows; r++)
		for (int c = 0; c < COLUMNS; c++)
			if (strlen(table->cells[r][c]) > widths[c])
				widths[c] = strlen(table->cells[r][c]);
	for (uint32_t r = 0; r <= table->rows; r++) {
		for (int c = 0; c < COLUMNS - 1; c++)
			(void)fprintf(out, "%-*s  ", (int)widths[c], table->cells[r][c]);
		(void)fprintf(out, "%s\n", table->cells[r][COLUMNS - 1]);
	}
}

static int print_totals(struct mapped *mapped, bool rolled_only, const char *heading, FILE *out)
{
	struct measure_total *totals = NULL;
	uint32_t count = 0;
	int err = items_totals(&mapped->items, rolled_only, &totals, &count);
	if (err)
		return err;
	(void)fprintf(out, "\n%-28s %24s %12s\n", heading, "total", "rows");
	for (uint32_t i = 0; i < count; i++) {
		char number[NUM_TEXT_MAX];
		(void)num_format(number, totals[i].sum, amount_scale(totals[i].kind));
		if (totals[i].level)
			(void)snprintf(number, sizeof(number), "(a level)");
		(void)fprintf(out, "%-28s %24s %12" PRIu64 "\n", totals[i].measure, number,
		              totals[i].items);
	}
	return 0;
}

static bool has_other_levels(const struct items *items)
{
	for (uint64_t i = 0; i < items->count; i++) {
		const struct shape *shape = &items->mapping->shapes[items->list[i].shape];
		if (shape->report && !shape->rollup)
			return true;
	}
	return false;
}

int preview_print(struct mapped *mapped, FILE *out)
{
	const struct items *items = &mapped->items;
	bool report = mapping_has_slices(items->mapping);
	struct table table = {.cells = {{"source", report ? "period" : "time",
	                                 report ? "key" : "id and type", "dimensions", "amounts"}}};
	for (uint64_t i = 0; i < items->count && i < ROWS; i++)
		if (!fill_row(&table, items, &items->list[i], &mapped->items.arena))
			return ERR_NOMEM;
	print_table(&table, out);
	bool others = has_other_levels(items);
	int err = print_totals(mapped, true, others ? "measure (rolled up)" : "measure", out);
	if (!err && others)
		err = print_totals(mapped, false, "measure (all levels)", out);
	return err;
}
