/* SPDX-License-Identifier: Apache-2.0
 * Reading: lists of fetches, in scripts of bounded size, with owner and
 * generation checked in each. */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "store/driver_internal.h"
#include "store/key.h"

static const struct store_key state_key = {.kind = KEY_STATE};

/* A script in flight. Jobs may be given up while their reply is under way. */
struct job_call {
	struct driver *driver;
	struct job *job; /* NULL = given up */
};

static void job_free(struct job *job)
{
	if (job->call)
		job->call->job = NULL;
	fetch_list_deinit(&job->list);
	fetch_list_deinit(&job->fields);
	buf_deinit(&job->piece);
	free(job);
}

int driver_add_job(struct driver *driver, enum job_target target, struct fetch_list *list,
                   void (*done)(void *arg, int err), void *arg)
{
	struct job *job = calloc(1, sizeof(*job));
	if (!job) {
		fetch_list_deinit(list);
		return ERR_NOMEM;
	}
	job->target = target;
	job->list = *list;
	*list = (struct fetch_list){.count = 0};
	job->done = done;
	job->arg = arg;
	job->deadline_ms = target == JOB_LOAD || !done ? UINT64_MAX : driver_now(driver) + JOB_MS;
	/* What a flush waits for goes first: readers wait for flushes, too. */
	struct job **place = &driver->jobs;
	while (done && *place)
		place = &(*place)->next;
	job->next = *place;
	*place = job;
	driver_wake(driver, 0);
	return 0;
}

/* ---- what to send ---- */

static bool is_whole(const struct fetch *fetch)
{
	return fetch->field.len == 0;
}

static bool is_whole_hash(const struct fetch *fetch)
{
	return is_whole(fetch) && key_type(fetch->key.kind) == KEY_TYPE_HASH;
}

/* The items of the next script: fields of the hash that is being read, one
 * hash's names, or items up to the next whole hash. */
static const struct fetch *next_items(const struct job *job, uint32_t *ret_count)
{
	const struct fetch_list *list = &job->list;
	if (job->field_at < job->fields.count) {
		uint32_t left = job->fields.count - job->field_at;
		*ret_count = left < SCRIPT_LOAD_ITEMS ? left : SCRIPT_LOAD_ITEMS;
		return &job->fields.items[job->field_at];
	}
	uint32_t count = 0;
	while (job->at + count < list->count && count < SCRIPT_LOAD_ITEMS &&
	       !is_whole_hash(&list->items[job->at + count]))
		count++;
	*ret_count = count > 0 ? count : 1;
	return &list->items[job->at];
}

static void put_item(struct call *call, const struct fetch *fetch, size_t offset)
{
	if (!is_whole(fetch)) {
		call_text(call, "f");
		call_bytes(call, fetch->field.bytes, fetch->field.len);
	} else if (key_type(fetch->key.kind) == KEY_TYPE_HASH) {
		call_text(call, "k");
	} else if (key_type(fetch->key.kind) == KEY_TYPE_LIST) {
		call_text(call, "l");
	} else {
		call_text(call, "g");
		call_number(call, (int64_t)offset);
		call_number(call, (int64_t)(offset + SCRIPT_LOAD_BYTES - 1));
	}
}

static void on_values(void *arg, int err, const redisReply *reply);

static void send_job(struct driver *driver, struct job *job)
{
	struct job_call *in_flight = calloc(1, sizeof(*in_flight));
	uint32_t count = 0;
	const struct fetch *items = next_items(job, &count);
	struct call call;
	if (!in_flight)
		return;
	*in_flight = (struct job_call){driver, job};
	call_init(&call);
	call_key(&call, driver->tenant->name, &state_key);
	for (uint32_t i = 0; i < count; i++)
		call_key(&call, driver->tenant->name, &items[i].key);
	call_number(&call, SCRIPT_LOAD_BYTES);
	for (uint32_t i = 0; i < count; i++)
		put_item(&call, &items[i], i == 0 ? job->piece.len : 0);
	int err =
	    call_send(&call, driver->conn, &driver->scripts, SCRIPT_LOAD, on_values, in_flight);
	call_deinit(&call);
	if (err < 0) {
		free(in_flight);
		return;
	}
	job->sent = count;
	job->sent_fields = job->field_at < job->fields.count;
	job->call = in_flight;
}

/* ---- what came back ---- */

static int deliver(struct driver *driver, struct job *job, const struct fetch *fetch,
                   struct flush_bytes field, struct flush_bytes value)
{
	struct fetched fetched = {.key = fetch->key, .field = field, .value = value};
	if (job->target == JOB_LOAD)
		return partition_load_put(driver->partition, &fetched);
	if (job->target == JOB_PAGES)
		return partition_put_page(driver->partition, &fetched);
	job->item(job->arg, &fetched);
	return 0;
}

static struct flush_bytes bytes_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING)
		return (struct flush_bytes){NULL, 0};
	return (struct flush_bytes){(const uint8_t *)reply->str, (size_t)reply->len};
}

/* Names of a whole hash: they become fetches of their own. */
static int take_names(struct driver *driver, struct job *job, const struct fetch *fetch,
                      const redisReply *value)
{
	struct flush_bytes none = {NULL, 0};
	fetch_list_deinit(&job->fields);
	job->field_at = 0;
	if (value->elements == 0) {
		job->at++;
		return deliver(driver, job, fetch, none, none);
	}
	for (size_t i = 0; i < value->elements; i++) {
		struct flush_bytes name = bytes_of(value->element[i]);
		/* A field without a name would read as the whole key again. */
		if (name.len == 0)
			return ERR_MALFORMED;
		int err = fetch_add(&job->fields, fetch->key, name.bytes, name.len);
		if (err < 0)
			return err;
	}
	return 0;
}

static int take_list(struct driver *driver, struct job *job, const struct fetch *fetch,
                     const redisReply *value)
{
	struct flush_bytes none = {NULL, 0};
	int err = 0;
	if (value->elements == 0)
		err = deliver(driver, job, fetch, none, none);
	for (size_t i = 0; err == 0 && i < value->elements; i++)
		err = deliver(driver, job, fetch, none, bytes_of(value->element[i]));
	job->at++;
	return err;
}

/* {length, piece} of a whole string; a long one comes in several pieces. */
static int take_string(struct driver *driver, struct job *job, const struct fetch *fetch,
                       const redisReply *value)
{
	struct flush_bytes none = {NULL, 0};
	if (value->elements != 2 || value->element[0]->type != REDIS_REPLY_INTEGER)
		return ERR_MALFORMED;
	size_t whole = (size_t)value->element[0]->integer;
	struct flush_bytes piece = bytes_of(value->element[1]);
	int err = 0;
	if (whole == 0) {
		err = deliver(driver, job, fetch, none, none);
	} else if (job->piece.len == 0 && piece.len == whole) {
		err = deliver(driver, job, fetch, none, piece);
	} else {
		buf_put(&job->piece, piece.bytes, piece.len);
		if (buf_failed(&job->piece))
			return ERR_NOMEM;
		if (job->piece.len < whole)
			return piece.len > 0 ? 0 : ERR_MALFORMED;
		struct flush_bytes all = {job->piece.bytes, job->piece.len};
		err = deliver(driver, job, fetch, none, all);
	}
	buf_reset(&job->piece);
	job->at++;
	return err;
}

static int take_value(struct driver *driver, struct job *job, const redisReply *value)
{
	if (job->sent_fields) {
		const struct fetch *field = &job->fields.items[job->field_at++];
		if (job->field_at == job->fields.count)
			job->at++;
		return deliver(driver, job, field, field->field, bytes_of(value));
	}
	const struct fetch *fetch = &job->list.items[job->at];
	if (!is_whole(fetch)) {
		job->at++;
		return deliver(driver, job, fetch, fetch->field, bytes_of(value));
	}
	if (value->type != REDIS_REPLY_ARRAY)
		return ERR_MALFORMED;
	if (is_whole_hash(fetch))
		return take_names(driver, job, fetch, value);
	if (key_type(fetch->key.kind) == KEY_TYPE_LIST)
		return take_list(driver, job, fetch, value);
	return take_string(driver, job, fetch, value);
}

static void finish(struct job *job, int err)
{
	if (job->finished)
		return;
	job->finished = true;
	job->err = err;
}

/* A load counts only from the state that this driver knows: its own id, and the
 * generation that is loaded, newest answered, or in flight. */
static bool counts(const struct driver *driver, const struct job *job, const redisReply *reply)
{
	if (reply->element[1]->type != REDIS_REPLY_STRING ||
	    reply->element[2]->type != REDIS_REPLY_STRING ||
	    reply->element[3]->type == REDIS_REPLY_STRING ||
	    strcmp(reply->element[1]->str, driver->id) != 0)
		return false;
	uint64_t generation = strtoull(reply->element[2]->str, NULL, 10);
	if (job->target == JOB_LOAD)
		return generation == driver->record.generation;
	return generation == driver->answered ||
	       (driver->control == CONTROL_FLUSH && generation == driver->flushing);
}

static void take_values(struct driver *driver, struct job *job, const redisReply *reply)
{
	uint32_t sent = job->sent;
	int err = 0;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 5 || reply->elements - 4 > sent) {
		/* {"type", ...}, or no reply of ours: both are the end. */
		driver_judge_write(driver, 0, reply);
		return;
	}
	if (!counts(driver, job, reply)) {
		driver->need_read = true;
		if (job->target == JOB_LOAD)
			driver_load_abort(driver);
		return;
	}
	for (size_t i = 4; err == 0 && i < reply->elements; i++)
		err = take_value(driver, job, reply->element[i]);
	if (err < 0 || (job->at == job->list.count))
		finish(job, err);
}

static void on_values(void *arg, int err, const redisReply *reply)
{
	struct job_call *in_flight = arg;
	struct driver *driver = in_flight->driver;
	struct job *job = in_flight->job;
	free(in_flight);
	if (!job || driver->closing)
		return;
	job->call = NULL;
	if (!driver->halted && !job->finished) {
		if (driver_reply_failed(driver, SCRIPT_LOAD, err, reply))
			buf_reset(&job->piece);
		else
			take_values(driver, job, reply);
	}
	job->sent = 0;
	driver_pump(driver);
}

void driver_fail_jobs(struct driver *driver, int err)
{
	for (struct job *job = driver->jobs; job; job = job->next)
		finish(job, err);
	driver_wake(driver, 0);
}

void driver_fail_load_jobs(struct driver *driver)
{
	for (struct job *job = driver->jobs; job; job = job->next) {
		if (job->target == JOB_LOAD)
			finish(job, ERR_NOT_READY);
	}
}

/* ---- the queue ---- */

static struct job *take_finished(struct driver *driver)
{
	uint64_t now = driver_now(driver);
	for (struct job **place = &driver->jobs; *place; place = &(*place)->next) {
		struct job *job = *place;
		if (job->sent == 0 && now >= job->deadline_ms)
			finish(job, ERR_TIMEOUT);
		if (job->finished) {
			*place = job->next;
			return job;
		}
	}
	return NULL;
}

static void report(struct driver *driver, struct job *job)
{
	void (*done)(void *arg, int err) = job->done;
	void *arg = job->arg;
	int err = job->err;
	job_free(job);
	if (done)
		done(arg, err);
	else if (err < 0 && err != ERR_NOT_READY)
		driver_halt(driver, err, "A page of tenant %s cannot be read: %s.",
		            driver->tenant->name, err_rule(err));
	else
		driver_wake(driver, 0); /* the flush that waited for these pages */
}

static bool may_send(const struct driver *driver, const struct job *job)
{
	if (driver->halted || !driver->up || driver->need_read)
		return false;
	if (job->target == JOB_LOAD)
		return driver->loading;
	return driver->phase == DRIVER_READY;
}

void driver_pump_jobs(struct driver *driver)
{
	for (struct job *job; (job = take_finished(driver)) != NULL;)
		report(driver, job);
	/* One script at a time, so that flushes come between. */
	for (struct job *job = driver->jobs; job; job = job->next) {
		if (job->sent > 0)
			return;
	}
	for (struct job *job = driver->jobs; job; job = job->next) {
		if (may_send(driver, job)) {
			send_job(driver, job);
			return;
		}
	}
}

/* ---- what callers use ---- */

static void add_read(struct driver *driver, enum job_target target, struct fetch_list *list,
                     void (*item)(void *arg, const struct fetched *fetched),
                     void (*done)(void *arg, int err), void *arg)
{
	uint32_t count = list->count;
	int err = driver_add_job(driver, target, list, done, arg);
	require(err == 0);
	struct job *job = driver->jobs;
	while (job->next)
		job = job->next;
	job->item = item;
	if (driver->phase != DRIVER_READY && driver->holds != HOLDS_STATE)
		finish(job, ERR_NOT_READY);
	else if (count == 0)
		finish(job, 0);
}

void driver_fetch(struct driver *driver, struct fetch_list *list, void (*done)(void *arg, int err),
                  void *arg)
{
	require(done);
	add_read(driver, JOB_PAGES, list, NULL, done, arg);
}

void driver_read(struct driver *driver, struct fetch_list *list,
                 void (*item)(void *arg, const struct fetched *fetched),
                 void (*done)(void *arg, int err), void *arg)
{
	require(done);
	add_read(driver, JOB_ITEMS, list, item, done, arg);
}
