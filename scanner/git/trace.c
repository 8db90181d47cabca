#include "git/trace.h"

#include "base/buffer.h"
#include "base/memory.h"
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
	uint64_t places; /* of the current commit */
	bool limited;
};

static int compare_hits(const void *a, const void *b)
{
	const struct trace_hit *x = a, *y = b;
	int order = memcmp(&x->id, &y->id, sizeof(x->id));

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
	if (depth <= DEPTH_MAX && ++trace->steps <= STEPS_MAX)
		return true;
	trace->limited = true;
	return false;
}

/* The keys that a tree holds, at any depth. Each node is worked out once. */
static uint32_t node_keys(struct trace *trace, uint32_t number, unsigned depth)
{
	const struct tree_node *node = tree_graph_node(trace->trees, number);
	uint32_t set = KEY_SET_EMPTY;

	if (trace->node_sets[number])
		return trace->node_sets[number] - 1;
	for (size_t i = 0; i < node->link_count && step(trace, depth); i++) {
		const struct tree_link *link = &node->links[i];

		set = key_sets_union(trace->sets, set,
				     link->is_node ? node_keys(trace, link->to, depth + 1)
						   : trace->object_sets[link->to]);
	}
	trace->node_sets[number] = set + 1;
	return set;
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

	for (size_t i = 0; i < node->link_count && step(trace, depth); i++) {
		const struct tree_link *link = &node->links[i];
		bool known = false;

		for (size_t j = 0; j < parent_count; j++) {
			const struct tree_link *same = NULL;

			if (parents[j] != TREE_NONE)
				same = tree_node_find(tree_graph_node(trace->trees, parents[j]), link->name,
						      link->is_node);
			below[j] = same ? same->to : TREE_NONE;
			known |= same && same->to == link->to;
		}
		if (known)
			continue;
		buffer_add_string(&trace->path, link->name);
		if (link->is_node) {
			buffer_add_char(&trace->path, '/');
			tell_brought(trace, commit, link->to, below, parent_count, depth + 1);
		} else if (++trace->places <= PLACES_PER_COMMIT_MAX) {
			struct trace_place place = { &trace->objects[link->to], trace->path.bytes, commit,
						     !commit || commit->reachable };

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
	buffer_reserve(&trace->path, 256);
	if (!known)
		tell_brought(trace, commit, root, parents, commit->parent_count, 0);
	free(parents);
}

/* ---- when a key came and went ---- */

/* The commits whose trees hold one and the same set of keys, or one key. */
struct span {
	const struct commit_node *first, *last;
	uint64_t count;
};

static int compare_dates(const struct commit_node *a, const struct commit_node *b)
{
	if (a->author_date != b->author_date)
		return a->author_date < b->author_date ? -1 : 1;
	return memcmp(&a->id, &b->id, sizeof(a->id));
}

static void span_widen(struct span *span, const struct commit_node *first, const struct commit_node *last, uint64_t count)
{
	if (!span->first || compare_dates(first, span->first) < 0)
		span->first = first;
	if (!span->last || compare_dates(last, span->last) > 0)
		span->last = last;
	span->count += count;
}

static void tell_seen(struct trace *trace, const struct span *spans, uint32_t span_count, uint32_t head_set)
{
	uint32_t key_bound = 0;
	struct span *keys;
	unsigned char *at_head;

	for (size_t i = 0; i < trace->hit_count; i++)
		key_bound = trace->hits[i].key >= key_bound ? trace->hits[i].key + 1 : key_bound;
	keys = memory_allocate_zeroed(key_bound, sizeof(*keys));
	at_head = memory_allocate_zeroed(key_bound, 1);
	for (uint32_t set = 0; set < span_count; set++) {
		size_t count;
		const uint32_t *members = key_sets_keys(trace->sets, set, &count);

		for (size_t i = 0; i < count && spans[set].count; i++)
			span_widen(&keys[members[i]], spans[set].first, spans[set].last, spans[set].count);
		for (size_t i = 0; i < count && set == head_set; i++)
			at_head[members[i]] = 1;
	}
	for (uint32_t key = 0; key < key_bound; key++) {
		if (keys[key].count)
			trace->events->seen(trace->events->context, key, keys[key].first, keys[key].last, keys[key].count,
					    at_head[key]);
	}
	free(keys);
	free(at_head);
}

static void trace_sets(struct trace *trace, uint32_t head)
{
	uint32_t *commit_sets = memory_allocate_zeroed(trace->graph->count, sizeof(*commit_sets));
	struct span *spans;
	uint32_t bound;

	trace->node_sets = memory_allocate_zeroed(tree_graph_node_bound(trace->trees), sizeof(*trace->node_sets));
	for (size_t i = 0; i < trace->graph->count; i++) {
		uint32_t root = tree_graph_find(trace->trees, &trace->graph->nodes[i].tree);

		commit_sets[i] = root == TREE_NONE ? KEY_SET_EMPTY : node_keys(trace, root, 0);
	}
	bound = key_sets_bound(trace->sets);
	spans = memory_allocate_zeroed(bound, sizeof(*spans));
	for (size_t i = 0; i < trace->graph->count; i++)
		span_widen(&spans[commit_sets[i]], &trace->graph->nodes[i], &trace->graph->nodes[i], 1);
	tell_seen(trace, spans, bound, head == COMMIT_MISSING ? KEY_SET_EMPTY : commit_sets[head]);
	free(commit_sets);
	free(spans);
}

int trace_run(struct object_database *database, const struct commit_graph *graph, uint32_t head,
	      const struct trace_hit *hits, size_t count, unsigned jobs, const volatile int *stop,
	      const struct trace_events *events, struct error *error)
{
	struct trace trace = { .graph = graph, .events = events };
	struct trace_hit *sorted;
	int result;

	if (!count)
		return 0;
	sorted = memory_allocate(count * sizeof(*sorted));
	memcpy(sorted, hits, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_hits);
	trace.hits = sorted;
	trace.hit_count = count;
	trace.sets = key_sets_new();
	list_objects(&trace);
	result = tree_graph_build(&trace.trees, database, trace.objects, trace.object_count, jobs, stop, error);
	if (!result) {
		for (size_t i = 0; i < graph->count && !*stop; i++)
			trace_commit(&trace, &graph->nodes[i]);
		trace_sets(&trace, head);
		if (trace.limited)
			events->limited(events->context,
					"the trees of this history are nested without reason: not all places are told");
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
