# SPDX-License-Identifier: Apache-2.0
"""The last reading wins, in any order: the same rows, partial rows and slices,
shuffled, repeated and cut by crashes, one order per tenant, end in one total.
The only order that holds is the contract's: a commit follows its own rows."""

import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bed  # noqa: E402
import compare  # noqa: E402
import load  # noqa: E402
from bed import harness  # noqa: E402
from harness import pb  # noqa: E402
from reference import Reference  # noqa: E402
from sender import Sender  # noqa: E402

TENANTS = 4
READINGS = 5000 if bed.DEEP else 600
NAME = "google_ads/111"


def items_of(seed, reference):
    """Rows and commits of many readings, in the order in which they were made."""
    feed = load.Rows(NAME, "EUR", seed, reference, flaws=False)
    items = []
    for _ in range(READINGS):
        message = feed.fill()
        items += list(message.rows) + list(message.commits)
    return feed.declaration(), items


def shuffled(items, rng):
    """Another order, some items twice."""
    order = []
    last = {}  # slice -> position of its last row
    for item in items:
        if isinstance(item, pb.ReportRow):
            at = rng.random()
            last[item.slice_id] = max(at, last.get(item.slice_id, 0))
            order.append((at, item))
    for item in items:
        if isinstance(item, pb.SliceCommit):
            least = last.get(item.slice_id, 0)
            order.append((least + rng.random() * (1 - least), item))
    for at, item in list(order):
        if rng.random() < 0.2:
            order.append((at + rng.random() * (1 - at), item))
    return [item for _, item in sorted(order, key=lambda entry: entry[0])]


class Order(load.Feed):
    """Sends the items of one order in batches of any size."""

    def __init__(self, items, declaration, rng):
        super().__init__(NAME, "EUR", 0, Reference())
        self.items = items
        self.declared = declaration
        self.rng = rng

    def declaration(self):
        return self.declared

    def over(self):
        return not self.items

    def fill(self):
        """A batch applies rows before commits: rows that follow a commit may
        come before it, as they follow their own rows in any case."""
        message = pb.Batch()
        size = self.rng.choice((1, 5, 20, 80))
        for item in self.items[:size]:
            kept = message.rows if isinstance(item, pb.ReportRow) else message.commits
            kept.append(item)
        del self.items[:size]
        return message


class Readings(unittest.TestCase):
    def setUp(self):
        self.seed = bed.seed()
        self.rng = random.Random(self.seed)
        names = ["t%d" % number for number in range(TENANTS)]
        self.daemon = bed.FaultDaemon(harness.config(
            {name: "{time_zone: Europe/Berlin, currency: EUR}" for name in names}))
        self.addCleanup(self.daemon.close)
        self.reference = Reference()
        declaration, items = items_of(self.seed, self.reference)
        self.count = len(items)
        self.senders = [
            Sender(self.daemon, Order(shuffled(items, self.rng), declaration, self.rng),
                   unix=at % 2 == 1, pause=0.01, tenant=name)
            for at, name in enumerate(names)]

    def done(self):
        for sender in self.senders:
            sender.check()
        return all(sender.feed.over() and not sender.kept for sender in self.senders)

    def compare(self):
        for sender in self.senders:
            found, seen = compare.day_cells(self.daemon, self.reference, sender.tenant)
            self.assertEqual(found[:compare.SHOWN], [], sender.tenant)
            self.assertGreater(seen, 1000)

    def test_one_total(self):
        self.daemon.start()
        for sender in self.senders:
            sender.going.set()
            sender.start()
        kills = 0
        while not self.done():
            time.sleep(0.05 + self.rng.random() * 0.2)
            if kills < 12:
                kills += 1
                self.daemon.kill_victim(self.rng.choice(("daemon", "redis", "both")), self.rng)
                if self.daemon.process is None:
                    self.daemon.start()
                self.daemon.await_ready()
        for sender in self.senders:
            sender.end()
        print("%d rows and commits, %d orders, %d kills" % (self.count, TENANTS, kills), flush=True)
        self.assertGreater(kills, 2)
        self.compare()
        self.daemon.kill()
        self.daemon.start()
        self.compare()


if __name__ == "__main__":
    harness.main()
