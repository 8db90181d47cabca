#include "git/key_sets.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct set {
	size_t first, count; /* its keys in key_sets.keys */
	uint64_t hash;
};

/* Unions that were made before: the same two sets meet in thousands of trees. */
struct known_union {
	uint32_t a, b, result; /* a 0: free, because the empty set is never put here */
};
#define KNOWN_UNIONS 4096

struct key_sets {
	uint32_t *keys;
	size_t key_count, key_capacity;
	struct set *sets;
	size_t count, capacity;
	uint32_t *slots; /* set number + 1, or 0; slot_count (a power of two) of them */
	size_t slot_count;
	uint32_t *scratch;
	size_t scratch_capacity;
	struct known_union known[KNOWN_UNIONS];
};

struct key_sets *key_sets_new(void)
{
	struct key_sets *sets = memory_allocate_zeroed(1, sizeof(*sets));

	sets->slot_count = 64;
	sets->slots = memory_allocate_zeroed(sets->slot_count, sizeof(*sets->slots));
	key_sets_intern(sets, NULL, 0); /* the empty set is number 0 */
	return sets;
}

void key_sets_free(struct key_sets *sets)
{
	if (!sets)
		return;
	free(sets->keys);
	free(sets->sets);
	free(sets->slots);
	free(sets->scratch);
	free(sets);
}

static uint64_t hash_keys(const uint32_t *keys, size_t count)
{
	uint64_t hash = 1469598103934665603u; /* FNV-1a, by words */

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ keys[i]) * 1099511628211u;
	return hash ^ hash >> 29;
}

static void slots_grow(struct key_sets *sets)
{
	free(sets->slots);
	sets->slot_count *= 2;
	sets->slots = memory_allocate_zeroed(sets->slot_count, sizeof(*sets->slots));
	for (size_t i = 0; i < sets->count; i++) {
		size_t at = sets->sets[i].hash & (sets->slot_count - 1);

		while (sets->slots[at])
			at = (at + 1) & (sets->slot_count - 1);
		sets->slots[at] = (uint32_t)i + 1;
	}
}

uint32_t key_sets_intern(struct key_sets *sets, const uint32_t *keys, size_t count)
{
	uint64_t hash = hash_keys(keys, count);
	size_t at = hash & (sets->slot_count - 1);

	for (; sets->slots[at]; at = (at + 1) & (sets->slot_count - 1)) {
		const struct set *set = &sets->sets[sets->slots[at] - 1];

		if (set->hash == hash && set->count == count &&
		    (!count || !memcmp(sets->keys + set->first, keys, count * sizeof(*keys))))
			return sets->slots[at] - 1;
	}
	if (sets->key_count + count > sets->key_capacity) {
		sets->key_capacity = (sets->key_count + count) * 2;
		sets->keys = memory_resize(sets->keys, sets->key_capacity, sizeof(*sets->keys));
	}
	if (count)
		memcpy(sets->keys + sets->key_count, keys, count * sizeof(*keys));
	memory_grow(sets->sets, sets->count, sets->capacity);
	sets->sets[sets->count] = (struct set){ sets->key_count, count, hash };
	sets->key_count += count;
	sets->slots[at] = (uint32_t)++sets->count;
	if (sets->count * 2 > sets->slot_count)
		slots_grow(sets);
	return (uint32_t)sets->count - 1;
}

uint32_t key_sets_union(struct key_sets *sets, uint32_t a, uint32_t b)
{
	struct known_union *known;
	const uint32_t *x, *y;
	size_t x_count, y_count, count = 0;

	if (a == b || b == KEY_SET_EMPTY)
		return a;
	if (a == KEY_SET_EMPTY)
		return b;
	known = &sets->known[(a * 2654435761u ^ b * 2246822519u) % KNOWN_UNIONS];
	if (known->a == a && known->b == b)
		return known->result;
	x = key_sets_keys(sets, a, &x_count);
	y = key_sets_keys(sets, b, &y_count);
	if (x_count + y_count > sets->scratch_capacity) {
		sets->scratch_capacity = (x_count + y_count) * 2;
		sets->scratch = memory_resize(sets->scratch, sets->scratch_capacity, sizeof(*sets->scratch));
	}
	while (x_count || y_count) {
		uint32_t next = !y_count || (x_count && *x < *y) ? *x : *y;

		sets->scratch[count++] = next;
		if (x_count && *x == next)
			x++, x_count--;
		if (y_count && *y == next)
			y++, y_count--;
	}
	*known = (struct known_union){ a, b, key_sets_intern(sets, sets->scratch, count) };
	return known->result;
}

const uint32_t *key_sets_keys(const struct key_sets *sets, uint32_t set, size_t *count)
{
	*count = sets->sets[set].count;
	return sets->keys + sets->sets[set].first;
}

uint32_t key_sets_bound(const struct key_sets *sets)
{
	return (uint32_t)sets->count;
}
