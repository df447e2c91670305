/* SPDX-License-Identifier: Apache-2.0
 * YAML files as trees of nodes that remember where they stood.
 *
 * Scalars are kept as text and typed by whoever reads them: the country `NO`
 * is not a boolean and 010 is 10. Aliases, duplicate keys, several documents
 * in one file and files beyond YAML_FILE_MAX are refused. Every node lives in
 * the arena that was given to the loader.
 *
 * Every error text starts with "file:line: ". */
#ifndef SG_SETTINGS_YAML_TREE_H
#define SG_SETTINGS_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "settings/settings_load.h"

#define YAML_FILE_MAX  (1u << 20) /* bytes */
#define YAML_DEPTH_MAX 32

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQ, YAML_KIND_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted; /* a scalar in quotes or a block scalar: never null, never a number */
	const char *file;
	const char *key;          /* in front of a map's value; NULL = it is none */
	int line;                 /* from 1 */
	int column;               /* from 1 */
	const char *text;         /* scalar: NUL-terminated, holds no NUL; else "" */
	size_t len;               /* bytes of text */
	uint32_t count;           /* seq: items; map: pairs */
	struct yaml_node **items; /* seq: the items; map: the values */
	struct yaml_node **keys;  /* map: the keys, scalars; else NULL */
};

/* Reads a file, or bytes that are called `name` in errors. An empty file is an
 * empty map. ERR_IO (cannot be read), ERR_CONFIG, ERR_NOMEM with *ret_error. */
int yaml_tree_load(const char *path, struct arena *arena, struct yaml_node **ret_root,
                   struct settings_error *ret_error) SG_MUST_CHECK;
int yaml_tree_parse(const char *name, const void *bytes, size_t len, struct arena *arena,
                    struct yaml_node **ret_root, struct settings_error *ret_error) SG_MUST_CHECK;

/* Writes "file:line: <format>" and returns ERR_CONFIG, for `return yaml_fail(...)`. */
int yaml_fail(struct settings_error *ret_error, const struct yaml_node *node, const char *format,
              ...) SG_PRINTF(3, 4);

/* The value of a key, NULL when the map lacks it. A value left empty or
 * written `~` or `null` counts as given: see yaml_is_null. */
struct yaml_node *yaml_map_get(const struct yaml_node *map, const char *key);

/* True for an unquoted empty scalar, `~` or `null`. */
bool yaml_is_null(const struct yaml_node *node);

/* Typed reading of one node; ERR_CONFIG with *ret_error, which names the node's key,
 * ret_value untouched. */
int yaml_expect(const struct yaml_node *node, enum yaml_kind kind,
                struct settings_error *ret_error) SG_MUST_CHECK;
/* Any scalar that is not null. */
int yaml_text(const struct yaml_node *node, const char **ret_value,
              struct settings_error *ret_error) SG_MUST_CHECK;
/* [a-z][a-z0-9_]*, at most MODEL_NAME_MAX bytes. */
int yaml_name(const struct yaml_node *node, const char **ret_value,
              struct settings_error *ret_error) SG_MUST_CHECK;
/* Decimal digits with an optional sign. */
int yaml_int(const struct yaml_node *node, int64_t min, int64_t max, int64_t *ret_value,
             struct settings_error *ret_error) SG_MUST_CHECK;
/* `true` or `false`, nothing else. */
int yaml_bool(const struct yaml_node *node, bool *ret_value,
              struct settings_error *ret_error) SG_MUST_CHECK;
/* The index of the scalar in `names` (NULL-terminated). */
int yaml_choice(const struct yaml_node *node, const char *const *names, int *ret_value,
                struct settings_error *ret_error) SG_MUST_CHECK;

/* The node is a map and each of its keys is in `known` (NULL-terminated); else
 * "unknown key `tennants`; known here: tenants, ...". */
int yaml_check_keys(const struct yaml_node *map, const char *const *known,
                    struct settings_error *ret_error) SG_MUST_CHECK;

/* The value of a required key; ERR_CONFIG "`key` is missing". */
int yaml_require(const struct yaml_node *map, const char *key, struct yaml_node **ret_node,
                 struct settings_error *ret_error) SG_MUST_CHECK;

#endif
