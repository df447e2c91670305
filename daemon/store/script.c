/* SPDX-License-Identifier: Apache-2.0 */
#include "store/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The run id of the Redis that executes the script: a script that waited in a
 * dead socket must not act on a Redis that was started since. */
#define LUA_RUN "local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')\n"

/* The whole record, for the decision table. */
#define LUA_REFUSE                                                                                 \
	"local function refuse()\n"                                                                \
	"  return {'refused', run, redis.call('HGETALL', KEYS[1])}\n"                              \
	"end\n"

/* The state key must be a hash before HMGET may look into it. */
#define LUA_STATE_TYPE                                                                             \
	"local state = redis.call('TYPE', KEYS[1]).ok\n"                                           \
	"if state ~= 'none' and state ~= 'hash' then return {'type', KEYS[1], state} end\n"

/* ARGV: [1] owner, [2] generation, [3] flush id, [4] beat, [5] run id. */
#define LUA_COMPARE                                                                                \
	"local s = redis.call('HMGET', KEYS[1], 'owner', 'generation', 'flush_id', 'beat',"        \
	" 'released')\n"

static const char *const texts[SCRIPT_COUNT] = {
    [SCRIPT_READ] = LUA_STATE_TYPE LUA_RUN "return {run, redis.call('HGETALL', KEYS[1])}\n",

    /* ARGV: [1] most bytes, then per item its code and arguments; the item's
     * key is the next one of KEYS.
     *   f field        HGET
     *   k              HKEYS: names only, the fields are asked for one by one
     *   g first last   {STRLEN, GETRANGE}
     *   l              LRANGE of all */
    [SCRIPT_LOAD] = LUA_STATE_TYPE LUA_RUN
    "local s = redis.call('HMGET', KEYS[1], 'owner', 'generation', 'released')\n"
    "local out, size, limit, a = {run, s[1], s[2], s[3]}, 0, tonumber(ARGV[1]), 2\n"
    "for i = 2, #KEYS do\n"
    "  if size >= limit then break end\n"
    "  local op, v = ARGV[a], nil\n"
    "  if op == 'f' then\n"
    "    v = redis.call('HGET', KEYS[i], ARGV[a + 1])\n"
    "    size = size + (v and #v or 0)\n"
    "    a = a + 2\n"
    "  elseif op == 'g' then\n"
    "    v = {redis.call('STRLEN', KEYS[i]),"
    " redis.call('GETRANGE', KEYS[i], ARGV[a + 1], ARGV[a + 2])}\n"
    "    size = size + #v[2]\n"
    "    a = a + 3\n"
    "  else\n"
    "    if op == 'k' then v = redis.call('HKEYS', KEYS[i])\n"
    "    else v = redis.call('LRANGE', KEYS[i], 0, -1) end\n"
    "    for _, e in ipairs(v) do size = size + #e end\n"
    "    a = a + 1\n"
    "  end\n"
    "  out[#out + 1] = v\n"
    "end\n"
    "return out\n",

    /* ARGV: [1..5] the record that was read ([1] = '' for none), [6] new owner,
     * [7] fence, [8] address, [9] format, [10] settings, [11] seed,
     * [12] zero flush id. KEYS[2..]: must be absent where the record is. */
    [SCRIPT_ACQUIRE] = LUA_STATE_TYPE LUA_RUN LUA_REFUSE LUA_COMPARE
    "if run ~= ARGV[5] then return refuse() end\n"
    "if ARGV[1] == '' then\n"
    "  if state ~= 'none' then return refuse() end\n"
    "  for i = 2, #KEYS do\n"
    "    if redis.call('EXISTS', KEYS[i]) == 1 then return {'leftover', KEYS[i]} end\n"
    "  end\n"
    "  redis.call('HSET', KEYS[1], 'format', ARGV[9], 'settings', ARGV[10], 'seed', ARGV[11],"
    " 'owner', ARGV[6], 'fence', ARGV[7], 'generation', '0', 'flush_id', ARGV[12],"
    " 'beat', '0', 'parent_owner', '', 'parent_generation', '', 'address', ARGV[8])\n"
    "  return {'ok'}\n"
    "end\n"
    "if s[1] ~= ARGV[1] or s[2] ~= ARGV[2] or s[3] ~= ARGV[3] or s[4] ~= ARGV[4] then\n"
    "  return refuse()\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'owner', ARGV[6], 'fence', ARGV[7], 'address', ARGV[8],"
    " 'parent_owner', ARGV[1], 'parent_generation', ARGV[2])\n"
    "redis.call('HDEL', KEYS[1], 'released', 'successor')\n"
    "return {'ok'}\n",

    /* ARGV: [1] owner, [2] generation, [3] flush id, [4] new beat, [5] run id. */
    [SCRIPT_BEAT] = LUA_STATE_TYPE LUA_RUN LUA_REFUSE LUA_COMPARE
    "if run ~= ARGV[5] or s[1] ~= ARGV[1] or s[2] ~= ARGV[2] or s[3] ~= ARGV[3] or s[5] then\n"
    "  return refuse()\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'beat', ARGV[4])\n"
    "return {'ok'}\n",

    /* ARGV: [1] owner, [2] generation before, [3] generation, [4] flush id,
     * [5] run id, [6] new beat, [7] one letter per key of KEYS[2..] for its
     * type, then the operations: code, index into KEYS, arguments. Types, owner
     * and the rights of an ACL are compared before the first write; the
     * operations are made so that none can fail then. */
    [SCRIPT_FLUSH] = LUA_STATE_TYPE LUA_RUN LUA_REFUSE LUA_COMPARE
    "if run ~= ARGV[5] or s[1] ~= ARGV[1] or s[2] ~= ARGV[2] or s[5] then return refuse() end\n"
    "local types = {h = 'hash', s = 'string', l = 'list'}\n"
    "for i = 2, #KEYS do\n"
    "  local t = redis.call('TYPE', KEYS[i]).ok\n"
    "  if t ~= 'none' and t ~= types[string.sub(ARGV[7], i - 1, i - 1)] then\n"
    "    return {'type', KEYS[i], t}\n"
    "  end\n"
    "end\n"
    "for _, c in ipairs({'hset', 'hdel', 'append', 'rpush', 'ltrim', 'expireat', 'del'}) do\n"
    "  if not redis.acl_check_cmd(c, KEYS[1]) then return {'denied', c} end\n"
    "end\n"
    "local a = 8\n"
    "while a <= #ARGV do\n"
    "  local op, key = ARGV[a], KEYS[tonumber(ARGV[a + 1])]\n"
    "  if op == 'H' then redis.call('HSET', key, ARGV[a + 2], ARGV[a + 3]) a = a + 4\n"
    "  elseif op == 'h' then redis.call('HDEL', key, ARGV[a + 2]) a = a + 3\n"
    "  elseif op == 'A' then redis.call('APPEND', key, ARGV[a + 2]) a = a + 3\n"
    "  elseif op == 'R' then redis.call('RPUSH', key, ARGV[a + 2]) a = a + 3\n"
    "  elseif op == 'T' then redis.call('LTRIM', key, ARGV[a + 2], '-1') a = a + 3\n"
    "  elseif op == 'E' then redis.call('EXPIREAT', key, ARGV[a + 2]) a = a + 3\n"
    "  else redis.call('DEL', key) a = a + 2 end\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'generation', ARGV[3], 'flush_id', ARGV[4], 'beat', ARGV[6])\n"
    "return {'ok'}\n",

    /* ARGV: [1..5] as compared, [6] successor ('' = anybody). */
    [SCRIPT_RELEASE] = LUA_STATE_TYPE LUA_RUN LUA_REFUSE LUA_COMPARE
    "if run ~= ARGV[5] or s[1] ~= ARGV[1] or s[2] ~= ARGV[2] or s[3] ~= ARGV[3]"
    " or s[4] ~= ARGV[4] or s[5] then\n"
    "  return refuse()\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'released', '1', 'successor', ARGV[6])\n"
    "return {'ok'}\n",

    /* ARGV: [1] owner, [2] run id, [3] id of the mark that was left last ('' =
     * none), [4] length of the stream, then the operations: code, index into KEYS,
     * number of arguments, arguments. KEYS: [2] the mark, [3] the stream, then
     * hashes. The mark is compared, so that what executes late, or twice, writes
     * nothing over what is newer. */
    [SCRIPT_EMIT] = LUA_STATE_TYPE LUA_RUN LUA_REFUSE
    "local s = redis.call('HMGET', KEYS[1], 'owner', 'released')\n"
    "if run ~= ARGV[2] or s[1] ~= ARGV[1] or s[2] then return refuse() end\n"
    "for i = 2, #KEYS do\n"
    "  local t = redis.call('TYPE', KEYS[i]).ok\n"
    "  if t ~= 'none' and t ~= (i == 3 and 'stream' or 'hash') then\n"
    "    return {'type', KEYS[i], t}\n"
    "  end\n"
    "end\n"
    "if (redis.call('HGET', KEYS[2], 'id') or '') ~= ARGV[3] then\n"
    "  return {'stale', redis.call('HGETALL', KEYS[2])}\n"
    "end\n"
    "for _, c in ipairs({'hset', 'del', 'xadd'}) do\n"
    "  if not redis.acl_check_cmd(c, KEYS[1]) then return {'denied', c} end\n"
    "end\n"
    "local a = 5\n"
    "while a <= #ARGV do\n"
    "  local op, key, last = ARGV[a], KEYS[tonumber(ARGV[a + 1])],"
    " a + 2 + tonumber(ARGV[a + 2])\n"
    "  if op == 'H' then redis.call('HSET', key, unpack(ARGV, a + 3, last))\n"
    "  elseif op == 'X' then\n"
    "    redis.call('XADD', key, 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, a + 3, last))\n"
    "  else redis.call('DEL', key) end\n"
    "  a = last + 1\n"
    "end\n"
    "return {'ok'}\n",
};

const char *script_text(enum script script)
{
	return texts[script];
}

/* EVALSHA, digest, number of keys: filled in by call_send. */
#define CALL_HEAD 3

void call_init(struct call *call)
{
	*call = (struct call){.argc = CALL_HEAD};
	arena_init(&call->arena, 0);
}

void call_deinit(struct call *call)
{
	arena_deinit(&call->arena);
	free(call->argv);
	free(call->lens);
	*call = (struct call){.argc = CALL_HEAD};
}

void call_bytes(struct call *call, const void *bytes, size_t len)
{
	if (call->failed)
		return;
	if (!call->argv || call->argc == call->cap) {
		int cap = call->cap ? call->cap * 2 : 32;
		const char **argv = realloc(call->argv, (size_t)cap * sizeof(*argv));
		call->argv = argv ? argv : call->argv;
		size_t *lens = realloc(call->lens, (size_t)cap * sizeof(*lens));
		call->lens = lens ? lens : call->lens;
		call->failed = !argv || !lens;
		if (call->failed)
			return;
		call->cap = cap;
	}
	call->argv[call->argc] = bytes ? bytes : "";
	call->lens[call->argc++] = len;
}

void call_text(struct call *call, const char *text)
{
	call_bytes(call, text, strlen(text));
}

void call_printf(struct call *call, const char *format, ...)
{
	char text[64];
	va_list args;
	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	require(len >= 0 && (size_t)len < sizeof(text));
	char *copy = arena_strndup(&call->arena, text, (size_t)len);
	if (!copy)
		call->failed = true;
	else
		call_bytes(call, copy, (size_t)len);
}

void call_number(struct call *call, int64_t number)
{
	call_printf(call, "%lld", (long long)number);
}

/* Takes the name over. */
static void add_key(struct call *call, struct buf *name)
{
	require(call->argc == CALL_HEAD + call->keys);
	char *copy = buf_failed(name)
	                 ? NULL
	                 : arena_strndup(&call->arena, (const char *)name->bytes, name->len);
	if (copy)
		call_bytes(call, copy, name->len);
	else
		call->failed = true;
	call->keys++;
	buf_deinit(name);
}

void call_key(struct call *call, const char *tenant, const struct store_key *key)
{
	struct buf name = {0};
	key_put(&name, tenant, 0, key);
	add_key(call, &name);
}

void call_emission_key(struct call *call, const char *tenant, enum key_emission kind,
                       const char *stage)
{
	struct buf name = {0};
	key_put_emission(&name, tenant, kind, stage);
	add_key(call, &name);
}

static bool same_key(const struct store_key *a, const struct store_key *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b && a->c == b->c;
}

/* Operations on one key mostly stand together, so a key is named once per run. */
static bool starts_run(const struct flush *flush, uint32_t i)
{
	return i == 0 || !same_key(&flush->ops[i].key, &flush->ops[i - 1].key);
}

void call_flush_keys(struct call *call, const char *tenant, const struct flush *flush,
                     struct buf *types)
{
	static const char letters[] = {
	    [KEY_TYPE_HASH] = 'h', [KEY_TYPE_STRING] = 's', [KEY_TYPE_LIST] = 'l'};
	for (uint32_t i = 0; i < flush->op_count; i++) {
		if (!starts_run(flush, i))
			continue;
		call_key(call, tenant, &flush->ops[i].key);
		buf_put_byte(types, (uint8_t)letters[key_type(flush->ops[i].key.kind)]);
	}
}

#define EXPIRY_MAX INT64_C(253402300799) /* the end of the year 9999, in unix seconds */

static void put_op(struct call *call, const struct flush_op *op, int key)
{
	static const char *const codes[] = {
	    [FLUSH_HSET] = "H",  [FLUSH_HDEL] = "h",     [FLUSH_APPEND] = "A", [FLUSH_RPUSH] = "R",
	    [FLUSH_LTRIM] = "T", [FLUSH_EXPIREAT] = "E", [FLUSH_DEL] = "D",
	};
	/* LTRIM key -0 -1 would keep all: to keep nothing is to delete. */
	bool trim_all = op->code == FLUSH_LTRIM && op->number <= 0;
	enum flush_op_code code = trim_all ? FLUSH_DEL : op->code;
	call_text(call, codes[code]);
	call_number(call, key);
	if (code == FLUSH_HSET || code == FLUSH_HDEL)
		call_bytes(call, op->field.bytes, op->field.len);
	if (code == FLUSH_HSET || code == FLUSH_APPEND || code == FLUSH_RPUSH)
		call_bytes(call, op->value.bytes, op->value.len);
	if (code == FLUSH_LTRIM)
		call_number(call, -op->number);
	/* Redis refuses an expiry whose milliseconds overflow, after other writes. */
	if (code == FLUSH_EXPIREAT)
		call_number(call, op->number < EXPIRY_MAX ? op->number : EXPIRY_MAX);
}

void call_flush_ops(struct call *call, const struct flush *flush)
{
	int key = 1;
	for (uint32_t i = 0; i < flush->op_count; i++) {
		if (starts_run(flush, i))
			key++;
		put_op(call, &flush->ops[i], key);
	}
}

size_t call_size(const struct call *call)
{
	size_t size = 0;
	for (int i = CALL_HEAD; call->lens && i < call->argc; i++)
		size += call->lens[i];
	return size;
}

int call_send(struct call *call, struct redis *redis, const struct script_set *set,
              enum script script, redis_reply_cb cb, void *arg)
{
	char keys[16];
	if (call->failed || !call->argv)
		return ERR_NOMEM;
	snprintf(keys, sizeof(keys), "%d", call->keys);
	bool by_text = set->by_text[script];
	call->argv[0] = by_text ? "EVAL" : "EVALSHA";
	call->argv[1] = by_text ? texts[script] : set->sha[script];
	call->argv[2] = keys;
	for (int i = 0; i < CALL_HEAD; i++)
		call->lens[i] = strlen(call->argv[i]);
	return redis_send(redis, call->argc, call->argv, call->lens, cb, arg);
}
