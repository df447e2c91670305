# SPDX-License-Identifier: Apache-2.0
"""Random queries over items of every kind, compared row by row, value, unit, bucket,
status and flag, with oracle.py; then again after late events and restated rows. Days
around changes of the year, of the offset and the 29th of February; sources that stop,
have gaps, other zones and currencies. SG_SEED gives other items and queries, SG_QUERIES
more of them."""

import datetime
import os
import random
import time
from fractions import Fraction
from zoneinfo import ZoneInfo

import oracle
from oracle import DAY, KPIS, MONEY, SETS, Item, Source, World
from reading_case import CLASSES, ReadingCase, harness, pb, period

SEED = int(os.environ.get("SG_SEED", "7"))
QUERIES = int(os.environ.get("SG_QUERIES", "40"))
DATE = datetime.date
ZONES = {"berlin": ("Europe/Berlin", "EUR"), "island": ("Australia/Lord_Howe", "GBP")}
CHANNELS = ("paid_search", "display", "email", "video")
COUNTRIES = ("DE", "AT", "NL")
VALUES = {"channel": CHANNELS + ("tv", oracle.NONE), "country": COUNTRIES + ("XX", oracle.NONE),
          "campaign": ("google_ads:0", "meta_ads:1", "tiktok_ads:0", "none:1", oracle.NONE),
          "product": ("shoe", oracle.NONE), "region": ("north", "south"),
          "media": ("radio", oracle.NONE)}
STRETCHES = ((DATE(2023, 12, 28), 8), (DATE(2024, 2, 26), 6), (DATE(2025, 12, 27), 9),
             (DATE(2026, 3, 27), 12), (DATE(2026, 10, 1), 6), (DATE(2026, 10, 23), 5))
COLUMNS = ("tenant", "stage", "stage_order", "orientation", "kpi", "unit", "direction", "layer",
           "grain", "bucket_start", "bucket_end", "time_zone", "status", "complete_through",
           "final_through", "sources", "n", "value_micros")


def us_now():
    return time.time_ns() // 1000


AS_OF = us_now() - oracle.MINUTE_US


class Book:
    """Sends to a tenant and writes down for the oracle what it sent."""

    def __init__(self, daemon, tenant, rng):
        self.daemon, self.tenant, self.rng = daemon, tenant, rng
        self.world = World(*ZONES[tenant], max_carry_days=3)
        self.today = self.world.local(us_now()).date()
        self.days = [first + DAY * i for first, count in STRETCHES for i in range(count)]
        self.days += [self.today - DAY * i for i in range(8)]
        self.days = [day for day in sorted(set(self.days)) if day <= self.today]
        self.ids = 0

    def source(self, name, kind, zone=None, currency=None, cadence_hours=24, final_after_days=0):
        world = self.world
        source = Source(name, kind, zone or world.zone_name, currency or world.currency,
                        cadence_hours, final_after_days)
        world.sources[name] = source
        return source

    def send(self, source, **lists):
        declaration = pb.Declaration(
            **{"class": CLASSES[source.kind]}, currency=source.currency, time_zone=source.zone,
            cadence_hours=source.cadence_hours, final_after_days=source.final_after_days,
            reports=[pb.Report(id="r", level="campaign", rollup=True)] * (source.kind == "report"))
        with harness.Client(self.daemon) as client:
            client.hello(source.name, tenant=self.tenant, instance=os.urandom(16),
                         take_over=pb.Hello.FORCE, declaration=declaration)
            ack = client.batch(**lists)
        assert ack.accepted == sum(map(len, lists.values())), (source.name, ack)
        source.received_us = us_now()

    def note(self, source, dims, measures, day, days, us):
        source.met(day, day + DAY * max(days - 1, 0), measures)
        for measure, value in measures.items():
            currency = source.currency if measure in MONEY else ""
            if isinstance(value, tuple):
                value, currency = value
            self.world.items.append(
                Item(source.name, dims, measure, currency, value, day, days, us))

    def event(self, source, us, dims, measures):
        self.ids += 1
        self.note(source, dims, measures, self.world.local(us).date(), 0, us)
        pairs = {name: value if isinstance(value, tuple) else (value, "")
                 for name, value in measures.items()}
        return pb.Event(event_id=str(self.ids), event_time_us=us, dims=harness.dims(**dims),
                        amounts=[pb.Amount(measure=name, value=value, currency=currency)
                                 for name, (value, currency) in pairs.items()])

    def row(self, source, day, key, dims, measures, days=1, hour=None, as_of=AS_OF):
        platform = source.name.split("/")[0]
        booked = {**dims, **{name: f"{platform}:{value}" if name == "campaign" else value
                             for name, value in key.items()}}
        us = None
        if hour is not None:
            at = datetime.datetime.combine(day, datetime.time(hour), ZoneInfo(source.zone))
            us = int(at.timestamp()) * 10 ** 6
        self.note(source, booked, measures, day, 0 if us else days, us)
        return pb.ReportRow(report="r", key=harness.dims(**key), dims=harness.dims(**dims),
                            amounts=harness.amounts(**measures), as_of_us=as_of,
                            hour_plus_1=0 if hour is None else hour + 1,
                            **period(day.isoformat(), (day + DAY * (days - 1)).isoformat()))

    def commit(self, source, day, rows, days=1):
        over = datetime.datetime.combine(day + DAY * days, datetime.time(), ZoneInfo(source.zone))
        if int(over.timestamp()) * 10 ** 6 <= AS_OF:
            source.complete |= {day + DAY * i for i in range(days)}
        return pb.SliceCommit(report="r", complete=True, rows=rows, as_of_us=AS_OF,
                              **period(day.isoformat(), (day + DAY * (days - 1)).isoformat()))

    def money(self):
        return self.rng.choice((self.rng.randrange(1, 10 ** 9), 1_500_000, 0))

    def instant(self, day):
        """Some instant of the day that has passed; None where none has."""
        start = self.world.day_start(day)
        end = min(self.world.day_start(day + DAY), us_now() - 2 * oracle.MINUTE_US)
        return self.rng.randrange(start, end) if end > start else None

    # ---- what there is ----

    def fill(self):
        self.shop()
        self.sessions()
        self.ads("google_ads/1", self.world.currency, self.world.zone_name, 0, 30)
        self.ads("meta_ads/2", "USD", "America/Los_Angeles", 0, 0)
        self.ads("old_ads/9", "EUR", self.world.zone_name, 30, 3)
        self.weeks()
        self.months()
        self.hours()
        self.rates()

    def shop(self):
        source, rng, events = self.source("shop/eu", "event", final_after_days=3), self.rng, []
        for day in self.days * 3:
            us = self.instant(day)
            if us is None or rng.random() < 0.2:
                continue
            dims = {name: rng.choice(VALUES[name][:-1]) for name in ("channel", "product")
                    if rng.random() < 0.8}
            dims["country"] = rng.choice(COUNTRIES)
            currency = rng.choice((self.world.currency, self.world.currency, "GBP", "SEK"))
            measures = {"orders": rng.randrange(1, 40), "gross_revenue": (self.money(), currency)}
            for name in ("cogs", "discounts"):
                if rng.random() < 0.5:
                    measures[name] = (self.money(), currency)
            for name in ("new_customers", "orders_repeat"):
                if rng.random() < 0.5:
                    measures[name] = rng.randrange(1, 15)
            if rng.random() < 0.2:
                measures = {"refunds": (self.money(), currency)}
            events.append(self.event(source, us, dims, measures))
        self.send(source, events=events)
        # Everything but two days of October; today as far as an hour ago.
        spans = [(self.days[0], DATE(2026, 10, 23)), (DATE(2026, 10, 26), self.today)]
        beats = []
        for first, last in spans:
            through = min(self.world.day_start(last + DAY), us_now() - 60 * oracle.MINUTE_US)
            beats.append(pb.Heartbeat(complete_from_us=self.world.day_start(first),
                                      complete_through_us=through))
            source.complete |= {day for day in oracle.days_of(first, last)
                                if self.world.day_start(day + DAY) <= through}
            source.declared_us = through
        self.send(source, heartbeats=beats)

    def sessions(self):
        source, events = self.source("web/x", "event"), []
        for day in self.days * 2:
            us = self.instant(day)
            if us is not None:
                events.append(self.event(
                    source, us, {"channel": self.rng.choice(CHANNELS)},
                    {"sessions": self.rng.randrange(300), "add_to_carts": self.rng.randrange(90)}))
        self.send(source, events=events)

    def ads(self, name, currency, zone, stopped, final_after_days):
        source, rng = self.source(name, "report", zone, currency,
                                  final_after_days=final_after_days), self.rng
        rows, commits = [], []
        for day in self.days:
            if day >= self.today - DAY * stopped:
                continue
            places = {(rng.randrange(4), rng.choice(COUNTRIES)) for _ in range(rng.randrange(4))}
            for campaign, country in sorted(places):
                measures = {"spend": self.money(), "impressions": rng.randrange(3000),
                            "clicks": rng.randrange(90)}
                if name != "meta_ads/2":
                    measures["conversions"] = rng.randrange(3 * 10 ** 7)
                    measures["conversion_value"] = self.money()
                rows.append(self.row(source, day, {"campaign": str(campaign), "country": country},
                                     {"channel": CHANNELS[campaign]}, measures))
            if rng.random() < 0.93:
                commits.append(self.commit(source, day, len(places)))
        self.send(source, rows=rows, commits=commits)

    def weeks(self):
        source = self.source("mmm/1", "report", cadence_hours=168)
        rows, commits = [], []
        for day in oracle.days_of(DATE(2023, 12, 21), self.today - DAY * 7)[::7]:
            if {day, day + DAY * 6} & set(self.days):
                rows.append(self.row(source, day, {"region": "north", "media": "radio"},
                                     {"channel": "video"}, {"spend": self.money()}, days=7))
                commits.append(self.commit(source, day, 1, days=7))
        self.send(source, rows=rows, commits=commits)

    def months(self):
        source = self.source("agency/1", "report", cadence_hours=744)
        firsts = [DATE(year, month, 1) for year in (2024, 2025, 2026) for month in (1, 2, 4, 10)]
        self.send(source, rows=[
            self.row(source, day, {"invoice": "1"}, {}, {"fees": self.money()},
                     days=((day + DAY * 31).replace(day=1) - day).days) for day in firsts])

    def hours(self):
        source = self.source("tiktok_ads/3", "report")
        rows, commits = [], []
        for day in self.days:
            if day < self.today:
                rows += [self.row(source, day, {"campaign": "0"}, {"channel": "video"},
                                  {"spend": self.money(), "engagements": 5}, hour=hour)
                         for hour in (4, 17)]
                commits.append(self.commit(source, day, 2))
        self.send(source, rows=rows, commits=commits)

    def rates(self):
        source, rates = self.source("ecb/rates", "market", "UTC", "EUR"), []
        for day in oracle.days_of(self.days[0], self.today):
            if day.weekday() > 4 or self.rng.random() < 0.2:
                continue
            source.met(day, day, ())
            for currency in ("GBP", "USD"):
                rate = self.rng.randrange(5 * 10 ** 11, 15 * 10 ** 11)
                self.world.rates[currency, day] = rate
                rates.append(pb.FxRate(base_currency="EUR", quote_currency=currency, rate_e12=rate,
                                       day=harness.date(day.isoformat()), as_of_us=AS_OF))
        self.send(source, rates=rates)

    def change(self):
        """Events of declared days, and rows that are new to final ones."""
        shop, day = self.world.sources["shop/eu"], self.today - DAY * 3
        shop.late.add(day)
        self.send(shop, events=[self.event(shop, self.instant(day), {"channel": "email"},
                                           {"orders": 3, "gross_revenue": self.money()})])
        ads = self.world.sources["google_ads/1"]
        days = [day for day in (DATE(2024, 2, 29), DATE(2026, 1, 1)) if day in ads.complete]
        ads.restated |= set(days)
        self.send(ads, rows=[self.row(ads, day, {"campaign": "late"}, {"channel": "email"},
                                      {"spend": 777, "clicks": 5}, as_of=AS_OF + 1)
                             for day in days])

    # ---- what is asked ----

    def query(self):
        rng = self.rng
        grain = rng.choice(("total", "day", "week", "month", "hour"))
        query = {"tenant": self.tenant, "grain": grain}
        turn = rng.random()
        if turn < 0.7 or grain == "hour":
            query["from_"] = rng.choice(self.days) + DAY * rng.randrange(-5, 6)
            query["to"] = query["from_"] + DAY * rng.choice((0, 1, 3 if grain == "hour" else 60))
        elif turn < 0.9:
            query["last"] = f"{rng.randrange(1, 30)}{rng.choice('dwm')}"
        else:
            query["this"] = rng.choice(("week", "month", "year"))
        dims = list(rng.choice(SETS))
        rng.shuffle(dims)
        cut = rng.randrange(len(dims) + 1)
        if dims[:cut]:
            query["by"] = ",".join(dims[:cut])
        if dims[cut:]:
            query["filter"] = [f"{dim}:{','.join(rng.sample(VALUES[dim], 2))}"
                               for dim in dims[cut:]]
        if rng.random() < 0.3:
            query["currency"] = rng.choice(("EUR", "GBP", "USD", "SEK"))
        if rng.random() < 0.3:
            query["fx"] = rng.choice(("none", "2026-10-26", "2024-02-29"))
        query["kpi"] = ",".join(rng.sample(sorted(KPIS), 4))
        return query


class RandomQueries(ReadingCase):
    tenants = {name: f"{{time_zone: {zone}, currency: {currency}}}"
               for name, (zone, currency) in ZONES.items()}
    extra = ("retention: {minute: 31d, hour: 3000d}\n"
             "fx: {source: ecb/rates, base: EUR, max_carry_days: 3}\n")

    @classmethod
    def fill(cls):
        rng = random.Random(SEED)
        cls.books = [Book(cls.daemon, tenant, rng) for tenant in cls.tenants]
        for book in cls.books:
            book.fill()
        cls.order = [kpi["kpi"] for kpi in cls.daemon.get_json("/v1/kpis")["kpis"]]
        cls.queries = []
        for _ in range(QUERIES):
            book = rng.choice(cls.books)
            cls.queries.append((book, book.query()))
        # A day of minutes, of them an hour that only a report tells of.
        for book in cls.books:
            day = book.today - DAY * 2
            cls.queries.append((book, {"tenant": book.tenant, "grain": "minute", "from_": day,
                                       "to": day, "kpi": "spend,orders"}))

    def differences(self, have, want):
        for name in COLUMNS:
            if (have[name] or "") != (want[name] or "") and have[name] != want[name]:
                yield name, have[name], want[name]
        if set((have["flags"] or "").split(";")) - {""} != want["flags"]:
            yield "flags", have["flags"], want["flags"]
        currency = want["currency"]
        if have["currency"] not in (currency if isinstance(currency, set) else {currency}):
            yield "currency", have["currency"], currency
        for name in ("numerator", "denominator"):
            if (None if have[name] is None else Fraction(have[name])) != want[name]:
                yield name, have[name], want[name]
        if (have["value"] is None) != (want["value"] is None) or (
                want["value"] and abs(have["value"] / float(want["value"]) - 1) > 1e-14):
            yield "value", have["value"], want["value"]

    def compare(self, book, query):
        """The answer's tag and rows; its rows are the oracle's."""
        asked = {key: value.isoformat() if isinstance(value, DATE) else value
                 for key, value in query.items()}
        kpis = [KPIS[name] for name in self.order if name in query["kpi"].split(",")]
        status, headers, body = self.daemon.get("/v1/summary", **asked)
        self.assertEqual(status, 200, (asked, body[:500]))
        answer = harness.json.loads(body)
        now = datetime.datetime.fromisoformat(answer["computed_at"])
        want = oracle.Answer(book.world, query, kpis, int(now.timestamp()) * 10 ** 6)
        self.assertEqual((answer["from"], answer["to"], answer["held_back_by"],
                          answer["assumed_complete"]),
                         tuple(map(oracle.iso, want.range[:2])) + want.range[2:], asked)
        names = [tuple(row[dim] for dim in want.by) for row in answer["rows"]]
        self.assertEqual(names, [tuple(row[dim] for dim in want.by) for row in want.rows], asked)
        for have, row in zip(answer["rows"], want.rows):
            found = list(self.differences(have, row))
            self.assertEqual(found, [], (asked, row["kpi"], row["bucket_start"],
                                         [row[dim] for dim in want.by]))
        return headers["ETag"], (answer["from"], answer["to"], answer["rows"])

    def test_every_row_is_the_oracles(self):
        self.assertGreaterEqual(len(self.queries), QUERIES)
        before = [self.compare(book, query) for book, query in self.queries]
        for book in self.books:
            book.change()
        changed = 0
        for (book, query), (tag, rows) in zip(self.queries, before):
            now, after = self.compare(book, query)
            changed += after != rows
            if now == tag:
                self.assertEqual(after, rows, (query, "another answer under the same tag"))
        self.assertGreater(changed, 0)


if __name__ == "__main__":
    harness.main()
