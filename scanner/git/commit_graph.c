#include "git/commit_graph.h"

#include "base/memory.h"
#include "git/commit.h"
#include "git/id_search.h"

#include <stdlib.h>
#include <string.h>

void commit_graph_init(struct commit_graph *graph)
{
	memset(graph, 0, sizeof(*graph));
	pthread_mutex_init(&graph->lock, NULL);
}

void commit_graph_release(struct commit_graph *graph)
{
	free(graph->nodes);
	free(graph->parent_ids);
	free(graph->parents);
	pthread_mutex_destroy(&graph->lock);
}

void commit_graph_add(struct commit_graph *graph, const struct object_id *id, const struct commit *commit, bool has_tree)
{
	struct commit_node *node;

	pthread_mutex_lock(&graph->lock);
	memory_grow(graph->nodes, graph->count, graph->capacity);
	node = &graph->nodes[graph->count++];
	*node = (struct commit_node){ .id = *id,
				      .tree = commit->tree,
				      .has_tree = has_tree,
				      .author_date = commit->author_date,
				      .first_parent = (uint32_t)graph->parent_count,
				      .parent_count = (uint32_t)commit->parent_count };
	for (size_t i = 0; i < commit->parent_count; i++) {
		memory_grow(graph->parent_ids, graph->parent_count, graph->parent_capacity);
		graph->parent_ids[graph->parent_count++] = commit->parents[i];
	}
	pthread_mutex_unlock(&graph->lock);
}

void commit_graph_finish(struct commit_graph *graph)
{
	size_t kept = 0;

	if (graph->count)
		qsort(graph->nodes, graph->count, sizeof(*graph->nodes), object_id_compare);
	/* a damaged pack can hand the same commit on twice */
	for (size_t i = 0; i < graph->count; i++) {
		if (!kept || object_id_compare(&graph->nodes[kept - 1], &graph->nodes[i]) != 0)
			graph->nodes[kept++] = graph->nodes[i];
	}
	graph->count = kept;
	graph->parents = memory_allocate_zeroed(graph->parent_count, sizeof(*graph->parents));
	for (size_t i = 0; i < graph->parent_count; i++)
		graph->parents[i] = commit_graph_find(graph, &graph->parent_ids[i]);
}

uint32_t commit_graph_find(const struct commit_graph *graph, const struct object_id *id)
{
	uint32_t index;

	if (!graph->count)
		return COMMIT_MISSING;
	index = id_search(graph->nodes[0].id.bytes, sizeof(*graph->nodes), 0, (uint32_t)graph->count, 0, id->bytes);
	return index < graph->count && !object_id_compare(&graph->nodes[index].id, id) ? index : COMMIT_MISSING;
}

void commit_graph_reach(struct commit_graph *graph, uint32_t index)
{
	uint32_t *stack = NULL;
	size_t count = 0, capacity = 0;

	if (graph->nodes[index].reachable)
		return;
	graph->nodes[index].reachable = true;
	memory_grow(stack, count, capacity);
	stack[count++] = index;
	while (count) {
		const struct commit_node *node = &graph->nodes[stack[--count]];

		for (uint32_t i = 0; i < node->parent_count; i++) {
			uint32_t parent = graph->parents[node->first_parent + i];

			if (parent == COMMIT_MISSING || graph->nodes[parent].reachable)
				continue;
			graph->nodes[parent].reachable = true;
			memory_grow(stack, count, capacity);
			stack[count++] = parent;
		}
	}
	free(stack);
}
