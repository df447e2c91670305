# SPDX-License-Identifier: Apache-2.0
"""Writes the kept state anew: events, restated and withdrawn rows, waves with
corrections, tables, levels, rates, rejected items, of two tenants. Called by
tests/data/state/make.sh."""

import json
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
import kept  # noqa: E402
from harness import pb  # noqa: E402

DAY_US = 86_400_000_000
START_US = 1_769_900_400_000_000  # 2026-02-01T00:00:00+01:00
READ_US = START_US + 70 * DAY_US  # when reports were read
EXTRA = """\
fx: {source: ecb/eurofxref, base: EUR, max_carry_days: 7}
privacy: {k: 5}
emit: {every_seconds: 0}
kpis:
  preset: default
  add:
    followers_level: {stage: engagement, expr: followers, unit: count}
    price_level: {stage: market, expr: price_competitor, unit: money}
rules:
  orientation:
    - {when: {name: "Brand*"}, set: upstream}
    - {when: {objective: SALES}, set: downstream}
"""
TENANTS = {"demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}",
           "nippon": "{time_zone: Asia/Tokyo, currency: JPY}"}
BRANDS = ("Acme", "Birch")


def day(number):
    """The number-th day of the range."""
    month, rest = (2, number) if number < 28 else (3, number - 28)
    return harness.date("2026-%02d-%02d" % (month, rest + 1))


def declared(kind, *reports, **fields):
    return pb.Declaration(**{"class": kind}, **fields,
                          reports=[pb.Report(id=report, level="campaign", rollup=True)
                                   for report in reports])


def commit(report, first, last, rows, as_of, **fields):
    return pb.SliceCommit(report=report, **{"from": first}, to=last, complete=True, rows=rows,
                          as_of_us=as_of, **fields)


def shop(client, rng, tenant, currency):
    client.hello("shop/one", tenant=tenant, declaration=declared(
        pb.Declaration.EVENT, currency=currency))
    orders = []
    for number in range(40):
        at = START_US + number * DAY_US + rng.randrange(DAY_US)
        orders.append(pb.Event(
            event_id="o%d" % number, event_time_us=at, type="order",
            amounts=harness.amounts(gross_revenue=rng.randrange(10**6, 10**8),
                                    units=rng.randrange(1, 4)),
            dims=harness.dims(channel=rng.choice(("email", "direct")),
                              country=rng.choice(("DE", "US")),
                              product=rng.choice(("shoe", "hat", "")))))
        orders.append(pb.Event(event_id="s%d" % number, event_time_us=at, type="session"))
        if number % 9 == 0:
            orders.append(pb.Event(event_id="r%d" % number, event_time_us=at, type="refund",
                                   amounts=harness.amounts(refunds=5_000_000)))
    client.batch(events=orders[:30] + orders[:2])
    client.batch(events=orders[30:] + [pb.Event(event_id="x", event_time_us=READ_US,
                                                amounts=harness.amounts(no_measure=1))])
    client.batch(heartbeats=[pb.Heartbeat(complete_through_us=START_US + 59 * DAY_US)])


def row(number, campaign, as_of, label, channel, **values):
    return pb.ReportRow(
        report="campaign_daily", **{"from": day(number)}, as_of_us=as_of,
        key=harness.dims(campaign=campaign), amounts=harness.amounts(**values),
        dims=harness.dims(channel=channel, country="DE"),
        labels=harness.dims(campaign=label, **{"campaign.objective": "SALES"}))


def ads(client, rng):
    """Two readings of each day: the second restates, moves and leaves out."""
    client.hello("google_ads/7", declaration=declared(
        pb.Declaration.REPORT, "campaign_daily", currency="EUR"))
    names = {"11": "Brand film", "12": "Prospecting", "13": "Sale"}
    for reading in (0, 1):
        for number in range(0, 40, 2):
            as_of = READ_US + reading * DAY_US
            rows = [row(number, campaign, as_of, name,
                        "video" if campaign == "11" and reading else "paid_search",
                        impressions=rng.randrange(10**4, 10**5), clicks=rng.randrange(10**3),
                        spend=rng.randrange(10**8), conversions=rng.randrange(10**7))
                    for campaign, name in names.items() if not reading or campaign != "13"]
            client.batch(rows=rows, commits=[
                commit("campaign_daily", day(number), day(number), len(rows), as_of)])
    client.batch(rows=[row(1, "12", READ_US, "Prospecting", "nowhere", clicks=1),
                       row(3, "12", READ_US, "Prospecting", "display", clicks=77)])
    client.batch(commits=[commit("campaign_daily", day(38), day(38), 0, READ_US + 3 * DAY_US,
                                 forget=True)])


def answer(rng, number, wave, as_of, study, answers):
    return pb.SurveyResponse(
        response_id="p%d" % number, study=study, **{"from": wave[0]}, to=wave[1], as_of_us=as_of,
        weight_micros=rng.randrange(500_000, 2_000_000),
        dims=harness.dims(segment="young" if number % 3 else "old"), answers=answers)


def interview(rng):
    answers = []
    for brand in BRANDS:
        known = rng.random() < 0.6
        answers.append(pb.Answer(item="aided", brand=brand, options=["yes" if known else "no"]))
        if known:
            answers.append(pb.Answer(item="consider", brand=brand,
                                     options=[rng.choice(("yes", "no"))]))
    return answers


def panel(client, rng):
    """Two waves; the first is delivered again, with corrections and without one."""
    client.hello("panel/one", declaration=declared(
        pb.Declaration.SURVEY, "tracker", "nps", "csat"))
    waves = ((day(0), day(27)), (day(28), day(55)))
    for at, (wave, people) in enumerate(((waves[0], 30), (waves[1], 30), (waves[0], 29))):
        as_of = READ_US + at * DAY_US
        for study, answers in (
                ("tracker", lambda: interview(rng)),
                ("nps", lambda: [pb.Answer(item="recommend", options=[str(rng.randrange(11))])])):
            client.batch(
                responses=[answer(rng, n, wave, as_of, study, answers()) for n in range(people)],
                commits=[commit(study, *wave, people, as_of)])
    wave = {"from": waves[1][0], "to": waves[1][1]}
    client.batch(aggregates=[
        pb.SurveyAggregate(study="csat", **wave, item="satisfaction", option=str(mark), n=400,
                           weight_squared_micros=520_000_000, option_weight_micros=mark * 20 * 10**6,
                           as_of_us=READ_US) for mark in range(1, 6)],
        responses=[answer(rng, 1, waves[1], READ_US + 9, "nps", []),
                   pb.SurveyResponse(response_id="bad", study="nps", **wave, as_of_us=READ_US,
                                     weight_micros=-1)])


def market(client, rng):
    client.hello("market/web", declaration=declared(pb.Declaration.MARKET, "searches"))
    client.batch(
        rows=[pb.ReportRow(report="searches", **{"from": day(n)}, as_of_us=READ_US,
                           key=harness.dims(brand=brand),
                           amounts=harness.amounts(searches=rng.randrange(10**3, 10**4)))
              for n in range(0, 56, 7) for brand in BRANDS],
        gauges=[pb.Gauge(measure=measure, day=day(n), as_of_us=READ_US, dims=harness.dims(brand=brand),
                         value=rng.randrange(1, 10**8))
                for n in range(0, 56, 7) for brand in BRANDS
                for measure in ("price_competitor", "followers")])
    client.batch(gauges=[pb.Gauge(measure="price_competitor", day=day(49), value=20_000_000,
                                  as_of_us=READ_US + DAY_US, dims=harness.dims(brand="Birch"))])


def rates(client, rng):
    client.hello("ecb/eurofxref", declaration=declared(pb.Declaration.MARKET))
    client.batch(rates=[pb.FxRate(base_currency="EUR", quote_currency="USD", day=day(n),
                                  rate_e12=10**12 + rng.randrange(10**11), as_of_us=READ_US)
                        for n in range(50) if n % 7 < 5])


def main():
    rng = random.Random(1)
    daemon = harness.Daemon(harness.config(TENANTS, EXTRA))
    try:
        daemon.start()
        for feed in (ads, panel, market, rates):
            with harness.Client(daemon) as client:
                feed(client, rng)
        for tenant, currency in (("demo", "USD"), ("nippon", "JPY")):
            with harness.Client(daemon) as client:
                shop(client, rng, tenant, currency)
        found = kept.answers(daemon)
        printed = subprocess.run([harness.CLI, "print-config", daemon.config], check=True,
                                 capture_output=True, text=True).stdout
        if daemon.stop() != 0:
            raise AssertionError(daemon.log())
        shutil.rmtree(os.path.join(kept.DIR, "redis"), ignore_errors=True)
        shutil.copytree(os.path.join(daemon.state, "redis"), os.path.join(kept.DIR, "redis"))
        shutil.copy(os.path.join(daemon.state, "version"), kept.DIR)
        with open(kept.SETTINGS, "w", encoding="utf-8") as file:
            file.write(printed.replace(os.path.join(harness.SOURCE, "config", "mappings"),
                                       kept.MAPPINGS))
        with open(kept.ANSWERS, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, sort_keys=True)
            file.write("\n")
    finally:
        daemon.close()


if __name__ == "__main__":
    main()
