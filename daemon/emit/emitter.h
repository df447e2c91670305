/* SPDX-License-Identifier: Apache-2.0
 * Emitter: summaries that go out unasked, into Redis.
 *
 * At most every `emit.every_seconds` a tenant of which a flush was answered, or
 * whose day has closed, has a round: its summary (as /v1/summary answers without
 * parameters), then its closed days one by one. What is the same as it was emitted
 * last is left out. One step is one turn of the loop and one question to one
 * partition; it never holds up a flush. */
#ifndef SG_EMIT_EMITTER_H
#define SG_EMIT_EMITTER_H

#include <uv.h>

#include "model/settings.h"
#include "store/driver.h"

struct emitter;

/* drivers[i] belongs to settings->tenants[i]; both outlive the emitter, or are
 * replaced by emitter_reload. ERR_NOMEM. */
int emitter_start(uv_loop_t *loop, const struct settings *settings, struct driver **drivers,
                  struct emitter **ret_emitter) SG_MUST_CHECK;

/* The same tenants in the same order, and perhaps more. ERR_NOMEM: the new tenants
 * are not emitted. */
int emitter_reload(struct emitter *emitter, const struct settings *settings,
                   struct driver **drivers) SG_MUST_CHECK;

/* What the driver's events say of the tenant at `index`. */
void emitter_answered(struct emitter *emitter, uint32_t index);
void emitter_phase(struct emitter *emitter, uint32_t index, enum driver_phase phase);

/* Begins nothing more; `closed` is called when no handle is left. */
void emitter_stop(struct emitter *emitter, void (*closed)(void *arg), void *arg);

/* After `closed`, and after the drivers were stopped. NULL is fine. */
void emitter_free(struct emitter *emitter);

#endif
