/* SPDX-License-Identifier: Apache-2.0
 * Labels of dimension values inside the roll-up: names, what campaigns are for
 * and who reports them (store.proto Label). */
#ifndef SG_ROLLUP_LABELS_H
#define SG_ROLLUP_LABELS_H

#include "base/buf.h"
#include "rollup/partition.h"

void labels_deinit(struct partition *partition);

/* Appends the Label of the value. */
void label_encode(const struct partition *partition, uint32_t value, struct buf *buf);

/* Takes a stored Label; ERR_MALFORMED. */
int label_decode(struct partition *partition, uint32_t value, struct cursor in) SG_MUST_CHECK;

#endif
