/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send_items.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/items.h"
#include "cli/items_session.h"
#include "cli/send_tell.h"

#define LOOK_ITEMS 1000u

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
	struct items_session session;
	struct source_file file;
	struct items_reader reader;
	struct counts counts;
	uint32_t told;
	char level[64];
};

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
	batch->sequence = run->session.last_sequence + 1;
	if (run->session.foreign) {
		buf_put(cursor, run->session.cursor, run->session.cursor_len);
	} else {
		struct position position = run->session.position;
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
	            client_queue(&run->session.client, &request) == 0;
	buf_deinit(&cursor);
	if (!good)
		return items_stop(&run->session, DELIVERY_USAGE, err_rule(ERR_NOMEM));
	enum step step = items_await(&run->session, STREAMGAUGE__V1__REPLY__REPLY_ACK, &reply);
	if (step != STEP_OK)
		return step;
	count_ack(run, reply->ack);
	tell_rejects(run, batch, reply->ack);
	if (batch->ids_missing) {
		run->session.acked = run->session.last_sequence = batch->batch.sequence;
		position_finish(&run->session.position, hash);
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
	memcpy(&seed, run->session.instance, sizeof(seed));
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
		return items_stop(&run->session, DELIVERY_USAGE, err_rule(ERR_NOMEM));
	bool guarded = batch->ids_missing && !run->session.options->again;
	if (guarded && run->session.foreign)
		return items_stop(
		    &run->session, DELIVERY_UNSAFE,
		    "events without ids of a source that another client sends: sent twice "
		    "they would count twice; give them ids, or say --again");
	if (guarded && position_is_finished(&run->session.position, hash)) {
		run->counts.before += items_count(batch);
		return STEP_OK;
	}
	enum step step = send_once(run, batch, hash);
	while (step == STEP_RECONNECT) {
		if (items_out_of_patience(&run->session))
			return STEP_STOP;
		pause_ms(ITEMS_PAUSE_MS);
		uint64_t before = run->session.last_sequence;
		step = items_connect(&run->session);
		if (step != STEP_OK)
			break;
		bool applied =
		    batch->ids_missing &&
		    (run->session.foreign ? run->session.last_sequence > before
		                          : position_is_finished(&run->session.position, hash));
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
		if (items_next(&run->reader, LOOK_ITEMS, &batch, text, sizeof(text)) != 0) {
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
	(void)printf("%s: %s: ", run->file.name, run->session.options->source);
	tell_count(counts->accepted, counts->accepted == 1 ? "item accepted" : "items accepted",
	           &first);
	tell_count(counts->duplicates, counts->duplicates == 1 ? "duplicate" : "duplicates",
	           &first);
	tell_count(counts->unchanged, "unchanged", &first);
	tell_count(counts->stale, "stale", &first);
	tell_count(counts->not_rolled_up, "not rolled up", &first);
	tell_count(counts->rejected, "rejected", &first);
	tell_count(counts->confirmed, "applied before a connection was lost", &first);
	tell_count(counts->before, "sent by an earlier run", &first);
	(void)printf("%s%s%s%s\n", first ? "nothing sent" : "", run->level[0] ? " (" : "",
	             run->level, run->level[0] ? ")" : "");
	if (!run->session.known)
		(void)printf("  a new source: currency %s, time zone %s\n", run->session.currency,
		             run->session.time_zone);
}

static enum step ship_kinds(struct run *run, uint32_t kinds)
{
	char text[512];
	enum step step = STEP_OK;
	items_open(&run->reader, &run->file, kinds);
	while (step == STEP_OK) {
		struct items_batch batch;
		if (items_next(&run->reader, run->session.max_items, &batch, text, sizeof(text)) !=
		    0)
			step = items_stop(&run->session, DELIVERY_USAGE, text);
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
	enum step step = items_connect(&run->session);
	/* Commits last: their rows may stand behind them. */
	if (step == STEP_OK)
		step = ship_kinds(run, ITEMS_ALL & ~ITEMS_COMMITS);
	if (step == STEP_OK)
		step = ship_kinds(run, ITEMS_COMMITS);
	const struct counts *counts = &run->counts;
	if (step == STEP_OK && counts->before > 0 && !run->level[0])
		step = items_stop(
		    &run->session, DELIVERY_UNSAFE,
		    "these events were sent before and bear no ids: sending them again would "
		    "count them twice; --again does so");
	if (step != STEP_OK) {
		(void)fprintf(stderr, "streamgauge send: %s: %s: %s\n", run->file.name,
		              run->session.options->source, run->session.error);
		return delivery_exit(run->session.end);
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
	run->session.events_only =
	    totals[ITEM_EVENT] > 0 && totals[ITEM_ROW] + totals[ITEM_COMMIT] == 0;
	if (others + totals[ITEM_EVENT] == 0) {
		(void)fprintf(stderr, "streamgauge send: %s: there is no item in it\n",
		              run->file.name);
		return EXIT_USAGE;
	}
	if (!run->session.options->dry_run)
		return ship(run);
	static const char *const nouns[ITEM_KINDS] = {"event", "row", "commit", "heartbeat"};
	(void)printf("%s: ", run->file.name);
	for (int kind = 0; kind < ITEM_KINDS; kind++)
		(void)printf("%s%u %s%s", kind ? ", " : "", totals[kind], nouns[kind],
		             totals[kind] == 1 ? "" : "s");
	(void)puts("; nothing is sent");
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
	run->session.options = options;
	run->session.forward_us = clock_mono_us();
	client_init(&run->session.client);
	int code = find_mapping(options, &list, &run->session.mapping);
	if (code == EXIT_DONE && getrandom(run->session.instance, sizeof(run->session.instance),
	                                   0) != sizeof(run->session.instance))
		code = complain("the system gives no random numbers");
	if (code == EXIT_DONE &&
	    source_file_open(&run->file, options->files[0], text, sizeof(text)) != 0)
		code = complain(text);
	else if (code == EXIT_DONE)
		code = send_file(run);
	source_file_close(&run->file);
	client_deinit(&run->session.client);
	arena_deinit(&run->session.arena);
	mapping_list_deinit(&list);
	free(run);
	return code;
}
