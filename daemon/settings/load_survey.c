/* SPDX-License-Identifier: Apache-2.0
 * What a KPI says of answers to a survey. */
#include <string.h>

#include "settings/loader.h"

#define OPTIONS_MAX 100

static const char *const stats[] = {
    [SURVEY_SHARE] = "share", [SURVEY_NPS] = "nps", [SURVEY_MEAN] = "mean", NULL};

struct survey_input {
	const char *item, *base;
	struct yaml_node *options, *of;
	int stat;
	bool branded;
};

static const struct schema_row survey_rows[] = {
    {.key = "item",
     .reloadable = true,
     .type = SCHEMA_TEXT,
     .required = true,
     .offset = SCHEMA_AT(const char *, struct survey_input, item),
     .help = "the question, as <study>/<item>"},
    {.key = "options",
     .reloadable = true,
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct survey_input, options),
     .help = "the answers that count, as a list; none: each answer is a row of its own, by option"},
    {.key = "stat",
     .reloadable = true,
     .type = SCHEMA_CHOICE,
     .offset = SCHEMA_AT(int, struct survey_input, stat),
     .names = stats,
     .help = "share (of those asked, by weight), nps (share of 9 and 10 less share of 0 to 6, in "
             "points) or mean (of answers that are numbers)"},
    {.key = "base",
     .reloadable = true,
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct survey_input, base),
     .help = "the share is of those who were asked this item; default: the item itself"},
    {.key = "of",
     .reloadable = true,
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct survey_input, of),
     .help = "the share is of those who gave these answers, {item: ..., options: [...]}"},
    {.key = "branded",
     .reloadable = true,
     .type = SCHEMA_BOOL,
     .offset = SCHEMA_AT(bool, struct survey_input, branded),
     .help = "the item is asked for each brand; a query that names none shows the tenant's own"},
};
const struct schema survey_schema = SCHEMA_OF("kpis.<kpi>.survey", survey_rows);

struct of_input {
	const char *item;
	struct yaml_node *options;
};

static const struct schema_row of_rows[] = {
    {.key = "item",
     .reloadable = true,
     .type = SCHEMA_TEXT,
     .required = true,
     .offset = SCHEMA_AT(const char *, struct of_input, item),
     .help = "the question, as <study>/<item>"},
    {.key = "options",
     .reloadable = true,
     .type = SCHEMA_NODE,
     .required = true,
     .offset = SCHEMA_AT(struct yaml_node *, struct of_input, options),
     .help = "the answers, as a list"},
};
const struct schema survey_of_schema = SCHEMA_OF("kpis.<kpi>.survey.of", of_rows);

/* A study is a report's name; items may begin with a digit. */
static int check_item(struct loader *loader, const struct yaml_node *map, const char *key,
                      const char *item)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t study = strspn(item, taken), rest = item[study] ? strlen(item + study + 1) : 0;
	bool good = study > 0 && study <= MODEL_NAME_MAX && item[0] >= 'a' && item[0] <= 'z' &&
	            item[study] == '/' && rest > 0 && rest <= MODEL_NAME_MAX &&
	            strspn(item + study + 1, taken) == rest && study + 1 + rest <= MODEL_VALUE_MAX;
	if (good)
		return 0;
	return yaml_fail(loader->error, yaml_map_get(map, key),
	                 "`%s: %.60s` is not <study>/<item>, such as tracker/aided", key, item);
}

static int read_options(struct loader *loader, const struct yaml_node *list,
                        struct survey_question *question)
{
	int err = yaml_expect(list, YAML_KIND_SEQ, loader->error);
	if (!err && list->count == 0)
		err = yaml_fail(loader->error, list,
		                "`options` is empty: name the answers that count");
	if (!err && list->count > OPTIONS_MAX)
		err =
		    yaml_fail(loader->error, list, "there are %u options; at most %d are possible",
		              list->count, OPTIONS_MAX);
	if (err)
		return err;
	question->options = arena_zalloc(loader->arena, list->count * sizeof(*question->options));
	if (!question->options)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < list->count; i++) {
		err = loader_value(loader, list->items[i], &question->options[i]);
		for (uint32_t j = 0; !err && j < i; j++)
			if (strcmp(question->options[j], question->options[i]) == 0)
				err = yaml_fail(loader->error, list->items[i],
				                "the option `%.60s` is given twice",
				                question->options[i]);
		question->option_count += !err;
	}
	return err;
}

static int read_of(struct loader *loader, const struct yaml_node *map, struct survey_question *of)
{
	struct of_input input;
	int err = yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&survey_of_schema, map, &input, loader->error);
	err = err ? err : check_item(loader, map, "item", input.item);
	if (err)
		return err;
	of->item = input.item;
	return read_options(loader, input.options, of);
}

/* What contradicts each other. */
static int check_survey(struct loader *loader, const struct yaml_node *map,
                        const struct survey_input *input)
{
	static const char *const keys[] = {"options", "base", "of"};
	const char *item = input->item;
	for (size_t i = 0; input->stat != SURVEY_SHARE && i < sizeof(keys) / sizeof(*keys); i++) {
		const struct yaml_node *node = yaml_map_get(map, keys[i]);
		if (node)
			return yaml_fail(loader->error, node,
			                 "`stat: %s` takes all answers of all who were asked: "
			                 "`%s` has no place beside it",
			                 stats[input->stat], keys[i]);
	}
	if (input->base && input->of)
		return yaml_fail(loader->error, input->of,
		                 "`base` and `of` both say whom the share is of: give one");
	if (input->base && strcmp(input->base, item) == 0)
		return yaml_fail(loader->error, yaml_map_get(map, "base"),
		                 "`base: %s` is the item itself: leave it out", item);
	if (input->of && !input->options)
		return yaml_fail(loader->error, input->of,
		                 "`of` needs `options`: a step of a funnel is from some answers to "
		                 "others");
	if (input->branded && loader->settings->catalog.brand_dim < 0 &&
	    !loader_is_preset(loader, map))
		return yaml_fail(loader->error, yaml_map_get(map, "branded"),
		                 "`branded` needs the dimension `brand`, which is not configured");
	return 0;
}

int load_survey(struct loader *loader, const struct yaml_node *map,
                const struct kpi_survey **ret_survey)
{
	struct survey_input input;
	int err = yaml_expect(map, YAML_KIND_MAP, loader->error);
	err = err ? err : schema_read(&survey_schema, map, &input, loader->error);
	err = err ? err : check_item(loader, map, "item", input.item);
	if (!err && input.base)
		err = check_item(loader, map, "base", input.base);
	err = err ? err : check_survey(loader, map, &input);
	if (err)
		return err;
	struct kpi_survey *survey = arena_zalloc(loader->arena, sizeof(*survey));
	if (!survey)
		return loader_nomem(loader);
	survey->stat = (enum survey_stat)input.stat;
	survey->ask.item = input.item;
	survey->base_item = input.base;
	survey->branded = input.branded;
	if (input.options)
		err = read_options(loader, input.options, &survey->ask);
	if (!err && input.of)
		err = read_of(loader, input.of, &survey->of);
	if (!err)
		*ret_survey = survey;
	return err;
}

static void put_question(struct buf *text, const struct survey_question *question)
{
	buf_put_text(text, question->item);
	for (uint32_t i = 0; i < question->option_count; i++)
		buf_printf(text, "%s%s", i ? ", " : ": ", question->options[i]);
}

const char *survey_text(struct loader *loader, const struct kpi_survey *survey)
{
	struct buf text = {0};
	buf_printf(&text, "%s(", stats[survey->stat]);
	put_question(&text, &survey->ask);
	if (survey->base_item)
		buf_printf(&text, " | asked %s", survey->base_item);
	if (survey->of.item) {
		buf_put_text(&text, " | ");
		put_question(&text, &survey->of);
	}
	buf_put_text(&text, ")");
	const char *copy = buf_failed(&text)
	                       ? NULL
	                       : arena_strndup(loader->arena, (const char *)text.bytes, text.len);
	buf_deinit(&text);
	return copy;
}
