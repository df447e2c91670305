/* SPDX-License-Identifier: Apache-2.0 */
#include "query/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static void mix_text(XXH3_state_t *state, const char *text)
{
	/* The NUL separates "ab","c" from "a","bc". */
	if (text)
		XXH3_64bits_update(state, text, strlen(text));
	XXH3_64bits_update(state, "", 1);
}

static void mix_number(XXH3_state_t *state, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, number);
	mix_text(state, text);
}

static void mix_linear(XXH3_state_t *state, const struct linear *linear)
{
	mix_number(state, linear->count);
	for (uint32_t i = 0; i < linear->count; i++) {
		mix_number(state, linear->terms[i].measure);
		mix_number(state, (uint64_t)linear->terms[i].at);
		mix_number(state, (uint64_t)linear->terms[i].factor_micros);
	}
}

static void mix_question(XXH3_state_t *state, const struct survey_question *question)
{
	mix_text(state, question->item);
	mix_number(state, question->option_count);
	for (uint32_t i = 0; i < question->option_count; i++)
		mix_text(state, question->options[i]);
}

static void mix_survey(XXH3_state_t *state, const struct kpi_survey *survey)
{
	mix_number(state, (uint64_t)survey->stat);
	mix_question(state, &survey->ask);
	mix_text(state, survey->base_item);
	mix_question(state, &survey->of);
	mix_number(state, survey->branded);
}

static void mix_kpi(XXH3_state_t *state, const struct kpi *kpi)
{
	mix_number(state, (uint64_t)kpi->kind);
	mix_linear(state, &kpi->num);
	mix_linear(state, &kpi->den);
	mix_number(state, (uint64_t)((int64_t)kpi->over + 1));
	if (kpi->survey)
		mix_survey(state, kpi->survey);
	mix_text(state, kpi->id);
	mix_text(state, kpi->label);
	mix_text(state, kpi->expr);
	mix_text(state, kpi->layer);
	mix_number(state, kpi->stage);
	mix_number(state, (uint64_t)kpi->orientation);
	mix_number(state, (uint64_t)kpi->unit);
	mix_number(state, (uint64_t)kpi->direction);
	mix_number(state, (uint64_t)kpi->mult);
	mix_number(state, kpi->min_sample);
	mix_number(state, (uint64_t)((int64_t)kpi->min_on + 1));
	mix_number(state, kpi->small_sample_show);
}

static void mix_catalog(XXH3_state_t *state, const struct catalog *catalog)
{
	for (uint32_t i = 0; i < catalog->measure_count; i++) {
		mix_text(state, catalog->measures[i].id);
		mix_number(state, (uint64_t)catalog->measures[i].layer);
		mix_number(state, catalog->measures[i].scale);
		mix_number(state, catalog->measures[i].money);
		mix_number(state, catalog->measures[i].sparse);
		mix_number(state, (uint64_t)catalog->measures[i].kind);
		mix_number(state, catalog->measures[i].additive_over);
	}
	for (uint32_t i = 0; i < catalog->dim_count; i++) {
		mix_text(state, catalog->dims[i].id);
		mix_number(state, catalog->dims[i].entity);
	}
	for (uint32_t i = 0; i < catalog->set_count; i++)
		mix_text(state, catalog->sets[i].text);
	for (uint32_t i = 0; i < catalog->stage_count; i++) {
		mix_text(state, catalog->stages[i].id);
		mix_text(state, catalog->stages[i].label);
		mix_number(state, (uint64_t)catalog->stages[i].orientation);
	}
	for (uint32_t i = 0; i < catalog->kpi_count; i++)
		mix_kpi(state, &catalog->kpis[i]);
}

/* What decides how stored amounts and answers are shown. */
static void mix_showing(XXH3_state_t *state, const struct settings *settings)
{
	mix_text(state, settings->fx.source);
	mix_text(state, settings->fx.base);
	mix_number(state, settings->fx.max_carry_days);
	mix_number(state, settings->privacy.k);
	mix_number(state, settings->privacy.complementary);
	for (int target = 0; target < RULE_TARGETS; target++) {
		mix_number(state, settings->rules[target].count);
		for (uint32_t i = 0; i < settings->rules[target].count; i++) {
			const struct rule *rule = &settings->rules[target].items[i];
			for (int field = 0; field < RULE_FIELDS; field++)
				mix_text(state, rule->when[field]);
			mix_text(state, rule->set);
		}
	}
}

void settings_version(const struct settings *settings, char ret_text[VERSION_TEXT])
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t hash = 0;
	if (state) {
		XXH3_64bits_reset(state);
		mix_catalog(state, &settings->catalog);
		for (uint32_t i = 0; i < settings->tenant_count; i++) {
			mix_text(state, settings->tenants[i].name);
			mix_text(state, zone_name(settings->tenants[i].zone));
			mix_text(state, settings->tenants[i].currency);
			mix_text(state, settings->tenants[i].brand);
		}
		mix_showing(state, settings);
		mix_number(state, settings->lateness_grace_minutes);
		hash = XXH3_64bits_digest(state);
	}
	XXH3_freeState(state);
	snprintf(ret_text, VERSION_TEXT, "%016" PRIx64, hash);
}
