/*
 * One object out of a set of packs: its chain of deltas down to the base, and up again. For the few objects that are wanted one by one; the walk over all is
 * pack_walk's.
 */
#include "git/pack.h"

#include "base/memory.h"
#include "git/delta.h"
#include "git/inflate.h"

#include <stdlib.h>
#include <string.h>

/* As git's own (core.deltaDepth's ceiling, pack-objects.h). */
#define DEPTH_MAX 4095

/* Inflate an entry's stream. Returns NULL, or what is wrong; *bytes has room behind it for what delta_apply() wants. */
static const char *inflate_entry(struct inflater *inflater, const struct pack *pack, const struct pack_header *header, uint64_t end,
				 unsigned char **bytes)
{
	size_t limit = end - header->data;

	if (header->size > PACK_WALK_OBJECT_MAX)
		return "it is too large";
	if (!inflate_plausible(header->size, limit))
		return "it is too short for the size it says";
	*bytes = memory_allocate(header->size + INFLATE_SLACK + DELTA_SLACK);
	return inflate_whole(inflater, pack->file.bytes + header->data, limit, pack->file.size - header->data, *bytes, header->size);
}

/* Make the next object up the chain: *bytes becomes it. */
static const char *step_up(struct inflater *inflater, const struct pack *pack, uint32_t entry, unsigned char **bytes, size_t *size)
{
	struct pack_header header;
	unsigned char *delta = NULL, *made = NULL;
	uint64_t base_size, result_size;
	const char *complaint = pack_entry_header(pack, entry, &header);

	if (!complaint)
		complaint = inflate_entry(inflater, pack, &header, pack_entry_end(pack, entry), &delta);
	if (!complaint && (!delta_sizes(delta, header.size, &base_size, &result_size) || base_size != *size || result_size > PACK_WALK_OBJECT_MAX))
		complaint = "it is a delta for another base";
	if (!complaint) {
		made = memory_allocate(result_size + DELTA_SLACK);
		complaint = delta_apply(*bytes, base_size, delta, header.size, made, result_size);
	}
	free(delta);
	if (complaint) {
		free(made);
		return complaint;
	}
	free(*bytes);
	*bytes = made;
	*size = result_size;
	return NULL;
}

static const char *read_chain(struct inflater *inflater, const struct pack *pack, uint32_t entry, enum object_kind *kind, unsigned char **bytes,
			      size_t *size)
{
	uint32_t chain[DEPTH_MAX];
	size_t depth = 0;
	struct pack_header header;
	const char *complaint;

	for (; pack->entries[entry].base != PACK_ENTRY_NONE; entry = pack->entries[entry].base) {
		if (depth == DEPTH_MAX)
			return "its chain of deltas is too long";
		chain[depth++] = entry;
	}
	complaint = pack_entry_header(pack, entry, &header);
	if (!complaint && header.type > OBJECT_TAG)
		complaint = pack_entry_complaint(pack, entry);
	if (!complaint)
		complaint = inflate_entry(inflater, pack, &header, pack_entry_end(pack, entry), bytes);
	if (complaint)
		return complaint;
	*kind = (enum object_kind)header.type;
	*size = header.size;
	while (depth && !complaint)
		complaint = step_up(inflater, pack, chain[--depth], bytes, size);
	return complaint;
}

int pack_set_read(const struct pack_set *set, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size,
		  struct error *error)
{
	struct inflater *inflater = NULL;
	const char *complaint = NULL;
	char hex[2 * OBJECT_ID_SIZE + 1];
	bool read = false;

	*bytes = NULL;
	for (size_t p = 0; p < set->count && !read; p++) {
		const struct pack *pack = &set->packs[p];
		uint32_t position, entry;

		if (!pack_index_find(&pack->index, id->bytes, &position))
			continue;
		entry = pack_entry_find(pack, pack_index_offset(&pack->index, position), 0, pack->index.count);
		if (!inflater)
			inflater = inflater_new();
		complaint = !inflater || entry == PACK_ENTRY_NONE ? "it is not where the index says" :
								    read_chain(inflater, pack, entry, kind, bytes, size);
		read = !complaint;
		if (!read) {
			free(*bytes);
			*bytes = NULL;
		}
	}
	inflater_free(inflater);
	if (read)
		return 0;
	object_id_format(id, hex);
	return error_set(error, complaint ? ERROR_MALFORMED : ERROR_NOT_FOUND, "cannot read the object '%s': %s", hex,
			 complaint ? complaint : "no pack has it");
}

bool pack_set_kind(const struct pack_set *set, const struct object_id *id, enum object_kind *kind)
{
	for (size_t p = 0; p < set->count; p++) {
		const struct pack *pack = &set->packs[p];
		uint32_t position, entry = PACK_ENTRY_NONE;

		if (pack_index_find(&pack->index, id->bytes, &position))
			entry = pack_entry_find(pack, pack_index_offset(&pack->index, position), 0, pack->index.count);
		if (entry != PACK_ENTRY_NONE && pack->entries[entry].kind) {
			*kind = (enum object_kind)pack->entries[entry].kind;
			return true;
		}
	}
	return false;
}
