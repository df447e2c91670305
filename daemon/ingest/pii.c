/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/pii.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define PHONE_DIGITS_MIN 7
#define PHONE_DIGITS_MAX 15 /* E.164 */
#define PHONE_GROUPS     8
#define TRUNK_DIGITS_MIN 10 /* of a number with an area code; less may be an id */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Something, @, a domain of two parts. */
static bool holds_email(const char *text)
{
	for (const char *at = strchr(text, '@'); at; at = strchr(at + 1, '@')) {
		if (at == text || at[-1] == ' ' || !is_alnum(at[1]))
			continue;
		size_t domain = 1;
		while (is_alnum(at[domain]) || at[domain] == '-')
			domain++;
		if (at[domain] == '.' && is_alnum(at[domain + 1]))
			return true;
	}
	return false;
}

/* Digits in groups, as telephone numbers are written. */
struct phone {
	size_t groups[PHONE_GROUPS]; /* digits of each */
	size_t count;
	size_t digits;
};

static bool read_phone(const char *text, struct phone *phone)
{
	bool inside = false;
	*phone = (struct phone){.count = 0};
	for (; *text; text++) {
		if (!is_digit(*text) && !strchr(" -./()", *text))
			return false;
		if (!is_digit(*text)) {
			inside = false;
			continue;
		}
		if (!inside && phone->count == PHONE_GROUPS)
			return false;
		if (!inside)
			phone->groups[phone->count++] = 0;
		inside = true;
		phone->groups[phone->count - 1]++;
		phone->digits++;
	}
	return phone->digits >= PHONE_DIGITS_MIN && phone->digits <= PHONE_DIGITS_MAX;
}

/* +49 170 1234567, (030) 1234567, 0170/123 45 67, 555-123-4567. */
static bool is_phone(const char *text)
{
	struct phone phone;
	bool plus = *text == '+';
	if (!read_phone(text + plus, &phone))
		return false;
	if (plus || *text == '(')
		return true;
	if (text[0] == '0' && phone.count >= 2)
		return phone.groups[0] >= 3 && phone.digits >= TRUNK_DIGITS_MIN;
	return phone.count == 3 && phone.groups[0] == 3 && phone.groups[1] == 3 &&
	       phone.groups[2] == 4;
}

static bool is_address(const char *text)
{
	struct in6_addr address;
	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

bool pii_suspected(const char *text)
{
	return holds_email(text) || is_phone(text) || is_address(text);
}
