/* SPDX-License-Identifier: Apache-2.0
 * Lingering close: a connection that is closed while its client still sends is
 * reset by the kernel, and the client may never see the answer that says why.
 * So what still comes is read and thrown away, for a while, before the close. */
#ifndef SG_SERVE_LINGER_H
#define SG_SERVE_LINGER_H

#include <stdbool.h>
#include <uv.h>

#define LINGER_MAX   16                 /* connections at once */
#define LINGER_MS    2000               /* each */
#define LINGER_BYTES ((size_t)32 << 20) /* each */

struct linger_slot {
	uv_poll_t poll;
	struct lingers *owner;
	int fd;
	bool used;
	uint64_t until_ms;
	size_t read;
};

/* Embedded; all zero but the loop. */
struct lingers {
	uv_loop_t *loop;
	struct linger_slot slots[LINGER_MAX];
};

/* Call while `fd` is about to be closed by its owner: takes a duplicate of it,
 * where the client has not closed its side. With all slots used it does nothing. */
void linger_start(struct lingers *lingers, int fd);

/* Ends those whose time is over; `all` ends every one. */
void linger_sweep(struct lingers *lingers, bool all);

/* False once every slot's handle is closed. */
bool linger_any(const struct lingers *lingers);

#endif
