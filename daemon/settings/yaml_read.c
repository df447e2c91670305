/* SPDX-License-Identifier: Apache-2.0
 * Typed reading of the nodes of a YAML tree. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "settings/yaml_tree.h"

#define SHOWN_MAX  60 /* bytes of a value that an error repeats */
#define SHOWN_TEXT (2 * SHOWN_MAX + 5)

static const char *const kind_names[] = {
    [YAML_KIND_SCALAR] = "a single value",
    [YAML_KIND_SEQ] = "a list",
    [YAML_KIND_MAP] = "a map of `key: value` pairs",
};

int yaml_fail(struct settings_error *ret_error, const struct yaml_node *node, const char *format,
              ...)
{
	int len =
	    snprintf(ret_error->text, sizeof(ret_error->text), "%s:%d: ", node->file, node->line);
	size_t at = len < 0 ? 0 : (size_t)len;
	if (at < sizeof(ret_error->text)) {
		va_list args;
		va_start(args, format);
		vsnprintf(ret_error->text + at, sizeof(ret_error->text) - at, format, args);
		va_end(args);
	}
	/* The sentence is one line whatever the file holds. */
	for (char *c = ret_error->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return ERR_CONFIG;
}

/* "`key: value`", or the value alone where it stands behind no key. */
static const char *shown(const struct yaml_node *node, char text[SHOWN_TEXT])
{
	snprintf(text, SHOWN_TEXT, "`%.*s%s%.*s`", SHOWN_MAX, node->key ? node->key : "",
	         node->key ? ": " : "", SHOWN_MAX, node->text);
	return text;
}

/* "`key`: ", or nothing. */
static const char *place(const struct yaml_node *node, char text[SHOWN_TEXT])
{
	text[0] = '\0';
	if (node->key)
		snprintf(text, SHOWN_TEXT, "`%.*s`: ", SHOWN_MAX, node->key);
	return text;
}

struct yaml_node *yaml_map_get(const struct yaml_node *map, const char *key)
{
	for (uint32_t i = 0; map->kind == YAML_KIND_MAP && i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR && !node->quoted &&
	       (node->len == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

int yaml_expect(const struct yaml_node *node, enum yaml_kind kind, struct settings_error *ret_error)
{
	char at[SHOWN_TEXT];
	if (node->kind == kind)
		return 0;
	return yaml_fail(ret_error, node, "%s%s is expected here, not %s", place(node, at),
	                 kind_names[kind],
	                 yaml_is_null(node) ? "an empty value" : kind_names[node->kind]);
}

int yaml_text(const struct yaml_node *node, const char **ret_value,
              struct settings_error *ret_error)
{
	int err = yaml_expect(node, YAML_KIND_SCALAR, ret_error);
	if (err)
		return err;
	char at[SHOWN_TEXT];
	if (yaml_is_null(node))
		return yaml_fail(ret_error, node, "%sa value is missing here", place(node, at));
	*ret_value = node->text;
	return 0;
}

int yaml_name(const struct yaml_node *node, const char **ret_value,
              struct settings_error *ret_error)
{
	const char *text = "";
	char text_shown[SHOWN_TEXT];
	int err = yaml_text(node, &text, ret_error);
	if (err)
		return err;
	bool good = node->len <= MODEL_NAME_MAX && text[0] >= 'a' && text[0] <= 'z' &&
	            strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == node->len;
	if (!good)
		return yaml_fail(ret_error, node,
		                 "%s is not a name: a to z, 0 to 9 and _, a letter first, at most "
		                 "%d characters",
		                 shown(node, text_shown), MODEL_NAME_MAX);
	*ret_value = text;
	return 0;
}

int yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *ret_value,
             struct settings_error *ret_error)
{
	const char *text = "";
	char text_shown[SHOWN_TEXT];
	int err = yaml_text(node, &text, ret_error);
	if (err)
		return err;
	size_t sign = text[0] == '-' || text[0] == '+';
	bool digits = text[sign] && strspn(text + sign, "0123456789") == node->len - sign;
	int64_t value = 0;
	if (node->quoted || !digits)
		return yaml_fail(ret_error, node, "%s is not a whole number",
		                 shown(node, text_shown));
	err = num_parse(text, node->len, 0, NUM_EXACT, &value);
	if (err || value < min || value > max)
		return yaml_fail(ret_error, node, "%s is out of range: %lld to %lld",
		                 shown(node, text_shown), (long long)min, (long long)max);
	*ret_value = value;
	return 0;
}

int yaml_bool(const struct yaml_node *node, bool *ret_value, struct settings_error *ret_error)
{
	const char *text = "";
	char text_shown[SHOWN_TEXT];
	int err = yaml_text(node, &text, ret_error);
	if (err)
		return err;
	bool yes = strcmp(text, "true") == 0;
	if (!yes && strcmp(text, "false") != 0)
		return yaml_fail(ret_error, node, "%s is neither true nor false",
		                 shown(node, text_shown));
	*ret_value = yes;
	return 0;
}

/* "a, b, c", cut where it would not fit. */
static void join_names(char *text, size_t size, const char *const *names)
{
	size_t at = 0;
	text[0] = '\0';
	for (size_t i = 0; names[i] && at < size; i++) {
		int len = snprintf(text + at, size - at, "%s%s", i ? ", " : "", names[i]);
		at += len > 0 ? (size_t)len : 0;
	}
}

int yaml_choice(const struct yaml_node *node, const char *const *names, int *ret_value,
                struct settings_error *ret_error)
{
	const char *text = "";
	char text_shown[SHOWN_TEXT];
	int err = yaml_text(node, &text, ret_error);
	if (err)
		return err;
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	char known[300];
	join_names(known, sizeof(known), names);
	return yaml_fail(ret_error, node, "%s is none of: %s", shown(node, text_shown), known);
}

int yaml_check_keys(const struct yaml_node *map, const char *const *known,
                    struct settings_error *ret_error)
{
	int err = yaml_expect(map, YAML_KIND_MAP, ret_error);
	for (uint32_t i = 0; !err && i < map->count; i++) {
		size_t at = 0;
		while (known[at] && strcmp(known[at], map->keys[i]->text) != 0)
			at++;
		if (known[at])
			continue;
		char names[360];
		join_names(names, sizeof(names), known);
		err = yaml_fail(ret_error, map->keys[i], "unknown key `%.*s`; known here: %s",
		                SHOWN_MAX, map->keys[i]->text, names);
	}
	return err;
}

int yaml_require(const struct yaml_node *map, const char *key, struct yaml_node **ret_node,
                 struct settings_error *ret_error)
{
	int err = yaml_expect(map, YAML_KIND_MAP, ret_error);
	if (err)
		return err;
	struct yaml_node *node = yaml_map_get(map, key);
	if (!node)
		return yaml_fail(ret_error, map, "`%s` is missing here", key);
	*ret_node = node;
	return 0;
}
