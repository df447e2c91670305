/* SPDX-License-Identifier: Apache-2.0
 * Every shipped mapping over exports that are not the usual ones: each column is
 * taken away once, columns are added and reordered. What is left either works or
 * is refused by the name of the column. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mapping/pattern.h"
#include "mapping/recognise.h"

#define COLUMNS 256

/* A file as its columns, and what its records are filtered by. */
struct export
{
	char columns[COLUMNS][128];
	uint32_t count;
	enum input_format format;
	const struct shape *shape;
};

static void add_column(struct export *file, const char *name)
{
	for (uint32_t i = 0; i < file->count; i++)
		if (strcmp(file->columns[i], name) == 0)
			return;
	cr_assert_lt(file->count, COLUMNS);
	(void)snprintf(file->columns[file->count++], 128, "%s", name);
}

/* A column's name; of a pattern one that it matches. */
static void real_name(const struct mapping *mapping, const char *name, char out[128])
{
	size_t len = 0;
	const char *brand = "acme";
	for (uint32_t i = 0; i < mapping->shape_count; i++)
		if (mapping->shapes[i].response && mapping->shapes[i].response->brand_count)
			brand = mapping->shapes[i].response->brands[0].from;
	for (const char *at = name; *at; at++) {
		const char *put = strncmp(at, "{brand}", 7) == 0    ? brand
		                  : strncmp(at, "{option}", 8) == 0 ? "tv"
		                  : strncmp(at, "{quote}", 7) == 0  ? "USD"
		                                                    : NULL;
		if (put)
			at = strchr(at, '}');
		len +=
		    (size_t)snprintf(out + len, 128 - len, "%.*s", put ? 100 : 1, put ? put : at);
	}
}

/* Every column that the shapes of the group read, and the ignored ones. */
static void make_export(const struct mapping *mapping, const struct shape *shape,
                        struct export *file)
{
	struct shape_columns columns;
	char name[128];
	*file = (struct export){.shape = shape};
	bool stream = shape->filter_count > 0 && mapping->formats[INPUT_JSONL];
	file->format = stream || !mapping->formats[INPUT_CSV] ? INPUT_JSONL : INPUT_CSV;
	if (strcmp(mapping->name, "facebook_ads") == 0)
		file->format = INPUT_CSV;
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		if (mapping->shapes[i].group != shape->group)
			continue;
		shape_columns(mapping, &mapping->shapes[i], true, &columns);
		for (uint32_t j = 0; j < columns.count; j++) {
			real_name(mapping, mapping->columns[columns.columns[j]], name);
			add_column(file, name);
		}
	}
	for (uint32_t i = 0; i < mapping->ignore_count; i++) {
		bool banned = strchr(mapping->ignore[i], '*') != NULL;
		for (uint32_t j = 0; j < shape->without_count; j++)
			banned = banned || strcmp(mapping->columns[shape->without[j]],
			                          mapping->ignore[i]) == 0;
		if (!banned)
			add_column(file, mapping->ignore[i]);
	}
}

/* Looks at the file without the column at `less`, in reverse order where asked. */
static void look(const struct mapping *mapping, const struct export *file, uint32_t less,
                 bool reverse, struct sight *sight)
{
	memset(sight, 0, sizeof(*sight));
	sight->format = file->format;
	for (uint32_t i = 0; i < file->count; i++) {
		uint32_t at = reverse ? file->count - 1 - i : i;
		const char *name = file->columns[at];
		if (at == less)
			continue;
		cr_assert_neq(intern_add(&sight->columns, name, strlen(name)), INTERN_NONE);
		for (uint32_t f = 0; f < file->shape->filter_count; f++) {
			const struct filter_rule *filter = &file->shape->filters[f];
			char value[256];
			if (strcmp(mapping->columns[filter->column], name) != 0)
				continue;
			(void)snprintf(value, sizeof(value), "%s=%s", name, filter->values[0]);
			(void)intern_add(&sight->values, value, strlen(value));
		}
	}
}

/* True when some shape of the group needs the column. */
static bool is_needed(const struct mapping *mapping, const struct export *file, const char *column)
{
	struct shape_columns columns;
	char name[128];
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		if (shape->group != file->shape->group)
			continue;
		shape_columns(mapping, shape, false, &columns);
		for (uint32_t j = 0; j < columns.count; j++) {
			real_name(mapping, mapping->columns[columns.columns[j]], name);
			if (strcmp(name, column) == 0)
				return true;
		}
	}
	return false;
}

static uint32_t check_shape(const struct mapping *mapping, const struct shape *shape)
{
	struct export *file = malloc(sizeof(*file));
	struct sight sight;
	struct recognition found;
	uint32_t refused = 0;
	make_export(mapping, shape, file);
	for (int reverse = 0; reverse < 2; reverse++) {
		look(mapping, file, UINT32_MAX, reverse, &sight);
		cr_assert(recognise_named(&sight, mapping, &found), "%s:%d: %s", mapping->name,
		          shape->line, found.text);
		sight_deinit(&sight);
	}
	for (uint32_t i = 0; i < file->count; i++) {
		look(mapping, file, i, false, &sight);
		bool fits = recognise_named(&sight, mapping, &found);
		bool needed = is_needed(mapping, file, file->columns[i]);
		cr_assert(needed || fits, "%s:%d without the optional %s: %s", mapping->name,
		          shape->line, file->columns[i], found.text);
		char quoted[160];
		(void)snprintf(quoted, sizeof(quoted), "`%s`", file->columns[i]);
		/* A pattern is named as the mapping has it; a level that is not counted may be
		 * nearer to another one. */
		bool counted = shape->kind != SHAPE_ROW || shape->rollup;
		bool named = !counted || strstr(found.text, quoted) || strchr(found.text, '{');
		cr_assert(fits || named, "%s:%d without %s: %s", mapping->name, shape->line,
		          file->columns[i], found.text);
		refused += !fits;
		sight_deinit(&sight);
	}
	free(file);
	return refused;
}

static void load_all(struct mapping_list *list)
{
	struct settings_error error = {{0}};
	cr_assert_eq(mapping_list_load(SG_SOURCE_DIR "/config/mappings", list, &error), 0, "%s",
	             error.text);
}

Test(columns, each_is_optional_or_named)
{
	struct mapping_list list;
	load_all(&list);
	cr_assert_geq(list.count, 18);
	for (uint32_t m = 0; m < list.count; m++) {
		const struct mapping *mapping = list.items[m];
		uint32_t refused = 0;
		for (uint32_t s = 0; s < mapping->shape_count; s++) {
			bool beside = mapping->class == MAPPING_REPORT &&
			              mapping->shapes[s].kind == SHAPE_GAUGE;
			if (!beside)
				refused += check_shape(mapping, &mapping->shapes[s]);
		}
		cr_assert_gt(refused, 0, "%s needs no column at all", mapping->name);
	}
	mapping_list_deinit(&list);
}

/* One half of what unfolds must not be read without the other. */
Test(columns, half_a_medium_is_named)
{
	static const char *const heads[][2] = {
	    {"geo,time,conversions,revenue_per_conversion,AwarenessVideo_spend\n",
	     "meridian (geo_week) lacks `AwarenessVideo_impression`"},
	    {"DATE,revenue,tv_S,ooh_S,print_S,facebook_I,search_S,facebook_S\n",
	     "robyn (week) lacks `search_clicks_P`"},
	};
	struct mapping_list list;
	load_all(&list);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct input_memory memory = {heads[i][0], strlen(heads[i][0])};
		struct sight sight;
		struct read_error error = {0};
		struct recognition found;
		cr_assert_eq(sight_take(input_of_memory(&memory), &list, &sight, &error), 0);
		recognise(&sight, &list, &found);
		cr_assert_null(found.mapping);
		cr_assert(strstr(found.text, heads[i][1]), "row %zu: %s", i, found.text);
		sight_deinit(&sight);
	}
	mapping_list_deinit(&list);
}

/* What a mapping reads and why it ignores what it ignores stands in it: the
 * manual's pages are made of that. */
Test(columns, every_mapping_describes_itself)
{
	struct mapping_list list;
	load_all(&list);
	for (uint32_t m = 0; m < list.count; m++) {
		const struct mapping *mapping = list.items[m];
		cr_assert(mapping->reads && strlen(mapping->reads) > 40, "%s has no `reads`",
		          mapping->name);
		cr_assert_str_neq(mapping->label, mapping->platform);
		for (uint32_t i = 0; i < mapping->ignore_count; i++)
			cr_assert(mapping_reason(mapping, mapping->ignore[i]),
			          "%s does not say why it ignores %s", mapping->name,
			          mapping->ignore[i]);
	}
	mapping_list_deinit(&list);
}
