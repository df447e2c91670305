/* SPDX-License-Identifier: Apache-2.0
 * How the query layer words a refusal. */
#ifndef SG_QUERY_REFUSE_H
#define SG_QUERY_REFUSE_H

#include "query/params.h"

/* Fills *ret_error and returns err. A NULL detail (out of memory) becomes the
 * error's own rule, a NULL allowed "". */
int query_refuse(struct query_error *ret_error, int err, const char *parameter, const char *detail,
                 const char *allowed);

/* The value itself, or its first 80 bytes and "...". */
const char *query_shown(struct arena *arena, const char *value);

#endif
