#define _GNU_SOURCE
/*
 * The table of a pack's entries, made by one thread and by several.
 */
#include "pack_builder.h"
#include "pack_repository.h"


static const char pack_path[] = "o/pack/pack-a";

static int pack_folder_make(void **state)
{
	if (folder_make(state))
		return -1;
	run("mkdir -p o/pack");
	return 0;
}

/* Entries in groups of five, among them deltas that stand before their base, and such whose base is nowhere. */
#define GROUPS 6000
#define GROUP_SIZE 5

static void groups_write(void)
{
	struct buffer delta = delta_append(5, "a"), second = delta_append(6, "b");
	struct pack_builder builder;

	builder_init(&builder);
	for (uint32_t group = 0; group < GROUPS; group++) {
		uint32_t number = group * GROUP_SIZE;

		/* before its base, which is before its own */
		reference_delta_add(&builder, number_id(number), number_id(number + 1), &second);
		reference_delta_add(&builder, number_id(number + 1), number_id(number + 2), &delta);
		entry_begin(&builder, number_id(number + 2), group % 2 ? OBJECT_BLOB : OBJECT_COMMIT, 5);
		entry_deflate(&builder, "hello", 5);
		offset_delta_add(&builder, number_id(number + 3), number + 2, &delta);
		reference_delta_add(&builder, number_id(number + 4), number_id(group % 3 ? number + 3 : UINT32_MAX), &second);
	}
	builder_write(&builder, pack_path);
	builder_release(&builder);
	buffer_release(&delta);
	buffer_release(&second);
}

static void table_make(struct pack *pack, unsigned jobs)
{
	struct error error;

	assert_int_equal(pack_open(pack, pack_path, seen_unreadable, NULL, &error), 0);
	pack_link(pack, NULL, jobs);
	assert_int_equal(pack->index.count, GROUPS * GROUP_SIZE);
}

static void entry_check(const struct pack *pack, uint32_t number, unsigned kind, unsigned is_delta, uint32_t base)
{
	const struct pack_entry *entry = &pack->entries[number];

	assert_int_equal(entry->kind, kind);
	assert_int_equal(entry->is_delta, is_delta);
	assert_int_equal(entry->base, base);
}

static void test_every_entry_is_linked(void **state)
{
	struct pack pack;

	(void)state;
	groups_write();
	table_make(&pack, 1);
	for (uint32_t group = 0; group < GROUPS; group++) {
		uint32_t first = group * GROUP_SIZE, root = first + 2, last = first + 4;
		unsigned kind = group % 2 ? OBJECT_BLOB : OBJECT_COMMIT;
		bool is_lost = group % 3 == 0;

		entry_check(&pack, first, kind, 1, first + 1);
		entry_check(&pack, first + 1, kind, 1, root);
		entry_check(&pack, root, kind, 0, PACK_ENTRY_NONE);
		entry_check(&pack, first + 3, kind, 1, root);
		entry_check(&pack, last, is_lost ? 0 : kind, 1, is_lost ? PACK_ENTRY_NONE : first + 3);
		/* of two children of the root the heavier one comes last: of equals, the first that was linked, which is the later one */
		assert_int_equal(pack.entries[root].last_child, is_lost ? first + 1 : first + 3);
		assert_int_equal(pack.entries[first + 1].last_child, first);
		assert_int_equal(pack.entries[first].next_sibling, first);
		assert_int_equal(pack.entries[first].last_child, PACK_ENTRY_NONE);
	}
	pack_close(&pack);
}

/* Any number of threads makes the same table, also more of them than there is work for. */
static void test_threads_make_the_same_table(void **state)
{
	static const unsigned jobs[] = { 2, 3, 7, 1000 };
	struct pack expected;

	(void)state;
	groups_write();
	table_make(&expected, 1);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(*jobs); i++) {
		struct pack pack;

		table_make(&pack, jobs[i]);
		assert_memory_equal(pack.entries, expected.entries, expected.index.count * sizeof(*pack.entries));
		pack_close(&pack);
	}
	pack_close(&expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_entry_is_linked),
		cmocka_unit_test(test_threads_make_the_same_table),
	};

	return cmocka_run_group_tests(tests, pack_folder_make, folder_remove);
}
