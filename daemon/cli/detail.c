/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/detail.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/num.h"

#define DAY_US INT64_C(86400000000)

void instant_format(char text[INSTANT_TEXT], int64_t instant_us)
{
	char day[CIVIL_DAY_TEXT];
	int64_t number = instant_us / DAY_US;
	if (instant_us < 0 || number > CIVIL_DAY_MAX) {
		(void)snprintf(text, INSTANT_TEXT, "%" PRId64, instant_us);
		return;
	}
	civil_format_day(day, (int32_t)number);
	int second = (int)(instant_us % DAY_US / 1000000);
	int fraction = (int)(instant_us % 1000000);
	int len = snprintf(text, INSTANT_TEXT, "%sT%02d:%02d:%02d", day, second / 3600,
	                   second / 60 % 60, second % 60);
	if (fraction)
		len += snprintf(text + len, (size_t)(INSTANT_TEXT - len), ".%06d", fraction);
	(void)snprintf(text + len, (size_t)(INSTANT_TEXT - len), "Z");
}

/* The integer that the detail begins with; its length, 0 = none. */
static size_t leading_number(const char *detail, int64_t *ret_number)
{
	size_t len = strspn(detail, "0123456789");
	bool good = len > 0 && num_parse(detail, len, 0, NUM_EXACT, ret_number) == 0;
	return good ? len : 0;
}

void detail_put(struct buf *out, const char *field, const char *detail)
{
	char text[INSTANT_TEXT];
	int64_t number = 0;
	size_t field_len = strlen(field);
	bool instant = field_len > 3 && strcmp(field + field_len - 3, "_us") == 0;
	size_t len = instant ? leading_number(detail, &number) : 0;
	if (len > 0 && number > 0 && number / DAY_US <= CIVIL_DAY_MAX) {
		instant_format(text, number);
		buf_printf(out, "%s (%.*s)", text, (int)len, detail);
		detail += len;
	}
	bool day = strncmp(detail, "day ", 4) == 0;
	len = day ? leading_number(detail + 4, &number) : 0;
	if (len > 0 && number <= CIVIL_DAY_MAX) {
		civil_format_day(text, (int32_t)number);
		buf_put_text(out, text);
		detail += 4 + len;
	}
	buf_put_text(out, detail);
}
