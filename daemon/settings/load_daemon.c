/* SPDX-License-Identifier: Apache-2.0
 * Paths, listeners, limits, retention and dedup: what the daemon itself obeys. */
#include <arpa/inet.h>
#include <string.h>

#include "settings/loader.h"

#define KIB             INT64_C(1024)
#define MIB             (1024 * KIB)
#define GIB             (1024 * MIB)
#define SOCKET_PATH_MAX 107 /* bytes of a Unix socket's path */

#define ROOT_NODE(name, taken, text)                                                               \
	{                                                                                          \
		.key = #name, .type = SCHEMA_NODE, .reloadable = (taken),                          \
		.offset = SCHEMA_AT(struct yaml_node *, struct loader_root, name), .help = (text)  \
	}

static const struct schema_row root_rows[] = {
    {.key = "version",
     .type = SCHEMA_INT32,
     .reloadable = true,
     .offset = SCHEMA_AT(uint32_t, struct loader_root, version),
     .fallback = 1,
     .min = 1,
     .max = 1,
     .help = "of this file's format"},
    {.key = "state_dir",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct loader_root, state_dir),
     .fallback_text = "/var/lib/streamgauge",
     .help = "directory that the daemon owns; its Redis keeps its files there"},
    {.key = "redis_binary",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct loader_root, redis_binary),
     .fallback_text = "",
     .help = "the Redis server to start; default: redis-server in PATH, else redis-check-rdb "
             "under that name"},
    {.key = "mappings_dir",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct loader_root, mappings_dir),
     .fallback_text = "mappings",
     .help = "directory of the exporter mappings, from this file's own"},
    {.key = "presets_dir",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct loader_root, presets_dir),
     .fallback_text = "presets",
     .help = "directory of the presets, from this file's own"},
    {.key = "flush_min_ms",
     .type = SCHEMA_INT32,
     .offset = SCHEMA_AT(uint32_t, struct loader_root, flush_min_ms),
     .fallback = 5,
     .max = 10000,
     .unit = "milliseconds",
     .help = "shortest time between two writes of a tenant"},
    {.key = "lateness_grace_minutes",
     .type = SCHEMA_INT32,
     .offset = SCHEMA_AT(uint32_t, struct loader_root, lateness_grace_minutes),
     .fallback = 60,
     .max = 10080,
     .unit = "minutes",
     .help = "after its end, when a day of events without heartbeat counts as complete"},
    ROOT_NODE(listen, false, "where the daemon listens"),
    ROOT_NODE(retention, false, "how long the cells of each grain are kept"),
    ROOT_NODE(limits, false, "bounds of what clients can make grow"),
    ROOT_NODE(dedup, false, "how long event ids are remembered"),
    ROOT_NODE(redis, false, "a Redis that runs already; default: the daemon starts its own"),
    ROOT_NODE(access, true, "who may send and read"),
    ROOT_NODE(privacy, true, "how few respondents are too few to be shown"),
    ROOT_NODE(fx, true, "exchange rates; default: money is not converted"),
    ROOT_NODE(emit, true, "summaries that go out unasked"),
    ROOT_NODE(tenant_defaults, false, "for tenants that do not say"),
    ROOT_NODE(tenants, true, "companies or brands whose numbers never mix"),
    ROOT_NODE(measures, false, "what is counted; default {preset: default}"),
    ROOT_NODE(event_types, false, "what an event of a type counts; default {preset: default}"),
    ROOT_NODE(dimensions, false, "by what is counted; default {preset: default}"),
    ROOT_NODE(grouping_sets, false, "lists of dimensions rolled up; default {preset: default}"),
    ROOT_NODE(stages, true, "steps of the customer journey, in order; default {preset: default}"),
    ROOT_NODE(rules, true, "which channel, stage and orientation a campaign has"),
    ROOT_NODE(kpis, true, "expressions over measures; default {preset: default}"),
};
const struct schema root_schema = SCHEMA_OF("", root_rows);

#define LISTEN(type, member) SCHEMA_AT(type, struct listen_settings, member)
static const struct schema_row listen_rows[] = {
    {.key = "ingest_address",
     .type = SCHEMA_TEXT,
     .offset = LISTEN(const char *, ingest_address),
     .fallback_text = "127.0.0.1",
     .help = "address for senders, in numbers; other than loopback only with access.tokens_file"},
    {.key = "ingest_port",
     .type = SCHEMA_INT16,
     .offset = LISTEN(uint16_t, ingest_port),
     .fallback = 7311,
     .max = 65535,
     .help = "port for senders; 0 = any free one"},
    {.key = "ingest_socket",
     .type = SCHEMA_TEXT,
     .offset = LISTEN(const char *, ingest_socket),
     .fallback_text = "",
     .help = "Unix socket for senders; default: ingest.sock in the state directory"},
    {.key = "http_address",
     .type = SCHEMA_TEXT,
     .offset = LISTEN(const char *, http_address),
     .fallback_text = "127.0.0.1",
     .help = "address for readers, in numbers; other than loopback only with access.tokens_file"},
    {.key = "http_port",
     .type = SCHEMA_INT16,
     .offset = LISTEN(uint16_t, http_port),
     .fallback = 7312,
     .max = 65535,
     .help = "port for readers; 0 = any free one"},
};
const struct schema listen_schema = SCHEMA_OF("listen", listen_rows);

#define KEEP(grain)                                                                                \
	(SCHEMA_AT(uint32_t, struct retention, keep_days[0]) + (grain) * sizeof(uint32_t))
static const struct schema_row retention_rows[] = {
    {.key = "minute",
     .type = SCHEMA_DAYS,
     .offset = KEEP(GRAIN_MINUTE),
     .fallback = 2,
     .min = 1,
     .max = 31,
     .help = "minute cells, from their minute on"},
    {.key = "hour",
     .type = SCHEMA_DAYS,
     .offset = KEEP(GRAIN_HOUR),
     .fallback = 14,
     .min = 1,
     .max = 3660,
     .help = "hour cells, from the end of their day"},
    {.key = "day",
     .type = SCHEMA_DAYS,
     .offset = KEEP(GRAIN_DAY),
     .fallback = 0,
     .max = 36600,
     .help = "day cells, of which weeks and months are made"},
};
const struct schema retention_schema = SCHEMA_OF("retention", retention_rows);

#define LIMIT(type, member) SCHEMA_AT(type, struct limit_settings, member)
static const struct schema_row limits_rows[] = {
    {.key = "frame_bytes",
     .type = SCHEMA_BYTES32,
     .offset = LIMIT(uint32_t, frame_bytes),
     .fallback = 4 * MIB,
     .min = 4 * KIB,
     .max = 4 * MIB,
     .help = "largest frame a sender may write"},
    {.key = "batch_items",
     .type = SCHEMA_INT32,
     .offset = LIMIT(uint32_t, batch_items),
     .fallback = 20000,
     .min = 1,
     .max = 1000000,
     .unit = "items",
     .help = "most items in one batch"},
    {.key = "connections",
     .type = SCHEMA_INT32,
     .offset = LIMIT(uint32_t, connections),
     .fallback = 256,
     .min = 1,
     .max = 65536,
     .help = "most connections of senders at a time, and as many of readers"},
    {.key = "sources",
     .type = SCHEMA_INT32,
     .offset = LIMIT(uint32_t, sources),
     .fallback = 10000,
     .min = 1,
     .max = 1000000,
     .help = "most sources of a tenant"},
    {.key = "ingest_memory",
     .type = SCHEMA_BYTES64,
     .offset = LIMIT(uint64_t, ingest_memory),
     .fallback = 48 * MIB,
     .min = 8 * MIB,
     .max = 64 * GIB,
     .help = "work that is not in Redis yet, all tenants; full means that reading pauses"},
    {.key = "page_cache",
     .type = SCHEMA_BYTES64,
     .offset = LIMIT(uint64_t, page_cache),
     .fallback = 64 * MIB,
     .min = 8 * MIB,
     .max = 64 * GIB,
     .help = "pages kept in memory, all tenants"},
    {.key = "ring",
     .type = SCHEMA_BYTES64,
     .offset = LIMIT(uint64_t, ring),
     .fallback = 16 * MIB,
     .min = 1 * MIB,
     .max = 16 * GIB,
     .help = "writes a tenant keeps to repeat them to a Redis that lost them"},
    {.key = "query_rows",
     .type = SCHEMA_INT64,
     .offset = LIMIT(uint64_t, query_rows),
     .fallback = 100000,
     .min = 1,
     .max = 100000,
     .unit = "rows",
     .help = "longest answer"},
    {.key = "frame_seconds",
     .type = SCHEMA_INT32,
     .offset = LIMIT(uint32_t, frame_seconds),
     .fallback = 30,
     .min = 1,
     .max = 3600,
     .unit = "seconds",
     .help = "a frame that was begun must be whole after it"},
};
const struct schema limits_schema = SCHEMA_OF("limits", limits_rows);

static const struct schema_row dedup_rows[] = {
    {.key = "window",
     .type = SCHEMA_HOURS,
     .offset = SCHEMA_AT(uint32_t, struct dedup_settings, window_hours),
     .fallback = 168,
     .min = 1,
     .max = 8760,
     .help = "how long an event id is remembered, from its receipt"},
    {.key = "max_ids",
     .type = SCHEMA_INT64,
     .offset = SCHEMA_AT(uint64_t, struct dedup_settings, max_ids),
     .fallback = 10000000,
     .min = 1000,
     .max = 1000000000,
     .unit = "ids",
     .help = "most ids a tenant remembers; about 27 to 40 bytes of memory each"},
};
const struct schema dedup_schema = SCHEMA_OF("dedup", dedup_rows);

/* Whoever reaches the daemon from elsewhere must show a token. */
static int check_address(struct loader *loader, const char *key, const char *address)
{
	const struct yaml_node *map = loader->root.listen;
	const struct yaml_node *node = map ? yaml_map_get(map, key) : NULL;
	struct in_addr four;
	struct in6_addr six;
	bool is_four = inet_pton(AF_INET, address, &four) == 1;
	bool is_six = inet_pton(AF_INET6, address, &six) == 1;
	if (!is_four && !is_six)
		return yaml_fail(loader->error, node,
		                 "`%s: %.60s` is not an address in numbers, such as 127.0.0.1 or "
		                 "::1",
		                 key, address);
	bool loopback =
	    is_four ? (ntohl(four.s_addr) >> 24) == 127 : IN6_IS_ADDR_LOOPBACK(&six) != 0;
	if (loopback || *loader->settings->access.tokens_file)
		return 0;
	yaml_fail(loader->error, node,
	          "`%s: %.60s`: without tokens the daemon listens on this machine only: use "
	          "127.0.0.1 or ::1, or name a file in `access: {tokens_file: ...}`",
	          key, address);
	return ERR_REFUSED;
}

static int load_listen(struct loader *loader)
{
	struct listen_settings *listen = &loader->settings->listen;
	int err = schema_read(&listen_schema, loader->root.listen, listen, loader->error);
	err = err ? err : check_address(loader, "ingest_address", listen->ingest_address);
	err = err ? err : check_address(loader, "http_address", listen->http_address);
	if (err)
		return err;
	if (listen->http_port && listen->http_port == listen->ingest_port &&
	    strcmp(listen->http_address, listen->ingest_address) == 0) {
		const struct yaml_node *node = yaml_map_get(loader->root.listen, "http_port");
		return yaml_fail(
		    loader->error, node ? node : loader->root.listen,
		    "senders and readers cannot share port %u: give one of them another",
		    listen->http_port);
	}
	err = loader_path(loader, listen->ingest_socket, &listen->ingest_socket);
	if (!err && strlen(listen->ingest_socket) > SOCKET_PATH_MAX)
		err = yaml_fail(loader->error, yaml_map_get(loader->root.listen, "ingest_socket"),
		                "the path of a Unix socket has at most %d bytes, this one has %zu",
		                SOCKET_PATH_MAX, strlen(listen->ingest_socket));
	return err;
}

static int load_retention(struct loader *loader)
{
	struct retention *retention = &loader->settings->retention;
	int err = schema_read(&retention_schema, loader->root.retention, retention, loader->error);
	const uint32_t *keep = retention->keep_days;
	for (int grain = GRAIN_HOUR; !err && grain < GRAIN_COUNT; grain++)
		if (keep[grain] && keep[grain] < keep[grain - 1])
			err = yaml_fail(
			    loader->error, loader->root.retention,
			    "`%s` (%ud) is shorter than `%s` (%ud): the coarser grain is kept "
			    "at least as long",
			    grain_name((enum grain)grain), keep[grain],
			    grain_name((enum grain)(grain - 1)), keep[grain - 1]);
	return err;
}

static int check_given(struct loader *loader, const char *key, const char *path)
{
	return *path ? 0
	             : yaml_fail(loader->error, yaml_map_get(loader->top, key),
	                         "`%s` is empty: name a directory", key);
}

int load_daemon(struct loader *loader)
{
	struct settings *settings = loader->settings;
	const struct loader_root *root = &loader->root;
	settings->flush_min_ms = root->flush_min_ms;
	settings->lateness_grace_minutes = root->lateness_grace_minutes;
	settings->redis_binary = root->redis_binary;
	int err = check_given(loader, "state_dir", root->state_dir);
	err = err ? err : check_given(loader, "mappings_dir", root->mappings_dir);
	err = err ? err : check_given(loader, "presets_dir", root->presets_dir);
	err = err ? err : loader_path(loader, root->state_dir, &settings->state_dir);
	err = err ? err : loader_path(loader, root->mappings_dir, &settings->mappings_dir);
	err = err ? err : loader_path(loader, root->presets_dir, &loader->root.presets_dir);
	err = err ? err : load_outside(loader);
	err = err ? err : load_listen(loader);
	err = err ? err : load_retention(loader);
	err =
	    err ? err : schema_read(&limits_schema, root->limits, &settings->limits, loader->error);
	return err ? err : schema_read(&dedup_schema, root->dedup, &settings->dedup, loader->error);
}
