/* SPDX-License-Identifier: Apache-2.0
 * The parts of settings_load(). Everything they make lives in the catalog's
 * arena, the YAML trees included, so that settings may point into them. */
#ifndef SG_SETTINGS_LOADER_H
#define SG_SETTINGS_LOADER_H

#include "settings/schema.h"

/* Top-level keys of streamgauge.yaml. */
struct loader_root {
	uint32_t version;
	const char *state_dir, *redis_binary, *mappings_dir, *presets_dir;
	uint32_t flush_min_ms, lateness_grace_minutes;
	struct yaml_node *listen, *retention, *limits, *dedup;
	struct yaml_node *redis, *access, *privacy, *fx, *emit, *rules;
	struct yaml_node *tenant_defaults, *tenants;
	struct yaml_node *measures, *event_types, *dimensions, *grouping_sets, *stages, *kpis;
};

struct loader {
	struct settings *settings;
	struct arena *arena;
	struct settings_error *error;
	const char *dir; /* of streamgauge.yaml */
	struct yaml_node *top;
	struct loader_root root;
};

extern const struct schema root_schema, listen_schema, retention_schema, limits_schema,
    dedup_schema, defaults_schema, tenant_schema, measure_schema, dimension_schema, stage_schema,
    redis_schema, access_schema, privacy_schema, fx_schema, emit_schema, rules_schema, rule_schema,
    when_schema, kpi_schema, survey_schema, survey_of_schema;

/* Says so in the error; ERR_NOMEM. */
int loader_nomem(struct loader *loader);

/* The path as it is when absolute or empty, else below the settings file. */
int loader_path(struct loader *loader, const char *path, const char **ret_path) SG_MUST_CHECK;

/* A label for an id: "engaged_sessions" = "Engaged sessions"; NULL out of memory. */
const char *loader_label(struct loader *loader, const char *id);

/* The entries of a section: written out, or `{preset: NAME, add: ..., remove:
 * [id, ...]}` over presets/<section>.yaml. An entry of `add` replaces the
 * preset's of the same key. `given` may be NULL: the preset `default`. */
int section_load(struct loader *loader, const char *section, enum yaml_kind kind,
                 struct yaml_node *given, struct yaml_node **ret_entries) SG_MUST_CHECK;

/* Three capital letters, as the value of `key`; `node` is where it stands. */
int loader_currency(struct loader *loader, const struct yaml_node *node, const char *key,
                    const char *code, char ret_currency[4]) SG_MUST_CHECK;

/* A value of a dimension: 1 to MODEL_VALUE_MAX bytes, no control characters, not
 * one of the daemon's own. */
int loader_value(struct loader *loader, const struct yaml_node *node,
                 const char **ret_value) SG_MUST_CHECK;

/* A measure that is a count, `name` as `key` of the map gave it; -1 for no name. */
int loader_count(struct loader *loader, const struct yaml_node *map, const char *key,
                 const char *name, int *ret_measure) SG_MUST_CHECK;

/* True for what a preset says: it serves whatever else is configured, so that
 * what it names beyond that is no mistake. */
bool loader_is_preset(const struct loader *loader, const struct yaml_node *node);

/* "upstream", "downstream", NULL */
extern const char *const loader_orientations[];

/* `survey: {...}` of a KPI. */
int load_survey(struct loader *loader, const struct yaml_node *map,
                const struct kpi_survey **ret_survey) SG_MUST_CHECK;
/* "share(tracker/aided: yes)", to be read by people; NULL out of memory. */
const char *survey_text(struct loader *loader, const struct kpi_survey *survey);

/* The daemon's own measures and dimensions: refused where they are configured,
 * and put behind what is. The lists have room for that many more. */
#define LOADER_OWN_MEASURES 5
#define LOADER_OWN_DIMS     4
int builtin_check_measure(struct loader *loader, const struct yaml_node *key,
                          const char *id) SG_MUST_CHECK;
int builtin_check_dimension(struct loader *loader, const struct yaml_node *key) SG_MUST_CHECK;
void builtin_measures(struct catalog *catalog);
void builtin_dimensions(struct catalog *catalog);

/* In the order in which they are called: later ones look up what earlier ones made. */
int load_daemon(struct loader *loader) SG_MUST_CHECK;     /* paths, listen, limits ... */
int load_outside(struct loader *loader) SG_MUST_CHECK;    /* redis, access, privacy, fx, emit */
int load_dimensions(struct loader *loader) SG_MUST_CHECK; /* and grouping sets */
int load_measures(struct loader *loader) SG_MUST_CHECK;   /* and event types */
int load_tenants(struct loader *loader) SG_MUST_CHECK;
int load_stages(struct loader *loader) SG_MUST_CHECK;
int load_rules(struct loader *loader) SG_MUST_CHECK;
int load_kpis(struct loader *loader) SG_MUST_CHECK;

#endif
