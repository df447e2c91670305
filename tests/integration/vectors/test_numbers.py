# SPDX-License-Identifier: Apache-2.0
"""Worked numbers of arithmetic and KPIs (tests/data/vectors.json), sent in and
read from /v1."""

import csv
import datetime
import io
import os
import subprocess
import tempfile
from decimal import Decimal

from vector_case import (DAY, DAY_US, REPORT, VectorCase, amounts, commit, event, harness, noon_us,
                         now_us, nth_day, pb, row, tenant_of)

# Measures that the vectors' names mean; everything else bears the catalogue's name.
MEASURES = {
    "spend_micros": "spend", "conversions_micro": "conversions",
    "conv_value_micros": "conversion_value", "gross_revenue_micros": "gross_revenue",
    "refunds_micros": "refunds", "discounts_micros": "discounts", "cogs_micros": "cogs",
    "video_completes": "video_p100", "email_delivered": "delivered", "email_opens": "opens",
    "email_clicks": "clicks_email", "email_unsub": "unsubscribes",
}
# What an advertising platform reports; the rest happens on the site, in the shop or in mails.
OF_PLATFORM = ("impressions", "clicks", "spend", "conversions", "conversion_value", "engagements",
               "video_starts", "video_p100", "reach")


def micros(major):
    """Major units to micros, exactly; floats as they are written."""
    return int(Decimal(str(major)) * 1_000_000)


class Numbers(VectorCase):
    part = "numbers"

    @classmethod
    def tenants(cls):
        return {**super().tenants(), "decimals_money": "UTC", "decimals_fraction": "UTC"}

    def test_every_kind_is_decided(self):
        self.check_kinds()

    # ---- numbers ----

    def send_texts(self, measure, kind, vectors):
        """One CSV, a line per vector on a day and with a product of its own, through
        `streamgauge send`; what the command said. One line is rejected or more."""
        with tempfile.TemporaryDirectory(prefix="sg-vec-", dir="/tmp") as folder:
            with open(os.path.join(folder, "texts.yaml"), "w", encoding="utf-8") as file:
                file.write("platform: texts\nlabel: Texts\nrevision: 1\nclass: event\n"
                           "formats: [csv]\nevents:\n  - id: id\n    time: time\n"
                           "    dims: {product: id}\n"
                           "    measures:\n      %s: {column: text, kind: %s}\n"
                           % (measure, kind))
            path = os.path.join(folder, "texts.csv")
            with open(path, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                writer.writerow(["id", "time", "text"])
                for i, vector in enumerate(vectors):
                    writer.writerow([vector["id"], "%sT12:00:00Z" % nth_day(i),
                                     vector["input"]["text"]])
            done = subprocess.run(
                [harness.CLI, "send", "--tenant", "decimals_" + kind, "--mapping", "texts",
                 "--mappings", folder, "--to", self.daemon.ports["ingest"], path],
                capture_output=True, text=True, check=False, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def assert_text_refused(self, vector, line, said, products):
        """The sentence of the line names the rule; nothing of it was counted."""
        text = vector["input"]["text"]
        self.assertNotIn(vector["id"], products)
        if not text:
            self.assertIn("1 row holds no value", said)
        elif vector["expect"]["error"] == "MALFORMED":
            self.assertIn(".csv:%d: column `text`: malformed: `%s` is not a decimal number\n"
                          % (line, text), said)
        else:
            self.assertIn(".csv:%d: column `text`: overflow: `%s`: the number does not fit 64 bits\n"
                          % (line, text), said)

    def test_decimal_parse(self):
        """Texts of an exporter's file: exact in JSON and CSV, or refused with a reason."""
        vectors = list(self.vectors("decimal_parse"))
        for measure, kind in (("paid", "money"), ("part", "fraction")):
            said = self.send_texts(measure, kind, vectors)
            query = {"tenant": "decimals_" + kind, "kpi": measure,
                     "from": str(nth_day(len(vectors) - 1)), "to": str(nth_day(0))}
            rows = {one["bucket_start"]: one for one in self.daemon.summary(grain="day", **query)}
            status, _, body = self.daemon.get("/v1/summary.csv", grain="day", **query)
            self.assertEqual(status, 200, body)
            cells = {one["bucket_start"]: one for one in csv.DictReader(io.StringIO(body.decode()))}
            products = {one["product"] for one in self.daemon.summary(by="product", **query)}
            total = 0
            for i, vector in enumerate(vectors):
                with self.subTest(id=vector["id"], kind=kind):
                    if "error" in vector["expect"]:
                        self.assert_text_refused(vector, i + 2, said, products)
                        continue
                    want = vector["expect"]["value"]
                    total += want
                    self.assertEqual(vector["input"]["scale"], 6)
                    for one in (rows[str(nth_day(i))], cells[str(nth_day(i))]):
                        self.assertEqual(one["status"], "ok")
                        self.assertEqual(Decimal(one["numerator"]) * 1_000_000, want)
                        if kind == "money":
                            self.assertEqual(one["value_micros"], str(want))
            whole = self.daemon.summary(**query)[0]["numerator"]
            self.assertEqual(Decimal(whole) * 1_000_000, total)

    def test_int128_sum(self):
        """A value per day; once as one signed count, once as revenue and refunds."""
        for vector in self.vectors("int128_sum"):
            with self.subTest(id=vector["id"]):
                tenant, values = tenant_of(vector), vector["input"]["values"]
                self.assertEqual(sum(values), int(vector["expect"]["sum"]))
                self.book_events(tenant, [event("s%d" % i, noon_us(nth_day(i)), {"steps": value})
                                          for i, value in enumerate(values)])
                self.book_events(tenant, [
                    event("m%d" % i, noon_us(nth_day(i)),
                          {"gross_revenue": value} if value >= 0 else {"refunds": -value})
                    for i, value in enumerate(values)])
                first, last = nth_day(len(values) - 1), nth_day(0)
                for kpi, scale in (("steps", 1), ("net_revenue", 1_000_000)):
                    for i, value in enumerate(values):
                        text = self.sum_of(tenant, kpi, nth_day(i))
                        self.assertEqual(Decimal(text) * scale, value, kpi)
                    answer = self.one(tenant, kpi, first, last)
                    if vector["expect"]["fits_int64"]:
                        self.assertEqual(answer["status"], "ok")
                        self.assertEqual(Decimal(answer["numerator"]) * scale,
                                         int(vector["expect"]["sum"]), kpi)
                    else:
                        self.assertEqual(answer["status"], "overflow")
                        for column in ("value", "value_micros", "numerator"):
                            self.assertIsNone(answer[column], kpi)

    def test_double_exactness(self):
        """Micros travel as text: one above 2^53 arrives to the last digit."""
        for vector in self.vectors("double_exactness"):
            tenant, value = tenant_of(vector), int(vector["input"]["value"])
            self.book_events(tenant, [event("a", noon_us(DAY), {"gross_revenue": value})])
            answer = self.one(tenant, "gross_revenue", DAY)
            self.assertEqual(answer["value_micros"], vector["input"]["value"])
            self.assertEqual(Decimal(answer["numerator"]) * 1_000_000, value)

    # ---- KPIs ----

    def book_catalogue(self, tenant, measures):
        """All measures of a vector on one day: the platform's as a row, the shop's and
        the site's as events; spend beyond the platform's is booked on another channel."""
        named = {MEASURES.get(key, key): value for key, value in measures.items()}
        elsewhere = named.pop("total_spend_micros") - named["spend"]
        delivered = {name: named.pop(name) for name in OF_PLATFORM}
        read_us = now_us()
        for source, values, channel in (("google_ads/1", delivered, "paid_search"),
                                        ("booking/tv", {"spend": elsewhere}, "tv")):
            self.book_rows(tenant, [row(DAY, values, channel=channel, as_of_us=read_us)],
                           [commit(DAY, 1, read_us)], source=source)
        self.book_events(tenant, [event(name, noon_us(DAY), {name: value},
                                        dims=harness.dims(channel="paid_search"))
                                  for name, value in named.items()],
                         heartbeat_us=noon_us(DAY) + DAY_US)

    def book_profit(self, tenant, given):
        """What poas and roi are made of."""
        self.book_events(tenant, [event("a", noon_us(DAY), {
            "gross_revenue": micros(given["net_revenue"]), "cogs": micros(given["cogs"])})])
        self.book_rows(tenant, [row(DAY, {"spend": micros(given["spend"])})])

    def test_kpi_ratio(self):
        for vector in self.vectors("kpi_ratio"):
            with self.subTest(id=vector["id"]):
                tenant, given = tenant_of(vector), vector["input"]
                kpi = vector.get("kpi", vector["id"].split(".")[1])
                query = {}
                if "measures" in given:
                    self.book_catalogue(tenant, given["measures"])
                    if given["num"] * 1_000_000 == given["measures"]["spend_micros"]:
                        query["filter"] = "channel:paid_search"
                elif "net_revenue" in given:
                    self.book_profit(tenant, given)
                else:
                    self.assert_zero_den(vector)
                    continue
                answer = self.one(tenant, kpi, DAY, **query)
                self.assert_value(vector, answer)
                if "num" in given:
                    self.assertEqual(Decimal(answer["numerator"]), Decimal(str(given["num"])))
                    self.assertEqual(Decimal(answer["denominator"]), Decimal(str(given["den"])))

    def assert_zero_den(self, vector):
        """A known denominator of 0, of events and of report rows."""
        tenant, given = tenant_of(vector), vector["input"]
        self.book_events(tenant, [event("a", noon_us(DAY), {
            "add_to_carts": given["num"], "sessions": given["den"]})])
        self.book_rows(tenant, [row(DAY, {"clicks": given["num"], "impressions": given["den"]})])
        for kpi in ("cart_rate", "ctr"):
            answer = self.one(tenant, kpi, DAY)
            self.assert_value(vector, answer)
            self.assertEqual((answer["numerator"], answer["denominator"]),
                             (str(given["num"]), str(given["den"])))

    def test_kpi_linear(self):
        for vector in self.vectors("kpi_linear"):
            with self.subTest(id=vector["id"]):
                tenant, given = tenant_of(vector), vector["input"]
                if "micros" not in vector["expect"]:
                    self.book_profit(tenant, given)
                    self.assert_value(vector, self.one(tenant, "roi", DAY))
                    continue
                self.book_events(tenant, [
                    event("o", noon_us(DAY), {"gross_revenue": given["gross_micros"]}),
                    event("r", noon_us(DAY), {"refunds": given["refunds_micros"]})])
                answer = self.one(tenant, "net_revenue", DAY)
                self.assertEqual((answer["status"], answer["value_micros"]),
                                 ("ok", str(vector["expect"]["micros"])))

    def test_kpi_merge(self):
        """Cells of two days and of two campaigns: a ratio of sums."""
        for vector in self.vectors("kpi_merge"):
            with self.subTest(id=vector["id"]):
                tenant, cells = tenant_of(vector), vector["input"]["cells"]
                self.book_rows(tenant, [row(nth_day(i), cell) for i, cell in enumerate(cells)])
                answer = self.one(tenant, "ctr", nth_day(len(cells) - 1), DAY)
                self.assert_value(vector, answer, "ctr")
                day = nth_day(len(cells))
                self.book_rows(tenant, [row(day, cell, "c%d" % i) for i, cell in enumerate(cells)])
                self.assert_value(vector, self.one(tenant, "ctr", day), "ctr")

    def test_share(self):
        for vector in self.vectors("share"):
            with self.subTest(id=vector["id"]):
                tenant, given = tenant_of(vector), vector["input"]
                if "claimed" in given:
                    for platform, claimed in given["claimed"].items():
                        self.book_rows(tenant, [row(DAY, {"conversions": micros(claimed)})],
                                       source=platform + "/1")
                    self.book_share(tenant, {"orders": given["observed"]})
                elif "discounts" in given:
                    gross = Decimal(str(given["list_value"])) - Decimal(str(given["discounts"]))
                    self.book_share(tenant, {
                        "orders": given["orders"], "orders_promo": given["orders_with_promo"],
                        "discounts": micros(given["discounts"]), "gross_revenue": micros(gross)})
                    for kpi, key in (("promo_order_share", "promo_order_share"),
                                     ("discount_rate", "discount_depth")):
                        self.assert_value(vector, self.one(tenant, kpi, DAY), key)
                    continue
                elif "category_total" in given:
                    self.book_brands(tenant, "mentions", {
                        "Acme": given["own"], "others": given["category_total"] - given["own"]})
                elif "all" in given:
                    self.book_brands(tenant, "searches", {
                        name: value for name, value in zip(("Acme", "b", "c", "d"), given["all"])})
                elif "start" in given:
                    self.book_growth(tenant, given)
                else:
                    self.book_brands(tenant, None, given)
                self.assert_value(vector, self.one(tenant, self.kpi_of(vector), DAY))

    def kpi_of(self, vector):
        """Which share of voice it is, is part of the KPI's id."""
        kpi = vector.get("kpi", vector["id"].split(".")[1])
        return "share_of_voice_mentions" if kpi == "share_of_voice" else kpi

    def book_share(self, tenant, values):
        self.book_events(tenant, [event("a", noon_us(DAY), values)])

    def book_brands(self, tenant, measure, values):
        """A measure by brand; without one, sentiment of the own brand."""
        date = harness.date(str(DAY))
        cells = [({"brand": brand}, {measure: value}) for brand, value in values.items()]
        if not measure:
            cells = [({}, {"mentions_" + name: value for name, value in values.items()})]
        self.book_market(tenant, rows=[
            pb.ReportRow(report=REPORT, key=harness.dims(**key), amounts=amounts(measures),
                         as_of_us=now_us(), to=date, **{"from": date})
            for key, measures in cells])

    def book_growth(self, tenant, given):
        """The level of the day before, and what came and went on the day."""
        self.book_market(tenant, gauges=[pb.Gauge(
            measure="followers", value=given["start"], as_of_us=now_us(),
            day=harness.date(str(nth_day(1))))])
        self.book_rows(tenant, [row(DAY, {"followers_gained": given["gained"],
                                          "followers_lost": given["lost"]})])

    # ---- money ----

    def rate(self, currency, rate_e12, day=DAY):
        return pb.FxRate(base_currency="EUR", quote_currency=currency, rate_e12=rate_e12,
                         day=harness.date(str(day)), as_of_us=now_us())

    def book_mixed(self, tenant, cells):
        """Two currencies in one sum: of two accounts, and of one shop's orders."""
        for cell in cells:
            self.book_rows(tenant, [row(DAY, {"spend": cell["micros"]})],
                           source="google_ads/" + cell["ccy"], currency=cell["ccy"])
        self.book_events(tenant, [pb.Event(
            event_id=cell["ccy"], event_time_us=noon_us(DAY), amounts=[pb.Amount(
                measure="gross_revenue", value=cell["micros"], currency=cell["ccy"])])
            for cell in cells])

    def book_amount(self, tenant, micros_, currency):
        self.book_mixed(tenant, [{"ccy": currency, "micros": micros_}])

    def assert_money(self, vector, **query):
        """Of report rows and of events, in JSON and CSV."""
        tenant = tenant_of(vector)
        for kpi in ("spend", "gross_revenue"):
            answer = self.one(tenant, kpi, DAY, **query)
            status, _, body = self.daemon.get("/v1/summary.csv", tenant=tenant, kpi=kpi,
                                              from_=str(DAY), to=str(DAY), **query)
            self.assertEqual(status, 200, body)
            line = next(csv.DictReader(io.StringIO(body.decode())))
            self.assertEqual((line["status"], line["value_micros"]),
                             (answer["status"], answer["value_micros"] or ""))
            if "micros" in vector["expect"]:
                self.assertEqual((answer["status"], answer["value_micros"]),
                                 ("ok", str(vector["expect"]["micros"])))
                self.assertEqual(answer["currency"], query["currency"])
            else:
                self.assert_value(vector, answer)
                self.assertIsNone(answer["currency"])

    def test_fx(self):
        for vector in self.vectors("fx"):
            with self.subTest(id=vector["id"]):
                tenant, given = tenant_of(vector), vector["input"]
                if "cells" in given:
                    self.book_mixed(tenant, given["cells"])
                    self.assert_money(vector, fx="none")
                    continue
                if "eur_gbp_e12" in given:
                    rates = [self.rate("GBP", given["eur_gbp_e12"]),
                             self.rate("JPY", given["eur_jpy_e12"])]
                    self.book_amount(tenant, given["micros"], "GBP")
                    query = {"currency": "JPY"}
                elif "rate_e12" in given:
                    rates = [self.rate("USD", given["rate_e12"])]
                    self.book_amount(tenant, given["micros"], "EUR")
                    query = {"currency": "USD"}
                else:
                    age = (datetime.date.fromisoformat(given["date"])
                           - datetime.date.fromisoformat(given["last_rate_date"])).days
                    rates = [self.rate("USD", 10 ** 12, nth_day(age))]
                    self.book_amount(tenant, 5, "EUR")
                    query = {"currency": "USD"}
                self.book_market(tenant, rates=rates, source="ecb/rates")
                self.assert_money(vector, **query)


if __name__ == "__main__":
    harness.main()
