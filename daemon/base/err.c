/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *code;
	const char *rule;
	int status;
} rows[ERR_COUNT] = {
    [ERR_INDEX_OK] = {"ok", "nothing is wrong", 200},
#define ERR(name, code_, status_, rule_) [ERR_INDEX_##name] = {code_, rule_, status_},
#include "base/err.def"
#undef ERR
};

static int row_of(int err)
{
	return err <= 0 && err > -ERR_COUNT ? -err : ERR_INDEX_INVALID;
}

const char *err_code(int err)
{
	return rows[row_of(err)].code;
}

const char *err_rule(int err)
{
	return rows[row_of(err)].rule;
}

int err_http_status(int err)
{
	return rows[row_of(err)].status;
}

int err_by_code(const char *code)
{
	for (int i = 1; i < ERR_COUNT; i++)
		if (strcmp(rows[i].code, code) == 0)
			return -i;
	return 0;
}

void err_impossible(const char *cond, const char *file, int line)
{
	fprintf(stderr, "<2>event=impossible where=%s:%d condition=\"%s\"\n", file, line, cond);
	abort();
}
