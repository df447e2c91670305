/* SPDX-License-Identifier: Apache-2.0
 * The forms in which exporters write days, hours and instants. */
#ifndef SG_MAPPING_WHEN_H
#define SG_MAPPING_WHEN_H

#include "base/civil.h"

enum when_form {
	WHEN_ISO,     /* year first: 2026-11-21, 2026/11/21, 20261121 */
	WHEN_DMY,     /* 21.11.2026, 21/11/2026, 21-11-2026 */
	WHEN_MDY,     /* 11/21/2026 */
	WHEN_EPOCH_S, /* seconds since 1970-01-01T00:00:00Z, a fraction is taken */
	WHEN_EPOCH_MS,
	WHEN_EPOCH_US,
	WHEN_FORM_COUNT
};

/* "iso", "dmy", "mdy", "epoch_s", "epoch_ms", "epoch_us", NULL. */
extern const char *const WHEN_FORM_NAMES[WHEN_FORM_COUNT + 1];

/* One date in each form, for messages. */
extern const char *const WHEN_FORM_SHOWN[WHEN_FORM_COUNT];

/* What a text says, as it says it. */
struct when {
	int32_t day; /* civil */
	int hour;
	int minute;
	int second;
	int32_t micro;
	bool has_time;
	bool has_offset; /* Z, UTC or +01:00 stood behind it; always for epochs */
	int32_t offset;  /* seconds east of UTC */
};

/* A date and, behind a T or blanks, an optional time `5:00`, `05:00:00`,
 * `05:00:00.123` with an optional `Z`, ` UTC`, `+01:00` or `+0100`; the iso
 * form also takes `2026112105` (day and hour). ERR_BAD_DATE. */
int when_parse(const char *text, size_t len, enum when_form form,
               struct when *ret_when) SG_MUST_CHECK;

/* The instant; a time without an offset is read in `zone`, NULL = UTC. Of a
 * local time that happens twice the first is meant; one that a change of
 * offset skips is moved behind the gap. */
int64_t when_instant(const struct when *when, const struct zone *zone);

#endif
