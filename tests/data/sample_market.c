/* SPDX-License-Identifier: Apache-2.0
 * What is known of the market and of the audience: sums and levels. */
#include "sample.h"

#define WEEK         7
#define CANCELLED    20 /* distance of the last day that the listening tool brought */
#define SCORE_EVERY  7
#define PRICES_EVERY 7

static const int searches_a_day[SAMPLE_BRANDS] = {940, 1520, 410};
static const int mentions_a_day[SAMPLE_BRANDS] = {62, 114, 27};
static const int spend_a_week[SAMPLE_BRANDS] = {25600, 41200, 9300};      /* EUR */
static const int revenue_a_week[SAMPLE_BRANDS] = {115000, 203000, 61000}; /* EUR */

static int64_t draw(enum sample_stream stream, int distance, int index, int64_t mean, int permille)
{
	struct rng rng = rng_make(stream, distance, index);
	return rng_vary(&rng, mean * sample_trend(distance) / 1000, permille);
}

static void write_searches(FILE *out, const char *date, const char *read_at, int distance)
{
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		fprintf(
		    out, "trends,%s,%s,%lld,,,,,,%s\n", date, sample_brands[brand],
		    (long long)draw(STREAM_SEARCHES, distance, brand, searches_a_day[brand], 120),
		    read_at);
}

/* How they are meant is known of the own brand alone. */
static void write_mentions(FILE *out, const char *date, const char *read_at, int distance)
{
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++) {
		int64_t all = draw(STREAM_MENTIONS, distance, brand, mentions_a_day[brand], 260);
		fprintf(out, "listening,%s,%s,,%lld,", date, sample_brands[brand], (long long)all);
		if (brand == 0) {
			struct rng rng = rng_make(STREAM_MENTIONS, distance, SAMPLE_BRANDS);
			int64_t positive = rng_share(&rng, all * 44, 100);
			int64_t negative = rng_share(&rng, all * 19, 100);
			fprintf(out, "%lld,%lld,%lld", (long long)positive,
			        (long long)(all - positive - negative), (long long)negative);
		} else {
			fputs(",,", out);
		}
		fprintf(out, ",,%s\n", read_at);
	}
}

static void write_score(FILE *out, const char *date, const char *read_at, int distance)
{
	struct rng rng = rng_make(STREAM_SCORE, distance, 0);
	int64_t tenths = rng_vary(&rng, 610 - distance / 4, 40);
	fprintf(out, "brandbarometer,%s,%s,,,,,,%lld.%d,%s\n", date, sample_brands[0],
	        (long long)(tenths / 10), (int)(tenths % 10), read_at);
}

void sample_market_write(FILE *out, const struct sample *sample)
{
	char date[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	fputs("vendor,date,brand,searches,mentions,mentions_positive,mentions_neutral,"
	      "mentions_negative,brand_score,read_at\n",
	      out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		civil_format_day(date, sample->end - distance);
		sample_read_at(read_at, sample);
		write_searches(out, date, read_at, distance);
		if (distance >= CANCELLED)
			write_mentions(out, date, read_at, distance);
		if (distance % SCORE_EVERY == 0)
			write_score(out, date, read_at, distance);
	}
}

void sample_panel_write(FILE *out, const struct sample *sample)
{
	char week[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("week_from,brand,media_spend,revenue,currency,read_at\n", out);
	for (int first = sample->days / WEEK * WEEK - 1; first >= 0; first -= WEEK) {
		civil_format_day(week, sample->end - first);
		for (int brand = 0; brand < SAMPLE_BRANDS; brand++) {
			fprintf(out, "%s,%s,", week, sample_brands[brand]);
			sample_cents(out, draw(STREAM_PANEL, first, brand,
			                       spend_a_week[brand] * INT64_C(100), 150));
			fputc(',', out);
			sample_cents(out, draw(STREAM_PANEL, first, SAMPLE_BRANDS + brand,
			                       revenue_a_week[brand] * INT64_C(100), 80));
			fprintf(out, ",EUR,%s\n", read_at);
		}
	}
}

void sample_prices_write(FILE *out, const struct sample *sample)
{
	char date[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("date,price_own,price_competitors,currency,read_at\n", out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		if (distance % PRICES_EVERY != 0)
			continue;
		struct rng rng = rng_make(STREAM_PRICES, distance, 0);
		civil_format_day(date, sample->end - distance);
		fprintf(out, "%s,", date);
		sample_cents(out, rng_vary(&rng, 8450, 15));
		fputc(',', out);
		sample_cents(out, rng_vary(&rng, 8820, 30));
		fprintf(out, ",EUR,%s\n", read_at);
	}
}

struct network {
	const char *channel;
	int level; /* followers at the end, about */
	int net;   /* gained less lost, a day */
	int lost;  /* at least, a day */
};

static const struct network networks[] = {
    {"organic_social", 52000, 27, 22},
    {"video", 9100, 6, 20},
};

static int64_t followers(int network, int distance)
{
	struct rng rng = rng_make(STREAM_AUDIENCE, distance, network);
	return networks[network].level - (int64_t)networks[network].net * distance +
	       rng_below(&rng, 15);
}

void sample_audience_write(FILE *out, const struct sample *sample)
{
	char date[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("date,channel,followers,followers_gained,followers_lost,read_at\n", out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		civil_format_day(date, sample->end - distance);
		for (int i = 0; i < 2; i++) {
			struct rng rng = rng_make(STREAM_AUDIENCE, distance, 2 + i);
			int64_t level = followers(i, distance);
			int64_t lost = networks[i].lost + rng_below(&rng, 12);
			int64_t gained = level - followers(i, distance + 1) + lost;
			fprintf(out, "%s,%s,%lld,%lld,%lld,%s\n", date, networks[i].channel,
			        (long long)level, (long long)gained, (long long)lost, read_at);
		}
	}
}
