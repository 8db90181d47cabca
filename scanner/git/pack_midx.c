/*
 * Reading a multi-pack-index: gitformat-pack(5), "multi-pack-index (MIDX) files have the following format". It is a stranger's
 * file: every chunk, offset and number is checked when it is opened, so nothing has to be checked afterwards.
 */
#include "git/pack_midx.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/object_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 12
#define CHUNK_ROW_SIZE 12 /* an id of 4 bytes, an offset of 8 */
#define FANOUT_SIZE (256 * 4)
#define PLACE_SIZE 8 /* a pack's number, an offset */
#define LARGE 0x80000000u

/* One part of the file. */
struct chunk {
	const unsigned char *bytes; /* NULL: it has none of this name */
	size_t size;
};

/* Check the table of chunks, and find the ones named in ids (4 letters each). Returns what is wrong, or NULL. */
static const char *chunks_find(const struct pack_midx *midx, const char *const ids[], struct chunk *chunks, size_t count)
{
	const unsigned char *bytes = midx->file.bytes, *row = bytes + HEADER_SIZE;
	size_t rows = bytes[6], end = midx->file.size - OBJECT_ID_SIZE, table_end = HEADER_SIZE + (rows + 1) * CHUNK_ROW_SIZE;

	if (table_end > end)
		return "it is too short";
	for (size_t i = 0; i < rows; i++, row += CHUNK_ROW_SIZE) {
		uint64_t start = load_be64(row + 4), next = load_be64(row + CHUNK_ROW_SIZE + 4);

		if (start < table_end || next < start || next > end)
			return "its table of chunks is broken";
		for (size_t c = 0; c < count; c++) {
			if (memcmp(row, ids[c], 4) != 0)
				continue;
			if (chunks[c].bytes)
				return "it has a chunk twice";
			chunks[c] = (struct chunk){ bytes + start, (size_t)(next - start) };
		}
	}
	return load_be32(row) ? "its table of chunks has no end" : NULL;
}

/* List the names of the packs. */
static const char *names_read(struct pack_midx *midx, struct chunk names)
{
	const char *at = (const char *)names.bytes, *end = at + names.size;

	if (midx->pack_count > names.size)
		return "it names fewer packs than it counts";
	midx->names = memory_allocate(midx->pack_count * sizeof(*midx->names));
	for (uint32_t i = 0; i < midx->pack_count; i++) {
		const char *stop = memchr(at, 0, (size_t)(end - at));

		if (!stop || stop == at)
			return "it names fewer packs than it counts";
		if (i && strcmp(midx->names[i - 1], at) >= 0)
			return "the names of its packs do not ascend";
		midx->names[i] = at;
		at = stop + 1;
	}
	return NULL;
}

/* Check each object: its id's place, its pack and its offset. */
static const char *objects_check(const struct pack_midx *midx)
{
	uint32_t position = 0;

	for (unsigned first = 0; first < 256; first++) {
		uint32_t end = load_be32(midx->fanout + 4 * first);

		for (; position < end; position++) {
			const unsigned char *id = midx->ids + (size_t)position * OBJECT_ID_SIZE;
			uint32_t offset = load_be32(midx->places + (size_t)position * PLACE_SIZE + 4);

			if (id[0] != first || (position && memcmp(id - OBJECT_ID_SIZE, id, OBJECT_ID_SIZE) >= 0))
				return "its ids do not ascend";
			if (pack_midx_pack(midx, position) >= midx->pack_count)
				return "it puts an object into a pack that it does not name";
			/* git writes no large offsets when none is over 32 bits, and all 32 bits of the others count then */
			if (midx->large_offsets && offset & LARGE && (offset & ~LARGE) >= midx->large_count)
				return "it has no such large offset";
		}
	}
	return NULL;
}

/* Find and check everything in the mapped file. Returns what is wrong, or NULL. */
static const char *midx_check(struct pack_midx *midx)
{
	static const char *const ids[] = { "PNAM", "OIDF", "OIDL", "OOFF", "LOFF" };
	struct chunk chunks[5] = { { NULL, 0 } };
	const unsigned char *bytes = midx->file.bytes;
	const char *complaint;

	if (midx->file.size < HEADER_SIZE + OBJECT_ID_SIZE || memcmp(bytes, "MIDX", 4) != 0)
		return "it does not begin as a multi-pack-index does";
	if (bytes[4] != 1 || bytes[5] != 1)
		return "its version or its hash is not known";
	if (bytes[7])
		return "it is one of a chain";
	complaint = chunks_find(midx, ids, chunks, 5);
	if (complaint)
		return complaint;
	if (!chunks[0].bytes || !chunks[2].bytes || !chunks[3].bytes || chunks[1].size != FANOUT_SIZE)
		return "a chunk that it needs is not there";
	midx->fanout = chunks[1].bytes;
	for (unsigned i = 1; i < 256; i++) {
		if (load_be32(midx->fanout + 4 * i) < load_be32(midx->fanout + 4 * (i - 1)))
			return "its fan-out table does not ascend";
	}
	midx->count = load_be32(midx->fanout + 4 * 255);
	if (chunks[2].size != (uint64_t)midx->count * OBJECT_ID_SIZE || chunks[3].size != (uint64_t)midx->count * PLACE_SIZE ||
	    chunks[4].size % 8)
		return "its chunks do not fit its count";
	midx->pack_count = load_be32(bytes + 8);
	midx->ids = chunks[2].bytes;
	midx->places = chunks[3].bytes;
	midx->large_offsets = chunks[4].bytes;
	midx->large_count = chunks[4].size / 8;
	complaint = names_read(midx, chunks[0]);
	return complaint ? complaint : objects_check(midx);
}

int pack_midx_open(struct pack_midx *midx, const char *path, struct error *error)
{
	const char *complaint;
	struct object_id id;
	int status;

	memset(midx, 0, sizeof(*midx));
	errno = 0;
	status = file_map_open(&midx->file, path, error);
	if (status)
		return status == ERROR_IO && errno == ENOENT ? ERROR_NOT_FOUND : status;
	complaint = midx_check(midx);
	if (complaint) {
		pack_midx_close(midx);
		return error_set(error, ERROR_MALFORMED, "cannot use the multi-pack-index '%s': %s", path, complaint);
	}
	midx->is_sound = object_hash_bytes(midx->file.bytes, midx->file.size - OBJECT_ID_SIZE, &id) &&
			 !memcmp(id.bytes, midx->file.bytes + midx->file.size - OBJECT_ID_SIZE, OBJECT_ID_SIZE);
	return 0;
}

void pack_midx_close(struct pack_midx *midx)
{
	file_map_close(&midx->file);
	free(midx->names);
	midx->names = NULL;
}

uint32_t pack_midx_find(const struct pack_midx *midx, const char *stem)
{
	size_t length = strlen(stem);
	uint32_t low = 0, high = midx->pack_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strncmp(midx->names[middle], stem, length);

		if (!order)
			order = strcmp(midx->names[middle] + length, ".idx");
		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return PACK_MIDX_NONE;
}

uint32_t pack_midx_pack(const struct pack_midx *midx, uint32_t position)
{
	return load_be32(midx->places + (size_t)position * PLACE_SIZE);
}

static uint64_t offset_of(const struct pack_midx *midx, uint32_t position)
{
	uint32_t offset = load_be32(midx->places + (size_t)position * PLACE_SIZE + 4);

	if (!midx->large_offsets || !(offset & LARGE))
		return offset;
	return load_be64(midx->large_offsets + (size_t)(offset & ~LARGE) * 8);
}

/* ---- the index of one pack ---- */

void pack_midx_index(const struct pack_midx *midx, uint32_t number, struct pack_index *index)
{
	uint32_t count = 0, to = 0;

	memset(index, 0, sizeof(*index));
	for (uint32_t i = 0; i < midx->count; i++)
		count += pack_midx_pack(midx, i) == number;
	pack_index_lay_out(index, count);
	for (uint32_t from = 0; from < midx->count; from++) {
		if (pack_midx_pack(midx, from) == number)
			pack_index_put(index, to++, midx->ids + (size_t)from * OBJECT_ID_SIZE, offset_of(midx, from));
	}
	pack_index_fan_out(index);
}

/* ---- entries that it leaves out ---- */

static int offset_compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return (first > second) - (first < second);
}

/* Offsets of which the greatest is taken first. A base stands before its deltas, so nothing greater is added after that. */
struct offset_heap {
	uint64_t *offsets; /* owned; a binary heap */
	size_t count, capacity;
};

static void heap_add(struct offset_heap *heap, uint64_t offset)
{
	size_t at = heap->count;

	memory_grow(heap->offsets, heap->count, heap->capacity);
	heap->count++;
	for (; at && heap->offsets[(at - 1) / 2] < offset; at = (at - 1) / 2)
		heap->offsets[at] = heap->offsets[(at - 1) / 2];
	heap->offsets[at] = offset;
}

static uint64_t heap_take(struct offset_heap *heap)
{
	uint64_t greatest = heap->offsets[0], last = heap->offsets[--heap->count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count && heap->offsets[child + 1] > heap->offsets[child])
			child++;
		if (heap->offsets[child] <= last)
			break;
		heap->offsets[at] = heap->offsets[child];
		at = child;
	}
	heap->offsets[at] = last;
	return greatest;
}

/* The base that a delta at this offset names by distance, or 0. */
static uint64_t base_of(const struct pack *pack, uint64_t offset)
{
	struct pack_header header;

	if (offset >= pack->end || pack_header_read(pack, offset, pack->end, &header) || header.type != PACK_OFFSET_DELTA)
		return 0;
	return header.base_offset;
}

/* The offsets of bases that the index lacks (limit of them at most), the greatest first. The caller frees them. */
static uint64_t *unnamed_find(const struct pack *pack, size_t limit, size_t *count)
{
	uint32_t named = pack->index.count;
	uint64_t *offsets = memory_allocate(named * sizeof(*offsets)), *found = NULL, base;
	struct offset_heap heap = { NULL, 0, 0 };
	size_t capacity = 0;

	for (uint32_t i = 0; i < named; i++)
		offsets[i] = pack_index_offset(&pack->index, i);
	if (named)
		qsort(offsets, named, sizeof(*offsets), offset_compare);
	for (uint32_t i = 0; i < named; i++) {
		base = base_of(pack, offsets[i]);
		if (base && !bsearch(&base, offsets, named, sizeof(*offsets), offset_compare))
			heap_add(&heap, base);
	}
	*count = 0;
	while (heap.count && *count < limit) {
		uint64_t offset = heap_take(&heap);

		if (*count && found[*count - 1] == offset)
			continue;
		memory_grow(found, *count, capacity);
		found[(*count)++] = offset;
		base = base_of(pack, offset);
		if (base && !bsearch(&base, offsets, named, sizeof(*offsets), offset_compare))
			heap_add(&heap, base);
	}
	free(heap.offsets);
	free(offsets);
	return found;
}

void pack_midx_complete(struct pack *pack)
{
	struct pack_index named = pack->index;
	uint32_t counted = load_be32(pack->file.bytes + 8);
	size_t count, limit = counted > named.count ? counted - named.count : 0;
	uint64_t *offsets = unnamed_find(pack, limit, &count);

	if (count) {
		pack_index_lay_out(&pack->index, named.count + (uint32_t)count);
		memcpy(pack->index.made, named.fanout, FANOUT_SIZE);
		for (uint32_t i = 0; i < named.count; i++)
			pack_index_put(&pack->index, i, pack_index_id(&named, i), pack_index_offset(&named, i));
		for (size_t i = 0; i < count; i++)
			pack_index_put(&pack->index, named.count + (uint32_t)i, NULL, offsets[i]);
		pack->index.unnamed = (uint32_t)count;
		free(named.made);
	}
	free(offsets);
}
