/* SPDX-License-Identifier: Apache-2.0
 * What tokens.c and tokens_check.c share. */
#ifndef SG_ACCESS_TOKENS_PRIVATE_H
#define SG_ACCESS_TOKENS_PRIVATE_H

#include "access/tokens.h"
#include "base/arena.h"

#define TOKENS_LINE_MAX 2048

struct token {
	uint8_t hash[TOKEN_HASH_BYTES];
	const char *tenant; /* "*" = every one */
	enum token_right right;
	const char *sources; /* TOKEN_SEND: patterns, comma list */
	int32_t last_day;    /* UTC; INT32_MAX = it does not end */
};

struct tokens {
	struct arena arena;
	struct token *items;
	uint32_t count;
	uint32_t cap;
};

#endif
