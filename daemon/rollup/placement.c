/* SPDX-License-Identifier: Apache-2.0
 * Placements (store.proto): the dimension values of a report row, or the
 * segments and answers of a respondent, and the groups they are counted in.
 *
 * An entry's bytes are read whenever its groups are looked up. Those of ordinary
 * placements, one per set, are then kept; those of answer sheets are not. */
#include <stdlib.h>
#include <string.h>

#include "rollup/dict_private.h"

#define MEMBER  1 /* fields of Placement */
#define ANSWERS 2

void placements_deinit(struct dict *dict)
{
	for (uint32_t i = 0; dict->placement_groups && i < dict->tables[DICT_PLACEMENT].count; i++)
		free(dict->placement_groups[i]);
	free(dict->placement_groups);
	for (uint32_t i = 0; i < DICT_SHEETS; i++)
		free(dict->sheets[i].groups);
}

/* ---- making ---- */

static void put_members(const struct dict *dict, const uint32_t values[MODEL_DIMS], struct buf *buf)
{
	struct buf member = {0};
	for (uint32_t dim = 0; dim < dict->catalog->dim_count; dim++) {
		if (values[dim] == DICT_NO_VALUE)
			continue;
		const char *id = dict->catalog->dims[dim].id;
		buf_reset(&member);
		buf_put_field(&member, 1, id, strlen(id));
		buf_put_key(&member, 2, 0);
		buf_put_varint(&member, (uint64_t)values[dim] + 1);
		buf_put_field(buf, MEMBER, member.bytes, member.len);
	}
	require(!buf_failed(&member) && !buf_failed(buf));
	buf_deinit(&member);
}

static uint32_t add_placement(struct dict *dict, struct buf *buf)
{
	require(!buf_failed(buf));
	uint32_t id =
	    dict_add(dict, DICT_PLACEMENT, buf->bytes ? (const void *)buf->bytes : "", buf->len);
	buf_deinit(buf);
	return id;
}

uint32_t dict_placement(struct dict *dict, const uint32_t values[MODEL_DIMS])
{
	struct buf buf = {0};
	put_members(dict, values, &buf);
	return add_placement(dict, &buf);
}

/* By item, brand and option, the base first. */
static int by_answer(const void *a, const void *b)
{
	const struct dict_answer *x = a;
	const struct dict_answer *y = b;
	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	if (x->brand + 1 != y->brand + 1)
		return x->brand + 1 < y->brand + 1 ? -1 : 1;
	if (x->option + 1 != y->option + 1)
		return x->option + 1 < y->option + 1 ? -1 : 1;
	return 0;
}

uint32_t dict_placement_answers(struct dict *dict, const uint32_t values[MODEL_DIMS],
                                struct dict_answer *answers, uint32_t count)
{
	require(count > 0);
	qsort(answers, count, sizeof(*answers), by_answer);
	struct buf list = {0};
	for (uint32_t i = 0; i < count; i++) {
		if (i && by_answer(&answers[i], &answers[i - 1]) == 0)
			continue;
		buf_put_varint(&list, (uint64_t)answers[i].item + 1);
		buf_put_varint(&list, (uint32_t)(answers[i].option + 1));
		buf_put_varint(&list, (uint32_t)(answers[i].brand + 1));
	}
	struct buf buf = {0};
	put_members(dict, values, &buf);
	require(!buf_failed(&list));
	buf_put_field(&buf, ANSWERS, list.bytes, list.len);
	buf_deinit(&list);
	return add_placement(dict, &buf);
}

/* ---- reading ---- */

/* A placement as it stands in the dictionary. */
struct sheet {
	uint32_t values[MODEL_DIMS]; /* by catalog dimension; DICT_NO_VALUE = none */
	struct cursor answers;
	bool answered; /* a survey row */
};

static int read_member(const struct dict *dict, struct cursor in, struct sheet *sheet)
{
	cursor_varint(&in);
	struct cursor name = cursor_field(&in);
	cursor_varint(&in);
	uint64_t value = cursor_varint(&in);
	if (in.failed || value > dict->tables[DICT_VALUE].count)
		return ERR_MALFORMED;
	int dim = catalog_dim(dict->catalog, (const char *)name.next, cursor_left(&name));
	if (dim >= 0)
		sheet->values[dim] = (uint32_t)value - 1;
	return 0;
}

/* Answers are values that are known by then, three by three. */
static int check_answers(const struct dict *dict, struct cursor in)
{
	uint32_t values = dict->tables[DICT_VALUE].count;
	while (!cursor_done(&in)) {
		uint64_t item = cursor_varint(&in);
		uint64_t option = cursor_varint(&in);
		uint64_t brand = cursor_varint(&in);
		if (in.failed || !item || item > values || option > values || brand > values)
			return ERR_MALFORMED;
	}
	return in.failed ? ERR_MALFORMED : 0;
}

static int read_sheet(const struct dict *dict, uint32_t id, struct sheet *sheet)
{
	const struct intern_entry *entry = intern_get(&dict->tables[DICT_PLACEMENT], id);
	struct cursor in = cursor_of(entry->bytes, entry->len);
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		sheet->values[i] = DICT_NO_VALUE;
	sheet->answers = (struct cursor){0};
	sheet->answered = false;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		struct cursor field = cursor_field(&in);
		if (in.failed)
			return ERR_MALFORMED;
		if (key == ((ANSWERS << 3) | 2)) {
			sheet->answers = field;
			sheet->answered = true;
		} else if (read_member(dict, field, sheet) != 0)
			return ERR_MALFORMED;
	}
	return 0;
}

int placement_learn(struct dict *dict, uint32_t id)
{
	struct sheet sheet;
	if (id >= dict->placement_cap) {
		uint32_t cap = dict->placement_cap ? dict->placement_cap * 2 : 32;
		dict->placement_groups =
		    realloc(dict->placement_groups, cap * sizeof(*dict->placement_groups));
		require(dict->placement_groups != NULL);
		dict->placement_cap = cap;
	}
	dict->placement_groups[id] = NULL;
	int err = read_sheet(dict, id, &sheet);
	return err ? err : check_answers(dict, sheet.answers);
}

uint32_t dict_placement_dims(const struct dict *dict, uint32_t placement)
{
	struct sheet sheet;
	uint32_t dims = 0;
	require(read_sheet(dict, placement, &sheet) == 0);
	for (uint32_t i = 0; i < dict->catalog->dim_count; i++)
		if (sheet.values[i] != DICT_NO_VALUE)
			dims |= UINT32_C(1) << i;
	return dims;
}

/* ---- groups ---- */

static void put_group(struct dict_sheet *known, uint32_t group)
{
	if (known->count == known->cap) {
		known->cap = known->cap ? known->cap * 2 : 64;
		known->groups = realloc(known->groups, known->cap * sizeof(*known->groups));
		require(known->groups != NULL);
	}
	known->groups[known->count++] = group;
}

static void find_answer_groups(struct dict *dict, struct sheet *sheet, uint32_t period_days,
                               struct dict_sheet *known)
{
	const struct catalog *catalog = dict->catalog;
	uint32_t brand_bit = catalog->brand_dim >= 0 ? UINT32_C(1) << catalog->brand_dim : 0;
	while (!cursor_done(&sheet->answers)) {
		sheet->values[catalog->item_dim] = (uint32_t)cursor_varint(&sheet->answers) - 1;
		sheet->values[catalog->option_dim] = (uint32_t)cursor_varint(&sheet->answers) - 1;
		uint32_t brand = (uint32_t)cursor_varint(&sheet->answers) - 1;
		if (brand_bit)
			sheet->values[catalog->brand_dim] = brand;
		for (uint32_t i = 0; i < dict->survey_set_count; i++) {
			uint32_t set = dict->survey_sets[i];
			/* Without its brand a respondent would count once per brand. */
			if (brand != DICT_NO_VALUE && !(dict->set_dims[set] & brand_bit))
				continue;
			put_group(known, dict_group(dict, set, period_days, sheet->values));
		}
	}
}

static struct dict_groups sheet_groups(struct dict *dict, uint32_t placement, struct sheet *sheet,
                                       uint32_t period_days)
{
	struct dict_sheet *known = &dict->sheets[dict->next_sheet];
	dict->next_sheet = (dict->next_sheet + 1) % DICT_SHEETS;
	known->placement = placement;
	known->period_days = period_days;
	known->count = 0;
	if (catalog_has_surveys(dict->catalog))
		find_answer_groups(dict, sheet, period_days, known);
	return (struct dict_groups){known->groups, known->count};
}

struct dict_groups dict_placement_groups(struct dict *dict, uint32_t placement,
                                         uint32_t period_days)
{
	uint32_t *own = dict->placement_groups[placement];
	if (own && own[0] == period_days)
		return (struct dict_groups){own + 1, dict->plain_set_count};
	for (uint32_t i = 0; !own && i < DICT_SHEETS; i++) {
		const struct dict_sheet *known = &dict->sheets[i];
		if (known->cap && known->placement == placement &&
		    known->period_days == period_days)
			return (struct dict_groups){known->groups, known->count};
	}
	struct sheet sheet;
	require(read_sheet(dict, placement, &sheet) == 0);
	if (sheet.answered)
		return sheet_groups(dict, placement, &sheet, period_days);
	if (!own) {
		own = malloc((dict->plain_set_count + 1) * sizeof(*own));
		require(own != NULL);
		dict->placement_groups[placement] = own;
	}
	own[0] = period_days;
	for (uint32_t i = 0; i < dict->plain_set_count; i++)
		own[i + 1] = dict_group(dict, dict->plain_sets[i], period_days, sheet.values);
	return (struct dict_groups){own + 1, dict->plain_set_count};
}
