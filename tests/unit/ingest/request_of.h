/* SPDX-License-Identifier: Apache-2.0
 * A batch as the daemon reads it: packed and decoded. */
#ifndef SG_TEST_REQUEST_OF_H
#define SG_TEST_REQUEST_OF_H

#include "ingest/request.h"

/* Everything it points to is in the arena. */
struct ingest_request request_of(const Streamgauge__V1__Batch *batch, struct arena *arena);

#endif
