/* SPDX-License-Identifier: Apache-2.0
 * Schemas: one row per key of a YAML map; reader, defaults, errors and
 * `streamgauge check-config --keys` come from the row. */
#ifndef SG_SETTINGS_SCHEMA_H
#define SG_SETTINGS_SCHEMA_H

#include "base/buf.h"
#include "settings/yaml_tree.h"

enum schema_type {
	SCHEMA_TEXT,    /* const char * */
	SCHEMA_NAME,    /* const char *, [a-z][a-z0-9_]* */
	SCHEMA_BOOL,    /* bool */
	SCHEMA_INT16,   /* uint16_t, as the next two a whole number */
	SCHEMA_INT32,   /* uint32_t */
	SCHEMA_INT64,   /* uint64_t */
	SCHEMA_BYTES32, /* uint32_t: "4 MiB" */
	SCHEMA_BYTES64, /* uint64_t */
	SCHEMA_DAYS,    /* uint32_t: "14d"; "forever" = 0 */
	SCHEMA_HOURS,   /* uint32_t: "36h", "7d" */
	SCHEMA_CHOICE,  /* int, the index in `names` */
	SCHEMA_NODE,    /* struct yaml_node *, read by the caller; NULL when absent */
};

struct schema_row {
	const char *key;
	enum schema_type type;
	bool required;
	bool reloadable; /* a reload may change it; false = it needs a restart */
	size_t offset;   /* of the member in the structure that is filled */
	int64_t fallback;
	const char *fallback_text; /* texts: the value; else what the docs show, NULL = fallback */
	int64_t min, max;          /* numbers; both included */
	const char *const *names;  /* choices, NULL-terminated */
	const char *unit;
	const char *help;
};

struct schema {
	const char *path; /* "limits", "kpis.<kpi>"; "" = top level */
	const struct schema_row *rows;
	size_t count;
};

/* The offset of a member, refused by the compiler when its type is another. */
#define SCHEMA_AT(type, structure, member)                                                         \
	(offsetof(structure, member) + 0 * sizeof((type *)0 == &((structure *)0)->member))

#define SCHEMA_OF(path_, rows_)                                                                    \
	{                                                                                          \
		.path = (path_), .rows = (rows_), .count = sizeof(rows_) / sizeof(*(rows_))        \
	}

/* Fills `out` from the map (NULL or null = an empty one): given keys, else
 * fallbacks. Unknown keys, wrong types and values out of range are ERR_CONFIG. */
int schema_read(const struct schema *schema, const struct yaml_node *map, void *out,
                struct settings_error *ret_error) SG_MUST_CHECK;

/* The first row whose member differs and that needs a restart; NULL = none. Nodes
 * are not compared. */
const struct schema_row *schema_differs(const struct schema *schema, const void *was,
                                        const void *is);

/* The value of a row's member as it is written in YAML; not of nodes. */
void schema_put_member(const struct schema_row *row, const void *in, struct buf *out);

/* Text as a YAML scalar that is read back to the same bytes. */
void schema_put_text(struct buf *out, const char *text);

/* One line per row: path, help, bounds, default, and whether a reload takes it. */
void schema_describe(const struct schema *schema, struct buf *out);

#endif
