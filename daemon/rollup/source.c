/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/source.h"

#include <stdlib.h>

#include "rollup/source_record.h"

const char *source_class_name(enum source_class class)
{
	static const char *const names[] = {"new", "event", "report", "survey", "market"};
	return (unsigned)class < sizeof(names) / sizeof(*names) ? names[class] : "unknown";
}

static void public_deinit(struct source_public *state)
{
	day_list_deinit(&state->complete);
	day_list_deinit(&state->late_days);
	day_list_deinit(&state->restated_days);
}

void source_deinit(struct source *source)
{
	zone_close(source->zone);
	public_deinit(&source->current);
	public_deinit(&source->frozen);
	public_deinit(&source->published);
	*source = (struct source){0};
}

void source_public_copy(struct source_public *to, const struct source_public *from)
{
	struct day_list complete = to->complete;
	struct day_list late_days = to->late_days;
	struct day_list restated_days = to->restated_days;
	day_list_copy(&complete, &from->complete);
	day_list_copy(&late_days, &from->late_days);
	day_list_copy(&restated_days, &from->restated_days);
	*to = *from;
	to->complete = complete;
	to->late_days = late_days;
	to->restated_days = restated_days;
}

/* ---- changes ---- */

void source_add_complete(struct source_public *state, int32_t first, int32_t last)
{
	if (first <= last)
		day_list_add(&state->complete, first, last, 0);
}

void source_declare(struct source_public *state, const struct zone *zone, int64_t from_us,
                    int64_t through_us)
{
	require(through_us > 0 && from_us <= through_us);
	int32_t first = from_us ? zone_local_of(zone, from_us).day : CIVIL_DAY_MIN;
	first = first > CIVIL_DAY_MIN ? first : CIVIL_DAY_MIN;
	int32_t whole = zone_local_of(zone, through_us).day - 1;
	int32_t reached = zone_local_of(zone, through_us - 1).day;
	if (through_us > state->complete_through_us) {
		if (state->complete_through_us && first > state->declared_day)
			source_add_complete(state, state->declared_day, state->declared_day);
		state->complete_through_us = through_us;
		state->declared_day = reached;
	} else if (reached < state->declared_day) {
		whole = reached;
	}
	source_add_complete(state, first, whole);
}

void source_note_event(struct source_public *state, int32_t day, int64_t time_us, int64_t now_us)
{
	bool late = time_us < now_us - SOURCE_LATE_US;
	state->late += late;
	if (source_days_complete(state, day, day) ||
	    (late && !state->complete_through_us && state->first_received_us &&
	     time_us >= state->first_received_us))
		day_list_add(&state->late_days, day, day, SOURCE_MARKED_DAYS);
}

void source_note_restated(struct source_public *state, int32_t first, int32_t last)
{
	state->restated_after_final++;
	day_list_add(&state->restated_days, first, last, SOURCE_MARKED_DAYS);
}

/* ---- answers ---- */

int32_t source_complete_through(const struct source_public *state)
{
	const struct day_list *complete = &state->complete;
	return complete->count ? complete->days[complete->count - 1].last : INT32_MIN;
}

int32_t source_complete_from(const struct source_public *state)
{
	const struct day_list *complete = &state->complete;
	return complete->count ? complete->days[complete->count - 1].first : INT32_MIN;
}

bool source_days_complete(const struct source_public *state, int32_t first, int32_t last)
{
	return day_list_holds(&state->complete, first, last);
}

bool source_gap(const struct source_public *state, int32_t first, int32_t last)
{
	int32_t through = source_complete_through(state);
	first = first > state->first_day ? first : state->first_day;
	last = last < through ? last : through;
	return first <= last && !source_days_complete(state, first, last);
}

bool source_declared(const struct source_public *state, int32_t day, int64_t instant_us)
{
	return source_days_complete(state, day, day) ||
	       (state->complete_through_us && day == state->declared_day &&
	        instant_us <= state->complete_through_us);
}

bool source_days_late(const struct source_public *state, int32_t first, int32_t last)
{
	return day_list_meets(&state->late_days, first, last);
}

bool source_days_restated(const struct source_public *state, int32_t first, int32_t last)
{
	return day_list_meets(&state->restated_days, first, last);
}
