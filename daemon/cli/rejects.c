/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rejects.h"

#include <stdio.h>
#include <string.h>

#include "cli/detail.h"
#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/table.h"

static const char usage[] =
    "usage: streamgauge rejects [OPTION...]\n"
    "\n"
    "Prints the newest rejected items: what was wrong, and with --json the items\n"
    "themselves, one Batch of the ingest contract per line, to be fixed and sent\n"
    "again: streamgauge send --items --source S FILE. In these, money and fractional\n"
    "conversions are in millionths (119 EUR is \"119000000\"), times in microseconds.\n"
    "\n"
    "  --tenant T    tenant; may be left out where only one is configured\n"
    "  --source S    only this source (`google_ads/123-456-7890`)\n"
    "  --limit N     at most N items, default 100, at most 10000\n"
    "  --json        the items alone, as they came\n"
    "  --codes       every code with its rule, and nothing else\n"
    "  --url URL     the daemon, default $STREAMGAUGE_HTTP, else\n"
    "                " HTTP_CLIENT_URL "\n"
    "  --token-file F\n"
    "                show the daemon the token of this file's first line\n"
    "                (default $STREAMGAUGE_TOKEN)\n"
    "  --help        this text\n"
    "\n"
    "Exit codes: 0 done, 2 usage or refused, 4 the daemon cannot be reached.\n";

static const struct option long_options[] = {
    {"tenant", required_argument, NULL, 'p'},
    {"source", required_argument, NULL, 'p'},
    {"limit", required_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    {"codes", no_argument, NULL, 'c'},
    {"url", required_argument, NULL, 'u'},
    {"help", no_argument, NULL, 'h'},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

static void print_items(const struct table *table)
{
	/* What is told about persons is not kept, and nothing of it can be sent again. */
	for (size_t row = 0; row < table->rows; row++)
		if (table_cell(table, row, "batch")[0])
			puts(table_cell(table, row, "batch"));
}

static void print_reason(const char *field, const char *code, const char *detail)
{
	struct buf text = {0};
	detail_put(&text, field, detail);
	printf("    %s: %s: %.*s\n", field, code, buf_failed(&text) ? 0 : (int)text.len,
	       (const char *)text.bytes);
	buf_deinit(&text);
}

static void print_reasons(const struct table *table)
{
	for (size_t row = 0; row < table->rows; row++) {
		char received[20];
		snprintf(received, sizeof(received), "%s", table_cell(table, row, "received"));
		if (strlen(received) > 10)
			received[10] = ' ';
		printf("%s  %s  batch %s, %s %s\n", received, table_cell(table, row, "source"),
		       table_cell(table, row, "sequence"), table_cell(table, row, "item"),
		       table_cell(table, row, "index"));
		print_reason(table_cell(table, row, "field"), table_cell(table, row, "code"),
		             table_cell(table, row, "detail"));
	}
	if (table->rows == 0)
		puts("Nothing was rejected.");
	else
		puts("The items themselves: streamgauge rejects --json");
}

static void print_codes(void)
{
	for (int i = 1; i < ERR_COUNT; i++)
		printf("%-20s %s\n", err_code(-i), err_rule(-i));
}

struct wishes {
	const char *url;
	struct buf target;
	bool json;
};

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, struct wishes *wishes)
{
	struct options given = {
	    .command = "rejects", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		switch (option) {
		case 'p':
			http_add_parameter(&wishes->target, long_options[given.index].name, optarg);
			break;
		case 'u':
			wishes->url = optarg;
			break;
		case 'j':
			wishes->json = true;
			break;
		case 'c':
			print_codes();
			return 0;
		case OPTIONS_HELP:
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	char **left = options_words(&given, &words);
	return words > 0 ? options_stray(&given, left[0]) : -1;
}

static int ask(const struct wishes *wishes)
{
	struct http_reply reply;
	struct table table;
	const char *target = (const char *)wishes->target.bytes;
	int code = http_get_or_say("rejects", wishes->url, target, &reply);
	if (code != 0)
		return code;
	if (table_parse((const char *)reply.body.bytes, reply.body.len, &table) != 0)
		code = 4;
	else if (wishes->json)
		print_items(&table);
	else
		print_reasons(&table);
	table_deinit(&table);
	http_reply_deinit(&reply);
	return code;
}

int cli_rejects(int argc, char **argv)
{
	struct wishes wishes = {.url = http_default_url()};
	buf_put_text(&wishes.target, "/v1/rejects?format=csv");
	int code = parse(argc, argv, &wishes);
	if (code < 0) {
		buf_put_byte(&wishes.target, 0);
		code = ask(&wishes);
	}
	buf_deinit(&wishes.target);
	return code;
}
