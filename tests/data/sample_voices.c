/* SPDX-License-Identifier: Apache-2.0
 * Shorter surveys: what customers say after an order, what troubles people, and
 * the table that a market researcher delivers instead of answers. */
#include "sample.h"

static const struct sample_waves nps_waves = {.count = 14, .days = 28, .end = 0};
static const struct sample_waves needs_waves = {.count = 4, .days = 90, .end = 5};
static const struct sample_waves table_waves = {.count = 4, .days = 90, .end = 10};

#define NPS_ANSWERS   124 /* a wave, about */
#define NEEDS_ANSWERS 118

/* Business customers are few: a wave has fewer than ten of them. */
static const char *const segments[] = {"new", "returning", "business"};
static const int segment_percent[] = {47, 50, 3};

static const int recommend_percent[3][11] = {
    {2, 1, 2, 2, 3, 7, 8, 14, 23, 20, 18},
    {1, 0, 1, 1, 2, 4, 6, 12, 22, 26, 25},
    {3, 2, 3, 4, 5, 9, 10, 16, 20, 15, 13},
};

/* An answer on a day of the wave; whoever says 9 or 10 is rarely dissatisfied. */
static void write_nps(FILE *out, const struct sample *sample, int wave, int number,
                      const char *read_at)
{
	struct rng rng = rng_make(STREAM_NPS, wave, number);
	char first[CIVIL_DAY_TEXT];
	char last[CIVIL_DAY_TEXT];
	char day[CIVIL_DAY_TEXT];
	int segment = sample_pick(&rng, segment_percent, 3);
	int recommend = sample_pick(&rng, recommend_percent[segment], 11);
	int distance = wave * nps_waves.days + (int)rng_below(&rng, nps_waves.days);
	bool asked = rng_below(&rng, 100) < 72;
	int satisfaction = 1 + (recommend * 2 + (int)rng_below(&rng, 9)) / 6;

	sample_wave_days(sample, &nps_waves, wave, first, last);
	civil_format_day(day, sample->end - distance);
	fprintf(out, "n-%s-%04d,%s,%s,%s,%s,%d,", first, number, day, first, last,
	        segments[segment], recommend);
	if (asked)
		fprintf(out, "%d", satisfaction > 5 ? 5 : satisfaction);
	fprintf(out, ",%s\n", read_at);
}

void sample_nps_write(FILE *out, const struct sample *sample)
{
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("answer_id,answered_on,wave_from,wave_to,segment,recommend,satisfaction,read_at\n",
	      out);
	for (int wave = sample_wave_count(sample, &nps_waves) - 1; wave >= 0; wave--) {
		struct rng rng = rng_make(STREAM_NPS, wave, -1);
		int answers = (int)rng_vary(&rng, NPS_ANSWERS, 60);
		for (int number = 0; number < answers; number++)
			write_nps(out, sample, wave, number, read_at);
	}
}

static const char *const pains[] = {"delivery", "sizing", "price", "returns", "quality"};
static const int pain_percent[] = {31, 24, 18, 14, 7};

static void write_needs(FILE *out, const struct sample *sample, int wave, int number,
                        const char *read_at)
{
	struct rng rng = rng_make(STREAM_NEEDS, wave, number);
	char first[CIVIL_DAY_TEXT];
	char last[CIVIL_DAY_TEXT];
	bool any = false;

	sample_wave_days(sample, &needs_waves, wave, first, last);
	fprintf(out, "p-%s-%04d,%s,%s,", first, number, first, last);
	for (int i = 0; i < 5; i++) {
		if (rng_below(&rng, 100) >= pain_percent[i])
			continue;
		fprintf(out, "%s%s", any ? "; " : "", pains[i]);
		any = true;
	}
	fprintf(out, "%s,%s\n", any ? "" : "none", read_at);
}

void sample_needs_write(FILE *out, const struct sample *sample)
{
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("answer_id,wave_from,wave_to,pains,read_at\n", out);
	for (int wave = sample_wave_count(sample, &needs_waves) - 1; wave >= 0; wave--)
		for (int number = 0; number < NEEDS_ANSWERS; number++)
			write_needs(out, sample, wave, number, read_at);
}

struct table_row {
	const char *study;
	const char *item;
	int permille[SAMPLE_BRANDS];
};

/* Of the whole category, and one question that the tracker does not ask. */
static const struct table_row table_rows[] = {
    {"category", "aided", {455, 640, 210}},
    {"category", "bought_last_year", {92, 171, 38}},
    {"tracker", "brand_recall", {238, 402, 88}},
};

static void write_table(FILE *out, const struct sample *sample, int wave, const char *read_at)
{
	char first[CIVIL_DAY_TEXT];
	char last[CIVIL_DAY_TEXT];

	sample_wave_days(sample, &table_waves, wave, first, last);
	for (int row = 0; row < 3; row++) {
		for (int brand = 0; brand < SAMPLE_BRANDS; brand++) {
			struct rng rng = rng_make(STREAM_WAVES, wave, row * SAMPLE_BRANDS + brand);
			int64_t tenths = rng_vary(&rng, table_rows[row].permille[brand], 60);
			fprintf(out, "W%d,%s,%s,%s,%s,%s,yes,%lld.%d,%d,1.%02d,%s\n", 4 - wave,
			        first, last, table_rows[row].study, table_rows[row].item,
			        sample_brands[brand], (long long)(tenths / 10), (int)(tenths % 10),
			        1000 + 3 * wave, 25 + 5 * row, read_at);
		}
	}
}

void sample_waves_write(FILE *out, const struct sample *sample)
{
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("wave,wave_from,wave_to,study,item,brand,option,share_percent,n,design_effect,"
	      "read_at\n",
	      out);
	for (int wave = sample_wave_count(sample, &table_waves) - 1; wave >= 0; wave--)
		write_table(out, sample, wave, read_at);
}
