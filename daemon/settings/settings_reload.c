/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/settings_reload.h"

#include <string.h>

#include "settings/loader.h"

/* "<path>.<key>" of what differs. */
static int differs(struct buf *why, const char *path, const char *key)
{
	buf_printf(why,
	           "`%s%s%s` differs, and a reload cannot change it: restart the daemon to take "
	           "the new settings",
	           path, *path && *key ? "." : "", key);
	return ERR_CONFIG;
}

static int check_section(struct buf *why, const struct schema *schema, const void *was,
                         const void *is)
{
	const struct schema_row *row = schema_differs(schema, was, is);
	return row ? differs(why, schema->path, row->key) : 0;
}

static int check_daemon(struct buf *why, const struct settings *was, const struct settings *is)
{
	if (strcmp(was->state_dir, is->state_dir) != 0)
		return differs(why, "", "state_dir");
	if (strcmp(was->redis_binary, is->redis_binary) != 0)
		return differs(why, "", "redis_binary");
	if (was->flush_min_ms != is->flush_min_ms)
		return differs(why, "", "flush_min_ms");
	if (was->lateness_grace_minutes != is->lateness_grace_minutes)
		return differs(why, "", "lateness_grace_minutes");
	int err = check_section(why, &listen_schema, &was->listen, &is->listen);
	err = err ? err : check_section(why, &redis_schema, &was->redis, &is->redis);
	err = err ? err : check_section(why, &retention_schema, &was->retention, &is->retention);
	err = err ? err : check_section(why, &limits_schema, &was->limits, &is->limits);
	return err ? err : check_section(why, &dedup_schema, &was->dedup, &is->dedup);
}

/* ---- tenants ---- */

static bool same_rollups(const struct tenant *was, const struct tenant *is)
{
	bool same = was->rollup_count == is->rollup_count;
	for (uint32_t i = 0; same && i < was->rollup_count; i++)
		same = strcmp(was->rollups[i].platform, is->rollups[i].platform) == 0 &&
		       strcmp(was->rollups[i].report, is->rollups[i].report) == 0;
	return same;
}

static int check_tenant(struct buf *why, const struct tenant *was, const struct settings *settings)
{
	struct buf path = {0};
	int found = settings_tenant(settings, was->name, strlen(was->name));
	const struct tenant *is = found < 0 ? NULL : &settings->tenants[found];
	const char *key = NULL;
	if (!is)
		key = "";
	else if (strcmp(zone_name(was->zone), zone_name(is->zone)) != 0)
		key = "time_zone";
	else if (strcmp(was->currency, is->currency) != 0)
		key = "currency";
	else if (!same_rollups(was, is))
		key = "rollup";
	if (!key)
		return 0;
	buf_printf(&path, "tenants.%s", was->name);
	buf_put_byte(&path, 0);
	int err = buf_failed(&path) ? ERR_NOMEM : differs(why, (const char *)path.bytes, key);
	buf_deinit(&path);
	return err;
}

/* ---- vocabulary: cells in memory know it by position ---- */

static bool same_measure(const struct measure *a, const struct measure *b)
{
	return strcmp(a->id, b->id) == 0 && a->layer == b->layer && a->kind == b->kind &&
	       a->additive_over == b->additive_over && a->scale == b->scale &&
	       a->money == b->money && a->is_signed == b->is_signed && a->sparse == b->sparse;
}

static bool same_dimension(const struct dimension *a, const struct dimension *b)
{
	bool same = strcmp(a->id, b->id) == 0 && a->entity == b->entity &&
	            a->derived == b->derived && a->max_values == b->max_values &&
	            a->value_count == b->value_count;
	for (uint32_t i = 0; same && i < a->value_count; i++)
		same = strcmp(a->values[i], b->values[i]) == 0;
	return same;
}

static bool same_type(const struct event_type *a, const struct event_type *b)
{
	bool same = strcmp(a->id, b->id) == 0 && a->amount_count == b->amount_count;
	for (uint32_t i = 0; same && i < a->amount_count; i++)
		same = a->amounts[i].measure == b->amounts[i].measure &&
		       a->amounts[i].value == b->amounts[i].value;
	return same;
}

static bool same_set(const struct grouping_set *a, const struct grouping_set *b)
{
	return a->dim_count == b->dim_count && memcmp(a->dims, b->dims, a->dim_count) == 0;
}

/* The first place at which two lists differ is named: what is gone, else what came. */
static int check_vocabulary(struct buf *why, const struct catalog *was, const struct catalog *is)
{
	uint32_t i = 0;
	while (i < was->measure_count && i < is->measure_count &&
	       same_measure(&was->measures[i], &is->measures[i]))
		i++;
	if (i < was->measure_count || i < is->measure_count)
		return differs(why, "measures",
		               is->measure_count < was->measure_count ? was->measures[i].id
		                                                      : is->measures[i].id);
	for (i = 0; i < was->dim_count && i < is->dim_count &&
	            same_dimension(&was->dims[i], &is->dims[i]);)
		i++;
	if (i < was->dim_count || i < is->dim_count)
		return differs(why, "dimensions",
		               is->dim_count < was->dim_count ? was->dims[i].id : is->dims[i].id);
	for (i = 0;
	     i < was->type_count && i < is->type_count && same_type(&was->types[i], &is->types[i]);)
		i++;
	if (i < was->type_count || i < is->type_count)
		return differs(why, "event_types",
		               is->type_count < was->type_count ? was->types[i].id
		                                                : is->types[i].id);
	for (i = 0;
	     i < was->set_count && i < is->set_count && same_set(&was->sets[i], &is->sets[i]);)
		i++;
	if (i < was->set_count || i < is->set_count)
		return differs(why, "grouping_sets",
		               is->set_count < was->set_count ? was->sets[i].text
		                                              : is->sets[i].text);
	return 0;
}

int settings_reload_check(const struct settings *was, const struct settings *is, struct buf *why)
{
	int err = check_daemon(why, was, is);
	for (uint32_t i = 0; !err && i < was->tenant_count; i++)
		err = check_tenant(why, &was->tenants[i], is);
	return err ? err : check_vocabulary(why, &was->catalog, &is->catalog);
}
