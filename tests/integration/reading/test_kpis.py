# SPDX-License-Identifier: Apache-2.0
"""Every KPI of the catalogue has a worked number: items sent, value read."""

from fractions import Fraction

from reading_case import AS_OF, MICROS, ReadingCase, harness, money, noon_us, pb, period

DAY = "2025-02-03"
WAVE = ("2025-02-01", "2025-02-28")
# Kept in millionths.
SCALED = ("spend", "fees", "production", "conversions", "conversion_value", "gross_revenue",
          "discounts", "refunds", "cogs", "competitor_spend", "market_revenue",
          "price_competitor", "brand_score")


def scaled(amounts):
    return {name: money(value) if name in SCALED else value for name, value in amounts.items()}


# ---- what a line of the table sends ----

def ads(campaign="c1", labels=None, **amounts):
    """A report row of the day."""
    return ("report", pb.ReportRow(
        report="daily", key=harness.dims(campaign=campaign), as_of_us=AS_OF,
        labels=harness.dims(**(labels or {})), amounts=harness.amounts(**scaled(amounts)),
        **period(DAY)))


def shop(**amounts):
    """An event of the day."""
    return ("event", pb.Event(event_id=str(amounts), event_time_us=noon_us(DAY),
                              amounts=harness.amounts(**scaled(amounts))))


def market(brand, **amounts):
    return ("market", pb.ReportRow(
        report="brands", key=harness.dims(**({"brand": brand} if brand else {})), as_of_us=AS_OF,
        amounts=harness.amounts(**scaled(amounts)), **period(DAY)))


def level(measure, value, day=DAY, **dims):
    return ("gauge", pb.Gauge(measure=measure, value=scaled({measure: value})[measure],
                              day=harness.date(day), dims=harness.dims(**dims), as_of_us=AS_OF))


def people(count, weight, **answers):
    """So many respondents of one weight who say the same: item -> options."""
    return ("people", (count, weight, answers))


def campaigns(*parts):
    return [ads(id_, {"campaign": id_, **({"campaign.objective": objective} if objective else {})},
                spend=spend) for id_, objective, spend in parts]


def brands(measure, **values):
    return [market(brand, **{measure: value}) for brand, value in values.items()]


# ---- the table: KPI -> what is sent, what it comes to ----

SUMS = {"impressions": 5000, "clicks": 77, "link_clicks": 61, "engagements": 90, "sessions": 400,
        "engaged_sessions": 250, "product_views": 310, "add_to_carts": 55, "checkouts": 33,
        "leads": 21, "orders": 12, "units": 34, "orders_repeat": 5}
MONEY_SUMS = {"spend": "123.45", "gross_revenue": "999.99", "discounts": "10.01",
              "refunds": "7.5"}
TABLE = {
    **{kpi: ([shop(**{kpi: value})], Fraction(value)) for kpi, value in SUMS.items()},
    **{kpi: ([shop(**{kpi: value})], Fraction(value)) for kpi, value in MONEY_SUMS.items()},
    "conversions_claimed": ([ads(conversions="12.5")], Fraction(25, 2)),
    "conversion_value_claimed": ([ads(conversion_value="640.2")], Fraction("640.2")),

    # market
    "share_of_voice_spend": (brands("competitor_spend", Acme="240", Rival="1260"),
                             Fraction(240, 1500)),
    "share_of_voice_impressions": (brands("competitor_impressions", Acme=30, Rival=90),
                                   Fraction(30, 120)),
    "share_of_voice_mentions": (brands("mentions", Acme=70, Rival=30, Third=40),
                                Fraction(70, 140)),
    "share_of_search": (brands("searches", Acme=5200, Rival=9100, Third=3700, Other=2000),
                        Fraction(5200, 20000)),
    "share_of_market": (brands("market_revenue", Acme="1200", Rival="4800"), Fraction(1, 5)),
    # 240/1500 = 16 % of the voice, 1200/6000 = 20 % of the market.
    "esov": (brands("competitor_spend", Acme="240", Rival="1260")
             + brands("market_revenue", Acme="1200", Rival="4800"), Fraction(-4)),
    "net_sentiment": ([market("", mentions_pos=420, mentions_neu=310, mentions_neg=120)],
                      Fraction(300, 850)),
    # Net 1150 for 50 pieces = 23 each; competitors 20 and 26, so 23 on average.
    "price_index": ([shop(gross_revenue="1200", units=50), shop(refunds="50"),
                     level("price_competitor", "20", brand="Rival"),
                     level("price_competitor", "26", brand="Third")], Fraction(100)),
    "pain_share": ([people(40, "1.2", pains=["price", "service"]), people(20, "1.2", pains=[]),
                    people(60, "0.8", pains=["service"])], Fraction(48, 120)),
    "value_for_money": ([people(30, "1.2", value_Acme=["5"]), people(30, "1.2", value_Acme=["2"]),
                         people(15, "0.8", value_Acme=["4"]), people(45, "0.8", value_Acme=["3"])],
                        Fraction(36 + 12, 72 + 48)),
    # The third campaign is in no rule and in neither part.
    "upstream_share": (campaigns(("a", "BRAND", "300"), ("b", "SALES", "500"), ("c", "", "99")),
                       Fraction(300, 800)),

    # awareness
    "unaided_awareness": ([people(20, "1.2", unaided_Acme=["first"]),
                           people(40, "1.2", unaided_Acme=["other"]),
                           people(60, "0.8", unaided_Acme=[])], Fraction(72, 120)),
    "tom": ([people(20, "1.2", unaided_Acme=["first"]), people(40, "1.2", unaided_Acme=["other"]),
             people(60, "0.8", unaided_Acme=[])], Fraction(24, 120)),
    "aided_awareness": ([people(40, "1.2", aided_Acme=["yes"], aided_Rival=["yes"]),
                         people(20, "1.2", aided_Acme=[], aided_Rival=["yes"]),
                         people(60, "0.8", aided_Acme=[])], Fraction(48, 120)),
    "ad_recall": ([people(10, "1.2", ad_recall_Acme=["yes"]),
                   people(110, "1", ad_recall_Acme=["no"])], Fraction(12, 122)),
    "brand_recall": ([people(55, "1", brand_recall_Acme=["yes"]),
                      people(65, "1", brand_recall_Acme=[])], Fraction(55, 120)),
    "favourability": ([people(60, "1.2", favour_Acme=["4"]), people(30, "0.8", favour_Acme=["5"]),
                       people(30, "0.8", favour_Acme=["1"])], Fraction(96, 120)),
    "brand_score": ([level("brand_score", "41.25", brand="Acme"),
                     level("brand_score", "60", brand="Rival")], Fraction("41.25")),
    "cpm": ([ads(spend="12.6", impressions=4200)], Fraction(3)),
    "viewability": ([ads(viewable_impressions=1350, measurable_impressions=1800)],
                    Fraction(3, 4)),
    "impression_share": ([ads(impressions=300, eligible_impressions=1200)], Fraction(1, 4)),

    # engagement
    "engagement_rate": ([ads(engagements=90, impressions=3000)], Fraction(3, 100)),
    "ctr": ([ads(clicks=50, impressions=2000)], Fraction(1, 40)),
    "cpc": ([ads(spend="20.5", clicks=41)], Fraction(1, 2)),
    "cpe": ([ads(spend="30", engagements=120)], Fraction(1, 4)),
    "vtr": ([ads(video_p100=123, video_starts=400)], Fraction(123, 400)),
    "engaged_session_rate": ([shop(engaged_sessions=130, sessions=200)], Fraction(13, 20)),
    "audience_growth": ([level("followers", 20000, day="2025-01-20"),
                         ads(followers_gained=900, followers_lost=260)], Fraction(640, 20000)),
    "email_open_rate": ([shop(opens=210, delivered=600)], Fraction(7, 20)),
    "ctor": ([shop(clicks_email=66, opens=600)], Fraction(11, 100)),
    "unsubscribe_rate": ([shop(unsubscribes=3, delivered=600)], Fraction(1, 200)),
    "complaint_rate": ([shop(complaints=1, delivered=800)], Fraction(1, 800)),

    # consideration
    "product_view_rate": ([shop(product_views=150, sessions=120)], Fraction(5, 4)),
    # 120 asked whether they know it, 100 do and are asked on.
    "consideration_all": ([people(30, "1", aided_Acme=["yes"], consider_Acme=["yes"]),
                           people(70, "1", aided_Acme=["yes"], consider_Acme=["no"]),
                           people(20, "1", aided_Acme=[])], Fraction(30, 120)),
    "consideration_aware": ([people(30, "1", aided_Acme=["yes"], consider_Acme=["yes"]),
                             people(70, "1", aided_Acme=["yes"], consider_Acme=["no"]),
                             people(20, "1", aided_Acme=[])], Fraction(30, 100)),
    # All are asked both; those who know it count.
    "brand_funnel": ([people(45, "1.2", aided_Acme=["yes"], consider_Acme=["yes"]),
                      people(60, "0.9", aided_Acme=["yes"], consider_Acme=["no"]),
                      people(20, "1", aided_Acme=[], consider_Acme=["no"])], Fraction(54, 108)),
    "preference": ([people(36, "1", prefer_Acme=["yes"]), people(84, "1", prefer_Acme=[])],
                   Fraction(36, 120)),
    "purchase_intent": ([people(33, "1", intent_Acme=["5"]), people(27, "1", intent_Acme=["4"]),
                         people(60, "1", intent_Acme=["3"])], Fraction(60, 120)),
    "attribute": ([people(40, "1.2", attributes_Acme=["price", "fair"]),
                   people(80, "1", attributes_Acme=["fair"])], Fraction(48, 128)),

    # intent
    "cart_rate": ([shop(add_to_carts=30, sessions=250)], Fraction(3, 25)),
    "checkout_rate": ([shop(checkouts=45, add_to_carts=150)], Fraction(3, 10)),
    "cpl": ([ads(spend="100"), shop(leads=40)], Fraction(5, 2)),
    "lead_qualification": ([shop(qualified_leads=12, leads=40)], Fraction(3, 10)),

    # purchase
    "net_revenue": ([shop(gross_revenue="440.5"), shop(refunds="24.25")], Fraction("416.25")),
    "checkout_completion": ([shop(orders=70, checkouts=112)], Fraction(5, 8)),
    "cvr_claimed": ([ads(conversions="12.5", clicks=500)], Fraction(1, 40)),
    "cvr_observed": ([shop(orders=9, sessions=360)], Fraction(1, 40)),
    "cpa": ([ads(spend="250", conversions="12.5")], Fraction(20)),
    "cac": ([ads(spend="900"), shop(fees="75"), shop(production="25"), shop(new_customers=40)],
            Fraction(25)),
    "aov": ([shop(gross_revenue="2400", orders=32)], Fraction(75)),
    "roas": ([ads(conversion_value="840", spend="200", conversions="15")], Fraction(21, 5)),
    "mer": ([shop(gross_revenue="44000"), ads(spend="12500")], Fraction(88, 25)),
    "poas": ([shop(gross_revenue="44000"), shop(refunds="2400"), shop(cogs="17000"),
              ads(spend="12500")], Fraction(24600, 12500)),
    "roi": ([shop(gross_revenue="44000"), shop(refunds="2400"), shop(cogs="17000"),
             ads(spend="12500")], Fraction("0.968")),
    "over_attribution": ([ads(conversions="542"), shop(orders=400)], Fraction("1.355")),
    "discount_rate": ([shop(gross_revenue="44000", discounts="3100", orders=400)],
                      Fraction(3100, 47100)),
    "promo_order_share": ([shop(orders=400, orders_promo=130)], Fraction(13, 40)),

    # loyalty
    "refund_rate_by_refund_day": ([shop(refunds="55", refund_count=2),
                                   shop(gross_revenue="2200", orders=44)], Fraction(1, 40)),
    "repeat_order_share": ([shop(orders=50, orders_repeat=20)], Fraction(2, 5)),
    "resolution_rate": ([shop(tickets=64, resolved=48)], Fraction(3, 4)),
    # 54 promoters, 30 detractors, 36 in between; 5 who do not know are nowhere.
    "nps": ([people(45, "1.2", recommend=["9"]), people(36, "1", recommend=["8"]),
             people(30, "1", recommend=["6"]), people(5, "9", recommend=["dont_know"])],
            Fraction(100 * (54 - 30), 120)),
    "csat_mean": ([people(50, "1.2", satisfaction=["5"]), people(60, "1", satisfaction=["2"])],
                  Fraction(300 + 120, 120)),
    "csat_t2b": ([people(50, "1.2", satisfaction=["5"]), people(60, "1", satisfaction=["2"])],
                 Fraction(60, 120)),
}
# Told apart by the option of which the number is.
BY_OPTION = {"pain_share": "price", "attribute": "price"}
STUDIES = {"pains": "needs", "recommend": "nps", "satisfaction": "csat"}

# The catalogue of KPIs but for those that need people seen again, targets or a trend.
CATALOGUE = """
share_of_voice_spend share_of_voice_impressions share_of_voice_mentions share_of_search
share_of_market esov net_sentiment pain_share price_index value_for_money upstream_share
unaided_awareness tom aided_awareness ad_recall brand_recall favourability attribute brand_score
impressions spend cpm viewability impression_share
clicks link_clicks engagements engagement_rate ctr cpc cpe vtr engaged_session_rate
audience_growth email_open_rate ctor unsubscribe_rate complaint_rate
sessions engaged_sessions product_views consideration_all consideration_aware preference
purchase_intent brand_funnel product_view_rate
add_to_carts checkouts leads cart_rate checkout_rate cpl lead_qualification
conversions_claimed conversion_value_claimed orders units gross_revenue net_revenue discounts
checkout_completion cvr_claimed cvr_observed cpa cac aov roas mer poas roi over_attribution
discount_rate promo_order_share
refunds orders_repeat refund_rate_by_refund_day repeat_order_share nps csat_mean csat_t2b
resolution_rate
""".split()


def responses(groups):
    items = []
    for g, (count, weight, answers) in enumerate(groups):
        listed = []
        for name, options in answers.items():
            item, _, brand = name.rpartition("_")
            if brand not in ("Acme", "Rival"):
                item, brand = name, ""
            listed.append(pb.Answer(item=item, brand=brand, options=options))
        for i in range(count):
            items.append(pb.SurveyResponse(
                response_id="%d.%d" % (g, i), study=STUDIES.get(listed[0].item, "tracker"),
                weight_micros=money(weight), answers=listed, as_of_us=AS_OF, **period(*WAVE)))
    return items


class Kpis(ReadingCase):
    tenants = {kpi: "{time_zone: UTC, currency: EUR, brand: Acme}" for kpi in TABLE}
    extra = """\
rules:
  orientation:
    - {when: {objective: BRAND}, set: upstream}
    - {when: {objective: SALES}, set: downstream}
"""

    @classmethod
    def book(cls, tenant, sent):
        of = {kind: [item for name, item in sent if name == kind]
              for kind in ("report", "event", "market", "gauge", "people")}
        if of["report"]:
            cls.send("google_ads/1", "report", tenant, ["daily"], rows=of["report"])
        if of["event"]:
            cls.send("shop/eu", "event", tenant, events=of["event"])
        if of["market"] or of["gauge"]:
            cls.send("market/one", "market", tenant, ["brands"], rows=of["market"],
                     gauges=of["gauge"])
        if of["people"]:
            cls.send("panel/one", "survey", tenant, ["tracker", "nps", "csat", "needs"],
                     responses=responses(of["people"]))

    def test_every_kpi_has_its_number(self):
        self.assertEqual(sorted(TABLE), sorted(CATALOGUE))
        rows = self.daemon.summary(tenant="ctr", from_=DAY, to=DAY)
        self.assertEqual({row["kpi"] for row in rows}, set(CATALOGUE))
        for kpi, (sent, want) in TABLE.items():
            with self.subTest(kpi=kpi):
                self.book(kpi, sent)
                first, last = WAVE if any(kind == "people" for kind, _ in sent) else (DAY, DAY)
                if kpi in BY_OPTION:
                    row = self.keyed(kpi, first, last, by="option", tenant=kpi)[BY_OPTION[kpi]]
                else:
                    row = self.one(kpi, first, last, tenant=kpi)
                self.assert_row(row, want)
                if row["unit"] == "money":
                    self.assertEqual(row["value_micros"], str(round(want * MICROS)))


if __name__ == "__main__":
    harness.main()
