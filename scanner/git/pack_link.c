/*
 * The table of a pack's entries: sorted by offset, each with its base, its kind and the deltas made from it.
 */
#include "git/pack.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

/*
 * Headers are asked for this many entries before they are read: they stand some hundred bytes apart, which no
 * processor foresees.
 */
#define HEADERS_AHEAD 16

/* Fewer headers than this are not worth a further thread. */
#define HEADERS_PER_THREAD 4096

/*
 * The pack cut into cells of 1 << shift bytes, one or two for each entry, and for each cell the number of the
 * entry behind its last one. With it entries are sorted in one pass (faster than a radix sort, and as fast as
 * reading a .rev file, which not every pack has), and a base is found in one or two steps.
 */
struct cell_map {
	uint32_t *ends; /* owned */
	size_t count;
	unsigned shift;
};

/* The offset in the index, or 0 when it is outside of the pack. */
static uint64_t offset_read(const struct pack *pack, uint32_t position)
{
	uint64_t offset = pack_index_offset(&pack->index, position);

	return offset < pack->end ? offset : 0;
}

/* Count the entries of each cell, and add the counts up: then each number is where its cell begins. */
static void cell_map_init(struct cell_map *map, const struct pack *pack)
{
	uint32_t sum = 0;

	map->shift = 0;
	while (pack->end >> map->shift > 2 * (uint64_t)pack->index.count)
		map->shift++;
	map->count = (pack->end >> map->shift) + 1;
	map->ends = memory_allocate_zeroed(map->count, sizeof(*map->ends));
	for (uint32_t i = 0; i < pack->index.count; i++)
		map->ends[offset_read(pack, i) >> map->shift]++;
	for (size_t cell = 0; cell < map->count; cell++) {
		uint32_t here = map->ends[cell];

		map->ends[cell] = sum;
		sum += here;
	}
}

static int entry_compare(const void *a, const void *b)
{
	const struct pack_entry *first = a, *second = b;

	if (first->offset != second->offset)
		return first->offset < second->offset ? -1 : 1;
	return first->position < second->position ? -1 : 1;
}

/* Sort the entries of one cell, of which there are few unless somebody made the pack for it. */
static void cell_sort(struct pack_entry *entries, uint32_t count)
{
	if (count > 32) {
		qsort(entries, count, sizeof(*entries), entry_compare);
		return;
	}
	for (uint32_t i = 1; i < count; i++) {
		struct pack_entry entry = entries[i];
		uint32_t to = i;

		for (; to && entries[to - 1].offset > entry.offset; to--)
			entries[to] = entries[to - 1];
		entries[to] = entry;
	}
}

/* Fill the table with the index's offsets, sorted. */
static void entries_place(struct pack *pack, struct cell_map *map, const unsigned char *is_duplicate)
{
	uint32_t start = 0, named = pack->index.count - pack->index.unnamed;

	cell_map_init(map, pack);
	pack->entries = memory_allocate(pack->index.count * sizeof(*pack->entries));
	for (uint32_t i = 0; i < pack->index.count; i++) {
		uint64_t offset = offset_read(pack, i);

		pack->entries[map->ends[offset >> map->shift]++] = (struct pack_entry){
			.offset = offset,
			.position = i,
			.is_duplicate = i >= named || (is_duplicate && is_duplicate[i / 8] >> i % 8 & 1),
			.base = PACK_ENTRY_NONE,
			.last_child = PACK_ENTRY_NONE,
		};
	}
	for (size_t cell = 0; cell < map->count; cell++) {
		cell_sort(pack->entries + start, map->ends[cell] - start);
		start = map->ends[cell];
	}
}

/* The base of a delta, or PACK_ENTRY_NONE. */
static uint32_t base_find(const struct pack *pack, const struct cell_map *map, const struct pack_header *header)
{
	uint64_t offset = header->base_offset;
	uint32_t position;
	size_t cell;

	if (header->type == PACK_REFERENCE_DELTA) {
		if (!pack_index_find(&pack->index, header->base_id, &position))
			return PACK_ENTRY_NONE;
		offset = offset_read(pack, position);
	}
	cell = offset >> map->shift;
	return pack_entry_find(pack, offset, cell ? map->ends[cell - 1] : 0, map->ends[cell]);
}

/* A thread's share of the headers: those of the entries from first to before end. */
struct header_range {
	pthread_t thread;
	struct pack *pack;
	const struct cell_map *map;
	uint32_t first, end;
};

/*
 * Read the headers of a range. Until kinds_settle() next_sibling holds the type (0: the header is broken), because the fields that it belongs in share
 * a word with the offset, which other threads read.
 */
static void *range_read(void *context)
{
	const struct header_range *range = context;
	struct pack *pack = range->pack;

	for (uint32_t i = range->first; i < range->end; i++) {
		struct pack_entry *entry = &pack->entries[i];
		struct pack_header header;

		if (i + HEADERS_AHEAD < range->end)
			__builtin_prefetch(pack->file.bytes + pack->entries[i + HEADERS_AHEAD].offset);
		entry->next_sibling = 0;
		if (pack_entry_header(pack, i, &header))
			continue;
		entry->next_sibling = header.type;
		if (header.type > OBJECT_TAG)
			entry->base = base_find(pack, range->map, &header);
	}
	return NULL;
}

/* Read every header, on jobs threads where there are enough of them. */
static void headers_read(struct pack *pack, const struct cell_map *map, unsigned jobs)
{
	uint32_t count = pack->index.count, first = 0;
	unsigned parts = count / HEADERS_PER_THREAD < jobs ? count / HEADERS_PER_THREAD + 1 : jobs, started = 0;
	struct header_range *ranges = memory_allocate(parts * sizeof(*ranges));

	/* a thread that cannot be had leaves its share, and all behind it, to this one */
	for (unsigned i = 1; i < parts && started == i - 1; i++) {
		uint32_t end = (uint32_t)((uint64_t)count * i / parts);

		ranges[i] = (struct header_range){ .pack = pack, .map = map, .first = first, .end = end };
		if (pthread_create(&ranges[i].thread, NULL, range_read, &ranges[i]))
			break;
		started = i;
		first = end;
	}
	ranges[0] = (struct header_range){ .pack = pack, .map = map, .first = first, .end = count };
	range_read(&ranges[0]);
	for (unsigned i = 1; i <= started; i++)
		pthread_join(ranges[i].thread, NULL);
	free(ranges);
}

/*
 * Give each entry the kind of what its chain of deltas starts from, as far as it stands behind it. Returns whether some delta stands before its base,
 * which only a delta that names its base by id can.
 */
static bool kinds_settle(struct pack *pack)
{
	bool forward = false;

	for (uint32_t i = 0; i < pack->index.count; i++) {
		struct pack_entry *entry = &pack->entries[i];
		uint32_t type = entry->next_sibling;

		entry->next_sibling = PACK_ENTRY_NONE;
		entry->is_delta = type > OBJECT_TAG;
		if (!entry->is_delta)
			entry->kind = type;
		else if (entry->base != PACK_ENTRY_NONE && entry->base < i)
			entry->kind = pack->entries[entry->base].kind;
		else
			forward |= entry->base != PACK_ENTRY_NONE;
	}
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

/*
 * Add a delta to its base's ring. Called from the last entry to the first; weights: how many entries each one and
 * those below it are.
 */
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

static void children_link(struct pack *pack, uint32_t *weights)
{
	for (uint32_t i = 0; i < pack->index.count; i++)
		weights[i] = 1;
	for (uint32_t i = pack->index.count; i-- > 0;) {
		if (pack->entries[i].base != PACK_ENTRY_NONE && pack->entries[i].is_needed)
			child_link(pack, i, weights);
	}
}

/* Give all entries below a root its kind, and weigh them anew: depth first, by the links alone. */
static void tree_settle(struct pack *pack, uint32_t root, uint32_t *weights)
{
	struct pack_entry *entries = pack->entries;
	uint32_t at = root;

	for (;;) {
		entries[at].kind = entries[root].kind;
		weights[at] = 1;
		if (entries[at].last_child != PACK_ENTRY_NONE) {
			at = entries[entries[at].last_child].next_sibling;
			continue;
		}
		while (at != root && entries[entries[at].base].last_child == at) {
			weights[entries[at].base] += weights[at];
			at = entries[at].base;
		}
		if (at == root)
			return;
		weights[entries[at].base] += weights[at];
		at = entries[at].next_sibling;
	}
}

/*
 * Some delta stands before its base, so that what was found for the base by going through the entries in order did
 * not reach it.
 */
static void forward_settle(struct pack *pack, uint32_t *weights)
{
	for (uint32_t i = 0; i < pack->index.count; i++) {
		if (!pack->entries[i].is_delta && pack->entries[i].last_child != PACK_ENTRY_NONE)
			tree_settle(pack, i, weights);
	}
	for (uint32_t i = 0; i < pack->index.count; i++) {
		struct pack_entry *entry = &pack->entries[i];

		if (entry->is_needed && entry->base != PACK_ENTRY_NONE &&
		    weights[i] > weights[pack->entries[entry->base].last_child])
			pack->entries[entry->base].last_child = i;
	}
}

void pack_link(struct pack *pack, const unsigned char *is_duplicate, unsigned jobs)
{
	struct cell_map map;
	uint32_t *weights;
	bool forward;

	entries_place(pack, &map, is_duplicate);
	headers_read(pack, &map, jobs);
	free(map.ends);
	forward = kinds_settle(pack);
	needs_mark(pack);
	weights = memory_allocate(pack->index.count * sizeof(*weights));
	children_link(pack, weights);
	if (forward)
		forward_settle(pack, weights);
	free(weights);
}
