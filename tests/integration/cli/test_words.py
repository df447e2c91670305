# SPDX-License-Identifier: Apache-2.0
"""What the command says to somebody who has never seen it: where a rejected
value stands, what a count means, which name was meant."""

import json
import os
import subprocess
import time

from cli_case import MAPPINGS, CliCase, Room, harness, run
from google.protobuf import json_format
from harness import pb

DAY_US = 86_400_000_000
HEAD = "event_id,time,country,channel,sessions\n"
ADS = ("account_id,date,country,channel,campaign_id,campaign_name,impressions,clicks,spend,"
       "conversions,conversion_value,currency,time_zone,read_at\n")


def ads(day, channel="video", read_at="2026-01-20T00:00:00Z"):
    return f"a1,{day},DE,{channel},1,N,10,4,1.5,0.5,2,EUR,Europe/Berlin,{read_at}\n"


class Rejects(CliCase):
    def test_line_and_column(self):
        """The daemon names fields of the wire; the sender knows the file."""
        path = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,telepathy,5\n"
                         "s2,2030-01-05T09:00:00Z,DE,direct,5\n"
                         f"{'x' * 300},2026-01-05T09:00:00Z,DE,direct,5\n"
                         "s4,2026-01-05T09:00:00Z,DE,direct,-5\n")
        self.check(self.run_cli("send", path), 1,
                   f"{path}:2: column `channel`: unknown_value: channel `telepathy`",
                   f"{path}:3: column `time`: event_in_future: 2030-01-05T09:00:00Z "
                   "(1893834000000000): ",
                   f"{path}:4: column `event_id`: bad_text",
                   f"{path}:5: column `sessions`: negative", "3 rejected")
        self.check(self.run_cli("rejects"), 0,
                   "event_time_us: event_in_future: 2030-01-05T09:00:00Z (1893834000000000): ")

    def test_of_report_rows(self):
        path = self.file("ads.csv", ADS + ads("2026-01-05") + ads("2026-01-06", "telepathy") +
                         ads("2026-01-07", read_at="2030-01-01T00:00:00Z"))
        self.check(self.run_cli("send", path), 1,
                   f"{path}:3: column `channel`: unknown_value",
                   f"{path}:4: column `read_at`: as_of_in_future: 2030-01-01T00:00:00Z (18",
                   "1 row accepted")

    def test_zero_is_given_back(self):
        """An amount of zero that was rejected is a zero, in millionths."""
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello("shop/zero")
        client.batch(events=[pb.Event(
            event_id="z", event_time_us=1_767_603_600_000_000, dims=harness.dims(channel="nope"),
            amounts=harness.amounts(discounts=0, gross_revenue=119_000_000))])
        done = self.check(self.run_cli("rejects", "--json", "--source", "shop/zero"), 0)
        self.assertEqual([one["value"] for one in json.loads(done.stdout)["events"][0]["amounts"]],
                         ["0", "119000000"])
        self.check(self.run_cli("rejects", "--help"), 0, "119000000")


    def test_every_record_is_written(self):
        """More than an answer of the daemon names, in one batch and in all."""
        rows = [ads("2026-01-05", channel="telepathy").replace(",1,N,", f",c{n},N,")
                for n in range(2500)]
        rows[7] = rows[7].replace("telepathy", "video")
        path = self.file("ads.csv", ADS + "".join(rows))
        (self.dir / "out").mkdir()
        self.check(self.run_cli("send", "--rejects", self.dir / "out", path), 1,
                   f"{path}: 2499 rejected records are in ")
        written = (self.dir / "out" / "ads.csv").read_text()
        self.assertEqual(written, ADS + "".join(rows[:7] + rows[8:]))


class Counts(CliCase):
    def status(self, source):
        sources = self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
        return next(one for one in sources if one["source"] == source)

    def test_send_and_status_agree(self):
        path = self.file("ads.csv", ADS + ads("2026-01-05") + ads("2026-01-06"))
        self.check(self.run_cli("send", path), 0,
                   "demo_ads/a1: 2 rows accepted, 2 periods complete (fsync)",
                   "  a new source, currency EUR")
        again = self.check(self.run_cli("send", path), 0, "2 unchanged")
        self.assertNotIn("a new source", again.stdout)
        self.assertEqual(self.status("demo_ads/a1")["accepted"], 6)
        path = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,direct,5\n")
        self.check(self.run_cli("send", path), 0,
                   "demo_sessions/default: 1 event accepted, 1 heartbeat (fsync)")
        self.assertEqual(self.status("demo_sessions/default")["accepted"], 2)
        self.check(self.run_cli("status"), 0, "complete: the last day that is whole",
                   "a period or a day is complete, which send counts apart",
                   "1 event came more than three days after it happened, and counts")

    def test_who_held_the_end_back(self):
        """A live source that is complete to some days ago."""
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello("shop/slow")
        now = time.time_ns() // 1000
        client.batch(events=[pb.Event(event_id="a", event_time_us=now - 4 * DAY_US,
                                      amounts=harness.amounts(orders=1))],
                     heartbeats=[pb.Heartbeat(complete_through_us=now - 2 * DAY_US)])
        done = self.check(self.run_cli("summary", "--kpi", "orders"), 0,
                          "because shop/slow is complete no further.")
        self.assertRegex(done.stdout, r"\nThe range ends on \d{4}-\d\d-\d\d because")
        given = self.check(self.run_cli("summary", "--kpi", "orders", "--from", "2026-01-01",
                                        "--to", "2026-01-31"), 0)
        self.assertNotIn("The range ends", given.stdout)


class Sources(CliCase):
    """--items names its source by hand."""

    def test_a_mistyped_source(self):
        client = harness.Client(self.daemon)
        self.addCleanup(client.close)
        client.hello("shop/eu")
        client.batch(events=[pb.Event(event_id="a", event_time_us=1_767_603_600_000_000,
                                      amounts=harness.amounts(orders=1))])
        client.close()
        line = self.file("one.jsonl", '{"events":[%s]}\n' % json_format.MessageToJson(
            pb.Event(event_id="b", event_time_us=1_767_603_600_000_000,
                     amounts=harness.amounts(orders=1)), indent=None))

        def send(source, *more):
            return self.run_cli("send", "--items", "--source", source, *more, line)

        self.check(send("shop/eo"), 2, "there is no source `shop/eo` yet (did you mean shop/eu?); "
                   "--new-source makes it")
        self.check(send("tracker/brand"), 2, "the daemon knows 1 other,")
        names = [one["source"] for one in
                 self.daemon.get_json("/v1/sources", tenant="demo")["sources"]]
        self.assertEqual(names, ["shop/eu"])
        self.check(send("shop/eu"), 0, "1 item accepted")
        self.check(send("shop/us", "--new-source"), 0, "1 item accepted", "a new source")


    def test_when_it_was_read(self):
        """The column that said it, of the two that may."""
        record = {"type": "RECORD", "stream": "campaigns_reports_daily",
                  "record": {"campaign_id": 1, "stat_time_day": "2026-01-05",
                             "metrics": {"impressions": 5, "clicks": 1, "spend": "1.5"}}}
        timed = dict(record, time_extracted="2026-01-06T00:00:00Z")
        for name, lines, said in (
                ("timed", [timed], ", as_of column `time_extracted`\n"),
                ("both", [timed, record],
                 ", as_of column `time_extracted`, else 2026-01-07T00:00:00+00:00 (--as-of)\n"),
                ("bare", [record], ", as_of 2026-01-07T00:00:00+00:00 (--as-of)\n")):
            with self.subTest(name):
                path = self.file("tap.jsonl", "".join(json.dumps(one) + "\n" for one in lines))
                done = self.check(self.run_cli("send", "--as-of", "2026-01-07T00:00:00Z", path), 0)
                self.assertTrue(done.stdout.endswith(said), done.stdout)
        self.check(self.run_cli("send", "--as-of", "2026-01-07T00:00:00Z",
                                self.file("tap.jsonl", json.dumps(timed))), 0,
                   "--as-of is not used: column `time_extracted` says when each row was read")


class Hints(CliCase):
    HOURS = ("stat_time_hour,campaign_id,impressions,clicks,spend,conversion\n"
             "2026-01-05 07:00:00,1,10,4,1.5,1\n").upper()

    def test_a_level_that_is_not_counted(self):
        path = self.file("hours.csv", self.HOURS)
        self.check(self.run_cli("send", "--mapping", "tiktok_ads", "--source", "tiktok_ads/1",
                                "--currency", "EUR", path), 0, "1 not rolled up",
                   f"{path}: rows of this level are not counted; `rollup: {{tiktok_ads: "
                   "campaign_hours}` under the tenant in the settings would\n")

    def test_as_of_of_a_column(self):
        path = self.file("ads.csv", ADS + ads("2026-01-05"))
        says = f"{path}: --as-of is not used: column `read_at` says when each row was read\n"
        done = self.check(self.run_cli("send", "--as-of", "2026-02-01T00:00:00Z", path), 0)
        self.assertIn(says, done.stderr)
        plain = self.check(self.run_cli("send", path), 0)
        self.assertNotIn("--as-of", plain.stderr)


class Waiting(Room):
    """A daemon whose Redis is away is not ready; whoever waits for it reads why."""

    def setUp(self):
        super().setUp()
        self.daemon = harness.Daemon(harness.config(
            extra=f"redis: {{address: 'unix:{self.dir}/none'}}\n"))
        self.addCleanup(self.daemon.close)
        self.daemon.spawn()
        harness.until(lambda: os.path.exists(self.daemon.ports_file), "the ports file")
        self.daemon.read_ports()

    def first_line(self, *args):
        """What a sender says that is ended then."""
        env = dict(os.environ, STREAMGAUGE_MAPPINGS=MAPPINGS,
                   STREAMGAUGE_INGEST=self.daemon.ports["ingest"])
        with subprocess.Popen([harness.CLI, "send", *map(str, args)], env=env, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as sender:
            try:
                return sender.stderr.readline()
            finally:
                sender.kill()

    def test_of_a_file(self):
        path = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,direct,5\n")
        self.assertRegex(self.first_line(path), r"^waiting: not_ready: .*Redis")

    def test_of_items(self):
        path = self.file("items.jsonl", '{"heartbeats":[{"completeThroughUs":"1"}]}\n')
        self.assertRegex(self.first_line("--items", "--source", "shop/eu", path),
                         r"^waiting: not_ready: .*Redis")


class Files(Room):
    """What needs no daemon."""

    def setUp(self):
        super().setUp()
        self.settings = self.file("s.yaml", harness.config())

    def test_a_heading_and_nothing_else(self):
        path = self.file("head.csv", HEAD)
        done = self.check(run("send", path), 0)
        self.assertEqual(done.stderr, f"{path}: 0 rows: there is a heading and nothing below it\n")

    def test_messages_without_a_record(self):
        """A connector that found nothing new is no mistake."""
        schema = {"type": "SCHEMA", "stream": "campaigns_reports_daily", "schema": {}}
        state = {"type": "STATE", "value": {}}
        ads_file = self.file("ads.csv", ADS + ads("2026-01-05"))
        for messages in ([schema], [state], [schema, state]):
            path = self.file("tap.jsonl", "".join(json.dumps(one) + "\n" for one in messages))
            for args in ((), ("--mapping", "tiktok_ads"), ("--dry-run",)):
                done = self.check(run("send", *args, path), 0)
                self.assertEqual(done.stderr, f"{path}: 0 rows: its messages hold no record\n")
                self.assertEqual(done.stdout, "")
        self.check(run("send", "--mapping", "none", path), 2, "there is no mapping `none`")
        self.check(run("send", "--dry-run", "--config", self.settings, path, ads_file), 0,
                   "0 of 1 rows would be rejected")

    def test_options_for_readings_only(self):
        events = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,direct,5\n")
        rows = self.file("ads.csv", ADS + ads("2026-01-05"))
        for args in (("--as-of", "2026-01-20T00:00:00Z"), ("--replace",)):
            self.check(run("send", *args, rows, events), 2,
                       f"{events}: {args[0]} is for report files; the mapping demo_sessions")
            self.check(run("send", "--dry-run", *args, rows), 0, "nothing is sent")

    def test_a_dry_run_against_settings(self):
        path = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,telepathy,5\n"
                         "s2,2026-01-05T09:00:00Z,DE,direct,-5\n"
                         "s3,2026-01-05T09:00:00Z,DE,direct,5\n")
        self.check(run("send", "--dry-run", path), 0, "rules", "were not checked; --config FILE")
        self.check(run("send", "--dry-run", "--config", self.settings, path), 1,
                   f"{path}:2: column `channel`: unknown_value: channel `telepathy`",
                   "its configured values: tv, print, ", f"{path}:3: column `sessions`: negative",
                   "By these settings 2 of 3 events would be rejected")
        good = self.file("ads.csv", ADS + ads("2026-01-05"))
        self.check(run("send", "--dry-run", "--config", self.settings, good), 0,
                   "0 of 1 rows would be rejected")
        self.check(run("send", "--dry-run", "--config", self.dir / "none", good), 2, "none")
        self.check(run("send", "--dry-run", "--config", self.settings, "--tenant", "x", good), 2,
                   "configures no tenant `x`")

    def test_a_dry_run_with_an_own_mapping(self):
        """Names that are not configured, and a kind that would count in another unit."""
        for mapping, code, says in (
                ("{id: event_id, time: time, dims: {planet: country}, "
                 "measures: {sessions: {column: sessions}}}", 1,
                 ":2: column `country`: unknown_dimension: planet `DE`"),
                ("{id: event_id, time: time, type: channel}", 1,
                 ":2: column `channel`: unknown_type: `direct`"),
                ("{id: event_id, time: time, measures: {jumps: {column: sessions}}}", 1,
                 ":2: column `sessions`: unknown_measure: `jumps`"),
                ("{id: event_id, time: time, measures: {sessions: {column: sessions, "
                 "kind: money}}}", 2, "which counts in another unit")):
            with self.subTest(says=says):
                own = self.dir / "own"
                own.mkdir(exist_ok=True)
                (own / "mine.yaml").write_text(
                    f"platform: shop\nclass: event\nevents:\n  - {mapping}\n")
                path = self.file("events.csv", HEAD + "s1,2026-01-05T09:00:00Z,DE,direct,5\n")
                self.check(run("send", "--mappings", own, "--dry-run", "--config", self.settings,
                               path), code, says)

    def test_output_that_cannot_be_written(self):
        rows = self.file("ads.csv", ADS + ads("2026-01-05"))
        for args in (("--version",), ("send", "--help"), ("check-config", "--keys"),
                     ("check-config", self.settings), ("rejects", "--codes"),
                     ("send", "--dry-run", rows)):
            with self.subTest(args=args), open("/dev/full", "w", encoding="utf-8") as full:
                done = subprocess.run([harness.CLI, *args], stdout=full, stderr=subprocess.PIPE,
                                      text=True, check=False, timeout=harness.PATIENCE)
                self.assertEqual(done.returncode, 2)
                self.assertIn("the output could not be written: No space left", done.stderr)

    def test_no_mapping_fits(self):
        path = self.file("x.csv", HEAD.replace("sessions", "visits"))
        self.check(run("send", path), 2, "no mapping fits its columns (--mapping M lists all",
                   "demo_sessions lacks `sessions`")

    def test_check_config_without_a_file(self):
        done = run("check-config")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("/etc/streamgauge/streamgauge.yaml; name the settings file", done.stderr)


if __name__ == "__main__":
    harness.main()
