# SPDX-License-Identifier: Apache-2.0
"""Survey answers, wave tables, levels and rates over the wire, read back from
Redis by an independent reader."""

import harness
import stored
from harness import pb
from wire_case import WireCase

AS_OF = 1_794_913_200_000_000
WAVE = {"from": harness.date("2026-10-01"), "to": harness.date("2026-10-31")}
TRACKER = [pb.Report(id="tracker", rollup=True), pb.Report(id="nps", rollup=True)]
SETTINGS = harness.config(extra="fx: {source: ecb/default, base: EUR}\n")


def declared(kind, reports=()):
    return pb.Declaration(**{"class": kind}, reports=reports)


def response(id_, *answers, weight=0, as_of=AS_OF, **fields):
    return pb.SurveyResponse(
        response_id=id_, study="tracker", weight_micros=weight, as_of_us=as_of,
        answers=[pb.Answer(item=item, brand=brand, options=options)
                 for item, brand, *options in answers], **WAVE, **fields)


def commit(report, rows, as_of=AS_OF, period=None):
    return pb.SliceCommit(report=report, complete=True, rows=rows, as_of_us=as_of,
                          **(period or WAVE))


class Signals(WireCase):
    settings = SETTINGS

    def survey(self, source=None):
        return self.opened(source or self.source, declaration=declared(
            pb.Declaration.SURVEY, TRACKER))

    def market(self, source=None):
        return self.opened(source or self.source, declaration=declared(pb.Declaration.MARKET))

    def assert_cells(self, expected, measure, **values):
        found = stored.Stored(self.daemon).find(measure, **values)
        self.assertEqual(found, expected)

    def test_answers(self):
        wave = ("2026-10-01", 31, "")
        client = self.survey()
        ack = client.batch(responses=[
            response("r1", ("aided", "A", "yes"), ("aided", "B"), weight=1_200_000),
            response("r2", ("aided", "A", "yes"), weight=800_000),
            response("r3", ("aided", "A"))], commits=[commit("tracker", 3)])
        self.assertEqual((ack.accepted, ack.rejected), (4, 0), ack)
        of_a = {"item": "tracker/aided", "brand": "A"}
        self.assert_cells({wave: 3}, "respondents", **of_a)
        self.assert_cells({wave: 3_000_000}, "weight", **of_a)
        self.assert_cells({wave: 2_000_000}, "weight", option="yes", **of_a)
        self.assert_cells({wave: 2_080_000}, "weight_squared", option="yes", **of_a)
        self.assert_cells({wave: 1}, "respondents", item="tracker/aided", brand="B")
        # The wave comes again: r1 answers otherwise, r2 is gone.
        ack = client.batch(responses=[
            response("r1", ("aided", "A"), weight=1_200_000, as_of=AS_OF + 1),
            response("r3", ("aided", "A"), as_of=AS_OF + 1)],
            commits=[commit("tracker", 2, as_of=AS_OF + 1)])
        self.assertEqual((ack.accepted, ack.unchanged), (2, 1), ack)
        self.daemon.kill()
        self.daemon.start()
        self.assert_cells({wave: 2}, "respondents", **of_a)
        self.assert_cells({}, "weight", option="yes", **of_a)
        self.assert_cells({}, "respondents", item="tracker/aided", brand="B")

    def test_tables(self):
        wave = ("2026-10-01", 31, "")
        client = self.survey()
        share = {"yes": 420_000_000, "no": 580_000_000}
        tables = [pb.SurveyAggregate(
            study="nps", item="table", option=option, n=1000, as_of_us=AS_OF,
            weight_squared_micros=1_500_000_000, option_weight_micros=weight, **WAVE)
            for option, weight in share.items()]
        ack = client.batch(aggregates=tables, commits=[commit("nps", 2)])
        self.assertEqual((ack.accepted, ack.rejected), (3, 0), ack)
        self.assert_cells({wave: 1000}, "respondents", item="nps/table")
        self.assert_cells({wave: 1}, "wave_tables", item="nps/table")
        self.assert_cells({wave: 630_000_000}, "weight_squared", item="nps/table", option="yes")
        # Pages are written, and deltas go, once the tail of these is old enough.
        harness.until(lambda: stored.Stored(self.daemon).written, "pages in Redis")
        self.assert_cells({wave: 1000}, "respondents", item="nps/table")

    def test_levels_and_rates(self):
        day = harness.date("2026-11-17")
        of_day = ("2026-11-17", 1, "EUR")
        client = self.market("ecb/default")
        ack = client.batch(
            gauges=[pb.Gauge(measure="price_competitor", value=19_990_000, day=day,
                             dims=harness.dims(brand="Nord"), as_of_us=AS_OF)],
            rates=[pb.FxRate(base_currency="EUR", quote_currency="USD", day=day,
                             rate_e12=1_153_400_000_000, as_of_us=AS_OF)],
            commits=[commit("rates", 1, period={"from": day})])
        self.assertEqual((ack.accepted, ack.rejected), (3, 0), ack)
        self.assert_cells({of_day: 19_990_000}, "price_competitor", brand="Nord")
        self.assert_cells({("2026-11-17", 1, "USD"): 1_153_400_000_000}, "fx_rate")
        other = self.market()
        ack = other.batch(rates=[pb.FxRate(base_currency="EUR", quote_currency="USD", day=day,
                                           rate_e12=1, as_of_us=AS_OF + 1)])
        self.assertEqual(ack.rejects[0].code, "unknown_rate_source")

    def test_persons_stay_out(self):
        ack = self.survey().batch(responses=[
            response("ana@example.com", ("aided", "A")),
            response("r1", ("why", "", "because it is cheap")),
            response("r2", ("aided", "A"), weight=-1),
            response("r3", ("aided", "A"), dims=harness.dims(segment="192.168.0.1"))])
        self.assertEqual([reject.code for reject in ack.rejects],
                         ["pii_suspected", "bad_answer", "bad_weight", "pii_suspected"])
        self.assertEqual({reject.item for reject in ack.rejects}, {pb.Reject.RESPONSE})

    def test_classes(self):
        client = self.opened()
        ack = client.batch(responses=[response("r1", ("aided", "A"))],
                           rates=[pb.FxRate()], gauges=[pb.Gauge()])
        self.assertEqual([reject.code for reject in ack.rejects], ["wrong_class"] * 3)
        client = self.survey(self.source + ".2")
        ack = client.batch(1, rates=[pb.FxRate()])
        self.assertEqual([reject.code for reject in ack.rejects], ["wrong_class"])
        # The same batch again is known, with all its items.
        again = self.survey(self.source + ".2").batch(1, rates=[pb.FxRate()])
        self.assertEqual(again.duplicates, 1)


if __name__ == "__main__":
    harness.main()
