/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/reply.h"

#include <string.h>

#include "ingest/frame.h"

/* Field numbers of ingest.proto that are written by hand. */
enum { REPLY_ACK = 2, ACK_LEVEL = 2 };
enum { WIRE_BYTES = 2 };

static size_t varint_len(uint64_t value)
{
	size_t len = 1;
	for (; value >= 0x80; value >>= 7)
		len++;
	return len;
}

static void put_message(struct buf *buf, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	if (!buf_reserve(buf, len))
		return;
	protobuf_c_message_pack(message, buf->bytes + buf->len);
	buf->len += len;
}

static void put_reply(struct buf *buf, const Streamgauge__V1__Reply *reply)
{
	buf_put_varint(buf, protobuf_c_message_get_packed_size(&reply->base));
	put_message(buf, &reply->base);
}

void reply_welcome(struct buf *buf, const Streamgauge__V1__Welcome *welcome)
{
	Streamgauge__V1__Reply reply = STREAMGAUGE__V1__REPLY__INIT;
	reply.reply_case = STREAMGAUGE__V1__REPLY__REPLY_WELCOME;
	reply.welcome = (Streamgauge__V1__Welcome *)welcome;
	put_reply(buf, &reply);
}

void reply_error(struct buf *buf, int err, const char *detail, uint64_t expected)
{
	Streamgauge__V1__Error error = STREAMGAUGE__V1__ERROR__INIT;
	error.code = (char *)err_code(err);
	error.detail = (char *)(detail && detail[0] ? detail : err_rule(err));
	error.expected_sequence = expected;
	Streamgauge__V1__Reply reply = STREAMGAUGE__V1__REPLY__INIT;
	reply.reply_case = STREAMGAUGE__V1__REPLY__REPLY_ERROR;
	reply.error = &error;
	put_reply(buf, &reply);
}

static Streamgauge__V1__Reject **rejects_of(struct arena *arena,
                                            const struct apply_outcome *outcome)
{
	uint32_t count = outcome->reject_count;
	Streamgauge__V1__Reject **list =
	    arena_alloc(arena, count * sizeof(Streamgauge__V1__Reject *));
	Streamgauge__V1__Reject *rejects = arena_alloc(arena, count * sizeof(*rejects));
	if (!list || !rejects)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const struct apply_reject *from = &outcome->rejects[i];
		streamgauge__v1__reject__init(&rejects[i]);
		rejects[i].item = from->item;
		rejects[i].index = from->index;
		rejects[i].code = (char *)err_code(from->err);
		rejects[i].field = (char *)(from->field ? from->field : "");
		rejects[i].detail = (char *)(from->detail ? from->detail : err_rule(from->err));
		list[i] = &rejects[i];
	}
	return list;
}

void reply_ack_body(struct buf *buf, struct arena *arena, uint64_t sequence,
                    const struct apply_outcome *outcome, bool dedup_window_short)
{
	Streamgauge__V1__Ack ack = STREAMGAUGE__V1__ACK__INIT;
	ack.sequence = sequence;
	ack.accepted = outcome->accepted;
	ack.duplicates = outcome->duplicates;
	ack.unchanged = outcome->unchanged;
	ack.stale = outcome->stale;
	ack.not_rolled_up = outcome->not_rolled_up;
	ack.rejected = outcome->rejected;
	if (outcome->reject_count) {
		ack.rejects = rejects_of(arena, outcome);
		ack.n_rejects = ack.rejects ? outcome->reject_count : 0;
	}
	char *flag = "dedup_window_short";
	ack.flags = &flag;
	ack.n_flags = dedup_window_short;
	put_message(buf, &ack.base);
}

/* Protobuf fields may come in any order: so the level, which is known last,
 * follows the finished body. */
void reply_ack(struct buf *buf, const uint8_t *body, size_t len, const char *level)
{
	size_t level_len = strlen(level);
	size_t ack = len + 1 + varint_len(level_len) + level_len;
	buf_put_varint(buf, 1 + varint_len(ack) + ack);
	buf_put_key(buf, REPLY_ACK, WIRE_BYTES);
	buf_put_varint(buf, ack);
	buf_put(buf, body, len);
	buf_put_field(buf, ACK_LEVEL, level, level_len);
}
