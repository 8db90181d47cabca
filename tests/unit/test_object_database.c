/*
 * object_database_walk() beside libgit2, on repositories in every layout that git knows: both have to give the same objects with the same
 * bytes, whatever the number of threads, and whether objects come whole or as changes.
 */
#include "git/object_database.h"
#include "git/repository.h"
#include "pack_repository.h"

#include <git2.h>

/* ---- the yardstick ---- */

struct yardstick {
	git_odb *database;
	struct seen *seen;
};

static int yardstick_add(const git_oid *id, void *context)
{
	struct yardstick *yardstick = context;
	struct object_piece piece = { .first = true, .last = true };
	git_odb_object *object;

	assert_int_equal(git_odb_read(&object, yardstick->database, id), 0);
	memcpy(piece.id.bytes, id->id, OBJECT_ID_SIZE);
	piece.kind = (enum object_kind)git_odb_object_type(object);
	piece.object_size = piece.size = git_odb_object_size(object);
	piece.bytes = git_odb_object_data(object);
	seen_visit(yardstick->seen, 0, &piece);
	git_odb_object_free(object);
	return 0;
}

/* "ID KIND SIZE" of all that libgit2 finds; it tells an object that stands in two places twice. */
static char *yardstick_text(const char *path)
{
	struct seen seen;
	struct yardstick yardstick = { NULL, &seen };
	git_repository *repository;
	size_t kept = 0;
	char *text;

	git_libgit2_init();
	seen_init(&seen, 0);
	assert_int_equal(git_repository_open(&repository, path), 0);
	assert_int_equal(git_repository_odb(&yardstick.database, repository), 0);
	assert_int_equal(git_odb_foreach(yardstick.database, yardstick_add, &yardstick), 0);
	seen_sort(&seen);
	for (size_t i = 0; i < seen.object_count; i++) {
		if (!kept || seen_compare(&seen.objects[kept - 1], &seen.objects[i]) != 0)
			seen.objects[kept++] = seen.objects[i];
	}
	seen.object_count = kept;
	text = seen_text(&seen);
	git_odb_free(yardstick.database);
	git_repository_free(repository);
	seen_release(&seen);
	git_libgit2_shutdown();
	return text;
}

/* ---- the engine ---- */

static void ways_check(const char *path, const char *expected, unsigned way_count)
{
	static const struct {
		unsigned jobs;
		size_t overlap;
		bool changes, whole;
	} ways[] = { { 2, 4096, true, false },  { 1, 0, false, false }, { 16, 33, true, false },
		     { 16, 100, false, false }, { 1, 0, true, true },   { 2, 0, false, true } };
	static const struct delta_seam_texts texts = { .reach = 1 };
	static const atomic_int stop;

	for (unsigned i = 0; i < way_count; i++) {
		struct object_database_walk options = {
			.kinds = ALL_KINDS, .jobs = ways[i].jobs, .whole = ways[i].whole, .overlap = ways[i].overlap,
			.stop = &stop,      .visit = seen_visit,  .damaged = seen_damaged,
		};
		struct object_database *database;
		struct repository *repository;
		struct error error;
		struct seen seen;
		char *text;

		seen_init(&seen, ways[i].overlap);
		options.context = &seen;
		if (ways[i].changes) {
			options.visit = seen_visit_noting;
			options.visit_change = seen_visit_change;
			options.texts = &texts;
		}
		assert_int_equal(repository_open(&repository, path, REPOSITORY_EXACT, &error), 0);
		assert_int_equal(object_database_open(&database, repository, 1, seen_unreadable, &seen, &error), 0);
		assert_int_equal(object_database_walk(database, &options, &error), 0);
		for (size_t o = 0; o < seen.object_count; o++)
			assert_true(object_database_has(database, &seen.objects[o].id));
		text = seen_text(&seen);
		assert_string_equal(text, expected);
		assert_int_equal(seen.damaged_count + seen.unreadable_count, 0);
		assert_false(seen.is_discontinuous);
		free(text);
		object_database_close(database);
		repository_close(repository);
		seen_release(&seen);
	}
}

static void layout_check(const char *path)
{
	char *expected = yardstick_text(path);

	assert_non_null(strstr(expected, " blob 0\n"));
	assert_null(strstr(expected, "WRONG"));
	ways_check(path, expected, 6);
	free(expected);
}

/* Make a repository "x" by changing a copy of the sound one, in which all is in one pack but for a tag and a stray blob. */
static void layout(const char *change)
{
	char *command = memory_format("rm -rf x && cp -r base x && cd x && %s", change);

	run(command);
	layout_check("x");
	free(command);
}

static int base_make(void **state)
{
	static const size_t sizes[] = { 65535, 65537, 0 };

	if (folder_make(state))
		return -1;
	repository_make("base", 60, 30, sizes);
	run("cd base && git repack -adfq && echo stray | git hash-object -w --stdin >../names");
	return 0;
}

static void test_loose(void **state)
{
	(void)state;
	layout("mv objects/pack/*.pack ../loose.pack && rm -f objects/pack/* && git unpack-objects -q <../loose.pack &&"
	       " test -z \"$(ls objects/pack)\"");
}

static void test_one_pack(void **state)
{
	(void)state;
	layout("git cat-file --batch-all-objects --batch-check='%(objectname)' | git pack-objects -q objects/pack/pack >../names &&"
	       " git repack -dq && git prune-packed && test -z \"$(find objects -path 'objects/[0-9a-f]*/*')\"");
}

/* Packs that share objects, and some of these loose as well. */
static void test_many_packs(void **state)
{
	(void)state;
	layout("for n in 10 20 30; do git rev-list --objects main~$n | git pack-objects -q objects/pack/pack >../names || exit 1; done &&"
	       " git cat-file blob main:f >../f && mkdir ../y && GIT_OBJECT_DIRECTORY=$PWD/../y git hash-object -w ../f >../names &&"
	       " cp -r ../y/* objects/");
}

static void test_multi_pack_index(void **state)
{
	(void)state;
	layout("for n in 10 20 30; do git rev-list --objects main~$n | git pack-objects -q objects/pack/pack >../names || exit 1; done &&"
	       " git multi-pack-index write --bitmap");
}

/* The yardstick cannot read these: it gets the indexes that the engine does without. */
static void test_multi_pack_index_alone(void **state)
{
	char *expected;

	(void)state;
	run("rm -rf x && cp -r base x && cd x && git rev-list --objects main ^main~20 | git pack-objects -q --delta-base-offset"
	    "   objects/pack/pack >../names && git multi-pack-index write --preferred-pack=pack-$(cat ../names).idx");
	expected = yardstick_text("x");
	run("rm -f x/objects/pack/*.idx x/objects/pack/*.rev");
	ways_check("x", expected, 6);
	free(expected);
}

static void test_aggressive(void **state)
{
	(void)state;
	layout("git gc -q --aggressive --prune=now");
}

static void test_deepest_chains(void **state)
{
	(void)state;
	repository_make("deep", 4200, 3, NULL);
	run("git -C deep repack -adq --depth=4095 && cd deep &&"
	    " git verify-pack -v objects/pack/*.idx | grep -q '^chain length = 40[0-9][0-9]:'");
	layout_check("deep");
}

static void test_reference_deltas(void **state)
{
	(void)state;
	layout("git -c repack.useDeltaBaseOffset=false repack -adfq");
}

/* What is unreachable is in a pack of its own. */
static void test_cruft_pack(void **state)
{
	(void)state;
	layout("git update-ref refs/heads/main main~30 && git tag -d v1 >../names && git reflog expire --expire=all --all &&"
	       " git repack -dq --cruft && ls objects/pack/*.mtimes >../names");
}

static void test_completed_thin_pack(void **state)
{
	(void)state;
	layout("git update-ref refs/heads/main main~30 && git tag -d v1 >../names && git reflog expire --expire=all --all &&"
	       " git repack -adq && git prune --expire=now && printf '%s\\n' $(git -C ../base rev-parse main) ^$(git rev-parse main) >../ends &&"
	       " git -C ../base pack-objects -q --thin --revs --stdout <../ends >../thin.pack &&"
	       " git index-pack --stdin --fix-thin <../thin.pack >../names && test $(ls objects/pack/*.pack | wc -l) = 2");
}

/* A repository that borrows from one that borrows. */
static void test_alternates(void **state)
{
	(void)state;
	run("cp -r base lender && git clone -q --bare --shared lender middle 2>names && echo middle | git -C middle hash-object -w --stdin >names");
	run("rm -rf x && git clone -q --bare --shared middle x 2>names && echo last | git -C x hash-object -w --stdin >names");
	layout_check("x");
}

/* 2^24 + 1 bytes are more than a window and more than the copy of a delta reaches, loose and packed; also as a delta's base. */
static void test_large_blobs(void **state)
{
	static const size_t sizes[] = { ((size_t)1 << 24) + 1, 0 };

	(void)state;
	repository_make("large", 3, 5, sizes);
	run("cd large && git cat-file blob main:large0 >../bytes && (cat ../bytes; echo more) | git hash-object -w --stdin >../names");
	layout_check("large");
	run("cd large && (git rev-parse main:large0; cat ../names) | git pack-objects -q objects/pack/pack >../names2 &&"
	    " git verify-pack -v objects/pack/pack-$(cat ../names2).idx | grep -q '^chain length = 1: 1'");
	layout_check("large");
}

/* Two ways only: each hashes all of it. */
static void test_300_megabytes(void **state)
{
	char *expected;

	(void)state;
	run("git init -q --bare huge && truncate -s 300M bytes && git -C huge -c core.compression=1 hash-object -w ../bytes >names && rm bytes");
	expected = yardstick_text("huge");
	assert_non_null(strstr(expected, " blob 314572800\n"));
	ways_check("huge", expected, 1);
	run("git -C huge -c core.compression=1 pack-objects -q objects/pack/pack <names >names2 && git -C huge prune-packed");
	ways_check("huge", expected, 1);
	free(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loose),
		cmocka_unit_test(test_one_pack),
		cmocka_unit_test(test_many_packs),
		cmocka_unit_test(test_multi_pack_index),
		cmocka_unit_test(test_multi_pack_index_alone),
		cmocka_unit_test(test_aggressive),
		cmocka_unit_test(test_deepest_chains),
		cmocka_unit_test(test_reference_deltas),
		cmocka_unit_test(test_cruft_pack),
		cmocka_unit_test(test_completed_thin_pack),
		cmocka_unit_test(test_alternates),
		cmocka_unit_test(test_large_blobs),
		cmocka_unit_test(test_300_megabytes),
	};

	return cmocka_run_group_tests(tests, base_make, folder_remove);
}
