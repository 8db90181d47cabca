/*
 * Goal: git's index is read entry by entry with its cache tree, a split one as the whole that it stands for; one that is cut short or has any byte changed
 * ends in an error or in fewer entries, and never in a read beyond its end.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "git/index_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/test_index_file.XXXXXX/"; /* with a '/', as the folder of git has */
static char path[sizeof(folder) + sizeof("index")];
static char shared[sizeof(folder) + sizeof("sharedindex.") + 2 * OBJECT_ID_SIZE];

static int make_folder(void **state)
{
	size_t length = strlen(folder);

	(void)state;
	folder[length - 1] = '\0';
	if (!mkdtemp(folder))
		return -1;
	folder[length - 1] = '/';
	snprintf(path, sizeof(path), "%sindex", folder);
	snprintf(shared, sizeof(shared), "%ssharedindex.7373737373737373737373737373737373737373", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	unlink(shared);
	return rmdir(folder);
}

static void put_be32(struct buffer *to, uint32_t value)
{
	unsigned char bytes[] = { (unsigned char)(value >> 24), (unsigned char)(value >> 16), (unsigned char)(value >> 8),
				  (unsigned char)value };

	buffer_add(to, bytes, 4);
}

static void put_zeros(struct buffer *to, size_t count)
{
	while (count--)
		buffer_add_char(to, '\0');
}

static void put_entry(struct buffer *to, unsigned version, const char *name, size_t removed, char id)
{
	size_t start = to->length;

	put_zeros(to, 24);
	put_be32(to, 0100644);
	put_zeros(to, 12);
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		buffer_add_char(to, id);
	buffer_add_char(to, 0);
	buffer_add_char(to, (char)(strlen(name) + removed));
	if (version == 4)
		buffer_add_char(to, (char)removed);
	buffer_add_string(to, name);
	put_zeros(to, version == 4 ? 1 : 8 - (to->length - start) % 8);
}

/* "a/b", "a/c" and "d"; the folder a is known to be tree 't', the root is not. */
static void make_index(struct buffer *to, unsigned version)
{
	static const char tree[] = "\0-1 1\na\0"
				   "2 0\ntttttttttttttttttttt";

	buffer_add_string(to, "DIRC");
	put_be32(to, version);
	put_be32(to, 3);
	put_entry(to, version, "a/b", 0, '1');
	put_entry(to, version, version == 4 ? "c" : "a/c", version == 4 ? 1 : 0, '2');
	put_entry(to, version, "d", version == 4 ? 3 : 0, '3');
	buffer_add_string(to, "TREE");
	put_be32(to, sizeof(tree) - 1);
	buffer_add(to, tree, sizeof(tree) - 1);
	put_zeros(to, OBJECT_ID_SIZE);
}

static void write_to(const char *name, const char *bytes, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void write_file(const char *bytes, size_t size)
{
	write_to(path, bytes, size);
}

/* Read it to its end. Returns the number of entries, or the error. */
static int read_all(struct index_file *index)
{
	struct index_entry entry;
	struct error error;
	int result = index_file_read(index, path, folder, &error), count = 0;

	if (result)
		return result;
	while ((result = index_file_next(index, &entry, &error)) == 1) {
		assert_int_equal(strlen(entry.path), entry.path_length);
		count++;
	}
	return result ? result : count;
}

static void test_entries_and_folders(void **state)
{
	static const char *const names[] = { "a/b", "a/c", "d" };

	(void)state;
	for (unsigned version = 2; version <= 4; version++) {
		struct buffer bytes = BUFFER_INIT;
		struct index_file index;
		struct index_entry entry;
		struct error error;
		const struct index_folder *root, *a;

		make_index(&bytes, version);
		write_file(bytes.bytes, bytes.length);
		assert_int_equal(index_file_read(&index, path, NULL, &error), 0);
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(index_file_next(&index, &entry, &error), 1);
			assert_string_equal(entry.path, names[i]);
			assert_int_equal(entry.id.bytes[7], '1' + (int)i);
			assert_int_equal(entry.mode, 0100644);
		}
		assert_int_equal(index_file_next(&index, &entry, &error), 0);
		root = index_file_root(&index);
		assert_non_null(root);
		assert_int_equal(root->entry_count, -1);
		a = index_file_child(&index, root, "a", 1);
		assert_non_null(a);
		assert_int_equal(a->entry_count, 2);
		assert_int_equal(a->id.bytes[0], 't');
		assert_null(index_file_child(&index, root, "b", 1));
		assert_null(index_file_child(&index, a, "a", 1));
		index_file_release(&index);
		buffer_release(&bytes);
	}
}

static void test_cut_short(void **state)
{
	struct buffer bytes = BUFFER_INIT;
	struct index_file index;

	(void)state;
	make_index(&bytes, 2);
	for (size_t size = 0; size < bytes.length; size++) {
		write_file(bytes.bytes, size);
		/* cut behind the entries it may pass for one with no, or a shorter, cache tree */
		if (read_all(&index) >= 0)
			assert_true(size >= 12 + 72 + 72 + 64 + OBJECT_ID_SIZE);
		index_file_release(&index);
	}
	buffer_release(&bytes);
}

static void test_any_byte_changed(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x2d, 0x31, 0x7f, 0x80, 0xff };

	(void)state;
	for (unsigned version = 2; version <= 4; version += 2) {
		struct buffer bytes = BUFFER_INIT;
		struct index_file index;

		make_index(&bytes, version);
		for (size_t at = 0; at < bytes.length; at++) {
			char kept = bytes.bytes[at];

			for (size_t i = 0; i < sizeof(values); i++) {
				bytes.bytes[at] = (char)values[i];
				write_file(bytes.bytes, bytes.length);
				assert_true(read_all(&index) <= 3);
				index_file_release(&index);
			}
			bytes.bytes[at] = kept;
		}
		buffer_release(&bytes);
	}
}

/* ---- a split index ---- */

static void put_be64(struct buffer *to, uint64_t value)
{
	put_be32(to, (uint32_t)(value >> 32));
	put_be32(to, (uint32_t)value);
}

/* The shared one: "a0", "a1" … "t9"; all ids are '1'. It ends in its own id, 's'. */
#define SHARED_COUNT 200
static void make_shared(struct buffer *to)
{
	char name[3] = "";

	buffer_add_string(to, "DIRC");
	put_be32(to, 2);
	put_be32(to, SHARED_COUNT);
	for (int i = 0; i < SHARED_COUNT; i++) {
		name[0] = (char)('a' + i / 10);
		name[1] = (char)('0' + i % 10);
		put_entry(to, 2, name, 0, '1');
	}
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		buffer_add_char(to, 's');
}

/* Of those 64 to 191 are removed (a run of ones), and 3 and 199 replaced (words as they are); "a35" and "z" are new. */
static void make_split(struct buffer *to, uint32_t ones)
{
	buffer_add_string(to, "DIRC");
	put_be32(to, 2);
	put_be32(to, 4);
	put_entry(to, 2, "", 0, '2');
	put_entry(to, 2, "", 0, '3');
	put_entry(to, 2, "a35", 0, '4');
	put_entry(to, 2, "z", 0, '5');
	buffer_add_string(to, "link");
	put_be32(to, OBJECT_ID_SIZE + 2 * 12 + 2 * 8 + 4 * 8);
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		buffer_add_char(to, 's');
	put_be32(to, 192); /* bits, words; the last run */
	put_be32(to, 2);
	put_be64(to, 1 << 1);
	put_be64(to, 1 | (uint64_t)ones << 1);
	put_be32(to, 1);
	put_be32(to, 200);
	put_be32(to, 4);
	put_be64(to, (uint64_t)1 << 33);
	put_be64(to, 1 << 3);
	put_be64(to, 2 << 1 | (uint64_t)1 << 33);
	put_be64(to, 1 << (199 - 192));
	put_be32(to, 2);
	put_zeros(to, OBJECT_ID_SIZE);
}

static void test_split(void **state)
{
	struct buffer base = BUFFER_INIT, bytes = BUFFER_INIT;
	char names[1024] = "", ids[256] = "";
	size_t count = 0;
	struct index_file index;
	struct index_entry entry;
	struct error error;

	(void)state;
	make_shared(&base);
	write_to(shared, base.bytes, base.length);
	make_split(&bytes, 2);
	write_file(bytes.bytes, bytes.length);
	assert_int_equal(index_file_read(&index, path, folder, &error), 0);
	while (index_file_next(&index, &entry, &error) == 1) {
		strcat(names, entry.path);
		ids[count++] = (char)entry.id.bytes[0];
	}
	assert_int_equal(strlen(ids), SHARED_COUNT - 128 + 2);
	/* a0 to a3, a35, a4 … g3, t2 … t9, z */
	assert_memory_equal(names, "a0a1a2a3a35a4a5", 15);
	assert_memory_equal(names + strlen(names) - 19, "g3t2t3t4t5t6t7t8t9z", 19);
	assert_memory_equal(ids, "1112411", 7);
	assert_string_equal(ids + strlen(ids) - 3, "135");
	index_file_release(&index);
	/* where it may not be split */
	assert_int_equal(index_file_read(&index, path, NULL, &error), ERROR_MALFORMED);
	index_file_release(&index);
	/* a bit behind the last entry */
	buffer_clear(&bytes);
	make_split(&bytes, 3);
	write_file(bytes.bytes, bytes.length);
	assert_int_equal(index_file_read(&index, path, folder, &error), ERROR_MALFORMED);
	index_file_release(&index);
	buffer_release(&base);
	buffer_release(&bytes);
}

static void test_split_changed(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	struct buffer base = BUFFER_INIT, bytes = BUFFER_INIT;
	struct index_file index;

	(void)state;
	make_shared(&base);
	write_to(shared, base.bytes, base.length);
	make_split(&bytes, 2);
	for (size_t size = 0; size < bytes.length; size++) {
		write_file(bytes.bytes, size);
		assert_true(read_all(&index) < 0);
		index_file_release(&index);
	}
	for (size_t at = 0; at < bytes.length; at++) {
		char kept = bytes.bytes[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			bytes.bytes[at] = (char)values[i];
			write_file(bytes.bytes, bytes.length);
			assert_true(read_all(&index) <= SHARED_COUNT + 2);
			index_file_release(&index);
		}
		bytes.bytes[at] = kept;
	}
	/* the shared one is split as well, or is not there */
	write_file(bytes.bytes, bytes.length);
	memset(bytes.bytes + bytes.length - OBJECT_ID_SIZE, 's', OBJECT_ID_SIZE);
	write_to(shared, bytes.bytes, bytes.length);
	assert_int_equal(read_all(&index), ERROR_MALFORMED);
	index_file_release(&index);
	unlink(shared);
	assert_int_equal(read_all(&index), ERROR_MALFORMED);
	index_file_release(&index);
	buffer_release(&base);
	buffer_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_and_folders),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_any_byte_changed),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_changed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
