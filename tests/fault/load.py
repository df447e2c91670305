# SPDX-License-Identifier: Apache-2.0
"""A mixed load from a seed: what two shops and two ad platforms would send,
batch by batch, with everything that makes exactness hard: repeated event ids,
late events, restated and partial rows, rows moved to another channel, complete
slices that leave keys out, slices that come late, rows that are rejected.

Each feed makes its batches on demand and tells the reference what is in them."""

import datetime
import random
import time

import harness
from harness import pb
from reference import ZONE

HOUR_US = 3_600_000_000
CHANNELS = ("paid_search", "display", "video", "email", "affiliate")
COUNTRIES = ("DE", "AT", "CH", "FR")
# Where the shops of a currency sell: apart, so that some sums are of one
# currency and others of two.
MARKETS = {"EUR": ("DE", "AT"), "USD": ("US", "CA")}
PRODUCTS = ("shoe", "hat", "sock", "coat", "")
REGIONS = ("north", "south", "")
MEDIA = ("awareness_video", "performance_display", "")


class Batch:
    """A batch as it goes over the wire, again and again if need be."""

    def __init__(self, sequence, message, rejected):
        message.sequence = sequence
        message.cursor = b"at %d" % sequence
        self.sequence = sequence
        self.cursor = message.cursor
        self.rejected = rejected
        self.items = sum(len(items) for field, items in message.ListFields()
                         if field.label == field.LABEL_REPEATED)
        self.frame = framed(pb.Request(batch=message))


def framed(request):
    data = request.SerializeToString()
    return harness._VarintBytes(len(data)) + data


class Feed:
    """Makes the batches of one source."""

    def __init__(self, name, currency, seed, reference, now_us=None):
        self.name = name
        self.currency = currency
        self.rng = random.Random("%s %s" % (seed, name))
        self.reference = reference
        self.now_us = now_us or time.time_ns() // 1000
        self.made = 0
        reference.source(name, currency)

    def over(self):
        """No more batches will come."""
        return False

    def batch(self):
        """The next batch."""
        self.made += 1
        counts = self.reference.counts[self.name]
        counts.batches += 1
        before = counts.rejected
        message = self.fill()
        return Batch(self.made, message, counts.rejected - before)


class Events(Feed):
    """An event source. `old`: with events of months that are long over, which
    a source that declares its days complete could not send."""

    def __init__(self, *args, old=False, heartbeats=False, **more):
        super().__init__(*args, **more)
        self.old = old
        self.heartbeats = heartbeats
        self.ids = []

    def declaration(self):
        return pb.Declaration(**{"class": pb.Declaration.EVENT}, currency=self.currency)

    def event_time(self):
        kind = self.rng.random()
        if self.old and kind < 0.1:
            return self.now_us - self.rng.randrange(25 * 24, 30 * 24) * HOUR_US
        if kind < 0.25:
            return self.now_us - self.rng.randrange(72, 120) * HOUR_US
        return self.now_us - self.rng.randrange(1, 36 * 3600 * 1_000_000)

    def fill(self):
        rng = self.rng
        message = pb.Batch()
        for at in range(rng.choice((1, 3, 10, 40))):
            if self.ids and rng.random() < 0.05:
                self.repeat(message)
            else:
                self.fresh(message, at)
        if self.heartbeats and rng.random() < 0.05:
            message.heartbeats.add(complete_through_us=self.now_us - 130 * HOUR_US)
            self.reference.heartbeat(self.name)
        return message

    def put(self, message, event_id, time_us, type_, amounts, dims):
        """Amounts and dims may hold what the daemon must reject."""
        good = "no_such_measure" not in amounts
        message.events.add(
            event_id=event_id, event_time_us=time_us, type=type_,
            amounts=[pb.Amount(measure=m, value=v, currency=c or "")
                     for m, (v, c) in amounts.items()],
            dims=harness.dims(**dims))
        self.reference.event(self.name, event_id, time_us, type_, amounts, dims, good)

    def repeat(self, message):
        """An id that was counted: nothing else of the event matters."""
        event_id, time_us = self.rng.choice(self.ids)
        self.put(message, event_id, time_us, "order", {"orders": (7, None)}, {"channel": "email"})

    def fresh(self, message, at):
        rng = self.rng
        event_id = "%d.%d" % (self.made, at) if rng.random() < 0.8 else ""
        time_us = self.event_time()
        dims = {"channel": rng.choice(CHANNELS), "country": rng.choice(MARKETS[self.currency]),
                "product": rng.choice(PRODUCTS), "region": rng.choice(REGIONS)}
        if rng.random() < 0.4:
            dims["campaign"] = "google_ads:%d" % rng.randrange(100, 105 + min(self.made // 60, 15))
        if rng.random() < 0.1:
            del dims["channel"]
        type_ = rng.choice(("order", "order", "session", "checkout", "refund", "lead", ""))
        amounts = self.amounts(type_)
        if rng.random() < 0.01:
            amounts["no_such_measure"] = (1, None)
        elif event_id:
            self.ids.append((event_id, time_us))
        self.put(message, event_id, time_us, type_, amounts, dims)

    def amounts(self, type_):
        rng = self.rng
        if type_ == "order":
            amounts = {"gross_revenue": (rng.randrange(1, 900_000_000), None),
                       "units": (rng.randrange(1, 5), None)}
            if rng.random() < 0.2:
                amounts["orders"] = (2, None)
            if rng.random() < 0.2:
                # Discounts of the shop that sells in euros only, so that some
                # money is of one currency everywhere.
                amounts["discounts"] = (rng.randrange(1, 9_000_000), "EUR")
            return amounts
        if type_ == "refund":
            return {"refunds": (rng.randrange(1, 50_000_000), rng.choice((None, "EUR")))}
        if not type_:
            return {"product_views": (rng.randrange(1, 9), None)}
        return {}


class Slices(Feed):
    """A source that reads the same periods over and over: whole, as a complete
    slice in parts, or single items, of any age and out of turn. Subclasses name
    `places`, (report, first day, last day), and fill them."""

    def __init__(self, *args, flaws=True, **more):
        super().__init__(*args, **more)
        self.flaws = flaws  # slices with a rejected item, and with too few
        self.today = datetime.datetime.fromtimestamp(self.now_us // 1_000_000, ZONE).date()
        self.as_of = self.now_us - 24 * HOUR_US
        self.waiting = []  # messages of slices on their way
        self.slices = 0
        self.places = []

    def ago(self, days):
        return self.today - datetime.timedelta(days=days)

    def fill(self):
        while not self.waiting:
            self.read()
        return self.waiting.pop(0)()

    def read(self):
        """One reading: a slice in parts, now or later; or loose items."""
        rng = self.rng
        self.as_of += 1_000_000
        if rng.random() < 0.3:
            as_of = self.as_of
            self.waiting.append(lambda: self.loose(as_of))
            return
        parts = self.slice(self.as_of)
        if rng.random() < 0.25:
            # Read first, sent last.
            self.as_of += 1_000_000
            parts = self.slice(self.as_of) + parts
        self.waiting += parts

    def slice(self, as_of):
        """The parts of one complete slice, as calls that make them in turn."""
        rng = self.rng
        self.slices += 1
        slice_id = "s%d" % self.slices
        place = rng.choice(self.places)
        bad = self.flaws and rng.random() < 0.05
        short = self.flaws and rng.random() < 0.05
        drawn = self.draw(place)
        rng.shuffle(drawn)
        # Where it is said to hold more items than it does, there is no newer one.
        said = len(drawn) + (1000 if short else 0)

        def part(first, last, with_bad, with_commit):
            message = pb.Batch()
            for at in range(first, last):
                self.put(message, place, drawn[at], as_of + at, slice_id)
            if with_bad:
                self.put_bad(message, place, as_of, slice_id)
            if with_commit:
                self.commit(message, place, as_of, said, slice_id, bad)
            return message

        cut = rng.randrange(0, len(drawn) + 1)
        if rng.random() < 0.5:
            return [lambda: part(0, len(drawn), bad, True)]
        return [lambda: part(0, cut, bad, False), lambda: part(cut, len(drawn), False, False),
                lambda: part(0, 0, False, True)]

    def commit(self, message, place, as_of, rows, slice_id, spoiled):
        report, first, last = place
        message.commits.add(
            report=report, **{"from": harness.date(first.isoformat())},
            to=harness.date(last.isoformat()), complete=True, rows=rows, as_of_us=as_of,
            slice_id=slice_id)
        self.note_commit(place, as_of, rows, spoiled)


class Rows(Slices):
    """A report source that reads its last days over and over."""

    REPORT = "campaign_daily"

    def __init__(self, *args, days=6, **more):
        super().__init__(*args, **more)
        self.places = [(self.REPORT, self.ago(n), self.ago(n))
                       for n in (*range(1, days + 1), 28)]
        self.last = None  # the last row, to be repeated
        self.read_at = set()  # (day, key, hour, as_of): one reading each
        self.channel = {}

    def declaration(self):
        return pb.Declaration(
            **{"class": pb.Declaration.REPORT}, currency=self.currency,
            reports=[pb.Report(id=self.REPORT, level="campaign", rollup=True)])

    def keys(self):
        return [(str(100 + n), device) for n in range(6 + min(self.slices // 40, 10))
                for device in ("mobile", "desktop")]

    def placed(self, campaign):
        """Campaigns move to another channel now and then."""
        rng = self.rng
        if campaign not in self.channel or rng.random() < 0.05:
            self.channel[campaign] = rng.choice(CHANNELS)
        return {"channel": self.channel[campaign], "country": COUNTRIES[int(campaign) % 4],
                "region": REGIONS[int(campaign) % 3], "media": MEDIA[int(campaign) % 3]}

    def values(self):
        rng = self.rng
        return {"impressions": rng.randrange(0, 100_000), "clicks": rng.randrange(0, 5_000),
                "spend": rng.randrange(0, 10**10), "conversions": rng.randrange(0, 10**8),
                "conversion_value": rng.randrange(0, 10**10)}

    def draw(self, _place):
        return [(key, self.placed(key[0]), self.values())
                for key in self.keys() if self.rng.random() < 0.8]

    def put(self, message, place, drawn, as_of, slice_id):
        key, dims, values = drawn
        self.put_row(message, place[1], key, as_of, dims, values, slice_id)

    def put_bad(self, message, place, as_of, slice_id):
        self.put_row(message, place[1], ("999", "mobile"), as_of, {"channel": "email"},
                     {"no_such_measure": 1}, slice_id, good=False)

    def note_commit(self, place, as_of, rows, spoiled):
        self.reference.commit(self.name, self.REPORT, place[1], as_of, rows, spoiled)

    def loose(self, as_of):
        """Rows outside slices: some measures only, of any age, also by hour,
        and the last row of a slice once more."""
        rng = self.rng
        message = pb.Batch()
        for at in range(rng.randrange(1, 6)):
            campaign, device = rng.choice(self.keys())
            age = rng.choice((0, 0, rng.randrange(0, 40_000_000)))
            values = self.values()
            kept = dict(rng.sample(sorted(values.items()), rng.randrange(1, 4)))
            if rng.random() < 0.3:
                kept["link_clicks"] = rng.randrange(0, 100)
            self.put_row(message, rng.choice(self.places)[1], (campaign, device),
                         as_of + 900_000 + at - age, self.placed(campaign), kept, "")
        if rng.random() < 0.5:
            self.put_row(message, rng.choice(self.places[:2])[1], ("200", "mobile"), as_of,
                         self.placed("200"), {"engagements": rng.randrange(0, 50)}, "",
                         hour=rng.randrange(1, 25))
        if self.last and rng.random() < 0.3:
            self.put_row(message, *self.last)
        return message

    def put_row(self, message, day, key, as_of, dims, values, slice_id, good=True, hour=0):
        reading = (day, key, as_of, dims, values, slice_id)
        # Two readings of a key at one instant would contradict each other.
        while reading != self.last and (day, key, hour, as_of) in self.read_at:
            as_of += 1
        self.read_at.add((day, key, hour, as_of))
        if good and slice_id:
            self.last = reading
        message.rows.add(
            report=self.REPORT, **{"from": harness.date(day.isoformat())}, hour_plus_1=hour,
            key=harness.dims(campaign=key[0], device=key[1]), dims=harness.dims(**dims),
            amounts=harness.amounts(**values), as_of_us=as_of, slice_id=slice_id)
        platform = self.name.split("/")[0]
        self.reference.row(self.name, self.REPORT, day, key + (hour,), as_of,
                           dict(dims, campaign="%s:%s" % (platform, key[0])), values, good)


def mixed(seed, reference, now_us=None):
    """Shops and ad platforms: the first half of every fault test's load, see
    load_signals.mixed()."""
    common = {"now_us": now_us}
    return [Events("shop/eu", "EUR", seed, reference, old=True, **common),
            Events("shop/us", "USD", seed, reference, heartbeats=True, **common),
            Rows("google_ads/111", "EUR", seed, reference, **common),
            Rows("meta/222", "EUR", seed, reference, **common)]
