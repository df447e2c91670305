/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fake_hub.h"

/* The next reply must be an Error with this code; gives expected_sequence. */
static uint64_t expect_error(struct fake_peer *peer, int err)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_not_null(reply, "no reply, %s expected", err_code(err));
	cr_assert_eq(reply->reply_case, STREAMGAUGE__V1__REPLY__REPLY_ERROR);
	cr_assert_str_eq(reply->error->code, err_code(err), "%s: %s", reply->error->code,
	                 reply->error->detail);
	cr_assert_neq(reply->error->detail[0], 0, "an error without a sentence");
	uint64_t expected = reply->error->expected_sequence;
	fake_reply_free(reply);
	return expected;
}

struct ack_is {
	uint64_t sequence, accepted, duplicates, rejected;
};

static void expect_ack(struct fake_peer *peer, struct ack_is want)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_not_null(reply, "no acknowledgement of %lu", want.sequence);
	cr_assert_eq(reply->reply_case, STREAMGAUGE__V1__REPLY__REPLY_ACK);
	cr_assert_eq(reply->ack->sequence, want.sequence);
	cr_assert_eq(reply->ack->accepted, want.accepted);
	cr_assert_eq(reply->ack->duplicates, want.duplicates);
	cr_assert_eq(reply->ack->rejected, want.rejected);
	cr_assert_str_eq(reply->ack->level, "fsync");
	fake_reply_free(reply);
}

static void expect_silence(struct fake_peer *peer)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_null(reply, "a reply that is too early");
}

static Streamgauge__V1__Reply *expect_welcome(struct fake_peer *peer)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_not_null(reply, "no Welcome");
	cr_assert_eq(reply->reply_case, STREAMGAUGE__V1__REPLY__REPLY_WELCOME, "error %s",
	             reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ERROR ? reply->error->code
	                                                                      : "-");
	return reply;
}

/* Connects, says Hello with this instance, confirms and swallows the Welcome. */
static void open_session(struct fake_hub *fake, struct fake_peer *peer, uint8_t instance)
{
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, instance, &declaration);
	fake_connect(fake, peer, "a");
	cr_assert_eq(fake_send_hello(peer, &hello), 0);
	fake_confirm(fake, 0);
	fake_reply_free(expect_welcome(peer));
}

/* ---- Hello ---- */

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
	CLIENT_CONTROL,
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
	FINAL_LONG,
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
    {CLIENT_CONTROL, ERR_MALFORMED},
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
    {FINAL_LONG, ERR_BAD_DECLARATION},
    {NOT_READY, ERR_NOT_READY},
};

struct hello_case {
	uint8_t instance[16];
	char text[200];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Report reports[33];
	Streamgauge__V1__Report *list[33];
	Streamgauge__V1__Hello hello;
};

static void declare_reports(struct hello_case *c, size_t count)
{
	static char ids[33][24];
	c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__REPORT;
	for (size_t i = 0; i < count; i++) {
		snprintf(ids[i], sizeof(ids[i]), "r%zu", i);
		streamgauge__v1__report__init(&c->reports[i]);
		c->reports[i].id = ids[i];
		c->reports[i].level = "campaign";
		c->reports[i].rollup = i == 0;
		c->list[i] = &c->reports[i];
	}
	c->declaration.n_reports = count;
	c->declaration.reports = c->list;
}

static void change_reports(struct hello_case *c, enum change change)
{
	declare_reports(c, change == REPORT_33 ? 33 : change == REPORT_WITHOUT ? 0 : 2);
	if (change == EVENT_WITH_REPORTS)
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	if (change == REPORT_BAD_ID)
		c->reports[1].id = "Campaign";
	if (change == REPORT_BAD_LEVEL)
		c->reports[1].level = "keyword";
	if (change == REPORT_TWICE)
		c->reports[1].id = c->reports[0].id;
	if (change == REPORT_TWO_ROLLUPS)
		c->reports[1].rollup = true;
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
		c->declaration.final_after_days = 4000;
		break;
	case NOTHING:
	case NOT_READY:
		break;
	default:
		change_reports(c, change);
	}
}

Test(session, hello_table)
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

Test(session, welcome_of_a_new_source)
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

Test(session, first_request_must_be_hello)
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

Test(session, second_hello_is_malformed)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	cr_assert_eq(fake_send_hello(&peer, &hello), ERR_CLOSED);
	expect_error(&peer, ERR_MALFORMED);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, bytes_that_are_no_request_are_malformed)
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

/* ---- instances ---- */

static const struct {
	bool stored;    /* the source exists with instance 1 */
	bool connected; /* and a session of instance 1 is open */
	uint8_t instance;
	Streamgauge__V1__Hello__TakeOver take_over;
	int err;
} instances[] = {
    {false, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, ERR_SOURCE_BUSY},
    {false, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {false, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, false, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, false, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, 0},
    {true, false, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, 0},
    {true, true, 1, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, 0},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__NO, ERR_OTHER_INSTANCE},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__IF_IDLE, ERR_SOURCE_BUSY},
    {true, true, 2, STREAMGAUGE__V1__HELLO__TAKE_OVER__FORCE, 0},
    {true, true, 2, (Streamgauge__V1__Hello__TakeOver)9, ERR_OTHER_INSTANCE},
};

Test(session, instance_table)
{
	for (size_t i = 0; i < sizeof(instances) / sizeof(*instances); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct fake_peer first, second;
		open_session(&fake, &first, 1);
		if (instances[i].stored) {
			cr_assert_eq(fake_send_batch(&first, 1, 3, "c1"), 0);
			fake_flush(&fake);
			expect_ack(&first, (struct ack_is){.sequence = 1, .accepted = 3});
		}
		if (!instances[i].connected)
			fake_disconnect(&first);
		uint8_t bytes[16];
		Streamgauge__V1__Declaration declaration;
		Streamgauge__V1__Hello hello =
		    fake_hello(bytes, instances[i].instance, &declaration);
		hello.take_over = instances[i].take_over;
		fake_connect(&fake, &second, "b");
		int err = fake_send_hello(&second, &hello);
		if (instances[i].err) {
			cr_assert_eq(err, ERR_CLOSED, "case %zu", i);
			expect_error(&second, instances[i].err);
			cr_assert(!instances[i].connected || !first.ended,
			          "case %zu harmed the other", i);
		} else {
			cr_assert_eq(err, 0, "case %zu: %s", i, err_code(second.end_err));
			fake_confirm(&fake, 0);
			Streamgauge__V1__Reply *reply = expect_welcome(&second);
			cr_assert_eq(reply->welcome->last_sequence, instances[i].stored);
			cr_assert_eq(reply->welcome->known, instances[i].stored);
			cr_assert_eq(reply->welcome->cursor.len, instances[i].stored ? 2 : 0);
			fake_reply_free(reply);
		}
		if (!instances[i].err && instances[i].connected) {
			Streamgauge__V1__Reply *reply = fake_reply(&first);
			cr_assert_str_eq(reply->error->code, "fenced");
			cr_assert_not_null(strstr(reply->error->detail, "peer-b"));
			fake_reply_free(reply);
			cr_assert_eq(fake_send_batch(&first, 2, 1, ""), ERR_CLOSED,
			             "queued frames are dropped");
		}
		if (!instances[i].err && instances[i].stored)
			cr_assert_eq(fake.sources[0].instance[0], instances[i].instance);
		if (instances[i].connected)
			fake_disconnect(&first);
		fake_disconnect(&second);
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
	MORE_REPORTS
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
    {MORE_REPORTS, 0, 3},
};

static void restate(struct hello_case *c, enum restated restated)
{
	declare_reports(c, restated == MORE_REPORTS ? 3 : 2);
	c->declaration.currency = restated == OTHER_CURRENCY ? "EUR" : "USD";
	c->declaration.time_zone = restated == OTHER_ZONE ? "Europe/Berlin" : "America/New_York";
	if (restated == OTHER_LEVEL)
		c->reports[1].level = "ad";
	if (restated == OTHER_ROLLUP) {
		c->reports[0].rollup = false;
		c->reports[1].rollup = true;
	}
	if (restated == UNSTATED)
		streamgauge__v1__declaration__init(&c->declaration);
	if (restated == NO_WORD)
		c->hello.declaration = NULL;
	if (restated == OTHER_CLASS) {
		c->declaration.n_reports = 0;
		c->declaration.class_ = STREAMGAUGE__V1__DECLARATION__CLASS__EVENT;
	}
}

Test(session, account_mismatch_table)
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
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

Test(session, tenant_decides_which_report_is_rolled_up)
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

/* ---- sequences ---- */

Test(session, ack_waits_for_its_flush_and_keeps_order)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 3, "one"), 0);
	uint64_t first = fake.pending;
	cr_assert_eq(fake_send_batch(&peer, 2, 4, "two"), 0);
	expect_silence(&peer);
	session_hub_answered(fake.hub, 0, first - 1);
	session_hub_answered(fake.hub, 1, first + 5);
	expect_silence(&peer);
	session_hub_answered(fake.hub, 0, first);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .accepted = 3});
	expect_silence(&peer);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 2, .accepted = 4});
	cr_assert_eq(fake.applied, 2);
	cr_assert_geq(fake.kicks, 2);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, duplicate_before_and_after_its_flush)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 3, "one"), 0);
	cr_assert_eq(fake_send_batch(&peer, 1, 3, "one"), 0);
	expect_silence(&peer);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .accepted = 3});
	expect_ack(&peer, (struct ack_is){.sequence = 1, .duplicates = 3});
	cr_assert_eq(fake_send_batch(&peer, 1, 3, "one"), 0);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .duplicates = 3});
	cr_assert_eq(fake.applied, 1);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, gap_changes_nothing_and_the_session_stays)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	cr_assert_eq(fake_send_batch(&peer, 2, 1, ""), 0);
	cr_assert_eq(expect_error(&peer, ERR_SEQUENCE_GAP), 1);
	cr_assert_eq(fake.source_count, 0);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	cr_assert_eq(fake_send_batch(&peer, 9, 1, ""), 0);
	cr_assert_eq(expect_error(&peer, ERR_SEQUENCE_GAP), 2);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .accepted = 1});
	cr_assert_eq(peer.ended, 0);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, conflict_within_the_last_64_batches)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	for (uint64_t sequence = 1; sequence <= 70; sequence++) {
		cr_assert_eq(fake_send_batch(&peer, sequence, 1, "a"), 0);
		fake_flush(&fake);
		expect_ack(&peer, (struct ack_is){.sequence = sequence, .accepted = 1});
	}
	cr_assert_eq(fake_send_batch(&peer, 6, 2, "b"), 0, "its hash is forgotten");
	expect_ack(&peer, (struct ack_is){.sequence = 6, .duplicates = 2});
	cr_assert_eq(fake_send_batch(&peer, 7, 1, "a"), 0);
	expect_ack(&peer, (struct ack_is){.sequence = 7, .duplicates = 1});
	cr_assert_eq(fake_send_batch(&peer, 7, 2, "a"), ERR_CLOSED);
	expect_error(&peer, ERR_SEQUENCE_CONFLICT);
	cr_assert_eq(fake.applied, 70);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, unnumbered_batches_leave_the_position)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(fake_send_batch(&peer, 0, 1, ""), 0);
	fake_flush(&fake);
	for (int i = 0; i < 3; i++)
		expect_ack(&peer, (struct ack_is){.accepted = 1});
	cr_assert_eq(fake.applied, 3);
	cr_assert_eq(fake.sources[0].applied, 0);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, rejects_are_part_of_the_ack_and_create_no_source_alone)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	fake.reject = 2;
	cr_assert_eq(fake_send_batch(&peer, 1, 2, ""), 0);
	cr_assert(!fake.sources[0].known, "nothing was accepted");
	cr_assert_eq(fake_send_batch(&peer, 2, 5, ""), 0);
	cr_assert(fake.sources[0].known);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .rejected = 2});
	Streamgauge__V1__Reply *reply = fake_reply(&peer);
	cr_assert_eq(reply->ack->accepted, 3);
	cr_assert_eq(reply->ack->rejected, 2);
	cr_assert_eq(reply->ack->n_rejects, 1);
	cr_assert_eq(reply->ack->rejects[0]->item, STREAMGAUGE__V1__REJECT__ITEM__EVENT);
	cr_assert_str_eq(reply->ack->rejects[0]->code, "unknown_type");
	cr_assert_str_eq(reply->ack->rejects[0]->field, "type");
	cr_assert_str_eq(reply->ack->rejects[0]->detail, "no such type");
	fake_reply_free(reply);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, limits_of_a_batch)
{
	static const struct {
		uint32_t events;
		size_t cursor;
		int apply_err;
		int err;
	} table[] = {
	    {100, 0, 0, 0},
	    {101, 0, 0, ERR_BATCH_TOO_WIDE},
	    {1, 256, 0, 0},
	    {1, 257, 0, ERR_MALFORMED},
	    {1, 0, ERR_BATCH_TOO_WIDE, ERR_BATCH_TOO_WIDE},
	    {1, 0, ERR_NOMEM, ERR_NOMEM},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		fake.apply_err = table[i].apply_err;
		struct fake_peer peer;
		open_session(&fake, &peer, 1);
		char cursor[300];
		memset(cursor, 'c', sizeof(cursor));
		cursor[table[i].cursor] = 0;
		int err = fake_send_batch(&peer, 1, table[i].events, cursor);
		cr_assert_eq(err, table[i].err ? ERR_CLOSED : 0, "case %zu", i);
		if (table[i].err)
			expect_error(&peer, table[i].err);
		cr_assert_eq(fake.applied, !table[i].err);
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

/* ---- loss ---- */

static const struct {
	uint64_t acked;
	bool accept;
	uint64_t last, lost_first, lost_last, counted;
} losses[] = {
    {0, false, 2, 0, 0, 0}, {2, false, 2, 0, 0, 0}, {2, true, 2, 0, 0, 0},
    {3, false, 2, 3, 3, 0}, {9, false, 2, 3, 9, 0}, {9, true, 9, 0, 0, 7},
};

Test(session, loss_table)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		struct fake_hub fake;
		fake_init(&fake);
		struct fake_peer peer;
		open_session(&fake, &peer, 1);
		for (uint64_t sequence = 1; sequence <= 2; sequence++)
			cr_assert_eq(fake_send_batch(&peer, sequence, 1, ""), 0);
		fake_flush(&fake);
		fake_disconnect(&peer);
		uint8_t bytes[16];
		Streamgauge__V1__Declaration declaration;
		Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
		hello.acked = losses[i].acked;
		hello.accept_loss = losses[i].accept;
		fake_connect(&fake, &peer, "b");
		cr_assert_eq(fake_send_hello(&peer, &hello), 0);
		fake_confirm(&fake, 0);
		Streamgauge__V1__Reply *reply = expect_welcome(&peer);
		cr_assert_eq(reply->welcome->last_sequence, losses[i].last, "case %zu", i);
		cr_assert_eq(reply->welcome->lost_first, losses[i].lost_first, "case %zu", i);
		cr_assert_eq(reply->welcome->lost_last, losses[i].lost_last, "case %zu", i);
		fake_reply_free(reply);
		cr_assert_eq(fake.sources[0].current.lost_batches, losses[i].counted, "case %zu",
		             i);
		uint64_t next = losses[i].last + 1;
		if (losses[i].lost_last) {
			cr_assert_eq(fake_send_batch(&peer, losses[i].lost_last + 1, 1, ""),
			             ERR_CLOSED);
			cr_assert_eq(expect_error(&peer, ERR_ACKNOWLEDGED_LOST), next);
		} else {
			cr_assert_eq(fake_send_batch(&peer, next, 1, ""), 0);
			cr_assert_eq(fake.sources[0].applied, next);
		}
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

Test(session, lost_batches_can_be_sent_again)
{
	struct fake_hub fake;
	fake_init(&fake);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.acked = 2;
	struct fake_peer peer;
	fake_connect(&fake, &peer, "a");
	cr_assert_eq(fake_send_hello(&peer, &hello), 0);
	fake_confirm(&fake, 0);
	Streamgauge__V1__Reply *reply = expect_welcome(&peer);
	cr_assert_eq(reply->welcome->lost_first, 1);
	cr_assert_eq(reply->welcome->lost_last, 2);
	fake_reply_free(reply);
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		cr_assert_eq(fake_send_batch(&peer, sequence, 1, ""), 0);
	fake_flush(&fake);
	for (uint64_t sequence = 1; sequence <= 3; sequence++)
		expect_ack(&peer, (struct ack_is){.sequence = sequence, .accepted = 1});
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, loss_of_a_source_that_is_gone_can_be_accepted)
{
	struct fake_hub fake;
	fake_init(&fake);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.acked = 5;
	hello.accept_loss = true;
	struct fake_peer peer;
	fake_connect(&fake, &peer, "a");
	cr_assert_eq(fake_send_hello(&peer, &hello), 0);
	fake_confirm(&fake, 0);
	Streamgauge__V1__Reply *reply = expect_welcome(&peer);
	cr_assert_eq(reply->welcome->last_sequence, 5);
	fake_reply_free(reply);
	cr_assert_eq(fake.sources[0].current.lost_batches, 5);
	cr_assert_eq(fake_send_batch(&peer, 4, 2, ""), 0);
	cr_assert_eq(fake_send_batch(&peer, 6, 1, ""), 0);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 4, .duplicates = 2});
	expect_ack(&peer, (struct ack_is){.sequence = 6, .accepted = 1});
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

/* ---- waiting ---- */

Test(session, missing_pages_hold_one_source_and_not_the_other)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer waiting, other;
	open_session(&fake, &waiting, 1);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.source = "shop/us";
	fake_connect(&fake, &other, "b");
	cr_assert_eq(fake_send_hello(&other, &hello), 0);
	fake_confirm(&fake, 0);
	fake_reply_free(expect_welcome(&other));

	fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), ERR_AGAIN);
	cr_assert_eq(fake.fetch_count, 1);
	cr_assert_eq(fake_send_batch(&other, 1, 1, ""), 0);
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), ERR_AGAIN, "still waiting");
	cr_assert_eq(fake.applied, 1);
	cr_assert_eq(waiting.woken, 0);
	fake_fetched(&fake, 0);
	cr_assert_eq(waiting.woken, 1);
	cr_assert_eq(fake_send_batch(&waiting, 1, 1, ""), 0);
	fake_flush(&fake);
	expect_ack(&waiting, (struct ack_is){.sequence = 1, .accepted = 1});
	expect_ack(&other, (struct ack_is){.sequence = 1, .accepted = 1});
	fake_disconnect(&waiting);
	fake_disconnect(&other);
	fake_deinit(&fake);
}

Test(session, failed_fetch_ends_as_not_ready)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN);
	fake_fetched(&fake, ERR_TIMEOUT);
	expect_error(&peer, ERR_NOT_READY);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, answers_after_the_session_is_gone)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	fake.apply_again = 1;
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN);
	fake_disconnect(&peer);
	fake_fetched(&fake, 0);
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	fake_connect(&fake, &peer, "b");
	cr_assert_eq(fake_send_hello(&peer, &hello), 0);
	fake_disconnect(&peer);
	fake_confirm(&fake, 0);
	open_session(&fake, &peer, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	fake_disconnect(&peer);
	fake_flush(&fake);
	cr_assert_eq(fake.sources[0].applied, 1, "what was applied stays");
	fake_deinit(&fake);
}

Test(session, budget_blocks_until_answered)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	fake.work = 1000;
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN);
	fake.work = 999;
	fake_flush(&fake);
	cr_assert_eq(peer.woken, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, one_source_may_owe_its_share_only)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer, other;
	open_session(&fake, &peer, 1);
	uint64_t sequence = 1;
	while (fake_send_batch(&peer, sequence, 10, "") == 0)
		sequence++;
	cr_assert_gt(sequence, 2);
	cr_assert_lt(sequence, 10, "a quarter of 1,000 bytes");
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.source = "shop/us";
	fake_connect(&fake, &other, "b");
	cr_assert_eq(fake_send_hello(&other, &hello), 0);
	fake_confirm(&fake, 0);
	cr_assert_eq(fake_send_batch(&other, 1, 10, ""), 0);
	fake_flush(&fake);
	cr_assert_eq(peer.woken, 1);
	cr_assert_eq(fake_send_batch(&peer, sequence, 10, ""), 0);
	fake_disconnect(&peer);
	fake_disconnect(&other);
	fake_deinit(&fake);
}

Test(session, partition_away_blocks_and_dropped_ends)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	fake.ready = false;
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), ERR_AGAIN);
	fake.ready = true;
	session_hub_ready(fake.hub, 0);
	cr_assert_eq(peer.woken, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	session_hub_dropped(fake.hub, 1);
	cr_assert_eq(peer.ended, 0);
	session_hub_dropped(fake.hub, 0);
	expect_error(&peer, ERR_NOT_READY);
	fake_flush(&fake);
	expect_silence(&peer);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

/* ---- the end ---- */

Test(session, finish_waits_for_acknowledgements)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	cr_assert_eq(fake_send_batch(&peer, 1, 1, ""), 0);
	session_finish(peer.session);
	cr_assert_eq(peer.ended, 0);
	fake_flush(&fake);
	expect_ack(&peer, (struct ack_is){.sequence = 1, .accepted = 1});
	cr_assert_eq(peer.ended, 1);
	cr_assert_eq(peer.end_err, 0);
	expect_silence(&peer);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session, stop_acknowledges_first)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer busy, idle;
	open_session(&fake, &busy, 1);
	cr_assert_eq(fake_send_batch(&busy, 1, 1, ""), 0);
	fake_connect(&fake, &idle, "b");
	session_hub_stop(fake.hub);
	expect_error(&idle, ERR_SHUTTING_DOWN);
	cr_assert_eq(busy.ended, 0);
	cr_assert(session_hub_busy(fake.hub));
	cr_assert_eq(fake_send_batch(&busy, 2, 1, ""), ERR_AGAIN, "no more is taken");
	fake_flush(&fake);
	expect_ack(&busy, (struct ack_is){.sequence = 1, .accepted = 1});
	expect_error(&busy, ERR_SHUTTING_DOWN);
	cr_assert(!session_hub_busy(fake.hub));
	cr_assert_eq(fake.applied, 1);
	fake_disconnect(&busy);
	fake_disconnect(&idle);
	fake_deinit(&fake);
}

Test(session, transport_errors_end_once)
{
	struct fake_hub fake;
	fake_init(&fake);
	struct fake_peer peer;
	open_session(&fake, &peer, 1);
	session_fail(peer.session, ERR_TOO_SLOW, "");
	session_fail(peer.session, ERR_MALFORMED, "");
	expect_error(&peer, ERR_TOO_SLOW);
	expect_silence(&peer);
	cr_assert_eq(peer.ended, 1);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}
