/* SPDX-License-Identifier: Apache-2.0
 * What a reload takes over, and what it names instead. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_file.h"
#include "settings/settings_reload.h"

#define TENANT "tenants: {demo: {brand: Acme, rollup: {ads: daily}}}\n"

static const struct {
	const char *was, *is;
	const char *key; /* NULL = it may change */
} rows[] = {
    {TENANT, TENANT, NULL},
    {TENANT, "tenants: {new: {}, demo: {label: D, brand: Orbit, rollup: {ads: daily}}}\n", NULL},
    {TENANT, TENANT "kpis: {preset: default, remove: [cac]}\n", NULL},
    {TENANT, TENANT "stages: {preset: default, add: {late: {orientation: upstream, empty: ok}}}\n",
     NULL},
    {TENANT, TENANT "rules: {stage: [{set: intent}]}\n", NULL},
    {TENANT, TENANT "fx: {source: ecb/default}\nprivacy: {k: 20}\nemit: {every_seconds: 1}\n",
     NULL},
    {TENANT, TENANT "access: {tokens_file: tokens}\nmappings_dir: /tmp\n", NULL},
    {TENANT, TENANT "measures: {preset: default, add: {clicks: {label: C}}}\n", NULL},
    {TENANT, TENANT "dimensions: {preset: default, add: {region: {label: R, max_values: 5000}}}\n",
     NULL},
    {TENANT, "tenants: {other: {}}\n", "tenants.demo"},
    {TENANT, "tenants: {demo: {rollup: {ads: hourly}}}\n", "tenants.demo.rollup"},
    {TENANT, "tenants: {demo: {}}\n", "tenants.demo.rollup"},
    {TENANT, TENANT "tenant_defaults: {time_zone: Asia/Kolkata}\n", "tenants.demo.time_zone"},
    {TENANT, TENANT "tenant_defaults: {currency: CHF}\n", "tenants.demo.currency"},
    {TENANT, TENANT "state_dir: /tmp/x\n", "state_dir"},
    {TENANT, TENANT "redis_binary: valkey\n", "redis_binary"},
    {TENANT, TENANT "flush_min_ms: 6\n", "flush_min_ms"},
    {TENANT, TENANT "lateness_grace_minutes: 6\n", "lateness_grace_minutes"},
    {TENANT, TENANT "listen: {http_port: 8000}\n", "listen.http_port"},
    {TENANT, TENANT "listen: {ingest_socket: /tmp/s}\n", "listen.ingest_socket"},
    {TENANT, TENANT "redis: {address: cache}\n", "redis.address"},
    {TENANT, TENANT "retention: {hour: 15d}\n", "retention.hour"},
    {TENANT, TENANT "limits: {ring: 17 MiB}\n", "limits.ring"},
    {TENANT, TENANT "dedup: {window: 8d}\n", "dedup.window"},
    {TENANT, TENANT "measures: {preset: default, add: {installs: {}}}\n", "measures.installs"},
    {TENANT, TENANT "measures: {preset: default, remove: [insertions]}\n", "measures.insertions"},
    {TENANT, TENANT "measures: {preset: default, add: {hours: {scale: 6}}}\n", "measures.hours"},
    {TENANT, TENANT "measures: {preset: default, add: {list_size: {kind: gauge}}}\n",
     "measures.list_size"},
    {TENANT, TENANT "dimensions: {preset: default, add: {device: {}}}\n", "dimensions.device"},
    {TENANT, TENANT "dimensions: {preset: default, add: {region: {values: [a]}}}\n",
     "dimensions.region"},
    {TENANT, TENANT "event_types: {preset: default, add: {click: {clicks: 2}}}\n",
     "event_types.click"},
    {TENANT, TENANT "event_types: {preset: default, remove: [click]}\n", "event_types.click"},
    {TENANT, TENANT "grouping_sets: {preset: default, add: [[country]]}\n",
     "grouping_sets.[country]"},
};

static struct settings *load(const struct config_dir *dir, const char *text)
{
	struct settings *settings = NULL;
	struct settings_error error = {0};
	config_write(dir, "streamgauge.yaml", text);
	cr_assert_eq(config_load(dir, &settings, &error), 0, "%s", error.text);
	return settings;
}

Test(settings_reload, takes_over_or_names_the_key)
{
	struct config_dir dir;
	config_dir_make(&dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings *was = load(&dir, rows[i].was), *is = load(&dir, rows[i].is);
		struct buf why = {0};
		char expected[200];
		int err = settings_reload_check(was, is, &why);
		buf_put_byte(&why, 0);
		snprintf(expected, sizeof(expected),
		         "`%s` differs, and a reload cannot change it: restart the daemon to take "
		         "the new settings",
		         rows[i].key ? rows[i].key : "");
		cr_expect_eq(err, rows[i].key ? ERR_CONFIG : 0, "row %zu: %s", i, rows[i].is);
		cr_expect_str_eq((const char *)why.bytes, rows[i].key ? expected : "",
		                 "row %zu: %s", i, (const char *)why.bytes);
		buf_deinit(&why);
		settings_free(was);
		settings_free(is);
	}
	config_dir_remove(&dir);
}
