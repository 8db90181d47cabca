/*
 * The order of places is total, whatever they differ in; copies own their strings; every name is the one of design
 * section 6.
 */
#include "finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Places in their order; each differs from the one before it in one more thing. */
static struct place ordered[] = {
	{ .has_date = true, .date = -5, .target = 9 },
	{ .has_date = true, .date = 0, .target = 8 },
	{ .has_date = true, .date = INT64_MAX, .target = 7, .kind = PLACE_STDIN },
	{ .has_date = false, .date = 3, .target = 0 }, /* a date that is not there does not count */
	{ .has_date = false, .date = 1, .target = 1, .kind = PLACE_BLOB, .path = (char *)"z" },
	{ .target = 1, .kind = PLACE_FILE, .path = NULL, .line = 9 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"", .line = 8 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"A", .line = 7 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = 1, .column = 9 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = 1, .column = 9, .encoding = (char *)"base64" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = 1, .column = 9, .encoding = (char *)"hex" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 1, .offset = 9 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 1, .object = "f" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "a",
	  .commit = "f" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "b",
	  .commit = "a", .author = (char *)"z" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "b",
	  .commit = "b" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "b",
	  .commit = "b", .author = (char *)"" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "b",
	  .commit = "b", .author = (char *)"a" },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .line = UINT64_MAX, .column = 2, .offset = 2, .object = "b",
	  .commit = "b", .author = (char *)"a", .reachable = true },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .archive_path = (char *)"m", .line = 1 },
	{ .target = 1, .kind = PLACE_FILE, .path = (char *)"a", .archive_path = (char *)"m\nn", .line = 0 },
};
#define ORDERED_COUNT (sizeof(ordered) / sizeof(*ordered))

static void places_have_a_total_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ORDERED_COUNT; i++) {
		for (size_t j = 0; j < ORDERED_COUNT; j++) {
			int order = place_compare(&ordered[i], &ordered[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

static void path_bytes_are_compared_unsigned(void **state)
{
	struct place ascii = { .path = (char *)"\x7f" }, high = { .path = (char *)"\x80" };

	(void)state;
	assert_true(place_compare(&ascii, &high) < 0);
}

static void copies_own_their_strings(void **state)
{
	char path[] = "src/a.ts", author[] = "A <a@example.com>";
	char members[] = "x.zip\ny", forms[] = "hex";
	struct place from = { .target = 3, .kind = PLACE_NOTE, .line = 4, .path = path, .archive_path = members, .encoding = forms,
			      .author = author, .object = "ab" };
	struct place to;

	(void)state;
	place_copy(&to, &from);
	assert_int_equal(place_compare(&to, &from), 0);
	memset(path, 'x', sizeof(path) - 1);
	memset(author, 'x', sizeof(author) - 1);
	memset(members, 'x', sizeof(members) - 1);
	memset(forms, 'x', sizeof(forms) - 1);
	assert_string_equal(to.path, "src/a.ts");
	assert_string_equal(to.archive_path, "x.zip\ny");
	assert_string_equal(to.encoding, "hex");
	assert_string_equal(to.author, "A <a@example.com>");
	assert_string_equal(to.object, "ab");
	place_release(&to);
	assert_null(to.path);
	assert_null(to.author);
	assert_null(to.archive_path);
	assert_null(to.encoding);
	place_release(&to);
	place_copy(&to, &(struct place){ .line = 1 });
	assert_null(to.path);
	place_release(&to);
}

static void members_one_by_one(void **state)
{
	static const char *const texts[] = { "x.zip\ny/z", "\nx.zip\n\ny/z\n" };
	const char *none = NULL, *empty = "";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *rest = texts[i];
		char *first = place_next_member(&rest), *second = place_next_member(&rest);

		assert_string_equal(first, "x.zip");
		assert_string_equal(second, "y/z");
		assert_null(place_next_member(&rest));
		free(first);
		free(second);
	}
	assert_null(place_next_member(&none));
	assert_null(place_next_member(&empty));
}

static void names(void **state)
{
	static const char *const kinds[] = { "blob", "file", "index",  "commit-message", "tag-message",
					     "note", "path", "reflog", "config",         "stdin" };

	(void)state;
	assert_int_equal(sizeof(kinds) / sizeof(*kinds), PLACE_KIND_COUNT);
	for (int i = 0; i < PLACE_KIND_COUNT; i++)
		assert_string_equal(place_kind_name((enum place_kind)i), kinds[i]);
	assert_string_equal(confidence_name(CONFIDENCE_POSSIBLE), "possible");
	assert_string_equal(confidence_name(CONFIDENCE_LIKELY), "likely");
	assert_string_equal(confidence_name(CONFIDENCE_CERTAIN), "certain");
	assert_string_equal(revocation_state_name(REVOCATION_NONE), "none");
	assert_string_equal(revocation_state_name(REVOCATION_DRY_RUN), "dry-run");
	assert_string_equal(revocation_state_name(REVOCATION_PENDING), "pending");
	assert_string_equal(revocation_state_name(REVOCATION_ACCEPTED), "accepted");
	assert_string_equal(revocation_state_name(REVOCATION_GONE), "gone");
	assert_string_equal(revocation_state_name(REVOCATION_REJECTED), "rejected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_have_a_total_order),
		cmocka_unit_test(path_bytes_are_compared_unsigned),
		cmocka_unit_test(copies_own_their_strings),
		cmocka_unit_test(members_one_by_one),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
