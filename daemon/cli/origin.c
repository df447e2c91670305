/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* The columns of one field. */
struct columns {
	uint16_t list[4];
	uint32_t count;
};

static void add_column(struct columns *columns, uint16_t column)
{
	if (column != MAPPING_NO_COLUMN && columns->count < 4)
		columns->list[columns->count++] = column;
}

static void add_rule(struct columns *columns, const struct value_rule *rule)
{
	for (uint32_t i = 0; !rule->constant && i < rule->column_count; i++)
		add_column(columns, rule->columns[i]);
}

/* The n-th dimension of a tuple. */
static void add_dim(struct columns *columns, const struct items *items, uint32_t tuple,
                    const struct dim_rules *rules, uint32_t n)
{
	struct tuple_dim dim;
	uint32_t at = 0;
	bool found = tuple_next(items, tuple, &at, &dim);
	while (found && n-- > 0)
		found = tuple_next(items, tuple, &at, &dim);
	for (uint32_t i = 0; found && i < rules->count; i++)
		if (rules->rules[i].name == dim.name)
			add_rule(columns, &rules->rules[i].value);
}

/* The n-th amount: measures without a value are not sent. */
static void add_amount(struct columns *columns, const struct shape *shape, const struct item *item,
                       uint32_t n)
{
	for (uint32_t i = 0; i < shape->measure_count; i++) {
		if (!(item->mask & UINT32_C(1) << i) || n-- > 0)
			continue;
		add_column(columns, shape->measures[i].column);
		add_column(columns, shape->measures[i].factor);
		return;
	}
}

/* A field that is a list's element: "dims[1]". */
static void find_element(struct columns *columns, const struct items *items,
                         const struct item *item, const char *field, size_t name_len)
{
	const struct shape *shape = &items->mapping->shapes[item->shape];
	uint32_t n = (uint32_t)strtoul(field + name_len + 1, NULL, 10);
	if (strncmp(field, "amounts[", 8) == 0)
		add_amount(columns, shape, item, n);
	else if (strncmp(field, "dims[", 5) == 0)
		add_dim(columns, items, item->dims, &shape->dims, n);
	else if (shape->report && strncmp(field, "key[", 4) == 0)
		add_dim(columns, items, item->key, &shape->key, n);
	else if (shape->report && strncmp(field, "labels[", 7) == 0)
		add_dim(columns, items, item->labels, &shape->labels, n);
}

static void find_plain(struct columns *columns, const struct mapping *mapping,
                       const struct shape *shape, const char *field)
{
	if (!shape->report && strcmp(field, "event_time_us") == 0) {
		add_column(columns, shape->time.column);
	} else if (!shape->report && strcmp(field, "event_id") == 0) {
		add_rule(columns, &shape->event_id);
	} else if (!shape->report && strcmp(field, "type") == 0) {
		add_rule(columns, &shape->type);
	} else if (shape->report && strcmp(field, "as_of_us") == 0) {
		add_column(columns, mapping->as_of[0].column);
	} else if (shape->report && (strcmp(field, "from") == 0 || strcmp(field, "to") == 0)) {
		add_column(columns, shape->period.column);
		add_column(columns, shape->period.to_column);
	} else if (shape->report && strcmp(field, "hour_plus_1") == 0) {
		add_column(columns, shape->period.hour_column);
	}
}

static bool of_currency(const char *code)
{
	return strcmp(code, err_code(ERR_BAD_CURRENCY)) == 0 ||
	       strcmp(code, err_code(ERR_ACCOUNT_MISMATCH)) == 0;
}

void origin_put(struct buf *out, const struct items *items, const struct item *item,
                const char *field, const char *code)
{
	const struct mapping *mapping = items->mapping;
	struct columns columns = {.count = 0};
	size_t name_len = strcspn(field, "[");
	if (of_currency(code))
		add_rule(&columns, &mapping->currency);
	else if (field[name_len])
		find_element(&columns, items, item, field, name_len);
	else
		find_plain(&columns, mapping, &mapping->shapes[item->shape], field);
	for (uint32_t i = 0; i < columns.count; i++)
		buf_printf(out, "%s`%s`",
		           i > 0               ? " and "
		           : columns.count > 1 ? "columns "
		                               : "column ",
		           mapping->columns[columns.list[i]]);
}
