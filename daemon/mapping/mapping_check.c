/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping/mapping_check.h"

#include <stdio.h>
#include <string.h>

struct check {
	const struct mapping *mapping;
	const struct catalog *catalog;
	mapping_finding_cb found;
	void *ctx;
};

static enum amount_kind kind_of(const struct measure *measure)
{
	return measure->money        ? MEASURE_MONEY
	       : measure->scale == 6 ? MEASURE_FRACTION
	                             : MEASURE_COUNT;
}

static void check_measure(const struct check *check, const struct measure_rule *rule, bool gauge)
{
	static const char *const kinds[] = {"count", "money", "fraction", "exchange"};
	const char *name = check->mapping->names[rule->name];
	struct mapping_finding finding = {.line = rule->line};
	int index = catalog_measure(check->catalog, name, strlen(name));
	if (index < 0) {
		(void)snprintf(finding.text, sizeof(finding.text),
		               "the measure `%.80s` is not configured: rows that bear it are "
		               "rejected",
		               name);
		check->found(check->ctx, check->mapping, &finding);
		return;
	}
	if (gauge && check->catalog->measures[index].kind != MEASURE_GAUGE) {
		finding.wrong = true;
		(void)snprintf(finding.text, sizeof(finding.text),
		               "`%.80s` is configured as a sum and stands under `gauges`: sums "
		               "come as report rows or events",
		               name);
		check->found(check->ctx, check->mapping, &finding);
		return;
	}
	enum amount_kind kind = kind_of(&check->catalog->measures[index]);
	if (kind == rule->kind)
		return;
	finding.wrong = true;
	(void)snprintf(
	    finding.text, sizeof(finding.text),
	    "`%.80s` is configured with the kind %s and would be sent as %s, which counts "
	    "in another unit: write `kind: %s`",
	    name, kinds[kind], kinds[rule->kind], kinds[kind]);
	check->found(check->ctx, check->mapping, &finding);
}

static void check_dim(const struct check *check, const struct dim_rule *rule)
{
	const char *name = check->mapping->names[rule->name];
	struct mapping_finding finding = {.line = rule->line};
	if (catalog_dim(check->catalog, name, strlen(name)) >= 0)
		return;
	(void)snprintf(finding.text, sizeof(finding.text),
	               "the dimension `%.80s` is not configured: rows that bear it are rejected",
	               name);
	check->found(check->ctx, check->mapping, &finding);
}

/* Shapes that unfold from one entry share its rules: each is told once. */
static bool measure_told(const struct mapping *mapping, uint32_t shape,
                         const struct measure_rule *rule)
{
	for (uint32_t i = 0; i < shape; i++)
		for (uint32_t j = 0; j < mapping->shapes[i].measure_count; j++)
			if (mapping->shapes[i].measures[j].line == rule->line &&
			    mapping->shapes[i].measures[j].name == rule->name)
				return true;
	return false;
}

static bool dim_told(const struct mapping *mapping, uint32_t shape, const struct dim_rule *rule)
{
	for (uint32_t i = 0; i < shape; i++)
		for (uint32_t j = 0; j < mapping->shapes[i].dims.count; j++)
			if (mapping->shapes[i].dims.rules[j].line == rule->line &&
			    mapping->shapes[i].dims.rules[j].name == rule->name)
				return true;
	return false;
}

void mapping_check(const struct mapping *mapping, const struct catalog *catalog,
                   mapping_finding_cb found, void *ctx)
{
	struct check check = {mapping, catalog, found, ctx};
	for (uint32_t i = 0; i < mapping->shape_count; i++) {
		const struct shape *shape = &mapping->shapes[i];
		bool own = shape->kind == SHAPE_RESPONSE || shape->kind == SHAPE_AGGREGATE ||
		           shape->kind == SHAPE_RATE;
		for (uint32_t j = 0; !own && j < shape->measure_count; j++)
			if (!measure_told(mapping, i, &shape->measures[j]))
				check_measure(&check, &shape->measures[j],
				              shape->kind == SHAPE_GAUGE);
		for (uint32_t j = 0; j < shape->dims.count; j++)
			if (!dim_told(mapping, i, &shape->dims.rules[j]))
				check_dim(&check, &shape->dims.rules[j]);
	}
}
