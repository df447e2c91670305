/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/forget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/known_sources.h"
#include "cli/options.h"
#include "cli/withdraw.h"

static const char usage[] =
    "usage: streamgauge forget --source S --from DAY --to DAY [OPTION...]\n"
    "\n"
    "Withdraws what a source has reported for these days, both included: rows of\n"
    "reports, waves of surveys, levels and exchange rates. First it shows what will\n"
    "change, report by report and period by period, and asks.\n"
    "\n"
    "What is withdrawn counts as zero from then on. A reading that is older than now\n"
    "and comes later, as the same file sent again, is stale and changes nothing; a\n"
    "newer reading counts again. The daemon logs it, and `streamgauge status` tells\n"
    "how many rows were withdrawn. Events cannot be withdrawn: send corrections.\n"
    "\n"
    "  --source S       the source (`google_ads/123-456-7890`)\n"
    "  --from DAY       first day, as in 2026-11-20\n"
    "  --to DAY         last day\n"
    "  --report R       only this report, of a survey its study; levels are the\n"
    "                   report `gauges`, exchange rates `rates`; default: all\n"
    "  --whole-periods  also weeks, months and waves that reach over the first or\n"
    "                   last day, as a whole; else they are listed and left alone\n"
    "  --yes            do not ask\n"
    "  --force          end another session of the source\n"
    "  --tenant T       default demo\n"
    "  --url URL        where the daemon answers, default $STREAMGAUGE_HTTP, else\n"
    "                   " HTTP_CLIENT_URL "\n"
    "  --ingest ADDR    where it takes items, HOST:PORT or unix:PATH (default\n"
    "                   $STREAMGAUGE_INGEST, else 127.0.0.1:7311)\n"
    "  --token-file F   show the daemon the token of this file's first line, which\n"
    "                   must give both rights, to read and to send (default\n"
    "                   $STREAMGAUGE_TOKEN)\n"
    "  --help           this text\n"
    "\n"
    "Exit codes: 0 done, or there was nothing to withdraw, or the answer was no; 1\n"
    "something stayed; 2 usage, refused, or neither a terminal nor --yes; 4 the\n"
    "daemon or its Redis cannot be reached; 5 refused as unsafe.\n";

struct wishes {
	const char *tenant;
	const char *source;
	const char *report;
	const char *from;
	const char *to;
	int32_t first_day;
	int32_t last_day;
	const char *url;
	const char *ingest;
	bool whole_periods;
	bool yes;
	bool force;
};

static const struct option long_options[] = {
    {"source", required_argument, NULL, 's'},
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 't'},
    {"report", required_argument, NULL, 'r'},
    {"whole-periods", no_argument, NULL, 'w'},
    {"yes", no_argument, NULL, 'y'},
    {"force", no_argument, NULL, 'F'},
    {"tenant", required_argument, NULL, 'T'},
    {"url", required_argument, NULL, 'u'},
    {"ingest", required_argument, NULL, 'i'},
    {"help", no_argument, NULL, OPTIONS_HELP},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

static int complain(const char *text)
{
	(void)fprintf(stderr, "streamgauge forget: %s\n", text);
	return EXIT_USAGE;
}

static bool take_option(int option, struct wishes *wishes)
{
	const char **texts[] = {
	    ['s'] = &wishes->source, ['f'] = &wishes->from,   ['t'] = &wishes->to,
	    ['r'] = &wishes->report, ['T'] = &wishes->tenant, ['u'] = &wishes->url,
	    ['i'] = &wishes->ingest};
	bool *flags[] = {
	    ['w'] = &wishes->whole_periods, ['y'] = &wishes->yes, ['F'] = &wishes->force};
	if ((size_t)option < sizeof(texts) / sizeof(texts[0]) && texts[option])
		*texts[option] = optarg;
	else if ((size_t)option < sizeof(flags) / sizeof(flags[0]) && flags[option])
		*flags[option] = true;
	else
		return false;
	return true;
}

static int check_day(const char *name, const char *text, int32_t *ret_day)
{
	if (!text || civil_parse_day(text, strlen(text), ret_day) == 0)
		return EXIT_DONE;
	(void)fprintf(stderr, "streamgauge forget: %s `%s`: a day is written as 2026-11-20\n", name,
	              text);
	return EXIT_USAGE;
}

static int check(struct wishes *wishes)
{
	const char *missing = !wishes->source ? "--source" : !wishes->from ? "--from" : "--to";
	if (!wishes->source || !wishes->from || !wishes->to) {
		(void)fprintf(stderr,
		              "streamgauge forget: %s is missing; see streamgauge forget --help\n",
		              missing);
		return EXIT_USAGE;
	}
	int code = check_day("--from", wishes->from, &wishes->first_day);
	if (code == EXIT_DONE)
		code = check_day("--to", wishes->to, &wishes->last_day);
	if (code == EXIT_DONE && wishes->first_day > wishes->last_day)
		code = complain("--to is a day before --from");
	return code;
}

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, struct wishes *wishes)
{
	struct options given = {
	    .command = "forget", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		if (option == OPTIONS_HELP)
			(void)fputs(usage, stdout);
		if (option == OPTIONS_HELP || !take_option(option, wishes))
			return option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
	}
	char **left = options_words(&given, &words);
	if (words > 0)
		return options_stray(&given, left[0]);
	int code = check(wishes);
	return code == EXIT_DONE ? -1 : code;
}

/* ---- what is there ---- */

static int get_table(const struct wishes *wishes, const char *path, bool slices,
                     struct http_reply *ret_reply)
{
	struct buf target = {0};
	buf_printf(&target, "%s?format=csv", path);
	http_add_parameter(&target, "tenant", wishes->tenant);
	http_add_parameter(&target, "source", slices ? wishes->source : NULL);
	http_add_parameter(&target, "report", slices ? wishes->report : NULL);
	http_add_parameter(&target, "from", slices ? wishes->from : NULL);
	http_add_parameter(&target, "to", slices ? wishes->to : NULL);
	buf_put_byte(&target, 0);
	int code = buf_failed(&target) ? complain(err_rule(ERR_NOMEM))
	                               : http_get_or_say("forget", wishes->url,
	                                                 (const char *)target.bytes, ret_reply);
	buf_deinit(&target);
	return code;
}

static int tell_unknown(const struct wishes *wishes, const struct known_sources *known)
{
	struct buf text = {0};
	buf_printf(&text, "there is no source `%s`", wishes->source);
	known_sources_put_nearest(known, wishes->source, &text);
	buf_put_byte(&text, 0);
	int code = complain(buf_failed(&text) ? err_rule(ERR_NOMEM) : (const char *)text.bytes);
	buf_deinit(&text);
	return code;
}

/* The source is there, and not one of events. */
static int check_source(const struct wishes *wishes)
{
	struct http_reply reply;
	struct known_sources known = {{.rows = 0}};
	int code = get_table(wishes, "/v1/sources", false, &reply);
	if (code != EXIT_DONE)
		return code;
	if (table_parse((const char *)reply.body.bytes, reply.body.len, &known.table) != 0)
		code = complain("the answer is not the daemon's CSV");
	else if (!known_sources_has(&known, wishes->source))
		code = tell_unknown(wishes, &known);
	for (size_t i = 0; code == EXIT_DONE && i < known.table.rows; i++) {
		if (strcmp(table_cell(&known.table, i, "source"), wishes->source) != 0 ||
		    strcmp(table_cell(&known.table, i, "class"), "event") != 0)
			continue;
		(void)fprintf(stderr,
		              "streamgauge forget: %s sends events, which cannot be withdrawn one "
		              "by one; send corrections, as refunds\n",
		              wishes->source);
		code = EXIT_USAGE;
	}
	known_sources_deinit(&known);
	http_reply_deinit(&reply);
	return code;
}

static int get_periods(const struct wishes *wishes, struct periods *ret_periods)
{
	struct http_reply reply;
	int code = get_table(wishes, "/v1/slices", true, &reply);
	if (code != EXIT_DONE)
		return code;
	if (periods_parse((const char *)reply.body.bytes, reply.body.len, ret_periods) != 0)
		code = complain("the answer is not the daemon's CSV");
	http_reply_deinit(&reply);
	return code;
}

/* ---- what is chosen ---- */

struct choice {
	const struct period **periods;
	size_t count;
	uint64_t rows;
	size_t left_alone;
};

static bool is_chosen(const struct wishes *wishes, const struct period *period)
{
	return wishes->whole_periods || period_within(period, wishes->first_day, wishes->last_day);
}

static void choose(const struct wishes *wishes, const struct periods *periods,
                   struct choice *choice)
{
	for (size_t i = 0; i < periods->count; i++) {
		if (!is_chosen(wishes, &periods->items[i])) {
			choice->left_alone++;
			continue;
		}
		choice->periods[choice->count++] = &periods->items[i];
		choice->rows += periods->items[i].rows;
	}
}

static void show(const struct wishes *wishes, const struct periods *periods,
                 const struct choice *choice)
{
	if (choice->count > 0) {
		(void)printf("%s of tenant %s: what would count as zero from now on\n\n",
		             wishes->source, wishes->tenant);
		periods_print_heading();
	}
	for (size_t i = 0; i < choice->count; i++)
		period_print(periods, choice->periods[i]);
	if (choice->left_alone > 0) {
		(void)printf("%sLeft alone, because they reach over %s or %s (--whole-periods "
		             "withdraws them, too):\n\n",
		             choice->count ? "\n" : "", wishes->from, wishes->to);
		periods_print_heading();
	}
	for (size_t i = 0; choice->left_alone > 0 && i < periods->count; i++)
		if (!is_chosen(wishes, &periods->items[i]))
			period_print(periods, &periods->items[i]);
	if (choice->count > 0)
		(void)puts("\nOlder readings that come later stay without effect; newer ones count "
		           "again.");
}

/* True for yes; else *ret_code is the exit code. */
static bool agrees(const struct wishes *wishes, const struct choice *choice, int *ret_code)
{
	char line[16];
	if (wishes->yes)
		return true;
	*ret_code = EXIT_USAGE;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		(void)fflush(stdout);
		(void)complain("nothing was withdrawn: there is no terminal to ask at; --yes does "
		               "it without asking");
		return false;
	}
	(void)printf("Withdraw %s%" PRIu64 " row%s of %zu period%s? [y/N] ",
	             choice->rows > 1 ? "these " : "", choice->rows, choice->rows == 1 ? "" : "s",
	             choice->count, choice->count == 1 ? "" : "s");
	(void)fflush(stdout);
	*ret_code = EXIT_DONE;
	if (fgets(line, sizeof(line), stdin) &&
	    (strcasecmp(line, "y\n") == 0 || strcasecmp(line, "yes\n") == 0))
		return true;
	(void)puts("Nothing was withdrawn.");
	return false;
}

/* ---- doing it ---- */

/* What is left of the periods is looked up rather than believed. */
static int tell_result(const struct wishes *wishes, const struct choice *choice,
                       const struct withdrawal *withdrawal)
{
	struct periods after = {.count = 0};
	uint64_t stayed = 0;
	int code = get_periods(wishes, &after);
	for (size_t i = 0; code == EXIT_DONE && i < choice->count; i++) {
		const struct period *found = periods_find(&after, choice->periods[i]);
		stayed += found ? found->rows : 0;
	}
	periods_deinit(&after);
	if (code != EXIT_DONE)
		return code;
	uint64_t gone = choice->rows > stayed ? choice->rows - stayed : 0;
	(void)printf("Withdrawn: %" PRIu64 " row%s of %zu period%s (%s).\n", gone,
	             gone == 1 ? "" : "s", choice->count, choice->count == 1 ? "" : "s",
	             withdrawal->level);
	if (stayed == 0 && withdrawal->rejected == 0)
		return EXIT_DONE;
	(void)fflush(stdout);
	(void)fprintf(stderr,
	              "streamgauge forget: %" PRIu64 " row%s stayed: they were read after this "
	              "began, or the daemon refused\n",
	              stayed, stayed == 1 ? "" : "s");
	return EXIT_REJECTED;
}

static int carry_out(const struct wishes *wishes, const struct choice *choice)
{
	struct withdrawal withdrawal = {.to = wishes->ingest,
	                                .tenant = wishes->tenant,
	                                .source = wishes->source,
	                                .force = wishes->force,
	                                .as_of_us = clock_wall_us(),
	                                .periods = choice->periods,
	                                .count = choice->count};
	enum delivery_end end = withdraw(&withdrawal);
	if (end == DELIVERY_DONE)
		return tell_result(wishes, choice, &withdrawal);
	(void)fprintf(stderr, "streamgauge forget: %s: %s\n", wishes->source, withdrawal.error);
	return delivery_exit(end);
}

static int forget(const struct wishes *wishes)
{
	struct periods periods = {.count = 0};
	struct choice choice = {.count = 0};
	int code = check_source(wishes);
	if (code == EXIT_DONE)
		code = get_periods(wishes, &periods);
	if (code == EXIT_DONE) {
		choice.periods = calloc(periods.count + 1, sizeof(*choice.periods));
		code = choice.periods ? EXIT_DONE : complain(err_rule(ERR_NOMEM));
	}
	if (code == EXIT_DONE) {
		choose(wishes, &periods, &choice);
		show(wishes, &periods, &choice);
		if (choice.count == 0)
			(void)printf("%sThere is nothing to withdraw of %s from %s to %s%s%s.\n",
			             choice.left_alone ? "\n" : "", wishes->source, wishes->from,
			             wishes->to, wishes->report ? " in the report " : "",
			             wishes->report ? wishes->report : "");
		else if (agrees(wishes, &choice, &code))
			code = carry_out(wishes, &choice);
	}
	free(choice.periods);
	periods_deinit(&periods);
	return code;
}

int cli_forget(int argc, char **argv)
{
	const char *ingest = getenv("STREAMGAUGE_INGEST");
	struct wishes wishes = {.tenant = "demo",
	                        .url = http_default_url(),
	                        .ingest = ingest && *ingest ? ingest : "127.0.0.1:7311"};
	int code = parse(argc, argv, &wishes);
	return code < 0 ? forget(&wishes) : code;
}
