/*
 * One pass over the entries, each inflated to see where it ends, names all that are no deltas. Then deltas are made and named by the pack walk, which has to know
 * ids first: entries of which none is known have stand-ins. A delta that gives its base by id can be linked when that is known, so there are as many rounds as
 * such deltas follow each other; git writes them only into thin packs, where there is one.
 */
#define _GNU_SOURCE
#include "git/pack_listing.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/inflate.h"
#include "git/object_hash.h"

#include <stdlib.h>
#include <string.h>

#define PACK_HEADER_SIZE 12
#define ROUNDS_MAX 64
#define STEP ((size_t)1 << 16)

/* What stand-ins begin with; the last 4 bytes are the entry's number. */
static const unsigned char stand_in[OBJECT_ID_SIZE - 4] = { 0xff, 0xff, 's', 't', 'a', 'u', 'n', 'c', 'h', ' ', 'e', 'n', 't', 'r', 'y', ' ' };

int pack_listing_init(struct pack_listing *listing, struct pack *pack, struct error *error)
{
	*listing = (struct pack_listing){ .pack = pack,
					  .inflater = inflater_new(),
					  .hash = object_hash_new(),
					  .allowance = UINT64_MAX,
					  .count_max = SIZE_MAX,
					  .memory_limit = PACK_WALK_MEMORY_DEFAULT };
	if (listing->inflater && listing->hash)
		return 0;
	return error_set(error, ERROR_UNSUPPORTED, "cannot read a pack without an index: SHA-1 or zlib cannot be set up");
}

void pack_listing_release(struct pack_listing *listing)
{
	free(listing->found);
	inflater_free(listing->inflater);
	object_hash_free(listing->hash);
}

bool pack_listing_allow(struct pack_listing *listing, uint64_t size)
{
	listing->is_over |= size > listing->allowance;
	if (!listing->is_over)
		listing->used += size;
	if (!listing->is_over && listing->allowance != UINT64_MAX)
		listing->allowance -= size;
	return !listing->is_over;
}

void pack_listing_add(struct pack_listing *listing, uint64_t offset, const struct object_id *id)
{
	struct pack_found found = { .offset = offset, .known = id != NULL };
	uint32_t number = htobe32((uint32_t)listing->count);

	if (id) {
		found.id = *id;
		listing->named++;
	} else {
		memcpy(found.id.bytes, stand_in, sizeof(stand_in));
		memcpy(found.id.bytes + sizeof(stand_in), &number, sizeof(number));
	}
	memory_grow(listing->found, listing->count, listing->capacity);
	listing->found[listing->count++] = found;
}

/* ---- the first pass ---- */

/* Inflate an entry, and hash it unless it is a delta. Returns NULL, or what is wrong. */
static const char *read_entry(struct pack_listing *listing, const struct pack_header *header, uint64_t end, struct object_id *id, uint64_t *next)
{
	unsigned char buffer[STEP];
	bool is_delta = header->type > OBJECT_TAG;
	const char *complaint;

	if (!inflate_plausible(header->size, end - header->data))
		return "it is too short for the size it says";
	if (!pack_listing_allow(listing, header->size))
		return "more bytes come of it than may";
	complaint = inflate_begin(listing->inflater, listing->pack->file.bytes + header->data, end - header->data);
	if (!is_delta)
		object_hash_begin(listing->hash, (enum object_kind)header->type, header->size);
	for (uint64_t left = header->size; left && !complaint;) {
		size_t step = left < sizeof(buffer) ? (size_t)left : sizeof(buffer);

		complaint = inflate_next(listing->inflater, buffer, step);
		if (!complaint && !is_delta)
			object_hash_add(listing->hash, buffer, step);
		left -= step;
	}
	if (!complaint)
		complaint = inflate_finish(listing->inflater);
	if (complaint)
		return complaint;
	if (!is_delta)
		object_hash_finish(listing->hash, id);
	*next = header->data + inflate_taken(listing->inflater);
	return NULL;
}

const char *pack_listing_read(struct pack_listing *listing)
{
	struct pack *pack = listing->pack;
	uint32_t counted = load_be32(pack->file.bytes + 8);
	uint64_t at = PACK_HEADER_SIZE, size = pack->file.size;
	const char *complaint = NULL;

	for (uint32_t i = 0; i < counted && !complaint; i++) {
		struct pack_header header;
		struct object_id id;
		uint64_t next = at;

		complaint = listing->stop && *listing->stop ? "the reading was stopped" :
			    at < size			    ? pack_header_read(pack, at, size, &header) :
							      "the file ends there";
		if (!complaint)
			complaint = read_entry(listing, &header, size, &id, &next);
		if (!complaint && listing->count == listing->count_max) {
			complaint = "there are more objects in it than in any that is no bomb";
			listing->is_over = true;
		}
		if (!complaint) {
			pack_listing_add(listing, at, header.type > OBJECT_TAG ? NULL : &id);
			at = next;
		}
	}
	pack->end = (size_t)at;
	if (!complaint && size - at != OBJECT_ID_SIZE)
		complaint = size - at < OBJECT_ID_SIZE ? "its checksum is cut off" : "there are bytes behind the last object";
	return complaint;
}

/* ---- naming deltas ---- */

void pack_listing_index(struct pack_listing *listing, bool all)
{
	struct pack *pack = listing->pack;
	struct pack_found *sorted = memory_allocate((listing->count + 1) * sizeof(*sorted));
	uint32_t count = 0;

	pack_index_close(&pack->index);
	free(pack->entries);
	pack->entries = NULL;
	memset(&pack->index, 0, sizeof(pack->index));
	for (size_t i = 0; i < listing->count; i++) {
		if (listing->found[i].known || all)
			sorted[count++] = listing->found[i];
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), object_id_compare);
	pack_index_lay_out(&pack->index, count);
	for (uint32_t i = 0; i < count; i++)
		pack_index_put(&pack->index, i, sorted[i].id.bytes, sorted[i].offset);
	pack_index_fan_out(&pack->index);
	free(sorted);
}

/* An object_visit: one thread. */
static int name_object(void *context, unsigned worker, const struct object_piece *piece)
{
	struct pack_listing *listing = context;
	struct pack_found *found;
	uint32_t number;

	(void)worker;
	if (piece->first && !pack_listing_allow(listing, piece->size))
		return 1;
	if (memcmp(piece->id.bytes, stand_in, sizeof(stand_in)) != 0 || !piece->first || !piece->last)
		return 0;
	number = load_be32(piece->id.bytes + sizeof(stand_in));
	if (number >= listing->count)
		return 0;
	found = &listing->found[number];
	if (found->known)
		return 0;
	object_hash_begin(listing->hash, piece->kind, piece->size);
	object_hash_add(listing->hash, piece->bytes, piece->size);
	object_hash_finish(listing->hash, &found->id);
	found->known = true;
	listing->named++;
	return 0;
}

/* What cannot be made now may be in a later round; what stays is for the caller to tell. */
static void pass_over(void *context, const struct object_id *id, const char *detail)
{
	(void)context;
	(void)id;
	(void)detail;
}

int pack_listing_name(struct pack_listing *listing, struct error *error)
{
	struct pack_walk_options options = { .kinds = OBJECT_KIND_BIT(OBJECT_BLOB) | OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) |
						      OBJECT_KIND_BIT(OBJECT_TAG),
					     .jobs = 1,
					     .memory_limit = listing->memory_limit,
					     .window_size = PACK_WALK_WINDOW_DEFAULT,
					     .object_max = listing->object_max,
					     .stop = listing->stop,
					     .visit = name_object,
					     .damaged = pass_over,
					     .context = listing };
	size_t before = SIZE_MAX;
	int status = 0;

	for (unsigned round = 0; round < ROUNDS_MAX && !status && listing->named < listing->count && listing->named != before; round++) {
		uint64_t starts[2] = { 0, listing->count };
		struct pack_set set = { .packs = listing->pack, .count = 1, .starts = starts };

		before = listing->named;
		pack_listing_index(listing, true);
		pack_link(listing->pack, NULL, 1);
		status = pack_walk(&set, &options, error);
	}
	return status;
}
