/* SPDX-License-Identifier: Apache-2.0
 * Evidence: is a measure 0 in a group, or does nobody tell? The whole rule:
 *
 * side     the numerator or the denominator of a KPI. It is *known* in a group
 *          and bucket when its measures are known in the group, and it has cells
 *          in the bucket, or every source that feeds it is complete for the
 *          bucket and no period was left out. A known side without cells is 0.
 *          An unknown side, or a denominator of 0, makes the row no_data.
 * measure  is known in a group when the group has, in the range, a cell of it, or
 *          a cell that only a source which feeds it too can have brought: that
 *          source reported something there and left the measure out, or reported
 *          it as zero. So a channel in which nobody buys media has no spend, and
 *          no cost per click of 0.00. The one group of an answer without `by` and
 *          `filter` is everything there is: there a measure is known as soon as
 *          any source ever reported it.
 * sparse   measures are left out where they are zero. One that was ever reported
 *          is known in a group with a cell of any measure of its layer. One that
 *          never was is 0 beside another known measure of its layer.
 *
 * Cells do not name their source. So which sources can have brought one is read
 * off its measure: those that ever reported that measure. */
#ifndef SG_QUERY_EVIDENCE_H
#define SG_QUERY_EVIDENCE_H

#include "query/feed.h"

#define EVIDENCE_WORDS (MODEL_MEASURES / 64)

/* kind  measures of one layer that the same sources reported: their cells prove
 *       the same. Bit k of a mask stands for kind k. */
struct evidence {
	uint32_t kind_count;
	uint32_t words; /* of the masks that are in use */
	uint8_t kinds[MODEL_MEASURES];
	bool reported[MODEL_MEASURES]; /* by any source, ever */
	/* A group with a cell of one of these kinds knows the measure. */
	uint64_t proofs[MODEL_MEASURES][EVIDENCE_WORDS];
};

/* ERR_NOMEM. */
int evidence_read(const struct feeds *feeds, const struct catalog *catalog, struct arena *arena,
                  struct evidence *ret_evidence) SG_MUST_CHECK;

/* `met` = kinds of the cells of the group; NULL = the group is everything. */
bool evidence_knows(const struct evidence *evidence, const uint64_t *met, uint16_t measure);

/* All measures of the side are known, but for sparse ones; and of each of its
 * layers at least one is. */
bool evidence_knows_side(const struct evidence *evidence, const struct catalog *catalog,
                         const uint64_t *met, const struct linear *side);

#endif
