/* SPDX-License-Identifier: Apache-2.0
 * Texts that must not be stored because they look like they say who somebody is.
 * Suspicion, not proof: it catches what was exported by mistake. */
#ifndef SG_INGEST_PII_H
#define SG_INGEST_PII_H

#include <stdbool.h>

/* True for a text that contains an e-mail address, or that is a telephone number
 * or an IP address as a whole. Plain digits are ids, however many. */
bool pii_suspected(const char *text);

#endif
