/* SPDX-License-Identifier: Apache-2.0
 * The brand tracker: twelve waves, one line per respondent, in the wide form that
 * survey tools export, with three heading lines (ids, questions, import ids).
 *
 * Blank means not asked: only who knows a brand is asked about it. A box that was
 * shown and left empty is 0. */
#include "sample.h"

#include <string.h>

static const struct sample_waves waves = {.count = 12, .days = 30, .end = 3};

#define RESPONDENTS  400 /* a wave, about */
#define CORRECTED    1   /* the wave that was delivered again */
#define CORRECTED_AT (20 * 3600)
#define RESCALED     8 /* from this wave on, back in time, weights have another unit */
#define AGES         5
#define ATTRIBUTES   5
#define OTHER_BRAND  SAMPLE_BRANDS
#define UNAIDED      3

static const char *const ages[AGES] = {"16-24", "25-34", "35-49", "50-64", "65+"};
static const int age_percent[AGES] = {15, 22, 33, 28, 2};
static const int age_weight[AGES] = {13100, 9400, 8800, 10500, 14200}; /* at 10^-4 */

static const char *const attributes[ATTRIBUTES] = {"sporty", "durable", "stylish", "fair_price",
                                                   "sustainable"};

struct traits {
	const char *tag; /* in column names */
	int aware;       /* per cent of all in the oldest wave */
	int growth;      /* of that, points at 10^-1 a wave */
	int recall;      /* of the aware, per cent */
	int consider;
	int favour[5]; /* 1 to 5, per cent of the aware */
	int intent[5];
	int value[5];
	int attributes[ATTRIBUTES];
};

static const struct traits traits[SAMPLE_BRANDS] = {
    {"acme",
     44,
     10,
     41,
     52,
     {4, 11, 29, 37, 19},
     {12, 19, 28, 26, 15},
     {5, 12, 30, 34, 19},
     {58, 47, 33, 39, 28}},
    {"birch",
     63,
     -3,
     37,
     45,
     {7, 15, 31, 32, 15},
     {17, 23, 28, 21, 11},
     {8, 17, 33, 28, 14},
     {49, 41, 44, 27, 12}},
    {"cedar",
     19,
     4,
     22,
     38,
     {6, 13, 36, 31, 14},
     {20, 25, 28, 18, 9},
     {6, 14, 34, 30, 16},
     {36, 52, 21, 31, 43}},
};

struct opinion {
	bool aware;
	bool recalled;
	bool considers;
	bool prefers;
	int favour, intent, value;
	bool attributes[ATTRIBUTES];
};

struct interview {
	char id[24];
	int age;
	int64_t weight; /* at 10^-4 */
	int distance;
	int second;
	int mentioned[UNAIDED]; /* brand, OTHER_BRAND, -1 = none */
	struct opinion opinions[SAMPLE_BRANDS];
};

static bool chance(struct rng *rng, int percent)
{
	return rng_below(rng, 100) < percent;
}

static void make_id(char id[24], struct rng *rng)
{
	static const char signs[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	memcpy(id, "R_", 2);
	for (int i = 2; i < 17; i++)
		id[i] = signs[rng_below(rng, 62)];
	id[17] = '\0';
}

static struct opinion opinion_of(struct rng *rng, int brand, int wave, int age)
{
	const struct traits *of = &traits[brand];
	int64_t aware = of->aware * 10 + of->growth * (waves.count - 1 - wave) + 20 - 10 * age;
	struct opinion opinion = {.aware = rng_below(rng, 1000) < aware};

	opinion.recalled = chance(rng, opinion.aware ? of->recall : 4);
	opinion.considers = chance(rng, of->consider) && opinion.aware;
	opinion.favour = 1 + sample_pick(rng, of->favour, 5);
	opinion.intent = 1 + sample_pick(rng, of->intent, 5);
	opinion.value = 1 + sample_pick(rng, of->value, 5);
	for (int i = 0; i < ATTRIBUTES; i++)
		opinion.attributes[i] = chance(rng, of->attributes[i]);
	return opinion;
}

/* Up to three brands come to mind, among those that are known and others. */
static void mention(struct rng *rng, struct interview *interview)
{
	int count = 0;
	int begin = (int)rng_below(rng, SAMPLE_BRANDS + 1);

	for (int i = 0; i <= SAMPLE_BRANDS; i++) {
		int brand = (begin + i) % (SAMPLE_BRANDS + 1);
		bool comes = chance(rng, brand == OTHER_BRAND ? 35 : 42);
		if (brand != OTHER_BRAND && !interview->opinions[brand].aware)
			comes = false;
		if (comes && count < UNAIDED)
			interview->mentioned[count++] = brand;
	}
	while (count < UNAIDED)
		interview->mentioned[count++] = -1;
}

/* At most one of the brands that are considered is preferred. */
static void prefer(struct rng *rng, struct interview *interview)
{
	int begin = (int)rng_below(rng, SAMPLE_BRANDS);
	for (int i = 0; i < SAMPLE_BRANDS; i++) {
		struct opinion *opinion = &interview->opinions[(begin + i) % SAMPLE_BRANDS];
		opinion->prefers = opinion->considers && chance(rng, 70);
		if (opinion->prefers)
			return;
	}
}

static struct interview interview_of(int wave, int number)
{
	struct rng rng = rng_make(STREAM_TRACKER, wave, number);
	struct interview interview = {0};

	make_id(interview.id, &rng);
	interview.age = sample_pick(&rng, age_percent, AGES);
	interview.weight = rng_vary(&rng, age_weight[interview.age], 90);
	if (wave >= RESCALED)
		interview.weight = interview.weight * 5 / 2;
	interview.distance = waves.end + wave * waves.days + (int)rng_below(&rng, waves.days);
	interview.second = 8 * 3600 + (int)rng_below(&rng, 12 * 3600);
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		interview.opinions[brand] = opinion_of(&rng, brand, wave, interview.age);
	mention(&rng, &interview);
	prefer(&rng, &interview);
	return interview;
}

/* What the corrected delivery changed: duplicates dropped, the young weighted
 * anew, some answers recoded. */
static bool correct(struct interview *interview, int number)
{
	struct opinion *own = &interview->opinions[0];

	if (interview->age == 0)
		interview->weight = interview->weight * 94 / 100;
	if (number % 29 == 3 && own->aware)
		own->considers = !own->considers;
	if (number % 31 == 7)
		own->recalled = false;
	return number % 37 != 5;
}

/* ---- the file ---- */

enum heading { HEADING_ID, HEADING_QUESTION, HEADING_IMPORT, HEADINGS };

static void write_heading(FILE *out, enum heading heading, const char *id, const char *question)
{
	switch (heading) {
	case HEADING_QUESTION:
		fprintf(out, "\"%s\"", question);
		return;
	case HEADING_IMPORT:
		fprintf(out, "\"{\"\"ImportId\"\":\"\"%s\"\"}\"", id);
		return;
	default:
		fputs(id, out);
	}
}

/* Columns about every brand: name with its tag, question with its name. */
static void write_grid_heading(FILE *out, enum heading heading, const char *prefix,
                               const char *suffix, const char *question)
{
	char id[64];
	char text[160];
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++) {
		(void)snprintf(id, sizeof id, "%s_%s%s", prefix, traits[brand].tag, suffix);
		(void)snprintf(text, sizeof text, "%s - %s%s", question, sample_brands[brand],
		               suffix);
		fputc(',', out);
		write_heading(out, heading, id, text);
	}
}

static void write_headings(FILE *out, enum heading heading)
{
	static const char *const about[][2] = {
	    {"StartDate", "Start Date"},
	    {"EndDate", "End Date"},
	    {"Status", "Response Type"},
	    {"Progress", "Progress"},
	    {"Duration", "Duration (in seconds)"},
	    {"Finished", "Finished"},
	    {"RecordedDate", "Recorded Date"},
	    {"ResponseId", "Response ID"},
	    {"DistributionChannel", "Distribution Channel"},
	    {"UserLanguage", "User Language"},
	    {"age", "age"},
	    {"weight", "weight"},
	    {"wave_from", "wave_from"},
	    {"wave_to", "wave_to"},
	    {"read_at", "read_at"},
	    {"unaided_1", "Which running brands come to mind, first of all?"},
	    {"unaided_2", "Which others, second"},
	    {"unaided_3", "Which others, third"},
	};
	static const char *const grids[][2] = {
	    {"aided", "Do you know it, be it by name only?"},
	    {"ad", "Whose advertising did you see in the last four weeks?"},
	    {"consider", "Would you consider it for your next purchase?"},
	    {"prefer", "Which one would you choose?"},
	    {"favour", "How good is your opinion, from 1 to 5?"},
	    {"intent", "How likely are you to buy, from 1 to 5?"},
	    {"value", "Is it worth its price, from 1 to 5?"},
	};
	for (size_t i = 0; i < sizeof about / sizeof about[0]; i++) {
		if (i > 0)
			fputc(',', out);
		write_heading(out, heading, about[i][0], about[i][1]);
	}
	for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++)
		write_grid_heading(out, heading, grids[i][0], "", grids[i][1]);
	for (int i = 0; i < ATTRIBUTES; i++) {
		char suffix[32];
		(void)snprintf(suffix, sizeof suffix, "_%s", attributes[i]);
		write_grid_heading(out, heading, "attribute", suffix, "What does it stand for?");
	}
	fputc('\n', out);
}

static void write_about(FILE *out, const struct sample *sample, const struct interview *interview,
                        int wave, const char *read_at)
{
	char day[CIVIL_DAY_TEXT];
	char first[CIVIL_DAY_TEXT];
	char last[CIVIL_DAY_TEXT];
	int start = interview->second;
	int took = 240 + start % 420;
	int done = start + took;

	civil_format_day(day, sample->end - interview->distance);
	sample_wave_days(sample, &waves, wave, first, last);
	fprintf(out, "%s %02d:%02d:%02d,%s %02d:%02d:%02d,IP Address,100,%d,True,", day,
	        start / 3600, start / 60 % 60, start % 60, day, done / 3600, done / 60 % 60,
	        done % 60, took);
	fprintf(out, "%s %02d:%02d:%02d,%s,anonymous,DE,%s,%lld.%04d,%s,%s,%s", day, done / 3600,
	        done / 60 % 60, done % 60, interview->id, ages[interview->age],
	        (long long)(interview->weight / 10000), (int)(interview->weight % 10000), first,
	        last, read_at);
}

static void write_mentioned(FILE *out, const struct interview *interview)
{
	for (int i = 0; i < UNAIDED; i++) {
		int brand = interview->mentioned[i];
		const char *none = i > 0 ? "" : interview->second % 3 == 0 ? "Don't know" : "None";
		fprintf(out, ",%s",
		        brand < 0              ? none
		        : brand == OTHER_BRAND ? "another brand"
		                               : sample_brands[brand]);
	}
}

/* A rating with its label at the ends, blank where it was not asked. */
static void write_rating(FILE *out, bool asked, int rating, const char *low, const char *high)
{
	if (!asked)
		fputc(',', out);
	else if (rating == 1 || rating == 5)
		fprintf(out, ",%d - %s", rating, rating == 1 ? low : high);
	else
		fprintf(out, ",%d", rating);
}

static void write_opinions(FILE *out, const struct opinion *of)
{
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		fputs(of[brand].aware ? ",Yes" : ",No", out);
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		fprintf(out, ",%s", of[brand].recalled ? sample_brands[brand] : "0");
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		fputs(!of[brand].aware ? "," : of[brand].considers ? ",Yes" : ",No", out);
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		fprintf(out, ",%s", of[brand].prefers ? sample_brands[brand] : "0");
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		write_rating(out, of[brand].aware, of[brand].favour, "Very bad", "Very good");
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		write_rating(out, of[brand].aware, of[brand].intent, "Never", "Certainly");
	for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
		write_rating(out, of[brand].aware, of[brand].value, "Not at all", "Entirely");
	for (int i = 0; i < ATTRIBUTES; i++)
		for (int brand = 0; brand < SAMPLE_BRANDS; brand++)
			fprintf(out, ",%s",
			        !of[brand].aware          ? ""
			        : of[brand].attributes[i] ? attributes[i]
			                                  : "0");
}

static void write_wave(FILE *out, const struct sample *sample, int wave, bool corrected,
                       const char *read_at)
{
	struct rng rng = rng_make(STREAM_TRACKER, wave, -1);
	int respondents = (int)rng_vary(&rng, RESPONDENTS, 40);

	for (int number = 0; number < respondents; number++) {
		struct interview interview = interview_of(wave, number);
		if (corrected && !correct(&interview, number))
			continue;
		write_about(out, sample, &interview, wave, read_at);
		write_mentioned(out, &interview);
		write_opinions(out, interview.opinions);
		fputc('\n', out);
	}
}

void sample_tracker_write(FILE *out, const struct sample *sample, bool corrected)
{
	int count = sample_wave_count(sample, &waves);
	char read_at[ZONE_INSTANT_TEXT];

	for (enum heading heading = 0; heading < HEADINGS; heading++)
		write_headings(out, heading);
	for (int wave = count - 1; wave >= 0; wave--) {
		if (corrected && wave != CORRECTED)
			continue;
		int32_t day = sample->end - waves.end - wave * waves.days;
		/* A wave is delivered on the day after its end. */
		sample_instant(read_at, sample, corrected ? sample->end : day + 1, CORRECTED_AT);
		write_wave(out, sample, wave, corrected, read_at);
	}
}
