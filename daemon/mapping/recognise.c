/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/recognise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "mapping/pattern.h"

#define SIGHT_RECORDS 20000

/* A name that is a pattern needs one column at least. */
static bool has_column(const struct sight *sight, const char *name)
{
	struct pattern_match match;
	if (!pattern_is(name))
		return intern_find(&sight->columns, name, strlen(name)) != INTERN_NONE;
	for (uint32_t i = 0; i < sight->columns.count; i++) {
		const struct intern_entry *entry = intern_get(&sight->columns, i);
		if (pattern_match(name, (const char *)entry->bytes, entry->len, &match))
			return true;
	}
	return false;
}

static bool has_value(const struct sight *sight, const struct mapping *mapping,
                      const struct filter_rule *filter)
{
	char text[512];
	for (uint32_t i = 0; i < filter->value_count; i++) {
		int len = snprintf(text, sizeof(text), "%s=%s", mapping->columns[filter->column],
		                   filter->values[i]);
		if (len > 0 && (size_t)len < sizeof(text) &&
		    intern_find(&sight->values, text, (size_t)len) != INTERN_NONE)
			return true;
	}
	return false;
}

/* JSON streams are told by their values; a CSV's filter column may hold other
 * rows first. */
bool sight_met(const struct sight *sight, const struct mapping *mapping, const struct shape *shape)
{
	if (sight->format == INPUT_CSV)
		return true;
	for (uint32_t i = 0; i < shape->filter_count; i++)
		if (!has_value(sight, mapping, &shape->filters[i]))
			return false;
	return true;
}

/* Some measure of the shape can be read at all. */
static bool has_measure(const struct sight *sight, const struct mapping *mapping,
                        const struct shape *shape)
{
	bool own =
	    shape->kind != SHAPE_ROW && shape->kind != SHAPE_EVENT && shape->kind != SHAPE_GAUGE;
	bool found = own || value_given(&shape->type);
	for (uint32_t i = 0; i < shape->measure_count && !found; i++)
		found = has_column(sight, mapping->columns[shape->measures[i].column]);
	return found;
}

/* The file has a column that it must not have. */
static bool is_banned(const struct sight *sight, const struct mapping *mapping,
                      const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->without_count; i++)
		if (has_column(sight, mapping->columns[shape->without[i]]))
			return true;
	return false;
}

/* True when the file is of the kind that the shape filters for. */
static bool is_meant(const struct sight *sight, const struct mapping *mapping,
                     const struct shape *shape)
{
	if (!mapping->formats[sight->format] || !sight_met(sight, mapping, shape) ||
	    is_banned(sight, mapping, shape))
		return false;
	for (uint32_t i = 0; i < shape->filter_count; i++)
		if (!has_column(sight, mapping->columns[shape->filters[i].column]))
			return false;
	for (uint32_t i = 0; i < shape->with_count; i++)
		if (!has_column(sight, mapping->columns[shape->with[i]]))
			return false;
	return true;
}

static bool fits_alone(const struct sight *sight, const struct mapping *mapping,
                       const struct shape *shape)
{
	struct shape_columns needs;
	if (!is_meant(sight, mapping, shape) || !has_measure(sight, mapping, shape))
		return false;
	shape_columns(mapping, shape, false, &needs);
	for (uint32_t i = 0; i < needs.count; i++)
		if (!has_column(sight, mapping->columns[needs.columns[i]]))
			return false;
	return true;
}

bool sight_fits(const struct sight *sight, const struct mapping *mapping, const struct shape *shape)
{
	if (!fits_alone(sight, mapping, shape))
		return false;
	/* What unfolds from one entry is read whole or not at all. */
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *other = &mapping->shapes[i];
		if (other->group == shape->group && !other->optional &&
		    !fits_alone(sight, mapping, other))
			return false;
	}
	return true;
}

/* Whether the file is plainly of the shape's kind: it passes the filters, or it
 * bears another shape that unfolds from the same entry. */
static bool is_expected(const struct sight *sight, const struct mapping *mapping,
                        const struct shape *shape)
{
	if (!is_meant(sight, mapping, shape))
		return false;
	bool expected = shape->filter_count > 0 || shape->with_count > 0;
	for (uint32_t i = 0; i < mapping->shape_count && !expected; i++)
		expected = &mapping->shapes[i] != shape &&
		           mapping->shapes[i].group == shape->group &&
		           fits_alone(sight, mapping, &mapping->shapes[i]);
	return expected;
}

/* A shape that is counted and that the file is plainly meant for, but for
 * columns that it lacks; NULL = none. Half a file would be read without a word.
 * An optional shape may be missing whole, not by half. */
static const struct shape *find_lacking(const struct sight *sight, const struct mapping *mapping)
{
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		bool counted = shape->kind != SHAPE_ROW || shape->rollup;
		bool missing = shape->optional && !has_measure(sight, mapping, shape);
		if (counted && !missing && !fits_alone(sight, mapping, shape) &&
		    is_expected(sight, mapping, shape))
			return shape;
	}
	return NULL;
}

static int note_values(struct sight *sight, const struct reader *reader,
                       const struct record *record, const struct mapping_list *list)
{
	char text[512];
	for (uint32_t m = 0; m < list->count; m++) {
		const struct mapping *mapping = list->items[m];
		for (uint32_t s = 0; s < mapping->shape_count; s++) {
			const struct shape *shape = &mapping->shapes[s];
			for (uint32_t f = 0; f < shape->filter_count; f++) {
				const char *name = mapping->columns[shape->filters[f].column];
				uint32_t column = intern_find(&reader->columns, name, strlen(name));
				const struct field *field = record_field(record, column);
				int len = snprintf(text, sizeof(text), "%s=%.*s", name,
				                   (int)field->len, field->text);
				if (!field->present || len < 0 || (size_t)len >= sizeof(text))
					continue;
				if (intern_add(&sight->values, text, (size_t)len) == INTERN_NONE)
					return ERR_NOMEM;
			}
		}
	}
	return 0;
}

static int look(struct reader *reader, const struct mapping_list *list, struct sight *sight,
                struct read_error *ret_error)
{
	uint32_t limit = reader->format == INPUT_CSV ? 0 : SIGHT_RECORDS;
	int err = 0;
	bool more = true;
	uint32_t records = 0;
	for (; records < limit && more && !err; records += more) {
		struct record record;
		err = reader_next(reader, &record, &more, ret_error);
		if (err == ERR_MALFORMED)
			err = 0;
		else if (!err && more)
			err = note_values(sight, reader, &record, list);
	}
	sight->silent = reader->format == INPUT_JSONL && reader->jsonl.messages && records == 0;
	for (uint32_t i = 0; i < reader->columns.count && !err; i++) {
		const struct intern_entry *entry = intern_get(&reader->columns, i);
		if (intern_add(&sight->columns, entry->bytes, entry->len) == INTERN_NONE)
			err = ERR_NOMEM;
	}
	return err;
}

int sight_take(struct input input, const struct mapping_list *list, struct sight *ret_sight,
               struct read_error *ret_error)
{
	struct reader reader;
	int err = reader_open(&reader, input, ret_error);
	if (err)
		return err;
	struct sight sight = {.format = reader.format};
	err = look(&reader, list, &sight, ret_error);
	reader_close(&reader);
	if (err)
		sight_deinit(&sight);
	else
		*ret_sight = sight;
	return err;
}

void sight_deinit(struct sight *sight)
{
	intern_deinit(&sight->columns);
	intern_deinit(&sight->values);
}

/* How many of the file's columns the mapping's fitting shapes read; 0 = none
 * fits. */
static uint32_t columns_read(const struct sight *sight, const struct mapping *mapping)
{
	bool read[MAPPING_COLUMNS] = {false};
	bool fits = false;
	struct shape_columns needs;
	if (find_lacking(sight, mapping))
		return 0;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		if (!sight_fits(sight, mapping, &mapping->shapes[i]))
			continue;
		/* Levels beside reports come with them. */
		fits = fits || mapping->class != MAPPING_REPORT ||
		       mapping->shapes[i].kind != SHAPE_GAUGE;
		shape_columns(mapping, &mapping->shapes[i], true, &needs);
		for (uint32_t j = 0; j < needs.count; j++)
			read[needs.columns[j]] = true;
	}
	uint32_t count = fits;
	for (uint32_t i = 0; fits && i < mapping->column_count; i++)
		count += read[i] && has_column(sight, mapping->columns[i]);
	return count;
}

/* The shape of a mapping that is nearest to fitting. */
struct nearness {
	const struct mapping *mapping;
	const struct shape *shape;
	uint32_t found;
	uint32_t missing;
};

static struct nearness nearest_shape(const struct sight *sight, const struct mapping *mapping)
{
	struct nearness best = {.mapping = mapping};
	const struct shape *lacking = find_lacking(sight, mapping);
	struct shape_columns needs;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		if (lacking && lacking != &mapping->shapes[i])
			continue;
		if (best.shape && is_banned(sight, mapping, &mapping->shapes[i]))
			continue;
		shape_columns(mapping, &mapping->shapes[i], false, &needs);
		struct nearness one = {mapping, &mapping->shapes[i], 0, 0};
		for (uint32_t j = 0; j < needs.count; j++) {
			if (has_column(sight, mapping->columns[needs.columns[j]]))
				one.found++;
			else
				one.missing++;
		}
		if (!best.shape || one.found * (best.found + best.missing) >
		                       best.found * (one.found + one.missing))
			best = one;
	}
	return best;
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && strchr(" \t\"", **text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && strchr(" \t\"", (*text)[*len - 1]))
		(*len)--;
}

/* The file's column that differs from the name in case, blanks or quotes only; NULL =
 * none. Names count letter by letter, which is hard to see. */
static const char *find_almost(const struct sight *sight, const char *name)
{
	for (uint32_t i = 0; i < sight->columns.count; i++) {
		const struct intern_entry *entry = intern_get(&sight->columns, i);
		const char *text = (const char *)entry->bytes;
		size_t len = entry->len;
		trim(&text, &len);
		if (len == strlen(name) && strncasecmp(text, name, len) == 0)
			return (const char *)entry->bytes;
	}
	return NULL;
}

/* What the file has instead: its columns, and of JSON the streams. */
static void tell_columns(const struct intern *names, uint32_t most, struct buf *text)
{
	if (names->count == 0)
		buf_put_text(text, "of which there are none");
	for (uint32_t i = 0; i < names->count && i < most; i++)
		buf_printf(text, "%s`%.60s`", i ? ", " : "",
		           (const char *)intern_get(names, i)->bytes);
	if (names->count > most)
		buf_printf(text, " and %u more", names->count - most);
}

static void tell_missing(const struct sight *sight, const struct nearness *near, uint32_t most,
                         struct buf *text)
{
	struct shape_columns needs;
	shape_columns(near->mapping, near->shape, false, &needs);
	buf_printf(text, "%s", near->mapping->name);
	if (near->shape->report)
		buf_printf(text, " (%s)", near->shape->report);
	uint32_t told = 0;
	for (uint32_t i = 0; i < needs.count; i++) {
		const char *column = near->mapping->columns[needs.columns[i]];
		if (has_column(sight, column))
			continue;
		const char *almost = find_almost(sight, column);
		buf_printf(text, "%s `%s`", told == 0 ? " lacks" : ",", column);
		if (almost)
			buf_printf(text, " (the file has `%s`)", almost);
		if (++told == most && near->missing > most) {
			buf_printf(text, " and %u more", near->missing - most);
			return;
		}
	}
	if (told == 0 && !near->mapping->formats[sight->format])
		buf_printf(text, " does not read %s", input_format_name(sight->format));
	else if (told == 0 && !sight_met(sight, near->mapping, near->shape))
		buf_printf(text, " finds no record that it filters for");
	else if (told == 0 && !has_measure(sight, near->mapping, near->shape))
		buf_printf(text, " finds none of the columns that it counts");
	else if (told == 0)
		buf_printf(text, " does not take files with the columns of its `without`");
}

static void copy_text(struct buf *text, struct recognition *ret_recognition)
{
	buf_put_byte(text, 0);
	(void)snprintf(ret_recognition->text, sizeof(ret_recognition->text), "%s",
	               buf_failed(text) ? "" : (const char *)text->bytes);
	buf_deinit(text);
}

static int by_nearness(const void *a, const void *b)
{
	const struct nearness *x = a;
	const struct nearness *y = b;
	uint64_t left = (uint64_t)x->found * (y->found + y->missing);
	uint64_t right = (uint64_t)y->found * (x->found + x->missing);
	return left > right ? -1 : left < right ? 1 : strcmp(x->mapping->name, y->mapping->name);
}

static void tell_nearest(const struct sight *sight, const struct mapping_list *list,
                         struct recognition *ret_recognition)
{
	struct buf text = {0};
	struct nearness *near = calloc(list->count + 1, sizeof(*near));
	for (uint32_t i = 0; near && i < list->count; i++)
		near[i] = nearest_shape(sight, list->items[i]);
	if (near && list->count > 0)
		qsort(near, list->count, sizeof(*near), by_nearness);
	bool known = near && near[0].found > 0;
	if (known) {
		buf_put_text(&text, "no mapping fits its columns");
		if (sight->format == INPUT_JSONL && sight->values.count > 0) {
			buf_put_text(&text, " with ");
			tell_columns(&sight->values, 6, &text);
		}
		buf_put_text(&text, " (--mapping M lists all that M lacks); nearest: ");
	} else {
		buf_put_text(&text, "no mapping knows any of its columns, ");
		tell_columns(&sight->columns, 6, &text);
		if (sight->format == INPUT_CSV)
			buf_put_text(&text, "; the first line must name the columns");
	}
	for (uint32_t i = 0; known && i < list->count && i < 3; i++) {
		buf_put_text(&text, i ? "; " : "");
		tell_missing(sight, &near[i], 8, &text);
	}
	free(near);
	copy_text(&text, ret_recognition);
}

/* A file that some mapping knows and does not take, and why. */
static bool tell_refusal(const struct sight *sight, const struct mapping_list *list,
                         struct recognition *ret_recognition)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct mapping *mapping = list->items[i];
		for (uint32_t j = 0; j < mapping->refuse_count; j++) {
			if (!has_column(sight, mapping->refuses[j].column))
				continue;
			(void)snprintf(ret_recognition->text, sizeof(ret_recognition->text),
			               "%s (%s)", mapping->refuses[j].why, mapping->name);
			return true;
		}
	}
	return false;
}

void recognise(const struct sight *sight, const struct mapping_list *list,
               struct recognition *ret_recognition)
{
	*ret_recognition = (struct recognition){0};
	uint32_t best = 0;
	const struct mapping *second = NULL;
	for (uint32_t i = 0; i < list->count; i++) {
		uint32_t count = columns_read(sight, list->items[i]);
		if (count == 0 || count < best)
			continue;
		second = count == best ? ret_recognition->mapping : NULL;
		ret_recognition->mapping = list->items[i];
		best = count;
	}
	if (!ret_recognition->mapping && !tell_refusal(sight, list, ret_recognition)) {
		tell_nearest(sight, list, ret_recognition);
	} else if (second) {
		(void)snprintf(ret_recognition->text, sizeof(ret_recognition->text),
		               "the mappings %s and %s fit equally well; choose one with --mapping",
		               second->name, ret_recognition->mapping->name);
		ret_recognition->mapping = NULL;
	}
}

/* The other kinds of items that lack as little. */
static void tell_as_near(const struct sight *sight, const struct nearness *near, struct buf *text)
{
	struct shape_columns needs;
	int group = near->shape->group;
	uint32_t told = 0;
	for (uint32_t i = 0; i < near->mapping->shape_count && told < 4; i++) {
		struct nearness other = {near->mapping, &near->mapping->shapes[i], 0, 0};
		shape_columns(near->mapping, other.shape, false, &needs);
		for (uint32_t j = 0; j < needs.count; j++)
			other.missing +=
			    !has_column(sight, near->mapping->columns[needs.columns[j]]);
		if (other.shape->group == group || other.missing == 0 ||
		    other.missing > near->missing || is_banned(sight, near->mapping, other.shape))
			continue;
		buf_put_text(text, "; ");
		tell_missing(sight, &other, 24, text);
		group = other.shape->group;
		told++;
	}
}

bool recognise_named(const struct sight *sight, const struct mapping *mapping,
                     struct recognition *ret_recognition)
{
	*ret_recognition = (struct recognition){0};
	if (columns_read(sight, mapping) > 0) {
		ret_recognition->mapping = mapping;
		return true;
	}
	struct buf text = {0};
	struct nearness near = nearest_shape(sight, mapping);
	buf_put_text(&text, "the mapping does not fit");
	if (near.found == 0 && sight->columns.count > 0) {
		buf_put_text(&text, " the columns ");
		tell_columns(&sight->columns, 6, &text);
	} else if (sight->values.count > 0 && !sight_met(sight, mapping, near.shape)) {
		buf_put_text(&text, " what the file has, ");
		tell_columns(&sight->values, 6, &text);
	}
	buf_put_text(&text, ": ");
	tell_missing(sight, &near, 24, &text);
	if (near.missing > 0 && !find_lacking(sight, mapping))
		tell_as_near(sight, &near, &text);
	copy_text(&text, ret_recognition);
	return false;
}
