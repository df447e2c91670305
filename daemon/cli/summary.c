/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/http_client.h"
#include "cli/options.h"
#include "cli/range_end.h"
#include "cli/table.h"

#define LABEL_WIDTH 32
#define VALUE_WIDTH 16
#define N_WIDTH     10
#define NOTE_AT     (2 + LABEL_WIDTH + VALUE_WIDTH + 1 + N_WIDTH + 1)
#define LINE_WIDTH  80
#define DIMS_MAX    6
#define TEXT_MAX    600

static const char usage[] =
    "usage: streamgauge summary [OPTION...]\n"
    "\n"
    "Prints the KPIs of a tenant, stage by stage.\n"
    "\n"
    "  --tenant T          tenant; may be left out where only one is configured\n"
    "  --from D, --to D    civil days, both included (2026-11-21)\n"
    "  --last 28d|12w|3m   last complete days, whole ISO weeks, whole months\n"
    "  --this week|month|year\n"
    "                      (default: the last 28 complete days)\n"
    "  --grain G           total (default), minute, hour, day, week, month\n"
    "  --by D[,D]          one block per value of the dimensions\n"
    "  --stage S[,S]       only these stages\n"
    "  --kpi K[,K]         only these KPIs\n"
    "  --filter D:V[,V]    only these values; repeated = and\n"
    "  --format F          table (default), csv, json\n"
    "  --url URL           the daemon, default $STREAMGAUGE_HTTP, else\n"
    "                      " HTTP_CLIENT_URL "\n"
    "  --token-file FILE   show the daemon the token of this file's first line\n"
    "                      (default $STREAMGAUGE_TOKEN)\n"
    "  --help              this text\n"
    "\n"
    "Rates are fractions. Exit codes: 0 done, 2 usage or refused, 4 the daemon\n"
    "cannot be reached.\n";

/* ---- words ---- */

static const struct {
	const char *id, *words;
} words[] = {
    {"overflow", "too large a number"},
    {"coarser_than_grain", "coarser than grain"},
    {"non_additive", "not additive here"},
    {"mixed_currency", "mixed currencies"},
    {"no_data", "no data"},
    {"insufficient_sample", "sample too small"},
    {"not_final", "not final"},
    {"stale_source", "stale source"},
    {"mixed_timezones", "mixed time zones"},
    {"split_period", "cut period left out"},
    {"partial_bucket", "part of the period"},
    {"assumed_complete", "assumed complete"},
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

struct card {
	const struct table *table;
	const char *dims[DIMS_MAX]; /* columns behind the base columns, without labels */
	size_t dim_count;
	/* Rows are ordered by KPI, group, bucket, and none is left out. */
	size_t kpis;
	size_t groups;
	size_t buckets;
	bool total;  /* one bucket: the grain is total */
	bool chosen; /* KPIs were named: rows without data are shown, too */
	bool colours;
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

/* False when the rows are not a full box of KPIs x groups x buckets. */
static bool find_shape(struct card *card)
{
	const struct table *table = card->table;
	size_t per_kpi = 0;
	size_t per_group = 0;
	while (per_kpi < table->rows &&
	       strcmp(cell(card, per_kpi, "kpi"), cell(card, 0, "kpi")) == 0)
		per_kpi++;
	for (bool same = true; same && per_group < per_kpi; per_group += same)
		for (size_t i = 0; i < card->dim_count; i++)
			same = same && strcmp(cell(card, per_group, card->dims[i]),
			                      cell(card, 0, card->dims[i])) == 0;
	card->buckets = per_group;
	card->groups = per_group ? per_kpi / per_group : 0;
	card->kpis = per_kpi ? table->rows / per_kpi : 0;
	return card->kpis * card->groups * card->buckets == table->rows;
}

static size_t row_of(const struct card *card, size_t kpi, size_t group, size_t bucket)
{
	return (kpi * card->groups + group) * card->buckets + bucket;
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
	} else {
		text_number(text, amount, amount < 100 && amount > -100 ? 4 : 2);
	}
}

/* The note wraps within its column. */
static void print_note(const char *note)
{
	int room = LINE_WIDTH - NOTE_AT;
	int at = 0;
	while (*note) {
		int len = (int)strcspn(note, " ");
		if (at > 0 && at + 1 + len > room) {
			printf("\n%*s", NOTE_AT, "");
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
	bool fits = text_width(label) <= LABEL_WIDTH;
	fputs("  ", stdout);
	if (!fits)
		printf("%s\n  ", label);
	text_pad(stdout, fits ? label : "", LABEL_WIDTH);
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
	add_flags(note, cell(card, row, "flags"), card->common);
	snprintf(label, sizeof(label), "%s%s", card->total ? "" : "  ",
	         cell(card, row, card->total ? "kpi_label" : "bucket_start"));
	print_label(label);
	/* A number is never cut: a long one moves what follows. */
	printf("%*s", VALUE_WIDTH, value);
	if (*n || *note)
		printf(" %*s", N_WIDTH, n);
	if (*note) {
		fputc(' ', stdout);
		paint(card, ok ? "2" : "33");
		print_note(note);
		paint(card, "0");
	}
	fputc('\n', stdout);
}

/* In no bucket the KPI has all it needs, and it was not asked for by name. */
static bool never_reported(const struct card *card, size_t kpi, size_t group)
{
	for (size_t bucket = 0; bucket < card->buckets; bucket++) {
		size_t row = row_of(card, kpi, group, bucket);
		bool known = *cell(card, row, "numerator") && *cell(card, row, "denominator");
		if (card->chosen || known || strcmp(cell(card, row, "status"), "no_data") != 0)
			return false;
	}
	return true;
}

/* Labels of the KPIs first..end - 1 that nobody reported, in one paragraph. */
static void print_missing(const struct card *card, size_t first, size_t end, size_t group)
{
	static const char start[] = "  no data: ";
	size_t at = 0;
	for (size_t kpi = first; kpi < end; kpi++) {
		const char *label = cell(card, row_of(card, kpi, group, 0), "kpi_label");
		size_t width = text_width(label);
		if (!never_reported(card, kpi, group))
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

static void print_kpi(const struct card *card, size_t kpi, size_t group)
{
	if (never_reported(card, kpi, group))
		return;
	if (!card->total)
		printf("  %s\n", cell(card, row_of(card, kpi, group, 0), "kpi_label"));
	for (size_t bucket = 0; bucket < card->buckets; bucket++)
		print_row(card, row_of(card, kpi, group, bucket));
}

/* One block: a group, stage by stage. */
static void print_group(const struct card *card, size_t group)
{
	size_t end = 0;
	for (size_t first = 0; first < card->kpis; first = end) {
		size_t row = row_of(card, first, group, 0);
		const char *stage = cell(card, row, "stage");
		print_stage(card, row);
		for (end = first; end < card->kpis; end++) {
			if (strcmp(cell(card, row_of(card, end, group, 0), "stage"), stage) != 0)
				break;
			print_kpi(card, end, group);
		}
		print_missing(card, first, end, group);
	}
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
	size_t last = card->table->rows - 1;
	char note[TEXT_MAX] = "";
	printf("%s, %s to %s, %s\n", cell(card, 0, "tenant"), cell(card, 0, "bucket_start"),
	       cell(card, last, "bucket_end"), cell(card, 0, "time_zone"));
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

static void print_card(struct card *card)
{
	find_dims(card);
	find_common(card);
	if (!find_shape(card) || card->table->rows == 0) {
		puts("Nothing was reported in this range.");
		return;
	}
	print_heading(card);
	for (size_t group = 0; group < card->groups; group++) {
		if (card->dim_count) {
			fputc('\n', stdout);
			print_group_heading(card, row_of(card, 0, group, 0));
		}
		print_group(card, group);
	}
}

/* ---- the command ---- */

struct arguments {
	const char *url;
	const char *format;
	struct buf parameters;
	bool total;
	bool chosen;
	bool bounded; /* the end of the range was given */
};

static const struct option long_options[] = {
    {"tenant", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'p'},
    {"to", required_argument, NULL, 'p'},
    {"last", required_argument, NULL, 'p'},
    {"this", required_argument, NULL, 'p'},
    {"grain", required_argument, NULL, 'p'},
    {"by", required_argument, NULL, 'p'},
    {"stage", required_argument, NULL, 'p'},
    {"kpi", required_argument, NULL, 'p'},
    {"filter", required_argument, NULL, 'p'},
    {"format", required_argument, NULL, 'f'},
    {"url", required_argument, NULL, 'u'},
    {"help", no_argument, NULL, 'h'},
    OPTIONS_OF_TOKEN,
    {NULL, 0, NULL, 0},
};

/* -1 = go on, else the exit code. */
static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	struct options given = {
	    .command = "summary", .argc = argc, .argv = argv, .list = long_options};
	int option = 0;
	int left_count = 0;
	while ((option = options_next(&given)) != OPTIONS_END) {
		const char *name = long_options[given.index].name;
		if (option == OPTIONS_HELP) {
			fputs(usage, stdout);
			return 0;
		}
		if (option == 'u')
			arguments->url = optarg;
		else if (option == 'f')
			arguments->format = optarg;
		else if (option == 'p')
			http_add_parameter(&arguments->parameters, name, optarg);
		else
			return 2;
		if (option == 'p' && strcmp(name, "grain") == 0)
			arguments->total = strcmp(optarg, "total") == 0;
		arguments->chosen |= option == 'p' && strcmp(name, "kpi") == 0;
		arguments->bounded |= option == 'p' && strcmp(name, "to") == 0;
	}
	char **left = options_words(&given, &left_count);
	if (left_count > 0)
		return options_stray(&given, left[0]);
	const char *format = arguments->format;
	if (strcmp(format, "table") == 0 || strcmp(format, "csv") == 0 ||
	    strcmp(format, "json") == 0)
		return -1;
	fprintf(stderr, "streamgauge summary: --format %s is not known; take table, csv or json\n",
	        format);
	return 2;
}

static int show(const struct arguments *arguments, const struct http_reply *reply)
{
	struct table table;
	if (strcmp(arguments->format, "table") != 0) {
		fwrite(reply->body.bytes, 1, reply->body.len, stdout);
		return 0;
	}
	int err = table_parse((const char *)reply->body.bytes, reply->body.len, &table);
	if (err == 0) {
		struct card card = {.table = &table,
		                    .total = arguments->total,
		                    .chosen = arguments->chosen,
		                    .colours = text_colours(stdout)};
		print_card(&card);
	} else {
		fprintf(stderr, "streamgauge summary: the answer is not the daemon's CSV\n");
	}
	table_deinit(&table);
	return err == 0 ? 0 : 4;
}

static int ask(struct arguments *arguments)
{
	struct http_reply reply;
	struct buf target = {0};
	bool json = strcmp(arguments->format, "json") == 0;
	buf_put(&target, arguments->parameters.bytes, arguments->parameters.len);
	http_add_parameter(&target, "format", json ? "json" : "csv");
	buf_put_byte(&target, 0);
	buf_put_byte(&arguments->parameters, 0);
	int code = http_get_or_say("summary", arguments->url, (const char *)target.bytes, &reply);
	buf_deinit(&target);
	if (code != 0)
		return code;
	code = show(arguments, &reply);
	http_reply_deinit(&reply);
	if (code == 0 && strcmp(arguments->format, "table") == 0 && !arguments->bounded)
		range_end_print(arguments->url, (const char *)arguments->parameters.bytes);
	return code;
}

int cli_summary(int argc, char **argv)
{
	struct arguments arguments = {.url = http_default_url(), .format = "table", .total = true};
	buf_put_text(&arguments.parameters, "/v1/summary");
	int code = parse_arguments(argc, argv, &arguments);
	if (code < 0)
		code = ask(&arguments);
	buf_deinit(&arguments.parameters);
	return code;
}
