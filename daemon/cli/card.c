/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 32
#define VALUE_WIDTH 16
#define N_WIDTH     10
#define NOTE_AT     (2 + LABEL_WIDTH + VALUE_WIDTH + 1 + N_WIDTH + 1)
#define LINE_WIDTH  80
#define DIMS_MAX    6
#define TEXT_MAX    600
#define DAYS_TRIED  100

/* ---- words ---- */

static const struct {
	const char *id, *words;
} words[] = {
    {"withheld", "withheld: too few people"},
    {"overflow", "too large a number"},
    {"coarser_than_grain", "coarser than grain"},
    {"non_additive", "not additive here"},
    {"mixed_currency", "mixed currencies"},
    {"fx_missing", "no exchange rate"},
    {"no_data", "no data"},
    {"insufficient_sample", "sample too small"},
    {"not_final", "not final"},
    {"stale_source", "stale source"},
    {"mixed_timezones", "mixed time zones"},
    {"split_period", "cut period left out"},
    {"partial_bucket", "part of the period"},
    {"late_data", "late events"},
    {"assumed_complete", "assumed complete"},
    {"carried_fx", "earlier day's rate"},
    {"unclassified", "partly unclassified"},
    {"no_sample", "no sample known"},
    {"aggregate_only", "vendor's sums"},
    {"rounded", "rounded"},
    {"restated_after_final", "restated late"},
};

static const char *in_words(const char *id)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].id, id) == 0)
			return words[i].words;
	return id;
}

static bool list_has(const char *list, const char *item, size_t len)
{
	for (const char *at = list; at; at = strchr(at, ';')) {
		at += *at == ';';
		if (strncmp(at, item, len) == 0 && (at[len] == ';' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* Adds the words of each flag but those of `known`. */
static void add_flags(char note[TEXT_MAX], const char *flags, const char *known)
{
	while (*flags) {
		char flag[64];
		size_t len = strcspn(flags, ";");
		snprintf(flag, sizeof(flag), "%.*s", (int)len, flags);
		if (!list_has(known, flag, len) && strlen(note) + 80 < TEXT_MAX)
			sprintf(note + strlen(note), "%s%s", *note ? ", " : "", in_words(flag));
		flags += len + (flags[len] == ';');
	}
}

/* ---- the scorecard ---- */

/* Rows of one KPI and group, in order of time; the answer has them in one piece. */
struct run {
	size_t first;
	size_t count;
	size_t group;
};

struct card {
	const struct table *table;
	const char *dims[DIMS_MAX]; /* columns behind the base columns, without labels */
	size_t dim_count;
	struct run *runs; /* by KPI, then group */
	size_t run_count;
	size_t *groups; /* a row of each, in order of their first one */
	size_t group_count;
	bool total;  /* one bucket: the grain is total */
	bool chosen; /* KPIs were named: rows without data are shown, too */
	bool colours;
	const char *from; /* days of most rows */
	const char *to;
	char common[TEXT_MAX]; /* flags that every row bears */
};

static const char *cell(const struct card *card, size_t row, const char *name)
{
	return table_cell(card->table, row, name);
}

static void paint(const struct card *card, const char *code)
{
	if (card->colours)
		printf("\033[%sm", code);
}

static void find_dims(struct card *card)
{
	size_t at = 0;
	while (at < card->table->columns && strcmp(card->table->names[at], "generation") != 0)
		at++;
	for (at++; at < card->table->columns && card->dim_count < DIMS_MAX; at++) {
		const char *name = card->table->names[at];
		const char *before = card->table->names[at - 1];
		size_t len = strlen(before);
		/* `<dimension>_label` follows its dimension. */
		if (strncmp(name, before, len) == 0 && strcmp(name + len, "_label") == 0)
			continue;
		card->dims[card->dim_count++] = name;
	}
}

static void find_common(struct card *card)
{
	const char *first = card->table->rows ? cell(card, 0, "flags") : "";
	while (*first) {
		size_t len = strcspn(first, ";");
		bool everywhere = true;
		for (size_t row = 0; row < card->table->rows && everywhere; row++)
			everywhere = list_has(cell(card, row, "flags"), first, len);
		if (everywhere && strlen(card->common) + len + 2 < TEXT_MAX)
			sprintf(card->common + strlen(card->common), "%s%.*s",
			        *card->common ? ";" : "", (int)len, first);
		first += len + (first[len] == ';');
	}
}

static bool same_group(const struct card *card, size_t a, size_t b)
{
	for (size_t i = 0; i < card->dim_count; i++)
		if (strcmp(cell(card, a, card->dims[i]), cell(card, b, card->dims[i])) != 0)
			return false;
	return true;
}

static size_t group_of(struct card *card, size_t row)
{
	size_t group = 0;
	while (group < card->group_count && !same_group(card, row, card->groups[group]))
		group++;
	if (group == card->group_count)
		card->groups[card->group_count++] = row;
	return group;
}

static int find_runs(struct card *card)
{
	size_t rows = card->table->rows;
	card->runs = calloc(rows + 1, sizeof(*card->runs));
	card->groups = calloc(rows + 1, sizeof(*card->groups));
	if (!card->runs || !card->groups)
		return ERR_NOMEM;
	for (size_t row = 0; row < rows; row++) {
		struct run *run = card->run_count ? &card->runs[card->run_count - 1] : NULL;
		if (run && strcmp(cell(card, row, "kpi"), cell(card, run->first, "kpi")) == 0 &&
		    same_group(card, row, run->first)) {
			run->count++;
			continue;
		}
		card->runs[card->run_count++] = (struct run){row, 1, group_of(card, row)};
	}
	return 0;
}

/* The days that most rows are of; a level or wave from before them has its own. */
static void find_days(struct card *card)
{
	size_t most = 0;
	/* A few rows may be of other days; more than half are not. */
	for (size_t row = 0; card->total && row < card->table->rows && row < DAYS_TRIED &&
	                     most * 2 <= card->table->rows;
	     row++) {
		size_t same = 0;
		for (size_t other = 0; other < card->table->rows && same * 2 <= card->table->rows;
		     other++)
			same += strcmp(cell(card, row, "bucket_start"),
			               cell(card, other, "bucket_start")) == 0;
		if (same <= most)
			continue;
		most = same;
		card->from = cell(card, row, "bucket_start");
		card->to = cell(card, row, "bucket_end");
	}
	for (size_t row = 0; !card->total && row < card->table->rows; row++) {
		const char *start = cell(card, row, "bucket_start");
		const char *end = cell(card, row, "bucket_end");
		if (row == 0 || strcmp(start, card->from) < 0)
			card->from = start;
		if (row == 0 || strcmp(end, card->to) > 0)
			card->to = end;
	}
}

static void format_value(const struct card *card, size_t row, char text[96])
{
	const char *value = cell(card, row, "value");
	const char *unit = cell(card, row, "unit");
	char number[64];
	double amount = strtod(value, NULL);
	if (!*value) {
		strcpy(text, "-");
		return;
	}
	if (strcmp(unit, "money") == 0) {
		text_number(number, amount, 2);
		snprintf(text, 96, "%s %s", number, cell(card, row, "currency"));
	} else if (strcmp(unit, "count") == 0) {
		bool whole = !strpbrk(value, ".e");
		text_number(text, amount, whole ? 0 : 2);
	} else if (strcmp(unit, "points") == 0) {
		text_number(number, amount, 1);
		snprintf(text, 96, "%s points", number);
	} else if (strcmp(unit, "index") == 0) {
		text_number(text, amount, 2);
	} else {
		text_number(text, amount, amount < 100 && amount > -100 ? 4 : 2);
	}
}

/* The note wraps within its column; its first line begins `moved` behind it. */
static void print_note(const char *note, int moved)
{
	int room = LINE_WIDTH - NOTE_AT - moved;
	int at = 0;
	while (*note) {
		int len = (int)strcspn(note, " ");
		if (at > 0 && at + 1 + len > room) {
			printf("\n%*s", NOTE_AT, "");
			room = LINE_WIDTH - NOTE_AT;
			at = 0;
		}
		printf("%s%.*s", at ? " " : "", len, note);
		at += len + (at > 0);
		note += len;
		note += strspn(note, " ");
	}
}

/* A label that is too long has a line of its own. */
static void print_label(const char *label)
{
	bool fits = text_width(label) < LABEL_WIDTH;
	fputs("  ", stdout);
	if (!fits)
		printf("%s\n  ", label);
	text_pad(stdout, fits ? label : "", LABEL_WIDTH);
}

/* How far off a survey's value may be, and of which days an earlier one is. */
static void add_interval(const struct card *card, size_t row, char note[TEXT_MAX])
{
	const char *low = cell(card, row, "ci_low");
	const char *start = cell(card, row, "bucket_start");
	size_t len = strlen(note);
	if (*low) {
		double from = strtod(low, NULL);
		double to = strtod(cell(card, row, "ci_high"), NULL);
		bool share = from >= -1 && to <= 1;
		len += (size_t)sprintf(note + len, "%s%.*f to %.*f", len ? ", " : "", share ? 3 : 1,
		                       from, share ? 3 : 1, to);
	}
	if (card->total && strcmp(start, card->from) != 0)
		sprintf(note + len, "%sof %.10s to %.10s", len ? ", " : "", start,
		        cell(card, row, "bucket_end"));
}

static void print_row(const struct card *card, size_t row)
{
	char label[160];
	char value[96];
	char n[64] = "";
	char note[TEXT_MAX] = "";
	const char *status = cell(card, row, "status");
	const char *count = cell(card, row, "n");
	bool ok = strcmp(status, "ok") == 0;
	format_value(card, row, value);
	if (*count)
		text_number(n, strtod(count, NULL), 0);
	if (!ok)
		strcpy(note, in_words(status));
	add_interval(card, row, note);
	add_flags(note, cell(card, row, "flags"), card->common);
	snprintf(label, sizeof(label), "%s%s", card->total ? "" : "  ",
	         cell(card, row, card->total ? "kpi_label" : "bucket_start"));
	print_label(label);
	/* A number is never cut: a long one moves what follows. */
	int at = printf("%*s", VALUE_WIDTH, value);
	if (*n || *note)
		at += printf(" %*s", N_WIDTH, n);
	if (*note) {
		fputc(' ', stdout);
		paint(card, ok ? "2" : "33");
		print_note(note, at - (VALUE_WIDTH + 1 + N_WIDTH));
		paint(card, "0");
	}
	fputc('\n', stdout);
}

/* In no bucket the KPI has all it needs, and it was not asked for by name. */
static bool never_reported(const struct card *card, const struct run *run)
{
	for (size_t row = run->first; row < run->first + run->count; row++) {
		bool known = *cell(card, row, "numerator") && *cell(card, row, "denominator");
		if (card->chosen || known || strcmp(cell(card, row, "status"), "no_data") != 0)
			return false;
	}
	return true;
}

/* Labels of a stage's KPIs that nobody reported, in one paragraph. */
static void print_missing(const struct card *card, const char *stage, size_t group)
{
	static const char start[] = "  no data: ";
	size_t at = 0;
	for (size_t i = 0; i < card->run_count; i++) {
		const struct run *run = &card->runs[i];
		const char *label = cell(card, run->first, "kpi_label");
		size_t width = text_width(label);
		if (run->group != group || strcmp(cell(card, run->first, "stage"), stage) != 0 ||
		    !never_reported(card, run))
			continue;
		if (at == 0) {
			fputs(start, stdout);
			at = sizeof(start) - 1;
		} else if (at + 2 + width + 1 > LINE_WIDTH) {
			printf(";\n%*s", (int)sizeof(start) - 1, "");
			at = sizeof(start) - 1;
		} else {
			fputs("; ", stdout);
			at += 2;
		}
		fputs(label, stdout);
		at += width;
	}
	if (at)
		fputc('\n', stdout);
}

static void print_stage(const struct card *card, size_t row)
{
	char name[128];
	const char *stage = cell(card, row, "stage");
	snprintf(name, sizeof(name), "%s", stage);
	if (name[0] >= 'a' && name[0] <= 'z')
		name[0] = (char)(name[0] - 'a' + 'A');
	paint(card, "1");
	printf("%s", name);
	paint(card, "0");
	printf(" (%s)\n", cell(card, row, "orientation"));
}

static void print_kpi(const struct card *card, const struct run *run)
{
	if (never_reported(card, run))
		return;
	if (!card->total)
		printf("  %s\n", cell(card, run->first, "kpi_label"));
	for (size_t row = run->first; row < run->first + run->count; row++)
		print_row(card, row);
}

/* One block: a group, stage by stage. */
static void print_group(const struct card *card, size_t group)
{
	const char *stage = "";
	for (size_t i = 0; i < card->run_count; i++) {
		const struct run *run = &card->runs[i];
		const char *next = cell(card, run->first, "stage");
		if (run->group != group)
			continue;
		if (strcmp(stage, next) != 0) {
			if (*stage)
				print_missing(card, stage, group);
			print_stage(card, run->first);
			stage = next;
		}
		print_kpi(card, run);
	}
	print_missing(card, stage, group);
}

static void print_group_heading(const struct card *card, size_t row)
{
	paint(card, "1;4");
	for (size_t i = 0; i < card->dim_count; i++) {
		char label[160];
		snprintf(label, sizeof(label), "%s_label", card->dims[i]);
		const char *name = cell(card, row, label);
		printf("%s%s: %s", i ? ", " : "", card->dims[i], cell(card, row, card->dims[i]));
		if (*name)
			printf(" (%s)", name);
	}
	paint(card, "0");
	fputc('\n', stdout);
}

static void print_heading(const struct card *card)
{
	char note[TEXT_MAX] = "";
	printf("%s, %s to %s, %s\n", cell(card, 0, "tenant"), card->from, card->to,
	       cell(card, 0, "time_zone"));
	add_flags(note, card->common, "");
	if (*note)
		printf("All figures: %s.\n", note);
	printf("\n  ");
	text_pad(stdout, card->total ? "KPI" : "KPI, from", LABEL_WIDTH);
	text_pad(stdout, "value", -VALUE_WIDTH);
	fputc(' ', stdout);
	text_pad(stdout, "n", -N_WIDTH);
	fputs("\n", stdout);
}

/* What to do about amounts without a rate. */
static void print_hint(const struct card *card)
{
	bool missing = false;
	for (size_t row = 0; row < card->table->rows; row++)
		missing = missing || strcmp(cell(card, row, "status"), "fx_missing") == 0;
	if (missing)
		puts("\nNo exchange rate: the source of rates does not tell one for a currency or\n"
		     "a day. --fx none shows amounts of one currency as they are.");
}

static void print_card(const struct card *card)
{
	if (card->table->rows == 0) {
		puts("Nothing was reported in this range.");
		return;
	}
	print_heading(card);
	for (size_t group = 0; group < card->group_count; group++) {
		if (card->dim_count) {
			fputc('\n', stdout);
			print_group_heading(card, card->groups[group]);
		}
		print_group(card, group);
	}
	print_hint(card);
}

int card_print(const struct table *table, bool total, bool chosen)
{
	struct card card = {.table = table,
	                    .total = total,
	                    .chosen = chosen,
	                    .colours = text_colours(stdout),
	                    .from = "",
	                    .to = ""};
	find_dims(&card);
	find_common(&card);
	find_days(&card);
	int err = find_runs(&card);
	if (err == 0)
		print_card(&card);
	free(card.runs);
	free(card.groups);
	return err;
}
