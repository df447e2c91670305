/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- CSV ---- */

struct reader {
	const char *next;
	const char *end;
	struct arena *arena;
};

/* One field; *ret_last = it ends its line. NULL on a broken quote or no memory. */
static const char *read_field(struct reader *reader, bool *ret_last)
{
	bool quoted = reader->next < reader->end && *reader->next == '"';
	const char *start = reader->next + quoted;
	const char *at = start;
	size_t len = 0;
	while (at < reader->end) {
		if (quoted && *at == '"' && at + 1 < reader->end && at[1] == '"')
			at++;
		else if (quoted ? *at == '"' : *at == ',' || *at == '\r' || *at == '\n')
			break;
		at++;
		len++;
	}
	char *field = arena_alloc(reader->arena, len + 1);
	if (!field || (quoted && at == reader->end))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		start += quoted && *start == '"';
		field[i] = *start++;
	}
	field[len] = '\0';
	at += quoted;
	*ret_last = at == reader->end || *at != ',';
	if (at < reader->end && *at == '\r')
		at++;
	if (at < reader->end && (*at == ',' || *at == '\n'))
		at++;
	reader->next = at;
	return field;
}

static int grow(struct table *table, size_t count, size_t *cap)
{
	if (count < *cap)
		return 0;
	*cap = *cap ? *cap * 2 : 1024;
	const char **cells = arena_alloc(&table->arena, *cap * sizeof(*cells));
	if (!cells)
		return ERR_NOMEM;
	if (count)
		memcpy(cells, table->cells, count * sizeof(*cells));
	table->cells = cells;
	return 0;
}

int table_parse(const char *csv, size_t len, struct table *ret_table)
{
	struct table table = {.columns = 0};
	struct reader reader = {csv, csv + len, &table.arena};
	size_t count = 0;
	size_t cap = 0;
	size_t in_line = 0;
	int err = 0;
	arena_init(&table.arena, 0);
	while (err == 0 && reader.next < reader.end) {
		bool last = false;
		const char *field = read_field(&reader, &last);
		err = field ? grow(&table, count, &cap) : ERR_MALFORMED;
		if (err != 0)
			break;
		table.cells[count++] = field;
		in_line++;
		if (!last)
			continue;
		if (table.columns == 0)
			table.columns = in_line;
		if (in_line != table.columns)
			err = ERR_MALFORMED;
		in_line = 0;
	}
	if (err == 0 && (table.columns == 0 || in_line != 0))
		err = ERR_MALFORMED;
	if (err == 0) {
		table.names = table.cells;
		table.cells += table.columns;
		table.rows = count / table.columns - 1;
	}
	*ret_table = table;
	return err;
}

void table_deinit(struct table *table)
{
	arena_deinit(&table->arena);
}

const char *table_cell(const struct table *table, size_t row, const char *name)
{
	for (size_t i = 0; i < table->columns; i++)
		if (strcmp(table->names[i], name) == 0)
			return table->cells[row * table->columns + i];
	return "";
}

/* ---- text ---- */

size_t text_width(const char *text)
{
	size_t width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

static void spaces(FILE *out, size_t count)
{
	fprintf(out, "%*s", (int)count, "");
}

void text_pad(FILE *out, const char *text, int width)
{
	size_t room = (size_t)abs(width);
	size_t taken = text_width(text);
	if (width < 0 && taken < room)
		spaces(out, room - taken);
	if (taken <= room) {
		fputs(text, out);
	} else {
		for (size_t shown = 0; shown + 1 < room; shown++) {
			do
				fputc(*text++, out);
			while (((unsigned char)*text & 0xC0) == 0x80);
		}
		fputc('~', out);
	}
	if (width > 0 && taken < room)
		spaces(out, room - taken);
}

bool text_colours(FILE *out)
{
	const char *never = getenv("NO_COLOR");
	return isatty(fileno(out)) && !(never && *never);
}

void text_number(char text[64], double value, int decimals)
{
	char plain[48];
	/* Beyond that, groups of digits would be noise. */
	if (fabs(value) >= 1e20) {
		snprintf(text, 64, "%.6g", value);
		return;
	}
	snprintf(plain, sizeof(plain), "%.*f", decimals, value);
	size_t whole = strcspn(plain, ".");
	size_t sign = plain[0] == '-';
	char *out = text;
	for (size_t i = 0; plain[i]; i++) {
		if (i > sign && i < whole && (whole - i) % 3 == 0)
			*out++ = ',';
		*out++ = plain[i];
	}
	*out = '\0';
}
