/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/yaml_tree.h"

static int parse(const char *text, struct arena *arena, struct yaml_node **ret_root,
                 struct settings_error *error)
{
	return yaml_tree_parse("a.yaml", text, strlen(text), arena, ret_root, error);
}

static const char *const choices[] = {"low", "high", NULL};

Test(yaml_tree, nodes_know_their_place)
{
	struct arena arena = {0};
	struct settings_error error = {0};
	struct yaml_node *root = NULL;
	int err = parse("# first\ncountry: NO\nlist: [a, 'b', \"~\"]\nmap:\n  deep: {x: 010}\n"
	                "empty:\nblock: |\n  two\n  lines\n",
	                &arena, &root, &error);
	cr_assert_eq(err, 0, "%s", error.text);
	cr_assert_eq(root->kind, YAML_KIND_MAP);
	cr_assert_eq(root->count, 5);
	struct yaml_node *node = yaml_map_get(root, "country");
	cr_assert_str_eq(node->text, "NO");
	cr_assert(node->line == 2 && node->column == 10);
	node = yaml_map_get(root, "list");
	cr_assert_eq(node->kind, YAML_KIND_SEQ);
	cr_assert_eq(node->count, 3);
	cr_assert(!node->items[0]->quoted && node->items[1]->quoted);
	cr_assert(!yaml_is_null(node->items[2]));
	node = yaml_map_get(yaml_map_get(yaml_map_get(root, "map"), "deep"), "x");
	cr_assert(node->line == 5);
	int64_t number = 0;
	cr_assert_eq(yaml_int(node, 0, 100, &number, &error), 0);
	cr_assert_eq(number, 10);
	cr_assert(yaml_is_null(yaml_map_get(root, "empty")));
	cr_assert_str_eq(yaml_map_get(root, "block")->text, "two\nlines\n");
	cr_assert_null(yaml_map_get(root, "absent"));
	cr_assert_null(yaml_map_get(node, "x"));
	arena_deinit(&arena);
}

Test(yaml_tree, an_empty_file_is_an_empty_map)
{
	static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n...\n"};
	for (size_t i = 0; i < 4; i++) {
		struct arena arena = {0};
		struct settings_error error = {0};
		struct yaml_node *root = NULL;
		cr_assert_eq(parse(texts[i], &arena, &root, &error), 0, "%s", error.text);
		cr_assert(root->kind == YAML_KIND_MAP || yaml_is_null(root));
		cr_assert_eq(root->count, 0);
		arena_deinit(&arena);
	}
}

static const struct {
	const char *text, *error;
} bad_rows[] = {
    {"a: 1\nb: 2\na: 3\n", "a.yaml:3: `a` is given twice, first in line 1"},
    {"a: &x 1\n", "a.yaml:1: anchors (&name) are not supported: write it out"},
    {"a: &x [1]\n", "a.yaml:1: anchors (&name) are not supported: write it out"},
    {"b:\n  a: *x\n", "a.yaml:2: aliases (*name) are not supported: write it out"},
    {"a: !!int 1\n", "a.yaml:1: tags (!name) are not supported"},
    {"a: !x {b: 1}\n", "a.yaml:1: tags (!name) are not supported"},
    {"a: 1\n---\nb: 1\n", "a.yaml:3: a file holds one YAML document"},
    {"[a]: 1\n", "a.yaml:1: a key is plain text"},
    {"a: \"x\\0y\"\n", "a.yaml:1: a text holds no NUL character"},
    {"a: [1, 2\n", "a.yaml:2: this is not valid YAML: while parsing a flow sequence, did not find "
                   "expected ',' or ']'"},
    {"a: b: c\n",
     "a.yaml:1: this is not valid YAML: mapping values are not allowed in this context"},
    {"a:\n\t- b\n", "a.yaml:2: this is not valid YAML: while scanning for the next token, found "
                    "character that cannot start any token"},
    {"a: 1\nb: 2\nc: \xff\n",
     "a.yaml:3: this is not a text file (invalid leading UTF-8 octet at byte 13)"},
    {"a: \xff\xfe\n", "a.yaml:1: this is not a text file (invalid leading UTF-8 octet at byte 3)"},
    {"a: \x01\n",
     "a.yaml:1: this is not a text file (control characters are not allowed at byte 3)"},
};

Test(yaml_tree, refuses_with_file_and_line)
{
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(*bad_rows); i++) {
		struct arena arena = {0};
		struct settings_error error = {0};
		struct yaml_node *root = NULL;
		cr_assert_eq(parse(bad_rows[i].text, &arena, &root, &error), ERR_CONFIG, "row %zu",
		             i);
		cr_assert_str_eq(error.text, bad_rows[i].error, "row %zu: %s", i, error.text);
		cr_assert_null(root);
		arena_deinit(&arena);
	}
}

Test(yaml_tree, size_depth_and_nodes_are_bounded)
{
	struct settings_error error = {0};
	struct yaml_node *root = NULL;
	struct arena arena = {0};
	size_t len = YAML_FILE_MAX + 1;
	char *text = malloc(len);
	memset(text, ' ', len);
	cr_assert_eq(yaml_tree_parse("a.yaml", text, len, &arena, &root, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text,
	                 "a.yaml: the file has 1048577 bytes; at most 1048576 are read");
	memset(text, '[', 100);
	cr_assert_eq(yaml_tree_parse("a.yaml", text, 100, &arena, &root, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "a.yaml:1: this is nested too deeply");
	text[0] = '[';
	for (size_t i = 1; i + 1 < len; i += 2)
		memcpy(text + i, "1,", 2);
	cr_assert_neq(yaml_tree_parse("a.yaml", text, len - 1, &arena, &root, &error), 0);
	cr_assert_null(root);
	free(text);
	arena_deinit(&arena);
	arena_init(&arena, 4096);
	cr_assert_eq(parse("a: {b: c, d: e, f: g}", &arena, &root, &error), 0);
	arena_deinit(&arena);
	arena_init(&arena, 64);
	cr_assert_eq(parse("a: {b: c, d: e, f: g}", &arena, &root, &error), ERR_NOMEM);
	arena_deinit(&arena);
}

Test(yaml_tree, a_file_that_cannot_be_read)
{
	struct settings_error error = {0};
	struct yaml_node *root = NULL;
	struct arena arena = {0};
	cr_assert_eq(yaml_tree_load("/nonexistent/a.yaml", &arena, &root, &error), ERR_IO);
	cr_assert_str_eq(error.text,
	                 "/nonexistent/a.yaml: cannot be read: No such file or directory");
	cr_assert_eq(yaml_tree_load("/", &arena, &root, &error), ERR_IO);
	cr_assert_str_eq(error.text, "/: cannot be read: Is a directory");
	arena_deinit(&arena);
}

enum getter { TEXT, NAME, INT, BOOL, CHOICE, SEQ, KEYS };

static const struct {
	enum getter getter;
	const char *text;  /* of the value */
	const char *error; /* NULL = fine */
} getter_rows[] = {
    {TEXT, "x", NULL},
    {TEXT, "", "a.yaml:1: `key`: a value is missing here"},
    {TEXT, "null", "a.yaml:1: `key`: a value is missing here"},
    {TEXT, "'null'", NULL},
    {TEXT, "[x]", "a.yaml:1: `key`: a single value is expected here, not a list"},
    {NAME, "paid_search2", NULL},
    {NAME, "2nd",
     "a.yaml:1: `key: 2nd` is not a name: a to z, 0 to 9 and _, a letter first, at most 64 "
     "characters"},
    {NAME, "Paid",
     "a.yaml:1: `key: Paid` is not a name: a to z, 0 to 9 and _, a letter first, at most "
     "64 characters"},
    {NAME, "''",
     "a.yaml:1: `key: ` is not a name: a to z, 0 to 9 and _, a letter first, at most 64 "
     "characters"},
    {INT, "7", NULL},
    {INT, "+7", NULL},
    {INT, "-7", "a.yaml:1: `key: -7` is out of range: 0 to 100"},
    {INT, "101", "a.yaml:1: `key: 101` is out of range: 0 to 100"},
    {INT, "99999999999999999999",
     "a.yaml:1: `key: 99999999999999999999` is out of range: 0 to 100"},
    {INT, "1.5", "a.yaml:1: `key: 1.5` is not a whole number"},
    {INT, "0x10", "a.yaml:1: `key: 0x10` is not a whole number"},
    {INT, "'7'", "a.yaml:1: `key: 7` is not a whole number"},
    {INT, "'-'", "a.yaml:1: `key: -` is not a whole number"},
    {BOOL, "true", NULL},
    {BOOL, "yes", "a.yaml:1: `key: yes` is neither true nor false"},
    {BOOL, "on", "a.yaml:1: `key: on` is neither true nor false"},
    {CHOICE, "high", NULL},
    {CHOICE, "higher", "a.yaml:1: `key: higher` is none of: low, high"},
    {SEQ, "[]", NULL},
    {SEQ, "{}", "a.yaml:1: `key`: a list is expected here, not a map of `key: value` pairs"},
    {SEQ, "", "a.yaml:1: `key`: a list is expected here, not an empty value"},
    {KEYS, "{low: 1, high: 2}", NULL},
    {KEYS, "\n  low: 1\n  lwo: 2", "a.yaml:3: unknown key `lwo`; known here: low, high"},
    {KEYS, "low",
     "a.yaml:1: `key`: a map of `key: value` pairs is expected here, not a single value"},
};

Test(yaml_tree, typed_reading)
{
	for (size_t i = 0; i < sizeof(getter_rows) / sizeof(*getter_rows); i++) {
		struct arena arena = {0};
		struct settings_error error = {0};
		struct yaml_node *root = NULL;
		char *text = arena_printf(&arena, "key: %s\n", getter_rows[i].text);
		cr_assert_eq(parse(text, &arena, &root, &error), 0, "%s", error.text);
		const struct yaml_node *node = yaml_map_get(root, "key");
		const char *word = NULL;
		int64_t number = -1;
		bool truth = false;
		int choice = -1, err = 0;
		switch (getter_rows[i].getter) {
		case TEXT:
			err = yaml_text(node, &word, &error);
			break;
		case NAME:
			err = yaml_name(node, &word, &error);
			break;
		case INT:
			err = yaml_int(node, 0, 100, &number, &error);
			break;
		case BOOL:
			err = yaml_bool(node, &truth, &error);
			break;
		case CHOICE:
			err = yaml_choice(node, choices, &choice, &error);
			break;
		case SEQ:
			err = yaml_expect(node, YAML_KIND_SEQ, &error);
			break;
		case KEYS:
			err = yaml_check_keys(node, choices, &error);
			break;
		}
		cr_assert_eq(err, getter_rows[i].error ? ERR_CONFIG : 0, "row %zu", i);
		cr_assert_str_eq(error.text, getter_rows[i].error ? getter_rows[i].error : "",
		                 "row %zu: %s", i, error.text);
		if (err)
			cr_assert(word == NULL && number == -1 && choice == -1);
		arena_deinit(&arena);
	}
}

Test(yaml_tree, a_required_key)
{
	struct arena arena = {0};
	struct settings_error error = {0};
	struct yaml_node *root = NULL, *node = NULL;
	cr_assert_eq(parse("\na: 1\n", &arena, &root, &error), 0);
	cr_assert_eq(yaml_require(root, "a", &node, &error), 0);
	cr_assert_str_eq(node->text, "1");
	cr_assert_eq(yaml_require(root, "b", &node, &error), ERR_CONFIG);
	cr_assert_str_eq(error.text, "a.yaml:2: `b` is missing here");
	arena_deinit(&arena);
}

/* Cut and changed files: an answer, and nothing read past their end. */
Test(yaml_tree, damaged_files_do_no_harm)
{
	FILE *file = fopen(SG_SOURCE_DIR "/config/presets/kpis.yaml", "rb");
	cr_assert_not_null(file);
	static char bytes[65536];
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	uint32_t state = 7;
	unsigned refused = 0;
	for (int i = 0; i < 400; i++) {
		state = state * 1664525u + 1013904223u;
		size_t cut = i % 2 ? len : (state >> 8) % len;
		char *copy = malloc(cut ? cut : 1);
		memcpy(copy, bytes, cut);
		for (int j = 0; i % 2 && j < 5; j++) {
			state = state * 1664525u + 1013904223u;
			copy[(state >> 8) % cut] = (char)(state >> 4);
		}
		struct arena arena = {0};
		struct settings_error error = {0};
		struct yaml_node *root = NULL;
		int err = yaml_tree_parse("a.yaml", copy, cut, &arena, &root, &error);
		cr_assert_eq(err == 0, root != NULL);
		cr_assert_eq(err != 0, error.text[0] != '\0');
		refused += err != 0;
		arena_deinit(&arena);
		free(copy);
	}
	cr_assert_gt(refused, 50);
}
