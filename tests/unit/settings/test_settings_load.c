/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_file.h"

static struct settings *load_shipped(void)
{
	struct settings *settings = NULL;
	struct settings_error error = {0};
	int err = settings_load(SG_SOURCE_DIR "/config/streamgauge.yaml", &settings, &error);
	cr_assert_eq(err, 0, "%s", error.text);
	return settings;
}

static struct settings *load_text(struct config_dir *dir, const char *text)
{
	struct settings *settings = NULL;
	struct settings_error error = {0};
	config_write(dir, "streamgauge.yaml", text);
	int err = config_load(dir, &settings, &error);
	cr_assert_eq(err, 0, "%s", error.text);
	return settings;
}

Test(settings_load, the_shipped_file)
{
	struct settings *settings = load_shipped();
	cr_assert_eq(settings->tenant_count, 1);
	const struct tenant *tenant = &settings->tenants[settings_tenant(settings, "demo", 4)];
	cr_assert_str_eq(tenant->label, "Demo shop");
	cr_assert_str_eq(tenant->currency, "EUR");
	cr_assert_str_eq(zone_name(tenant->zone), "Europe/Berlin");
	cr_assert_eq(tenant->rollup_count, 0);
	cr_assert_eq(settings->retention.keep_days[GRAIN_MINUTE], 2);
	cr_assert_eq(settings->retention.keep_days[GRAIN_HOUR], 14);
	cr_assert_eq(settings->retention.keep_days[GRAIN_DAY], 0);
	cr_assert_str_eq(settings->listen.ingest_address, "127.0.0.1");
	cr_assert_eq(settings->listen.ingest_port, 7311);
	cr_assert_str_eq(settings->listen.ingest_socket, "");
	cr_assert_eq(settings->listen.http_port, 7312);
	cr_assert_eq(settings->limits.frame_bytes, 4u << 20);
	cr_assert_eq(settings->limits.batch_items, 20000);
	cr_assert_eq(settings->limits.connections, 256);
	cr_assert_eq(settings->limits.sources, 10000);
	cr_assert_eq(settings->limits.ingest_memory, UINT64_C(48) << 20);
	cr_assert_eq(settings->limits.page_cache, UINT64_C(64) << 20);
	cr_assert_eq(settings->limits.ring, UINT64_C(16) << 20);
	cr_assert_eq(settings->limits.query_rows, 100000);
	cr_assert_eq(settings->limits.frame_seconds, 30);
	cr_assert_eq(settings->dedup.window_hours, 168);
	cr_assert_eq(settings->dedup.max_ids, 10000000);
	cr_assert_str_eq(settings->state_dir, "/var/lib/streamgauge");
	cr_assert_str_eq(settings->redis_binary, "");
	cr_assert_eq(settings->flush_min_ms, 5);
	cr_assert_eq(settings->lateness_grace_minutes, 60);
	cr_assert_str_eq(settings->mappings_dir, SG_SOURCE_DIR "/config/mappings");
	cr_assert_str_eq(settings->fx.source, "ecb/eurofxref");
	cr_assert_str_eq(settings->fx.base, "EUR");
	cr_assert_eq(settings->fx.max_carry_days, 7);
	cr_assert(settings->privacy.k == 10 && settings->privacy.complementary);
	cr_assert(settings->emit.every_seconds == 10 && settings->emit.stream_max == 10000);
	cr_assert_str_eq(settings->access.tokens_file, "");
	cr_assert_str_eq(settings->redis.address, "");
	cr_assert_str_eq(settings->redis.host, "");
	cr_assert_str_eq(settings->redis.socket, "");
	cr_assert_eq(settings->redis.level, REDIS_LEVEL_FSYNC);
	/* The sample's own. */
	cr_assert_str_eq(tenant->brand, "Acme");
	cr_assert_eq(settings->rules[RULE_CHANNEL].count, 0);
	cr_assert_eq(settings->rules[RULE_STAGE].count, 4);
	cr_assert_eq(settings->rules[RULE_ORIENTATION].count, 9);
	settings_free(settings);
}

/* What the comments of the shipped file call the defaults are the defaults. */
Test(settings_load, the_minimal_file_equals_the_shipped_one)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *shipped = load_shipped();
	struct settings *minimal = load_text(&dir, "tenants: {demo: {}}\n");
	cr_assert_eq(memcmp(&minimal->retention, &shipped->retention, sizeof(shipped->retention)),
	             0);
	const struct limit_settings *is = &minimal->limits, *want = &shipped->limits;
	cr_assert_eq(is->frame_bytes, want->frame_bytes);
	cr_assert_eq(is->batch_items, want->batch_items);
	cr_assert_eq(is->connections, want->connections);
	cr_assert_eq(is->sources, want->sources);
	cr_assert_eq(is->ingest_memory, want->ingest_memory);
	cr_assert_eq(is->page_cache, want->page_cache);
	cr_assert_eq(is->ring, want->ring);
	cr_assert_eq(is->query_rows, want->query_rows);
	cr_assert_eq(is->frame_seconds, want->frame_seconds);
	cr_assert_eq(minimal->dedup.window_hours, shipped->dedup.window_hours);
	cr_assert_eq(minimal->dedup.max_ids, shipped->dedup.max_ids);
	cr_assert_eq(minimal->listen.ingest_port, shipped->listen.ingest_port);
	cr_assert_eq(minimal->listen.http_port, shipped->listen.http_port);
	cr_assert_str_eq(minimal->listen.http_address, shipped->listen.http_address);
	cr_assert_str_eq(minimal->state_dir, shipped->state_dir);
	cr_assert_eq(minimal->flush_min_ms, shipped->flush_min_ms);
	cr_assert_eq(minimal->lateness_grace_minutes, shipped->lateness_grace_minutes);
	cr_assert_str_eq(minimal->shape, shipped->shape);
	cr_assert_eq(minimal->catalog.kpi_count, shipped->catalog.kpi_count);
	cr_assert_str_eq(zone_name(minimal->tenants[0].zone), "UTC");
	cr_assert_str_eq(minimal->tenants[0].currency, "EUR");
	cr_assert_str_eq(minimal->tenants[0].label, "demo");
	settings_free(minimal);
	settings_free(shipped);
	config_dir_remove(&dir);
}

Test(settings_load, tenants)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings =
	    load_text(&dir, "tenant_defaults: {time_zone: Asia/Kolkata, currency: INR}\n"
	                    "tenants:\n"
	                    "  acme-eu:\n"
	                    "    label: Acme\n"
	                    "    time_zone: Europe/Paris\n"
	                    "    rollup: {google_ads: account_daily, facebook: ad_daily}\n"
	                    "  9lives: {currency: USD}\n"
	                    "  plain:\n");
	cr_assert_eq(settings->tenant_count, 3);
	const struct tenant *acme = &settings->tenants[settings_tenant(settings, "acme-eu", 7)];
	cr_assert_str_eq(acme->currency, "INR");
	cr_assert_str_eq(zone_name(acme->zone), "Europe/Paris");
	cr_assert_eq(acme->rollup_count, 2);
	cr_assert_str_eq(acme->rollups[1].platform, "facebook");
	cr_assert_str_eq(acme->rollups[1].report, "ad_daily");
	const struct tenant *lives = &settings->tenants[settings_tenant(settings, "9lives", 6)];
	cr_assert_str_eq(lives->currency, "USD");
	cr_assert_str_eq(zone_name(lives->zone), "Asia/Kolkata");
	cr_assert_str_eq(settings->tenants[2].label, "plain");
	settings_free(settings);
	config_dir_remove(&dir);
}

Test(settings_load, paths_begin_at_the_file)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings =
	    load_text(&dir, "tenants: {demo: {}}\n"
	                    "state_dir: state\n"
	                    "mappings_dir: /etc/mappings\n"
	                    "redis_binary: redis-server\n"
	                    "listen: {ingest_socket: in.sock, http_port: 0}\n");
	char expected[CONFIG_PATH_MAX + 16];
	snprintf(expected, sizeof(expected), "%s/state", dir.path);
	cr_assert_str_eq(settings->state_dir, expected);
	snprintf(expected, sizeof(expected), "%s/in.sock", dir.path);
	cr_assert_str_eq(settings->listen.ingest_socket, expected);
	cr_assert_str_eq(settings->mappings_dir, "/etc/mappings");
	cr_assert_str_eq(settings->redis_binary, "redis-server");
	cr_assert_eq(settings->listen.http_port, 0);
	settings_free(settings);
	config_dir_remove(&dir);
}

Test(settings_load, sections_written_out)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings = load_text(
	    &dir, "tenants: {demo: {}}\n"
	          "measures:\n"
	          "  spend: {money: true}\n"
	          "  visits:\n"
	          "  visits@claimed: {scale: 6, label: Visits claimed}\n"
	          "  balance: {layer: commerce, signed: true}\n"
	          "event_types: {visit: {visits: 1, spend: 0.25}, fix: {balance: -1}}\n"
	          "dimensions:\n"
	          "  market: {values: [NO, on, 'yes'], max_values: 1}\n"
	          "  shop: {}\n"
	          "grouping_sets: [[shop, market], [shop]]\n"
	          "stages:\n"
	          "  late_stage: {orientation: downstream, entry: visits}\n"
	          "  early: {orientation: upstream}\n"
	          "kpis:\n"
	          "  b: {stage: early, expr: visits, unit: count}\n"
	          "  a: {stage: late_stage, expr: spend / visits, unit: money, direction: "
	          "lower, mult: 100, min_sample: 5}\n"
	          "  c: {stage: early, expr: visits@claimed / visits, unit: ratio, "
	          "orientation: downstream, min_on: visits@claimed, small_sample: show}\n");
	const struct catalog *catalog = &settings->catalog;
	cr_assert_eq(catalog->measure_count, 4 + 5);
	cr_assert_str_eq(catalog->measures[1].label, "Visits");
	cr_assert_eq(catalog->measures[0].scale, 6);
	cr_assert_eq(catalog->measures[2].layer, LAYER_CLAIMED);
	cr_assert_eq(catalog->measures[2].scale, 6);
	cr_assert(catalog->measures[3].is_signed && catalog->measures[3].layer == LAYER_COMMERCE);
	cr_assert_eq(catalog->types[0].amount_count, 2);
	cr_assert_eq(catalog->types[0].amounts[1].value, 250000);
	cr_assert_eq(catalog->types[1].amounts[0].value, -1);
	cr_assert_str_eq(catalog->dims[0].values[0], "NO");
	cr_assert(catalog->dims[0].value_count == 3 && catalog->dims[0].max_values == 3);
	cr_assert(catalog->dims[1].values == NULL && catalog->dims[1].max_values == 10000);
	cr_assert_eq(catalog->set_count, 3);
	cr_assert_str_eq(catalog->sets[0].text, "[]");
	cr_assert_str_eq(catalog->sets[1].text, "[shop, market]");
	cr_assert(catalog->sets[1].dims[0] == 0 && catalog->sets[1].dims[1] == 1);
	cr_assert_str_eq(catalog->stages[0].label, "Late stage");
	cr_assert_eq(catalog->stages[0].entry, 1);
	cr_assert(catalog->stages[1].entry == -1 && catalog->stages[1].order == 1);
	/* by stage, then as configured */
	const struct kpi *a = &catalog->kpis[0], *c = &catalog->kpis[2];
	cr_assert_str_eq(a->id, "a");
	cr_assert_str_eq(catalog->kpis[1].id, "b");
	cr_assert_str_eq(c->id, "c");
	cr_assert(a->mult == 100 && a->min_sample == 5 && a->min_on == -1);
	cr_assert(a->direction == DIRECTION_LOWER && a->unit == UNIT_MONEY);
	cr_assert(a->orientation == ORIENTATION_DOWNSTREAM && !a->small_sample_show);
	cr_assert_str_eq(a->layer, "observed");
	cr_assert_str_eq(c->layer, "claimed+observed");
	cr_assert(c->orientation == ORIENTATION_DOWNSTREAM && c->min_on == 2 &&
	          c->small_sample_show);
	cr_assert_str_eq(settings->shape, "grain minute\ngrain hour\ngrain day\n"
	                                  "set 0\nset 1 market shop\nset 2 shop\n"
	                                  "scale spend@observed 6\nscale visits@observed 0\n"
	                                  "scale visits@claimed 6\nscale balance@commerce 0\n"
	                                  "scale respondents@survey 0\nscale weight@survey 6\n"
	                                  "scale weight_squared@survey 6\n"
	                                  "scale wave_tables@survey 0\nscale fx_rate@market 12\n");
	settings_free(settings);
	config_dir_remove(&dir);
}

Test(settings_load, a_preset_with_changes)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings =
	    load_text(&dir, "tenants: {demo: {}}\n"
	                    "measures: {preset: default, add: {app_installs: {}}, remove: [grp]}\n"
	                    "dimensions: {preset: default, add: {device: {max_values: 10}}}\n"
	                    "grouping_sets: {preset: default, add: [[device, channel]]}\n"
	                    "kpis:\n"
	                    "  preset: default\n"
	                    "  remove: [cac]\n"
	                    "  add:\n"
	                    "    cpi: {stage: intent, expr: spend / app_installs, unit: money}\n"
	                    "    aov: {stage: purchase, expr: gross_revenue / orders, unit: money, "
	                    "min_sample: 5}\n");
	const struct catalog *catalog = &settings->catalog;
	cr_assert_geq(catalog_measure(catalog, "app_installs", 12), 0);
	cr_assert_eq(catalog_measure(catalog, "grp", 3), -1);
	struct settings *shipped = load_shipped();
	cr_assert_eq(catalog->measure_count, shipped->catalog.measure_count);
	cr_assert_eq(catalog->kpi_count, shipped->catalog.kpi_count);
	settings_free(shipped);
	const struct grouping_set *last = &catalog->sets[catalog->set_count - 1];
	cr_assert_str_eq(last->text, "[device, channel]");
	cr_assert_str_eq(catalog->dims[last->dims[0]].id, "channel");
	cr_assert_eq(catalog_kpi(catalog, "cac", 3), -1);
	cr_assert_geq(catalog_kpi(catalog, "cpi", 3), 0);
	cr_assert_eq(catalog->kpis[catalog_kpi(catalog, "aov", 3)].min_sample, 5);
	settings_free(settings);
	config_dir_remove(&dir);
}

/* The vocabulary of surveys and rates is there whatever is configured. */
Test(settings_load, the_daemons_own_vocabulary)
{
	static const struct {
		const char *id;
		enum layer layer;
		enum measure_kind kind;
		unsigned scale;
	} rows[] = {
	    {"respondents", LAYER_SURVEY, MEASURE_SUM, 0},
	    {"weight", LAYER_SURVEY, MEASURE_SUM, 6},
	    {"weight_squared", LAYER_SURVEY, MEASURE_SUM, 6},
	    {"wave_tables", LAYER_SURVEY, MEASURE_SUM, 0},
	    {"fx_rate", LAYER_MARKET, MEASURE_RATE, 12},
	};
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings =
	    load_text(&dir, "tenants: {demo: {}}\nmeasures: {clicks: {}}\nevent_types: {}\n"
	                    "dimensions: {shop: {}}\ngrouping_sets: [[item, option, shop]]\n"
	                    "stages: {a: {orientation: upstream}}\n"
	                    "kpis: {b: {stage: a, expr: clicks, unit: count}}\n");
	const struct catalog *catalog = &settings->catalog;
	const int places[] = {catalog->respondents, catalog->weight, catalog->weight_squared,
	                      catalog->wave_tables, catalog->fx_rate};
	cr_assert_eq(catalog->measure_count, 6);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct measure *measure = &catalog->measures[places[i]];
		cr_assert_eq(places[i], (int)i + 1);
		cr_assert_str_eq(measure->id, rows[i].id);
		cr_assert(measure->layer == rows[i].layer && measure->kind == rows[i].kind);
		cr_assert(measure->scale == rows[i].scale && !measure->money);
		cr_assert_eq(catalog_measure(catalog, rows[i].id, strlen(rows[i].id)), places[i]);
	}
	cr_assert_eq(catalog->dim_count, 5);
	cr_assert(catalog->item_dim == 1 && !catalog->dims[1].derived);
	cr_assert(catalog->option_dim == 2 && !catalog->dims[2].derived);
	cr_assert(catalog->dims[catalog_dim(catalog, "campaign_stage", 14)].derived);
	cr_assert(catalog->dims[catalog_dim(catalog, "campaign_orientation", 20)].derived);
	cr_assert(catalog->brand_dim == -1 && catalog->channel_dim == -1 &&
	          catalog->campaign_dim == -1);
	cr_assert_str_eq(catalog->sets[1].text, "[item, option, shop]");
	settings_free(settings);
	struct settings *shipped = load_shipped();
	catalog = &shipped->catalog;
	cr_assert_str_eq(catalog->dims[catalog->brand_dim].id, "brand");
	cr_assert_str_eq(catalog->dims[catalog->channel_dim].id, "channel");
	cr_assert_str_eq(catalog->dims[catalog->campaign_dim].id, "campaign");
	settings_free(shipped);
	config_dir_remove(&dir);
}

Test(settings_load, gauges_and_brands)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings = load_text(
	    &dir, "tenant_defaults: {brand: Acme}\n"
	          "tenants: {demo: {}, other: {brand: Orbit}, none: {brand: ''}}\n"
	          "measures: {preset: default, add: {stock: {kind: gauge, additive_over: [channel, "
	          "country], signed: true}}}\n");
	const struct catalog *catalog = &settings->catalog;
	const struct measure *stock = &catalog->measures[catalog_measure(catalog, "stock", 5)];
	uint32_t over = UINT32_C(1) << catalog_dim(catalog, "channel", 7) |
	                UINT32_C(1) << catalog_dim(catalog, "country", 7);
	cr_assert_eq(stock->kind, MEASURE_GAUGE);
	cr_assert_eq(stock->additive_over, over);
	cr_assert_str_eq(settings->tenants[0].brand, "Acme");
	cr_assert_str_eq(settings->tenants[1].brand, "Orbit");
	cr_assert_str_eq(settings->tenants[2].brand, "");
	cr_assert_not_null(
	    strstr(settings->shape, "\nscale stock@observed 0 gauge channel country\n"));
	settings_free(settings);
	config_dir_remove(&dir);
}

Test(settings_load, what_connects_the_daemon)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings = load_text(
	    &dir, "tenants: {demo: {}}\n"
	          "listen: {http_address: 0.0.0.0, ingest_address: '::'}\n"
	          "access: {tokens_file: tokens}\n"
	          "privacy: {k: 5, complementary: false}\n"
	          "fx: {source: ecb/default, base: CHF, max_carry_days: 0}\n"
	          "emit: {every_seconds: 60, stream_max: 5000}\n"
	          "redis: {address: '[fd00::1]:6390', user: sg, password_file: /run/pw, level: "
	          "written}\n");
	char path[CONFIG_PATH_MAX + 16];
	snprintf(path, sizeof(path), "%s/tokens", dir.path);
	cr_assert_str_eq(settings->access.tokens_file, path);
	cr_assert_str_eq(settings->listen.http_address, "0.0.0.0");
	cr_assert(settings->privacy.k == 5 && !settings->privacy.complementary);
	cr_assert_str_eq(settings->fx.source, "ecb/default");
	cr_assert_str_eq(settings->fx.base, "CHF");
	cr_assert_eq(settings->fx.max_carry_days, 0);
	cr_assert(settings->emit.every_seconds == 60 && settings->emit.stream_max == 5000);
	cr_assert_str_eq(settings->redis.host, "fd00::1");
	cr_assert_eq(settings->redis.port, 6390);
	cr_assert_str_eq(settings->redis.socket, "");
	cr_assert_str_eq(settings->redis.user, "sg");
	cr_assert_str_eq(settings->redis.password_file, "/run/pw");
	cr_assert_eq(settings->redis.level, REDIS_LEVEL_WRITTEN);
	settings_free(settings);
	config_dir_remove(&dir);
}

Test(settings_load, addresses_of_an_outside_redis)
{
	static const struct {
		const char *address, *host, *socket;
		unsigned port;
	} rows[] = {
	    {"cache:6390", "cache", "", 6390},
	    {"cache", "cache", "", 6379},
	    {"10.0.0.1:1", "10.0.0.1", "", 1},
	    {"'[::1]:7'", "::1", "", 7},
	    {"'[::1]'", "::1", "", 6379},
	    {"/run/redis.sock", "", "/run/redis.sock", 0},
	    {"./redis.sock", "", "./redis.sock", 0},
	};
	struct config_dir dir;
	config_dir_make(&dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[200];
		snprintf(text, sizeof(text), "tenants: {demo: {}}\nredis: {address: %s}\n",
		         rows[i].address);
		struct settings *settings = load_text(&dir, text);
		cr_assert_str_eq(settings->redis.host, rows[i].host, "%s", rows[i].address);
		cr_assert_eq(settings->redis.port, rows[i].port, "%s", rows[i].address);
		size_t below = rows[i].socket[0] == '.' ? strlen(dir.path) + 1 : 0;
		cr_assert_geq(strlen(settings->redis.socket), below);
		cr_assert_str_eq(settings->redis.socket + below, rows[i].socket);
		settings_free(settings);
	}
	config_dir_remove(&dir);
}

Test(settings_load, rules)
{
	struct config_dir dir;
	config_dir_make(&dir);
	struct settings *settings =
	    load_text(&dir, "tenants: {demo: {}}\n"
	                    "rules:\n"
	                    "  channel:\n"
	                    "    - {when: {source: google_ads/1, name: 'Brand *'}, set: video}\n"
	                    "    - {when: {source: google_ads}, set: paid_search}\n"
	                    "    - {when: {source: google_ads_x}, set: display}\n"
	                    "  stage:\n"
	                    "    - {when: {campaign: '17', objective: REACH}, set: awareness}\n"
	                    "    - {when: {channel: tv}, set: awareness}\n"
	                    "    - {set: purchase}\n"
	                    "  orientation: []\n");
	const struct rule_list *channel = &settings->rules[RULE_CHANNEL];
	const struct rule_list *stage = &settings->rules[RULE_STAGE];
	cr_assert(channel->count == 3 && stage->count == 3);
	cr_assert_eq(settings->rules[RULE_ORIENTATION].count, 0);
	cr_assert_str_eq(channel->items[0].when[RULE_SOURCE], "google_ads/1");
	cr_assert_str_eq(channel->items[0].when[RULE_NAME], "Brand *");
	cr_assert_null(channel->items[0].when[RULE_CAMPAIGN]);
	cr_assert_str_eq(channel->items[1].set, "paid_search");
	cr_assert_str_eq(stage->items[0].when[RULE_CAMPAIGN], "17");
	cr_assert_str_eq(stage->items[0].when[RULE_OBJECTIVE], "REACH");
	cr_assert_str_eq(stage->items[1].when[RULE_CHANNEL_STORED], "tv");
	for (int field = 0; field < RULE_FIELDS; field++)
		cr_assert_null(stage->items[2].when[field]);
	settings_free(settings);
	config_dir_remove(&dir);
}

/* Every key is described once, with a word on reloading. */
Test(settings_load, keys_are_described_once)
{
	struct buf out = {0};
	unsigned lines = 0;
	settings_describe(&out);
	buf_put_byte(&out, 0);
	cr_assert(!buf_failed(&out));
	char *text = (char *)out.bytes;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
		char key[128] = "\n";
		size_t len = strcspn(line, ":");
		cr_assert_lt(len, sizeof(key) - 3);
		memcpy(key + 1, line, len);
		strcpy(key + 1 + len, ": ");
		cr_expect_null(strstr(end, key), "%s", key);
		*end = '\0';
		const char *last = strrchr(line, ';');
		cr_expect(last && (!strcmp(last, "; reload") || !strcmp(last, "; restart")), "%s",
		          line);
		*end = '\n';
	}
	cr_assert_gt(lines, 100);
	buf_deinit(&out);
}

Test(settings_load, a_file_that_cannot_be_read)
{
	struct settings *settings = NULL;
	struct settings_error error = {0};
	cr_assert_eq(settings_load("/nonexistent/x.yaml", &settings, &error), ERR_IO);
	cr_assert_str_eq(error.text,
	                 "/nonexistent/x.yaml: cannot be read: No such file or directory");
	cr_assert_null(settings);
}
