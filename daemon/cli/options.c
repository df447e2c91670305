/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/secret.h"

/* Long options that the first len bytes of a name may stand for. */
static int count_meant(const struct options *options, const char *name, size_t len)
{
	int count = 0;
	for (const struct option *one = options->list; one->name; one++)
		count += strncmp(one->name, name, len) == 0;
	return count;
}

static void tell_meant(const struct options *options, const char *name, size_t len)
{
	const char *before = " may be ";
	(void)fprintf(stderr, "--%.*s", (int)len, name);
	for (const struct option *one = options->list; one->name; one++) {
		if (strncmp(one->name, name, len) != 0)
			continue;
		(void)fprintf(stderr, "%s--%s", before, one->name);
		before = " or ";
	}
}

static void tell_mistake(const struct options *options, int found)
{
	const char *word = options->argv[optind - 1];
	size_t len = strcspn(word, "=");
	bool is_long = strncmp(word, "--", 2) == 0 && len > 2;
	(void)fprintf(stderr, "streamgauge %s: ", options->command);
	if (found == ':')
		(void)fprintf(stderr, "%s needs a value", word);
	else if (optopt && is_long)
		(void)fprintf(stderr, "%.*s takes no value", (int)len, word);
	else if (optopt)
		(void)fprintf(stderr, "unknown option -%c", optopt);
	else if (count_meant(options, word + 2, len - 2) > 1)
		tell_meant(options, word + 2, len - 2);
	else
		(void)fprintf(stderr, "unknown option %.*s", (int)len, word);
	(void)fprintf(stderr, "; see streamgauge %s --help\n", options->command);
}

static int next_option(struct options *options)
{
	if (!options->begun) {
		/* 0 has getopt forget what it knew of an earlier argv. */
		optind = 0;
		opterr = 0;
		options->begun = true;
	}
	int found = getopt_long(options->argc, options->argv, ":h", options->list, &options->index);
	bool empty = found != OPTIONS_END && found != ':' && optarg && !*optarg;
	if (found != ':' && found != OPTIONS_WRONG && !empty)
		return found;
	if (empty)
		(void)fprintf(stderr, "streamgauge %s: --%s is empty; see streamgauge %s --help\n",
		              options->command, options->list[options->index].name,
		              options->command);
	else
		tell_mistake(options, found);
	return OPTIONS_WRONG;
}

static bool asks_token(const struct options *options)
{
	for (const struct option *one = options->list; one->name; one++)
		if (one->val == OPTIONS_TOKEN_FILE)
			return true;
	return false;
}

static int take_token(const struct options *options, int found)
{
	if (found == OPTIONS_TOKEN_FILE)
		return secret_from_file(options->command, optarg) == 0 ? 0 : OPTIONS_WRONG;
	(void)fprintf(stderr,
	              "streamgauge %s: a secret is no argument, which everybody could read: "
	              "write it to a file for --token-file, or into $STREAMGAUGE_TOKEN\n",
	              options->command);
	return OPTIONS_WRONG;
}

int options_next(struct options *options)
{
	int taken = 0;
	int found = 0;
	do {
		found = next_option(options);
		bool token = found == OPTIONS_TOKEN_FILE || found == OPTIONS_TOKEN;
		taken = token ? take_token(options, found) : found;
	} while (taken == 0);
	if (taken == OPTIONS_END && asks_token(options) && secret_check(options->command) != 0)
		return OPTIONS_WRONG;
	return taken;
}
char **options_words(const struct options *options, int *ret_count)
{
	*ret_count = options->argc - optind;
	return options->argv + optind;
}

int options_stray(const struct options *options, const char *word)
{
	(void)fprintf(stderr,
	              "streamgauge %s: `%s` is one word too many; see streamgauge %s --help\n",
	              options->command, word, options->command);
	return EXIT_USAGE;
}
