/* SPDX-License-Identifier: Apache-2.0
 * Calls of scripts: keys before arguments, operations as the flush script reads them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "store/script.h"

#define FIRST 3 /* arguments before the keys */

static struct flush_bytes bytes(const char *text)
{
	return (struct flush_bytes){(const uint8_t *)text, strlen(text)};
}

static void expect(const struct call *call, int at, const char *text)
{
	cr_assert(at < call->argc);
	cr_assert(call->lens[at] == strlen(text) &&
	              memcmp(call->argv[at], text, call->lens[at]) == 0,
	          "argument %d is %.*s, not %s", at, (int)call->lens[at], call->argv[at], text);
}

Test(script, a_flush_as_keys_and_operations)
{
	struct store_key deltas = {.kind = KEY_DELTAS};
	struct store_key dict = {.kind = KEY_DICT, .a = 4};
	struct store_key rejects = {.kind = KEY_REJECTS, .a = 2};
	struct flush_op ops[] = {
	    {FLUSH_HSET, deltas, bytes("8"), bytes("v"), 0},
	    {FLUSH_HDEL, deltas, bytes("3"), {NULL, 0}, 0},
	    {FLUSH_APPEND, dict, {NULL, 0}, bytes("abc"), 0},
	    {FLUSH_EXPIREAT, dict, {NULL, 0}, {NULL, 0}, 1800000000},
	    {FLUSH_EXPIREAT, dict, {NULL, 0}, {NULL, 0}, INT64_MAX},
	    {FLUSH_RPUSH, rejects, {NULL, 0}, bytes("r"), 0},
	    {FLUSH_LTRIM, rejects, {NULL, 0}, {NULL, 0}, 1000},
	    {FLUSH_LTRIM, rejects, {NULL, 0}, {NULL, 0}, 0},
	    {FLUSH_DEL, deltas, {NULL, 0}, {NULL, 0}, 0},
	};
	struct flush flush = {.ops = ops, .op_count = sizeof(ops) / sizeof(*ops)};
	struct call call;
	struct buf types = {0};
	call_init(&call);
	call_key(&call, "t", &(struct store_key){.kind = KEY_STATE});
	call_flush_keys(&call, "t", &flush, &types);
	static const char *const keys[] = {"sg:{t/0}:state", "sg:{t/0}:deltas", "sg:{t/0}:dict:4",
	                                   "sg:{t/0}:rejects:2", "sg:{t/0}:deltas"};
	cr_assert(call.keys == 5);
	for (int i = 0; i < 5; i++)
		expect(&call, FIRST + i, keys[i]);
	cr_assert(types.len == 4 && memcmp(types.bytes, "hslh", 4) == 0);
	call_flush_ops(&call, &flush);
	static const char *const args[] = {
	    "H", "2",   "8", "v", "h",          "2",     "3", "A",
	    "3", "abc", "E", "3", "1800000000", "E",     "3", "253402300799",
	    "R", "4",   "r", "T", "4",          "-1000", "D", "4",
	    "D", "5"};
	int count = (int)(sizeof(args) / sizeof(*args));
	cr_assert(call.argc == FIRST + 5 + count);
	for (int i = 0; i < count; i++)
		expect(&call, FIRST + 5 + i, args[i]);
	cr_assert(!call.failed);
	call_deinit(&call);
	buf_deinit(&types);
}

Test(script, no_script_does_arithmetic_on_data)
{
	for (int i = 0; i < SCRIPT_COUNT; i++)
		cr_assert(!strstr(script_text((enum script)i), "INCR"));
}
