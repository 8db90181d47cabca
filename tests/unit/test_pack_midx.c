/*
 * Packs whose own indexes are gone and that a multi-pack-index names: sound ones in every form that the real git writes, and then one
 * that was cut off, changed or made by hand to do harm.
 */
#include "pack_builder.h"
#include "git/bytes.h"
#include "pack_check.h"

#define PACKS "small/objects/pack"

/* Run `git multi-pack-index write` with these options, drop the packs' own indexes, and check that nothing is missed by that. */
static void written_check(const char *options)
{
	char *expected, *command;

	run("rm -rf m && cp -r sound m");
	expected = repository_expected("m");
	command = memory_format("git -C m multi-pack-index write %s && rm -f m/objects/pack/*.idx m/objects/pack/*.rev"
				" && test -n \"$(ls m/objects/pack/*.pack)\"", options);
	run(command);
	packs_check("m", expected);
	free(command);
	free(expected);
}

static struct buffer sound;  /* a small multi-pack-index */
static size_t small_count;   /* of the objects in its packs */

/* Three packs without indexes, of a few objects each, some of them in two packs. */
static void small_make(void)
{
	char *expected;

	run("git init -q --bare -b main small && cd small && for n in 1 2 3 4 5 6; do seq $n 30 | git hash-object -w --stdin; done >../ids &&"
	    " for part in 1,3 3,5 5,6; do sed -n ${part}p ../ids | git pack-objects -q --delta-base-offset objects/pack/pack >../names; done &&"
	    " git prune-packed && git multi-pack-index write");
	expected = repository_expected("small");
	for (const char *at = expected; (at = strchr(at, '\n')); at++)
		small_count++;
	free(expected);
	run("rm -f small/objects/pack/*.idx small/objects/pack/*.rev");
	file_read(PACKS "/multi-pack-index", &sound);
}

/*
 * Packs that share nothing, and packs that hold the same objects. Older versions are deltas of newer ones, so one that has the newer ones
 * alone takes the bases of others away.
 */
static int midx_setup(void **state)
{
	static const size_t sizes[] = { 65537, 0 };

	if (folder_make(state))
		return -1;
	repository_make("whole", 60, 20, sizes);
	run("git -C whole repack -adfq --depth=50");
	run("cp -r whole apart && cd apart && git cat-file --batch-all-objects --batch-check='%(objectname)' >../ids &&"
	    " ls -d $PWD/objects/pack/* >../old && split -l 70 ../ids ../part. && for p in ../part.*; do"
	    "   git pack-objects -q --delta-base-offset objects/pack/pack <$p >../names || exit 1; done && rm -f $(cat ../old) &&"
	    " git prune-packed");
	run("cp -r whole together && cd together && for n in main~10 main~30 'main ^main~20' 'main~5 ^main~40'; do"
	    "   git rev-list --objects $n | git pack-objects -q --delta-base-offset objects/pack/pack >../names || exit 1; done");
	small_make();
	return 0;
}

static void sound_use(const char *name)
{
	char *command = memory_format("rm -rf sound && cp -r %s sound", name);

	run(command);
	free(command);
}

static void test_packs_apart(void **state)
{
	(void)state;
	sound_use("apart");
	written_check("");
}

/* Each pack in turn is the preferred one: of the others, bases are left out which only their deltas lead to. */
static void test_packs_with_copies(void **state)
{
	(void)state;
	sound_use("together");
	written_check("");
	run("ls together/objects/pack/*.idx | sed 's|.*/||' >names");
	for (unsigned i = 1; i <= 5; i++) {
		char *options = memory_format("--preferred-pack=$(sed -n %up names)", i);

		written_check(options);
		free(options);
	}
}

static void test_bitmap(void **state)
{
	(void)state;
	sound_use("together");
	written_check("--bitmap --preferred-pack=$(sed -n 2p names)");
	run("ls m/objects/pack/multi-pack-index-*.bitmap >names2");
}

/* Some packs have an index of their own, and are read by it. */
static void test_some_indexes(void **state)
{
	char *expected = repository_expected("together");

	(void)state;
	run("rm -rf m && cp -r together m && cd m && git multi-pack-index write --preferred-pack=$(sed -n 3p ../names) &&"
	    " rm $(ls objects/pack/*.idx | sed -n '1p;4p') && rm -f objects/pack/*.rev");
	packs_check("m", expected);
	free(expected);
}

/* ---- hostile ---- */

/* Walk with a changed one. Whatever it says: what is handed on is right and comes once, and what is lost was told. */
static void hostile_walk(struct seen *seen, const struct buffer *bytes, bool must_tell)
{
	struct pack_walk_options options = seen_options(seen);

	seen_clear(seen);
	bytes_write(PACKS "/multi-pack-index", bytes);
	assert_int_equal(seen_walk(seen, "small/objects", &options), 0);
	seen_sort(seen);
	for (size_t i = 0; i < seen->object_count; i++) {
		assert_true(seen->objects[i].is_right);
		assert_true(!i || seen_compare(&seen->objects[i - 1], &seen->objects[i]));
	}
	if (must_tell)
		assert_true(seen->unreadable_count > 0);
	if (!seen->unreadable_count && !seen->damaged_count)
		assert_int_equal(seen->object_count, small_count);
}

static void checksum_mend(struct buffer *bytes)
{
	sha1(bytes->bytes, bytes->length - OBJECT_ID_SIZE, (unsigned char *)bytes->bytes + bytes->length - OBJECT_ID_SIZE);
}

static void test_truncated(void **state)
{
	struct buffer bytes = BUFFER_INIT;
	struct seen seen;

	(void)state;
	seen_init(&seen, 0);
	hostile_walk(&seen, &sound, false);
	assert_int_equal(seen.unreadable_count + seen.damaged_count, 0);
	for (size_t length = 1; length < sound.length; length++) {
		buffer_clear(&bytes);
		buffer_add(&bytes, sound.bytes, length);
		hostile_walk(&seen, &bytes, true);
		if (length < OBJECT_ID_SIZE)
			continue;
		checksum_mend(&bytes);
		hostile_walk(&seen, &bytes, true);
	}
	buffer_release(&bytes);
	seen_release(&seen);
}

/* Each byte changed, with the old checksum, which tells, and with one that was mended, as a stranger would. */
static void test_flipped(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x02, 0x80, 0xff };
	struct buffer bytes = BUFFER_INIT;
	struct seen seen;

	(void)state;
	seen_init(&seen, 0);
	buffer_add(&bytes, sound.bytes, sound.length);
	for (size_t at = 0; at < sound.length; at++) {
		for (unsigned flip = 0; flip < sizeof(flips); flip++) {
			bytes.bytes[at] ^= (char)flips[flip];
			hostile_walk(&seen, &bytes, true);
			checksum_mend(&bytes);
			hostile_walk(&seen, &bytes, false);
			memcpy(bytes.bytes, sound.bytes, sound.length);
		}
	}
	buffer_release(&bytes);
	seen_release(&seen);
}

/* What is said first of one that differs from the sound one in these bytes. */
static void complaint_expect(size_t at, const char *with, size_t size, const char *expected)
{
	struct buffer bytes = BUFFER_INIT;
	struct seen seen;
	const char *end;

	seen_init(&seen, 0);
	buffer_add(&bytes, sound.bytes, sound.length);
	memcpy(bytes.bytes + at, with, size);
	checksum_mend(&bytes);
	hostile_walk(&seen, &bytes, true);
	end = strrchr(seen.unreadable[0], ':');
	assert_string_equal(end + 2, expected);
	buffer_release(&bytes);
	seen_release(&seen);
}

static void test_complaints(void **state)
{
	size_t fanout = 0, ids, places;

	(void)state;
	for (size_t at = 0; at + 4 <= sound.length && !fanout; at++) {
		if (!memcmp(sound.bytes + at, "OIDF", 4))
			fanout = load_be32((unsigned char *)sound.bytes + at + 8);
	}
	ids = fanout + 1024;
	places = ids + small_count * OBJECT_ID_SIZE;
	complaint_expect(0, "m", 1, "it does not begin as a multi-pack-index does");
	complaint_expect(4, "\2", 1, "its version or its hash is not known");
	complaint_expect(5, "\2", 1, "its version or its hash is not known");
	complaint_expect(6, "\xff", 1, "it is too short");
	complaint_expect(6, "\1", 1, "its table of chunks has no end");
	complaint_expect(7, "\1", 1, "it is one of a chain");
	complaint_expect(8, "\xff\xff\xff\xff", 4, "it names fewer packs than it counts");
	complaint_expect(8, "\0\0\0\4", 4, "it names fewer packs than it counts");
	complaint_expect(12, "OIDF", 4, "it has a chunk twice");
	complaint_expect(12, "none", 4, "a chunk that it needs is not there");
	complaint_expect(16, "\xff", 1, "its table of chunks is broken");
	complaint_expect(fanout + 1020, "\x7f\xff\xff\xff", 4, "its chunks do not fit its count");
	complaint_expect(fanout + 1016, "\x7f\xff\xff\xff", 4, "its fan-out table does not ascend");
	complaint_expect(ids, "\xff\xff", 2, "its ids do not ascend");
	complaint_expect(places, "\0\0\0\3", 4, "it puts an object into a pack that it does not name");
}

/* Nothing here is covered, or not all that it names is here. */
static void test_what_is_not_there(void **state)
{
	struct seen seen;

	(void)state;
	seen_init(&seen, 0);
	hostile_walk(&seen, &sound, false);
	run("mv small/objects/pack/$(basename $(ls small/objects/pack/*.pack | head -n 1)) aside");
	hostile_walk(&seen, &sound, true);
	assert_non_null(strstr(seen.unreadable[0], "of its objects are not in the packs where it says they are"));
	run("mv aside small/objects/pack/pack-other.pack");
	hostile_walk(&seen, &sound, true);
	assert_string_equal(seen.unreadable[0], PACKS "/pack-other.pack: the pack has no index");
	run("mkdir small/objects/pack/multi-pack-index.d && : >small/objects/pack/multi-pack-index.d/multi-pack-index-chain");
	hostile_walk(&seen, &sound, true);
	assert_string_equal(seen.unreadable[0], PACKS "/pack-other.pack: the pack has no index (a chain of multi-pack-indexes is not"
						" read); git index-pack makes it one");
	seen_release(&seen);
	buffer_release(&sound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packs_apart),
		cmocka_unit_test(test_packs_with_copies),
		cmocka_unit_test(test_bitmap),
		cmocka_unit_test(test_some_indexes),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, midx_setup, folder_remove);
}
