/* SPDX-License-Identifier: Apache-2.0
 * Addresses that listeners bind to: IPv4 and IPv6. */
#ifndef SG_SERVE_ADDRESS_H
#define SG_SERVE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

#define ADDRESS_TEXT 64

/* ERR_INVALID when the host is no IP address. */
int address_parse(const char *host, uint16_t port, struct sockaddr_storage *ret_address,
                  socklen_t *ret_len) SG_MUST_CHECK;

/* "127.0.0.1:7312", "[::1]:7312", with the port that the system gave. */
void address_text(const char *host, const struct sockaddr_storage *address,
                  char text[ADDRESS_TEXT]);

#endif
