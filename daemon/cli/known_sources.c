/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/known_sources.h"

#include <stdlib.h>
#include <string.h>

#include "cli/http_client.h"
#include "cli/nearest.h"

void known_sources_get(const char *url, const char *tenant, struct known_sources *ret_known)
{
	struct http_reply reply;
	struct buf target = {0};
	*ret_known = (struct known_sources){0};
	buf_put_text(&target, "/v1/sources?format=csv");
	http_add_parameter(&target, "tenant", tenant);
	buf_put_byte(&target, 0);
	bool asked = !buf_failed(&target) && http_get(url, (const char *)target.bytes, &reply) == 0;
	buf_deinit(&target);
	if (!asked)
		return;
	/* An answer that is no table leaves the list empty. */
	if (reply.status == 200 &&
	    table_parse((const char *)reply.body.bytes, reply.body.len, &ret_known->table) != 0)
		ret_known->table.rows = 0;
	http_reply_deinit(&reply);
}

void known_sources_deinit(struct known_sources *known)
{
	table_deinit(&known->table);
}

bool known_sources_has(const struct known_sources *known, const char *name)
{
	for (size_t i = 0; i < known->table.rows; i++)
		if (strcmp(table_cell(&known->table, i, "source"), name) == 0)
			return true;
	return false;
}

void known_sources_put_nearest(const struct known_sources *known, const char *wanted,
                               struct buf *text)
{
	const char *nearest[NEAREST_MAX];
	const char **names = calloc(known->table.rows + 1, sizeof(*names));
	for (size_t i = 0; names && i < known->table.rows; i++)
		names[i] = table_cell(&known->table, i, "source");
	size_t count = names ? nearest_names(wanted, names, known->table.rows, nearest) : 0;
	for (size_t i = 0; i < count; i++)
		buf_printf(text, "%s%s", i ? " or " : " (did you mean ", nearest[i]);
	if (count > 0)
		buf_put_text(text, "?)");
	else if (known->table.rows > 0)
		buf_printf(text, "; the daemon knows %zu other%s, which `streamgauge status` lists",
		           known->table.rows, known->table.rows == 1 ? "" : "s");
	free(names);
}
