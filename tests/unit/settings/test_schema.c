/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "settings/schema.h"

static const char *const names[] = {"hide", "show", NULL};

struct sample {
	const char *text, *name;
	bool truth;
	uint16_t small;
	uint32_t middle, bytes32, days, kept, hours;
	uint64_t large, bytes64;
	int choice;
	struct yaml_node *node;
};

#define AT(type, member) SCHEMA_AT(type, struct sample, member)
static const struct schema_row rows[] = {
    {.key = "text",
     .type = SCHEMA_TEXT,
     .offset = AT(const char *, text),
     .fallback_text = "none",
     .help = "any text"},
    {.key = "name", .type = SCHEMA_NAME, .offset = AT(const char *, name), .help = "a name"},
    {.key = "truth",
     .type = SCHEMA_BOOL,
     .reloadable = true,
     .offset = AT(bool, truth),
     .fallback = 1,
     .help = "yes?"},
    {.key = "small",
     .type = SCHEMA_INT16,
     .offset = AT(uint16_t, small),
     .fallback = 7,
     .max = 65535,
     .help = "16 bits"},
    {.key = "middle",
     .type = SCHEMA_INT32,
     .offset = AT(uint32_t, middle),
     .fallback = 5,
     .min = 2,
     .max = 9,
     .unit = "items",
     .help = "32 bits"},
    {.key = "large",
     .type = SCHEMA_INT64,
     .offset = AT(uint64_t, large),
     .max = INT64_MAX,
     .help = "64 bits"},
    {.key = "bytes32",
     .type = SCHEMA_BYTES32,
     .offset = AT(uint32_t, bytes32),
     .fallback = 4096,
     .min = 1024,
     .max = 4 << 20,
     .help = "memory"},
    {.key = "bytes64",
     .type = SCHEMA_BYTES64,
     .offset = AT(uint64_t, bytes64),
     .fallback = 1 << 20,
     .min = 1000,
     .max = INT64_C(64) << 30,
     .help = "more memory"},
    {.key = "days",
     .type = SCHEMA_DAYS,
     .offset = AT(uint32_t, days),
     .max = 400,
     .help = "may be kept forever"},
    {.key = "kept",
     .type = SCHEMA_DAYS,
     .offset = AT(uint32_t, kept),
     .fallback = 2,
     .min = 1,
     .max = 31,
     .help = "not forever"},
    {.key = "hours",
     .type = SCHEMA_HOURS,
     .offset = AT(uint32_t, hours),
     .fallback = 168,
     .min = 1,
     .max = 1000,
     .help = "a window"},
    {.key = "choice",
     .type = SCHEMA_CHOICE,
     .offset = AT(int, choice),
     .names = names,
     .help = "one of two"},
    {.key = "node", .type = SCHEMA_NODE, .offset = AT(struct yaml_node *, node), .help = "more"},
};
static const struct schema schema = SCHEMA_OF("sample", rows);

static int read_text(const char *text, struct arena *arena, struct sample *sample,
                     struct settings_error *error)
{
	struct yaml_node *root = NULL;
	cr_assert_eq(yaml_tree_parse("s.yaml", text, strlen(text), arena, &root, error), 0, "%s",
	             error->text);
	return schema_read(&schema, root, sample, error);
}

Test(schema, absent_keys_have_their_fallback)
{
	struct settings_error error = {0};
	struct sample sample;
	memset(&sample, 0xee, sizeof(sample));
	cr_assert_eq(schema_read(&schema, NULL, &sample, &error), 0);
	cr_assert_str_eq(sample.text, "none");
	cr_assert_null(sample.name);
	cr_assert(sample.truth && sample.small == 7 && sample.middle == 5 && sample.large == 0);
	cr_assert(sample.bytes32 == 4096 && sample.bytes64 == 1 << 20);
	cr_assert(sample.days == 0 && sample.kept == 2 && sample.hours == 168);
	cr_assert(sample.choice == 0 && sample.node == NULL);
}

Test(schema, given_keys_are_read_by_their_type)
{
	struct arena arena = {0};
	struct settings_error error = {0};
	struct sample sample;
	int err =
	    read_text("text: NO\nname: no\ntruth: false\nsmall: 65535\nmiddle: 009\n"
	              "large: 9223372036854775807\nbytes32: 64KiB\nbytes64: 3 GiB\ndays: 400d\n"
	              "kept: 31d\nhours: 7d\nchoice: show\nnode: [1]\n",
	              &arena, &sample, &error);
	cr_assert_eq(err, 0, "%s", error.text);
	cr_assert_str_eq(sample.text, "NO");
	cr_assert_str_eq(sample.name, "no");
	cr_assert(!sample.truth && sample.small == 65535 && sample.middle == 9);
	cr_assert(sample.large == INT64_MAX && sample.bytes32 == 65536);
	cr_assert(sample.bytes64 == UINT64_C(3) << 30 && sample.days == 400 && sample.kept == 31);
	cr_assert(sample.hours == 168 && sample.choice == 1 && sample.node->count == 1);
	err = read_text("days: forever\nhours: 36h\nbytes64: 1000\n", &arena, &sample, &error);
	cr_assert_eq(err, 0, "%s", error.text);
	cr_assert(sample.days == 0 && sample.hours == 36 && sample.bytes64 == 1000);
	arena_deinit(&arena);
}

static const struct {
	const char *text, *error;
} bad_rows[] = {
    {"middle: 1", "s.yaml:1: `middle: 1` is out of range: 2 to 9 items"},
    {"middle: 10", "s.yaml:1: `middle: 10` is out of range: 2 to 9 items"},
    {"middle: 3x", "s.yaml:1: `middle: 3x`: expected is a whole number"},
    {"middle: -3", "s.yaml:1: `middle: -3`: expected is a whole number"},
    {"middle: [3]", "s.yaml:1: `middle`: a single value is expected here, not a list"},
    {"small: 65536", "s.yaml:1: `small: 65536` is out of range: 0 to 65535"},
    {"large: 9223372036854775808",
     "s.yaml:1: `large: 9223372036854775808` is out of range: 0 to 9223372036854775807"},
    {"bytes32: 5 MiB", "s.yaml:1: `bytes32: 5 MiB` is out of range: 1 KiB to 4 MiB"},
    {"bytes32: 5 MB",
     "s.yaml:1: `bytes32: 5 MB`: expected is a number of bytes such as 65536, 64 KiB or 4 MiB"},
    {"bytes64: 99999999999 GiB",
     "s.yaml:1: `bytes64: 99999999999 GiB` is out of range: 1000 to 64 GiB"},
    {"days: 0d", "s.yaml:1: `days: 0d` is out of range: 1d to 400d, or forever"},
    {"days: 401d", "s.yaml:1: `days: 401d` is out of range: 1d to 400d, or forever"},
    {"days: 14", "s.yaml:1: `days: 14`: expected is a number of days such as 14d, or forever"},
    {"kept: forever", "s.yaml:1: `kept` cannot be kept forever; at most 31d"},
    {"hours: 2w", "s.yaml:1: `hours: 2w`: expected is a number of hours or days such as 36h or 7d"},
    {"hours: 0h", "s.yaml:1: `hours: 0h` is out of range: 1h to 1000h"},
    {"choice: maybe", "s.yaml:1: `choice: maybe` is none of: hide, show"},
    {"truth: 1", "s.yaml:1: `truth: 1` is neither true nor false"},
    {"\nmidle: 3",
     "s.yaml:2: unknown key `midle`; known here: text, name, truth, small, middle, large, bytes32, "
     "bytes64, days, kept, hours, choice, node"},
};

Test(schema, mistakes_name_key_value_and_rule)
{
	for (size_t i = 0; i < sizeof(bad_rows) / sizeof(*bad_rows); i++) {
		struct arena arena = {0};
		struct settings_error error = {0};
		struct sample sample;
		cr_assert_eq(read_text(bad_rows[i].text, &arena, &sample, &error), ERR_CONFIG, "%s",
		             bad_rows[i].text);
		cr_assert_str_eq(error.text, bad_rows[i].error, "%s", error.text);
		arena_deinit(&arena);
	}
}

Test(schema, describes_itself)
{
	struct buf out = {0};
	schema_describe(&schema, &out);
	buf_put_byte(&out, 0);
	const char *text = (const char *)out.bytes;
	cr_assert_not_null(
	    strstr(text, "sample.middle: 32 bits, 2 to 9 (items); default 5; restart\n"));
	cr_assert_not_null(
	    strstr(text, "sample.bytes32: memory, 1 KiB to 4 MiB; default 4 KiB; restart\n"));
	cr_assert_not_null(strstr(
	    text,
	    "sample.days: may be kept forever, 1d to 400d or forever; default forever; restart\n"));
	cr_assert_not_null(
	    strstr(text, "sample.choice: one of two; one of hide, show; default hide; restart\n"));
	cr_assert_not_null(strstr(text, "sample.truth: yes?; default true; reload\n"));
	cr_assert_not_null(strstr(text, "sample.text: any text; default none; restart\n"));
	cr_assert_not_null(strstr(text, "sample.node: more; restart\n"));
	buf_deinit(&out);
}
