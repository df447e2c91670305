/* SPDX-License-Identifier: Apache-2.0
 * The inside of batch_apply, shared by apply*.c only. */
#ifndef SG_INGEST_APPLYING_H
#define SG_INGEST_APPLYING_H

#include "ingest/apply.h"
#include "rollup/writer.h"

#define FUTURE_US       600000000 /* an item may be 10 minutes ahead */
#define ITEM_AMOUNTS    32
#define ITEM_DIMS       32
#define EVENT_ID_MAX    128
#define SLICE_ID_MAX    64
#define ATTRIBUTION_MAX 64
#define REJECTS_TOLD    1000
#define BATCH_EVENTS    3 /* field number of Batch */
#define NAME_NEW        (-2)

typedef Streamgauge__V1__ReportRow pb_row;
typedef Streamgauge__V1__SliceCommit pb_commit;
typedef Streamgauge__V1__Heartbeat pb_heartbeat;
typedef Streamgauge__V1__SurveyResponse pb_response;
typedef Streamgauge__V1__SurveyAggregate pb_aggregate;
typedef Streamgauge__V1__Answer pb_answer;
typedef Streamgauge__V1__Gauge pb_gauge;
typedef Streamgauge__V1__FxRate pb_rate;
typedef Streamgauge__V1__Amount pb_amount;
typedef Streamgauge__V1__Dim pb_dim;
typedef Streamgauge__V1__Date pb_date;

/* Consecutive items mostly repeat their names: the answer for the name at the
 * same position of the item before is tried first. */
struct name_memo {
	char text[MODEL_NAME_MAX + 1];
	int answer;
};

/* What the catalogue knows by the name of an event: an index, -1 = nothing,
 * NAME_NEW = not looked up. */
struct name_answers {
	int dim;
	int measure;
	int type;
};

struct applying {
	struct partition *partition;
	struct source *source;
	const Streamgauge__V1__Batch *batch;
	const struct event_list *events;
	struct name_answers *answers; /* by name of the events */
	struct arena *arena;
	const struct catalog *catalog;
	struct dict *dict;
	int64_t now_us;
	int32_t hour; /* received, hours since the epoch */
	struct apply_outcome *outcome;

	struct name_memo dim_memo[ITEM_DIMS];
	struct name_memo measure_memo[ITEM_AMOUNTS];
	int64_t memo_minute; /* minute of the event before, its place and day */
	struct cell_place memo_place;
	int32_t memo_day;
};

struct resolved_amount {
	uint32_t measure;
	uint32_t column;
	int64_t value;
};

/* What is wrong with an item: where, and the value with the rule it breaks. */
struct fault {
	int err; /* 0 = nothing */
	const char *field;
	const char *detail;
};

/* Sets the fault once; the format prints value and rule. Returns err. */
int fault_set(struct applying *applying, struct fault *fault, int err, const char *field,
              const char *format, ...) SG_PRINTF(5, 6);

/* Counts the item as rejected, remembers it for the answer and for /v1/rejects. */
void apply_reject_item(struct applying *applying, Streamgauge__V1__Reject__Item item,
                       uint32_t index, const struct fault *fault);

/* ERR_WRONG_CLASS when sources of this class do not send such items. */
int check_class(struct applying *applying, Streamgauge__V1__Reject__Item item, struct fault *fault);

/* UTF-8 without control characters, at most `most` bytes. */
bool text_ok(const char *text, size_t len, size_t most);

/* Resolves names and values; `list` names the field they come in. The
 * platform is put before entity values when it is not NULL. Values not seen
 * before are added to the dictionary. values[] has an entry per dimension. */
int resolve_dims(struct applying *applying, pb_dim *const *dims, size_t count, const char *list,
                 const char *platform, bool free_names, uint32_t *values, struct fault *fault);

/* The same of an event, whose list is `dims`. */
int resolve_event_dims(struct applying *applying, const struct event_view *event, uint32_t *values,
                       struct fault *fault);

/* One value of a dimension, whose field is list[index]. */
int resolve_value(struct applying *applying, uint32_t dim, const char *value, const char *list,
                  size_t index, const char *platform, uint32_t *ret_value, struct fault *fault);

/* True for three capital letters. */
bool currency_ok(const char *code);

/* A currency that is not the source's own, new to the measure or not. ERR_TOO_MANY. */
int check_currency_room(struct applying *applying, uint32_t measure, const char *currency,
                        const char *field, struct fault *fault);

/* Resolves amounts into `ret` (room for ITEM_AMOUNTS); adds to *ret_count. */
int resolve_amounts(struct applying *applying, pb_amount *const *amounts, size_t count,
                    bool any_currency, struct resolved_amount *ret, uint32_t *ret_count,
                    struct fault *fault);

/* The same of an event, in any currency. */
int resolve_event_amounts(struct applying *applying, const struct event_view *event,
                          struct resolved_amount *ret, uint32_t *ret_count, struct fault *fault);

/* A civil day; `field` names it. ERR_BAD_DATE. */
int resolve_date(struct applying *applying, const pb_date *date, const char *field,
                 int32_t *ret_day, struct fault *fault);

/* Notes in the source what measures it reports, and for which civil days. */
void note_item(struct applying *applying, int32_t first, int32_t last,
               const struct resolved_amount *amounts, uint32_t count);

/* ERR_NOMEM. */
int prepare_events(struct applying *applying) SG_MUST_CHECK;
void apply_events(struct applying *applying);

/* Asks for every row page that the batch needs; ERR_AGAIN, ERR_BATCH_TOO_WIDE. */
int prepare_rows(struct applying *applying, struct fetch_list *missing) SG_MUST_CHECK;
void apply_rows(struct applying *applying);
void apply_responses(struct applying *applying);
void apply_aggregates(struct applying *applying);
void apply_gauges(struct applying *applying);
void apply_rates(struct applying *applying);
void apply_commits(struct applying *applying);

#endif
