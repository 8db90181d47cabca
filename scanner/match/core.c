#include "match/core.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A part of a literal. */
struct part {
	const char *text;
	uint32_t length, number, before;
};

/* Parts that are alike. */
struct group {
	size_t first, end;
	size_t most; /* literals that it may still be chosen for, at most */
};

struct choice {
	struct part *parts;
	struct group *groups;
	size_t part_count, group_count;
	bool *has_core; /* by literal */
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int order = (x->length < y->length) - (x->length > y->length); /* long ones first: where they are for as many literals, they are met more rarely */

	if (!order)
		order = memcmp(x->text, y->text, x->length);
	if (!order)
		order = (x->number > y->number) - (x->number < y->number);
	return order ? order : (x->before > y->before) - (x->before < y->before);
}

static void list_parts(struct choice *choice, const char *const *texts, const size_t *lengths, size_t count)
{
	size_t capacity = 0;

	for (size_t i = 0; i < count; i++) {
		size_t shortest = lengths[i] < CORE_LENGTH_MIN ? lengths[i] : CORE_LENGTH_MIN;

		for (size_t length = shortest; length <= CORE_LENGTH_MAX && length <= lengths[i]; length++) {
			for (size_t at = 0; at + length <= lengths[i]; at++) {
				if (!texts[i][at])
					continue; /* Vectorscan takes none that begins with NUL, which no literal does */
				memory_grow(choice->parts, choice->part_count, capacity);
				choice->parts[choice->part_count++] = (struct part){ texts[i] + at, (uint32_t)length, (uint32_t)i, (uint32_t)at };
			}
		}
	}
	if (choice->part_count)
		qsort(choice->parts, choice->part_count, sizeof(*choice->parts), compare_parts);
}

static bool is_alike(const struct part *a, const struct part *b)
{
	return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void group_parts(struct choice *choice)
{
	size_t capacity = 0;

	for (size_t i = 0, end; i < choice->part_count; i = end) {
		for (end = i + 1; end < choice->part_count && is_alike(&choice->parts[i], &choice->parts[end]); end++)
			;
		memory_grow(choice->groups, choice->group_count, capacity);
		choice->groups[choice->group_count++] = (struct group){ i, end, end - i };
	}
}

/* How many literals without a core the group is of. One in which the part stands twice is one. */
static size_t count_literals(const struct choice *choice, const struct group *group)
{
	size_t count = 0;

	for (size_t i = group->first; i < group->end; i++)
		count += !choice->has_core[choice->parts[i].number] && (i == group->first || choice->parts[i].number != choice->parts[i - 1].number);
	return count;
}

/* The group of the most literals without a core; NULL: all have one. */
static struct group *best_group(struct choice *choice)
{
	struct group *best = NULL;

	for (size_t i = 0; i < choice->group_count; i++) {
		struct group *group = &choice->groups[i];

		if (group->most <= (best ? best->most : 0))
			continue;
		group->most = count_literals(choice, group);
		if (group->most > (best ? best->most : 0))
			best = group;
	}
	return best;
}

void core_set_choose(struct core_set *set, const char *const *texts, const size_t *lengths, size_t count)
{
	struct choice choice = { .has_core = memory_allocate_zeroed(count + 1, sizeof(bool)) };
	size_t capacity = 0, placed = 0;
	struct group *group;

	*set = (struct core_set){ .literals = memory_allocate_zeroed(count + 1, sizeof(*set->literals)) };
	list_parts(&choice, texts, lengths, count);
	group_parts(&choice);
	while ((group = best_group(&choice))) {
		const struct part *part = &choice.parts[group->first];

		memory_grow(set->cores, set->count, capacity);
		set->cores[set->count++] = (struct core){ part->text, part->length, placed };
		for (size_t i = group->first; i < group->end; i++) {
			part = &choice.parts[i];
			if (!choice.has_core[part->number])
				set->literals[placed++] = (struct core_literal){ part->number, part->before };
			choice.has_core[part->number] = true;
		}
	}
	memory_grow(set->cores, set->count, capacity);
	set->cores[set->count] = (struct core){ .first = placed };
	free(choice.parts);
	free(choice.groups);
	free(choice.has_core);
}

void core_set_release(struct core_set *set)
{
	free(set->cores);
	free(set->literals);
	*set = (struct core_set){ 0 };
}
