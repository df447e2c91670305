/* SPDX-License-Identifier: Apache-2.0
 * Derive: dimension values that rules make of campaigns at query time, so that
 * mending a rule needs no rebuild.
 *
 * A derived value is a value id as well: the stored one of the dimension where its
 * text is stored (so that a channel is one group however it came about), else one
 * from DERIVE_FIRST on, of the settings' own texts. */
#ifndef SG_QUERY_DERIVE_H
#define SG_QUERY_DERIVE_H

#include "model/rule.h"
#include "query/plan.h"

#define DERIVE_FIRST        0x80000000u /* below: value ids; VIEW_NO_VALUE lies above all */
#define DERIVE_UNCLASSIFIED DERIVE_FIRST

/* The kind of rule that makes the values of a dimension; RULE_TARGETS = they are
 * stored. A channel is made where there are rules for it. */
enum rule_target derive_target(const struct settings *settings, uint8_t dim);

/* Gives the plan a memo, so that lenses which see the same campaigns apply the rules
 * to each once. Without one all is as well, but slower. ERR_NOMEM. */
int derive_begin(struct plan *plan, const struct partition *partition,
                 struct arena *arena) SG_MUST_CHECK;

/* What the rules make of a cell's group. Without a matching rule: the stored
 * channel; else `unclassified` where there is a campaign; else no value. */
uint32_t derive_value(const struct plan *plan, const struct lens *lens,
                      const struct partition *partition, enum rule_target target,
                      const struct view_group *group);

/* Text of a value id or a derived one. */
const char *derive_text(const struct plan *plan, const struct partition *partition, uint32_t value);

/* The value a filter's text stands for; VIEW_UNKNOWN_VALUE = nothing can have it. */
uint32_t derive_find(const struct plan *plan, const struct partition *partition,
                     enum rule_target target, const char *text);

#endif
