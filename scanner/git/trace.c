#include "git/trace.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "git/key_lives.h"
#include "git/key_sets.h"
#include "git/tree_graph.h"

#include <stdlib.h>
#include <string.h>

/*
 * Ceilings against trees made to explode (one folder linked twice in each of forty, and so on): far above what real
 * histories need, and told when met.
 */
#define DEPTH_MAX 1024                       /* folders in each other; Linux paths end at 2,048 */
#define STEPS_MAX ((uint64_t)1 << 28)        /* links looked at over the whole trace */
#define PLACES_PER_COMMIT_MAX 100000
#define PLACES_MAX 2000000                   /* over the whole trace */
#define PATH_BYTES_PER_STEP 64               /* long names cost steps too */

struct trace {
	const struct commit_graph *graph;
	struct tree_graph *trees;
	const struct trace_hit *hits; /* sorted by id, then key */
	size_t hit_count;
	struct object_id *objects;    /* the distinct ids of hits, sorted; object_count of them */
	uint32_t *object_sets;        /* their keys */
	size_t object_count;
	struct key_sets *sets;
	uint32_t *node_sets; /* by tree node: its keys + 1, or 0 while not known */
	const struct trace_events *events;
	struct buffer path;
	uint64_t steps;
	uint64_t places;       /* of the current commit */
	uint64_t places_total;
	const atomic_int *stop;
	bool limited;
};

static int compare_hits(const void *a, const void *b)
{
	const struct trace_hit *x = a, *y = b;
	int order = object_id_compare(x, y);

	return order ? order : (x->key > y->key) - (x->key < y->key);
}

/* From the sorted hits: the distinct objects and the keys of each. */
static void list_objects(struct trace *trace)
{
	uint32_t *keys = memory_allocate(trace->hit_count * sizeof(*keys));

	trace->objects = memory_allocate(trace->hit_count * sizeof(*trace->objects));
	trace->object_sets = memory_allocate(trace->hit_count * sizeof(*trace->object_sets));
	for (size_t i = 0; i < trace->hit_count;) {
		const struct object_id *id = &trace->hits[i].id;
		size_t count = 0;

		for (; i < trace->hit_count && !memcmp(&trace->hits[i].id, id, sizeof(*id)); i++) {
			if (!count || keys[count - 1] != trace->hits[i].key)
				keys[count++] = trace->hits[i].key;
		}
		trace->object_sets[trace->object_count] = key_sets_intern(trace->sets, keys, count);
		trace->objects[trace->object_count++] = *id;
	}
	free(keys);
}

static bool step(struct trace *trace, unsigned depth)
{
	trace->steps += 1 + trace->path.length / PATH_BYTES_PER_STEP;
	if (*trace->stop)
		return false;
	if (depth <= DEPTH_MAX && trace->steps <= STEPS_MAX && trace->places_total < PLACES_MAX)
		return true;
	trace->limited = true;
	return false;
}

/* The keys that a tree holds, at any depth. Each node is worked out once. */
static uint32_t node_keys(struct trace *trace, uint32_t number, unsigned depth)
{
	const struct tree_node *node = tree_graph_node(trace->trees, number);
	uint32_t *members;
	size_t count = 0;

	if (trace->node_sets[number])
		return trace->node_sets[number] - 1;
	members = memory_allocate(node->link_count * sizeof(*members));
	for (size_t i = 0; i < node->link_count && step(trace, depth); i++) {
		const struct tree_link *link = &node->links[i];

		members[count++] = link->kind == LINK_NODE ? node_keys(trace, link->to, depth + 1) : trace->object_sets[link->to];
	}
	trace->node_sets[number] = key_sets_union(trace->sets, members, count) + 1;
	free(members);
	return trace->node_sets[number] - 1;
}

/* ---- what a commit brought ---- */

/*
 * Tell what stands below node `number` and at none of the parents' nodes of the same path. parents holds parent_count node numbers, TREE_NONE where
 * the parent has no such folder or nothing sought in it.
 */
static void tell_brought(struct trace *trace, const struct commit_node *commit, uint32_t number,
			 const uint32_t *parents, size_t parent_count, unsigned depth)
{
	const struct tree_node *node = tree_graph_node(trace->trees, number);
	uint32_t *below = memory_allocate(parent_count * sizeof(*below));
	size_t path_length = trace->path.length;

	for (size_t i = 0; i < node->link_count && trace->places <= PLACES_PER_COMMIT_MAX && step(trace, depth); i++) {
		const struct tree_link *link = &node->links[i];
		bool known = false;

		trace->steps += parent_count;
		for (size_t j = 0; j < parent_count; j++) {
			const struct tree_link *same = NULL;

			if (parents[j] != TREE_NONE)
				same = tree_node_find(tree_graph_node(trace->trees, parents[j]), link->name,
						      link->kind);
			below[j] = same ? same->to : TREE_NONE;
			known |= same && same->to == link->to;
		}
		if (known)
			continue;
		buffer_add_string(&trace->path, link->name);
		if (link->kind == LINK_NODE) {
			buffer_add_char(&trace->path, '/');
			tell_brought(trace, commit, link->to, below, parent_count, depth + 1);
		} else if (++trace->places <= PLACES_PER_COMMIT_MAX) {
			struct trace_place place = { &trace->objects[link->to], link->kind == LINK_NAME, trace->path.bytes, commit,
						     !commit || commit->reachable };

			trace->places_total++;
			trace->events->place(trace->events->context, &place);
		} else {
			trace->limited = true;
		}
		trace->path.length = path_length;
		trace->path.bytes[path_length] = '\0';
	}
	free(below);
}

static void trace_commit(struct trace *trace, const struct commit_node *commit)
{
	uint32_t root = tree_graph_find(trace->trees, &commit->tree);
	uint32_t *parents;
	bool known = false;

	if (root == TREE_NONE)
		return;
	parents = memory_allocate(commit->parent_count * sizeof(*parents));
	for (uint32_t i = 0; i < commit->parent_count; i++) {
		uint32_t parent = trace->graph->parents[commit->first_parent + i];

		parents[i] = parent == COMMIT_MISSING
				     ? TREE_NONE
				     : tree_graph_find(trace->trees, &trace->graph->nodes[parent].tree);
		known |= parents[i] == root;
	}
	trace->places = 0;
	buffer_clear(&trace->path);
	if (!known)
		tell_brought(trace, commit, root, parents, commit->parent_count, 0);
	free(parents);
}

/* A tree that a reference names: all that stands in it was brought by no commit. */
static void trace_tree(struct trace *trace, const struct object_id *tree)
{
	uint32_t root = tree_graph_find(trace->trees, tree);

	trace->places = 0;
	buffer_clear(&trace->path);
	if (root != TREE_NONE)
		tell_brought(trace, NULL, root, NULL, 0, 0);
}

/* ---- the whole ---- */

static void trace_lives(struct trace *trace, const struct trace_request *request)
{
	uint32_t *commit_sets = memory_allocate_zeroed(trace->graph->count, sizeof(*commit_sets));

	trace->node_sets = memory_allocate_zeroed(tree_graph_node_bound(trace->trees), sizeof(*trace->node_sets));
	for (size_t i = 0; i < trace->graph->count; i++) {
		uint32_t root = tree_graph_find(trace->trees, &trace->graph->nodes[i].tree);

		commit_sets[i] = root == TREE_NONE ? KEY_SET_EMPTY : node_keys(trace, root, 0);
	}
	key_lives_tell(request, trace->sets, commit_sets, trace->events);
	free(commit_sets);
}

int trace_run(const struct trace_request *request, const struct trace_events *events, struct error *error)
{
	struct trace trace = { .graph = request->graph, .events = events, .hit_count = request->hit_count,
			       .stop = request->stop };
	struct trace_hit *sorted;
	int result;

	if (!request->hit_count)
		return 0;
	sorted = memory_allocate(request->hit_count * sizeof(*sorted));
	memcpy(sorted, request->hits, request->hit_count * sizeof(*sorted));
	qsort(sorted, request->hit_count, sizeof(*sorted), compare_hits);
	trace.hits = sorted;
	trace.sets = key_sets_new();
	list_objects(&trace);
	buffer_reserve(&trace.path, 256);
	result = tree_graph_build(&trace.trees, request->database, trace.objects, trace.object_count, request->names,
				  request->name_count, request->jobs, request->stop, error);
	if (!result) {
		for (size_t i = 0; i < trace.graph->count && !*request->stop; i++)
			trace_commit(&trace, &trace.graph->nodes[i]);
		for (size_t i = 0; i < request->tree_count && !*request->stop; i++)
			trace_tree(&trace, &request->trees[i]);
		trace_lives(&trace, request);
		if (trace.limited)
			events->limited(events->context,
					"the trees of this history are nested without reason: not all places are told");
		if (key_sets_are_full(trace.sets))
			events->limited(events->context,
					"too many credentials in too many commits: not of all is told when they came and went");
	}
	tree_graph_free(trace.trees);
	key_sets_free(trace.sets);
	free(trace.node_sets);
	free(trace.objects);
	free(trace.object_sets);
	free(sorted);
	buffer_release(&trace.path);
	return result;
}
