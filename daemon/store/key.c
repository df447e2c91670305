/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Which numbers of a store_key stand in the name, in this order. */
enum { PART_A = 1, PART_GRAIN = 2, PART_C = 4 };

static const struct {
	const char *name;
	unsigned parts;
	enum key_type type;
} kinds[KEY_KINDS] = {
    [KEY_STATE] = {"state", 0, KEY_TYPE_HASH},
    [KEY_DELTAS] = {"deltas", 0, KEY_TYPE_HASH},
    [KEY_CELLS] = {"cells", PART_A | PART_GRAIN | PART_C, KEY_TYPE_HASH},
    [KEY_ROWS] = {"rows", PART_A | PART_C, KEY_TYPE_HASH},
    [KEY_DICT] = {"dict", PART_A, KEY_TYPE_STRING},
    [KEY_SOURCES] = {"sources", 0, KEY_TYPE_HASH},
    [KEY_DEDUP] = {"dedup", PART_A | PART_C, KEY_TYPE_STRING},
    [KEY_REJECTS] = {"rejects", PART_A, KEY_TYPE_LIST},
    [KEY_LABELS] = {"labels", 0, KEY_TYPE_HASH},
};

/* The names of enum grain, by its values. */
static const char *const grains[] = {"minute", "hour", "day"};
#define GRAINS (sizeof(grains) / sizeof(*grains))

enum key_type key_type(enum key_kind kind)
{
	require(kind < KEY_KINDS);
	return kinds[kind].type;
}

static bool must_escape(unsigned char byte)
{
	return byte < 0x20 || byte == 0x7f || strchr("{}:*%", byte) != NULL;
}

static void put_escaped(struct buf *buf, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (must_escape(*p))
			buf_printf(buf, "%%%02X", *p);
		else
			buf_put_byte(buf, *p);
	}
}

void key_put(struct buf *buf, const char *tenant, uint32_t partition, const struct store_key *key)
{
	require(key->kind < KEY_KINDS);
	unsigned parts = kinds[key->kind].parts;
	require(!(parts & PART_GRAIN) || key->b < GRAINS);
	buf_put_text(buf, "sg:{");
	put_escaped(buf, tenant);
	buf_printf(buf, "/%u}:%s", partition, kinds[key->kind].name);
	if (parts & PART_A)
		buf_printf(buf, ":%u", key->a);
	if (parts & PART_GRAIN)
		buf_printf(buf, ":%s", grains[key->b]);
	if (parts & PART_C)
		buf_printf(buf, ":%d", key->c);
}

void key_put_emission(struct buf *buf, const char *tenant, enum key_emission kind,
                      const char *stage)
{
	static const char *const names[] = {
	    [KEY_EMITTED] = "emitted",
	    [KEY_SUMMARIES] = "summaries",
	    [KEY_SUMMARY] = "summary:",
	};
	buf_put_text(buf, "sg:{");
	put_escaped(buf, tenant);
	buf_printf(buf, "/0}:%s", names[kind]);
	if (kind == KEY_SUMMARY)
		put_escaped(buf, stage);
}

/* ---- the reverse: a reader that fails once and stays failed ---- */

struct reader {
	const char *next;
	const char *end;
	bool failed;
};

static bool take_text(struct reader *reader, const char *text, size_t len)
{
	if (reader->failed || (size_t)(reader->end - reader->next) < len ||
	    memcmp(reader->next, text, len) != 0)
		return false;
	reader->next += len;
	return true;
}

static void expect(struct reader *reader, const char *text)
{
	if (!take_text(reader, text, strlen(text)))
		reader->failed = true;
}

/* A decimal number as key_put writes it: no sign but '-', no leading zero. */
static int64_t take_number(struct reader *reader, int64_t min, int64_t max)
{
	bool minus = take_text(reader, "-", 1);
	const char *start = reader->next;
	int64_t value = 0;
	while (reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9' &&
	       reader->next - start < 10)
		value = value * 10 + (*reader->next++ - '0');
	if (reader->next == start || (*start == '0' && (reader->next - start > 1 || minus)))
		reader->failed = true;
	value = minus ? -value : value;
	if (value < min || value > max)
		reader->failed = true;
	return reader->failed ? 0 : value;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void take_tenant(struct reader *reader, const char *end, char tenant[KEY_TENANT_MAX])
{
	size_t len = 0;
	while (!reader->failed && reader->next < end) {
		unsigned char byte = (unsigned char)*reader->next++;
		if (byte == '%') {
			int high = end - reader->next >= 2 ? hex_digit(reader->next[0]) : -1;
			int low = high >= 0 ? hex_digit(reader->next[1]) : -1;
			byte = (unsigned char)(low >= 0 ? high * 16 + low : 0);
			reader->failed = low < 0 || byte == 0 || !must_escape(byte);
			reader->next += reader->failed ? 0 : 2;
		} else if (must_escape(byte)) {
			reader->failed = true;
		}
		if (len == KEY_TENANT_MAX - 1)
			reader->failed = true;
		else
			tenant[len++] = (char)byte;
	}
	tenant[len] = '\0';
}

static void take_kind(struct reader *reader, enum key_kind *ret_kind)
{
	size_t len = 0;
	while (len < (size_t)(reader->end - reader->next) && reader->next[len] != ':')
		len++;
	for (unsigned kind = 0; !reader->failed && kind < KEY_KINDS; kind++) {
		if (strlen(kinds[kind].name) == len && take_text(reader, kinds[kind].name, len)) {
			*ret_kind = (enum key_kind)kind;
			return;
		}
	}
	reader->failed = true;
}

static uint32_t take_grain(struct reader *reader)
{
	for (uint32_t i = 0; i < GRAINS; i++) {
		if (take_text(reader, grains[i], strlen(grains[i])))
			return i;
	}
	reader->failed = true;
	return 0;
}

int key_parse(const char *text, size_t len, struct key_name *ret_name)
{
	struct reader reader = {text, text + len, false};
	struct key_name name = {.partition = 0};
	expect(&reader, "sg:{");
	const char *brace =
	    reader.failed ? NULL : memchr(reader.next, '}', (size_t)(reader.end - reader.next));
	const char *slash = brace ? memrchr(reader.next, '/', (size_t)(brace - reader.next)) : NULL;
	if (!slash || slash == reader.next)
		return ERR_MALFORMED;
	take_tenant(&reader, slash, name.tenant);
	expect(&reader, "/");
	name.partition = (uint32_t)take_number(&reader, 0, UINT32_MAX);
	expect(&reader, "}:");
	take_kind(&reader, &name.key.kind);
	unsigned parts = reader.failed ? 0 : kinds[name.key.kind].parts;
	if (parts & PART_A) {
		expect(&reader, ":");
		name.key.a = (uint32_t)take_number(&reader, 0, UINT32_MAX);
	}
	if (parts & PART_GRAIN) {
		expect(&reader, ":");
		name.key.b = take_grain(&reader);
	}
	if (parts & PART_C) {
		expect(&reader, ":");
		name.key.c = (int32_t)take_number(&reader, INT32_MIN, INT32_MAX);
	}
	if (reader.failed || reader.next != reader.end)
		return ERR_MALFORMED;
	*ret_name = name;
	return 0;
}
