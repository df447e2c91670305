/* SPDX-License-Identifier: Apache-2.0
 * The end of Redis' append-only file after a crash.
 *
 * A kill, a full disk or a power loss may leave the last transaction half
 * written. Redis 7.0 then cuts off the last command only, keeps the open MULTI,
 * and appends the next transactions behind it: one load later the half
 * transaction is executed together with the first whole one. So what is not
 * whole is cut off before Redis starts. Under `appendfsync always` none of it
 * was ever answered. */
#ifndef SG_STORE_AOF_H
#define SG_STORE_AOF_H

#include <stdint.h>

#include "base/err.h"

/* Cuts the newest file of the log in `data_dir` (Redis' working directory)
 * behind its last whole command outside a transaction, or whole transaction.
 * *ret_cut = bytes taken away; 0 also where there is no log yet, and where the
 * file is damaged otherwise: then Redis says what is wrong. Reads the file once.
 * ERR_IO: it cannot be read or cut; ERR_TOO_LONG: its path. */
int aof_cut_tail(const char *data_dir, uint64_t *ret_cut) SG_MUST_CHECK;

#endif
