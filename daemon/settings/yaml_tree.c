/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NODES_MAX 20000

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	const char *file;
	const char *bytes; /* of the file */
	struct settings_error *error;
	uint32_t nodes;
};

static void fail_at(struct settings_error *error, const char *file, size_t line, const char *text)
{
	snprintf(error->text, sizeof(error->text), "%s:%zu: %s", file, line, text);
}

static int fail_memory(const struct builder *builder)
{
	snprintf(builder->error->text, sizeof(builder->error->text), "%s: %s", builder->file,
	         err_rule(ERR_NOMEM));
	return ERR_NOMEM;
}

/* What libyaml says of broken syntax, with the line it stood in. */
static int fail_syntax(const struct builder *builder)
{
	const yaml_parser_t *parser = &builder->parser;
	if (parser->error == YAML_MEMORY_ERROR)
		return fail_memory(builder);
	char text[300];
	size_t line = parser->problem_mark.line + 1;
	if (parser->error == YAML_READER_ERROR) {
		/* The reader is ahead of the line that is parsed, and knows the byte only. */
		snprintf(text, sizeof(text), "this is not a text file (%s at byte %zu)",
		         parser->problem ? parser->problem : "unreadable", parser->problem_offset);
		line = 1;
		for (size_t i = 0; i < parser->problem_offset; i++)
			line += builder->bytes[i] == '\n';
	} else {
		snprintf(text, sizeof(text), "this is not valid YAML: %s%s%s",
		         parser->context ? parser->context : "", parser->context ? ", " : "",
		         parser->problem ? parser->problem : "unknown problem");
	}
	fail_at(builder->error, builder->file, line, text);
	return ERR_CONFIG;
}

static int fail_event(const struct builder *builder, const yaml_event_t *event, const char *text)
{
	fail_at(builder->error, builder->file, event->start_mark.line + 1, text);
	return ERR_CONFIG;
}

static int next_event(struct builder *builder, yaml_event_t *event)
{
	return yaml_parser_parse(&builder->parser, event) ? 0 : fail_syntax(builder);
}

static struct yaml_node *node_new(struct builder *builder, const yaml_event_t *event,
                                  enum yaml_kind kind)
{
	if (++builder->nodes > NODES_MAX)
		return NULL;
	struct yaml_node *node = arena_zalloc(builder->arena, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->file = builder->file;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	node->text = "";
	return node;
}

static int build_scalar(struct builder *builder, const yaml_event_t *event,
                        struct yaml_node **ret_node)
{
	size_t len = event->data.scalar.length;
	if (event->data.scalar.anchor)
		return fail_event(builder, event,
		                  "anchors (&name) are not supported: write it out");
	if (event->data.scalar.tag)
		return fail_event(builder, event, "tags (!name) are not supported");
	if (memchr(event->data.scalar.value, 0, len))
		return fail_event(builder, event, "a text holds no NUL character");
	struct yaml_node *node = node_new(builder, event, YAML_KIND_SCALAR);
	if (!node)
		return fail_memory(builder);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(builder->arena, (const char *)event->data.scalar.value, len);
	node->len = len;
	if (!node->text)
		return fail_memory(builder);
	*ret_node = node;
	return 0;
}

/* Room for one more pointer in a list that grows by doubling; the arena keeps
 * the outgrown ones. */
static int list_grow(struct builder *builder, struct yaml_node ***list, uint32_t count)
{
	if (count & (count - 1) || (count && count < 8))
		return 0;
	size_t cap = count ? (size_t)count * 2 : 8;
	struct yaml_node **grown = arena_alloc(builder->arena, cap * sizeof(void *));
	if (!grown)
		return fail_memory(builder);
	if (count)
		memcpy(grown, *list, count * sizeof(void *));
	*list = grown;
	return 0;
}

static int build_node(struct builder *builder, const yaml_event_t *event, int depth,
                      struct yaml_node **ret_node);

static int add_key(struct builder *builder, struct yaml_node *map, const yaml_event_t *event)
{
	struct yaml_node *key;
	if (event->type != YAML_SCALAR_EVENT)
		return fail_event(builder, event, "a key is plain text");
	int err = build_scalar(builder, event, &key);
	if (err)
		return err;
	for (uint32_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, key->text) != 0)
			continue;
		return yaml_fail(builder->error, key, "`%s` is given twice, first in line %d",
		                 key->text, map->keys[i]->line);
	}
	err = list_grow(builder, &map->keys, map->count);
	if (!err)
		map->keys[map->count] = key;
	return err;
}

/* The items of a sequence or the pairs of a map, up to the event that ends it. */
static int build_children(struct builder *builder, struct yaml_node *node, int depth)
{
	yaml_event_type_t end =
	    node->kind == YAML_KIND_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
	for (;;) {
		yaml_event_t event;
		int err = next_event(builder, &event);
		if (err)
			return err;
		bool done = event.type == end;
		if (!done && node->kind == YAML_KIND_MAP) {
			err = add_key(builder, node, &event);
			yaml_event_delete(&event);
			err = err ? err : next_event(builder, &event);
			if (err)
				return err;
		}
		if (!done)
			err = list_grow(builder, &node->items, node->count);
		if (!done && !err)
			err = build_node(builder, &event, depth + 1, &node->items[node->count]);
		yaml_event_delete(&event);
		if (err || done)
			return err;
		if (node->kind == YAML_KIND_MAP)
			node->items[node->count]->key = node->keys[node->count]->text;
		node->count++;
	}
}

static int build_node(struct builder *builder, const yaml_event_t *event, int depth,
                      struct yaml_node **ret_node)
{
	if (depth > YAML_DEPTH_MAX)
		return fail_event(builder, event, "this is nested too deeply");
	if (event->type == YAML_ALIAS_EVENT)
		return fail_event(builder, event,
		                  "aliases (*name) are not supported: write it out");
	if (event->type == YAML_SCALAR_EVENT)
		return build_scalar(builder, event, ret_node);
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
	    map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
	    map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	if (anchor)
		return fail_event(builder, event,
		                  "anchors (&name) are not supported: write it out");
	if (tag)
		return fail_event(builder, event, "tags (!name) are not supported");
	struct yaml_node *node = node_new(builder, event, map ? YAML_KIND_MAP : YAML_KIND_SEQ);
	if (!node)
		return fail_memory(builder);
	int err = build_children(builder, node, depth);
	if (!err)
		*ret_node = node;
	return err;
}

/* One document, or none: then an empty map. */
static int build_stream(struct builder *builder, struct yaml_node **ret_root)
{
	struct yaml_node *root = NULL;
	for (;;) {
		yaml_event_t event;
		int err = next_event(builder, &event);
		if (err)
			return err;
		bool done = event.type == YAML_STREAM_END_EVENT;
		bool marker = event.type == YAML_STREAM_START_EVENT ||
		              event.type == YAML_DOCUMENT_START_EVENT ||
		              event.type == YAML_DOCUMENT_END_EVENT;
		if (done && !root) {
			root = node_new(builder, &event, YAML_KIND_MAP);
			err = root ? 0 : fail_memory(builder);
		} else if (!done && !marker) {
			err = root ? fail_event(builder, &event, "a file holds one YAML document")
			           : build_node(builder, &event, 0, &root);
		}
		yaml_event_delete(&event);
		if (err)
			return err;
		if (done)
			break;
	}
	*ret_root = root;
	return 0;
}

int yaml_tree_parse(const char *name, const void *bytes, size_t len, struct arena *arena,
                    struct yaml_node **ret_root, struct settings_error *ret_error)
{
	struct builder builder = {.arena = arena, .bytes = bytes, .error = ret_error};
	if (len > YAML_FILE_MAX) {
		snprintf(ret_error->text, sizeof(ret_error->text),
		         "%s: the file has %zu bytes; at most %u are read", name, len,
		         YAML_FILE_MAX);
		return ERR_CONFIG;
	}
	builder.file = arena_strndup(arena, name, strlen(name));
	if (!builder.file || !yaml_parser_initialize(&builder.parser)) {
		builder.file = name;
		return fail_memory(&builder);
	}
	yaml_parser_set_input_string(&builder.parser, bytes, len);
	int err = build_stream(&builder, ret_root);
	yaml_parser_delete(&builder.parser);
	return err;
}

int yaml_tree_load(const char *path, struct arena *arena, struct yaml_node **ret_root,
                   struct settings_error *ret_error)
{
	FILE *file = fopen(path, "rbe");
	char *bytes = file ? malloc(YAML_FILE_MAX + 1) : NULL;
	size_t len = bytes ? fread(bytes, 1, YAML_FILE_MAX + 1, file) : 0;
	int err = 0;
	if (!file || (bytes && ferror(file))) {
		snprintf(ret_error->text, sizeof(ret_error->text), "%s: cannot be read: %s", path,
		         strerror(errno));
		err = ERR_IO;
	} else if (!bytes) {
		snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", path,
		         err_rule(ERR_NOMEM));
		err = ERR_NOMEM;
	}
	if (file)
		fclose(file);
	if (!err)
		err = yaml_tree_parse(path, bytes, len, arena, ret_root, ret_error);
	free(bytes);
	return err;
}
