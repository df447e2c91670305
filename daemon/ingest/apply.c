/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/apply.h"

#include <string.h>

#include "ingest/applying.h"
#include "streamgauge/v1/store.pb-c.h"

/* The rejected item alone in a Batch. */
static void pick_item(const Streamgauge__V1__Batch *from, Streamgauge__V1__Reject__Item item,
                      uint32_t index, Streamgauge__V1__Batch *ret_batch)
{
	streamgauge__v1__batch__init(ret_batch);
	switch (item) {
	case STREAMGAUGE__V1__REJECT__ITEM__ROW:
		ret_batch->rows = &from->rows[index];
		ret_batch->n_rows = 1;
		break;
	case STREAMGAUGE__V1__REJECT__ITEM__COMMIT:
		ret_batch->commits = &from->commits[index];
		ret_batch->n_commits = 1;
		break;
	case STREAMGAUGE__V1__REJECT__ITEM__RESPONSE:
		ret_batch->responses = &from->responses[index];
		ret_batch->n_responses = 1;
		break;
	case STREAMGAUGE__V1__REJECT__ITEM__AGGREGATE:
		ret_batch->aggregates = &from->aggregates[index];
		ret_batch->n_aggregates = 1;
		break;
	case STREAMGAUGE__V1__REJECT__ITEM__GAUGE:
		ret_batch->gauges = &from->gauges[index];
		ret_batch->n_gauges = 1;
		break;
	case STREAMGAUGE__V1__REJECT__ITEM__RATE:
		ret_batch->rates = &from->rates[index];
		ret_batch->n_rates = 1;
		break;
	default:
		ret_batch->heartbeats = &from->heartbeats[index];
		ret_batch->n_heartbeats = 1;
	}
}

/* The same as bytes, so that it can be sent again: of an event as they came.
 * False when there is no memory. */
static bool pack_item(struct applying *applying, Streamgauge__V1__Reject__Item item, uint32_t index,
                      ProtobufCBinaryData *ret_bytes)
{
	const struct event_text event = item == STREAMGAUGE__V1__REJECT__ITEM__EVENT
	                                    ? applying->events->items[index].bytes
	                                    : (struct event_text){"", 0};
	Streamgauge__V1__Batch alone;
	struct buf out = {0};
	if (item == STREAMGAUGE__V1__REJECT__ITEM__EVENT) {
		out.cap = 2 * VARINT_MAX + event.len;
		out.bytes = arena_alloc(applying->arena, out.cap);
		if (!out.bytes)
			return false;
		buf_put_field(&out, BATCH_EVENTS, event.at, event.len);
	} else {
		pick_item(applying->batch, item, index, &alone);
		out.bytes = arena_alloc(applying->arena,
		                        streamgauge__v1__batch__get_packed_size(&alone) + 1);
		if (!out.bytes)
			return false;
		out.len = streamgauge__v1__batch__pack(&alone, out.bytes);
	}
	*ret_bytes = (ProtobufCBinaryData){out.len, out.bytes};
	return true;
}

static void keep_reject(struct applying *applying, Streamgauge__V1__Reject__Item item,
                        uint32_t index, const struct fault *fault)
{
	Streamgauge__V1__RejectedItem record = STREAMGAUGE__V1__REJECTED_ITEM__INIT;
	record.code = (char *)err_code(fault->err);
	record.field = (char *)fault->field;
	record.detail = (char *)fault->detail;
	record.received_us = applying->now_us;
	record.sequence = applying->batch->sequence;
	record.item = item;
	record.index = index;
	/* Kept to be sent again, but not what should not be here at all. */
	bool personal = fault->err == ERR_PII_SUSPECTED || fault->err == ERR_BAD_ANSWER;
	if (!personal && !pack_item(applying, item, index, &record.batch))
		return;
	size_t len = streamgauge__v1__rejected_item__get_packed_size(&record);
	uint8_t *bytes = arena_alloc(applying->arena, len);
	if (!bytes)
		return;
	streamgauge__v1__rejected_item__pack(&record, bytes);
	partition_reject(applying->partition, applying->source->number, bytes, len);
}

void apply_reject_item(struct applying *applying, Streamgauge__V1__Reject__Item item,
                       uint32_t index, const struct fault *fault)
{
	struct apply_outcome *outcome = applying->outcome;
	outcome->rejected++;
	applying->source->current.reject_codes[-fault->err]++;
	if (outcome->reject_count == REJECTS_TOLD)
		return;
	if (!outcome->rejects) {
		outcome->rejects =
		    arena_alloc(applying->arena, REJECTS_TOLD * sizeof(*outcome->rejects));
		if (!outcome->rejects)
			return;
	}
	outcome->rejects[outcome->reject_count++] =
	    (struct apply_reject){item, index, fault->err, fault->field, fault->detail};
	keep_reject(applying, item, index, fault);
}

#define ITEM(name) STREAMGAUGE__V1__REJECT__ITEM__##name
#define BIT(class) (1u << SOURCE_##class)

static const struct {
	const char *list;
	unsigned classes; /* that send such items */
} item_kinds[] = {
    [ITEM(EVENT)] = {"events", BIT(EVENT)},
    [ITEM(ROW)] = {"rows", BIT(REPORT) | BIT(MARKET)},
    [ITEM(COMMIT)] = {"commits", BIT(REPORT) | BIT(SURVEY) | BIT(MARKET)},
    [ITEM(HEARTBEAT)] = {"heartbeats", BIT(EVENT)},
    [ITEM(RESPONSE)] = {"responses", BIT(SURVEY)},
    [ITEM(AGGREGATE)] = {"aggregates", BIT(SURVEY)},
    [ITEM(GAUGE)] = {"gauges", BIT(REPORT) | BIT(SURVEY) | BIT(MARKET)},
    [ITEM(RATE)] = {"rates", BIT(MARKET)},
};

int check_class(struct applying *applying, Streamgauge__V1__Reject__Item item, struct fault *fault)
{
	const struct source *source = applying->source;
	if (item_kinds[item].classes >> source->class & 1)
		return 0;
	return fault_set(applying, fault, ERR_WRONG_CLASS, item_kinds[item].list,
	                 "%s is of class %s", source->name, source_class_name(source->class));
}

static void apply_heartbeats(struct applying *applying)
{
	for (uint32_t i = 0; i < applying->batch->n_heartbeats; i++) {
		const pb_heartbeat *item = applying->batch->heartbeats[i];
		struct fault fault = {0};
		if (has_unknown_fields(&item->base))
			fault_set(applying, &fault, ERR_UNKNOWN_FIELD, "heartbeat",
			          "a field below 100");
		else if (check_class(applying, ITEM(HEARTBEAT), &fault) != 0)
			;
		else if (item->complete_through_us > applying->now_us + FUTURE_US)
			fault_set(applying, &fault, ERR_IN_FUTURE, "complete_through_us", "%lld",
			          (long long)item->complete_through_us);
		else if (item->complete_through_us <= 0)
			fault_set(applying, &fault, ERR_MISSING_FIELD, "complete_through_us",
			          "%lld", (long long)item->complete_through_us);
		else if (item->complete_from_us < 0 ||
		         item->complete_from_us > item->complete_through_us)
			fault_set(applying, &fault, ERR_BAD_PERIOD, "complete_from_us",
			          "%lld to %lld", (long long)item->complete_from_us,
			          (long long)item->complete_through_us);
		if (fault.err) {
			apply_reject_item(applying, STREAMGAUGE__V1__REJECT__ITEM__HEARTBEAT, i,
			                  &fault);
			continue;
		}
		partition_declare(applying->partition, applying->source, item->complete_from_us,
		                  item->complete_through_us);
		applying->outcome->accepted++;
	}
}

static void advance_source(struct applying *applying, const uint8_t hash[16])
{
	struct source *source = applying->source;
	const Streamgauge__V1__Batch *batch = applying->batch;
	const struct apply_outcome *outcome = applying->outcome;
	struct source_public *state = &source->current;
	if (batch->sequence) {
		source->applied = batch->sequence;
		memcpy(source->hashes[batch->sequence % SOURCE_HASHES], hash, 16);
		source->cursor_len = (uint32_t)batch->cursor.len;
		if (batch->cursor.len)
			memcpy(source->cursor, batch->cursor.data, batch->cursor.len);
		state->last_sequence = batch->sequence;
	}
	if (!state->first_received_us)
		state->first_received_us = applying->now_us;
	/* Stored time only goes forward, also when the wall clock is set back. */
	if (applying->now_us > state->last_received_us)
		state->last_received_us = applying->now_us;
	state->accepted += outcome->accepted;
	state->duplicates += outcome->duplicates;
	state->unchanged += outcome->unchanged;
	state->stale += outcome->stale;
	state->not_rolled_up += outcome->not_rolled_up;
	state->rejected += outcome->rejected;
	state->withdrawn += outcome->forgotten.rows;
	partition_source_touch(applying->partition, source);
}

int batch_apply(struct partition *partition, struct source *source,
                const struct ingest_request *request, struct arena *arena, int64_t now_us,
                struct fetch_list *missing, struct apply_outcome *ret_outcome)
{
	require(request->batch->cursor.len <= SOURCE_CURSOR_MAX);
	struct apply_outcome outcome = {0};
	struct applying applying = {
	    .partition = partition,
	    .source = source,
	    .batch = request->batch,
	    .events = &request->events,
	    .arena = arena,
	    .catalog = &partition_settings(partition)->catalog,
	    .dict = partition_dict(partition),
	    .now_us = now_us,
	    .hour = partition_window_hour(partition, now_us),
	    .outcome = &outcome,
	    .memo_minute = INT64_MIN,
	};
	int err = prepare_rows(&applying, missing);
	err = err ? err : prepare_events(&applying);
	if (err)
		return err;
	apply_events(&applying);
	apply_rows(&applying);
	apply_responses(&applying);
	apply_aggregates(&applying);
	apply_gauges(&applying);
	apply_rates(&applying);
	apply_commits(&applying);
	apply_heartbeats(&applying);
	advance_source(&applying, request->hash);
	*ret_outcome = outcome;
	return 0;
}
