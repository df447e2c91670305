/* SPDX-License-Identifier: Apache-2.0
 * Money of other currencies: the ad accounts of two markets abroad, what agencies
 * and studios charge, and the exchange rates.
 *
 * Rates are those of working days only. Two days in seven have none; which ones
 * follows from the distance, not from the weekday, so that converted sums are the
 * same whatever the end date is. */
#include "sample.h"

struct abroad {
	const char *id;
	const char *name;
	const char *objective;
	int channel;     /* index into sample_channels */
	int impressions; /* a day, before the trend */
	int ctr;         /* clicks per 10,000 impressions */
	int cpc;         /* hundredths of the account's currency */
	int cvr;         /* claimed conversions per 10,000 clicks */
	int value;       /* hundredths a conversion */
};

/* Names begin with the market, so that rules about names of the home account do
 * not take them: their objective says what they are for. The trial has none. */
static const struct abroad gb[] = {
    {"8301001", "UK Search - core terms", "SALES", 0, 23000, 340, 56, 280, 7600},
    {"8301002", "UK Search - brand terms", "SALES", 0, 11000, 410, 31, 400, 7700},
    {"8302001", "UK Reach - runners", "AWARENESS", 1, 42000, 120, 39, 90, 7100},
    {"8304001", "UK Film - launch", "AWARENESS", 3, 22000, 90, 44, 60, 7200},
    {"8303001", "UK Trial 7", "", 2, 8000, 110, 27, 100, 6900},
};

static const struct abroad us[] = {
    {"9301001", "US Search - pilot", "SALES", 0, 2300, 260, 81, 190, 9800},
    {"9302001", "US Reach - pilot", "AWARENESS", 1, 3900, 110, 52, 80, 9400},
};

struct account {
	const char *id;
	const char *country;
	const char *currency;
	const struct abroad *campaigns;
	int count;
	int first_index; /* of the random numbers */
};

static const struct account account_gb = {"4711-0826", "GB", "GBP", gb, 5, 0};
static const struct account account_us = {"4711-0837", "US", "USD", us, 2, 100};

static void write_row(FILE *out, const struct account *account, int index, int distance,
                      const char *date, const char *read_at)
{
	const struct abroad *campaign = &account->campaigns[index];
	struct rng rng = rng_make(STREAM_ABROAD, distance, account->first_index + index);
	int64_t base = campaign->impressions * sample_trend(distance) / 1000;
	int64_t impressions = rng_vary(&rng, base, 170);
	int64_t clicks = rng_share(&rng, rng_vary(&rng, impressions * campaign->ctr, 110), 10000);
	int64_t cost = rng_vary(&rng, clicks * campaign->cpc, 80);
	int64_t conversions = rng_vary(&rng, clicks * campaign->cvr, 200) / 100;
	int64_t value = conversions * rng_vary(&rng, campaign->value, 80) / 100;

	fprintf(out, "%s,%s,%s,%s,%s,%s,%s,%lld,%lld,", account->id, date, account->country,
	        sample_channels[campaign->channel], campaign->id, campaign->name,
	        campaign->objective, (long long)impressions, (long long)clicks);
	sample_cents(out, cost);
	fputc(',', out);
	sample_cents(out, conversions);
	fputc(',', out);
	sample_cents(out, value);
	fprintf(out, ",%s,Europe/Berlin,%s\n", account->currency, read_at);
}

static void write_account(FILE *out, const struct sample *sample, const struct account *account)
{
	char date[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	sample_read_at(read_at, sample);
	fputs("account_id,date,country,channel,campaign_id,campaign_name,objective,impressions,"
	      "clicks,spend,conversions,conversion_value,currency,time_zone,read_at\n",
	      out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		civil_format_day(date, sample->end - distance);
		for (int index = 0; index < account->count; index++)
			write_row(out, account, index, distance, date, read_at);
	}
}

void sample_ads_gb_write(FILE *out, const struct sample *sample)
{
	write_account(out, sample, &account_gb);
}

void sample_ads_us_write(FILE *out, const struct sample *sample)
{
	write_account(out, sample, &account_us);
}

struct quote {
	const char *currency;
	int64_t rate; /* at 10^-4 */
};

/* RUB has none any more, as in the original. */
static const struct quote quotes[] = {
    {"USD", 10840}, {"JPY", 1631200}, {"GBP", 8430}, {"CHF", 9410},
    {"PLN", 42610}, {"SEK", 114700},  {"RUB", 0},
};
#define QUOTES (int)(sizeof quotes / sizeof quotes[0])

static bool published(int distance)
{
	int place = distance % 7;
	return distance > 0 && place != 2 && place != 3;
}

static void write_rates(FILE *out, const struct sample *sample, int distance)
{
	char date[CIVIL_DAY_TEXT];

	civil_format_day(date, sample->end - distance);
	fprintf(out, "%s,", date);
	for (int i = 0; i < QUOTES; i++) {
		struct rng rng = rng_make(STREAM_RATES, distance, i);
		int64_t rate = rng_vary(&rng, quotes[i].rate, 22);
		if (rate == 0)
			fputs("N/A,", out);
		else
			fprintf(out, "%lld.%04d,", (long long)(rate / 10000), (int)(rate % 10000));
	}
	fputc('\n', out);
}

void sample_rates_write(FILE *out, const struct sample *sample)
{
	int oldest = sample->days - 1;
	while (!published(oldest))
		oldest++;
	fputs("Date,", out);
	for (int i = 0; i < QUOTES; i++)
		fprintf(out, "%s,", quotes[i].currency);
	fputc('\n', out);
	for (int distance = 0; distance <= oldest; distance++)
		if (published(distance))
			write_rates(out, sample, distance);
}

/* One invoice of the agency every 30 days, one large production at home and one
 * abroad, in a currency that nobody publishes a rate of. */
#define AGENCY_EVERY 30
#define AGENCY_FIRST 12
#define FILM_HOME    300
#define FILM_ABROAD  210

static void write_invoice(FILE *out, const struct sample *sample, const char *supplier,
                          const char *prefix, int distance, int64_t fees, int64_t production,
                          const char *currency)
{
	char date[CIVIL_DAY_TEXT];
	char read_at[ZONE_INSTANT_TEXT];

	if (distance >= sample->days)
		return;
	civil_format_day(date, sample->end - distance);
	sample_read_at(read_at, sample);
	fprintf(out, "%s,%s-%04d,%s,", supplier, prefix, 400 - distance, date);
	sample_cents(out, fees);
	fputc(',', out);
	sample_cents(out, production);
	fprintf(out, ",%s,%s\n", currency, read_at);
}

void sample_costs_write(FILE *out, const struct sample *sample)
{
	fputs("supplier,invoice,date,fees,production,currency,read_at\n", out);
	write_invoice(out, sample, "film-hamburg", "FH", FILM_HOME, 0, 1860000, "EUR");
	write_invoice(out, sample, "film-dubai", "FD", FILM_ABROAD, 0, 6400000, "AED");
	for (int distance = AGENCY_FIRST; distance < 400; distance += AGENCY_EVERY)
		write_invoice(out, sample, "agency", "A", distance, 240000, 0, "EUR");
}
