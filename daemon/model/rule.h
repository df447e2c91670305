/* SPDX-License-Identifier: Apache-2.0
 * Rules: campaign -> channel, stage or orientation. */
#ifndef SG_MODEL_RULE_H
#define SG_MODEL_RULE_H

#include "model/settings.h"

/* What is known of a campaign; NULL = not known. */
struct rule_subject {
	const char *fields[RULE_FIELDS];
};

/* The value that the first matching rule sets; NULL when none matches. A condition
 * on the source takes the whole name or its platform; one on the name is a
 * pattern in which * stands for any text and ? for any character, upper and lower
 * case alike. */
const char *rule_find(const struct rule_list *rules, const struct rule_subject *subject);

#endif
