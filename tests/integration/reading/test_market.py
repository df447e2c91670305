# SPDX-License-Identifier: Apache-2.0
"""Shares among brands, and levels: followers, prices, bare scores."""

from fractions import Fraction

from reading_case import AS_OF, MICROS, ReadingCase, harness, money, noon_us, pb, period

BRANDS = ("Acme", "Rival", "Third")
# Measure -> per brand, of the two days.
MARKET = {"searches": ((900, 400, 300), (1100, 600, 700)),
          "mentions": ((50, 20, 30), (70, 90, 40)),
          "competitor_impressions": ((10_000, 30_000, 5_000), (20_000, 1_000, 0)),
          "competitor_spend": ((100, 250, 50), (140, 60, 0)),
          "market_revenue": ((1000, 2500, 1500), (3000, 500, 500))}
OF_MONEY = ("competitor_spend", "market_revenue")
DAYS = ("2025-03-03", "2025-03-04")
EXTRA = """\
kpis:
  preset: default
  add:
    followers: {stage: engagement, expr: followers, unit: count}
    prices: {stage: market, expr: price_competitor, unit: money}
"""


def of_market(measure, brands=BRANDS, days=(0, 1)):
    return sum(MARKET[measure][day][BRANDS.index(brand)] for day in days for brand in brands)


def share_of(measure, brand="Acme", days=(0, 1)):
    return Fraction(of_market(measure, [brand], days), of_market(measure, days=days))


def gauge(measure, value, day, as_of=AS_OF, currency="", **dims):
    return pb.Gauge(measure=measure, value=value, day=harness.date(day), currency=currency,
                    dims=harness.dims(**dims), as_of_us=as_of)


def market_rows():
    rows = []
    for at, day in enumerate(DAYS):
        for b, brand in enumerate(BRANDS):
            values = {name: days[at][b] * (MICROS if name in OF_MONEY else 1)
                      for name, days in MARKET.items()}
            rows.append(pb.ReportRow(report="brands", key=harness.dims(brand=brand),
                                     amounts=harness.amounts(**values), as_of_us=AS_OF,
                                     **period(day)))
    return rows


class Shares(ReadingCase):
    tenants = {"demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}",
               "akme": "{time_zone: Europe/Berlin, currency: EUR, brand: Akme}",
               "nobody": "{time_zone: Europe/Berlin, currency: EUR}"}

    @classmethod
    def fill(cls):
        for tenant in cls.tenants:
            cls.send("market/one", "market", tenant, ["brands"], rows=market_rows(),
                     commits=[pb.SliceCommit(report="brands", complete=True, rows=3,
                                             as_of_us=AS_OF, **period(day)) for day in DAYS])

    def test_own_share(self):
        for kpi, measure in (("share_of_search", "searches"),
                             ("share_of_voice_mentions", "mentions"),
                             ("share_of_voice_impressions", "competitor_impressions")):
            row = self.one(kpi, *DAYS)
            self.assert_row(row, share_of(measure), numerator=str(of_market(measure, ["Acme"])),
                            denominator=str(of_market(measure)), n=of_market(measure),
                            layer="market", unit="ratio")
        for kpi, measure in (("share_of_voice_spend", "competitor_spend"),
                             ("share_of_market", "market_revenue")):
            self.assert_row(self.one(kpi, *DAYS), share_of(measure), n=None,
                            numerator=str(of_market(measure, ["Acme"])), currency=None)

    def test_by_brand_and_day(self):
        rows = self.keyed("share_of_search", *DAYS, by="brand")
        self.assertEqual(list(rows), list(BRANDS))
        for brand, row in rows.items():
            self.assert_row(row, share_of("searches", brand))
        self.assertAlmostEqual(sum(row["value"] for row in rows.values()), 1)
        rows = self.read("share_of_search", "2025-03-02", "2025-03-05", grain="day")
        self.assert_row(rows[0], status="no_data")
        for at in (0, 1):
            self.assert_row(rows[at + 1], share_of("searches", days=[at]))
        self.assert_row(rows[3], status="no_data", n=None)
        row = self.one("share_of_search", *DAYS, filter="brand:Rival")
        self.assert_row(row, share_of("searches", "Rival"))

    def test_small_sample(self):
        row = self.one("share_of_search", "2025-03-03", filter="brand:Third")
        self.assert_row(row, share_of("searches", "Third", [0]), n=1600)
        row = self.one("share_of_voice_mentions", "2025-03-03")
        self.assert_row(row, share_of("mentions", days=[0]), n=100)

    def test_esov(self):
        """In points; two shares have no one numerator."""
        want = 100 * (share_of("competitor_spend") - share_of("market_revenue"))
        self.assert_row(self.one("esov", *DAYS), want, numerator=None, denominator=None, n=None,
                        unit="points")
        rows = self.keyed("esov", *DAYS, by="brand")
        for brand in BRANDS:
            want = 100 * (share_of("competitor_spend", brand) - share_of("market_revenue", brand))
            self.assert_row(rows[brand], want)

    def test_whose_share(self):
        """A brand that nobody reported has no share, not one of 0."""
        for tenant in ("nobody", "akme"):
            for kpi in ("share_of_search", "esov"):
                self.assert_row(self.one(kpi, *DAYS, tenant=tenant), status="no_data", n=None)
            rows = self.keyed("share_of_search", *DAYS, by="brand", tenant=tenant)
            self.assert_row(rows["Third"], share_of("searches", "Third"))
        # One that is known and had nothing on a complete day has.
        row = self.one("share_of_voice_impressions", DAYS[1], filter="brand:Third")
        self.assert_row(row, Fraction(0), numerator="0")


class Levels(ReadingCase):
    tenants = {"demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}",
               "many": "{time_zone: Europe/Berlin, currency: EUR}"}
    extra = EXTRA

    @classmethod
    def fill(cls):
        followers = [("2025-01-20", 1000, "organic_social"), ("2025-02-01", 1100, "organic_social"),
                     ("2025-01-28", 500, "content"), ("2025-02-10", 650, "content"),
                     ("2025-02-14", 1200, "organic_social")]
        levels = [gauge("followers", value, day, channel=channel)
                  for day, value, channel in followers]
        levels += [gauge("price_competitor", money(price), day, brand=brand)
                   for day, price, brand in (("2025-02-03", "20", "Rival"),
                                             ("2025-02-10", "22", "Rival"),
                                             ("2025-02-10", "30", "Third"),
                                             ("2025-01-15", "99", "Third"))]
        levels += [gauge("brand_score", money(score), day, brand=brand)
                   for day, score, brand in (("2025-01-31", "41.25", "Acme"),
                                             ("2025-01-31", "55.5", "Rival"),
                                             ("2025-03-31", "43", "Acme"))]
        for tenant in cls.tenants:
            cls.send("market/levels", "market", tenant, gauges=levels, cadence_hours=24 * 28)
        cls.send("social/a", "report", reports=["daily"], rows=[
            pb.ReportRow(report="daily", dims=harness.dims(channel=channel),
                         key=harness.dims(account=channel), as_of_us=AS_OF,
                         amounts=harness.amounts(followers_gained=gained, followers_lost=lost),
                         **period(day))
            for day, channel, gained, lost in (("2025-02-05", "organic_social", 120, 20),
                                               ("2025-02-14", "organic_social", 130, 30),
                                               ("2025-02-10", "content", 170, 20))])
        cls.send("shop/eu", "event", events=[
            pb.Event(event_id="o%d" % i, type="order",
                     event_time_us=noon_us("2025-02-%02d" % day),
                     amounts=harness.amounts(gross_revenue=money(revenue), units=units))
            for i, (day, revenue, units) in enumerate(((4, "900", 36), (11, "420", 14)))] + [
            pb.Event(event_id="r", type="refund", event_time_us=noon_us("2025-02-12"),
                     amounts=harness.amounts(refunds=money("70")))])

    def test_the_newest_of_each(self):
        """Two accounts, read on different days, add up."""
        row = self.one("followers", "2025-02-01", "2025-02-28")
        self.assert_row(row, Fraction(1200 + 650), numerator="1850", n=None,
                        bucket_start="2025-02-01", flags="-stale_source")
        self.assert_row(self.one("followers", "2025-02-01", "2025-02-12"), Fraction(1100 + 650))
        rows = self.keyed("followers", "2025-02-01", "2025-02-28", by="channel")
        self.assertEqual({channel: row["value"] for channel, row in rows.items()},
                         {"content": 650, "organic_social": 1200})
        row = self.one("followers", "2025-02-01", "2025-02-28", filter="channel:content")
        self.assert_row(row, Fraction(650))

    def test_days_without_a_level(self):
        """A finer bucket shows levels of its own days, the whole range earlier ones."""
        rows = self.read("followers", "2025-02-09", "2025-02-11", grain="day")
        self.assertEqual([row["status"] for row in rows], ["no_data", "ok", "no_data"])
        self.assert_row(rows[1], Fraction(1100 + 650))
        rows = self.read("followers", "2025-01-01", "2025-03-31", grain="month")
        self.assertEqual([row["value"] for row in rows], [1500, 1850, None])
        row = self.one("followers", "2025-03-01", "2025-03-10")
        self.assert_row(row, Fraction(1850), bucket_start="2025-02-14", bucket_end="2025-02-14",
                        flags="-stale_source")
        row = self.one("followers", "2025-03-01", "2025-05-10")
        self.assert_row(row, Fraction(1850), bucket_end="2025-02-14", flags="stale_source")
        self.assert_row(self.one("followers", "2024-12-01", "2025-01-19"), status="no_data")

    def test_audience_growth(self):
        """Over the level with which the bucket began."""
        row = self.one("audience_growth", "2025-02-01", "2025-02-28")
        self.assert_row(row, Fraction(420 - 70, 1500), numerator="350", denominator="1500", n=1500)
        rows = self.keyed("audience_growth", "2025-02-01", "2025-02-28", by="channel")
        self.assert_row(rows["content"], Fraction(150, 500))
        self.assert_row(rows["organic_social"], Fraction(200, 1000))
        rows = self.read("audience_growth", "2025-02-10", "2025-02-14", grain="day")
        self.assert_row(rows[0], Fraction(150, 1600))
        self.assert_row(rows[4], Fraction(100, 1750))
        self.assert_row(self.one("audience_growth", "2025-01-01", "2025-01-31"), status="no_data")

    def test_price_index(self):
        """Own net price over the mean of all levels in the bucket."""
        mean = Fraction(20 + 22 + 30, 3)
        row = self.one("price_index", "2025-02-01", "2025-02-28")
        self.assert_row(row, Fraction(1320 - 70, 50) / mean * 100, unit="index", n=50)
        row = self.one("price_index", "2025-02-01", "2025-02-09")
        self.assert_row(row, Fraction(900, 36) / 20 * 100, n=36)
        row = self.one("price_index", "2025-02-11", "2025-02-28")
        self.assert_row(row, status="no_data", value=None)

    def test_bare_scores(self):
        """No sample, no interval; the tenant's own brand unless asked otherwise."""
        row = self.one("brand_score", "2025-01-01", "2025-01-31")
        self.assert_row(row, Fraction("41.25"), numerator="41.25", n=None, n_eff=None,
                        ci_low=None, ci_method=None, flags="no_sample", layer="survey")
        rows = self.keyed("brand_score", "2025-01-01", "2025-01-31", by="brand")
        self.assertEqual({brand: row["value"] for brand, row in rows.items()},
                         {"Acme": 41.25, "Rival": 55.5})
        row = self.one("brand_score", "2025-02-01", "2025-02-28")
        self.assert_row(row, Fraction("41.25"), bucket_start="2025-01-31", flags="no_sample")
        row = self.one("brand_score", "2025-01-01", "2025-03-31", filter="brand:Rival")
        self.assert_row(row, Fraction("55.5"))

    def test_what_does_not_add_up(self):
        """Scores and prices of several brands are no sum."""
        for kpi in ("brand_score", "prices"):
            row = self.one(kpi, "2025-01-01", "2025-02-28", tenant="many")
            self.assert_row(row, status="non_additive", numerator=None)
        row = self.one("prices", "2025-01-01", "2025-02-28", filter="brand:Rival")
        self.assert_row(row, Fraction(22), currency="EUR", value_micros="22000000")
        row = self.one("prices", "2025-01-01", "2025-02-28", filter="brand:Rival,Third")
        self.assert_row(row, status="non_additive")

    def test_withdrawn(self):
        """A level that is taken back is none."""
        query = {"from_": "2025-02-01", "to": "2025-02-28", "tenant": "many", "kpi": "followers"}
        before = self.answer(**query)["rows"][0]["value"]
        self.send("market/levels", "market", "many", cadence_hours=24 * 28, gauges=[
            gauge("followers", 0, "2025-02-14", as_of=AS_OF + 1, channel="organic_social")])
        self.assertEqual((before, self.answer(**query)["rows"][0]["value"]), (1850, 1750))


if __name__ == "__main__":
    harness.main()
