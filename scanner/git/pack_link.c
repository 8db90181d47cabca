/*
 * The table of a pack's entries: sorted by offset, each with its base, its kind and the deltas made from it.
 */
#include "git/pack.h"

#include "base/memory.h"
#include "git/bytes.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS ((size_t)1 << DIGIT_BITS)

/* Headers are asked for this many entries before they are read: they stand some hundred bytes apart, which no processor foresees. */
#define HEADERS_AHEAD 16

struct located {
	uint64_t offset;
	uint32_t position;
};

/* Sort by offset, positions in ascending order where offsets are equal: a radix sort, the lowest digit first, of offsets below limit. Returns the
 * sorted one of both arrays. */
static struct located *located_sort(struct located *from, struct located *to, uint32_t count, uint64_t limit)
{
	uint32_t *starts = memory_allocate(DIGITS * sizeof(*starts));

	for (unsigned shift = 0; shift < 64 && limit >> shift; shift += DIGIT_BITS) {
		struct located *sorted = to;
		uint32_t sum = 0;

		memset(starts, 0, DIGITS * sizeof(*starts));
		for (uint32_t i = 0; i < count; i++)
			starts[from[i].offset >> shift & (DIGITS - 1)]++;
		for (size_t digit = 0; digit < DIGITS; digit++) {
			uint32_t here = starts[digit];

			starts[digit] = sum;
			sum += here;
		}
		for (uint32_t i = 0; i < count; i++)
			to[starts[from[i].offset >> shift & (DIGITS - 1)]++] = from[i];
		to = from;
		from = sorted;
	}
	free(starts);
	return from;
}

/* Fill the table with the index's offsets, sorted. */
static void entries_place(struct pack *pack, const unsigned char *is_duplicate)
{
	uint32_t count = pack->index.count;
	struct located *from = memory_allocate(count * sizeof(*from)), *to = memory_allocate(count * sizeof(*to));
	struct located *sorted;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t offset = pack_index_offset(&pack->index, i);

		from[i] = (struct located){ offset < pack->end ? offset : 0, i };
	}
	sorted = located_sort(from, to, count, pack->end);
	pack->entries = memory_allocate(count * sizeof(*pack->entries));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t position = sorted[i].position;

		pack->entries[i] = (struct pack_entry){
			.offset = sorted[i].offset,
			.position = position,
			.is_duplicate = is_duplicate && is_duplicate[position / 8] >> position % 8 & 1,
			.base = PACK_ENTRY_NONE,
			.last_child = PACK_ENTRY_NONE,
		};
	}
	free(from);
	free(to);
}

/*
 * Where to look for an offset: entries[starts[offset >> shift]] is the first entry with that or a larger offset >> shift. There are about as
 * many starts as entries, so few entries are left to search; without it the searches for bases take as long as reading all headers.
 */
struct offset_map {
	uint32_t *starts; /* owned */
	unsigned shift;
};

static void offset_map_init(struct offset_map *map, const struct pack *pack)
{
	size_t cell = 0, cells;

	map->shift = 0;
	while (pack->end >> map->shift > pack->index.count)
		map->shift++;
	cells = (pack->end >> map->shift) + 2;
	map->starts = memory_allocate(cells * sizeof(*map->starts));
	for (uint32_t i = 0; i < pack->index.count; i++) {
		while (cell <= pack->entries[i].offset >> map->shift)
			map->starts[cell++] = i;
	}
	while (cell < cells)
		map->starts[cell++] = pack->index.count;
}

/* The base of a delta, or PACK_ENTRY_NONE. */
static uint32_t base_find(const struct pack *pack, const struct offset_map *map, const struct pack_header *header)
{
	uint64_t offset;
	uint32_t position;
	size_t cell;

	if (header->type == PACK_OFFSET_DELTA) {
		offset = header->base_offset;
	} else {
		if (!pack_index_find(&pack->index, header->base_id, &position))
			return PACK_ENTRY_NONE;
		offset = pack_index_offset(&pack->index, position);
		if (offset >= pack->end)
			return PACK_ENTRY_NONE;
	}
	cell = offset >> map->shift;
	return pack_entry_find(pack, offset, map->starts[cell], map->starts[cell + 1]);
}

/* Read every header. Returns whether some delta stands before its base, which only a delta that names its base by id can. */
static bool headers_read(struct pack *pack)
{
	struct offset_map map;
	bool forward = false;

	offset_map_init(&map, pack);
	for (uint32_t i = 0; i < pack->index.count; i++) {
		struct pack_entry *entry = &pack->entries[i];
		struct pack_header header;

		if (i + HEADERS_AHEAD < pack->index.count)
			__builtin_prefetch(pack->file.bytes + pack->entries[i + HEADERS_AHEAD].offset);
		if (pack_entry_header(pack, i, &header))
			continue;
		entry->is_delta = header.type > OBJECT_TAG;
		if (!entry->is_delta) {
			entry->kind = header.type;
			continue;
		}
		entry->base = base_find(pack, &map, &header);
		if (entry->base == PACK_ENTRY_NONE)
			continue;
		if (entry->base < i)
			entry->kind = pack->entries[entry->base].kind;
		else
			forward = true;
	}
	free(map.starts);
	return forward;
}

/* Mark what must be inflated: what is to be handed on, and its bases. */
static void needs_mark(struct pack *pack)
{
	for (uint32_t i = 0; i < pack->index.count; i++) {
		uint32_t above = i;

		if (pack->entries[i].is_duplicate)
			continue;
		while (above != PACK_ENTRY_NONE && !pack->entries[above].is_needed) {
			pack->entries[above].is_needed = 1;
			above = pack->entries[above].base;
		}
	}
}

/* Add a delta to its base's ring. Called from the last entry to the first; weights: how many entries each one and those below it are. */
static void child_link(struct pack *pack, uint32_t child, uint32_t *weights)
{
	struct pack_entry *entry = &pack->entries[child], *base = &pack->entries[entry->base];
	struct pack_entry *last;

	weights[entry->base] += weights[child];
	if (base->last_child == PACK_ENTRY_NONE) {
		base->last_child = entry->next_sibling = child;
		return;
	}
	last = &pack->entries[base->last_child];
	entry->next_sibling = last->next_sibling;
	last->next_sibling = child;
	if (weights[child] > weights[base->last_child])
		base->last_child = child;
}

static void children_link(struct pack *pack)
{
	uint32_t *weights = memory_allocate(pack->index.count * sizeof(*weights));

	for (uint32_t i = 0; i < pack->index.count; i++)
		weights[i] = 1;
	for (uint32_t i = pack->index.count; i-- > 0;) {
		if (pack->entries[i].base != PACK_ENTRY_NONE && pack->entries[i].is_needed)
			child_link(pack, i, weights);
	}
	free(weights);
}

/* Give all entries below a root its kind: depth first, by the links alone. */
static void kind_spread(struct pack *pack, uint32_t root)
{
	struct pack_entry *entries = pack->entries;
	uint32_t at = root;

	for (;;) {
		entries[at].kind = entries[root].kind;
		if (entries[at].last_child != PACK_ENTRY_NONE) {
			at = entries[entries[at].last_child].next_sibling;
			continue;
		}
		while (at != root && entries[entries[at].base].last_child == at)
			at = entries[at].base;
		if (at == root)
			return;
		at = entries[at].next_sibling;
	}
}

void pack_link(struct pack *pack, const unsigned char *is_duplicate)
{
	bool forward;

	entries_place(pack, is_duplicate);
	forward = headers_read(pack);
	needs_mark(pack);
	children_link(pack);
	for (uint32_t i = 0; forward && i < pack->index.count; i++) {
		if (!pack->entries[i].is_delta && pack->entries[i].last_child != PACK_ENTRY_NONE)
			kind_spread(pack, i);
	}
}
