/*
 * Where objects stand in history: which commit brought each to which path, and which commits hold a key at all.
 *
 * No diff is computed. Commits are compared with their parents only below the few trees that lead to what is sought
 * (tree_graph.h), so a merge brings what no parent had, a rename is a second path, and a key that left and returned is told twice.
 */
#ifndef STAUNCH_GIT_TRACE_H
#define STAUNCH_GIT_TRACE_H

#include "base/error.h"
#include "git/commit_graph.h"
#include "git/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object_database;

/* A key (a number from 0) stands in this blob. */
struct trace_hit {
	struct object_id id;
	uint32_t key;
};

struct trace_place {
	const struct object_id *object;
	const char *path;
	const struct commit_node *commit; /* NULL: a reference names the tree itself, and no commit */
	bool reachable;
};

struct trace_events {
	void *context;
	/* The commit brought the object to the path: it holds it there and none of its parents does. */
	void (*place)(void *context, const struct trace_place *place);
	/* first and last (by author date) of the commits that hold the key; commits_total of them. Not called for a key that no commit holds. */
	void (*seen)(void *context, uint32_t key, const struct commit_node *first, const struct commit_node *last,
		     uint64_t commits_total, bool at_head);
	/* A ceiling was met: what is told is right but not all. */
	void (*limited)(void *context, const char *detail);
};

/*
 * Trace hits (count of them, in any order) through graph, which is finished and has its reachable commits marked. head is the node of HEAD or
 * COMMIT_MISSING. Events come on the calling thread. Returns 0, or ERROR_INTERRUPTED.
 */
int trace_run(struct object_database *database, const struct commit_graph *graph, uint32_t head,
	      const struct trace_hit *hits, size_t count, unsigned jobs, const volatile int *stop,
	      const struct trace_events *events, struct error *error);

#endif
