/* SPDX-License-Identifier: Apache-2.0 */
#include "query/evidence.h"

#include <string.h>

_Static_assert(MODEL_MEASURES <= UINT8_MAX + 1, "a kind fits its byte");

/* Which sources ever reported a measure, bit = place in the feeds. */
struct feeders {
	uint64_t *bits; /* `words` of each measure, then of each kind's first measure */
	uint32_t words;
};

static uint64_t *feeders_of(const struct feeders *feeders, uint32_t measure)
{
	return feeders->bits + (size_t)measure * feeders->words;
}

static int read_feeders(const struct feeds *feeds, uint32_t measures, struct arena *arena,
                        struct feeders *ret_feeders)
{
	struct feeders feeders = {.words = feeds->count / 64 + 1};
	feeders.bits =
	    arena_zalloc(arena, ((size_t)measures + 1) * feeders.words * sizeof(uint64_t));
	if (!feeders.bits)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < feeds->count; i++) {
		const uint64_t *has = feeds->items[i].source->published.measures;
		for (uint32_t m = 0; m < measures; m++)
			if (has[m / 64] >> (m % 64) & 1)
				feeders_of(&feeders, m)[i / 64] |= (uint64_t)1 << i % 64;
	}
	*ret_feeders = feeders;
	return 0;
}

static bool is_empty(const struct feeders *feeders, uint32_t measure)
{
	for (uint32_t i = 0; i < feeders->words; i++)
		if (feeders_of(feeders, measure)[i])
			return false;
	return true;
}

static bool is_within(const struct feeders *feeders, uint32_t part, uint32_t whole)
{
	for (uint32_t i = 0; i < feeders->words; i++)
		if (feeders_of(feeders, part)[i] & ~feeders_of(feeders, whole)[i])
			return false;
	return true;
}

/* Numbers the kinds; firsts[k] = a measure of kind k. */
static void number_kinds(const struct feeders *feeders, const struct catalog *catalog,
                         struct evidence *evidence, uint8_t firsts[MODEL_MEASURES])
{
	for (uint32_t m = 0; m < catalog->measure_count; m++) {
		uint32_t kind = 0;
		while (kind < evidence->kind_count &&
		       (catalog->measures[firsts[kind]].layer != catalog->measures[m].layer ||
		        memcmp(feeders_of(feeders, firsts[kind]), feeders_of(feeders, m),
		               feeders->words * sizeof(uint64_t)) != 0))
			kind++;
		if (kind == evidence->kind_count)
			firsts[evidence->kind_count++] = (uint8_t)m;
		evidence->kinds[m] = (uint8_t)kind;
		evidence->reported[m] = !is_empty(feeders, m);
	}
	evidence->words = (evidence->kind_count + 63) / 64;
}

int evidence_read(const struct feeds *feeds, const struct catalog *catalog, struct arena *arena,
                  struct evidence *ret_evidence)
{
	struct feeders feeders;
	uint8_t firsts[MODEL_MEASURES];
	int err = read_feeders(feeds, catalog->measure_count, arena, &feeders);
	if (err != 0)
		return err;
	memset(ret_evidence, 0, sizeof(*ret_evidence));
	number_kinds(&feeders, catalog, ret_evidence, firsts);
	for (uint32_t m = 0; m < catalog->measure_count; m++) {
		const struct measure *measure = &catalog->measures[m];
		for (uint32_t kind = 0; kind < ret_evidence->kind_count; kind++) {
			bool beside = measure->sparse &&
			              catalog->measures[firsts[kind]].layer == measure->layer;
			if (!is_empty(&feeders, firsts[kind]) &&
			    (beside || is_within(&feeders, firsts[kind], m)))
				ret_evidence->proofs[m][kind / 64] |= (uint64_t)1 << kind % 64;
		}
	}
	return 0;
}

bool evidence_knows(const struct evidence *evidence, const uint64_t *met, uint16_t measure)
{
	if (!evidence->reported[measure] || !met)
		return evidence->reported[measure];
	for (uint32_t i = 0; i < evidence->words; i++)
		if (met[i] & evidence->proofs[measure][i])
			return true;
	return false;
}

bool evidence_knows_side(const struct evidence *evidence, const struct catalog *catalog,
                         const uint64_t *met, const struct linear *side)
{
	unsigned named = 0;
	unsigned known = 0;
	for (uint32_t i = 0; i < side->count; i++) {
		const struct measure *measure = &catalog->measures[side->terms[i].measure];
		unsigned layer = 1u << measure->layer;
		named |= layer;
		if (evidence_knows(evidence, met, side->terms[i].measure))
			known |= layer;
		else if (!measure->sparse)
			return false;
	}
	return named == known;
}
