/* SPDX-License-Identifier: Apache-2.0
 * The lists of a mapping file, entry by entry -> shapes. Internal to the
 * mapping loader; all return 0, ERR_CONFIG with loader->error, or ERR_NOMEM. */
#ifndef SG_MAPPING_MAPPING_ENTRIES_H
#define SG_MAPPING_MAPPING_ENTRIES_H

#include "mapping/mapping_rules.h"

/* Every list that the class of the mapping may have. */
int entries_parse(struct loader *loader, const struct yaml_node *root) SG_MUST_CHECK;

/* `where`, `with` and `without` of an entry. */
int entry_common(struct loader *loader, const struct yaml_node *node,
                 struct shape *shape) SG_MUST_CHECK;

/* Adds the shape once it agrees with those that share its report. */
int entry_add(struct loader *loader, const struct yaml_node *node,
              struct shape *shape) SG_MUST_CHECK;

/* Entries of `responses`, `aggregates`, `gauges` and `rates`. */
int entry_response(struct loader *loader, const struct yaml_node *node) SG_MUST_CHECK;
int entry_aggregate(struct loader *loader, const struct yaml_node *node) SG_MUST_CHECK;
int entry_gauge(struct loader *loader, const struct yaml_node *node) SG_MUST_CHECK;
int entry_rate(struct loader *loader, const struct yaml_node *node) SG_MUST_CHECK;

/* {from, to}, {month}, {quarter}, {column, days, since} or {column, dates},
 * with `form` and `zone`. */
int rule_wave(struct loader *loader, const struct yaml_node *node,
              struct wave_rule *ret_rule) SG_MUST_CHECK;

#endif
