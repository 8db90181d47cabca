/*
 * For the tests of the pack engine: walking packs with any number of threads, any memory and any window, with changes and without.
 */
#ifndef STAUNCH_TESTS_UNIT_PACK_CHECK_H
#define STAUNCH_TESTS_UNIT_PACK_CHECK_H

#include "pack_repository.h"

/* Walk the repository's packs in many ways: each has to give what is expected ("ID KIND SIZE" in the order of ids) and no complaint. */
static inline void packs_check(const char *name, const char *expected)
{
	static const struct {
		unsigned jobs;
		size_t memory_limit, window_size, overlap;
		bool verify, changes;
	} ways[] = {
		{ 1, PACK_WALK_MEMORY_DEFAULT, PACK_WALK_WINDOW_DEFAULT, 4096, false, false },
		{ 2, PACK_WALK_MEMORY_DEFAULT, PACK_WALK_WINDOW_DEFAULT, 0, true, false },
		{ 16, PACK_WALK_MEMORY_DEFAULT, 65535, 4096, true, false },
		{ 1, 1, 65536, 100, true, false },
		{ 2, 1, 1000, 0, false, false },
		{ 16, 300000, 0, 33, false, false },
		{ 1, PACK_WALK_MEMORY_DEFAULT, PACK_WALK_WINDOW_DEFAULT, 4096, false, true },
		{ 2, 1, 1000, 0, false, true },
		{ 16, 300000, 65536, 33, true, true },
	};
	char *objects = memory_format("%s/objects", name);

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		volatile uint64_t objects_done = 0, bytes_done = 0;
		uint64_t object_count, byte_count;
		struct pack_walk_options options;
		struct pack_set *set;
		struct error error;
		struct seen seen;
		char *text;

		seen_init(&seen, ways[i].overlap);
		options = seen_options(&seen);
		options.jobs = ways[i].jobs;
		options.memory_limit = ways[i].memory_limit;
		options.window_size = ways[i].window_size;
		options.verify = ways[i].verify;
		if (ways[i].changes) {
			seen_take_changes(&options);
			options.verify = ways[i].verify;
		}
		options.objects_done = &objects_done;
		options.bytes_done = &bytes_done;
		assert_int_equal(pack_set_open(&set, &objects, 1, 1, seen_unreadable, &seen, &error), 0);
		assert_int_equal(pack_walk(set, &options, &error), 0);
		pack_set_count(set, ALL_KINDS, &object_count, &byte_count);
		assert_int_equal(objects_done, object_count);
		assert_int_equal(objects_done, pack_set_object_count(set));
		assert_int_equal(bytes_done, byte_count);
		assert_int_equal(bytes_done, pack_set_byte_count(set));
		text = seen_text(&seen);
		assert_string_equal(text, expected);
		assert_false(seen.is_discontinuous);
		assert_int_equal(seen.damaged_count, 0);
		assert_int_equal(seen.unreadable_count, 0);
		for (size_t o = 0; o < seen.object_count; o++)
			assert_true(pack_set_has(set, &seen.objects[o].id));
		pack_set_close(set);
		seen_release(&seen);
		free(text);
	}
	free(objects);
}

#endif
