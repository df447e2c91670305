/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app_internal.h"
#include "base/log.h"

int app_say(int exit_code, const char *text)
{
	fprintf(stderr, "streamgauged: %s\n", text);
	return exit_code;
}

static int exit_of(int err)
{
	switch (err) {
	case ERR_REFUSED:
	case ERR_VERSION:
	case ERR_MALFORMED:
		return APP_EXIT_UNSAFE;
	case ERR_NOT_FOUND:
		return APP_EXIT_PACKAGES;
	default:
		return APP_EXIT_USAGE;
	}
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	log_info("stopping", "signal=%d", number);
	app_stop(app, APP_EXIT_OK);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	(void)number;
	app_reload(handle->data);
}

static void start_signals(struct app *app)
{
	signal(SIGPIPE, SIG_IGN);
	uv_signal_t *handles[] = {&app->term, &app->interrupt, &app->hangup};
	uv_signal_cb calls[] = {on_signal, on_signal, on_hangup};
	int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	for (int i = 0; i < 3; i++) {
		require(uv_signal_init(&app->loop, handles[i]) == 0);
		handles[i]->data = app;
		require(uv_signal_start(handles[i], calls[i], numbers[i]) == 0);
	}
	app->signals_open = true;
}

/* ---- the supervisor ---- */

/* The loop turns, or this was not asked; does the store make progress? */
static bool is_healthy(void *arg)
{
	const struct app *app = arg;
	for (uint32_t i = 0; app->drivers && i < app->settings->tenant_count; i++)
		if (app->drivers[i] && driver_stuck(app->drivers[i]))
			return false;
	return true;
}

static void tell_status(void *arg, char *text, size_t n)
{
	const struct app *app = arg;
	uint32_t count = app->settings->tenant_count;
	for (uint32_t i = 0; app->drivers && i < count; i++) {
		const char *reason = app->drivers[i] ? driver_reason(app->drivers[i]) : "";
		if (!reason[0])
			continue;
		snprintf(text, n, "Tenant %s: %s", app->settings->tenants[i].name, reason);
		return;
	}
	if (app->ingest && app->http)
		snprintf(text, n, "Serving %u tenant%s; senders at %s, readers at %s", count,
		         count == 1 ? "" : "s", ingest_server_address(app->ingest),
		         http_server_address(app->http));
}

/* READY=1 is for the first time that every tenant can be read and written. */
static void tell_ready(struct app *app)
{
	for (uint32_t i = 0; i < app->settings->tenant_count; i++)
		if (!app->drivers[i] || driver_phase(app->drivers[i]) != DRIVER_READY)
			return;
	service_ready(&app->service);
}

/* ---- settings ---- */

/* What root wrote, the service's own user cannot open. */
static int refuse_root(const struct app_options *options)
{
	char text[640];
	struct stat status;
	if (geteuid() != 0 || options->allow_root)
		return APP_EXIT_OK;
	if (!options->state_dir)
		return app_say(APP_EXIT_UNSAFE,
		               "root is refused: start the service, or become the user who owns "
		               "the state; for a trial name a directory of root's own after "
		               "--state; --allow-root insists");
	if (stat(options->state_dir, &status) != 0 || status.st_uid == 0)
		return APP_EXIT_OK;
	const struct passwd *owner = getpwuid(status.st_uid);
	snprintf(text, sizeof(text),
	         "%.300s belongs to user %s, who could not open what root writes there: start it "
	         "as that user; --allow-root insists",
	         options->state_dir, owner ? owner->pw_name : "that is not root");
	return app_say(APP_EXIT_UNSAFE, text);
}

/* A slip in a tenant's name would look like an unknown tenant to its clients. */
static void warn_of_strays(const struct settings *settings, const struct tokens *tokens)
{
	for (uint32_t i = 0; i < tokens_count(tokens); i++) {
		const char *name = tokens_tenant(tokens, i);
		if (strcmp(name, "*") != 0 && settings_tenant(settings, name, strlen(name)) < 0)
			log_warn("token_without_tenant", "tenant=%s file=%s", name,
			         settings->access.tokens_file);
	}
}

int app_load_tokens(const struct settings *settings, struct tokens **ret_tokens, char *reason)
{
	const char *path = settings->access.tokens_file;
	struct tokens *tokens = NULL;
	char why[TOKENS_REASON_MAX];
	int err = *path ? tokens_load(path, &tokens, why) : 0;
	if (err) {
		snprintf(reason, HTTP_REASON_MAX, "the tokens file is not taken: %s", why);
		return err;
	}
	if (tokens)
		warn_of_strays(settings, tokens);
	*ret_tokens = tokens;
	return 0;
}

static int start_settings(struct app *app)
{
	struct settings_error error = {{0}};
	char reason[HTTP_REASON_MAX];
	int err = settings_load(app->options->config, &app->settings, &error);
	if (err)
		return app_say(exit_of(err), error.text);
	if (app->options->state_dir)
		app->settings->state_dir = app->options->state_dir;
	err = app_load_tokens(app->settings, &app->tokens, reason);
	return err ? app_say(exit_of(err), reason) : APP_EXIT_OK;
}

/* ---- managed Redis ---- */

static void on_redis_ready(void *arg)
{
	struct app *app = arg;
	log_info("redis_ready", "pid=%d socket=%s", managed_pid(app->managed),
	         managed_socket(app->managed));
	for (uint32_t i = 0; i < app->settings->tenant_count; i++)
		driver_kick(app->drivers[i]);
}

static void on_redis_exited(void *arg)
{
	const struct app *app = arg;
	log_warn("redis_exited", "reason=\"%s\"", managed_reason(app->managed));
}

static void on_redis_failed(void *arg, int err)
{
	struct app *app = arg;
	(void)err;
	app_stop(app, app_say(APP_EXIT_REDIS, managed_reason(app->managed)));
}

/* Redis is another's: of the state directory only the senders' socket is used. */
static int claim_state(struct app *app)
{
	char reason[MANAGED_REASON_MAX] = "there is no memory";
	app->state_dir = calloc(1, sizeof(*app->state_dir));
	int err = ERR_NOMEM;
	if (app->state_dir)
		err = managed_dir_claim(app->state_dir, app->settings->state_dir, reason,
		                        sizeof(reason));
	if (err)
		return app_say(exit_of(err), reason);
	if (managed_dir_has_data(app->state_dir))
		log_warn("state_not_used", "path=%s reason=\"redis.address names another Redis\"",
		         app->state_dir->path);
	log_info("redis_outside", "address=%s level=%s", app->settings->redis.address,
	         app->settings->redis.level == REDIS_LEVEL_FSYNC ? "fsync" : "written");
	return APP_EXIT_OK;
}

static int start_redis(struct app *app)
{
	if (*app->settings->redis.address)
		return claim_state(app);
	struct managed_events events = {.ready = on_redis_ready,
	                                .exited = on_redis_exited,
	                                .failed = on_redis_failed,
	                                .arg = app};
	char reason[MANAGED_REASON_MAX] = "Redis could not be started";
	int err = managed_start(&app->loop, app->settings, &events, &app->managed, reason);
	return err ? app_say(exit_of(err), reason) : APP_EXIT_OK;
}

/* ---- drivers ---- */

static void on_phase(void *arg, struct driver *driver, enum driver_phase phase)
{
	struct app_tenant *tenant = arg;
	struct app *app = tenant->app;
	if (phase == DRIVER_READY && !tenant->was_ready)
		log_info("partition_ready", "tenant=%s", driver_tenant(driver)->name);
	tenant->was_ready |= phase == DRIVER_READY;
	if (app->ingest)
		ingest_server_phase(app->ingest, tenant->index, phase);
	if (app->emitter)
		emitter_phase(app->emitter, tenant->index, phase);
	if (phase == DRIVER_READY)
		tell_ready(app);
	service_update(&app->service);
	if (phase != DRIVER_STOPPED || app->stopping)
		return;
	const char *name = driver_tenant(driver)->name;
	log_error("partition_stopped", "tenant=%s reason=\"%s\"", name, driver_reason(driver));
	/* Others go on; but a state that never could be opened is the operator's to see. */
	if (!tenant->was_ready && !tenant->added)
		app_stop(app, app_say(exit_of(driver_error(driver)), driver_reason(driver)));
}

static void on_dropped(void *arg, struct driver *driver)
{
	struct app_tenant *tenant = arg;
	if (!tenant->app->stopping)
		log_warn("partition_dropped", "tenant=%s reason=\"%s\"",
		         driver_tenant(driver)->name, driver_reason(driver));
	if (tenant->app->ingest)
		ingest_server_dropped(tenant->app->ingest, tenant->index);
}

static void on_answered(void *arg, struct driver *driver, uint64_t generation)
{
	struct app_tenant *tenant = arg;
	(void)driver;
	if (tenant->app->ingest)
		ingest_server_answered(tenant->app->ingest, tenant->index, generation);
	if (tenant->app->emitter)
		emitter_answered(tenant->app->emitter, tenant->index);
}

int app_add_driver(struct app *app, uint32_t index)
{
	struct app_tenant *tenant = calloc(1, sizeof(*tenant));
	if (!tenant)
		return ERR_NOMEM;
	*tenant = (struct app_tenant){.app = app, .index = index};
	app->tenants[index] = tenant;
	struct driver_events events = {
	    .phase = on_phase, .dropped = on_dropped, .answered = on_answered, .arg = tenant};
	app->drivers[index] =
	    driver_new(&app->loop, app->settings, &app->settings->tenants[index],
	               app->managed ? managed_socket(app->managed) : NULL, &events);
	if (!app->drivers[index])
		return ERR_NOMEM;
	/* Until the managed Redis is ready, that of a daemon that was killed may
	 * still be ending behind the same socket. */
	if (app->managed)
		driver_watch(app->drivers[index], app->managed);
	app->drivers_running++;
	return 0;
}

static int start_drivers(struct app *app)
{
	uint32_t count = app->settings->tenant_count;
	app->drivers = calloc(count, sizeof(*app->drivers));
	app->tenants = calloc(count, sizeof(*app->tenants));
	int err = app->drivers && app->tenants ? 0 : ERR_NOMEM;
	for (uint32_t i = 0; !err && i < count; i++)
		err = app_add_driver(app, i);
	return err ? app_say(APP_EXIT_USAGE, err_rule(err)) : APP_EXIT_OK;
}

static int start_emitter(struct app *app)
{
	int err = emitter_start(&app->loop, app->settings, app->drivers, &app->emitter);
	return err ? app_say(APP_EXIT_USAGE, err_rule(err)) : APP_EXIT_OK;
}

/* ---- listeners ---- */

static int start_http(struct app *app)
{
	char reason[HTTP_REASON_MAX] = "HTTP could not be started";
	int err = http_server_start(&app->loop, app->settings, app->drivers, &app->http, reason);
	if (!err)
		http_server_access(app->http, app->tokens);
	return err ? app_say(APP_EXIT_USAGE, reason) : APP_EXIT_OK;
}

static int start_ingest(struct app *app)
{
	char reason[INGEST_REASON_MAX] = "ingest could not be started";
	int err =
	    ingest_server_start(&app->loop, app->settings, app->drivers, &app->ingest, reason);
	if (!err) {
		ingest_server_access(app->ingest, app->tokens);
		http_server_ingest(app->http, app->ingest);
	}
	return err ? app_say(APP_EXIT_USAGE, reason) : APP_EXIT_OK;
}

static int write_ports(struct app *app)
{
	const char *path = app->options->ports_file;
	if (!path)
		return APP_EXIT_OK;
	char text[1200];
	snprintf(text, sizeof(text), "pid=%ld\ningest=%s\nsocket=%s\nhttp=%s\nredis=%s\n",
	         (long)getpid(), ingest_server_address(app->ingest),
	         ingest_server_socket(app->ingest), http_server_address(app->http),
	         app->managed ? managed_socket(app->managed) : app->settings->redis.address);
	char partial[4096];
	snprintf(partial, sizeof(partial), "%s.partial", path);
	FILE *file = fopen(partial, "w");
	bool written = file && fputs(text, file) >= 0;
	if (file && fclose(file) != 0)
		written = false;
	if (!written || rename(partial, path) != 0) {
		snprintf(text, sizeof(text),
		         "%.900s cannot be written (%s); name another file after --print-ports",
		         path, strerror(errno));
		return app_say(APP_EXIT_USAGE, text);
	}
	return APP_EXIT_OK;
}

/* ---- order ---- */

/* The listeners answer while Redis still starts: that, and why, it is not ready. */
static int start_parts(struct app *app)
{
	int (*const steps[])(struct app *) = {start_redis, start_drivers, start_emitter,
	                                      start_http,  start_ingest,  write_ports};
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		int code = steps[i](app);
		if (code)
			return code;
	}
	log_info("listening", "ingest=%s socket=%s http=%s", ingest_server_address(app->ingest),
	         ingest_server_socket(app->ingest), http_server_address(app->http));
	/* Another's Redis may be away, or another daemon's, for as long as it likes. */
	if (!app->managed)
		service_ready(&app->service);
	return APP_EXIT_OK;
}

static void close_signals(void *arg)
{
	struct app *app = arg;
	uv_close((uv_handle_t *)&app->term, NULL);
	uv_close((uv_handle_t *)&app->interrupt, NULL);
	uv_close((uv_handle_t *)&app->hangup, NULL);
	service_close(&app->service);
	app->signals_open = false;
}

static void stop_redis(void *arg)
{
	struct app *app = arg;
	if (app->managed)
		managed_stop(app->managed, close_signals, app);
	else
		close_signals(app);
}

static void on_driver_closed(void *arg)
{
	struct app *app = arg;
	if (--app->drivers_running == 0)
		stop_redis(app);
}

static void stop_drivers(void *arg)
{
	struct app *app = arg;
	if (!app->drivers_running) {
		stop_redis(app);
		return;
	}
	for (uint32_t i = 0; i < app->settings->tenant_count; i++)
		if (app->drivers[i])
			driver_stop(app->drivers[i], on_driver_closed, app);
}

static void stop_emitter(void *arg)
{
	struct app *app = arg;
	if (app->emitter)
		emitter_stop(app->emitter, stop_drivers, app);
	else
		stop_drivers(app);
}

static void stop_http(void *arg)
{
	struct app *app = arg;
	if (app->http)
		http_server_stop(app->http, stop_emitter, app);
	else
		stop_emitter(app);
}

void app_stop(struct app *app, int exit_code)
{
	if (app->stopping)
		return;
	app->stopping = true;
	app->exit_code = exit_code;
	service_stopping(&app->service);
	if (app->ingest)
		ingest_server_stop(app->ingest, stop_http, app);
	else
		stop_http(app);
}

static void app_free(struct app *app)
{
	ingest_server_free(app->ingest);
	http_server_free(app->http);
	for (uint32_t i = 0; app->drivers && i < app->settings->tenant_count; i++)
		driver_free(app->drivers[i]);
	for (uint32_t i = 0; app->tenants && i < app->settings->tenant_count; i++)
		free(app->tenants[i]);
	emitter_free(app->emitter);
	free(app->drivers);
	free(app->tenants);
	managed_free(app->managed);
	if (app->state_dir)
		managed_dir_close(app->state_dir);
	free(app->state_dir);
	app_free_former(app);
	tokens_free(app->tokens);
	settings_free(app->settings);
}

int app_run(const struct app_options *options)
{
	struct app app = {.options = options};
	int code = start_settings(&app);
	if (!code && !options->check)
		code = refuse_root(options);
	if (code || options->check) {
		app_free(&app);
		return code;
	}
	if (uv_loop_init(&app.loop) != 0) {
		app_free(&app);
		return app_say(APP_EXIT_USAGE, "too few file descriptors are left to start with; "
		                               "raise the limit (ulimit -n)");
	}
	start_signals(&app);
	service_start(&app.service, &app.loop, is_healthy, tell_status, &app);
	code = start_parts(&app);
	if (code)
		app_stop(&app, code);
	uv_run(&app.loop, UV_RUN_DEFAULT);
	app_free(&app);
	require(uv_loop_close(&app.loop) == 0);
	if (app.exit_code == APP_EXIT_OK)
		log_info("stopped", "exit=0");
	return app.exit_code;
}
