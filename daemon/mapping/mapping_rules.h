/* SPDX-License-Identifier: Apache-2.0
 * The rules inside a mapping file: YAML nodes -> value, dimension, measure,
 * period and instant rules. Internal to the mapping loader. */
#ifndef SG_MAPPING_MAPPING_RULES_H
#define SG_MAPPING_MAPPING_RULES_H

#include "mapping/mapping.h"
#include "settings/yaml_tree.h"

struct loader {
	struct mapping *mapping;
	struct settings_error *error;
};

/* All return 0, ERR_CONFIG with loader->error, or ERR_NOMEM. */

/* The reference of the column that the scalar names, added when new. */
int rule_column(struct loader *loader, const struct yaml_node *node,
                uint16_t *ret_column) SG_MUST_CHECK;

/* The reference of a name of the contract: a dimension or an item, or with
 * `layer` a measure that may bear `@layer`. */
int rule_name(struct loader *loader, const struct yaml_node *node, bool layer,
              uint16_t *ret_name) SG_MUST_CHECK;

/* The same of a label, `campaign` or `campaign.objective`. */
int rule_label(struct loader *loader, const struct yaml_node *node,
               uint16_t *ret_name) SG_MUST_CHECK;

/* The reference of a name that the loader itself uses. */
int rule_own_name(struct loader *loader, const struct yaml_node *node, const char *name,
                  uint16_t *ret_name) SG_MUST_CHECK;

/* A text or a list of texts. */
int rule_texts(struct loader *loader, const struct yaml_node *node,
               struct text_list *ret_list) SG_MUST_CHECK;

/* {text: text, ...}. */
int rule_swaps(struct loader *loader, const struct yaml_node *node, struct text_swap **ret_swaps,
               uint32_t *ret_count) SG_MUST_CHECK;

/* {column: value | [values], ...}: the record counts only if all hold. */
int rule_filters(struct loader *loader, const struct yaml_node *node,
                 struct filter_rule **ret_filters, uint32_t *ret_count) SG_MUST_CHECK;

/* `form` of a map, iso when it is not given. */
int rule_form(struct loader *loader, const struct yaml_node *node,
              enum when_form *ret_form) SG_MUST_CHECK;

/* `name` (a column), {column: name}, {columns: [a, b], join: "-"} or
 * {constant: text}, with `map`, `other`, `optional`, `strip`. */
int rule_value(struct loader *loader, const struct yaml_node *node,
               struct value_rule *ret_rule) SG_MUST_CHECK;

/* {name: value, ...}, added to those that *rules holds already. */
int rule_dims(struct loader *loader, const struct yaml_node *node, bool labels,
              struct dim_rules *rules) SG_MUST_CHECK;

/* {column | product, kind, scale, round, whole, optional}. */
int rule_measure(struct loader *loader, const struct yaml_node *node,
                 struct measure_rule *rule) SG_MUST_CHECK;

/* {measure: {column | product, kind, scale, round, optional}, ...}, added to
 * those of the shape. */
int rule_measures(struct loader *loader, const struct yaml_node *node,
                  struct shape *shape) SG_MUST_CHECK;

/* {day: c}, {week: c}, {days: n, from: c}, {month: c}, {hour: c},
 * {day: c, hour: h} or {from: c, to: d}, with `form`. */
int rule_period(struct loader *loader, const struct yaml_node *node,
                struct period_rule *ret_rule) SG_MUST_CHECK;

/* `name` (a column) or {column, form, zone}. */
int rule_instant(struct loader *loader, const struct yaml_node *node,
                 struct instant_rule *ret_rule) SG_MUST_CHECK;

#endif
