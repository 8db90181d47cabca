/*
 * Goal: trees are parsed to their last byte or refused, and the list of a changed tree is that of the tree read whole.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "delta_builder.h"
#include "git/delta_runs.h"
#include "git/tree_list.h"

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

/*
 * A delta from one tree to the next: what they share at front and back is copied, in pieces that end anywhere, and sometimes entries from elsewhere in the base
 * are copied where they stand in the tree, too.
 */
static void delta_between(struct buffer *delta, const unsigned char *base, size_t base_size, const unsigned char *tree,
			  size_t size)
{
	size_t front = 0, back = 0, at = 0;

	while (front < size && front < base_size && tree[front] == base[front])
		front++;
	while (back < size - front && back < base_size - front && tree[size - back - 1] == base[base_size - back - 1])
		back++;
	buffer_clear(delta);
	size_add(delta, base_size);
	size_add(delta, size);
	while (at < size) {
		size_t part = 1 + (size_t)rand() % 700;

		if (at < front || at >= size - back) {
			size_t from = at < front ? at : at - size + base_size;
			size_t end = at < front ? front : size;

			part = part < end - at ? part : end - at;
			copy_add(delta, (uint32_t)from, (uint32_t)part);
		} else {
			const unsigned char *found;

			part = part < size - back - at ? part : size - back - at;
			found = part > 4 ? memmem(base, base_size, tree + at, part) : NULL;
			if (found)
				copy_add(delta, (uint32_t)(found - base), (uint32_t)part);
			else
				insert_add(delta, tree + at, part);
		}
		at += part;
	}
	buffer_add(delta, tree, DELTA_SLACK); /* slack */
}

static void lists_compare(const struct tree_list *list, const unsigned char *tree, size_t size)
{
	size_t position = 0, number = 0;
	unsigned ignored = 0;
	struct tree_entry entry;

	for (;; number++) {
		assert_int_equal(list->starts[number], position);
		if (tree_next(tree, size, &position, &entry) != 1)
			break;
		assert_int_equal(list->tags[number], tag_by_content(&ignored, &entry));
	}
	assert_int_equal(list->count, number);
}

static void a_changed_list_is_the_list_of_the_whole(void **state)
{
	static unsigned char trees[2][(1 << 16) + DELTA_SLACK];
	static int names[ENTRY_MAX + 1], values[ENTRY_MAX + 1];
	struct object_note *note = NULL;
	struct tree_list list = { 0 };
	struct delta_runs runs = { 0 };
	struct buffer delta = BUFFER_INIT;
	unsigned tagged = 0, entries = 0;
	size_t base_size = 0;
	int count = 0;

	(void)state;
	srand(3);
	assert_int_equal(tree_list_read(&list, trees[0], 0, tag_by_content, &tagged), 0);
	note = tree_list_note(&list);
	for (int round = 0; round < 20000; round++) {
		int operation = rand() % 6, at = rand() % (count + 1);
		const unsigned char *base = trees[round % 2];
		unsigned char *tree = trees[(round + 1) % 2];
		struct object_change change = { .kind = OBJECT_TREE, .base = base, .runs = &runs, .base_note = note };
		size_t size, delta_size;
		unsigned before;

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
		} else if (operation == 4) { /* an entry moves */
			int name = names[0], value = values[0];

			memmove(names, names + 1, (size_t)(count - 1) * sizeof(*names));
			memmove(values, values + 1, (size_t)(count - 1) * sizeof(*values));
			names[count - 1] = name;
			values[count - 1] = value;
		} else if (rand() % 50 == 0) {
			count = 0;
		}
		size = write_tree(tree, names, values, count);
		delta_between(&delta, base, base_size, tree, size);
		delta_size = delta.length - DELTA_SLACK;
		assert_null(delta_runs_read(&runs, base, base_size, (unsigned char *)delta.bytes, delta_size, size));
		change.object_size = size;
		before = tagged;
		assert_int_equal(tree_list_change(&list, &change, true, tag_by_content, &tagged), 0);
		lists_compare(&list, tree, size);
		entries += (unsigned)list.count;
		/* without a list the same entries are new */
		before = tagged - before;
		tagged -= before;
		assert_int_equal(tree_list_change(&list, &change, false, tag_by_content, &tagged), 0);
		assert_int_equal(list.count, 0);
		assert_int_equal(tree_list_change(&list, &change, true, tag_by_content, &before), 0);
		object_note_release(note);
		note = tree_list_note(&list);
		base_size = size;
	}
	/* it would be of no use if it looked at every entry again */
	assert_true(tagged < entries / 10);
	object_note_release(note);
	tree_list_release(&list);
	delta_runs_release(&runs);
	buffer_release(&delta);
}

/* What is held for each of many trees is bounded: a large one has no note. An entry without end is not put together. */
static void large_trees_are_not_noted(void **state)
{
	size_t size = (TREE_NOTE_ENTRIES_MAX + 1) * 24;
	unsigned char *tree = malloc(size + DELTA_SLACK);
	struct tree_list list = { 0 };
	struct object_note *note;
	unsigned tagged = 0;

	(void)state;
	for (size_t i = 0; i <= TREE_NOTE_ENTRIES_MAX; i++) {
		memcpy(tree + 24 * i, "1 a", 4);
		memset(tree + 24 * i + 4, 7, OBJECT_ID_SIZE);
	}
	assert_int_equal(tree_list_read(&list, tree, size, tag_by_content, &tagged), 0);
	assert_int_equal(list.count, TREE_NOTE_ENTRIES_MAX + 1);
	assert_null(tree_list_note(&list));
	assert_int_equal(tree_list_read(&list, tree, size - 24, tag_by_content, &tagged), 0);
	note = tree_list_note(&list);
	assert_non_null(note);
	object_note_release(note);
	tree_list_release(&list);
	free(tree);
}

static void an_entry_without_end_is_not_gathered(void **state)
{
	static unsigned char base[64 + DELTA_SLACK];
	static const int names[] = { 1 }, values[] = { 6 };
	size_t base_size = write_tree(base, names, values, 1), size = (size_t)10 << 20;
	unsigned char *tree = malloc(size + DELTA_SLACK);
	struct tree_list list = { 0 };
	struct delta_runs runs = { 0 };
	struct buffer delta = BUFFER_INIT;
	unsigned tagged = 0;
	struct object_note *note;
	struct object_change change = { .kind = OBJECT_TREE, .object_size = size, .base = base, .runs = &runs };

	(void)state;
	memset(tree, 'x', size);
	memcpy(tree, "100644 ", 7);
	assert_int_equal(tree_list_read(&list, base, base_size, tag_by_content, &tagged), 0);
	note = tree_list_note(&list);
	change.base_note = note;
	size_add(&delta, base_size);
	size_add(&delta, size);
	insert_add(&delta, tree, size);
	buffer_add(&delta, tree, DELTA_SLACK);
	assert_null(delta_runs_read(&runs, base, base_size, (unsigned char *)delta.bytes, delta.length - DELTA_SLACK, size));
	assert_int_equal(tree_list_change(&list, &change, false, tag_by_content, &tagged), -1);
	assert_true(list.scratch_capacity < (size_t)1 << 20);
	object_note_release(note);
	tree_list_release(&list);
	delta_runs_release(&runs);
	buffer_release(&delta);
	free(tree);
}

/* A tree that a delta breaks is refused, wherever the break is. */
static void a_broken_change_is_refused(void **state)
{
	static unsigned char base[(1 << 12) + DELTA_SLACK], tree[(1 << 12) + DELTA_SLACK];
	static const int names[] = { 1, 2, 3, 4, 5 }, values[] = { 6, 7, 8, 9, 10 };
	size_t base_size = write_tree(base, names, values, 5);
	struct tree_list list = { 0 };
	struct delta_runs runs = { 0 };
	struct buffer delta = BUFFER_INIT;
	unsigned tagged = 0;
	struct object_note *note;

	(void)state;
	assert_int_equal(tree_list_read(&list, base, base_size, tag_by_content, &tagged), 0);
	note = tree_list_note(&list);
	for (size_t size = 1; size < base_size; size++) {
		struct object_change change = { .kind = OBJECT_TREE, .object_size = size, .base = base, .runs = &runs,
						.base_note = note };

		memcpy(tree, base, size);
		delta_between(&delta, base, base_size, tree, size);
		assert_null(delta_runs_read(&runs, base, base_size, (unsigned char *)delta.bytes,
					    delta.length - DELTA_SLACK, size));
		assert_int_equal(tree_list_change(&list, &change, true, tag_by_content, &tagged),
				 size % (base_size / 5) ? -1 : 0);
	}
	object_note_release(note);
	tree_list_release(&list);
	delta_runs_release(&runs);
	buffer_release(&delta);
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
		struct tree_list list = { 0 };
		struct tree_entry entry;
		size_t position = 0;

		assert_int_equal(tree_next((const unsigned char *)bad[i].bytes, bad[i].size, &position, &entry), -1);
		assert_int_equal(tree_list_read(&list, (const unsigned char *)bad[i].bytes, bad[i].size, tag_by_content,
						&tagged), -1);
		/* and it goes on with the next tree */
		assert_int_equal(tree_list_read(&list, (const unsigned char *)"40000 d\0" "01234567890123456789", 28,
						tag_by_content, &tagged), 0);
		assert_int_equal(list.count, 1);
		tree_list_release(&list);
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
		cmocka_unit_test(a_changed_list_is_the_list_of_the_whole),
		cmocka_unit_test(a_broken_change_is_refused),
		cmocka_unit_test(large_trees_are_not_noted),
		cmocka_unit_test(an_entry_without_end_is_not_gathered),
		cmocka_unit_test(malformed_trees_are_refused),
		cmocka_unit_test(modes_tell_kinds),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
