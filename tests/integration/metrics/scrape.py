# SPDX-License-Identifier: Apache-2.0
"""Reads /metrics strictly: what is not in the text format fails."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
from harness import pb  # noqa: E402

NOON = 1_794_913_200_000_000  # 2026-11-17T11:00:00Z, 12:00 in Berlin
DAY_END = 1_794_956_400  # 2026-11-18T00:00:00 in Berlin
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\["\\n])*",?)*)\})? (-?[0-9.]+)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\["\\n])*)"')


class Scrape:
    """samples: (name, frozenset of labels) -> value; types: family -> type."""

    def __init__(self, text):
        self.samples, self.types, self.helps = {}, {}, {}
        family = None
        if not text.endswith("\n"):
            raise AssertionError("the last line has no end")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family, self.helps[family] = line[7:].split(" ", 1)
            elif line.startswith("# TYPE "):
                name, self.types[name] = line[7:].split(" ")
                if name != family:
                    raise AssertionError("TYPE without its HELP: " + line)
            else:
                self.take(line, family)

    def take(self, line, family):
        match = SAMPLE.match(line)
        if not match:
            raise AssertionError("no sample: %r" % line)
        name, labels, value = match.groups()
        base = name
        if self.types[family] == "histogram":
            base = re.sub(r"_(bucket|sum|count)$", "", name)
        if base != family:
            raise AssertionError("%s stands below %s" % (name, family))
        key = (name, frozenset(LABEL.findall(labels or "")))
        if key in self.samples:
            raise AssertionError("twice: %s" % line)
        self.samples[key] = float(value)

    def get(self, name, **labels):
        return self.samples.get(("streamgauge_" + name, frozenset(labels.items())))

    def named(self, name):
        return {labels: value for (full, labels), value in self.samples.items()
                if full == "streamgauge_" + name}


def orders(*ids, revenue=5_000_000, type_="order", day=0):
    """Events of one order each, so many days after the first."""
    return [pb.Event(event_id=id_, event_time_us=NOON + day * 86_400_000_000, type=type_,
                     amounts=harness.amounts(gross_revenue=revenue),
                     dims=harness.dims(channel="email")) for id_ in ids]


class MetricsCase(unittest.TestCase):
    settings = None

    def setUp(self):
        self.daemon = harness.Daemon(self.settings)
        self.addCleanup(self.daemon.close)
        self.daemon.start()

    def scrape(self, headers=None):
        status, answer, body = self.daemon.get("/metrics", headers=headers)
        self.assertEqual(status, 200, body)
        self.assertEqual(answer["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        return Scrape(body.decode("utf-8"))

    def client(self, source="shop/eu", tenant="demo", **fields):
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello(source, tenant, **fields)
        return client
