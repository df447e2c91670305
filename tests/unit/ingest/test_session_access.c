/* SPDX-License-Identifier: Apache-2.0
 * Who may open a session, and what becomes of one whose token is taken back. */
#include <criterion/criterion.h>
#include <string.h>

#include "session_bed.h"

/* Says Hello for a tenant; the right to is answered with `unauthorized`. */
static void hello_of(struct fake_hub *fake, struct fake_peer *peer, const char *tenant,
                     int unauthorized)
{
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
	hello.tenant = (char *)tenant;
	hello.token = "s3cret";
	fake_connect(fake, peer, "a");
	peer->unauthorized = unauthorized;
	int taken = fake_send_hello(peer, &hello);
	cr_assert_eq(taken, unauthorized || strcmp(tenant, "demo") != 0 ? ERR_CLOSED : 0);
}

Test(session_access, hello_shows_its_token)
{
	struct fake_hub fake;
	struct fake_peer peer;
	fake_init(&fake);
	hello_of(&fake, &peer, "demo", 0);
	cr_assert_str_eq(peer.shown, "s3cret");
	fake_confirm(&fake, 0);
	fake_reply_free(expect_welcome(&peer));
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session_access, refused_before_anything_is_said)
{
	static const int errs[] = {ERR_UNAUTHORIZED, ERR_FORBIDDEN};
	static const char *const tenants[] = {"demo", "nobody"};
	for (int i = 0; i < 4; i++) {
		struct fake_hub fake;
		struct fake_peer peer;
		fake_init(&fake);
		hello_of(&fake, &peer, tenants[i / 2], errs[i % 2]);
		Streamgauge__V1__Reply *reply = fake_reply(&peer);
		cr_assert_str_eq(reply->error->code, err_code(errs[i % 2]), "case %d", i);
		cr_assert_str_eq(reply->error->detail, "The fake refuses s3cret.");
		fake_reply_free(reply);
		cr_assert_eq(peer.ended, 1);
		cr_assert_eq(fake.confirm_count, 0);
		fake_disconnect(&peer);
		fake_deinit(&fake);
	}
}

/* The tenant `demo` is configured, and foreign to the first; to the second it is
 * unknown: byte for byte the same answer. So are names that cannot be shown. */
Test(session_access, foreign_is_as_unknown)
{
	static const char *const names[] = {"demo", "tenant\n", ""};
	for (int i = 0; i < 3; i++) {
		struct fake_hub fake;
		struct fake_peer foreign, unknown;
		fake_init(&fake);
		hello_of(&fake, &foreign, names[i], ERR_UNKNOWN_TENANT);
		fake.settings.tenant_count = 0;
		uint8_t bytes[16];
		Streamgauge__V1__Declaration declaration;
		Streamgauge__V1__Hello hello = fake_hello(bytes, 1, &declaration);
		hello.tenant = (char *)names[i];
		fake_connect(&fake, &unknown, "b");
		cr_assert_eq(fake_send_hello(&unknown, &hello), ERR_CLOSED);
		cr_assert_gt(foreign.sent.len, 0);
		cr_assert_eq(foreign.sent.len, unknown.sent.len, "case %d", i);
		cr_assert_eq(memcmp(foreign.sent.bytes, unknown.sent.bytes, foreign.sent.len), 0,
		             "case %d", i);
		cr_assert_eq(expect_error(&foreign, ERR_UNKNOWN_TENANT), 0);
		fake_disconnect(&foreign);
		fake_disconnect(&unknown);
		fake_deinit(&fake);
	}
}

Test(session_access, revoked_with_nothing_owed_ends_at_once)
{
	static const int errs[] = {ERR_UNAUTHORIZED, ERR_FORBIDDEN, ERR_UNKNOWN_TENANT};
	for (int i = 0; i < 3; i++) {
		struct bed bed;
		bed_open(&bed);
		session_hub_authorize(bed.fake.hub);
		expect_silence(&bed.peer);
		bed.peer.unauthorized = errs[i];
		session_hub_authorize(bed.fake.hub);
		expect_error(&bed.peer, ERR_UNAUTHORIZED);
		cr_assert_eq(bed.peer.ended, 1);
		session_hub_authorize(bed.fake.hub);
		cr_assert_eq(bed.peer.ended, 1);
		bed_close(&bed);
	}
}

Test(session_access, what_was_applied_is_acknowledged_first)
{
	struct bed bed;
	bed_open(&bed);
	cr_assert_eq(fake_send_batch(&bed.peer, 1, 2, ""), 0);
	bed.peer.unauthorized = ERR_UNAUTHORIZED;
	session_hub_authorize(bed.fake.hub);
	expect_silence(&bed.peer);
	cr_assert_eq(fake_send_batch(&bed.peer, 2, 2, ""), ERR_AGAIN, "nothing more is taken");
	cr_assert_eq(bed.fake.applied, 1);
	/* A token that comes back meanwhile is for the next session. */
	bed.peer.unauthorized = 0;
	session_hub_authorize(bed.fake.hub);
	fake_flush(&bed.fake);
	expect_ack(&bed.peer, (struct ack_is){.sequence = 1, .accepted = 2});
	expect_error(&bed.peer, ERR_UNAUTHORIZED);
	cr_assert_eq(bed.peer.ended, 1);
	cr_assert_eq(bed.peer.end_err, ERR_UNAUTHORIZED);
	bed_close(&bed);
}

Test(session_access, revoked_while_opening)
{
	struct fake_hub fake;
	struct fake_peer peer;
	fake_init(&fake);
	hello_of(&fake, &peer, "demo", 0);
	peer.unauthorized = ERR_UNAUTHORIZED;
	session_hub_authorize(fake.hub);
	expect_error(&peer, ERR_UNAUTHORIZED);
	fake_confirm(&fake, 0);
	expect_silence(&peer);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

Test(session_access, one_that_said_no_hello_is_left)
{
	struct fake_hub fake;
	struct fake_peer peer;
	fake_init(&fake);
	fake_connect(&fake, &peer, "a");
	peer.unauthorized = ERR_UNAUTHORIZED;
	session_hub_authorize(fake.hub);
	expect_silence(&peer);
	cr_assert_eq(peer.ended, 0);
	fake_disconnect(&peer);
	fake_deinit(&fake);
}

/* After a reload nothing of the settings before is looked at. */
Test(session_access, open_sessions_go_over_to_new_settings)
{
	struct fake_hub fake;
	struct fake_peer open, silent;
	fake_init(&fake);
	open_session(&fake, &open, "a", (struct greeting){0});
	fake_connect(&fake, &silent, "b");
	struct settings settings = fake.settings;
	struct tenant tenants[2] = {fake.tenants[0], fake.tenants[1]};
	settings.tenants = tenants;
	session_hub_reload(fake.hub, &settings);
	fake.tenants[0].name = "old";
	session_hub_authorize(fake.hub);
	cr_assert_str_eq(open.tenant, "demo");
	uint8_t bytes[16];
	Streamgauge__V1__Declaration declaration;
	Streamgauge__V1__Hello hello = fake_hello(bytes, 2, &declaration);
	hello.source = "shop/us";
	cr_assert_eq(fake_send_hello(&silent, &hello), 0);
	cr_assert_str_eq(silent.tenant, "demo");
	fake_confirm(&fake, 0);
	fake_reply_free(expect_welcome(&silent));
	fake_disconnect(&open);
	fake_disconnect(&silent);
	fake_deinit(&fake);
}
