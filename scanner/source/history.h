/*
 * What the walk over history keeps for the trace. Private to source/.
 */
#ifndef STAUNCH_SOURCE_HISTORY_H
#define STAUNCH_SOURCE_HISTORY_H

#include "git/commit_graph.h"
#include "git/object_database.h"
#include "git/tree.h"
#include "git/tree_graph.h"
#include "source/large_files.h"
#include "source/source.h"

#include <pthread.h>

struct history_worker;
struct trace_hit;

struct source_history {
	const struct source_events *events;
	struct repository *repository;
	char *front; /* owned: what places show before the path in the git folder; NULL of a bundle */
	struct object_database *database;
	struct commit_graph graph;
	struct history_worker *workers;
	pthread_mutex_t lock;      /* guards missing, names and large_trees */
	struct id_table *missing_ids; /* numbers of those in missing */
	struct object_id *missing; /* named by a tree and not there, each once */
	size_t missing_count, missing_capacity;
	struct id_table *name_ids; /* numbers of those in names */
	struct tree_name *names;   /* of files in trees, that are not plain, each once; their texts are owned */
	size_t name_count, name_capacity;
	struct large_files large_files; /* Git LFS: the pointers that were met */
	struct object_id *large_trees; /* came in windows; read whole at the end */
	size_t large_tree_count, large_tree_capacity;
};

/*
 * What the indexes of the repository's working trees hold and HEAD does not: of hits (count of them, in order) the places, and names that are not plain,
 * handed out as chunks.
 */
void history_tell_indexes(struct source_history *history, const struct trace_hit *hits, size_t count,
			  const struct source_trace_events *trace);

#endif
