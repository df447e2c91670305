# SPDX-License-Identifier: Apache-2.0
"""Survey KPIs of a brand tracker over three waves, against an independent
calculation over the single answers."""

from surveys import Person, Wave, mean, nps, share
from reading_case import AS_OF, MICROS, ReadingCase, harness, pb, period

WAVES = [("2025-01-01", "2025-01-31"), ("2025-02-01", "2025-02-28"),
         ("2025-03-01", "2025-03-31")]
SIZES = (150, 131, 143)
SCALES = (1.0, 3.7, 0.25)  # mean weights differ wildly
BRANDS = ("Acme", "Rival", "Third")
SEGMENTS = ("young", "middle")
PAINS = ("price", "delivery", "service")


def spread(*numbers):
    """A number in 0..996 that looks drawn, the same each time."""
    value = 17
    for number in numbers:
        value = (value * 31 + number * number * 7 + number * 101) % 997
    return value


def answers_of(w, i):
    answers = {}
    for b, brand in enumerate(BRANDS):
        aware = spread(w, i, b, 1) % 10 < 7 - b
        considers = spread(w, i, b, 2) % 10 < 5
        answers["aided", brand] = ["yes"] if aware else []
        if spread(w, i, b, 3) % 3 == 0:
            answers["unaided", brand] = [("first", "other")[spread(w, i, b, 4) % 2]]
        else:
            answers["unaided", brand] = []
        if aware:  # asked of those who know the brand only
            answers["consider", brand] = ["yes"] if considers else ["no"]
            answers["favour", brand] = [str(1 + spread(w, i, b, 5) % 5)]
            answers["attributes", brand] = [
                name for k, name in enumerate(("cheap", "fair", "modern"))
                if spread(w, i, b, 6, k) % 3 == 0]
    return answers


def tracker():
    people = []
    for w, (wave, size) in enumerate(zip(WAVES, SIZES)):
        for i in range(size):
            weight = int((400_000 + 1_200 * spread(w, i)) * SCALES[w])
            people.append(Person("t%d" % i, wave, weight, answers_of(w, i),
                                 segment=SEGMENTS[spread(w, i, 9) % 2]))
    return people


def nps_people():
    """One wave; a few who do not know, and a segment of seven."""
    people = []
    for i in range(120):
        choice = ["dk"] if i % 20 == 0 else [str(spread(i, 3) % 11)]
        segment = "old" if i % 17 == 2 else SEGMENTS[spread(i) % 2]
        people.append(Person("n%d" % i, WAVES[2], 500_000 + 9_000 * i, {("recommend", ""): choice},
                             study="nps", segment=segment))
    return people


def csat_people():
    return [Person("c%d" % i, WAVES[2], MICROS, {("satisfaction", ""): [str(1 + spread(i) % 5)]},
                   study="csat") for i in range(90)]


def needs_people():
    return [Person("p%d" % i, WAVES[2], 700_000 + 5_000 * i, {("pains", ""): [
        name for k, name in enumerate(PAINS) if spread(i, k) % 4 <= k]}, study="needs")
            for i in range(80)]


class Surveys(ReadingCase):
    tenants = {"demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}",
               "restated": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}",
               "nobody": "{time_zone: Europe/Berlin, currency: EUR}"}

    @classmethod
    def fill(cls):
        cls.tracker, cls.nps = tracker(), nps_people()
        cls.csat, cls.needs = csat_people(), needs_people()
        people = cls.tracker + cls.nps + cls.csat + cls.needs
        for tenant in cls.tenants:
            cls.send("panel/one", "survey", tenant, ["tracker", "nps", "csat", "needs"],
                     cadence_hours=28 * 24, responses=[person.item() for person in people])

    # ---- the independent side ----

    def waves(self, people, item, chosen, brand="Acme", base=None, of=None, waves=WAVES, **dims):
        """Per wave: who was asked `base` (or chose `of`), and who of them chose."""
        sums = []
        for wave in waves:
            asked = [p for p in people if p.wave == wave and p.dims.items() >= dims.items()]
            asked = [p for p in asked if (base or item, brand) in p.answers]
            if of:
                asked = [p for p in asked if set(of) & set(p.answers[base, brand])]
            sums.append(Wave(asked, lambda p: int(bool(
                set(chosen) & set(p.answers.get((item, brand), []))))))
        return sums

    def assert_answer(self, row, columns, minimum=100, **more):
        """A row shown; small samples say so beside the value."""
        small = columns["n_eff"] < minimum
        self.assert_row(row, **{"status": "insufficient_sample" if small else "ok",
                                **columns, **more})

    def aided(self, **where):
        return self.waves(self.tracker, "aided", ["yes"], **where)

    # ---- grains ----

    def test_one_wave(self):
        """Exact sums of one wave, for the tenant's own brand."""
        row = self.one("aided_awareness", *WAVES[1])
        self.assert_row(row, flags="-rounded -stale_source", bucket_start="2025-02-01",
                        bucket_end="2025-02-28", layer="survey", sources="panel/one",
                        **share(self.aided(waves=WAVES[1:2])))

    def test_pooled(self):
        """Three waves of different scales count by their people."""
        row = self.one("aided_awareness", WAVES[0][0], WAVES[2][1])
        self.assert_answer(row, share(self.aided()))

    def test_a_wave_counts_where_it_ends(self):
        row = self.one("aided_awareness", "2025-01-20", "2025-03-15")
        self.assert_row(row, bucket_start="2025-01-20", bucket_end="2025-03-15",
                        **share(self.aided(waves=WAVES[:2])))

    def test_grain_wave(self):
        rows = self.read("aided_awareness", "2025-01-15", "2025-03-31", grain="wave")
        self.assertEqual([(row["bucket_start"], row["bucket_end"]) for row in rows], WAVES)
        for row, wave in zip(rows, WAVES):
            self.assert_row(row, flags="-rounded -partial_bucket", grain="wave",
                            **share(self.aided(waves=[wave])))

    def test_grain_month_and_day(self):
        rows = self.read("aided_awareness", "2024-12-01", "2025-03-31", grain="month")
        self.assert_row(rows[0], status="no_data", n=None, bucket_start="2024-12-01")
        for row, wave in zip(rows[1:], WAVES):
            self.assert_answer(row, share(self.aided(waves=[wave])), bucket_start=wave[0],
                               flags="-stale_source")
        rows = self.read("aided_awareness", "2025-02-27", "2025-03-01", grain="day")
        self.assertEqual([row["status"] for row in rows], ["no_data", "ok", "no_data"])
        self.assert_answer(rows[1], share(self.aided(waves=WAVES[1:2])))
        rows = self.read("aided_awareness", "2025-02-24", "2025-03-09", grain="week")
        self.assert_answer(rows[0], share(self.aided(waves=WAVES[1:2])), bucket_end="2025-03-02")
        for grain in ("minute", "hour"):
            row = self.read("aided_awareness", "2025-02-28", grain=grain)[0]
            self.assert_row(row, status="coarser_than_grain", n=None, n_eff=None)

    def test_newest_earlier_wave(self):
        """With its own days, and stale when two cadences have gone by."""
        want = share(self.aided(waves=WAVES[2:]))
        row = self.one("aided_awareness", "2025-04-01", "2025-05-20")
        self.assert_row(row, bucket_start="2025-03-01", bucket_end="2025-03-31",
                        flags="-stale_source -rounded", **want)
        row = self.one("aided_awareness", "2025-04-01", "2025-05-27")
        self.assert_row(row, bucket_end="2025-03-31", flags="stale_source", **want)
        row = self.one("aided_awareness", "2025-04-01", "2025-04-20", grain="month")
        self.assert_row(row, status="no_data", bucket_start="2025-04-01")
        self.assertEqual(self.read("aided_awareness", "2025-04-01", "2025-04-20", grain="wave"), [])

    # ---- groups ----

    def test_by_brand_and_segment(self):
        rows = self.keyed("aided_awareness", *WAVES[0], by="brand")
        self.assertEqual(list(rows), list(BRANDS))
        for brand, row in rows.items():
            self.assert_answer(row, share(self.aided(brand=brand, waves=WAVES[:1])))
        rows = self.keyed("aided_awareness", *WAVES[0], by="segment")
        self.assertEqual(set(rows), set(SEGMENTS))
        for segment, row in rows.items():
            self.assert_answer(row, share(self.aided(segment=segment, waves=WAVES[:1])))
        rows = self.keyed("aided_awareness", WAVES[0][0], WAVES[2][1], by="brand,segment")
        self.assertEqual(len(rows), len(BRANDS) * len(SEGMENTS))
        for (brand, segment), row in rows.items():
            self.assert_answer(row, share(self.aided(brand=brand, segment=segment)))

    def test_filters(self):
        row = self.one("aided_awareness", *WAVES[0], filter="brand:Rival")
        self.assert_answer(row, share(self.aided(brand="Rival", waves=WAVES[:1])))
        row = self.one("aided_awareness", *WAVES[0], filter="segment:young")
        self.assert_answer(row, share(self.aided(segment="young", waves=WAVES[:1])))
        row = self.one("aided_awareness", *WAVES[0], filter="brand:Nowhere")
        self.assert_row(row, status="no_data")
        # Unbranded items are about no brand, whatever brand is asked for.
        rows = self.keyed("nps", *WAVES[2], by="brand")
        self.assert_answer(rows["__none__"], nps(self.nps_waves()))

    def test_unaided(self):
        for kpi, options in (("unaided_awareness", ["first", "other"]), ("tom", ["first"])):
            row = self.one(kpi, *WAVES[0])
            self.assert_answer(row, share(self.waves(self.tracker, "unaided", options,
                                                    waves=WAVES[:1])))

    def test_bases(self):
        """All asked, those aware, and the step of the funnel."""
        for waves in ([WAVES[0]], WAVES):
            span = (waves[0][0], waves[-1][1])
            for kpi, base, of in (("consideration_all", "aided", None),
                                  ("consideration_aware", None, None),
                                  ("brand_funnel", "aided", ["yes"])):
                with self.subTest(kpi=kpi, waves=len(waves)):
                    want = share(self.waves(self.tracker, "consider", ["yes"], base=base, of=of,
                                            waves=waves))
                    self.assert_answer(self.one(kpi, *span), want)
                    rows = self.keyed(kpi, *span, by="brand")
                    want = share(self.waves(self.tracker, "consider", ["yes"], base=base, of=of,
                                            brand="Rival", waves=waves))
                    self.assert_answer(rows["Rival"], want)
        row = self.one("favourability", *WAVES[0])
        self.assert_answer(row, share(self.waves(self.tracker, "favour", ["4", "5"],
                                                waves=WAVES[:1])))

    def test_a_tenant_without_a_brand(self):
        row = self.one("aided_awareness", *WAVES[0], tenant="nobody")
        self.assert_row(row, status="no_data", n=None)
        rows = self.keyed("aided_awareness", *WAVES[0], by="brand", tenant="nobody")
        self.assert_answer(rows["Rival"], share(self.aided(brand="Rival", waves=WAVES[:1])))
        self.assert_answer(self.one("nps", *WAVES[2], tenant="nobody"), nps(self.nps_waves()))

    # ---- other statistics ----

    def nps_waves(self, **dims):
        """Those who do not know are no part of it."""
        def score(person):
            rating = int(person.answers["recommend", ""][0])
            return (rating >= 9) - (rating <= 6)
        asked = [p for p in self.nps
                 if p.answers["recommend", ""] != ["dk"] and p.dims.items() >= dims.items()]
        return [Wave(asked, score)]

    def test_nps(self):
        self.assert_answer(self.one("nps", *WAVES[2]), nps(self.nps_waves()))

    def test_csat(self):
        row = self.one("csat_mean", *WAVES[2])
        self.assert_answer(row, mean([Wave(self.csat, lambda p: int(
            p.answers["satisfaction", ""][0]))]), minimum=50)
        row = self.one("csat_t2b", *WAVES[2])
        self.assert_answer(row, share([Wave(self.csat, lambda p: int(
            p.answers["satisfaction", ""][0] in "45"))]), minimum=50)

    def test_by_option(self):
        """Several answers each: a row an option, all of one base."""
        for kpi in ("pain_share", "attribute"):
            self.assert_row(self.one(kpi, *WAVES[2]), status="non_additive", n=None)
        rows = self.keyed("pain_share", *WAVES[2], by="option")
        for pain in PAINS:
            want = share([Wave(self.needs, lambda p, pain=pain: int(
                pain in p.answers["pains", ""]))])
            self.assert_answer(rows[pain], want, minimum=50)
        self.assertEqual(list(rows), sorted(PAINS))
        rows = self.keyed("attribute", *WAVES[0], by="option,brand")
        for brand in ("Acme", "Rival"):
            for option in ("cheap", "fair", "modern"):
                want = share(self.waves(self.tracker, "attributes", [option], brand=brand,
                                        waves=WAVES[:1]))
                self.assert_answer(rows[option, brand], want)
        row = self.one("pain_share", *WAVES[2], filter="option:price")
        self.assert_answer(row, share([Wave(self.needs, lambda p: int(
            "price" in p.answers["pains", ""]))]), minimum=50)

    # ---- persons ----

    def test_withheld(self):
        """Seven people of a segment; the next smallest, as their sum is shown."""
        rows = self.keyed("nps", *WAVES[2], by="segment")
        sizes = {segment: self.nps_waves(segment=segment)[0].base.n for segment in rows}
        self.assertEqual(sizes["old"], 7)
        shown = max(sizes, key=lambda segment: sizes[segment])
        for segment, row in rows.items():
            if segment == shown:
                self.assert_answer(row, nps(self.nps_waves(segment=segment)))
                continue
            empty = dict.fromkeys(("numerator", "denominator", "n", "n_eff", "ci_low", "ci_high",
                                   "ci_level", "ci_method"))
            self.assert_row(row, status="withheld", **empty)
        row = self.one("nps", *WAVES[2], filter="segment:old")
        self.assert_row(row, status="withheld", n=None)

    # ---- restatements ----

    def test_restated_response(self):
        """A later reading of one response changes the answer and its tag."""
        query = {"tenant": "restated", "kpi": "aided_awareness", "from_": WAVES[1][0],
                 "to": WAVES[1][1]}
        before = self.daemon.get("/v1/summary", **query)[1]["ETag"]
        status, _, body = self.daemon.get("/v1/summary", headers={"If-None-Match": before}, **query)
        self.assertEqual((status, body), (304, b""))
        people = [person for person in self.tracker if person.wave == WAVES[1]]
        changed = Person(people[4].id, WAVES[1], 7 * MICROS,
                         {("aided", "Acme"): ["yes"], ("aided", "Rival"): []}, segment="middle")
        self.send("panel/one", "survey", "restated", ["tracker", "nps", "csat", "needs"],
                  cadence_hours=28 * 24, responses=[changed.item(AS_OF + 1)])
        people[4] = changed
        want = share(self.waves(people, "aided", ["yes"], waves=WAVES[1:2]))
        self.assert_answer(self.one("aided_awareness", *WAVES[1], tenant="restated"), want)
        status, headers, _ = self.daemon.get("/v1/summary", headers={"If-None-Match": before},
                                             **query)
        self.assertEqual(status, 200)
        self.assertNotEqual(headers["ETag"], before)
        # Another wave is as it was, and so is its tag of a moment ago.
        query.update(from_=WAVES[0][0], to=WAVES[0][1])
        tag = self.daemon.get("/v1/summary", **query)[1]["ETag"]
        self.assertEqual(self.daemon.get("/v1/summary", headers={"If-None-Match": tag},
                                         **query)[0], 304)

    # ---- what is refused ----

    def test_refused(self):
        text = self.refused(kpi="aided_awareness", from_="2025-01-01", to="2025-01-31",
                            by="channel")
        self.assertIn("aided_awareness", text)
        self.assertIn("[item, option, brand]", text)
        text = self.refused(kpi="clicks", from_="2025-01-01", to="2025-01-31", grain="wave")
        self.assertIn("clicks has none", text)
        # Without names those are answered that can be.
        rows = self.answer(from_="2025-01-01", to="2025-01-31", by="brand")["rows"]
        kpis = {row["kpi"] for row in rows}
        self.assertLessEqual({"aided_awareness", "nps"}, kpis)
        self.assertNotIn("upstream_share", kpis)
        rows = self.answer(from_="2025-01-01", to="2025-01-31", grain="wave")["rows"]
        self.assertEqual({row["layer"] for row in rows}, {"survey"})


class Tables(ReadingCase):
    """A vendor's sums of a wave."""

    tenants = {"demo": "{time_zone: Europe/Berlin, currency: EUR, brand: Acme}"}

    def aggregate(self, brand, option, chose, n=1000, effect=1.5, **fields):
        return pb.SurveyAggregate(
            study="tracker", item="aided", brand=brand, option=option, n=n, as_of_us=AS_OF,
            weight_squared_micros=int(n * effect * MICROS), option_weight_micros=chose * MICROS,
            **period(*WAVES[0]), **fields)

    def test_tables(self):
        tables = [self.aggregate(brand, option, chose)
                  for brand, chose in (("Acme", 420), ("Rival", 250))
                  for option, chose in (("yes", chose), ("no", 1000 - chose))]
        # A base row that several options repeat is one base.
        with harness.Client(self.daemon) as client:
            client.hello("vendor/one", declaration=pb.Declaration(
                **{"class": pb.Declaration.SURVEY},
                reports=[pb.Report(id="tracker", rollup=True)]))
            self.assertEqual(client.batch(aggregates=tables).rejected, 0)
        rows = self.keyed("aided_awareness", *WAVES[0], by="brand")
        for brand, chose in (("Acme", 420), ("Rival", 250)):
            self.assert_row(rows[brand], chose / 1000, flags="aggregate_only", n=1000,
                            n_eff=1000 / 1.5, numerator=str(chose), denominator="1000")


if __name__ == "__main__":
    harness.main()
