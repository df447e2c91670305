/* SPDX-License-Identifier: Apache-2.0
 * SIGHUP: new settings in place of those in force.
 *
 * Every module holds a pointer to the settings and is handed the new ones in one
 * turn of the loop. Positions of tenants, measures, dimensions and grouping sets
 * are kept all over (dictionary, sessions, drivers): so they must stay, and what
 * would move them takes a restart. The former settings are freed once no answer
 * that began under them is still being sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_internal.h"
#include "base/log.h"
#include "settings/settings_reload.h"

#define REASON_MAX HTTP_REASON_MAX

/* ---- the settings that no answer reads any more ---- */

static void keep_former(struct app *app, struct app_former *former, struct settings *settings)
{
	*former = (struct app_former){.next = app->former, .settings = settings};
	app->former = former;
}

static void sweep_former(struct app *app)
{
	struct app_former **link = &app->former;
	while (*link) {
		struct app_former *former = *link;
		if (http_server_uses(app->http, former->settings)) {
			link = &former->next;
			continue;
		}
		*link = former->next;
		settings_free(former->settings);
		free(former);
	}
}

void app_free_former(struct app *app)
{
	while (app->former) {
		struct app_former *former = app->former;
		app->former = former->next;
		settings_free(former->settings);
		free(former);
	}
}

/* ---- positions ---- */

/* Tenants served now come first, in their present order. */
static int order_tenants(struct settings *settings, const struct settings *old, char *reason)
{
	for (uint32_t i = 0; i < old->tenant_count; i++) {
		const char *name = old->tenants[i].name;
		int at = settings_tenant(settings, name, strlen(name));
		if (at < 0) {
			snprintf(reason, REASON_MAX,
			         "`tenants`: %s is being served: to take it out, restart", name);
			return ERR_REFUSED;
		}
		struct tenant moved = settings->tenants[at];
		settings->tenants[at] = settings->tenants[i];
		settings->tenants[i] = moved;
	}
	return 0;
}

/* Positions are what the swap rests on: this refuses whatever would move them. */
static int check_new(const struct settings *settings, const struct settings *old, char *reason)
{
	struct buf why = {0};
	int err = settings_reload_check(old, settings, &why);
	if (err && !buf_failed(&why))
		snprintf(reason, REASON_MAX, "%.*s", (int)why.len, (const char *)why.bytes);
	else if (err)
		snprintf(reason, REASON_MAX, "%s", err_rule(ERR_NOMEM));
	buf_deinit(&why);
	return err;
}

/* ---- the swap ---- */

static int grow(struct app *app, uint32_t count)
{
	struct driver **drivers = realloc(app->drivers, count * sizeof(struct driver *));
	if (drivers)
		app->drivers = drivers;
	struct app_tenant **tenants = realloc(app->tenants, count * sizeof(*tenants));
	if (tenants)
		app->tenants = tenants;
	return drivers && tenants ? 0 : ERR_NOMEM;
}

static void swap_tokens(struct app *app, struct tokens *tokens)
{
	http_server_access(app->http, tokens);
	ingest_server_access(app->ingest, tokens);
	tokens_free(app->tokens);
	app->tokens = tokens;
}

/* From here on nothing is refused. */
static void swap(struct app *app, struct settings *settings, struct app_former *former)
{
	uint32_t served = app->settings->tenant_count;
	keep_former(app, former, app->settings);
	app->settings = settings;
	for (uint32_t i = served; i < settings->tenant_count; i++) {
		app->drivers[i] = NULL;
		app->tenants[i] = NULL;
	}
	int err = 0;
	for (uint32_t i = 0; i < settings->tenant_count; i++) {
		if (i < served)
			driver_reload(app->drivers[i], settings, &settings->tenants[i]);
		else if (!err && (err = app_add_driver(app, i)) == 0)
			app->tenants[i]->added = true;
	}
	if (!err)
		err = emitter_reload(app->emitter, settings, app->drivers);
	http_server_reload(app->http, settings, app->drivers);
	ingest_server_reload(app->ingest, settings, app->drivers);
	if (err)
		app_stop(app, app_say(APP_EXIT_USAGE, err_rule(err)));
}

static int reload(struct app *app, char *reason)
{
	struct settings *settings = NULL;
	struct tokens *tokens = NULL;
	struct settings_error error = {{0}};
	int err = settings_load(app->options->config, &settings, &error);
	if (err) {
		snprintf(reason, REASON_MAX, "%.480s", error.text);
		return err;
	}
	if (app->options->state_dir)
		settings->state_dir = app->options->state_dir;
	err = order_tenants(settings, app->settings, reason);
	err = err ? err : check_new(settings, app->settings, reason);
	err = err ? err : app_load_tokens(settings, &tokens, reason);
	struct app_former *former = err ? NULL : malloc(sizeof(*former));
	if (!err && (!former || grow(app, settings->tenant_count) != 0)) {
		snprintf(reason, REASON_MAX, "%s", err_rule(ERR_NOMEM));
		err = ERR_NOMEM;
	}
	if (err) {
		free(former);
		tokens_free(tokens);
		settings_free(settings);
		return err;
	}
	swap(app, settings, former);
	swap_tokens(app, tokens);
	return 0;
}

void app_reload(struct app *app)
{
	char reason[REASON_MAX] = "";
	if (app->stopping)
		return;
	service_reloading(&app->service);
	sweep_former(app);
	int err = reload(app, reason);
	if (err)
		log_error("reload_refused", "reason=\"%s\" then=\"the former settings stay\"",
		          reason);
	else
		log_info("reloaded", "config=%s tenants=%u", app->options->config,
		         app->settings->tenant_count);
	http_server_note(app->http, reason);
	service_reloaded(&app->service);
}
