/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"

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

int options_next(struct options *options)
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
