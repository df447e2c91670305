/* SPDX-License-Identifier: Apache-2.0
 * Version of the settings: the same text for the same meaning of every row. */
#ifndef SG_QUERY_VERSION_H
#define SG_QUERY_VERSION_H

#include "model/settings.h"

#define VERSION_TEXT 17

/* 16 hex digits over tenants, measures, dimensions, grouping sets, stages, KPIs. */
void settings_version(const struct settings *settings, char ret_text[VERSION_TEXT]);

#endif
