/* SPDX-License-Identifier: Apache-2.0
 * The decision table: one test per row, and every combination of what the
 * record can hold with what the daemon knows against a plain re-statement. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/decide.h"

#define MINE    "11111111111111111111111111111111"
#define PENDING "22222222222222222222222222222222"
#define PARENT  "33333333333333333333333333333333"
#define OTHER   "44444444444444444444444444444444"
#define FLUSH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FLUSH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct record record_of(const char *owner, uint64_t generation, const char *flush_id,
                               uint64_t beat)
{
	struct record record = {
	    .exists = true, .format_known = true, .generation = generation, .beat = beat};
	snprintf(record.owner, sizeof(record.owner), "%s", owner);
	snprintf(record.flush_id, sizeof(record.flush_id), "%s", flush_id);
	return record;
}

/* An owner that started from PARENT's generation 10 and wrote up to 14. */
static struct decide_self owner(void)
{
	return (struct decide_self){
	    .holds = HOLDS_STATE,
	    .id = MINE,
	    .pending = "",
	    .parent = record_of(PARENT, 10, FLUSH_A, 7),
	    .base = 10,
	    .newest = 14,
	    .kept = FLUSH_B,
	};
}

static void expect(struct record record, struct decide_self self, int row,
                   enum decide_action action)
{
	struct decision decision = decide(&record, &self);
	cr_assert(decision.row == row && decision.action == action, "row %d %s, not row %d %s",
	          decision.row, decide_action_name(decision.action), row,
	          decide_action_name(action));
}

Test(decide, row_1_absent)
{
	struct record none = {.exists = false};
	struct decide_self self = owner();
	expect(none, self, 1, DECIDE_EMPTIED);
	self.parent = (struct record){.exists = false};
	expect(none, self, 1, DECIDE_EMPTIED); /* the ring does not reach generation 1 */
	self.base = 0;
	expect(none, self, 1, DECIDE_REACQUIRE);
	self.holds = HOLDS_NOTHING;
	expect(none, self, 1, DECIDE_WATCH);
	self.may_acquire = true;
	expect(none, self, 1, DECIDE_ACQUIRE);
	self.holds = HOLDS_ID;
	expect(none, self, 1, DECIDE_ACQUIRE);
}

Test(decide, row_2_my_acquisition)
{
	struct decide_self self = owner();
	self.pending = PENDING;
	expect(record_of(PENDING, 10, FLUSH_A, 7), self, 2, DECIDE_ADOPT);
	self.holds = HOLDS_NOTHING;
	self.id = "";
	expect(record_of(PENDING, 10, FLUSH_A, 7), self, 2, DECIDE_LOAD);
	self.holds = HOLDS_ID;
	self.id = MINE;
	self.pending = "";
	expect(record_of(MINE, 10, FLUSH_A, 7), self, 2, DECIDE_LOAD);
}

Test(decide, row_3_newest_is_there)
{
	struct decide_self self = owner();
	expect(record_of(MINE, 14, FLUSH_B, 99), self, 3, DECIDE_WRITE);
	/* just loaded: the base is the newest */
	self.newest = 10;
	expect(record_of(MINE, 10, FLUSH_B, 0), self, 3, DECIDE_WRITE);
}

Test(decide, row_4_replay)
{
	struct decide_self self = owner();
	expect(record_of(MINE, 13, FLUSH_B, 1), self, 4, DECIDE_REPLAY);
	expect(record_of(MINE, 10, FLUSH_B, 1), self, 4, DECIDE_REPLAY);
}

Test(decide, row_5_ring_too_short)
{
	struct decide_self self = owner();
	self.kept = NULL;
	expect(record_of(MINE, 9, FLUSH_A, 1), self, 5, DECIDE_LOST);
	expect(record_of(MINE, 0, RECORD_ZERO_ID, 1), self, 5, DECIDE_LOST);
}

Test(decide, row_6_not_explained)
{
	struct decide_self self = owner();
	expect(record_of(MINE, 14, FLUSH_A, 1), self, 6, DECIDE_STOP);
	expect(record_of(MINE, 12, FLUSH_A, 1), self, 6, DECIDE_STOP);
	self.kept = NULL;
	expect(record_of(MINE, 15, FLUSH_B, 1), self, 6, DECIDE_STOP);
}

Test(decide, row_7_released)
{
	struct record record = record_of(OTHER, 10, FLUSH_A, 1);
	struct decide_self self = {.id = "", .pending = "", .may_acquire = true};
	record.released = true;
	expect(record, self, 7, DECIDE_ACQUIRE);
	self.may_acquire = false;
	expect(record, self, 7, DECIDE_WATCH);
	self = owner();
	expect(record, self, 7, DECIDE_FENCED);
	/* also under my own id and from my own parent */
	snprintf(record.owner, sizeof(record.owner), "%s", MINE);
	expect(record, self, 7, DECIDE_FENCED);
	record = self.parent;
	record.released = true;
	expect(record, self, 7, DECIDE_FENCED);
}

Test(decide, row_8_exactly_my_parent)
{
	struct decide_self self = owner();
	expect(self.parent, self, 8, DECIDE_REACQUIRE);
	self.base = 11; /* the ring has lost the flush after the parent */
	expect(self.parent, self, 9, DECIDE_FENCED);
	self = owner();
	expect(record_of(PARENT, 10, FLUSH_A, 8), self, 9, DECIDE_FENCED); /* it beat since */
	expect(record_of(PARENT, 10, FLUSH_B, 7), self, 9, DECIDE_FENCED);
	expect(record_of(PARENT, 11, FLUSH_A, 7), self, 9, DECIDE_FENCED);
	expect(record_of(OTHER, 10, FLUSH_A, 7), self, 9, DECIDE_FENCED);
}

Test(decide, row_9_fenced)
{
	struct decide_self self = owner();
	struct record record = record_of(OTHER, 14, FLUSH_B, 1);
	record.fence = 1; /* a smaller fence is no less another owner */
	expect(record, self, 9, DECIDE_FENCED);
	record.fence = UINT64_MAX / 2;
	expect(record, self, 9, DECIDE_FENCED);
	self.holds = HOLDS_ID;
	expect(record, self, 9, DECIDE_FENCED);
	self.holds = HOLDS_NOTHING;
	expect(record, self, 9, DECIDE_WATCH);
	self.may_acquire = true;
	expect(record, self, 9, DECIDE_ACQUIRE);
}

/* ---- every combination ---- */

/* What may stand in the record, and what the daemon may know. */
struct combination {
	unsigned holds;      /* 3 */
	unsigned owner;      /* 0 absent, 1 mine, 2 pending, 3 parent's, 4 other */
	unsigned released;   /* 2 */
	unsigned pending;    /* 2: an acquisition is unanswered */
	unsigned generation; /* 0 below the base, 1 base, 2 between, 3 newest, 4 above */
	unsigned known;      /* 0 no flush id kept, 1 another one kept, 2 this one */
	unsigned parent;     /* 0 from nothing, 1 the record is it, 2 but for the beat, 3 other */
	unsigned base;       /* 0: the ring reaches generation 1 */
	unsigned acquire;    /* 2 */
};

static const uint64_t generations[] = {3, 5, 6, 8, 9};

static void build(const struct combination *c, struct record *record, struct decide_self *self)
{
	static const char *const owners[] = {"", MINE, PENDING, PARENT, OTHER};
	static const char *const kept[] = {NULL, FLUSH_A, FLUSH_B};
	uint64_t shift = c->base ? 0 : 5;
	*record = (struct record){.exists = false};
	if (c->owner) {
		uint64_t generation = generations[c->generation];
		/* From nothing there is no generation below the base. */
		*record = record_of(owners[c->owner], generation < shift ? 0 : generation - shift,
		                    FLUSH_B, 40);
		record->released = c->released;
	}
	*self = (struct decide_self){.holds = (enum decide_holds)c->holds,
	                             .id = c->holds == HOLDS_NOTHING ? "" : MINE,
	                             .pending = c->pending ? PENDING : "",
	                             .base = 5 - shift,
	                             .newest = 8 - shift,
	                             .kept = kept[c->known],
	                             .may_acquire = c->acquire};
	if (c->parent == 1 || c->parent == 2)
		self->parent = *record;
	if (c->parent == 2)
		self->parent.beat++;
	if (c->parent == 3)
		self->parent = record_of(OTHER, 1, FLUSH_A, 40);
}

/* The table again, row by row, each with its own condition and no order: the
 * rows that claim the combination. Bit r = row r. */
static unsigned rows_of(const struct record *r, const struct decide_self *s)
{
	unsigned rows = 0;
	bool absent = !r->exists;
	bool acquired = r->exists && s->pending[0] && strcmp(r->owner, s->pending) == 0;
	bool my_id = r->exists && s->holds != HOLDS_NOTHING && strcmp(r->owner, s->id) == 0 &&
	             !r->released && !acquired;
	bool fresh = my_id && s->holds == HOLDS_ID;
	bool mine = my_id && s->holds == HOLDS_STATE;
	bool kept = s->kept && strcmp(s->kept, r->flush_id) == 0;
	bool newest = mine && kept && r->generation == s->newest;
	bool inside = mine && kept && r->generation >= s->base && r->generation < s->newest;
	bool below = mine && !newest && !inside && r->generation < s->base;
	bool foreign = r->exists && !acquired && !my_id;
	bool parent = foreign && !r->released && s->holds == HOLDS_STATE && s->parent.exists &&
	              strcmp(r->owner, s->parent.owner) == 0 &&
	              r->generation == s->parent.generation &&
	              strcmp(r->flush_id, s->parent.flush_id) == 0 && r->beat == s->parent.beat &&
	              s->base == r->generation;
	rows |= absent ? 1U << 1 : 0;
	rows |= acquired || fresh ? 1U << 2 : 0;
	rows |= newest ? 1U << 3 : 0;
	rows |= inside ? 1U << 4 : 0;
	rows |= below ? 1U << 5 : 0;
	rows |= mine && !newest && !inside && !below ? 1U << 6 : 0;
	rows |= foreign && r->released ? 1U << 7 : 0;
	rows |= parent ? 1U << 8 : 0;
	rows |= foreign && !r->released && !parent ? 1U << 9 : 0;
	return rows;
}

/* What may never happen, whatever the row. */
static void check_safety(const struct record *r, const struct decide_self *s,
                         struct decision decision)
{
	bool mine = r->exists && s->id[0] && strcmp(r->owner, s->id) == 0 && !r->released;
	if (decision.action == DECIDE_WRITE || decision.action == DECIDE_REPLAY)
		cr_assert(mine && s->holds == HOLDS_STATE && s->kept &&
		          strcmp(s->kept, r->flush_id) == 0);
	if (decision.action == DECIDE_ACQUIRE)
		cr_assert(s->holds != HOLDS_STATE && s->may_acquire);
	if (decision.action == DECIDE_WATCH)
		cr_assert(s->holds != HOLDS_STATE && !s->may_acquire);
	if (decision.action == DECIDE_REACQUIRE)
		cr_assert(s->holds == HOLDS_STATE && s->base == r->generation);
	if (decision.action == DECIDE_FENCED)
		cr_assert(s->holds != HOLDS_NOTHING && !mine);
	if (decision.action == DECIDE_LOST)
		cr_assert(mine && r->generation < s->base);
}

Test(decide, every_combination_has_one_row)
{
	unsigned long total = 0;
	unsigned long per_row[10] = {0};
	struct combination c;
	for (unsigned long n = 0; n < 3UL * 5 * 2 * 2 * 5 * 3 * 4 * 2 * 2; n++) {
		unsigned long rest = n;
#define TAKE(field, count) (c.field = (unsigned)(rest % (count)), rest /= (count))
		TAKE(holds, 3);
		TAKE(owner, 5);
		TAKE(released, 2);
		TAKE(pending, 2);
		TAKE(generation, 5);
		TAKE(known, 3);
		TAKE(parent, 4);
		TAKE(base, 2);
		TAKE(acquire, 2);
#undef TAKE
		struct record record;
		struct decide_self self;
		build(&c, &record, &self);
		unsigned rows = rows_of(&record, &self);
		struct decision decision = decide(&record, &self);
		cr_assert(rows != 0 && (rows & (rows - 1)) == 0,
		          "combination %lu is claimed by rows %#x", n, rows);
		cr_assert(rows == 1U << decision.row, "combination %lu: row %d, expected %#x", n,
		          decision.row, rows);
		check_safety(&record, &self, decision);
		per_row[decision.row]++;
		total++;
	}
	cr_assert(total == 14400);
	for (int row = 1; row <= 9; row++)
		cr_assert(per_row[row] > 0, "row %d was never reached", row);
}
