/*
 * Goal: trees are parsed to their last byte or refused, and a tree memory knows each next tree as if it had read it whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "git/tree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 500

/* A tag that tells entries apart. */
static uint32_t tag_by_content(void *context, const struct tree_entry *entry)
{
	uint32_t hash = 5381;

	++*(unsigned *)context;
	for (size_t i = 0; i < entry->name_length; i++)
		hash = hash * 33 + (unsigned char)entry->name[i];
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		hash = hash * 33 + entry->id->bytes[i];
	return hash;
}

static size_t write_tree(unsigned char *tree, const int *names, const int *values, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++) {
		length += (size_t)sprintf((char *)tree + length, "100644 f%d", names[i]) + 1;
		memset(tree + length, values[i], OBJECT_ID_SIZE);
		length += OBJECT_ID_SIZE;
	}
	return length;
}

static void a_memory_agrees_with_reading_whole(void **state)
{
	static unsigned char tree[1 << 16];
	static int names[ENTRY_MAX + 1], values[ENTRY_MAX + 1];
	struct tree_memory memory = { 0 };
	unsigned tagged = 0, entries = 0, ignored = 0;
	int count = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < 20000; round++) {
		int operation = rand() % 5, at = rand() % (count + 1);
		size_t size, position = 0, number = 0;
		struct tree_entry entry;

		if ((operation < 2 && count < ENTRY_MAX) || !count) {
			memmove(names + at + 1, names + at, (size_t)(count - at) * sizeof(*names));
			memmove(values + at + 1, values + at, (size_t)(count - at) * sizeof(*values));
			names[at] = rand() % 100000;
			values[at] = rand() % 4 ? rand() % 256 : '1'; /* an id that looks like an entry's start */
			count++;
		} else if (operation == 2 && at < count) {
			memmove(names + at, names + at + 1, (size_t)(count - at - 1) * sizeof(*names));
			memmove(values + at, values + at + 1, (size_t)(count - at - 1) * sizeof(*values));
			count--;
		} else if (operation == 3) {
			values[at % count] = rand() % 256;
		} else if (rand() % 50 == 0) {
			count = 0;
		}
		size = write_tree(tree, names, values, count);
		assert_int_equal(tree_memory_next(&memory, tree, size, tag_by_content, &tagged), 0);
		while (tree_next(tree, size, &position, &entry) == 1) {
			assert_int_equal(memory.tags[number], tag_by_content(&ignored, &entry));
			tree_memory_entry(&memory, number++, &entry);
			assert_int_equal(memory.tags[number - 1], tag_by_content(&ignored, &entry));
		}
		assert_int_equal(memory.entry_count, number);
		entries += (unsigned)number;
	}
	/* it would be of no use if it looked at every entry again */
	assert_true(tagged < entries / 20);
	tree_memory_release(&memory);
}

static void malformed_trees_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
		{ "100644", 6 },
		{ "100644 ", 7 },
		{ "100644 name", 11 },
		{ "100644 name\0short", 17 },
		{ " name\0" "01234567890123456789", 26 },
		{ "9 name\0" "01234567890123456789", 27 },
		{ "77777777777 name\0" "01234567890123456789", 37 },
	};
	unsigned tagged = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tree_memory memory = { 0 };
		struct tree_entry entry;
		size_t position = 0;

		assert_int_equal(tree_next((const unsigned char *)bad[i].bytes, bad[i].size, &position, &entry), -1);
		assert_int_equal(tree_memory_next(&memory, (const unsigned char *)bad[i].bytes, bad[i].size, tag_by_content,
						  &tagged), -1);
		assert_int_equal(memory.entry_count, 0);
		/* and it goes on with the next tree */
		assert_int_equal(tree_memory_next(&memory, (const unsigned char *)"40000 d\0" "01234567890123456789", 28,
						  tag_by_content, &tagged), 0);
		assert_int_equal(memory.entry_count, 1);
		tree_memory_release(&memory);
	}
}

static void modes_tell_kinds(void **state)
{
	static const struct {
		const char *mode;
		enum tree_entry_kind kind;
	} modes[] = { { "40000", TREE_ENTRY_TREE },   { "040000", TREE_ENTRY_TREE },       { "100644", TREE_ENTRY_BLOB },
		      { "100755", TREE_ENTRY_BLOB },  { "120000", TREE_ENTRY_BLOB }, { "160000", TREE_ENTRY_SUBMODULE },
		      { "100664", TREE_ENTRY_BLOB } };

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		unsigned char tree[64];
		struct tree_entry entry;
		size_t size = (size_t)sprintf((char *)tree, "%s n", modes[i].mode) + 1, position = 0;

		memset(tree + size, 7, OBJECT_ID_SIZE);
		assert_int_equal(tree_next(tree, size + OBJECT_ID_SIZE, &position, &entry), 1);
		assert_int_equal(entry.kind, modes[i].kind);
		assert_string_equal(entry.name, "n");
		assert_int_equal(position, size + OBJECT_ID_SIZE);
		assert_int_equal(tree_next(tree, size + OBJECT_ID_SIZE, &position, &entry), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_memory_agrees_with_reading_whole),
		cmocka_unit_test(malformed_trees_are_refused),
		cmocka_unit_test(modes_tell_kinds),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
