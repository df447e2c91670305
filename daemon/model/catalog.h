/* SPDX-License-Identifier: Apache-2.0
 * The vocabulary as types: what can be counted, by what, and what is made of it.
 *
 * measure       an additive integer; counts at scale 0, money and fractional
 *               conversions at scale 6. One entry per (id, layer). A *gauge* is
 *               a level: never summed over time
 * layer         where a number comes from; layers never mix in one sum
 * dimension     a named attribute of items; an entity dimension's values are
 *               `<platform>:<id>`
 * grouping set  a configured list of dimensions that is rolled up
 * stage         a step of the customer journey, ordered, oriented
 * KPI           mult x linear(measures) / linear(measures), owned by one stage;
 *               or a share among brands, or what a survey says
 * rule          campaign -> channel, stage or orientation, applied at query time
 *
 * A catalog is immutable once loaded; all pointers live in its arena. */
#ifndef SG_MODEL_CATALOG_H
#define SG_MODEL_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum layer {
	LAYER_OBSERVED,
	LAYER_CLAIMED,
	LAYER_COMMERCE,
	LAYER_SURVEY,
	LAYER_MARKET,
	LAYER_COUNT
};

/* "observed" ...; the reverse gives LAYER_COUNT for an unknown name. */
const char *layer_name(enum layer layer);
enum layer layer_by_name(const char *name, size_t len);

enum grain { GRAIN_MINUTE, GRAIN_HOUR, GRAIN_DAY, GRAIN_COUNT };

const char *grain_name(enum grain grain);

#define MODEL_NAME_MAX  64  /* bytes of an id: [a-z][a-z0-9_]* */
#define MODEL_VALUE_MAX 128 /* bytes of a dimension value */
#define MODEL_MEASURES  256
#define MODEL_DIMS      32
#define MODEL_SETS      32
#define MODEL_SET_DIMS  6

enum measure_kind {
	MEASURE_SUM,
	MEASURE_GAUGE, /* a level */
	MEASURE_RATE,  /* an exchange rate at scale 12, of the column's currency */
};

struct measure {
	const char *id;
	const char *label;
	enum layer layer;
	enum measure_kind kind;
	/* Gauges: bit i = levels of several values of dims[i] add up. */
	uint32_t additive_over;
	uint8_t scale; /* 0 or 6; 12 for rates */
	bool money;
	bool is_signed; /* events may carry negative increments */
	bool sparse;    /* nothing reported means zero, not unknown */
};

struct dimension {
	const char *id;
	const char *label;
	bool entity;         /* values are <platform>:<id> */
	const char **values; /* the only values taken; NULL = any */
	uint32_t value_count;
	uint32_t max_values; /* beyond it a new value is counted as __other__ */
	/* Not stored: made of campaigns by the rules of this kind at query time. */
	bool derived;
};

struct grouping_set {
	uint8_t dim_count;
	uint8_t dims[MODEL_SET_DIMS]; /* indices into catalog.dims, ascending */
	const char *text;             /* "[channel, campaign]" as configured */
};

struct type_amount {
	uint16_t measure; /* index into catalog.measures */
	int64_t value;    /* at the measure's scale */
};

struct event_type {
	const char *id;
	struct type_amount *amounts;
	uint32_t amount_count;
};

enum orientation { ORIENTATION_UPSTREAM, ORIENTATION_DOWNSTREAM };
const char *orientation_name(enum orientation orientation);

struct stage {
	const char *id;
	const char *label;
	uint32_t order; /* position, from 0 */
	enum orientation orientation;
	int entry; /* measure index of the stage's entry flow, -1 = none */
};

enum unit { UNIT_COUNT, UNIT_MONEY, UNIT_RATIO, UNIT_POINTS, UNIT_INDEX };
const char *unit_name(enum unit unit);

enum direction { DIRECTION_HIGHER, DIRECTION_LOWER, DIRECTION_NEUTRAL };
const char *direction_name(enum direction direction);

/* Which of a measure's values a term takes. */
enum term_at {
	AT_SUM,   /* sums: all of the bucket */
	AT_LAST,  /* gauges: the last level of the bucket, `followers` */
	AT_START, /* the last level before the bucket, `start(followers)` */
	AT_MEAN,  /* the mean of all levels in the bucket, `mean(price_competitor)` */
};

struct term {
	uint16_t measure;
	enum term_at at;
	int64_t factor_micros; /* coefficient x 10^6 */
};

/* sum of factor x measure; no terms = the constant 1 (a KPI without denominator) */
struct linear {
	struct term *terms;
	uint32_t count;
};

enum kpi_kind {
	KPI_RATIO, /* mult x num / den, or num alone */
	/* mult x (num of one brand / num of all brands), less the same share of
	 * `den` where it has terms: share of voice, and excess share of voice */
	KPI_SHARE,
	KPI_SURVEY,
	/* num of upstream campaigns / num of upstream and downstream ones */
	KPI_ORIENTATION,
};

/* Answers to an item that count. No options: each is a row, `by=option`. */
struct survey_question {
	const char *item; /* `<study>/<item>`; NULL = none */
	const char **options;
	uint32_t option_count;
};

enum survey_stat {
	SURVEY_SHARE, /* weighted share of those asked who chose one of the options */
	SURVEY_NPS,   /* 100 x (share of 9 and 10 - share of 0 to 6) */
	SURVEY_MEAN,  /* weighted mean of the options read as numbers */
};

struct kpi_survey {
	enum survey_stat stat;
	/* Options exclude each other: a respondent chose at most one of them. */
	struct survey_question ask;
	/* Those asked this item are the base instead of those asked ask.item. */
	const char *base_item;
	/* Those who chose this are the base: a step of the brand funnel. */
	struct survey_question of;
	bool branded; /* the item is asked per brand; without `by=brand` the own brand */
};

struct kpi {
	const char *id;
	const char *label;
	enum kpi_kind kind;
	const struct kpi_survey *survey; /* KPI_SURVEY only */
	uint16_t stage;                  /* index into catalog.stages */
	enum orientation orientation;
	enum unit unit;
	enum direction direction;
	const char *layer; /* names sorted and joined by '+': "commerce+observed" */
	struct linear num;
	struct linear den;
	int64_t mult;           /* value = mult x num / den */
	int over;               /* gauge whose mean divides num / den once more; -1 = none */
	uint64_t min_sample;    /* on n, of surveys on n_eff; 0 = none */
	int min_on;             /* measure index that n is taken from; -1 = the denominator */
	bool small_sample_show; /* keep the value beside insufficient_sample */
	const char *expr;       /* as configured; of the other kinds what they say, in words */
};

/* Hash of one kind's names, made by catalog_seal(). */
struct catalog_index {
	uint32_t *slots;     /* position + 1, 0 = free */
	uint32_t slot_count; /* a power of two */
};

enum catalog_kind {
	CATALOG_MEASURE,
	CATALOG_DIM,
	CATALOG_TYPE,
	CATALOG_STAGE,
	CATALOG_KPI,
	CATALOG_KINDS
};

struct catalog {
	struct arena arena;
	struct measure *measures;
	uint32_t measure_count;
	struct dimension *dims;
	uint32_t dim_count;
	struct grouping_set *sets; /* sets[0] is [] */
	uint32_t set_count;
	struct event_type *types;
	uint32_t type_count;
	struct stage *stages; /* in order */
	uint32_t stage_count;
	struct kpi *kpis; /* by stage order, then as configured */
	uint32_t kpi_count;
	/* Measures and dimensions that the daemon itself fills; -1 = not there. */
	int respondents;    /* asked, a count */
	int weight;         /* sum of weights, micros */
	int weight_squared; /* sum of (weight x weight), micros */
	int wave_tables;    /* cells that came as a vendor's sums */
	int fx_rate;        /* units of a currency per unit of settings.fx.base */
	int item_dim;       /* a set that holds `item` holds survey cells only */
	int option_dim;
	int brand_dim;
	int channel_dim;
	int campaign_dim;
	struct catalog_index index[CATALOG_KINDS];
};

/* Indexes the names once all lists are filled; look-ups work without it too,
 * by going through the list. ERR_NOMEM. */
int catalog_seal(struct catalog *catalog) SG_MUST_CHECK;

/* Look-ups by name; -1 when there is none. A measure name may carry its layer
 * (`conversions@claimed`); without one the first configured layer is meant. */
int catalog_measure(const struct catalog *catalog, const char *name, size_t len);
int catalog_dim(const struct catalog *catalog, const char *name, size_t len);
int catalog_type(const struct catalog *catalog, const char *name, size_t len);
int catalog_stage(const struct catalog *catalog, const char *name, size_t len);
int catalog_kpi(const struct catalog *catalog, const char *name, size_t len);

/* False for a catalog made by hand in which the positions above are all 0. */
static inline bool catalog_has_surveys(const struct catalog *catalog)
{
	return catalog->item_dim >= 0 && catalog->option_dim != catalog->item_dim;
}

/* The smallest grouping set that holds every dimension of the mask (bit i =
 * dims[i]); -1 when no configured set does. */
int catalog_set_for(const struct catalog *catalog, uint32_t dim_mask);

void catalog_deinit(struct catalog *catalog);

#endif
