/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pb_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/utf8.h"
#include "pb/pb_field.h"

/* A walk over the text; `path` names the place that is being read. */
struct walk {
	const char *at;
	const char *end;
	struct arena *arena;
	struct pb_read_error *error;
	char path[PB_READ_PATH];
	size_t path_len;
	int err; /* of the first failure */
};

SG_PRINTF(2, 3)
static bool fail(struct walk *walk, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(walk->error->text, sizeof(walk->error->text), format, args);
	va_end(args);
	memcpy(walk->error->path, walk->path, walk->path_len);
	walk->error->path[walk->path_len] = '\0';
	walk->err = ERR_MALFORMED;
	return false;
}

static bool fail_memory(struct walk *walk)
{
	(void)fail(walk, "%s", err_rule(ERR_NOMEM));
	walk->err = ERR_NOMEM;
	return false;
}

/* Appends to the path; what does not fit is left out. Returns the old length. */
SG_PRINTF(2, 3)
static size_t push(struct walk *walk, const char *format, ...)
{
	va_list args;
	size_t before = walk->path_len;
	size_t room = sizeof(walk->path) - before;
	va_start(args, format);
	int len = vsnprintf(walk->path + before, room, format, args);
	va_end(args);
	walk->path_len += len < 0 ? 0 : (size_t)len < room ? (size_t)len : room - 1;
	return before;
}

static void skip_blanks(struct walk *walk)
{
	while (walk->at < walk->end && strchr(" \t\r\n", *walk->at) && *walk->at)
		walk->at++;
}

static bool take(struct walk *walk, char byte)
{
	skip_blanks(walk);
	if (walk->at == walk->end || *walk->at != byte)
		return false;
	walk->at++;
	return true;
}

static bool take_word(struct walk *walk, const char *word)
{
	size_t len = strlen(word);
	skip_blanks(walk);
	if ((size_t)(walk->end - walk->at) < len || memcmp(walk->at, word, len) != 0)
		return false;
	walk->at += len;
	return true;
}

/* ---- texts ---- */

static bool read_unit(struct walk *walk, uint32_t *ret_unit)
{
	uint32_t unit = 0;
	if (walk->end - walk->at < 4)
		return fail(walk, "a \\u escape is not valid");
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = *walk->at++;
		const char *digit =
		    c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
		if (!digit)
			return fail(walk, "a \\u escape is not valid");
		unit = unit * 16 + (uint32_t)(digit - digits);
	}
	*ret_unit = unit;
	return true;
}

static bool read_point(struct walk *walk, char **to)
{
	uint32_t point = 0;
	uint32_t low = 0;
	if (!read_unit(walk, &point))
		return false;
	if (point >= 0xd800 && point <= 0xdbff) {
		if (walk->end - walk->at < 2 || memcmp(walk->at, "\\u", 2) != 0)
			return fail(walk, "a \\u escape is not valid");
		walk->at += 2;
		if (!read_unit(walk, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(walk, "a \\u escape is not valid");
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	if (point == 0 || (point >= 0xd800 && point <= 0xdfff))
		return fail(walk, "a \\u escape is not valid");
	*to += utf8_put(*to, point);
	return true;
}

static bool unescape(struct walk *walk, char **to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char bytes[] = "\"\\/\b\f\n\r\t";
	char name = walk->at < walk->end ? *walk->at++ : '\0';
	if (name == 'u')
		return read_point(walk, to);
	const char *found = name ? strchr(names, name) : NULL;
	if (!found)
		return fail(walk, "an escape is not valid");
	*(*to)++ = bytes[found - names];
	return true;
}

/* A text in the arena, NUL-terminated. */
static bool read_text(struct walk *walk, char **ret_text, size_t *ret_len)
{
	if (!take(walk, '"'))
		return fail(walk, "a text in double quotes is expected");
	const char *stop = walk->at;
	while (stop < walk->end && *stop != '"')
		stop += *stop == '\\' ? 2 : 1;
	if (stop >= walk->end)
		return fail(walk, "a text is not closed");
	char *text = arena_alloc(walk->arena, (size_t)(stop - walk->at) + 1);
	if (!text)
		return fail_memory(walk);
	char *to = text;
	while (walk->at < stop) {
		char c = *walk->at++;
		if ((unsigned char)c < 0x20)
			return fail(walk, "a control character in a text");
		if (c != '\\')
			*to++ = c;
		else if (!unescape(walk, &to))
			return false;
	}
	walk->at = stop + 1;
	*to = '\0';
	*ret_text = text;
	*ret_len = (size_t)(to - text);
	return true;
}

static bool read_bytes(struct walk *walk, ProtobufCBinaryData *ret_bytes)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = NULL;
	size_t len = 0;
	uint32_t bits = 0;
	int count = 0;
	if (!read_text(walk, &text, &len))
		return false;
	while (len > 0 && text[len - 1] == '=')
		len--;
	/* Decoded over the text, which is never shorter. */
	uint8_t *bytes = (uint8_t *)text;
	size_t to = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
		const char *digit = c ? strchr(digits, c) : NULL;
		if (!digit)
			return fail(walk, "bytes are written in base64");
		bits = bits << 6 | (uint32_t)(digit - digits);
		count += 6;
		if (count >= 8) {
			count -= 8;
			bytes[to++] = (uint8_t)(bits >> count);
		}
	}
	*ret_bytes = (ProtobufCBinaryData){to, bytes};
	return len % 4 != 1 || fail(walk, "bytes are written in base64");
}

/* ---- numbers ---- */

/* The text of a number, in quotes or not. */
static bool read_number(struct walk *walk, char **ret_text, size_t *ret_len)
{
	skip_blanks(walk);
	if (walk->at < walk->end && *walk->at == '"')
		return read_text(walk, ret_text, ret_len);
	const char *start = walk->at;
	while (walk->at < walk->end && *walk->at && strchr("+-.0123456789eE", *walk->at))
		walk->at++;
	*ret_len = (size_t)(walk->at - start);
	*ret_text = arena_strndup(walk->arena, start, *ret_len);
	return *ret_text != NULL || fail_memory(walk);
}

/* An integer from `min` to `max`. */
static bool read_integer(struct walk *walk, i128 min, i128 max, i128 *ret_value)
{
	char *text = NULL;
	size_t len = 0;
	int64_t parsed = 0;
	i128 value = 0;
	if (!read_number(walk, &text, &len))
		return false;
	int err = num_parse(text, len, 0, NUM_EXACT, &parsed);
	value = parsed;
	/* The upper half of an unsigned number. */
	if (err == ERR_OVERFLOW && len <= 20 && strspn(text, "0123456789") == len) {
		for (size_t i = 0; i < len; i++)
			value = value * 10 + (text[i] - '0');
		err = 0;
	}
	if (err && err != ERR_OVERFLOW)
		return fail(walk, "`%.40s`: an integer is expected", text);
	if (err || value < min || value > max)
		return fail(walk, "`%.40s`: the number is out of range", text);
	*ret_value = value;
	return true;
}

static bool read_enum(struct walk *walk, const ProtobufCEnumDescriptor *type, int32_t *ret_value)
{
	char *text = NULL;
	size_t len = 0;
	i128 number = 0;
	skip_blanks(walk);
	if (walk->at == walk->end || *walk->at != '"') {
		if (!read_integer(walk, INT32_MIN, INT32_MAX, &number))
			return false;
		*ret_value = (int32_t)number;
		return true;
	}
	if (!read_text(walk, &text, &len))
		return false;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(type, text);
	if (!value)
		return fail(walk, "`%.40s`: there is no such name", text);
	*ret_value = value->value;
	return true;
}

/* ---- messages ---- */

static bool read_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
                         ProtobufCMessage **ret_message);

static bool read_bool(struct walk *walk, protobuf_c_boolean *ret_value)
{
	bool yes = take_word(walk, "true");
	if (!yes && !take_word(walk, "false"))
		return fail(walk, "true or false is expected");
	*ret_value = yes;
	return true;
}

/* One value into `at`, whose bytes are those of the field's type. */
static bool read_value(struct walk *walk, const ProtobufCFieldDescriptor *field, void *at)
{
	i128 number = 0;
	size_t len = 0;
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		if (!read_integer(walk, INT32_MIN, INT32_MAX, &number))
			return false;
		*(int32_t *)at = (int32_t)number;
		return true;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		if (!read_integer(walk, 0, UINT32_MAX, &number))
			return false;
		*(uint32_t *)at = (uint32_t)number;
		return true;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		if (!read_integer(walk, INT64_MIN, INT64_MAX, &number))
			return false;
		*(int64_t *)at = (int64_t)number;
		return true;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		if (!read_integer(walk, 0, UINT64_MAX, &number))
			return false;
		*(uint64_t *)at = (uint64_t)number;
		return true;
	case PROTOBUF_C_TYPE_BOOL:
		return read_bool(walk, at);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(walk, field->descriptor, at);
	case PROTOBUF_C_TYPE_STRING:
		return read_text(walk, at, &len);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(walk, at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return read_message(walk, field->descriptor, at);
	default:
		return fail(walk, "the member cannot be given here");
	}
}

/* The largest value of pb_field_size. */
union value {
	ProtobufCBinaryData bytes;
	uint64_t number;
	void *pointer;
};

static bool read_list(struct walk *walk, const ProtobufCFieldDescriptor *field, uint8_t *base)
{
	struct buf values = {0};
	size_t count = 0;
	bool good = take(walk, '[') || fail(walk, "a list is expected");
	bool more = good && !take(walk, ']');
	while (good && more) {
		union value value = {0};
		size_t before = push(walk, "[%zu]", count);
		good = read_value(walk, field, &value);
		if (!good)
			break;
		walk->path_len = before;
		buf_put(&values, &value, pb_field_size(field));
		count++;
		more = take(walk, ',');
		good = more || take(walk, ']') || fail(walk, "a list is not closed");
	}
	void *list = good && count > 0 ? arena_alloc(walk->arena, values.len) : NULL;
	if (good && count > 0 && (!list || buf_failed(&values)))
		good = fail_memory(walk);
	if (good && count > 0) {
		memcpy(list, values.bytes, values.len);
		memcpy(base + field->offset, &list, sizeof(list));
		memcpy(base + field->quantifier_offset, &count, sizeof(count));
	}
	buf_deinit(&values);
	return good;
}

/* True when the text is the field's lowerCamelCase name: "eventTimeUs" of
 * "event_time_us", "hourPlus1" of "hour_plus_1". */
static bool is_camel(const char *text, const char *name)
{
	for (; *name; name++, text++) {
		bool joint = *name == '_' && name[1];
		name += joint;
		bool raised = joint && *name >= 'a' && *name <= 'z';
		if (*text != (raised ? *name - 'a' + 'A' : *name))
			return false;
	}
	return !*text;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  const char *text)
{
	for (unsigned i = 0; i < type->n_fields; i++)
		if (strcmp(type->fields[i].name, text) == 0 || is_camel(text, type->fields[i].name))
			return &type->fields[i];
	return NULL;
}

static bool read_member(struct walk *walk, const ProtobufCMessageDescriptor *type, uint8_t *base,
                        uint64_t *seen)
{
	char *text = NULL;
	size_t len = 0;
	if (!read_text(walk, &text, &len))
		return false;
	size_t before = push(walk, "%s%.40s", walk->path_len ? "." : "", text);
	const ProtobufCFieldDescriptor *field = find_field(type, text);
	if (!field)
		return fail(walk, "there is no such member");
	uint64_t bit = UINT64_C(1) << (field - type->fields);
	if (*seen & bit)
		return fail(walk, "the member stands twice");
	*seen |= bit;
	if (!take(walk, ':'))
		return fail(walk, "a colon is expected");
	if (!take_word(walk, "null")) {
		bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
		if (list ? !read_list(walk, field, base)
		         : !read_value(walk, field, base + field->offset))
			return false;
	}
	walk->path_len = before;
	return true;
}

static bool read_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
                         ProtobufCMessage **ret_message)
{
	uint64_t seen = 0;
	require(type->n_fields <= 64);
	if (!take(walk, '{'))
		return fail(walk, "an object in braces is expected");
	ProtobufCMessage *message = arena_alloc(walk->arena, type->sizeof_message);
	if (!message)
		return fail_memory(walk);
	protobuf_c_message_init(type, message);
	if (!take(walk, '}')) {
		do {
			if (!read_member(walk, type, (uint8_t *)message, &seen))
				return false;
		} while (take(walk, ','));
		if (!take(walk, '}'))
			return fail(walk, "a comma or a closing brace is expected");
	}
	*ret_message = message;
	return true;
}

int pb_read(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
            struct arena *arena, ProtobufCMessage **ret_message, struct pb_read_error *ret_error)
{
	struct pb_read_error error = {.path = ""};
	struct walk walk = {.at = text, .end = text + len, .arena = arena, .error = &error};
	ProtobufCMessage *message = NULL;
	bool good = utf8_valid(text, len) || fail(&walk, "the text is not UTF-8");
	good = good && read_message(&walk, type, &message);
	if (good) {
		skip_blanks(&walk);
		good = walk.at == walk.end || fail(&walk, "something follows the object");
	}
	if (!good) {
		*ret_error = error;
		return walk.err;
	}
	*ret_message = message;
	return 0;
}
