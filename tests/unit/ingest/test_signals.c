/* SPDX-License-Identifier: Apache-2.0
 * The law of readings for all kinds of signals: shuffled, repeated, corrected,
 * withdrawn by complete commits and cut by crashes, they end in one total, which
 * the reference here makes by its own rules from the newest readings alone. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "signals.h"

#define FIRST_DAY 20700
#define READINGS  3
#define PEOPLE    6
#define CHANNELS  2
#define COUNTRIES 3
#define OPS_MAX   1000
#define CELLS_MAX 4000

enum kind { RESPONSE, AGGREGATE, GAUGE, RATE, COMMIT };

/* One item, or the commit of a slice. Its content follows from the numbers. */
struct op {
	enum kind kind;
	enum kind about; /* commits: what the slice holds */
	int wave;        /* also: day */
	int who;         /* respondent, option, place or currency */
	int reading;
	uint64_t rows;
};

static const struct {
	int32_t first;
	uint32_t days;
} waves[] = {{FIRST_DAY, 30}, {FIRST_DAY + 40, 1}};
#define WAVES 2

static const char *const countries[] = {"DE", "AT", NULL};
static const char *const channels[] = {"social", "video"};
static const char *const options[] = {"a", "b", "c"};
static const char *const quotes[] = {"USD", "GBP"};

static uint32_t mix(const struct op *op, uint32_t salt)
{
	uint32_t hash = (uint32_t)op->kind * 7919 + (uint32_t)op->wave * 104729 +
	                (uint32_t)op->who * 1299709 + (uint32_t)op->reading * 15485863 +
	                salt * 32452843;
	hash = (hash ^ hash >> 15) * 0x2C1B3C6D;
	hash = (hash ^ hash >> 12) * 0x297A2D39;
	return hash ^ hash >> 15;
}

static int64_t as_of(const struct op *op)
{
	return SIGNALS_NOW - 1000000 + op->reading * 1000;
}

/* ---- the content of items, for the wire and for the reference ---- */

struct cell {
	const char *item, *option, *brand;
};

struct sheet {
	int64_t weight;
	const char *country;
	struct cell cells[16];
	int count;
};

static void ask(struct sheet *sheet, const char *item, const char *brand, uint32_t chosen)
{
	sheet->cells[sheet->count++] = (struct cell){item, NULL, brand};
	for (int i = 0; i < 3; i++)
		if (chosen >> i & 1)
			sheet->cells[sheet->count++] = (struct cell){item, options[i], brand};
}

static struct sheet sheet_of(const struct op *op)
{
	struct sheet sheet = {.weight = 1 + mix(op, 1) % 3000000,
	                      .country = countries[mix(op, 2) % COUNTRIES]};
	ask(&sheet, "single", NULL, 1u << mix(op, 3) % 4);
	if (mix(op, 4) % 3)
		ask(&sheet, "multi", NULL, mix(op, 5) % 8);
	ask(&sheet, "aided", "A", mix(op, 6) % 2);
	if (mix(op, 7) % 2)
		ask(&sheet, "aided", "B", mix(op, 8) % 2);
	return sheet;
}

struct sums {
	int64_t n, weight, squared, option_weight;
};

/* Options of a wave's table share their base. */
static struct sums sums_of(const struct op *op)
{
	struct op base = *op;
	base.who = 0;
	struct sums sums = {.n = 100 + mix(&base, 1) % 900};
	sums.weight = sums.n * NUM_MICROS - (int64_t)(mix(&base, 2) % 1000000);
	sums.squared = sums.weight + (int64_t)(mix(&base, 3) % 100000000);
	sums.option_weight = mix(op, 4) % (uint32_t)(sums.n * 500000 % 4000000000);
	return sums;
}

/* ---- items on the wire ---- */

static void add_response(struct signals *signals, const struct op *op,
                         Streamgauge__V1__Batch *batch)
{
	static Streamgauge__V1__SurveyResponse item;
	static Streamgauge__V1__SurveyResponse *items[] = {&item};
	static Streamgauge__V1__Answer *answers[16];
	static Streamgauge__V1__Dim *dims[1];
	char id[32];
	struct sheet sheet = sheet_of(op);
	streamgauge__v1__survey_response__init(&item);
	snprintf(id, sizeof(id), "r-%d", op->who);
	item.response_id = arena_strndup(&signals->arena, id, strlen(id));
	item.study = "tracker";
	item.from = signals_date(signals, waves[op->wave].first);
	item.to = signals_date(signals, waves[op->wave].first + (int32_t)waves[op->wave].days - 1);
	item.weight_micros = sheet.weight;
	item.as_of_us = as_of(op);
	item.answers = answers;
	for (int i = 0; i < sheet.count; i++) {
		const struct cell *cell = &sheet.cells[i];
		if (!cell->option)
			answers[item.n_answers++] = signals_answer(
			    signals, cell->item, cell->brand ? cell->brand : "", "a b c");
		Streamgauge__V1__Answer *answer = answers[item.n_answers - 1];
		if (!cell->option)
			answer->n_options = 0;
		else
			answer->options[answer->n_options++] = (char *)cell->option;
	}
	dims[0] = signals_dim(signals, "country", sheet.country ? sheet.country : "");
	item.dims = dims;
	item.n_dims = 1;
	batch->responses = items;
	batch->n_responses = 1;
}

static void add_aggregate(struct signals *signals, const struct op *op,
                          Streamgauge__V1__Batch *batch)
{
	static Streamgauge__V1__SurveyAggregate item;
	static Streamgauge__V1__SurveyAggregate *items[] = {&item};
	struct sums sums = sums_of(op);
	streamgauge__v1__survey_aggregate__init(&item);
	item.study = "nps";
	item.from = signals_date(signals, waves[op->wave].first);
	item.to = signals_date(signals, waves[op->wave].first + (int32_t)waves[op->wave].days - 1);
	item.item = "table";
	item.brand = "A";
	item.as_of_us = as_of(op);
	item.n = (uint64_t)sums.n;
	item.weight_micros = sums.weight;
	item.weight_squared_micros = sums.squared;
	if (op->who < 3) {
		item.option = (char *)options[op->who];
		item.option_weight_micros = sums.option_weight;
	}
	batch->aggregates = items;
	batch->n_aggregates = 1;
}

static void add_gauge(struct signals *signals, const struct op *op, Streamgauge__V1__Batch *batch)
{
	static Streamgauge__V1__Gauge item;
	static Streamgauge__V1__Gauge *items[] = {&item};
	static Streamgauge__V1__Dim *dims[2];
	bool price = op->who % 2;
	streamgauge__v1__gauge__init(&item);
	item.measure = price ? "price" : "followers";
	item.value = 1 + mix(op, 1) % 1000;
	item.currency = price ? (char *)(mix(op, 2) % 2 ? "EUR" : "USD") : "";
	item.day = signals_date(signals, FIRST_DAY + op->wave);
	item.as_of_us = as_of(op);
	dims[0] = signals_dim(signals, "channel", channels[op->who / 2 % CHANNELS]);
	dims[1] = signals_dim(signals, "country", countries[op->who / 4]);
	item.dims = dims;
	item.n_dims = 2;
	batch->gauges = items;
	batch->n_gauges = 1;
}

static void add_rate(struct signals *signals, const struct op *op, Streamgauge__V1__Batch *batch)
{
	static Streamgauge__V1__FxRate item;
	static Streamgauge__V1__FxRate *items[] = {&item};
	streamgauge__v1__fx_rate__init(&item);
	item.base_currency = "EUR";
	item.quote_currency = (char *)quotes[op->who];
	item.day = signals_date(signals, FIRST_DAY + op->wave);
	item.rate_e12 = 1 + mix(op, 1);
	item.as_of_us = as_of(op);
	batch->rates = items;
	batch->n_rates = 1;
}

static void add_commit(struct signals *signals, const struct op *op, Streamgauge__V1__Batch *batch)
{
	static Streamgauge__V1__SliceCommit item;
	static Streamgauge__V1__SliceCommit *items[] = {&item};
	static const char *const reports[] = {"tracker", "nps", "gauges", "rates"};
	bool wave = op->about == RESPONSE || op->about == AGGREGATE;
	int32_t first = wave ? waves[op->wave].first : FIRST_DAY + op->wave;
	int32_t days = wave ? (int32_t)waves[op->wave].days : 1;
	streamgauge__v1__slice_commit__init(&item);
	item.report = (char *)reports[op->about];
	item.from = signals_date(signals, first);
	item.to = signals_date(signals, first + days - 1);
	item.complete = true;
	item.rows = op->rows;
	item.as_of_us = as_of(op);
	batch->commits = items;
	batch->n_commits = 1;
}

static void apply(struct signals *signals, const struct op *op)
{
	static void (*const add[])(struct signals *, const struct op *,
	                           Streamgauge__V1__Batch *) = {add_response, add_aggregate,
	                                                        add_gauge, add_rate, add_commit};
	Streamgauge__V1__Batch batch = STREAMGAUGE__V1__BATCH__INIT;
	enum kind kind = op->kind == COMMIT ? op->about : op->kind;
	bool survey = kind == RESPONSE || kind == AGGREGATE;
	add[op->kind](signals, op, &batch);
	signals_apply(signals,
	              signals_source(signals, survey ? "panel/eu" : "ecb/default",
	                             survey ? SOURCE_SURVEY : SOURCE_MARKET),
	              &batch);
	if (signals->outcome.rejected)
		cr_assert_eq(signals->outcome.rejects[0].err, ERR_SLICE_INCOMPLETE, "%s: %s",
		             signals->outcome.rejects[0].field, signals->outcome.rejects[0].detail);
	arena_reset(&signals->arena);
}

/* ---- the reference ---- */

struct total {
	char text[SIGNALS_TEXT];
	int64_t value;
};

struct totals {
	struct total cells[CELLS_MAX];
	int count;
};

static void total_add(struct totals *totals, uint32_t set, const char *const values[SIGNALS_DIMS],
                      const char *measure, const char *currency, int32_t day, uint32_t days,
                      int64_t value)
{
	char text[SIGNALS_TEXT];
	signals_text(text, set, values, measure, currency, day, days);
	int at = 0;
	while (at < totals->count && strcmp(totals->cells[at].text, text) != 0)
		at++;
	cr_assert_lt(at, CELLS_MAX);
	if (at == totals->count) {
		strcpy(totals->cells[totals->count++].text, text);
		totals->cells[at].value = 0;
	}
	totals->cells[at].value += value;
}

static void total_answer(struct totals *totals, const struct op *op, const struct cell *cell,
                         const char *country, const char *measure, int64_t value)
{
	char item[64];
	snprintf(item, sizeof(item), "%s/%s", op->kind == RESPONSE ? "tracker" : "nps", cell->item);
	const char *values[SIGNALS_DIMS] = {[D_COUNTRY] = country,
	                                    [D_BRAND] = cell->brand,
	                                    [D_ITEM] = item,
	                                    [D_OPTION] = cell->option};
	for (uint32_t set = SET_SURVEY; set <= SET_ITEM; set++)
		if (set != SET_ITEM || !cell->brand)
			total_add(totals, set, values, measure, "", waves[op->wave].first,
			          waves[op->wave].days, value);
}

/* a / b rounded half to even, by other means than the daemon's. */
static int64_t nearest(__int128 a, __int128 b)
{
	__int128 low = a / b;
	__int128 below = a - low * b;
	__int128 above = (low + 1) * b - a;
	if (below == above)
		return (int64_t)(low % 2 ? low + 1 : low);
	return (int64_t)(below < above ? low : low + 1);
}

static void total_response(struct totals *totals, const struct op *op)
{
	struct sheet sheet = sheet_of(op);
	int64_t squared = nearest((__int128)sheet.weight * sheet.weight, 1000000);
	for (int i = 0; i < sheet.count; i++) {
		const struct cell *cell = &sheet.cells[i];
		total_answer(totals, op, cell, sheet.country, "respondents", 1);
		total_answer(totals, op, cell, sheet.country, "weight", sheet.weight);
		total_answer(totals, op, cell, sheet.country, "weight_squared", squared);
	}
}

static void total_aggregate(struct totals *totals, const struct op *op)
{
	struct sums sums = sums_of(op);
	struct cell cell = {"table", op->who < 3 ? options[op->who] : NULL, "A"};
	if (!cell.option)
		return;
	int64_t y = sums.option_weight;
	total_answer(totals, op, &cell, NULL, "respondents",
	             nearest((__int128)sums.n * y, sums.weight));
	total_answer(totals, op, &cell, NULL, "weight", y);
	total_answer(totals, op, &cell, NULL, "weight_squared",
	             nearest((__int128)sums.squared * y, sums.weight));
}

static void total_base(struct totals *totals, const struct op *op)
{
	struct sums sums = sums_of(op);
	struct cell cell = {"table", NULL, "A"};
	total_answer(totals, op, &cell, NULL, "respondents", sums.n);
	total_answer(totals, op, &cell, NULL, "weight", sums.weight);
	total_answer(totals, op, &cell, NULL, "weight_squared", sums.squared);
	total_answer(totals, op, &cell, NULL, "wave_tables", 1);
}

static void total_gauge(struct totals *totals, const struct op *op)
{
	const char *values[SIGNALS_DIMS] = {
	    [D_CHANNEL] = channels[op->who / 2 % CHANNELS], [D_COUNTRY] = countries[op->who / 4]};
	bool price = op->who % 2;
	int64_t value = 1 + mix(op, 1) % 1000;
	/* Followers add up over channels, prices over nothing. */
	total_add(totals, SET_PLACE, values, price ? "price" : "followers",
	          price ? (mix(op, 2) % 2 ? "EUR" : "USD") : "", FIRST_DAY + op->wave, 1, value);
	if (!price)
		total_add(totals, SET_BRAND, values, "followers", "", FIRST_DAY + op->wave, 1,
		          value);
}

static void total_rate(struct totals *totals, const struct op *op)
{
	const char *values[SIGNALS_DIMS] = {NULL};
	total_add(totals, SET_ALL, values, "fx_rate", quotes[op->who], FIRST_DAY + op->wave, 1,
	          1 + (int64_t)mix(op, 1));
}

/* The newest reading of each key counts, unless a complete slice began later. */
static bool counts(const struct op *ops, int count, const struct op *op, bool any_option)
{
	for (int i = 0; i < count; i++) {
		const struct op *other = &ops[i];
		if (other->wave != op->wave || other->reading <= op->reading)
			continue;
		if (other->kind == COMMIT
		        ? other->about == op->kind
		        : other->kind == op->kind && (any_option || other->who == op->who))
			return false;
	}
	return true;
}

static void refer(const struct op *ops, int count, struct totals *totals)
{
	bool bases[WAVES] = {false};
	totals->count = 0;
	for (int i = 0; i < count; i++) {
		const struct op *op = &ops[i];
		if (op->kind == AGGREGATE && !bases[op->wave] && counts(ops, count, op, true)) {
			bases[op->wave] = true;
			total_base(totals, op);
		}
		if (op->kind == COMMIT || !counts(ops, count, op, false))
			continue;
		if (op->kind == RESPONSE)
			total_response(totals, op);
		else if (op->kind == AGGREGATE)
			total_aggregate(totals, op);
		else if (op->kind == GAUGE)
			total_gauge(totals, op);
		else
			total_rate(totals, op);
	}
}

static void take_out(void *arg, const char *text, int64_t value)
{
	struct totals *totals = arg;
	int at = 0;
	while (at < totals->count && strcmp(totals->cells[at].text, text) != 0)
		at++;
	cr_assert_lt(at, totals->count, "%s is too much", text);
	cr_assert_eq(totals->cells[at].value, value, "%s is %ld, not %ld", text, (long)value,
	             (long)totals->cells[at].value);
	totals->cells[at].value = 0;
}

static void check(struct signals *signals, const struct op *ops, int count, int round)
{
	static struct totals totals;
	refer(ops, count, &totals);
	cr_assert_gt(totals.count, 20);
	signals_cells(signals, take_out, &totals);
	for (int i = 0; i < totals.count; i++)
		cr_assert_eq(totals.cells[i].value, 0, "round %d: %s is missing", round,
		             totals.cells[i].text);
}

/* ---- the deliveries ---- */

/* A slice of each kind per wave (day) and reading; some items are left out, some
 * slices are never committed. Returns the number of items; commits follow. */
static int make_ops(struct op *ops, int *ret_commits)
{
	static const int people[] = {PEOPLE, 4, 2 * CHANNELS * 2, 2};
	struct op commits[64];
	int count = 0;
	int commit_count = 0;
	for (int kind = RESPONSE; kind <= RATE; kind++)
		for (int wave = 0; wave < WAVES; wave++)
			for (int reading = 0; reading < READINGS; reading++) {
				struct op commit = {COMMIT, (enum kind)kind, wave, 0, reading, 0};
				for (int who = 0; who < people[kind]; who++) {
					if (rand() % 3 == 0)
						continue;
					ops[count++] = (struct op){
					    (enum kind)kind, RESPONSE, wave, who, reading, 0};
					commit.rows++;
				}
				if (rand() % 2)
					commits[commit_count++] = commit;
			}
	memcpy(ops + count, commits, (size_t)commit_count * sizeof(*commits));
	*ret_commits = commit_count;
	return count;
}

static void shuffle(struct op *ops, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int other = rand() % (i + 1);
		struct op swap = ops[i];
		ops[i] = ops[other];
		ops[other] = swap;
	}
}

static void flush_or_crash(struct signals *signals)
{
	int fate = rand() % 12;
	if (fate < 6)
		signals_flush(signals);
	if (fate == 0 || fate == 7)
		signals_crash(signals);
	if (fate == 8)
		partition_evict(signals->partition, 0);
}

static void deliver(struct signals *signals, const struct op *ops, int count)
{
	for (int i = 0; i < count; i++) {
		apply(signals, &ops[i]);
		if (rand() % 4 == 0)
			flush_or_crash(signals);
	}
}

Test(signals, any_order_repetition_and_crash_gives_one_total)
{
	static struct op ops[OPS_MAX];
	static struct signals signals;
	for (int round = 0; round < 30; round++) {
		int commits;
		srand((unsigned)round + 1);
		int items = make_ops(ops, &commits);
		signals_open(&signals);
		shuffle(ops, items);
		deliver(&signals, ops, items + commits);
		shuffle(ops, items);
		deliver(&signals, ops, items);
		/* What a crash took away comes again, as sources resend it. */
		signals_flush(&signals);
		for (int i = 0; i < items; i++)
			apply(&signals, &ops[i]);
		shuffle(ops + items, commits);
		for (int i = items; i < items + commits; i++) {
			apply(&signals, &ops[i]);
			cr_assert_eq(signals.outcome.rejected, 0);
		}
		for (int i = 0; i < items; i++)
			apply(&signals, &ops[i]);
		signals_flush(&signals);
		check(&signals, ops, items + commits, round);
		signals_crash(&signals);
		check(&signals, ops, items + commits, round);
		signals_close(&signals);
	}
}
