#include "git/pack_bytes.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/delta.h"
#include "git/inflate.h"
#include "git/object_hash.h"
#include "git/pack.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PACK_HEADER_SIZE 12

/* An entry takes two bytes of its own and a zlib stream, of which the shortest has eight. */
#define ENTRY_SIZE_MIN 10

/* What the objects of one small pack may take at once: they are walked beside others. */
#define MEMORY_LIMIT ((size_t)16 << 20)

/* Rounds of naming, each of which finds deltas that name a delta of the round before as their base by its id. git itself writes no such chains. */
#define ROUNDS_MAX 50

/* An entry in the order of offsets. */
struct found_entry {
	uint64_t offset;
	struct object_id id; /* a stand-in where it is not known */
	bool is_named, is_handed_on;
	bool by_id; /* a delta that names its base by id */
};

struct pack_reading {
	struct pack_bytes_walk *walk;
	struct pack pack;
	struct found_entry *entries; /* owned: count of them */
	size_t count, capacity;
	struct object_hash *hash;  /* owned, as is */
	struct inflater *inflater;
	uint64_t used; /* of the allowance */
	bool is_over, was_stopped;
};

/* ---- finding the entries ---- */

/* Count bytes that come of the pack. Returns whether they may. */
static bool use(struct pack_reading *reading, uint64_t size)
{
	reading->is_over |= size > reading->walk->allowance - reading->used;
	if (!reading->is_over)
		reading->used += size;
	return !reading->is_over;
}

/* An id that no object has, and that differs from all others: it stands in for one that is not known yet. */
static void stand_in(struct object_id *id, uint64_t offset)
{
	memset(id->bytes, 0xff, sizeof(id->bytes));
	for (unsigned i = 0; i < 8; i++)
		id->bytes[OBJECT_ID_SIZE - 1 - i] = (unsigned char)(offset >> 8 * i);
}

/* Inflate an entry to see where it ends, and what its id is where it is no delta. Returns NULL, or what is wrong. */
static const char *measure_entry(struct pack_reading *reading, struct found_entry *entry, uint64_t *end)
{
	unsigned char block[16384];
	const struct pack *pack = &reading->pack;
	struct pack_header header = { 0 };
	const char *complaint = pack_header_read(pack, entry->offset, pack->end, &header);
	const unsigned char *data = pack->file.bytes + header.data;
	uint64_t left = header.size;
	bool is_whole = !complaint && header.type <= OBJECT_TAG;

	if (complaint)
		return complaint;
	if (!inflate_plausible(header.size, pack->end - header.data))
		return "it is too short for the size it says";
	if (!use(reading, header.size))
		return "more bytes come of it than may";
	entry->by_id = header.type == PACK_REFERENCE_DELTA;
	entry->is_named = is_whole;
	if (is_whole)
		object_hash_begin(reading->hash, (enum object_kind)header.type, header.size);
	else
		stand_in(&entry->id, entry->offset);
	complaint = inflate_begin(reading->inflater, data, pack->end - header.data);
	while (!complaint && left) {
		size_t step = left < sizeof(block) ? (size_t)left : sizeof(block);

		complaint = inflate_next(reading->inflater, block, step);
		if (!complaint && is_whole)
			object_hash_add(reading->hash, block, step);
		left -= step;
	}
	if (!complaint)
		complaint = inflate_finish(reading->inflater);
	if (complaint)
		return complaint;
	if (is_whole)
		object_hash_finish(reading->hash, &entry->id);
	*end = header.data + inflate_taken(reading->inflater);
	return NULL;
}

/* List the entries up to the first one that cannot be read. Returns NULL, or what is wrong there. */
static const char *list_entries(struct pack_reading *reading)
{
	uint32_t count = load_be32(reading->pack.file.bytes + 8);
	uint64_t at = PACK_HEADER_SIZE;

	for (uint32_t i = 0; i < count; i++) {
		struct found_entry entry = { .offset = at };
		const char *complaint = "it is cut short";

		if (*reading->walk->stop)
			return "the walk was stopped";
		if (reading->pack.end > at && reading->pack.end - at >= ENTRY_SIZE_MIN)
			complaint = measure_entry(reading, &entry, &at);
		if (complaint)
			return complaint;
		memory_grow(reading->entries, reading->count, reading->capacity);
		reading->entries[reading->count++] = entry;
	}
	/* what is behind the last entry and is no checksum is no part of the pack */
	reading->pack.end = (size_t)at;
	return NULL;
}

/* ---- walking the objects ---- */

static int compare_by_id(const void *a, const void *b)
{
	const struct found_entry *const *x = a, *const *y = b;

	return object_id_compare(&(*x)->id, &(*y)->id);
}

/* The entries by id. The caller frees the list. */
static struct found_entry **order_by_id(struct pack_reading *reading)
{
	struct found_entry **order = memory_allocate(reading->count * sizeof(*order));

	for (size_t i = 0; i < reading->count; i++)
		order[i] = &reading->entries[i];
	qsort(order, reading->count, sizeof(*order), compare_by_id);
	return order;
}

/* Make the pack's index of what the entries are called so far. */
static void make_index(struct pack_reading *reading)
{
	struct found_entry **order = order_by_id(reading);
	struct pack_index *index = &reading->pack.index;

	memset(index, 0, sizeof(*index));
	pack_index_lay_out(index, (uint32_t)reading->count);
	for (uint32_t i = 0; i < reading->count; i++) {
		pack_index_put(index, i, order[i]->id.bytes, order[i]->offset);
		if (i && !object_id_compare(&order[i - 1]->id, &order[i]->id))
			order[i]->is_handed_on = true; /* by the one before, which is what a look into the index finds */
	}
	pack_index_fan_out(index);
	free(order);
}

/* The entry of this id, and its number. NULL: there is none. */
static struct found_entry *find_entry(struct pack_reading *reading, const struct object_id *id, uint32_t *number)
{
	const struct pack *pack = &reading->pack;
	uint32_t position;

	if (!pack_index_find(&pack->index, id->bytes, &position))
		return NULL;
	*number = pack_entry_find(pack, pack_index_offset(&pack->index, position), 0, pack->index.count);
	return *number == PACK_ENTRY_NONE ? NULL : &reading->entries[*number];
}

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct pack_reading *reading = context;
	struct pack_bytes_walk *walk = reading->walk;
	struct object_piece named = *piece;
	uint32_t number;
	struct found_entry *entry = find_entry(reading, &piece->id, &number);

	if (!entry || !use(reading, piece->size))
		return 1;
	if (!entry->is_named) {
		object_hash_begin(reading->hash, piece->kind, piece->size);
		object_hash_add(reading->hash, piece->bytes, piece->size);
		object_hash_finish(reading->hash, &entry->id);
		entry->is_named = true;
	}
	if (entry->is_handed_on)
		return 0;
	entry->is_handed_on = true;
	named.id = entry->id;
	reading->was_stopped = walk->visit(walk->context, worker, &named) != 0;
	return reading->was_stopped;
}

static void ignore_damage(void *context, const struct object_id *id, const char *detail)
{
	(void)context; /* they are counted in the end, when no round can make them any more */
	(void)id;
	(void)detail;
}

/* Whether some delta without a base would find it by now. */
static bool finds_more(struct pack_reading *reading)
{
	struct found_entry **order = order_by_id(reading);
	bool found = false;

	for (size_t i = 0; i < reading->count && !found; i++) {
		struct found_entry base, *wanted = &base;
		struct pack_header header;

		if (!reading->entries[i].by_id || reading->pack.entries[i].kind ||
		    pack_header_read(&reading->pack, reading->entries[i].offset, reading->pack.end, &header))
			continue;
		memcpy(base.id.bytes, header.base_id, sizeof(base.id.bytes));
		found = bsearch(&wanted, order, reading->count, sizeof(*order), compare_by_id) != NULL;
	}
	free(order);
	return found;
}

/*
 * Reduce a delta to the bytes that it inserts, in place: runs that follow each other are one (an instruction holds 127 bytes at most), and a line's end
 * stands for what is copied from the base. Returns their number.
 */
static size_t keep_inserted(unsigned char *delta, size_t size)
{
	uint64_t base_size, result_size;
	size_t at = delta_sizes(delta, size, &base_size, &result_size), kept = 0;

	while (at && at < size) {
		unsigned instruction = delta[at++];

		if (instruction & 0x80) {
			at += (size_t)__builtin_popcount(instruction & 0x7f);
			delta[kept++] = '\n';
		} else {
			size_t run = instruction < size - at ? instruction : size - at;

			memmove(delta + kept, delta + at, run);
			kept += run;
			at += run;
		}
	}
	return kept;
}

/* Hand out what a delta inserts: it is new in the object that it would make. */
static void hand_out_delta(struct pack_reading *reading, const struct found_entry *entry)
{
	struct pack_bytes_walk *walk = reading->walk;
	const struct pack *pack = &reading->pack;
	struct pack_header header;
	unsigned char *bytes;

	if (reading->is_over || reading->was_stopped || pack_header_read(pack, entry->offset, pack->end, &header) ||
	    header.size > walk->object_max || !use(reading, header.size))
		return;
	bytes = memory_allocate((size_t)header.size);
	if (!inflate_begin(reading->inflater, pack->file.bytes + header.data, pack->end - header.data) &&
	    !inflate_next(reading->inflater, bytes, (size_t)header.size))
		reading->was_stopped = walk->visit_delta(walk->context, entry->offset, bytes,
							  keep_inserted(bytes, (size_t)header.size)) != 0;
	free(bytes);
}

/* Count what no round can make any more, and hand out what there is of it. */
static void finish_rest(struct pack_reading *reading)
{
	for (size_t i = 0; i < reading->count; i++) {
		if (reading->entries[i].is_handed_on)
			continue;
		if (reading->pack.entries[i].kind) {
			reading->walk->damaged++;
			continue;
		}
		reading->walk->missing++;
		hand_out_delta(reading, &reading->entries[i]);
	}
}

/* Walk all that can be made by the ids that are known. Returns what pack_walk() does; *more, whether there may be another round, becomes whether one is needed. */
static int walk_round(struct pack_reading *reading, bool *more, struct error *error)
{
	uint64_t starts[2] = { 0, reading->count };
	struct pack_set set = { .packs = &reading->pack, .count = 1, .starts = starts };
	struct pack_walk_options options = {
		.kinds = OBJECT_KIND_BIT(OBJECT_BLOB) | OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) |
			 OBJECT_KIND_BIT(OBJECT_TAG),
		.jobs = 1,
		.memory_limit = MEMORY_LIMIT,
		.window_size = SIZE_MAX,
		.object_max = reading->walk->object_max,
		.stop = reading->walk->stop,
		.visit = visit,
		.damaged = ignore_damage,
		.context = reading,
	};
	int result;

	make_index(reading);
	pack_link(&reading->pack, NULL, 1);
	result = pack_walk(&set, &options, error);
	*more = !result && *more && finds_more(reading);
	if (!result && !*more)
		finish_rest(reading);
	free(reading->pack.entries);
	free(reading->pack.index.made);
	reading->pack.entries = NULL;
	reading->pack.index.made = NULL;
	return result;
}

int pack_bytes_walk(const unsigned char *bytes, size_t size, struct pack_bytes_walk *walk, struct error *error)
{
	struct pack_reading reading = { .walk = walk, .pack = { .file = { .bytes = bytes, .size = size }, .end = size } };
	const char *complaint = "it is cut short";
	bool more = true;
	int result = 0;

	walk->damaged = walk->missing = 0;
	reading.pack.path = memory_copy_string("pack");
	reading.hash = object_hash_new();
	reading.inflater = inflater_new();
	if (!reading.inflater || !reading.hash) {
		result = error_set(error, ERROR_UNSUPPORTED, "zlib or SHA-1 cannot be set up");
		goto out;
	}
	if (size >= PACK_HEADER_SIZE && size < PACK_SIZE_MAX)
		complaint = list_entries(&reading);
	for (unsigned round = 1; more && !result && reading.count; round++) {
		more = round < ROUNDS_MAX;
		result = walk_round(&reading, &more, error);
	}
	if (reading.is_over)
		result = error_set(error, ERROR_LIMIT, "more bytes come of it than of any that is no bomb");
	else if (!result && complaint)
		result = error_set(error, ERROR_MALFORMED, "its object number %zu cannot be read: %s", reading.count + 1, complaint);
out:
	inflater_free(reading.inflater);
	object_hash_free(reading.hash);
	free(reading.entries);
	free(reading.pack.path);
	return result;
}
