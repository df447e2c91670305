/* SPDX-License-Identifier: Apache-2.0 */
#include "store/decide.h"

#include <string.h>

static struct decision take(int row, enum decide_action action)
{
	return (struct decision){action, row};
}

static struct decision stand_by(int row, const struct decide_self *self)
{
	return take(row, self->may_acquire ? DECIDE_ACQUIRE : DECIDE_WATCH);
}

static struct decision decide_absent(const struct decide_self *self)
{
	if (self->holds != HOLDS_STATE)
		return stand_by(1, self);
	if (!self->parent.exists && self->base == 0)
		return take(1, DECIDE_REACQUIRE);
	return take(1, DECIDE_EMPTIED);
}

/* Rows 3 to 6. Flushes are recognised by their id, never by number alone. */
static struct decision decide_mine(const struct record *record, const struct decide_self *self)
{
	bool known = self->kept && strcmp(self->kept, record->flush_id) == 0;
	if (record->generation == self->newest && known)
		return take(3, DECIDE_WRITE);
	if (record->generation >= self->base && record->generation < self->newest && known)
		return take(4, DECIDE_REPLAY);
	if (record->generation < self->base)
		return take(5, DECIDE_LOST);
	return take(6, DECIDE_STOP);
}

struct decision decide(const struct record *record, const struct decide_self *self)
{
	bool has_state = self->holds == HOLDS_STATE;
	if (!record->exists)
		return decide_absent(self);
	if (self->pending[0] && strcmp(record->owner, self->pending) == 0)
		return take(2, has_state ? DECIDE_ADOPT : DECIDE_LOAD);
	bool by_me = !record->released && self->holds != HOLDS_NOTHING && self->id[0] &&
	             strcmp(record->owner, self->id) == 0;
	if (by_me && self->holds == HOLDS_ID)
		return take(2, DECIDE_LOAD);
	if (by_me)
		return decide_mine(record, self);
	if (record->released)
		return self->holds == HOLDS_NOTHING ? stand_by(7, self) : take(7, DECIDE_FENCED);
	if (has_state && self->parent.exists && record_same(record, &self->parent) &&
	    self->base == record->generation)
		return take(8, DECIDE_REACQUIRE);
	return self->holds == HOLDS_NOTHING ? stand_by(9, self) : take(9, DECIDE_FENCED);
}

const char *decide_action_name(enum decide_action action)
{
	static const char *const names[] = {
	    [DECIDE_ACQUIRE] = "acquire",     [DECIDE_WATCH] = "watch", [DECIDE_LOAD] = "load",
	    [DECIDE_ADOPT] = "adopt",         [DECIDE_WRITE] = "write", [DECIDE_REPLAY] = "replay",
	    [DECIDE_REACQUIRE] = "reacquire", [DECIDE_LOST] = "lost",   [DECIDE_FENCED] = "fenced",
	    [DECIDE_EMPTIED] = "emptied",     [DECIDE_STOP] = "stop",
	};
	return names[action];
}
