/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "rollup/state.h"

uint32_t partition_source_count(const struct partition *partition)
{
	return partition->dict.tables[DICT_SOURCE].count;
}

static bool name_ok(const char *name, size_t len)
{
	if (len < 3 || len > SOURCE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	int slashes = 0;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		             (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
		if (!plain && c != '/')
			return false;
		slashes += c == '/';
	}
	return slashes == 1;
}

struct source *partition_source(struct partition *partition, uint32_t number)
{
	require(number < partition_source_count(partition));
	partition->sources = partition_grow((void *)partition->sources, &partition->source_cap,
	                                    number, sizeof(*partition->sources));
	struct source *source = partition->sources[number];
	if (source)
		return source;
	source = calloc(1, sizeof(*source));
	require(source != NULL);
	source->number = number;
	source->name = dict_source_name(&partition->dict, number);
	memcpy(source->platform, source->name, strcspn(source->name, "/"));
	source->cadence_hours = 24;
	source->current.last_day = source->published.last_day = -1;
	partition->sources[number] = source;
	return source;
}

struct source *partition_source_find(struct partition *partition, const char *name, size_t len)
{
	if (!name_ok(name, len))
		return NULL;
	uint32_t number = dict_source_find(&partition->dict, name, len);
	return number == INTERN_NONE ? NULL : partition_source(partition, number);
}

int partition_source_get(struct partition *partition, const char *name, size_t len,
                         struct source **ret_source)
{
	if (!name_ok(name, len))
		return ERR_BAD_SOURCE;
	uint32_t number = dict_source_find(&partition->dict, name, len);
	if (number == INTERN_NONE) {
		if (partition_source_count(partition) >= partition->settings->limits.sources)
			return ERR_TOO_MANY;
		number = dict_source(&partition->dict, name, len);
	}
	*ret_source = partition_source(partition, number);
	return 0;
}

void partition_declare(const struct partition *partition, struct source *source, int64_t from_us,
                       int64_t through_us)
{
	source_declare(&source->current, partition->tenant->zone, from_us, through_us);
}

void partition_source_touch(struct partition *partition, struct source *source)
{
	source->touched = true;
	partition->sources_touched = true;
}
