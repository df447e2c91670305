/* SPDX-License-Identifier: Apache-2.0 */
#include "emit/emitter.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "emit/emitter_private.h"

#define CLOCK_MS  250 /* how often it is looked who is due */
#define MINUTE_US INT64_C(60000000)

/* ---- who is due ---- */

static void read_days(const struct emitter *emitter, uint32_t index, int64_t now_us,
                      int32_t *ret_today, int32_t *ret_closed)
{
	const struct zone *zone = emitter->settings->tenants[index].zone;
	int64_t grace_us = emitter->settings->lateness_grace_minutes * MINUTE_US;
	*ret_today = zone_local_of(zone, now_us).day;
	*ret_closed = zone_local_of(zone, now_us - grace_us).day - 1;
}

/* Flags change by time alone as well, mostly when a day ends: the entity tag of the
 * summary tells, once a minute. */
static bool is_due(const struct emit_tenant *tenant, int64_t now_us)
{
	const struct emitter *emitter = tenant->emitter;
	int32_t today = 0;
	int32_t closed = 0;
	if (tenant->running || tenant->waiting || emitter->settings->emit.every_seconds == 0 ||
	    uv_now(emitter->loop) < tenant->next_ms ||
	    !driver_partition(emitter->drivers[tenant->index]))
		return false;
	read_days(emitter, tenant->index, now_us, &today, &closed);
	return tenant->dirty || now_us / MINUTE_US != tenant->minute || today != tenant->today ||
	       closed != tenant->closed;
}

static void begin_round(struct emit_tenant *tenant, int64_t now_us)
{
	const struct emitter *emitter = tenant->emitter;
	tenant->running = true;
	tenant->dirty = false;
	tenant->step = STEP_MARK;
	tenant->attempts = 0;
	tenant->minute = now_us / MINUTE_US;
	tenant->next_ms =
	    uv_now(emitter->loop) + (uint64_t)emitter->settings->emit.every_seconds * 1000;
	read_days(emitter, tenant->index, now_us, &tenant->today, &tenant->closed);
}

static void on_clock(uv_timer_t *clock)
{
	struct emitter *emitter = clock->data;
	int64_t now_us = clock_wall_us();
	bool began = false;
	for (uint32_t i = 0; i < emitter->count; i++) {
		if (!is_due(emitter->tenants[i], now_us))
			continue;
		begin_round(emitter->tenants[i], now_us);
		began = true;
	}
	if (began)
		emitter_wake(emitter);
}

/* ---- one step a turn ---- */

static struct emit_tenant *find_runnable(struct emitter *emitter)
{
	for (uint32_t i = 0; i < emitter->count; i++) {
		struct emit_tenant *tenant = emitter->tenants[emitter->turn];
		emitter->turn = (emitter->turn + 1) % emitter->count;
		if (tenant->running && !tenant->waiting)
			return tenant;
	}
	return NULL;
}

static void on_now(uv_timer_t *now)
{
	struct emitter *emitter = now->data;
	struct emit_tenant *tenant = find_runnable(emitter);
	if (!tenant)
		return;
	round_step(tenant);
	emitter_wake(emitter);
}

void emitter_wake(struct emitter *emitter)
{
	if (!emitter->stopping && !uv_is_active((uv_handle_t *)&emitter->now))
		uv_timer_start(&emitter->now, on_now, 0, 0);
}

/* ---- events ---- */

void emitter_answered(struct emitter *emitter, uint32_t index)
{
	if (index < emitter->count)
		emitter->tenants[index]->dirty = true;
}

void emitter_phase(struct emitter *emitter, uint32_t index, enum driver_phase phase)
{
	if (index >= emitter->count || phase != DRIVER_READY)
		return;
	/* Redis may have come back with an older state, or another daemon emitted
	 * meanwhile: what is there now is read before anything is left out. */
	struct emit_tenant *tenant = emitter->tenants[index];
	tenant->mark_known = false;
	tenant->dirty = true;
	memset(tenant->etags, 0, sizeof(tenant->etags));
}

/* ---- life ---- */

static int add_tenant(struct emitter *emitter)
{
	struct emit_tenant *tenant = calloc(1, sizeof(*tenant));
	struct emit_tenant **tenants =
	    realloc(emitter->tenants, (emitter->count + 1) * sizeof(struct emit_tenant *));
	if (tenants)
		emitter->tenants = tenants;
	if (!tenants || !tenant) {
		free(tenant);
		return ERR_NOMEM;
	}
	tenant->emitter = emitter;
	tenant->index = emitter->count;
	tenant->dirty = true;
	emitter->tenants[emitter->count++] = tenant;
	return 0;
}

static int add_tenants(struct emitter *emitter)
{
	int err = 0;
	while (!err && emitter->count < emitter->settings->tenant_count)
		err = add_tenant(emitter);
	return err;
}

int emitter_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                  struct emitter **ret_emitter)
{
	struct emitter *emitter = calloc(1, sizeof(*emitter));
	if (!emitter)
		return ERR_NOMEM;
	*emitter = (struct emitter){.loop = loop, .settings = settings, .drivers = drivers};
	if (add_tenants(emitter) < 0) {
		emitter_free(emitter);
		return ERR_NOMEM;
	}
	settings_version(settings, emitter->version);
	uv_timer_init(loop, &emitter->clock);
	uv_timer_init(loop, &emitter->now);
	emitter->clock.data = emitter;
	emitter->now.data = emitter;
	emitter->open_handles = 2;
	uv_timer_start(&emitter->clock, on_clock, CLOCK_MS, CLOCK_MS);
	*ret_emitter = emitter;
	return 0;
}

int emitter_reload(struct emitter *emitter, const struct settings *settings,
                   struct driver **drivers)
{
	emitter->settings = settings;
	emitter->drivers = drivers;
	settings_version(settings, emitter->version);
	for (uint32_t i = 0; i < emitter->count; i++) {
		emitter->tenants[i]->dirty = true;
		emitter->tenants[i]->next_ms = 0;
	}
	return add_tenants(emitter);
}

static void on_closed(uv_handle_t *handle)
{
	struct emitter *emitter = handle->data;
	if (--emitter->open_handles == 0)
		emitter->closed(emitter->closed_arg);
}

void emitter_stop(struct emitter *emitter, void (*closed)(void *arg), void *arg)
{
	emitter->stopping = true;
	emitter->closed = closed;
	emitter->closed_arg = arg;
	uv_close((uv_handle_t *)&emitter->clock, on_closed);
	uv_close((uv_handle_t *)&emitter->now, on_closed);
}

void emitter_free(struct emitter *emitter)
{
	if (!emitter)
		return;
	for (uint32_t i = 0; i < emitter->count; i++) {
		struct emit_tenant *tenant = emitter->tenants[i];
		mark_deinit(&tenant->mark);
		mark_deinit(&tenant->next);
		known_rows_deinit(&tenant->known);
		known_rows_deinit(&tenant->next_known);
		free(tenant);
	}
	free(emitter->tenants);
	free(emitter);
}
