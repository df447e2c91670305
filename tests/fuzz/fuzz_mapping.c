/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a mapping file: refused with file and line, or taken and then
 * used on files whose columns it names, without a crash and with items that lie
 * within the input. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "mapping/engine.h"
#include "mapping/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES 6

/* Texts of the lines' fields, in turn. */
static const char *const texts[] = {"2026-11-21", "1",    "0.5", "EUR",   "", "yes",
                                    "W1",         "9.75", "-3",  "a;b c", "7"};

/* A column name without quotes and line ends; of a pattern one that it matches. */
static void put_name(struct buf *file, const char *name)
{
	for (const char *at = name; *at; at++) {
		const char *close = *at == '{' ? strchr(at, '}') : NULL;
		if (close && pattern_is(name)) {
			buf_put_text(file, "USD");
			at = close;
		} else if ((unsigned char)*at >= ' ' && *at != '"' && *at != ',') {
			buf_put(file, at, 1);
		}
	}
}

static void make_file(const struct mapping *mapping, struct buf *file)
{
	for (uint32_t i = 0; i < mapping->column_count; i++) {
		buf_put_text(file, i ? "," : "");
		put_name(file, mapping->columns[i]);
	}
	buf_put_text(file, "\n");
	for (uint32_t line = 0; line < LINES + mapping->heading_lines; line++) {
		for (uint32_t i = 0; i < mapping->column_count; i++)
			buf_printf(file, "%s%s", i ? "," : "",
			           texts[(i + line * 3) % (sizeof(texts) / sizeof(*texts))]);
		buf_put_text(file, "\n");
	}
}

static void check_items(const struct mapped *mapped)
{
	for (uint64_t i = 0; i < mapped->items.count; i++) {
		const struct item *item = &mapped->items.list[i];
		require(item->shape < mapped->items.mapping->shape_count);
		require(item->to >= item->from);
		if (mapped->items.mapping->shapes[item->shape].kind != SHAPE_RESPONSE)
			continue;
		struct answer answer;
		uint32_t answers = 0;
		for (uint32_t at = 0; answer_next(&mapped->items, item->labels, &at, &answer);) {
			const char *text = NULL;
			uint32_t len = 0;
			uint32_t options = 0;
			for (uint32_t place = 0; answer_option(&answer, &place, &text, &len);)
				options++;
			require(options == answer.option_count);
			answers++;
		}
		require(answers > 0);
	}
}

/* The mapping over a file with its own columns. */
static void use(struct mapping *mapping)
{
	struct buf file = {0};
	make_file(mapping, &file);
	struct input_memory memory = {file.bytes, file.len};
	struct input input = input_of_memory(&memory);
	struct mapping_list list = {&mapping, 1};
	struct sight sight;
	struct read_error error;
	if (!buf_failed(&file) && sight_take(input, &list, &sight, &error) == 0) {
		struct map_options options = {.as_of_us = 1};
		struct recognition found;
		struct mapped mapped;
		(void)recognise_named(&sight, mapping, &found);
		recognise(&sight, &list, &found);
		if (map_input(input, mapping, &sight, &options, &mapped, &error) == 0) {
			check_items(&mapped);
			mapped_deinit(&mapped);
		}
		sight_deinit(&sight);
	}
	buf_deinit(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mapping *mapping = NULL;
	struct settings_error error = {{0}};
	int err = mapping_parse("fuzz.yaml", data, size, &mapping, &error);
	if (err) {
		require(err == ERR_NOMEM || strncmp(error.text, "fuzz.yaml:", 10) == 0);
		return 0;
	}
	require(mapping->shape_count > 0 && mapping->platform);
	use(mapping);
	mapping_free(mapping);
	return 0;
}
