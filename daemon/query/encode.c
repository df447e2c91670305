/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "query/sheet.h"
#include "query/summary.h"

static const char *const base_columns[SUMMARY_COLUMNS] = {
#define COLUMN(name) #name,
#include "model/column.def"
#undef COLUMN
};

const char *const *summary_columns(const struct plan *plan, struct arena *arena,
                                   uint32_t *ret_count)
{
	const struct query *query = plan->query;
	uint32_t count = SUMMARY_COLUMNS;
	const char **names =
	    arena_alloc(arena, (SUMMARY_COLUMNS + 2 * MODEL_SET_DIMS) * sizeof(*names));
	if (!names)
		return NULL;
	memcpy(names, base_columns, sizeof(base_columns));
	for (uint32_t i = 0; i < query->by_count; i++) {
		const struct dimension *dim = &plan->settings->catalog.dims[query->by[i]];
		names[count++] = dim->id;
		if (dim->entity && !(names[count++] = arena_printf(arena, "%s_label", dim->id)))
			return NULL;
	}
	*ret_count = count;
	return names;
}

/* The currency that amounts are shown in, and at which rates. */
static void put_money(const struct plan *plan, struct sheet *sheet)
{
	char day[CIVIL_DAY_TEXT] = "daily";
	if (plan->money == MONEY_CONSTANT)
		civil_format_day(day, plan->rate_day);
	bool converted = plan->money != MONEY_AS_IS;
	sheet_text(sheet, "currency", converted ? plan->currency : NULL);
	sheet_text(sheet, "fx", converted ? day : "none");
}

static void put_metadata(const struct summary *summary, struct sheet *sheet)
{
	const struct plan *plan = &summary->plan;
	char from[CIVIL_DAY_TEXT];
	char to[CIVIL_DAY_TEXT];
	char computed[ZONE_INSTANT_TEXT];
	civil_format_day(from, plan->from);
	civil_format_day(to, plan->to);
	zone_format_instant(computed, plan->tenant->zone, summary->computed_us);
	sheet_text(sheet, "tenant", plan->tenant->name);
	sheet_text(sheet, "from", from);
	sheet_text(sheet, "to", to);
	sheet_text(sheet, "grain", query_grain_name(plan->query->grain));
	sheet_text(sheet, "time_zone", zone_name(plan->tenant->zone));
	put_money(plan, sheet);
	sheet_text(sheet, "held_back_by", plan->held_back_by);
	sheet_bool(sheet, "assumed_complete", plan->assumed_end);
	sheet_text(sheet, "settings_version", summary->version);
	sheet_count(sheet, "generation", summary->generation);
	sheet_text(sheet, "computed_at", computed);
	sheet_count(sheet, "row_count", summary->row_count);
}

static void put_query(const struct plan *plan, struct buf *buf)
{
	const struct catalog *catalog = &plan->settings->catalog;
	buf_put_text(buf, ",\"by\":[");
	for (uint32_t i = 0; i < plan->query->by_count; i++) {
		if (i)
			buf_put_byte(buf, ',');
		json_put_text(buf, catalog->dims[plan->query->by[i]].id);
	}
	buf_put_text(buf, "],\"filter\":{");
	for (uint32_t i = 0; i < plan->query->filter_count; i++) {
		const struct query_filter *filter = &plan->query->filters[i];
		if (i)
			buf_put_byte(buf, ',');
		json_put_text(buf, catalog->dims[filter->dim].id);
		buf_put_text(buf, ":[");
		for (uint32_t k = 0; k < filter->value_count; k++) {
			if (k)
				buf_put_byte(buf, ',');
			json_put_text(buf, filter->values[k]);
		}
		buf_put_byte(buf, ']');
	}
	buf_put_byte(buf, '}');
}

void encode_head(const struct summary *summary, enum query_format format, struct arena *arena,
                 struct buf *buf)
{
	struct sheet sheet = {.buf = buf, .format = format};
	if (format == FORMAT_PROTOBUF) {
		encode_pb_head(summary, buf);
	} else if (format == FORMAT_CSV) {
		uint32_t count = 0;
		const char *const *names = summary_columns(&summary->plan, arena, &count);
		if (names)
			sheet_header(&sheet, names, count);
		else
			buf->failed = true;
	} else {
		buf_put_byte(buf, '{');
		put_metadata(summary, &sheet);
		put_query(&summary->plan, buf);
		buf_put_text(buf, ",\"rows\":[\n");
	}
}

void encode_tail(const struct summary *summary, enum query_format format, struct buf *buf)
{
	(void)summary;
	if (format == FORMAT_JSON)
		buf_put_text(buf, "\n]}\n");
}

/* "" = missing. */
static void put_filled(struct sheet *sheet, const char *name, const char *text)
{
	sheet_text(sheet, name, text[0] ? text : NULL);
}

static void put_kpi(struct sheet *sheet, const struct summary *summary, const struct kpi_row *row)
{
	const struct kpi *kpi = row->kpi->kpi;
	const struct stage *stage = &summary->plan.settings->catalog.stages[kpi->stage];
	sheet_text(sheet, "tenant", summary->plan.tenant->name);
	sheet_text(sheet, "stage", stage->id);
	sheet_count(sheet, "stage_order", stage->order);
	sheet_text(sheet, "orientation", orientation_name(kpi->orientation));
	sheet_text(sheet, "kpi", kpi->id);
	sheet_text(sheet, "kpi_label", kpi->label);
	sheet_text(sheet, "unit", unit_name(kpi->unit));
	put_filled(sheet, "currency", row->currency);
	sheet_text(sheet, "direction", direction_name(kpi->direction));
	sheet_text(sheet, "layer", kpi->layer);
	sheet_text(sheet, "grain", query_grain_name(summary->plan.query->grain));
}

static void put_number(struct sheet *sheet, const char *name, bool has, double value)
{
	if (has)
		sheet_double(sheet, name, value);
	else
		sheet_missing(sheet, name);
}

static void put_interval(struct sheet *sheet, const struct kpi_row *row)
{
	put_number(sheet, "n_eff", row->has_n_eff, row->n_eff);
	put_number(sheet, "ci_low", row->has_interval, row->ci_low);
	put_number(sheet, "ci_high", row->has_interval, row->ci_high);
	put_number(sheet, "ci_level", row->has_interval, SURVEY_LEVEL);
	sheet_text(sheet, "ci_method", row->has_interval ? row->ci_method : NULL);
}

static void put_row(struct sheet *sheet, const struct summary *summary, const struct kpi_row *row)
{
	struct row_text text;
	row_texts(summary, row, &text);
	put_kpi(sheet, summary, row);
	sheet_text(sheet, "bucket_start", text.bucket_start);
	sheet_text(sheet, "bucket_end", text.bucket_end);
	sheet_text(sheet, "time_zone", text.time_zone);
	put_number(sheet, "value", row->has_value, row->value);
	put_filled(sheet, "value_micros", text.value_micros);
	put_filled(sheet, "numerator", text.numerator);
	put_filled(sheet, "denominator", text.denominator);
	if (row->has_n)
		sheet_count(sheet, "n", row->n);
	else
		sheet_missing(sheet, "n");
	put_interval(sheet, row);
	sheet_text(sheet, "status", row_status_name(row->status));
	sheet_text(sheet, "flags", text.flags);
	put_filled(sheet, "complete_through", text.complete_through);
	put_filled(sheet, "final_through", text.final_through);
	put_filled(sheet, "sources", row->kpi->feed.names);
	sheet_text(sheet, "settings_version", summary->version);
	sheet_count(sheet, "generation", summary->generation);
}

static void put_group(struct sheet *sheet, const struct summary *summary, const struct kpi_row *row)
{
	const struct query *query = summary->plan.query;
	for (uint32_t i = 0; i < query->by_count; i++) {
		const struct dimension *dim = &summary->plan.settings->catalog.dims[query->by[i]];
		char label[MODEL_NAME_MAX + 8];
		sheet_text(sheet, dim->id, row->group->texts[i]);
		if (!dim->entity)
			continue;
		stpcpy(stpcpy(label, dim->id), "_label");
		sheet_text(sheet, label, row->group->labels[i]);
	}
}

void encode_rows(const struct summary *summary, enum query_format format, uint64_t first,
                 uint64_t count, struct buf *buf)
{
	struct sheet sheet = {.buf = buf, .format = format, .has_row = first > 0};
	for (uint64_t i = first; i < first + count && i < summary->row_count; i++) {
		struct kpi_row row;
		summary_row(summary, i, &row);
		if (format == FORMAT_PROTOBUF) {
			encode_pb_row(&row, summary, buf);
			continue;
		}
		sheet_row(&sheet);
		put_row(&sheet, summary, &row);
		put_group(&sheet, summary, &row);
		sheet_row_end(&sheet);
	}
}
