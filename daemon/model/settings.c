/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settings.h"

#include <stdlib.h>
#include <string.h>

static const char *const rule_targets[RULE_TARGETS] = {
    [RULE_CHANNEL] = "channel", [RULE_STAGE] = "stage", [RULE_ORIENTATION] = "orientation"};

const char *rule_target_name(enum rule_target target)
{
	require((unsigned)target < RULE_TARGETS);
	return rule_targets[target];
}

int settings_tenant(const struct settings *settings, const char *name, size_t len)
{
	for (uint32_t i = 0; i < settings->tenant_count; i++) {
		const char *known = settings->tenants[i].name;
		if (strlen(known) == len && memcmp(known, name, len) == 0)
			return (int)i;
	}
	return -1;
}

void settings_free(struct settings *settings)
{
	if (!settings)
		return;
	for (uint32_t i = 0; i < settings->tenant_count; i++)
		zone_close(settings->tenants[i].zone);
	catalog_deinit(&settings->catalog);
	free(settings);
}
