/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup/labels.h"

#include <stdlib.h>
#include <string.h>

#include "rollup/state.h"

void labels_deinit(struct partition *partition)
{
	for (uint32_t i = 0; i < partition->label_cap; i++) {
		free(partition->labels[i].name);
		free(partition->labels[i].objective);
	}
	free(partition->labels);
	free(partition->labels_pending);
}

static struct label *label_of(struct partition *partition, uint32_t value)
{
	partition->labels = partition_grow(partition->labels, &partition->label_cap, value,
	                                   sizeof(*partition->labels));
	return &partition->labels[value];
}

static void label_changed(struct partition *partition, uint32_t value)
{
	struct label *label = &partition->labels[value];
	if (label->pending)
		return;
	label->pending = true;
	partition->labels_pending =
	    partition_grow(partition->labels_pending, &partition->labels_pending_cap,
	                   partition->labels_pending_count, sizeof(uint32_t));
	partition->labels_pending[partition->labels_pending_count++] = value;
}

/* The newest reading of a text wins. True when it is another text. */
static bool put_text(char **text, int64_t *text_as_of_us, const char *bytes, size_t len,
                     int64_t as_of_us)
{
	if (*text && *text_as_of_us >= as_of_us)
		return false;
	bool same = *text && strlen(*text) == len && memcmp(*text, bytes, len) == 0;
	*text_as_of_us = as_of_us;
	if (same)
		return false;
	free(*text);
	*text = strndup(bytes, len);
	require(*text != NULL);
	return true;
}

void partition_label(struct partition *partition, uint32_t value, const char *name, size_t len,
                     int64_t as_of_us)
{
	struct label *label = label_of(partition, value);
	if (put_text(&label->name, &label->as_of_us, name, len, as_of_us))
		label_changed(partition, value);
}

void partition_objective(struct partition *partition, uint32_t value, const char *objective,
                         size_t len, int64_t as_of_us)
{
	struct label *label = label_of(partition, value);
	if (put_text(&label->objective, &label->objective_as_of_us, objective, len, as_of_us))
		label_changed(partition, value);
}

void partition_reported(struct partition *partition, uint32_t value, const struct source *source)
{
	struct label *label = label_of(partition, value);
	if (label->source == source->number + 1)
		return;
	if (label->source &&
	    strcmp(dict_source_name(&partition->dict, label->source - 1), source->name) < 0)
		return;
	label->source = source->number + 1;
	label_changed(partition, value);
}

/* ---- the stored form ---- */

static void put_as_of(struct buf *buf, uint32_t number, int64_t as_of_us)
{
	buf_put_key(buf, number, 0);
	buf_put_zigzag(buf, as_of_us);
}

void label_encode(const struct partition *partition, uint32_t value, struct buf *buf)
{
	const struct label *label = &partition->labels[value];
	if (label->name) {
		buf_put_field(buf, 1, label->name, strlen(label->name));
		put_as_of(buf, 2, label->as_of_us);
	}
	if (label->objective) {
		buf_put_field(buf, 3, label->objective, strlen(label->objective));
		put_as_of(buf, 5, label->objective_as_of_us);
	}
	if (label->source) {
		const char *source = dict_source_name(&partition->dict, label->source - 1);
		buf_put_field(buf, 4, source, strlen(source));
	}
}

int label_decode(struct partition *partition, uint32_t value, struct cursor in)
{
	struct cursor name = {0}, objective = {0}, source = {0};
	int64_t as_of_us = 0, objective_as_of_us = 0;
	while (!cursor_done(&in)) {
		uint64_t key = cursor_varint(&in);
		if (key == ((1 << 3) | 2))
			name = cursor_field(&in);
		else if (key == (2 << 3))
			as_of_us = cursor_zigzag(&in);
		else if (key == ((3 << 3) | 2))
			objective = cursor_field(&in);
		else if (key == ((4 << 3) | 2))
			source = cursor_field(&in);
		else if (key == (5 << 3))
			objective_as_of_us = cursor_zigzag(&in);
		else
			return ERR_MALFORMED;
	}
	if (in.failed)
		return ERR_MALFORMED;
	struct label *label = label_of(partition, value);
	if (name.next)
		put_text(&label->name, &label->as_of_us, (const char *)name.next,
		         cursor_left(&name), as_of_us);
	if (objective.next)
		put_text(&label->objective, &label->objective_as_of_us,
		         (const char *)objective.next, cursor_left(&objective), objective_as_of_us);
	if (!source.next)
		return 0;
	uint32_t number =
	    dict_source_find(&partition->dict, (const char *)source.next, cursor_left(&source));
	if (number == INTERN_NONE)
		return ERR_MALFORMED;
	label->source = number + 1;
	return 0;
}
