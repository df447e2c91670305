/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/delivery_private.h"
#include "cli/origin.h"
#include "cli/refusal.h"

/* The columns that the rejected field was made from; NULL out of memory. */
static const char *find_origin(struct delivery *delivery, const struct item *item,
                               const Streamgauge__V1__Reject *reject)
{
	struct buf text = {0};
	origin_put(&text, &delivery->mapped->items, item, reject->field, reject->code);
	const char *copy = buf_failed(&text)
	                       ? NULL
	                       : arena_strndup(&delivery->arena,
	                                       text.len ? (const char *)text.bytes : "", text.len);
	buf_deinit(&text);
	return copy;
}

/* The item that was rejected, of a commit the first one of its slice; NULL = none, as
 * of a heartbeat. */
static const struct item *find_item(const struct run *run, const struct sent_batch *sent,
                                    const Streamgauge__V1__Reject *reject)
{
	const struct items *items = &run->delivery->mapped->items;
	uint64_t at = pack_item_at(&run->pack, &sent->range, reject->item, reject->index);
	if (reject->item == STREAMGAUGE__V1__REJECT__ITEM__COMMIT) {
		const struct slice *slice =
		    pack_commit_slice(&run->pack, &sent->range, reject->index);
		at = slice ? slice->first : items->count;
	}
	return at < items->count ? &items->list[at] : NULL;
}

static bool keep_reject(struct run *run, const struct sent_batch *sent,
                        const Streamgauge__V1__Reject *reject)
{
	struct delivery *delivery = run->delivery;
	struct reject_places *places = delivery->options->places;
	bool commit = reject->item == STREAMGAUGE__V1__REJECT__ITEM__COMMIT;
	const struct item *item = find_item(run, sent, reject);
	if (places && item && !commit && reject_places_add(places, item->offset) != 0)
		return false;
	if (delivery->reject_count == DELIVERY_REJECTS)
		return true;
	if (!delivery->rejects)
		delivery->rejects =
		    arena_alloc(&delivery->arena, DELIVERY_REJECTS * sizeof(*delivery->rejects));
	if (!delivery->rejects)
		return false;
	const char *origin = item && !commit ? find_origin(delivery, item, reject) : "";
	struct delivery_reject kept = {
	    .line = item ? item->line : 0,
	    .commit = commit,
	    .origin = origin,
	    .field = arena_strndup(&delivery->arena, reject->field, strlen(reject->field)),
	    .code = arena_strndup(&delivery->arena, reject->code, strlen(reject->code)),
	    .detail = arena_strndup(&delivery->arena, reject->detail, strlen(reject->detail)),
	};
	if (!kept.origin || !kept.field || !kept.code || !kept.detail)
		return false;
	delivery->rejects[delivery->reject_count++] = kept;
	return true;
}

static void take_from(uint64_t *count, uint64_t *others)
{
	uint64_t taken = *count < *others ? *count : *others;
	*count -= taken;
	*others -= taken;
}

/* The counts of an acknowledgement cover commits and heartbeats too; users
 * compare with the rows of their files, so these are taken out. */
static void count_ack(struct delivery_counts *counts, const struct sent_batch *sent,
                      const Streamgauge__V1__Ack *ack)
{
	uint64_t others = sent->commits + sent->beats;
	uint64_t accepted = ack->accepted;
	uint64_t not_rolled_up = ack->not_rolled_up;
	uint64_t duplicates = ack->duplicates;
	for (size_t i = 0; i < ack->n_rejects; i++)
		others -= others > 0 &&
		          (ack->rejects[i]->item == STREAMGAUGE__V1__REJECT__ITEM__COMMIT ||
		           ack->rejects[i]->item == STREAMGAUGE__V1__REJECT__ITEM__HEARTBEAT);
	uint64_t good = others;
	take_from(&accepted, &others);
	*(sent->commits > 0 ? &counts->slices : &counts->beats) += good - others;
	take_from(&not_rolled_up, &others);
	take_from(&duplicates, &others);
	counts->accepted += accepted;
	counts->duplicates += duplicates;
	counts->unchanged += ack->unchanged;
	counts->stale += ack->stale;
	counts->not_rolled_up += not_rolled_up;
	counts->rejected += ack->rejected;
}

enum step run_ack(struct run *run, const Streamgauge__V1__Ack *ack)
{
	struct delivery *delivery = run->delivery;
	uint32_t at = 0;
	while (at < run->window_count && run->window[at].sequence != ack->sequence)
		at++;
	if (at == run->window_count)
		return STEP_OK;
	struct sent_batch sent = run->window[at];
	count_ack(&delivery->counts, &sent, ack);
	for (size_t i = 0; i < ack->n_rejects; i++)
		if (!keep_reject(run, &sent, ack->rejects[i]))
			return run_stop_nomem(run);
	(void)snprintf(delivery->level, sizeof(delivery->level), "%s", ack->level);
	run->window_count--;
	memmove(&run->window[at], &run->window[at + 1],
	        (run->window_count - at) * sizeof(run->window[0]));
	uint64_t behind = sent.range.first + sent.range.count - delivery->first;
	if (behind > run->acked_items)
		run->acked_items = behind;
	run->acked = ack->sequence > run->acked ? ack->sequence : run->acked;
	run->beat_acked = run->beat_acked || sent.beats > 0;
	run_come_forward(run);
	return STEP_OK;
}

enum step run_error(struct run *run, const Streamgauge__V1__Error *error)
{
	char text[400];
	if (strcmp(error->code, "batch_too_wide") == 0 && run->max_items > 1) {
		run->max_items = run->max_items > 4 ? run->max_items / 4 : 1;
		return STEP_RECONNECT;
	}
	const struct refusal_rule *rule = refusal_rule_of(error->code);
	(void)snprintf(text, sizeof(text), "%s: %s%s", error->code, error->detail, rule->advice);
	run->told_to_wait = rule->again;
	(void)run_stop(run, rule->end, text);
	return rule->again ? STEP_RECONNECT : STEP_STOP;
}
