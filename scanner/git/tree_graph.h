/*
 * The part of a repository's trees that leads to given objects: each tree that holds one of them, directly or further down, with only
 * those of its entries that lead there. Found in one pass over all trees, without looking up a single one.
 */
#ifndef STAUNCH_GIT_TREE_GRAPH_H
#define STAUNCH_GIT_TREE_GRAPH_H

#include "base/error.h"
#include "git/object.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object_database;

#define TREE_NONE UINT32_MAX

/* An entry of a tree that leads to a wanted object, or is one. */
struct tree_link {
	const char *name; /* borrowed from the graph */
	uint32_t to;      /* a node when is_node, else the wanted object's index */
	bool is_node;
};

struct tree_node {
	struct tree_link *links; /* sorted by name, then nodes last; borrowed from the graph */
	size_t link_count;
};

struct tree_graph;

/*
 * Find what leads to wanted (count distinct ids, sorted). jobs threads read the trees. Trees that cannot be read are left out: whoever
 * reports damage has done so before. Returns 0, or ERROR_INTERRUPTED.
 */
int tree_graph_build(struct tree_graph **graph, struct object_database *database, const struct object_id *wanted,
		     size_t count, unsigned jobs, const atomic_int *stop, struct error *error);
void tree_graph_free(struct tree_graph *graph); /* NULL is allowed */

/* The node of this tree, or TREE_NONE when nothing wanted is below it. / A node by its number, below tree_graph_node_bound(). */
uint32_t tree_graph_find(const struct tree_graph *graph, const struct object_id *tree);
const struct tree_node *tree_graph_node(const struct tree_graph *graph, uint32_t number);
uint32_t tree_graph_node_bound(const struct tree_graph *graph);

/* The link of this name and kind in a node, or NULL. */
const struct tree_link *tree_node_find(const struct tree_node *node, const char *name, bool is_node);

#endif
