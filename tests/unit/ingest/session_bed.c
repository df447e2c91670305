/* SPDX-License-Identifier: Apache-2.0 */
#include "session_bed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The next reply must be an Error with this code; gives expected_sequence. */
uint64_t expect_error(struct fake_peer *peer, int err)
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

void expect_ack(struct fake_peer *peer, struct ack_is want)
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

void expect_silence(struct fake_peer *peer)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_null(reply, "a reply that is too early");
}

Streamgauge__V1__Reply *expect_welcome(struct fake_peer *peer)
{
	Streamgauge__V1__Reply *reply = fake_reply(peer);
	cr_assert_not_null(reply, "no Welcome");
	cr_assert_eq(reply->reply_case, STREAMGAUGE__V1__REPLY__REPLY_WELCOME, "error %s",
	             reply->reply_case == STREAMGAUGE__V1__REPLY__REPLY_ERROR ? reply->error->code
	                                                                      : "-");
	return reply;
}

int greet(struct fake_hub *fake, struct fake_peer *peer, const char *name, struct greeting greeting)
{
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello =
	    fake_hello(bytes, greeting.instance ? greeting.instance : 1, &declaration);
	if (greeting.source)
		hello.source = (char *)greeting.source;
	hello.take_over = greeting.take_over;
	hello.acked = greeting.acked;
	hello.accept_loss = greeting.accept_loss;
	fake_connect(fake, peer, name);
	return fake_send_hello(peer, &hello);
}

Streamgauge__V1__Reply *welcomed(struct fake_hub *fake, struct fake_peer *peer, const char *name,
                                 struct greeting greeting)
{
	cr_assert_eq(greet(fake, peer, name, greeting), 0, "%s", err_code(peer->end_err));
	fake_confirm(fake, 0);
	return expect_welcome(peer);
}

void open_session(struct fake_hub *fake, struct fake_peer *peer, const char *name,
                  struct greeting greeting)
{
	fake_reply_free(welcomed(fake, peer, name, greeting));
}

void bed_open(struct bed *bed)
{
	fake_init(&bed->fake);
	open_session(&bed->fake, &bed->peer, "a", (struct greeting){0});
}

void bed_close(struct bed *bed)
{
	fake_disconnect(&bed->peer);
	fake_deinit(&bed->fake);
}

void declare_reports(struct hello_case *c, size_t count)
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
