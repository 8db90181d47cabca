/*
 * A small pack and its index, cut off at every byte and with each byte changed in turn. Whatever is handed on then
 * has to be right, nothing may be handed on twice, and nothing may be lost without a word.
 */
#include "pack_repository.h"

static struct buffer pack, idx;  /* the sound files */
static char *expected;           /* what is in them */
static size_t expected_count;

static void file_put(const char *path, const char *bytes, size_t length)
{
	FILE *file;

	unlink(path); /* a file that is cut off and written anew is flushed to the disk by some file systems */
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* A pack of commits, trees, blobs and a tag, with deltas. */
static int pack_make(void **state)
{
	if (folder_make(state))
		return -1;
	repository_make("source", 3, 12, NULL);
	run("cd source && git repack -adfq --depth=10 --window=10 &&"
	    " (git rev-parse main:f main~1:f main~2:f main main~1 main^{tree} main~1^{tree}"
	    "   main:empty main:one v1 && seq 1000 1200 | tr 0-9 a-j | git hash-object -w --stdin) |"
	    " git pack-objects -q --delta-base-offset --window=10 ../sound >../names");
	run("mv sound-*.pack sound.pack && mv sound-*.idx sound.idx && mkdir -p damaged/pack &&"
	    " git init -q --bare check &&"
	    " git -C check index-pack --stdin <sound.pack >names");
	run("git verify-pack -v sound.idx | grep -q 'chain length = 1'");
	file_read("sound.pack", &pack);
	file_read("sound.idx", &idx);
	expected = repository_expected("check");
	for (const char *at = expected; (at = strchr(at, '\n')); at++)
		expected_count++;
	return 0;
}

static int pack_remove(void **state)
{
	buffer_release(&pack);
	buffer_release(&idx);
	free(expected);
	return folder_remove(state);
}

/* Walk damaged/ by changes: what can be read and what cannot has to be the same as without, when neither is verified. */
static void damaged_walk_changes(unsigned jobs)
{
	struct pack_walk_options options;
	struct seen whole, changes;

	seen_init(&whole, 0);
	seen_init(&changes, 0);
	options = seen_options(&whole);
	assert_int_equal(seen_walk(&whole, "damaged", &options), 0);
	options = seen_options(&changes);
	options.jobs = jobs;
	seen_take_changes(&options);
	assert_int_equal(seen_walk(&changes, "damaged", &options), 0);
	seen_expect_same(&whole, &changes);
	seen_release(&whole);
	seen_release(&changes);
}

/* Walk damaged/ with all checks; assert what always has to hold. */
static void damaged_walk(struct seen *seen, unsigned jobs)
{
	struct pack_walk_options options = seen_options(seen);

	damaged_walk_changes(jobs);
	seen_clear(seen);
	options.jobs = jobs;
	options.verify = true;
	options.window_size = 300;
	assert_int_equal(seen_walk(seen, "damaged", &options), 0);
	seen_sort(seen);
	for (size_t i = 0; i < seen->object_count; i++) {
		assert_true(seen->objects[i].is_right);
		assert_true(!i || seen_compare(&seen->objects[i - 1], &seen->objects[i]));
	}
	assert_false(seen->is_discontinuous);
	/* with a readable index each of its objects comes to one end; without one, that was said */
	if (seen->object_count + seen->damaged_count != expected_count)
		assert_true(seen->unreadable_count > 0);
}

static void test_sound(void **state)
{
	struct seen seen;
	char *text;

	(void)state;
	file_put("damaged/pack/pack-a.pack", pack.bytes, pack.length);
	file_put("damaged/pack/pack-a.idx", idx.bytes, idx.length);
	seen_init(&seen, 16);
	damaged_walk(&seen, 1);
	text = seen_text(&seen);
	assert_string_equal(text, expected);
	assert_int_equal(seen.unreadable_count + seen.damaged_count, 0);
	free(text);
	seen_release(&seen);
}

/* Cut one file off at every length; the other one is sound. */
static void truncate_everywhere(const char *path, const struct buffer *bytes)
{
	struct seen seen;

	seen_init(&seen, 16);
	for (size_t length = 0; length < bytes->length; length++) {
		file_put(path, bytes->bytes, length);
		damaged_walk(&seen, 1 + length % 2);
		assert_true(seen.unreadable_count > 0);
	}
	file_put(path, bytes->bytes, bytes->length);
	seen_release(&seen);
}

static void test_truncated_pack(void **state)
{
	(void)state;
	truncate_everywhere("damaged/pack/pack-a.pack", &pack);
}

static void test_truncated_index(void **state)
{
	(void)state;
	truncate_everywhere("damaged/pack/pack-a.idx", &idx);
}

/*
 * Change each byte in some ways. Returns how many of the changes were complained of; the others must lose nothing.
 */
static size_t flip_everywhere(const char *path, struct buffer *bytes)
{
	static const unsigned char flips[] = { 0x01, 0x10, 0x80, 0xff };
	size_t noticed = 0;
	struct seen seen;

	seen_init(&seen, 16);
	for (size_t at = 0; at < bytes->length; at++) {
		for (unsigned flip = 0; flip < sizeof(flips); flip++) {
			bytes->bytes[at] ^= (char)flips[flip];
			file_put(path, bytes->bytes, bytes->length);
			bytes->bytes[at] ^= (char)flips[flip];
			damaged_walk(&seen, 1 + at % 2);
			if (seen.unreadable_count || seen.damaged_count)
				noticed++;
			else
				assert_int_equal(seen.object_count, expected_count);
		}
	}
	file_put(path, bytes->bytes, bytes->length);
	seen_release(&seen);
	return noticed;
}

/*
 * Every bit of a pack is covered by some check, but for those that fill up the last byte of each zlib stream, and
 * version 3 is as good as 2.
 */
static void test_flipped_pack(void **state)
{
	size_t unnoticed_max = expected_count * 3 + 1;

	(void)state;
	assert_in_range(flip_everywhere("damaged/pack/pack-a.pack", &pack), pack.length * 4 - unnoticed_max,
			pack.length * 4);
}

/* In the index only the CRC-32s of the entries and its own checksum are not looked at. */
static void test_flipped_index(void **state)
{
	size_t unused = expected_count * 4 + OBJECT_ID_SIZE;

	(void)state;
	assert_int_equal(flip_everywhere("damaged/pack/pack-a.idx", &idx), (idx.length - unused) * 4);
}

/* The same with a second, sound copy of the pack: then nothing is lost. */
static void test_flipped_with_copy(void **state)
{
	struct seen seen;
	char *text;

	(void)state;
	file_put("damaged/pack/pack-b.pack", pack.bytes, pack.length);
	file_put("damaged/pack/pack-b.idx", idx.bytes, idx.length);
	seen_init(&seen, 16);
	for (size_t at = 0; at < pack.length; at++) {
		struct pack_walk_options options = seen_options(&seen);

		pack.bytes[at] ^= 0x55;
		file_put("damaged/pack/pack-a.pack", pack.bytes, pack.length);
		pack.bytes[at] ^= 0x55;
		seen_clear(&seen);
		options.verify = true;
		assert_int_equal(seen_walk(&seen, "damaged", &options), 0);
		text = seen_text(&seen);
		assert_string_equal(text, expected);
		assert_int_equal(seen.damaged_count, 0);
		free(text);
	}
	seen_release(&seen);
	assert_int_equal(unlink("damaged/pack/pack-b.pack") + unlink("damaged/pack/pack-b.idx"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),          cmocka_unit_test(test_truncated_pack),
		cmocka_unit_test(test_truncated_index), cmocka_unit_test(test_flipped_pack),
		cmocka_unit_test(test_flipped_index),  cmocka_unit_test(test_flipped_with_copy),
	};

	return cmocka_run_group_tests(tests, pack_make, pack_remove);
}
