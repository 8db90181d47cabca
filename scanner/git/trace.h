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

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object_database;
struct tree_name;

/* A key (a number from 0) stands in this blob, or in the name of this id (tree_graph.h). */
struct trace_hit {
	struct object_id id;
	uint32_t key;
};

struct trace_place {
	const struct object_id *object;
	bool is_name; /* the path ends in the name of this id */
	const char *path;
	const struct commit_node *commit; /* NULL: a reference names the tree itself, and no commit */
	bool reachable;
};

/* A name that leads to a commit: a reference, or an entry of a reflog. */
struct trace_tip {
	char *name;      /* "refs/heads/main", "HEAD@{2}" */
	uint32_t commit; /* its node */
	bool is_reflog;
};

/* The life of a key. Commits are compared by author date. */
struct trace_life {
	uint32_t key;
	const struct commit_node *first, *last; /* of the commits that hold it */
	const struct commit_node *removed;      /* the last commit that lacks it while all its parents hold it; NULL: none */
	uint64_t commits_total;                 /* commits that hold it */
	bool at_head;
	/* The tips whose history holds it, in the order given: references, or, when there is none, reflog entries. */
	const struct trace_tip *const *tips;
	size_t tip_count;
};

struct trace_events {
	void *context;
	/* The commit brought the object to the path: it holds it there and none of its parents does. */
	void (*place)(void *context, const struct trace_place *place);
	/* Called once for each key that some commit holds. */
	void (*life)(void *context, const struct trace_life *life);
	/* A ceiling was met: what is told is right but not all. */
	void (*limited)(void *context, const char *detail);
};

/* What to trace, borrowed for the call. */
struct trace_request {
	struct object_database *database;
	const struct commit_graph *graph; /* finished, its reachable commits marked */
	uint32_t head;                    /* the node of HEAD, or COMMIT_MISSING */
	const struct trace_tip *tips;     /* tip_count of them */
	size_t tip_count;
	const struct object_id *trees;    /* tree_count of them: that references name, and no commit */
	size_t tree_count;
	const struct trace_hit *hits;     /* hit_count of them, in any order */
	size_t hit_count;
	const struct tree_name *names;    /* name_count of them, in the order of their bytes: hits with these ids are these names */
	size_t name_count;
	unsigned jobs;
	const atomic_int *stop;
};

/* Trace. Events come on the calling thread. Returns 0, or ERROR_INTERRUPTED. */
int trace_run(const struct trace_request *request, const struct trace_events *events, struct error *error);

#endif
