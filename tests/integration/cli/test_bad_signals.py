# SPDX-License-Identifier: Apache-2.0
"""Bad files of surveys, levels and rates, and streams of connectors that break off:
one clear sentence for each mistake, and what is good beside it counts."""

import csv
import io
import socket

from cli_case import CliCase, harness
from harness import pb

NPS = "answer_id,answered_on,wave_from,wave_to,segment,recommend,satisfaction,read_at\n"
ANSWER = "n1,2025-12-30,2025-12-01,2025-12-28,new,9,4,2026-01-31T23:30:00Z\n"
TABLE = ("wave,wave_from,wave_to,study,item,brand,option,share_percent,n,design_effect,read_at\n"
         "w,2025-12-01,2025-12-28,tracker,aided,Acme,yes,42,1000,1.2,2026-01-31T23:30:00Z\n")
RECORD = ('{"type":"RECORD","stream":"survey_responses","record":{"id":"%s","score":9,'
          '"survey_type":"nps","created_at":1641000000},"time_extracted":"2024-01-01T00:00:00Z"}')
AIRBYTE = ('{"type":"RECORD","record":{"stream":"survey_responses","data":{"id":"%s","score":9,'
           '"survey_type":"nps","created_at":1641000000},"emitted_at":1704067200000}}')
RATES = "Date,USD,JPY,\n2026-01-20,1.1,N/A,\n2026-01-06,1.25,160,\n2026-01-05,N/A,150,\n"
ZONE = "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}"


class Signals(CliCase):
    settings = harness.config({"demo": ZONE}, extra=(
        "fx: {source: ecb/eurofxref, base: EUR, max_carry_days: 3}\n"
        "emit: {every_seconds: 0}\n"))

    def send(self, name, text, *args, code=0):
        return self.check(self.run_cli("send", *args, self.file(name, text)), code)

    def refused(self, name, text, number, says):
        """A line names the file's line and says it."""
        done = self.send(name, text, "--source", "%s/x" % self.id().rsplit("_", 1)[-1], code=1)
        self.assertTrue(any("%s:%d: " % (name, number) in line and says in line
                            for line in done.stderr.splitlines()), done.stderr)

    # ---- surveys ----

    def test_waves(self):
        for columns, says in (
                (",,", "the wave has no dates"),
                (",2025-12-28,2025-12-01,", "a wave ends on or after its first day"),
                (",2025-12-01,2027-12-01,", "at most 366 days"),
                (",yesterday,2025-12-28,", "`yesterday` is no date")):
            with self.subTest(columns=columns):
                bad = ANSWER.replace("n1,", "n2,").replace(",2025-12-01,2025-12-28,",
                                                           columns.ljust(3, ","))
                self.refused("waves.csv", NPS + ANSWER + bad, 3, says)

    def test_ratings(self):
        self.refused("ratings.csv", NPS + ANSWER.replace(",9,", ",11,"),
                     2, "`11` is no rating from 0 to 10")

    def test_tables(self):
        for old, new, says in (
                (",42,", ",142,", "a share in percent is 0 to 100"),
                (",42,", ",-1,", "a share in percent is 0 to 100"),
                (",1000,", ",-3,", "n is a whole number of people"),
                (",1.2,", ",0.5,", "the sums of a wave are not negative and possible together")):
            with self.subTest(new=new):
                self.refused("table.csv", TABLE.replace(old, new), 2, says)

    def test_negative_weights_on_the_wire(self):
        """Whoever sends: nobody stands for fewer than none."""
        day = harness.date("2025-12-01")
        wave = {"study": "s", "from": day, "to": day, "as_of_us": 1_767_603_600_000_000}
        with harness.Client(self.daemon) as client:
            client.hello("own/one", declaration=pb.Declaration(
                **{"class": pb.Declaration.SURVEY}, reports=[pb.Report(id="s", rollup=True)]))
            ack = client.batch(
                responses=[pb.SurveyResponse(response_id="r", weight_micros=-1, **wave)],
                aggregates=[pb.SurveyAggregate(item="a", n=5, weight_micros=-5, **wave)])
        self.assertEqual([(reject.code, reject.field) for reject in ack.rejects],
                         [("bad_weight", "weight_micros"), ("bad_sums", "weight_micros")])
        for reject in ack.rejects:
            self.assertGreater(len(reject.detail.split()), 4, reject)

    # ---- money ----

    def converted(self, currency):
        """day -> (status, value, whether the rate was carried), where there is money."""
        status, _, body = self.daemon.get(
            "/v1/summary.csv", tenant="demo", from_="2026-01-05", to="2026-01-20", grain="day",
            kpi="gross_revenue", currency=currency)
        self.assertEqual(status, 200, body)
        return {row["bucket_start"][-2:]: (row["status"], row["value"],
                                           "carried_fx" in row["flags"])
                for row in csv.DictReader(io.StringIO(body.decode()))
                if row["value"] != "0"}

    def test_a_rate_table_with_gaps(self):
        """N/A is no mistake. A day without a rate takes the last one for three days;
        after that the row says fx_missing and shows no number."""
        done = self.send("rates.csv", RATES)
        self.assertEqual(done.stderr, "")
        self.assertIn("4 rates accepted", done.stdout)
        with harness.Client(self.daemon) as client:
            client.hello("shop/us", declaration=pb.Declaration(
                **{"class": pb.Declaration.EVENT}, currency="USD"))
            client.batch(events=[pb.Event(
                event_id=str(day), event_time_us=(1_767_571_200 + (day - 5) * 86_400) * 1_000_000,
                amounts=harness.amounts(gross_revenue=100_000_000))
                for day in (5, 6, 9, 10, 20)])
        missing = ("fx_missing", "", False)
        self.assertEqual(self.converted("EUR"), {
            "05": missing, "06": ("ok", "80", False), "09": ("ok", "80", True), "10": missing,
            "20": ("ok", "90.909091", False)})
        self.assertEqual(self.converted("JPY"), {
            "05": missing, "06": ("ok", "12800", False), "09": ("ok", "12800", True),
            "10": missing, "20": missing})

    def test_rates_that_are_none(self):
        bad = "Date,USD,\n2026-02-06,0,\n2026-02-07,-1.1,\n2026-02-08,1e99,\n2026-13-05,1.1,\n"
        done = self.send("bad.csv", bad, code=1)
        for number, says in ((2, "a rate is a number above 0"), (3, "a rate is a number above 0"),
                             (4, "column `USD`"), (5, "`2026-13-05` is no date")):
            self.assertRegex(done.stderr, r"bad\.csv:%d: .*%s" % (number, says))

    # ---- streams ----

    def test_a_stream_that_breaks_off(self):
        """A connector that dies in the middle of a line: what came before counts."""
        for name, record, schema in (
                ("singer", RECORD, '{"type":"SCHEMA","stream":"survey_responses","schema":{}}'),
                ("airbyte", AIRBYTE, '{"type":"LOG","log":{"level":"INFO","message":"on"}}')):
            with self.subTest(name):
                text = "\n".join((schema, record % "1", record % "2", (record % "3")[:70]))
                done = self.run_cli("send", "--mapping", "delighted_nps", "--source",
                                    "delighted/" + name, "-", text=text)
                self.check(done, 1, "2 responses accepted")
                self.assertRegex(done.stderr, r"^standard input:4: malformed: \S.*\n$")

    def test_a_stream_without_records(self):
        """A connector that has nothing new is no mistake."""
        done = self.run_cli("send", "--mapping", "delighted_nps", "-",
                            text='{"type":"STATE","value":{"bookmarks":{}}}\n')
        self.check(done, 0)
        self.assertEqual(done.stderr, "standard input: 0 rows: its messages hold no record\n")

    # ---- emission ----

    def test_emission_that_is_off(self):
        """Everything else works, and nothing is written for readers of Redis."""
        self.send("nps.csv", NPS + ANSWER)
        keys = self.redis_keys()
        self.assertGreater(len(keys), 0)
        self.assertEqual([key for key in keys if b":summar" in key or b":emitted" in key], [])

    def redis_keys(self):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(harness.PATIENCE)
            link.connect(self.daemon.ports["redis"])
            link.sendall(b"*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n")
            with link.makefile("rb") as file:
                count = int(file.readline()[1:])
                return [file.read(int(file.readline()[1:]) + 2)[:-2] for _ in range(count)]


if __name__ == "__main__":
    harness.main()
