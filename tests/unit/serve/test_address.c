/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/address.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
	const char *host;
	uint16_t port;
	const char *text; /* NULL = no address */
} rows[] = {
    {"127.0.0.1", 7312, "127.0.0.1:7312"},
    {"0.0.0.0", 1, "0.0.0.0:1"},
    {"::1", 65535, "[::1]:65535"},
    {"::", 7311, "[::]:7311"},
    {"2001:db8::7", 80, "[2001:db8::7]:80"},
    {"localhost", 80, NULL},
    {"127.0.0.1.1", 80, NULL},
    {"", 80, NULL},
    {"127.0.0.1:80", 80, NULL},
};

Test(address, hosts)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sockaddr_storage address;
		socklen_t len = 0;
		char text[ADDRESS_TEXT];
		int err = address_parse(rows[i].host, rows[i].port, &address, &len);
		cr_assert_eq(err, rows[i].text ? 0 : ERR_INVALID, "%s", rows[i].host);
		if (err)
			continue;
		cr_assert_eq(len, address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
		                                                : sizeof(struct sockaddr_in));
		address_text(rows[i].host, &address, text);
		cr_assert_str_eq(text, rows[i].text);
	}
}
