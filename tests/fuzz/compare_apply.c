/* SPDX-License-Identifier: Apache-2.0 */
#include "compare_apply.h"

#include <string.h>

#include "ingest/apply.h"

/* 2026-11-20T12:00:00Z */
#define NOW INT64_C(1795176000000000)

static struct measure measures[] = {
    {.id = "clicks"},
    {.id = "gross_revenue", .scale = 6, .money = true, .layer = LAYER_COMMERCE},
    {.id = "units", .scale = 6, .is_signed = true},
};
static const char *channels[] = {"email", "a"};
static struct dimension dims[] = {
    {.id = "channel", .values = channels, .value_count = 2, .max_values = 100},
    {.id = "campaign", .entity = true, .max_values = 8},
};
static struct grouping_set sets[] = {{.dim_count = 0}, {.dim_count = 2, .dims = {0, 1}}};
static struct type_amount click_amounts[] = {{0, 1}};
static struct event_type types[] = {{"click", click_amounts, 1}, {"order", click_amounts, 1}};

static struct settings settings = {
    .catalog = {.measures = measures,
                .measure_count = 3,
                .dims = dims,
                .dim_count = 2,
                .sets = sets,
                .set_count = 2,
                .types = types,
                .type_count = 2},
    .retention = {{2, 14, 400}},
    .limits = {.page_cache = 64 << 20, .sources = 10},
    .dedup = {.max_ids = 100000, .window_hours = 168},
};

/* A partition to which the request was applied, and what came of it. */
struct applied {
	struct tenant tenant;
	struct partition *partition;
	struct source *source;
	struct arena arena;
	struct apply_outcome outcome;
	struct flush *flush;
	int err;
};

static void applied_init(struct applied *applied, const struct ingest_request *request)
{
	static const uint8_t seed[16] = {4};
	struct fetch_list missing = {0};
	*applied = (struct applied){.tenant = {.name = "demo"}};
	require(zone_open("UTC", &applied->tenant.zone) == 0);
	applied->partition = partition_new(&settings, &applied->tenant);
	require(applied->partition != NULL);
	partition_load_begin(applied->partition, 0, seed);
	require(partition_source_get(applied->partition, "web/1", 5, &applied->source) == 0);
	struct source *source = applied->source;
	source->class = SOURCE_EVENT;
	source->known = true;
	memcpy(source->currency, "EUR", 4);
	require(zone_open("UTC", &source->zone) == 0);
	applied->err = batch_apply(applied->partition, source, request, &applied->arena, NOW,
	                           &missing, &applied->outcome);
	fetch_list_deinit(&missing);
	if (!applied->err && partition_has_work(applied->partition))
		require(partition_freeze(applied->partition, 1, &missing, &applied->flush) == 0);
}

static void applied_deinit(struct applied *applied)
{
	flush_free(applied->flush);
	partition_free(applied->partition);
	zone_close(applied->tenant.zone);
	arena_deinit(&applied->arena);
}

static bool same_outcome(const struct apply_outcome *a, const struct apply_outcome *b)
{
	if (a->accepted != b->accepted || a->duplicates != b->duplicates ||
	    a->rejected != b->rejected || a->reject_count != b->reject_count)
		return false;
	for (uint32_t i = 0; i < a->reject_count; i++) {
		const struct apply_reject *x = &a->rejects[i];
		const struct apply_reject *y = &b->rejects[i];
		if (x->item != y->item || x->index != y->index || x->err != y->err ||
		    strcmp(x->field, y->field) != 0 || strcmp(x->detail, y->detail) != 0)
			return false;
	}
	return true;
}

static bool same_bytes(struct flush_bytes a, struct flush_bytes b)
{
	return a.len == b.len && (!a.len || memcmp(a.bytes, b.bytes, a.len) == 0);
}

static bool same_flush(const struct flush *a, const struct flush *b)
{
	if (!a || !b)
		return a == b;
	if (a->op_count != b->op_count)
		return false;
	for (uint32_t i = 0; i < a->op_count; i++) {
		const struct flush_op *x = &a->ops[i];
		const struct flush_op *y = &b->ops[i];
		if (x->code != y->code || memcmp(&x->key, &y->key, sizeof(x->key)) != 0 ||
		    x->number != y->number || !same_bytes(x->field, y->field) ||
		    !same_bytes(x->value, y->value))
			return false;
	}
	return true;
}

bool compare_apply(void *arg, const struct ingest_request *ours,
                   const struct ingest_request *theirs)
{
	struct applied first;
	struct applied second;
	uint64_t *accepted = arg;
	/* A session refuses longer ones before. */
	if (ours->batch->cursor.len > SOURCE_CURSOR_MAX)
		return true;
	applied_init(&first, ours);
	applied_init(&second, theirs);
	bool same = first.err == second.err && same_outcome(&first.outcome, &second.outcome) &&
	            same_flush(first.flush, second.flush);
	if (accepted)
		*accepted += first.outcome.accepted;
	applied_deinit(&first);
	applied_deinit(&second);
	return same;
}
