/*
 * Which commits a CI job is about, from the variables that its system sets. Private to cli/.
 */
#ifndef STAUNCH_CLI_CI_H
#define STAUNCH_CLI_CI_H

#include "base/error.h"

#include <stdbool.h>

struct ci_range {
	const char *system; /* "GitHub Actions"; static */
	char *base;         /* owned: what is known already; NULL: all that leads to head is looked at */
	char *head;         /* owned */
	char *base_else;    /* owned: what counts for a base that a whole clone lacks, as after a force push; or NULL */
	bool base_is_branch; /* base is a branch that head may be the tip of: then all that leads to it is looked at */
	char *why;          /* owned: what it was taken from, for people */
	const char *if_missing; /* static: how to have this system clone enough */
};

/*
 * Find out. Returns 0; ERROR_NOT_FOUND where no CI system is recognised, ERROR_CONFIGURATION where its variables do not say. *range is to be
 * released in each case.
 */
int ci_range_find(struct ci_range *range, struct error *error);
void ci_range_release(struct ci_range *range);

/* The webhook event of GitHub (GITHUB_EVENT_PATH): the members that a range comes from, each owned, NULL where it has none. */
struct ci_event {
	char *pull_base, *pull_head;   /* pull_request.base.sha, .head.sha */
	char *group_base, *group_head; /* merge_group.base_sha, .head_sha */
	char *before, *after, *default_branch; /* of a push */
	bool forced;
};
int ci_event_read(struct ci_event *event, const char *path, struct error *error);
void ci_event_release(struct ci_event *event);

#endif
