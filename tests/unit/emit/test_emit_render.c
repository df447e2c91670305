/* SPDX-License-Identifier: Apache-2.0
 * What is emitted of a summary: entries with all rows or those that changed, and
 * readable hashes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "emit/render.h"
#include "streamgauge/v1/summary.pb-c.h"
#include "world.h"

static const struct item search = {{"paid_search", "google_ads:1", NULL}, 1, NULL};
#define QUESTION "tenant=demo&from=2026-11-01&to=2026-11-20&kpi=spend,cpc,impressions,orders"

/* The value of a field of the op; NULL = it has none. */
static const char *field(const struct emission *emission, uint32_t op, const char *name,
                         size_t *ret_len)
{
	const struct emission_op *part = &emission->ops[op];
	for (uint32_t i = 0; i < part->count; i += 2) {
		const struct flush_bytes *fields = &emission->fields[part->first + i];
		if (fields[0].len != strlen(name) ||
		    memcmp(fields[0].bytes, name, fields[0].len) != 0)
			continue;
		if (ret_len)
			*ret_len = fields[1].len;
		return (const char *)fields[1].bytes;
	}
	return NULL;
}

static void expect(const struct emission *emission, uint32_t op, const char *name,
                   const char *value)
{
	const char *found = field(emission, op, name, NULL);
	cr_assert(found && strcmp(found, value) == 0, "%s is %s, not %s", name,
	          found ? found : "absent", value);
}

static Streamgauge__V1__SummaryAnswer *answer_of(const struct emission *emission, uint32_t op)
{
	size_t len = 0;
	const char *bytes = field(emission, op, "answer", &len);
	cr_assert_not_null(bytes);
	Streamgauge__V1__SummaryAnswer *answer =
	    streamgauge__v1__summary_answer__unpack(NULL, len, (const uint8_t *)bytes);
	cr_assert_not_null(answer);
	return answer;
}

static void ask(struct world *world, struct rendered *rendered)
{
	cr_assert_eq(world_ask(world, QUESTION), 0, "%s", world->error.detail);
	cr_assert_eq(render(&world->summary, &world->arena, rendered), 0);
}

/* Rows of the entry, given what the reader knows. */
static void expect_entry(const struct rendered *rendered, const struct known_rows *known,
                         const char *rows, size_t count)
{
	struct emission emission;
	emission_init(&emission, "", 100);
	cr_assert_eq(render_entry(rendered, "summary", known, &emission), 0);
	expect(&emission, 0, "query", "summary");
	expect(&emission, 0, "rows", rows);
	expect(&emission, 0, "content", rendered->content);
	Streamgauge__V1__SummaryAnswer *answer = answer_of(&emission, 0);
	cr_assert_eq(answer->n_rows, count, "%zu rows", answer->n_rows);
	cr_assert_eq(answer->row_count, rendered->summary->row_count);
	cr_assert_eq(answer->generation, rendered->summary->generation);
	streamgauge__v1__summary_answer__free_unpacked(answer, NULL);
	emission_deinit(&emission);
}

Test(emit_render, only_rows_that_changed)
{
	struct world world;
	struct rendered first;
	struct rendered second;
	struct known_rows known = {.count = 0};
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, world_day("2026-11-10"), 0, 5000000);
	world_add(&world, &search, M_CLICKS, world_day("2026-11-10"), 0, 10);
	world_add(&world, &search, M_IMPRESSIONS, world_day("2026-11-10"), 0, 100);
	world_flush(&world);
	ask(&world, &first);
	size_t all = (size_t)world.summary.row_count;
	cr_assert_gt(all, 3);
	expect_entry(&first, NULL, "all", all);
	expect_entry(&first, &known, "all", all); /* nothing is known yet */
	cr_assert_eq(known_rows_set(&known, &first), 0);
	expect_entry(&first, &known, "changed", 0);
	char content[EMIT_CONTENT];
	memcpy(content, first.content, sizeof(content));
	rendered_deinit(&first);
	/* Spend moves, and with it the cost per click. */
	world_add(&world, &search, M_SPEND, world_day("2026-11-10"), 0, 1000000);
	world_flush(&world);
	ask(&world, &second);
	cr_assert_str_neq(second.content, content);
	expect_entry(&second, &known, "changed", 2);
	/* Of another question the reader knows nothing. */
	rendered_deinit(&second);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2026-11-02&to=2026-11-20&kpi=spend"), 0);
	cr_assert_eq(render(&world.summary, &world.arena, &second), 0);
	expect_entry(&second, &known, "all", (size_t)world.summary.row_count);
	rendered_deinit(&second);
	known_rows_deinit(&known);
	world_close(&world);
}

/* The same state at another time is the same content. */
Test(emit_render, content_knows_no_time)
{
	struct world world;
	struct rendered first;
	struct rendered second;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, world_day("2026-11-10"), 0, 5000000);
	world_flush(&world);
	ask(&world, &first);
	world.now_us += 60000000;
	ask(&world, &second);
	cr_assert_str_eq(first.content, second.content);
	cr_assert_eq(first.shape, second.shape);
	cr_assert(first.has_data);
	rendered_deinit(&first);
	rendered_deinit(&second);
	world_close(&world);
}

Test(emit_render, nothing_but_no_data)
{
	struct world world;
	struct rendered rendered;
	world_open_shop(&world);
	cr_assert_eq(world_ask(&world, "tenant=demo&from=2025-01-01&to=2025-01-01&grain=day"), 0);
	cr_assert_eq(render(&world.summary, &world.arena, &rendered), 0);
	cr_assert_gt(world.summary.row_count, 0);
	cr_assert(!rendered.has_data);
	rendered_deinit(&rendered);
	world_close(&world);
}

/* The op that writes or drops the stage's hash. */
static uint32_t op_of(const struct emission *emission, const char *stage)
{
	for (uint32_t i = 0; i < emission->op_count; i++)
		if (strcmp(emission->ops[i].stage, stage) == 0)
			return i;
	cr_assert(false, "no part for %s", stage);
	return 0;
}

Test(emit_render, hashes_that_a_human_reads)
{
	struct world world;
	struct rendered rendered;
	struct emission emission;
	world_open_shop(&world);
	world_add(&world, &search, M_SPEND, world_day("2026-11-10"), 0, 5000000);
	world_add(&world, &search, M_CLICKS, world_day("2026-11-10"), 0, 0);
	world_flush(&world);
	ask(&world, &rendered);
	const struct catalog *catalog = &world.settings.catalog;
	const char *stage = catalog->stages[world_row(&world, "spend", "", 0).kpi->kpi->stage].id;
	emission_init(&emission, "", 100);
	char former[200];
	snprintf(former, sizeof(former), "%s,gone,also_gone,", stage);
	render_stages(&rendered, former, &emission);
	cr_assert(!emission.failed);
	cr_assert_eq(emission.op_count, catalog->stage_count + 2);
	cr_assert_eq(emission.ops[op_of(&emission, "gone")].part, EMISSION_DROP);
	cr_assert_eq(emission.ops[op_of(&emission, "also_gone")].part, EMISSION_DROP);
	uint32_t op = op_of(&emission, stage);
	cr_assert_eq(emission.ops[op].part, EMISSION_STAGE);
	expect(&emission, op, "spend", "5");
	expect(&emission, op, "spend:status", "ok");
	expect(&emission, op, "spend:unit", "money");
	expect(&emission, op, "spend:currency", "EUR");
	expect(&emission, op, "summary:bucket_start", "2026-11-01");
	expect(&emission, op, "summary:bucket_end", "2026-11-20");
	cr_assert_not_null(field(&emission, op, "summary:generation", NULL));
	cr_assert_null(field(&emission, op, "spend:bucket_start", NULL));
	/* A price per click without clicks has no value, and says why. */
	stage = catalog->stages[world_row(&world, "cpc", "", 0).kpi->kpi->stage].id;
	op = op_of(&emission, stage);
	expect(&emission, op, "cpc", "");
	const char *status = field(&emission, op, "cpc:status", NULL);
	cr_assert(status && strcmp(status, "ok") != 0);
	emission_deinit(&emission);
	rendered_deinit(&rendered);
	world_close(&world);
}

Test(emit_render, stages_as_a_list)
{
	struct world world;
	world_open(&world);
	char *list = render_stage_list(&world.settings.catalog);
	cr_assert_not_null(list);
	const char *at = list;
	for (uint32_t i = 0; i < world.settings.catalog.stage_count; i++) {
		const char *id = world.settings.catalog.stages[i].id;
		cr_assert_eq(strncmp(at, id, strlen(id)), 0);
		cr_assert_eq(at[strlen(id)], ',');
		at += strlen(id) + 1;
	}
	cr_assert_str_empty(at);
	free(list);
	world_close(&world);
}
