/* SPDX-License-Identifier: Apache-2.0
 * What dict.c and placement.c share. */
#ifndef SG_ROLLUP_DICT_PRIVATE_H
#define SG_ROLLUP_DICT_PRIVATE_H

#include "rollup/dict.h"

/* The id of an entry with this encoding, added when new. */
uint32_t dict_add(struct dict *dict, enum dict_kind kind, const void *bytes, size_t len);

/* Makes room for a new placement. */
int placement_learn(struct dict *dict, uint32_t id) SG_MUST_CHECK;
void placements_deinit(struct dict *dict);

#endif
