#include "git/tree_graph.h"

#include "base/memory.h"
#include "git/id_table.h"
#include "git/object_database.h"
#include "git/tree.h"

#include <stdatomic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A folder inside a folder. */
struct edge {
	uint32_t parent, child;
};

/* What one thread gathers. */
struct gatherer {
	struct edge *edges; /* pass 1 */
	size_t edge_count, edge_capacity;
	char **names; /* pass 2: blocks of names, owned by the graph in the end */
	size_t name_count, name_capacity, block_used;
	struct tree_link *links; /* scratch of pass 2: one tree's */
	size_t link_count, link_capacity;
	struct tree_memory memory;
};

struct tree_graph {
	struct object_database *database;
	const struct object_id *wanted; /* borrowed while the graph is built */
	size_t wanted_count;
	uint64_t wanted_starts[1024]; /* a bit for each pair of first bytes that some wanted id has */
	unsigned jobs;
	struct gatherer *gatherers; /* jobs of them */
	struct id_table *ids;       /* tree id -> number */
	unsigned char *marked;      /* by number: leads to something wanted */
	struct tree_node *nodes;    /* by number */
	uint32_t bound;
	pthread_mutex_t lock; /* guards direct */
	uint32_t *direct;     /* trees that hold something wanted themselves */
	size_t direct_count, direct_capacity;
};

#define NAME_BLOCK_SIZE ((size_t)1 << 16)

static unsigned id_start(const struct object_id *id)
{
	return (unsigned)id->bytes[0] << 8 | id->bytes[1];
}

/* The index of a wanted object, or TREE_NONE. Nearly every entry is not wanted, and its first two bytes say so. */
static uint32_t wanted_index(const struct tree_graph *graph, const struct object_id *id)
{
	const struct object_id *found;

	if (!(graph->wanted_starts[id_start(id) / 64] >> id_start(id) % 64 & 1))
		return TREE_NONE;
	found = bsearch(id, graph->wanted, graph->wanted_count, sizeof(*found), object_id_compare);
	return found ? (uint32_t)(found - graph->wanted) : TREE_NONE;
}

/* Tags of entries: what a pass has to know of one. */
#define TAG_WANTED UINT32_MAX /* it is a wanted object */
#define TAG_NOTHING 0u        /* other tags are a folder's number + 1 */

static uint32_t tag_edge(void *context, const struct tree_entry *entry)
{
	struct tree_graph *graph = context;

	/* a tree can itself be wanted: one that is missing */
	if (wanted_index(graph, entry->id) != TREE_NONE)
		return TAG_WANTED;
	return entry->kind == TREE_ENTRY_TREE ? id_table_add(graph->ids, entry->id) + 1 : TAG_NOTHING;
}

/* Pass 1: number the trees, note which folder is in which, and which hold something wanted. */
static int gather_edges(void *context, unsigned worker, const struct object_piece *piece)
{
	struct tree_graph *graph = context;
	struct gatherer *gatherer = &graph->gatherers[worker];
	const struct tree_memory *memory = &gatherer->memory;
	uint32_t number = id_table_add(graph->ids, &piece->id);
	bool direct = false;

	if (tree_memory_next(&gatherer->memory, piece->bytes, piece->size, tag_edge, graph))
		return 0; /* malformed: told of by the scan before */
	for (size_t i = 0; i < memory->entry_count; i++) {
		if (memory->tags[i] == TAG_NOTHING)
			continue;
		if (memory->tags[i] == TAG_WANTED) {
			direct = true;
			continue;
		}
		memory_grow(gatherer->edges, gatherer->edge_count, gatherer->edge_capacity);
		gatherer->edges[gatherer->edge_count++] = (struct edge){ number, memory->tags[i] - 1 };
	}
	if (direct) {
		pthread_mutex_lock(&graph->lock);
		memory_grow(graph->direct, graph->direct_count, graph->direct_capacity);
		graph->direct[graph->direct_count++] = number;
		pthread_mutex_unlock(&graph->lock);
	}
	return 0;
}

/* Mark all trees above the marked ones. Each round goes one folder up, so there are as many as the deepest path has folders. */
static void mark_upward(struct tree_graph *graph)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (unsigned worker = 0; worker < graph->jobs; worker++) {
			const struct gatherer *gatherer = &graph->gatherers[worker];

			for (size_t i = 0; i < gatherer->edge_count; i++) {
				const struct edge *edge = &gatherer->edges[i];

				if (graph->marked[edge->child] && !graph->marked[edge->parent]) {
					graph->marked[edge->parent] = 1;
					changed = true;
				}
			}
		}
	}
}

static const char *keep_name(struct gatherer *gatherer, const char *name, size_t length)
{
	size_t size = length + 1;
	char *kept;

	if (size > NAME_BLOCK_SIZE || !gatherer->name_count || gatherer->block_used + size > NAME_BLOCK_SIZE) {
		memory_grow(gatherer->names, gatherer->name_count, gatherer->name_capacity);
		gatherer->names[gatherer->name_count++] =
			memory_allocate(size > NAME_BLOCK_SIZE ? size : NAME_BLOCK_SIZE);
		gatherer->block_used = 0;
	}
	kept = gatherer->names[gatherer->name_count - 1] + gatherer->block_used;
	memcpy(kept, name, length);
	kept[length] = '\0';
	gatherer->block_used += size;
	return kept;
}

static int compare_links(const void *a, const void *b)
{
	const struct tree_link *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->is_node - (int)y->is_node;
}

static uint32_t tag_link(void *context, const struct tree_entry *entry)
{
	struct tree_graph *graph = context;
	uint32_t number;

	if (wanted_index(graph, entry->id) != TREE_NONE)
		return TAG_WANTED;
	if (entry->kind != TREE_ENTRY_TREE)
		return TAG_NOTHING;
	number = id_table_find(graph->ids, entry->id);
	return number != ID_NONE && graph->marked[number] ? number + 1 : TAG_NOTHING;
}

/* Pass 2: keep the entries that lead to something wanted. */
static int gather_links(void *context, unsigned worker, const struct object_piece *piece)
{
	struct tree_graph *graph = context;
	struct gatherer *gatherer = &graph->gatherers[worker];
	const struct tree_memory *memory = &gatherer->memory;
	uint32_t number = id_table_find(graph->ids, &piece->id);
	struct tree_node *node;

	if (number == ID_NONE || !graph->marked[number] || graph->nodes[number].links)
		return 0;
	if (tree_memory_next(&gatherer->memory, piece->bytes, piece->size, tag_link, graph))
		return 0;
	gatherer->link_count = 0;
	for (size_t i = 0; i < memory->entry_count; i++) {
		struct tree_entry entry;
		struct tree_link link;

		if (memory->tags[i] == TAG_NOTHING)
			continue;
		tree_memory_entry(memory, i, &entry);
		link.is_node = memory->tags[i] != TAG_WANTED;
		link.to = link.is_node ? memory->tags[i] - 1 : wanted_index(graph, entry.id);
		link.name = keep_name(gatherer, entry.name, entry.name_length);
		memory_grow(gatherer->links, gatherer->link_count, gatherer->link_capacity);
		gatherer->links[gatherer->link_count++] = link;
	}
	node = &graph->nodes[number];
	node->links = memory_allocate(gatherer->link_count * sizeof(struct tree_link));
	node->link_count = gatherer->link_count;
	if (node->link_count) {
		memcpy(node->links, gatherer->links, node->link_count * sizeof(struct tree_link));
		qsort(node->links, node->link_count, sizeof(struct tree_link), compare_links);
	}
	return 0;
}

static void damaged(void *context, const struct object_id *id, const char *detail)
{
	(void)context; /* the scan that came before has told of it */
	(void)id;
	(void)detail;
}

int tree_graph_build(struct tree_graph **out, struct object_database *database, const struct object_id *wanted,
		     size_t count, unsigned jobs, const atomic_int *stop, struct error *error)
{
	struct tree_graph *graph = memory_allocate_zeroed(1, sizeof(*graph));
	struct object_database_walk walk = { .kinds = OBJECT_KIND_BIT(OBJECT_TREE),
					     .jobs = jobs,
					     .whole = true,
					     .stop = stop,
					     .visit = gather_edges,
					     .damaged = damaged,
					     .context = graph };
	int result;

	graph->wanted = wanted;
	graph->wanted_count = count;
	for (size_t i = 0; i < count; i++)
		graph->wanted_starts[id_start(&wanted[i]) / 64] |= UINT64_C(1) << id_start(&wanted[i]) % 64;
	graph->jobs = jobs;
	graph->gatherers = memory_allocate_zeroed(jobs, sizeof(*graph->gatherers));
	graph->ids = id_table_new();
	pthread_mutex_init(&graph->lock, NULL);
	result = object_database_walk(database, &walk, error);
	if (!result) {
		graph->bound = id_table_bound(graph->ids);
		graph->marked = memory_allocate_zeroed(graph->bound, 1);
		graph->nodes = memory_allocate_zeroed(graph->bound, sizeof(*graph->nodes));
		for (size_t i = 0; i < graph->direct_count; i++)
			graph->marked[graph->direct[i]] = 1;
		mark_upward(graph);
		for (unsigned worker = 0; worker < jobs; worker++) {
			free(graph->gatherers[worker].edges);
			graph->gatherers[worker].edges = NULL;
			tree_memory_release(&graph->gatherers[worker].memory); /* tags mean something else in pass 2 */
		}
		walk.visit = gather_links;
		if (graph->direct_count)
			result = object_database_walk(database, &walk, error);
	}
	graph->wanted = NULL;
	if (result) {
		tree_graph_free(graph);
		graph = NULL;
	}
	*out = graph;
	return result;
}

void tree_graph_free(struct tree_graph *graph)
{
	if (!graph)
		return;
	for (unsigned worker = 0; worker < graph->jobs; worker++) {
		struct gatherer *gatherer = &graph->gatherers[worker];

		for (size_t i = 0; i < gatherer->name_count; i++)
			free(gatherer->names[i]);
		free(gatherer->names);
		free(gatherer->edges);
		free(gatherer->links);
		tree_memory_release(&gatherer->memory);
	}
	for (uint32_t i = 0; graph->nodes && i < graph->bound; i++)
		free(graph->nodes[i].links);
	free(graph->gatherers);
	free(graph->nodes);
	free(graph->marked);
	free(graph->direct);
	id_table_free(graph->ids);
	pthread_mutex_destroy(&graph->lock);
	free(graph);
}

uint32_t tree_graph_find(const struct tree_graph *graph, const struct object_id *tree)
{
	uint32_t number = id_table_find(graph->ids, tree);

	return number != ID_NONE && graph->marked[number] ? number : TREE_NONE;
}

const struct tree_node *tree_graph_node(const struct tree_graph *graph, uint32_t number)
{
	return &graph->nodes[number];
}

uint32_t tree_graph_node_bound(const struct tree_graph *graph)
{
	return graph->bound;
}

const struct tree_link *tree_node_find(const struct tree_node *node, const char *name, bool is_node)
{
	struct tree_link wanted = { name, 0, is_node };

	return node->link_count ? bsearch(&wanted, node->links, node->link_count, sizeof(wanted), compare_links) : NULL;
}
