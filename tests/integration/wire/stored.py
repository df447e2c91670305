# SPDX-License-Identifier: Apache-2.0
"""Cells as they lie in Redis, read with store.proto alone: pages, and on top the
increments of later delta records. An independent reader of what is documented."""

import collections
import glob
import os

import harness
from resp import Redis
from streamgauge.v1 import store_pb2 as store

Cell = collections.namedtuple("Cell", "set values period_days measure currency day value")
GROUPS_PER_PAGE = 32
DAY = 2  # grain


def runs(page):
    """(group within the page, column, bucket, value) of a CellPage."""
    values = iter(page.values)
    gaps = iter(page.gaps)
    group = 0
    for at in range(0, len(page.runs), 4):
        gap, column, count, bucket = page.runs[at:at + 4]
        group += gap
        for index in range(count // 2):
            if index:
                bucket += 1 if count & 1 else next(gaps)
            yield group, column, bucket, next(values)


class Stored:
    """Everything one partition keeps, read between two flushes."""

    def __init__(self, daemon, tenant="demo"):
        path, = glob.glob(os.path.join(daemon.state, "**", "*redis*.sock"), recursive=True)
        self.redis = Redis(path)
        self.prefix = "sg:{%s/0}:" % tenant
        try:
            harness.until(self.read_between_flushes, "two flushes apart")
        finally:
            self.redis.close()

    def read_between_flushes(self):
        """False where a flush came in between: each adds a delta record."""
        before = set(self.redis("HKEYS", self.prefix + "deltas"))
        self.dictionary = self.read_dictionary()
        self.written = 0  # pages that no delta record made
        self.cells = self.read_cells()
        return set(self.redis("HKEYS", self.prefix + "deltas")) == before

    def hash(self, key):
        flat = self.redis("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

    def read_dictionary(self):
        segment = store.DictionarySegment()
        for number in range(1000):
            bytes_ = self.redis("GET", self.prefix + "dict:%d" % number)
            if bytes_ is None:
                break
            segment.MergeFromString(bytes_)
        return segment

    def pages(self):
        """(set, day period, page number) -> [CellPage]; the first is the page."""
        pages = collections.defaultdict(list)
        for period in self.dictionary.periods:
            if period.grain != DAY:
                continue
            key = self.prefix + "cells:%d:day:%d" % (period.set, period.period)
            for field, bytes_ in self.hash(key).items():
                self.written += 1
                pages[period.set, period.period, int(field)].append(
                    store.CellPage.FromString(bytes_))
        for generation, bytes_ in self.hash(self.prefix + "deltas").items():
            for delta in store.DeltaRecord.FromString(bytes_).cells:
                if delta.grain != DAY:
                    continue
                found = pages[delta.set, delta.period, delta.page]
                if not found or not found[0].generation or \
                        int(generation) > found[0].generation:
                    found.append(delta.cells)
        return pages

    def read_cells(self):
        groups = collections.defaultdict(list)
        for group in self.dictionary.groups:
            groups[group.set].append(group)
        sums = collections.Counter()
        for (set_, month, number), parts in self.pages().items():
            for part in parts:
                for group, column, bucket, value in runs(part):
                    found = groups[set_][GROUPS_PER_PAGE * number + group]
                    sums[self.name(found, column, month, bucket)] += value
        return [Cell(*name, value) for name, value in sums.items() if value]

    def name(self, group, column, month, bucket):
        texts = tuple(sorted(
            (self.dictionary.values[value - 1].dimension, self.dictionary.values[value - 1].text)
            for value in group.values if value))
        entry = self.dictionary.columns[column]
        day = "%04d-%02d-%02d" % (1970 + month // 12, month % 12 + 1, bucket + 1)
        return group.set, texts, group.period_days, entry.measure, entry.currency, day

    def find(self, measure, **values):
        """{(day, days, currency): value} of the group with just these values."""
        wanted = tuple(sorted(values.items()))
        return {(cell.day, cell.period_days, cell.currency): cell.value for cell in self.cells
                if cell.measure == measure and cell.values == wanted}
