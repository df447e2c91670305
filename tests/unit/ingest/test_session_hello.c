/* SPDX-License-Identifier: Apache-2.0
 * Sessions: what opens one, and what a source says of itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "session_bed.h"

enum change {
	NOTHING,
	TENANT,
	SOURCE_NO_SLASH,
	SOURCE_TWO_SLASHES,
	SOURCE_BLANK,
	SOURCE_LONG,
	INSTANCE_SHORT,
	INSTANCE_ZERO,
	CLIENT_LONG,
	CLIENT_MOST,
	CLIENT_CONTROL,
	CLIENT_DELETE,
	NO_DECLARATION,
	NO_CLASS,
	CLASS_9,
	CURRENCY_LOWER,
	CURRENCY_LONG,
	ZONE_UNKNOWN,
	ZONE_PATH,
	EVENT_WITH_REPORTS,
	REPORT_WITHOUT,
	REPORT_FINE,
	REPORT_BAD_ID,
	REPORT_BAD_LEVEL,
	REPORT_TWICE,
	REPORT_TWO_ROLLUPS,
	REPORT_33,
	REPORT_PLAIN_ID,
	REPORT_DIGIT_FIRST,
	SURVEY_TWO_STUDIES,
	SURVEY_BAD_LEVEL,
	MARKET_TWO_ROLLUPS,
	MARKET_WITHOUT,
	FINAL_LONG,
	FINAL_MOST,
	CADENCE_LONG,
	CADENCE_MOST,
	NOT_READY,
};

static const struct {
	enum change change;
	int err;
} hellos[] = {
    {NOTHING, 0},
    {TENANT, ERR_UNKNOWN_TENANT},
    {SOURCE_NO_SLASH, ERR_BAD_SOURCE},
    {SOURCE_TWO_SLASHES, ERR_BAD_SOURCE},
    {SOURCE_BLANK, ERR_BAD_SOURCE},
    {SOURCE_LONG, ERR_BAD_SOURCE},
    {INSTANCE_SHORT, ERR_MALFORMED},
    {INSTANCE_ZERO, ERR_MALFORMED},
    {CLIENT_LONG, ERR_MALFORMED},
    {CLIENT_MOST, 0},
    {CLIENT_CONTROL, ERR_MALFORMED},
    {CLIENT_DELETE, ERR_MALFORMED},
    {NO_DECLARATION, ERR_BAD_DECLARATION},
    {NO_CLASS, ERR_BAD_DECLARATION},
    {CLASS_9, ERR_BAD_DECLARATION},
    {CURRENCY_LOWER, ERR_BAD_DECLARATION},
    {CURRENCY_LONG, ERR_BAD_DECLARATION},
    {ZONE_UNKNOWN, ERR_BAD_DECLARATION},
    {ZONE_PATH, ERR_BAD_DECLARATION},
    {EVENT_WITH_REPORTS, ERR_BAD_DECLARATION},
    {REPORT_WITHOUT, ERR_BAD_DECLARATION},
    {REPORT_FINE, 0},
    {REPORT_BAD_ID, ERR_BAD_DECLARATION},
    {REPORT_BAD_LEVEL, ERR_BAD_DECLARATION},
    {REPORT_TWICE, ERR_BAD_DECLARATION},
    {REPORT_TWO_ROLLUPS, ERR_BAD_DECLARATION},
    {REPORT_33, ERR_BAD_DECLARATION},
    {REPORT_PLAIN_ID, 0},
    {REPORT_DIGIT_FIRST, ERR_BAD_DECLARATION},
    {SURVEY_TWO_STUDIES, 0},
    {SURVEY_BAD_LEVEL, ERR_BAD_DECLARATION},
    {MARKET_TWO_ROLLUPS, ERR_BAD_DECLARATION},
    {MARKET_WITHOUT, 0},
    {FINAL_LONG, ERR_BAD_DECLARATION},
    {FINAL_MOST, 0},
    {CADENCE_LONG, ERR_BAD_DECLARATION},
    {CADENCE_MOST, 0},
    {NOT_READY, ERR_NOT_READY},
};

static void change_reports(struct hello_case *c, enum change change)
{
	declare_reports(c, change == REPORT_33                                    ? 33
	                   : change == REPORT_WITHOUT || change == MARKET_WITHOUT ? 0
	                                                                          : 2);
	if (change == EVENT_WITH_REPORTS)
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	if (change == REPORT_BAD_ID)
		c->reports[1].id = "Campaign";
	if (change == REPORT_PLAIN_ID)
		c->reports[1].id = "a1_b";
	if (change == REPORT_DIGIT_FIRST)
		c->reports[1].id = "1a";
	if (change == REPORT_BAD_LEVEL)
		c->reports[1].level = "keyword";
	if (change == REPORT_TWICE)
		c->reports[1].id = c->reports[0].id;
	if (change == REPORT_TWO_ROLLUPS || change == SURVEY_TWO_STUDIES ||
	    change == MARKET_TWO_ROLLUPS)
		c->reports[1].rollup = true;
	if (change == SURVEY_TWO_STUDIES)
		c->reports[1].level = "";
	if (change == SURVEY_BAD_LEVEL)
		c->reports[1].level = "keyword";
	if (change == SURVEY_TWO_STUDIES || change == SURVEY_BAD_LEVEL)
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__SURVEY;
	if (change == MARKET_TWO_ROLLUPS || change == MARKET_WITHOUT)
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__MARKET;
}

static void change_hello(struct hello_case *c, enum change change)
{
	memset(c->text, 'x', sizeof(c->text) - 1);
	c->text[4] = '/';
	switch (change) {
	case TENANT:
		c->hello.tenant = "nobody";
		break;
	case SOURCE_NO_SLASH:
		c->hello.source = "shop";
		break;
	case SOURCE_TWO_SLASHES:
		c->hello.source = "shop/eu/1";
		break;
	case SOURCE_BLANK:
		c->hello.source = "shop/e u";
		break;
	case SOURCE_LONG:
		c->text[129] = 0;
		c->hello.source = c->text;
		break;
	case INSTANCE_SHORT:
		c->hello.instance.len = 15;
		break;
	case INSTANCE_ZERO:
		memset(c->instance, 0, 16);
		break;
	case CLIENT_LONG:
		c->text[65] = 0;
		c->hello.client = c->text;
		break;
	case CLIENT_MOST:
		c->text[64] = 0;
		c->hello.client = c->text;
		break;
	case CLIENT_DELETE:
		c->hello.client = "a\x7f";
		break;
	case CLIENT_CONTROL:
		c->hello.client = "a\nevent=forged";
		break;
	case NO_DECLARATION:
		c->hello.declaration = NULL;
		break;
	case NO_CLASS:
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__CLASS_UNSPECIFIED;
		break;
	case CLASS_9:
		c->declaration.class_ = (Streamgauge__V1__Declaration__Class)9;
		break;
	case CURRENCY_LOWER:
		c->declaration.currency = "eur";
		break;
	case CURRENCY_LONG:
		c->declaration.currency = "EURO";
		break;
	case ZONE_UNKNOWN:
		c->declaration.time_zone = "Europe/Atlantis";
		break;
	case ZONE_PATH:
		c->declaration.time_zone = "../../../etc/passwd";
		break;
	case FINAL_LONG:
		c->declaration.final_after_days = 3661;
		break;
	case FINAL_MOST:
		c->declaration.final_after_days = 3660;
		break;
	case CADENCE_LONG:
		c->declaration.cadence_hours = 366 * 24 + 1;
		break;
	case CADENCE_MOST:
		c->declaration.cadence_hours = 366 * 24;
		break;
	case NOTHING:
	case NOT_READY:
		break;
	default:
		change_reports(c, change);
	}
}

Test(session_hello, hello_table)
{
	for (size_t i = 0; i < sizeof(hellos) / sizeof(*hellos); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		fake.ready = hellos[i].change != NOT_READY;
		struct hello_case c = {0};
		c.hello = fake_hello(c.instance, 1, &c.declaration);
		change_hello(&c, hellos[i].change);
		struct fake_peer peer;
		fake_connect(&fake, &peer, "a");
		int err = fake_send_hello(&peer, &c.hello);
		if (hellos[i].err) {
			cr_assert_eq(err, ERR_CLOSED, "case %zu: %s", i, err_code(err));
			expect_error(&peer, hellos[i].err);
			cr_assert_eq(peer.ended, 1);
			cr_assert_eq(peer.end_err, hellos[i].err);
			cr_assert_eq(fake.confirm_count, 0);
		} else {
			cr_assert_eq(err, 0, "case %zu: %s", i, err_code(err));
			expect_silence(&peer);
			fake_confirm(&fake, 0);
			fake_reply_free(expect_welcome(&peer));
			cr_assert_eq(peer.ended, 0);
		}
		cr_assert_eq(fake.source_count, 0, "a Hello alone creates no source");
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

Test(session_hello, welcome_of_a_new_source)
{
	struct fake_hub fake;
	fake_init(&fake);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	declaration.currency = "USD";
	struct fake_peer peer;
	fake_connect(&fake, &peer, "a");
	cr_assert_eq(fake_send_hello(&peer, &hello), 0);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN, "a batch waits for the Welcome");
	fake_confirm(&fake, 0);
	cr_assert_eq(peer.woken, 1);
	Streamgauge__V1__Reply *reply = expect_welcome(&peer);
	cr_assert_eq(reply->welcome->last_sequence, 0);
	cr_assert_eq(reply->welcome->lost_last, 0);
	cr_assert_eq(reply->welcome->known, 0);
	cr_assert_eq(reply->welcome->max_frame_bytes, 100000);
	cr_assert_eq(reply->welcome->max_items, 100);
	cr_assert_str_eq(reply->welcome->currency, "USD");
	cr_assert_str_eq(reply->welcome->time_zone, "Europe/Berlin");
	fake_reply_free(reply);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session_hello, first_request_must_be_hello)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	fake_connect(&fake, &peer, "a");
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_CLOSED);
	expect_error(&peer, ERR_HELLO_EXPECTED);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session_hello, second_hello_is_malformed)
{
	struct bed bed;
	bed_open(&bed);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	cr_assert_eq(fake_send_hello(&bed.peer, &hello), ERR_CLOSED);
	expect_error(&bed.peer, ERR_MALFORMED);
	bed_close(&bed);
}

Test(session_hello, bytes_that_are_no_request_are_malformed)
{
	static const struct {
		const char *bytes;
		size_t len;
	} table[] = {
	    {"", 0},
	    {"GET / HTTP/1.1", 14},
	    {"\x0a\x05\x0a", 3},     /* Hello cut short */
	    {"\x08\x01", 2},         /* hello as a varint */
	    {"\x0a\x00\x12\x00", 4}, /* both */
	    {"\x1a\x00", 2},         /* neither */
	    {"\x0a\x02\x0a\x09", 4}, /* a tenant longer than its Hello */
	    {"\x0b\x0c", 2},         /* a group */
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct fake_peer peer;
		fake_connect(&fake, &peer, "a");
		cr_assert_eq(
		    session_frame(peer.session, (const uint8_t *)table[i].bytes, table[i].len),
		    ERR_CLOSED, "case %zu", i);
		expect_error(&peer, ERR_MALFORMED);
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

/* ---- what a known source says of itself ---- */

enum restated {
	SAME,
	UNSTATED,
	NO_WORD,
	OTHER_CLASS,
	OTHER_CURRENCY,
	OTHER_ZONE,
	OTHER_LEVEL,
	OTHER_ROLLUP,
	NO_ROLLUP,
	MORE_REPORTS,
	REPORTS_32,
	REPORTS_33,
	OTHER_CADENCE
};

static const struct {
	enum restated restated;
	int err;
	uint32_t reports; /* afterwards */
} restatements[] = {
    {SAME, 0, 2},
    {UNSTATED, 0, 2},
    {NO_WORD, 0, 2},
    {OTHER_CLASS, ERR_ACCOUNT_MISMATCH, 2},
    {OTHER_CURRENCY, ERR_ACCOUNT_MISMATCH, 2},
    {OTHER_ZONE, ERR_ACCOUNT_MISMATCH, 2},
    {OTHER_LEVEL, ERR_ACCOUNT_MISMATCH, 2},
    {OTHER_ROLLUP, ERR_ACCOUNT_MISMATCH, 2},
    {NO_ROLLUP, ERR_ACCOUNT_MISMATCH, 2},
    {MORE_REPORTS, 0, 3},
    {REPORTS_32, 0, 32},
    {REPORTS_33, ERR_BAD_DECLARATION, 2},
    {OTHER_CADENCE, 0, 2},
};

static void restate(struct hello_case *c, enum restated restated)
{
	declare_reports(c, restated == MORE_REPORTS                           ? 3
	                   : restated == REPORTS_32 || restated == REPORTS_33 ? 32
	                                                                      : 2);
	if (restated == REPORTS_33)
		c->reports[1].id = "another";
	if (restated == OTHER_CADENCE) {
		c->declaration.final_after_days = 7;
		c->declaration.cadence_hours = 168;
	}
	c->declaration.currency = restated == OTHER_CURRENCY ? "EUR" : "USD";
	c->declaration.time_zone = restated == OTHER_ZONE ? "Europe/Berlin" : "America/New_York";
	if (restated == OTHER_LEVEL)
		c->reports[1].level = "ad";
	if (restated == OTHER_ROLLUP) {
		c->reports[0].rollup = false;
		c->reports[1].rollup = true;
	}
	if (restated == NO_ROLLUP)
		c->reports[0].rollup = false;
	if (restated == UNSTATED)
		streamgauge__v1__declaration__init(&c->declaration);
	if (restated == NO_WORD)
		c->hello.declaration = NULL;
	if (restated == OTHER_CLASS) {
		c->declaration.n_reports = 0;
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	}
}

Test(session_hello, account_mismatch_table)
{
	for (size_t i = 0; i < sizeof(restatements) / sizeof(*restatements); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct hello_case c = {0};
		c.hello = fake_hello(c.instance, 1, &c.declaration);
		restate(&c, SAME);
		struct fake_peer peer;
		fake_connect(&fake, &peer, "a");
		cr_assert_eq(fake_send_hello(&peer, &c.hello), 0);
		fake_confirm(&fake, 0);
		fake_reply_free(expect_welcome(&peer));
		cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
		fake_disconnect(&peer);
		const struct source *source = &fake.sources[0];
		cr_assert(source->known);
		cr_assert_eq(source->class, SOURCE_REPORT);
		cr_assert_str_eq(source->currency, "USD");
		cr_assert_str_eq(source->zone_name, "America/New_York");
		cr_assert(source->reports[0].rollup && !source->reports[1].rollup);

		cr_assert_eq(source->cadence_hours, 24);
		int touches = fake.touches;

		restate(&c, restatements[i].restated);
		fake_connect(&fake, &peer, "b");
		int err = fake_send_hello(&peer, &c.hello);
		if (restatements[i].err) {
			cr_assert_eq(err, ERR_CLOSED, "case %zu", i);
			expect_error(&peer, restatements[i].err);
		} else {
			cr_assert_eq(err, 0, "case %zu: %s", i, err_code(peer.end_err));
			fake_confirm(&fake, 0);
			Streamgauge__V1__Reply *reply = expect_welcome(&peer);
			cr_assert_str_eq(reply->welcome->currency, "USD");
			cr_assert_str_eq(reply->welcome->time_zone, "America/New_York");
			fake_reply_free(reply);
		}
		cr_assert_eq(source->report_count, restatements[i].reports);
		bool changed =
		    restatements[i].restated == OTHER_CADENCE || restatements[i].reports > 2;
		cr_assert_eq(fake.touches - touches, changed, "case %zu", i);
		if (restatements[i].restated == OTHER_CADENCE) {
			cr_assert_eq(source->final_after_days, 7);
			cr_assert_eq(source->cadence_hours, 168);
		}
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

Test(session_hello, tenant_decides_which_report_is_rolled_up)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct rollup_override override = {"shop", "r1"};
	fake.tenants[0].rollups = &override;
	fake.tenants[0].rollup_count = 1;
	struct hello_case c = {0};
	c.hello = fake_hello(c.instance, 1, &c.declaration);
	declare_reports(&c, 2);
	struct fake_peer peer;
	fake_connect(&fake, &peer, "a");
	cr_assert_eq(fake_send_hello(&peer, &c.hello), 0);
	fake_confirm(&fake, 0);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	cr_assert(!fake.sources[0].reports[0].rollup);
	cr_assert(fake.sources[0].reports[1].rollup);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}
