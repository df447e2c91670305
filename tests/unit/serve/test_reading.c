/* SPDX-License-Identifier: Apache-2.0
 * The reading commands against a real listener: each runs in a child of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/http_client.h"
#include "cli/rejects.h"
#include "cli/status.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "fake_driver.h"
#include "serve/http.h"
#include "world.h"

struct fixture {
	struct world world;
	uv_loop_t loop;
	struct driver driver;
	struct driver *drivers[1];
	struct http_server *server;
	bool stopped;
	int32_t today;
	char out[20000]; /* of the last command */
	char err[4000];
};

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};
static const struct item display = {{"display", "google_ads:2", NULL}, 1, NULL};

static void open_daemon(struct fixture *fixture)
{
	char reason[HTTP_REASON_MAX] = "";
	struct world *world = &fixture->world;
	*fixture = (struct fixture){.stopped = false};
	world_open(world);
	world->settings.tenant_count = 1;
	world->now_us = clock_wall_us();
	int32_t today = zone_local_of(world->tenants[0].zone, world->now_us).day;
	fixture->today = today;
	struct source *ads =
	    world_source(world, "google_ads/1", SOURCE_REPORT,
	                 1 << M_SPEND | 1 << M_CLICKS | 1 << M_IMPRESSIONS, today - 40, today - 1);
	world_complete(ads, today - 40, today - 1);
	ads->final_after_days = 10;
	world_add(world, &search, M_SPEND, today - 20, 0, 1234567890000);
	world_add(world, &search, M_CLICKS, today - 20, 0, 1234567);
	world_add(world, &search, M_IMPRESSIONS, today - 20, 0, 90000000);
	world_add(world, &display, M_SPEND, today - 3, 0, 5000000);
	world_add(world, &display, M_CLICKS, today - 3, 0, 12);
	ads->current.accepted = 5;
	ads->current.rejected = 2;
	ads->current.reject_codes[-ERR_UNKNOWN_MEASURE] = 2;
	ads->current.lost_batches = 3;
	world_flush(world);
	world->settings.listen.http_address = "127.0.0.1";
	world->settings.limits.connections = 32;
	uv_loop_init(&fixture->loop);
	fake_driver_init(&fixture->driver, &fixture->loop, world->partition);
	fixture->drivers[0] = &fixture->driver;
	cr_assert_eq(http_server_start(&fixture->loop, &world->settings, fixture->drivers,
	                               &fixture->server, reason),
	             0, "%s", reason);
	setenv("STREAMGAUGE_HTTP", http_server_address(fixture->server), 1);
}

static void on_stopped(void *arg)
{
	struct fixture *fixture = arg;
	fixture->stopped = true;
}

static void close_daemon(struct fixture *fixture)
{
	http_server_stop(fixture->server, on_stopped, fixture);
	while (!fixture->stopped)
		uv_run(&fixture->loop, UV_RUN_ONCE);
	fake_driver_close(&fixture->driver);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&fixture->loop), 0);
	http_server_free(fixture->server);
	world_close(&fixture->world);
}

static void read_back(FILE *file, char *text, size_t size)
{
	rewind(file);
	size_t len = fread(text, 1, size - 1, file);
	text[len] = '\0';
	fclose(file);
}

/* Runs `words` (separated by blanks) in a child while the loop serves it. */
static int run(struct fixture *fixture, int (*command)(int, char **), const char *words)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	fflush(stdout);
	fflush(stderr);
	pid_t child = fork();
	if (child == 0) {
		char text[500];
		char *argv[30] = {NULL};
		int argc = 0;
		strcpy(text, words);
		for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
			argv[argc++] = word;
		dup2(fileno(out), 1);
		dup2(fileno(err), 2);
		int code = command(argc, argv);
		fflush(stdout);
		fflush(stderr);
		_exit(code);
	}
	int status = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		uv_run(&fixture->loop, UV_RUN_NOWAIT);
		usleep(500);
	}
	read_back(out, fixture->out, sizeof(fixture->out));
	read_back(err, fixture->err, sizeof(fixture->err));
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_width(const char *text, size_t width)
{
	while (*text) {
		char line[500];
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		cr_assert_leq(text_width(line), width, "%s", line);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

Test(reading, scorecard)
{
	struct fixture fixture;
	open_daemon(&fixture);
	cr_assert_eq(run(&fixture, cli_summary, "summary"), 0, "%s", fixture.err);
	const char *card = strstr(fixture.out, "\n\n");
	cr_assert_not_null(card, "%s", fixture.out);
	const char *want =
	    "\n\n"
	    "  KPI                                        value          n\n"
	    "Awareness (upstream)\n"
	    "  impressions                           90,000,000            not final\n"
	    "  spend                           1,234,572.89 EUR            not final\n"
	    "  cpm                                    13.72 EUR 90,000,000 not final\n"
	    "Engagement (upstream)\n"
	    "  clicks                                 1,234,579            not final\n"
	    "  ctr                                       0.0137 90,000,000 not final\n"
	    "  cpc                                     1.00 EUR  1,234,579 not final\n"
	    "Purchase (downstream)\n"
	    "  no data: conversions_claimed; cvr_claimed; cpa; orders; gross_revenue;\n"
	    "           net_revenue; mer; aov; roi; refund_rate; over_attribution\n";
	cr_assert_str_eq(card, want);
	cr_assert_eq(strncmp(fixture.out, "demo, ", 6), 0);
	expect_width(fixture.out, 80);
	/* No colours where nobody sees them. */
	cr_assert_null(strchr(fixture.out, '\033'));
	close_daemon(&fixture);
}

Test(reading, groups_and_buckets)
{
	struct fixture fixture;
	open_daemon(&fixture);
	cr_assert_eq(run(&fixture, cli_summary,
	                 "summary --by channel,campaign --kpi cpc --last 28d --tenant demo"),
	             0, "%s", fixture.err);
	cr_assert(strstr(fixture.out, "\nchannel: display, campaign: google_ads:2\n"
	                              "Engagement (upstream)\n"
	                              "  cpc                                     0.42 EUR"
	                              "         12 sample too small\n"),
	          "%s", fixture.out);
	cr_assert(strstr(fixture.out, "\nchannel: paid_search, campaign: google_ads:1\n"));
	expect_width(fixture.out, 80);
	cr_assert_eq(run(&fixture, cli_summary, "summary --grain day --kpi clicks,mer --last 2d"),
	             0);
	cr_assert(strstr(fixture.out, "\n  clicks\n    20"), "%s", fixture.out);
	cr_assert(strstr(fixture.out, "\n  mer\n    20"), "%s", fixture.out);
	cr_assert(strstr(fixture.out, "no data"), "%s", fixture.out);
	close_daemon(&fixture);
}

Test(reading, formats_and_failures)
{
	struct fixture fixture;
	open_daemon(&fixture);
	cr_assert_eq(run(&fixture, cli_summary, "summary --format csv --kpi spend"), 0);
	cr_assert_eq(strncmp(fixture.out, "tenant,stage,", 13), 0);
	cr_assert_eq(run(&fixture, cli_summary, "summary --format json --kpi spend"), 0);
	cr_assert_eq(fixture.out[0], '{');
	/* A long answer comes in chunks. */
	cr_assert_eq(run(&fixture, cli_summary, "summary --grain day --last 200d --kpi spend"), 0);
	cr_assert_eq(run(&fixture, cli_summary, "summary --format xml"), 2);
	cr_assert(strstr(fixture.err, "table, csv or json"), "%s", fixture.err);
	cr_assert_eq(run(&fixture, cli_summary, "summary --nonsense"), 2);
	cr_assert_eq(run(&fixture, cli_summary, "summary now"), 2);
	cr_assert_eq(run(&fixture, cli_summary, "summary --by planet"), 2);
	cr_assert(strstr(fixture.err, "`planet` is not a dimension. (by: channel, campaign"), "%s",
	          fixture.err);
	cr_assert_eq(run(&fixture, cli_summary, "summary --tenant nobody"), 2);
	cr_assert_eq(run(&fixture, cli_summary, "summary --url http://127.0.0.1:1"), 4);
	cr_assert(strstr(fixture.err, "start the daemon"), "%s", fixture.err);
	cr_assert_eq(run(&fixture, cli_summary, "summary --url ftp://here"), 2);
	cr_assert_eq(run(&fixture, cli_status, "status --url 127.0.0.1:1"), 4);
	cr_assert_eq(run(&fixture, cli_rejects, "rejects --url 127.0.0.1:1"), 4);
	int (*const commands[])(int, char **) = {cli_summary, cli_status, cli_rejects};
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(run(&fixture, commands[i], "it --help"), 0);
		cr_assert_eq(strncmp(fixture.out, "usage: streamgauge ", 19), 0);
		expect_width(fixture.out, 80);
	}
	fixture.driver.partition = NULL;
	fixture.driver.reason = "Redis is loading its data";
	cr_assert_eq(run(&fixture, cli_summary, "summary"), 4);
	cr_assert(strstr(fixture.err, "Redis is loading its data"), "%s", fixture.err);
	cr_assert_eq(run(&fixture, cli_status, "status"), 4);
	cr_assert_str_eq(fixture.out, "demo: connecting, Redis is loading its data\n");
	fixture.driver.partition = fixture.world.partition;
	close_daemon(&fixture);
}

Test(reading, status)
{
	struct fixture fixture;
	open_daemon(&fixture);
	cr_assert_eq(run(&fixture, cli_status, "status"), 0, "%s", fixture.err);
	cr_assert_eq(strncmp(fixture.out, "demo: ready\n", 12), 0, "%s", fixture.out);
	cr_assert(strstr(fixture.out, "google_ads/1             report "), "%s", fixture.out);
	cr_assert(strstr(fixture.out, "    rejected: unknown_measure 2\n"), "%s", fixture.out);
	cr_assert(strstr(fixture.out, "    3 batches lost"), "%s", fixture.out);
	expect_width(fixture.out, 80);
	cr_assert_eq(run(&fixture, cli_status, "status --tenant nobody"), 2);
	cr_assert_eq(run(&fixture, cli_status, "status --format csv"), 0);
	cr_assert_eq(strncmp(fixture.out, "source,class,", 13), 0);
	close_daemon(&fixture);
}

Test(reading, rejects)
{
	struct fixture fixture;
	open_daemon(&fixture);
	cr_assert_eq(run(&fixture, cli_rejects, "rejects --source google_ads/1"), 0);
	cr_assert_str_eq(fixture.out, "Nothing was rejected.\n");
	cr_assert_eq(run(&fixture, cli_rejects, "rejects --source nobody/1"), 2);
	/* code 1 "x", field 2 "f", detail 3 "d", received 4, batch 6 {}, item 7 row */
	static const uint8_t item[] = {0x0A, 1,    'x', 0x12,        1, 'f',  0x1A, 1,    'd', 0x20,
	                               1,    0x32, 4,   0x0A + 0x10, 2, 0x0A, 0,    0x38, 2};
	fixture.driver.rejects[fixture.driver.reject_count++] =
	    (struct flush_bytes){item, sizeof(item)};
	cr_assert_eq(run(&fixture, cli_rejects, "rejects --limit 5"), 0);
	cr_assert(strstr(fixture.out, "1970-01-01 01:00:00  google_ads/1  batch 0, row 0\n"
	                              "    f: x: d\n"),
	          "%s", fixture.out);
	cr_assert_eq(run(&fixture, cli_rejects, "rejects --json"), 0);
	cr_assert_str_eq(fixture.out, "{\"events\":[{}]}\n");
	close_daemon(&fixture);
}

static const struct {
	const char *csv;
	size_t columns, rows; /* columns 0 = refused */
	const char *last;     /* the last cell */
} tables[] = {
    {"a\r\n1\r\n", 1, 1, "1"},    {"a,b\n1,2\n3,4", 2, 2, "4"},
    {"a,b\r\n,\r\n", 2, 1, ""},   {"a,b\r\n\"x,\"\"y\"\"\r\nz\",\"\"\"\"\r\n", 2, 1, "\""},
    {"a,b\r\n", 2, 0, NULL},      {"", 0, 0, NULL},
    {"a,b\r\n1\r\n", 0, 0, NULL}, {"a,b\r\n1,2,3\r\n", 0, 0, NULL},
    {"a\r\n\"open", 0, 0, NULL},
};

Test(reading, csv)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct table table;
		int err = table_parse(tables[i].csv, strlen(tables[i].csv), &table);
		cr_assert_eq(err != 0, tables[i].columns == 0, "row %zu: %s", i, err_code(err));
		if (err == 0) {
			cr_assert_eq(table.columns, tables[i].columns, "row %zu", i);
			cr_assert_eq(table.rows, tables[i].rows, "row %zu: %zu", i, table.rows);
			if (tables[i].last)
				cr_assert_str_eq(table.cells[table.columns * table.rows - 1],
				                 tables[i].last);
		}
		table_deinit(&table);
	}
}

Test(reading, numbers)
{
	static const struct {
		double value;
		int decimals;
		const char *text;
	} rows[] = {
	    {0, 0, "0"},
	    {999, 0, "999"},
	    {1000, 0, "1,000"},
	    {-1000, 0, "-1,000"},
	    {1234567.891, 2, "1,234,567.89"},
	    {-0.5, 1, "-0.5"},
	    {1e21, 0, "1e+21"},
	    {100000, 1, "100,000.0"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];
		text_number(text, rows[i].value, rows[i].decimals);
		cr_assert_str_eq(text, rows[i].text);
	}
}
