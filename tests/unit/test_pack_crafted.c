/*
 * Packs made by hand to do harm, each with the one complaint that has to come of it.
 */
#include "delta_builder.h"
#include "pack_builder.h"
#include "pack_repository.h"

#include <sys/resource.h>

static const char pack_path[] = "o/pack/pack-a";

static int crafted_setup(void **state)
{
	if (folder_make(state))
		return -1;
	run("mkdir -p o/pack");
	return 0;
}

/* Walk it again by changes, on one thread and on two: that makes no difference. */
static void changes_walk(struct seen *seen)
{
	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		struct pack_walk_options options;
		struct seen changes;

		seen_init(&changes, 0);
		options = seen_options(&changes);
		options.jobs = jobs;
		seen_take_changes(&options);
		assert_int_equal(seen_walk(&changes, "o", &options), 0);
		seen_expect_same(seen, &changes);
		seen_release(&changes);
	}
}

/* Write the pack and walk it; verification is left off, because the ids of these packs are invented. */
static void crafted_walk(struct pack_builder *builder, struct seen *seen)
{
	struct pack_walk_options options;

	builder_write(builder, pack_path);
	builder_release(builder);
	seen_init(seen, 0);
	options = seen_options(seen);
	options.jobs = 2;
	assert_int_equal(seen_walk(seen, "o", &options), 0);
	changes_walk(seen);
}

/* The complaint about the object with this id, without the place in front of it. */
static const char *complaint_find(const struct seen *seen, struct object_id id)
{
	for (size_t i = 0; i < seen->damaged_count; i++) {
		if (!memcmp(&seen->damaged[i].id, &id, sizeof(id)))
			return strstr(seen->damaged[i].detail, "': ") + 3;
	}
	return "no complaint";
}

static struct buffer text_buffer(const char *text, size_t length)
{
	struct buffer buffer = BUFFER_INIT;

	buffer_add(&buffer, text, length);
	return buffer;
}

static void test_empty_pack(void **state)
{
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count + seen.damaged_count + seen.unreadable_count, 0);
	seen_release(&seen);
}

static void test_deltas_of_both_kinds(void **state)
{
	struct buffer first = delta_append(5, "one"), second = delta_append(8, "two");
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	reference_delta_add(&builder, blob_id("helloonetwo", 11), blob_id("helloone", 8), &second);
	blob_add(&builder, "hello", 5);
	offset_delta_add(&builder, blob_id("helloone", 8), 1, &first);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(seen.objects[i].is_right);
	assert_int_equal(seen.damaged_count + seen.unreadable_count, 0);
	buffer_release(&first);
	buffer_release(&second);
	seen_release(&seen);
}

/* Two deltas that are each other's base, one that is its own, and those that hang below them. */
static void test_loops(void **state)
{
	static const char complaint[] = "it is a delta whose chain of bases leads to none that can be read";
	struct buffer delta = delta_append(5, "x");
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	reference_delta_add(&builder, number_id(1), number_id(2), &delta);
	reference_delta_add(&builder, number_id(2), number_id(1), &delta);
	reference_delta_add(&builder, number_id(3), number_id(3), &delta);
	reference_delta_add(&builder, number_id(4), number_id(3), &delta);
	offset_delta_add(&builder, number_id(5), 2, &delta);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 1);
	assert_true(seen.objects[0].is_right);
	assert_int_equal(seen.damaged_count, 5);
	for (uint32_t number = 1; number <= 5; number++)
		assert_string_equal(complaint_find(&seen, number_id(number)), complaint);
	buffer_release(&delta);
	seen_release(&seen);
}

static void test_missing_bases(void **state)
{
	struct buffer delta = delta_append(5, "x");
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	reference_delta_add(&builder, number_id(1), number_id(77), &delta);
	offset_delta_add(&builder, number_id(2), 1, &delta);
	entry_begin(&builder, number_id(3), PACK_OFFSET_DELTA, delta.length);
	distance_add(&builder, 3); /* the middle of the entry before */
	entry_deflate(&builder, delta.bytes, delta.length);
	entry_begin(&builder, number_id(4), PACK_OFFSET_DELTA, delta.length);
	distance_add(&builder, builder.entries[4].offset); /* the start of the pack */
	entry_deflate(&builder, delta.bytes, delta.length);
	entry_begin(&builder, number_id(5), PACK_OFFSET_DELTA, delta.length);
	distance_add(&builder, 0); /* itself */
	entry_deflate(&builder, delta.bytes, delta.length);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 1);
	assert_int_equal(seen.damaged_count, 5);
	assert_string_equal(complaint_find(&seen, number_id(1)), "it is a delta and its base is not in this pack");
	assert_string_equal(complaint_find(&seen, number_id(2)),
			    "it is a delta whose chain of bases leads to none that can be read");
	assert_string_equal(complaint_find(&seen, number_id(3)),
			    "it is a delta and no entry begins where its base should");
	assert_string_equal(complaint_find(&seen, number_id(4)), "the distance to its base is broken");
	assert_string_equal(complaint_find(&seen, number_id(5)), "the distance to its base is broken");
	buffer_release(&delta);
	seen_release(&seen);
}

/*
 * Declared sizes that are false; those of 4 GiB must not be allocated, which shows in the peak of the memory used.
 */
static void test_lying_sizes(void **state)
{
	struct buffer huge_delta = text_buffer("\x05\x80\x80\x80\x80\x10\x90\x05", 8);
	struct buffer small = delta_append(5, "x");
	struct pack_builder builder;
	struct rusage usage;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	entry_begin(&builder, number_id(1), OBJECT_BLOB, (uint64_t)4 << 30);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(2), OBJECT_BLOB, 6);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(3), OBJECT_BLOB, 4);
	entry_deflate(&builder, "hello", 5);
	offset_delta_add(&builder, number_id(4), 0, &huge_delta);
	offset_delta_add(&builder, number_id(5), 3, &small);
	entry_begin(&builder, number_id(6), OBJECT_BLOB, UINT64_MAX);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(7), OBJECT_BLOB, UINT64_MAX);
	builder.pack.bytes[builder.pack.length - 1] |= 0x10; /* the 65th bit of the size */
	entry_begin(&builder, number_id(8), PACK_OFFSET_DELTA, (uint64_t)400 << 20);
	distance_add(&builder, builder.entries[8].offset - builder.entries[0].offset);
	entry_deflate(&builder, small.bytes, small.length);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 1);
	assert_string_equal(complaint_find(&seen, number_id(1)), "it is too short for the size it says");
	assert_string_equal(complaint_find(&seen, number_id(2)), "it inflates to fewer bytes than it says");
	assert_string_equal(complaint_find(&seen, number_id(3)), "it inflates to more bytes than it says");
	assert_string_equal(complaint_find(&seen, number_id(4)),
			    "it takes 4294967296 bytes, more than the 536870912 that can be held");
	assert_string_equal(complaint_find(&seen, number_id(5)), "its base cannot be read");
	assert_string_equal(complaint_find(&seen, number_id(6)), "it is too short for the size it says");
	assert_string_equal(complaint_find(&seen, number_id(7)), "its size does not fit in 64 bits");
	assert_string_equal(complaint_find(&seen, number_id(8)), "it is too short for the size it says");
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	assert_in_range(usage.ru_maxrss, 0, 512 << 10); /* in KiB */
	buffer_release(&huge_delta);
	buffer_release(&small);
	seen_release(&seen);
}

/* The same in windows of two bytes, which have been handed on before the lie shows: the last one is not. */
static void test_lying_streams(void **state)
{
	struct pack_walk_options options;
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	entry_begin(&builder, number_id(1), OBJECT_BLOB, (uint64_t)4 << 30);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(2), OBJECT_BLOB, 6);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(3), OBJECT_BLOB, 4);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(4), OBJECT_BLOB, 5);
	entry_deflate(&builder, "hello", 5);
	builder.pack.bytes[builder.pack.length - 1] ^= 1; /* its Adler-32 */
	entry_begin(&builder, number_id(5), OBJECT_BLOB, 5);
	entry_deflate(&builder, "hello", 5);
	builder.pack.length -= 4;
	entry_begin(&builder, number_id(6), OBJECT_BLOB, 5);
	entry_deflate(&builder, "hello", 5);
	builder.pack.length -= 8;
	entry_begin(&builder, number_id(7), OBJECT_BLOB, 5);
	buffer_add(&builder.pack, "not a zlib stream", 17);
	builder_write(&builder, pack_path);
	builder_release(&builder);
	seen_init(&seen, 0);
	options = seen_options(&seen);
	options.window_size = 2;
	assert_int_equal(seen_walk(&seen, "o", &options), 0);
	seen_clear(&seen);
	seen_take_changes(&options);
	assert_int_equal(seen_walk(&seen, "o", &options), 0);
	assert_int_equal(seen.object_count, 1);
	assert_int_equal(seen.objects[0].pieces, 3);
	assert_true(seen.objects[0].is_right);
	assert_int_equal(seen.damaged_count, 7);
	assert_string_equal(complaint_find(&seen, number_id(1)), "it is too short for the size it says");
	assert_string_equal(complaint_find(&seen, number_id(2)), "it inflates to fewer bytes than it says");
	assert_string_equal(complaint_find(&seen, number_id(3)), "it inflates to more bytes than it says");
	assert_string_equal(complaint_find(&seen, number_id(4)), "its zlib stream is broken");
	assert_string_equal(complaint_find(&seen, number_id(5)), "its zlib stream is cut off");
	assert_string_equal(complaint_find(&seen, number_id(6)), "its zlib stream is cut off");
	assert_string_equal(complaint_find(&seen, number_id(7)), "its zlib stream is broken");
	seen_release(&seen);
}

static void test_broken_entries(void **state)
{
	struct buffer beyond = text_buffer("\x05\x06\x90\x06", 4), other_base = delta_append(4, "x");
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	offset_delta_add(&builder, number_id(1), 0, &beyond);
	offset_delta_add(&builder, number_id(2), 0, &other_base);
	entry_begin(&builder, number_id(3), 5, 5);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(4), 0, 5);
	entry_deflate(&builder, "hello", 5);
	entry_begin(&builder, number_id(5), OBJECT_BLOB, 5);
	buffer_add(&builder.pack, "not a zlib stream", 17);
	entry_begin(&builder, number_id(6), PACK_REFERENCE_DELTA, 4);
	buffer_add(&builder.pack, "an id cut off", 13);
	blob_add(&builder, "the last one", 12);
	builder.entries[5].offset = 1; /* in the header */
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 2);
	assert_string_equal(complaint_find(&seen, number_id(1)), "a delta copies from beyond its base");
	assert_string_equal(complaint_find(&seen, number_id(2)), "a delta is for a base of another size");
	assert_string_equal(complaint_find(&seen, number_id(3)), "its type is not known");
	assert_string_equal(complaint_find(&seen, number_id(4)), "its type is not known");
	assert_string_equal(complaint_find(&seen, number_id(5)), "the index points outside of the pack");
	assert_string_equal(complaint_find(&seen, number_id(6)), "its header is cut off");
	buffer_release(&beyond);
	buffer_release(&other_base);
	seen_release(&seen);
}

/* All of a pack are 40 bytes and a checksum; its one object says that it has 4 GiB, which must not be believed. */
static void test_four_gibibytes_in_forty_bytes(void **state)
{
	struct pack_builder builder;
	struct rusage before, after;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	entry_begin(&builder, number_id(1), OBJECT_BLOB, (uint64_t)4 << 30);
	entry_deflate(&builder, "0123456789abcd", 14);
	assert_in_range(builder.pack.length, 36, 40);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	crafted_walk(&builder, &seen);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 64 << 10); /* in KiB */
	assert_int_equal(seen.object_count, 0);
	assert_int_equal(seen.damaged_count, 1);
	assert_string_equal(complaint_find(&seen, number_id(1)), "it is too short for the size it says");
	seen_release(&seen);
}

/* A loop of three by id, entered from outside, and chains of both kinds of deltas that lead into it. */
static void test_longer_loop(void **state)
{
	struct buffer delta = delta_append(5, "x");
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	reference_delta_add(&builder, number_id(1), number_id(2), &delta);
	offset_delta_add(&builder, number_id(2), 0, &delta); /* by distance to the one that names it by id */
	reference_delta_add(&builder, number_id(3), number_id(4), &delta);
	reference_delta_add(&builder, number_id(4), number_id(5), &delta);
	reference_delta_add(&builder, number_id(5), number_id(3), &delta);
	offset_delta_add(&builder, number_id(6), 4, &delta);
	reference_delta_add(&builder, number_id(7), number_id(6), &delta);
	blob_add(&builder, "hello", 5);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 1);
	assert_true(seen.objects[0].is_right);
	assert_int_equal(seen.damaged_count, 7);
	buffer_release(&delta);
	seen_release(&seen);
}

/* Copies that end one byte behind the base, begin at its end, begin far off, and one that just fits; of a blob and of a tree. */
static void test_copies_beyond(void **state)
{
	static const struct {
		uint32_t offset, size;
		bool is_right;
	} copies[] = { { 0, 27, true }, { 1, 26, true }, { 1, 27, false }, { 27, 1, false }, { 0xffffffff, 2, false }, { 0, 0xffffff, false } };
	static const char base[] = "100644 a\0aaaaaaaaaaaaaaaaaa"; /* no whole tree: read as one it is refused, but it is made */

	(void)state;
	for (unsigned kind = OBJECT_TREE; kind <= OBJECT_BLOB; kind++) {
		for (size_t i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
			struct buffer delta = BUFFER_INIT;
			struct pack_builder builder;
			struct seen seen;

			size_add(&delta, 27);
			size_add(&delta, copies[i].size);
			copy_add(&delta, copies[i].offset, copies[i].size);
			builder_init(&builder);
			entry_begin(&builder, number_id(0x01000001), kind, 27);
			entry_deflate(&builder, base, 27);
			offset_delta_add(&builder, number_id(0x01000002), 0, &delta);
			crafted_walk(&builder, &seen);
			assert_int_equal(seen.object_count, copies[i].is_right ? 2 : 1);
			if (!copies[i].is_right)
				assert_string_equal(complaint_find(&seen, number_id(0x01000002)), "a delta copies from beyond its base");
			buffer_release(&delta);
			seen_release(&seen);
		}
	}
}

/* A tree whose delta has more instructions than are listed: it comes whole, and so does what is made from it. */
static void test_too_many_runs(void **state)
{
	struct buffer delta = BUFFER_INIT, next = BUFFER_INIT;
	size_t count = DELTA_RUNS_MAX + 1;
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	size_add(&delta, 40);
	size_add(&delta, count);
	for (size_t i = 0; i < count; i++)
		copy_add(&delta, i % 2 ? 7 : 30, 1);
	size_add(&next, count);
	size_add(&next, 5);
	copy_add(&next, 10, 5);
	builder_init(&builder);
	entry_begin(&builder, number_id(0x01000000), OBJECT_TREE, 40);
	entry_deflate(&builder, "0123456789012345678901234567890123456789", 40);
	offset_delta_add(&builder, number_id(0x01000001), 0, &delta);
	offset_delta_add(&builder, number_id(0x01000002), 1, &next);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 3);
	assert_int_equal(seen.objects[1].size, count);
	assert_int_equal(seen.objects[2].size, 5);
	assert_int_equal(seen.damaged_count + seen.unreadable_count, 0);
	buffer_release(&delta);
	buffer_release(&next);
	seen_release(&seen);
}

/* Offsets at and beyond the end of the pack, by the small and by the large table, and two ids at one offset. */
static void test_offsets(void **state)
{
	struct pack_builder builder;
	struct seen seen;
	size_t end;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	blob_add(&builder, "world", 5);
	end = builder.pack.length;
	for (uint32_t number = 1; number <= 5; number++) {
		memory_grow(builder.entries, builder.count, builder.capacity);
		builder.entries[builder.count++].id = number_id(number);
	}
	builder.entries[2].offset = end;
	builder.entries[3].offset = end + 20;
	builder.entries[4].offset = 0x7fffffff;
	builder.entries[5].offset = UINT64_MAX;
	builder.entries[6].offset = builder.entries[1].offset;
	crafted_walk(&builder, &seen);
	for (uint32_t number = 1; number <= 4; number++)
		assert_string_equal(complaint_find(&seen, number_id(number)),
				    "the index points outside of the pack");
	/*
	 * which of the two is right only their bytes could tell: one is handed on, the other one left to the
	 * fallback
	 */
	assert_int_equal(seen.object_count, 2);
	assert_int_equal(seen.damaged_count, 5);
	seen_release(&seen);
}

/* A pack with a hole of 5 GiB between its two entries: the second offset takes 64 bits. */
static void test_far_offset(void **state)
{
	static const char checksum[OBJECT_ID_SIZE] = "any will do";
	uint64_t far = (uint64_t)5 << 30;
	struct pack_walk_options options;
	struct pack_builder builder;
	struct buffer index;
	struct seen seen;
	size_t first;
	FILE *file;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	first = builder.pack.length;
	blob_add(&builder, "world", 5);
	builder.pack.bytes[11] = 2;
	builder.entries[1].offset = far;
	file = fopen("o/pack/pack-a.pack", "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(builder.pack.bytes, 1, first, file), first);
	assert_int_equal(fseeko(file, (off_t)far, SEEK_SET), 0);
	assert_int_equal(fwrite(builder.pack.bytes + first, 1, builder.pack.length - first, file),
			 builder.pack.length - first);
	assert_int_equal(fwrite(checksum, 1, sizeof(checksum), file), sizeof(checksum));
	assert_int_equal(fclose(file), 0);
	index = index_build(&builder);
	buffer_add(&index, checksum, sizeof(checksum));
	buffer_add(&index, checksum, sizeof(checksum));
	bytes_write("o/pack/pack-a.idx", &index);
	buffer_release(&index);
	builder_release(&builder);
	seen_init(&seen, 0);
	options = seen_options(&seen);
	assert_int_equal(seen_walk(&seen, "o", &options), 0);
	assert_int_equal(seen.object_count, 2);
	assert_true(seen.objects[0].is_right && seen.objects[1].is_right);
	assert_int_equal(seen.damaged_count + seen.unreadable_count, 0);
	seen_release(&seen);
}

/*
 * An index with an offset in the middle of an entry: that entry then runs into the next one, and both are damaged.
 */
static void test_overlap(void **state)
{
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	blob_add(&builder, "world", 5);
	memory_grow(builder.entries, builder.count, builder.capacity);
	builder.entries[builder.count++] = (struct built_entry){ number_id(1), builder.entries[0].offset + 4 };
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 1);
	assert_int_equal(seen.damaged_count, 2);
	assert_string_equal(complaint_find(&seen, blob_id("hello", 5)),
			    "its zlib stream runs into the next entry");
	seen_release(&seen);
}

/* An object that stands twice in one pack, and equal ids in a row, are handed on once. */
static void test_equal_ids(void **state)
{
	struct pack_builder builder;
	struct seen seen;

	(void)state;
	builder_init(&builder);
	for (unsigned i = 0; i < 3; i++)
		blob_add(&builder, "hello", 5);
	blob_add(&builder, "world", 5);
	crafted_walk(&builder, &seen);
	assert_int_equal(seen.object_count, 2);
	assert_true(seen.objects[0].is_right && seen.objects[1].is_right);
	assert_int_equal(seen.damaged_count + seen.unreadable_count, 0);
	seen_release(&seen);
}

/* Write an index whose bytes at a place were replaced, with a sound pack; return what is said of it. */
static char *index_complaint(size_t at, const char *bytes, size_t length, size_t size_change)
{
	struct pack_walk_options options;
	struct pack_builder builder;
	struct buffer index;
	struct seen seen;
	char *said;

	builder_init(&builder);
	blob_add(&builder, "hello", 5);
	blob_add(&builder, "world", 5);
	builder_write(&builder, pack_path);
	index = index_build(&builder);
	buffer_add(&index, builder.pack.bytes + builder.pack.length - OBJECT_ID_SIZE, OBJECT_ID_SIZE);
	for (size_t i = 0; i < OBJECT_ID_SIZE + size_change; i++)
		buffer_add_char(&index, 0);
	memcpy(index.bytes + at, bytes, length);
	bytes_write("o/pack/pack-a.idx", &index);
	seen_init(&seen, 0);
	options = seen_options(&seen);
	assert_int_equal(seen_walk(&seen, "o", &options), 0);
	changes_walk(&seen);
	said = memory_copy_string(seen.unreadable_count ? seen.unreadable[0] : "nothing");
	buffer_release(&index);
	builder_release(&builder);
	seen_release(&seen);
	return said;
}

static void index_expect(size_t at, const char *bytes, size_t length, size_t size_change, const char *expected)
{
	char *said = index_complaint(at, bytes, length, size_change);
	const char *end = strrchr(said, ':');

	assert_string_equal(end ? end + 2 : said, expected);
	free(said);
}

static void test_indexes(void **state)
{
	/* the fan-out from 04 on and two ids: 04ff... and 04fe... */
	char fan_of_two[252 * 4 + 2 * OBJECT_ID_SIZE] = "";

	(void)state;
	for (unsigned i = 0; i < 252; i++)
		fan_of_two[4 * i + 3] = 2;
	memcpy(fan_of_two + sizeof(fan_of_two) - 2 * OBJECT_ID_SIZE, "\x04\xff", 2);
	memcpy(fan_of_two + sizeof(fan_of_two) - OBJECT_ID_SIZE, "\x04\xfe", 2);
	index_expect(0, "", 0, 0, "nothing");
	index_expect(4, "\0\0\0\3", 4, 0, "its version is not known");
	index_expect(0, "\0\0\0\0", 4, 0, "its fan-out table does not ascend");
	index_expect(8, "\xff\xff\xff\xff", 4, 0, "its fan-out table does not ascend");
	index_expect(8 + 4 * 255, "\x7f\xff\xff\xff", 4, 0, "its size does not fit its count");
	index_expect(8 + 4 * 255, "\xff\xff\xff\xff", 4, 0, "it holds too many objects");
	index_expect(0, "", 0, 1, "its size does not fit its count");
	index_expect(0, "", 0, 24, "its size does not fit its count");
	/* "world" is 04fe...: the fan-out says that it begins with 00, and ids that descend */
	index_expect(8, "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 16, 0, "the ids in the index do not ascend");
	index_expect(8 + 1024, "\xff", 1, 0, "the ids in the index do not ascend");
	/* both in the place of "world" in the fan-out, and the greater one first */
	index_expect(8 + 4 * 4, fan_of_two, sizeof(fan_of_two), 0, "the ids in the index do not ascend");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_pack),
		cmocka_unit_test(test_deltas_of_both_kinds),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_missing_bases),
		cmocka_unit_test(test_lying_sizes),
		cmocka_unit_test(test_lying_streams),
		cmocka_unit_test(test_broken_entries),
		cmocka_unit_test(test_four_gibibytes_in_forty_bytes),
		cmocka_unit_test(test_longer_loop),
		cmocka_unit_test(test_copies_beyond),
		cmocka_unit_test(test_too_many_runs),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_far_offset),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_equal_ids),
		cmocka_unit_test(test_indexes),
	};

	return cmocka_run_group_tests(tests, crafted_setup, folder_remove);
}
