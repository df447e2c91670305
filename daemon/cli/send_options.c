/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "mapping/when.h"

static const char usage[] =
    "usage: streamgauge send [OPTION]... FILE... | -\n"
    "       streamgauge send --items --source S [OPTION]... FILE | -\n"
    "\n"
    "Reads CSV, NDJSON and Airbyte messages, maps them and sends them to the daemon.\n"
    "A broken-off file goes on where it stopped (events with ids are sent from the\n"
    "start, and count once); report files and events with ids may be sent any number\n"
    "of times. The days of an event file of which something was refused are not\n"
    "declared complete.\n"
    "\n"
    "  --to ADDR          HOST:PORT or unix:PATH (default $STREAMGAUGE_INGEST, else\n"
    "                     127.0.0.1:7311)\n"
    "  --token-file F     show the daemon the token of this file's first line\n"
    "                     (default $STREAMGAUGE_TOKEN)\n"
    "  --tenant T         default demo\n"
    "  --source S         `platform/account` or the account; default: the file's\n"
    "                     account column, else `default`\n"
    "  --mapping M        default: recognised by the columns\n"
    "  --mappings DIR     where the mappings are (default $STREAMGAUGE_MAPPINGS, else\n"
    "                     those that came with the program)\n"
    "  --as-of T          when the reading began, RFC 3339, for files that do not say\n"
    "                     it (default: the file's time); report files only\n"
    "  --currency C       of the account; overrides the file's\n"
    "  --zone Z           time zone of the account; overrides the file's\n"
    "  --replace          each period of the file is whole: what it lacks is zero;\n"
    "                     report files only\n"
    "  --dry-run          show ten mapped rows and the totals, send nothing\n"
    "  --config FILE      with --dry-run: check measures, dimensions, values and\n"
    "                     event types against these settings, as the daemon would\n"
    "  --rejects DIR      write rejected records to DIR, to be fixed and sent again\n"
    "  --no-heartbeat     do not say that events are complete from first to last\n"
    "  --items            the file holds items as `streamgauge rejects --json` prints\n"
    "                     them; --mapping, --currency and --zone then say what a\n"
    "                     source is that is not known yet\n"
    "  --new-source       with --items: the source may be new; without it one that\n"
    "                     the daemon does not know is refused as mistyped\n"
    "  --again            send finished events without ids once more\n"
    "  --force            end another session of the source\n"
    "  --accept-loss      go on though the daemon lost acknowledged batches\n"
    "  --help             show this text\n"
    "\n"
    "Exit codes: 0 done, 1 items were rejected, 2 usage, configuration or file,\n"
    "4 the daemon or its Redis cannot be reached, 5 refused as unsafe.\n";

enum {
	OPTION_TO = 256,
	OPTION_TENANT,
	OPTION_SOURCE,
	OPTION_MAPPING,
	OPTION_MAPPINGS,
	OPTION_AS_OF,
	OPTION_CURRENCY,
	OPTION_ZONE,
	OPTION_ITEMS,
	OPTION_REPLACE,
	OPTION_DRY_RUN,
	OPTION_CONFIG,
	OPTION_REJECTS,
	OPTION_NO_HEARTBEAT,
	OPTION_AGAIN,
	OPTION_FORCE,
	OPTION_ACCEPT_LOSS,
	OPTION_NEW_SOURCE,
};

static const struct option long_options[] = {
    {"to", required_argument, NULL, OPTION_TO},
    {"tenant", required_argument, NULL, OPTION_TENANT},
    {"source", required_argument, NULL, OPTION_SOURCE},
    {"mapping", required_argument, NULL, OPTION_MAPPING},
    {"mappings", required_argument, NULL, OPTION_MAPPINGS},
    {"as-of", required_argument, NULL, OPTION_AS_OF},
    {"currency", required_argument, NULL, OPTION_CURRENCY},
    {"zone", required_argument, NULL, OPTION_ZONE},
    {"items", no_argument, NULL, OPTION_ITEMS},
    {"replace", no_argument, NULL, OPTION_REPLACE},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"rejects", required_argument, NULL, OPTION_REJECTS},
    {"no-heartbeat", no_argument, NULL, OPTION_NO_HEARTBEAT},
    {"again", no_argument, NULL, OPTION_AGAIN},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"accept-loss", no_argument, NULL, OPTION_ACCEPT_LOSS},
    {"new-source", no_argument, NULL, OPTION_NEW_SOURCE},
    OPTIONS_OF_TOKEN,
    {"help", no_argument, NULL, OPTIONS_HELP},
    {0},
};

static void take_flag(int option, struct send_options *options)
{
	if (option == OPTION_ITEMS)
		options->items = true;
	else if (option == OPTION_REPLACE)
		options->replace = true;
	else if (option == OPTION_DRY_RUN)
		options->dry_run = true;
	else if (option == OPTION_NO_HEARTBEAT)
		options->no_heartbeat = true;
	else if (option == OPTION_AGAIN)
		options->again = true;
	else if (option == OPTION_FORCE)
		options->force = true;
	else if (option == OPTION_ACCEPT_LOSS)
		options->accept_loss = true;
	else if (option == OPTION_NEW_SOURCE)
		options->new_source = true;
}

static void take_option(int option, const char *value, struct send_options *options)
{
	if (option == OPTION_TO)
		options->to = value;
	else if (option == OPTION_TENANT)
		options->tenant = value;
	else if (option == OPTION_SOURCE)
		options->source = value;
	else if (option == OPTION_MAPPING)
		options->mapping = value;
	else if (option == OPTION_MAPPINGS)
		options->mappings = value;
	else if (option == OPTION_AS_OF)
		options->as_of_text = value;
	else if (option == OPTION_CURRENCY)
		options->currency = value;
	else if (option == OPTION_ZONE)
		options->zone = value;
	else if (option == OPTION_REJECTS)
		options->rejects = value;
	else if (option == OPTION_CONFIG)
		options->config = value;
	else
		take_flag(option, options);
}

static bool mistake(int *ret_exit, const char *option, const char *value, const char *rule)
{
	(void)fprintf(stderr, "streamgauge send: %s%s%s%s: %s\n", option, value ? " `" : "",
	              value ? value : "", value ? "`" : "", rule);
	*ret_exit = EXIT_USAGE;
	return false;
}

static bool is_currency(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return len == 3 && !text[3];
}

/* Options that say how a file is mapped make no sense with items. */
static bool check_items(const struct send_options *options, int *ret_exit)
{
	const char *stray = options->as_of_text     ? "--as-of"
	                    : options->replace      ? "--replace"
	                    : options->rejects      ? "--rejects"
	                    : options->no_heartbeat ? "--no-heartbeat"
	                    : options->accept_loss  ? "--accept-loss"
	                    : options->config       ? "--config"
	                                            : NULL;
	if (stray)
		return mistake(ret_exit, stray, NULL, "it does not go with --items");
	if (!options->source || !strchr(options->source, '/'))
		return mistake(ret_exit, "--source", options->source,
		               "--items needs the whole source, as in google_ads/123-456-7890");
	if (options->file_count > 1)
		return mistake(ret_exit, "--items", NULL, "one file at a time");
	return true;
}

static bool check_values(struct send_options *options, int *ret_exit)
{
	struct when when;
	struct zone *zone = NULL;
	if (options->as_of_text) {
		size_t len = strlen(options->as_of_text);
		if (when_parse(options->as_of_text, len, WHEN_ISO, &when) != 0)
			return mistake(ret_exit, "--as-of", options->as_of_text,
			               "an instant as in 2026-11-21T23:30:00+01:00 is expected");
		options->as_of_us = when_instant(&when, NULL);
	}
	if (options->currency && !is_currency(options->currency))
		return mistake(ret_exit, "--currency", options->currency,
		               "a currency is three capital letters");
	if (options->zone && zone_open(options->zone, &zone) != 0)
		return mistake(ret_exit, "--zone", options->zone, "there is no such time zone");
	zone_close(zone);
	struct stat stat_of;
	if (options->rejects &&
	    (stat(options->rejects, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode) ||
	     access(options->rejects, W_OK | X_OK) != 0))
		return mistake(ret_exit, "--rejects", options->rejects,
		               "name a directory that is there and can be written");
	return true;
}

/* The files, and what goes with what. */
static bool check_use(const struct send_options *options, int *ret_exit)
{
	if (options->file_count == 0) {
		(void)fputs(
		    "streamgauge send: name at least one file, or - for the standard input; "
		    "see streamgauge send --help\n",
		    stderr);
		*ret_exit = EXIT_USAGE;
		return false;
	}
	if (options->config && !options->dry_run)
		return mistake(ret_exit, "--config", NULL,
		               "it goes with --dry-run: a running daemon checks by itself");
	if (options->new_source && !options->items)
		return mistake(ret_exit, "--new-source", NULL,
		               "it goes with --items: a file's mapping makes its sources");
	int stdins = 0;
	for (int i = 0; i < options->file_count; i++)
		stdins += strcmp(options->files[i], "-") == 0;
	if (stdins > 1)
		return mistake(ret_exit, "-", NULL, "the standard input can be read once");
	return !options->items || check_items(options, ret_exit);
}

/* Directories relative to the program: installed, and in a build tree. */
static const char *const beside[] = {
    "../share/streamgauge/mappings",
    "../../../config/mappings",
    "../../config/mappings",
};

const char *send_mappings_dir(void)
{
	static char path[4200];
	char program[4000];
	const char *given = getenv("STREAMGAUGE_MAPPINGS");
	if (given && *given)
		return given;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(program, '/');
	for (size_t i = 0; slash && i < sizeof(beside) / sizeof(beside[0]); i++) {
		(void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - program), program,
		               beside[i]);
		if (access(path, R_OK) == 0)
			return path;
	}
	return "/etc/streamgauge/mappings";
}

bool send_options_parse(int argc, char **argv, struct send_options *ret_options, int *ret_exit)
{
	const char *to = getenv("STREAMGAUGE_INGEST");
	struct send_options options = {.to = to && *to ? to : "127.0.0.1:7311", .tenant = "demo"};
	struct options given = {
	    .command = "send", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		if (option == OPTIONS_HELP)
			(void)fputs(usage, stdout);
		if (option == OPTIONS_HELP || option == OPTIONS_WRONG) {
			*ret_exit = option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
			return false;
		}
		take_option(option, optarg, &options);
	}
	options.files = options_words(&given, &options.file_count);
	if (!check_values(&options, ret_exit) || !check_use(&options, ret_exit))
		return false;
	if (!options.mappings)
		options.mappings = send_mappings_dir();
	*ret_options = options;
	return true;
}
