/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "store/key.h"

struct good {
	const char *tenant;
	uint32_t partition;
	struct store_key key;
	const char *name;
};

static const struct good goods[] = {
    {"demo", 0, {KEY_STATE, 0, 0, 0}, "sg:{demo/0}:state"},
    {"demo", 7, {KEY_DELTAS, 0, 0, 0}, "sg:{demo/7}:deltas"},
    {"demo", 0, {KEY_CELLS, 3, 0, 500000}, "sg:{demo/0}:cells:3:minute:500000"},
    {"demo", 0, {KEY_CELLS, 0, 1, -20}, "sg:{demo/0}:cells:0:hour:-20"},
    {"demo", 0, {KEY_CELLS, 31, 2, 678}, "sg:{demo/0}:cells:31:day:678"},
    {"demo", 0, {KEY_ROWS, 4294967295U, 0, INT32_MIN}, "sg:{demo/0}:rows:4294967295:-2147483648"},
    {"demo", 0, {KEY_DICT, 12, 0, 0}, "sg:{demo/0}:dict:12"},
    {"demo", 0, {KEY_SOURCES, 0, 0, 0}, "sg:{demo/0}:sources"},
    {"demo", 0, {KEY_DEDUP, 5, 0, 480000}, "sg:{demo/0}:dedup:5:480000"},
    {"demo", 0, {KEY_REJECTS, 2, 0, 0}, "sg:{demo/0}:rejects:2"},
    {"demo", 0, {KEY_LABELS, 0, 0, 0}, "sg:{demo/0}:labels"},
    {"a{b}c:d*e%f", 1, {KEY_STATE, 0, 0, 0}, "sg:{a%7Bb%7Dc%3Ad%2Ae%25f/1}:state"},
    {"\x01\x7f/x", 0, {KEY_STATE, 0, 0, 0}, "sg:{%01%7F/x/0}:state"},
    {"\xc3\xa4", 0, {KEY_STATE, 0, 0, 0}, "sg:{\xc3\xa4/0}:state"},
};

Test(store_key, every_kind_is_written_as_documented)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		struct buf buf = {0};
		key_put(&buf, goods[i].tenant, goods[i].partition, &goods[i].key);
		cr_assert(!buf_failed(&buf));
		cr_assert(buf.len == strlen(goods[i].name) &&
		              memcmp(buf.bytes, goods[i].name, buf.len) == 0,
		          "%.*s for %s", (int)buf.len, (const char *)buf.bytes, goods[i].name);
		buf_deinit(&buf);
	}
}

Test(store_key, keys_of_emissions)
{
	static const struct {
		enum key_emission kind;
		const char *name;
	} keys[] = {
	    {KEY_EMITTED, "sg:{a%7Bb/0}:emitted"},
	    {KEY_SUMMARIES, "sg:{a%7Bb/0}:summaries"},
	    {KEY_SUMMARY, "sg:{a%7Bb/0}:summary:x%3Ay"},
	};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		struct buf buf = {0};
		key_put_emission(&buf, "a{b", keys[i].kind, "x:y");
		cr_assert(buf.len == strlen(keys[i].name) &&
		              memcmp(buf.bytes, keys[i].name, buf.len) == 0,
		          "%.*s for %s", (int)buf.len, (const char *)buf.bytes, keys[i].name);
		buf_deinit(&buf);
	}
}

Test(store_key, what_is_written_is_read_back)
{
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		struct key_name name;
		cr_assert(key_parse(goods[i].name, strlen(goods[i].name), &name) == 0, "%s",
		          goods[i].name);
		cr_assert_str_eq(name.tenant, goods[i].tenant);
		cr_assert(name.partition == goods[i].partition);
		cr_assert(name.key.kind == goods[i].key.kind && name.key.a == goods[i].key.a &&
		              name.key.b == goods[i].key.b && name.key.c == goods[i].key.c,
		          "%s", goods[i].name);
	}
}

static const char *const bads[] = {
    "",
    "sg:",
    "sg:{demo/0}",
    "sg:{demo/0}:",
    "sg:{demo/0}:unknown",
    "sg:{demo/0}:state:",
    "sg:{demo/0}:state:1",
    "sg:{demo/0}:dict",
    "sg:{demo/0}:dict:",
    "sg:{demo/0}:dict:01",
    "sg:{demo/0}:dict:-1",
    "sg:{demo/0}:dict:4294967296",
    "sg:{demo/0}:dict:99999999999999999999",
    "sg:{demo/0}:dict:1x",
    "sg:{demo/0}:cells:1:week:5",
    "sg:{demo/0}:cells:1:day:-0",
    "sg:{demo/0}:cells:1:day:2147483648",
    "sg:{demo/0}:cells:1:day",
    "sg:{demo/}:state",
    "sg:{demo}:state",
    "sg:{/0}:state",
    "sg:{a%7b/0}:state",
    "sg:{a%41/0}:state",
    "sg:{a%00/0}:state",
    "sg:{a%7/0}:state",
    "sg:{a:b/0}:state",
    "sg:{a*b/0}:state",
    "sg:{a\x01/0}:state",
    "xx:{demo/0}:state",
};

Test(store_key, other_names_are_refused)
{
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct key_name name = {.partition = 77};
		cr_assert(key_parse(bads[i], strlen(bads[i]), &name) == ERR_MALFORMED, "%s",
		          bads[i]);
		cr_assert(name.partition == 77, "touched by %s", bads[i]);
	}
}

Test(store_key, a_tenant_longer_than_the_buffer_is_refused)
{
	struct buf buf = {0};
	struct key_name name;
	char tenant[KEY_TENANT_MAX + 1];
	struct store_key key = {.kind = KEY_STATE};
	memset(tenant, 'a', sizeof(tenant) - 1);
	tenant[KEY_TENANT_MAX] = '\0';
	key_put(&buf, tenant, 0, &key);
	cr_assert(key_parse((const char *)buf.bytes, buf.len, &name) == ERR_MALFORMED);
	buf_reset(&buf);
	tenant[KEY_TENANT_MAX - 1] = '\0';
	key_put(&buf, tenant, 0, &key);
	cr_assert(key_parse((const char *)buf.bytes, buf.len, &name) == 0);
	cr_assert_str_eq(name.tenant, tenant);
	buf_deinit(&buf);
}

Test(store_key, tenants_share_no_names)
{
	/* A tenant whose name looks like another's key stays in its own hash tag. */
	struct buf a = {0};
	struct buf b = {0};
	struct store_key key = {.kind = KEY_STATE};
	key_put(&a, "x/0}:state", 0, &key);
	key_put(&b, "x", 0, &key);
	cr_assert(a.len != b.len);
	cr_assert(memchr(a.bytes, '}', a.len) == memrchr(a.bytes, '}', a.len));
	buf_deinit(&a);
	buf_deinit(&b);
}

Test(store_key, types)
{
	cr_assert(key_type(KEY_STATE) == KEY_TYPE_HASH);
	cr_assert(key_type(KEY_CELLS) == KEY_TYPE_HASH);
	cr_assert(key_type(KEY_DICT) == KEY_TYPE_STRING);
	cr_assert(key_type(KEY_DEDUP) == KEY_TYPE_STRING);
	cr_assert(key_type(KEY_REJECTS) == KEY_TYPE_LIST);
}
