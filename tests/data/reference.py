#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sample, computed independently of the project's own code.

Reads the generated files with csv and decimal, applies the rules of restatement
(the last reading of a key wins; a day that a later reading holds is complete, so
keys it does not mention are zero) and sums. Every figure is an integer: counts
at scale 0, the rest in micros, rounded half-even per row. Money of other currencies
is converted day by day: the sum of a day and currency at that day's rate, rounded
half-even once. What people say and what is known of the market is computed by
reference_signals.py and reference_market.py beside it.

  reference.py check DIR [--end DATE]    compare with golden/, per distance and in total
  reference.py update DIR [--end DATE]   write golden/
"""

import argparse
import collections
import csv
import datetime
import decimal
import pathlib
import sys

import reference_market
import reference_signals

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
MICRO = decimal.Decimal(1000000)
CURRENCY = "EUR"

AD_FILES = ("ads_reading1.csv", "ads_reading2.csv", "ads_gb.csv", "ads_us.csv")
AD_COUNTS = ("impressions", "clicks")
AD_MICROS = ("spend", "conversions", "conversion_value")
ORDER_COUNTS = ("orders", "orders_new", "orders_repeat", "new_customers", "units", "refund_count")
ORDER_MICROS = ("gross_revenue", "discounts", "cogs", "refunds")
SESSION_COUNTS = ("sessions", "engaged_sessions", "product_views", "add_to_carts", "checkouts")
MICROS = frozenset(AD_MICROS + ORDER_MICROS)
MONEY = MICROS - {"conversions"}
MEASURES = AD_COUNTS + AD_MICROS + ORDER_COUNTS + ORDER_MICROS + SESSION_COUNTS

# Measures that bear the figures of a column with another name: a customer is new
# with the first order.
COLUMNS = {"new_customers": "orders_new"}

# Golden file -> the columns that name a row of it.
TABLES = {
    "total": (),
    "days": ("distance",),
    "channels": ("channel",),
    "campaigns": ("channel", "campaign"),
    "countries": ("country", "channel"),
    "products": ("product",),
}


def integer(measure, text):
    """The text as an integer at the measure's scale."""
    if measure not in MICROS:
        return int(text)
    micros = decimal.Decimal(text) * MICRO
    return int(micros.quantize(decimal.Decimal(1), rounding=decimal.ROUND_HALF_EVEN))


def text_of(measure, value):
    """Exact decimal text without trailing zeros, as the product writes it."""
    if measure not in MICROS:
        return str(value)
    number = decimal.Decimal(value) / MICRO
    return format(number.normalize(), "f") if value else "0"


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def values_of(row, measures):
    texts = {m: row[COLUMNS.get(m, m)] for m in measures}
    return {m: integer(m, text) for m, text in texts.items() if text != ""}


def ad_rows(directory):
    """(dimensions, values) of every key after all readings, zero rows left out."""
    keys = {}
    complete = {}
    for name in AD_FILES:
        for row in rows_of(directory / name):
            read = datetime.datetime.fromisoformat(row["read_at"])
            key = (row["account_id"], row["date"], row["campaign_id"], row["country"])
            day = (name, row["account_id"], row["date"])
            complete[day] = min(complete.get(day, read), read)
            if key not in keys or keys[key][0] <= read:
                keys[key] = (read, row)
    newest = {}
    for (_, *day), read in complete.items():
        newest[tuple(day)] = max(newest.get(tuple(day), read), read)
    for (account, date, campaign, country), (read, row) in keys.items():
        if read < newest[(account, date)]:
            continue
        dims = {"date": date, "campaign": "demo_ads:" + campaign, "country": country,
                "channel": row["channel"], "product": "__none__", "currency": row["currency"]}
        yield dims, values_of(row, AD_COUNTS + AD_MICROS)


def shop_rows(directory):
    """(dimensions, values) of every event; an id counts once."""
    seen = set()
    for name, measures in (("orders.csv", ORDER_COUNTS + ORDER_MICROS),
                           ("sessions.csv", SESSION_COUNTS)):
        for row in rows_of(directory / name):
            if row["event_id"] in seen:
                continue
            seen.add(row["event_id"])
            dims = {"date": row["time"][:10], "campaign": "__none__", "country": row["country"],
                    "channel": row["channel"], "product": row.get("product", "__none__"),
                    "currency": row.get("currency", CURRENCY)}
            yield dims, values_of(row, measures)


class Cells(dict):
    """dims tuple (date, country, channel, campaign, product, currency) -> measure ->
    integer, with the rates that the money may be converted at."""

    def __init__(self, directory):
        super().__init__()
        self.rates = reference_signals.Rates(directory)
        for source in (ad_rows, shop_rows):
            for dims, values in source(directory):
                key = tuple(dims[d] for d in ("date", "country", "channel", "campaign",
                                              "product", "currency"))
                self.setdefault(key, collections.Counter()).update(values)


def cells(directory):
    return Cells(pathlib.Path(directory))


def table(sums, columns, end):
    """Sums of the cells by the columns; money in CURRENCY."""
    daily = collections.defaultdict(collections.Counter)
    for (date, country, channel, campaign, product, currency), values in sums.items():
        distance = (end - datetime.date.fromisoformat(date)).days
        place = {"distance": distance, "country": country, "channel": channel,
                 "campaign": campaign, "product": product}
        daily[tuple(place[c] for c in columns), date, currency].update(values)
    result = collections.defaultdict(collections.Counter)
    for (key, date, currency), values in daily.items():
        for measure, value in values.items():
            if measure in MONEY:
                value = sums.rates.convert(value, currency, CURRENCY, date)
            result[key][measure] += value
    return result


def lines(rows, columns):
    yield list(columns) + list(MEASURES)
    for key in sorted(rows):
        yield [str(k) for k in key] + [text_of(m, rows[key][m]) for m in MEASURES]


def golden_lines(name):
    with open(GOLDEN / (name + ".csv"), newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def last_day(sums):
    return max(datetime.date.fromisoformat(key[0]) for key in sums)


def tables(directory, end=None):
    """Name of a golden file -> its lines."""
    sums = cells(directory)
    end = end or last_day(sums)
    found = {name: [list(line) for line in lines(table(sums, columns, end), columns)]
             for name, columns in TABLES.items()}
    found["surveys"] = reference_signals.lines(pathlib.Path(directory), end)
    found["market"] = reference_market.lines(pathlib.Path(directory), end, sums)
    return found


def compare(directory, end=None):
    """Differences between the directory's files and the golden figures."""
    found = []
    for name, have in tables(directory, end).items():
        want = golden_lines(name)
        if len(have) != len(want):
            found.append(f"{name}: {len(have)} lines, golden has {len(want)}")
        found += [f"{name}: have {h}\n{' ' * len(name)}  want {w}"
                  for h, w in zip(have, want) if h != w]
    return found


def update(directory, end=None):
    GOLDEN.mkdir(exist_ok=True)
    for name, have in tables(directory, end).items():
        with open(GOLDEN / (name + ".csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(have)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("check", "update"))
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--end", type=datetime.date.fromisoformat)
    args = parser.parse_args()
    if args.command == "update":
        update(args.directory, args.end)
        return 0
    found = compare(args.directory, args.end)
    for difference in found[:20]:
        print(difference)
    print(f"{len(found)} differences from the golden figures")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
