/* SPDX-License-Identifier: Apache-2.0 */
#include "query/lens.h"

#include <string.h>

#include "query/derive.h"
#include "query/refuse.h"

/* What a lens must show. */
struct wish {
	enum lens_kind kind;
	uint8_t by[MODEL_SET_DIMS];
	uint32_t by_count;
	int without;    /* dimension whose filter does not count, -1 = all count */
	bool own_brand; /* brand is not in by or filter: take the own one */
	uint32_t needs; /* dimensions beside those of by and filter, a mask */
	uint32_t likes; /* as many of these as there is a set for */
};

static uint32_t bit(int dim)
{
	return dim < 0 ? 0 : 1u << dim;
}

static uint32_t set_mask(const struct grouping_set *set)
{
	uint32_t mask = 0;
	for (uint8_t i = 0; i < set->dim_count; i++)
		mask |= 1u << set->dims[i];
	return mask;
}

/* The stored dimensions that a dimension of by or filter is made of. */
static uint32_t stored_mask(const struct settings *settings, uint8_t dim)
{
	const struct catalog *catalog = &settings->catalog;
	if (derive_target(settings, dim) == RULE_TARGETS)
		return 1u << dim;
	return bit(catalog->channel_dim) | bit(catalog->campaign_dim);
}

/* The set that holds all that is needed and, first, most of what is liked, then
 * fewest dimensions; -1 = none does. */
static int best_set(const struct catalog *catalog, enum lens_kind kind, uint32_t needs,
                    uint32_t likes)
{
	int best = -1;
	int best_likes = 0;
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		const struct grouping_set *set = &catalog->sets[i];
		uint32_t mask = set_mask(set);
		bool survey = mask & bit(catalog->item_dim);
		if (survey != (kind == LENS_WAVES) || (needs & ~mask))
			continue;
		int liked = __builtin_popcount(likes & mask);
		if (best < 0 || liked > best_likes ||
		    (liked == best_likes && set->dim_count < catalog->sets[best].dim_count)) {
			best = (int)i;
			best_likes = liked;
		}
	}
	return best;
}

static uint8_t place_of(const struct catalog *catalog, uint32_t set, int dim)
{
	const struct grouping_set *held = &catalog->sets[set];
	for (uint8_t i = 0; dim >= 0 && i < held->dim_count; i++)
		if (held->dims[i] == dim)
			return i;
	return LENS_NO_PLACE;
}

static uint8_t asked_place(const struct settings *settings, uint32_t set, uint8_t dim)
{
	enum rule_target target = derive_target(settings, dim);
	return target == RULE_TARGETS ? place_of(&settings->catalog, set, dim)
	                              : (uint8_t)(LENS_DERIVED + target);
}

static int resolve_filter(const struct plan *plan, const struct partition *partition,
                          const struct query_filter *filter, uint8_t place, struct arena *arena,
                          struct plan_filter *ret_filter)
{
	struct plan_filter resolved = {.place = place};
	resolved.values = arena_alloc(arena, filter->value_count * sizeof(*resolved.values));
	if (!resolved.values)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < filter->value_count; i++) {
		const char *text = filter->values[i];
		uint32_t value;
		if (place >= LENS_DERIVED)
			value = derive_find(plan, partition,
			                    (enum rule_target)(place - LENS_DERIVED), text);
		else if (strcmp(text, "__none__") == 0)
			value = VIEW_NO_VALUE;
		else
			value = view_value_find(partition, filter->dim, text, strlen(text));
		if (value != VIEW_UNKNOWN_VALUE)
			resolved.values[resolved.value_count++] = value;
	}
	*ret_filter = resolved;
	return 0;
}

static int fill_lens(const struct plan *plan, const struct partition *partition,
                     const struct wish *wish, uint32_t set, struct arena *arena,
                     struct lens *ret_lens)
{
	const struct settings *settings = plan->settings;
	const struct catalog *catalog = &settings->catalog;
	struct lens lens = {.kind = wish->kind,
	                    .set = set,
	                    .by_count = wish->by_count,
	                    .own_brand = wish->own_brand,
	                    .item = place_of(catalog, set, catalog->item_dim),
	                    .option = place_of(catalog, set, catalog->option_dim),
	                    .brand = place_of(catalog, set, catalog->brand_dim),
	                    .campaign = place_of(catalog, set, catalog->campaign_dim),
	                    .channel = place_of(catalog, set, catalog->channel_dim)};
	memcpy(lens.by_dims, wish->by, sizeof(lens.by_dims));
	for (uint32_t i = 0; i < wish->by_count; i++)
		lens.by[i] = asked_place(settings, set, wish->by[i]);
	for (uint32_t i = 0; i < plan->query->filter_count; i++) {
		const struct query_filter *filter = &plan->query->filters[i];
		if (filter->dim == wish->without)
			continue;
		int err =
		    resolve_filter(plan, partition, filter, asked_place(settings, set, filter->dim),
		                   arena, &lens.filters[lens.filter_count++]);
		if (err != 0)
			return err;
	}
	*ret_lens = lens;
	return 0;
}

static bool same_lens(const struct lens *lens, const struct wish *wish, uint32_t set,
                      uint32_t filters)
{
	return lens->kind == wish->kind && lens->set == set && lens->by_count == wish->by_count &&
	       lens->own_brand == wish->own_brand && lens->filter_count == filters &&
	       memcmp(lens->by_dims, wish->by, wish->by_count) == 0;
}

/* The place of the lens that the wish describes, added when new; PLAN_NO_LENS when
 * no set has it. */
static int find_lens(struct plan *plan, const struct partition *partition, const struct wish *wish,
                     struct arena *arena, uint8_t *ret_lens)
{
	const struct query *query = plan->query;
	uint32_t needs = wish->needs;
	uint32_t filters = 0;
	for (uint32_t i = 0; i < wish->by_count; i++)
		needs |= stored_mask(plan->settings, wish->by[i]);
	for (uint32_t i = 0; i < query->filter_count; i++) {
		if (query->filters[i].dim == wish->without)
			continue;
		needs |= stored_mask(plan->settings, query->filters[i].dim);
		filters++;
	}
	int set = best_set(&plan->settings->catalog, wish->kind, needs, wish->likes);
	*ret_lens = PLAN_NO_LENS;
	if (set < 0)
		return 0;
	for (uint32_t i = 0; i < plan->lens_count; i++) {
		if (same_lens(&plan->lenses[i], wish, (uint32_t)set, filters)) {
			*ret_lens = (uint8_t)i;
			return 0;
		}
	}
	if (plan->lens_count == PLAN_LENSES)
		return ERR_TOO_WIDE;
	int err =
	    fill_lens(plan, partition, wish, (uint32_t)set, arena, &plan->lenses[plan->lens_count]);
	if (err == 0)
		*ret_lens = (uint8_t)plan->lens_count++;
	return err;
}

/* ---- per KPI ---- */

static bool asks_brand(const struct plan *plan)
{
	const struct query *query = plan->query;
	int brand = plan->settings->catalog.brand_dim;
	for (uint32_t i = 0; i < query->by_count; i++)
		if (query->by[i] == brand)
			return true;
	for (uint32_t i = 0; i < query->filter_count; i++)
		if (query->filters[i].dim == brand)
			return true;
	return false;
}

static struct wish plain_wish(const struct plan *plan, enum lens_kind kind)
{
	struct wish wish = {.kind = kind, .by_count = plan->query->by_count, .without = -1};
	memcpy(wish.by, plan->query->by, sizeof(wish.by));
	return wish;
}

/* The first gauge among the terms; -1 = there is none. */
static int gauge_of(const struct kpi *kpi)
{
	const struct linear *sides[] = {&kpi->num, &kpi->den};
	for (size_t side = 0; side < 2; side++)
		for (uint32_t i = 0; i < sides[side]->count; i++)
			if (sides[side]->terms[i].at != AT_SUM)
				return sides[side]->terms[i].measure;
	return kpi->over;
}

static bool has_sums(const struct kpi *kpi)
{
	const struct linear *sides[] = {&kpi->num, &kpi->den};
	for (size_t side = 0; side < 2; side++)
		for (uint32_t i = 0; i < sides[side]->count; i++)
			if (sides[side]->terms[i].at == AT_SUM)
				return true;
	return false;
}

/* Levels are told apart by what their readings bore: the finer the set, the better
 * the last level of each is known. Over brands they never add up: a level is that of
 * the tenant's own, but for a mean, which is taken of the brands that there are. */
static int choose_levels(struct plan *plan, const struct partition *partition,
                         const struct kpi *kpi, int gauge, struct arena *arena, uint8_t *ret_lens)
{
	const struct catalog *catalog = &plan->settings->catalog;
	struct wish wish = plain_wish(plan, LENS_LEVELS);
	wish.likes = catalog->measures[gauge].additive_over | bit(catalog->brand_dim);
	wish.own_brand = plan->tenant->brand[0] && gauge != kpi->over && !asks_brand(plan);
	return find_lens(plan, partition, &wish, arena, ret_lens);
}

static int choose_share(struct plan *plan, const struct partition *partition, struct arena *arena,
                        struct plan_kpi *kpi)
{
	int brand = plan->settings->catalog.brand_dim;
	struct wish part = plain_wish(plan, LENS_SUMS);
	struct wish whole = {.kind = LENS_SUMS, .without = brand};
	part.needs = bit(brand);
	part.own_brand = !asks_brand(plan);
	for (uint32_t i = 0; i < part.by_count; i++)
		if (part.by[i] != brand)
			whole.by[whole.by_count++] = part.by[i];
	int err = find_lens(plan, partition, &part, arena, &kpi->lens);
	return err ? err : find_lens(plan, partition, &whole, arena, &kpi->whole);
}

static int choose_orientation(struct plan *plan, const struct partition *partition,
                              struct arena *arena, struct plan_kpi *kpi)
{
	const struct catalog *catalog = &plan->settings->catalog;
	struct wish rows = plain_wish(plan, LENS_SUMS);
	struct wish split = rows;
	int dim = catalog_dim(catalog, "campaign_orientation", strlen("campaign_orientation"));
	if (dim < 0 || split.by_count == MODEL_SET_DIMS)
		return 0;
	split.by[split.by_count++] = (uint8_t)dim;
	int err = find_lens(plan, partition, &rows, arena, &kpi->lens);
	err = err ? err : find_lens(plan, partition, &split, arena, &kpi->whole);
	if (!err && kpi->whole == PLAN_NO_LENS)
		kpi->lens = PLAN_NO_LENS;
	return err;
}

static int choose_ratio(struct plan *plan, const struct partition *partition, struct arena *arena,
                        struct plan_kpi *kpi)
{
	struct wish wish = plain_wish(plan, LENS_SUMS);
	int gauge = gauge_of(kpi->kpi);
	int err = 0;
	if (gauge >= 0)
		err = choose_levels(plan, partition, kpi->kpi, gauge, arena, &kpi->levels);
	if (err != 0)
		return err;
	if (has_sums(kpi->kpi))
		return find_lens(plan, partition, &wish, arena, &kpi->lens);
	kpi->lens = kpi->levels;
	return 0;
}

static int choose_survey(struct plan *plan, const struct partition *partition, struct arena *arena,
                         struct plan_kpi *kpi)
{
	const struct catalog *catalog = &plan->settings->catalog;
	struct wish wish = plain_wish(plan, LENS_WAVES);
	wish.needs = bit(catalog->item_dim) | bit(catalog->option_dim) | bit(catalog->brand_dim);
	wish.own_brand = !asks_brand(plan);
	return find_lens(plan, partition, &wish, arena, &kpi->lens);
}

static int choose_for(struct plan *plan, const struct partition *partition, struct arena *arena,
                      struct plan_kpi *kpi)
{
	kpi->lens = kpi->levels = kpi->whole = PLAN_NO_LENS;
	switch (kpi->kpi->kind) {
	case KPI_SHARE:
		return choose_share(plan, partition, arena, kpi);
	case KPI_ORIENTATION:
		return choose_orientation(plan, partition, arena, kpi);
	case KPI_SURVEY:
		return choose_survey(plan, partition, arena, kpi);
	case KPI_RATIO:
		break;
	}
	return choose_ratio(plan, partition, arena, kpi);
}

static void read_through(struct plan *plan, uint8_t lens, const struct measure_set *measures)
{
	for (size_t word = 0; lens != PLAN_NO_LENS && word < MODEL_MEASURES / 64; word++)
		plan->lenses[lens].measures.bits[word] |= measures->bits[word];
}

static void keep_kpi(struct plan *plan, const struct plan_kpi *kpi)
{
	struct measure_set measures = kpi_measures(kpi->kpi, &plan->settings->catalog);
	read_through(plan, kpi->lens, &measures);
	read_through(plan, kpi->levels, &measures);
	read_through(plan, kpi->whole, &measures);
	for (size_t word = 0; word < MODEL_MEASURES / 64; word++)
		plan->measures.bits[word] |= measures.bits[word];
	plan->lenses[kpi->lens].kpi_count++;
	plan->kpis[plan->kpi_count++] = *kpi;
}

static const char *set_names(const struct plan *plan, bool survey, struct arena *arena)
{
	const struct catalog *catalog = &plan->settings->catalog;
	const char *list = "";
	for (uint32_t i = 0; i < catalog->set_count; i++) {
		if (survey != ((set_mask(&catalog->sets[i]) & bit(catalog->item_dim)) != 0))
			continue;
		const char *more =
		    arena_printf(arena, "%s%s%s", list, list[0] ? ", " : "", catalog->sets[i].text);
		list = more ? more : list;
	}
	return list;
}

/* Dimensions that a KPI is made of, beside those asked for; NULL = none. */
static const char *made_of(const struct plan *plan, const struct kpi *kpi)
{
	const struct query *query = plan->query;
	bool derived = kpi->kind == KPI_ORIENTATION;
	for (uint32_t i = 0; i < query->by_count; i++)
		derived = derived || derive_target(plan->settings, query->by[i]) != RULE_TARGETS;
	for (uint32_t i = 0; i < query->filter_count; i++)
		derived =
		    derived || derive_target(plan->settings, query->filters[i].dim) != RULE_TARGETS;
	if (kpi->kind == KPI_SURVEY)
		return "item, option and brand";
	if (kpi->kind == KPI_SHARE)
		return "brand";
	return derived ? "channel and campaign" : NULL;
}

static int refuse_kpi(const struct plan *plan, const struct kpi *kpi, struct arena *arena,
                      struct query_error *ret_error)
{
	const char *with = made_of(plan, kpi);
	const char *detail =
	    with ? arena_printf(arena,
	                        "The dimensions of `by` and `filter` together with %s, which %s "
	                        "is made of, must lie within one configured grouping set.",
	                        with, kpi->id)
	         : "The dimensions of `by` and `filter` together must lie within "
	           "one configured grouping set.";
	return query_refuse(ret_error, ERR_NOT_ROLLED_UP, plan->query->by_count ? "by" : "filter",
	                    detail, set_names(plan, kpi->kind == KPI_SURVEY, arena));
}

int lens_choose(struct plan *plan, const struct partition *partition, struct arena *arena,
                struct query_error *ret_error)
{
	const struct query *query = plan->query;
	const struct catalog *catalog = &plan->settings->catalog;
	plan->kpis = arena_alloc(arena, (query->kpi_count + 1) * sizeof(*plan->kpis));
	if (!plan->kpis)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < query->kpi_count; i++) {
		struct plan_kpi kpi = {.kpi = &catalog->kpis[query->kpis[i]]};
		bool waves = query->grain == QUERY_WAVE;
		if (waves && kpi.kpi->kind != KPI_SURVEY && !query->kpis_named)
			continue;
		if (waves && kpi.kpi->kind != KPI_SURVEY)
			return query_refuse(ret_error, ERR_BAD_PARAMETER, "grain",
			                    arena_printf(arena,
			                                 "Only answers to surveys have waves; "
			                                 "%s has none.",
			                                 kpi.kpi->id),
			                    "total, minute, hour, day, week, month");
		int err = choose_for(plan, partition, arena, &kpi);
		if (err != 0)
			return err;
		if (kpi.lens != PLAN_NO_LENS)
			keep_kpi(plan, &kpi);
		else if (query->kpis_named)
			return refuse_kpi(plan, kpi.kpi, arena, ret_error);
	}
	if (plan->kpi_count == 0 && query->grain == QUERY_WAVE && !query->by_count &&
	    !query->filter_count)
		return query_refuse(
		    ret_error, ERR_BAD_PARAMETER, "grain",
		    "Only answers to surveys have waves; none of the KPIs asked for "
		    "is made of them.",
		    NULL);
	if (plan->kpi_count > 0 || query->kpi_count == 0)
		return 0;
	/* Of a KPI that needs no more than was asked for, if there is one. */
	uint32_t plain = 0;
	while (plain < query->kpi_count && catalog->kpis[query->kpis[plain]].kind != KPI_RATIO)
		plain++;
	return refuse_kpi(plan, &catalog->kpis[query->kpis[plain < query->kpi_count ? plain : 0]],
	                  arena, ret_error);
}

/* ---- cells ---- */

static uint32_t value_at(const struct plan *plan, const struct lens *lens,
                         const struct partition *partition, uint8_t place,
                         const struct view_group *group)
{
	if (place < MODEL_SET_DIMS)
		return group->values[place];
	return derive_value(plan, lens, partition, (enum rule_target)(place - LENS_DERIVED), group);
}

static bool holds(const struct plan_filter *filter, uint32_t value)
{
	for (uint32_t i = 0; i < filter->value_count; i++)
		if (filter->values[i] == value)
			return true;
	return false;
}

bool lens_filter_takes(const struct lens *lens, uint8_t place, uint32_t value)
{
	for (uint32_t i = 0; i < lens->filter_count; i++)
		if (lens->filters[i].place == place)
			return holds(&lens->filters[i], value);
	return true;
}

bool lens_takes(const struct plan *plan, const struct lens *lens, const struct partition *partition,
                const struct view_group *group)
{
	for (uint32_t i = 0; i < lens->filter_count; i++) {
		const struct plan_filter *filter = &lens->filters[i];
		if (lens->kind == LENS_WAVES &&
		    (filter->place == lens->item || filter->place == lens->option))
			continue;
		if (!holds(filter, value_at(plan, lens, partition, filter->place, group)))
			return false;
	}
	if (!lens->own_brand || lens->brand == LENS_NO_PLACE)
		return true;
	uint32_t brand = group->values[lens->brand];
	/* A share is of a brand; an item or a level without one is not about any. */
	if (brand == VIEW_NO_VALUE)
		return lens->kind != LENS_SUMS;
	return strcmp(view_value(partition, brand), plan->tenant->brand) == 0;
}

void lens_values(const struct plan *plan, const struct lens *lens,
                 const struct partition *partition, const struct view_group *group,
                 uint32_t ret_values[MODEL_SET_DIMS])
{
	memset(ret_values, 0, sizeof(uint32_t) * MODEL_SET_DIMS);
	for (uint32_t i = 0; i < lens->by_count; i++)
		ret_values[i] = value_at(plan, lens, partition, lens->by[i], group);
}
