/* SPDX-License-Identifier: Apache-2.0
 * The decision table: what the owner of a partition does with a state record
 * that it read, or that a refused script returned. The first row that matches.
 *
 * base     generation which the oldest flush of the ring follows
 * newest   newest generation that was ever sent
 * kept     the flush id that the daemon itself knows for a generation
 *
 *  1  absent                  started from nothing and the ring reaches
 *                             generation 1: re-acquire, replay; held state and
 *                             cannot: stop; held nothing: acquire
 *  2  owner = the id of my    it succeeded: load, or adopt the id and decide
 *     acquisition             again by rows 3-6
 *  3  mine, newest, kept      write
 *  4  mine, base..newest,kept replay from the next generation
 *  5  mine, below base        the ring is too short
 *  6  mine, anything else     stop, never write
 *  7  released                not mine: acquire after the watch
 *  8  exactly my parent, and  my acquisition was lost and nobody wrote since:
 *     base is its generation  re-acquire, replay
 *  9  anything else           fenced: drop all; who holds nothing watches
 *
 * The fence number decides nothing. */
#ifndef SG_STORE_DECIDE_H
#define SG_STORE_DECIDE_H

#include "store/record.h"

enum decide_holds {
	HOLDS_NOTHING, /* no id; perhaps an unanswered acquisition */
	HOLDS_ID,      /* owner by an answered acquisition, nothing loaded yet */
	HOLDS_STATE,   /* loaded; perhaps with an unanswered re-acquisition */
};

struct decide_self {
	enum decide_holds holds;
	const char *id;      /* owner id, "" = none */
	const char *pending; /* id of the unanswered acquisition, "" = none */
	/* The record that the acquisition compared; exists = false: from nothing. */
	struct record parent;
	uint64_t base;
	uint64_t newest;
	const char *kept; /* flush id kept for the record's generation, NULL = none */
	/* Watch and grace have passed, or a lock proves that nobody else is there. */
	bool may_acquire;
};

enum decide_action {
	DECIDE_ACQUIRE,   /* compare-and-set from the record, then load */
	DECIDE_WATCH,     /* read again until the watch has passed */
	DECIDE_LOAD,      /* the (pending) id is mine: load */
	DECIDE_ADOPT,     /* the pending id is mine: forget the old one, decide again */
	DECIDE_WRITE,     /* nothing is in flight any more */
	DECIDE_REPLAY,    /* send the generation after the record's from the ring */
	DECIDE_REACQUIRE, /* compare-and-set under a new id, then replay */
	DECIDE_LOST,      /* drop what was loaded, acquire under a new id, load */
	DECIDE_FENCED,    /* drop all, forget the id */
	DECIDE_EMPTIED,   /* stop: Redis lost everything, the ring does not reach back */
	DECIDE_STOP,      /* stop: a state that nothing of mine explains */
};

struct decision {
	enum decide_action action;
	int row;
};

/* Pure and total. */
struct decision decide(const struct record *record, const struct decide_self *self);

const char *decide_action_name(enum decide_action action);

#endif
