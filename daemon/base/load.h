/* SPDX-License-Identifier: Apache-2.0
 * Short texts as machine words. */
#ifndef SG_BASE_LOAD_H
#define SG_BASE_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t load8(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint32_t load4(const void *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* memcmp of what is mostly a name, without the call. */
static inline bool same_short(const void *a, const void *b, size_t len)
{
	if (len < 4 || len > 16)
		return memcmp(a, b, len) == 0;
	const uint8_t *x = a;
	const uint8_t *y = b;
	if (len < 8)
		return load4(x) == load4(y) && load4(x + len - 4) == load4(y + len - 4);
	return load8(x) == load8(y) && load8(x + len - 8) == load8(y + len - 8);
}

#endif
