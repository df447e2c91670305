/* SPDX-License-Identifier: Apache-2.0
 * A build tool: the shipped mappings as sections of streamgauge-mapping(5), made
 * from their YAML: what each reads, its key, what it ignores and why. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "settings/yaml_tree.h"

/* Lists of a mapping, what an entry of them is, and the key that names it. */
static const struct {
	const char *list;
	const char *what;
	const char *name;
} kinds[] = {
    {"reports", "Report", "report"}, {"events", "Events", NULL},
    {"responses", "Study", "study"}, {"aggregates", "Wave table of study", "study"},
    {"gauges", "Levels", NULL},      {"rates", "Exchange rates", NULL},
};

/* ---- roff ---- */

static void put(const char *text)
{
	bool bold = false;
	for (; *text; text++) {
		switch (*text) {
		case '\\':
			fputs("\\e", stdout);
			break;
		case '-':
			fputs("\\-", stdout);
			break;
		case '`':
			bold = !bold;
			fputs(bold ? "\\fB" : "\\fP", stdout);
			break;
		default:
			putchar(*text);
		}
	}
}

/* Starts a line of text, which no control character begins. */
static void begin(const char *text)
{
	fputs("\\&", stdout);
	put(text);
}

static void put_texts(const struct yaml_node *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		fputs(i ? ", \\fB" : "\\fB", stdout);
		put(list->items[i]->text[0] ? list->items[i]->text : "(a column without a name)");
		fputs("\\fP", stdout);
	}
}

/* ---- a mapping ---- */

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_map_get(map, key);
	return node && node->kind == YAML_KIND_SCALAR ? node->text : NULL;
}

/* The column that a value is read from: a name, or {column: name, ...}. */
static const char *column_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_map_get(map, key);
	if (!node)
		return NULL;
	return node->kind == YAML_KIND_MAP ? text_of(node, "column") : node->text;
}

static void put_key(const struct yaml_node *entry)
{
	const struct yaml_node *key = yaml_map_get(entry, "key");
	const char *id = column_of(entry, "id");
	const char *level = text_of(entry, "level"), *rollup = text_of(entry, "rollup");
	if (level)
		printf("level %s%s; ", level,
		       rollup && strcmp(rollup, "true") == 0 ? ", the counted one" : "");
	if (key && key->kind == YAML_KIND_MAP) {
		fputs("key: the period", stdout);
		for (uint32_t i = 0; i < key->count; i++) {
			fputs(", \\fB", stdout);
			put(key->keys[i]->text);
			fputs("\\fP", stdout);
		}
	} else if (id) {
		fputs("key: column \\fB", stdout);
		put(id);
		fputs("\\fP", stdout);
	} else if (yaml_map_get(entry, "id")) {
		fputs("key: made of several columns", stdout);
	} else {
		fputs("key: what the paragraph above says", stdout);
	}
	puts(".");
}

/* Entries that share a report complete each other: one line says it. */
static bool said_before(const struct yaml_node *list, uint32_t at, const char *key)
{
	const char *name = text_of(list->items[at], key);
	for (uint32_t i = 0; name && i < at; i++) {
		const char *former = text_of(list->items[i], key);
		if (former && strcmp(former, name) == 0)
			return true;
	}
	return false;
}

static void put_entries(const struct yaml_node *root)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		const struct yaml_node *list = yaml_map_get(root, kinds[k].list);
		for (uint32_t i = 0; list && i < list->count; i++) {
			const char *name =
			    kinds[k].name ? text_of(list->items[i], kinds[k].name) : NULL;
			if (name && said_before(list, i, kinds[k].name))
				continue;
			printf(".TP\n%s", kinds[k].what);
			if (name) {
				fputs(" \\fB", stdout);
				put(name);
				fputs("\\fP", stdout);
			}
			putchar('\n');
			put_key(list->items[i]);
		}
	}
}

static void put_ignored(const struct yaml_node *root)
{
	const struct yaml_node *plain = yaml_map_get(root, "ignore");
	const struct yaml_node *reasons = yaml_map_get(root, "ignores_because");
	if (plain && plain->count) {
		puts(".TP\nIgnores as of no use to it");
		fputs("\\&", stdout);
		put_texts(plain);
		puts(".");
	}
	for (uint32_t i = 0; reasons && i < reasons->count; i++) {
		const struct yaml_node *columns = yaml_map_get(reasons->items[i], "columns");
		const char *why = text_of(reasons->items[i], "why");
		if (!columns || !why)
			continue;
		fputs(".TP\nIgnores ", stdout);
		put_texts(columns);
		putchar('\n');
		begin(why);
		puts(".");
	}
}

static int put_mapping(const char *path)
{
	const char *name = strrchr(path, '/');
	name = name ? name + 1 : path;
	struct arena arena;
	struct yaml_node *root = NULL;
	struct settings_error error = {{0}};
	arena_init(&arena, 0);
	int err = yaml_tree_load(path, &arena, &root, &error);
	const char *label = err ? NULL : text_of(root, "label");
	const char *reads = err ? NULL : text_of(root, "reads");
	if (err) {
		fprintf(stderr, "%s\n", error.text);
	} else if (!label || !reads) {
		fprintf(stderr, "%s: a shipped mapping has `label` and `reads`\n", path);
		err = ERR_CONFIG;
	} else {
		printf(".SS %.*s\n", (int)strcspn(name, "."), name);
		begin(label);
		puts(".");
		begin(reads);
		putchar('\n');
		put_entries(root);
		put_ignored(root);
	}
	arena_deinit(&arena);
	return err;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: streamgauge-mapping-pages FILE...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++)
		if (put_mapping(argv[i]))
			return 2;
	return 0;
}
