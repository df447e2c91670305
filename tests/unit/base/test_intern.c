/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"

Test(intern, ids_count_up_and_stay)
{
	struct intern intern = {0};
	char text[32];
	cr_assert_eq(intern_find(&intern, "x", 1), INTERN_NONE);
	for (uint32_t i = 0; i < 20000; i++) {
		int len = snprintf(text, sizeof(text), "google_ads:%u", i);
		cr_assert_eq(intern_add(&intern, text, (size_t)len), i);
	}
	for (uint32_t i = 0; i < 20000; i++) {
		int len = snprintf(text, sizeof(text), "google_ads:%u", i);
		cr_assert_eq(intern_add(&intern, text, (size_t)len), i);
		cr_assert_eq(intern_find(&intern, text, (size_t)len), i);
		const struct intern_entry *entry = intern_get(&intern, i);
		cr_assert_eq(entry->len, (uint32_t)len);
		cr_assert_str_eq((const char *)entry->bytes, text);
	}
	cr_assert_eq(intern.count, 20000);
	intern_deinit(&intern);
	cr_assert_eq(intern.count, 0);
}

Test(intern, bytes_count_not_text)
{
	struct intern intern = {0};
	cr_assert_eq(intern_add(&intern, "a\0b", 3), 0);
	cr_assert_eq(intern_add(&intern, "a\0c", 3), 1);
	cr_assert_eq(intern_add(&intern, "a", 1), 2);
	cr_assert_eq(intern_add(&intern, "", 0), 3);
	cr_assert_eq(intern_find(&intern, "a\0c", 3), 1);
	cr_assert_eq(intern_find(&intern, "a\0", 2), INTERN_NONE);
	intern_deinit(&intern);
}
