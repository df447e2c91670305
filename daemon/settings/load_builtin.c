/* SPDX-License-Identifier: Apache-2.0
 * The part of the vocabulary that the daemon makes itself: what surveys and
 * exchange rates are counted in. It stands behind what is configured, whatever
 * is configured, and its names are taken. */
#include <string.h>

#include "settings/loader.h"

/* Where the catalog keeps the position of an entry. */
#define PLACE(member) SCHEMA_AT(int, struct catalog, member)
#define NO_PLACE      SIZE_MAX

static const struct {
	const char *id, *label;
	enum layer layer;
	enum measure_kind kind;
	uint8_t scale;
	size_t place;
} measures[] = {
    {"respondents", "Respondents", LAYER_SURVEY, MEASURE_SUM, 0, PLACE(respondents)},
    {"weight", "Sum of weights", LAYER_SURVEY, MEASURE_SUM, 6, PLACE(weight)},
    {"weight_squared", "Sum of squared weights", LAYER_SURVEY, MEASURE_SUM, 6,
     PLACE(weight_squared)},
    {"wave_tables", "Wave tables", LAYER_SURVEY, MEASURE_SUM, 0, PLACE(wave_tables)},
    {"fx_rate", "Exchange rate", LAYER_MARKET, MEASURE_RATE, 12, PLACE(fx_rate)},
};
#define MEASURES_OWN (sizeof(measures) / sizeof(*measures))
_Static_assert(MEASURES_OWN == LOADER_OWN_MEASURES, "as many as the header says");

static const struct {
	const char *id, *label;
	bool derived;
	uint32_t max_values;
	size_t place;
} dims[] = {
    {"item", "Survey item", false, 10000, PLACE(item_dim)},
    {"option", "Answer", false, 10000, PLACE(option_dim)},
    {"campaign_stage", "Stage of the campaign", true, 1000, NO_PLACE},
    {"campaign_orientation", "Orientation of the campaign", true, 3, NO_PLACE},
};
#define DIMS_OWN (sizeof(dims) / sizeof(*dims))
_Static_assert(DIMS_OWN == LOADER_OWN_DIMS, "as many as the header says");

static void put_place(struct catalog *catalog, size_t place, int at)
{
	if (place != NO_PLACE)
		*(int *)(void *)((char *)catalog + place) = at;
}

int builtin_check_measure(struct loader *loader, const struct yaml_node *key, const char *id)
{
	for (size_t i = 0; i < MEASURES_OWN; i++)
		if (strcmp(measures[i].id, id) == 0)
			return yaml_fail(loader->error, key,
			                 "the measure `%s` is the daemon's own and always there: "
			                 "give yours another name",
			                 id);
	return 0;
}

int builtin_check_dimension(struct loader *loader, const struct yaml_node *key)
{
	for (size_t i = 0; i < DIMS_OWN; i++)
		if (strcmp(dims[i].id, key->text) == 0)
			return yaml_fail(loader->error, key,
			                 "the dimension `%s` is the daemon's own and always there: "
			                 "give yours another name",
			                 key->text);
	return 0;
}

void builtin_measures(struct catalog *catalog)
{
	for (size_t i = 0; i < MEASURES_OWN; i++) {
		put_place(catalog, measures[i].place, (int)catalog->measure_count);
		catalog->measures[catalog->measure_count++] = (struct measure){
		    .id = measures[i].id,
		    .label = measures[i].label,
		    .layer = measures[i].layer,
		    .kind = measures[i].kind,
		    .scale = measures[i].scale,
		};
	}
}

void builtin_dimensions(struct catalog *catalog)
{
	for (size_t i = 0; i < DIMS_OWN; i++) {
		put_place(catalog, dims[i].place, (int)catalog->dim_count);
		catalog->dims[catalog->dim_count++] = (struct dimension){
		    .id = dims[i].id,
		    .label = dims[i].label,
		    .derived = dims[i].derived,
		    .max_values = dims[i].max_values,
		};
	}
	catalog->brand_dim = catalog_dim(catalog, "brand", 5);
	catalog->channel_dim = catalog_dim(catalog, "channel", 7);
	catalog->campaign_dim = catalog_dim(catalog, "campaign", 8);
}
