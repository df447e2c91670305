/* SPDX-License-Identifier: Apache-2.0
 * Tenants. */
#include <string.h>

#include "settings/loader.h"

#define TENANTS_MAX     1000
#define TENANT_NAME_MAX 63

struct tenant_input {
	const char *label, *time_zone, *currency;
	struct yaml_node *rollup, *brand;
};

static const struct schema_row defaults_rows[] = {
    {.key = "time_zone",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct tenant_input, time_zone),
     .fallback_text = "UTC",
     .help = "tz database name; its midnight ends the tenant's day"},
    {.key = "currency",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct tenant_input, currency),
     .fallback_text = "EUR",
     .help = "ISO 4217 code for sources that name none"},
    {.key = "brand",
     .type = SCHEMA_NODE,
     .reloadable = true,
     .offset = SCHEMA_AT(struct yaml_node *, struct tenant_input, brand),
     .help = "its own brand, as surveys and market data name it; default: none"},
};
const struct schema defaults_schema = SCHEMA_OF("tenant_defaults", defaults_rows);

static const struct schema_row tenant_rows[] = {
    {.key = "label",
     .type = SCHEMA_TEXT,
     .reloadable = true,
     .offset = SCHEMA_AT(const char *, struct tenant_input, label),
     .help = "name for readers; default: the tenant's name"},
    {.key = "time_zone",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct tenant_input, time_zone),
     .help = "default: that of tenant_defaults"},
    {.key = "currency",
     .type = SCHEMA_TEXT,
     .offset = SCHEMA_AT(const char *, struct tenant_input, currency),
     .help = "default: that of tenant_defaults"},
    {.key = "brand",
     .type = SCHEMA_NODE,
     .reloadable = true,
     .offset = SCHEMA_AT(struct yaml_node *, struct tenant_input, brand),
     .help = "default: that of tenant_defaults"},
    {.key = "rollup",
     .type = SCHEMA_NODE,
     .offset = SCHEMA_AT(struct yaml_node *, struct tenant_input, rollup),
     .help = "platform: report that is counted, where it is not the mapping's choice"},
};
const struct schema tenant_schema = SCHEMA_OF("tenants.<tenant>", tenant_rows);

static int check_tenant_name(struct loader *loader, const struct yaml_node *key)
{
	static const char taken[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	bool first = key->len && key->text[0] != '_' && key->text[0] != '-';
	if (first && key->len <= TENANT_NAME_MAX && strspn(key->text, taken) == key->len)
		return 0;
	return yaml_fail(
	    loader->error, key,
	    "`%.70s` is not a tenant's name: a to z, 0 to 9, _ and -, a letter or digit "
	    "first, at most %d characters",
	    key->text, TENANT_NAME_MAX);
}

/* Where the value of a key stands: in the tenant, in the defaults, else nowhere. */
static const struct yaml_node *place_of(const struct loader *loader, const struct yaml_node *map,
                                        const char *key)
{
	const struct yaml_node *node = yaml_map_get(map, key);
	if (!node && loader->root.tenant_defaults)
		node = yaml_map_get(loader->root.tenant_defaults, key);
	return node ? node : map;
}

static int read_zone(struct loader *loader, const struct yaml_node *map, const char *name,
                     struct zone **ret_zone)
{
	int err = zone_open(name, ret_zone);
	if (!err)
		return 0;
	if (err == ERR_NOMEM)
		return loader_nomem(loader);
	return yaml_fail(
	    loader->error, place_of(loader, map, "time_zone"),
	    "`time_zone: %.60s`: there is no such zone in the tz database (package tzdata); "
	    "names look like Europe/Berlin",
	    name);
}

int loader_currency(struct loader *loader, const struct yaml_node *node, const char *key,
                    const char *code, char ret_currency[4])
{
	if (strlen(code) != 3 || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return yaml_fail(
		    loader->error, node,
		    "`%s: %.60s` is not an ISO 4217 code: three capital letters such as EUR", key,
		    code);
	memcpy(ret_currency, code, 4);
	return 0;
}

/* A brand that no source could send would leave every brand KPI without data. */
static int read_brand(struct loader *loader, const struct yaml_node *node, const char **ret_brand)
{
	const struct catalog *catalog = &loader->settings->catalog;
	if (!node || (node->kind == YAML_KIND_SCALAR && node->quoted && node->len == 0)) {
		*ret_brand = "";
		return 0;
	}
	const char *brand = "";
	int err = loader_value(loader, node, &brand);
	if (err)
		return err;
	if (catalog->brand_dim < 0)
		return yaml_fail(loader->error, node,
		                 "`brand: %.60s`: there is no dimension `brand`", brand);
	const struct dimension *dimension = &catalog->dims[catalog->brand_dim];
	uint32_t at = 0;
	while (at < dimension->value_count && strcmp(dimension->values[at], brand) != 0)
		at++;
	if (dimension->values && at == dimension->value_count)
		return yaml_fail(loader->error, node,
		                 "`brand: %.60s` is not a value of the dimension `brand`", brand);
	*ret_brand = brand;
	return 0;
}

static int read_rollups(struct loader *loader, const struct yaml_node *map, struct tenant *tenant)
{
	static const char platform_chars[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	if (!map || yaml_is_null(map))
		return 0;
	int err = yaml_expect(map, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	tenant->rollups = arena_zalloc(loader->arena, (map->count + 1) * sizeof(*tenant->rollups));
	if (!tenant->rollups)
		return loader_nomem(loader);
	for (uint32_t i = 0; !err && i < map->count; i++) {
		struct rollup_override *rollup = &tenant->rollups[i];
		rollup->platform = map->keys[i]->text;
		size_t len = map->keys[i]->len;
		if (len == 0 || len > MODEL_NAME_MAX ||
		    strspn(rollup->platform, platform_chars) != len)
			err = yaml_fail(loader->error, map->keys[i],
			                "`%.60s` is not a platform's name", rollup->platform);
		err = err ? err : yaml_name(map->items[i], &rollup->report, loader->error);
	}
	tenant->rollup_count = map->count;
	return err;
}

static int read_tenant(struct loader *loader, const struct tenant_input *defaults,
                       const struct yaml_node *key, const struct yaml_node *map,
                       struct tenant *tenant)
{
	struct tenant_input input;
	int err = check_tenant_name(loader, key);
	err = err ? err : schema_read(&tenant_schema, map, &input, loader->error);
	if (err)
		return err;
	tenant->name = key->text;
	tenant->label = input.label ? input.label : tenant->name;
	const char *zone = input.time_zone ? input.time_zone : defaults->time_zone;
	const char *currency = input.currency ? input.currency : defaults->currency;
	err = read_zone(loader, map, zone, &tenant->zone);
	err = err ? err
	          : loader_currency(loader, place_of(loader, map, "currency"), "currency", currency,
	                            tenant->currency);
	err = err ? err
	          : read_brand(loader, input.brand ? input.brand : defaults->brand, &tenant->brand);
	return err ? err : read_rollups(loader, input.rollup, tenant);
}

int load_tenants(struct loader *loader)
{
	struct settings *settings = loader->settings;
	const struct yaml_node *tenants = loader->root.tenants;
	struct tenant_input defaults = {0};
	int err =
	    schema_read(&defaults_schema, loader->root.tenant_defaults, &defaults, loader->error);
	if (err)
		return err;
	if (!tenants || yaml_is_null(tenants) ||
	    (tenants->kind == YAML_KIND_MAP && !tenants->count))
		return yaml_fail(loader->error, tenants ? tenants : loader->top,
		                 "no tenant is configured: write at least `tenants: {demo: {}}`");
	err = yaml_expect(tenants, YAML_KIND_MAP, loader->error);
	if (err)
		return err;
	if (tenants->count > TENANTS_MAX)
		return yaml_fail(loader->error, tenants,
		                 "there are %u tenants; at most %d are possible", tenants->count,
		                 TENANTS_MAX);
	settings->tenants =
	    arena_zalloc(loader->arena, tenants->count * sizeof(*settings->tenants));
	if (!settings->tenants)
		return loader_nomem(loader);
	/* Counted first, so that settings_free() closes the zones of a failed load. */
	settings->tenant_count = tenants->count;
	for (uint32_t i = 0; !err && i < tenants->count; i++)
		err = read_tenant(loader, &defaults, tenants->keys[i], tenants->items[i],
		                  &settings->tenants[i]);
	return err;
}
