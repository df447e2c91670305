/* SPDX-License-Identifier: Apache-2.0
 * JSON lines of any bytes through the reader and a mapping: no crash, and every
 * record lies within the input, behind the one before. */
#include <stdlib.h>
#include <string.h>

#include "mapping/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
    "platform: fuzz\nclass: report\naccount: data.a\nas_of: {column: emitted_at, form: epoch_ms}\n"
    "readings_apart_hours: 1\n"
    "reports:\n"
    "  - report: r\n    level: campaign\n    rollup: true\n    where: {stream: s}\n"
    "    period: {hour: data.t}\n    key: {campaign: data.id}\n"
    "    measures: {clicks: {column: data.m.n}, spend: {column: data.m.s, kind: money}}\n"
    "  - report: x\n    level: ad\n    where: {stream: t}\n"
    "    period: {month: data.t}\n"
    "    measures: {clicks: {column: data.m.n, round: half_even}}\n";

static void read_all(struct input input, size_t size)
{
	struct intern columns = {0};
	struct jsonl jsonl;
	struct read_error error;
	uint64_t behind = 0;
	bool more = true;
	jsonl_open(&jsonl, input, &columns);
	while (more) {
		struct record record;
		int err = jsonl_next(&jsonl, &record, &more, &error);
		if (err == ERR_MALFORMED)
			more = true;
		else if (err || !more)
			break;
		require(record.offset >= behind && record.offset + record.bytes <= size);
		behind = record.offset + record.bytes;
		for (uint32_t i = 0; !err && i < record.count; i++)
			require(record.fields[i].len <= record.bytes);
	}
	jsonl_close(&jsonl);
	intern_deinit(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input_memory memory = {data, size};
	struct input input = input_of_memory(&memory);
	read_all(input, size);
	struct mapping *mapping = NULL;
	struct settings_error bad;
	require(mapping_parse("fuzz.yaml", yaml, strlen(yaml), &mapping, &bad) == 0);
	struct mapping_list list = {&mapping, 1};
	struct sight sight;
	struct read_error error;
	if (sight_take(input, &list, &sight, &error) == 0) {
		struct map_options options = {.as_of_us = 1};
		struct mapped mapped;
		if (map_input(input, mapping, &sight, &options, &mapped, &error) == 0)
			mapped_deinit(&mapped);
		sight_deinit(&sight);
	}
	mapping_free(mapping);
	return 0;
}
