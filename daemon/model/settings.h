/* SPDX-License-Identifier: Apache-2.0
 * Settings: everything streamgauge.yaml says, checked and resolved. Immutable. */
#ifndef SG_MODEL_SETTINGS_H
#define SG_MODEL_SETTINGS_H

#include "base/civil.h"
#include "model/catalog.h"

/* keep_days 0 = for ever */
struct retention {
	uint32_t keep_days[GRAIN_COUNT]; /* defaults: minute 2, hour 14, day 0 */
};

/* Which report of a platform is counted, where a tenant differs from what the
 * source declares. */
struct rollup_override {
	const char *platform;
	const char *report;
};

struct tenant {
	const char *name; /* [a-z0-9][a-z0-9_-]{0,62} */
	const char *label;
	struct zone *zone;
	char currency[4];
	const char *brand; /* its own, as surveys and market data name it; "" = none */
	struct rollup_override *rollups;
	uint32_t rollup_count;
};

/* Addresses are numeric, and other than loopback only where access.tokens_file is. */
struct listen_settings {
	const char *ingest_address; /* default 127.0.0.1 */
	uint16_t ingest_port;       /* default 7311, 0 = any free */
	const char *ingest_socket;  /* default "" = <state>/ingest.sock */
	const char *http_address;   /* default 127.0.0.1 */
	uint16_t http_port;         /* default 7312, 0 = any free */
};

struct limit_settings {
	uint32_t frame_bytes;   /* 4 MiB */
	uint32_t batch_items;   /* 20,000 */
	uint32_t connections;   /* 256 */
	uint32_t sources;       /* 10,000 per tenant */
	uint64_t ingest_memory; /* bytes of unflushed work, all tenants: 48 MiB */
	uint64_t page_cache;    /* bytes of pages, all tenants: 64 MiB */
	uint64_t ring;          /* bytes of sent flushes a partition keeps: 16 MiB */
	uint64_t query_rows;    /* 100,000 */
	uint32_t frame_seconds; /* a started frame must be whole after it: 30 */
};

struct dedup_settings {
	uint32_t window_hours; /* 168 */
	uint64_t max_ids;      /* 10,000,000 per tenant */
};

/* Exchange rates: of one source, per unit of one currency. */
struct fx_settings {
	const char *source;      /* `ecb/default`; "" = money is not converted */
	char base[4];            /* EUR */
	uint32_t max_carry_days; /* a rate serves so many days after its own: 7 */
};

struct privacy_settings {
	uint32_t k;         /* respondents below which a cell is withheld: 10, at least 5 */
	bool complementary; /* withhold the next smallest as well: true */
};

/* Summaries that go out unasked. */
struct emit_settings {
	uint32_t every_seconds; /* at most every: 10; 0 = never */
	uint64_t stream_max;    /* entries of a tenant's stream: 10,000 */
};

struct access_settings {
	const char *tokens_file; /* "" = nobody is asked for a token */
};

/* What an acknowledgement waits for. */
enum redis_level {
	REDIS_LEVEL_FSYNC,   /* the write is on disk */
	REDIS_LEVEL_WRITTEN, /* the write is in Redis */
};

/* A Redis that the daemon did not start. */
struct redis_settings {
	const char *address;       /* host:port, or the socket; "" = the daemon runs its own */
	const char *socket;        /* path, or "" */
	const char *host;          /* name or address without brackets, or "" */
	uint16_t port;             /* of host */
	const char *user;          /* of its ACL; "" = default */
	const char *password_file; /* "" = no password */
	int level;                 /* enum redis_level */
};

enum rule_target { RULE_CHANNEL, RULE_STAGE, RULE_ORIENTATION, RULE_TARGETS };
const char *rule_target_name(enum rule_target target); /* "channel" ... */

/* What a rule looks at; a campaign of which it is not known does not match. */
enum rule_field {
	RULE_SOURCE,   /* `google_ads`, or `google_ads/123` */
	RULE_CAMPAIGN, /* its id without the platform */
	RULE_NAME,     /* its display name; * and ? stand for any text and any character */
	RULE_OBJECTIVE,
	RULE_CHANNEL_STORED, /* the channel that came with the rows */
	RULE_FIELDS
};

/* The first rule of a target all of whose conditions hold decides. */
struct rule {
	const char *when[RULE_FIELDS]; /* NULL = anything */
	const char *set;
};

struct rule_list {
	struct rule *items;
	uint32_t count;
};

struct settings {
	struct catalog catalog;
	struct rule_list rules[RULE_TARGETS];
	struct fx_settings fx;
	struct privacy_settings privacy;
	struct emit_settings emit;
	struct access_settings access;
	struct redis_settings redis;
	struct tenant *tenants;
	uint32_t tenant_count;
	struct retention retention;
	struct listen_settings listen;
	struct limit_settings limits;
	struct dedup_settings dedup;
	const char *state_dir;
	const char
	    *redis_binary;     /* "" = redis-server in PATH, else the one inside redis-check-rdb */
	uint32_t flush_min_ms; /* shortest time between two flushes, default 5 */
	uint32_t lateness_grace_minutes; /* default 60 */
	const char *mappings_dir;
	/* Grouping sets, grains and scales as canonical text: what stored state
	 * must have been written with. */
	const char *shape;
};

int settings_tenant(const struct settings *settings, const char *name, size_t len); /* -1 = none */

/* Frees the settings, which were allocated with malloc and whose every text and
 * list lives in the catalog's arena, and closes the zones; NULL is fine. */
void settings_free(struct settings *settings);

#endif
