/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/tokens.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY      INT64_C(86400)
#define NOW      (INT64_C(20000) * DAY) /* 2024-10-04 */
#define HASH_ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define HASH_TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

/* Their secrets are `one` and `two`. */
static const char whole[] =
    "# the shop\n"
    "\n" HASH_ONE " demo send google_ads/*,shop/eu # until told\n"
    "  " HASH_TWO "\tdemo read until=2024-10-04\n" HASH_TWO " other send * until=2024-10-03\n";

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

static const struct {
	const char *secret;
	const char *tenant;
	const char *source;
	int64_t now_s;
	bool may;
} sends[] = {
    {"one", "demo", "google_ads/1", NOW, true},
    {"one", "demo", "shop/eu", NOW + 9999 * DAY, true},
    {"one", "demo", "shop/us", NOW, false},
    {"one", "demo", "google_ads", NOW, false},
    {"one", "other", "google_ads/1", NOW, false},
    {"two", "demo", "google_ads/1", NOW, false},
    {"two", "other", "any/thing", NOW - 1, true},
    {"two", "other", "any/thing", NOW, false},
    {"three", "demo", "shop/eu", NOW, false},
    {"", "demo", "shop/eu", NOW, false},
    {HASH_ONE, "demo", "shop/eu", NOW, false},
};

Test(tokens, sending)
{
	struct tokens *tokens = load_whole();
	cr_assert_eq(tokens_count(tokens), 3);
	for (size_t i = 0; i < sizeof(sends) / sizeof(*sends); i++)
		cr_assert_eq(tokens_may_send(tokens, sends[i].secret, sends[i].tenant,
		                             sends[i].source, sends[i].now_s),
		             sends[i].may, "case %zu", i);
	tokens_free(tokens);
}

Test(tokens, reading)
{
	struct tokens *tokens = load_whole();
	cr_assert(tokens_may_read(tokens, "two", 3, "demo", NOW + DAY - 1));
	cr_assert_not(tokens_may_read(tokens, "two", 3, "demo", NOW + DAY), "it has ended");
	cr_assert_not(tokens_may_read(tokens, "two", 3, "other", NOW), "it may only send there");
	cr_assert_not(tokens_may_read(tokens, "twofold", 7, "demo", NOW));
	cr_assert(tokens_may_read(tokens, "twofold", 3, "demo", NOW), "the length counts");
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
