/*
 * Goal: git's index is read entry by entry with its cache tree; one that is cut short or has any byte changed ends in an error or in fewer
 * entries, and never in a read beyond its end.
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

static char path[] = "/tmp/test_index_file.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
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

static void write_file(const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* Read it to its end. Returns the number of entries, or the error. */
static int read_all(struct index_file *index)
{
	struct index_entry entry;
	struct error error;
	int result = index_file_read(index, path, &error), count = 0;

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
		assert_int_equal(index_file_read(&index, path, &error), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_and_folders),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_any_byte_changed),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
