# SPDX-License-Identifier: Apache-2.0
"""The upstream half of the sample, computed independently of the project's own
code: exchange rates, answers to surveys, shares of the market, levels.

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


# ---- the market, levels, money ----

DAYS = 400
RANGES = (DAYS, 28)

# By campaign id, read off the campaigns' names and objectives.
UPSTREAM = {"7302001", "7302002", "7303001", "7303002", "7303003", "7303004", "7304001",
            "7304002", "7304003", "8302001", "8304001", "9302001"}
UNCLASSIFIED = {"7302005", "8303001"}


def orientation(campaign):
    if campaign in UNCLASSIFIED:
        return "unclassified"
    return "upstream" if campaign in UPSTREAM else "downstream"


class Market:
    """Sums by brand over the last `days` days."""

    def __init__(self, directory, end, days):
        self.directory, self.end, self.days = directory, end, days
        self.rates = Rates(directory)
        self.brands = collections.defaultdict(collections.Counter)
        self.values = collections.Counter()
        self.read_market()
        self.read_shop()

    def distance(self, date):
        return (self.end - datetime.date.fromisoformat(date)).days

    def within(self, date):
        return 0 <= self.distance(date) < self.days

    def read_market(self):
        for row in rows_of(self.directory / "market.csv"):
            if self.within(row["date"]):
                for column in ("searches", "mentions"):
                    self.brands[column][row["brand"]] += int(row[column] or 0)
                for column in ("mentions_positive", "mentions_neutral", "mentions_negative"):
                    self.values[column] += int(row[column] or 0)
                if row["brand_score"]:
                    self.values["brand_score"] = micros(row["brand_score"])
        for row in rows_of(self.directory / "panel.csv"):
            # A week that begins before the range is left out.
            if self.within(row["week_from"]):
                self.brands["media_spend"][row["brand"]] += micros(row["media_spend"])
                self.brands["revenue"][row["brand"]] += micros(row["revenue"])

    def read_shop(self):
        for row in rows_of(self.directory / "orders.csv"):
            if self.within(row["time"][:10]):
                for column in ("gross_revenue", "refunds"):
                    self.values[column] += micros(row[column] or "0")
                for column in ("units", "orders_new"):
                    self.values[column] += int(row[column] or 0)
        for row in rows_of(self.directory / "audience.csv"):
            if self.within(row["date"]):
                self.values["net"] += int(row["followers_gained"]) - int(row["followers_lost"])
            if self.distance(row["date"]) == self.days:
                self.values["start"] += int(row["followers"])

    def shares(self, column):
        whole = sum(self.brands[column].values())
        return {brand: (part, whole) for brand, part in self.brands[column].items()}

    def price_index(self):
        prices = [fractions.Fraction(row["price_competitors"])
                  for row in rows_of(self.directory / "prices.csv") if self.within(row["date"])]
        mine = fractions.Fraction(self.values["gross_revenue"] - self.values["refunds"],
                                  MICRO * self.values["units"])
        return float(100 * mine / (sum(prices) / len(prices)))

    def money(self, cells, group):
        """Spend in euros by group(campaign), each group's day and currency converted
        once."""
        daily = collections.Counter()
        for (date, _, _, campaign, _, currency), values in cells.items():
            if self.within(date) and "spend" in values:
                daily[group(campaign.split(":")[1]), date, currency] += values["spend"]
        spend = collections.Counter()
        for (key, date, currency), amount in daily.items():
            spend[key] += self.rates.convert(amount, currency, "EUR", date)
        return spend

    def invoices(self):
        """Fees and production in euros, None where a rate is missing."""
        whole = 0
        for row in rows_of(self.directory / "costs.csv"):
            if not self.within(row["date"]):
                continue
            amount = self.rates.convert(micros(row["fees"]) + micros(row["production"]),
                                        row["currency"], "EUR", row["date"])
            if amount is None:
                return None
            whole += amount
        return whole


def market_rows(market, cells):
    """kpi, by, group, numerator, denominator, value, status."""
    counts = (("share_of_search", "searches", 1), ("share_of_voice_mentions", "mentions", 1),
              ("share_of_voice_spend", "media_spend", MICRO),
              ("share_of_market", "revenue", MICRO))
    for kpi, column, unit in counts:
        text = str if unit == 1 else exact
        for brand, (part, whole) in sorted(market.shares(column).items()):
            row = (text(part), text(whole), number(part / whole), "ok")
            if brand == OWN:
                yield (kpi, "", "", *row)
            yield (kpi, "brand", brand, *row)
    for brand in BRANDS:
        voice, sales = (fractions.Fraction(*market.shares(column)[brand])
                        for column in ("media_spend", "revenue"))
        row = ("", "", number(float(100 * (voice - sales))), "ok")
        if brand == OWN:
            yield ("esov", "", "", *row)
        yield ("esov", "brand", brand, *row)
    values = market.values
    tone = [values["mentions_" + how] for how in ("positive", "neutral", "negative")]
    yield ("net_sentiment", "", "", str(tone[0] - tone[2]), str(sum(tone)),
           number((tone[0] - tone[2]) / sum(tone)), "ok")
    yield ("price_index", "", "", "", "", number(market.price_index()), "ok")
    yield ("brand_score", "", "", "", "", number(values["brand_score"] / MICRO), "ok")
    growth = (str(values["net"]), str(values["start"]), number(values["net"] / values["start"]),
              "ok") if values["start"] else ("", "", "", "no_data")
    yield ("audience_growth", "", "", *growth)
    parts = market.money(cells, orientation)
    both = parts["upstream"] + parts["downstream"]
    yield ("upstream_share", "", "", exact(parts["upstream"]), exact(both),
           number(parts["upstream"] / both), "ok")
    for key in sorted(parts):
        yield ("spend", "campaign_orientation", key, exact(parts[key]), "",
               number(parts[key] / MICRO), "ok")
    spend = market.money(cells, lambda campaign: "")[""]
    invoices, new = market.invoices(), values["orders_new"]
    yield ("cac", "", "", *(("", "", "", "fx_missing") if invoices is None else
                            (exact(spend + invoices), str(new),
                             number((spend + invoices) / MICRO / new), "ok")))


def market_lines(directory, end, cells):
    for days in RANGES:
        market = Market(directory, end, days)
        for row in market_rows(market, cells):
            yield (str(days), *row)


def tables(directory, end, cells):
    """Golden file -> its lines."""
    survey = [["view", "kpi", "wave", "brand", "segment", "option", *FIELDS]]
    survey += [list(line) for line in survey_lines(directory, end)]
    market = [["days", "kpi", "by", "group", "numerator", "denominator", "value", "status"]]
    market += [list(line) for line in market_lines(directory, end, cells)]
    return {"surveys": survey, "market": market}
