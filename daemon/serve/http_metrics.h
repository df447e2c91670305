/* SPDX-License-Identifier: Apache-2.0
 * What /metrics shows, as a table for people; the rows are serve/metrics.def. */
#ifndef SG_SERVE_HTTP_METRICS_H
#define SG_SERVE_HTTP_METRICS_H

#include "base/buf.h"

/* Sources of a tenant that have series of their own: those that sent most. */
#define METRICS_SOURCES 1000

/* One line per metric: name, type, labels, help. */
void http_metrics_list(struct buf *out);

#endif
