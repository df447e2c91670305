/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "settings/settings_load.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

void signals_open(struct world *world)
{
	struct settings_error error;
	*world = (struct world){.now_us = WORLD_NOW};
	cr_assert_eq(
	    settings_load(SG_SOURCE_DIR "/tests/unit/query/signals.yaml", &world->loaded, &error),
	    0, "%s", error.text);
	world->settings = *world->loaded;
	world->partition = partition_new(&world->settings, &world->settings.tenants[0]);
	cr_assert_not_null(world->partition);
	arena_init(&world->arena, 0);
	/* Days that nobody reported are not looked at. */
	signals_source(world, "desk/one", "hours", "2025-01-01", "2026-12-31");
}

struct source *signals_source(struct world *world, const char *name, const char *measures,
                              const char *first_day, const char *last_day)
{
	struct source *source =
	    world_source(world, name, SOURCE_MARKET, 0, world_day(first_day), world_day(last_day));
	for (const char *at = measures; *at;) {
		size_t len = strcspn(at, " ");
		int measure = catalog_measure(&world->settings.catalog, at, len);
		cr_assert_geq(measure, 0, "%s", at);
		source->current.measures[measure / 64] |= UINT64_C(1) << measure % 64;
		at += len;
		at += strspn(at, " ");
	}
	return source;
}

void signals_close(struct world *world)
{
	partition_free(world->partition);
	arena_deinit(&world->arena);
	settings_free(world->loaded);
#ifdef __SANITIZE_ADDRESS__
	cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
#endif
}

/* Reads "a=b c=d" into value ids; the mask of the dimensions. */
static uint32_t read_dims(struct world *world, const char *dims, uint32_t values[MODEL_DIMS])
{
	const struct catalog *catalog = &world->settings.catalog;
	uint32_t mask = 0;
	for (uint32_t i = 0; i < MODEL_DIMS; i++)
		values[i] = DICT_NO_VALUE;
	for (const char *at = dims; *at;) {
		size_t key = strcspn(at, "=");
		size_t len = strcspn(at + key + 1, " ");
		int dim = catalog_dim(catalog, at, key);
		cr_assert_geq(dim, 0, "%s", at);
		values[dim] =
		    dict_value(partition_dict(world->partition), (uint32_t)dim, at + key + 1, len);
		mask |= 1u << dim;
		at += key + 1 + len;
		at += strspn(at, " ");
	}
	return mask;
}

static bool set_takes(const struct catalog *catalog, uint32_t set, const struct measure *measure,
                      uint32_t dims)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < catalog->sets[set].dim_count; i++)
		mask |= 1u << catalog->sets[set].dims[i];
	if ((mask >> catalog->item_dim & 1) != (dims >> catalog->item_dim & 1))
		return false;
	if (measure->kind == MEASURE_SUM)
		return true;
	return !(dims & ~mask & ~measure->additive_over) &&
	       (measure->kind == MEASURE_GAUGE || !set);
}

void signals_add(struct world *world, const char *dims, const char *measure, const char *currency,
                 const char *day, uint32_t period_days, int64_t value)
{
	const struct catalog *catalog = &world->settings.catalog;
	struct dict *dict = partition_dict(world->partition);
	uint32_t values[MODEL_DIMS];
	uint32_t mask = read_dims(world, dims, values);
	int number = catalog_measure(catalog, measure, strlen(measure));
	cr_assert_geq(number, 0, "%s", measure);
	char code[4] = "";
	memcpy(code, currency, strlen(currency));
	uint32_t column = dict_column(dict, (uint32_t)number, code);
	struct cell_place place = partition_place(GRAIN_DAY, world_day(day));
	for (uint32_t set = 0; set < catalog->set_count; set++)
		if (set_takes(catalog, set, &catalog->measures[number], mask))
			partition_add(world->partition, dict_group(dict, set, period_days, values),
			              &place, column, value);
}

void signals_people(struct world *world, const char *dims, const char *option, const char *day,
                    uint32_t period_days, uint32_t count, int64_t weight_micros)
{
	char chosen[256];
	int64_t square = weight_micros * weight_micros / NUM_MICROS;
	snprintf(chosen, sizeof(chosen), "%s option=%s", dims, option);
	const char *cells[] = {dims, chosen};
	for (size_t i = 0; i < (*option ? 2 : 1); i++) {
		signals_add(world, cells[i], "respondents", "", day, period_days, count);
		signals_add(world, cells[i], "weight", "", day, period_days, count * weight_micros);
		signals_add(world, cells[i], "weight_squared", "", day, period_days,
		            count * square);
	}
}

void signals_rate(struct world *world, const char *currency, const char *day, int64_t rate_e12)
{
	signals_add(world, "", "fx_rate", currency, day, 1, rate_e12);
}

void signals_campaign(struct world *world, const char *id, const char *name, const char *objective)
{
	uint32_t dim = (uint32_t)world->settings.catalog.campaign_dim;
	uint32_t value = dict_value(partition_dict(world->partition), dim, id, strlen(id));
	if (name)
		partition_label(world->partition, value, name, strlen(name), WORLD_NOW);
	if (objective)
		partition_objective(world->partition, value, objective, strlen(objective),
		                    WORLD_NOW);
}
