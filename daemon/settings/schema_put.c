/* SPDX-License-Identifier: Apache-2.0
 * Members of structures, by their schema: compared, and written as YAML. */
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "settings/schema.h"

static int64_t number_of(const struct schema_row *row, const void *in)
{
	const void *member = (const char *)in + row->offset;
	switch (row->type) {
	case SCHEMA_BOOL:
		return *(const bool *)member;
	case SCHEMA_CHOICE:
		return *(const int *)member;
	case SCHEMA_INT16:
		return *(const uint16_t *)member;
	case SCHEMA_INT64:
	case SCHEMA_BYTES64:
		return (int64_t) * (const uint64_t *)member;
	default:
		return *(const uint32_t *)member;
	}
}

static bool is_text(const struct schema_row *row)
{
	return row->type == SCHEMA_TEXT || row->type == SCHEMA_NAME;
}

static const char *text_of(const struct schema_row *row, const void *in)
{
	const char *text = *(const char *const *)(const void *)((const char *)in + row->offset);
	return text ? text : "";
}

const struct schema_row *schema_differs(const struct schema *schema, const void *was,
                                        const void *is)
{
	for (size_t i = 0; i < schema->count; i++) {
		const struct schema_row *row = &schema->rows[i];
		if (row->reloadable || row->type == SCHEMA_NODE)
			continue;
		bool same = is_text(row) ? strcmp(text_of(row, was), text_of(row, is)) == 0
		                         : number_of(row, was) == number_of(row, is);
		if (!same)
			return row;
	}
	return NULL;
}

/* What YAML does not take between double quotes, or would fold. */
static bool must_escape(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
	       point == 0x2029 || point == 0xfeff || (point & 0xfffe) == 0xfffe;
}

static uint32_t point_at(const uint8_t *at, size_t len)
{
	static const uint8_t first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t point = at[0] & first[len];
	for (size_t i = 1; i < len; i++)
		point = point << 6 | (at[i] & 0x3f);
	return point;
}

void schema_put_text(struct buf *out, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	buf_put_byte(out, '"');
	for (size_t left = strlen(text), len; left; left -= len, at += len) {
		len = utf8_sequence(at, left);
		len = len ? len : 1;
		uint32_t point = point_at(at, len);
		if (point == '"' || point == '\\')
			buf_put_byte(out, '\\');
		if (must_escape(point))
			buf_printf(out, point > 0xffff ? "\\U%08" PRIX32 : "\\u%04" PRIX32, point);
		else
			buf_put(out, at, len);
	}
	buf_put_byte(out, '"');
}

void schema_put_member(const struct schema_row *row, const void *in, struct buf *out)
{
	require(row->type != SCHEMA_NODE);
	if (is_text(row)) {
		schema_put_text(out, text_of(row, in));
		return;
	}
	int64_t number = number_of(row, in);
	const char *unit = row->type == SCHEMA_DAYS ? "d" : row->type == SCHEMA_HOURS ? "h" : "";
	if (row->type == SCHEMA_BOOL)
		buf_put_text(out, number ? "true" : "false");
	else if (row->type == SCHEMA_CHOICE)
		buf_put_text(out, row->names[number]);
	else if (row->type == SCHEMA_DAYS && number == 0)
		buf_put_text(out, "forever");
	else
		buf_printf(out, "%" PRId64 "%s", number, unit);
}
