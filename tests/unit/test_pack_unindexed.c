/*
 * Goal: a pack without an index is read from front to back, each of its objects is named by its bytes, and what is cut off, broken or left without a base is
 * told, in so many words, while the rest is there.
 */
#define _GNU_SOURCE
#include "git/pack_unindexed.h"
#include "pack_builder.h"
#include "temporary_file.h"

#include <arpa/inet.h>

/* Write the pack with its count and checksum. cut: bytes to leave away at the end; lead: to put before. */
static void put(struct pack_builder *builder, size_t lead, size_t cut)
{
	struct buffer file = BUFFER_INIT;
	unsigned char digest[OBJECT_ID_SIZE];
	uint32_t count = htonl((uint32_t)builder->count);

	memcpy(builder->pack.bytes + 8, &count, sizeof(count));
	for (size_t i = 0; i < lead; i++)
		buffer_add_char(&file, 'x');
	buffer_add(&file, builder->pack.bytes, builder->pack.length);
	sha1(builder->pack.bytes, builder->pack.length, digest);
	buffer_add(&file, digest, sizeof(digest));
	file.length -= cut;
	bytes_write(path, &file);
	buffer_release(&file);
}

static struct buffer told; /* what could not be read, a line each */

static void take_unreadable(void *context, const char *where, const char *why)
{
	(void)context;
	assert_string_equal(where, path);
	buffer_add_format(&told, "%s\n", why);
}

/* Open it; NULL leftovers: none. Leaves what was told in told. */
static int open_pack(struct pack *pack, const struct pack_leftovers *leftovers)
{
	static const struct pack_leftovers none;
	struct error error;

	buffer_release(&told);
	told = (struct buffer)BUFFER_INIT;
	buffer_reserve(&told, 1);
	told.bytes[0] = '\0';
	return pack_open_unindexed(pack, path, leftovers ? leftovers : &none, take_unreadable, NULL, &error);
}

static void expect_told(const char *part)
{
	if (part)
		assert_non_null(strstr(told.bytes, part));
	else
		assert_int_equal(told.length, 0);
}

/* The pack has count objects, and this one is among them at its offset. */
static void expect_object(const struct pack *pack, size_t count, struct object_id id, uint64_t offset)
{
	uint32_t position;

	assert_int_equal(pack->index.count, count);
	assert_true(pack_index_find(&pack->index, id.bytes, &position));
	if (offset)
		assert_int_equal(pack_index_offset(&pack->index, position), offset);
}

static void expect_read(struct pack *pack, struct object_id id, const char *text)
{
	uint64_t starts[2] = { 0, pack->index.count };
	struct pack_set set = { .packs = pack, .count = 1, .starts = starts };
	unsigned char *bytes = NULL;
	enum object_kind kind;
	struct error error;
	size_t size;

	pack_link(pack, NULL, 1);
	assert_int_equal(pack_set_read(&set, &id, &kind, &bytes, &size, &error), 0);
	assert_int_equal(kind, OBJECT_BLOB);
	assert_true(size == strlen(text) && !memcmp(bytes, text, size));
	free(bytes);
	assert_true(pack_set_kind(&set, &id, &kind));
	assert_int_equal(kind, OBJECT_BLOB);
	id.bytes[0]++;
	assert_false(pack_set_kind(&set, &id, &kind));
}

#define BASE "the base, of some words"

/* A blob, a delta of it by offset, a delta of that by id. */
static void build(struct pack_builder *builder)
{
	struct buffer first = delta_append(strlen(BASE), " and more"), second = delta_append(strlen(BASE " and more"), "!");

	builder_init(builder);
	blob_add(builder, BASE, strlen(BASE));
	offset_delta_add(builder, number_id(0), 0, &first); /* ids are not written: the reader finds them */
	reference_delta_add(builder, number_id(0), blob_id(BASE " and more", strlen(BASE " and more")), &second);
	buffer_release(&first);
	buffer_release(&second);
}

static void test_named(void **state)
{
	static const size_t leads[] = { 0, 100, 5000 };
	struct pack_leftovers leftovers = { .file = path };
	struct pack_builder builder;
	struct pack pack;

	(void)state;
	build(&builder);
	for (size_t i = 0; i < sizeof(leads) / sizeof(*leads); i++) {
		leftovers.file_start = leads[i];
		put(&builder, leads[i], 0);
		assert_int_equal(open_pack(&pack, &leftovers), 0);
		expect_told(NULL);
		expect_object(&pack, 3, blob_id(BASE, strlen(BASE)), builder.entries[0].offset);
		expect_object(&pack, 3, blob_id(BASE " and more", strlen(BASE " and more")), builder.entries[1].offset);
		expect_object(&pack, 3, blob_id(BASE " and more!", strlen(BASE " and more!")), builder.entries[2].offset);
		expect_read(&pack, blob_id(BASE " and more!", strlen(BASE " and more!")), BASE " and more!");
		pack_close(&pack);
	}
	builder_release(&builder);
}

/* Wherever it is cut off: what comes before is there. */
static void test_cut_off(void **state)
{
	struct pack_builder builder;
	struct pack pack;
	size_t whole;

	(void)state;
	build(&builder);
	whole = builder.pack.length + OBJECT_ID_SIZE;
	for (size_t cut = 1; cut <= whole - 12; cut++) {
		size_t left = whole - cut, count = 0;

		for (size_t i = 0; i < builder.count; i++)
			count += (i + 1 < builder.count ? builder.entries[i + 1].offset : builder.pack.length) <= left;
		put(&builder, 0, cut);
		assert_int_equal(open_pack(&pack, NULL), 0);
		expect_told("cut short or damaged");
		assert_int_equal(pack.index.count, count);
		pack_close(&pack);
	}
	put(&builder, 0, whole - 11);
	assert_int_equal(open_pack(&pack, NULL), ERROR_MALFORMED);
	builder_release(&builder);
}

static void test_broken(void **state)
{
	struct pack_builder builder;
	struct pack pack;

	(void)state;
	build(&builder);
	buffer_add_string(&builder.pack, "something");
	put(&builder, 0, 0);
	assert_int_equal(open_pack(&pack, NULL), 0);
	expect_told("bytes behind the last object");
	assert_int_equal(pack.index.count, 3);
	pack_close(&pack);
	builder.pack.bytes[0] = 'Q';
	put(&builder, 0, 0);
	assert_int_equal(open_pack(&pack, NULL), ERROR_MALFORMED);
	builder.pack.bytes[0] = 'P';
	builder.pack.bytes[7] = 9; /* version */
	put(&builder, 0, 0);
	assert_int_equal(open_pack(&pack, NULL), ERROR_MALFORMED);
	builder_release(&builder);
}

static unsigned asked;

/* A pack_base_reader: it has BASE, and nothing else. */
static int read_base(void *context, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size)
{
	struct object_id base = blob_id(BASE, strlen(BASE));

	(void)context;
	asked++;
	if (object_id_compare(id, &base) != 0)
		return ERROR_NOT_FOUND;
	*kind = OBJECT_BLOB;
	*size = strlen(BASE);
	*bytes = (unsigned char *)memory_copy_string(BASE);
	return 0;
}

static void test_thin(void **state)
{
	struct pack_leftovers leftovers = { .read_base = read_base };
	struct buffer delta = delta_append(strlen(BASE), "!"), other = delta_append(strlen(BASE), "?");
	struct pack_builder builder;
	struct pack pack;

	(void)state;
	builder_init(&builder);
	reference_delta_add(&builder, number_id(0), blob_id(BASE, strlen(BASE)), &delta);
	reference_delta_add(&builder, number_id(0), blob_id(BASE, strlen(BASE)), &other);
	reference_delta_add(&builder, number_id(0), number_id(77), &delta);
	put(&builder, 0, 0);
	assert_int_equal(open_pack(&pack, NULL), 0); /* nobody to ask */
	expect_told("3 of its 3 objects are deltas whose bases are not there");
	assert_int_equal(pack.index.count, 0);
	pack_close(&pack);
	asked = 0;
	assert_int_equal(open_pack(&pack, &leftovers), 0);
	expect_told("1 of its 4 objects are deltas whose bases are not there"); /* with the base */
	assert_int_equal(asked, 2); /* each once */
	expect_object(&pack, 3, blob_id(BASE "!", strlen(BASE "!")), builder.entries[0].offset);
	expect_object(&pack, 3, blob_id(BASE "?", strlen(BASE "?")), builder.entries[1].offset);
	expect_object(&pack, 3, blob_id(BASE, strlen(BASE)), 0);
	expect_read(&pack, blob_id(BASE "!", strlen(BASE "!")), BASE "!");
	pack_close(&pack);
	buffer_release(&delta);
	buffer_release(&other);
	builder_release(&builder);
}

static int release(void **state)
{
	buffer_release(&told);
	return remove_file(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_thin),
	};

	return cmocka_run_group_tests_name("pack_unindexed", tests, make_file, release);
}
