/*
 * One pack: its files, and the headers of its entries. gitformat-pack(5), "pack-*.pack files have the following
 * format".
 */
#include "git/pack.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/pack_midx.h"

#include <stdlib.h>
#include <string.h>

#define PACK_HEADER_SIZE 12

/* Whether index and pack say that they belong together. Returns NULL, or in what they differ. */
static const char *contradiction_find(const struct pack *pack)
{
	const struct pack_index *index = &pack->index;

	if (load_be32(pack->file.bytes + 8) != index->count)
		return "the pack and its index count different numbers of objects";
	if (memcmp(pack->file.bytes + pack->end, index->file.bytes + index->file.size - 2 * OBJECT_ID_SIZE,
		   OBJECT_ID_SIZE) != 0)
		return "the index was made for a pack with another checksum";
	if (!index->in_order)
		return "the ids in the index do not ascend";
	return NULL;
}

/* Map the pack and check how it begins. */
static int pack_map(struct pack *pack, struct error *error)
{
	const char *complaint = NULL;
	uint32_t version;
	int status = file_map_open(&pack->file, pack->path, error);

	if (status)
		return status;
	if (pack->file.size < PACK_HEADER_SIZE + OBJECT_ID_SIZE || pack->file.size >= PACK_SIZE_MAX) {
		complaint = "its size is impossible";
	} else {
		version = load_be32(pack->file.bytes + 4);
		if (memcmp(pack->file.bytes, "PACK", 4) != 0)
			complaint = "it does not begin as a pack does";
		else if (version != 2 && version != 3)
			complaint = "its version is not known";
	}
	if (complaint)
		return error_set(error, ERROR_MALFORMED, "cannot use the pack '%s': %s", pack->path, complaint);
	pack->end = pack->file.size - OBJECT_ID_SIZE;
	return 0;
}

int pack_open(struct pack *pack, const char *path, pack_unreadable *unreadable, void *context, struct error *error)
{
	char *index_path = memory_format("%s.idx", path);
	const char *complaint;
	int status;

	memset(pack, 0, sizeof(*pack));
	pack->path = memory_format("%s.pack", path);
	status = pack_index_open(&pack->index, index_path, error);
	if (!status)
		status = pack_map(pack, error);
	if (status)
		goto out;
	complaint = contradiction_find(pack);
	if (complaint) {
		pack->suspect = true;
		unreadable(context, pack->path, complaint);
	}
out:
	free(index_path);
	if (status)
		pack_close(pack);
	return status;
}

int pack_open_by_midx(struct pack *pack, const char *path, const struct pack_midx *midx, uint32_t number,
		      pack_unreadable *unreadable, void *context, struct error *error)
{
	uint32_t counted;
	int status;

	memset(pack, 0, sizeof(*pack));
	pack->path = memory_format("%s.pack", path);
	status = pack_map(pack, error);
	if (status) {
		pack_close(pack);
		return status;
	}
	/* nothing ties a multi-pack-index to the bytes of its packs: there is no checksum of them in it */
	pack->suspect = true;
	pack_midx_index(midx, number, &pack->index);
	counted = load_be32(pack->file.bytes + 8);
	if (counted < pack->index.count)
		unreadable(context, pack->path, "the pack has fewer objects than the multi-pack-index says");
	else if (counted > midx->count)
		unreadable(context, pack->path, "the pack has more objects than the multi-pack-index names");
	pack_midx_complete(pack);
	return 0;
}

void pack_close(struct pack *pack)
{
	pack_index_close(&pack->index);
	file_map_close(&pack->file);
	free(pack->entries);
	free(pack->path);
	memset(pack, 0, sizeof(*pack));
}

/*
 * The distance back to the base of an offset delta: seven bits a byte, the highest first, each further byte adding
 * one.
 */
static const unsigned char *distance_read(const unsigned char *at, const unsigned char *end, uint64_t *distance)
{
	uint64_t value = 0;

	for (bool more = true; more; value += more) {
		if (at == end || value >> 56)
			return NULL;
		value = value << 7 | (*at & 0x7f);
		more = *at++ & 0x80;
	}
	*distance = value;
	return at;
}

const char *pack_header_read(const struct pack *pack, uint64_t offset, uint64_t limit, struct pack_header *header)
{
	const unsigned char *at = pack->file.bytes + offset, *end = pack->file.bytes + limit;
	uint64_t distance;
	unsigned char byte;

	if (offset < PACK_HEADER_SIZE)
		return "the index points outside of the pack";
	if (at == end)
		return "its header is cut off";
	byte = *at++;
	header->type = byte >> 4 & 7;
	header->size = byte & 15;
	for (unsigned shift = 4; byte & 0x80; shift += 7) {
		if (at == end)
			return "its header is cut off";
		byte = *at++;
		if (shift > 60 || (uint64_t)(byte & 0x7f) << shift >> shift != (byte & 0x7f))
			return "its size does not fit in 64 bits";
		header->size |= (uint64_t)(byte & 0x7f) << shift;
	}
	if (header->type == PACK_OFFSET_DELTA) {
		at = distance_read(at, end, &distance);
		if (!at || !distance || distance >= offset)
			return "the distance to its base is broken";
		header->base_offset = offset - distance;
	} else if (header->type == PACK_REFERENCE_DELTA) {
		if (end - at < OBJECT_ID_SIZE)
			return "its header is cut off";
		header->base_id = at;
		at += OBJECT_ID_SIZE;
	} else if (header->type < OBJECT_COMMIT || header->type > OBJECT_TAG) {
		return "its type is not known";
	}
	header->data = (uint64_t)(at - pack->file.bytes);
	return NULL;
}

const char *pack_entry_header(const struct pack *pack, uint32_t entry, struct pack_header *header)
{
	return pack_header_read(pack, pack->entries[entry].offset, pack_entry_end(pack, entry), header);
}

uint32_t pack_entry_find(const struct pack *pack, uint64_t offset, uint32_t low, uint32_t high)
{
	uint32_t end = high;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (pack->entries[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && pack->entries[low].offset == offset ? low : PACK_ENTRY_NONE;
}

const char *pack_entry_complaint(const struct pack *pack, uint32_t entry)
{
	struct pack_header header;
	const char *complaint = pack_entry_header(pack, entry, &header);

	if (complaint)
		return complaint;
	if (pack->entries[entry].base != PACK_ENTRY_NONE)
		return "it is a delta whose chain of bases leads to none that can be read";
	if (header.type == PACK_OFFSET_DELTA)
		return "it is a delta and no entry begins where its base should";
	return "it is a delta and its base is not in this pack";
}
