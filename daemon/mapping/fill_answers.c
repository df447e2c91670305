/* SPDX-License-Identifier: Apache-2.0
 * One line of a survey -> what the respondent was asked and chose. */
#include <stdio.h>
#include <string.h>

#include "mapping/fill_text.h"

#define ANSWERS_MAX 500
#define OPTIONS_MAX 100

#define SHOWN(field) (int)((field).len < 60 ? (field).len : 60), (field).text

enum cell_state { CELL_NOT_ASKED, CELL_NOTHING, CELL_CHOSEN };

/* The answer in the making. */
struct sheet {
	struct fill *fill;
	const struct record *record;
	const struct response_rules *rules;
	const struct item_rule *item;
	struct field options[OPTIONS_MAX];
	uint32_t count;
	char number[24]; /* text of a rating */
	uint32_t answers;
};

static bool listed(const struct text_list *list, const struct field *field)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (strlen(list->texts[i]) == field->len &&
		    memcmp(list->texts[i], field->text, field->len) == 0)
			return true;
	return false;
}

/* What a cell says before its text is looked at as an option. */
static enum cell_state cell_state(const struct sheet *sheet, const struct bound_cell *cell)
{
	const struct item_rule *item = sheet->item;
	const struct field *field = record_field(sheet->record, cell->column);
	if (field->present && listed(&item->not_asked, field))
		return CELL_NOT_ASKED;
	if (field->present && listed(&item->nothing, field))
		return CELL_NOTHING;
	if (!field->present || fill_absent(sheet->fill, field))
		return item->blank_is_nothing ? CELL_NOTHING : CELL_NOT_ASKED;
	return CELL_CHOSEN;
}

/* Adds an option once. */
static int add_option(struct sheet *sheet, const struct bound_cell *cell, struct field option)
{
	for (uint32_t i = 0; i < sheet->count; i++)
		if (sheet->options[i].len == option.len &&
		    memcmp(sheet->options[i].text, option.text, option.len) == 0)
			return 0;
	if (!fill_text_good(option.text, option.len))
		return fill_fail(sheet->fill, ERR_BAD_TEXT, cell->name,
		                 "`%.*s`: an option has 1 to 128 bytes and no control characters; "
		                 "`map` shortens it",
		                 SHOWN(option));
	if (sheet->count == OPTIONS_MAX)
		return fill_fail(sheet->fill, ERR_TOO_MANY, cell->name,
		                 "an answer has at most 100 options");
	sheet->options[sheet->count++] = option;
	return 0;
}

static struct field text_field(const char *text)
{
	return (struct field){text, (uint32_t)strlen(text), true};
}

/* `10`, `10.0` or `10 - Very likely` -> 10. */
static int add_rating(struct sheet *sheet, const struct bound_cell *cell, struct field text)
{
	const struct item_rule *item = sheet->item;
	int64_t value = 0;
	uint32_t len = 0;
	while (len < text.len && text.text[len] != ' ')
		len++;
	if (num_parse(text.text, len, 0, NUM_EXACT, &value) != 0 || value < item->low ||
	    value > item->high)
		return fill_fail(sheet->fill, ERR_UNKNOWN_VALUE, cell->name,
		                 "`%.*s` is no rating from %d to %d", SHOWN(text), (int)item->low,
		                 (int)item->high);
	(void)snprintf(sheet->number, sizeof(sheet->number), "%d", (int)value);
	return add_option(sheet, cell, text_field(sheet->number));
}

static int add_choice(struct sheet *sheet, const struct bound_cell *cell, struct field text)
{
	const struct item_rule *item = sheet->item;
	for (uint32_t i = 0; i < item->swap_count; i++)
		if (strlen(item->swaps[i].from) == text.len &&
		    memcmp(item->swaps[i].from, text.text, text.len) == 0)
			return add_option(sheet, cell, text_field(item->swaps[i].to));
	if (item->swap_count > 0 && !item->other)
		return fill_fail(sheet->fill, ERR_UNKNOWN_VALUE, cell->name,
		                 "`%.*s` is not in the mapping's `map`", SHOWN(text));
	return add_option(sheet, cell, item->swap_count > 0 ? text_field(item->other) : text);
}

static struct field trimmed(struct field text)
{
	while (text.len > 0 && *text.text == ' ') {
		text.text++;
		text.len--;
	}
	while (text.len > 0 && text.text[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* Several choices in one cell. */
static int add_split(struct sheet *sheet, const struct bound_cell *cell, struct field text)
{
	size_t gap = strlen(sheet->item->split);
	int err = 0;
	while (!err && text.present) {
		const char *next = memmem(text.text, text.len, sheet->item->split, gap);
		uint32_t len = next ? (uint32_t)(next - text.text) : text.len;
		struct field part = trimmed((struct field){text.text, len, true});
		if (part.len > 0)
			err = add_choice(sheet, cell, part);
		text = next ? (struct field){next + gap, text.len - len - (uint32_t)gap, true}
		            : FIELD_ABSENT;
	}
	return err;
}

/* What a cell with a text chooses. */
static int choose(struct sheet *sheet, const struct bound_cell *cell)
{
	const struct item_rule *item = sheet->item;
	const struct field *text = record_field(sheet->record, cell->column);
	const char *box = cell->option ? cell->option : item->tick;
	if (!box) {
		if (item->rated)
			return add_rating(sheet, cell, *text);
		return item->split ? add_split(sheet, cell, *text) : add_choice(sheet, cell, *text);
	}
	if (item->chosen.count > 0 && !listed(&item->chosen, text))
		return fill_fail(
		    sheet->fill, ERR_UNKNOWN_VALUE, cell->name,
		    "`%.*s` is neither in `chosen` nor in `nothing` nor in `not_asked`",
		    SHOWN(*text));
	return add_option(sheet, cell, text_field(box));
}

static int put_answer(struct sheet *sheet, const struct bound_cell *cell, const char *brand)
{
	if (brand && !fill_text_good(brand, strlen(brand)))
		return fill_fail(sheet->fill, ERR_BAD_TEXT, cell->name,
		                 "the brand has 1 to 128 bytes and no control characters");
	if (++sheet->answers > ANSWERS_MAX)
		return fill_fail(sheet->fill, ERR_TOO_MANY, cell->name,
		                 "a response has at most 500 answers");
	answer_put(&sheet->fill->tuple, sheet->item->name, brand, sheet->options, sheet->count);
	return 0;
}

static bool any_asked(const struct sheet *sheet, const struct bound_cell *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (cell_state(sheet, &list[i]) != CELL_NOT_ASKED)
			return true;
	return false;
}

static bool same_brand(const struct bound_cell *a, const struct bound_cell *b)
{
	return a->brand == b->brand || (a->brand && b->brand && strcmp(a->brand, b->brand) == 0);
}

/* One answer per brand, or one where the question is not about brands. */
static int answer_cells(struct sheet *sheet, const struct bound_cells *cells)
{
	bool all = sheet->item->together && any_asked(sheet, cells->list, cells->count);
	for (uint32_t first = 0, end = 0; first < cells->count; first = end) {
		const struct bound_cell *list = &cells->list[first];
		for (end = first + 1; end < cells->count && same_brand(list, &cells->list[end]);)
			end++;
		if (!all && !any_asked(sheet, list, end - first))
			continue;
		sheet->count = 0;
		int err = 0;
		for (uint32_t i = 0; i < end - first && !err; i++)
			if (cell_state(sheet, &list[i]) == CELL_CHOSEN)
				err = choose(sheet, &list[i]);
		if (!err)
			err = put_answer(sheet, list, list->brand);
		if (err)
			return err;
	}
	return 0;
}

/* True when the cell's text is one of the file's names of the brand. */
static bool names_brand(const struct sheet *sheet, const struct bound_cell *cell, const char *brand)
{
	struct field text = trimmed(*record_field(sheet->record, cell->column));
	for (uint32_t i = 0; i < sheet->rules->brand_count; i++) {
		const struct text_swap *swap = &sheet->rules->brands[i];
		if (strcmp(swap->to, brand) == 0 && strlen(swap->from) == text.len &&
		    memcmp(swap->from, text.text, text.len) == 0)
			return true;
	}
	return false;
}

/* Every brand was asked for; one that was named is `first` or `other`. */
static int answer_mentions(struct sheet *sheet, const struct bound_cells *cells)
{
	if (!any_asked(sheet, cells->list, cells->count))
		return 0;
	int err = 0;
	for (uint32_t b = 0; b < sheet->rules->brand_count && !err; b++) {
		const char *brand = sheet->rules->brands[b].to;
		bool again = false;
		for (uint32_t i = 0; i < b && !again; i++)
			again = strcmp(sheet->rules->brands[i].to, brand) == 0;
		if (again)
			continue;
		sheet->count = 0;
		for (uint32_t i = 0; i < cells->count && !sheet->count && !err; i++)
			if (cell_state(sheet, &cells->list[i]) == CELL_CHOSEN &&
			    names_brand(sheet, &cells->list[i], brand))
				err = add_option(sheet, &cells->list[i],
				                 text_field(i == 0 ? "first" : "other"));
		if (!err)
			err = put_answer(sheet, &cells->list[0], brand);
	}
	return err;
}

static int fill_answers(struct fill *fill, uint32_t index, const struct record *record,
                        uint32_t *ret_answers, bool *ret_none)
{
	const struct response_rules *rules = fill->items->mapping->shapes[index].response;
	struct sheet sheet = {.fill = fill, .record = record, .rules = rules};
	int err = 0;
	buf_reset(&fill->tuple);
	for (uint32_t i = 0; i < rules->item_count && !err; i++) {
		const struct bound_cells *cells = &fill->cells[index][i];
		sheet.item = &rules->items[i];
		if (!fill_passes(fill, sheet.item->asked_if, sheet.item->asked_if_count, record))
			continue;
		err = sheet.item->mention_count > 0 ? answer_mentions(&sheet, cells)
		                                    : answer_cells(&sheet, cells);
	}
	if (err)
		return err;
	*ret_none = sheet.answers == 0;
	if (*ret_none)
		return 0;
	*ret_answers = buf_failed(&fill->tuple)
	                   ? INTERN_NONE
	                   : intern_add(&fill->items->tuples, fill->tuple.bytes, fill->tuple.len);
	return *ret_answers == INTERN_NONE
	           ? fill_fail(fill, ERR_NOMEM, "", "%s", err_rule(ERR_NOMEM))
	           : 0;
}

/* The weight in millionths, 1.0 where the mapping names no column. */
static int fill_weight(struct fill *fill, const struct record *record,
                       const struct response_rules *rules, int64_t *ret_weight)
{
	*ret_weight = NUM_MICROS;
	if (rules->weight == MAPPING_NO_COLUMN)
		return 0;
	const char *name = fill->items->mapping->columns[rules->weight];
	struct field text = fill_field(fill, record, rules->weight);
	if (!text.present)
		return rules->weight_optional
		           ? 0
		           : fill_fail(fill, ERR_MISSING_FIELD, name, "the weight is empty");
	int err = num_parse(text.text, text.len, 6, NUM_HALF_EVEN, ret_weight);
	if (err)
		return fill_fail(fill, err, name, "`%.*s` is no weight: a decimal number is",
		                 SHOWN(text));
	return *ret_weight >= 0
	           ? 0
	           : fill_fail(fill, ERR_NEGATIVE, name,
	                       "`%.*s`: a respondent stands for nobody or more, never for less",
	                       SHOWN(text));
}

int fill_response(struct fill *fill, uint32_t index, const struct record *record, struct item *item,
                  bool *ret_empty)
{
	const struct shape *shape = &fill->items->mapping->shapes[index];
	int64_t values[2] = {1, 0};
	bool none = false;
	int err = fill_own_text(fill, record, &shape->response->id, &item->key);
	if (!err && item->key == ITEM_NO_ID)
		err = fill_fail(fill, ERR_MISSING_FIELD, "", "the response has no id");
	if (!err)
		err = fill_weight(fill, record, shape->response, &values[1]);
	if (!err)
		err = fill_tuple(fill, record, &shape->dims, TUPLE_DIMS, &item->dims);
	if (!err)
		err = fill_answers(fill, index, record, &item->labels, &none);
	if (err)
		return err;
	/* On the wire a weight of 0 says 1. */
	*ret_empty = none || values[1] == 0;
	if (*ret_empty) {
		fill->note = none ? "nothing was asked" : "a weight of 0";
		return 0;
	}
	item->mask = 3;
	return fill_add(fill, item, values);
}
