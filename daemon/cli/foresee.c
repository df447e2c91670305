/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/foresee.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/origin.h"
#include "cli/send_tell.h"

#define VALUES_TOLD 20

/* What is known of a tuple, by its number. */
#define GOOD_AS_DIMS 1u
#define GOOD_AS_KEY  2u

struct view {
	const char *file;
	const struct items *items;
	const struct catalog *catalog;
	uint8_t *tuples;
	uint64_t count;
};

/* What a daemon would say of an item. */
struct finding {
	int err; /* 0 = nothing */
	char field[32];
	char value[200];
	const struct dimension *dimension; /* whose values are to be listed, or NULL */
};

static void tell(const struct view *view, const struct item *item, const struct finding *finding)
{
	const struct dimension *dimension = finding->dimension;
	struct buf text = {0};
	origin_put(&text, view->items, item, finding->field, err_code(finding->err));
	buf_printf(&text, "%s%s: %s: %s", text.len ? ": " : "", err_code(finding->err),
	           finding->value, err_rule(finding->err));
	for (uint32_t i = 0; dimension && i < dimension->value_count && i < VALUES_TOLD; i++)
		buf_printf(&text, "%s%s", i ? ", " : ": ", dimension->values[i]);
	if (dimension && dimension->value_count > VALUES_TOLD)
		buf_printf(&text, " and %u more", dimension->value_count - VALUES_TOLD);
	(void)fprintf(stderr, "%s:%u: %.*s\n", view->file, item->line,
	              buf_failed(&text) ? 0 : (int)text.len, (const char *)text.bytes);
	buf_deinit(&text);
}

static bool takes(const struct dimension *dimension, const struct tuple_dim *dim)
{
	for (uint32_t i = 0; i < dimension->value_count; i++)
		if (strlen(dimension->values[i]) == dim->len &&
		    memcmp(dimension->values[i], dim->text, dim->len) == 0)
			return true;
	return !dimension->values || dim->len == 0;
}

/* Of a key any name is taken, of dimensions those that are configured. */
static void check_tuple(const struct view *view, uint32_t tuple, bool key, struct finding *finding)
{
	const struct catalog *catalog = view->catalog;
	uint8_t good = key ? GOOD_AS_KEY : GOOD_AS_DIMS;
	struct tuple_dim dim;
	uint32_t at = 0;
	if (view->tuples[tuple] & good)
		return;
	for (uint32_t i = 0; tuple_next(view->items, tuple, &at, &dim); i++) {
		const char *name = view->items->mapping->names[dim.name];
		int index = catalog_dim(catalog, name, strlen(name));
		if (index >= 0 ? takes(&catalog->dims[index], &dim) : key)
			continue;
		finding->err = index < 0 ? ERR_UNKNOWN_DIMENSION : ERR_UNKNOWN_VALUE;
		finding->dimension = index < 0 ? NULL : &catalog->dims[index];
		(void)snprintf(finding->field, sizeof(finding->field), "%s[%u]",
		               key ? "key" : "dims", i);
		(void)snprintf(finding->value, sizeof(finding->value), "%s `%.*s`", name,
		               (int)(dim.len < 80 ? dim.len : 80), dim.text);
		return;
	}
	view->tuples[tuple] |= good;
}

static void check_amounts(const struct view *view, const struct item *item, enum shape_kind kind,
                          struct finding *finding)
{
	/* Those of surveys and rates are the daemon's own. */
	if (kind == SHAPE_RESPONSE || kind == SHAPE_AGGREGATE || kind == SHAPE_RATE)
		return;
	const struct shape *shape = &view->items->mapping->shapes[item->shape];
	uint32_t at = 0;
	for (uint32_t i = 0; i < shape->measure_count && !finding->err; i++) {
		const char *name = view->items->mapping->names[shape->measures[i].name];
		int64_t value = 0;
		if (!item_value(view->items, item, i, &value))
			continue;
		int index = catalog_measure(view->catalog, name, strlen(name));
		if (index < 0)
			finding->err = ERR_UNKNOWN_MEASURE;
		else if (value < 0 && !view->catalog->measures[index].is_signed)
			finding->err = ERR_NEGATIVE;
		(void)snprintf(finding->field, sizeof(finding->field), "amounts[%u]", at++);
		(void)snprintf(finding->value, sizeof(finding->value), "`%s`", name);
	}
}

static void check_event(const struct view *view, const struct item *item, struct finding *finding)
{
	bool typed = item->labels != ITEM_NO_ID;
	if (!typed && item->mask == 0) {
		*finding = (struct finding){.err = ERR_NO_AMOUNTS,
		                            .field = "amounts",
		                            .value = "neither amounts nor a type"};
		return;
	}
	if (!typed)
		return;
	const struct intern_entry *type = intern_get(&view->items->texts, item->labels);
	if (type->len == 0 ||
	    catalog_type(view->catalog, (const char *)type->bytes, type->len) >= 0)
		return;
	*finding = (struct finding){.err = ERR_UNKNOWN_TYPE, .field = "type"};
	(void)snprintf(finding->value, sizeof(finding->value), "`%.80s`",
	               (const char *)type->bytes);
}

static void check_item(struct view *view, const struct item *item)
{
	enum shape_kind kind = view->items->mapping->shapes[item->shape].kind;
	struct finding finding = {.err = 0};
	check_amounts(view, item, kind, &finding);
	if (!finding.err && kind == SHAPE_EVENT)
		check_event(view, item, &finding);
	if (!finding.err && kind == SHAPE_ROW)
		check_tuple(view, item->key, true, &finding);
	if (!finding.err && kind != SHAPE_RATE)
		check_tuple(view, item->dims, false, &finding);
	if (!finding.err)
		return;
	if (view->count++ < TELL_REJECTS)
		tell(view, item, &finding);
}

int foresee(const char *file, const struct mapped *mapped, const struct settings *settings,
            uint64_t *ret_count)
{
	const struct items *items = &mapped->items;
	const char *noun = mapping_noun(items->mapping, true);
	struct view view = {.file = file, .items = items, .catalog = &settings->catalog};
	view.tuples = calloc((size_t)items->tuples.count + 1, sizeof(*view.tuples));
	if (!view.tuples)
		return ERR_NOMEM;
	for (uint64_t i = 0; i < items->count; i++)
		check_item(&view, &items->list[i]);
	free(view.tuples);
	if (view.count > TELL_REJECTS)
		(void)fprintf(stderr, "%s: %" PRIu64 " more %s would be rejected\n", file,
		              view.count - TELL_REJECTS, noun);
	(void)printf("\nBy these settings %" PRIu64 " of %" PRIu64
	             " %s would be rejected. Times, and what was sent\n"
	             "before, are not checked.\n",
	             view.count, items->count, noun);
	*ret_count = view.count;
	return 0;
}
