#include "git/tree_graph.h"

#include "base/memory.h"
#include "git/id_table.h"
#include "git/object_database.h"
#include "git/object_hash.h"
#include "git/tree_list.h"

#include <stdatomic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A tree has an entry that is, or may lead to, something wanted. */
struct edge {
	uint32_t tree, link;
};

/* What one thread gathers. */
struct gatherer {
	struct edge *edges; /* owned */
	size_t edge_count, edge_capacity;
	struct tree_list tree; /* the one in work */
};

struct tree_graph {
	struct object_database *database;
	const struct object_id *wanted; /* borrowed while the graph is built */
	size_t wanted_count;
	uint64_t wanted_starts[1024]; /* a bit for each pair of first bytes that some wanted id has */
	const struct tree_name *wanted_names; /* borrowed likewise, wanted_name_count of them, in the order of their bytes */
	size_t wanted_name_count;
	uint64_t wanted_lengths; /* a bit for each length of a name, modulo 64 */
	unsigned jobs;
	struct gatherer *gatherers; /* jobs of them */
	struct id_table *ids;       /* tree id -> number */
	bool *marked;               /* by number: leads to something wanted */
	struct tree_node *nodes;    /* by number */
	uint32_t bound;
	pthread_mutex_t lock;    /* guards all below while threads gather */
	struct met_link {
		struct tree_link link;
		uint32_t also; /* another link of the same entry, + 1; or 0 */
	} *links; /* owned: entries as they were met, mostly each once */
	size_t link_count, link_capacity;
	char **names;            /* owned: blocks of their names */
	size_t name_count, name_capacity, block_used;
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

/* Called with the lock held. */
static const char *keep_name(struct tree_graph *graph, const char *name, size_t length)
{
	size_t size = length + 1;
	char *kept;

	if (size > NAME_BLOCK_SIZE || !graph->name_count || graph->block_used + size > NAME_BLOCK_SIZE) {
		memory_grow(graph->names, graph->name_count, graph->name_capacity);
		graph->names[graph->name_count++] =
			memory_allocate(size > NAME_BLOCK_SIZE ? size : NAME_BLOCK_SIZE);
		graph->block_used = 0;
	}
	kept = graph->names[graph->name_count - 1] + graph->block_used;
	memcpy(kept, name, length);
	kept[length] = '\0';
	graph->block_used += size;
	return kept;
}

void tree_name_id(const char *name, struct object_id *id)
{
	char *text = memory_format("name %s", name); /* objects begin with another word */

	if (!object_hash_bytes(text, strlen(text), id))
		memset(id, 0xff, sizeof(*id));
	free(text);
}

/* ---- gathering ---- */

#define TAG_NOTHING 0u /* other tags are a link's number + 1 */

/* Called with the lock held. Returns the number of the link + 1. */
static uint32_t add_link(struct tree_graph *graph, const struct tree_link *link, uint32_t also)
{
	memory_grow(graph->links, graph->link_count, graph->link_capacity);
	graph->links[graph->link_count++] = (struct met_link){ *link, also };
	return (uint32_t)graph->link_count;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct tree_name *)a)->name, ((const struct tree_name *)b)->name);
}

/* The index of what is wanted by this name, or TREE_NONE. */
static uint32_t wanted_name(const struct tree_graph *graph, const struct tree_entry *entry)
{
	struct tree_name sought = { .name = entry->name };
	const struct tree_name *found;

	if (!(graph->wanted_lengths >> entry->name_length % 64 & 1))
		return TREE_NONE;
	found = bsearch(&sought, graph->wanted_names, graph->wanted_name_count, sizeof(*found), compare_names);
	return found ? wanted_index(graph, &found->id) : TREE_NONE;
}

/* A tree_tag: an entry that many trees take over from each other is one link, or two. */
static uint32_t tag_link(void *context, const struct tree_entry *entry)
{
	struct tree_graph *graph = context;
	struct tree_link link = { .to = wanted_index(graph, entry->id), .kind = LINK_OBJECT };
	struct tree_link by_name = { .to = wanted_name(graph, entry), .kind = LINK_NAME };
	uint32_t tag = TAG_NOTHING;

	if (link.to == TREE_NONE && entry->kind == TREE_ENTRY_TREE) { /* a tree can itself be wanted: one that is missing */
		link.kind = LINK_NODE;
		link.to = id_table_add(graph->ids, entry->id);
	}
	if (link.to == TREE_NONE && by_name.to == TREE_NONE)
		return TAG_NOTHING;
	pthread_mutex_lock(&graph->lock);
	link.name = by_name.name = keep_name(graph, entry->name, entry->name_length);
	if (by_name.to != TREE_NONE)
		tag = add_link(graph, &by_name, TAG_NOTHING);
	if (link.to != TREE_NONE)
		tag = add_link(graph, &link, tag);
	pthread_mutex_unlock(&graph->lock);
	return tag;
}

/* Note the links of the tree of this id. */
static void add_edges(struct tree_graph *graph, struct gatherer *gatherer, const struct object_id *id)
{
	const struct tree_list *tree = &gatherer->tree;
	uint32_t number = id_table_add(graph->ids, id);

	for (size_t i = 0; i < tree->count; i++) {
		if (tree->tags[i] == TAG_NOTHING)
			continue;
		memory_grow(gatherer->edges, gatherer->edge_count, gatherer->edge_capacity);
		gatherer->edges[gatherer->edge_count++] = (struct edge){ number, tree->tags[i] - 1 };
	}
}

static int gather(void *context, unsigned worker, const struct object_piece *piece)
{
	struct tree_graph *graph = context;
	struct gatherer *gatherer = &graph->gatherers[worker];

	if (tree_list_read(&gatherer->tree, piece->bytes, piece->size, tag_link, graph))
		return 0; /* malformed: told of by the scan before */
	add_edges(graph, gatherer, &piece->id);
	if (piece->note)
		*piece->note = tree_list_note(&gatherer->tree);
	return 0;
}

static enum change_answer gather_change(void *context, unsigned worker, const struct object_change *change)
{
	struct tree_graph *graph = context;
	struct gatherer *gatherer = &graph->gatherers[worker];

	if (tree_list_change(&gatherer->tree, change, true, tag_link, graph))
		return CHANGE_VISIT;
	add_edges(graph, gatherer, change->id);
	if (change->note)
		*change->note = tree_list_note(&gatherer->tree);
	return CHANGE_SETTLED;
}

/* ---- the graph ---- */

static bool leads_on(const struct tree_graph *graph, const struct tree_link *link)
{
	return link->kind != LINK_NODE || graph->marked[link->to];
}

/* The links of an edge follow each other by `also`: the first one, and the next one, or NULL. */
static const struct met_link *first_link(const struct tree_graph *graph, const struct edge *edge)
{
	return &graph->links[edge->link];
}

static const struct met_link *next_link(const struct tree_graph *graph, const struct met_link *link)
{
	return link->also ? &graph->links[link->also - 1] : NULL;
}

/* Mark all trees that lead to something wanted. Each round goes one folder up, so there are as many as the deepest path has folders. */
static void mark_upward(struct tree_graph *graph)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (unsigned worker = 0; worker < graph->jobs; worker++) {
			const struct gatherer *gatherer = &graph->gatherers[worker];

			for (size_t i = 0; i < gatherer->edge_count; i++) {
				const struct edge *edge = &gatherer->edges[i];

				if (graph->marked[edge->tree])
					continue;
				for (const struct met_link *link = first_link(graph, edge); link; link = next_link(graph, link)) {
					if (leads_on(graph, &link->link))
						graph->marked[edge->tree] = changed = true;
				}
			}
		}
	}
}

static int compare_links(const void *a, const void *b)
{
	const struct tree_link *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->kind - (int)y->kind;
}

/*
 * Give each marked tree its links that lead on. One thread's edges of a tree follow each other, and an object is handed on once.
 */
static void build_nodes(struct tree_graph *graph, const struct gatherer *gatherer)
{
	for (size_t i = 0, next; i < gatherer->edge_count; i = next) {
		uint32_t tree = gatherer->edges[i].tree;
		struct tree_node *node = &graph->nodes[tree];

		for (next = i; next < gatherer->edge_count && gatherer->edges[next].tree == tree; next++)
			;
		if (!graph->marked[tree] || node->links)
			continue;
		node->links = memory_allocate(2 * (next - i) * sizeof(*node->links));
		for (size_t j = i; j < next; j++) {
			const struct met_link *link = first_link(graph, &gatherer->edges[j]);

			for (; link; link = next_link(graph, link)) {
				if (leads_on(graph, &link->link))
					node->links[node->link_count++] = link->link;
			}
		}
		node->links = memory_resize(node->links, node->link_count, sizeof(*node->links));
		qsort(node->links, node->link_count, sizeof(*node->links), compare_links);
	}
}

static void damaged(void *context, const struct object_id *id, const char *detail)
{
	(void)context; /* the scan that came before has told of it */
	(void)id;
	(void)detail;
}

int tree_graph_build(struct tree_graph **out, struct object_database *database, const struct object_id *wanted,
		     size_t count, const struct tree_name *names, size_t name_count, unsigned jobs, const atomic_int *stop,
		     struct error *error)
{
	struct tree_graph *graph = memory_allocate_zeroed(1, sizeof(*graph));
	struct object_database_walk walk = { .kinds = OBJECT_KIND_BIT(OBJECT_TREE),
					     .jobs = jobs,
					     .whole = true,
					     .stop = stop,
					     .visit = gather,
					     .visit_change = gather_change,
					     .damaged = damaged,
					     .context = graph };
	int result;

	graph->wanted = wanted;
	graph->wanted_count = count;
	for (size_t i = 0; i < count; i++)
		graph->wanted_starts[id_start(&wanted[i]) / 64] |= UINT64_C(1) << id_start(&wanted[i]) % 64;
	graph->wanted_names = names;
	graph->wanted_name_count = name_count;
	for (size_t i = 0; i < name_count; i++)
		graph->wanted_lengths |= UINT64_C(1) << strlen(names[i].name) % 64;
	graph->jobs = jobs;
	graph->gatherers = memory_allocate_zeroed(jobs, sizeof(*graph->gatherers));
	graph->ids = id_table_new();
	pthread_mutex_init(&graph->lock, NULL);
	result = object_database_walk(database, &walk, error);
	if (!result) {
		graph->bound = id_table_bound(graph->ids);
		graph->marked = memory_allocate_zeroed(graph->bound, sizeof(*graph->marked));
		graph->nodes = memory_allocate_zeroed(graph->bound, sizeof(*graph->nodes));
		mark_upward(graph);
		for (unsigned worker = 0; worker < jobs; worker++)
			build_nodes(graph, &graph->gatherers[worker]);
	}
	for (unsigned worker = 0; worker < jobs; worker++) {
		free(graph->gatherers[worker].edges);
		tree_list_release(&graph->gatherers[worker].tree);
	}
	graph->wanted = NULL;
	graph->wanted_names = NULL;
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
	for (size_t i = 0; i < graph->name_count; i++)
		free(graph->names[i]);
	free(graph->names);
	free(graph->links);
	for (uint32_t i = 0; graph->nodes && i < graph->bound; i++)
		free(graph->nodes[i].links);
	free(graph->gatherers);
	free(graph->nodes);
	free(graph->marked);
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

const struct tree_link *tree_node_find(const struct tree_node *node, const char *name, enum tree_link_kind kind)
{
	struct tree_link wanted = { name, 0, kind };

	return node->link_count ? bsearch(&wanted, node->links, node->link_count, sizeof(wanted), compare_links) : NULL;
}
