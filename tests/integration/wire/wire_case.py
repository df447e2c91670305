# SPDX-License-Identifier: Apache-2.0
"""What the wire tests share: one daemon per test class, and orders to send."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402

NOON = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z, 12:00 in Berlin
DAY = "2026-11-17"


def orders(*ids, revenue=5_000_000, channel="email", time_us=NOON):
    """Events of one order each."""
    return [pb.Event(event_id=id_, event_time_us=time_us, type="order",
                     amounts=harness.amounts(gross_revenue=revenue),
                     dims=harness.dims(channel=channel)) for id_ in ids]


def numbered(first, last):
    return ["o%d" % i for i in range(first, last + 1)]


class WireCase(unittest.TestCase):
    """Each test uses a source of its own, so that one daemon serves them all."""

    settings = None
    env = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = harness.Daemon(cls.settings, cls.env)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    def setUp(self):
        self.source = "shop/" + self.id().rsplit(".", 1)[1]
        self.before = self.orders_seen()

    def client(self, unix=False):
        client = harness.Client(self.daemon, unix)
        self.addCleanup(client.close)
        return client

    def opened(self, source=None, **fields):
        """A client whose session is open."""
        client = self.client()
        client.hello(source or self.source, **fields)
        return client

    def orders_seen(self):
        """Orders of all sources on the test's day, as readers see them."""
        rows = self.daemon.summary(kpi="orders", from_=DAY, to=DAY)
        self.assertEqual(len(rows), 1)
        return int(rows[0]["numerator"] or 0)

    def assert_orders(self, count):
        """That many orders have come since the test began."""
        self.assertEqual(self.orders_seen() - self.before, count)

    def assert_alive(self):
        """A fresh client of another source is served."""
        other = self.client()
        other.hello(self.source + ".other", instance=os.urandom(16), take_over=pb.Hello.IF_IDLE)
        self.assertEqual(other.batch(events=orders(self.id() + os.urandom(4).hex())).accepted, 1)
        other.close()
