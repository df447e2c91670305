/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "model/settings.h"

Test(settings, tenants_by_name)
{
	struct tenant tenants[] = {{.name = "demo"}, {.name = "demo-eu"}, {.name = "acme"}};
	struct settings settings = {.tenants = tenants, .tenant_count = 3};
	cr_assert_eq(settings_tenant(&settings, "demo", 4), 0);
	cr_assert_eq(settings_tenant(&settings, "demo-eu", 7), 1);
	cr_assert_eq(settings_tenant(&settings, "demo-eux", 7), 1);
	cr_assert_eq(settings_tenant(&settings, "dem", 3), -1);
	cr_assert_eq(settings_tenant(&settings, "", 0), -1);
	cr_assert_eq(settings_tenant(&settings, "Acme", 4), -1);
}

Test(settings, free_takes_nothing_and_half_built_ones)
{
	settings_free(NULL);
	struct settings *settings = calloc(1, sizeof(*settings));
	struct tenant *tenants = arena_zalloc(&settings->catalog.arena, 2 * sizeof(*tenants));
	settings->tenants = tenants;
	settings->tenant_count = 2;
	cr_assert_eq(zone_open("Europe/Berlin", &tenants[0].zone), 0);
	settings_free(settings);
}

Test(settings, targets_of_rules_have_names)
{
	static const char *const names[] = {"channel", "stage", "orientation"};
	for (int target = 0; target < RULE_TARGETS; target++)
		cr_assert_str_eq(rule_target_name((enum rule_target)target), names[target]);
}
