/* SPDX-License-Identifier: Apache-2.0 */
#include "query/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/buf.h"
#include "base/num.h"

static uint64_t last_change(const struct plan *plan, struct partition *partition)
{
	uint64_t newest = 0;
	const struct view_range *range;
	for (uint32_t i = 0; (range = plan_range(plan, i)) != NULL; i++) {
		uint64_t generation = view_changed(partition, range);
		newest = generation > newest ? generation : newest;
	}
	return newest;
}

int summary_build(const struct plan *plan, struct partition *partition, const char *version,
                  struct arena *arena, struct summary *ret_summary, struct query_error *ret_error)
{
	/* The parts refer to each other, so they are built in their last place. */
	struct summary *summary = ret_summary;
	*summary = (struct summary){.plan = *plan, .version = version};
	summary->first_rows =
	    arena_alloc(arena, (plan->kpi_count + 1) * sizeof(*summary->first_rows));
	if (!summary->first_rows)
		return ERR_NOMEM;
	int err = readings_collect(&summary->plan, partition, arena, &summary->readings, ret_error);
	if (err == 0)
		err = evaluate_begin(&summary->plan, &summary->readings, partition, arena,
		                     &summary->evaluation);
	if (err != 0)
		return err;
	summary->generation = last_change(plan, partition);
	summary->computed_us = plan->feeds.now_us;
	for (uint32_t i = 0; i < plan->kpi_count; i++) {
		const struct kpi_plan *kpi = &summary->evaluation.kpis[i];
		summary->first_rows[i] = summary->row_count;
		summary->row_count += (uint64_t)kpi->groups->count * kpi->bucket_count;
	}
	if (summary->row_count > plan->settings->limits.query_rows)
		return plan_check_rows(plan, summary->row_count, 1, arena, ret_error);
	return 0;
}

void summary_row(const struct summary *summary, uint64_t index, struct kpi_row *ret_row)
{
	/* The last KPI that begins at or before it; those without rows begin where the
	 * next one does. */
	uint32_t kpi = 0;
	uint32_t end = summary->plan.kpi_count;
	while (end - kpi > 1) {
		uint32_t middle = kpi + (end - kpi) / 2;
		if (summary->first_rows[middle] <= index)
			kpi = middle;
		else
			end = middle;
	}
	uint64_t at = index - summary->first_rows[kpi];
	uint64_t buckets = summary->evaluation.kpis[kpi].bucket_count;
	evaluate_row(&summary->evaluation, kpi, (uint32_t)(at / buckets), (uint32_t)(at % buckets),
	             ret_row);
}

/* ---- entity tag ---- */

static void describe_query(const struct plan *plan, struct buf *buf)
{
	const struct query *query = plan->query;
	buf_printf(buf, "%u %d %d %u %u|", query->tenant, plan->from, plan->to, query->grain,
	           plan->expired_count);
	for (uint32_t i = 0; i < query->by_count; i++)
		buf_printf(buf, "%u,", query->by[i]);
	buf_put_byte(buf, '|');
	for (uint32_t i = 0; i < query->kpi_count; i++)
		buf_printf(buf, "%u,", query->kpis[i]);
	buf_printf(buf, "|%s %u %d|", plan->currency, plan->money, plan->rate_day);
	for (uint32_t i = 0; i < query->filter_count; i++) {
		buf_printf(buf, "|%u:", query->filters[i].dim);
		for (uint32_t k = 0; k < query->filters[i].value_count; k++) {
			buf_put_text(buf, query->filters[i].values[k]);
			buf_put_byte(buf, 0);
		}
	}
	buf_printf(buf, "|%s", plan->held_back_by ? plan->held_back_by : "");
}

/* Every word of a source that a row can repeat or depend on. */
static void describe_feed(const struct feed *feed, struct buf *buf)
{
	const struct source_public *state = &feed->source->published;
	buf_printf(buf, "|%s %s %d %d %d %d %d ", feed->source->name, feed->zone,
	           feed->complete_through, feed->final_through, feed->assumed, feed->live,
	           feed->past);
	buf_printf(buf, "%s %d %" PRIu64 " ", feed->source->currency, state->first_day,
	           (uint64_t)state->complete_through_us);
	buf_put(buf, state->measures, sizeof(state->measures));
	const struct day_list *lists[] = {&state->complete, &state->late_days,
	                                  &state->restated_days};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (uint32_t k = 0; k < lists[i]->count; k++)
			buf_printf(buf, "%d-%d,", lists[i]->days[k].first, lists[i]->days[k].last);
		buf_put_byte(buf, ';');
	}
}

/* The answer shows names of entities, or rules look at them. */
static bool reads_labels(const struct plan *plan, const struct lens *lens)
{
	const struct catalog *catalog = &plan->settings->catalog;
	bool reads = false;
	for (uint32_t i = 0; i < lens->by_count; i++)
		reads =
		    reads || lens->by[i] >= LENS_DERIVED || catalog->dims[lens->by_dims[i]].entity;
	for (uint32_t i = 0; i < lens->filter_count; i++)
		reads = reads || lens->filters[i].place >= LENS_DERIVED;
	return reads;
}

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return text ? XXH3_64bits_withSeed(text, strlen(text), seed) : 0;
}

/* What entities are called, and what else rules know of them. */
static uint64_t labels_hash(const struct plan *plan, const struct partition *partition)
{
	const struct catalog *catalog = &plan->settings->catalog;
	uint64_t hash = 0;
	bool reads[MODEL_SETS] = {false};
	for (uint32_t i = 0; i < plan->lens_count; i++)
		if (reads_labels(plan, &plan->lenses[i]))
			reads[plan->lenses[i].set] = true;
	uint32_t count = view_group_count(partition);
	for (uint32_t i = 0; i < count; i++) {
		struct view_group group = view_group(partition, i);
		const struct grouping_set *set = &catalog->sets[group.set];
		for (uint32_t k = 0; reads[group.set] && k < set->dim_count; k++) {
			uint32_t value = group.values[k];
			if (!catalog->dims[set->dims[k]].entity || value == VIEW_NO_VALUE)
				continue;
			hash += text_hash(view_label(partition, value), 3 * (uint64_t)i);
			hash += text_hash(view_objective(partition, value), 3 * (uint64_t)i + 1);
			hash += text_hash(view_reporter(partition, value), 3 * (uint64_t)i + 2);
		}
	}
	return hash;
}

void summary_etag(const struct plan *plan, struct partition *partition, const char *version,
                  const char *owner, enum query_format format, char ret_text[ETAG_TEXT])
{
	struct buf buf = {.len = 0};
	int32_t today = plan->feeds.today;
	buf_printf(&buf, "%s %s %d %d %" PRIu64 " %" PRIx64 "|", version, owner, format, today,
	           last_change(plan, partition), labels_hash(plan, partition));
	describe_query(plan, &buf);
	for (uint32_t i = 0; i < plan->feeds.count; i++) {
		const struct feed *feed = &plan->feeds.items[i];
		if (feed_has(feed, &plan->measures))
			describe_feed(feed, &buf);
		else /* what it reports is evidence all the same */
			buf_put(&buf, feed->source->published.measures,
			        sizeof(feed->source->published.measures));
	}
	/* Buckets of a day become complete as time goes by, the last one with the grace. */
	bool fine = plan->query->grain == QUERY_MINUTE || plan->query->grain == QUERY_HOUR;
	int64_t whole_us = zone_day_start(plan->tenant->zone, plan->to + 1) + plan->feeds.grace_us;
	if (fine && whole_us > plan->feeds.now_us)
		buf_printf(&buf, "|%" PRId64, plan->feeds.now_us / 60000000);
	XXH128_hash_t hash = XXH3_128bits(buf.bytes, buf.len);
	snprintf(ret_text, ETAG_TEXT, "\"%016" PRIx64 "%016" PRIx64 "\"", hash.high64, hash.low64);
	/* A tag that nobody can have seen: without memory nothing is unchanged. */
	if (buf_failed(&buf))
		snprintf(ret_text, ETAG_TEXT, "\"%016" PRIx64 "\"", (uint64_t)plan->feeds.now_us);
	buf_deinit(&buf);
}

/* ---- texts ---- */

static void day_text(char text[CIVIL_DAY_TEXT], int32_t day)
{
	text[0] = '\0';
	if (day >= CIVIL_DAY_MIN && day <= CIVIL_DAY_MAX)
		civil_format_day(text, day);
}

void row_texts(const struct summary *summary, const struct kpi_row *row, struct row_text *ret_text)
{
	const struct zone *zone = summary->plan.tenant->zone;
	const struct feed_summary *feed = &row->kpi->feed;
	struct row_text text = {.numerator = ""};
	if (row->bucket.end_us) {
		zone_format_instant(text.bucket_start, zone, row->bucket.start_us);
		zone_format_instant(text.bucket_end, zone, row->bucket.end_us);
	} else {
		day_text(text.bucket_start, row->bucket.first_day);
		day_text(text.bucket_end, row->bucket.last_day);
	}
	day_text(text.complete_through, feed->complete_through);
	day_text(text.final_through, feed->final_through);
	if (row->has_numerator)
		num_format(text.numerator, row->numerator, EXACT_SCALE);
	if (row->has_denominator)
		num_format(text.denominator, row->denominator, EXACT_SCALE);
	if (row->has_micros)
		snprintf(text.value_micros, sizeof(text.value_micros), "%" PRId64,
		         row->value_micros);
	row_flags_text(row->flags, text.flags);
	text.time_zone = feed->zone && !row->bucket.end_us ? feed->zone : zone_name(zone);
	*ret_text = text;
}
