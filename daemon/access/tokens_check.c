/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "access/tokens_private.h"
#include "base/civil.h"

/* ---- secrets and their hashes ---- */

static void hash_of(const char *secret, size_t len, uint8_t ret_hash[TOKEN_HASH_BYTES])
{
	require(gnutls_hash_fast(GNUTLS_DIG_SHA256, secret, len, ret_hash) == 0);
}

struct token_shown token_show(const char *secret, size_t len)
{
	struct token_shown shown = {.kind = TOKEN_NONE};
	if (len > TOKEN_SHOWN_MAX) {
		shown.kind = TOKEN_TOO_LONG;
	} else if (len > 0) {
		shown.kind = TOKEN_HASHED;
		hash_of(secret, len, shown.hash);
	}
	return shown;
}

int token_make(char ret_secret[TOKEN_SECRET_TEXT])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t bytes[TOKEN_HASH_BYTES];
	if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) != 0)
		return ERR_IO;
	uint32_t bits = 0;
	int have = 0;
	size_t at = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			ret_secret[at++] = digits[bits >> (have - 6) & 63];
	}
	ret_secret[at++] = digits[bits << (6 - have) & 63];
	ret_secret[at] = '\0';
	return 0;
}

void token_hash(const char *secret, size_t len, char ret_hash[TOKEN_HASH_TEXT])
{
	uint8_t hash[TOKEN_HASH_BYTES];
	hash_of(secret, len, hash);
	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++)
		snprintf(ret_hash + 2 * i, 3, "%02x", hash[i]);
}

/* ---- rights ---- */

static bool source_allowed(const char *patterns, const char *source)
{
	char pattern[TOKENS_LINE_MAX];
	while (*patterns) {
		size_t len = strcspn(patterns, ",");
		memcpy(pattern, patterns, len);
		pattern[len] = '\0';
		if (fnmatch(pattern, source, FNM_NOESCAPE) == 0)
			return true;
		patterns += len + (patterns[len] == ',');
	}
	return false;
}

static bool is_of_tenant(const struct token *token, const char *tenant)
{
	return !tenant || strcmp(token->tenant, "*") == 0 || strcmp(token->tenant, tenant) == 0;
}

static bool gives(const struct token *token, const struct token_wish *wish)
{
	return token->right == wish->right && is_of_tenant(token, wish->tenant) &&
	       (wish->right == TOKEN_READ || !wish->source ||
	        source_allowed(token->sources, wish->source));
}

/* What the lines of one secret say together. */
struct finding {
	bool known;
	bool lasts; /* a line does */
	bool here;  /* one that lasts is of the tenant */
	bool given;
	bool was_given; /* by a line that has ended */
	int32_t last_day;
};

static struct finding find(const struct tokens *tokens, const uint8_t hash[TOKEN_HASH_BYTES],
                           const struct token_wish *wish, int64_t day)
{
	struct finding finding = {.last_day = INT32_MIN};
	for (uint32_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->items[i];
		if (memcmp(token->hash, hash, TOKEN_HASH_BYTES) != 0)
			continue;
		finding.known = true;
		if (day > token->last_day) {
			finding.was_given |= gives(token, wish);
			if (token->last_day > finding.last_day)
				finding.last_day = token->last_day;
			continue;
		}
		finding.lasts = true;
		finding.here |= is_of_tenant(token, wish->tenant);
		finding.given |= gives(token, wish);
	}
	return finding;
}

static int refuse(char detail[TOKEN_DETAIL_MAX], int err, const char *text)
{
	snprintf(detail, TOKEN_DETAIL_MAX, "%s", text);
	return err;
}

static int refuse_ended(char detail[TOKEN_DETAIL_MAX], int32_t day)
{
	char text[CIVIL_DAY_TEXT];
	civil_format_day(text, day);
	snprintf(detail, TOKEN_DETAIL_MAX, "the token ended with %s (UTC); a new one is needed",
	         text);
	return ERR_UNAUTHORIZED;
}

int tokens_check(const struct tokens *tokens, const struct token_shown *shown,
                 const struct token_wish *wish, int64_t now_s, char detail[TOKEN_DETAIL_MAX])
{
	if (shown->kind == TOKEN_NONE)
		return refuse(detail, ERR_UNAUTHORIZED, "the daemon asks for a token");
	if (shown->kind == TOKEN_TOO_LONG)
		return refuse(detail, ERR_UNAUTHORIZED, "a token has at most 128 bytes");
	struct finding finding = find(tokens, shown->hash, wish, now_s / 86400);
	if (finding.given)
		return 0;
	if (!finding.known)
		return refuse(detail, ERR_UNAUTHORIZED, "the token is not known, or was revoked");
	if (finding.was_given || !finding.lasts)
		return refuse_ended(detail, finding.last_day);
	if (!finding.here)
		return refuse(detail, ERR_UNKNOWN_TENANT, err_rule(ERR_UNKNOWN_TENANT));
	return refuse(detail, ERR_FORBIDDEN,
	              wish->right == TOKEN_READ ? "the token may send, not read"
	                                        : "the token may not send for this source");
}
