/* SPDX-License-Identifier: Apache-2.0
 * What the tests of sessions share: a hub with one open session, what a reply
 * must be, and Hellos of any kind. */
#ifndef SG_TEST_SESSION_BED_H
#define SG_TEST_SESSION_BED_H

#include "fake_hub.h"

/* A hub and a session of instance 1 of shop/eu. */
struct bed {
	struct fake_hub fake;
	struct fake_peer peer;
};

void bed_open(struct bed *bed);
/* Also frees what the session still waits for. */
void bed_close(struct bed *bed);

/* The next reply must be an Error with this code; gives expected_sequence. */
uint64_t expect_error(struct fake_peer *peer, int err);

struct ack_is {
	uint64_t sequence, accepted, duplicates, rejected;
};

/* The next reply must be this acknowledgement. */
void expect_ack(struct fake_peer *peer, struct ack_is want);

void expect_silence(struct fake_peer *peer);

/* The next reply must be a Welcome; free it with fake_reply_free. */
Streamgauge__V1__Reply *expect_welcome(struct fake_peer *peer);

/* What a Hello says, where it is not that of instance 1 of shop/eu. */
struct greeting {
	uint8_t instance;   /* 0 = 1 */
	const char *source; /* NULL = shop/eu */
	Streamgauge__V1__Hello__TakeOver take_over;
	uint64_t acked;
	bool accept_loss;
};

/* Connects as peer-<name> and says Hello; what session_frame gave. */
int greet(struct fake_hub *fake, struct fake_peer *peer, const char *name,
          struct greeting greeting);

/* The same, confirmed: gives the Welcome. */
Streamgauge__V1__Reply *welcomed(struct fake_hub *fake, struct fake_peer *peer, const char *name,
                                 struct greeting greeting);

/* The same, and the Welcome is swallowed. */
void open_session(struct fake_hub *fake, struct fake_peer *peer, const char *name,
                  struct greeting greeting);

/* A Hello with room for all that it may name. */
struct hello_case {
	uint8_t instance[16];
	char text[200];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Report reports[33];
	Streamgauge__V1__Report *list[33];
	Streamgauge__V1__Hello hello;
};

/* Declares class REPORT with the reports r0, r1 and so on, r0 rolled up. */
void declare_reports(struct hello_case *c, size_t count);

#endif
