/* SPDX-License-Identifier: Apache-2.0
 * What connects the daemon with others: an outside Redis, tokens, privacy,
 * exchange rates and emission. */
#include <string.h>

#include "base/num.h"
#include "settings/loader.h"

#define REDIS_PORT 6379

#define REDIS(type, member) SCHEMA_AT(type, struct redis_settings, member)
static const char *const levels[] = {
    [REDIS_LEVEL_FSYNC] = "fsync", [REDIS_LEVEL_WRITTEN] = "written", NULL};

static const struct schema_row redis_rows[] = {
    {.key = "address",
     .type = SCHEMA_TEXT,
     .offset = REDIS(const char *, address),
     .fallback_text = "",
     .help = "host:port, [::1]:6379, or the path of a Unix socket; default: the daemon starts a "
             "Redis of its own"},
    {.key = "user",
     .type = SCHEMA_TEXT,
     .offset = REDIS(const char *, user),
     .fallback_text = "",
     .help = "ACL user; default: Redis' default user"},
    {.key = "password_file",
     .type = SCHEMA_TEXT,
     .offset = REDIS(const char *, password_file),
     .fallback_text = "",
     .help = "file whose first line is the password; default: no password"},
    {.key = "level",
     .type = SCHEMA_CHOICE,
     .offset = REDIS(int, level),
     .names = levels,
     .help = "what an acknowledgement waits for: fsync (on disk) or written (in Redis' log)"},
};
const struct schema redis_schema = SCHEMA_OF("redis", redis_rows);

static const struct schema_row access_rows[] = {
    {.key = "tokens_file",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct access_settings, tokens_file),
     .fallback_text = "",
     .help = "file of tokens, kept as hashes; default: nobody is asked for a token"},
};
const struct schema access_schema = SCHEMA_OF("access", access_rows);

static const struct schema_row privacy_rows[] = {
    {.key = "k",
     .type = SCHEMA_INT32,
     .reloadable = true,
     .offset = SCHEMA_AT(uint32_t, struct privacy_settings, k),
     .fallback = 10,
     .min = 5,
     .max = 100000,
     .unit = "respondents",
     .help = "survey rows of fewer are withheld"},
    {.key = "complementary",
     .type = SCHEMA_BOOL,
     .reloadable = true,
     .offset = SCHEMA_AT(bool, struct privacy_settings, complementary),
     .fallback = 1,
     .help = "withhold the next smallest row too, so that a total less the others does not tell "
             "the first"},
};
const struct schema privacy_schema = SCHEMA_OF("privacy", privacy_rows);

struct fx_input {
	const char *source, *base;
	uint32_t max_carry_days;
};

static const struct schema_row fx_rows[] = {
    {.key = "source",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct fx_input, source),
     .fallback_text = "",
     .help = "the source that sends exchange rates, such as ecb/default; default: money is not "
             "converted"},
    {.key = "base",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct fx_input, base),
     .fallback_text = "EUR",
     .help = "currency that the rates are given for one unit of"},
    {.key = "max_carry_days",
     .type = SCHEMA_INT32,
     .reloadable = true,
     .offset = SCHEMA_AT(uint32_t, struct fx_input, max_carry_days),
     .fallback = 7,
     .max = 366,
     .unit = "days",
     .help = "a rate serves so many days after its own, flagged carried_fx; then fx_missing"},
};

const struct schema fx_schema = SCHEMA_OF("fx", fx_rows);

static const struct schema_row emit_rows[] = {
    {.key = "every_seconds",
     .type = SCHEMA_INT32,
     .reloadable = true,
     .offset = SCHEMA_AT(uint32_t, struct emit_settings, every_seconds),
     .fallback = 10,
     .max = 86400,
     .unit = "seconds",
     .help = "shortest time between two emissions of a tenant; 0 = nothing is emitted"},
    {.key = "stream_max",
     .type = SCHEMA_INT64,
     .reloadable = true,
     .offset = SCHEMA_AT(uint64_t, struct emit_settings, stream_max),
     .fallback = 10000,
     .min = 100,
     .max = 100000000,
     .unit = "entries",
     .help = "about so many entries of a tenant's stream are kept, each some kilobytes"},
};
const struct schema emit_schema = SCHEMA_OF("emit", emit_rows);

static int fail_address(struct loader *loader, const char *address)
{
	return yaml_fail(loader->error, yaml_map_get(loader->root.redis, "address"),
	                 "`address: %.60s` is not a Redis: host:port, [::1]:6379, or the path of a "
	                 "Unix socket",
	                 address);
}

/* host:port, host, or [address]:port */
static int read_host(struct loader *loader, struct redis_settings *redis)
{
	const char *host = redis->address, *end, *port;
	if (*host == '[') {
		end = strchr(++host, ']');
		port = end && end[1] == ':' ? end + 2 : NULL;
		if (!end || (!port && end[1]))
			return fail_address(loader, redis->address);
	} else {
		end = host + strcspn(host, ":");
		port = *end ? end + 1 : NULL;
	}
	int64_t number = REDIS_PORT;
	if (end == host || strcspn(host, " \t/@") < (size_t)(end - host) ||
	    (port && (strspn(port, "0123456789") != strlen(port) ||
	              num_parse(port, strlen(port), 0, NUM_EXACT, &number) != 0)) ||
	    number < 1 || number > UINT16_MAX)
		return fail_address(loader, redis->address);
	redis->port = (uint16_t)number;
	redis->host = arena_strndup(loader->arena, host, (size_t)(end - host));
	return redis->host ? 0 : loader_nomem(loader);
}

static int load_redis(struct loader *loader)
{
	struct redis_settings *redis = &loader->settings->redis;
	int err = schema_read(&redis_schema, loader->root.redis, redis, loader->error);
	if (err)
		return err;
	redis->socket = redis->host = "";
	bool outside = *redis->address;
	if (!outside && (*redis->user || *redis->password_file || redis->level))
		return yaml_fail(loader->error, loader->root.redis,
		                 "`redis` needs an `address`: user, password and level are for a "
		                 "Redis that runs already");
	if (outside && *loader->root.redis_binary)
		return yaml_fail(loader->error, yaml_map_get(loader->top, "redis_binary"),
		                 "`redis_binary` starts a Redis, `redis.address` names one that "
		                 "runs: give one of them");
	if (*redis->user && !*redis->password_file)
		return yaml_fail(loader->error, yaml_map_get(loader->root.redis, "user"),
		                 "`user: %.60s` needs a `password_file`", redis->user);
	err = loader_path(loader, redis->password_file, &redis->password_file);
	if (err || !outside)
		return err;
	if (strstr(redis->address, "://"))
		return fail_address(loader, redis->address);
	if (!strchr(redis->address, '/'))
		return read_host(loader, redis);
	err = loader_path(loader, redis->address, &redis->socket);
	if (!err)
		redis->address = redis->socket;
	return err;
}

static int load_fx(struct loader *loader)
{
	struct fx_settings *fx = &loader->settings->fx;
	struct fx_input input = {0};
	int err = schema_read(&fx_schema, loader->root.fx, &input, loader->error);
	if (err)
		return err;
	const struct yaml_node *map = loader->root.fx;
	const struct yaml_node *base = map ? yaml_map_get(map, "base") : NULL;
	size_t slash = strcspn(input.source, "/");
	if (*input.source && (slash == 0 || !input.source[slash] || !input.source[slash + 1] ||
	                      strlen(input.source) > MODEL_VALUE_MAX))
		return yaml_fail(loader->error, yaml_map_get(map, "source"),
		                 "`source: %.60s` is not <platform>/<account>, such as ecb/default",
		                 input.source);
	fx->source = input.source;
	fx->max_carry_days = input.max_carry_days;
	return loader_currency(loader, base, "base", input.base, fx->base);
}

int load_outside(struct loader *loader)
{
	struct settings *settings = loader->settings;
	const struct loader_root *root = &loader->root;
	struct access_settings *access = &settings->access;
	int err = load_redis(loader);
	err = err ? err : schema_read(&access_schema, root->access, access, loader->error);
	err = err ? err : loader_path(loader, access->tokens_file, &access->tokens_file);
	err = err ? err
	          : schema_read(&privacy_schema, root->privacy, &settings->privacy, loader->error);
	err = err ? err : schema_read(&emit_schema, root->emit, &settings->emit, loader->error);
	return err ? err : load_fx(loader);
}
