/* SPDX-License-Identifier: Apache-2.0
 * Printed settings are settings again, and the same. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_file.h"
#include "settings/schema.h"
#include "settings/settings_print.h"
#include "settings/settings_reload.h"

/* Uses every key there is. */
static const char everything[] =
    "state_dir: state\n"
    "redis: {address: ./r.sock, user: sg, password_file: pw, level: written}\n"
    "listen: {ingest_address: 0.0.0.0, ingest_port: 1, ingest_socket: in.sock, http_port: 2}\n"
    "retention: {minute: 3d, hour: 20d, day: 400d}\n"
    "limits: {frame_bytes: 65536, ring: 5000000}\n"
    "dedup: {window: 36h, max_ids: 5000}\n"
    "access: {tokens_file: tokens}\n"
    "privacy: {k: 7, complementary: false}\n"
    "fx: {source: ecb/default, base: USD, max_carry_days: 3}\n"
    "emit: {every_seconds: 3, stream_max: 4000}\n"
    "tenant_defaults: {time_zone: Asia/Kolkata, currency: INR, brand: \"A \\\"B\\\" \\\\ C\"}\n"
    "tenants:\n"
    "  9lives: {label: \"K\\u00f6ln \\u2028 \\U0001F600\", rollup: {ads: daily}}\n"
    "  'null': {brand: 'NO'}\n"
    "measures:\n"
    "  preset: default\n"
    "  add:\n"
    "    searches@observed: {}\n"
    "    stock: {kind: gauge, scale: 6, additive_over: [brand, country], signed: true}\n"
    "event_types: {sale: {orders: 1, gross_revenue: 9.95}, nothing: {}}\n"
    "dimensions: {preset: default, add: {shop: {values: [NO, on, 'null', '7'], label: Shops}}}\n"
    "grouping_sets: {preset: default, add: [[shop, brand]]}\n"
    "rules:\n"
    "  channel: [{when: {source: a/1, name: 'x *', campaign: '7', objective: O, channel: tv}, "
    "set: tv}]\n"
    "  orientation: [{set: upstream}]\n"
    "stages: {preset: default, add: {void: {orientation: upstream, empty: ok}}}\n"
    "kpis:\n"
    "  preset: default\n"
    "  add:\n"
    "    a: {stage: market, share: 2 * searches - 0.5 * mentions, less: searches@observed, unit: "
    "points, mult: 100, min_sample: 5, small_sample: show, orientation: "
    "downstream}\n"
    "    b: {stage: market, survey: {item: t/a, options: ['yes', 'a, \"b\"'], of: {item: t/b, "
    "options: [x]}, branded: true}, unit: ratio, direction: lower, small_sample: hide}\n"
    "    c: {stage: market, share: stock, unit: ratio}\n";

static struct settings *load(const struct config_dir *dir, const char *text)
{
	struct settings *settings = NULL;
	struct settings_error error = {0};
	config_write(dir, "streamgauge.yaml", text);
	cr_assert_eq(config_load(dir, &settings, &error), 0, "%s\n%s", error.text, text);
	return settings;
}

static void print(const struct settings *settings, struct buf *out)
{
	settings_print(settings, out);
	buf_put_byte(out, 0);
	cr_assert(!buf_failed(out));
}

static void check_same_kpis(const struct catalog *was, const struct catalog *is)
{
	cr_assert_eq(was->kpi_count, is->kpi_count);
	for (uint32_t i = 0; i < was->kpi_count; i++) {
		const struct kpi *a = &was->kpis[i], *b = &is->kpis[i];
		cr_assert_str_eq(a->id, b->id);
		cr_assert_str_eq(a->expr, b->expr);
		cr_assert_str_eq(a->layer, b->layer);
		cr_assert(a->kind == b->kind && a->unit == b->unit && a->min_on == b->min_on &&
		          a->over == b->over && a->num.count == b->num.count &&
		          a->den.count == b->den.count);
	}
}

static void check_round_trip(const char *text)
{
	struct config_dir dir;
	struct buf first = {0}, second = {0}, why = {0};
	config_dir_make(&dir);
	struct settings *was = load(&dir, text);
	print(was, &first);
	struct settings *is = load(&dir, (const char *)first.bytes);
	print(is, &second);
	cr_assert_str_eq((const char *)second.bytes, (const char *)first.bytes);
	cr_assert_eq(settings_reload_check(was, is, &why), 0);
	cr_assert_str_eq(is->shape, was->shape);
	cr_assert_eq(is->tenant_count, was->tenant_count);
	for (uint32_t i = 0; i < was->tenant_count; i++) {
		cr_assert_str_eq(is->tenants[i].name, was->tenants[i].name);
		cr_assert_str_eq(is->tenants[i].label, was->tenants[i].label);
		cr_assert_str_eq(is->tenants[i].brand, was->tenants[i].brand);
	}
	cr_assert_str_eq(is->fx.source, was->fx.source);
	cr_assert_eq(is->privacy.k, was->privacy.k);
	cr_assert_eq(is->emit.stream_max, was->emit.stream_max);
	cr_assert_str_eq(is->access.tokens_file, was->access.tokens_file);
	for (int target = 0; target < RULE_TARGETS; target++)
		cr_assert_eq(is->rules[target].count, was->rules[target].count);
	check_same_kpis(&was->catalog, &is->catalog);
	settings_free(was);
	settings_free(is);
	buf_deinit(&first);
	buf_deinit(&second);
	buf_deinit(&why);
	config_dir_remove(&dir);
}

Test(settings_print, defaults_and_everything_come_back)
{
	check_round_trip("tenants: {demo: {}}\n");
	check_round_trip(everything);
}

Test(settings_print, what_is_written)
{
	static const char *const lines[] = {
	    "\nflush_min_ms: 5\n",
	    "\n  ingest_address: \"0.0.0.0\"\n",
	    "\n  hour: 20d\n",
	    "\n  window: 36h\n",
	    "\n  level: written\n",
	    "\n  \"null\": {label: \"null\", time_zone: \"Asia/Kolkata\", currency: \"INR\", "
	    "brand: "
	    "\"NO\", rollup: {}}\n",
	    "\n  stock@observed: {label: \"Stock\", kind: gauge, money: false, scale: 6, signed: "
	    "true, "
	    "additive_over: [country, brand]}\n",
	    "\n  sale: {orders@commerce: 1, gross_revenue@commerce: 9.95}\n",
	    "\n  - [shop, brand]\n",
	    "\n    - {when: {}, set: \"upstream\"}\n",
	    ", share: \"2 * searches - 0.5 * mentions\", less: \"searches@observed\", unit: "
	    "points,",
	};
	struct config_dir dir;
	struct buf out = {0};
	config_dir_make(&dir);
	struct settings *settings = load(&dir, everything);
	print(settings, &out);
	const char *text = (const char *)out.bytes;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		cr_expect_not_null(strstr(text, lines[i]), "%s is not in:\n%s", lines[i], text);
	cr_expect_null(strstr(text, "preset"));
	cr_expect_null(strstr(text, "respondents@"));
	settings_free(settings);
	buf_deinit(&out);
	config_dir_remove(&dir);
}

static const struct {
	const char *text, *yaml;
} texts[] = {
    {"", "\"\""},
    {"a: b", "\"a: b\""},
    {"say \"x\" \\", "\"say \\\"x\\\" \\\\\""},
    {"\n\x7f", "\"\\u000A\\u007F\""},
    {"K\xc3\xb6ln", "\"K\xc3\xb6ln\""},
    {"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf", "\"\\u0085\\u2028\\uFEFF\""},
    {"\xf0\x9f\x98\x80\xf0\x9f\xbf\xbf", "\"\xf0\x9f\x98\x80\\U0001FFFF\""},
};

Test(settings_print, any_text_is_read_back)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buf out = {0};
		struct arena arena = {0};
		struct yaml_node *root = NULL;
		struct settings_error error = {0};
		schema_put_text(&out, texts[i].text);
		buf_put_byte(&out, 0);
		cr_assert_str_eq((const char *)out.bytes, texts[i].yaml);
		int err = yaml_tree_parse("a.yaml", out.bytes, out.len - 1, &arena, &root, &error);
		cr_assert_eq(err, 0, "%s", error.text);
		cr_assert_str_eq(root->text, texts[i].text);
		arena_deinit(&arena);
		buf_deinit(&out);
	}
}
