/* SPDX-License-Identifier: Apache-2.0 */
#include "access/tokens.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY      INT64_C(86400)
#define NOW      (INT64_C(20000) * DAY) /* 2024-10-04 */
#define HASH_ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define HASH_TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

#define HASH_ALL "66a424a9a958b152c1c3ba65a2ac6c33ad03333e2e41e7d770b5758d46dd3ef5"

/* Their secrets are `one`, `two` and `every`. */
static const char whole[] = "# the shop\n"
                            "\n" HASH_ONE " demo send google_ads/*,shop/eu # until told\n"
                            "  " HASH_TWO "\tdemo read until=2024-10-04\n" HASH_TWO
                            " other send * until=2024-10-03\n" HASH_ALL " * read";

static char path[64];

static int load(const char *text, mode_t mode, struct tokens **ret_tokens, char *reason)
{
	snprintf(path, sizeof(path), "/tmp/sg-tokens.%d", (int)getpid());
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
	int err = tokens_load(path, ret_tokens, reason);
	unlink(path);
	return err;
}

static struct tokens *load_whole(void)
{
	char reason[TOKENS_REASON_MAX];
	struct tokens *tokens = NULL;
	cr_assert_eq(load(whole, 0640, &tokens, reason), 0, "%s", reason);
	return tokens;
}

Test(tokens, hashes_are_sha256)
{
	char hash[TOKEN_HASH_TEXT];
	token_hash("one", 3, hash);
	cr_assert_str_eq(hash, HASH_ONE);
	token_hash("two", 3, hash);
	cr_assert_str_eq(hash, HASH_TWO);
}

#define ENDED "the token ended with 2024-10-0"

static const struct {
	const char *secret;
	enum token_right right;
	const char *tenant; /* NULL = any */
	const char *source;
	int64_t now_s;
	int err;
	const char *says;
} wishes[] = {
    {"one", TOKEN_SEND, "demo", "google_ads/1", NOW, 0, ""},
    {"one", TOKEN_SEND, "demo", "shop/eu", NOW + 9999 * DAY, 0, ""},
    {"one", TOKEN_SEND, "demo", NULL, NOW, 0, ""},
    {"one", TOKEN_SEND, "demo", "shop/us", NOW, ERR_FORBIDDEN, "not send for this source"},
    {"one", TOKEN_SEND, "demo", "google_ads", NOW, ERR_FORBIDDEN, "not send for this source"},
    {"one", TOKEN_SEND, "demo", "shop/eu2", NOW, ERR_FORBIDDEN, "not send for this source"},
    {"one", TOKEN_READ, "demo", NULL, NOW, ERR_FORBIDDEN, "may send, not read"},
    {"one", TOKEN_READ, NULL, NULL, NOW, ERR_FORBIDDEN, "may send, not read"},
    {"one", TOKEN_SEND, "other", "google_ads/1", NOW, ERR_UNKNOWN_TENANT, ""},
    {"one", TOKEN_SEND, "", "google_ads/1", NOW, ERR_UNKNOWN_TENANT, ""},
    {"two", TOKEN_READ, "demo", NULL, NOW, 0, ""},
    {"two", TOKEN_READ, NULL, NULL, NOW, 0, ""},
    {"two", TOKEN_READ, "demo", NULL, NOW + DAY - 1, 0, ""},
    {"two", TOKEN_READ, "demo", NULL, NOW + DAY, ERR_UNAUTHORIZED, ENDED "4"},
    {"two", TOKEN_READ, "nobody", NULL, NOW, ERR_UNKNOWN_TENANT, ""},
    {"two", TOKEN_READ, "other", NULL, NOW - 1, ERR_FORBIDDEN, "may send, not read"},
    {"two", TOKEN_SEND, "demo", "google_ads/1", NOW, ERR_FORBIDDEN, "may not send"},
    {"two", TOKEN_SEND, "other", "any/thing", NOW - 1, 0, ""},
    {"two", TOKEN_SEND, "other", "any/thing", NOW, ERR_UNAUTHORIZED, ENDED "3"},
    {"every", TOKEN_READ, "demo", NULL, NOW, 0, ""},
    {"every", TOKEN_READ, "nobody", NULL, NOW, 0, ""},
    {"every", TOKEN_SEND, "nobody", "shop/eu", NOW, ERR_FORBIDDEN, "may not send"},
    {"three", TOKEN_SEND, "demo", "shop/eu", NOW, ERR_UNAUTHORIZED, "not known, or was revoked"},
    {"", TOKEN_SEND, "demo", "shop/eu", NOW, ERR_UNAUTHORIZED, "asks for a token"},
    {HASH_ONE, TOKEN_SEND, "demo", "shop/eu", NOW, ERR_UNAUTHORIZED, "not known"},
};

Test(tokens, what_is_shown_gives_its_right_and_no_other)
{
	struct tokens *tokens = load_whole();
	cr_assert_eq(tokens_count(tokens), 4);
	cr_assert_str_eq(tokens_tenant(tokens, 2), "other");
	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++) {
		char detail[TOKEN_DETAIL_MAX] = "";
		struct token_wish wish = {wishes[i].right, wishes[i].tenant, wishes[i].source};
		struct token_shown shown = token_show(wishes[i].secret, strlen(wishes[i].secret));
		cr_assert_eq(tokens_check(tokens, &shown, &wish, wishes[i].now_s, detail),
		             wishes[i].err, "case %zu", i);
		cr_assert_not_null(strstr(detail, wishes[i].says), "case %zu says: %s", i, detail);
	}
	tokens_free(tokens);
}

Test(tokens, the_length_counts)
{
	static const char longest[TOKEN_SHOWN_MAX + 1] = {'x'};
	struct tokens *tokens = load_whole();
	struct token_wish wish = {TOKEN_READ, "demo", NULL};
	char detail[TOKEN_DETAIL_MAX] = "";
	struct token_shown shown = token_show("twofold", 3);
	cr_assert_eq(tokens_check(tokens, &shown, &wish, NOW, detail), 0);
	shown = token_show("twofold", 7);
	cr_assert_eq(tokens_check(tokens, &shown, &wish, NOW, detail), ERR_UNAUTHORIZED);
	shown = token_show(longest, TOKEN_SHOWN_MAX);
	cr_assert_eq(tokens_check(tokens, &shown, &wish, NOW, detail), ERR_UNAUTHORIZED);
	cr_assert_str_eq(detail, "the token is not known, or was revoked");
	shown = token_show(longest, TOKEN_SHOWN_MAX + 1);
	cr_assert_eq(tokens_check(tokens, &shown, &wish, NOW, detail), ERR_UNAUTHORIZED);
	cr_assert_str_eq(detail, "a token has at most 128 bytes");
	tokens_free(tokens);
}

static const struct {
	const char *text;
	mode_t mode;
	int err;
	const char *says;
} refused[] = {
    {whole, 0644, ERR_REFUSED, "others may read or change it (mode 644); chmod 640 it"},
    {whole, 0660, ERR_REFUSED, "mode 660"},
    {"\nsecret demo read\n", 0600, ERR_CONFIG, ":2: a line begins with the SHA-256"},
    {HASH_ONE "\n", 0600, ERR_CONFIG, ":1: tenant and right are missing"},
    {HASH_ONE " demo\n", 0600, ERR_CONFIG, "tenant and right are missing"},
    {HASH_ONE " demo write shop/*\n", 0600, ERR_CONFIG, "`write` is no right; send or read"},
    {HASH_ONE " demo send\n", 0600, ERR_CONFIG, "needs the sources"},
    {HASH_ONE " demo read shop/eu\n", 0600, ERR_CONFIG, "`shop/eu` is one word too many"},
    {HASH_ONE " demo read until=2027-02-30\n", 0600, ERR_CONFIG, "until=2027-02-30 is no date"},
    {HASH_ONE " demo read until=27-1-1\n", 0600, ERR_CONFIG, "until=27-1-1 is no date"},
    {HASH_ONE " Demo read\n", 0600, ERR_CONFIG, "`Demo` is no tenant"},
    {HASH_ONE " demo send shop/eu;\n", 0600, ERR_CONFIG, "`shop/eu;` names no sources"},
    {HASH_ONE " demo read until=soon\n", 0600, ERR_CONFIG, "until=soon is no date"},
};

Test(tokens, bad_files_say_what_is_wrong)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		char reason[TOKENS_REASON_MAX] = "";
		struct tokens *tokens = NULL;
		cr_assert_eq(load(refused[i].text, refused[i].mode, &tokens, reason),
		             refused[i].err, "case %zu", i);
		cr_assert_null(tokens);
		cr_assert_not_null(strstr(reason, refused[i].says), "case %zu says: %s", i, reason);
		cr_assert_not_null(strstr(reason, path), "case %zu does not name the file", i);
	}
	char reason[TOKENS_REASON_MAX];
	struct tokens *tokens = NULL;
	cr_assert_eq(tokens_load("/nowhere/tokens", &tokens, reason), ERR_IO);
	cr_assert_eq(tokens_load("/tmp", &tokens, reason), ERR_IO);
}

Test(tokens, secrets_are_new_each_time)
{
	char first[TOKEN_SECRET_TEXT];
	char second[TOKEN_SECRET_TEXT];
	cr_assert_eq(token_make(first), 0);
	cr_assert_eq(token_make(second), 0);
	cr_assert_eq(strlen(first), (size_t)TOKEN_SECRET_TEXT - 1);
	cr_assert_str_neq(first, second);
	cr_assert_eq(strspn(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                           "0123456789-_"),
	             (size_t)TOKEN_SECRET_TEXT - 1);
}
