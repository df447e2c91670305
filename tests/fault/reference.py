# SPDX-License-Identifier: Apache-2.0
"""What the sums must be: dicts of Python ints, fed with the items that the
load sends. It shares no code with the daemon and knows neither flushes nor
sessions: every item counts once, in the order of its source.

cell      (grouping set, values, measure, currency, civil day) -> sum
minute    (channel, measure, currency, minute since the epoch) -> sum, events only"""

import collections
import datetime
import zoneinfo

from reference_signals import Signals
from tables import Table

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
        self.rows = Table()  # where = (source, report, day)
        self.counts = collections.defaultdict(Counts)
        self.signals = Signals(self.counts)
        self.today = datetime.datetime.now(ZONE).date()
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
        self.rows.row((source, report, day), key, as_of, dims, amounts)

    def commit(self, source, report, day, as_of, rows, spoiled=False):
        """A complete slice. True when it counts."""
        counts = self.counts[source]
        counts.items += 1
        taken = self.rows.commit((source, report, day), as_of, rows, spoiled)
        counts.rejected += not taken
        return taken

    # ---- sums ----

    def cells(self):
        """All day cells that are not 0."""
        return self._cells(self.rows.standing())

    def cells_by_last_reading(self):
        """The same sums by the definition."""
        return self._cells(self.rows.standing_by_last_reading())

    def _cells(self, rows):
        sums = collections.Counter(self.event_cells)
        for (source, _, day), dims, amounts in rows:
            for measure, value in amounts.items():
                money = self.currency[source] if measure in MONEY else ""
                for values in groups(dims):
                    sums[values + (measure, money, day)] += value
        return {key: value for key, value in sums.items() if value}


def groups(dims):
    """(set index, values) for every grouping set."""
    return [(at, tuple(dims.get(dim) or NONE for dim in names))
            for at, names in enumerate(SETS)]
