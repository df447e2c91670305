/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <xxhash.h>

#include "ingest/applying.h"
#include "rollup/source_record.h"

/* An event that was understood. */
struct plain_event {
	struct resolved_amount amounts[ITEM_AMOUNTS];
	uint32_t amount_count;
	uint32_t values[MODEL_DIMS];
	enum grain grain;
	int32_t bucket;
	int32_t day;
};

static void add_defaults(struct applying *applying, const struct event_type *type,
                         struct plain_event *event)
{
	for (uint32_t i = 0; i < type->amount_count; i++) {
		uint32_t measure = type->amounts[i].measure;
		bool named = false;
		for (uint32_t j = 0; j < event->amount_count; j++)
			named = named || event->amounts[j].measure == measure;
		if (named || event->amount_count == ITEM_AMOUNTS)
			continue;
		char currency[4] = "";
		if (applying->catalog->measures[measure].money)
			memcpy(currency, applying->source->currency, sizeof(currency));
		event->amounts[event->amount_count++] = (struct resolved_amount){
		    measure, dict_column(applying->dict, measure, currency),
		    type->amounts[i].value};
	}
}

/* Events of a batch share the text of a type, so that its pointer tells it. */
static const struct event_type *type_of(struct applying *applying, const char *name)
{
	uint64_t hash = (uint64_t)(uintptr_t)name * 0x9E3779B97F4A7C15u;
	size_t place = (hash >> 32) % TYPE_MEMOS;
	if (applying->type_memo[place].pointer == name)
		return applying->type_memo[place].type;
	int index = catalog_type(applying->catalog, name, strlen(name));
	if (index < 0)
		return NULL;
	applying->type_memo[place].pointer = name;
	applying->type_memo[place].type = &applying->catalog->types[index];
	return applying->type_memo[place].type;
}

static int resolve_type(struct applying *applying, const pb_event *item, struct plain_event *event,
                        struct fault *fault)
{
	if (!item->type[0])
		return 0;
	const struct event_type *type = type_of(applying, item->type);
	if (!type)
		return fault_set(applying, fault, ERR_UNKNOWN_TYPE, "type", "`%.80s`", item->type);
	add_defaults(applying, type, event);
	return 0;
}

/* Events mostly come in order: the day is looked up once per minute. */
static int resolve_bucket(struct applying *applying, int64_t us, struct plain_event *event)
{
	int64_t minute = us / 60000000;
	if (event->grain == GRAIN_MINUTE && minute == applying->memo_minute) {
		event->bucket = (int32_t)minute;
		event->day = applying->memo_day;
		return 0;
	}
	event->bucket = partition_bucket(applying->partition, event->grain, us, &event->day);
	applying->memo_minute = minute;
	applying->memo_day = event->day;
	return 0;
}

static int resolve_time(struct applying *applying, const pb_event *item, struct plain_event *event,
                        struct fault *fault)
{
	int64_t us = item->event_time_us;
	if (us <= 0)
		return fault_set(applying, fault, ERR_MISSING_FIELD, "event_time_us", "%lld",
		                 (long long)us);
	if (us > applying->now_us + FUTURE_US)
		return fault_set(applying, fault, ERR_IN_FUTURE, "event_time_us", "%lld",
		                 (long long)us);
	event->grain = partition_grain_of(applying->partition, us, applying->now_us);
	if (event->grain == GRAIN_COUNT)
		return fault_set(applying, fault, ERR_OUTSIDE_RETENTION, "event_time_us", "%lld",
		                 (long long)us);
	return resolve_bucket(applying, us, event);
}

static int check_id(struct applying *applying, const pb_event *item, struct fault *fault)
{
	if (!item->event_id[0])
		return applying->batch->sequence ? 0
		                                 : fault_set(applying, fault, ERR_EVENT_ID_REQUIRED,
		                                             "event_id", "no event_id");
	size_t len = strnlen(item->event_id, EVENT_ID_MAX + 1);
	if (len > EVENT_ID_MAX)
		return fault_set(applying, fault, ERR_TOO_LONG, "event_id", "over %d bytes",
		                 EVENT_ID_MAX);
	if (!text_ok(item->event_id, len, EVENT_ID_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "event_id", "an id of %zu bytes",
		                 len);
	return 0;
}

static int resolve_event(struct applying *applying, const pb_event *item, struct plain_event *event,
                         struct fault *fault)
{
	event->amount_count = 0;
	for (uint32_t i = 0; i < applying->catalog->dim_count; i++)
		event->values[i] = DICT_NO_VALUE;
	if (has_unknown_fields(&item->base))
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD, "event", "a field below 100");
	int err = resolve_time(applying, item, event, fault);
	err = err ? err : check_id(applying, item, fault);
	err = err ? err
	          : resolve_amounts(applying, item->amounts, item->n_amounts, true, event->amounts,
	                            &event->amount_count, fault);
	err = err ? err : resolve_type(applying, item, event, fault);
	if (!err && !event->amount_count)
		err = fault_set(applying, fault, ERR_NO_AMOUNTS, "amounts",
		                "neither amounts nor a type that brings some");
	return err ? err
	           : resolve_dims(applying, item->dims, item->n_dims, "dims", NULL, false,
	                          event->values, fault);
}

/* An id that can no longer be told from one that was forgotten. */
static bool too_old(const struct applying *applying, const pb_event *item,
                    const struct plain_event *event)
{
	const struct dedup *dedup = partition_dedup(applying->partition);
	int64_t oldest = (int64_t)dedup_oldest_hour(dedup, applying->hour) * 3600000000;
	return item->event_time_us < oldest &&
	       source_declared(&applying->source->current, event->day, item->event_time_us);
}

static void count_event(struct applying *applying, const pb_event *item,
                        const struct plain_event *event)
{
	struct cell_place place = partition_place(event->grain, event->bucket);
	struct dict *dict = applying->dict;
	for (uint32_t at = 0; at < dict->plain_set_count; at++) {
		uint32_t group = dict_group(dict, dict->plain_sets[at], 0, event->values);
		for (uint32_t i = 0; i < event->amount_count; i++)
			if (event->amounts[i].value)
				partition_add_soon(applying->partition, group, &place,
				                   event->amounts[i].column,
				                   event->amounts[i].value);
	}
	note_item(applying, event->day, event->day, event->amounts, event->amount_count);
	applying->outcome->accepted++;
	source_note_event(&applying->source->current, event->day, item->event_time_us,
	                  applying->now_us);
}

static void apply_event(struct applying *applying, uint32_t index)
{
	const pb_event *item = applying->batch->events[index];
	struct plain_event event;
	struct fault fault = {0};
	struct dedup *dedup = partition_dedup(applying->partition);
	if (check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__EVENT, &fault) == 0 &&
	    resolve_event(applying, item, &event, &fault) == 0 && item->event_id[0]) {
		const struct dedup_id *id = &applying->ids[index];
		bool old = too_old(applying, item, &event);
		if (old ? dedup_seen(dedup, id) : !dedup_add(dedup, id, applying->hour)) {
			applying->outcome->duplicates++;
			return;
		}
		if (old)
			fault_set(applying, &fault, ERR_TOO_OLD_TO_DEDUP, "event_id", "`%.64s`",
			          item->event_id);
	}
	if (fault.err)
		apply_reject_item(applying, STREAMGAUGE__V1__REJECT__ITEM__EVENT, index, &fault);
	else
		count_event(applying, item, &event);
}

/* Seeded, so that nobody who chooses ids can choose where they collide. */
static void hash_ids(struct applying *applying)
{
	uint64_t seed;
	memcpy(&seed, partition_seed(applying->partition), sizeof(seed));
	seed ^= (uint64_t)(applying->source->number + 1) * 0x9E3779B97F4A7C15u;
	for (uint32_t i = 0; i < applying->batch->n_events; i++) {
		const char *id = applying->batch->events[i]->event_id;
		XXH128_hash_t hash = XXH3_128bits_withSeed(id, strnlen(id, EVENT_ID_MAX + 1), seed);
		memcpy(applying->ids[i].bytes, &hash, sizeof(applying->ids[i].bytes));
	}
}

/* Far enough ahead that the memory of an id's slot is there when it is needed. */
#define PREFETCH_EVENTS 12

void apply_events(struct applying *applying)
{
	uint32_t count = (uint32_t)applying->batch->n_events;
	struct dedup *dedup = partition_dedup(applying->partition);
	hash_ids(applying);
	for (uint32_t i = 0; i < count; i++) {
		if (i + PREFETCH_EVENTS < count)
			dedup_prefetch(dedup, &applying->ids[i + PREFETCH_EVENTS]);
		apply_event(applying, i);
	}
	partition_add_rest(applying->partition);
	if (dedup->used > dedup->max_ids)
		dedup_advance(dedup, applying->hour);
	if (dedup->short_window)
		applying->source->current.dedup_window_short = true;
}
