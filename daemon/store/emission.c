/* SPDX-License-Identifier: Apache-2.0 */
#include "store/emission.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void emission_init(struct emission *emission, const char *follows, uint64_t stream_max)
{
	*emission = (struct emission){.follows = follows, .stream_max = stream_max};
	arena_init(&emission->arena, 0);
}

void emission_deinit(struct emission *emission)
{
	arena_deinit(&emission->arena);
	free(emission->ops);
	free(emission->fields);
	*emission = (struct emission){.failed = true};
}

/* Room for one more item; the list itself stays when there is no memory. */
static void *grow(void *items, uint32_t count, uint32_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	uint32_t more = *cap ? *cap * 2 : 32;
	void *grown = realloc(items, more * size);
	if (grown)
		*cap = more;
	return grown;
}

static const char *copy(struct emission *emission, const void *bytes, size_t len)
{
	const char *text = arena_strndup(&emission->arena, bytes ? bytes : "", len);
	emission->failed = emission->failed || !text;
	return text;
}

void emission_begin(struct emission *emission, enum emission_part part, const char *stage)
{
	if (emission->failed)
		return;
	void *ops =
	    grow(emission->ops, emission->op_count, &emission->op_cap, sizeof(*emission->ops));
	if (!ops) {
		emission->failed = true;
		return;
	}
	emission->ops = ops;
	emission->ops[emission->op_count++] =
	    (struct emission_op){.part = part,
	                         .stage = stage ? copy(emission, stage, strlen(stage)) : "",
	                         .first = emission->field_count};
}

static void add(struct emission *emission, const void *bytes, size_t len)
{
	if (emission->failed)
		return;
	require(emission->op_count > 0);
	void *fields = grow(emission->fields, emission->field_count, &emission->field_cap,
	                    sizeof(*emission->fields));
	if (!fields) {
		emission->failed = true;
		return;
	}
	emission->fields = fields;
	const char *text = copy(emission, bytes, len);
	emission->fields[emission->field_count++] =
	    (struct flush_bytes){(const uint8_t *)text, len};
	emission->ops[emission->op_count - 1].count++;
}

void emission_bytes(struct emission *emission, const char *name, const void *value, size_t len)
{
	add(emission, name, strlen(name));
	add(emission, value, len);
}

void emission_field(struct emission *emission, const char *name, const char *value)
{
	emission_bytes(emission, name, value, strlen(value));
}

void emission_printf(struct emission *emission, const char *name, const char *format, ...)
{
	struct buf text = {0};
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	uint8_t *at = len < 0 ? NULL : buf_reserve(&text, (size_t)len + 1);
	if (at) {
		va_start(args, format);
		vsnprintf((char *)at, (size_t)len + 1, format, args);
		va_end(args);
		emission_bytes(emission, name, at, (size_t)len);
	} else {
		emission->failed = true;
	}
	buf_deinit(&text);
}
