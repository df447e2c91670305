/* SPDX-License-Identifier: Apache-2.0
 * Wrong files, each with the sentence it gets. */
#include <criterion/criterion.h>
#include <string.h>

#include "config_file.h"

#define TENANT "tenants: {demo: {}}\n"

#define REDIS_ADDRESS(text)                                                                        \
	"streamgauge.yaml:2: `address: " text                                                      \
	"` is not a Redis: host:port, [::1]:6379, or the path of a Unix socket"
#define SURVEY(text) TENANT "kpis:\n  x: {stage: market, unit: ratio, survey: " text "}\n"

static const struct {
	const char *text, *error;
} rows[] = {
    {"", "streamgauge.yaml:1: no tenant is configured: write at least `tenants: {demo: {}}`"},
    {"tenants: {}\n",
     "streamgauge.yaml:1: no tenant is configured: write at least `tenants: {demo: {}}`"},
    {"- a\n", "streamgauge.yaml:1: a map of `key: value` pairs is expected here, not a list"},
    {"tenants: [demo]\n",
     "streamgauge.yaml:1: `tenants`: a map of `key: value` pairs is expected here, not a list"},
    {"# a\n\ntennants: {demo: {}}\n",
     "streamgauge.yaml:3: unknown key `tennants`; known here: version, state_dir, redis_binary, "
     "mappings_dir, presets_dir, flush_min_ms, lateness_grace_minutes, listen, retention, limits, "
     "dedup, redis, access, privacy, fx, emit, tenant_defaults, tenants, measures, event_types, "
     "dimensions, grouping_sets, stages, rules, kpis"},
    {TENANT "tenants: {demo: {}}\n",
     "streamgauge.yaml:2: `tenants` is given twice, first in line 1"},
    {"version: 2\n" TENANT, "streamgauge.yaml:1: `version: 2` is out of range: 1 to 1"},
    {TENANT "state_dir: ''\n", "streamgauge.yaml:2: `state_dir` is empty: name a directory"},
    {TENANT "flush_min_ms: 10001\n",
     "streamgauge.yaml:2: `flush_min_ms: 10001` is out of range: 0 to 10000 milliseconds"},
    /* tenants */
    {"tenants:\n  Demo: {}\n", "streamgauge.yaml:2: `Demo` is not a tenant's name: a to z, 0 to 9, "
                               "_ and -, a letter or digit "
                               "first, at most 63 characters"},
    {"tenants:\n  demo:\n    timezone: UTC\n", "streamgauge.yaml:3: unknown key `timezone`; known "
                                               "here: label, time_zone, currency, brand, rollup"},
    {"tenants:\n  demo:\n    time_zone: Europe/Belin\n",
     "streamgauge.yaml:3: `time_zone: Europe/Belin`: there is no such zone in the tz database "
     "(package tzdata); names look like Europe/Berlin"},
    {"tenants: {demo: {}}\ntenant_defaults:\n  time_zone: ../../etc/passwd\n",
     "streamgauge.yaml:3: `time_zone: ../../etc/passwd`: there is no such zone in the tz database "
     "(package tzdata); names look like Europe/Berlin"},
    {"tenants:\n  demo: {currency: Euro}\n",
     "streamgauge.yaml:2: `currency: Euro` is not an ISO 4217 code: three capital letters such as "
     "EUR"},
    {"tenants:\n  demo:\n    rollup: {google/ads: campaign_daily}\n",
     "streamgauge.yaml:3: `google/ads` is not a platform's name"},
    {"tenants:\n  demo:\n    rollup: {google_ads: Campaign}\n",
     "streamgauge.yaml:3: `google_ads: Campaign` is not a name: a to z, 0 to 9 and _, a letter "
     "first, at most "
     "64 "
     "characters"},
    {"tenants:\n  demo: {brand: __us__}\n",
     "streamgauge.yaml:2: `__us__`: values in __ are the daemon's own"},
    {"tenants:\n  demo: {brand: Acme}\ndimensions: {brand: {values: [Orbit]}}\ngrouping_sets: []\n",
     "streamgauge.yaml:2: `brand: Acme` is not a value of the dimension `brand`"},
    {"tenants:\n  demo: {}\ntenant_defaults: {brand: Acme}\ndimensions: {shop: {}}\n"
     "grouping_sets: []\n",
     "streamgauge.yaml:3: `brand: Acme`: there is no dimension `brand`"},
    /* the daemon */
    {TENANT "listen:\n  http_address: 0.0.0.0\n",
     "streamgauge.yaml:3: `http_address: 0.0.0.0`: without tokens the daemon listens on this "
     "machine only: use 127.0.0.1 or ::1, or name a file in `access: {tokens_file: ...}`"},
    {TENANT "listen:\n  ingest_address: '::'\naccess: {tokens_file: ''}\n",
     "streamgauge.yaml:3: `ingest_address: ::`: without tokens the daemon listens on this "
     "machine only: use 127.0.0.1 or ::1, or name a file in `access: {tokens_file: ...}`"},
    {TENANT "listen:\n  ingest_address: localhost\naccess: {tokens_file: t}\n",
     "streamgauge.yaml:3: `ingest_address: localhost` is not an address in numbers, such as "
     "127.0.0.1 or ::1"},
    {TENANT "listen: {http_port: 7311}\n",
     "streamgauge.yaml:2: senders and readers cannot share port 7311: give one of them another"},
    {TENANT "listen: {ingest_port: 70000}\n",
     "streamgauge.yaml:2: `ingest_port: 70000` is out of range: 0 to 65535"},
    {TENANT
     "listen:\n  ingest_socket: /"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaa\n",
     "streamgauge.yaml:3: the path of a Unix socket has at most 107 bytes, this one has 110"},
    {TENANT "retention: {minute: 40d}\n",
     "streamgauge.yaml:2: `minute: 40d` is out of range: 1d to 31d"},
    {TENANT "retention:\n  hour: 30d\n  day: 14d\n",
     "streamgauge.yaml:3: `day` (14d) is shorter than `hour` (30d): the coarser grain is kept at "
     "least as long"},
    {TENANT "limits: {frame_bytes: 8 MiB}\n",
     "streamgauge.yaml:2: `frame_bytes: 8 MiB` is out of range: 4 KiB to 4 MiB"},
    {TENANT "dedup: {window: 7}\n",
     "streamgauge.yaml:2: `window: 7`: expected is a number of hours or days such as 36h or 7d"},
    /* what connects it */
    {TENANT "access: {tokens: a}\n",
     "streamgauge.yaml:2: unknown key `tokens`; known here: tokens_file"},
    {TENANT "privacy: {k: 4}\n",
     "streamgauge.yaml:2: `k: 4` is out of range: 5 to 100000 respondents"},
    {TENANT "privacy: {complementary: maybe}\n",
     "streamgauge.yaml:2: `complementary: maybe` is neither true nor false"},
    {TENANT "emit: {every_seconds: 86401}\n",
     "streamgauge.yaml:2: `every_seconds: 86401` is out of range: 0 to 86400 seconds"},
    {TENANT "emit: {stream_max: 10}\n",
     "streamgauge.yaml:2: `stream_max: 10` is out of range: 100 to 100000000 entries"},
    {TENANT "fx: {source: ecb}\n",
     "streamgauge.yaml:2: `source: ecb` is not <platform>/<account>, such as ecb/default"},
    {TENANT "fx:\n  source: ecb/default\n  base: euro\n",
     "streamgauge.yaml:4: `base: euro` is not an ISO 4217 code: three capital letters such as "
     "EUR"},
    {TENANT "fx: {max_carry_days: 400}\n",
     "streamgauge.yaml:2: `max_carry_days: 400` is out of range: 0 to 366 days"},
    {TENANT "redis: {user: sg}\n",
     "streamgauge.yaml:2: `redis` needs an `address`: user, password and level are for a Redis "
     "that runs already"},
    {TENANT "redis: {level: written}\n",
     "streamgauge.yaml:2: `redis` needs an `address`: user, password and level are for a Redis "
     "that runs already"},
    {TENANT "redis: {address: 'cache:6379', user: sg}\n",
     "streamgauge.yaml:2: `user: sg` needs a `password_file`"},
    {TENANT "redis_binary: redis-server\nredis: {address: 'cache:6379'}\n",
     "streamgauge.yaml:2: `redis_binary` starts a Redis, `redis.address` names one that runs: "
     "give one of them"},
    {TENANT "redis: {address: ':6379'}\n", REDIS_ADDRESS(":6379")},
    {TENANT "redis: {address: 'cache:0'}\n", REDIS_ADDRESS("cache:0")},
    {TENANT "redis: {address: 'cache:70000'}\n", REDIS_ADDRESS("cache:70000")},
    {TENANT "redis: {address: 'cache:'}\n", REDIS_ADDRESS("cache:")},
    {TENANT "redis: {address: '::1'}\n", REDIS_ADDRESS("::1")},
    {TENANT "redis: {address: '[::1'}\n", REDIS_ADDRESS("[::1")},
    {TENANT "redis: {address: 'redis://cache:6379'}\n", REDIS_ADDRESS("redis://cache:6379")},
    {TENANT "redis: {address: '[::1]6379'}\n", REDIS_ADDRESS("[::1]6379")},
    {TENANT "redis: {address: 'sg@cache'}\n", REDIS_ADDRESS("sg@cache")},
    {TENANT "redis: {address: cache, level: replicated}\n",
     "streamgauge.yaml:2: `level: replicated` is none of: fsync, written"},
    /* rules */
    {TENANT "rules: []\n",
     "streamgauge.yaml:2: `rules`: a map of `key: value` pairs is expected here, not a list"},
    {TENANT "rules: {brand: []}\n",
     "streamgauge.yaml:2: unknown key `brand`; known here: channel, stage, orientation"},
    {TENANT "rules:\n  stage: {}\n",
     "streamgauge.yaml:3: `stage`: a list is expected here, not a map of `key: value` pairs"},
    {TENANT "rules:\n  stage:\n    - {when: {source: a}}\n",
     "streamgauge.yaml:4: `set` is missing here (a value of the dimension channel, a stage, or "
     "an orientation)"},
    {TENANT "rules:\n  channel:\n    - {set: cinema}\n",
     "streamgauge.yaml:4: `cinema` is not a value of the dimension `channel`"},
    {TENANT "rules:\n  stage:\n    - {set: unclassified}\n",
     "streamgauge.yaml:4: unknown stage `unclassified`"},
    {TENANT "rules:\n  orientation:\n    - {set: sideways}\n",
     "streamgauge.yaml:4: `set: sideways` is none of: upstream, downstream"},
    {TENANT "rules:\n  stage:\n    - {when: {platform: a}, set: intent}\n",
     "streamgauge.yaml:4: unknown key `platform`; known here: source, campaign, name, objective, "
     "channel"},
    {TENANT "rules:\n  stage:\n    - {when: {source: google_ads/}, set: intent}\n",
     "streamgauge.yaml:4: `source: google_ads/` is neither a platform nor <platform>/<account>"},
    {TENANT "rules:\n  stage:\n    - {when: {name: ''}, set: intent}\n",
     "streamgauge.yaml:4: a value has 1 to 128 bytes"},
    {TENANT "rules:\n  stage:\n    - {when: {channel: cinema}, set: intent}\n",
     "streamgauge.yaml:4: `cinema` is not a value of the dimension `channel`"},
    {TENANT "rules:\n  stage:\n    - {when: {source: a}, set: intent}\n    - {set: purchase}\n"
            "    - {when: {name: x}, set: intent}\n",
     "streamgauge.yaml:6: this rule is never reached: the one in line 5 takes every campaign that "
     "it would take"},
    {TENANT "rules:\n  stage:\n    - {when: {source: a}, set: intent}\n"
            "    - {when: {source: a/1, name: x}, set: market}\n",
     "streamgauge.yaml:5: this rule is never reached: the one in line 4 takes every campaign that "
     "it would take"},
    {"dimensions: {shop: {}}\ngrouping_sets: []\nrules:\n  stage: [{set: intent}]\n" TENANT,
     "streamgauge.yaml:4: rules look at campaigns, and there is no dimension `campaign`"},
    /* measures and event types */
    {TENANT "measures: {}\n", "streamgauge.yaml:2: there is no measure: nothing could be counted"},
    {TENANT "measures: {Spend: {money: true}}\n",
     "streamgauge.yaml:2: `Spend` is not a name: a to z, 0 to 9 and _, a letter first, at most 64 "
     "characters"},
    {TENANT "measures:\n  spend: {money: yes}\n",
     "streamgauge.yaml:3: `money: yes` is neither true nor false"},
    {TENANT "measures:\n  spend: {money: true, scale: 0}\n",
     "streamgauge.yaml:3: `scale: 0`: money has the scale 6"},
    {TENANT "measures:\n  spend: {scale: 2}\n",
     "streamgauge.yaml:3: `scale: 2`: a scale is 0 or 6"},
    {TENANT "measures:\n  orders: {layer: shop}\n",
     "streamgauge.yaml:3: `layer: shop` is none of: observed, claimed, commerce, survey, market"},
    {TENANT "measures:\n  orders@shop: {}\n",
     "streamgauge.yaml:3: `shop` is no layer: observed, claimed, commerce, survey or market"},
    {TENANT "measures:\n  orders@claimed: {layer: commerce}\n",
     "streamgauge.yaml:3: `orders@claimed` and `layer: commerce` contradict each other"},
    {TENANT "measures:\n  orders: {}\n  orders@observed: {}\n",
     "streamgauge.yaml:4: `orders` is given twice in the layer observed"},
    {TENANT "measures:\n  orders: {}\n  orders@claimed: {money: true}\n",
     "streamgauge.yaml:4: `orders` is money in one layer and a count in another: give one of them "
     "another name"},
    {TENANT "event_types:\n  click: {clics: 1}\n", "streamgauge.yaml:3: unknown measure `clics`"},
    {TENANT "event_types:\n  click: {clicks: 1.5}\n",
     "streamgauge.yaml:3: `clicks: 1.5`: a count has no fraction"},
    {TENANT "event_types:\n  click: {clicks: one}\n",
     "streamgauge.yaml:3: `clicks: one`: this is not a number"},
    {TENANT "event_types:\n  click: {clicks: -1}\n",
     "streamgauge.yaml:3: `clicks: -1`: only measures marked signed may be negative"},
    {TENANT "event_types:\n  click: {clicks: 1, clicks@observed: 1}\n",
     "streamgauge.yaml:3: `clicks@observed` is named twice in one event type"},
    {TENANT "measures:\n  weight@observed: {}\n",
     "streamgauge.yaml:3: the measure `weight` is the daemon's own and always there: give yours "
     "another name"},
    {TENANT "measures:\n  fx_rate: {}\n",
     "streamgauge.yaml:3: the measure `fx_rate` is the daemon's own and always there: give yours "
     "another name"},
    {TENANT "measures:\n  clicks: {kind: level}\n",
     "streamgauge.yaml:3: `kind: level` is none of: sum, gauge"},
    {TENANT "measures:\n  clicks: {additive_over: [channel]}\n",
     "streamgauge.yaml:3: `additive_over` is for `kind: gauge`; a sum adds over all dimensions"},
    {TENANT "measures:\n  stock: {kind: gauge, sparse: true}\n",
     "streamgauge.yaml:3: a gauge cannot be sparse: a level that nobody reported is unknown, not "
     "0"},
    {TENANT "measures:\n  stock: {kind: gauge, additive_over: [shop]}\n",
     "streamgauge.yaml:3: unknown dimension `shop`"},
    {TENANT "measures:\n  stock: {kind: gauge, additive_over: [item]}\n",
     "streamgauge.yaml:3: `item` is no dimension of levels"},
    {TENANT "measures:\n  stock: {kind: gauge}\n  stock@market: {}\n",
     "streamgauge.yaml:4: `stock` is a sum in one layer and a gauge in another: give one of them "
     "another name"},
    {TENANT "measures: {stock: {kind: gauge}}\nevent_types:\n  count: {stock: 1}\n",
     "streamgauge.yaml:4: `stock` is not counted by events: it is a level, and an event adds to "
     "a sum"},
    {TENANT "event_types:\n  answer: {respondents: 1}\n",
     "streamgauge.yaml:3: `respondents` is not counted by events: it comes with survey answers"},
    /* dimensions and grouping sets */
    {TENANT "dimensions:\n  item: {}\n",
     "streamgauge.yaml:3: the dimension `item` is the daemon's own and always there: give yours "
     "another name"},
    {TENANT "dimensions:\n  campaign_stage: {}\n",
     "streamgauge.yaml:3: the dimension `campaign_stage` is the daemon's own and always there: "
     "give yours another name"},
    {TENANT "grouping_sets:\n  - [item, brand]\n",
     "streamgauge.yaml:3: a grouping set with `item` needs `option` as well"},
    {TENANT "grouping_sets:\n  - [brand, option]\n",
     "streamgauge.yaml:3: a grouping set with `option` needs `item` as well"},
    {TENANT "grouping_sets:\n  - [campaign_orientation]\n",
     "streamgauge.yaml:3: `campaign_orientation` is made by rules when a query is answered and "
     "cannot be in a grouping set: name `campaign`"},
    {TENANT "dimensions:\n  stage: {}\n",
     "streamgauge.yaml:3: `stage` is a column of every summary row and cannot be a dimension"},
    {TENANT "dimensions:\n  campaign_label: {}\n",
     "streamgauge.yaml:3: `campaign_label` cannot be a dimension: names in _label are columns of "
     "labels"},
    {TENANT "dimensions:\n  device: {values: [a, b, a]}\n",
     "streamgauge.yaml:3: the value `a` is given twice"},
    {TENANT "dimensions:\n  device: {values: [__other__]}\n",
     "streamgauge.yaml:3: `__other__`: values in __ are the daemon's own"},
    {TENANT "dimensions:\n  device: {values: []}\n",
     "streamgauge.yaml:3: an empty list would refuse every value"},
    {TENANT "dimensions:\n  device: {entity: true, values: [a]}\n",
     "streamgauge.yaml:3: an entity's values are ids of a platform and cannot be listed"},
    {TENANT "dimensions:\n  device: {max_values: 0}\n",
     "streamgauge.yaml:3: `max_values: 0` is out of range: 1 to 1000000 values"},
    {TENANT "grouping_sets:\n  - [channel]\n  - [device]\n",
     "streamgauge.yaml:4: unknown dimension `device`"},
    {TENANT "grouping_sets:\n  - [channel, country]\n  - [country, channel]\n",
     "streamgauge.yaml:4: the grouping set [country, channel] is there twice, as [channel, "
     "country]"},
    {TENANT "grouping_sets:\n  - [channel, channel]\n",
     "streamgauge.yaml:3: `channel` is named twice in one grouping set"},
    {TENANT "grouping_sets: {channel: 1}\n", "streamgauge.yaml:2: `grouping_sets`: a list is "
                                             "expected here, not a map of `key: value` pairs"},
    /* stages and KPIs */
    {TENANT "stages: {}\n", "streamgauge.yaml:2: there is no stage: at least one is needed"},
    {TENANT "stages:\n  awareness: {label: A}\n",
     "streamgauge.yaml:3: `orientation` is missing here (upstream (builds demand) or downstream "
     "(harvests it))"},
    {TENANT "stages:\n  awareness: {orientation: sideways}\n",
     "streamgauge.yaml:3: `orientation: sideways` is none of: upstream, downstream"},
    {TENANT "stages:\n  awareness: {orientation: upstream, entry: views}\n",
     "streamgauge.yaml:3: `entry`: unknown measure `views`"},
    {TENANT "stages:\n  awareness: {orientation: upstream, entry: spend}\n",
     "streamgauge.yaml:3: `entry: spend`: money is never a sample or a flow, name a count"},
    {TENANT "stages:\n  awareness: {orientation: upstream}\n  void: {orientation: upstream}\n"
            "kpis: {a: {stage: awareness, expr: clicks, unit: count}}\n",
     "streamgauge.yaml:4: the stage `void` has no KPI: give it one, or say `empty: ok`"},
    {TENANT "kpis:\n  a: {stage: buying, expr: clicks, unit: count}\n",
     "streamgauge.yaml:3: a: unknown stage `buying`"},
    {TENANT "kpis:\n  cpa:\n    stage: purchase\n    unit: money\n    expr: spend / convs\n",
     "streamgauge.yaml:6: cpa: at character 9 of \"spend / convs\": unknown measure `convs`"},
    {TENANT "kpis:\n  x:\n    stage: purchase\n    unit: ratio\n    expr: clicks / (orders + "
            "conversions)\n",
     "streamgauge.yaml:6: x: at character 18 of \"clicks / (orders + conversions)\": `orders` "
     "(commerce) and `conversions` (claimed) cannot be added: layers do not mix in one sum"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: count, expr: '7'}\n",
     "streamgauge.yaml:3: x: \"7\": the expression names no measure"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: spend / orders}\n",
     "streamgauge.yaml:3: `unit: ratio` does not fit `spend / orders`, which is money"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: money, expr: spend / fees}\n",
     "streamgauge.yaml:3: `unit: money` does not fit `spend / fees`, which is a ratio"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: orders / spend}\n",
     "streamgauge.yaml:3: `unit: ratio` does not fit `orders / spend`, which is a count per money"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: fees / spend, min_sample: 9}\n",
     "streamgauge.yaml:3: `min_sample` needs a count to be taken of: name one in `min_on`"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: fees / spend, min_on: spend}\n",
     "streamgauge.yaml:3: `min_on: spend`: money is never a sample or a flow, name a count"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: count, expr: followers, min_on: orders}\n",
     "streamgauge.yaml:3: `min_on` needs an `expr` with a sum in it: levels and parts of a whole "
     "have no sample of another measure"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, share: mentions, min_on: orders}\n",
     "streamgauge.yaml:3: `min_on` needs an `expr` with a sum in it: levels and parts of a whole "
     "have no sample of another measure"},
    {TENANT "kpis:\n  x: {stage: purchase, expr: clicks}\n",
     "streamgauge.yaml:3: `unit` is missing here (what the value is)"},
    {TENANT
     "kpis:\n  x: {stage: purchase, unit: ratio, expr: orders / sessions, min_on: followers}\n",
     "streamgauge.yaml:3: `min_on: followers`: a level is never a sample or a flow, name a count"},
    {TENANT
     "kpis:\n  x: {stage: purchase, unit: ratio, expr: orders / mean(followers), min_sample: "
     "5}\n",
     "streamgauge.yaml:3: `min_sample` needs a count to be taken of: name one in `min_on`"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: index, expr: orders}\n",
     "streamgauge.yaml:3: `unit: index` does not fit `orders`, which is a count"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: brand_score}\n",
     "streamgauge.yaml:3: `unit: ratio` does not fit `brand_score`, which is a level"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: money, expr: gross_revenue / units / "
            "mean(price_own)}\n",
     "streamgauge.yaml:3: `unit: money` does not fit `gross_revenue / units / mean(price_own)`, "
     "which is a ratio"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: ratio, expr: orders / units / mean(price_own)}\n",
     "streamgauge.yaml:3: `unit: ratio` does not fit `orders / units / mean(price_own)`, which is "
     "a count per money"},
    {TENANT "kpis:\n  x: {stage: purchase, unit: count, expr: clicks + followers}\n",
     "streamgauge.yaml:3: x: at character 8 of \"clicks + followers\": `clicks` (a sum) and "
     "`followers` (a gauge) cannot be added: a level is not a sum"},
    /* other kinds of KPIs */
    {TENANT "kpis:\n  x: {stage: market, unit: ratio}\n",
     "streamgauge.yaml:3: a KPI has one of `expr`, `share`, `orientation_share` and `survey`; `x` "
     "has none"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, expr: clicks, share: searches}\n",
     "streamgauge.yaml:3: a KPI has one of `expr`, `share`, `orientation_share` and `survey`; `x` "
     "has several"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, expr: clicks, less: searches}\n",
     "streamgauge.yaml:3: `less` is for a KPI with `share`"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, share: searches / mentions}\n",
     "streamgauge.yaml:3: `share: searches / mentions`: a quotient has no parts, name a sum"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, share: search_index}\n",
     "streamgauge.yaml:3: `share: search_index`: levels of `search_index` do not add up over "
     "brand"},
    {TENANT "kpis:\n  x: {stage: market, unit: points, share: searches, less: searchs}\n",
     "streamgauge.yaml:3: x: at character 1 of \"searchs\": unknown measure `searchs`"},
    {TENANT "kpis:\n  x: {stage: market, unit: count, share: searches}\n",
     "streamgauge.yaml:3: `unit: count` does not fit `share(searches)`, which is a ratio"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, share: competitor_spend, min_sample: 5}\n",
     "streamgauge.yaml:3: `min_sample` needs a count to be taken of: name one in `min_on`"},
    {TENANT "kpis:\n  x: {stage: market, unit: ratio, orientation_share: followers}\n",
     "streamgauge.yaml:3: `orientation_share: followers`: levels of `followers` do not add up "
     "over campaigns"},
    {TENANT "kpis:\n  x: {stage: market, unit: money, orientation_share: spend}\n",
     "streamgauge.yaml:3: `unit: money` does not fit `orientation_share(spend)`, which is a ratio"},
    {TENANT "dimensions: {shop: {}}\ngrouping_sets: []\nmeasures: {searches: {}}\nevent_types: {}\n"
            "stages: {market: {orientation: upstream}}\nkpis:\n  x: {stage: market, unit: ratio, "
            "share: searches}\n",
     "streamgauge.yaml:8: `share` needs the dimension `brand`, which is not configured"},
    /* surveys */
    {SURVEY("{}"), "streamgauge.yaml:3: `item` is missing here (the question, as <study>/<item>)"},
    {SURVEY("aided"),
     "streamgauge.yaml:3: `survey`: a map of `key: value` pairs is expected here, not a "
     "single value"},
    {SURVEY("{item: aided}"),
     "streamgauge.yaml:3: `item: aided` is not <study>/<item>, such as tracker/aided"},
    {SURVEY("{item: tracker/a/b}"),
     "streamgauge.yaml:3: `item: tracker/a/b` is not <study>/<item>, such as tracker/aided"},
    {SURVEY("{item: 7/aided}"),
     "streamgauge.yaml:3: `item: 7/aided` is not <study>/<item>, such as tracker/aided"},
    {SURVEY("{item: tracker/}"),
     "streamgauge.yaml:3: `item: tracker/` is not <study>/<item>, such as tracker/aided"},
    {SURVEY("{item: t/a, base: tracker}"),
     "streamgauge.yaml:3: `base: tracker` is not <study>/<item>, such as tracker/aided"},
    {SURVEY("{item: t/a, base: t/a}"),
     "streamgauge.yaml:3: `base: t/a` is the item itself: leave it out"},
    {SURVEY("{item: t/a, option: [x]}"),
     "streamgauge.yaml:3: unknown key `option`; known here: item, options, stat, base, of, "
     "branded"},
    {SURVEY("{item: t/a, options: x}"),
     "streamgauge.yaml:3: `options`: a list is expected here, not a single value"},
    {SURVEY("{item: t/a, options: []}"),
     "streamgauge.yaml:3: `options` is empty: name the answers that count"},
    {SURVEY("{item: t/a, options: [x, y, x]}"),
     "streamgauge.yaml:3: the option `x` is given twice"},
    {SURVEY("{item: t/a, options: [[x]]}"),
     "streamgauge.yaml:3: a single value is expected here, not a list"},
    {SURVEY("{item: t/a, options: [__other__]}"),
     "streamgauge.yaml:3: `__other__`: values in __ are the daemon's own"},
    {SURVEY("{item: t/a, stat: median}"),
     "streamgauge.yaml:3: `stat: median` is none of: share, nps, mean"},
    {SURVEY("{item: t/a, stat: nps, options: ['9', '10']}"),
     "streamgauge.yaml:3: `stat: nps` takes all answers of all who were asked: `options` has no "
     "place beside it"},
    {SURVEY("{item: t/a, stat: mean, base: t/b}"),
     "streamgauge.yaml:3: `stat: mean` takes all answers of all who were asked: `base` has no "
     "place beside it"},
    {SURVEY("{item: t/a, options: [x], base: t/b, of: {item: t/c, options: [x]}}"),
     "streamgauge.yaml:3: `base` and `of` both say whom the share is of: give one"},
    {SURVEY("{item: t/a, of: {item: t/c, options: [x]}}"),
     "streamgauge.yaml:3: `of` needs `options`: a step of a funnel is from some answers to "
     "others"},
    {SURVEY("{item: t/a, options: [x], of: {item: t/c}}"),
     "streamgauge.yaml:3: `options` is missing here (the answers, as a list)"},
    {SURVEY("{item: t/a, stat: nps}"),
     "streamgauge.yaml:3: `unit: ratio` does not fit `nps(t/a)`, whose unit is points"},
    {SURVEY("{item: t/a}, mult: 100"),
     "streamgauge.yaml:3: `mult` is not for surveys: a share is a fraction, an NPS is in points "
     "already"},
    {SURVEY("{item: t/a}, min_on: clicks"),
     "streamgauge.yaml:3: `min_on` is not for surveys: their sample are the respondents"},
    {SURVEY("{item: t/a}, small_sample: maybe"),
     "streamgauge.yaml:3: `small_sample: maybe` is none of: hide, show"},
    {"dimensions: {shop: {}}\ngrouping_sets: []\n" SURVEY("{item: t/a, branded: true}"),
     "streamgauge.yaml:5: `branded` needs the dimension `brand`, which is not configured"},
    /* presets */
    {TENANT "stages: {preset: aida}\n",
     "streamgauge.yaml:2: there is no preset `aida` in presets/stages.yaml"},
    {TENANT "kpis: {preset: default, remove: [cpi]}\n",
     "streamgauge.yaml:2: `cpi` is not in the preset and cannot be removed"},
    {TENANT "kpis: {preset: default, extra: {}}\n",
     "streamgauge.yaml:2: unknown key `extra`; known here: preset, add, remove"},
    {TENANT "kpis:\n  preset: default\n  add: [cpi]\n",
     "streamgauge.yaml:4: `add`: a map of `key: value` pairs is expected here, not a list"},
    {TENANT "measures: {preset: default, remove: [spend]}\n",
     "presets/kpis.yaml:103: upstream_share: at character 1 of \"spend\": unknown measure `spend`"},
    {TENANT "stages: {preset: default, remove: [market]}\n",
     "presets/kpis.yaml:39: share_of_voice_spend: unknown stage `market`: keep the stage, or name "
     "the KPI in `remove` of `kpis`"},
    {TENANT "presets_dir: nowhere\n",
     "nowhere/dimensions.yaml: cannot be read: No such file or directory; presets_dir in the "
     "settings names its directory"},
};

Test(settings_errors, each_wrong_file_gets_its_sentence)
{
	struct config_dir dir;
	config_dir_make(&dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings *settings = NULL;
		struct settings_error error = {0};
		config_write(&dir, "streamgauge.yaml", rows[i].text);
		int err = config_load(&dir, &settings, &error);
		cr_expect(err == ERR_CONFIG || err == ERR_IO || err == ERR_REFUSED, "row %zu: %s",
		          i, rows[i].text);
		cr_expect_str_eq(error.text, rows[i].error, "row %zu: %s", i, error.text);
		cr_expect_null(settings);
	}
	config_dir_remove(&dir);
}
