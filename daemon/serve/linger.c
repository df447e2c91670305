/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/linger.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle)
{
	struct linger_slot *slot = handle->data;
	close(slot->fd);
	slot->used = false;
}

static void end_slot(struct linger_slot *slot)
{
	if (!uv_is_closing((uv_handle_t *)&slot->poll))
		uv_close((uv_handle_t *)&slot->poll, on_closed);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct linger_slot *slot = poll->data;
	char bytes[65536];
	(void)events;
	ssize_t len = status == 0 ? recv(slot->fd, bytes, sizeof(bytes), MSG_DONTWAIT) : 0;
	if (len > 0)
		slot->read += (size_t)len;
	if (len <= 0 || slot->read > LINGER_BYTES)
		end_slot(slot);
}

void linger_start(struct lingers *lingers, int fd)
{
	char byte;
	struct linger_slot *slot = lingers->slots;
	while (slot < lingers->slots + LINGER_MAX && slot->used)
		slot++;
	/* 0 = the client has closed: nothing can be lost. */
	if (slot == lingers->slots + LINGER_MAX || recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return;
	*slot = (struct linger_slot){.owner = lingers, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};
	if (slot->fd < 0)
		return;
	shutdown(slot->fd, SHUT_WR);
	if (uv_poll_init(lingers->loop, &slot->poll, slot->fd) != 0) {
		close(slot->fd);
		return;
	}
	slot->used = true;
	slot->poll.data = slot;
	slot->until_ms = uv_now(lingers->loop) + LINGER_MS;
	uv_poll_start(&slot->poll, UV_READABLE, on_readable);
}

void linger_sweep(struct lingers *lingers, bool all)
{
	uint64_t now_ms = uv_now(lingers->loop);
	for (int i = 0; i < LINGER_MAX; i++)
		if (lingers->slots[i].used && (all || now_ms >= lingers->slots[i].until_ms))
			end_slot(&lingers->slots[i]);
}

bool linger_any(const struct lingers *lingers)
{
	for (int i = 0; i < LINGER_MAX; i++)
		if (lingers->slots[i].used)
			return true;
	return false;
}
