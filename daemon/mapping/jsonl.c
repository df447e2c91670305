/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/jsonl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum message {
	MESSAGE_PLAIN,
	MESSAGE_AIRBYTE, /* members of `record` count as the top */
	MESSAGE_SINGER,  /* `record` is called `data` */
	MESSAGE_OTHER,
};

/* A walk over one line. Strings are unescaped where they stand. */
struct walk {
	struct jsonl *jsonl;
	char *at;
	char *end;
	char path[JSONL_PATH_MAX];
	size_t path_len;
	enum message message;
	const char *why; /* set by the first failure */
	int err;
};

static bool give_up(struct walk *walk, int err, const char *why)
{
	walk->err = err;
	walk->why = why;
	return false;
}

static void skip_blanks(struct walk *walk)
{
	while (walk->at < walk->end && (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\r'))
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

static bool hex4(const struct walk *walk, const char *at, uint32_t *ret_value)
{
	if (walk->end - at < 4)
		return false;
	uint32_t value = 0;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
		                 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
		                 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
		                                        : 16;
		if (digit == 16)
			return false;
		value = value * 16 + digit;
	}
	*ret_value = value;
	return true;
}

/* \uXXXX, or a pair of them beyond U+FFFF; `at` stands behind the u. */
static bool read_point(struct walk *walk, uint32_t *ret_point)
{
	uint32_t high = 0;
	uint32_t low = 0;
	if (!hex4(walk, walk->at, &high) || high == 0)
		return false;
	walk->at += 4;
	*ret_point = high;
	if (high < 0xd800 || high > 0xdfff)
		return true;
	if (high > 0xdbff || walk->end - walk->at < 6 || walk->at[0] != '\\' ||
	    walk->at[1] != 'u' || !hex4(walk, walk->at + 2, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	walk->at += 6;
	*ret_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* The escape behind a backslash, written at *to. */
static bool unescape(struct walk *walk, char **to)
{
	static const char names[] = "\"\\/bfnrt";
	static const char bytes[] = "\"\\/\b\f\n\r\t";
	char name = walk->at < walk->end ? *walk->at : '\0';
	walk->at++;
	if (name == 'u') {
		uint32_t point = 0;
		if (!read_point(walk, &point))
			return give_up(walk, ERR_MALFORMED, "a \\u escape is not valid");
		*to += utf8_put(*to, point);
		return true;
	}
	const char *found = name ? strchr(names, name) : NULL;
	if (!found)
		return give_up(walk, ERR_MALFORMED, "an escape is not valid");
	*(*to)++ = bytes[found - names];
	return true;
}

static bool read_string(struct walk *walk, struct field *ret_field)
{
	if (!take(walk, '"'))
		return give_up(walk, ERR_MALFORMED, "a text in double quotes is expected");
	char *start = walk->at;
	char *to = start;
	while (walk->at < walk->end && *walk->at != '"') {
		unsigned char byte = (unsigned char)*walk->at;
		if (byte < 0x20)
			return give_up(walk, ERR_MALFORMED, "a control character in a text");
		walk->at++;
		if (byte != '\\')
			*to++ = (char)byte;
		else if (!unescape(walk, &to))
			return false;
	}
	if (walk->at >= walk->end)
		return give_up(walk, ERR_MALFORMED, "a text is not closed");
	walk->at++;
	*ret_field = (struct field){start, (uint32_t)(to - start), true};
	return true;
}

static bool digits(struct walk *walk)
{
	char *start = walk->at;
	while (walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9')
		walk->at++;
	return walk->at > start;
}

static bool read_number(struct walk *walk, struct field *ret_field)
{
	char *start = walk->at;
	walk->at += *walk->at == '-';
	char *first = walk->at;
	bool good = digits(walk) && !(*first == '0' && walk->at > first + 1);
	if (good && walk->at < walk->end && *walk->at == '.') {
		walk->at++;
		good = digits(walk);
	}
	if (good && walk->at < walk->end && (*walk->at == 'e' || *walk->at == 'E')) {
		walk->at++;
		if (walk->at < walk->end && (*walk->at == '+' || *walk->at == '-'))
			walk->at++;
		good = digits(walk);
	}
	if (!good)
		return give_up(walk, ERR_MALFORMED, "a value is not valid JSON");
	*ret_field = (struct field){start, (uint32_t)(walk->at - start), true};
	return true;
}

static bool word(struct walk *walk, const char *text)
{
	size_t len = strlen(text);
	if ((size_t)(walk->end - walk->at) < len || memcmp(walk->at, text, len) != 0)
		return false;
	walk->at += len;
	return true;
}

/* Anything but an object or array. */
static bool read_plain(struct walk *walk, struct field *ret_field)
{
	char *start = walk->at;
	if (*start == '"')
		return read_string(walk, ret_field);
	if (word(walk, "null")) {
		*ret_field = FIELD_ABSENT;
		return true;
	}
	if (word(walk, "true") || word(walk, "false")) {
		*ret_field = (struct field){start, (uint32_t)(walk->at - start), true};
		return true;
	}
	return read_number(walk, ret_field);
}

static bool grow(struct walk *walk, uint32_t column)
{
	struct jsonl *jsonl = walk->jsonl;
	if (column < jsonl->cap)
		return true;
	uint32_t cap = jsonl->cap ? jsonl->cap * 2 : 64;
	struct field *fields = realloc(jsonl->fields, cap * sizeof(*fields));
	if (fields)
		jsonl->fields = fields;
	uint64_t *seen = realloc(jsonl->seen, cap * sizeof(*seen));
	if (seen)
		jsonl->seen = seen;
	if (!fields || !seen)
		return give_up(walk, ERR_NOMEM, err_rule(ERR_NOMEM));
	for (uint32_t i = jsonl->cap; i < cap; i++) {
		fields[i] = FIELD_ABSENT;
		seen[i] = 0;
	}
	jsonl->cap = cap;
	return true;
}

static bool keep(struct walk *walk, const struct field *field)
{
	struct jsonl *jsonl = walk->jsonl;
	uint32_t column = intern_find(jsonl->columns, walk->path, walk->path_len);
	if (column == INTERN_NONE) {
		if (jsonl->columns->count >= RECORD_COLUMNS_MAX)
			return give_up(walk, ERR_TOO_MANY, "an input has at most 4,096 columns");
		column = intern_add(jsonl->columns, walk->path, walk->path_len);
		if (column == INTERN_NONE)
			return give_up(walk, ERR_NOMEM, err_rule(ERR_NOMEM));
	}
	if (!grow(walk, column))
		return false;
	if (jsonl->seen[column] == jsonl->stamp)
		return give_up(walk, ERR_MALFORMED, "a member stands twice in one object");
	jsonl->seen[column] = jsonl->stamp;
	jsonl->fields[column] = *field;
	return true;
}

static bool walk_value(struct walk *walk, int depth, bool keeping);

static bool walk_array(struct walk *walk, int depth)
{
	walk->at++;
	if (take(walk, ']'))
		return true;
	do {
		if (!walk_value(walk, depth + 1, false))
			return false;
	} while (take(walk, ','));
	return take(walk, ']') || give_up(walk, ERR_MALFORMED, "an array is not closed");
}

static bool is_name(const struct field *name, const char *text)
{
	return name->len == strlen(text) && memcmp(name->text, text, name->len) == 0;
}

/* Whether a member of a message's top level is part of the record. */
static bool is_outside(const struct walk *walk, const struct field *name)
{
	if (walk->message == MESSAGE_AIRBYTE)
		return !is_name(name, "record");
	return walk->message == MESSAGE_SINGER && !is_name(name, "record") &&
	       !is_name(name, "stream") && !is_name(name, "time_extracted");
}

/* Appends a member's name to the path; the wrapper's own name adds nothing. */
static bool path_push(struct walk *walk, const struct field *given, int depth)
{
	static const struct field data = {"data", 4, true};
	const struct field *name = given;
	bool wrapper = depth == 1 && is_name(name, "record");
	if (wrapper && walk->message == MESSAGE_AIRBYTE)
		return true;
	if (wrapper && walk->message == MESSAGE_SINGER)
		name = &data;
	size_t dot = walk->path_len > 0;
	if (walk->path_len + dot + name->len > sizeof(walk->path))
		return give_up(walk, ERR_MALFORMED,
		               "the path of a member is longer than 256 bytes");
	if (dot)
		walk->path[walk->path_len++] = '.';
	memcpy(walk->path + walk->path_len, name->text, name->len);
	walk->path_len += name->len;
	return true;
}

static bool walk_object(struct walk *walk, int depth, bool keeping)
{
	walk->at++;
	if (take(walk, '}'))
		return true;
	size_t base = walk->path_len;
	do {
		struct field name;
		if (!read_string(walk, &name))
			return false;
		if (!take(walk, ':'))
			return give_up(walk, ERR_MALFORMED, "a colon is expected");
		if (keeping && !path_push(walk, &name, depth))
			return false;
		bool outside = depth == 1 && is_outside(walk, &name);
		if (!walk_value(walk, depth, keeping && !outside))
			return false;
		walk->path_len = base;
	} while (take(walk, ','));
	return take(walk, '}') || give_up(walk, ERR_MALFORMED, "an object is not closed");
}

static bool walk_value(struct walk *walk, int depth, bool keeping)
{
	skip_blanks(walk);
	if (walk->at == walk->end)
		return give_up(walk, ERR_MALFORMED, "the line ends within an object");
	if (depth >= JSONL_DEPTH_MAX)
		return give_up(walk, ERR_MALFORMED, "objects are nested deeper than 16");
	if (*walk->at == '{')
		return walk_object(walk, depth + 1, keeping);
	if (*walk->at == '[')
		return walk_array(walk, depth);
	struct field field;
	return read_plain(walk, &field) && (!keeping || keep(walk, &field));
}

/* The value of a top-level member when it is a plain text, without changing a
 * byte; FIELD_ABSENT otherwise. */
static struct field find_member(const char *line, size_t len, const char *name)
{
	int depth = 0;
	size_t name_len = strlen(name);
	const char *end = line + len;
	for (const char *at = line; at < end; at++) {
		if (*at == '{' || *at == '[')
			depth++;
		if (*at == '}' || *at == ']')
			depth--;
		if (*at != '"')
			continue;
		const char *start = ++at;
		while (at < end && *at != '"')
			at += *at == '\\' ? 2 : 1;
		if (at >= end || depth != 1 || (size_t)(at - start) != name_len ||
		    memcmp(start, name, name_len) != 0)
			continue;
		const char *next = at + 1;
		while (next < end && (*next == ' ' || *next == '\t'))
			next++;
		if (next == end || *next != ':')
			continue;
		for (next++; next < end && (*next == ' ' || *next == '\t');)
			next++;
		const char *stop = next < end && *next == '"'
		                       ? memchr(next + 1, '"', (size_t)(end - next - 1))
		                       : NULL;
		return stop ? (struct field){next + 1, (uint32_t)(stop - next - 1), true}
		            : FIELD_ABSENT;
	}
	return FIELD_ABSENT;
}

/* A row of somebody's own may have a `type` too: only the protocols' own names
 * in capitals, with the member that goes with them, are taken for messages. */
static enum message message_of(const char *line, size_t len)
{
	static const struct {
		const char *type;
		const char *member;
	} others[] = {
	    {"LOG", "\"log\""},         {"STATE", "\"state\""},
	    {"STATE", "\"value\""},     {"TRACE", "\"trace\""},
	    {"SCHEMA", "\"schema\""},   {"SPEC", "\"spec\""},
	    {"CATALOG", "\"catalog\""}, {"CONNECTION_STATUS", "\"connectionStatus\""},
	    {"CONTROL", "\"control\""}, {"ACTIVATE_VERSION", "\"version\""},
	};
	struct field type = find_member(line, len, "type");
	if (!type.present)
		return MESSAGE_PLAIN;
	if (is_name(&type, "RECORD") && memmem(line, len, "\"record\"", 8))
		return find_member(line, len, "stream").present ? MESSAGE_SINGER : MESSAGE_AIRBYTE;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_name(&type, others[i].type) &&
		    memmem(line, len, others[i].member, strlen(others[i].member)))
			return MESSAGE_OTHER;
	return MESSAGE_PLAIN;
}

bool jsonl_has_messages(const char *text, size_t len)
{
	for (const char *end = text + len; text < end;) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((stop ? stop : end) - text);
		if (line > 0 && *text == '{' && message_of(text, line) != MESSAGE_PLAIN)
			return true;
		text += line + 1;
	}
	return false;
}

static int read_object(struct jsonl *jsonl, char *line, size_t len, enum message message,
                       struct read_error *ret_error)
{
	struct walk walk = {.jsonl = jsonl, .at = line, .end = line + len, .message = message};
	for (uint32_t i = 0; i < jsonl->cap; i++)
		jsonl->fields[i] = FIELD_ABSENT;
	jsonl->stamp++;
	skip_blanks(&walk);
	bool good = utf8_valid(line, len) ||
	            give_up(&walk, ERR_MALFORMED, "the text is not UTF-8; save the file as UTF-8");
	if (good && *walk.at != '{')
		good = give_up(&walk, ERR_MALFORMED,
		               *walk.at == '[' ? "a JSON array: one object per line is expected"
		                               : "the line is no JSON object");
	good = good && walk_value(&walk, 0, true);
	skip_blanks(&walk);
	if (good && walk.at != walk.end)
		good = give_up(&walk, ERR_MALFORMED, "something follows the object");
	if (good)
		return 0;
	ret_error->line = jsonl->line;
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s", walk.why);
	return walk.err;
}

static bool blank(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

/* Whether a line is of no use: a message that is no record, or the log of a
 * connector. The first bytes of a long line tell it as well. */
static bool is_passed_over(struct jsonl *jsonl, const char *line, size_t len,
                           enum message *ret_message)
{
	size_t at = 0;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	*ret_message = message_of(line, len);
	jsonl->messages = jsonl->messages || *ret_message != MESSAGE_PLAIN;
	bool noise = jsonl->messages && at < len && line[at] != '{';
	jsonl->noise += noise;
	jsonl->skipped += *ret_message == MESSAGE_OTHER;
	return noise || *ret_message == MESSAGE_OTHER;
}

/* A line that does not fit the window: left behind, and an error unless it is
 * of no use anyway. */
static int pass_long(struct jsonl *jsonl, struct record *ret_record, bool *ret_useless,
                     struct read_error *ret_error)
{
	enum message message = MESSAGE_PLAIN;
	uint64_t bytes = 0;
	jsonl->line++;
	*ret_useless =
	    is_passed_over(jsonl, window_at(&jsonl->window), window_left(&jsonl->window), &message);
	*ret_record =
	    (struct record){.line = jsonl->line, .offset = window_position(&jsonl->window)};
	int err = window_skip_line(&jsonl->window, &bytes);
	ret_record->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	ret_error->line = jsonl->line;
	(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s",
	               err ? err_rule(err) : "a line is at most 1 MiB");
	return err ? err : ERR_MALFORMED;
}

int jsonl_next(struct jsonl *jsonl, struct record *ret_record, bool *ret_more,
               struct read_error *ret_error)
{
	for (;;) {
		size_t len = 0;
		size_t bytes = 0;
		bool useless = false;
		int err = window_line(&jsonl->window, &len, &bytes);
		*ret_more = err || bytes > 0;
		if (err == ERR_TOO_LONG) {
			err = pass_long(jsonl, ret_record, &useless, ret_error);
			if (useless && err == ERR_MALFORMED)
				continue;
			return err;
		}
		if (err) {
			ret_error->line = jsonl->line;
			(void)snprintf(ret_error->text, sizeof(ret_error->text), "%s",
			               err_rule(err));
			return err;
		}
		if (bytes == 0)
			return 0;
		jsonl->line++;
		char *line = window_at(&jsonl->window);
		*ret_record = (struct record){.line = jsonl->line,
		                              .offset = window_position(&jsonl->window),
		                              .bytes = (uint32_t)bytes};
		jsonl->window.next += bytes;
		enum message message = MESSAGE_PLAIN;
		if (blank(line, len) || is_passed_over(jsonl, line, len, &message))
			continue;
		err = read_object(jsonl, line, len, message, ret_error);
		ret_record->fields = jsonl->fields;
		ret_record->count =
		    jsonl->columns->count < jsonl->cap ? jsonl->columns->count : jsonl->cap;
		return err;
	}
}

void jsonl_open(struct jsonl *jsonl, struct input input, struct intern *columns)
{
	*jsonl = (struct jsonl){.columns = columns};
	window_init(&jsonl->window, input, 0);
	/* A failure comes back with the first line. */
	int err = window_more(&jsonl->window);
	if (!err && window_left(&jsonl->window) >= 3 &&
	    memcmp(window_at(&jsonl->window), "\xef\xbb\xbf", 3) == 0)
		jsonl->window.next += 3;
}

void jsonl_close(struct jsonl *jsonl)
{
	window_deinit(&jsonl->window);
	free(jsonl->fields);
	free(jsonl->seen);
	jsonl->fields = NULL;
	jsonl->seen = NULL;
	jsonl->cap = 0;
}
