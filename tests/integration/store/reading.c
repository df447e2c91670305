/* SPDX-License-Identifier: Apache-2.0
 * Confirmations, and reading through the driver. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "scenarios.h"

struct outcome {
	unsigned calls;
	int err;
};

static void on_done(void *arg, int err)
{
	struct outcome *outcome = arg;
	outcome->calls++;
	outcome->err = err;
}

void scenario_confirm(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	bed_start_driver(&bed);
	struct outcome early = {0};
	driver_confirm(bed.driver, on_done, &early);
	check(early.calls == 0);
	bed_until(&bed, early.calls == 1);
	check(early.err == ERR_NOT_READY);
	bed_until(&bed, bed_is_ready(&bed));
	for (unsigned i = 0; i < 40; i++) {
		struct outcome outcome = {0};
		unsigned answers = bed.answers;
		uint64_t serial = bed.driver->serial;
		if (i % 2)
			bed_apply(&bed, 3);
		if (i % 4 == 3) /* a flush is under way */
			bed_until(&bed,
			          bed.driver->control == CONTROL_FLUSH || bed.answers > answers);
		uint64_t pending = driver_pending_generation(bed.driver);
		driver_confirm(bed.driver, on_done, &outcome);
		check(outcome.calls == 0);
		uint64_t since = uv_hrtime();
		bed_until(&bed, outcome.calls == 1);
		check(outcome.err == 0 && bed.driver->answered >= pending);
		check(bed.driver->confirmed_serial > serial);
		check(fake_applied(driver_partition(bed.driver)) ==
		      fake_answered(driver_partition(bed.driver)));
		check(uv_hrtime() - since < UINT64_C(900000000)); /* no wait for the idle beat */
	}
	/* One that is under way when Redis ends is confirmed after it came back. */
	struct outcome late = {0};
	kill(managed_pid(bed.managed), SIGSTOP);
	driver_confirm(bed.driver, on_done, &late);
	bed_turns_for(&bed, 50);
	bed_kill_redis(&bed);
	check(late.calls == 0);
	bed_until(&bed, late.calls == 1);
	check(late.err == 0);
	struct outcome last = {0};
	driver_confirm(bed.driver, on_done, &last);
	bed_kill_driver(&bed);
	check(last.calls == 1 && last.err == ERR_NOT_READY);
	bed_stop_redis(&bed);
	bed_deinit(&bed);
}

/* What came back, by kind. */
struct seen {
	unsigned fields;
	unsigned entries;
	unsigned absent;
	size_t bytes;
	size_t string;
	unsigned done;
	bool wrong;
};

static void on_item(void *arg, const struct fetched *fetched)
{
	struct seen *seen = arg;
	seen->bytes += fetched->value.len;
	if (!fetched->value.bytes) {
		seen->absent++;
		return;
	}
	if (fetched->key.kind == KEY_LABELS) {
		seen->fields++;
		/* The value repeats the field's name. */
		seen->wrong |=
		    fetched->value.len != 5000 ||
		    memcmp(fetched->value.bytes, fetched->field.bytes, fetched->field.len) != 0;
	} else if (fetched->key.kind == KEY_REJECTS) {
		seen->wrong |=
		    strtoul((const char *)fetched->value.bytes, NULL, 10) != seen->entries++;
	} else if (fetched->key.kind == KEY_DEDUP) {
		seen->string = fetched->value.len;
		for (size_t i = 0; i < fetched->value.len; i += 8)
			seen->wrong |=
			    strtoul((const char *)fetched->value.bytes + i, NULL, 10) != i / 8;
	}
}

static void fill(struct bed *bed)
{
	redisContext *context = redisConnectUnix(managed_socket(bed->managed));
	char value[5000];
	char name[32];
	check(context && !context->err);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		memset(value, '.', sizeof(value));
		memcpy(value, name, strlen(name));
		freeReplyObject(redisCommand(context, "HSET sg:{demo/0}:labels %s %b", name, value,
		                             sizeof(value)));
		freeReplyObject(redisCommand(context, "RPUSH sg:{demo/0}:rejects:3 %d", i));
	}
	size_t len = 3500000;
	char *string = malloc(len + 1);
	check(string != NULL);
	for (size_t i = 0; i < len; i += 8)
		snprintf(string + i, 9, "%07zu ", i / 8);
	freeReplyObject(redisCommand(context, "SET sg:{demo/0}:dedup:1:5 %b", string, len));
	free(string);
	redisFree(context);
	/* The loop stood still meanwhile, for longer than a read may take on a slow disk. */
	uv_update_time(&bed->loop);
}

static void add_all(struct fetch_list *list)
{
	struct store_key labels = {.kind = KEY_LABELS};
	struct store_key rejects = {.kind = KEY_REJECTS, .a = 3};
	struct store_key none = {.kind = KEY_REJECTS, .a = 4};
	struct store_key dedup = {.kind = KEY_DEDUP, .a = 1, .c = 5};
	struct store_key no_dedup = {.kind = KEY_DEDUP, .a = 1, .c = 6};
	struct store_key no_rows = {.kind = KEY_ROWS, .a = 1, .c = 6};
	check(fetch_add(list, labels, "name-7", 6) == 0);
	check(fetch_add(list, dedup, NULL, 0) == 0);
	check(fetch_add(list, labels, NULL, 0) == 0);
	check(fetch_add(list, no_rows, NULL, 0) == 0);
	check(fetch_add(list, no_dedup, NULL, 0) == 0);
	check(fetch_add(list, rejects, NULL, 0) == 0);
	check(fetch_add(list, none, NULL, 0) == 0);
	check(fetch_add(list, labels, "no-name", 7) == 0);
}

/* driver_read hands one argument to both callbacks. */
static void on_read(void *arg, int err)
{
	struct seen *seen = arg;
	check(err == 0);
	seen->done++;
}

static void read_all(struct bed *bed, bool faults)
{
	struct fetch_list list = {.count = 0};
	struct seen seen = {0};
	add_all(&list);
	driver_read(bed->driver, &list, on_item, on_read, &seen);
	check(list.count == 0 && seen.bytes == 0);
	bed_until(bed, seen.fields > 0 || seen.wrong);
	if (faults)
		redis_close(bed->driver->conn);
	bed_until(bed, seen.done > 0);
	check(seen.done == 1 && seen.absent == 4);
	check(!seen.wrong);
	check(seen.fields == 1001 && seen.entries == 1000 && seen.string == 3500000);
}

void scenario_reading(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start_redis(&bed);
	bed_start_driver(&bed);
	struct fetch_list list = {.count = 0};
	struct outcome early = {0};
	add_all(&list);
	driver_fetch(bed.driver, &list, on_done, &early);
	bed_until(&bed, early.calls == 1);
	check(early.err == ERR_NOT_READY);
	bed_until(&bed, bed_is_ready(&bed));
	fill(&bed);
	read_all(&bed, false);
	read_all(&bed, true);
	bed_until(&bed, bed_is_ready(&bed));
	/* Pages go into the partition, while flushes go on. */
	struct outcome pages = {0};
	struct store_key cells = {.kind = KEY_CELLS, .b = 2};
	for (int i = 0; i < 2000; i++) {
		char field[16];
		snprintf(field, sizeof(field), "%d", i);
		check(fetch_add(&list, cells, field, strlen(field)) == 0);
	}
	driver_fetch(bed.driver, &list, on_done, &pages);
	while (pages.calls == 0) {
		bed_apply(&bed, 1);
		bed_turn(&bed);
	}
	check(pages.calls == 1 && pages.err == 0);
	check(fake_pages(driver_partition(bed.driver)) == 2000);
	struct outcome empty = {0};
	driver_fetch(bed.driver, &list, on_done, &empty);
	check(empty.calls == 0);
	bed_until(&bed, empty.calls == 1);
	check(empty.err == 0);
	bed_settle(&bed);
	bed_stop(&bed);
	bed_deinit(&bed);
}

void scenario_pages_first(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (unsigned i = 1; i <= 5; i++) {
		fake_want_pages(driver_partition(bed.driver), 300 * i);
		uint64_t before = fake_pages(driver_partition(bed.driver));
		bed_apply(&bed, 2);
		bed_settle(&bed);
		check(fake_pages(driver_partition(bed.driver)) == before + UINT64_C(300) * i);
		bed_check_state(&bed, i * 2);
	}
	/* The connection ends while they are read. */
	struct partition *partition = driver_partition(bed.driver);
	fake_want_pages(partition, 5000);
	uint64_t before = fake_pages(partition);
	bed_apply(&bed, 2);
	bed_until(&bed, fake_pages(partition) > before);
	redis_close(bed.driver->conn);
	bed_until(&bed, bed.driver->conn == NULL);
	bed_settle(&bed);
	check(fake_pages(partition) >= before + 5000);
	bed_check_state(&bed, 12);
	bed_stop(&bed);
	bed_deinit(&bed);
}

static void fetch_page(struct bed *bed, struct outcome *outcome)
{
	struct fetch_list list = {.count = 0};
	struct store_key cells = {.kind = KEY_CELLS, .b = 2};
	check(fetch_add(&list, cells, "0", 1) == 0);
	*outcome = (struct outcome){0};
	driver_fetch(bed->driver, &list, on_done, outcome);
}

/* What is read from a state that is not the driver's own goes nowhere. */
void scenario_foreign_page(void)
{
	static const char *const forgeries[] = {
	    "HSET sg:{demo/0}:state owner ffffffffffffffffffffffffffffffff",
	    "HSET sg:{demo/0}:state generation 1 flush_id ffffffffffffffffffffffffffffffff",
	    "HSET sg:{demo/0}:state released 1",
	    "DEL sg:{demo/0}:state",
	};
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++) {
		struct bed bed;
		struct outcome outcome;
		bed_init(&bed);
		bed_start(&bed);
		bed_apply(&bed, 1);
		bed_settle(&bed);
		bed_apply(&bed, 1);
		bed_settle(&bed);
		struct partition *partition = driver_partition(bed.driver);
		fetch_page(&bed, &outcome);
		bed_until(&bed, outcome.calls == 1);
		check(outcome.err == 0 && fake_pages(partition) == 1);
		freeReplyObject(bed_redis(&bed, forgeries[i]));
		fetch_page(&bed, &outcome);
		bed_until(&bed, driver_phase(bed.driver) != DRIVER_READY);
		check(fake_all_pages() == i + 1);
		bed_kill_driver(&bed);
		check(outcome.calls == 1 && outcome.err == ERR_NOT_READY);
		check(fake_all_pages() == i + 1);
		bed_stop_redis(&bed);
		bed_deinit(&bed);
	}
}

/* The state changes under a load, as when Redis goes back in place: what was
 * read before never meets what is read after. */
void scenario_load_disturbed(void)
{
	struct bed bed;
	bed_init(&bed);
	bed_start(&bed);
	for (int i = 0; i < 20; i++) {
		bed_apply(&bed, 1);
		bed_settle(&bed);
	}
	bed_kill_driver(&bed);
	bed_start_driver(&bed);
	bed_until(&bed, bed.driver->loading && bed.driver->jobs && bed.driver->jobs->at > 0);
	/* A whole flush more, and the owner's beat is next. */
	freeReplyObject(bed_redis(&bed, "APPEND sg:{demo/0}:dict:0 x"));
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:deltas 21 1"));
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:sources total 21"));
	freeReplyObject(bed_redis(&bed, "RPUSH sg:{demo/0}:rejects:0 21"));
	freeReplyObject(bed_redis(&bed, "HSET sg:{demo/0}:state generation 21 flush_id "
	                                "ffffffffffffffffffffffffffffffff"));
	bed.driver->last_write_ms = 0;
	bed_until(&bed, bed_is_ready(&bed)); /* the fake partition requires agreement */
	check(fake_answered(driver_partition(bed.driver)) == 21);
	bed_apply(&bed, 1);
	bed_settle(&bed);
	bed_check_state(&bed, 22);
	bed_stop(&bed);
	bed_deinit(&bed);
}
