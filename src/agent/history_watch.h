/*
 * Looks from time to time after the history: whether its directory has come, whether something keeps it in memory only,
 * and whether what was said of lock-outs is on its disk. What a former run has left of the doors may come late, and then
 * the garage goes on from there. Loop thread only.
 */
#ifndef PORTCULLIS_AGENT_HISTORY_WATCH_H
#define PORTCULLIS_AGENT_HISTORY_WATCH_H

#include "base/loop.h"
#include "garage/garage.h"
#include "history/history.h"

/* The members belong to history_watch.c; problem is for all to read: as struct history_status has it. */
struct history_watch {
	struct loop *loop;
	struct garage *garage;
	struct history *history;
	void (*changed)(void *user);
	void *user;
	struct loop_timer timer;
	char problem[HISTORY_PROBLEM_MAX];
};

/* Looks from now on. changed is called when problem is another, and when what a former run has left has come. Borrows
 * what it is given. */
void history_watch_start(struct history_watch *watch, struct loop *loop, struct garage *garage, struct history *history,
		void (*changed)(void *user), void *user);

/* For struct history_config: looks at once. watch may not be started yet. */
void history_watch_changed(void *watch);

#endif
