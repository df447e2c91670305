# SPDX-License-Identifier: Apache-2.0
"""`streamgauge print-config`: a settings file that means the same."""

import os
import pathlib

from cli_case import Room, harness, run

SHIPPED = os.path.join(harness.SOURCE, "config", "streamgauge.yaml")
SPECIAL = harness.config(
    tenants={"acme": "{time_zone: Asia/Tokyo, currency: JPY, brand: \"A & B: #1\"}"},
    extra="flush_min_ms: 11\nretention: {hour: 30d}\n")


class PrintConfig(Room):
    def print_config(self, path):
        return self.check(run("print-config", path), 0).stdout

    def test_it_means_the_same(self):
        for text in (pathlib.Path(SHIPPED).read_text(encoding="utf-8"), SPECIAL):
            with self.subTest(text=text[:40]):
                # The shipped file names its directories from where it lies.
                text = text.replace("presets_dir: presets", "presets_dir: " + os.path.join(
                    harness.SOURCE, "config", "presets"))
                first = self.print_config(self.file("given.yaml", text))
                again = self.print_config(self.file("printed.yaml", first))
                self.assertEqual(first, again)
                self.check(run("check-config", self.file("printed.yaml", first)), 0, ": ok (")

    def test_what_was_set_and_what_was_not(self):
        printed = self.print_config(self.file("given.yaml", SPECIAL))
        for line in ("flush_min_ms: 11", "lateness_grace_minutes: 60", "  hour: 30d",
                     "  minute: 2d"):
            self.assertIn(line + "\n", printed)
        self.assertIn("A & B: #1", printed)

    def test_a_daemon_runs_on_it(self):
        printed = self.print_config(self.file("given.yaml", SPECIAL))
        daemon = harness.Daemon(printed)
        self.addCleanup(daemon.close)
        daemon.start()
        self.assertEqual(daemon.get_json("/v1/sources", tenant="acme")["tenant"], "acme")

    def test_mistakes(self):
        wrong = self.file("wrong.yaml", "flush_min_ms: soon\n")
        self.check(run("print-config", wrong), 2, f"{wrong}:1: ")
        self.check(run("print-config", self.dir / "none"), 2, "none")
        self.check(run("print-config", wrong, wrong), 2, "one word too many")
        self.check(run("print-config", "--all"), 2, "unknown option --all")
        self.check(run("print-config", "--help"), 0, "usage: streamgauge print-config [FILE]")


if __name__ == "__main__":
    harness.main()
