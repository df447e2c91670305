/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/tokens.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"

#define LINE_MAX 2000

static const char usage[] =
    "usage: streamgauge token --tenant T [--send SOURCES] [--read] [OPTION]...\n"
    "\n"
    "Makes a token: prints its secret, this once, and the line that admits it, which\n"
    "goes into the daemon's tokens file (`access: {tokens_file: ...}`). With both\n"
    "--send and --read, as `streamgauge forget` needs, it is two lines of one secret.\n"
    "The file holds hashes only. The daemon takes it at its next reload (SIGHUP, or\n"
    "systemctl reload); a line that is taken out ends the sessions of its token.\n"
    "\n"
    "  --tenant T         the tenant; '*' = every one\n"
    "  --send SOURCES     may send for these: 'google_ads/*' or 'shop/eu,shop/us'\n"
    "  --read             may read summaries, sources and rejects\n"
    "  --until DATE       its last day, UTC (2027-01-31); default: it does not end\n"
    "  --append FILE      append the line to FILE, which is made with mode 640, and\n"
    "                     print nothing but the secret\n"
    "  --help             show this text\n"
    "\n"
    "Clients show the secret with --token-file FILE or $STREAMGAUGE_TOKEN, other\n"
    "programs in Hello.token, and over HTTP as `Authorization: Bearer SECRET`.\n"
    "\n"
    "Exit codes: 0 done, 2 usage or file, 5 refused as unsafe: others may read FILE.\n";

static const struct option long_options[] = {
    {"tenant", required_argument, NULL, 't'},
    {"send", required_argument, NULL, 's'},
    {"read", no_argument, NULL, 'r'},
    {"until", required_argument, NULL, 'u'},
    {"append", required_argument, NULL, 'a'},
    {"help", no_argument, NULL, OPTIONS_HELP},
    {NULL, 0, NULL, 0},
};

struct wishes {
	const char *tenant;
	const char *sources;
	bool read;
	const char *until;
	const char *append;
};

static int mistake(const char *option, const char *value, const char *rule)
{
	(void)fprintf(stderr, "streamgauge token: %s%s%s%s: %s\n", option, value ? " `" : "",
	              value ? value : "", value ? "`" : "", rule);
	return EXIT_USAGE;
}

static int check_until(const char *until)
{
	int32_t day = 0;
	if (token_until(until, &day) != 0)
		return mistake("--until", until, "a date is expected, as in 2027-01-31");
	if (day < clock_wall_us() / (86400 * INT64_C(1000000)))
		return mistake("--until", until, "the day is over: the token would never be valid");
	return EXIT_DONE;
}

static int check(const struct wishes *wishes)
{
	if (!wishes->tenant)
		return mistake("--tenant", NULL,
		               "say whose token it is; see streamgauge token --help");
	if (!token_tenant_valid(wishes->tenant))
		return mistake("--tenant", wishes->tenant,
		               "a tenant is made of a-z 0-9 _ -; '*' is every one");
	if (!wishes->read && !wishes->sources)
		return mistake("--send, --read", NULL,
		               "say at least one of them; see streamgauge token --help");
	if (wishes->sources && !token_sources_valid(wishes->sources))
		return mistake("--send", wishes->sources,
		               "sources are expected, as in 'google_ads/*' or shop/eu,shop/us");
	return wishes->until ? check_until(wishes->until) : EXIT_DONE;
}

/* -1 = go on, else the exit code. */
static int parse(int argc, char **argv, struct wishes *wishes)
{
	struct options given = {
	    .command = "token", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int words = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		if (option == OPTIONS_HELP)
			(void)fputs(usage, stdout);
		if (option == OPTIONS_HELP || option == OPTIONS_WRONG)
			return option == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
		if (option == 't')
			wishes->tenant = optarg;
		else if (option == 's')
			wishes->sources = optarg;
		else if (option == 'r')
			wishes->read = true;
		else if (option == 'u')
			wishes->until = optarg;
		else
			wishes->append = optarg;
	}
	char **left = options_words(&given, &words);
	if (words > 0)
		return options_stray(&given, left[0]);
	int code = check(wishes);
	return code == EXIT_DONE ? -1 : code;
}

/* True when the last line of the file lacks its end. */
static bool is_torn(int fd, off_t size)
{
	char last = '\n';
	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

static int write_lines(int fd, const char *lines)
{
	char whole[2 * LINE_MAX + 2];
	struct stat status;
	if (fstat(fd, &status) != 0)
		return errno;
	int len =
	    snprintf(whole, sizeof(whole), "%s%s", is_torn(fd, status.st_size) ? "\n" : "", lines);
	/* One write, so that a reload reads all of it or none. */
	ssize_t wrote = write(fd, whole, (size_t)len);
	if (wrote != len)
		return wrote < 0 ? errno : ENOSPC;
	return fsync(fd) == 0 ? 0 : errno;
}

/* A file that the daemon would refuse is not added to. */
static int check_mode(int fd, const char *path)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return mistake("--append", path, "it is not a file");
	if (!(status.st_mode & (S_IRWXO | S_IWGRP)))
		return EXIT_DONE;
	(void)fprintf(stderr,
	              "streamgauge token: --append `%s`: others may read or change it (mode %03o); "
	              "chmod 640 it\n",
	              path, (unsigned)status.st_mode & 0777);
	return EXIT_UNSAFE;
}

static int append(const char *path, const char *lines)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	bool made = fd >= 0;
	if (!made && errno == EEXIST)
		fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return mistake("--append", path, strerror(errno));
	/* Whatever the umask took: the daemon's group is to read it. */
	int error = made && fchmod(fd, 0640) != 0 ? errno : 0;
	int code = error ? mistake("--append", path, strerror(error)) : check_mode(fd, path);
	if (code == EXIT_DONE && (error = write_lines(fd, lines)) != 0)
		code = mistake("--append", path, strerror(error));
	(void)close(fd);
	return code;
}

/* A line per right, of one secret. */
static void put_lines(const struct wishes *wishes, const char *hash, char lines[2 * LINE_MAX])
{
	const char *tenant = wishes->tenant;
	const char *until = wishes->until ? " until=" : "";
	const char *day = wishes->until ? wishes->until : "";
	int len = 0;
	if (wishes->sources)
		len = snprintf(lines, LINE_MAX, "%s %s send %s%s%s\n", hash, tenant,
		               wishes->sources, until, day);
	if (wishes->read)
		(void)snprintf(lines + len, LINE_MAX, "%s %s read%s%s\n", hash, tenant, until, day);
}

int cli_token(int argc, char **argv)
{
	struct wishes wishes = {0};
	char secret[TOKEN_SECRET_TEXT];
	char hash[TOKEN_HASH_TEXT];
	char lines[2 * LINE_MAX];
	int code = parse(argc, argv, &wishes);
	if (code >= 0)
		return code;
	if (token_make(secret) != 0)
		return mistake("random numbers", NULL, "the system gives none");
	token_hash(secret, strlen(secret), hash);
	put_lines(&wishes, hash, lines);
	if (wishes.append) {
		code = append(wishes.append, lines);
		if (code == EXIT_DONE)
			(void)puts(secret);
		return code;
	}
	/* Words for people apart, so that the output can be taken as it is. */
	(void)fprintf(stderr,
	              "The secret, shown this once, and below it the %s for the tokens file:\n",
	              wishes.read && wishes.sources ? "two lines" : "line");
	(void)printf("%s\n%s", secret, lines);
	return EXIT_DONE;
}
