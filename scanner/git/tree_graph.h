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

/* What leads from a tree to something wanted. An entry that has a wanted name and leads to something wanted as well has two links. */
struct tree_link {
	const char *name; /* borrowed from the graph */
	uint32_t to;      /* LINK_NODE: a node; else the index of what is wanted */
	enum tree_link_kind { LINK_OBJECT, LINK_NAME, LINK_NODE } kind;
};

/* A name that is wanted, whatever it stands for; wanted by an id that is made up for it. */
struct tree_name {
	const char *name; /* owned by whoever made it */
	struct object_id id;
};

/* The id of a name: that of no object, unless somebody broke SHA-1. */
void tree_name_id(const char *name, struct object_id *id);

struct tree_node {
	struct tree_link *links; /* sorted by name, then kind; borrowed from the graph */
	size_t link_count;
};

struct tree_graph;

/*
 * Find what leads to wanted (count distinct ids, sorted; those of names, name_count of them, are among them). jobs threads read the trees. Trees that cannot be read are left out: whoever
 * reports damage has done so before. Returns 0, or ERROR_INTERRUPTED.
 */
int tree_graph_build(struct tree_graph **graph, struct object_database *database, const struct object_id *wanted,
		     size_t count, const struct tree_name *names, size_t name_count, unsigned jobs, const atomic_int *stop,
		     struct error *error);
void tree_graph_free(struct tree_graph *graph); /* NULL is allowed */

/* The node of this tree, or TREE_NONE when nothing wanted is below it. / A node by its number, below tree_graph_node_bound(). */
uint32_t tree_graph_find(const struct tree_graph *graph, const struct object_id *tree);
const struct tree_node *tree_graph_node(const struct tree_graph *graph, uint32_t number);
uint32_t tree_graph_node_bound(const struct tree_graph *graph);

/* The link of this name and kind in a node, or NULL. */
const struct tree_link *tree_node_find(const struct tree_node *node, const char *name, enum tree_link_kind kind);

#endif
