/*
 * What the walk over history keeps for the trace. Private to source/.
 */
#ifndef STAUNCH_SOURCE_HISTORY_H
#define STAUNCH_SOURCE_HISTORY_H

#include "git/commit_graph.h"
#include "git/object_database.h"
#include "git/tree.h"
#include "source/source.h"

#include <pthread.h>

struct history_worker;

struct source_history {
	const struct source_events *events;
	struct repository *repository;
	struct object_database *database;
	struct commit_graph graph;
	struct history_worker *workers;
	pthread_mutex_t lock;      /* guards missing and large_trees */
	struct id_table *missing_ids; /* numbers of those in missing */
	struct object_id *missing; /* named by a tree and not there, each once */
	size_t missing_count, missing_capacity;
	struct object_id *large_trees; /* came in windows; read whole at the end */
	size_t large_tree_count, large_tree_capacity;
};

#endif
