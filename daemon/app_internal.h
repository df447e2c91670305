/* SPDX-License-Identifier: Apache-2.0
 * The daemon's parts; included by app*.c only. */
#ifndef SG_APP_INTERNAL_H
#define SG_APP_INTERNAL_H

#include <uv.h>

#include "access/tokens.h"
#include "app.h"
#include "emit/emitter.h"
#include "serve/http.h"
#include "serve/ingest_server.h"
#include "service.h"
#include "settings/settings_load.h"
#include "store/driver.h"
#include "store/managed.h"
#include "store/managed_dir.h"

/* A tenant's driver and what its events need. */
struct app_tenant {
	struct app *app;
	uint32_t index; /* in settings.tenants; kept by every reload */
	bool was_ready;
	bool added; /* by a reload: others are served, whatever becomes of it */
	bool stopped;
};

/* Settings that a reload replaced: until no answer under way reads them. */
struct app_former {
	struct app_former *next;
	struct settings *settings;
};

/* Modules in the order of their start; they stop in reverse. */
struct app {
	const struct app_options *options;
	uv_loop_t loop;
	uv_signal_t term;
	uv_signal_t interrupt;
	uv_signal_t hangup;
	bool signals_open;
	struct service service;
	struct settings *settings;
	struct app_former *former;
	struct tokens *tokens;         /* NULL = nobody is asked for one */
	struct managed *managed;       /* NULL = the Redis of the settings is another's */
	struct managed_dir *state_dir; /* in its place: the lock of the state directory */
	struct driver **drivers;       /* one per tenant */
	struct app_tenant **tenants;
	uint32_t drivers_running;
	struct emitter *emitter;
	struct http_server *http;
	struct ingest_server *ingest;
	int exit_code;
	bool stopping;
};

/* ---- app.c ---- */

/* One sentence for the person who started it; returns exit_code. */
int app_say(int exit_code, const char *text);

/* Begins the ordered stop; the first call decides the exit code. */
void app_stop(struct app *app, int exit_code);

/* Reads the tokens that the settings name; NULL where they name none. On an error
 * one sentence in `reason` (HTTP_REASON_MAX bytes). */
int app_load_tokens(const struct settings *settings, struct tokens **ret_tokens,
                    char *reason) SG_MUST_CHECK;

/* Starts the driver of settings->tenants[index]; the arrays have room for it. */
int app_add_driver(struct app *app, uint32_t index);

/* ---- app_reload.c ---- */

/* Reads the settings anew. They are taken as a whole, or the ones in force stay
 * and one sentence in the log and in /health/ready says why. */
void app_reload(struct app *app);

void app_free_former(struct app *app);

#endif
