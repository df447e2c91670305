/* SPDX-License-Identifier: Apache-2.0
 * What a service tells its supervisor (sd_notify(3)'s protocol): lines
 * KEY=VALUE in one datagram to the socket that $NOTIFY_SOCKET names. */
#ifndef SG_BASE_NOTIFY_H
#define SG_BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* True when somebody listens, by the environment. */
bool notify_wanted(void);

/* Sends the lines; 0 also when nobody wants them. Never waits: ERR_IO when they
 * could not be handed over, ERR_TOO_LONG for a socket path that no socket has. */
int notify_send(const char *lines);

/* Microseconds within which the supervisor wants to hear WATCHDOG=1; 0 = it
 * does not watch this process. */
uint64_t notify_watchdog_us(void);

#endif
