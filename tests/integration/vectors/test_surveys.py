# SPDX-License-Identifier: Apache-2.0
"""Worked numbers of surveys (tests/data/vectors.json), sent in as single answers or
as a vendor's sums, and read from /v1."""

import csv
import io
from decimal import Decimal
from fractions import Fraction

from vector_case import VectorCase, harness, now_us, pb, tenant_of

WAVE = ("2025-03-01", "2025-03-31")
EARLIER = ("2025-02-01", "2025-02-28")
MICROS = 1_000_000


def period(wave):
    return {"from": harness.date(wave[0]), "to": harness.date(wave[1])}


def micros(value):
    return round(Fraction(str(value)) * MICROS)


class Surveys(VectorCase):
    part = "surveys"

    def test_every_kind_is_decided(self):
        self.check_kinds()

    # ---- in ----

    def book(self, tenant, responses=(), aggregates=()):
        with harness.Client(self.daemon) as client:
            client.hello("panel/one", tenant=tenant, declaration=pb.Declaration(
                **{"class": pb.Declaration.SURVEY},
                reports=[pb.Report(id=study, rollup=True)
                         for study in ("tracker", "nps", "csat", "needs")]))
            ack = client.batch(responses=responses, aggregates=aggregates)
        self.assertEqual(ack.rejected, 0, ack)

    def answers(self, count, answers, weight=MICROS, study="tracker", wave=WAVE, **dims):
        """So many people who say the same: (item, brand) -> options."""
        self.people = getattr(self, "people", 0) + count
        return [pb.SurveyResponse(
            response_id="r%d" % (self.people - i), study=study, weight_micros=weight,
            as_of_us=now_us(), dims=harness.dims(**dims), **period(wave),
            answers=[pb.Answer(item=item, brand=brand, options=options)
                     for (item, brand), options in answers.items()]) for i in range(count)]

    def aided(self, count, option, **fields):
        return self.answers(count, {("aided", "Acme"): [option]}, **fields)

    # ---- out ----

    def wave(self, tenant, kpi, **query):
        """The rows of a KPI in the wave; CSV says the same."""
        rows = self.read(tenant, kpi, *WAVE, **query)
        status, _, body = self.daemon.get("/v1/summary.csv", tenant=tenant, kpi=kpi,
                                          from_=WAVE[0], to=WAVE[1], **query)
        self.assertEqual(status, 200, body)
        lines = list(csv.DictReader(io.StringIO(body.decode())))
        self.assertEqual(len(lines), len(rows))
        for row, line in zip(rows, lines):
            for name in ("value", "n", "n_eff", "ci_low", "ci_high"):
                self.assertEqual(line[name], "" if row[name] is None else repr(row[name]), name)
            self.assertEqual((line["status"], line["numerator"]),
                             (row["status"], row["numerator"] or ""))
        return rows

    def assert_near(self, vector, found, want):
        tolerance = max(vector["tol"]["abs"], vector["tol"]["rel"] * abs(want))
        self.assertAlmostEqual(found, want, delta=tolerance)

    def assert_interval(self, vector, row, want):
        self.assert_near(vector, row["ci_low"], want[0])
        self.assert_near(vector, row["ci_high"], want[1])
        self.assertEqual(row["ci_level"], 0.95)

    # ---- kinds ----

    def test_wilson(self):
        for vector in self.vectors("wilson"):
            with self.subTest(id=vector["id"]):
                tenant, given = tenant_of(vector), vector["input"]
                self.book(tenant, self.aided(given["x"], "yes")
                          + self.aided(given["n"] - given["x"], "no"))
                row = self.wave(tenant, "aided_awareness")[0]
                self.assertEqual((row["n"], row["n_eff"]), (given["n"], given["n"]))
                self.assert_near(vector, row["value"], vector["expect"]["p"])
                self.assert_interval(vector, row, vector["expect"]["ci"])

    def test_survey_proportion(self):
        """The five sums as a vendor delivers them; the linearised variance is in no row."""
        for vector in self.vectors("survey_proportion"):
            with self.subTest(id=vector["id"]):
                tenant, sums = tenant_of(vector), vector["input"]["sums"]
                self.book(tenant, aggregates=[pb.SurveyAggregate(
                    study="tracker", item="aided", brand="Acme", option="yes", n=sums["n"],
                    weight_micros=micros(sums["sw"]), weight_squared_micros=micros(sums["sw2"]),
                    option_weight_micros=micros(sums["swy"]), as_of_us=now_us(),
                    option_weight_squared_micros=micros(sums["sw2y"]), **period(WAVE))])
                expect = vector["expect"]
                hide = vector["input"].get("small_sample") == "hide"
                row = self.wave(tenant, "hidden_awareness" if hide else "aided_awareness")[0]
                self.assertIn("aggregate_only", row["flags"])
                self.assertEqual(row["n"], sums["n"])
                self.assert_near(vector, row["n_eff"], expect["neff_kish"])
                if hide:
                    self.assertEqual((row["status"], row["value"]), (expect["status"], None))
                    self.assertIsNotNone(row["ci_low"])
                    continue
                self.assert_near(vector, row["value"], expect["p"])
                self.assert_near(vector, row["n"] / row["n_eff"], expect["deff_kish"])
                self.assert_interval(vector, row, expect["ci_kish"])

    def test_survey_sums(self):
        """Three of each, because four people are too few to be shown."""
        for vector in self.vectors("survey_sums"):
            tenant, expect = tenant_of(vector), vector["expect"]
            self.book(tenant, [response for weight, chose in zip(vector["input"]["weights_micro"],
                                                                 vector["input"]["y"])
                               for response in self.aided(3, "yes" if chose else "no",
                                                          weight=weight)])
            row = self.wave(tenant, "aided_awareness")[0]
            self.assertEqual(row["n"], 3 * expect["n"])
            self.assertEqual(Decimal(row["denominator"]) * MICROS, 3 * expect["sw"])
            self.assertEqual(Decimal(row["numerator"]) * MICROS, 3 * expect["swy"])
            # n_eff = S1^2 / S2 (in units) gives the sum of squares back, to the last micro.
            squares = Decimal(3 * expect["sw"]) ** 2 / Decimal(row["n_eff"])
            self.assertEqual(round(squares / MICROS), 3 * expect["sw2"])

    def rated(self, study, item, hist, first):
        return [response for at, count in enumerate(hist)
                for response in self.answers(count, {(item, ""): [str(first + at)]}, study=study)]

    def test_nps(self):
        for vector in self.vectors("nps"):
            tenant, expect = tenant_of(vector), vector["expect"]
            self.book(tenant, self.rated("nps", "recommend", vector["input"]["hist"], 0))
            row = self.wave(tenant, "nps")[0]
            self.assertEqual(row["status"], "ok")
            self.assertEqual(row["n"], expect["n"])
            self.assertEqual(row["numerator"], str(expect["promoters"] - expect["detractors"]))
            self.assert_near(vector, row["value"], expect["nps"])
            self.assert_interval(vector, row, expect["ci"])
            half = (row["ci_high"] - row["ci_low"]) / 2
            self.assert_near(vector, half / vector["input"]["z"], expect["se"])

    def test_csat(self):
        for vector in self.vectors("csat"):
            tenant, expect = tenant_of(vector), vector["expect"]
            self.book(tenant, self.rated("csat", "satisfaction", vector["input"]["hist"], 1))
            row = self.wave(tenant, "csat_mean")[0]
            self.assertEqual(row["n"], expect["n"])
            self.assert_near(vector, row["value"], expect["mean"])
            self.assert_interval(vector, row, expect["mean_ci"])
            row = self.wave(tenant, "csat_t2b")[0]
            self.assert_near(vector, row["value"], expect["top2"])
            self.assert_interval(vector, row, expect["top2_ci"])

    def test_brand_funnel(self):
        """Each step is a share of those who took the one before."""
        for vector in self.vectors("brand_funnel"):
            tenant, given, expect = tenant_of(vector), vector["input"], vector["expect"]
            steps = {"aided": "aware", "consider": "consider", "prefer": "prefer",
                     "intend": "intend"}
            responses = []
            for i, response in enumerate(self.answers(given["base"], {})):
                response.answers.extend(
                    pb.Answer(item=item, brand="Acme",
                              options=["yes"] if i < given[name] else ["no"])
                    for item, name in steps.items())
                responses.append(response)
            self.book(tenant, responses)
            for kpi, key in (("aided_awareness", "aware"), ("brand_funnel", "consider_of_aware"),
                             ("funnel_prefer", "prefer_of_consider"),
                             ("funnel_intend", "intend_of_prefer")):
                self.assert_near(vector, self.wave(tenant, kpi)[0]["value"], expect[key])

    def test_k_suppress(self):
        for vector in self.vectors("k_suppress"):
            with self.subTest(id=vector["id"]):
                tenant, expect = tenant_of(vector), vector["expect"]
                cells = vector["input"]["cells"]
                responses = []
                for segment, people in cells.items():
                    responses += self.aided(people, "yes", segment=segment)
                    # A segment without people in the wave had some in the one before.
                    if people == 0:
                        responses += self.aided(12, "no", segment=segment, wave=EARLIER)
                self.book(tenant, responses)
                rows = {row["segment"]: row
                        for row in self.wave(tenant, "aided_awareness", by="segment")}
                self.assertEqual(set(rows), set(cells))
                self.assertEqual(sorted(segment for segment, row in rows.items()
                                        if row["status"] == "withheld"),
                                 sorted(expect["withheld"]))
                for segment in expect["withheld"]:
                    for column in ("value", "numerator", "denominator", "n", "n_eff", "ci_low"):
                        self.assertIsNone(rows[segment][column])
                for segment, people in expect["shown"].items():
                    self.assertEqual(rows[segment]["n"] or 0, people)
                self.assertEqual(self.wave(tenant, "aided_awareness")[0]["n"], expect["total"])


if __name__ == "__main__":
    harness.main()
