/* SPDX-License-Identifier: Apache-2.0
 * The daemon towards its supervisor: started, serving, alive, reloading, ending.
 * Does nothing, and keeps no timer, where nobody listens (base/notify.h). */
#ifndef SG_SERVICE_H
#define SG_SERVICE_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

#define SERVICE_STATUS_MAX 640

struct service {
	uv_timer_t timer;
	bool open;  /* the timer is */
	bool ready; /* it serves */
	bool owes;  /* READY=1 is to be sent, or could not be handed over yet */
	bool stopping;
	uint64_t watchdog_ms;                          /* between two pings; 0 = none are wanted */
	uint64_t pinged_ms;                            /* when the last was sent */
	char status[SERVICE_STATUS_MAX];               /* sent last */
	bool (*healthy)(void *arg);                    /* no ping is sent while it is false */
	void (*tell)(void *arg, char *text, size_t n); /* one line: what the daemon does */
	void *arg;
};

/* `healthy` and `tell` are asked from the loop, about once a second. */
void service_start(struct service *service, uv_loop_t *loop, bool (*healthy)(void *arg),
                   void (*tell)(void *arg, char *text, size_t n), void *arg);

void service_ready(struct service *service);  /* it serves; later calls do nothing */
void service_update(struct service *service); /* sends the status if it changed */

/* Around a reload of the settings. */
void service_reloading(struct service *service);
void service_reloaded(struct service *service);

void service_stopping(struct service *service);
void service_close(struct service *service); /* the timer goes; pings end */

#endif
