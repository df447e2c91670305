/* SPDX-License-Identifier: Apache-2.0
 * Errors: every fallible call returns 0 or one of the negative ERR_* below. */
#ifndef SG_BASE_ERR_H
#define SG_BASE_ERR_H

enum err_index {
	ERR_INDEX_OK,
#define ERR(name, code, status, rule) ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

enum err {
	ERR_OK = 0,
#define ERR(name, code, status, rule) ERR_##name = -ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
};

/* The wire code ("unknown_measure"), "ok" for 0; never NULL. */
const char *err_code(int err);

/* The rule in plain words; never NULL. */
const char *err_rule(int err);

/* The HTTP status, 200 for 0. */
int err_http_status(int err);

/* The error with this wire code, or 0 when there is none. */
int err_by_code(const char *code);

#define SG_MUST_CHECK        __attribute__((warn_unused_result))
#define SG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Impossible states end the process, in every build. */
#define require(cond) ((cond) ? (void)0 : err_impossible(#cond, __FILE__, __LINE__))

__attribute__((noreturn, cold)) void err_impossible(const char *cond, const char *file, int line);

#endif
