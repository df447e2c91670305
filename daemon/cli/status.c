/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/table.h"

static const char usage[] =
    "usage: streamgauge status [OPTION...]\n"
    "\n"
    "Prints whether the daemon is ready, and for each source what it delivered.\n"
    "\n"
    "  --tenant T    only this tenant (default: all)\n"
    "  --format F    table (default), csv (one tenant), json (one tenant)\n"
    "  --url URL     the daemon, default $STREAMGAUGE_HTTP, else\n"
    "                " HTTP_CLIENT_URL "\n"
    "  --token-file F\n"
    "                show the daemon the token of this file's first line\n"
    "                (default $STREAMGAUGE_TOKEN)\n"
    "  --help        this text\n"
    "\n"
    "Exit codes: 0 ready, 2 usage or refused, 4 the daemon cannot be reached or a\n"
    "tenant is not ready.\n";

static const struct option long_options[] = {
    {"tenant", required_argument, NULL, 't'},
    {"format", required_argument, NULL, 'f'},
    {"url", required_argument, NULL, 'u'},
    {"help", no_argument, NULL, 'h'},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

struct arguments {
	const char *url;
	const char *tenant;
	const char *format;
};

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	struct options given = {
	    .command = "status", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		switch (option) {
		case 't':
			arguments->tenant = optarg;
			break;
		case 'f':
			arguments->format = optarg;
			break;
		case 'u':
			arguments->url = optarg;
			break;
		case OPTIONS_HELP:
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	}
	char **left = options_words(&given, &words);
	if (words > 0)
		return options_stray(&given, left[0]);
	const char *format = arguments->format;
	if (strcmp(format, "table") == 0 || strcmp(format, "csv") == 0 ||
	    strcmp(format, "json") == 0)
		return -1;
	fprintf(stderr, "streamgauge status: --format %s is not known; take table, csv or json\n",
	        format);
	return 2;
}

static int get_sources(const struct arguments *arguments, const char *tenant, const char *format,
                       struct http_reply *ret_reply)
{
	struct buf target = {.len = 0};
	buf_put_text(&target, "/v1/sources");
	http_add_parameter(&target, "tenant", tenant);
	http_add_parameter(&target, "format", format);
	buf_put_byte(&target, 0);
	int code = http_get_or_say("status", arguments->url, (const char *)target.bytes, ret_reply);
	buf_deinit(&target);
	return code;
}

/* ---- the table ---- */

static bool is_zero(const char *number)
{
	return strcmp(number, "0") == 0 || !*number;
}

static void print_source(const struct table *table, size_t row)
{
	char received[17];
	char accepted[64];
	const char *through = table_cell(table, row, "complete_through");
	bool assumed = strcmp(table_cell(table, row, "assumed_complete"), "true") == 0;
	snprintf(received, sizeof(received), "%s", table_cell(table, row, "last_received"));
	if (strlen(received) > 10)
		received[10] = ' ';
	text_number(accepted, strtod(table_cell(table, row, "accepted"), NULL), 0);
	fputs("  ", stdout);
	text_pad(stdout, table_cell(table, row, "source"), 25);
	text_pad(stdout, table_cell(table, row, "class"), 7);
	text_pad(stdout, *received ? received : "-", 17);
	text_pad(stdout, *through ? through : "-", 10);
	text_pad(stdout, assumed ? "?" : "", 1);
	text_pad(stdout, accepted, -9);
	text_pad(stdout, table_cell(table, row, "rejected"), -9);
	fputc('\n', stdout);
}

/* What is out of the ordinary, a line each. */
static void print_remarks(const struct table *table, size_t row)
{
	static const struct {
		const char *column, *one, *many;
	} remarks[] = {
	    {"lost_batches", "batch lost and accepted as lost",
	     "batches lost and accepted as lost"},
	    {"late", "event came more than three days after it happened, and counts",
	     "events came more than three days after they happened, and count"},
	    {"stale", "row older than what is stored", "rows older than what is stored"},
	    {"not_rolled_up", "row of a report that is not rolled up",
	     "rows of reports that are not rolled up"},
	    {"restated_after_final", "change of a day that was final",
	     "changes of days that were final"},
	    {"withdrawn", "row withdrawn by streamgauge forget",
	     "rows withdrawn by streamgauge forget"},
	};
	const char *codes = table_cell(table, row, "reject_codes");
	if (strcmp(codes, "{}") != 0 && *codes) {
		fputs("    rejected: ", stdout);
		/* {"unknown_measure":3,"bad_date":1} */
		for (codes++; *codes && *codes != '}'; codes++) {
			if (*codes == ',')
				fputs(", ", stdout);
			else if (*codes == ':')
				fputc(' ', stdout);
			else if (*codes != '"')
				fputc(*codes, stdout);
		}
		fputc('\n', stdout);
	}
	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		const char *number = table_cell(table, row, remarks[i].column);
		if (!is_zero(number))
			printf("    %s %s\n", number,
			       strcmp(number, "1") == 0 ? remarks[i].one : remarks[i].many);
	}
	if (strcmp(table_cell(table, row, "dedup_window_short"), "true") == 0)
		puts("    event ids are forgotten before their time");
	if (strcmp(table_cell(table, row, "live"), "true") != 0)
		puts("    not live: it holds no range back");
}

static void print_legend(const struct table *table)
{
	bool assumed = false;
	for (size_t row = 0; row < table->rows; row++)
		assumed =
		    assumed || strcmp(table_cell(table, row, "assumed_complete"), "true") == 0;
	puts("  complete: the last day that is whole; accepted: rows or events, and besides\n"
	     "  them the words that a period or a day is complete, which send counts apart");
	if (assumed)
		puts("  ?: assumed, since the source does not say itself what is complete");
}

static int print_sources(const struct http_reply *reply)
{
	struct table table;
	int err = table_parse((const char *)reply->body.bytes, reply->body.len, &table);
	if (err != 0) {
		fprintf(stderr, "streamgauge status: the answer is not the daemon's CSV\n");
	} else if (table.rows == 0) {
		puts("  no source has delivered yet");
	} else {
		puts("  source                   class  last batch       complete    accepted "
		     "rejected");
		for (size_t row = 0; row < table.rows; row++) {
			print_source(&table, row);
			print_remarks(&table, row);
		}
		print_legend(&table);
	}
	table_deinit(&table);
	return err == 0 ? 0 : 4;
}

static int print_tenant(const struct arguments *arguments, const struct table *tenants, size_t row)
{
	struct http_reply reply;
	const char *tenant = table_cell(tenants, row, "tenant");
	const char *phase = table_cell(tenants, row, "phase");
	const char *reason = table_cell(tenants, row, "reason");
	printf("%s: %s%s%s\n", tenant, phase, *reason ? ", " : "", reason);
	if (strcmp(phase, "ready") != 0)
		return 4;
	int code = get_sources(arguments, tenant, "csv", &reply);
	if (code == 0) {
		code = print_sources(&reply);
		http_reply_deinit(&reply);
	}
	return code;
}

/* No tenant is named to those who may read none: why, a table that wants a token
 * tells. The exit code. */
static int print_none(const struct arguments *arguments)
{
	struct http_reply reply;
	int code = http_get_or_say("status", arguments->url, "/v1/stages", &reply);
	if (code != 0)
		return code;
	http_reply_deinit(&reply);
	fputs("streamgauge status: no tenant is configured that this token may read\n", stderr);
	return 2;
}

static int print_all(const struct arguments *arguments)
{
	struct http_reply reply;
	struct table tenants;
	bool found = false;
	int code = 0;
	/* 503 with a table is an answer, too. */
	int err = http_get(arguments->url, "/health/ready?format=csv", &reply);
	if (err != 0 || (reply.status != 200 && reply.status != 503)) {
		http_reply_deinit(&reply);
		code = http_get_or_say("status", arguments->url, "/health/ready", &reply);
		if (code == 0)
			http_reply_deinit(&reply);
		return code ? code : 4;
	}
	err = table_parse((const char *)reply.body.bytes, reply.body.len, &tenants);
	for (size_t row = 0; err == 0 && row < tenants.rows; row++) {
		const char *name = table_cell(&tenants, row, "tenant");
		if (arguments->tenant && strcmp(arguments->tenant, name) != 0)
			continue;
		found = true;
		int tenant_code = print_tenant(arguments, &tenants, row);
		code = tenant_code ? tenant_code : code;
	}
	bool none = err == 0 && tenants.rows == 0;
	table_deinit(&tenants);
	http_reply_deinit(&reply);
	if (none)
		return print_none(arguments);
	if (err == 0 && !found && arguments->tenant) {
		fprintf(stderr, "streamgauge status: the tenant `%s` is not configured\n",
		        arguments->tenant);
		return 2;
	}
	return err == 0 ? code : 4;
}

int cli_status(int argc, char **argv)
{
	struct arguments arguments = {.url = http_default_url(), .format = "table"};
	struct http_reply reply;
	int code = parse_arguments(argc, argv, &arguments);
	if (code >= 0)
		return code;
	if (strcmp(arguments.format, "table") == 0)
		return print_all(&arguments);
	code = get_sources(&arguments, arguments.tenant, arguments.format, &reply);
	if (code == 0) {
		fwrite(reply.body.bytes, 1, reply.body.len, stdout);
		http_reply_deinit(&reply);
	}
	return code;
}
