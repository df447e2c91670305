/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/rejects: the rejected items of a tenant's sources, as they came. */
#include <stdlib.h>
#include <string.h>

#include "rollup/view.h"
#include "serve/http_private.h"
#include "serve/pb_json.h"
#include "streamgauge/v1/ingest.pb-c.h"
#include "streamgauge/v1/store.pb-c.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     10000

/* One stored reject. While Redis is read the bytes are kept in the request's
 * arena, so that a request that ends early leaves nothing behind. */
struct entry {
	uint32_t source;
	size_t len;
	const uint8_t *bytes;
	Streamgauge__V1__RejectedItem *item; /* decoded for the answer */
};

static void on_item(void *arg, const struct fetched *fetched)
{
	struct request *request = arg;
	if (!fetched->value.bytes)
		return;
	const char *copy =
	    arena_strndup(&request->arena, (const char *)fetched->value.bytes, fetched->value.len);
	struct entry entry = {fetched->key.a, fetched->value.len, (const uint8_t *)copy, NULL};
	if (!copy)
		request->collected.failed = true;
	buf_put(&request->collected, &entry, sizeof(entry));
}

static int by_time(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	if (left->item->received_us != right->item->received_us)
		return left->item->received_us < right->item->received_us ? -1 : 1;
	if (left->source != right->source)
		return left->source < right->source ? -1 : 1;
	if (left->item->sequence != right->item->sequence)
		return left->item->sequence < right->item->sequence ? -1 : 1;
	return left->item->index < right->item->index ? -1 : left->item->index > right->item->index;
}

static const char *item_name(uint32_t item)
{
	static const char *const names[] = {"item",     "event",     "row",   "commit", "heartbeat",
	                                    "response", "aggregate", "gauge", "rate"};
	return names[item < sizeof(names) / sizeof(names[0]) ? item : 0];
}

static void put_entry(struct sheet *sheet, struct partition *partition, const struct entry *entry)
{
	const Streamgauge__V1__RejectedItem *item = entry->item;
	char received[ZONE_INSTANT_TEXT];
	struct buf json = {.len = 0};
	/* Empty where the item looked like personal data. */
	Streamgauge__V1__Batch *batch = NULL;
	if (item->batch.len)
		batch = streamgauge__v1__batch__unpack(NULL, item->batch.len, item->batch.data);
	zone_format_instant(received, partition_tenant(partition)->zone, item->received_us);
	if (batch)
		pb_json_put(&json, &batch->base);
	buf_put_byte(&json, 0);
	sheet_row(sheet);
	/* The partition may have been loaded anew meanwhile. */
	bool known = entry->source < partition_source_count(partition);
	sheet_text(sheet, "source",
	           known ? partition_source(partition, entry->source)->name : NULL);
	sheet_text(sheet, "received", received);
	sheet_count(sheet, "sequence", item->sequence);
	sheet_text(sheet, "item", item_name(item->item));
	sheet_count(sheet, "index", item->index);
	sheet_text(sheet, "code", item->code);
	sheet_text(sheet, "field", item->field);
	sheet_text(sheet, "detail", item->detail);
	if (buf_failed(&json))
		sheet->buf->failed = true;
	else if (batch)
		sheet_json(sheet, "batch", (const char *)json.bytes);
	else
		sheet_missing(sheet, "batch");
	sheet_row_end(sheet);
	buf_deinit(&json);
	if (batch)
		streamgauge__v1__batch__free_unpacked(batch, NULL);
}

static void answer_rejects(struct request *request, struct partition *partition, uint64_t total,
                           uint64_t limit, enum query_format format)
{
	static const char *const columns[] = {"source", "received", "sequence", "item", "index",
	                                      "code",   "field",    "detail",   "batch"};
	struct buf body = {.len = 0};
	struct sheet sheet = {.buf = &body, .format = format};
	struct entry *entries = (struct entry *)(void *)request->collected.bytes;
	size_t stored = request->collected.len / sizeof(*entries);
	size_t count = 0;
	for (size_t i = 0; i < stored; i++) {
		entries[count] = entries[i];
		entries[count].item =
		    streamgauge__v1__rejected_item__unpack(NULL, entries[i].len, entries[i].bytes);
		count += entries[count].item != NULL;
	}
	size_t first = count > limit ? count - limit : 0;
	if (count > 1)
		qsort(entries, count, sizeof(*entries), by_time);
	if (format == FORMAT_JSON) {
		buf_put_byte(&body, '{');
		sheet_text(&sheet, "tenant", partition_tenant(partition)->name);
		sheet_count(&sheet, "rejected", total);
		sheet_count(&sheet, "kept", count);
		buf_put_byte(&body, ',');
	}
	request_sheet_begin(&sheet, "rejects");
	sheet_header(&sheet, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; i < count; i++) {
		if (i >= first)
			put_entry(&sheet, partition, &entries[i]);
		streamgauge__v1__rejected_item__free_unpacked(entries[i].item, NULL);
	}
	request_sheet_end(request, &sheet, MHD_HTTP_OK);
}

/* The sources asked for that have rejects; false = answered already. */
static bool choose_sources(struct request *request, struct partition *partition,
                           struct fetch_list *list, uint64_t *ret_total)
{
	const char *name = params_get(&request->params, "source");
	struct query_error error = {"source", "The tenant has no such source.", "see /v1/sources"};
	struct source *only = name ? partition_source_find(partition, name, strlen(name)) : NULL;
	uint64_t total = 0;
	if (name && !only) {
		request_problem(request, ERR_NOT_FOUND, &error);
		return false;
	}
	for (uint32_t i = 0; i < partition_source_count(partition); i++) {
		struct source *source = partition_source(partition, i);
		if ((only && source != only) || source->published.rejected == 0)
			continue;
		total += source->published.rejected;
		struct store_key key = {.kind = KEY_REJECTS, .a = source->number};
		int err = fetch_add(list, key, NULL, 0);
		if (err != 0) {
			request_problem(request, err, NULL);
			return false;
		}
	}
	*ret_total = total;
	return true;
}

static bool parse_limit(struct request *request, uint64_t *ret_limit)
{
	const char *text = params_get(&request->params, "limit");
	char *end = NULL;
	*ret_limit = LIMIT_DEFAULT;
	if (!text)
		return true;
	bool digits = strspn(text, "0123456789") == strlen(text) && strlen(text) < 10;
	*ret_limit = digits ? strtoull(text, &end, 10) : 0;
	if (*ret_limit >= 1 && *ret_limit <= LIMIT_MAX)
		return true;
	struct query_error error = {"limit", "The limit is a number of items.", "1 to 10000"};
	request_problem(request, ERR_BAD_PARAMETER, &error);
	return false;
}

void handle_rejects(struct request *request)
{
	struct fetch_list list = {.count = 0};
	uint32_t tenant = 0;
	uint64_t limit = 0;
	uint64_t total = 0;
	enum query_format format = FORMAT_JSON;
	if (!request_tenant(request, &tenant) ||
	    !request_format(request, 1u << FORMAT_JSON | 1u << FORMAT_CSV | 1u << FORMAT_NDJSON,
	                    &format) ||
	    !parse_limit(request, &limit))
		return;
	struct driver *driver = request_driver(request, tenant);
	if (!driver)
		return;
	struct partition *partition = driver_partition(driver);
	if (choose_sources(request, partition, &list, &total)) {
		if (list.count > 0 && request->attempts == 0) {
			request_read(request, driver, &list, on_item);
			return;
		}
		if (buf_failed(&request->collected))
			request_problem(request, ERR_NOMEM, NULL);
		else
			answer_rejects(request, partition, total, limit, format);
	}
	fetch_list_deinit(&list);
}
