# SPDX-License-Identifier: Apache-2.0
"""How often, how much, and what a reload changes."""

import signal
import time

import harness
from emit_case import EmitCase, PREFIX


class Settings(EmitCase):
    def reload(self, extra):
        self.daemon.write_config(harness.config(extra=extra))
        count = self.daemon.log().count("event=reloaded")
        self.daemon.signal(signal.SIGHUP)

        def is_reloaded():
            self.assertNotIn("event=reload_refused", self.daemon.log())
            return self.daemon.log().count("event=reloaded") > count
        harness.until(is_reloaded, "the reload")

    def test_not_more_often(self):
        """Entries are a second apart, however many flushes there are."""
        client = self.ads()
        for spend in range(1, 200):
            self.report(client, spend * 1_000_000)
            self.consumer.follow()
            if len(self.consumer.of("summary")) >= 4:
                break
            time.sleep(0.05)
        self.catch_up()
        ids = [int(id_.split(b"-")[0]) for id_, flat in self.consumer.ask(
            "XRANGE", PREFIX + "summaries", "-", "+") if flat[1] == b"summary"]
        self.assertGreater(len(ids), 2)
        # A round may be late by a turn of a busy loop, and the next in time again.
        self.assertLessEqual((len(ids) - 2) * 1000, ids[-1] - ids[0])

    def test_seldom_then_at_once(self):
        """The newest waits for its time, and is not lost."""
        client = self.ads()
        self.report(client, 1_000_000)
        self.catch_up()
        self.reload("emit: {every_seconds: 86400}\n")
        self.report(client, 2_000_000)
        # The first round after a reload is at once; the next a day later.
        self.catch_up()
        count = len(self.consumer.entries)
        for spend in range(3, 6):
            self.report(client, spend * 1_000_000)
            harness.until(lambda s=spend: self.daemon.summary(kpi="spend")[0]["value"] == 35.0 * s,
                          "the flush")
            time.sleep(0.5)
        self.consumer.follow()
        self.assertLessEqual(len(self.consumer.of("summary")) - len(
            [e for e in self.consumer.entries[:count] if e["query"] == "summary"]), 1)
        self.reload("emit: {every_seconds: 1}\n")
        self.catch_up()
        self.assertEqual(self.consumer.summary["spend"]["value"], 175.0)

    def test_off(self):
        self.reload("emit: {every_seconds: 0}\n")
        self.consumer.follow()
        before = self.consumer.ask("HGET", PREFIX + "emitted", "id")
        self.assertIsNone(before, "nothing was sent yet")
        self.report(self.ads(), 1_000_000)
        harness.until(lambda: self.daemon.summary(kpi="spend")[0]["value"] == 35.0, "the flush")
        time.sleep(1.5)
        self.assertEqual(self.consumer.ask("KEYS", PREFIX + "summar*"), [])
        self.assertEqual(self.consumer.ask("KEYS", PREFIX + "emitted"), [])
        self.reload("emit: {every_seconds: 1}\n")
        self.catch_up()

    def test_other_settings(self):
        """Rows of other settings are all sent; stages that are gone lose their hash."""
        self.report(self.ads(), 1_000_000)
        self.catch_up()
        version = self.consumer.of("summary")[-1]["settings_version"]
        self.reload(self.extra + "privacy: {k: 20}\n")
        self.catch_up()
        last = self.consumer.of("summary")[-1]
        self.assertEqual(last["rows"], "all")
        self.assertNotEqual(last["settings_version"], version)
        stages = "stages:\n  spending: {label: Spending, orientation: upstream}\n" \
                 "kpis:\n  media:\n    label: Media\n    stage: spending\n" \
                 "    expr: spend\n    unit: money\n"
        self.reload(self.extra + stages)
        self.catch_up()
        self.assertEqual(list(self.consumer.stages()), ["spending"])
        self.assertEqual(self.consumer.summary["media"]["value"], 35.0)

    def test_foreign_keys(self):
        """Who writes to these keys stops the emission, and nothing else."""
        key = PREFIX + "summary:purchase"
        client = self.ads()
        harness.until(lambda: self.consumer.ask("SET", key, "mine") == b"OK", "Redis")
        self.report(client, 1_000_000)
        harness.until(lambda: "event=emission_refused" in self.daemon.log(), "the refusal")
        self.assertEqual(self.consumer.ask("GET", key), b"mine")
        self.report(client, 2_000_000)
        self.assertEqual(self.daemon.summary(kpi="spend")[0]["value"], 70.0)
        self.assertTrue(self.daemon.ready())
        self.consumer.ask("DEL", key)
        self.catch_up()

    def test_mark_of_another(self):
        """What was emitted by another owner is known before anything is written."""
        client = self.ads()
        self.report(client, 1_000_000)
        self.catch_up()
        self.consumer.ask("HSET", PREFIX + "emitted", "id", "0-1", "content", "f" * 32)
        self.report(client, 2_000_000)
        self.catch_up()
        self.assertEqual(self.consumer.of("summary")[-1]["rows"], "all")
        self.assertNotEqual(self.consumer.ask("HGET", PREFIX + "emitted", "id"), b"0-1")


if __name__ == "__main__":
    harness.main()
