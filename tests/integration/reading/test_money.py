# SPDX-License-Identifier: Apache-2.0
"""Money of several currencies: converted day by day at that day's rate, or said
to be of several."""

import datetime
import zoneinfo
from fractions import Fraction

from reading_case import (AS_OF, E12, MICROS, ReadingCase, exact, harness, money, noon_us, pb,
                          period)

# Units per EUR. Of 2025-01-04 and -05, a weekend, there are none; USD ends.
RATES = {"USD": {"2025-01-02": "1.0297", "2025-01-03": "1.0299", "2025-01-06": "1.0426",
                 "2025-01-07": "1.0393"},
         "GBP": {"2025-01-02": "0.83", "2025-01-03": "0.82993", "2025-01-06": "0.83018"},
         "JPY": {"2025-01-03": "161.72"}}
# Day, account, currency, channel, spend, conversion value.
ADS = [("2025-01-02", "us", "USD", "display", "1000.000001", "3100.5"),
       ("2025-01-03", "us", "USD", "display", "333.333333", "1000"),
       ("2025-01-03", "us", "USD", "video", "0.000005", "0.01"),
       ("2025-01-04", "us", "USD", "display", "250.5", "700"),
       ("2025-01-05", "us", "USD", "video", "77.77", "0"),
       ("2025-01-06", "us", "USD", "display", "512.25", "900"),
       ("2025-01-02", "uk", "GBP", "display", "99.99", "201.01"),
       ("2025-01-06", "uk", "GBP", "video", "45.454545", "10"),
       ("2025-01-02", "de", "EUR", "display", "10.01", "100"),
       ("2025-01-05", "de", "EUR", "video", "20.02", "0")]
WEEK = ("2025-01-02", "2025-01-06")
EXTRA = """\
fx: {source: ecb/rates, base: EUR}
retention: {hour: 3660d}
kpis:
  preset: default
  add:
    prices: {stage: market, expr: price_competitor, unit: money}
    price_of_value: {stage: purchase, expr: spend / conversions, unit: index}
    relative_price:
      {stage: market, expr: (gross_revenue - refunds) / units / mean(price_own), unit: ratio}
"""


def rate_item(currency, day, rate, as_of=AS_OF):
    return pb.FxRate(base_currency="EUR", quote_currency=currency, day=harness.date(day),
                     rate_e12=int(Fraction(rate) * E12), as_of_us=as_of)


def rate_of(currency, day, carry=7):
    """Of the day or the newest before it, and whether it was carried; None = none."""
    if currency == "EUR":
        return Fraction(1), False
    known = [other for other in RATES.get(currency, {}) if other <= day]
    if not known:
        return None, False
    newest = max(known)
    days = (noon_us(day) - noon_us(newest)) // (86_400 * MICROS)
    return (Fraction(RATES[currency][newest]), newest != day) if days <= carry else (None, False)


def spent(column, currency="EUR", days=WEEK, at=None, **where):
    """Sum over days and currencies of what each day's sum comes to, in micros,
    rounded half to even as Fraction rounds."""
    by_day = {}
    for day, account, of, channel, *values in ADS:
        if days[0] <= day <= days[-1] and where.get("channel", channel) == channel \
                and where.get("account", account) == account:
            by_day[day, of] = by_day.get((day, of), 0) + money(values[column])
    return sum(round(micros * rate_of(currency, at or day)[0] / rate_of(of, at or day)[0])
               if of != currency else micros for (day, of), micros in by_day.items())


def row_of(day, account, channel, campaign, spend, value=None):
    amounts = {"spend": money(spend)}
    if value:
        amounts.update(conversion_value=money(value), conversions=10 * MICROS)
    return pb.ReportRow(report="daily", key=harness.dims(campaign=campaign),
                        dims=harness.dims(channel=channel), as_of_us=AS_OF,
                        amounts=harness.amounts(**amounts), **period(day))


class Money(ReadingCase):
    tenants = {"demo": "{time_zone: Europe/Berlin, currency: EUR}",
               "dollars": "{time_zone: Europe/Berlin, currency: USD}",
               "poor": "{time_zone: Europe/Berlin, currency: EUR}",
               "restated": "{time_zone: Europe/Berlin, currency: EUR}",
               "prices": "{time_zone: Europe/Berlin, currency: EUR}"}
    extra = EXTRA

    @classmethod
    def fill(cls):
        rates = [rate_item(currency, day, rate)
                 for currency, days in RATES.items() for day, rate in days.items()]
        for tenant in ("demo", "dollars", "restated", "prices"):
            cls.send("ecb/rates", "market", tenant, rates=rates)
        for tenant in cls.tenants:
            for account, currency in (("us", "USD"), ("uk", "GBP"), ("de", "EUR")):
                cls.send("google_ads/" + account, "report", tenant, ["daily"], currency, rows=[
                    row_of(day, account, channel, channel + "1", spend, value)
                    for day, of, _, channel, spend, value in ADS if of == account])

    def assert_money(self, row, micros, **columns):
        self.assert_row(row, Fraction(micros, MICROS), value_micros=str(micros),
                        numerator=exact(Fraction(micros, MICROS)), **columns)

    def test_converted_day_by_day(self):
        """At each day's rate, over the weekend at Friday's."""
        row = self.one("spend", *WEEK)
        self.assert_money(row, spent(0), currency="EUR", flags="carried_fx")
        row = self.one("spend", "2025-01-02", "2025-01-03")
        self.assert_money(row, spent(0, days=("2025-01-02", "2025-01-03")), flags="-carried_fx")
        for day, row in zip(("2025-01-02", "2025-01-03", "2025-01-04"),
                            self.read("spend", "2025-01-02", "2025-01-04", grain="day")):
            self.assert_money(row, spent(0, days=(day, day)), currency="EUR",
                              flags="carried_fx" if day == "2025-01-04" else "-carried_fx")
        rows = self.keyed("spend", *WEEK, by="channel")
        for channel in ("display", "video"):
            self.assert_money(rows[channel], spent(0, channel=channel), currency="EUR")
        answer = self.answer(kpi="spend", from_=WEEK[0], to=WEEK[1])
        self.assertEqual((answer["currency"], answer["fx"]), ("EUR", "daily"))

    def test_half_to_even(self):
        """Rounded once a day and currency: 5 micros at 1.0299 are 4.85."""
        row = self.one("spend", "2025-01-03", filter="channel:video")
        self.assert_money(row, 5, currency="EUR")
        self.assertEqual(spent(0, days=("2025-01-03",), channel="video"), 5)

    def test_another_currency(self):
        """Cross rates in one step; amounts of that currency stay as they are."""
        row = self.one("spend", *WEEK, currency="USD")
        self.assert_money(row, spent(0, "USD"), currency="USD", flags="carried_fx")
        row = self.one("spend", "2025-01-02", currency="GBP")
        self.assert_money(row, spent(0, "GBP", ("2025-01-02",)), currency="GBP")
        row = self.one("spend", *WEEK, tenant="dollars")
        self.assert_money(row, spent(0, "USD"), currency="USD")
        row = self.one("spend", "2025-01-05", currency="JPY", filter="channel:video")
        self.assert_money(row, spent(0, "JPY", ("2025-01-05",), channel="video"), currency="JPY",
                          flags="carried_fx")

    def test_rates_of_one_day(self):
        row = self.one("spend", *WEEK, fx="2025-01-03")
        self.assert_money(row, spent(0, at="2025-01-03"), flags="-carried_fx")
        row = self.one("spend", *WEEK, fx="2025-01-05", currency="USD")
        self.assert_money(row, spent(0, "USD", at="2025-01-05"), currency="USD",
                          flags="carried_fx")
        self.assertEqual(self.answer(kpi="spend", from_=WEEK[0], to=WEEK[1],
                                     fx="2025-01-05")["fx"], "2025-01-05")
        row = self.one("spend", *WEEK, fx="2024-12-01")
        self.assert_row(row, status="fx_missing", numerator=None)

    def test_not_converted(self):
        row = self.one("spend", *WEEK, fx="none")
        self.assert_row(row, status="mixed_currency", numerator=None, currency=None)
        row = self.one("spend", "2025-01-03", fx="none")
        self.assert_money(row, money("333.333338"), currency="USD")

    def test_missing(self):
        """No rate at all, and one that is too old to serve."""
        self.assert_row(self.one("spend", *WEEK, tenant="poor"), status="fx_missing", value=None,
                        numerator=None, value_micros=None)
        row = self.one("spend", "2025-01-05", tenant="poor", filter="channel:video")
        self.assert_row(row, status="fx_missing")
        # Where nothing has to be converted, nothing is missing.
        rows = self.keyed("spend", "2025-01-05", tenant="poor", currency="USD",
                          by="campaign,channel")
        self.assertEqual({key: row["status"] for key, row in rows.items()},
                         {("google_ads:video1", "video"): "fx_missing"})
        rows = self.read("spend", "2025-01-03", tenant="poor", currency="USD")
        self.assert_money(rows[0], money("333.333338"), currency="USD")

    def test_carried_so_long(self):
        """Seven days, and not eight."""
        self.send("google_ads/old", "report", reports=["daily"], currency="JPY", rows=[
            row_of(day, "old", "display", "old", "1000") for day in ("2025-01-10", "2025-01-11")])
        self.assert_money(self.one("spend", "2025-01-10"),
                          round(money("1000") / Fraction("161.72")), flags="carried_fx")
        self.assert_row(self.one("spend", "2025-01-11"), status="fx_missing")
        self.assert_row(self.one("spend", "2025-01-10", "2025-01-11"), status="fx_missing")

    def test_ratios(self):
        """Money of one currency on both sides needs no rate, that of several does."""
        roas = self.one("roas", "2025-01-03", "2025-01-05", tenant="poor",
                        filter="campaign:google_ads:display1")
        self.assert_row(roas, Fraction(money("1700"), money("583.833333")),
                        numerator="1700", currency="USD", flags="-carried_fx")
        self.assert_row(self.one("roas", *WEEK, tenant="poor"), status="fx_missing")
        self.assert_row(self.one("roas", *WEEK),
                        Fraction(spent(1), spent(0)), currency="EUR", flags="carried_fx")
        self.assert_row(self.one("roas", *WEEK, fx="none"), status="mixed_currency")
        # Money against a count is of a currency, whatever its unit is called.
        dear = self.one("price_of_value", "2025-01-03")
        self.assert_row(dear, Fraction(spent(0, days=("2025-01-03",)), 20 * MICROS),
                        currency="EUR")
        # Cost per something is money, and shown in the one currency.
        cpa = self.one("cpa", "2025-01-03")
        want = spent(0, days=("2025-01-03",))
        self.assert_row(cpa, Fraction(want, 20 * MICROS), currency="EUR",
                        value_micros=str(round(Fraction(want, 20))))

    def test_hours(self):
        self.send("shop/uk", "event", currency="GBP", events=[
            pb.Event(event_id="a%d" % i, type="order",
                     event_time_us=noon_us("2025-01-03") + minute * 60 * MICROS,
                     amounts=harness.amounts(gross_revenue=money(revenue)))
            for i, (minute, revenue) in enumerate(((0, "10.01"), (0, "0.000001"), (61, "5")))])
        rate = Fraction("0.82993")
        rows = [row for row in self.read("gross_revenue", "2025-01-03", grain="hour")
                if row["status"] == "ok" and row["value"]]
        for row, want in zip(rows, ("10.010001", "5"), strict=True):
            self.assert_money(row, round(money(want) / rate), currency="EUR")

    def test_minutes(self):
        """Of the hour that has just gone by."""
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        minute_us = int(now.timestamp()) // 60 * 60 * MICROS
        local = now.astimezone(zoneinfo.ZoneInfo("Europe/Berlin"))
        day = str(local.date())
        self.send("ecb/rates", "market", "restated", rates=[
            rate_item("CHF", str(local.date() - datetime.timedelta(days=1)), "0.93")])
        self.send("shop/ch", "event", "restated", currency="CHF", events=[
            pb.Event(event_id="m%d" % i, type="order", event_time_us=minute_us + i * MICROS,
                     amounts=harness.amounts(gross_revenue=money("3.333333"))) for i in range(2)])
        rows = [row for row in self.read("gross_revenue", day, tenant="restated", grain="minute")
                if row["value"]]
        self.assertEqual(len(rows), 1)
        self.assert_money(rows[0], round(money("6.666666") / Fraction("0.93")),
                          flags="carried_fx", currency="EUR",
                          bucket_start=local.replace(second=0, microsecond=0).isoformat())

    def test_levels(self):
        """A price of another currency, converted at its own day's rate."""
        self.send("market/prices", "market", gauges=[
            pb.Gauge(measure="price_competitor", value=money("20.5"), currency="USD",
                     day=harness.date("2025-01-05"), dims=harness.dims(brand="Rival"),
                     as_of_us=AS_OF)])
        want = round(money("20.5") / Fraction("1.0299"))
        row = self.one("prices", "2025-01-05", "2025-01-06")
        self.assert_money(row, want, currency="EUR", flags="carried_fx")
        row = self.one("prices", "2025-03-05", "2025-03-06")
        self.assert_money(row, want, bucket_start="2025-01-05")
        row = self.one("prices", "2025-01-05", "2025-01-06", currency="USD")
        self.assert_money(row, money("20.5"), currency="USD")

    def test_price_in_another_currency(self):
        """Own revenue in EUR over a mean price in USD."""
        self.send("market/prices", "market", "prices", gauges=[
            pb.Gauge(measure="price_own", value=money("8"), currency="USD",
                     day=harness.date("2025-01-03"), as_of_us=AS_OF)])
        self.send("shop/de", "event", "prices", events=[pb.Event(
            event_id="p", type="order", event_time_us=noon_us("2025-01-03"),
            amounts=harness.amounts(gross_revenue=money("40"), units=4))])
        day = "2025-01-03"
        self.assert_row(self.one("relative_price", day, tenant="prices", fx="none"),
                        status="mixed_currency")
        own = Fraction(round(money("8") / Fraction("1.0299")), MICROS)
        self.assert_row(self.one("relative_price", day, tenant="prices"), 10 / own)
        # Both in USD: the rate is that of the shop's amounts then.
        revenue = Fraction(round(money("40") * Fraction("1.0299")), MICROS)
        self.assert_row(self.one("relative_price", day, tenant="prices", currency="USD"),
                        revenue / 4 / 8)

    def test_restated_rate(self):
        """A corrected rate changes the answer and its tag; nothing else does."""
        query = {"tenant": "restated", "kpi": "spend", "from_": "2025-01-03", "to": "2025-01-03"}

        def tag(**more):
            status, headers, _ = self.daemon.get("/v1/summary", **query, **more)
            self.assertEqual(status, 200)
            return headers["ETag"]
        before, plain = tag(), tag(fx="none")
        status, _, body = self.daemon.get("/v1/summary", headers={"If-None-Match": before}, **query)
        self.assertEqual((status, body), (304, b""))
        self.send("ecb/rates", "market", "restated", rates=[
            rate_item("USD", "2025-01-03", "1.2", AS_OF + 1)])
        self.assertNotEqual(tag(), before)
        self.assertEqual(self.daemon.get("/v1/summary", headers={"If-None-Match": before},
                                         **query)[0], 200)
        self.assert_money(self.one("spend", "2025-01-03", tenant="restated"),
                          round(money("333.333338") / Fraction("1.2")))
        self.assertNotEqual(tag(currency="USD"), tag())
        self.assertNotEqual(tag(fx="2025-01-03"), tag())
        self.assertNotEqual(plain, tag())

    def test_refused(self):
        for name, value, words in (("currency", "eur", "is no ISO 4217 code"),
                                   ("currency", "EURO", "is no ISO 4217 code"),
                                   ("fx", "sometimes", "fx")):
            self.assertIn(words, self.refused(**{name: value, "kpi": "spend"}))


class WithoutRates(ReadingCase):
    def test_refused(self):
        for name, value in (("currency", "USD"), ("fx", "daily"), ("fx", "2025-01-03")):
            text = self.refused(**{name: value, "kpi": "spend"})
            self.assertIn("name no source of exchange rates (fx.source)", text)
        answer = self.answer(kpi="spend", from_="2025-01-03", to="2025-01-03", fx="none")
        self.assertEqual((answer["currency"], answer["fx"]), (None, "none"))


if __name__ == "__main__":
    harness.main()
