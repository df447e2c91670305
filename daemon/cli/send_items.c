/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send_items.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/log.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/http_client.h"
#include "cli/items.h"
#include "cli/known_sources.h"
#include "cli/pack.h"
#include "cli/position.h"
#include "cli/refusal.h"
#include "cli/send_tell.h"

#define BATCH_ITEMS 1000u
#define CONNECT_MS  5000
#define STEP_MS     500
#define REPLY_MS    60000
#define DOUBT_MS    5000 /* with one that never said a word of ours */
#define PATIENCE_MS 60000
#define PAUSE_MS    200

struct counts {
	uint64_t accepted;
	uint64_t duplicates;
	uint64_t unchanged;
	uint64_t stale;
	uint64_t not_rolled_up;
	uint64_t rejected;
	uint64_t confirmed; /* applied, but the answer was lost with a connection */
	uint64_t before;    /* sent by an earlier run */
};

struct run {
	const struct send_options *options;
	const struct mapping *mapping; /* of an unknown source; NULL = none was named */
	struct source_file file;
	struct items_reader reader;
	struct client client;
	struct arena arena; /* of one Hello or reply */
	uint8_t instance[16];
	bool declares; /* the source is not known: say what it is */
	bool events_only;
	bool welcomed;
	bool known;
	uint64_t last_sequence; /* of the source, by the latest Welcome or Ack */
	uint64_t acked;         /* of this run */
	uint32_t max_items;
	bool foreign; /* the cursor is another client's and is kept as it is */
	uint8_t cursor[POSITION_MAX];
	size_t cursor_len;
	struct position position;
	int64_t forward_us; /* when something last came forward */
	struct counts counts;
	uint32_t told;
	char level[64];
	char currency[8];
	char time_zone[64];
	enum delivery_end end;
	char error[512];
};

enum step { STEP_OK, STEP_RECONNECT, STEP_STOP };

static enum step stop(struct run *run, enum delivery_end end, const char *text)
{
	run->end = end;
	(void)snprintf(run->error, sizeof(run->error), "%s", text);
	return STEP_STOP;
}

static enum step lose(struct run *run, const char *text)
{
	(void)stop(run, DELIVERY_UNREACHABLE, text);
	return STEP_RECONNECT;
}

/* ---- the session ---- */

/* What an unknown source is: as its mapping says, else a source of events. */
static enum step declare(struct run *run, Streamgauge__V1__Declaration **ret_declaration)
{
	const struct send_options *options = run->options;
	const char *currency = options->currency ? options->currency : "";
	const char *zone = options->zone ? options->zone : "";
	if (!run->mapping && !run->events_only)
		return stop(run, DELIVERY_USAGE,
		            "the source is not known yet and nothing says which of its reports is "
		            "rolled up; name its mapping with --mapping");
	*ret_declaration = pack_source(run->mapping, currency, zone, &run->arena);
	return *ret_declaration ? STEP_OK : stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

static enum step queue_hello(struct run *run)
{
	Streamgauge__V1__Hello hello = STREAMGAUGE__V1__HELLO__INIT;
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	arena_reset(&run->arena);
	hello.tenant = (char *)run->options->tenant;
	hello.source = (char *)run->options->source;
	hello.instance.data = run->instance;
	hello.instance.len = sizeof(run->instance);
	hello.acked = run->acked;
	hello.take_over = run->options->force ? STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE
	                                      : STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE;
	hello.client = (char *)"streamgauge " SG_VERSION;
	/* A known source stays as it is: a declaration would set its cadence anew. */
	if (run->declares && declare(run, &hello.declaration) != STEP_OK)
		return STEP_STOP;
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_HELLO;
	request.hello = &hello;
	return client_queue(&run->client, &request) == 0
	           ? STEP_OK
	           : stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
}

/* A source that the daemon does not know is more often a slip than meant. One
 * of which it took nothing yet but rejects is known by its name only. */
static enum step declare_anew(struct run *run)
{
	const struct send_options *options = run->options;
	struct known_sources known = {{.rows = 0}};
	struct buf text = {0};
	enum step step = STEP_RECONNECT;
	run->declares = true;
	if (options->new_source)
		return step;
	known_sources_get(http_default_url(), options->tenant, &known);
	if (!known_sources_has(&known, options->source)) {
		buf_printf(&text, "there is no source `%s` yet", options->source);
		known_sources_put_nearest(&known, options->source, &text);
		buf_put_text(&text, "; --new-source makes it");
		buf_put_byte(&text, 0);
		step = stop(run, DELIVERY_USAGE,
		            buf_failed(&text) ? err_rule(ERR_NOMEM) : (const char *)text.bytes);
	}
	buf_deinit(&text);
	known_sources_deinit(&known);
	return step;
}

static enum step on_error(struct run *run, const Streamgauge__V1__Error *error, bool opening)
{
	char text[400];
	if (opening && !run->declares && strcmp(error->code, err_code(ERR_BAD_DECLARATION)) == 0)
		return declare_anew(run);
	const struct refusal_rule *rule = refusal_rule_of(error->code);
	(void)snprintf(text, sizeof(text), "%s: %s%s", error->code, error->detail, rule->advice);
	(void)stop(run, rule->end, text);
	return rule->again ? STEP_RECONNECT : STEP_STOP;
}

/* The next reply of the kind that is expected; it lives in the arena. */
static enum step await(struct run *run, Streamgauge__V1__Reply__ReplyCase wanted,
                       Streamgauge__V1__Reply **ret_reply)
{
	bool opening = wanted == STREAMGAUGE__V1__REPLY__REPLY_WELCOME;
	int waited_ms = 0;
	for (;;) {
		Streamgauge__V1__Reply *reply = NULL;
		arena_reset(&run->arena);
		if (client_take(&run->client, &run->arena, &reply) != 0)
			return stop(run, DELIVERY_UNREACHABLE, run->client.error);
		if (reply && reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ERROR)
			return on_error(run, reply->error, opening);
		if (reply && reply->reply_case != wanted)
			return stop(run, DELIVERY_UNREACHABLE,
			            "the daemon answered something else than was asked");
		if (reply) {
			*ret_reply = reply;
			/* A daemon that welcomes and never acknowledges is given up. */
			if (!opening || !run->welcomed)
				run->forward_us = clock_mono_us();
			return STEP_OK;
		}
		int err = client_step(&run->client, STEP_MS);
		waited_ms = err ? waited_ms + STEP_MS : 0;
		if (err && err != ERR_TIMEOUT)
			return lose(run, run->welcomed ? run->client.error : REFUSAL_SILENCE);
		if (waited_ms >= (run->welcomed ? REPLY_MS : DOUBT_MS))
			return lose(run,
			            "whoever listens there says nothing: is it the ingest port?");
	}
}

static enum step open_session(struct run *run)
{
	Streamgauge__V1__Reply *reply = NULL;
	char text[400];
	int err = client_connect(&run->client, run->options->to, CONNECT_MS);
	if (err) {
		refusal_of_connect(run->options->to, err, run->client.error, text, sizeof(text));
		(void)stop(run, err == ERR_INVALID ? DELIVERY_USAGE : DELIVERY_UNREACHABLE, text);
		return run->welcomed ? STEP_RECONNECT : STEP_STOP;
	}
	enum step step = queue_hello(run);
	if (step == STEP_OK)
		step = await(run, STREAMGAUGE__V1__REPLY__REPLY_WELCOME, &reply);
	if (step != STEP_OK)
		return step;
	const Streamgauge__V1__Welcome *welcome = reply->welcome;
	if (welcome->lost_first)
		return stop(run, DELIVERY_UNSAFE,
		            "acknowledged_lost: the daemon lost batches that it had acknowledged; "
		            "send the items again");
	run->welcomed = true;
	run->known = run->known || welcome->known;
	run->last_sequence = welcome->last_sequence;
	run->max_items = welcome->max_items && welcome->max_items < BATCH_ITEMS ? welcome->max_items
	                                                                        : BATCH_ITEMS;
	run->cursor_len =
	    welcome->cursor.len < sizeof(run->cursor) ? welcome->cursor.len : sizeof(run->cursor);
	if (run->cursor_len > 0)
		memcpy(run->cursor, welcome->cursor.data, run->cursor_len);
	run->position = (struct position){0};
	run->foreign =
	    run->cursor_len > 0 && position_read(run->cursor, run->cursor_len, &run->position) != 0;
	(void)snprintf(run->currency, sizeof(run->currency), "%s", welcome->currency);
	(void)snprintf(run->time_zone, sizeof(run->time_zone), "%s", welcome->time_zone);
	return STEP_OK;
}

static bool out_of_patience(const struct run *run)
{
	return clock_mono_us() - run->forward_us > PATIENCE_MS * INT64_C(1000);
}

/* Opens a session, again and again while that may help. */
static enum step connect_anew(struct run *run)
{
	enum step step = STEP_RECONNECT;
	while (step == STEP_RECONNECT) {
		client_close(&run->client);
		step = open_session(run);
		if (step != STEP_RECONNECT)
			break;
		if (out_of_patience(run))
			return STEP_STOP;
		pause_ms(PAUSE_MS);
	}
	return step;
}

/* ---- batches ---- */

static void tell_rejects(struct run *run, const struct items_batch *batch,
                         const Streamgauge__V1__Ack *ack)
{
	for (size_t i = 0; i < ack->n_rejects && run->told < TELL_REJECTS; i++) {
		const Streamgauge__V1__Reject *reject = ack->rejects[i];
		enum item_kind kind = (enum item_kind)(reject->item - 1);
		if ((unsigned)kind >= ITEM_KINDS)
			continue;
		const struct items_line *line = items_line_of(batch, kind, reject->index);
		if (!line)
			continue;
		run->told++;
		(void)fprintf(stderr, "%s:%" PRIu64 ": %s[%u]%s%s: %s: ", run->file.name,
		              line->line, items_list_name(kind), reject->index - line->first[kind],
		              reject->field[0] ? "." : "", reject->field, reject->code);
		tell_detail(reject->field, reject->detail);
	}
}

static void count_ack(struct run *run, const Streamgauge__V1__Ack *ack)
{
	run->counts.accepted += ack->accepted;
	run->counts.duplicates += ack->duplicates;
	run->counts.unchanged += ack->unchanged;
	run->counts.stale += ack->stale;
	run->counts.not_rolled_up += ack->not_rolled_up;
	run->counts.rejected += ack->rejected;
	(void)snprintf(run->level, sizeof(run->level), "%s", ack->level);
}

/* Numbers the batch and has the source's cursor remember that it was sent. */
static bool number(struct run *run, Streamgauge__V1__Batch *batch, const uint8_t hash[POSITION_ID],
                   struct buf *cursor)
{
	batch->sequence = run->last_sequence + 1;
	if (run->foreign) {
		buf_put(cursor, run->cursor, run->cursor_len);
	} else {
		struct position position = run->position;
		position_finish(&position, hash);
		position_write(&position, cursor);
	}
	batch->cursor.data = cursor->bytes;
	batch->cursor.len = cursor->len;
	return !buf_failed(cursor);
}

static enum step send_once(struct run *run, struct items_batch *batch,
                           const uint8_t hash[POSITION_ID])
{
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	Streamgauge__V1__Reply *reply = NULL;
	struct buf cursor = {0};
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = &batch->batch;
	bool good = (!batch->ids_missing || number(run, &batch->batch, hash, &cursor)) &&
	            client_queue(&run->client, &request) == 0;
	buf_deinit(&cursor);
	if (!good)
		return stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
	enum step step = await(run, STREAMGAUGE__V1__REPLY__REPLY_ACK, &reply);
	if (step != STEP_OK)
		return step;
	count_ack(run, reply->ack);
	tell_rejects(run, batch, reply->ack);
	if (batch->ids_missing) {
		run->acked = run->last_sequence = batch->batch.sequence;
		position_finish(&run->position, hash);
	}
	return STEP_OK;
}

static bool hash_batch(const Streamgauge__V1__Batch *batch, uint8_t ret_hash[POSITION_ID])
{
	size_t len = streamgauge__v1__batch__get_packed_size(batch);
	uint8_t *bytes = malloc(len + 1);
	if (!bytes)
		return false;
	XXH128_canonical_t hash;
	XXH128_canonicalFromHash(&hash,
	                         XXH3_128bits(bytes, streamgauge__v1__batch__pack(batch, bytes)));
	memcpy(ret_hash, hash.digest, POSITION_ID);
	free(bytes);
	return true;
}

/* The daemon remembers which slices had a reject and does not commit them any
 * more; the same slice read again, or fixed, is another one. */
static bool rename_slice(struct run *run, char **slice_id)
{
	if (!**slice_id)
		return true;
	uint64_t seed = 0;
	memcpy(&seed, run->instance, sizeof(seed));
	*slice_id = arena_printf(&run->reader.arena, "%016" PRIx64 "-%016" PRIx64, seed,
	                         XXH3_64bits(*slice_id, strlen(*slice_id)));
	return *slice_id != NULL;
}

static bool rename_slices(struct run *run, Streamgauge__V1__Batch *batch)
{
	bool good = true;
	for (size_t i = 0; i < batch->n_rows && good; i++)
		good = rename_slice(run, &batch->rows[i]->slice_id);
	for (size_t i = 0; i < batch->n_commits && good; i++)
		good = rename_slice(run, &batch->commits[i]->slice_id);
	return good;
}

/* Sends the batch until it is acknowledged or known to be applied. */
static enum step deliver(struct run *run, struct items_batch *batch)
{
	uint8_t hash[POSITION_ID];
	if (!hash_batch(&batch->batch, hash) || !rename_slices(run, &batch->batch))
		return stop(run, DELIVERY_USAGE, err_rule(ERR_NOMEM));
	bool guarded = batch->ids_missing && !run->options->again;
	if (guarded && run->foreign)
		return stop(run, DELIVERY_UNSAFE,
		            "events without ids of a source that another client sends: sent twice "
		            "they would count twice; give them ids, or say --again");
	if (guarded && position_is_finished(&run->position, hash)) {
		run->counts.before += items_count(batch);
		return STEP_OK;
	}
	enum step step = send_once(run, batch, hash);
	while (step == STEP_RECONNECT) {
		if (out_of_patience(run))
			return STEP_STOP;
		pause_ms(PAUSE_MS);
		uint64_t before = run->last_sequence;
		step = connect_anew(run);
		if (step != STEP_OK)
			break;
		bool applied = batch->ids_missing &&
		               (run->foreign ? run->last_sequence > before
		                             : position_is_finished(&run->position, hash));
		if (applied) {
			run->counts.confirmed += items_count(batch);
			break;
		}
		step = send_once(run, batch, hash);
	}
	return step;
}

/* ---- the command ---- */

static int complain(const char *text)
{
	(void)fprintf(stderr, "streamgauge send: %s\n", text);
	return EXIT_USAGE;
}

/* Reads every line; what stands in them. */
static int look(struct run *run, uint32_t totals[ITEM_KINDS])
{
	char text[512];
	int code = EXIT_DONE;
	items_open(&run->reader, &run->file, ITEMS_ALL);
	for (;;) {
		struct items_batch batch;
		if (items_next(&run->reader, BATCH_ITEMS, &batch, text, sizeof(text)) != 0) {
			code = complain(text);
			break;
		}
		if (batch.line_count == 0)
			break;
		for (int kind = 0; kind < ITEM_KINDS; kind++)
			totals[kind] += batch.counts[kind];
	}
	items_close(&run->reader);
	return code;
}

static void tell_totals(const struct run *run)
{
	const struct counts *counts = &run->counts;
	bool first = true;
	(void)printf("%s: %s: ", run->file.name, run->options->source);
	tell_count(counts->accepted, counts->accepted == 1 ? "item accepted" : "items accepted",
	           &first);
	tell_count(counts->duplicates, "duplicates", &first);
	tell_count(counts->unchanged, "unchanged", &first);
	tell_count(counts->stale, "stale", &first);
	tell_count(counts->not_rolled_up, "not rolled up", &first);
	tell_count(counts->rejected, "rejected", &first);
	tell_count(counts->confirmed, "applied before a connection was lost", &first);
	tell_count(counts->before, "sent by an earlier run", &first);
	(void)printf("%s%s%s%s\n", first ? "nothing sent" : "", run->level[0] ? " (" : "",
	             run->level, run->level[0] ? ")" : "");
	if (!run->known)
		(void)printf("  a new source: currency %s, time zone %s\n", run->currency,
		             run->time_zone);
}

static enum step ship_kinds(struct run *run, uint32_t kinds)
{
	char text[512];
	enum step step = STEP_OK;
	items_open(&run->reader, &run->file, kinds);
	while (step == STEP_OK) {
		struct items_batch batch;
		if (items_next(&run->reader, run->max_items, &batch, text, sizeof(text)) != 0)
			step = stop(run, DELIVERY_USAGE, text);
		else if (batch.line_count == 0)
			break;
		else
			step = deliver(run, &batch);
	}
	items_close(&run->reader);
	return step;
}

static int ship(struct run *run)
{
	enum step step = connect_anew(run);
	/* Commits last: their rows may stand behind them. */
	if (step == STEP_OK)
		step = ship_kinds(run, ITEMS_ALL & ~ITEMS_COMMITS);
	if (step == STEP_OK)
		step = ship_kinds(run, ITEMS_COMMITS);
	const struct counts *counts = &run->counts;
	if (step == STEP_OK && counts->before > 0 && !run->level[0])
		step =
		    stop(run, DELIVERY_UNSAFE,
		         "these events were sent before and bear no ids: sending them again would "
		         "count them twice; --again does so");
	if (step != STEP_OK) {
		(void)fprintf(stderr, "streamgauge send: %s: %s: %s\n", run->file.name,
		              run->options->source, run->error);
		return delivery_exit(run->end);
	}
	tell_totals(run);
	return counts->rejected > 0 ? EXIT_REJECTED : EXIT_DONE;
}

static int send_file(struct run *run)
{
	uint32_t totals[ITEM_KINDS] = {0};
	int code = look(run, totals);
	if (code != EXIT_DONE)
		return code;
	uint64_t others = (uint64_t)totals[ITEM_ROW] + totals[ITEM_COMMIT] + totals[ITEM_HEARTBEAT];
	run->events_only = totals[ITEM_EVENT] > 0 && totals[ITEM_ROW] + totals[ITEM_COMMIT] == 0;
	if (others + totals[ITEM_EVENT] == 0) {
		(void)fprintf(stderr, "streamgauge send: %s: there is no item in it\n",
		              run->file.name);
		return EXIT_USAGE;
	}
	if (!run->options->dry_run)
		return ship(run);
	(void)printf("%s: %u events, %u rows, %u commits, %u heartbeats; nothing is sent\n",
	             run->file.name, totals[ITEM_EVENT], totals[ITEM_ROW], totals[ITEM_COMMIT],
	             totals[ITEM_HEARTBEAT]);
	return EXIT_DONE;
}

/* The mapping that --mapping names. */
static int find_mapping(const struct send_options *options, struct mapping_list *list,
                        const struct mapping **ret_mapping)
{
	struct settings_error error = {{0}};
	if (!options->mapping)
		return EXIT_DONE;
	if (mapping_list_load(options->mappings, list, &error) != 0)
		return complain(error.text);
	*ret_mapping = mapping_list_find(list, options->mapping);
	if (*ret_mapping)
		return EXIT_DONE;
	tell_no_mapping(options->mapping, list);
	return EXIT_USAGE;
}

int send_items(const struct send_options *options)
{
	struct mapping_list list = {0};
	char text[512];
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return complain(err_rule(ERR_NOMEM));
	run->options = options;
	run->forward_us = clock_mono_us();
	client_init(&run->client);
	int code = find_mapping(options, &list, &run->mapping);
	if (code == EXIT_DONE &&
	    getrandom(run->instance, sizeof(run->instance), 0) != sizeof(run->instance))
		code = complain("the system gives no random numbers");
	if (code == EXIT_DONE &&
	    source_file_open(&run->file, options->files[0], text, sizeof(text)) != 0)
		code = complain(text);
	else if (code == EXIT_DONE)
		code = send_file(run);
	source_file_close(&run->file);
	client_deinit(&run->client);
	arena_deinit(&run->arena);
	mapping_list_deinit(&list);
	free(run);
	return code;
}
