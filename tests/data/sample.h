/* SPDX-License-Identifier: Apache-2.0
 * The sample generator: what its files share.
 *
 * distance  days from a day to the end date; 0 = the end date itself
 * age       days from a day to the reading that reports it
 *
 * Every figure is drawn from a generator seeded with (stream, distance, index)
 * and computed in integers, so that it depends on nothing else: not on the
 * date, not on the number of days, not on the machine. */
#ifndef SG_TESTS_DATA_SAMPLE_H
#define SG_TESTS_DATA_SAMPLE_H

#include <stdint.h>
#include <stdio.h>

#include "base/civil.h"

enum sample_stream {
	STREAM_ADS = 1,
	STREAM_DAY,
	STREAM_ORDER,
	STREAM_SESSIONS,
	STREAM_ABROAD,
	STREAM_TRACKER,
	STREAM_NPS,
	STREAM_NEEDS,
	STREAM_WAVES,
	STREAM_SEARCHES,
	STREAM_MENTIONS,
	STREAM_SCORE,
	STREAM_PANEL,
	STREAM_PRICES,
	STREAM_AUDIENCE,
	STREAM_RATES,
};

/* SplitMix64 (Steele, Lea, Flood 2014): the state advances by the golden gamma
 * 0x9E3779B97F4A7C15, each output is the mixed state. */
struct rng {
	uint64_t state;
};

struct rng rng_make(enum sample_stream stream, int distance, int index);
uint64_t rng_next(struct rng *rng);
/* Uniform in 0..n-1; n > 0. */
int64_t rng_below(struct rng *rng, int64_t n);
/* `value` x a factor drawn around 1, triangular, at most +-`permille` / 1000. */
int64_t rng_vary(struct rng *rng, int64_t value, int permille);
/* num / den, rounded up or down at random so that the mean is kept. */
int64_t rng_share(struct rng *rng, int64_t num, int64_t den);

/* Growth of the business in per mille: slow, by distance, the same for all. */
int64_t sample_trend(int distance);

#define SAMPLE_MARKETS     3
#define SAMPLE_AD_CHANNELS 5
#define SAMPLE_CHANNELS    8

extern const char *const sample_markets[SAMPLE_MARKETS];
extern const int sample_market_percent[SAMPLE_MARKETS]; /* sums to 100 */
/* The advertised channels come first. */
extern const char *const sample_channels[SAMPLE_CHANNELS];

/* The tenant's own brand first, then its competitors. */
#define SAMPLE_BRANDS 3
extern const char *const sample_brands[SAMPLE_BRANDS];

/* Field work of a study: of `count` waves, each `days` long, wave 0 is the newest
 * and ends at distance `end`. */
struct sample_waves {
	int count;
	int days;
	int end;
};

struct sample {
	struct zone *zone; /* Europe/Berlin */
	int32_t end;       /* civil day of distance 0 */
	int days;
};

/* RFC 3339 of a second of the day; the hour is 3 or later, where every day of
 * the zone has each hour once. */
void sample_instant(char text[ZONE_INSTANT_TEXT], const struct sample *sample, int32_t day,
                    int second);
/* "84.90" for 8490. */
void sample_cents(FILE *out, int64_t cents);

/* The wave's first and last day. */
void sample_wave_days(const struct sample *sample, const struct sample_waves *waves, int wave,
                      char first[CIVIL_DAY_TEXT], char last[CIVIL_DAY_TEXT]);
/* How many of the waves lie within the sample's days. */
int sample_wave_count(const struct sample *sample, const struct sample_waves *waves);
/* When the newest readings were made: when distance 0 was over. */
void sample_read_at(char text[ZONE_INSTANT_TEXT], const struct sample *sample);
/* An index into weights that sum to 100. */
int sample_pick(struct rng *rng, const int *weights, int count);

/* One reading that began `read_distance` days before the end and holds the
 * distances `first` (oldest) down to read_distance, when that was over. */
void sample_ads_write(FILE *out, const struct sample *sample, int first, int read_distance);
/* The accounts of other currencies. */
void sample_ads_gb_write(FILE *out, const struct sample *sample);
void sample_ads_us_write(FILE *out, const struct sample *sample);
void sample_rates_write(FILE *out, const struct sample *sample);
void sample_costs_write(FILE *out, const struct sample *sample);
void sample_orders_write(FILE *out, const struct sample *sample);
void sample_sessions_write(FILE *out, const struct sample *sample);

/* All waves, or the one that was delivered again with corrections. */
void sample_tracker_write(FILE *out, const struct sample *sample, bool corrected);
void sample_nps_write(FILE *out, const struct sample *sample);
void sample_needs_write(FILE *out, const struct sample *sample);
void sample_waves_write(FILE *out, const struct sample *sample);

void sample_market_write(FILE *out, const struct sample *sample);
void sample_panel_write(FILE *out, const struct sample *sample);
void sample_prices_write(FILE *out, const struct sample *sample);
void sample_audience_write(FILE *out, const struct sample *sample);

#endif
