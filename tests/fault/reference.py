# SPDX-License-Identifier: Apache-2.0
"""What the sums must be: dicts of Python ints, fed with the items that the
load sends. It shares no code with the daemon and knows neither flushes nor
sessions: every item counts once, in the order of its source.

cell      (grouping set, values, measure, currency, civil day) -> sum
minute    (channel, measure, currency, minute since the epoch) -> sum, events only"""

import collections
import datetime
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
NONE = "__none__"

# The shipped grouping sets, in their order.
SETS = ((), ("channel",), ("channel", "campaign"), ("country", "channel"), ("product",),
        ("region", "media"))
MONEY = {"spend", "conversion_value", "gross_revenue", "discounts", "refunds"}
FRACTIONS = {"conversions"}
# What an event of a type counts unless it brings its own amount.
TYPES = {"order": {"orders": 1}, "session": {"sessions": 1}, "checkout": {"checkouts": 1},
         "refund": {"refund_count": 1}, "lead": {"leads": 1}}
# KPIs that are one measure, summed.
EVENT_KPIS = {"orders": "orders", "units": "units", "gross_revenue": "gross_revenue",
              "discounts": "discounts", "refunds": "refunds", "sessions": "sessions",
              "product_views": "product_views", "checkouts": "checkouts", "leads": "leads"}
ROW_KPIS = {"impressions": "impressions", "clicks": "clicks", "spend": "spend",
            "link_clicks": "link_clicks", "engagements": "engagements",
            "conversions_claimed": "conversions",
            "conversion_value_claimed": "conversion_value"}


def micros(measure, value):
    """A sum in millionths, whatever the measure's scale is."""
    return value if measure in MONEY or measure in FRACTIONS else value * 1_000_000


class Page:
    """The rows of one report and day."""

    def __init__(self):
        self.complete = 0
        self.rows = {}  # key -> [as_of, dims, {measure: [as_of, value]}]


class Counts:
    """What /v1/sources must show of one source."""

    def __init__(self):
        self.items = self.accepted = self.duplicates = self.rejected = 0
        self.batches = 0


class Reference:
    def __init__(self):
        self.event_cells = collections.Counter()
        self.minutes = collections.Counter()
        self.ids = set()
        self.pages = collections.defaultdict(Page)  # (source, report, day)
        self.readings = []  # every row and accepted commit, for the second opinion
        self.counts = collections.defaultdict(Counts)
        self.currency = {}

    def source(self, name, currency):
        self.currency[name] = currency

    # ---- events ----

    def event(self, source, event_id, time_us, type_, amounts, dims, good=True):
        """amounts: measure -> (value, currency or None)."""
        counts = self.counts[source]
        counts.items += 1
        if not good:
            counts.rejected += 1
            return
        if event_id:
            if (source, event_id) in self.ids:
                counts.duplicates += 1
                return
            self.ids.add((source, event_id))
        counts.accepted += 1
        day = datetime.datetime.fromtimestamp(time_us // 1_000_000, ZONE).date()
        whole = {m: (v, None) for m, v in TYPES.get(type_, {}).items()}
        whole.update(amounts)
        for measure, (value, currency) in whole.items():
            money = (currency or self.currency[source]) if measure in MONEY else ""
            for values in groups(dims):
                self.event_cells[values + (measure, money, day)] += value
            self.minutes[(dims.get("channel", NONE), measure, money,
                          time_us // 60_000_000)] += value

    def heartbeat(self, source):
        self.counts[source].items += 1
        self.counts[source].accepted += 1

    # ---- report rows ----

    def row(self, source, report, day, key, as_of, dims, amounts, good=True):
        self.counts[source].items += 1
        if not good:
            self.counts[source].rejected += 1
            return
        where = (source, report, day)
        self.readings.append(("row", where, key, as_of, dims, amounts))
        page = self.pages[where]
        if as_of < page.complete:
            return
        row = page.rows.setdefault(key, [0, None, {}])
        if as_of > row[0]:
            row[0], row[1] = as_of, dims
        for measure, value in amounts.items():
            cell = row[2].setdefault(measure, [0, 0])
            if as_of > cell[0]:
                cell[0], cell[1] = as_of, value

    def commit(self, source, report, day, as_of, rows, spoiled=False):
        """A complete slice. True when it counts."""
        counts = self.counts[source]
        counts.items += 1
        page = self.pages[(source, report, day)]
        if not spoiled and as_of <= page.complete:
            return True
        covered = sum(row[0] >= as_of for row in page.rows.values())
        if spoiled or covered < rows:
            counts.rejected += 1
            return False
        self.readings.append(("commit", (source, report, day), as_of))
        if as_of > page.complete:
            page.complete = as_of
            for row in page.rows.values():
                for cell in row[2].values():
                    if cell[0] < as_of:
                        cell[1] = 0
        return True

    # ---- sums ----

    def cells(self):
        """All day cells that are not 0."""
        sums = collections.Counter(self.event_cells)
        for (source, _, day), page in self.pages.items():
            for _, dims, measures in page.rows.values():
                self._add_row(sums, source, day, dims,
                              {measure: cell[1] for measure, cell in measures.items()})
        return {key: value for key, value in sums.items() if value}

    def _add_row(self, sums, source, day, dims, amounts):
        for measure, value in amounts.items():
            money = self.currency[source] if measure in MONEY else ""
            for values in groups(dims):
                sums[values + (measure, money, day)] += value

    def cells_by_last_reading(self):
        """The same sums by the definition: the greatest as_of of a key and
        measure counts, unless a complete slice began later."""
        complete = collections.Counter()
        keys = collections.defaultdict(list)
        for reading in self.readings:
            if reading[0] == "commit":
                complete[reading[1]] = max(complete[reading[1]], reading[2])
            else:
                keys[reading[1:3]].append(reading[3:])
        sums = collections.Counter(self.event_cells)
        for (where, _), readings in keys.items():
            readings.sort(key=lambda reading: reading[0])
            last = {m: (as_of, v) for as_of, _, amounts in readings for m, v in amounts.items()}
            self._add_row(sums, where[0], where[2], readings[-1][1],
                          {m: v for m, (as_of, v) in last.items() if as_of >= complete[where]})
        return {key: value for key, value in sums.items() if value}


def groups(dims):
    """(set index, values) for every grouping set."""
    return [(at, tuple(dims.get(dim) or NONE for dim in names))
            for at, names in enumerate(SETS)]
