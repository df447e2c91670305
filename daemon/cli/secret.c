/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens.h"

/* RFC 6750, b64token. */
#define SECRET_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

static int refuse(const char *command, const char *where, int err, const char *rule)
{
	(void)fprintf(stderr, "streamgauge %s: %s: %s\n", command, where, rule);
	return err;
}

static int check(const char *command, const char *where, const char *secret)
{
	size_t len = strlen(secret);
	if (len > TOKEN_SHOWN_MAX)
		return refuse(command, where, ERR_TOO_LONG, "a token has at most 128 bytes");
	if (strspn(secret, SECRET_BYTES) != len)
		return refuse(command, where, ERR_INVALID,
		              "a token is one word of A-Z a-z 0-9 - . _ ~ + / =");
	return 0;
}

static int read_line(const char *command, const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return refuse(command, path, ERR_IO, strerror(errno));
	bool got = fgets(line, size, file) != NULL;
	bool failed = ferror(file) != 0;
	int error = errno;
	(void)fclose(file);
	if (failed)
		return refuse(command, path, ERR_IO, strerror(error));
	if (got)
		line[strcspn(line, " \t\r\n")] = '\0';
	if (!got || !*line)
		return refuse(command, path, ERR_INVALID, "its first line holds no token");
	return 0;
}

int secret_from_file(const char *command, const char *path)
{
	char line[TOKEN_SHOWN_MAX + 8];
	int err = read_line(command, path, line, sizeof(line));
	err = err ? err : check(command, path, line);
	if (!err && setenv(SECRET_VARIABLE, line, 1) != 0)
		err = refuse(command, path, ERR_NOMEM, err_rule(ERR_NOMEM));
	return err;
}

int secret_check(const char *command)
{
	return check(command, "$" SECRET_VARIABLE, secret_shown());
}

const char *secret_shown(void)
{
	const char *secret = getenv(SECRET_VARIABLE);
	return secret ? secret : "";
}
