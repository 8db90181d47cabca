/*
 * All of it is worked out on sets of keys, not key by key: commits share a handful of sets, so a history of 80,000 commits costs
 * little more than one pass over them.
 */
#include "git/key_lives.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* What is gathered of one key, or of all commits that hold one set of them. */
struct span {
	const struct commit_node *first, *last, *removed;
	uint64_t count;
};

struct lives {
	const struct trace_request *request;
	const struct commit_graph *graph;
	struct key_sets *sets;
	const uint32_t *commit_sets;
	struct span *keys; /* by key; key_bound of them */
	uint32_t key_bound;
	const struct trace_tip **tips; /* scratch */
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

static bool set_has(const struct key_sets *sets, uint32_t set, uint32_t key)
{
	size_t low = 0, high;
	const uint32_t *keys = key_sets_keys(sets, set, &high);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (keys[middle] == key)
			return true;
		if (keys[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* First and last commit of each key, from those of each set. */
static void find_spans(struct lives *lives)
{
	uint32_t bound = key_sets_bound(lives->sets);
	struct span *spans = memory_allocate_zeroed(bound, sizeof(*spans));

	for (size_t i = 0; i < lives->graph->count; i++)
		span_widen(&spans[lives->commit_sets[i]], &lives->graph->nodes[i], &lives->graph->nodes[i], 1);
	for (uint32_t set = 0; set < bound; set++) {
		size_t count;
		const uint32_t *keys = key_sets_keys(lives->sets, set, &count);

		for (size_t i = 0; i < count && spans[set].count; i++)
			span_widen(&lives->keys[keys[i]], spans[set].first, spans[set].last, spans[set].count);
	}
	free(spans);
}

/* Whether all parents of a commit but the first hold the key. */
static bool other_parents_have(const struct lives *lives, const struct commit_node *commit, uint32_t key)
{
	for (uint32_t i = 1; i < commit->parent_count; i++) {
		uint32_t parent = lives->graph->parents[commit->first_parent + i];

		if (parent == COMMIT_MISSING || !set_has(lives->sets, lives->commit_sets[parent], key))
			return false;
	}
	return true;
}

/* A commit removes what all its parents hold and it does not: a merge that takes one side's removal removes nothing itself. */
static void find_removals(struct lives *lives)
{
	for (size_t i = 0; i < lives->graph->count; i++) {
		const struct commit_node *commit = &lives->graph->nodes[i];
		uint32_t parent = commit->parent_count ? lives->graph->parents[commit->first_parent] : COMMIT_MISSING;
		const uint32_t *keys;
		size_t count;

		if (parent == COMMIT_MISSING || lives->commit_sets[parent] == lives->commit_sets[i])
			continue;
		keys = key_sets_keys(lives->sets, lives->commit_sets[parent], &count);
		for (size_t j = 0; j < count; j++) {
			struct span *span = &lives->keys[keys[j]];

			if (!set_has(lives->sets, lives->commit_sets[i], keys[j]) &&
			    other_parents_have(lives, commit, keys[j]) &&
			    (!span->removed || compare_dates(commit, span->removed) > 0))
				span->removed = commit;
		}
	}
}

/* The commits, each behind its parents. The caller frees the list. */
static uint32_t *order_commits(const struct commit_graph *graph)
{
	uint32_t *order = memory_allocate(graph->count * sizeof(*order)), *stack = NULL;
	unsigned char *state = memory_allocate_zeroed(graph->count, 1); /* 1: its parents are on the stack, 2: in order */
	size_t count = 0, ordered = 0, capacity = 0;

	for (uint32_t start = 0; start < graph->count; start++) {
		memory_grow(stack, count, capacity);
		stack[count++] = start;
		while (count) {
			uint32_t at = stack[count - 1];
			const struct commit_node *commit = &graph->nodes[at];

			if (state[at]) {
				if (state[at] == 1)
					order[ordered++] = at;
				state[at] = 2;
				count--;
				continue;
			}
			state[at] = 1;
			for (uint32_t i = 0; i < commit->parent_count; i++) {
				uint32_t parent = graph->parents[commit->first_parent + i];

				if (parent == COMMIT_MISSING || state[parent])
					continue;
				memory_grow(stack, count, capacity);
				stack[count++] = parent;
			}
		}
	}
	free(stack);
	free(state);
	return order;
}

/* By commit: the keys that it or any of its ancestors holds. The caller frees it. */
static uint32_t *find_histories(const struct lives *lives)
{
	const struct commit_graph *graph = lives->graph;
	/* a forged loop of commits has no order: what is not worked out yet counts as the empty set */
	uint32_t *histories = memory_allocate_zeroed(graph->count, sizeof(*histories)), *order = order_commits(graph);
	uint32_t *members = NULL;
	size_t capacity = 0;

	for (size_t i = 0; i < graph->count; i++) {
		const struct commit_node *commit = &graph->nodes[order[i]];
		size_t count = 0;

		memory_grow(members, count, capacity);
		members[count++] = lives->commit_sets[order[i]];
		for (uint32_t j = 0; j < commit->parent_count; j++) {
			uint32_t parent = graph->parents[commit->first_parent + j];

			memory_grow(members, count, capacity);
			members[count++] = parent == COMMIT_MISSING ? KEY_SET_EMPTY : histories[parent];
		}
		histories[order[i]] = key_sets_union(lives->sets, members, count);
	}
	free(members);
	free(order);
	return histories;
}

/* The tips of one sort whose history holds the key, into lives->tips. Returns how many. */
static size_t find_tips(const struct lives *lives, const uint32_t *histories, uint32_t key, bool reflog)
{
	const struct trace_request *request = lives->request;
	size_t count = 0;

	for (size_t i = 0; i < request->tip_count; i++) {
		if (request->tips[i].is_reflog == reflog &&
		    set_has(lives->sets, histories[request->tips[i].commit], key))
			lives->tips[count++] = &request->tips[i];
	}
	return count;
}

void key_lives_tell(const struct trace_request *request, struct key_sets *sets, const uint32_t *commit_sets,
		    const struct trace_events *events)
{
	struct lives lives = { .request = request, .graph = request->graph, .sets = sets, .commit_sets = commit_sets };
	uint32_t *histories;

	for (size_t i = 0; i < request->hit_count; i++) {
		if (request->hits[i].key >= lives.key_bound)
			lives.key_bound = request->hits[i].key + 1;
	}
	lives.keys = memory_allocate_zeroed(lives.key_bound, sizeof(*lives.keys));
	lives.tips = memory_allocate(request->tip_count * sizeof(*lives.tips));
	find_spans(&lives);
	find_removals(&lives);
	histories = find_histories(&lives);
	for (uint32_t key = 0; key < lives.key_bound; key++) {
		const struct span *span = &lives.keys[key];
		struct trace_life life = { .key = key,
					   .first = span->first,
					   .last = span->last,
					   .removed = span->removed,
					   .commits_total = span->count,
					   .tips = lives.tips };

		if (!span->count)
			continue;
		life.at_head = request->head != COMMIT_MISSING && set_has(sets, commit_sets[request->head], key);
		life.tip_count = find_tips(&lives, histories, key, false);
		if (!life.tip_count)
			life.tip_count = find_tips(&lives, histories, key, true);
		events->life(events->context, &life);
	}
	free(histories);
	free(lives.tips);
	free(lives.keys);
}
