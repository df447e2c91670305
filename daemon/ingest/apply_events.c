/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "ingest/applying.h"
#include "rollup/source_record.h"

/* Events that are looked up and counted together: each step of one overlaps with
 * the memory that the others wait for. */
#define BLOCK_EVENTS COUNT_ITEMS

/* An event that was understood. */
struct plain_event {
	struct resolved_amount amounts[ITEM_AMOUNTS];
	uint32_t amount_count;
	uint32_t *values; /* by catalog dimension */
	struct cell_place place;
	int32_t day;
};

static int add_defaults(struct applying *applying, const struct event_type *type,
                        struct plain_event *event, struct fault *fault)
{
	for (uint32_t i = 0; i < type->amount_count; i++) {
		uint32_t measure = type->amounts[i].measure;
		bool named = false;
		for (uint32_t j = 0; j < event->amount_count; j++)
			named = named || event->amounts[j].measure == measure;
		if (named)
			continue;
		if (event->amount_count == ITEM_AMOUNTS)
			return fault_set(applying, fault, ERR_TOO_MANY, "amounts",
			                 "over %d with those of type `%s`", ITEM_AMOUNTS, type->id);
		char currency[4] = "";
		if (applying->catalog->measures[measure].money)
			memcpy(currency, applying->source->currency, sizeof(currency));
		event->amounts[event->amount_count++] = (struct resolved_amount){
		    measure, dict_column(applying->dict, measure, currency),
		    type->amounts[i].value};
	}
	return 0;
}

static int resolve_type(struct applying *applying, const struct event_view *item,
                        struct plain_event *event, struct fault *fault)
{
	struct event_text name = applying->events->names[item->type];
	if (!name.len)
		return 0;
	int *answer = &applying->answers[item->type].type;
	if (*answer == NAME_NEW)
		*answer = catalog_type(applying->catalog, name.at, name.len);
	if (*answer < 0)
		return fault_set(applying, fault, ERR_UNKNOWN_TYPE, "type", "`%.*s`",
		                 (int)(name.len < 80 ? name.len : 80), name.at);
	return add_defaults(applying, &applying->catalog->types[*answer], event, fault);
}

/* Events mostly come in order: the place is found once per minute. */
static void place_event(struct applying *applying, enum grain grain, int64_t us,
                        struct plain_event *event)
{
	int64_t minute = us / 60000000;
	if (grain != applying->memo_place.grain || minute != applying->memo_minute) {
		int32_t bucket =
		    partition_bucket(applying->partition, grain, us, &applying->memo_day);
		applying->memo_place = partition_place(grain, bucket);
		applying->memo_minute = minute;
	}
	event->place = applying->memo_place;
	event->day = applying->memo_day;
}

static int resolve_time(struct applying *applying, const struct event_view *item,
                        struct plain_event *event, struct fault *fault)
{
	int64_t us = item->time_us;
	if (us <= 0)
		return fault_set(applying, fault, ERR_MISSING_FIELD, "event_time_us", "%lld",
		                 (long long)us);
	if (us > applying->now_us + FUTURE_US)
		return fault_set(applying, fault, ERR_IN_FUTURE, "event_time_us", "%lld",
		                 (long long)us);
	enum grain grain = partition_grain_of(applying->partition, us, applying->now_us);
	if (grain == GRAIN_COUNT)
		return fault_set(applying, fault, ERR_OUTSIDE_RETENTION, "event_time_us", "%lld",
		                 (long long)us);
	place_event(applying, grain, us, event);
	return 0;
}

static int check_id(struct applying *applying, const struct event_view *item, struct fault *fault)
{
	if (!item->id.len)
		return applying->batch->sequence ? 0
		                                 : fault_set(applying, fault, ERR_EVENT_ID_REQUIRED,
		                                             "event_id", "no event_id");
	if (item->id.len > EVENT_ID_MAX)
		return fault_set(applying, fault, ERR_TOO_LONG, "event_id", "over %d bytes",
		                 EVENT_ID_MAX);
	if (!text_ok(item->id.at, item->id.len, EVENT_ID_MAX))
		return fault_set(applying, fault, ERR_BAD_TEXT, "event_id", "an id of %zu bytes",
		                 item->id.len);
	return 0;
}

static int resolve_event(struct applying *applying, const struct event_view *item,
                         struct plain_event *event, struct fault *fault)
{
	event->amount_count = 0;
	for (uint32_t i = 0; i < applying->catalog->dim_count; i++)
		event->values[i] = DICT_NO_VALUE;
	if (item->has_unknown)
		return fault_set(applying, fault, ERR_UNKNOWN_FIELD, "event", "a field below 100");
	int err = resolve_time(applying, item, event, fault);
	err = err ? err : check_id(applying, item, fault);
	err = err ? err
	          : resolve_event_amounts(applying, item, event->amounts, &event->amount_count,
	                                  fault);
	err = err ? err : resolve_type(applying, item, event, fault);
	if (!err && !event->amount_count)
		err = fault_set(applying, fault, ERR_NO_AMOUNTS, "amounts",
		                "neither amounts nor a type that brings some");
	return err ? err : resolve_event_dims(applying, item, event->values, fault);
}

/* An id that can no longer be told from one that was forgotten. */
static bool too_old(const struct applying *applying, const struct event_view *item,
                    const struct plain_event *event)
{
	const struct dedup *dedup = partition_dedup(applying->partition);
	int64_t oldest = (int64_t)dedup_oldest_hour(dedup, applying->hour) * 3600000000;
	/* It may have been received before it happened. */
	return item->time_us < oldest + FUTURE_US &&
	       source_declared(&applying->source->current, event->day, item->time_us);
}

/* The event joins those that are counted together. */
static void count_event(struct applying *applying, struct counting *counting,
                        const struct event_view *item, const struct plain_event *event)
{
	uint32_t at = counting->count ? counting->ends[counting->count - 1] : 0;
	for (uint32_t i = 0; i < event->amount_count; i++)
		if (event->amounts[i].value)
			counting->increments[at++] =
			    (struct increment){event->amounts[i].column, event->amounts[i].value};
	counting->places[counting->count] = event->place;
	counting->ends[counting->count++] = at;
	if (counting->count == COUNT_ITEMS || at + ITEM_AMOUNTS > COUNT_INCREMENTS)
		partition_count(applying->partition, counting);
	note_item(applying, event->day, event->day, event->amounts, event->amount_count);
	applying->outcome->accepted++;
	source_note_event(&applying->source->current, event->day, item->time_us, applying->now_us);
}

static void apply_event(struct applying *applying, struct counting *counting, uint32_t index,
                        const struct dedup_id *id)
{
	const struct event_view *item = &applying->events->items[index];
	struct plain_event event;
	event.values = counting->values[counting->count];
	struct fault fault = {0};
	struct dedup *dedup = partition_dedup(applying->partition);
	if (check_class(applying, STREAMGAUGE__V1__REJECT__ITEM__EVENT, &fault) == 0 &&
	    resolve_event(applying, item, &event, &fault) == 0 && item->id.len) {
		bool old = too_old(applying, item, &event);
		if (old ? dedup_seen(dedup, id) : !dedup_add(dedup, id, applying->hour)) {
			applying->outcome->duplicates++;
			return;
		}
		if (old)
			fault_set(applying, &fault, ERR_TOO_OLD_TO_DEDUP, "event_id", "`%.*s`",
			          (int)(item->id.len < 64 ? item->id.len : 64), item->id.at);
	}
	if (fault.err)
		apply_reject_item(applying, STREAMGAUGE__V1__REJECT__ITEM__EVENT, index, &fault);
	else
		count_event(applying, counting, item, &event);
}

/* Hashes the ids of a block of events and asks for their slots' memory. Seeded,
 * so that nobody who chooses ids can choose where they collide. */
static void hash_ids(struct applying *applying, uint64_t seed, uint32_t first,
                     struct dedup_id ids[BLOCK_EVENTS])
{
	const struct dedup *dedup = partition_dedup(applying->partition);
	const struct event_list *events = applying->events;
	for (uint32_t i = 0; i < BLOCK_EVENTS && first + i < events->count; i++) {
		struct event_text id = events->items[first + i].id;
		size_t len = id.len > EVENT_ID_MAX ? EVENT_ID_MAX + 1 : id.len;
		XXH128_hash_t hash = XXH3_128bits_withSeed(id.at, len, seed);
		memcpy(ids[i].bytes, &hash, sizeof(ids[i].bytes));
		dedup_prefetch(dedup, &ids[i]);
	}
}

int prepare_events(struct applying *applying)
{
	uint32_t count = applying->events->name_count;
	applying->answers = arena_alloc(applying->arena, (count + 1) * sizeof(*applying->answers));
	if (!applying->answers)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < count; i++)
		applying->answers[i] = (struct name_answers){NAME_NEW, NAME_NEW, NAME_NEW};
	return 0;
}

void apply_events(struct applying *applying)
{
	struct dedup_id ids[2][BLOCK_EVENTS]; /* of the block at hand and the next */
	struct counting counting;
	uint32_t count = applying->events->count;
	struct dedup *dedup = partition_dedup(applying->partition);
	uint64_t seed;
	counting.count = 0;
	memcpy(&seed, partition_seed(applying->partition), sizeof(seed));
	seed ^= (uint64_t)(applying->source->number + 1) * 0x9E3779B97F4A7C15u;
	hash_ids(applying, seed, 0, ids[0]);
	for (uint32_t first = 0; first < count; first += BLOCK_EVENTS) {
		uint32_t block = first / BLOCK_EVENTS;
		hash_ids(applying, seed, first + BLOCK_EVENTS, ids[(block + 1) % 2]);
		for (uint32_t i = 0; i < BLOCK_EVENTS && first + i < count; i++)
			apply_event(applying, &counting, first + i, &ids[block % 2][i]);
	}
	partition_count(applying->partition, &counting);
	if (dedup->used > dedup->max_ids)
		dedup_advance(dedup, applying->hour);
	if (count)
		applying->source->current.dedup_window_short = dedup_short(dedup, applying->hour);
}
