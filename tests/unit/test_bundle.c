/*
 * Goal: a bundle's header is read line by line, up to where the pack begins; one that is cut off, broken or of a kind that is not known is told as such, and
 * nothing is made of it.
 */
#define _GNU_SOURCE
#include "git/bundle.h"
#include "git/repository.h"
#include "pack_builder.h"
#include "temporary_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

static void put(const void *bytes, size_t size)
{
	struct buffer file = BUFFER_INIT;

	buffer_add(&file, bytes, size);
	bytes_write(path, &file);
	buffer_release(&file);
}

static struct bundle *opened(const char *text)
{
	struct bundle *bundle = NULL;
	struct error error;

	put(text, strlen(text));
	assert_int_equal(bundle_open(&bundle, path, &error), 0);
	return bundle;
}

static void refuse(const void *bytes, size_t size, int code, const char *part)
{
	struct bundle *bundle = NULL;
	struct error error = { 0 };

	put(bytes, size);
	assert_int_equal(bundle_open(&bundle, path, &error), code);
	assert_null(bundle);
	assert_non_null(strstr(error.message, part));
}

static void refuse_text(const char *text, int code, const char *part)
{
	refuse(text, strlen(text), code, part);
}

static void test_header(void **state)
{
	static const char text[] = "# v2 git bundle\n-" TWO " what it builds on\n-" ONE "\n" ONE " HEAD\n" ONE " refs/heads/main\n\nPACK";
	struct bundle *bundle = opened(text);
	struct object_id one, two;

	(void)state;
	assert_true(object_id_parse(&one, ONE) && object_id_parse(&two, TWO));
	assert_int_equal(bundle->pack_start, strlen(text) - strlen("PACK"));
	assert_int_equal(bundle->prerequisite_count, 2);
	assert_int_equal(object_id_compare(&bundle->prerequisites[0], &two), 0);
	assert_int_equal(object_id_compare(&bundle->prerequisites[1], &one), 0);
	assert_int_equal(bundle->reference_count, 2);
	assert_string_equal(bundle->references[0].name, "HEAD");
	assert_string_equal(bundle->references[1].name, "refs/heads/main");
	assert_int_equal(object_id_compare(&bundle->references[1].id, &one), 0);
	assert_false(bundle->is_filtered);
	bundle_free(bundle);
}

static void test_version_3(void **state)
{
	struct bundle *bundle = opened("# v3 git bundle\n@object-format=sha1\n@filter=blob:none\n\nPACK");

	(void)state;
	assert_true(bundle->is_filtered);
	assert_int_equal(bundle->reference_count, 0);
	bundle_free(bundle);
	refuse_text("# v3 git bundle\n@object-format=sha256\n\n", ERROR_UNSUPPORTED, "@object-format=sha256");
	refuse_text("# v3 git bundle\n@unheard-of\n\n", ERROR_UNSUPPORTED, "not known here");
}

static void test_refused(void **state)
{
	static const char with_nul[] = "# v2 git bundle\n" ONE " HE\0AD\n\n";
	struct buffer longest = BUFFER_INIT;

	(void)state;
	refuse_text("# v4 git bundle\n\n", ERROR_NOT_FOUND, "no bundle");
	refuse_text("", ERROR_NOT_FOUND, "no bundle");
	refuse_text("# v2 git bundle\n", ERROR_MALFORMED, "cut off");
	refuse_text("# v2 git bundle\n" ONE " HEAD", ERROR_MALFORMED, "cut off");
	refuse_text("# v2 git bundle\n" ONE " HEAD\n", ERROR_MALFORMED, "cut off");
	refuse_text("# v2 git bundle\n1111 HEAD\n\n", ERROR_MALFORMED, "broken");
	refuse_text("# v2 git bundle\n" ONE "1 HEAD\n\n", ERROR_MALFORMED, "broken");
	refuse_text("# v2 git bundle\n-\n\n", ERROR_MALFORMED, "broken");
	refuse(with_nul, sizeof(with_nul) - 1, ERROR_MALFORMED, "cut off");
	buffer_add_string(&longest, "# v2 git bundle\n" ONE " ");
	for (size_t i = 0; i < 70000; i++)
		buffer_add_char(&longest, 'x');
	buffer_add_string(&longest, "\n\n");
	refuse(longest.bytes, longest.length, ERROR_MALFORMED, "cut off");
	buffer_release(&longest);
}

static void test_no_regular_file(void **state)
{
	(void)state;
	assert_false(repository_is_bundle("/tmp"));
	assert_false(repository_is_bundle("/nowhere/at/all"));
	remove_file(NULL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(repository_is_bundle(path)); /* and nobody waits */
	remove_file(NULL);
	put("", 0);
}

/* Names and how often each comes. */
struct names {
	unsigned heads, branches;
};

static int take_name(void *context, const char *name, const struct object_id *target)
{
	struct names *names = context;

	assert_non_null(target);
	if (!strcmp(name, "HEAD"))
		names->heads++;
	else
		names->branches++;
	return 0;
}

/* HEAD is told where it is no branch, and then once for each commit. */
static void test_heads(void **state)
{
	static const struct {
		const char *lines;
		struct names names;
	} rows[] = {
		{ ONE " HEAD\n" ONE " refs/heads/main\n", { 0, 1 } },
		{ ONE " refs/heads/main\n" ONE " HEAD\n" ONE " refs/heads/other\n", { 0, 2 } },
		{ TWO " HEAD\n" ONE " refs/heads/main\n", { 1, 1 } },
		{ ONE " HEAD\n" ONE " HEAD\n", { 1, 0 } },
		{ ONE " HEAD\n" TWO " HEAD\n" TWO " HEAD\n", { 2, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *text = memory_format("# v2 git bundle\n%s\nPACK", rows[i].lines);
		struct repository *repository = NULL;
		struct names names = { 0 };
		struct error error;

		put(text, strlen(text));
		assert_int_equal(repository_open_bundle(&repository, path, &error), 0);
		assert_int_equal(repository_each_reference(repository, take_name, &names, &error), 0);
		assert_int_equal(names.heads, rows[i].names.heads);
		assert_int_equal(names.branches, rows[i].names.branches);
		repository_close(repository);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_version_3),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_regular_file),
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests_name("bundle", tests, make_file, remove_file);
}
