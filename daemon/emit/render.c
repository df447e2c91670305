/* SPDX-License-Identifier: Apache-2.0 */
#include "emit/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "query/sheet.h"

/* ---- rows ---- */

void rendered_deinit(struct rendered *rendered)
{
	buf_deinit(&rendered->bytes);
}

/* What the answer says beside its rows, but for generation and time. */
static int mix_head(const struct summary *summary, XXH3_state_t *state)
{
	struct summary timeless = *summary;
	struct buf head = {0};
	timeless.generation = 0;
	timeless.computed_us = 0;
	encode_pb_head(&timeless, &head);
	int err = buf_failed(&head) ? ERR_NOMEM : 0;
	if (!err)
		XXH3_128bits_update(state, head.bytes, head.len);
	buf_deinit(&head);
	return err;
}

/* Which row it is. */
static uint64_t mix_identity(uint64_t shape, const struct kpi_row *row)
{
	const struct {
		int64_t start_us;
		int32_t first_day;
		int32_t last_day;
	} bucket = {row->bucket.start_us, row->bucket.first_day, row->bucket.last_day};
	shape = XXH3_64bits_withSeed(row->kpi->kpi->id, strlen(row->kpi->kpi->id), shape);
	return XXH3_64bits_withSeed(&bucket, sizeof(bucket), shape);
}

static int render_rows(struct rendered *rendered, XXH3_state_t *state)
{
	const struct summary *summary = rendered->summary;
	size_t start = 0;
	for (uint64_t i = 0; i < summary->row_count; i++) {
		struct kpi_row *row = &rendered->rows[i];
		summary_row(summary, i, row);
		encode_pb_row(row, summary, &rendered->bytes);
		if (buf_failed(&rendered->bytes))
			return ERR_NOMEM;
		const uint8_t *bytes = rendered->bytes.bytes + start;
		rendered->ends[i] = rendered->bytes.len;
		rendered->hashes[i] = XXH3_64bits(bytes, rendered->bytes.len - start);
		rendered->shape = mix_identity(rendered->shape, row);
		rendered->has_data = rendered->has_data || (row->status != STATUS_NO_DATA &&
		                                            row->status != STATUS_NON_ADDITIVE);
		start = rendered->bytes.len;
	}
	XXH3_128bits_update(state, rendered->bytes.bytes, rendered->bytes.len);
	return 0;
}

int render(const struct summary *summary, struct arena *arena, struct rendered *ret_rendered)
{
	size_t count = (size_t)summary->row_count;
	struct rendered rendered = {.summary = summary};
	rendered.rows = arena_alloc(arena, (count + 1) * sizeof(*rendered.rows));
	rendered.ends = arena_alloc(arena, (count + 1) * sizeof(*rendered.ends));
	rendered.hashes = arena_alloc(arena, (count + 1) * sizeof(*rendered.hashes));
	XXH3_state_t *state = XXH3_createState();
	int err = rendered.rows && rendered.ends && rendered.hashes && state ? 0 : ERR_NOMEM;
	if (!err) {
		XXH3_128bits_reset(state);
		err = mix_head(summary, state);
	}
	if (!err) {
		rendered.shape = XXH3_64bits(summary->version, strlen(summary->version));
		err = render_rows(&rendered, state);
	}
	if (err) {
		buf_deinit(&rendered.bytes);
	} else {
		XXH128_hash_t hash = XXH3_128bits_digest(state);
		snprintf(rendered.content, sizeof(rendered.content), "%016" PRIx64 "%016" PRIx64,
		         (uint64_t)hash.high64, (uint64_t)hash.low64);
		*ret_rendered = rendered;
	}
	XXH3_freeState(state);
	return err;
}

/* ---- what a reader has ---- */

void known_rows_deinit(struct known_rows *known)
{
	free(known->hashes);
	*known = (struct known_rows){.count = 0};
}

int known_rows_set(struct known_rows *known, const struct rendered *rendered)
{
	uint64_t count = rendered->summary->row_count;
	uint64_t *hashes = malloc((size_t)(count + 1) * sizeof(*hashes));
	known_rows_deinit(known);
	if (!hashes)
		return ERR_NOMEM;
	memcpy(hashes, rendered->hashes, (size_t)count * sizeof(*hashes));
	*known = (struct known_rows){.shape = rendered->shape, .hashes = hashes, .count = count};
	return 0;
}

static bool same_shape(const struct known_rows *known, const struct rendered *rendered)
{
	return known && known->hashes && known->shape == rendered->shape &&
	       known->count == rendered->summary->row_count;
}

/* ---- the stream ---- */

int render_entry(const struct rendered *rendered, const char *query, const struct known_rows *known,
                 struct emission *emission)
{
	const struct summary *summary = rendered->summary;
	bool some = same_shape(known, rendered);
	struct buf answer = {0};
	encode_pb_head(summary, &answer);
	for (uint64_t i = 0; i < summary->row_count; i++) {
		size_t start = i ? rendered->ends[i - 1] : 0;
		if (!some || known->hashes[i] != rendered->hashes[i])
			buf_put(&answer, rendered->bytes.bytes + start, rendered->ends[i] - start);
	}
	int err = buf_failed(&answer) ? ERR_NOMEM : 0;
	if (!err) {
		emission_begin(emission, EMISSION_ENTRY, NULL);
		emission_field(emission, "query", query);
		emission_field(emission, "rows", some ? "changed" : "all");
		emission_printf(emission, "generation", "%" PRIu64, summary->generation);
		emission_field(emission, "settings_version", summary->version);
		emission_field(emission, "content", rendered->content);
		emission_bytes(emission, "answer", answer.bytes, answer.len);
	}
	buf_deinit(&answer);
	return err;
}

/* ---- readable hashes ---- */

static void put_head(const struct summary *summary, const struct stage *stage,
                     struct emission *emission)
{
	const struct plan *plan = &summary->plan;
	char day[CIVIL_DAY_TEXT];
	char computed[ZONE_INSTANT_TEXT];
	emission_begin(emission, EMISSION_STAGE, stage->id);
	civil_format_day(day, plan->from);
	emission_field(emission, "summary:bucket_start", day);
	civil_format_day(day, plan->to);
	emission_field(emission, "summary:bucket_end", day);
	emission_printf(emission, "summary:generation", "%" PRIu64, summary->generation);
	emission_field(emission, "summary:settings_version", summary->version);
	zone_format_instant(computed, plan->tenant->zone, summary->computed_us);
	emission_field(emission, "summary:computed_at", computed);
}

/* `<kpi>:<word>` */
static void put_word(struct emission *emission, const struct kpi_row *row, const char *word,
                     const char *value)
{
	char name[MODEL_NAME_MAX + 32];
	snprintf(name, sizeof(name), "%s:%s", row->kpi->kpi->id, word);
	emission_field(emission, name, value);
}

static void put_number(struct emission *emission, const struct kpi_row *row, const char *word,
                       double value)
{
	char name[MODEL_NAME_MAX + 32];
	struct buf text = {0};
	snprintf(name, sizeof(name), "%s%s%s", row->kpi->kpi->id, word[0] ? ":" : "", word);
	json_put_double(&text, value);
	emission->failed = emission->failed || buf_failed(&text);
	if (!buf_failed(&text))
		emission_bytes(emission, name, text.bytes, text.len);
	buf_deinit(&text);
}

static void put_sample(struct emission *emission, const struct kpi_row *row)
{
	char text[24];
	if (row->has_n) {
		snprintf(text, sizeof(text), "%" PRIu64, row->n);
		put_word(emission, row, "n", text);
	}
	if (row->has_interval) {
		put_number(emission, row, "ci_low", row->ci_low);
		put_number(emission, row, "ci_high", row->ci_high);
	}
}

static void put_row(struct emission *emission, const struct summary *summary,
                    const struct kpi_row *row)
{
	const struct plan *plan = &summary->plan;
	struct row_text text;
	row_texts(summary, row, &text);
	if (row->has_value)
		put_number(emission, row, "", row->value);
	else
		emission_field(emission, row->kpi->kpi->id, "");
	put_word(emission, row, "status", row_status_name(row->status));
	put_word(emission, row, "flags", text.flags);
	put_word(emission, row, "unit", unit_name(row->kpi->kpi->unit));
	if (row->currency[0])
		put_word(emission, row, "currency", row->currency);
	put_sample(emission, row);
	if (row->bucket.first_day != plan->from || row->bucket.last_day != plan->to) {
		put_word(emission, row, "bucket_start", text.bucket_start);
		put_word(emission, row, "bucket_end", text.bucket_end);
	}
}

/* A KPI with several rows has no single value to show. */
static bool is_only_row(const struct rendered *rendered, uint64_t index)
{
	const struct kpi *kpi = rendered->rows[index].kpi->kpi;
	bool before = index > 0 && rendered->rows[index - 1].kpi->kpi == kpi;
	return !before && (index + 1 == rendered->summary->row_count ||
	                   rendered->rows[index + 1].kpi->kpi != kpi);
}

static void put_stage(const struct rendered *rendered, uint32_t stage, struct emission *emission)
{
	const struct summary *summary = rendered->summary;
	put_head(summary, &summary->plan.settings->catalog.stages[stage], emission);
	for (uint64_t i = 0; i < summary->row_count; i++) {
		const struct kpi_row *row = &rendered->rows[i];
		if (row->kpi->kpi->stage == stage && is_only_row(rendered, i))
			put_row(emission, summary, row);
	}
}

void render_stages(const struct rendered *rendered, const char *former, struct emission *emission)
{
	const struct catalog *catalog = &rendered->summary->plan.settings->catalog;
	for (uint32_t i = 0; i < catalog->stage_count; i++)
		put_stage(rendered, i, emission);
	for (const char *name = former; name && *name;) {
		char gone[MODEL_NAME_MAX + 1] = "";
		size_t len = strcspn(name, ",");
		bool stays = len == 0 || len >= sizeof(gone);
		if (!stays)
			memcpy(gone, name, len);
		for (uint32_t i = 0; i < catalog->stage_count; i++)
			stays = stays || strcmp(catalog->stages[i].id, gone) == 0;
		if (!stays)
			emission_begin(emission, EMISSION_DROP, gone);
		name += len + (name[len] == ',');
	}
}

char *render_stage_list(const struct catalog *catalog)
{
	struct buf list = {0};
	for (uint32_t i = 0; i < catalog->stage_count; i++)
		buf_printf(&list, "%s,", catalog->stages[i].id);
	buf_put_byte(&list, 0);
	if (!buf_failed(&list))
		return (char *)list.bytes;
	buf_deinit(&list);
	return NULL;
}
