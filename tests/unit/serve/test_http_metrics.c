/* SPDX-License-Identifier: Apache-2.0
 * /metrics without Redis and without senders: what is there, and what is left out. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http_fixture.h"
#include "serve/http_metrics.h"

static const struct {
	const char *line;
	bool there;
} lines[] = {
    {"# TYPE streamgauge_flush_duration_seconds histogram\n", true},
    {"streamgauge_build_info{version=\"" SG_VERSION "\"} 1\n", true},
    {"streamgauge_redis_up{tenant=\"demo\"} 1\n", true},
    {"streamgauge_redis_up{tenant=\"acme\"} 0\n", true},
    {"streamgauge_redis_connects_total{tenant=\"demo\"} 3\n", true},
    {"streamgauge_flush_duration_seconds_bucket{tenant=\"demo\",le=\"0.0005\"} 1\n", true},
    {"streamgauge_flush_duration_seconds_bucket{tenant=\"demo\",le=\"0.25\"} 1\n", true},
    {"streamgauge_flush_duration_seconds_bucket{tenant=\"demo\",le=\"0.5\"} 2\n", true},
    {"streamgauge_flush_duration_seconds_bucket{tenant=\"demo\",le=\"+Inf\"} 3\n", true},
    {"streamgauge_flush_duration_seconds_sum{tenant=\"demo\"} 12.345678\n", true},
    {"streamgauge_flush_duration_seconds_count{tenant=\"demo\"} 3\n", true},
    {"streamgauge_ring_bytes{tenant=\"acme\"} 4096\n", true},
    /* Not ready: nothing is known of its state. */
    {"streamgauge_partition_generation{tenant=\"acme\"}", false},
    {"streamgauge_sources{tenant=\"demo\"}", true},
    {"streamgauge_sources{tenant=\"acme\"}", false},
    /* Nobody listens for senders here. */
    {"\nstreamgauge_ingest_connections ", false},
    {" nan\n", false},
    {" -nan\n", false},
};

Test(http_metrics, lines)
{
	struct fixture fixture;
	struct http_exchange exchange;
	open_server(&fixture);
	struct driver_stats *stats = &fixture.drivers[0].stats;
	stats->connects = 3;
	histogram_add(&stats->flush_time, 100);
	histogram_add(&stats->flush_time, 345578);
	histogram_add(&stats->flush_time, 12000000);
	get(&fixture, &exchange, "/metrics");
	cr_assert_eq(exchange.status, 200);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		cr_expect_eq(strstr(exchange.body, lines[i].line) != NULL, lines[i].there, "%s",
		             lines[i].line);
	exchange_deinit(&exchange);
	close_server(&fixture);
}

/* Every row of the table is in the list and in the answer. */
Test(http_metrics, list_is_complete)
{
	static const char *const names[] = {
#define METRIC(name, type, scope, help, value) "streamgauge_" #name " ",
#include "serve/metrics.def"
#undef METRIC
	};
	struct fixture fixture;
	struct http_exchange exchange;
	struct buf list = {.len = 0};
	http_metrics_list(&list);
	buf_put_byte(&list, 0);
	cr_assert_not(buf_failed(&list));
	open_server(&fixture);
	get(&fixture, &exchange, "/metrics");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char help[128];
		snprintf(help, sizeof(help), "# HELP %s", names[i]);
		cr_expect(strstr((const char *)list.bytes, names[i]), "%s", names[i]);
		cr_expect(strstr(exchange.body, help), "%s", help);
	}
	exchange_deinit(&exchange);
	close_server(&fixture);
	buf_deinit(&list);
}
