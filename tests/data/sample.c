/* SPDX-License-Identifier: Apache-2.0
 * streamgauge-sample: writes the sample that README.md beside it describes. */
#include "sample.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define EXIT_USAGE     2
#define SEED           UINT64_C(0x5347415547453031)
#define DAYS_MAX       4000
#define READING1       7
#define READING2_FIRST 27

const char *const sample_markets[SAMPLE_MARKETS] = {"DE", "NL", "AT"};
const int sample_market_percent[SAMPLE_MARKETS] = {60, 25, 15};
const char *const sample_channels[SAMPLE_CHANNELS] = {
    "paid_search", "paid_social",    "display", "video",
    "affiliate",   "organic_search", "email",   "direct",
};

const char *const sample_brands[SAMPLE_BRANDS] = {"Acme", "Birch", "Cedar"};

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

struct rng rng_make(enum sample_stream stream, int distance, int index)
{
	uint64_t place = (uint64_t)stream << 56 ^ (uint64_t)distance << 32 ^ (uint64_t)index;
	return (struct rng){mix(SEED ^ mix(place))};
}

uint64_t rng_next(struct rng *rng)
{
	rng->state += UINT64_C(0x9E3779B97F4A7C15);
	return mix(rng->state);
}

int64_t rng_below(struct rng *rng, int64_t n)
{
	return (int64_t)((rng_next(rng) >> 32) * (uint64_t)n >> 32);
}

int64_t rng_vary(struct rng *rng, int64_t value, int permille)
{
	int64_t factor =
	    1000 - permille + rng_below(rng, permille + 1) + rng_below(rng, permille + 1);
	return value * factor / 1000;
}

int64_t rng_share(struct rng *rng, int64_t num, int64_t den)
{
	return (num + rng_below(rng, den)) / den;
}

int sample_pick(struct rng *rng, const int *weights, int count)
{
	int64_t draw = rng_below(rng, 100);
	int i = 0;

	while (i < count - 1 && draw >= weights[i])
		draw -= weights[i++];
	return i;
}

int64_t sample_trend(int distance)
{
	int steps = distance < 400 ? distance : 399;
	return 1150 - 300 * steps / 399;
}

void sample_instant(char text[ZONE_INSTANT_TEXT], const struct sample *sample, int32_t day,
                    int second)
{
	int64_t start = 0;
	bool found = zone_hour_start(sample->zone, day, second / 3600, 0, &start);

	require(found);
	zone_format_instant(text, sample->zone, start + second % 3600 * INT64_C(1000000));
}

void sample_cents(FILE *out, int64_t cents)
{
	fprintf(out, "%lld.%02d", (long long)(cents / 100), (int)(cents % 100));
}

void sample_read_at(char text[ZONE_INSTANT_TEXT], const struct sample *sample)
{
	sample_instant(text, sample, sample->end + 1, 0);
}

void sample_wave_days(const struct sample *sample, const struct sample_waves *waves, int wave,
                      char first[CIVIL_DAY_TEXT], char last[CIVIL_DAY_TEXT])
{
	int32_t day = sample->end - waves->end - wave * waves->days;

	civil_format_day(last, day);
	civil_format_day(first, day - waves->days + 1);
}

int sample_wave_count(const struct sample *sample, const struct sample_waves *waves)
{
	int fit = (sample->days - waves->end) / waves->days;
	return fit < 0 ? 0 : fit < waves->count ? fit : waves->count;
}

static void usage(FILE *out)
{
	fputs("usage: streamgauge-sample --out DIR [--end DATE] [--days N]\n"
	      "Writes the sample's files, which tests/data/README.md describes, to DIR.\n"
	      "  --out DIR   made if it is missing\n"
	      "  --end DATE  last day (default: yesterday in Europe/Berlin)\n"
	      "  --days N    days counted back from the end, 1 to 4000 (default 400)\n",
	      out);
}

static void write_reading1(FILE *out, const struct sample *sample)
{
	sample_ads_write(out, sample, sample->days - 1, READING1);
}

static void write_reading2(FILE *out, const struct sample *sample)
{
	int oldest = sample->days - 1;
	sample_ads_write(out, sample, oldest < READING2_FIRST ? oldest : READING2_FIRST, 0);
}

static void write_tracker(FILE *out, const struct sample *sample)
{
	sample_tracker_write(out, sample, false);
}

static void write_corrected(FILE *out, const struct sample *sample)
{
	sample_tracker_write(out, sample, true);
}

struct part {
	const char *name;
	void (*write)(FILE *out, const struct sample *sample);
};

static const struct part parts[] = {
    {"ads_reading1.csv", write_reading1},
    {"ads_reading2.csv", write_reading2},
    {"ads_gb.csv", sample_ads_gb_write},
    {"ads_us.csv", sample_ads_us_write},
    {"eurofxref-hist.csv", sample_rates_write},
    {"costs.csv", sample_costs_write},
    {"orders.csv", sample_orders_write},
    {"sessions.csv", sample_sessions_write},
    {"tracker.csv", write_tracker},
    {"tracker_corrected.csv", write_corrected},
    {"waves.csv", sample_waves_write},
    {"nps.csv", sample_nps_write},
    {"needs.csv", sample_needs_write},
    {"market.csv", sample_market_write},
    {"panel.csv", sample_panel_write},
    {"prices.csv", sample_prices_write},
    {"audience.csv", sample_audience_write},
};
#define PARTS (sizeof parts / sizeof parts[0])

static int write_file(const char *dir, const struct sample *sample, const struct part *part)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, part->name) < 0) {
		fputs("streamgauge-sample: out of memory\n", stderr);
		return -1;
	}
	FILE *out = fopen(path, "w");
	bool good = out != NULL;

	if (good) {
		part->write(out, sample);
		good = ferror(out) == 0;
		good = fclose(out) == 0 && good;
	}
	if (!good)
		fprintf(stderr, "streamgauge-sample: cannot write %s: %s\n", path, strerror(errno));
	free(path);
	return good ? 0 : -1;
}

static int parse_days(const char *text, int *ret_days)
{
	char *end = NULL;
	long days = strtol(text, &end, 10);

	if (end == text || *end != '\0' || days < 1 || days > DAYS_MAX)
		return -1;
	*ret_days = (int)days;
	return 0;
}

static int32_t yesterday(const struct zone *zone)
{
	return zone_local_of(zone, (int64_t)time(NULL) * 1000000).day - 1;
}

/* Fills `sample` and `ret_out`; -1 after a message, 1 when help was asked for. */
static int parse_args(int argc, char **argv, struct sample *sample, const char **ret_out)
{
	static const struct option options[] = {
	    {"out", required_argument, NULL, 'o'},
	    {"end", required_argument, NULL, 'e'},
	    {"days", required_argument, NULL, 'd'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			*ret_out = optarg;
			break;
		case 'e':
			if (civil_parse_day(optarg, strlen(optarg), &sample->end) == 0)
				break;
			fprintf(
			    stderr,
			    "streamgauge-sample: --end takes a date such as 2026-11-21, not %s\n",
			    optarg);
			return -1;
		case 'd':
			if (parse_days(optarg, &sample->days) == 0)
				break;
			fprintf(stderr, "streamgauge-sample: --days takes 1 to %d, not %s\n",
			        DAYS_MAX, optarg);
			return -1;
		case 'h':
			usage(stdout);
			return 1;
		default:
			usage(stderr);
			return -1;
		}
	}
	if (*ret_out != NULL && optind == argc)
		return 0;
	usage(stderr);
	return -1;
}

int main(int argc, char **argv)
{
	struct sample sample = {.days = 400};
	const char *dir = NULL;

	if (zone_open("Europe/Berlin", &sample.zone) != 0) {
		fputs("streamgauge-sample: no zone Europe/Berlin; install tzdata\n", stderr);
		return EXIT_USAGE;
	}
	sample.end = yesterday(sample.zone);
	int status = parse_args(argc, argv, &sample, &dir);
	if (status == 0 && sample.end - sample.days < CIVIL_DAY_MIN) {
		fputs("streamgauge-sample: the first day lies before 1970-01-02\n", stderr);
		status = -1;
	}
	if (status == 0 && mkdir(dir, 0777) != 0 && errno != EEXIST) {
		fprintf(stderr, "streamgauge-sample: cannot make %s: %s\n", dir, strerror(errno));
		status = -1;
	}
	for (size_t i = 0; status == 0 && i < PARTS; i++)
		status = write_file(dir, &sample, &parts[i]);
	zone_close(sample.zone);
	return status < 0 ? EXIT_USAGE : 0;
}
