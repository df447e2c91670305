/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/delivery.h"
#include "fake_daemon.h"
#include "map_text.h"

#define ROWS 20000u

static const char rows_yaml[] =
    "platform: ads\nclass: report\nslices: complete\nreports:\n"
    "  - {report: daily, level: campaign, rollup: true, period: {day: d}, key: {campaign: n}, "
    "measures: {clicks: {column: n}}}\n";
static const char events_yaml[] = "platform: shop\nclass: event\nevents:\n"
                                  "  - {id: n, time: d, measures: {clicks: {column: n}}}\n";
static const char no_ids_yaml[] = "platform: shop\nclass: event\nevents:\n"
                                  "  - {time: d, measures: {clicks: {column: n}}}\n";

/* A mapped file and the fake daemon it goes to. */
struct scene {
	struct text_map map;
	struct fake_daemon *fake;
	struct delivery_options options;
	struct delivery delivery;
	int patience_ms; /* 0 = as long as any machine needs */
};

/* Rows 0 .. ROWS-1 over 20 days. */
static char *numbered_text(void)
{
	struct buf text = {0};
	buf_put_text(&text, "d,n\n");
	for (uint32_t i = 0; i < ROWS; i++)
		buf_printf(&text, "2026-01-%02uT00:00:00Z,%u\n", 1 + i / 1000, i);
	buf_put_byte(&text, 0);
	return (char *)text.bytes;
}

static void open_scene(struct scene *scene, const char *yaml)
{
	memset(scene, 0, sizeof(*scene));
	char *text = numbered_text();
	text_map_begin(&scene->map, yaml, text);
	free(text);
	cr_assert_eq(scene->map.err, 0, "%s", scene->map.error.text);
	cr_assert_eq(scene->map.mapped.items.count, ROWS);
	scene->fake = calloc(1, sizeof(*scene->fake));
}

static enum delivery_end deliver(struct scene *scene)
{
	scene->options.address = scene->fake->address;
	scene->options.tenant = "demo";
	scene->options.source = "ads/7";
	scene->options.now_us = INT64_MAX;
	scene->options.patience_ms = scene->patience_ms ? scene->patience_ms : 20000;
	delivery_deinit(&scene->delivery);
	scene->delivery = (struct delivery){
	    .options = &scene->options,
	    .mapped = &scene->map.mapped,
	    .count = scene->map.mapped.items.count,
	    .commit = true,
	    .identity = {1, 2, 3, 4, 5, 6, 7, 8, 9},
	};
	return delivery_run(&scene->delivery);
}

static void close_scene(struct scene *scene)
{
	fake_stop(scene->fake);
	delivery_deinit(&scene->delivery);
	text_map_end(&scene->map);
	free(scene->fake);
}

/* Every item was applied exactly so often. */
static void check_applied(const struct scene *scene, uint64_t times)
{
	for (uint32_t i = 0; i < ROWS; i++)
		cr_assert_eq(scene->fake->applied[i], times, "item %u: %lu times", i,
		             scene->fake->applied[i]);
}

Test(delivery, everything_arrives_once)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	scene.fake->max_items = 777;
	scene.fake->known_sequence = 41;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	cr_assert_eq(scene.fake->hellos, 1);
	cr_assert_leq(scene.fake->largest_batch, 777);
	cr_assert_eq(scene.fake->sequence, 41 + scene.fake->batches);
	cr_assert_eq(scene.fake->commits, 20);
	cr_assert_eq(scene.fake->commit_rows, ROWS);
	cr_assert_eq(scene.delivery.counts.accepted, ROWS);
	cr_assert_eq(scene.delivery.counts.slices, 20);
	cr_assert_str_eq(scene.fake->source, "ads/7");
	cr_assert_str_eq(scene.fake->reports, "daily:campaign:1");
	cr_assert_str_eq(scene.delivery.level, "fsync");
	cr_assert_str_eq(scene.delivery.time_zone, "UTC");
	close_scene(&scene);
}

Test(delivery, lost_connections_lose_and_double_nothing)
{
	struct scene scene;
	open_scene(&scene, no_ids_yaml);
	scene.fake->max_items = 500;
	scene.fake->drop_after = 7;
	scene.fake->drops = 4;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	cr_assert_eq(scene.fake->hellos, 5);
	cr_assert_gt(scene.delivery.counts.confirmed, 0);
	cr_assert_eq(scene.delivery.counts.accepted + scene.delivery.counts.confirmed, ROWS);
	cr_assert_eq(scene.fake->heartbeats, 0);
	close_scene(&scene);
}

/* What was refused of a batch whose answer was lost is known all the same. */
Test(delivery, lost_answers_are_asked_for_again)
{
	static const char *const yamls[] = {rows_yaml, events_yaml};
	for (size_t i = 0; i < 2; i++) {
		struct scene scene;
		open_scene(&scene, yamls[i]);
		scene.fake->max_items = 500;
		scene.fake->drop_after = 7;
		scene.fake->drops = 2;
		scene.fake->reject_every = 250;
		fake_start(scene.fake);
		cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
		cr_assert_eq(scene.delivery.counts.confirmed, 0);
		cr_assert_eq(scene.delivery.counts.rejected, ROWS / 250);
		cr_assert_eq(scene.delivery.counts.accepted, ROWS - ROWS / 250);
		close_scene(&scene);
	}
}

/* Whether one was refused is known of every event, before the heartbeat: where the
 * answer was lost, events with ids are sent again. */
Test(delivery, a_heartbeat_waits_for_every_answer)
{
	struct scene scene;
	open_scene(&scene, events_yaml);
	scene.fake->max_items = 500;
	scene.fake->drop_after = 7;
	scene.fake->drops = 4;
	fake_start(scene.fake);
	scene.options.heartbeat = true;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	for (uint32_t i = 0; i < ROWS; i++)
		cr_assert_geq(scene.fake->applied[i], 1, "item %u", i);
	cr_assert_eq(scene.fake->hellos, 5);
	cr_assert_eq(scene.delivery.counts.confirmed, 0);
	cr_assert_eq(scene.delivery.counts.accepted, ROWS);
	cr_assert_eq(scene.delivery.counts.beats, 1);
	cr_assert_eq(scene.fake->heartbeats, 1);
	cr_assert_eq(scene.fake->complete_through_us, INT64_C(1768867200000000));
	close_scene(&scene);
}

Test(delivery, no_heartbeat_behind_what_was_refused)
{
	struct scene scene;
	open_scene(&scene, events_yaml);
	scene.fake->reject_every = 3000;
	fake_start(scene.fake);
	scene.options.heartbeat = true;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_gt(scene.delivery.counts.rejected, 0);
	cr_assert_eq(scene.fake->heartbeats, 0);
	scene.fake->reject_every = 0;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_eq(scene.fake->heartbeats, 1);
	scene.options.lacking = true;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_eq(scene.fake->heartbeats, 1);
	close_scene(&scene);
}

#define DAY_US   INT64_C(86400000000)
#define JAN_1_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z; the file ends on the 20th */

/* Earlier files are declared, but for the days that some file lacks something of. */
Test(delivery, days_that_lack_something_stay_open)
{
	static const struct {
		int from; /* days after January 1st, of the earlier file that is whole */
		int through;
		int lacks; /* day of the earlier file that lacks something; -1 = none */
		bool lacking;
		uint64_t beats;
	} rows[] = {
	    {-9, -5, -1, false, 2}, {-9, -5, -3, false, 2}, {-9, -5, -7, false, 1},
	    {-9, -5, 4, false, 1},  {-9, -5, -1, true, 1},  {-9, 3, -1, true, 0},
	    {-9, 0, -1, true, 1},   {-9, 3, 2, false, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		struct spans spans = {0};
		struct span whole = {JAN_1_US + rows[i].from * DAY_US,
		                     JAN_1_US + rows[i].through * DAY_US};
		struct span lacks = {JAN_1_US + rows[i].lacks * DAY_US + 5,
		                     JAN_1_US + rows[i].lacks * DAY_US + 5};
		cr_assert_eq(spans_add(&spans, "ads/7", whole, false), 0);
		cr_assert_eq(spans_add(&spans, "ads/8", whole, true), 0);
		if (rows[i].lacks != -1)
			cr_assert_eq(spans_add(&spans, "ads/7", lacks, true), 0);
		open_scene(&scene, events_yaml);
		fake_start(scene.fake);
		scene.options.heartbeat = true;
		scene.options.before = &spans;
		scene.options.lacking = rows[i].lacking;
		cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
		cr_assert_eq(scene.fake->heartbeats, rows[i].beats, "row %zu: %lu", i,
		             scene.fake->heartbeats);
		close_scene(&scene);
		spans_deinit(&spans);
	}
}

Test(delivery, what_the_daemon_forgot_is_sent_again)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	scene.fake->max_items = 500;
	scene.fake->drop_after = 20;
	scene.fake->drops = 1;
	scene.fake->forgets = true;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	cr_assert(!scene.fake->accept_loss);
	close_scene(&scene);
}

Test(delivery, a_loss_of_earlier_files_needs_a_word)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	scene.fake->known_sequence = 10;
	scene.fake->max_items = 500;
	scene.fake->drop_after = 20;
	scene.fake->drops = 1;
	scene.fake->forgets = true;
	scene.fake->forget_after = 5;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_UNSAFE);
	cr_assert(strstr(scene.delivery.error, "acknowledged_lost: batches 6 to "), "%s",
	          scene.delivery.error);
	cr_assert(strstr(scene.delivery.error, "--accept-loss"));
	close_scene(&scene);

	open_scene(&scene, rows_yaml);
	scene.fake->known_sequence = 10;
	scene.fake->max_items = 500;
	scene.fake->drop_after = 20;
	scene.fake->drops = 1;
	scene.fake->forgets = true;
	scene.fake->forget_after = 5;
	scene.options.accept_loss = true;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	cr_assert(scene.fake->accept_loss);
	close_scene(&scene);
}

Test(delivery, events_without_ids_are_sent_once)
{
	struct scene scene;
	open_scene(&scene, no_ids_yaml);
	scene.fake->max_items = 1000;
	scene.fake->drop_after = 5;
	scene.fake->drops = 1;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	/* The same bytes once more: refused, since nothing tells the events apart. */
	cr_assert_eq(deliver(&scene), DELIVERY_UNSAFE);
	cr_assert(strstr(scene.delivery.error, "--again"));
	check_applied(&scene, 1);
	scene.options.again = true;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE);
	check_applied(&scene, 2);
	close_scene(&scene);
}

Test(delivery, the_cursor_of_an_earlier_run_is_gone_on_with)
{
	struct scene scene;
	open_scene(&scene, no_ids_yaml);
	fake_start(scene.fake);
	struct position position = {.sent = 12345, .total = ROWS};
	uint8_t identity[POSITION_ID] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	memcpy(position.identity, identity, sizeof(identity));
	struct buf cursor = {0};
	position_write(&position, &cursor);
	memcpy(scene.fake->cursor, cursor.bytes, cursor.len);
	scene.fake->cursor_len = (uint32_t)cursor.len;
	buf_deinit(&cursor);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_eq(scene.delivery.counts.before, 12345);
	cr_assert_eq(scene.delivery.counts.accepted, ROWS - 12345);
	cr_assert_eq(scene.fake->applied[12344], 0);
	cr_assert_eq(scene.fake->applied[12345], 1);
	close_scene(&scene);
}

/* The first part of the other file would be counted twice later on. */
Test(delivery, a_half_sent_file_without_ids_goes_first)
{
	struct scene scene;
	open_scene(&scene, events_yaml);
	fake_start(scene.fake);
	struct position position = {.identity = {9}, .sent = 5, .total = 10, .once = true};
	struct buf cursor = {0};
	position_write(&position, &cursor);
	memcpy(scene.fake->cursor, cursor.bytes, cursor.len);
	scene.fake->cursor_len = (uint32_t)cursor.len;
	buf_deinit(&cursor);
	cr_assert_eq(deliver(&scene), DELIVERY_UNSAFE);
	cr_assert(strstr(scene.delivery.error, "5 of 10 events"), "%s", scene.delivery.error);
	check_applied(&scene, 0);
	scene.options.again = true;
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	check_applied(&scene, 1);
	close_scene(&scene);
}

Test(delivery, a_finished_file_with_ids_is_sent_again)
{
	struct scene scene;
	open_scene(&scene, events_yaml);
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE);
	check_applied(&scene, 2);
	cr_assert_eq(scene.delivery.counts.before, 0);
	close_scene(&scene);
}

Test(delivery, rejects_name_the_line_of_the_file)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	struct reject_places places = {0};
	scene.options.places = &places;
	scene.fake->max_items = 4000;
	scene.fake->reject_every = 250;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE);
	cr_assert_eq(scene.fake->largest_batch, 1000, "an Ack names 1,000 rejects at most");
	cr_assert_eq(scene.delivery.counts.rejected, 80);
	cr_assert_eq(places.count, 80);
	cr_assert_eq(scene.delivery.counts.accepted, ROWS - 80);
	cr_assert_eq(scene.delivery.reject_count, 80);
	const struct items *items = &scene.map.mapped.items;
	for (uint32_t i = 0; i < 80; i++) {
		const struct delivery_reject *reject = &scene.delivery.rejects[i];
		cr_assert_eq(reject->line, items->list[i * 250].line, "reject %u", i);
		cr_assert_eq(places.offsets[i], items->list[i * 250].offset);
		cr_assert_str_eq(reject->code, "unknown_measure");
	}
	reject_places_deinit(&places);
	close_scene(&scene);
}

/* Texts are kept of the first ones, places of all: what --rejects leaves out is lost. */
Test(delivery, every_place_of_a_reject_is_known)
{
	struct scene scene;
	struct reject_places places = {0};
	open_scene(&scene, rows_yaml);
	scene.options.places = &places;
	scene.fake->reject_every = 1;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE);
	cr_assert_eq(scene.delivery.counts.rejected, ROWS);
	cr_assert_eq(scene.delivery.reject_count, DELIVERY_REJECTS);
	cr_assert_eq(places.count, ROWS);
	cr_assert_eq(places.offsets[ROWS - 1], scene.map.mapped.items.list[ROWS - 1].offset);
	reject_places_deinit(&places);
	close_scene(&scene);
}

/* Towards a slow daemon the queue is never empty: what was written is let go. */
Test(delivery, the_queue_holds_what_is_not_written)
{
	struct client client;
	int ends[2];
	uint8_t cursor[60000];
	uint8_t taken[120000];
	struct buf frame = {0};
	Streamgauge__V1__Request request = STREAMGAUGE__V1__REQUEST__INIT;
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	client_init(&client);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	client.fd = ends[0];
	request.request_case = STREAMGAUGE__V1__REQUEST__REQUEST_BATCH;
	request.batch = &batch;
	for (size_t i = 0; i < sizeof(cursor); i++)
		cursor[i] = (uint8_t)(i * i / 7);
	batch.cursor = (ProtobufCBinaryData){sizeof(cursor), cursor};
	cr_assert_eq(client_queue(&client, &request), 0);
	buf_put(&frame, client.out.bytes, client.out.len);
	uint64_t read = 0;
	while (read < 20000000) {
		while (client_unsent(&client) < 1000000)
			cr_assert_eq(client_queue(&client, &request), 0);
		/* ERR_TIMEOUT: the socket is full until more of it is read. */
		int err = client_step(&client, 0);
		cr_assert(err == 0 || err == ERR_TIMEOUT, "%s", client.error);
		ssize_t got = recv(ends[1], taken, sizeof(taken), 0);
		for (ssize_t j = 0; j < got; j++, read++)
			if (taken[j] != frame.bytes[read % frame.len])
				cr_assert_fail("byte %lu is another", read);
	}
	cr_assert_leq(client.out.cap, 4194304, "%zu bytes for a million", client.out.cap);
	client_deinit(&client);
	buf_deinit(&frame);
	(void)close(ends[1]);
}

Test(delivery, errors_of_the_daemon)
{
	static const struct {
		const char *code;
		enum delivery_end end;
		const char *says;
	} rows[] = {
	    {"unknown_tenant", DELIVERY_USAGE, "unknown_tenant: because"},
	    {"account_mismatch", DELIVERY_USAGE, "account_mismatch"},
	    {"source_busy", DELIVERY_UNSAFE, "--force"},
	    {"other_instance", DELIVERY_UNSAFE, "--force"},
	    {"fenced", DELIVERY_UNSAFE, "fenced"},
	    {"some_new_code", DELIVERY_USAGE, "some_new_code"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		open_scene(&scene, rows_yaml);
		scene.fake->refuse = rows[i].code;
		fake_start(scene.fake);
		cr_assert_eq(deliver(&scene), rows[i].end, "row %zu", i);
		cr_assert(strstr(scene.delivery.error, rows[i].says), "row %zu: %s", i,
		          scene.delivery.error);
		cr_assert_eq(scene.fake->items, 0);
		close_scene(&scene);
	}
}

/* Counts the words, and keeps that they are the daemon's own. */
static void hear_waiting(void *ctx, const char *reason)
{
	uint32_t *heard = ctx;
	*heard += strcmp(reason, "not_ready: because the test says so") == 0 ? 1 : 100;
}

Test(delivery, waits_for_a_daemon_that_is_not_ready)
{
	struct scene scene;
	uint32_t heard = 0;
	open_scene(&scene, rows_yaml);
	scene.fake->refuse = "not_ready";
	scene.fake->refuse_times = 7; /* the sixth one is heard after 3 s */
	scene.options.waiting = hear_waiting;
	scene.options.progress_ctx = &heard;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_eq(scene.fake->hellos, 8);
	cr_assert_eq(heard, 1, "%u", heard);
	check_applied(&scene, 1);
	close_scene(&scene);
}

/* A Welcome is no step forward, be it on one connection or on many. */
Test(delivery, a_daemon_that_never_acknowledges_is_given_up)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	scene.fake->never_acks = true;
	scene.patience_ms = 300;
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_UNREACHABLE);
	cr_assert(strstr(scene.delivery.error, "acknowledges none"), "%s", scene.delivery.error);
	close_scene(&scene);

	open_scene(&scene, rows_yaml);
	scene.fake->drops_all = true;
	scene.patience_ms = 2000; /* for a second try on a busy machine */
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_UNREACHABLE);
	cr_assert_gt(scene.fake->hellos, 1);
	cr_assert_eq(scene.fake->sequence, 0);
	close_scene(&scene);
}

Test(delivery, rejects_name_the_columns_of_the_file)
{
	static const struct {
		const char *field;
		const char *origin;
	} rows[] = {
	    {"amounts[0]", "column `n`"},
	    {"amounts[0].value", "column `n`"},
	    {"amounts[1]", ""},
	    {"key[0]", "column `n`"},
	    {"key[1]", ""},
	    {"from", "column `d`"},
	    {"as_of_us", ""},
	    {"event_time_us", ""},
	    {"attribution", ""},
	    {"", ""},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene scene;
		open_scene(&scene, rows_yaml);
		scene.fake->reject_every = 5000;
		scene.fake->reject_field = rows[i].field;
		fake_start(scene.fake);
		cr_assert_eq(deliver(&scene), DELIVERY_DONE);
		cr_assert_gt(scene.delivery.reject_count, 0);
		cr_assert_str_eq(scene.delivery.rejects[0].origin, rows[i].origin, "field %s",
		                 rows[i].field);
		close_scene(&scene);
	}
}

Test(delivery, a_batch_that_is_too_wide_is_cut)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	scene.fake->batch_error = "batch_too_wide";
	fake_start(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_DONE, "%s", scene.delivery.error);
	cr_assert_leq(scene.fake->largest_batch, 1000);
	check_applied(&scene, 1);
	close_scene(&scene);
}

Test(delivery, nobody_there)
{
	struct scene scene;
	open_scene(&scene, rows_yaml);
	fake_start(scene.fake);
	fake_stop(scene.fake);
	cr_assert_eq(deliver(&scene), DELIVERY_UNREACHABLE);
	cr_assert(strstr(scene.delivery.error, "no daemon answers at 127.0.0.1:"), "%s",
	          scene.delivery.error);
	(void)snprintf(scene.fake->address, sizeof(scene.fake->address), "unix:/nonexistent/x");
	cr_assert_eq(deliver(&scene), DELIVERY_UNREACHABLE);
	(void)snprintf(scene.fake->address, sizeof(scene.fake->address), "nowhere");
	cr_assert_eq(deliver(&scene), DELIVERY_USAGE);
	delivery_deinit(&scene.delivery);
	text_map_end(&scene.map);
	free(scene.fake);
}
