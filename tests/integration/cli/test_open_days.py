# SPDX-License-Identifier: Apache-2.0
"""An event file of which something was refused declares no day complete: what is
mended must still be taken, however old it is by then."""

import datetime

from cli_case import CliCase, harness

HEAD = "event_id,time,country,channel,sessions\n"
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
REFUSED = "1 event was refused, so its days are not declared complete; mend and send it again"


def day(back):
    return str(TODAY - datetime.timedelta(days=back))


def line(name, back, channel="direct"):
    return f"{name},{day(back)}T12:00:00Z,DE,{channel},1\n"


class OpenDays(CliCase):
    """The dedup window is 7 days; a source per test, of the same name as the test."""

    def setUp(self):
        super().setUp()
        self.name = self.id().rsplit(".", 1)[1].replace("test_", "")

    def send(self, path, code, *says, more=()):
        return self.check(self.run_cli("send", "--source", f"demo_sessions/{self.name}", *more,
                                       *(path if isinstance(path, tuple) else (path,))),
                          code, *says)

    def source(self):
        sources = self.daemon.get_json("/v1/sources", tenant="demo")["sources"]
        return next(one for one in sources if one["source"] == f"demo_sessions/{self.name}")

    def complete(self):
        source = self.source()
        return source["complete_from"], source["complete_through"]

    def assert_undeclared(self):
        """Who never declared anything is taken to be complete, from no day on."""
        self.assertEqual((self.complete()[0], self.source()["accepted"]), (None, 1))

    def bad_and_good(self):
        text = HEAD + line(f"{self.name}1", 12) + line(f"{self.name}2", 9, "telepathy")
        return (self.file("bad.csv", text),
                self.file("good.csv", text.replace("telepathy", "direct")))

    def test_mended_file(self):
        bad, good = self.bad_and_good()
        done = self.send(bad, 1, "1 event accepted, 1 rejected", f"{bad}: {REFUSED}")
        self.assertNotIn("heartbeat", done.stdout)
        self.assert_undeclared()
        self.send(good, 0, "1 event accepted, 1 duplicate, 1 heartbeat")
        self.assertEqual(self.complete(), (day(12), day(9)))
        self.send(good, 0, "2 duplicates")

    def test_mended_items(self):
        bad, good = self.bad_and_good()
        self.send(bad, 1, REFUSED)
        source = f"demo_sessions/{self.name}"
        lines = self.check(self.run_cli("rejects", "--json", "--source", source), 0).stdout
        path = self.file("items.jsonl", lines.replace("telepathy", "direct"))
        self.check(self.run_cli("send", "--items", "--source", source, path), 0,
                   "1 item accepted")
        self.assertEqual(self.source()["accepted"], 2)
        self.send(good, 0, "2 duplicates, 1 heartbeat")
        self.assertEqual(self.complete(), (day(12), day(9)))

    def test_an_event_in_the_future(self):
        """It neither makes today complete nor keeps its own mended form out."""
        bad = HEAD + line("f1", 12) + f"f2,{TODAY.year + 1}-06-10T12:00:00Z,DE,direct,1\n"
        self.send(self.file("bad.csv", bad), 1, "event_in_future", REFUSED)
        self.assert_undeclared()
        self.send(self.file("good.csv", HEAD + line("f1", 12) + line("f2", 11)), 0,
                  "1 event accepted, 1 duplicate, 1 heartbeat")
        self.assertEqual(self.complete(), (day(12), day(11)))

    def test_a_record_that_cannot_be_read(self):
        bad = HEAD + line("u1", 12) + line("u2", 10).replace(",1\n", ",abc\n")
        self.send(self.file("bad.csv", bad), 1, REFUSED)
        self.assert_undeclared()

    def test_several_files_of_one_command(self):
        """Whole files are declared, but for the days that another lacks something of."""
        whole = self.file("whole.csv", HEAD + line("w1", 40) + line("w2", 38))
        shares = self.file("shares.csv", HEAD + line("s1", 20) + line("s2", 18))
        bad = self.file("bad.csv", HEAD + line("b1", 19) + line("b2", 19, "telepathy"))
        self.send((whole, shares, bad), 1, "1 event accepted, 1 rejected, 1 heartbeat",
                  f"{bad}: {REFUSED}")
        self.assertEqual(self.complete(), (day(40), day(38)))
        good = self.file("good.csv", HEAD + line("b1", 19) + line("b2", 19))
        self.send((shares, good), 0, "2 duplicates", "2 heartbeats")
        self.assertEqual(self.complete(), (day(20), day(18)))


if __name__ == "__main__":
    harness.main()
