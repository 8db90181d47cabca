#include "git/pack_bytes.h"

#include "base/memory.h"
#include "git/delta.h"
#include "git/inflate.h"
#include "git/pack_listing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PACK_HEADER_SIZE 12

/* What the objects of one small pack may take at once: they are walked beside others. */
#define MEMORY_LIMIT ((size_t)16 << 20)

/* Each entry takes a hundred bytes of memory, and ten of a pack that somebody made for it. */
#define COUNT_MAX 500000

struct pack_reading {
	struct pack_bytes_walk *walk;
	struct pack pack;
	struct pack_listing listing;
	bool *is_handed_on; /* owned; by position in the index */
	bool was_stopped;
};

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct pack_reading *reading = context;
	uint32_t position;

	/* an object that stands here twice is found where it stands first */
	if (!pack_index_find(&reading->pack.index, piece->id.bytes, &position) || !pack_listing_allow(&reading->listing, piece->size))
		return 1;
	if (reading->is_handed_on[position])
		return 0;
	reading->is_handed_on[position] = true;
	reading->was_stopped = reading->walk->visit(reading->walk->context, worker, piece) != 0;
	return reading->was_stopped;
}

static void ignore_damage(void *context, const struct object_id *id, const char *detail)
{
	(void)context; /* what was not handed on is counted in the end */
	(void)id;
	(void)detail;
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
static void hand_out_delta(struct pack_reading *reading, uint64_t offset)
{
	struct pack_bytes_walk *walk = reading->walk;
	const struct pack *pack = &reading->pack;
	struct pack_header header;
	unsigned char *bytes;

	if (reading->listing.is_over || reading->was_stopped || pack_header_read(pack, offset, pack->end, &header) ||
	    header.size > walk->object_max || !pack_listing_allow(&reading->listing, header.size))
		return;
	bytes = memory_allocate((size_t)header.size);
	if (!inflate_begin(reading->listing.inflater, pack->file.bytes + header.data, pack->end - header.data) &&
	    !inflate_next(reading->listing.inflater, bytes, (size_t)header.size))
		reading->was_stopped = walk->visit_delta(walk->context, offset, bytes,
							  keep_inserted(bytes, (size_t)header.size)) != 0;
	free(bytes);
}

/* Count what could not be made, and hand out what there is of it. */
static void finish_rest(struct pack_reading *reading)
{
	const struct pack *pack = &reading->pack;

	for (uint32_t i = 0; i < pack->index.count; i++) {
		const struct pack_entry *entry = &pack->entries[i];
		uint32_t first;

		if (!pack_index_find(&pack->index, pack_entry_id(pack, i), &first) || reading->is_handed_on[first])
			continue;
		if (entry->kind) {
			reading->walk->damaged++;
			continue;
		}
		reading->walk->missing++;
		hand_out_delta(reading, entry->offset);
	}
}

/* Hand out all objects that can be made. Returns what pack_walk() does. */
static int walk_objects(struct pack_reading *reading, struct error *error)
{
	uint64_t starts[2] = { 0, reading->listing.count };
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

	pack_listing_index(&reading->listing, true);
	pack_link(&reading->pack, NULL, 1);
	reading->is_handed_on = memory_allocate_zeroed(reading->listing.count, sizeof(*reading->is_handed_on));
	return pack_walk(&set, &options, error);
}

int pack_bytes_walk(const unsigned char *bytes, size_t size, struct pack_bytes_walk *walk, struct error *error)
{
	struct pack_reading reading = { .walk = walk, .pack = { .file = { .bytes = bytes, .size = size }, .end = size } };
	const char *complaint = "it is cut short";
	bool was_over;
	int result = pack_listing_init(&reading.listing, &reading.pack, error);

	walk->used = walk->damaged = walk->missing = 0;
	reading.pack.path = memory_copy_string("pack");
	reading.listing.allowance = walk->allowance;
	reading.listing.count_max = COUNT_MAX;
	reading.listing.object_max = walk->object_max;
	reading.listing.memory_limit = MEMORY_LIMIT;
	reading.listing.stop = walk->stop;
	if (!result && size >= PACK_HEADER_SIZE && size < PACK_SIZE_MAX)
		complaint = pack_listing_read(&reading.listing);
	was_over = reading.listing.is_over;
	reading.listing.is_over = false; /* what was listed is walked all the same */
	if (!result && reading.listing.count) {
		reading.listing.allowance = walk->allowance;
		result = pack_listing_name(&reading.listing, error);
		was_over |= reading.listing.is_over;
		walk->used = reading.listing.used;
		reading.listing.is_over = false;
		reading.listing.allowance = walk->allowance;
		if (!result || was_over)
			result = walk_objects(&reading, error);
		if (!result)
			finish_rest(&reading);
	}
	if (was_over || reading.listing.is_over)
		result = error_set(error, ERROR_LIMIT, "more bytes come of it than of any that is no bomb");
	else if (!result && complaint)
		result = error_set(error, ERROR_MALFORMED, "behind its object number %zu: %s", reading.listing.count, complaint);
	pack_index_close(&reading.pack.index);
	pack_listing_release(&reading.listing);
	free(reading.pack.entries);
	free(reading.is_handed_on);
	free(reading.pack.path);
	return result;
}
