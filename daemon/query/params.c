/* SPDX-License-Identifier: Apache-2.0 */
#include "query/params.h"

#include <string.h>

#include "base/utf8.h"
#include "query/refuse.h"

const char *const query_parameters[] = {"tenant",   "from", "to",     "last", "this",
                                        "grain",    "by",   "stage",  "kpi",  "filter",
                                        "currency", "fx",   "format", NULL};

static const char *const grain_names[QUERY_GRAINS] = {
    [QUERY_TOTAL] = "total", [QUERY_MINUTE] = "minute", [QUERY_HOUR] = "hour", [QUERY_DAY] = "day",
    [QUERY_WEEK] = "week",   [QUERY_MONTH] = "month",   [QUERY_WAVE] = "wave",
};

static const char *const format_names[FORMATS] = {
    [FORMAT_JSON] = "json",
    [FORMAT_CSV] = "csv",
    [FORMAT_PROTOBUF] = "protobuf",
    [FORMAT_NDJSON] = "ndjson",
};

const char *query_grain_name(enum query_grain grain)
{
	return grain_names[grain];
}

const char *query_format_name(enum query_format format)
{
	return format_names[format];
}

#define SHOWN_MAX 80 /* bytes of a wrong value that an error repeats */

const char *query_shown(struct arena *arena, const char *value)
{
	size_t len = strlen(value);
	if (len <= SHOWN_MAX)
		return value;
	len = SHOWN_MAX;
	while (len > 0 && ((unsigned char)value[len] & 0xC0) == 0x80)
		len--;
	const char *cut = arena_printf(arena, "%.*s...", (int)len, value);
	return cut ? cut : "...";
}

int query_refuse(struct query_error *ret_error, int err, const char *parameter, const char *detail,
                 const char *allowed)
{
	*ret_error = (struct query_error){parameter, detail ? detail : err_rule(err),
	                                  allowed ? allowed : ""};
	return err;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool text_clean(const char *text)
{
	const unsigned char *next = (const unsigned char *)text;
	size_t left = strlen(text);
	while (left > 0) {
		size_t len = utf8_sequence(next, left);
		if (len == 0 || *next < 0x20 || *next == 0x7F)
			return false;
		next += len;
		left -= len;
	}
	return true;
}

/* Decodes %XX and '+'; NULL for a broken escape, an unclean text or no memory. */
static const char *decode(struct arena *arena, const char *text, size_t len)
{
	char *out = arena_alloc(arena, len + 1);
	if (!out)
		return NULL;
	size_t used = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '+' ? ' ' : text[i];
		if (c == '%') {
			bool whole = len - i > 2;
			int high = whole ? hex_digit(text[i + 1]) : -1;
			int low = whole ? hex_digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			return NULL;
		out[used++] = c;
	}
	out[used] = '\0';
	return text_clean(out) ? out : NULL;
}

/* The name of the pair that makes the query string long; "" = it has none. */
static const char *longest_name(const char *text, size_t len, struct arena *arena)
{
	const char *longest = text;
	size_t longest_len = 0;
	for (size_t start = 0; start < len;) {
		const char *amp = memchr(text + start, '&', len - start);
		size_t pair_len = (amp ? (size_t)(amp - text) : len) - start;
		if (pair_len > longest_len) {
			longest = text + start;
			longest_len = pair_len;
		}
		start += pair_len + 1;
	}
	const char *equals = memchr(longest, '=', longest_len);
	const char *name = equals ? decode(arena, longest, (size_t)(equals - longest)) : NULL;
	return name ? query_shown(arena, name) : "";
}

int params_split(const char *text, size_t len, struct arena *arena, struct params *ret_params,
                 struct query_error *ret_error)
{
	struct params params = {.count = 0};
	if (len > PARAMS_TEXT_MAX)
		return query_refuse(
		    ret_error, ERR_TOO_LONG, longest_name(text, len, arena),
		    "The query string is longer than 16384 bytes; name fewer values.", NULL);
	for (size_t start = 0; start < len;) {
		const char *pair = text + start;
		const char *amp = memchr(pair, '&', len - start);
		size_t pair_len = amp ? (size_t)(amp - pair) : len - start;
		start += pair_len + 1;
		if (pair_len == 0)
			continue;
		if (params.count == PARAMS_COUNT_MAX)
			return query_refuse(ret_error, ERR_TOO_MANY, "",
			                    "A query has at most 64 parameters.", NULL);
		const char *equals = memchr(pair, '=', pair_len);
		size_t name_len = equals ? (size_t)(equals - pair) : pair_len;
		const char *name = decode(arena, pair, name_len);
		const char *value = equals ? decode(arena, equals + 1, pair_len - name_len - 1)
		                           : decode(arena, "", 0);
		if (!name || !value)
			return query_refuse(ret_error, ERR_BAD_PARAMETER, name ? name : "",
			                    "A parameter is percent-encoded UTF-8 without control "
			                    "characters; this one cannot be decoded.",
			                    NULL);
		params.items[params.count++] = (struct param){name, value};
	}
	*ret_params = params;
	return 0;
}

/* "a, b, c" of a NULL-ended list. */
static const char *joined(struct arena *arena, const char *const *names)
{
	const char *text = "";
	for (; *names; names++) {
		const char *more = arena_printf(arena, "%s%s%s", text, *text ? ", " : "", *names);
		if (!more)
			return text;
		text = more;
	}
	return text;
}

int params_check(const struct params *params, const char *const *allowed, struct arena *arena,
                 struct query_error *ret_error)
{
	for (uint32_t i = 0; i < params->count; i++) {
		const char *name = params->items[i].name;
		const char *const *known = allowed;
		while (*known && strcmp(*known, name) != 0)
			known++;
		if (!*known)
			return query_refuse(ret_error, ERR_BAD_PARAMETER, query_shown(arena, name),
			                    "There is no such parameter here.",
			                    joined(arena, allowed));
		bool again = false;
		for (uint32_t k = 0; k < i; k++)
			again = again || strcmp(params->items[k].name, name) == 0;
		if (again && strcmp(name, "filter") != 0)
			return query_refuse(ret_error, ERR_BAD_PARAMETER, name,
			                    "The parameter is given twice; give it once.", NULL);
	}
	return 0;
}

const char *params_get(const struct params *params, const char *name)
{
	for (uint32_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	return NULL;
}

static bool is_visible(const struct params *params, int tenant)
{
	return tenant >= 0 && (!params->visible || params->visible[tenant]);
}

int params_tenant(const struct params *params, const struct settings *settings, struct arena *arena,
                  uint32_t *ret_tenant, struct query_error *ret_error)
{
	const char *name = params_get(params, "tenant");
	const char **names = arena_zalloc(arena, (settings->tenant_count + 1) * sizeof(*names));
	uint32_t visible = 0;
	uint32_t last = 0;
	if (!names)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < settings->tenant_count; i++) {
		if (!is_visible(params, (int)i))
			continue;
		names[visible++] = settings->tenants[i].name;
		last = i;
	}
	if (!name && visible == 1) {
		*ret_tenant = last;
		return 0;
	}
	int found = name ? settings_tenant(settings, name, strlen(name)) : -1;
	if (is_visible(params, found)) {
		*ret_tenant = (uint32_t)found;
		return 0;
	}
	const char *allowed = joined(arena, names);
	if (!name)
		return query_refuse(ret_error, ERR_BAD_PARAMETER, "tenant",
		                    "Several tenants are configured; name one.", allowed);
	return query_refuse(
	    ret_error, ERR_UNKNOWN_TENANT, "tenant",
	    arena_printf(arena, "The tenant `%s` is not configured.", query_shown(arena, name)),
	    allowed);
}

int params_format(const struct params *params, unsigned mask, enum query_format fallback,
                  struct arena *arena, enum query_format *ret_format, struct query_error *ret_error)
{
	const char *name = params_get(params, "format");
	const char *names[FORMATS + 1] = {NULL};
	uint32_t count = 0;
	for (enum query_format format = 0; format < FORMATS; format++) {
		if (!(mask & 1u << format))
			continue;
		if (name && strcmp(name, format_names[format]) == 0) {
			*ret_format = format;
			return 0;
		}
		names[count++] = format_names[format];
	}
	if (!name) {
		*ret_format = fallback;
		return 0;
	}
	return query_refuse(
	    ret_error, ERR_BAD_PARAMETER, "format",
	    arena_printf(arena, "`%s` is no format of this address.", query_shown(arena, name)),
	    joined(arena, names));
}
