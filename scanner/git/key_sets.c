#include "git/key_sets.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct set {
	size_t first, count; /* its keys in key_sets.keys */
	uint64_t hash;
};

struct key_sets {
	uint32_t *keys;
	size_t key_count, key_capacity;
	struct set *sets;
	size_t count, capacity;
	uint32_t *slots; /* set number + 1, or 0; slot_count (a power of two) of them */
	size_t slot_count;
	uint64_t *bits; /* scratch, all zero between calls: a bit for each key */
	size_t word_count;
	uint32_t *scratch; /* the keys of one union */
	size_t scratch_capacity;
	bool full;
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
	free(sets->bits);
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
	if (sets->key_count + count > KEY_SETS_KEYS_MAX) {
		sets->full = true;
		return KEY_SET_EMPTY;
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

/* Set the bits of a set's keys. Returns how many keys it has. */
static size_t mark_keys(struct key_sets *sets, uint32_t set)
{
	size_t count;
	const uint32_t *keys = key_sets_keys(sets, set, &count);
	size_t words = count ? keys[count - 1] / 64 + (size_t)1 : 0; /* keys are sorted: the last is the largest */

	if (words > sets->word_count) {
		sets->bits = memory_resize(sets->bits, words * 2, sizeof(*sets->bits));
		memset(sets->bits + sets->word_count, 0, (words * 2 - sets->word_count) * sizeof(*sets->bits));
		sets->word_count = words * 2;
	}
	for (size_t i = 0; i < count; i++)
		sets->bits[keys[i] / 64] |= UINT64_C(1) << keys[i] % 64;
	return count;
}

/* Take the marked keys into scratch, in order, and clear the marks. Returns how many. */
static size_t take_marked(struct key_sets *sets)
{
	size_t count = 0;

	for (size_t word = 0; word < sets->word_count; word++) {
		for (uint64_t bits = sets->bits[word]; bits; bits &= bits - 1)
			sets->scratch[count++] = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(bits);
		sets->bits[word] = 0;
	}
	return count;
}

uint32_t key_sets_union(struct key_sets *sets, const uint32_t *members, size_t count)
{
	uint32_t only = KEY_SET_EMPTY;
	size_t total = 0;

	/* nearly all unions are of a set with itself, or with the empty one */
	for (size_t i = 0; i < count; i++) {
		if (members[i] == KEY_SET_EMPTY || members[i] == only)
			continue;
		if (only == KEY_SET_EMPTY)
			only = members[i];
		else
			total = 1;
	}
	if (!total)
		return only;
	total = 0;
	for (size_t i = 0; i < count; i++)
		total += mark_keys(sets, members[i]);
	if (total > sets->scratch_capacity) {
		sets->scratch_capacity = total * 2;
		sets->scratch = memory_resize(sets->scratch, sets->scratch_capacity, sizeof(*sets->scratch));
	}
	return key_sets_intern(sets, sets->scratch, take_marked(sets));
}

const uint32_t *key_sets_keys(const struct key_sets *sets, uint32_t set, size_t *count)
{
	*count = sets->sets[set].count;
	return sets->keys + sets->sets[set].first;
}

bool key_sets_are_full(const struct key_sets *sets)
{
	return sets->full;
}

uint32_t key_sets_bound(const struct key_sets *sets)
{
	return (uint32_t)sets->count;
}
