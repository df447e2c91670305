# SPDX-License-Identifier: Apache-2.0
"""The state that an earlier version wrote: today's daemon opens it, gives the same
answers, years later, too, and goes on with it."""

import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import harness  # noqa: E402
import kept  # noqa: E402
from harness import pb  # noqa: E402
from make_state import DAY_US, READ_US, day, declared, row  # noqa: E402

AHEAD = os.path.join(harness.BUILD, "tests", "integration", "state", "clock_ahead.so")
YEARS = 5


class Kept(unittest.TestCase):
    maxDiff = 4000

    def opened(self, env=None):
        daemon = harness.Daemon(env=env)
        self.addCleanup(daemon.close)
        os.makedirs(daemon.state)
        kept.copied(daemon)
        daemon.start()
        return daemon

    def assert_answers(self, daemon):
        with open(kept.ANSWERS, encoding="utf-8") as file:
            must = json.load(file)
        found = json.loads(json.dumps(kept.answers(daemon)))
        self.assertEqual(found.keys(), must.keys())
        for name, rows in must.items():
            with self.subTest(name):
                self.assertEqual(found[name], rows)

    def test_the_answers_say_something(self):
        with open(kept.ANSWERS, encoding="utf-8") as file:
            must = json.load(file)
        for name in kept.QUERIES:
            self.assertGreater(len(must[name]), 2, name)
        self.assertEqual({source["class"] for source in must["sources of demo"]},
                         {"event", "report", "survey", "market"})
        self.assertGreaterEqual(len(must["rejects"]), 3)

    def test_it_is_small(self):
        size = sum(os.path.getsize(os.path.join(path, name))
                   for path, _, files in os.walk(kept.DIR) for name in files)
        self.assertLess(size, 300_000)

    def test_it_opens(self):
        daemon = self.opened()
        self.assert_answers(daemon)
        self.assertEqual(daemon.stop(), 0)
        daemon.start()
        self.assert_answers(daemon)
        # Whatever this version makes of it, it says nothing of a loss or a repair.
        self.assertEqual(re.findall(r"event=(?:lost|aof)\w*.*", daemon.log()), [])

    def test_it_opens_years_later(self):
        """What expires by the clock is gone; nothing that is compared is."""
        if not os.path.exists(AHEAD):
            self.skipTest("built with sanitizers, which want to be loaded first")
        daemon = self.opened({"LD_PRELOAD": AHEAD, "CLOCK_AHEAD_DAYS": str(365 * YEARS)})
        told = daemon.get_json("/v1/summary", tenant="demo", **kept.RANGE)["computed_at"]
        self.assertGreaterEqual(int(told[:4]), 2026 + YEARS)
        self.assert_answers(daemon)

    def clicks(self, daemon):
        found, = daemon.summary(kpi="clicks", **kept.RANGE)
        return int(found["numerator"])

    def test_it_goes_on(self):
        """Rows replace what was stored: a newer reading counts, an older one is stale."""
        daemon = self.opened()
        before = self.clicks(daemon)
        with harness.Client(daemon) as client:
            client.hello("google_ads/7", take_over=pb.Hello.IF_IDLE, instance=b"j" * 16,
                         declaration=declared(pb.Declaration.REPORT, "campaign_daily",
                                              currency="EUR"))
            self.assertGreater(client.last_sequence, 40)
            ack = client.batch(rows=[row(3, "12", READ_US - DAY_US, "Prospecting", "display",
                                         clicks=5)])
            self.assertEqual((ack.accepted, ack.stale), (0, 1))
            self.assertEqual(self.clicks(daemon), before)
            ack = client.batch(rows=[row(3, "12", READ_US + 9 * DAY_US, "Prospecting", "video",
                                         clicks=100)])
            self.assertEqual(ack.accepted, 1)
        self.assertEqual(self.clicks(daemon), before + 100 - 77)

    def test_waves_go_on(self):
        """A response that is read again is replaced as a whole."""
        daemon = self.opened()
        query = {"kpi": "aided_awareness", "by": "brand", "grain": "wave", **kept.RANGE}
        wave = {"from": day(28), "to": day(55)}

        def people():
            return {row_["brand"]: row_["n"] for row_ in daemon.summary(**query)
                    if row_["bucket_start"] == "2026-03-01"}
        before = people()
        with harness.Client(daemon) as client:
            client.hello("panel/one", take_over=pb.Hello.IF_IDLE, instance=b"j" * 16,
                         declaration=declared(pb.Declaration.SURVEY, "tracker", "nps", "csat"))
            client.batch(responses=[pb.SurveyResponse(
                response_id="p1", study="tracker", as_of_us=READ_US + 9 * DAY_US, **wave,
                answers=[pb.Answer(item="aided", brand="Acme", options=["no"])])])
        self.assertEqual(people(), {"Acme": before["Acme"], "Birch": before["Birch"] - 1})


if __name__ == "__main__":
    harness.main()
