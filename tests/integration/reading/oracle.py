# SPDX-License-Identifier: Apache-2.0
"""What /v1/summary must say of KPIs that are sums or ratios of sums, computed from the
items themselves with datetime, zoneinfo and fractions. It reads no preset and knows no
cells or pages: every query looks at every item anew."""

import bisect
import collections
import datetime
import math
from fractions import Fraction
from zoneinfo import ZoneInfo

DAY = datetime.timedelta(days=1)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MINUTE_US = 60_000_000
NONE = "__none__"
MONEY = frozenset(("spend", "fees", "production", "conversion_value", "gross_revenue", "discounts",
                   "refunds", "cogs"))
MICROS_OF = MONEY | {"conversions"}  # measures that come in millionths
SPARSE = frozenset(("fees", "production", "discounts", "refunds", "refund_count"))
LAYERS = dict.fromkeys(("conversions", "conversion_value"), "claimed") | dict.fromkeys(
    ("orders", "orders_repeat", "new_customers", "units", "gross_revenue", "discounts", "cogs",
     "refunds", "refund_count"), "commerce")
SETS = ((), ("channel",), ("channel", "campaign"), ("country", "channel"), ("product",),
        ("region", "media"))
STAGES = ("market", "awareness", "engagement", "consideration", "intent", "purchase", "loyalty")
LONGEST = {"total": 10 ** 6, "month": 31, "week": 7, "day": 1, "hour": 0, "minute": 0}
# id, stage, numerator, denominator, factor, unit, direction, minimum, measure it is on
CATALOGUE = """\
impressions awareness impressions - 1 count higher 0 -
spend awareness spend - 1 money neutral 0 -
cpm awareness spend impressions 1000 money lower 1000 -
clicks engagement clicks - 1 count higher 0 -
engagement_rate engagement engagements impressions 1 ratio higher 1000 -
ctr engagement clicks impressions 1 ratio higher 1000 -
cpc engagement spend clicks 1 money lower 30 clicks
sessions consideration sessions - 1 count higher 0 -
cart_rate intent add_to_carts sessions 1 ratio higher 100 -
conversions_claimed purchase conversions - 1 count higher 0 -
orders purchase orders - 1 count higher 0 -
gross_revenue purchase gross_revenue - 1 money higher 0 -
net_revenue purchase gross_revenue,-refunds - 1 money higher 0 -
cvr_claimed purchase conversions clicks 1 ratio higher 100 -
cvr_observed purchase orders sessions 1 ratio higher 100 -
cpa purchase spend conversions 1 money lower 10 conversions
cac purchase spend,fees,production new_customers 1 money lower 10 -
aov purchase gross_revenue orders 1 money higher 30 -
roas purchase conversion_value spend 1 ratio higher 10 conversions
mer purchase gross_revenue spend 1 ratio higher 0 -
roi purchase gross_revenue,-refunds,-cogs,-spend spend 1 ratio higher 0 -
discount_rate purchase discounts gross_revenue,discounts 1 ratio neutral 30 orders
refunds loyalty refunds - 1 money lower 0 -
refund_rate_by_refund_day loyalty refunds gross_revenue 1 ratio lower 30 orders
repeat_order_share loyalty orders_repeat orders 1 ratio higher 30 -
"""

# A number that came in. period: days, 0 = an instant, or of a report (`us` too) an hour.
Item = collections.namedtuple("Item", "source dims measure currency value day period us")


def layer_of(measure):
    return LAYERS.get(measure, "observed")


def terms(text):
    """[(sign, measure)] of a side."""
    names = [] if text == "-" else text.split(",")
    return [(-1 if name[0] == "-" else 1, name.lstrip("-")) for name in names]


class Kpi:
    def __init__(self, line):
        (self.id, self.stage, num, den, mult, self.unit, self.direction, low,
         on) = line.split()
        self.num, self.den, self.mult, self.low = terms(num), terms(den), int(mult), int(low)
        self.min_on = None if on == "-" else on
        self.sides = [measure for _, measure in self.num + self.den]
        self.measures = set(self.sides) | ({self.min_on} if self.min_on else set())
        self.columns = {"kpi": self.id, "stage": self.stage, "unit": self.unit,
                        "stage_order": STAGES.index(self.stage), "direction": self.direction,
                        "orientation": "upstream" if STAGES.index(self.stage) < 4
                                       else "downstream",
                        "layer": "+".join(sorted({layer_of(m) for m in self.sides}))}


KPIS = {kpi.id: kpi for kpi in map(Kpi, CATALOGUE.splitlines())}


def has_money(side):
    return any(measure in MONEY for _, measure in side)


def iso(day):
    return day.isoformat() if day else None


def days_of(first, last):
    return [first + DAY * i for i in range((last - first).days + 1)]


class Source:
    """What was sent of one source, and what it declared."""

    def __init__(self, name, kind, zone, currency, cadence_hours, final_after_days):
        self.name, self.kind, self.zone, self.currency = name, kind, zone, currency
        self.cadence_hours, self.final_after_days = cadence_hours, final_after_days
        self.complete, self.late, self.restated = set(), set(), set()
        self.declared_us = 0
        self.first = self.last = None
        self.measures = set()
        self.received_us = 0

    def met(self, first, last, measures):
        self.first = min(first, self.first or first)
        self.last = max(last, self.last or last)
        self.measures |= set(measures)

    def has_gap(self, first, last):
        end = max(self.complete, default=None)
        return bool(end and self.first and any(
            self.first <= day <= end and day not in self.complete for day in days_of(first, last)))


class Feed:
    """A source as it looks at one moment."""

    def __init__(self, source, world, now_us):
        self.source, self.world, self.now_us = source, world, now_us
        today = world.local(now_us).date()
        self.assumed = not source.complete
        self.through = max(source.complete) if source.complete else world.assumed_day(now_us)
        if self.assumed and source.kind != "event":
            self.through = min(self.through, source.last)
        reach = 3 * source.cadence_hours
        self.live = (source.received_us >= now_us - reach * 60 * MINUTE_US
                     and self.through >= today - DAY * math.ceil(reach / 24))
        self.final = min(self.through, today - DAY * source.final_after_days)
        self.zone = world.zone_name if source.kind == "event" else source.zone

    def is_past(self, first):
        return not self.live and self.source.last < first - DAY * (
            400 if self.source.kind == "market" else 91)

    def covers(self, bucket):
        source = self.source
        if source.kind == "event" and bucket.first < source.first:
            return False
        if bucket.us and source.kind == "event":
            if self.assumed and bucket.us[1] + self.world.grace_us <= self.now_us:
                return True
            running = self.world.local(source.declared_us - 1).date() == bucket.first
            if not self.assumed and running and bucket.us[1] <= source.declared_us:
                return True
        if self.assumed:
            return source.first <= bucket.first and bucket.last <= self.through
        return bucket.days <= source.complete


class Bucket:
    def __init__(self, first, last, partial=False, us=None):
        self.first, self.last, self.partial, self.us = first, last, partial, us
        self.days = set(days_of(first, last))


class World:
    """One tenant: its zone and currency, its sources, items and rates."""

    def __init__(self, zone, currency, max_carry_days, grace_minutes=60):
        self.zone_name, self.zone, self.currency = zone, ZoneInfo(zone), currency
        self.max_carry_days, self.grace_us = max_carry_days, grace_minutes * MINUTE_US
        self.sources, self.items, self.rates = {}, [], {}

    def local(self, us):
        return (EPOCH + datetime.timedelta(microseconds=us)).astimezone(self.zone)

    def day_start(self, day):
        """The first instant whose local date is the day or later."""
        low = int((day - EPOCH.date()).total_seconds()) - 2 * 86400
        high = low + 4 * 86400
        while low < high:
            middle = (low + high) // 2
            if self.local(middle * 10 ** 6).date() >= day:
                high = middle
            else:
                low = middle + 1
        return low * 10 ** 6

    def hour_of(self, us):
        local = self.local(us)
        return local.date(), local.hour, local.fold

    def assumed_day(self, now_us):
        day = self.local(now_us).date() - DAY
        while self.day_start(day + DAY) + self.grace_us > now_us:
            day -= DAY
        return day

    def feeds(self, now_us):
        return [Feed(source, self, now_us) for _, source in sorted(self.sources.items())
                if source.first]

    def resolve(self, query, measures, now_us):
        """(first day, last day, source that holds the end back, assumed)."""
        if "to" in query:
            return query["from_"], query["to"], None, False
        today = self.local(now_us).date()
        daily = [feed for feed in self.feeds(now_us) if feed.live
                 and feed.source.cadence_hours <= 24 and feed.source.measures & measures]
        slowest = min(daily, key=lambda feed: feed.through, default=None)
        end = min(slowest.through, today) if slowest else today - DAY
        held = slowest.source.name if slowest and slowest.through < today - DAY else None
        assumed = not slowest or slowest.assumed
        if "this" in query:
            first = {"week": today - DAY * today.weekday(), "month": today.replace(day=1),
                     "year": today.replace(month=1, day=1)}[query["this"]]
            return (first, end, held, assumed) if end >= first else (first, today, None, assumed)
        last = query.get("last", "28d")
        number, unit, after = int(last[:-1]), last[-1], end + DAY
        if unit == "d":
            return after - DAY * number, end, held, assumed
        if unit == "w":
            after -= DAY * after.weekday()
            return after - DAY * 7 * number, after - DAY, held, assumed
        month = after.year * 12 + after.month - 1 - number
        first = datetime.date(month // 12, month % 12 + 1, 1)
        return first, after.replace(day=1) - DAY, held, assumed

    def buckets(self, grain, first, last):
        made, day = [], first
        if grain == "total":
            return [Bucket(first, last)]
        while day <= last:
            start = end = day
            if grain == "week":
                start = day - DAY * day.weekday()
                end = start + DAY * 6
            elif grain == "month":
                start = day.replace(day=1)
                end = (start + DAY * 31).replace(day=1) - DAY
            if LONGEST[grain]:
                made.append(Bucket(day, min(end, last), start < day or end > last))
            else:
                made += self.parts(grain, day)
            day = end + DAY
        return made

    def parts(self, grain, day):
        """The minutes or hours of a day; half an hour's shift makes short hours."""
        end = self.day_start(day + DAY)
        step = MINUTE_US if grain == "minute" else 15 * MINUTE_US
        starts = list(range(self.day_start(day), end, step))
        if grain == "hour":
            starts = [us for i, us in enumerate(starts)
                      if i == 0 or self.hour_of(us) != self.hour_of(starts[i - 1])]
        return [Bucket(day, day, us=pair) for pair in zip(starts, starts[1:] + [end])]

    def rate(self, currency, day):
        """(units per euro x 10^12, carried); (None, False) = there is none."""
        if currency == "EUR":
            return 10 ** 12, False
        for back in range(self.max_carry_days + 1):
            if (currency, day - DAY * back) in self.rates:
                return self.rates[currency, day - DAY * back], back > 0
        return None, False


class Answer:
    """One query, answered: `range` and `rows`, in their order."""

    def __init__(self, world, query, kpis, now_us):
        self.world, self.query = world, query
        self.wanted = set().union(*(kpi.measures for kpi in kpis))
        self.range = world.resolve(query, self.wanted, now_us)
        self.first, self.last = self.range[:2]
        self.grain = query["grain"]
        self.fine = LONGEST[self.grain] == 0
        self.buckets = world.buckets(self.grain, self.first, self.last)
        self.by = query["by"].split(",") if "by" in query else []
        self.filters = [(text.split(":", 1)[0], text.split(":", 1)[1].split(","))
                        for text in query.get("filter", ())]
        self.target = query.get("currency", world.currency)
        self.fx = query.get("fx", "daily")
        self.feeds = world.feeds(now_us)
        self.sums = collections.defaultdict(list)  # (group, measure, bucket) -> [(item, value)]
        self.marks = collections.defaultdict(set)  # the same -> "coarse", "split"
        self.dims_met = collections.defaultdict(set)
        self.met = collections.defaultdict(set)    # group -> measures
        self.groups = set() if self.by else {()}
        for item in world.items:
            self.take(item)
        self.rows = [row for kpi in kpis for row in self.rows_of(kpi)]

    # ---- items ----

    def take(self, item):
        end = item.day + DAY * max(item.period - 1, 0)
        if end < self.first or item.day > self.last or item.value == 0:
            return
        group = tuple(item.dims.get(dim, NONE) for dim in self.by)
        takes = all(item.dims.get(dim, NONE) in values for dim, values in self.filters)
        if takes:
            self.met[group].add(item.measure)
        if item.measure not in self.wanted:
            return
        asked = self.by + [dim for dim, _ in self.filters]
        self.dims_met[item.measure] |= {""} | {dim for dim in asked if dim in item.dims}
        if not takes:
            return
        self.groups.add(group)
        hourly = item.us and self.world.sources[item.source].kind != "event"
        if item.period > LONGEST[self.grain]:
            self.mark(group, item, "coarse", lambda b: b.first <= end and b.last >= item.day)
        elif item.day < self.first or end > self.last:
            self.mark(group, item, "split", lambda b: b.first <= end and b.last >= item.day)
        elif hourly and self.grain == "minute":
            hour = self.world.hour_of(item.us)
            self.mark(group, item, "coarse", lambda b: self.world.hour_of(b.us[0]) == hour)
        else:
            starts = [b.us[0] if self.fine else b.first for b in self.buckets]
            at = bisect.bisect_right(starts, item.us if self.fine else item.day) - 1
            self.sums[group, item.measure, at].append(item)

    def mark(self, group, item, what, touches):
        for at, bucket in enumerate(self.buckets):
            if touches(bucket):
                self.marks[group, item.measure, at].add(what)

    # ---- what is known ----

    def knows(self, group, measure):
        told_by = lambda name: {f.source.name for f in self.feeds if name in f.source.measures}
        if not told_by(measure) or not (self.by or self.filters):
            return bool(told_by(measure))
        return any(told_by(other) <= told_by(measure)
                   or (measure in SPARSE and layer_of(other) == layer_of(measure))
                   for other in self.met[group])

    def side_known(self, group, at, side, complete):
        known = {m for _, m in side if self.knows(group, m)}
        if any(m not in known and m not in SPARSE for _, m in side):
            return False
        if {layer_of(m) for m in known} != {layer_of(m) for _, m in side}:
            return False
        if any((group, m, at) in self.sums for _, m in side):
            return True
        return complete and not any("split" in self.marks[group, m, at] for _, m in side)

    # ---- rows ----

    def rows_of(self, kpi):
        feeds = [f for f in self.feeds
                 if f.source.measures & kpi.measures and not f.is_past(self.first)]
        zones = {f.zone for f in feeds}
        own = {self.world.zone_name}
        common = {"tenant": self.query["tenant"], "grain": self.grain, **kpi.columns,
                  "complete_through": iso(min((f.through for f in feeds), default=None)),
                  "final_through": iso(min((f.final for f in feeds), default=None)),
                  "sources": ";".join(f.source.name for f in feeds),
                  "time_zone": min(zones if len(zones) == 1 and not self.fine else own)}
        flags = {"mixed_timezones": len(zones) > 1 or (self.fine and bool(zones - own)),
                 "assumed_complete": any(f.assumed for f in feeds) or (not feeds and self.range[3])}
        times = [self.time_of(kpi, feeds, bucket) for bucket in self.buckets]
        for group in sorted(self.groups):
            for at, bucket in enumerate(self.buckets):
                row = dict(common, **dict(zip(self.by, group)))
                row["bucket_start"], row["bucket_end"] = (
                    [self.world.local(us).isoformat() for us in bucket.us] if bucket.us
                    else (bucket.first.isoformat(), bucket.last.isoformat()))
                row["flags"] = {name for name, on in {**flags, **times[at]}.items()
                                if on and name not in ("num", "den")}
                self.fill(kpi, group, at, times[at], feeds, row)
                yield row

    def time_of(self, kpi, feeds, bucket):
        """Flags of the bucket, and whether the sides (num, den) are complete."""
        sides = {"num": {m for _, m in kpi.num}, "den": {m for _, m in kpi.den}}
        fed = [f for f in feeds if f.source.measures & set(kpi.sides)]
        behind = [f for f in fed if not f.covers(bucket)]
        return {"num": not any(f.source.measures & sides["num"] for f in behind),
                "den": not any(f.source.measures & sides["den"] for f in behind),
                "not_final": any(bucket.last > f.final for f in feeds)
                             or any(f.source.has_gap(bucket.first, bucket.last) for f in behind),
                "stale_source": any(not f.live and bucket.last > f.through for f in behind),
                "late_data": any(f.source.late & bucket.days for f in fed),
                "restated_after_final": any(f.source.restated & bucket.days for f in fed),
                "partial_bucket": bucket.partial}

    def total(self, group, at, measure, convert, row):
        """In micros; missing rates are noted in row["missing"]."""
        total = 0
        by_day = collections.Counter()
        for item in self.sums.get((group, measure, at), ()):
            by_day[item.currency, item.day] += item.value
        for (currency, day), value in by_day.items():
            if not convert or currency in ("", self.target):
                total += value * (1 if measure in MICROS_OF else 10 ** 6)
                continue
            if self.fx != "daily":
                day = datetime.date.fromisoformat(self.fx)
            (old, carried), (new, also) = (self.world.rate(c, day) for c in (currency, self.target))
            if old is None or new is None:
                row["missing"] = row["missing"] or value != 0
                continue
            if carried or also:
                row["flags"].add("carried_fx")
            total += round(Fraction(value * new, old))  # half to even
        return total

    def currencies(self, kpi, group, at):
        """Those of sums that are not 0."""
        sums = collections.Counter()
        for measure in MONEY & set(kpi.sides):
            for item in self.sums.get((group, measure, at), ()):
                sums[measure, item.currency] += item.value
        return {currency for (_, currency), value in sums.items() if value}

    def fill(self, kpi, group, at, time, feeds, row):
        """Numbers and status."""
        row.update(missing=False, value=None, value_micros=None, numerator=None, denominator=None,
                   n=None, currency=None)
        marks = set().union(*(self.marks[group, m, at] for m in kpi.sides))
        if "split" in marks:
            row["flags"].add("split_period")
        seen = self.currencies(kpi, group, at)
        drops_out = kpi.unit != "money" and has_money(kpi.num) and has_money(kpi.den)
        convert = (self.fx != "none" and seen and seen != {self.target}
                   and not (len(seen) == 1 and drops_out))
        num, den = (sum(sign * self.total(group, at, measure, convert, row)
                        for sign, measure in side) for side in (kpi.num, kpi.den))
        bearing = {frozenset(self.dims_met[m]) for m in kpi.sides if self.dims_met[m]}
        wrong = ("coarser_than_grain" if "coarse" in marks
                 else "non_additive" if len(bearing) > 1
                 else "mixed_currency" if self.fx == "none" and len(seen) > 1
                 else "fx_missing" if row["missing"] else None)
        del row["missing"]
        if wrong:
            row["status"] = wrong
            return
        num_known = self.side_known(group, at, kpi.num, time["num"])
        den_known = not kpi.den or self.side_known(group, at, kpi.den, time["den"])
        row["numerator"] = Fraction(num, 10 ** 6) if num_known else None
        row["denominator"] = Fraction(den, 10 ** 6) if kpi.den and den_known else None
        if kpi.min_on and den_known and self.knows(group, kpi.min_on):
            row["n"] = self.total(group, at, kpi.min_on, False, row) // 10 ** 6
        elif kpi.den and den_known and not kpi.min_on and not has_money(kpi.den):
            row["n"] = den // 10 ** 6
        if (num_known or den_known) and has_money(kpi.num + kpi.den):
            accounts = {f.source.currency for f in feeds}
            row["currency"] = (self.target if convert else min(seen) if seen
                               else self.zero_currency(kpi, group, at, accounts))
        if not num_known or not den_known or (kpi.den and den == 0):
            row["status"] = "no_data"
        elif (kpi.min_on or row["n"] is not None) and (row["n"] or 0) < kpi.low:
            row["status"] = "insufficient_sample"
        else:
            value = kpi.mult * (Fraction(num, den) if kpi.den else Fraction(num, 10 ** 6))
            row.update(status="ok", value=value)
            if kpi.unit == "money":
                row["value_micros"] = str(round(value * 10 ** 6))

    def zero_currency(self, kpi, group, at, accounts):
        """Of a sum of nothing: the currencies that it may bear."""
        met = {item.currency for m in MONEY & set(kpi.sides)
               for item in self.sums.get((group, m, at), ())}
        if met:
            return met
        if self.fx != "none":
            return {self.target}
        return accounts if len(accounts) == 1 else {self.world.currency}
