/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define SHOWN_MAX 60

static const struct {
	const char *name;
	int64_t factor;
} byte_units[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
#define BYTE_UNITS (sizeof(byte_units) / sizeof(*byte_units))

static bool is_bytes(enum schema_type type)
{
	return type == SCHEMA_BYTES32 || type == SCHEMA_BYTES64;
}

/* A number as its type is written: 4194304 bytes = "4 MiB", 14 days = "14d". */
static void put_number(char *text, size_t size, enum schema_type type, int64_t value)
{
	size_t unit = 0;
	while (unit + 1 < BYTE_UNITS &&
	       (value < byte_units[unit].factor || value % byte_units[unit].factor))
		unit++;
	if (is_bytes(type))
		snprintf(text, size, "%" PRId64 "%s%s", value / byte_units[unit].factor,
		         unit + 1 < BYTE_UNITS ? " " : "", byte_units[unit].name);
	else if (type == SCHEMA_DAYS && value == 0)
		snprintf(text, size, "forever");
	else if (type == SCHEMA_HOURS && value % 24 == 0)
		snprintf(text, size, "%" PRId64 "d", value / 24);
	else
		snprintf(text, size, "%" PRId64 "%s", value,
		         type == SCHEMA_DAYS    ? "d"
		         : type == SCHEMA_HOURS ? "h"
		                                : "");
}

static const char *type_rule(enum schema_type type)
{
	switch (type) {
	case SCHEMA_BYTES32:
	case SCHEMA_BYTES64:
		return "a number of bytes such as 65536, 64 KiB or 4 MiB";
	case SCHEMA_DAYS:
		return "a number of days such as 14d, or forever";
	case SCHEMA_HOURS:
		return "a number of hours or days such as 36h or 7d";
	default:
		return "a whole number";
	}
}

/* The factor that the unit behind a number stands for; 0 = no such unit. */
static int64_t unit_factor(enum schema_type type, const char *unit)
{
	while (*unit == ' ')
		unit++;
	for (size_t i = 0; is_bytes(type) && i < BYTE_UNITS; i++)
		if (strcmp(unit, byte_units[i].name) == 0)
			return byte_units[i].factor;
	if (type == SCHEMA_DAYS)
		return strcmp(unit, "d") == 0;
	if (type == SCHEMA_HOURS)
		return strcmp(unit, "d") == 0 ? 24 : strcmp(unit, "h") == 0;
	return !is_bytes(type) && *unit == '\0';
}

static int read_number(const struct schema_row *row, const struct yaml_node *node,
                       int64_t *ret_value, struct settings_error *ret_error)
{
	const char *text = "";
	int err = yaml_text(node, &text, ret_error);
	if (err)
		return err;
	size_t digits = strspn(text, "0123456789");
	int64_t factor = unit_factor(row->type, text + digits), value = 0;
	bool forever = row->type == SCHEMA_DAYS && strcmp(text, "forever") == 0;
	if (!forever && (digits == 0 || factor == 0))
		return yaml_fail(ret_error, node, "`%s: %.*s`: expected is %s", row->key, SHOWN_MAX,
		                 text, type_rule(row->type));
	bool good = forever || (num_parse(text, digits, 0, NUM_EXACT, &value) == 0 &&
	                        !__builtin_mul_overflow(value, factor, &value) &&
	                        value >= row->min && (value > 0 || row->type != SCHEMA_DAYS));
	if (!good || value > row->max) {
		char min[32], max[32];
		put_number(min, sizeof(min), row->type,
		           row->type == SCHEMA_DAYS && row->min == 0 ? 1 : row->min);
		put_number(max, sizeof(max), row->type, row->max);
		return yaml_fail(ret_error, node, "`%s: %.*s` is out of range: %s to %s%s%s%s",
		                 row->key, SHOWN_MAX, text, min, max, row->unit ? " " : "",
		                 row->unit ? row->unit : "",
		                 row->type == SCHEMA_DAYS && row->min == 0 ? ", or forever" : "");
	}
	if (forever && row->min > 0)
		return yaml_fail(ret_error, node,
		                 "`%s` cannot be kept forever; at most %" PRId64 "d", row->key,
		                 row->max);
	*ret_value = value;
	return 0;
}

static void put_value(const struct schema_row *row, void *out, int64_t value)
{
	void *member = (char *)out + row->offset;
	switch (row->type) {
	case SCHEMA_BOOL:
		*(bool *)member = value != 0;
		break;
	case SCHEMA_CHOICE:
		*(int *)member = (int)value;
		break;
	case SCHEMA_INT16:
		*(uint16_t *)member = (uint16_t)value;
		break;
	case SCHEMA_INT64:
	case SCHEMA_BYTES64:
		*(uint64_t *)member = (uint64_t)value;
		break;
	default:
		*(uint32_t *)member = (uint32_t)value;
		break;
	}
}

static void put_fallback(const struct schema_row *row, void *out)
{
	void *member = (char *)out + row->offset;
	if (row->type == SCHEMA_NODE)
		*(struct yaml_node **)member = NULL;
	else if (row->type == SCHEMA_TEXT || row->type == SCHEMA_NAME)
		*(const char **)member = row->fallback_text;
	else
		put_value(row, out, row->fallback);
}

static int read_row(const struct schema_row *row, struct yaml_node *node, void *out,
                    struct settings_error *ret_error)
{
	void *member = (char *)out + row->offset;
	int64_t value = 0;
	bool truth;
	int choice, err;
	switch (row->type) {
	case SCHEMA_NODE:
		*(struct yaml_node **)member = node;
		return 0;
	case SCHEMA_TEXT:
		return yaml_text(node, member, ret_error);
	case SCHEMA_NAME:
		return yaml_name(node, member, ret_error);
	case SCHEMA_BOOL:
		err = yaml_bool(node, &truth, ret_error);
		value = !err && truth;
		break;
	case SCHEMA_CHOICE:
		err = yaml_choice(node, row->names, &choice, ret_error);
		value = err ? 0 : choice;
		break;
	default:
		err = read_number(row, node, &value, ret_error);
		break;
	}
	if (!err)
		put_value(row, out, value);
	return err;
}

static int check_keys(const struct schema *schema, const struct yaml_node *map,
                      struct settings_error *ret_error)
{
	const char *known[64];
	require(schema->count < sizeof(known) / sizeof(*known));
	for (size_t i = 0; i < schema->count; i++)
		known[i] = schema->rows[i].key;
	known[schema->count] = NULL;
	return yaml_check_keys(map, known, ret_error);
}

int schema_read(const struct schema *schema, const struct yaml_node *map, void *out,
                struct settings_error *ret_error)
{
	bool given = map && !yaml_is_null(map);
	int err = given ? check_keys(schema, map, ret_error) : 0;
	for (size_t i = 0; !err && i < schema->count; i++) {
		const struct schema_row *row = &schema->rows[i];
		struct yaml_node *node = given ? yaml_map_get(map, row->key) : NULL;
		if (node)
			err = read_row(row, node, out, ret_error);
		else if (!row->required)
			put_fallback(row, out);
		else if (map)
			err = yaml_fail(ret_error, map, "`%s` is missing here (%s)", row->key,
			                row->help);
		else
			err = ERR_CONFIG;
	}
	return err;
}

static void put_bounds(const struct schema_row *row, struct buf *out)
{
	char min[32], max[32];
	put_number(min, sizeof(min), row->type, row->min);
	put_number(max, sizeof(max), row->type, row->max);
	if (row->type == SCHEMA_DAYS && row->min == 0)
		buf_printf(out, ", 1d to %s or forever", max);
	else
		buf_printf(out, ", %s to %s", min, max);
}

void schema_describe(const struct schema *schema, struct buf *out)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_row *row = &schema->rows[i];
		bool choice = row->type == SCHEMA_CHOICE;
		bool number = row->type >= SCHEMA_INT16 && row->type <= SCHEMA_HOURS;
		char fallback[32];
		put_number(fallback, sizeof(fallback), row->type, row->fallback);
		const char *shown = row->fallback_text;
		if (!shown && row->type == SCHEMA_BOOL)
			shown = row->fallback ? "true" : "false";
		else if (!shown && choice)
			shown = row->names[row->fallback];
		else if (!shown && number)
			shown = fallback;
		buf_printf(out, "%s%s%s: %s", schema->path, *schema->path ? "." : "", row->key,
		           row->help);
		if (number && row->max > row->min)
			put_bounds(row, out);
		for (size_t name = 0; choice && row->names[name]; name++)
			buf_printf(out, "%s%s", name ? ", " : "; one of ", row->names[name]);
		if (row->unit)
			buf_printf(out, " (%s)", row->unit);
		if (row->required)
			buf_put_text(out, "; required");
		else if (shown && *shown)
			buf_printf(out, "; default %s", shown);
		buf_printf(out, "; %s\n", row->reloadable ? "reload" : "restart");
	}
}
