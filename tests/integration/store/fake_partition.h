/* SPDX-License-Identifier: Apache-2.0
 * A partition that shows what a store must not do. Every unit of work is
 * written three times over in ways that tell a lost flush and a flush that was
 * written twice apart: appended to a string, pushed on a list, and as the
 * absolute total. */
#ifndef SG_TEST_FAKE_PARTITION_H
#define SG_TEST_FAKE_PARTITION_H

#include "rollup/partition.h"

/* One unit of work. */
void fake_apply(struct partition *partition, uint64_t count);

/* Units applied, and units that readers see. */
uint64_t fake_applied(const struct partition *partition);
uint64_t fake_answered(const struct partition *partition);

/* The next freeze asks for this many pages first. */
void fake_want_pages(struct partition *partition, uint32_t count);
/* Pages that were put; and into all partitions of the process. */
uint64_t fake_pages(const struct partition *partition);
uint64_t fake_all_pages(void);

#endif
