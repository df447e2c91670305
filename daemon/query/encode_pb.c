/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "query/summary.h"
#include "streamgauge/v1/summary.pb-c.h"

#define ANSWER_ROWS_FIELD 14

/* protobuf-c asks for char * where it only reads. */
static char *pb_text(const char *text)
{
	return (char *)(text ? text : "");
}

static void put_message(const ProtobufCMessage *message, struct buf *buf)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *at = buf_reserve(buf, size);
	if (at)
		buf->len += protobuf_c_message_pack(message, at);
}

static void put_filters(const struct plan *plan, Streamgauge__V1__SummaryAnswer *answer,
                        struct buf *buf)
{
	const struct catalog *catalog = &plan->settings->catalog;
	Streamgauge__V1__SummaryFilter filters[QUERY_FILTERS];
	Streamgauge__V1__SummaryFilter *list[QUERY_FILTERS];
	for (uint32_t i = 0; i < plan->query->filter_count; i++) {
		const struct query_filter *filter = &plan->query->filters[i];
		streamgauge__v1__summary_filter__init(&filters[i]);
		filters[i].dimension = pb_text(catalog->dims[filter->dim].id);
		filters[i].n_values = filter->value_count;
		filters[i].values = (char **)filter->values;
		list[i] = &filters[i];
	}
	answer->n_filter = plan->query->filter_count;
	answer->filter = list;
	put_message(&answer->base, buf);
	answer->n_filter = 0;
	answer->filter = NULL;
}

void encode_pb_head(const struct summary *summary, struct buf *buf)
{
	const struct plan *plan = &summary->plan;
	Streamgauge__V1__SummaryAnswer answer = STREAMGAUGE__V1__SUMMARY_ANSWER__INIT;
	char from[CIVIL_DAY_TEXT];
	char to[CIVIL_DAY_TEXT];
	char computed[ZONE_INSTANT_TEXT];
	char *by[MODEL_SET_DIMS];
	civil_format_day(from, plan->from);
	civil_format_day(to, plan->to);
	zone_format_instant(computed, plan->tenant->zone, summary->computed_us);
	for (uint32_t i = 0; i < plan->query->by_count; i++)
		by[i] = pb_text(plan->settings->catalog.dims[plan->query->by[i]].id);
	answer.tenant = pb_text(plan->tenant->name);
	answer.from = from;
	answer.to = to;
	answer.grain = pb_text(query_grain_name(plan->query->grain));
	answer.time_zone = pb_text(zone_name(plan->tenant->zone));
	answer.n_by = plan->query->by_count;
	answer.by = by;
	answer.held_back_by = pb_text(plan->held_back_by);
	answer.assumed_complete = plan->assumed_end;
	answer.settings_version = pb_text(summary->version);
	answer.generation = summary->generation;
	answer.computed_at = computed;
	answer.row_count = summary->row_count;
	bool converted = plan->money != MONEY_AS_IS;
	char day[CIVIL_DAY_TEXT] = "daily";
	if (plan->money == MONEY_CONSTANT)
		civil_format_day(day, plan->rate_day);
	answer.currency = pb_text(converted ? plan->currency : "");
	answer.fx = pb_text(converted ? day : "none");
	put_filters(plan, &answer, buf);
}

static void set_kpi(Streamgauge__V1__SummaryRow *message, const struct kpi_row *row,
                    const struct summary *summary)
{
	const struct kpi *kpi = row->kpi->kpi;
	const struct stage *stage = &summary->plan.settings->catalog.stages[kpi->stage];
	message->stage = pb_text(stage->id);
	message->stage_order = stage->order;
	message->orientation = pb_text(orientation_name(kpi->orientation));
	message->kpi = pb_text(kpi->id);
	message->kpi_label = pb_text(kpi->label);
	message->unit = pb_text(unit_name(kpi->unit));
	message->currency = pb_text(row->currency);
	message->direction = pb_text(direction_name(kpi->direction));
	message->layer = pb_text(kpi->layer);
	message->sources = pb_text(row->kpi->feed.names);
	message->status = pb_text(row_status_name(row->status));
}

static void set_numbers(Streamgauge__V1__SummaryRow *message, const struct kpi_row *row)
{
	if (row->has_value) {
		message->value_or_none_case = STREAMGAUGE__V1__SUMMARY_ROW__VALUE_OR_NONE_VALUE;
		message->value = row->value;
	}
	if (row->has_micros) {
		message->micros_or_none_case =
		    STREAMGAUGE__V1__SUMMARY_ROW__MICROS_OR_NONE_VALUE_MICROS;
		message->value_micros = row->value_micros;
	}
	if (row->has_n) {
		message->n_or_none_case = STREAMGAUGE__V1__SUMMARY_ROW__N_OR_NONE_N;
		message->n = row->n;
	}
}

static void set_interval(Streamgauge__V1__SummaryRow *message, const struct kpi_row *row,
                         Streamgauge__V1__SummaryInterval *interval)
{
	if (row->has_n_eff) {
		message->n_eff_or_none_case = STREAMGAUGE__V1__SUMMARY_ROW__N_EFF_OR_NONE_N_EFF;
		message->n_eff = row->n_eff;
	}
	if (!row->has_interval)
		return;
	streamgauge__v1__summary_interval__init(interval);
	interval->low = row->ci_low;
	interval->high = row->ci_high;
	interval->level = SURVEY_LEVEL;
	interval->method = pb_text(row->ci_method);
	message->interval = interval;
}

void encode_pb_row(const struct kpi_row *row, const struct summary *summary, struct buf *buf)
{
	Streamgauge__V1__SummaryRow message = STREAMGAUGE__V1__SUMMARY_ROW__INIT;
	Streamgauge__V1__SummaryInterval interval;
	struct row_text text;
	char *flags[ROW_FLAGS];
	char *values[MODEL_SET_DIMS];
	char *labels[MODEL_SET_DIMS];
	row_texts(summary, row, &text);
	set_kpi(&message, row, summary);
	set_numbers(&message, row);
	set_interval(&message, row, &interval);
	message.bucket_start = text.bucket_start;
	message.bucket_end = text.bucket_end;
	message.time_zone = pb_text(text.time_zone);
	message.numerator = text.numerator;
	message.denominator = text.denominator;
	message.complete_through = text.complete_through;
	message.final_through = text.final_through;
	message.flags = flags;
	char *rest = NULL;
	for (char *flag = strtok_r(text.flags, ";", &rest); flag; flag = strtok_r(NULL, ";", &rest))
		flags[message.n_flags++] = flag;
	message.n_values = message.n_labels = summary->plan.query->by_count;
	for (uint32_t i = 0; i < summary->plan.query->by_count; i++) {
		values[i] = pb_text(row->group->texts[i]);
		labels[i] = pb_text(row->group->labels[i]);
	}
	message.values = values;
	message.labels = labels;
	buf_put_key(buf, ANSWER_ROWS_FIELD, 2);
	buf_put_varint(buf, protobuf_c_message_get_packed_size(&message.base));
	put_message(&message.base, buf);
}
