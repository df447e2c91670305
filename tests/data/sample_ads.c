/* SPDX-License-Identifier: Apache-2.0
 * The ad platform: absolute values per day, country and campaign, which the
 * platform corrects for three weeks after the day. */
#include "sample.h"

#define ACCOUNT       "4711-0815"
#define ROWS_A_SECOND 500
#define RENAMED       3 /* index of the campaign that bears a new name in the last reading */
#define RENAMED_NAME  "Trail shoes - generic (Q4)"
#define VOID_ODDS     60 /* one row in so many is struck out by the platform */
#define VOID_AGE      7  /* at this age */
#define MATURE_AGE    21

struct campaign {
	const char *id;
	const char *name;
	int channel;     /* index into sample_channels */
	int impressions; /* a day over all markets, before the trend */
	int ctr;         /* clicks per 10,000 impressions */
	int cpc;         /* cents */
	int cvr;         /* claimed conversions per 10,000 clicks */
	int value;       /* cents a conversion */
	int first;       /* distance of its first day; -1 = it always ran */
	int last;        /* distance of its last day */
};

static const struct campaign campaigns[] = {
    {"7301001", "Brand - exact", 0, 16000, 420, 32, 410, 9100, -1, 0},
    {"7301002", "Brand - broad", 0, 9000, 360, 38, 350, 8900, -1, 0},
    {"7301003", "Running shoes - generic", 0, 21000, 290, 74, 230, 9700, -1, 0},
    {"7301004", "Trail shoes - generic", 0, 14000, 270, 71, 220, 10400, -1, 0},
    {"7301005", "Jackets - generic", 0, 9000, 240, 82, 200, 12100, 340, 0},
    {"7301006", "Competitors", 0, 5200, 190, 96, 150, 9200, -1, 45},
    {"7302001", "Prospecting - lookalike", 1, 26000, 150, 48, 170, 8300, -1, 0},
    {"7302002", "Prospecting - interests", 1, 22000, 130, 45, 150, 8100, -1, 0},
    {"7302003", "Retargeting - viewers", 1, 12000, 260, 58, 290, 8800, -1, 0},
    {"7302004", "Retargeting - carts", 1, 6000, 320, 64, 390, 9000, -1, 0},
    {"7302005", "Spring launch", 1, 30000, 170, 47, 190, 8600, 265, 205},
    {"7303001", "Banner - outdoor sites", 2, 15000, 110, 34, 110, 8000, -1, 0},
    {"7303002", "Banner - news", 2, 11000, 100, 31, 100, 7900, -1, 0},
    {"7303003", "Native - stories", 2, 7000, 130, 36, 130, 8200, 300, 0},
    {"7303004", "Sponsored newsletter", 2, 60, 140, 40, 120, 8000, -1, 0},
    {"7304001", "Brand film 30s", 3, 17000, 100, 29, 90, 8400, -1, 0},
    {"7304002", "Product film 15s", 3, 12000, 120, 33, 120, 8300, -1, 0},
    {"7304003", "Athlete stories", 3, 5000, 110, 30, 100, 8500, 150, 0},
    {"7305001", "Comparison sites", 4, 9000, 330, 52, 280, 8700, -1, 0},
    {"7305002", "Cashback", 4, 7000, 300, 49, 300, 7800, -1, 0},
};
#define CAMPAIGNS (int)(sizeof campaigns / sizeof campaigns[0])

struct figures {
	int64_t impressions;
	int64_t clicks;
	int64_t spend;       /* cents */
	int64_t conversions; /* hundredths */
	int64_t value;       /* cents */
};

/* Per mille of the conversions of a day that are claimed at the age. */
static int64_t claimed(int age)
{
	return age >= MATURE_AGE ? 1000 : 640 + 360 * age / MATURE_AGE;
}

/* Delivery is reported 1.2 % too high for the first three days, until invalid
 * traffic is taken out. */
static int64_t delivered(int64_t value, int age)
{
	return age < 3 ? value * 1012 / 1000 : value;
}

static bool runs(const struct campaign *campaign, int distance)
{
	return (campaign->first < 0 || distance <= campaign->first) && distance >= campaign->last;
}

static struct figures read_row(int distance, int index, int market, int age)
{
	const struct campaign *campaign = &campaigns[index];
	struct rng rng = rng_make(STREAM_ADS, distance, index * SAMPLE_MARKETS + market);
	struct figures row = {0};

	if (!runs(campaign, distance))
		return row;
	bool struck = rng_below(&rng, VOID_ODDS) == 0;
	if (struck && age >= VOID_AGE)
		return row;
	int64_t base =
	    campaign->impressions * sample_trend(distance) * sample_market_percent[market];
	int64_t impressions = rng_vary(&rng, base / 100000, 180);
	int64_t clicks = rng_share(&rng, rng_vary(&rng, impressions * campaign->ctr, 120), 10000);
	int64_t cost = rng_vary(&rng, clicks * campaign->cpc, 90);
	int64_t conversions = rng_vary(&rng, clicks * campaign->cvr, 200) * claimed(age) / 100000;

	row.impressions = delivered(impressions, age);
	row.clicks = delivered(clicks, age);
	row.spend = delivered(cost, age);
	row.conversions = conversions;
	row.value = conversions * rng_vary(&rng, campaign->value, 80) / 100;
	return row;
}

static const char *campaign_name(int index, int read_distance)
{
	return index == RENAMED && read_distance == 0 ? RENAMED_NAME : campaigns[index].name;
}

static void write_row(FILE *out, const char *date, const char *read_at, int index, int market,
                      const char *name, const struct figures *row)
{
	const struct campaign *campaign = &campaigns[index];

	fprintf(out, ACCOUNT ",%s,%s,%s,%s,%s,%lld,%lld,", date, sample_markets[market],
	        sample_channels[campaign->channel], campaign->id, name, (long long)row->impressions,
	        (long long)row->clicks);
	sample_cents(out, row->spend);
	fputc(',', out);
	sample_cents(out, row->conversions);
	fputc(',', out);
	sample_cents(out, row->value);
	fprintf(out, ",EUR,Europe/Berlin,%s\n", read_at);
}

void sample_ads_write(FILE *out, const struct sample *sample, int first, int read_distance)
{
	int rows = 0;

	fputs("account_id,date,country,channel,campaign_id,campaign_name,impressions,clicks,spend,"
	      "conversions,conversion_value,currency,time_zone,read_at\n",
	      out);
	for (int distance = first; distance >= read_distance; distance--) {
		char date[CIVIL_DAY_TEXT];
		civil_format_day(date, sample->end - distance);
		for (int place = 0; place < CAMPAIGNS * SAMPLE_MARKETS; place++) {
			int market = place / CAMPAIGNS;
			int index = place % CAMPAIGNS;
			struct figures row =
			    read_row(distance, index, market, distance - read_distance);
			if (row.impressions == 0)
				continue;
			char read_at[ZONE_INSTANT_TEXT];
			sample_instant(read_at, sample, sample->end - read_distance + 1,
			               rows / ROWS_A_SECOND);
			write_row(out, date, read_at, index, market,
			          campaign_name(index, read_distance), &row);
			rows++;
		}
	}
}
