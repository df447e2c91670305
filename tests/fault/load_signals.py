# SPDX-License-Identifier: Apache-2.0
"""Upstream signals from a seed: trackers whose waves are delivered again with
corrections, wave tables, levels and exchange rates, two sources of each class
that take them. Some items are rejected, and with them their slice."""


import harness
from harness import pb
from load import Slices, mixed as mixed_ads
from reference_signals import MICROS, Sums, half_even

BRANDS = ("Acme", "Birch", "Cedar")
SEGMENTS = ("young", "old", "")
REGIONS = ("north", "south")
CURRENCIES = ("USD", "CHF", "GBP")
WAVE_DAYS = 28


class Readings(Slices):
    """Slices of items that each belong to one report; drawn items are tuples of
    the method that puts them and what they say."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.read_at = set()
        self.last = None  # an item, to be repeated
        self.signals = self.reference.signals

    def gauge_days(self):
        return [("gauges", self.ago(n), self.ago(n)) for n in (1, 2, 3, 5, 40)]

    def instant(self, as_of):
        """Two readings of a key at one instant would contradict each other."""
        while as_of in self.read_at:
            as_of += 1
        self.read_at.add(as_of)
        return as_of

    def draw(self, place):
        return [item for item in self.items(place[0]) if self.rng.random() < 0.85]

    def put(self, message, place, drawn, as_of, slice_id, again=False):
        as_of = as_of if again else self.instant(as_of)
        self.last = (place, drawn, as_of, slice_id)
        drawn[0](message, place, as_of, slice_id, *drawn[1:])

    def loose(self, as_of):
        rng = self.rng
        message = pb.Batch()
        for at in range(rng.randrange(1, 6)):
            place = rng.choice(self.places)
            age = rng.choice((0, 0, rng.randrange(0, 40_000_000)))
            self.put(message, place, rng.choice(self.items(place[0])), as_of + 900_000 + at - age,
                     "")
        if self.last and rng.random() < 0.3:
            self.put(message, *self.last, again=True)
        return message

    def note_commit(self, place, as_of, rows, spoiled):
        self.signals.commit(self.name, place[0], period_of(place), as_of, rows, spoiled)

    def level(self, message, place, as_of, slice_id, measure, dims, value):
        message.gauges.add(measure=measure, value=value, dims=harness.dims(**dims),
                           day=harness.date(place[1].isoformat()), as_of_us=as_of,
                           slice_id=slice_id)
        self.signals.level(self.name, place[1], as_of, measure, dims, value)


def period_of(place):
    """A wave by both its days, a day by itself."""
    return place[1] if place[1] == place[2] else place[1:]


def wave_fields(place, as_of, slice_id):
    return {"study": place[0], "from": harness.date(place[1].isoformat()),
            "to": harness.date(place[2].isoformat()), "as_of_us": as_of, "slice_id": slice_id}


class Surveys(Readings):
    """Answers (studies tracker and nps), tables (csat and needs), and a score."""

    STUDIES = ("tracker", "nps", "csat", "needs")
    PEOPLE = 25

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        waves = [(self.ago(last + WAVE_DAYS - 1), self.ago(last)) for last in (11, 39, 67)]
        self.places = [(study, *wave) for study in self.STUDIES for wave in waves]
        self.places += self.gauge_days()[:3]

    def declaration(self):
        return pb.Declaration(**{"class": pb.Declaration.SURVEY}, currency=self.currency,
                              reports=[pb.Report(id=study, rollup=True) for study in self.STUDIES])

    def items(self, report):
        return getattr(self, report)()

    def gauges(self):
        return [(self.level, "brand_score", {"segment": segment}, self.rng.randrange(100) * 10**5)
                for segment in SEGMENTS[:2]]

    # ---- answers ----

    def people(self, answers):
        rng = self.rng
        return [(self.response, "r%d" % number, rng.choice(SEGMENTS), answers(),
                 rng.choice((0, rng.randrange(200_000, 3 * MICROS))))
                for number in range(self.PEOPLE)]

    def tracker(self):
        return self.people(self.interview)

    def interview(self):
        rng = self.rng
        answers = []
        for brand in BRANDS:
            aware = rng.random() < 0.6
            answers.append(("aided", brand, ("yes",) if aware else rng.choice(((), ("no",)))))
            if aware:
                answers.append(("consider", brand, rng.choice(((), ("yes",), ("no",)))))
        ticked = tuple(name for name in ("cheap", "kind", "near") if rng.random() < 0.4)
        return answers + [("attributes", BRANDS[0], ticked)]

    def nps(self):
        return self.people(lambda: [("recommend", "", ("%d" % self.rng.randrange(11),))])

    def response(self, message, place, as_of, slice_id, key, segment, answers, weight):
        message.responses.add(
            response_id=key, weight_micros=weight, **wave_fields(place, as_of, slice_id),
            answers=[pb.Answer(item=item, brand=brand, options=options)
                     for item, brand, options in answers],
            dims=harness.dims(segment=segment))
        self.signals.response(self.name, place[0], period_of(place), key, as_of, segment, answers,
                              weight)

    def put_bad(self, message, place, as_of, slice_id):
        if place[0] == "gauges":
            message.gauges.add(measure="brand_score", value=-1, as_of_us=as_of,
                               slice_id=slice_id, day=harness.date(place[1].isoformat()))
        else:
            message.responses.add(response_id="x", weight_micros=-1,
                                  **wave_fields(place, as_of, slice_id))
        self.signals.item(self.name, good=False)

    # ---- tables ----

    def csat(self):
        return self.tables("satisfaction", ("1", "2", "3", "4", "5"))

    def needs(self):
        return self.tables("pains", ("price", "queue", "size"))

    def tables(self, item, options):
        """Of each segment a base, and parts of it."""
        rng = self.rng
        made = []
        for segment in SEGMENTS:
            n = rng.choice((3, rng.randrange(40, 400)))
            weight = n * rng.choice((MICROS, rng.randrange(500_000, 2 * MICROS)))
            squared = half_even(weight * weight * rng.randrange(100, 180), n * 100 * MICROS)
            for option in options:
                chose = rng.randrange(0, weight // len(options))
                own = rng.choice((0, half_even(squared * chose, weight) + 1 if chose else 0))
                made.append((self.aggregate, segment, item, option, Sums(n, weight, squared),
                             (chose, min(own, squared))))
        return made

    def aggregate(self, message, place, as_of, slice_id, segment, item, option, base, chose):
        message.aggregates.add(
            item=item, option=option, dims=harness.dims(segment=segment), n=base.n,
            weight_micros=base.weight, weight_squared_micros=base.squared,
            option_weight_micros=chose[0], option_weight_squared_micros=chose[1],
            **wave_fields(place, as_of, slice_id))
        self.signals.aggregate(self.name, place[0], period_of(place), as_of, segment, item, option,
                               base, chose)


class Market(Readings):
    """Levels of brands, regions and audiences; `rates`: and of money."""

    def __init__(self, *args, rates=False, **more):
        super().__init__(*args, **more)
        self.places = self.gauge_days()
        if rates:
            self.places += [("rates", self.ago(n), self.ago(n)) for n in (1, 2, 4, 6, 12, 33)]

    def declaration(self):
        return pb.Declaration(**{"class": pb.Declaration.MARKET}, currency=self.currency)

    def items(self, report):
        return self.levels() if report == "gauges" else self.rates()

    def levels(self):
        rng = self.rng
        made = [(self.level, "price_competitor", {"brand": brand}, rng.randrange(1, 10**8))
                for brand in BRANDS[1:]]
        made += [(self.level, "search_index", {"region": region},
                  rng.randrange(-4 * MICROS, 4 * MICROS)) for region in REGIONS]
        return made + [(self.level, "followers", {"channel": channel, "country": country},
                        rng.randrange(0, 10_000))
                       for channel in ("email", "paid_social") for country in ("DE", "AT", "")]

    def rates(self):
        return [(self.rate, currency, self.rng.randrange(10**11, 10**13))
                for currency in CURRENCIES]

    def rate(self, message, place, as_of, slice_id, currency, rate_e12):
        message.rates.add(base_currency="EUR", quote_currency=currency, rate_e12=rate_e12,
                          day=harness.date(place[1].isoformat()), as_of_us=as_of,
                          slice_id=slice_id)
        self.signals.rate(self.name, place[1], as_of, currency, rate_e12)

    def put_bad(self, message, place, as_of, slice_id):
        day = harness.date(place[1].isoformat())
        if place[0] == "rates":
            message.rates.add(base_currency="EUR", quote_currency="USD", rate_e12=0, day=day,
                              as_of_us=as_of, slice_id=slice_id)
        else:
            message.gauges.add(measure="followers", value=-1, day=day, as_of_us=as_of,
                               slice_id=slice_id)
        self.signals.item(self.name, good=False)


def signals(seed, reference, now_us=None):
    common = {"now_us": now_us}
    return [Surveys("panel/de", "EUR", seed, reference, **common),
            Surveys("panel/at", "EUR", seed, reference, **common),
            Market("market/web", "EUR", seed, reference, **common),
            Market("ecb/rates", "EUR", seed, reference, rates=True, **common)]


def mixed(seed, reference, now_us=None):
    """The eight feeds of every fault test."""
    return mixed_ads(seed, reference, now_us) + signals(seed, reference, now_us)
