/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "ingest/pii.h"

static const struct {
	const char *text;
	bool suspected;
} texts[] = {
    {"ana.lopez@example.com", true},
    {"Ana <ana@example.co.uk>", true},
    {"mailto:a@b.de", true},
    {"+49 170 1234567", true},
    {"+491701234567", true},
    {"(030) 123 45 67", true},
    {"0170/123 45 67", true},
    {"0170-1234567", true},
    {"555-123-4567", true},
    {"192.168.0.1", true},
    {"2001:db8::1", true},
    {"::1", true},
    {"", false},
    {"18-24", false},
    {"DE", false},
    {"10234567", false},
    {"00000001234", false},
    {"001-000123", false},
    {"0001-0042", false},
    {"20261121-0042", false},
    {"2026-11-21", false},
    {"2026-11-21 10.30", false},
    {"+5", false},
    {"4.5", false},
    {"1.2.3", false},
    {"300.1.1.1", false},
    {"@home", false},
    {"a@b", false},
    {"12:30", false},
    {"google_ads:9935249409", false},
    {"b5a1c2d3-7f10-4c0e-9a77-000000000042", false},
};

Test(pii, what_looks_like_a_person)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_assert_eq(pii_suspected(texts[i].text), texts[i].suspected, "%s", texts[i].text);
}
