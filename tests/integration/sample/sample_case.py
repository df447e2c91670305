# SPDX-License-Identifier: Apache-2.0
"""The whole sample in a daemon with the shipped settings, for one test class."""

import csv
import datetime
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import harness
from feeder import Feeder

SOURCE = pathlib.Path(os.environ["SG_SOURCE_DIR"])
SAMPLE = pathlib.Path(os.environ["SG_BUILD_DIR"]) / "tests/data/streamgauge-sample"
sys.path.insert(0, str(SOURCE / "tests/data"))
import reference  # noqa: E402

# Rates come first only because it reads well: any order ends in the same sums.
FILES = ("eurofxref-hist.csv", "ads_reading1.csv", "ads_reading2.csv", "ads_gb.csv", "ads_us.csv",
         "costs.csv", "orders.csv", "sessions.csv", "tracker.csv", "tracker_corrected.csv",
         "waves.csv", "nps.csv", "needs.csv", "market.csv", "panel.csv", "prices.csv",
         "audience.csv")


class Shipped(Feeder):
    """A daemon with config/streamgauge.yaml on free ports; `keys` are lines of it to
    write otherwise."""

    def __init__(self, keys=()):
        config = SOURCE / "config"
        text = (config / "streamgauge.yaml").read_text(encoding="utf-8")
        for key, value in (("ingest_port", 0), ("http_port", 0),
                           ("mappings_dir", config / "mappings"),
                           ("presets_dir", config / "presets"), *keys):
            text, count = re.subn(rf"^( *{key}:).*$", rf"\1 {value}", text, flags=re.MULTILINE)
            assert count == 1, key
        harness.Daemon.__init__(self, text)


class SampleCase(unittest.TestCase):
    files_wanted = FILES
    keys = ()

    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="sg-sample-")
        cls.addClassCleanup(holder.cleanup)
        cls.dir = pathlib.Path(holder.name)
        subprocess.run([SAMPLE, "--out", cls.dir], check=True, timeout=60)
        cls.files = [cls.dir / name for name in cls.files_wanted]
        cls.feeder = Shipped(cls.keys)
        cls.addClassCleanup(cls.feeder.close)
        cls.feeder.start()
        done = cls.feeder.send("demo", *cls.files)
        if done.returncode != 0:
            raise AssertionError(f"send: {done.returncode}\n{done.stdout}\n{done.stderr}")
        cls.end = reference.last_day({(row["date"],): None
                                      for row in reference.rows_of(cls.dir / "ads_reading2.csv")})
        cls.first = cls.end - datetime.timedelta(days=399)

    def rows(self, days=400, **query):
        """The rows of /v1/summary.csv over the sample's last days."""
        first = self.end - datetime.timedelta(days=days - 1)
        query = {"tenant": "demo", "from_": first.isoformat(), "to": self.end.isoformat(),
                 "grain": "total", **query}
        return list(csv.DictReader(io.StringIO(self.feeder.csv(**query))))

    def distance(self, text):
        return (self.end - datetime.date.fromisoformat(text[:10])).days
