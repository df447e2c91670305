/* SPDX-License-Identifier: Apache-2.0
 * Tokens: who may send or read what.
 *
 * secret   what a client shows: 43 characters of base64url, 256 random bits
 * token    the line of the tokens file that holds the secret's SHA-256, never the
 *          secret itself, and says its tenant and its right
 *
 *     # SHA-256 of the secret   tenant  right  sources, or when it ends
 *     9f86d081884c7d65...       demo    send   google_ads/1*,shop/eu
 *     2c26b46b68ffc68f...       demo    read   until=2027-01-31
 *
 * Secrets are random, so that a plain hash cannot be turned back by trying. Pure
 * but for reading the file; immutable once loaded. */
#ifndef SG_SERVE_TOKENS_H
#define SG_SERVE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TOKENS_REASON_MAX 400
#define TOKENS_MAX        10000
#define TOKEN_SECRET_TEXT 44 /* with its NUL */
#define TOKEN_HASH_TEXT   65

struct tokens;

/* Reads the file. ERR_IO, ERR_CONFIG (with the line), ERR_REFUSED (others may
 * read or change the file), ERR_NOMEM, each with one sentence in `reason`. */
int tokens_load(const char *path, struct tokens **ret_tokens,
                char reason[TOKENS_REASON_MAX]) SG_MUST_CHECK;
void tokens_free(struct tokens *tokens); /* NULL is fine */
uint32_t tokens_count(const struct tokens *tokens);

/* True when the secret's token gives the right now (`now_s` since the epoch). An
 * unknown secret, another tenant's and one that has ended are all the same. */
bool tokens_may_send(const struct tokens *tokens, const char *secret, const char *tenant,
                     const char *source, int64_t now_s);
bool tokens_may_read(const struct tokens *tokens, const char *secret, size_t len,
                     const char *tenant, int64_t now_s);

/* A new secret, and the SHA-256 of any as 64 hex digits. ERR_IO. */
int token_make(char ret_secret[TOKEN_SECRET_TEXT]) SG_MUST_CHECK;
void token_hash(const char *secret, size_t len, char ret_hash[TOKEN_HASH_TEXT]);

#endif
