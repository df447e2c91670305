/* SPDX-License-Identifier: Apache-2.0
 * The shop: orders and refunds as single events, sessions by hour. */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_HOUR     3
#define HOURS          20
#define ORDERS_A_DAY   150
#define ORDERS_MAX     1024 /* a day; the busiest has about 300 */
#define REFUND_PERCENT 6
#define REFUND_LAG_MIN 2
#define REFUND_LAG_MAX 20
#define PROMO_FIRST    66 /* distances of a promotion: more orders, more discounts */
#define PROMO_LAST     60

struct product {
	const char *id;
	int price;  /* cents */
	int cost;   /* per cent of the price */
	int weight; /* sums to 100 over the products */
};

static const struct product products[] = {
    {"trail_jacket", 12900, 44, 10}, {"road_shoe", 11900, 46, 19}, {"trail_shoe", 13500, 47, 15},
    {"running_vest", 7900, 41, 9},   {"headlamp", 4900, 52, 9},    {"merino_shirt", 5900, 40, 14},
    {"hydration_pack", 6900, 45, 8}, {"sock_set", 1900, 35, 16},
};
#define PRODUCTS (int)(sizeof products / sizeof products[0])

struct channel {
	int orders;      /* weight, sums to 100 over the channels */
	int new_percent; /* first orders among the orders */
	int sessions;    /* a day over all markets, before the trend */
};

static const struct channel channels[SAMPLE_CHANNELS] = {
    {26, 52, 2000}, {15, 58, 1400}, {4, 61, 350}, {4, 63, 300},
    {8, 49, 450},   {21, 41, 1700}, {9, 8, 500},  {13, 22, 800},
};

/* Share of each hour from 03:00 in a day's sessions, per mille. */
static const int hour_permille[HOURS] = {6,  8,  14, 26, 42, 53, 56, 58, 60, 63,
                                         60, 57, 58, 62, 68, 76, 83, 80, 48, 22};

struct order {
	int distance;
	int number;
	int second; /* of the local day */
	int market;
	int channel;
	int product;
	bool first;
	int units;
	int64_t gross, discount, cogs; /* cents */
	int refund_lag;                /* days; 0 = never refunded */
	int64_t refund;                /* cents */
	int refund_second;
};

static int pick_channel(struct rng *rng)
{
	int weights[SAMPLE_CHANNELS];
	for (int i = 0; i < SAMPLE_CHANNELS; i++)
		weights[i] = channels[i].orders;
	return sample_pick(rng, weights, SAMPLE_CHANNELS);
}

static int pick_product(struct rng *rng)
{
	int weights[PRODUCTS];
	for (int i = 0; i < PRODUCTS; i++)
		weights[i] = products[i].weight;
	return sample_pick(rng, weights, PRODUCTS);
}

static bool promoted(int distance)
{
	return distance <= PROMO_FIRST && distance >= PROMO_LAST;
}

static int pick_second(struct rng *rng)
{
	return FIRST_HOUR * 3600 + (int)rng_below(rng, HOURS * 3600);
}

static int orders_of(int distance)
{
	struct rng rng = rng_make(STREAM_DAY, distance, 0);
	int64_t orders = rng_vary(&rng, ORDERS_A_DAY * sample_trend(distance), 80) / 1000;
	return (int)(promoted(distance) ? orders * 17 / 10 : orders);
}

static struct order order_of(int distance, int number)
{
	struct rng rng = rng_make(STREAM_ORDER, distance, number);
	struct order order = {.distance = distance, .number = number};

	order.second = pick_second(&rng);
	order.market = sample_pick(&rng, sample_market_percent, SAMPLE_MARKETS);
	order.channel = pick_channel(&rng);
	order.product = pick_product(&rng);
	order.first = rng_below(&rng, 100) < channels[order.channel].new_percent;

	int64_t many = rng_below(&rng, 12);
	order.units = many == 0 ? 3 : many < 3 ? 2 : 1;
	int64_t list = (int64_t)products[order.product].price * order.units;
	bool discounted = rng_below(&rng, 100) < (promoted(distance) ? 80 : 24);
	order.discount = discounted ? list * (promoted(distance) ? 20 : 10) / 100 : 0;
	order.gross = list - order.discount;
	order.cogs = list * products[order.product].cost / 100;

	if (rng_below(&rng, 100) < REFUND_PERCENT) {
		order.refund_lag =
		    REFUND_LAG_MIN + (int)rng_below(&rng, REFUND_LAG_MAX - REFUND_LAG_MIN + 1);
		order.refund = rng_below(&rng, 3) == 0 ? order.gross / 2 : order.gross;
		order.refund_second = pick_second(&rng);
	}
	return order;
}

struct entry {
	struct order order;
	bool refund;
	int second;
};

static int entry_compare(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;

	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	if (a->order.distance != b->order.distance)
		return a->order.distance > b->order.distance ? -1 : 1;
	return a->order.number - b->order.number;
}

/* The orders of the day, and the refunds that are made on it. */
static int collect_day(int distance, struct entry entries[ORDERS_MAX])
{
	int count = 0;

	for (int lag = 0; lag <= REFUND_LAG_MAX; lag++) {
		int orders = orders_of(distance + lag);
		for (int number = 0; number < orders; number++) {
			struct order order = order_of(distance + lag, number);
			if (lag > 0 && order.refund_lag != lag)
				continue;
			require(count < ORDERS_MAX);
			entries[count++] = (struct entry){
			    .order = order,
			    .refund = lag > 0,
			    .second = lag > 0 ? order.refund_second : order.second,
			};
		}
	}
	qsort(entries, (size_t)count, sizeof entries[0], entry_compare);
	return count;
}

/* "20261121" of a day. */
static void compact_day(char text[CIVIL_DAY_TEXT], int32_t day)
{
	char date[CIVIL_DAY_TEXT];

	civil_format_day(date, day);
	memcpy(text, date, 4);
	memcpy(text + 4, date + 5, 2);
	memcpy(text + 6, date + 8, 3);
}

static void write_entry(FILE *out, const struct sample *sample, int distance,
                        const struct entry *entry)
{
	const struct order *order = &entry->order;
	char ordered[CIVIL_DAY_TEXT];
	char instant[ZONE_INSTANT_TEXT];

	compact_day(ordered, sample->end - order->distance);
	sample_instant(instant, sample, sample->end - distance, entry->second);
	fprintf(out, "%c-%s-%04d,%s,%s,%s-%04d,%s,%s,%s,", entry->refund ? 'r' : 'o', ordered,
	        order->number, instant, entry->refund ? "refund" : "order", ordered, order->number,
	        sample_markets[order->market], sample_channels[order->channel],
	        products[order->product].id);
	if (entry->refund) {
		fputs(",,,,,,,", out);
		sample_cents(out, order->refund);
		fputs(",1,EUR\n", out);
		return;
	}
	fprintf(out, "1,%s,%s,%d,", order->first ? "1" : "", order->first ? "" : "1", order->units);
	sample_cents(out, order->gross);
	fputc(',', out);
	sample_cents(out, order->discount);
	fputc(',', out);
	sample_cents(out, order->cogs);
	fputs(",,,EUR\n", out);
}

void sample_orders_write(FILE *out, const struct sample *sample)
{
	struct entry entries[ORDERS_MAX];

	fputs("event_id,time,kind,order_id,country,channel,product,orders,orders_new,orders_repeat,"
	      "units,gross_revenue,discounts,cogs,refunds,refund_count,currency\n",
	      out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		int count = collect_day(distance, entries);
		for (int i = 0; i < count; i++)
			write_entry(out, sample, distance, &entries[i]);
	}
}

static void write_sessions(FILE *out, const struct sample *sample, int distance, int place)
{
	int market = place % SAMPLE_MARKETS;
	int channel = place / SAMPLE_MARKETS % SAMPLE_CHANNELS;
	int hour = place / SAMPLE_MARKETS / SAMPLE_CHANNELS;
	struct rng rng = rng_make(STREAM_SESSIONS, distance, place);
	int64_t scaled = channels[channel].sessions * sample_trend(distance) * hour_permille[hour];
	int64_t varied = rng_vary(&rng, scaled * sample_market_percent[market], 150);
	int64_t sessions =
	    rng_share(&rng, promoted(distance) ? varied * 13 / 10 : varied, 100000000);

	if (sessions == 0)
		return;
	int64_t engaged = rng_share(&rng, sessions * 58, 100);
	int64_t views = rng_share(&rng, sessions * 71, 100);
	int64_t carts = rng_share(&rng, sessions * 8, 100);
	int64_t checkouts = rng_share(&rng, carts * 46, 100);
	int32_t day = sample->end - distance;
	char date[CIVIL_DAY_TEXT];
	char instant[ZONE_INSTANT_TEXT];

	compact_day(date, day);
	sample_instant(instant, sample, day, (FIRST_HOUR + hour) * 3600);
	fprintf(out, "s-%s-%02d-%s-%s,%s,%s,%s,%lld,%lld,%lld,%lld,%lld\n", date, FIRST_HOUR + hour,
	        sample_channels[channel], sample_markets[market], instant, sample_markets[market],
	        sample_channels[channel], (long long)sessions, (long long)engaged, (long long)views,
	        (long long)carts, (long long)checkouts);
}

void sample_sessions_write(FILE *out, const struct sample *sample)
{
	fputs("event_id,time,country,channel,sessions,engaged_sessions,product_views,add_to_carts,"
	      "checkouts\n",
	      out);
	for (int distance = sample->days - 1; distance >= 0; distance--) {
		for (int place = 0; place < HOURS * SAMPLE_CHANNELS * SAMPLE_MARKETS; place++)
			write_sessions(out, sample, distance, place);
	}
}
