/* SPDX-License-Identifier: Apache-2.0
 * A CSV of any bytes through the reader and a mapping: no crash, and every
 * record lies within the input, behind the one before. */
#include <stdlib.h>
#include <string.h>

#include "mapping/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
    "platform: fuzz\nclass: report\nabsent: ['', '-']\naccount: a\ncurrency: cur\n"
    "time_zone: tz\nas_of: at\nslices: complete\n"
    "reports:\n"
    "  - report: r\n    level: campaign\n    rollup: true\n    period: {day: d}\n"
    "    key: {campaign: id, device: {column: dev, optional: true}}\n"
    "    dims: {channel: {column: ch, map: {S: paid_search}, other: other, optional: true}}\n"
    "    labels: {campaign: {column: name, optional: true}}\n"
    "    measures:\n"
    "      clicks: {column: n, optional: true}\n"
    "      spend: {column: m, kind: money, scale: micros, optional: true}\n"
    "      conversion_value@claimed: {product: [m, n], kind: money, optional: true}\n";

/* The reader alone. */
static void read_all(struct input input, size_t size)
{
	struct reader reader;
	struct read_error error;
	if (reader_open(&reader, input, &error) != 0)
		return;
	uint64_t behind = 0;
	bool more = true;
	while (more) {
		struct record record;
		int err = reader_next(&reader, &record, &more, &error);
		if (err == ERR_MALFORMED)
			more = true;
		else if (err || !more)
			break;
		require(record.offset >= behind && record.offset + record.bytes <= size);
		behind = record.offset + record.bytes;
		for (uint32_t i = 0; !err && i < record.count; i++)
			require(record.fields[i].len <= size);
	}
	reader_close(&reader);
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
		if (map_input(input, mapping, &sight, &options, &mapped, &error) == 0) {
			require(mapped.items.count <= mapped.records);
			mapped_deinit(&mapped);
		}
		sight_deinit(&sight);
	}
	mapping_free(mapping);
	return 0;
}
