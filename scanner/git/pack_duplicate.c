/*
 * Which objects stand in several packs, or several times in one. Ids with the same first byte are looked at
 * together: with that the table of those seen stays in cache, and small beside the table of entries.
 */
#include "git/pack.h"

#include "base/memory.h"
#include "git/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ID_WORDS (OBJECT_ID_SIZE / 4)

/*
 * Where an id begins its search in a table of duplicates. Ids can be chosen by whoever made the index, so the
 * numbers of this function are drawn at random: no set of ids is bad for more than a few of them ("multilinear
 * hashing").
 */
static uint32_t id_hash(const unsigned char *id, const uint64_t random[ID_WORDS + 1])
{
	uint64_t sum = random[ID_WORDS];

	for (unsigned i = 0; i < ID_WORDS; i++)
		sum += load_be32(id + 4 * i) * random[i];
	return (uint32_t)(sum >> 32);
}

/* An object in a table of duplicates. */
struct copy {
	uint32_t pack, position;
};

/* Look at all ids with this first byte, in the order of the packs; mark each that was seen before. */
static void duplicates_mark(const struct pack_set *set, unsigned first, struct copy *table, uint64_t mask,
			    const uint64_t random[ID_WORDS + 1], unsigned char **marks)
{
	memset(table, 0xff, (mask + 1) * sizeof(*table));
	for (uint32_t p = 0; p < set->count; p++) {
		const struct pack_index *index = &set->packs[p].index;
		uint32_t position = first ? load_be32(index->fanout + 4 * (first - 1)) : 0;
		uint32_t end = load_be32(index->fanout + 4 * first);

		for (; position < end; position++) {
			const unsigned char *id = pack_index_id(index, position);
			uint64_t slot = id_hash(id, random) & mask;

			while (table[slot].pack != UINT32_MAX &&
			       memcmp(pack_index_id(&set->packs[table[slot].pack].index, table[slot].position), id,
				      OBJECT_ID_SIZE) != 0)
				slot = (slot + 1) & mask;
			if (table[slot].pack == UINT32_MAX) {
				table[slot] = (struct copy){ p, position };
				continue;
			}
			if (!marks[p])
				marks[p] = memory_allocate_zeroed(index->count / 8 + 1, 1);
			marks[p][position / 8] |= 1u << position % 8;
		}
	}
}

int pack_set_find_duplicates(const struct pack_set *set, unsigned char ***marks, struct error *error)
{
	bool possible = set->count > 1;
	uint64_t largest = 0, size = 16, random[ID_WORDS + 1];
	struct copy *table;

	for (size_t p = 0; p < set->count; p++)
		possible |= set->packs[p].index.has_equals;
	*marks = NULL;
	if (!possible)
		return 0;
	for (unsigned first = 0; first < 256; first++) {
		uint64_t here = 0;

		for (size_t p = 0; p < set->count; p++) {
			const unsigned char *fanout = set->packs[p].index.fanout;

			here += load_be32(fanout + 4 * first) - (first ? load_be32(fanout + 4 * (first - 1)) : 0);
		}
		if (here > largest)
			largest = here;
	}
	while (size < 2 * largest)
		size *= 2;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_set_errno(error, "cannot draw random numbers");
	*marks = memory_allocate_zeroed(set->count, sizeof(**marks));
	table = memory_allocate(size * sizeof(*table));
	for (unsigned first = 0; first < 256; first++)
		duplicates_mark(set, first, table, size - 1, random, *marks);
	free(table);
	return 0;
}
