/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/send_tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/detail.h"
#include "cli/nearest.h"

static void tell_list(const char *file, const char *what, const char *const *texts, uint32_t count)
{
	(void)fprintf(stderr, "%s: %s: ", file, what);
	for (uint32_t i = 0; i < count && i < 12; i++)
		(void)fprintf(stderr, "%s%s", i ? ", " : "", texts[i]);
	if (count > 12)
		(void)fprintf(stderr, " and %u more", count - 12);
	(void)fputc('\n', stderr);
}

void tell_no_mapping(const char *wanted, const struct mapping_list *list)
{
	(void)fprintf(stderr, "streamgauge send: there is no mapping `%s`; there are:", wanted);
	for (uint32_t i = 0; i < list->count; i++)
		(void)fprintf(stderr, " %s", list->items[i]->name);
	(void)fputc('\n', stderr);
}

void tell_notes(const char *file, const struct mapped *mapped)
{
	const char *texts[MAP_LEFT_OUT];
	if (mapped->unread_count > 0)
		tell_list(file, "columns that nobody reads", mapped->unread, mapped->unread_count);
	for (uint32_t i = 0; i < mapped->left_out.count; i++)
		texts[i] = (const char *)intern_get(&mapped->left_out, i)->bytes;
	if (mapped->left_out.count > 0)
		tell_list(file, "records left out by the mapping", texts, mapped->left_out.count);
	if (mapped->repeated > 0)
		(void)fprintf(stderr, "%s: %" PRIu64 " %s word for word\n", file, mapped->repeated,
		              mapped->repeated == 1 ? "row repeats another" : "rows repeat others");
	if (mapped->empty > 0)
		(void)fprintf(stderr, "%s: %" PRIu64 " %s no value\n", file, mapped->empty,
		              mapped->empty == 1 ? "row holds" : "rows hold");
}

static void tell_refusal(const char *file, const struct mapped *mapped,
                         const struct refusal *refusal)
{
	const struct mapping *mapping = mapped->items.mapping;
	char from[CIVIL_DAY_TEXT];
	char to[CIVIL_DAY_TEXT];
	civil_format_day(from, refusal->from);
	civil_format_day(to, refusal->to);
	(void)fprintf(stderr,
	              "%s:%" PRIu64 ": duplicate_key: line %" PRIu64
	              " has the same key and other values; they differ in: %s; the slice (%s/%s, "
	              "%s, %s%s%s, %" PRIu64 " rows) was not sent\n",
	              file, refusal->lines[1], refusal->lines[0],
	              refusal->columns[0] ? refusal->columns : "nothing that was kept",
	              mapping->platform, mapped->items.feeds[refusal->feed].account,
	              mapping->shapes[refusal->report].report, from,
	              refusal->to != refusal->from ? ".." : "",
	              refusal->to != refusal->from ? to : "", refusal->rows);
}

void tell_local(const char *file, const struct mapped *mapped)
{
	for (uint64_t i = 0; i < mapped->reject_count && i < TELL_REJECTS; i++) {
		const struct map_reject *reject = &mapped->rejects[i];
		(void)fprintf(stderr, "%s:%" PRIu64 ": %s%s%s%s: %s\n", file, reject->line,
		              reject->column[0] ? "column `" : "", reject->column,
		              reject->column[0] ? "`: " : "", err_code(reject->err),
		              reject->detail);
	}
	if (mapped->reject_count > TELL_REJECTS)
		(void)fprintf(stderr, "%s: %" PRIu64 " more records were rejected\n", file,
		              mapped->reject_count - TELL_REJECTS);
	for (uint32_t i = 0; i < mapped->refusal_count && i < TELL_REJECTS; i++)
		tell_refusal(file, mapped, &mapped->refusals[i]);
	if (mapped->refusal_count > TELL_REJECTS)
		(void)fprintf(stderr, "%s: %u more slices hold a duplicate_key\n", file,
		              mapped->refusal_count - TELL_REJECTS);
}

void tell_detail(const char *field, const char *detail)
{
	struct buf text = {0};
	detail_put(&text, field, detail);
	if (buf_failed(&text))
		(void)fprintf(stderr, "%s\n", detail);
	else
		(void)fprintf(stderr, "%.*s\n", (int)text.len, (const char *)text.bytes);
	buf_deinit(&text);
}

void tell_remote(const char *file, const struct delivery *delivery, uint32_t *told)
{
	uint32_t before = *told;
	for (uint32_t i = 0; i < delivery->reject_count && *told < TELL_REJECTS; i++, (*told)++) {
		const struct delivery_reject *reject = &delivery->rejects[i];
		const char *where = reject->origin[0] ? reject->origin : reject->field;
		(void)fprintf(stderr, "%s:%u: %s%s%s%s: ", file, reject->line,
		              reject->commit ? "slice: " : "", where, where[0] ? ": " : "",
		              reject->code);
		tell_detail(reject->field, reject->detail);
	}
	uint64_t listed = *told - before;
	if (delivery->counts.rejected > listed)
		(void)fprintf(stderr, "%s: %" PRIu64 " more items were rejected\n", file,
		              delivery->counts.rejected - listed);
}

void tell_open_days(const char *file, uint64_t refused)
{
	bool one = refused == 1;
	(void)fprintf(stderr,
	              "%s: %" PRIu64 " %s refused, so %s days are not declared complete; mend "
	              "and send %s again\n",
	              file, refused, one ? "event was" : "events were", one ? "its" : "their",
	              one ? "it" : "them");
}

/* The first report of the feed that the mapping does not count; where it counts all
 * of them, the tenant's settings chose another one than the first. */
static const char *uncounted_report(const struct delivery *delivery)
{
	const struct items *items = &delivery->mapped->items;
	const struct shape *shapes = items->mapping->shapes;
	for (uint64_t i = 0; i < delivery->count; i++) {
		const struct shape *shape = &shapes[items->list[delivery->first + i].report];
		if (!shape->rollup)
			return shape->report;
	}
	return shapes[items->list[delivery->first].report].report;
}

void tell_uncounted(const char *file, const struct delivery *delivery)
{
	const struct mapping *mapping = delivery->mapped->items.mapping;
	const char *source = delivery->options->source;
	if (delivery->counts.not_rolled_up == 0 || mapping->class != MAPPING_REPORT)
		return;
	(void)fprintf(stderr,
	              "%s: rows of this level are not counted; `rollup: {%.*s: %s}` under the "
	              "tenant in the settings would\n",
	              file, (int)strcspn(source, "/"), source, uncounted_report(delivery));
}

/* "column `a`", "column `a` or `b`": where rows say when they were read; "" = none does. */
static void name_as_of(const struct mapped *mapped, char *text, size_t size)
{
	const struct mapping *mapping = mapped->items.mapping;
	size_t len = 0;
	text[0] = '\0';
	for (int i = 0; i < 2 && len < size; i++)
		if (mapped->as_of_read[i])
			len += (size_t)snprintf(text + len, size - len, "%s`%s`",
			                        len > 0 ? " or " : "column ",
			                        mapping->columns[mapping->as_of[i].column]);
}

void tell_as_of_column(const char *file, const struct mapped *mapped)
{
	char columns[300];
	if (mapped->items.count == 0 || mapped->as_of_default)
		return;
	name_as_of(mapped, columns, sizeof(columns));
	(void)fprintf(stderr, "%s: --as-of is not used: %s says when each row was read\n", file,
	              columns);
}

void tell_unanswered(const char *file, const struct delivery *delivery)
{
	const struct delivery_counts *counts = &delivery->counts;
	uint64_t count = counts->before + counts->confirmed;
	if (count > 0)
		(void)fprintf(stderr,
		              "%s: what was refused of %" PRIu64
		              " sent before is not counted here; see streamgauge rejects --tenant "
		              "%s --source %s\n",
		              file, count, delivery->options->tenant, delivery->options->source);
}

/* Where the currency or the zone of a feed came from. */
static const char *origin(const char *given, const char *option, const struct mapping *mapping,
                          const struct value_rule *rule, const char *value, char text[128])
{
	if (given)
		return option;
	if (!value[0])
		return "the tenant's own";
	if (rule->column_count > 0) {
		(void)snprintf(text, 128, "column `%s`", mapping->columns[rule->columns[0]]);
		return text;
	}
	return "the mapping";
}

void tell_count(uint64_t count, const char *what, bool *first)
{
	if (count == 0)
		return;
	(void)printf("%s%" PRIu64 " %s", *first ? "" : ", ", count, what);
	*first = false;
}

static void tell_as_of(const struct delivery *delivery, const struct send_options *options,
                       const struct source_file *file)
{
	struct zone *utc = NULL;
	char text[ZONE_INSTANT_TEXT] = "";
	char columns[300];
	if (!mapping_has_slices(delivery->mapped->items.mapping))
		return;
	name_as_of(delivery->mapped, columns, sizeof(columns));
	(void)printf(", as_of %s", columns);
	if (!delivery->mapped->as_of_default)
		return;
	if (zone_open("UTC", &utc) == 0)
		zone_format_instant(text, utc,
		                    options->as_of_text ? options->as_of_us : file->time_us);
	zone_close(utc);
	(void)printf("%s%s (%s)", columns[0] ? ", else " : "", text,
	             options->as_of_text ? "--as-of" : "the file's time");
}

void tell_summary(const struct delivery *delivery, const struct send_options *options,
                  const struct source_file *file)
{
	const struct delivery_counts *counts = &delivery->counts;
	const struct mapping *mapping = delivery->mapped->items.mapping;
	const struct feed *feed = &delivery->mapped->items.feeds[delivery->feed];
	char currency[128];
	char zone[128];
	bool first = true;
	(void)printf("%s: %s: ", file->name, delivery->options->source);
	char one[32];
	char many[32];
	(void)snprintf(one, sizeof(one), "%s accepted", mapping_noun(mapping, false));
	(void)snprintf(many, sizeof(many), "%s accepted", mapping_noun(mapping, true));
	tell_count(counts->accepted, counts->accepted == 1 ? one : many, &first);
	tell_count(counts->duplicates, counts->duplicates == 1 ? "duplicate" : "duplicates",
	           &first);
	tell_count(counts->unchanged, "unchanged", &first);
	tell_count(counts->stale, "stale", &first);
	tell_count(counts->not_rolled_up, "not rolled up", &first);
	tell_count(counts->rejected, "rejected", &first);
	tell_count(counts->slices, counts->slices == 1 ? "period complete" : "periods complete",
	           &first);
	tell_count(counts->beats, counts->beats == 1 ? "heartbeat" : "heartbeats", &first);
	tell_count(counts->confirmed, "applied before a connection was lost", &first);
	tell_count(counts->before, "sent by an earlier run", &first);
	(void)printf("%s%s%s%s\n", first ? "nothing sent" : "", delivery->level[0] ? " (" : "",
	             delivery->level, delivery->level[0] ? ")" : "");
	(void)printf("  %scurrency %s (%s), time zone %s (%s)",
	             delivery->is_new ? "a new source, " : "", delivery->currency,
	             origin(options->currency, "--currency", mapping, &mapping->currency,
	                    feed->currency, currency),
	             delivery->time_zone,
	             origin(options->zone, "--zone", mapping, &mapping->zone, feed->zone, zone));
	tell_as_of(delivery, options, file);
	(void)putchar('\n');
}
