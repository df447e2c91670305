/* SPDX-License-Identifier: Apache-2.0 */
#include "access/tokens.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "access/tokens_private.h"
#include "base/civil.h"

#define BLANKS " \t\r\n"
#define NAMES  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* The line being read, for messages. */
struct place {
	const char *path;
	unsigned line;
	char *reason;
};

SG_PRINTF(3, 4)
static int refuse(const struct place *place, int err, const char *format, ...)
{
	char text[TOKENS_REASON_MAX / 2];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (place->line)
		snprintf(place->reason, TOKENS_REASON_MAX, "%.180s:%u: %s", place->path,
		         place->line, text);
	else
		snprintf(place->reason, TOKENS_REASON_MAX, "%.180s: %s", place->path, text);
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool read_hash(const char *text, uint8_t hash[TOKEN_HASH_BYTES])
{
	if (strlen(text) != (size_t)2 * TOKEN_HASH_BYTES)
		return false;
	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool token_tenant_valid(const char *tenant)
{
	size_t len = strspn(tenant, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	return strcmp(tenant, "*") == 0 ||
	       (len > 0 && len <= 63 && !tenant[len] && !strchr("_-", tenant[0]));
}

bool token_sources_valid(const char *sources)
{
	size_t len = strspn(sources, NAMES "/*?[]!,");
	return len > 0 && len < TOKENS_LINE_MAX / 2 && !sources[len];
}

int token_until(const char *text, int32_t *ret_day)
{
	size_t len = strlen(text);
	return len == CIVIL_DAY_TEXT - 1 && civil_parse_day(text, len, ret_day) == 0 ? 0
	                                                                             : ERR_INVALID;
}

static int read_end(const struct place *place, const char *text, struct token *token)
{
	return token_until(text, &token->last_day) == 0
	           ? 0
	           : refuse(place, ERR_CONFIG, "until=%.40s is no date; write until=2027-01-31",
	                    text);
}

static int read_sources(struct tokens *tokens, const struct place *place, const char *word,
                        struct token *token)
{
	if (!token_sources_valid(word))
		return refuse(place, ERR_CONFIG,
		              "`%.40s` names no sources; write google_ads/* or shop/eu,shop/us",
		              word);
	token->sources = arena_strndup(&tokens->arena, word, strlen(word));
	return token->sources ? 0 : ERR_NOMEM;
}

/* The words behind the right: the sources of a sender, and the last day. */
static int read_rest(struct tokens *tokens, const struct place *place, char **words,
                     struct token *token)
{
	char *word;
	while ((word = strtok_r(NULL, BLANKS, words)) != NULL) {
		int err = 0;
		if (strncmp(word, "until=", 6) == 0)
			err = read_end(place, word + 6, token);
		else if (token->right == TOKEN_SEND && !token->sources)
			err = read_sources(tokens, place, word, token);
		else
			err = refuse(place, ERR_CONFIG, "`%.40s` is one word too many", word);
		if (err)
			return err;
	}
	if (token->right == TOKEN_SEND && !token->sources)
		return refuse(place, ERR_CONFIG,
		              "`send` needs the sources it may send for, such as google_ads/*");
	return 0;
}

static int read_token(struct tokens *tokens, const struct place *place, char *line,
                      struct token *token)
{
	char *words = NULL;
	const char *hash = strtok_r(line, BLANKS, &words);
	const char *tenant = strtok_r(NULL, BLANKS, &words);
	const char *right = strtok_r(NULL, BLANKS, &words);
	*token = (struct token){.last_day = INT32_MAX};
	if (!read_hash(hash, token->hash))
		return refuse(place, ERR_CONFIG,
		              "a line begins with the SHA-256 of a secret, 64 hex digits; "
		              "`streamgauge token` makes one");
	if (!tenant || !right)
		return refuse(place, ERR_CONFIG, "tenant and right are missing behind the hash");
	if (strcmp(right, "send") != 0 && strcmp(right, "read") != 0)
		return refuse(place, ERR_CONFIG, "`%.40s` is no right; send or read", right);
	if (!token_tenant_valid(tenant))
		return refuse(place, ERR_CONFIG,
		              "`%.40s` is no tenant: a-z 0-9 _ -, or * for every one", tenant);
	token->right = right[0] == 's' ? TOKEN_SEND : TOKEN_READ;
	token->tenant = arena_strndup(&tokens->arena, tenant, strlen(tenant));
	return token->tenant ? read_rest(tokens, place, &words, token) : ERR_NOMEM;
}

static int add_token(struct tokens *tokens, const struct place *place, char *line)
{
	if (tokens->count == TOKENS_MAX)
		return refuse(place, ERR_CONFIG, "there are more than %d tokens", TOKENS_MAX);
	if (tokens->count == tokens->cap) {
		uint32_t cap = tokens->cap ? tokens->cap * 2 : 16;
		struct token *items = realloc(tokens->items, cap * sizeof(*items));
		if (!items)
			return ERR_NOMEM;
		tokens->items = items;
		tokens->cap = cap;
	}
	int err = read_token(tokens, place, line, &tokens->items[tokens->count]);
	tokens->count += !err;
	return err;
}

static int read_lines(struct tokens *tokens, struct place *place, FILE *file)
{
	char line[TOKENS_LINE_MAX];
	int err = 0;
	while (!err && fgets(line, sizeof(line), file)) {
		place->line++;
		if (strlen(line) == sizeof(line) - 1)
			return refuse(place, ERR_CONFIG, "the line is longer than %d bytes",
			              TOKENS_LINE_MAX - 2);
		line[strcspn(line, "#")] = '\0';
		if (line[strspn(line, BLANKS)])
			err = add_token(tokens, place, line);
	}
	if (!err && ferror(file))
		err = refuse(place, ERR_IO, "%s", strerror(errno));
	return err;
}

static int open_file(const struct place *place, FILE **ret_file)
{
	struct stat status;
	FILE *file = fopen(place->path, "re");
	if (!file)
		return refuse(place, ERR_IO, "%s", strerror(errno));
	if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
		fclose(file);
		return refuse(place, ERR_IO, "it is not a file");
	}
	if (status.st_mode & (S_IRWXO | S_IWGRP)) {
		fclose(file);
		return refuse(place, ERR_REFUSED,
		              "others may read or change it (mode %03o); chmod 640 it",
		              (unsigned)status.st_mode & 0777);
	}
	*ret_file = file;
	return 0;
}

int tokens_load(const char *path, struct tokens **ret_tokens, char reason[TOKENS_REASON_MAX])
{
	struct place place = {path, 0, reason};
	snprintf(reason, TOKENS_REASON_MAX, "%s", err_rule(ERR_NOMEM));
	FILE *file = NULL;
	int err = open_file(&place, &file);
	if (err)
		return err;
	struct tokens *tokens = calloc(1, sizeof(*tokens));
	if (tokens) {
		arena_init(&tokens->arena, 0);
		err = read_lines(tokens, &place, file);
	} else {
		err = ERR_NOMEM;
	}
	fclose(file);
	if (err) {
		tokens_free(tokens);
		return err;
	}
	*ret_tokens = tokens;
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	if (!tokens)
		return;
	arena_deinit(&tokens->arena);
	free(tokens->items);
	free(tokens);
}

uint32_t tokens_count(const struct tokens *tokens)
{
	return tokens->count;
}

const char *tokens_tenant(const struct tokens *tokens, uint32_t i)
{
	return tokens->items[i].tenant;
}
