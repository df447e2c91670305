/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/address.h"

#include <arpa/inet.h>
#include <stdio.h>

int address_parse(const char *host, uint16_t port, struct sockaddr_storage *ret_address,
                  socklen_t *ret_len)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		*(struct sockaddr_in *)ret_address = four;
		*ret_len = sizeof(four);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
		*(struct sockaddr_in6 *)ret_address = six;
		*ret_len = sizeof(six);
		return 0;
	}
	return ERR_INVALID;
}

void address_text(const char *host, const struct sockaddr_storage *address, char text[ADDRESS_TEXT])
{
	bool six = address->ss_family == AF_INET6;
	uint16_t port = six ? ((const struct sockaddr_in6 *)address)->sin6_port
	                    : ((const struct sockaddr_in *)address)->sin_port;
	snprintf(text, ADDRESS_TEXT, six ? "[%s]:%u" : "%s:%u", host, ntohs(port));
}
