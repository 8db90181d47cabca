/*
 * Reading .idx files: gitformat-pack(5), "Original (version 1) pack-*.idx files" and "Version 2".
 */
#define _GNU_SOURCE
#include "git/pack.h"

#include "base/memory.h"
#include "git/bytes.h"
#include "git/id_search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FANOUT_SIZE (256 * 4)
#define TRAILER_SIZE (2 * OBJECT_ID_SIZE) /* the pack's checksum and the index's own */
#define VERSION_2_HEADER_SIZE 8
static const unsigned char version_2_magic[4] = { 0xff, 't', 'O', 'c' };

int file_map_open(struct file_map *map, const char *path, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int status = 0;
	void *bytes;
	struct stat facts;

	*map = (struct file_map){ NULL, 0, 0 };
	if (file < 0)
		return error_set_errno(error, "cannot open '%s'", path);
	if (fstat(file, &facts) < 0) {
		status = error_set_errno(error, "cannot examine '%s'", path);
		goto out;
	}
	if (!S_ISREG(facts.st_mode)) {
		status = error_set(error, ERROR_MALFORMED, "'%s' is not a regular file", path);
		goto out;
	}
	if (!facts.st_size) {
		status = error_set(error, ERROR_MALFORMED, "'%s' is empty", path);
		goto out;
	}
	bytes = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED) {
		status = error_set_errno(error, "cannot map '%s'", path);
		goto out;
	}
	map->bytes = bytes;
	map->size = (size_t)facts.st_size;
out:
	close(file); /* it was only read from */
	return status;
}

void file_map_close(struct file_map *map)
{
	if (map->bytes)
		munmap((void *)(map->bytes - map->lead), map->size + map->lead);
	*map = (struct file_map){ NULL, 0, 0 };
}

/* Find the tables of an index of version 1 or 2 in the mapped file. Returns what is wrong with it, or NULL. */
static const char *tables_find(struct pack_index *index)
{
	const unsigned char *bytes = index->file.bytes;
	bool version_2 = index->file.size >= 4 && !memcmp(bytes, version_2_magic, 4);
	size_t header = version_2 ? VERSION_2_HEADER_SIZE : 0;
	size_t tables, size = index->file.size;

	if (size < header + FANOUT_SIZE + TRAILER_SIZE)
		return "it is too short";
	if (version_2 && load_be32(bytes + 4) != 2)
		return "its version is not known";
	index->fanout = bytes + header;
	for (unsigned i = 1; i < 256; i++) {
		if (load_be32(index->fanout + 4 * i) < load_be32(index->fanout + 4 * (i - 1)))
			return "its fan-out table does not ascend";
	}
	index->count = load_be32(index->fanout + 4 * 255);
	if (index->count == PACK_ENTRY_NONE)
		return "it holds too many objects";
	tables = size - header - FANOUT_SIZE - TRAILER_SIZE;
	if (!version_2) {
		index->id_stride = index->offset_stride = 4 + OBJECT_ID_SIZE;
		index->offsets = index->fanout + FANOUT_SIZE;
		index->ids = index->offsets + 4;
		if (tables != (size_t)index->count * index->id_stride)
			return "its size does not fit its count";
		return NULL;
	}
	/* ids, CRC-32s, offsets, and of the offsets over 31 bits at most one for each object but the first */
	if (tables < (size_t)index->count * (OBJECT_ID_SIZE + 4 + 4))
		return "its size does not fit its count";
	tables -= (size_t)index->count * (OBJECT_ID_SIZE + 4 + 4);
	if (tables % 8 || tables / 8 > index->count)
		return "its size does not fit its count";
	index->id_stride = OBJECT_ID_SIZE;
	index->offset_stride = 4;
	index->ids = index->fanout + FANOUT_SIZE;
	index->offsets = index->ids + (size_t)index->count * (OBJECT_ID_SIZE + 4);
	index->large_offsets = index->offsets + (size_t)index->count * 4;
	index->large_count = tables / 8;
	return NULL;
}

/* Whether ids ascend, equal ones allowed, and each stands within its first byte's part of the fan-out. */
static void order_check(struct pack_index *index)
{
	uint32_t position = 0;
	uint64_t before = 0;

	index->in_order = true;
	for (unsigned first = 0; first < 256; first++) {
		uint32_t end = load_be32(index->fanout + 4 * first);

		for (; position < end; position++) {
			const unsigned char *id = pack_index_id(index, position);
			uint64_t start = load_be64(id);

			if (id[0] != first || start < before)
				index->in_order = false;
			if (start == before && position) {
				int order = memcmp(id - index->id_stride, id, OBJECT_ID_SIZE);

				if (order > 0)
					index->in_order = false;
				if (!order)
					index->has_equals = true;
			}
			before = start;
		}
	}
}

int pack_index_open(struct pack_index *index, const char *path, struct error *error)
{
	const char *complaint;
	int status;

	memset(index, 0, sizeof(*index));
	status = file_map_open(&index->file, path, error);
	if (status)
		return status;
	complaint = tables_find(index);
	if (complaint) {
		file_map_close(&index->file);
		return error_set(error, ERROR_MALFORMED, "cannot use the index '%s': %s", path, complaint);
	}
	order_check(index);
	return 0;
}

void pack_index_close(struct pack_index *index)
{
	file_map_close(&index->file);
	free(index->made);
	index->made = NULL;
}

uint64_t pack_index_offset(const struct pack_index *index, uint32_t position)
{
	uint32_t offset = load_be32(index->offsets + (size_t)position * index->offset_stride);

	/* version 1 has no table of large offsets: there all 32 bits count */
	if (!index->large_offsets || !(offset & 0x80000000))
		return offset;
	offset &= 0x7fffffff;
	return offset < index->large_count ? load_be64(index->large_offsets + (size_t)offset * 8) : 0;
}

void pack_index_prefetch(const struct pack_index *index, const unsigned char *id)
{
	uint32_t low = id[0] ? load_be32(index->fanout + 4 * (id[0] - 1)) : 0;
	uint32_t high = load_be32(index->fanout + 4 * id[0]);

	if (low < high)
		__builtin_prefetch(pack_index_id(index, low + (uint32_t)((uint64_t)load_be32(id + 1) * (high - low) >> 32)));
}

bool pack_index_find(const struct pack_index *index, const unsigned char *id, uint32_t *position)
{
	uint32_t low = id[0] ? load_be32(index->fanout + 4 * (id[0] - 1)) : 0, high = load_be32(index->fanout + 4 * id[0]);

	*position = id_search(index->ids, index->id_stride, low, high, 1, id);
	return *position < high && !memcmp(pack_index_id(index, *position), id, OBJECT_ID_SIZE);
}

/* ---- an index made in memory ---- */

#define LARGE_OFFSET 0x80000000u

static void be32_store(unsigned char *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}

static void be64_store(unsigned char *to, uint64_t value)
{
	value = htobe64(value);
	memcpy(to, &value, sizeof(value));
}

/* A fan-out, ids, and for each an offset of 64 bits, by its position. */
void pack_index_lay_out(struct pack_index *index, uint32_t count)
{
	size_t rows = count;

	index->made = memory_allocate_zeroed(FANOUT_SIZE + rows * (OBJECT_ID_SIZE + 4 + 8), 1);
	index->count = count;
	index->fanout = index->made;
	index->ids = index->made + FANOUT_SIZE;
	index->offsets = index->ids + rows * OBJECT_ID_SIZE;
	index->large_offsets = index->offsets + rows * 4;
	index->id_stride = OBJECT_ID_SIZE;
	index->offset_stride = 4;
	index->large_count = count;
}

/* Offsets beyond 31 bits stand in the second table; there is a place for every object's. */
void pack_index_put(struct pack_index *index, uint32_t position, const unsigned char *id, uint64_t offset)
{
	unsigned char *ids = (unsigned char *)index->ids, *offsets = (unsigned char *)index->offsets;
	unsigned char *large = (unsigned char *)index->large_offsets;
	bool is_large = offset >= LARGE_OFFSET;

	if (id)
		memcpy(ids + (size_t)position * OBJECT_ID_SIZE, id, OBJECT_ID_SIZE);
	/* a position that does not fit in 31 bits has no way to a large offset: 0 is where no object can be */
	be32_store(offsets + (size_t)position * 4, !is_large ? (uint32_t)offset : position < LARGE_OFFSET ? LARGE_OFFSET | position : 0);
	be64_store(large + (size_t)position * 8, offset);
}

void pack_index_fan_out(struct pack_index *index)
{
	uint32_t position = 0, named = index->count - index->unnamed;

	index->in_order = true;
	for (unsigned first = 0; first < 256; first++) {
		while (position < named && pack_index_id(index, position)[0] <= first)
			position++;
		be32_store(index->made + 4 * first, position);
	}
	for (uint32_t i = 1; i < named; i++)
		index->has_equals |= !memcmp(pack_index_id(index, i - 1), pack_index_id(index, i), OBJECT_ID_SIZE);
}
