/*
 * All commits of a repository with their trees, parents and dates, and which of them a reference reaches.
 */
#ifndef STAUNCH_GIT_COMMIT_GRAPH_H
#define STAUNCH_GIT_COMMIT_GRAPH_H

#include "git/object.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct commit;

/* The index of a parent that is not in the object database. */
#define COMMIT_MISSING UINT32_MAX

struct commit_node {
	struct object_id id, tree;
	int64_t author_date;
	uint32_t first_parent, parent_count; /* its range in parents and parent_ids */
	bool has_tree; /* the object database does */
	bool reachable;
};

struct commit_graph {
	pthread_mutex_t lock; /* guards everything while commits are added; after commit_graph_finish() all is read only but reachable */
	struct commit_node *nodes; /* owned; sorted by id once finished */
	size_t count, capacity;
	struct object_id *parent_ids; /* owned */
	uint32_t *parents;            /* owned, once finished: node indexes or COMMIT_MISSING */
	size_t parent_count, parent_capacity;
};

void commit_graph_init(struct commit_graph *graph);
void commit_graph_release(struct commit_graph *graph);

/* Add one commit, whose tree the object database has or lacks. Any thread. */
void commit_graph_add(struct commit_graph *graph, const struct object_id *id, const struct commit *commit, bool has_tree);

/* All commits are there: sort them and find their parents. */
void commit_graph_finish(struct commit_graph *graph);

/* The node's index, or COMMIT_MISSING. */
uint32_t commit_graph_find(const struct commit_graph *graph, const struct object_id *id);

/* Mark this commit and all its ancestors reachable. */
void commit_graph_reach(struct commit_graph *graph, uint32_t index);

#endif
