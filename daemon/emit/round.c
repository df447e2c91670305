/* SPDX-License-Identifier: Apache-2.0
 * A round of one tenant, step by step. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "emit/emitter_private.h"

/* ---- steps ---- */

void round_end(struct emit_tenant *tenant, bool again)
{
	tenant->running = false;
	tenant->waiting = false;
	tenant->dirty = tenant->dirty || again;
}

static void next_step(struct emit_tenant *tenant)
{
	tenant->attempts = 0;
	if (++tenant->step == STEP_END)
		round_end(tenant, false);
}

/* True when the step may be tried once more; else it is left for the next round. */
static bool try_again(struct emit_tenant *tenant)
{
	if (++tenant->attempts < EMIT_ATTEMPTS)
		return true;
	tenant->dirty = true;
	next_step(tenant);
	return false;
}

static int32_t step_day(const struct emit_tenant *tenant)
{
	return tenant->closed - (STEP_END - 1 - tenant->step);
}

static char *step_etag(struct emit_tenant *tenant)
{
	int slot = tenant->step;
	if (slot >= STEP_DAYS)
		slot = STEP_DAYS + step_day(tenant) % EMIT_DAYS;
	return tenant->etags[slot];
}

/* ---- what Redis answered ---- */

static void drop_next(struct emit_tenant *tenant)
{
	mark_deinit(&tenant->next);
	known_rows_deinit(&tenant->next_known);
}

static void on_mark(void *arg, const char *name, const char *value)
{
	struct emit_tenant *tenant = arg;
	if (!tenant->adopting) {
		drop_next(tenant);
		tenant->adopting = true;
	}
	/* Without memory for the list of stages none of them is deleted. */
	if (mark_take(&tenant->next, name, value) < 0)
		log_warn("emission_failed", "reason=\"%s\"", err_rule(ERR_NOMEM));
}

/* What is there is another's, or of this daemon before it lost the reply. */
static void adopt(struct emit_tenant *tenant)
{
	if (!tenant->adopting)
		drop_next(tenant); /* there is no mark at all */
	tenant->adopting = false;
	mark_deinit(&tenant->mark);
	known_rows_deinit(&tenant->known);
	tenant->mark = tenant->next;
	tenant->next = (struct mark){.stages = NULL};
	tenant->mark_known = true;
	memset(tenant->etags, 0, sizeof(tenant->etags));
}

static void take_written(struct emit_tenant *tenant)
{
	mark_deinit(&tenant->mark);
	tenant->mark = tenant->next;
	tenant->next = (struct mark){.stages = NULL};
	if (tenant->step == STEP_SUMMARY) {
		known_rows_deinit(&tenant->known);
		tenant->known = tenant->next_known;
		tenant->next_known = (struct known_rows){.count = 0};
	}
	memcpy(step_etag(tenant), tenant->next_etag, ETAG_TEXT);
	next_step(tenant);
}

static void on_done(void *arg, int err)
{
	struct emit_tenant *tenant = arg;
	tenant->waiting = false;
	if (tenant->emitter->stopping)
		return;
	if (err == 0) {
		take_written(tenant);
	} else if (err == ERR_AGAIN) {
		adopt(tenant);
		if (tenant->step == STEP_MARK)
			next_step(tenant);
		else
			(void)try_again(tenant);
	} else {
		/* Whether it was written is not known: the mark tells. */
		tenant->mark_known = false;
		drop_next(tenant);
		round_end(tenant, true);
	}
	emitter_wake(tenant->emitter);
}

static void send_emission(struct emit_tenant *tenant, struct emission *emission)
{
	struct driver *driver = tenant->emitter->drivers[tenant->index];
	const struct driver_emitted emitted = {.mark = on_mark, .done = on_done, .arg = tenant};
	tenant->adopting = false;
	int err = driver_emit(driver, emission, &emitted);
	if (err == 0) {
		tenant->waiting = true;
		return;
	}
	drop_next(tenant);
	round_end(tenant, true);
}

static void ask_mark(struct emit_tenant *tenant)
{
	struct emission emission;
	if (tenant->mark_known) {
		next_step(tenant);
		return;
	}
	emission_init(&emission, EMISSION_ASKS, 0);
	send_emission(tenant, &emission);
	emission_deinit(&emission);
}

/* ---- one question ---- */

/* What one step reads and makes; lives for one turn. */
struct work {
	struct arena arena;
	struct query query;
	struct plan plan;
	struct summary summary;
	struct rendered rendered;
	char etag[ETAG_TEXT];
};

static int parse(const struct emit_tenant *tenant, struct work *work)
{
	const struct settings *settings = tenant->emitter->settings;
	struct query_error error = {"", "", ""};
	char day[CIVIL_DAY_TEXT];
	struct params params = {.count = 1};
	params.items[0] = (struct param){"tenant", settings->tenants[tenant->index].name};
	if (tenant->step >= STEP_DAYS) {
		civil_format_day(day, step_day(tenant));
		params.items[1] = (struct param){"from", day};
		params.items[2] = (struct param){"to", day};
		params.items[3] = (struct param){"grain", "day"};
		params.count = 4;
	}
	return query_parse(&params, settings, &work->arena, &work->query, &error);
}

static void on_pages(void *arg, int err)
{
	struct emit_tenant *tenant = arg;
	tenant->waiting = false;
	if (tenant->emitter->stopping)
		return;
	if (err < 0)
		round_end(tenant, true);
	else
		(void)try_again(tenant);
	emitter_wake(tenant->emitter);
}

/* 0: the plan's pages are in memory. ERR_AGAIN: they are being read. */
static int plan_step(struct emit_tenant *tenant, struct partition *partition, struct work *work)
{
	const struct emitter *emitter = tenant->emitter;
	struct driver *driver = emitter->drivers[tenant->index];
	struct query_error error = {"", "", ""};
	struct fetch_list missing = {.count = 0};
	int err = parse(tenant, work);
	if (err == 0)
		err = plan_build(&work->query, emitter->settings, partition, clock_wall_us(),
		                 &work->arena, &work->plan, &error);
	if (err == 0)
		err = plan_missing(&work->plan, partition, &missing);
	if (err == 0 && missing.count > 0) {
		tenant->waiting = true;
		driver_fetch(driver, &missing, on_pages, tenant);
		return ERR_AGAIN;
	}
	fetch_list_deinit(&missing);
	return err;
}

static bool is_known(const struct emit_tenant *tenant, const struct work *work)
{
	const struct mark *mark = &tenant->mark;
	const struct rendered *rendered = &work->rendered;
	if (tenant->step == STEP_SUMMARY)
		return strcmp(mark->content, rendered->content) == 0 &&
		       mark->generation == work->summary.generation;
	const char *content = mark_day_content(mark, step_day(tenant));
	return content[0] ? strcmp(content, rendered->content) == 0 : !rendered->has_data;
}

/* The mark that the emission leaves. */
static int make_mark(struct emit_tenant *tenant, const struct work *work)
{
	struct emitter *emitter = tenant->emitter;
	struct mark *next = &tenant->next;
	drop_next(tenant);
	int err = mark_copy(&tenant->mark, next);
	if (err < 0)
		return err;
	snprintf(next->id, sizeof(next->id), "%s-%" PRIu64,
	         driver_owner(emitter->drivers[tenant->index]), ++emitter->serial);
	if (tenant->step >= STEP_DAYS) {
		mark_set_day(next, step_day(tenant), work->rendered.content);
		return 0;
	}
	next->generation = work->summary.generation;
	memcpy(next->version, emitter->version, sizeof(next->version));
	memcpy(next->content, work->rendered.content, sizeof(next->content));
	free(next->stages);
	next->stages = render_stage_list(&emitter->settings->catalog);
	return next->stages ? known_rows_set(&tenant->next_known, &work->rendered) : ERR_NOMEM;
}

static int fill(struct emit_tenant *tenant, const struct work *work, struct emission *emission)
{
	const struct rendered *rendered = &work->rendered;
	int err = 0;
	if (tenant->step >= STEP_DAYS) {
		err = render_entry(rendered, "day", NULL, emission);
	} else {
		/* Rows that are all as they were need no entry: only their version moved. */
		if (strcmp(tenant->mark.content, rendered->content) != 0)
			err = render_entry(rendered, "summary", &tenant->known, emission);
		render_stages(rendered, tenant->mark.stages, emission);
	}
	mark_put(&tenant->next, emission);
	return err;
}

static int emit_step(struct emit_tenant *tenant, struct partition *partition, struct work *work)
{
	const struct emitter *emitter = tenant->emitter;
	struct query_error error = {"", "", ""};
	struct emission emission;
	int err = summary_build(&work->plan, partition, emitter->version, &work->arena,
	                        &work->summary, &error);
	if (err == 0)
		err = render(&work->summary, &work->arena, &work->rendered);
	if (err < 0)
		return err;
	if (is_known(tenant, work)) {
		memcpy(step_etag(tenant), work->etag, ETAG_TEXT);
		next_step(tenant);
		return 0;
	}
	emission_init(&emission, tenant->mark.id, emitter->settings->emit.stream_max);
	err = make_mark(tenant, work);
	if (err == 0)
		err = fill(tenant, work, &emission);
	if (err == 0) {
		memcpy(tenant->next_etag, work->etag, ETAG_TEXT);
		send_emission(tenant, &emission);
	}
	emission_deinit(&emission);
	return err;
}

/* The same question as a reader's, answered from the same state. */
static void run_question(struct emit_tenant *tenant, struct work *work)
{
	const struct emitter *emitter = tenant->emitter;
	struct driver *driver = emitter->drivers[tenant->index];
	struct partition *partition = driver_partition(driver);
	if (!partition || partition_source_count(partition) == 0) {
		round_end(tenant, !partition);
		return;
	}
	int err = plan_step(tenant, partition, work);
	if (err == ERR_AGAIN)
		return;
	if (err == 0) {
		summary_etag(&work->plan, partition, emitter->version, driver_owner(driver),
		             FORMAT_PROTOBUF, work->etag);
		if (strcmp(work->etag, step_etag(tenant)) == 0) {
			next_step(tenant);
			return;
		}
		err = emit_step(tenant, partition, work);
	}
	if (err == 0)
		return;
	log_warn("emission_failed", "tenant=%s reason=\"%s\"",
	         emitter->settings->tenants[tenant->index].name, err_rule(err));
	tenant->dirty = true;
	next_step(tenant);
}

void round_step(struct emit_tenant *tenant)
{
	if (tenant->step == STEP_MARK) {
		ask_mark(tenant);
		return;
	}
	struct work *work = calloc(1, sizeof(*work));
	if (!work) {
		round_end(tenant, true);
		return;
	}
	arena_init(&work->arena, 0);
	run_question(tenant, work);
	rendered_deinit(&work->rendered);
	arena_deinit(&work->arena);
	free(work);
}
