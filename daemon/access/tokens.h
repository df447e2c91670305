/* SPDX-License-Identifier: Apache-2.0
 * Tokens: who may send or read what.
 *
 * secret   what a client shows: 43 characters of base64url, 256 random bits
 * token    the line of the tokens file that holds the secret's SHA-256, never the
 *          secret itself, and says its tenant (* = every one) and its right
 *
 *     # SHA-256 of the secret   tenant  right  sources, or when it ends
 *     9f86d081884c7d65...       demo    send   google_ads/1*,shop/eu
 *     2c26b46b68ffc68f...       demo    read   until=2027-01-31
 *
 * One secret may stand on several lines. Secrets are random, so that a plain hash
 * cannot be turned back by trying. Pure but for reading the file; immutable once
 * loaded. */
#ifndef SG_ACCESS_TOKENS_H
#define SG_ACCESS_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TOKENS_REASON_MAX 400
#define TOKENS_MAX        10000
#define TOKEN_DETAIL_MAX  160
#define TOKEN_SHOWN_MAX   128 /* bytes of what a client shows */
#define TOKEN_SECRET_TEXT 44  /* with its NUL */
#define TOKEN_HASH_BYTES  32
#define TOKEN_HASH_TEXT   65

struct tokens;

/* ---- the file ---- */

/* Reads the file. ERR_IO, ERR_CONFIG (with the line), ERR_REFUSED (others may
 * read or change the file), ERR_NOMEM, each with one sentence in `reason`. */
int tokens_load(const char *path, struct tokens **ret_tokens,
                char reason[TOKENS_REASON_MAX]) SG_MUST_CHECK;
void tokens_free(struct tokens *tokens); /* NULL is fine */
uint32_t tokens_count(const struct tokens *tokens);

/* The tenant of the i-th line that holds a token; "*" = every one. */
const char *tokens_tenant(const struct tokens *tokens, uint32_t i);

/* ---- rights ---- */

/* What a client showed; of a secret nothing but its hash is kept. */
struct token_shown {
	enum { TOKEN_NONE, TOKEN_TOO_LONG, TOKEN_HASHED } kind;
	uint8_t hash[TOKEN_HASH_BYTES];
};

struct token_shown token_show(const char *secret, size_t len);

enum token_right { TOKEN_SEND, TOKEN_READ };

struct token_wish {
	enum token_right right;
	const char *tenant; /* NULL = any */
	const char *source; /* TOKEN_SEND only; NULL = any */
};

/* Whether what was shown gives the right now (`now_s` since the epoch): 0, else with
 * one sentence
 *
 *   ERR_UNAUTHORIZED     nothing was shown, or no token, or one that has ended
 *   ERR_UNKNOWN_TENANT   a token, but of other tenants: its bearer is not to learn
 *                        whether there is this one; the sentence is the caller's
 *   ERR_FORBIDDEN        a token of the tenant without this right */
int tokens_check(const struct tokens *tokens, const struct token_shown *shown,
                 const struct token_wish *wish, int64_t now_s,
                 char detail[TOKEN_DETAIL_MAX]) SG_MUST_CHECK;

/* ---- making them ---- */

/* A new secret, and the SHA-256 of any as 64 hex digits. ERR_IO. */
int token_make(char ret_secret[TOKEN_SECRET_TEXT]) SG_MUST_CHECK;
void token_hash(const char *secret, size_t len, char ret_hash[TOKEN_HASH_TEXT]);

/* What a line of the file may say. */
bool token_tenant_valid(const char *tenant);
bool token_sources_valid(const char *sources);
/* The day of `2027-01-31`, UTC. ERR_INVALID. */
int token_until(const char *text, int32_t *ret_day) SG_MUST_CHECK;

#endif
