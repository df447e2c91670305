/* SPDX-License-Identifier: Apache-2.0
 * Log: one line per event on stderr, `event=name key=value ...`, with the
 * journal's <priority> prefix. Only edges log; leaf code returns errors. */
#ifndef SG_BASE_LOG_H
#define SG_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Lines above this level are dropped; default info. */
void log_set_level(enum log_level level);

/* The arguments print `key=value` pairs, values with blanks in double quotes. */
void log_event(enum log_level level, const char *event, const char *format, ...) SG_PRINTF(3, 4);

#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

/* A monotonic clock that counts suspended time (CLOCK_BOOTTIME), microseconds. */
int64_t clock_mono_us(void);

/* Wall clock, microseconds since the epoch. */
int64_t clock_wall_us(void);

#endif
