# SPDX-License-Identifier: Apache-2.0
"""What people say in the sample, computed independently of the project's own code,
and the exchange rates.

Survey sums are exact integers (weights in micros, their squares rounded half-even
at the sixth place); shares, effective sizes and intervals follow Kish (1965) and
Wilson (1927). Several waves are pooled after each is scaled to a mean weight of 1.
"""

import bisect
import collections
import csv
import datetime
import decimal
import fractions
import math
import statistics

MICRO = 1000000
Z = statistics.NormalDist().inv_cdf(0.975)
BRANDS = ("Acme", "Birch", "Cedar")
OWN = BRANDS[0]
CARRY_DAYS = 7
K = 10
FIELDS = ("numerator", "denominator", "n", "n_eff", "value", "ci_low", "ci_high", "status")


def rows_of(path, headings=1):
    """Rows by the first heading line; further ones are left out."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for _ in range(headings - 1):
            next(reader)
        yield from reader


def rounded(value):
    """A fraction as an integer, half to even."""
    return round(value)


def micros(text):
    return rounded(fractions.Fraction(text) * MICRO)


def exact(value):
    """Micros as decimal text without trailing zeros."""
    number = decimal.Decimal(value) / MICRO
    return format(number.normalize(), "f") if value else "0"


def number(value):
    """Nine places: what the product computes in doubles agrees that far."""
    return "" if value is None else f"{value:.9f}"


class Rates:
    """Units of a currency per euro, of working days; a day without one takes the
    last one, for at most CARRY_DAYS."""

    def __init__(self, directory):
        self.days = collections.defaultdict(list)
        for row in rows_of(directory / "eurofxref-hist.csv"):
            for currency, text in row.items():
                if currency and currency != "Date" and text != "N/A":
                    day = datetime.date.fromisoformat(row["Date"])
                    self.days[currency].append((day, fractions.Fraction(text)))
        for days in self.days.values():
            days.sort()

    def rate(self, currency, date):
        """(rate, carried), None when there is none."""
        day = datetime.date.fromisoformat(date)
        if currency == "EUR":
            return fractions.Fraction(1), False
        days = self.days.get(currency, [])
        place = bisect.bisect_right(days, (day, math.inf)) - 1
        if place < 0 or (day - days[place][0]).days > CARRY_DAYS:
            return None
        return days[place][1], days[place][0] != day

    def convert(self, amount, source, target, date):
        """Rounded half to even once; None without a rate."""
        if source == target:
            return amount
        one, other = self.rate(source, date), self.rate(target, date)
        if one is None or other is None:
            return None
        return rounded(amount * other[0] / one[0])


# ---- surveys ----

class Tally:
    """How many people, their weights and the weights' squares."""

    def __init__(self, n=0, weight=0, squares=0):
        self.n, self.weight, self.squares = n, weight, squares

    def add(self, weight, square):
        self.n += 1
        self.weight += weight
        self.squares += square


class Sums:
    """Of one item: those who were asked, and those who chose each option."""

    def __init__(self):
        self.asked = Tally()
        self.chose = collections.defaultdict(Tally)

    def add(self, weight, square, options):
        self.asked.add(weight, square)
        for option in options:
            self.chose[option].add(weight, square)


def tracker_sheet(row):
    """(item, brand) -> options, of what was asked alone."""
    sheet = {}
    mentioned = [row[f"unaided_{i}"] for i in (1, 2, 3)]
    for brand in BRANDS:
        tag = brand.lower()
        place = mentioned.index(brand) if brand in mentioned else None
        sheet["tracker/unaided", brand] = (
            [] if place is None else ["first" if place == 0 else "other"])
        for item, column in (("aided", "aided"), ("consider", "consider")):
            if row[f"{column}_{tag}"]:
                sheet["tracker/" + item, brand] = [row[f"{column}_{tag}"].lower()]
        for item, column in (("ad_recall", "ad"), ("prefer", "prefer")):
            sheet["tracker/" + item, brand] = [] if row[f"{column}_{tag}"] == "0" else ["yes"]
        for item in ("favour", "intent", "value"):
            if row[f"{item}_{tag}"]:
                sheet["tracker/" + item, brand] = [row[f"{item}_{tag}"].split(" ")[0]]
        boxes = {column.split("_", 2)[2]: text for column, text in row.items()
                 if column.startswith(f"attribute_{tag}_")}
        if any(boxes.values()):
            sheet["tracker/attributes", brand] = [
                option for option, text in boxes.items() if text != "0"]
    return sheet


def nps_sheets(row):
    yield {("nps/recommend", None): [row["recommend"]]}
    if row["satisfaction"]:
        yield {("csat/satisfaction", None): [row["satisfaction"]]}


def needs_sheet(row):
    themes = row["pains"].split(";")
    return {("needs/pains", None): [t.strip() for t in themes if t.strip() != "none"]}


def responses(directory):
    """(wave, segment, weight, sheet) of what counts: a wave that was delivered
    again replaces the wave."""
    waves = {}
    for name in ("tracker.csv", "tracker_corrected.csv"):
        for row in rows_of(directory / name, headings=3):
            read = datetime.datetime.fromisoformat(row["read_at"])
            wave = (row["wave_from"], row["wave_to"])
            if wave not in waves or waves[wave][0] < read:
                waves[wave] = (read, [])
            if waves[wave][0] == read:
                waves[wave][1].append(row)
    for wave, (_, rows) in waves.items():
        for row in rows:
            yield wave, row["age"], micros(row["weight"]), tracker_sheet(row)
    for row in rows_of(directory / "nps.csv"):
        for sheet in nps_sheets(row):
            yield (row["wave_from"], row["wave_to"]), row["segment"], MICRO, sheet
    for row in rows_of(directory / "needs.csv"):
        yield (row["wave_from"], row["wave_to"]), "__none__", MICRO, needs_sheet(row)


def survey_sums(directory):
    """(item, brand, wave, segment) -> Sums; segment None = everybody."""
    sums = collections.defaultdict(Sums)
    for wave, segment, weight, sheet in responses(directory):
        square = rounded(fractions.Fraction(weight * weight, MICRO))
        for (item, brand), options in sheet.items():
            for who in (None, segment):
                sums[item, brand, wave, who].add(weight, square, options)
    for row in rows_of(directory / "waves.csv"):
        wave = (row["wave_from"], row["wave_to"])
        for who in (None, "__none__"):
            one = sums[f"{row['study']}/{row['item']}", row["brand"], wave, who]
            n, share = int(row["n"]), fractions.Fraction(row["share_percent"]) / 100
            squares = fractions.Fraction(row["design_effect"]) * n * MICRO
            one.asked = Tally(n, n * MICRO, rounded(squares))
            one.chose[row["option"]] = Tally(rounded(n * share), rounded(n * share * MICRO),
                                             rounded(squares * share))
    return sums


def share_of(*options, base=None, of=None, least=100):
    return {"stat": "share", "options": options, "base": base, "of": of, "least": least}


# KPI -> (item, about brands, what of it).
SURVEYS = {
    "value_for_money": ("tracker/value", True, share_of("4", "5", least=50)),
    "unaided_awareness": ("tracker/unaided", True, share_of("first", "other")),
    "tom": ("tracker/unaided", True, share_of("first")),
    "aided_awareness": ("tracker/aided", True, share_of("yes")),
    "ad_recall": ("tracker/ad_recall", True, share_of("yes")),
    "brand_recall": ("tracker/brand_recall", True, share_of("yes")),
    "favourability": ("tracker/favour", True, share_of("4", "5")),
    "consideration_all": ("tracker/consider", True, share_of("yes", base="tracker/aided")),
    "consideration_aware": ("tracker/consider", True, share_of("yes")),
    "preference": ("tracker/prefer", True, share_of("yes")),
    "purchase_intent": ("tracker/intent", True, share_of("4", "5")),
    "brand_funnel": ("tracker/consider", True, share_of("yes", of=("tracker/aided", "yes"))),
    "nps": ("nps/recommend", False, {"stat": "nps", "least": 100}),
    "csat_mean": ("csat/satisfaction", False, {"stat": "mean", "least": 50}),
    "csat_t2b": ("csat/satisfaction", False, share_of("4", "5", least=50)),
}
# KPI whose rows are options -> (item, about brands, least).
BY_OPTION = {"pain_share": ("needs/pains", False, 50),
             "attribute": ("tracker/attributes", True, 100)}


def wilson(p, n):
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def nps_of(ratings, weight, n_eff):
    up = sum(w for rating, w in ratings.items() if rating >= 9) / weight
    down = sum(w for rating, w in ratings.items() if rating <= 6) / weight
    error = math.sqrt((up + down - (up - down) ** 2) / n_eff)
    value = up - down
    return 100 * value, 100 * (value - Z * error), 100 * (value + Z * error)


def mean_of(ratings, weight, n_eff):
    mean = sum(rating * w for rating, w in ratings.items()) / weight
    spread = sum(w * (rating - mean) ** 2 for rating, w in ratings.items()) / weight
    error = math.sqrt(spread * n_eff / (n_eff - 1) / n_eff)
    return mean, mean - Z * error, mean + Z * error


def fields(parts, stat, least):
    """The columns of one row. parts: one (base, chose, ratings) per wave, each scaled
    to a mean weight of 1 where there are several."""
    n = 0
    weight = squares = chose = fractions.Fraction(0)
    ratings = collections.Counter()
    for base, chosen, rated in parts:
        scale = fractions.Fraction(base.n * MICRO, base.weight) if len(parts) > 1 else 1
        n += base.n
        weight += base.weight * scale
        squares += base.squares * scale * scale
        chose += chosen * scale
        for rating, part in rated.items():
            ratings[rating] += part * scale
    whole = float(weight) / MICRO
    n_eff = whole * whole / (float(squares) / MICRO)
    if stat == "share":
        value = float(chose) / MICRO / whole
        low, high = wilson(value, n_eff)
    else:
        rated = {rating: float(part) / MICRO for rating, part in ratings.items()}
        value, low, high = (nps_of if stat == "nps" else mean_of)(rated, whole, n_eff)
        chose = value * whole * MICRO / (100 if stat == "nps" else 1)
    return (exact(rounded(chose)), exact(rounded(weight)), str(n), number(n_eff), number(value),
            number(low), number(high), "ok" if n_eff >= least else "insufficient_sample")


def evaluate(sums, item, brand, waves, segment, ask):
    """The fields of one row, None when nobody was asked."""
    parts = []
    for wave in waves:
        own = sums.get((item, brand, wave, segment), Sums())
        base = sums.get((ask.get("base") or item, brand, wave, segment), Sums()).asked
        if ask.get("of"):
            other, option = ask["of"]
            base = sums.get((other, brand, wave, segment), Sums()).chose[option]
        if base.n == 0:
            continue
        chose = sum(own.chose[option].weight for option in ask.get("options", ()))
        rated = {} if ask["stat"] == "share" else {
            int(option): tally.weight for option, tally in own.chose.items()}
        parts.append((base, chose, rated))
    return fields(parts, ask["stat"], ask["least"]) if parts else None


def suppress(rows):
    """Rows (key, fields) of one KPI and bucket that are shown together, with those
    withheld that fewer than K people made, and the next smallest until two rows and
    K people are."""
    order = sorted(range(len(rows)), key=lambda i: int(rows[i][1][2]))
    withheld = [i for i in order if int(rows[i][1][2]) < K]
    for i in order:
        people = sum(int(rows[j][1][2]) for j in withheld)
        if not withheld or (len(withheld) >= 2 and people >= K):
            break
        if i not in withheld:
            withheld.append(i)
    return [(key, ("",) * 7 + ("withheld",) if i in withheld else values)
            for i, (key, values) in enumerate(rows)]


def survey_lines(directory, end):
    """view, kpi, wave (distance of its last day), brand, segment, option, FIELDS."""
    sums = survey_sums(directory)
    segments = sorted({key[3] for key in sums if key[3]})
    waves = collections.defaultdict(set)
    for item, _, wave, _ in sums:
        waves[item].add(wave)
    for kpi, (item, branded, ask) in SURVEYS.items():
        times = sorted(waves[item])
        apart = [(str((end - datetime.date.fromisoformat(w[1])).days), [w]) for w in times]
        own = OWN if branded else None
        for prefix, buckets in (("total", [("", times)]), ("wave", apart)):
            for label, bucket in buckets:
                row = evaluate(sums, item, own, bucket, None, ask)
                yield (prefix, kpi, label, "", "", "", *row)
                for brand in BRANDS if branded else ():
                    row = evaluate(sums, item, brand, bucket, None, ask)
                    yield (prefix + "_brand", kpi, label, brand, "", "", *row)
                found = [(who, evaluate(sums, item, own, bucket, who, ask)) for who in segments]
                for who, row in suppress([one for one in found if one[1]]):
                    yield (prefix + "_segment", kpi, label, "", who, "", *row)
    for kpi, (item, branded, least) in BY_OPTION.items():
        own = OWN if branded else None
        options = {option for wave in waves[item] for option in sums[item, own, wave, None].chose}
        for option in sorted(options):
            row = evaluate(sums, item, own, sorted(waves[item]), None,
                           share_of(option, least=least))
            yield ("total_option", kpi, "", "", "", option, *row)


def lines(directory, end):
    """The lines of the golden file."""
    found = [["view", "kpi", "wave", "brand", "segment", "option", *FIELDS]]
    return found + [list(line) for line in survey_lines(directory, end)]
