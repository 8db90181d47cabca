/*
 * For the tests of the pack engine: packs that git would never write. Entries are put together by hand, with true
 * or false sizes, ids, bases and offsets; pack and index get the checksums that belong to them.
 */
#ifndef STAUNCH_TESTS_UNIT_PACK_BUILDER_H
#define STAUNCH_TESTS_UNIT_PACK_BUILDER_H

#include "base/buffer.h"
#include "git/pack.h"
#include "pack_seen.h"

#include <unistd.h>
#include <zlib.h>

struct built_entry {
	struct object_id id;
	uint64_t offset;
};

struct pack_builder {
	struct buffer pack;
	struct built_entry *entries; /* owned: count of them, in the order of offsets */
	size_t count, capacity;
};

static inline void be32_add(struct buffer *bytes, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buffer_add_char(bytes, (char)(number >> shift));
}

static inline void builder_init(struct pack_builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	buffer_add(&builder->pack, "PACK\0\0\0\2\0\0\0\0", 12);
}

static inline void builder_release(struct pack_builder *builder)
{
	buffer_release(&builder->pack);
	free(builder->entries);
}

static inline void sha1(const void *bytes, size_t size, unsigned char digest[OBJECT_ID_SIZE])
{
	assert_int_equal(EVP_Digest(bytes, size, digest, NULL, EVP_sha1(), NULL), 1);
}

/* The id of a blob. */
static inline struct object_id blob_id(const void *bytes, size_t size)
{
	struct buffer object = BUFFER_INIT;
	struct object_id id;

	buffer_add_format(&object, "blob %zu", size);
	buffer_add(&object, "", 1);
	buffer_add(&object, bytes, size);
	sha1(object.bytes, object.length, id.bytes);
	buffer_release(&object);
	return id;
}

/* An id that no object has: its first bytes are the number. */
static inline struct object_id number_id(uint32_t number)
{
	struct object_id id = { { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
				  (unsigned char)(number >> 8), (unsigned char)number } };

	return id;
}

/* Begin an entry: note its id, write type and size. */
static inline void entry_begin(struct pack_builder *builder, struct object_id id, unsigned type, uint64_t size)
{
	memory_grow(builder->entries, builder->count, builder->capacity);
	builder->entries[builder->count++] = (struct built_entry){ id, builder->pack.length };
	buffer_add_char(&builder->pack, (char)((size > 15) << 7 | type << 4 | (size & 15)));
	for (size >>= 4; size; size >>= 7)
		buffer_add_char(&builder->pack, (char)((size > 0x7f) << 7 | (size & 0x7f)));
}

static inline void entry_deflate(struct pack_builder *builder, const void *bytes, size_t size)
{
	uLongf length = compressBound(size);
	unsigned char *stream = memory_allocate(length);

	assert_int_equal(compress2(stream, &length, bytes, size, 9), Z_OK);
	buffer_add(&builder->pack, stream, length);
	free(stream);
}

/* Whole entries. An offset delta names its base by its place in entries. */
static inline void blob_add(struct pack_builder *builder, const void *bytes, size_t size)
{
	entry_begin(builder, blob_id(bytes, size), OBJECT_BLOB, size);
	entry_deflate(builder, bytes, size);
}

static inline void reference_delta_add(struct pack_builder *builder, struct object_id id, struct object_id base,
				       const struct buffer *delta)
{
	entry_begin(builder, id, PACK_REFERENCE_DELTA, delta->length);
	buffer_add(&builder->pack, base.bytes, OBJECT_ID_SIZE);
	entry_deflate(builder, delta->bytes, delta->length);
}

static inline void distance_add(struct pack_builder *builder, uint64_t distance)
{
	unsigned char bytes[10];
	int at = 9;

	bytes[at] = distance & 0x7f;
	while (distance >>= 7)
		bytes[--at] = 0x80 | (--distance & 0x7f);
	buffer_add(&builder->pack, bytes + at, (size_t)(10 - at));
}

static inline void offset_delta_add(struct pack_builder *builder, struct object_id id, size_t base,
				    const struct buffer *delta)
{
	uint64_t distance = builder->pack.length - builder->entries[base].offset;

	entry_begin(builder, id, PACK_OFFSET_DELTA, delta->length);
	distance_add(builder, distance);
	entry_deflate(builder, delta->bytes, delta->length);
}

/* A delta that keeps all of a base (up to 2^24 - 1 bytes) and adds some bytes (1 to 127). */
static inline struct buffer delta_append(size_t base_size, const char *addition)
{
	struct buffer delta = BUFFER_INIT;
	size_t length = strlen(addition);

	for (unsigned i = 0; i < 2; i++) {
		size_t size = base_size + (i ? length : 0);

		for (; size > 0x7f; size >>= 7)
			buffer_add_char(&delta, (char)(0x80 | (size & 0x7f)));
		buffer_add_char(&delta, (char)size);
	}
	buffer_add_char(&delta, (char)0xf0);
	for (unsigned i = 0; i < 3; i++)
		buffer_add_char(&delta, (char)(base_size >> 8 * i));
	buffer_add_char(&delta, (char)length);
	buffer_add(&delta, addition, length);
	return delta;
}

static inline int built_compare(const void *a, const void *b)
{
	return memcmp(((const struct built_entry *)a)->id.bytes, ((const struct built_entry *)b)->id.bytes,
		      OBJECT_ID_SIZE);
}

static inline void bytes_write(const char *path, const struct buffer *bytes)
{
	FILE *file;

	unlink(path); /* a file that is cut off and written anew is flushed to the disk by some file systems */
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes->bytes, 1, bytes->length, file), bytes->length);
	assert_int_equal(fclose(file), 0);
}

/*
 * The index, version 2, without its checksums; sorts the entries. Offsets of 2^31 and more go to the table of
 * large ones.
 */
static inline struct buffer index_build(struct pack_builder *builder)
{
	struct buffer index = BUFFER_INIT, large = BUFFER_INIT;
	size_t at = 0;

	if (builder->count)
		qsort(builder->entries, builder->count, sizeof(*builder->entries), built_compare);
	buffer_add(&index, "\377tOc\0\0\0\2", 8);
	for (unsigned first = 0; first < 256; first++) {
		while (at < builder->count && builder->entries[at].id.bytes[0] <= first)
			at++;
		be32_add(&index, (uint32_t)at);
	}
	for (size_t i = 0; i < builder->count; i++)
		buffer_add(&index, builder->entries[i].id.bytes, OBJECT_ID_SIZE);
	for (size_t i = 0; i < builder->count; i++)
		be32_add(&index, 0);
	for (size_t i = 0; i < builder->count; i++) {
		uint64_t offset = builder->entries[i].offset;

		if (offset < 0x80000000) {
			be32_add(&index, (uint32_t)offset);
			continue;
		}
		be32_add(&index, 0x80000000 | (uint32_t)(large.length / 8));
		be32_add(&large, (uint32_t)(offset >> 32));
		be32_add(&large, (uint32_t)offset);
	}
	if (large.length)
		buffer_add(&index, large.bytes, large.length);
	buffer_release(&large);
	return index;
}

/* Write the files of a pack, path without ending. */
static inline void builder_write(struct pack_builder *builder, const char *path)
{
	struct buffer index = index_build(builder);
	unsigned char digest[OBJECT_ID_SIZE];
	char *name = memory_format("%s.pack", path);

	for (unsigned i = 0; i < 4; i++)
		builder->pack.bytes[8 + i] = (char)(builder->count >> (24 - 8 * i));
	sha1(builder->pack.bytes, builder->pack.length, digest);
	buffer_add(&builder->pack, digest, sizeof(digest));
	bytes_write(name, &builder->pack);
	free(name);
	buffer_add(&index, digest, sizeof(digest));
	sha1(index.bytes, index.length, digest);
	buffer_add(&index, digest, sizeof(digest));
	name = memory_format("%s.idx", path);
	bytes_write(name, &index);
	free(name);
	buffer_release(&index);
}

#endif
