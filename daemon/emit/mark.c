/* SPDX-License-Identifier: Apache-2.0 */
#include "emit/mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"

#define DAY_PREFIX "day:"

void mark_deinit(struct mark *mark)
{
	free(mark->stages);
	*mark = (struct mark){.stages = NULL};
}

int mark_copy(const struct mark *mark, struct mark *ret_copy)
{
	char *stages = mark->stages ? strdup(mark->stages) : NULL;
	if (mark->stages && !stages)
		return ERR_NOMEM;
	*ret_copy = *mark;
	ret_copy->stages = stages;
	return 0;
}

/* A value that is too long is none of ours. */
static void take_text(char *into, size_t size, const char *value)
{
	if (strlen(value) < size)
		strcpy(into, value);
}

static int take_stages(struct mark *mark, const char *value)
{
	char *stages = strdup(value);
	if (!stages)
		return ERR_NOMEM;
	free(mark->stages);
	mark->stages = stages;
	return 0;
}

static void take_day(struct mark *mark, const char *name, const char *value)
{
	int32_t day = 0;
	if (strlen(value) == EMIT_CONTENT - 1 && civil_parse_day(name, strlen(name), &day) == 0)
		mark_set_day(mark, day, value);
}

int mark_take(struct mark *mark, const char *name, const char *value)
{
	if (strcmp(name, "id") == 0)
		take_text(mark->id, sizeof(mark->id), value);
	else if (strcmp(name, "generation") == 0)
		mark->generation = strtoull(value, NULL, 10);
	else if (strcmp(name, "settings_version") == 0)
		take_text(mark->version, sizeof(mark->version), value);
	else if (strcmp(name, "content") == 0)
		take_text(mark->content, sizeof(mark->content), value);
	else if (strcmp(name, "stages") == 0)
		return take_stages(mark, value);
	else if (strncmp(name, DAY_PREFIX, strlen(DAY_PREFIX)) == 0)
		take_day(mark, name + strlen(DAY_PREFIX), value);
	return 0;
}

void mark_put(const struct mark *mark, struct emission *emission)
{
	char name[sizeof(DAY_PREFIX) + CIVIL_DAY_TEXT] = DAY_PREFIX;
	emission_begin(emission, EMISSION_MARK, NULL);
	emission_field(emission, "id", mark->id);
	emission_printf(emission, "generation", "%" PRIu64, mark->generation);
	emission_field(emission, "settings_version", mark->version);
	emission_field(emission, "content", mark->content);
	emission_field(emission, "stages", mark->stages ? mark->stages : "");
	for (uint32_t i = 0; i < EMIT_DAYS; i++) {
		if (!mark->days[i].content[0])
			continue;
		civil_format_day(name + strlen(DAY_PREFIX), mark->days[i].day);
		emission_field(emission, name, mark->days[i].content);
	}
}

const char *mark_day_content(const struct mark *mark, int32_t day)
{
	const struct mark_day *slot = &mark->days[day % EMIT_DAYS];
	return slot->day == day ? slot->content : "";
}

void mark_set_day(struct mark *mark, int32_t day, const char content[EMIT_CONTENT])
{
	struct mark_day *slot = &mark->days[day % EMIT_DAYS];
	slot->day = day;
	memcpy(slot->content, content, EMIT_CONTENT);
}
