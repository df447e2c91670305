# SPDX-License-Identifier: Apache-2.0
"""The sample's market, computed independently of the project's own code: shares of
brands, levels, orientation of spend and what a customer costs."""

import collections
import datetime
import fractions

from reference_signals import BRANDS, MICRO, OWN, Rates, exact, micros, number, rows_of

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


def lines(directory, end, cells):
    """The lines of the golden file."""
    found = [["days", "kpi", "by", "group", "numerator", "denominator", "value", "status"]]
    return found + [list(line) for line in market_lines(directory, end, cells)]
