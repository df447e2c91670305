/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/unmapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/range_end.h"
#include "cli/table.h"

#define MONEY_WIDTH   14
#define SOURCE_WIDTH  24
#define CHANNEL_WIDTH 14

static const char usage[] =
    "usage: streamgauge unmapped [OPTION...]\n"
    "\n"
    "Lists the campaigns that no rule of the settings matches, those with the most\n"
    "spend first: what `unclassified` stands for in a summary. A rule for each of the\n"
    "first few is mostly all that is missing; see `rules` in streamgauge.yaml(5).\n"
    "Money is converted to the tenant's currency where there are rates for all of it,\n"
    "and stands behind that in its own currency where there are not.\n"
    "\n"
    "  --rule R            orientation (default), stage, or channel: campaigns with\n"
    "                      neither a rule for the channel nor one that came with them\n"
    "  --tenant T          tenant; may be left out where only one is configured\n"
    "  --last N            28d (default), 12w, 3m: complete days, weeks, months\n"
    "  --this P            week, month or year\n"
    "  --from DAY          first day\n"
    "  --to DAY            last day, included\n"
    "  --currency C        convert to this currency\n"
    "  --fx F              daily, a day whose rates are used for all, or none\n"
    "  --format F          table (default), csv, json\n"
    "  --url URL           the daemon, default $STREAMGAUGE_HTTP, else\n"
    "                      " HTTP_CLIENT_URL "\n"
    "  --token-file FILE   show the daemon the token of this file's first line\n"
    "                      (default $STREAMGAUGE_TOKEN)\n"
    "  --help              this text\n"
    "\n"
    "Exit codes: 0 done, also when there are none; 2 usage or refused; 4 the daemon\n"
    "cannot be reached.\n";

static const struct option long_options[] = {
    {"rule", required_argument, NULL, 'p'},
    {"tenant", required_argument, NULL, 'p'},
    {"last", required_argument, NULL, 'p'},
    {"this", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'p'},
    {"to", required_argument, NULL, 'p'},
    {"currency", required_argument, NULL, 'p'},
    {"fx", required_argument, NULL, 'p'},
    {"format", required_argument, NULL, 'f'},
    {"url", required_argument, NULL, 'u'},
    {"help", no_argument, NULL, OPTIONS_HELP},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

struct wishes {
	const char *url;
	const char *format;
	struct buf target; /* without the format */
};

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, struct wishes *wishes)
{
	struct options given = {
	    .command = "unmapped", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		if (option == OPTIONS_HELP)
			(void)fputs(usage, stdout);
		if (option == 'p')
			http_add_parameter(&wishes->target, long_options[given.index].name, optarg);
		else if (option == 'f')
			wishes->format = optarg;
		else if (option == 'u')
			wishes->url = optarg;
		else
			return option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
	}
	char **left = options_words(&given, &words);
	if (words > 0)
		return options_stray(&given, left[0]);
	if (strcmp(wishes->format, "table") == 0 || strcmp(wishes->format, "csv") == 0 ||
	    strcmp(wishes->format, "json") == 0)
		return -1;
	(void)fprintf(stderr,
	              "streamgauge unmapped: --format %s is not known; take table, csv or json\n",
	              wishes->format);
	return EXIT_USAGE;
}

static int get(const struct wishes *wishes, const char *format, struct http_reply *ret_reply)
{
	struct buf target = {0};
	buf_put(&target, wishes->target.bytes, wishes->target.len);
	http_add_parameter(&target, "format", format);
	buf_put_byte(&target, 0);
	int code = EXIT_USAGE;
	if (buf_failed(&wishes->target) || buf_failed(&target))
		(void)fprintf(stderr, "streamgauge unmapped: %s\n", err_rule(ERR_NOMEM));
	else
		code =
		    http_get_or_say("unmapped", wishes->url, (const char *)target.bytes, ret_reply);
	buf_deinit(&target);
	return code;
}

/* ---- the table ---- */

struct head {
	char tenant[280];
	char rule[32];
	char from[32];
	char to[32];
};

/* What stands before the campaigns in JSON: CSV says nothing of the range. */
static int get_head(const struct wishes *wishes, struct head *head)
{
	struct http_reply reply;
	int code = get(wishes, "json", &reply);
	if (code != EXIT_DONE)
		return code;
	char *rows = strstr((char *)reply.body.bytes, "\"campaigns\":[");
	if (rows)
		*rows = '\0';
	const char *json = (const char *)reply.body.bytes;
	bool good = rows && json_member(json, "tenant", head->tenant, sizeof(head->tenant)) &&
	            json_member(json, "rule", head->rule, sizeof(head->rule)) &&
	            json_member(json, "from", head->from, sizeof(head->from)) &&
	            json_member(json, "to", head->to, sizeof(head->to));
	http_reply_deinit(&reply);
	if (good)
		return EXIT_DONE;
	(void)fprintf(stderr, "streamgauge unmapped: the answer is not the daemon's\n");
	return EXIT_UNREACHABLE;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void print_campaign(const struct table *table, size_t row)
{
	char spend[64];
	const char *name = table_cell(table, row, "name");
	text_number(spend, strtod(table_cell(table, row, "spend"), NULL), 2);
	/* A number is never cut: a long one moves what follows. */
	(void)printf("%*s %s%s ", MONEY_WIDTH, spend, table_cell(table, row, "currency"),
	             strcmp(table_cell(table, row, "converted"), "true") == 0 ? "*" : " ");
	text_pad(stdout, or_dash(table_cell(table, row, "source")), SOURCE_WIDTH);
	(void)fputc(' ', stdout);
	text_pad(stdout, or_dash(table_cell(table, row, "channel")), CHANNEL_WIDTH);
	(void)printf(" %s to %s  %s", table_cell(table, row, "first_day"),
	             table_cell(table, row, "last_day"), table_cell(table, row, "campaign"));
	if (*name)
		(void)printf(" `%s`", name);
	if (*table_cell(table, row, "objective"))
		(void)printf(", objective %s", table_cell(table, row, "objective"));
	(void)fputc('\n', stdout);
}

static void print_table(const struct head *head, const struct table *table)
{
	bool converted = false;
	if (table->rows == 0) {
		(void)printf("%s, %s to %s: no campaign that spent anything is without a rule for "
		             "its %s.\n",
		             head->tenant, head->from, head->to, head->rule);
		return;
	}
	(void)printf("%s, %s to %s: campaigns without a rule for their %s\n\n", head->tenant,
	             head->from, head->to, head->rule);
	(void)printf("%*s      ", MONEY_WIDTH, "spend");
	text_pad(stdout, "source", SOURCE_WIDTH);
	(void)fputc(' ', stdout);
	text_pad(stdout, "channel", CHANNEL_WIDTH);
	(void)puts(" days with spend           campaign");
	for (size_t row = 0; row < table->rows; row++) {
		converted = converted || strcmp(table_cell(table, row, "converted"), "true") == 0;
		print_campaign(table, row);
	}
	if (converted)
		(void)puts("\n*: converted, or in part");
}

static int show_table(const struct wishes *wishes)
{
	struct head head;
	struct http_reply reply;
	struct table table;
	int code = get_head(wishes, &head);
	if (code == EXIT_DONE)
		code = get(wishes, "csv", &reply);
	if (code != EXIT_DONE)
		return code;
	if (table_parse((const char *)reply.body.bytes, reply.body.len, &table) == 0) {
		print_table(&head, &table);
	} else {
		(void)fprintf(stderr, "streamgauge unmapped: the answer is not the daemon's CSV\n");
		code = EXIT_UNREACHABLE;
	}
	table_deinit(&table);
	http_reply_deinit(&reply);
	return code;
}

static int show(const struct wishes *wishes)
{
	struct http_reply reply;
	if (strcmp(wishes->format, "table") == 0)
		return show_table(wishes);
	int code = get(wishes, wishes->format, &reply);
	if (code != EXIT_DONE)
		return code;
	(void)fwrite(reply.body.bytes, 1, reply.body.len, stdout);
	http_reply_deinit(&reply);
	return EXIT_DONE;
}

int cli_unmapped(int argc, char **argv)
{
	struct wishes wishes = {.url = http_default_url(), .format = "table"};
	buf_put_text(&wishes.target, "/v1/unmapped");
	int code = parse(argc, argv, &wishes);
	if (code < 0)
		code = show(&wishes);
	buf_deinit(&wishes.target);
	return code;
}
