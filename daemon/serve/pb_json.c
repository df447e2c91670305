/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/pb_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "pb/pb_field.h"
#include "query/sheet.h"
#include "streamgauge/v1/ingest.pb-c.h"

static void put_base64(struct buf *buf, const uint8_t *bytes, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	buf_put_byte(buf, '"');
	for (size_t i = 0; i < len; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;
		three |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < len ? bytes[i + 2] : 0;
		buf_put_byte(buf, (uint8_t)digits[three >> 18]);
		buf_put_byte(buf, (uint8_t)digits[three >> 12 & 63]);
		buf_put_byte(buf, i + 1 < len ? (uint8_t)digits[three >> 6 & 63] : '=');
		buf_put_byte(buf, i + 2 < len ? (uint8_t)digits[three & 63] : '=');
	}
	buf_put_byte(buf, '"');
}

/* "event_time_us" -> "eventTimeUs", "hour_plus_1" -> "hourPlus1" */
static void put_name(struct buf *buf, const char *name)
{
	buf_put_byte(buf, '"');
	for (; *name; name++) {
		bool joint = *name == '_' && name[1];
		if (joint)
			name++;
		bool raised = joint && *name >= 'a' && *name <= 'z';
		buf_put_byte(buf, (uint8_t)(raised ? *name - 'a' + 'A' : *name));
	}
	buf_put_text(buf, "\":");
}

static void put_number(struct buf *buf, double value)
{
	if (isfinite(value))
		json_put_double(buf, value);
	else
		buf_put_text(buf, isnan(value) ? "\"NaN\""
		                  : value > 0  ? "\"Infinity\""
		                               : "\"-Infinity\"");
}

static void put_enum(struct buf *buf, const ProtobufCFieldDescriptor *field, int32_t number)
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(field->descriptor, number);
	if (value)
		buf_printf(buf, "\"%s\"", value->name);
	else
		buf_printf(buf, "%" PRId32, number);
}

static void put_value(struct buf *buf, const ProtobufCFieldDescriptor *field, const void *at)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		buf_printf(buf, "%" PRId32, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		buf_printf(buf, "%" PRIu32, *(const uint32_t *)at);
		return;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		buf_printf(buf, "\"%" PRId64 "\"", *(const int64_t *)at);
		return;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		buf_printf(buf, "\"%" PRIu64 "\"", *(const uint64_t *)at);
		return;
	case PROTOBUF_C_TYPE_FLOAT:
		put_number(buf, (double)*(const float *)at);
		return;
	case PROTOBUF_C_TYPE_DOUBLE:
		put_number(buf, *(const double *)at);
		return;
	case PROTOBUF_C_TYPE_BOOL:
		buf_put_text(buf, *(const protobuf_c_boolean *)at ? "true" : "false");
		return;
	case PROTOBUF_C_TYPE_ENUM:
		put_enum(buf, field, *(const int32_t *)at);
		return;
	case PROTOBUF_C_TYPE_STRING:
		json_put_text(buf, *(char *const *)at);
		return;
	case PROTOBUF_C_TYPE_BYTES:
		put_base64(buf, ((const ProtobufCBinaryData *)at)->data,
		           ((const ProtobufCBinaryData *)at)->len);
		return;
	case PROTOBUF_C_TYPE_MESSAGE:
		pb_json_put(buf, *(ProtobufCMessage *const *)at);
		return;
	}
}

/* A proto3 field without presence is left out when it has its default. */
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
	static const uint8_t zeros[8] = {0};
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return !*(char *const *)at || !**(char *const *)at;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return !*(void *const *)at;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)at)->len == 0;
	return memcmp(at, zeros, pb_field_size(field)) == 0;
}

/* An amount of zero is a statement, and shown as one. */
static bool always_shown(const ProtobufCMessageDescriptor *type,
                         const ProtobufCFieldDescriptor *field)
{
	return type == &streamgauge__v1__amount__descriptor && strcmp(field->name, "value") == 0;
}

static void put_repeated(struct buf *buf, const ProtobufCFieldDescriptor *field,
                         const uint8_t *values, size_t count)
{
	buf_put_byte(buf, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_put_byte(buf, ',');
		put_value(buf, field, values + i * pb_field_size(field));
	}
	buf_put_byte(buf, ']');
}

void pb_json_put(struct buf *buf, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	const uint8_t *base = (const uint8_t *)message;
	bool first = true;
	buf_put_byte(buf, '{');
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const uint8_t *at = base + field->offset;
		bool oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
		bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
		size_t count = 0;
		if (repeated)
			memcpy(&count, base + field->quantifier_offset, sizeof(count));
		uint32_t chosen = 0;
		if (oneof)
			memcpy(&chosen, base + field->quantifier_offset, sizeof(chosen));
		bool missing = oneof      ? chosen != field->id
		               : repeated ? count == 0
		                          : is_default(field, at) && !always_shown(type, field);
		if (missing)
			continue;
		if (!first)
			buf_put_byte(buf, ',');
		first = false;
		put_name(buf, field->name);
		if (repeated)
			put_repeated(buf, field, *(uint8_t *const *)at, count);
		else
			put_value(buf, field, at);
	}
	buf_put_byte(buf, '}');
}
