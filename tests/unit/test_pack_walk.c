/*
 * pack_walk() on repositories that the real git packed in every way it knows: each object has to be handed on
 * once, with the bytes that its id stands for, and the list of them has to be git's own; with any number of
 * threads, any memory and any window.
 */
#include "pack_check.h"

#include <stdatomic.h>

/* Walk a repository in many ways and compare with what git says. */
static void repository_check(const char *name)
{
	char *expected = repository_expected(name);

	packs_check(name, expected);
	free(expected);
}

static const size_t no_large[] = { 0 };

static void test_one_pack(void **state)
{
	static const size_t sizes[] = { 65537, ((size_t)1 << 24) + 1, 0 };

	(void)state;
	repository_make("one", 60, 40, sizes);
	run("git -C one repack -adq");
	repository_check("one");
}

/* Packs that hold the same objects, a small one for each part of the history, and an alternate. */
static void test_many_packs(void **state)
{
	(void)state;
	repository_make("many", 60, 20, no_large);
	run("cd many && git repack -adq && cp -r . ../alternate &&"
	    " for n in 10 20 30; do"
	    "   git rev-list --objects main~$n | git pack-objects -q objects/pack/pack >../names || exit 1; done");
	repository_check("many");
	run("cd many && echo $PWD/../alternate/objects >objects/info/alternates");
	repository_check("many");
}

/* The objects of both folders, each once. */
static void test_alternates(void **state)
{
	char *folders[2] = { "left/objects", "right/objects" }, *text, *expected;
	struct pack_walk_options options;
	struct pack_set *set;
	struct error error;
	struct seen seen;

	(void)state;
	repository_make("left", 20, 20, no_large);
	run("git -C left repack -adq && cp -r left right && git -C right update-ref refs/heads/main main~5 &&"
	    " git -C right tag -d v1 >names && git -C right reflog expire --expire=all --all &&"
	    " git -C right repack -adq && git -C right prune --expire=now");
	expected = repository_expected("left");
	seen_init(&seen, 0);
	options = seen_options(&seen);
	assert_int_equal(pack_set_open(&set, folders, 2, 1, seen_unreadable, &seen, &error), 0);
	assert_int_equal(pack_walk(set, &options, &error), 0);
	pack_set_close(set);
	text = seen_text(&seen);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
	seen_release(&seen);
}

static void test_aggressive(void **state)
{
	(void)state;
	repository_make("aggressive", 150, 30, no_large);
	run("git -C aggressive gc -q --aggressive --prune=now");
	repository_check("aggressive");
}

static void test_deep_chain(void **state)
{
	(void)state;
	repository_make("deep", 4500, 10, no_large);
	run("git -C deep repack -adq --depth=4095");
	run("cd deep && git verify-pack -v objects/pack/*.idx | grep -q '^chain length = 409[0-5]:'");
	repository_check("deep");
}

static void test_reference_deltas(void **state)
{
	(void)state;
	repository_make("reference", 60, 30, no_large);
	run("git -C reference -c repack.useDeltaBaseOffset=false repack -adfq");
	repository_check("reference");
}

/* A fetched thin pack that was completed: bases stand behind the deltas made from them. */
static void test_completed_thin_pack(void **state)
{
	(void)state;
	repository_make("full", 60, 30, no_large);
	run("git clone -q --bare full thin 2>names && cd thin && git update-ref refs/heads/main main~30 &&"
	    " git tag -d v1 >../names && git reflog expire --expire=all --all && git repack -adq &&"
	    " git prune --expire=now");
	run("printf '%s\\n' main ^main~30 >ends");
	run("git -C full pack-objects -q --thin --revs --stdout --delta-base-offset <ends >thin.pack");
	run("git -C full pack-objects -q --thin --revs --stdout <ends >thin2.pack");
	run("git -C thin index-pack --stdin --fix-thin <thin.pack >names");
	repository_check("thin");
	run("git -C thin index-pack --stdin --fix-thin <thin2.pack >names");
	repository_check("thin");
}

static void test_index_formats(void **state)
{
	(void)state;
	repository_make("version1", 30, 20, no_large);
	run("cp -r version1 large-offsets");
	run("git -C version1 -c pack.indexVersion=1 repack -adfq &&"
	    " ! head -c 4 version1/objects/pack/*.idx | grep -q tOc");
	repository_check("version1");
	run("cd large-offsets && git repack -adq && rm -f objects/pack/*.idx objects/pack/*.rev &&"
	    " git index-pack --index-version=2,0x100 objects/pack/*.pack >../names");
	repository_check("large-offsets");
}

/* A pack without an index and an index without a pack are told, and the others are still read. */
static void test_halves(void **state)
{
	struct pack_walk_options options;
	struct seen seen;

	(void)state;
	repository_make("halves", 10, 10, no_large);
	run("cd halves/objects/pack && git -C ../.. repack -adq && rm -f *.rev &&"
	    " cp *.pack pack-a.pack && chmod u+w pack-a.pack && cp *.idx pack-b.idx &&"
	    " mkdir pack-c.pack pack-c.idx &&"
	    " mkfifo pack-d.idx && cp pack-a.pack pack-d.pack && : >pack-e.idx && : >pack-e.pack");
	seen_init(&seen, 0);
	options = seen_options(&seen);
	assert_int_equal(seen_walk(&seen, "halves/objects", &options), 0);
	assert_int_equal(seen.unreadable_count, 5);
	assert_string_equal(seen.unreadable[0], "halves/objects/pack/pack-a.pack: the pack has no index");
	assert_string_equal(seen.unreadable[1], "halves/objects/pack/pack-b.idx: the index has no pack");
	assert_string_equal(seen.unreadable[2], "halves/objects/pack/pack-c.pack: "
						"'halves/objects/pack/pack-c.idx' is not a regular file");
	assert_string_equal(seen.unreadable[3], "halves/objects/pack/pack-d.pack: "
						"'halves/objects/pack/pack-d.idx' is not a regular file");
	assert_string_equal(seen.unreadable[4], "halves/objects/pack/pack-e.pack: "
						"'halves/objects/pack/pack-e.idx' is empty");
	assert_int_equal(seen.damaged_count, 0);
	assert_int_equal(seen.object_count, 10 * 3 + 1 + 3);
	seen_release(&seen);
}

static void test_no_packs(void **state)
{
	struct pack_walk_options options;
	struct seen seen;

	(void)state;
	run("git init -q --bare none && echo text | git -C none hash-object -w --stdin >names");
	seen_init(&seen, 0);
	options = seen_options(&seen);
	assert_int_equal(seen_walk(&seen, "none/objects", &options), 0);
	assert_int_equal(seen_walk(&seen, "no-such-folder", &options), 0);
	assert_int_equal(seen.object_count + seen.damaged_count + seen.unreadable_count, 0);
	seen_release(&seen);
}

/* Only the kinds that were asked for. Needs the repository of test_one_pack(). */
static void test_kinds(void **state)
{
	static const unsigned kinds[] = { OBJECT_COMMIT, OBJECT_TREE, OBJECT_BLOB, OBJECT_TAG };
	static const char *const names[] = { " commit ", " tree ", " blob ", " tag " };
	char *expected = repository_expected("one");

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct pack_walk_options options;
		struct seen seen;
		size_t count = 0;

		for (const char *at = expected; (at = strstr(at, names[i])); at++)
			count++;
		seen_init(&seen, 0);
		options = seen_options(&seen);
		options.kinds = OBJECT_KIND_BIT(kinds[i]);
		assert_int_equal(seen_walk(&seen, "one/objects", &options), 0);
		assert_int_equal(seen.object_count, count);
		for (size_t o = 0; o < count; o++)
			assert_int_equal(seen.objects[o].kind, kinds[i]);
		seen_release(&seen);
	}
	free(expected);
}

/*
 * A large object comes in as many windows as its size asks for, also when other threads wait for memory. Needs
 * test_one_pack()'s repository.
 */
static void test_windows(void **state)
{
	struct pack_walk_options options;
	struct seen seen;
	bool found = false;

	(void)state;
	seen_init(&seen, 1000);
	options = seen_options(&seen);
	options.window_size = 100000;
	options.kinds = OBJECT_KIND_BIT(OBJECT_BLOB);
	assert_int_equal(seen_walk(&seen, "one/objects", &options), 0);
	for (size_t i = 0; i < seen.object_count; i++) {
		if (seen.objects[i].size != ((size_t)1 << 24) + 1)
			continue;
		found = true;
		assert_int_equal(seen.objects[i].pieces, (((size_t)1 << 24) + 1 - 1000 + 98999) / 99000);
	}
	assert_true(found);
	assert_false(seen.is_discontinuous);
	seen_release(&seen);
}

static int stop_at_ten(void *context, unsigned worker, const struct object_piece *piece)
{
	(void)worker;
	(void)piece;
	return atomic_fetch_add((atomic_int *)context, 1) >= 9;
}

static void damage_ignore(void *context, const struct object_id *id, const char *detail)
{
	(void)context;
	(void)id;
	(void)detail;
}

/* Needs the repository of test_deep_chain(). */
static void test_stop(void **state)
{
	static const unsigned jobs[] = { 1, 2, 16 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		atomic_int visits = 0;
		atomic_int stop = 0;
		char *objects = "deep/objects";
		struct pack_set *set;
		struct error error;
		struct seen seen;
		struct pack_walk_options options = {
			.kinds = ALL_KINDS,
			.jobs = jobs[i],
			.memory_limit = PACK_WALK_MEMORY_DEFAULT,
			.window_size = PACK_WALK_WINDOW_DEFAULT,
			.stop = &stop,
			.visit = stop_at_ten,
			.damaged = damage_ignore,
			.context = &visits,
		};

		seen_init(&seen, 0);
		assert_int_equal(pack_set_open(&set, &objects, 1, 1, seen_unreadable, &seen, &error), 0);
		assert_int_equal(pack_walk(set, &options, &error), ERROR_INTERRUPTED);
		assert_in_range(visits, 10, 10 + jobs[i]);
		stop = 1;
		visits = 0;
		assert_int_equal(pack_walk(set, &options, &error), ERROR_INTERRUPTED);
		assert_int_equal(visits, 0);
		pack_set_close(set);
		seen_release(&seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_pack),
		cmocka_unit_test(test_many_packs),
		cmocka_unit_test(test_alternates),
		cmocka_unit_test(test_aggressive),
		cmocka_unit_test(test_deep_chain),
		cmocka_unit_test(test_reference_deltas),
		cmocka_unit_test(test_completed_thin_pack),
		cmocka_unit_test(test_index_formats),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_no_packs),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
