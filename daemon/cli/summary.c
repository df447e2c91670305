/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/summary.h"

#include <stdio.h>
#include <string.h>

#include "cli/card.h"
#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/range_end.h"

static const char usage[] =
    "usage: streamgauge summary [OPTION...]\n"
    "\n"
    "Prints the KPIs of a tenant, stage by stage.\n"
    "\n"
    "  --tenant T          tenant; may be left out where only one is configured\n"
    "  --from D, --to D    civil days, both included (2026-11-21)\n"
    "  --last 28d|12w|3m   last complete days, whole ISO weeks, whole months\n"
    "  --this week|month|year\n"
    "                      (default: the last 28 complete days)\n"
    "  --grain G           total (default), minute, hour, day, week, month, wave\n"
    "  --by D[,D]          one block per value of the dimensions\n"
    "  --stage S[,S]       only these stages\n"
    "  --kpi K[,K]         only these KPIs\n"
    "  --filter D:V[,V]    only these values; repeated = and\n"
    "  --currency C        money in this currency, where there are rates\n"
    "  --fx daily|D|none   each day's rate (default), those of one day, unchanged\n"
    "  --format F          table (default), csv, json\n"
    "  --url URL           the daemon, default $STREAMGAUGE_HTTP, else\n"
    "                      " HTTP_CLIENT_URL "\n"
    "  --token-file FILE   show the daemon the token of this file's first line\n"
    "                      (default $STREAMGAUGE_TOKEN)\n"
    "  --help              this text\n"
    "\n"
    "Rates are fractions. Exit codes: 0 done, 2 usage or refused, 4 the daemon\n"
    "cannot be reached.\n";

/* ---- the command ---- */

struct arguments {
	const char *url;
	const char *format;
	struct buf parameters;
	bool total;
	bool chosen;
	bool bounded; /* the end of the range was given */
};

static const struct option long_options[] = {
    {"tenant", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'p'},
    {"to", required_argument, NULL, 'p'},
    {"last", required_argument, NULL, 'p'},
    {"this", required_argument, NULL, 'p'},
    {"grain", required_argument, NULL, 'p'},
    {"by", required_argument, NULL, 'p'},
    {"stage", required_argument, NULL, 'p'},
    {"kpi", required_argument, NULL, 'p'},
    {"filter", required_argument, NULL, 'p'},
    {"currency", required_argument, NULL, 'p'},
    {"fx", required_argument, NULL, 'p'},
    {"format", required_argument, NULL, 'f'},
    {"url", required_argument, NULL, 'u'},
    {"help", no_argument, NULL, 'h'},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

/* -1 = go on, else the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	struct options given = {
	    .command = "summary", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int left_count = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		const char *name = long_options[given.index].name;
		if (option == OPTIONS_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (option == 'u')
			arguments->url = optarg;
		else if (option == 'f')
			arguments->format = optarg;
		else if (option == 'p')
			http_add_parameter(&arguments->parameters, name, optarg);
		else
			return 2;
		if (option == 'p' && strcmp(name, "grain") == 0)
			arguments->total = strcmp(optarg, "total") == 0;
		arguments->chosen |= option == 'p' && strcmp(name, "kpi") == 0;
		arguments->bounded |= option == 'p' && strcmp(name, "to") == 0;
	}
	char **left = options_words(&given, &left_count);
	if (left_count > 0)
		return options_stray(&given, left[0]);
	const char *format = arguments->format;
	if (strcmp(format, "table") == 0 || strcmp(format, "csv") == 0 ||
	    strcmp(format, "json") == 0)
		return -1;
	fprintf(stderr, "streamgauge summary: --format %s is not known; take table, csv or json\n",
	        format);
	return 2;
}

static int show(const struct arguments *arguments, const struct http_reply *reply)
{
	struct table table;
	if (strcmp(arguments->format, "table") != 0) {
		fwrite(reply->body.bytes, 1, reply->body.len, stdout);
		return 0;
	}
	int err = table_parse((const char *)reply->body.bytes, reply->body.len, &table);
	if (err == 0)
		err = card_print(&table, arguments->total, arguments->chosen);
	if (err != 0)
		fprintf(stderr, "streamgauge summary: the answer is not the daemon's CSV\n");
	table_deinit(&table);
	return err == 0 ? 0 : 4;
}

static int ask(struct arguments *arguments)
{
	struct http_reply reply;
	struct buf target = {0};
	bool json = strcmp(arguments->format, "json") == 0;
	buf_put(&target, arguments->parameters.bytes, arguments->parameters.len);
	http_add_parameter(&target, "format", json ? "json" : "csv");
	buf_put_byte(&target, 0);
	buf_put_byte(&arguments->parameters, 0);
	int code = http_get_or_say("summary", arguments->url, (const char *)target.bytes, &reply);
	buf_deinit(&target);
	if (code != 0)
		return code;
	code = show(arguments, &reply);
	http_reply_deinit(&reply);
	if (code == 0 && strcmp(arguments->format, "table") == 0 && !arguments->bounded)
		range_end_print(arguments->url, (const char *)arguments->parameters.bytes);
	return code;
}

int cli_summary(int argc, char **argv)
{
	struct arguments arguments = {.url = http_default_url(), .format = "table", .total = true};
	buf_put_text(&arguments.parameters, "/v1/summary");
	int code = parse_arguments(argc, argv, &arguments);
	if (code < 0)
		code = ask(&arguments);
	buf_deinit(&arguments.parameters);
	return code;
}
