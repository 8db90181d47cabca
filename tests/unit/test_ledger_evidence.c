/* Evidence: whatever is done to it shows, and where. And the names that ledgers go by. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "ledger/evidence.h"
#include "ledger/location.h"

#define RECORDS 5
#define LINES (RECORDS + 2)

/* The lines of evidence of RECORDS records, each without its line feed; owned. */
struct lines {
	char *text[LINES + 2];
	size_t count;
	char head[EVIDENCE_HASH_SIZE];
};

static struct lines make_lines(void)
{
	struct evidence evidence;
	struct lines lines = { .count = 0 };
	char *text, *line, *rest;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	evidence_begin(&evidence, file);
	for (unsigned i = 0; i <= RECORDS; i++) {
		char members[64];

		snprintf(members, sizeof(members), "\"name\":\"record %u\",\"line\":7", i);
		evidence_add(&evidence, members);
	}
	evidence_end(&evidence);
	fclose(file);
	memcpy(lines.head, evidence.head, sizeof(lines.head));
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		lines.text[lines.count++] = memory_copy_string(line);
	free(text);
	assert_int_equal(lines.count, LINES);
	return lines;
}

static void lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->text[i]);
}

static int verify_text(const void *text, size_t size, char message[1024])
{
	char head[EVIDENCE_HASH_SIZE];
	struct error error = { 0 };
	uint64_t records = 99;
	FILE *file = size ? fmemopen((void *)text, size, "r") : fopen("/dev/null", "r");
	int result = evidence_verify(file, &records, head, &error);

	if (!result)
		assert_int_equal(records, RECORDS);
	strcpy(message, error.message);
	fclose(file);
	return result;
}

/* Verify the lines as they are now; message is what is wrong with them, NULL: nothing. */
static void expect(const struct lines *lines, const char *message)
{
	struct buffer text = BUFFER_INIT;
	char said[1024];
	int result;

	for (size_t i = 0; i < lines->count; i++)
		buffer_add_format(&text, "%s\n", lines->text[i]);
	result = verify_text(text.bytes, text.length, said);
	assert_int_equal(result, message ? ERROR_MALFORMED : 0);
	if (message)
		assert_string_equal(said, message);
	buffer_release(&text);
}

static void unbroken(void **state)
{
	struct lines lines = make_lines();
	struct buffer text = BUFFER_INIT;
	char head[EVIDENCE_HASH_SIZE];
	struct error error;
	uint64_t records;
	FILE *file;

	(void)state;
	expect(&lines, NULL);
	for (size_t i = 0; i < lines.count; i++)
		buffer_add_format(&text, "%s\n", lines.text[i]);
	file = fmemopen(text.bytes, text.length, "r");
	assert_int_equal(evidence_verify(file, &records, head, &error), 0);
	assert_string_equal(head, lines.head); /* what was to be kept */
	fclose(file);
	buffer_release(&text);
	lines_free(&lines);
}

static void changed(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINES; i++) {
		struct lines lines = make_lines();
		char message[256];

		/* the last one is known whole, so that nothing is left for the one behind it to tell */
		if (i == LINES - 1) {
			*strstr(lines.text[i], "records\":5") = 'R';
			snprintf(message, sizeof(message),
				 "line %u is wrong, or lines are cut off behind it: it is not the end of the evidence", LINES);
		} else {
			*strstr(lines.text[i], "record ") = 'R';
			snprintf(message, sizeof(message),
				 "line %zu is wrong: it was changed, or line %zu was put in the place of another", i + 1, i + 2);
		}
		expect(&lines, message);
		lines_free(&lines);
	}
}

static void removed(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINES - 1; i++) {
		struct lines lines = make_lines();
		char message[256];

		free(lines.text[i]);
		memmove(lines.text + i, lines.text + i + 1, (LINES - 1 - i) * sizeof(*lines.text));
		lines.count--;
		snprintf(message, sizeof(message),
			 "line %zu is wrong: it was written as line %zu, so lines before it were removed", i + 1, i + 2);
		expect(&lines, message);
		lines_free(&lines);
	}
}

static void put_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINES; i++) {
		struct lines lines = make_lines();
		char message[256];

		/* a copy of the line before; before the first, of the first */
		memmove(lines.text + i + 1, lines.text + i, (LINES - i) * sizeof(*lines.text));
		lines.text[i] = memory_copy_string(lines.text[i ? i - 1 : 1]);
		lines.count++;
		snprintf(message, sizeof(message),
			 "line %zu is wrong: it was written as line %zu, so lines before it were put in, or it was moved here",
			 i ? i + 1 : 2, i ? i : 1);
		expect(&lines, message);
		lines_free(&lines);
	}
}

static void behind_the_end(void **state)
{
	struct lines lines = make_lines();

	(void)state;
	lines.text[lines.count++] = memory_copy_string("{}");
	expect(&lines, "line 8 is wrong: it stands behind the last one");
	free(lines.text[--lines.count]);
	free(lines.text[3]);
	lines.text[3] = memory_copy_string("nonsense");
	expect(&lines, "line 4 is wrong: it is no line of evidence");
	lines_free(&lines);
}

/* Wherever it is cut, and whatever single byte of it is changed, it shows. */
static void every_byte_counts(void **state)
{
	struct lines lines = make_lines();
	struct buffer text = BUFFER_INIT;
	char message[1024];

	(void)state;
	for (size_t i = 0; i < lines.count; i++)
		buffer_add_format(&text, "%s\n", lines.text[i]);
	assert_int_equal(verify_text(text.bytes, text.length, message), 0);
	for (size_t i = 0; i < text.length; i++) {
		char kept = text.bytes[i];

		assert_int_equal(verify_text(text.bytes, i, message), ERROR_MALFORMED);
		text.bytes[i] ^= 1;
		if (verify_text(text.bytes, text.length, message) != ERROR_MALFORMED)
			fail_msg("byte %zu can be changed", i);
		text.bytes[i] = '\0';
		if (verify_text(text.bytes, text.length, message) != ERROR_MALFORMED)
			fail_msg("byte %zu can be NUL", i);
		text.bytes[i] = kept;
	}
	assert_int_equal(verify_text("", 0, message), ERROR_MALFORMED);
	assert_string_equal(message, "line 1 is missing: there is nothing in it");
	buffer_release(&text);
	lines_free(&lines);
}

/* ---- names ---- */

static void expect_location(const char *uri, bool postgres, const char *path, const char *name)
{
	struct location location;
	struct error error = { 0 };

	if (location_parse(&location, uri, &error))
		fail_msg("%s", error.message);
	assert_int_equal(location.postgres, postgres);
	assert_string_equal(location.path, path);
	assert_string_equal(location.name, name);
	location_release(&location);
}

static void expect_refused(const char *uri, const char *message)
{
	struct location location;
	struct error error = { 0 };

	assert_int_equal(location_parse(&location, uri, &error), ERROR_CONFIGURATION);
	assert_string_equal(error.message, message);
	location_release(&location);
}

static void files(void **state)
{
	(void)state;
	expect_location("a/b.db", false, "./a/b.db", "a/b.db");
	expect_location("/a/b.db", false, "/a/b.db", "/a/b.db");
	expect_location("/a/100%25?.db", false, "/a/100%25?.db", "/a/100%25?.db"); /* a path is no URI */
	expect_location(":memory:", false, "./:memory:", ":memory:");
	expect_location("file:a.db", false, "./a.db", "a.db");
	expect_location("file:/a.db", false, "/a.db", "/a.db");
	expect_location("file:///a%20b.db", false, "/a b.db", "/a b.db");
	expect_location("FILE://localhost/a.db", false, "/a.db", "/a.db");
	expect_refused("file://elsewhere/a.db",
		       "--ledger 'file://elsewhere/a.db': want file:PATH or file:///PATH, without a query");
	expect_refused("file:a.db?mode=memory", "--ledger 'file:a.db?mode=memory': want file:PATH or file:///PATH, without a query");
	expect_refused("file:a%zz", "--ledger 'file:a%zz': want file:PATH or file:///PATH, without a query");
	expect_refused("file:a%00b", "--ledger 'file:a%00b': want file:PATH or file:///PATH, without a query");
	expect_refused("file:", "--ledger 'file:': want file:PATH or file:///PATH, without a query");
	expect_refused("", "--ledger '': want a path, a file: URI or a postgresql:// URI");
	expect_refused("mysql://root:pw@host/db", "--ledger 'mysql://…': want a path, a file: URI or a postgresql:// URI");
}

static void default_place(void **state)
{
	(void)state;
	setenv("HOME", "/home/ann", 1);
	unsetenv("XDG_STATE_HOME");
	expect_location(NULL, false, "/home/ann/.local/state/staunch/ledger.db", "/home/ann/.local/state/staunch/ledger.db");
	setenv("XDG_STATE_HOME", "/state", 1);
	expect_location(NULL, false, "/state/staunch/ledger.db", "/state/staunch/ledger.db");
	setenv("XDG_STATE_HOME", "state", 1); /* a relative one is to be ignored */
	expect_location(NULL, false, "/home/ann/.local/state/staunch/ledger.db", "/home/ann/.local/state/staunch/ledger.db");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	expect_refused(NULL, "no place for the ledger: neither HOME nor XDG_STATE_HOME names a folder");
}

static void databases(void **state)
{
	static const char refusal[] = "--ledger: in the user name and password of a postgresql:// URI, '@', '/' and '?' are "
				      "written as %40, %2F and %3F";

	(void)state;
	expect_location("postgresql://host/db", true, "postgresql://host/db", "postgresql://host/db");
	expect_location("postgresql://", true, "postgresql://", "postgresql://");
	expect_location("postgres://ann:pw@host:5433/db?sslmode=require", true, "postgres://ann:pw@host:5433/db?sslmode=require",
			"postgresql://host:5433/db");
	expect_location("postgresql:///db?host=/run&password=pw", true, "postgresql:///db?host=/run&password=pw",
			"postgresql:///db");
	expect_refused("postgresql://ann:p@w@host/db", refusal);
	expect_refused("postgresql://ann:p/w@host/db", refusal);
	expect_refused("postgresql://ann:p/w/@host", refusal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unbroken),	  cmocka_unit_test(changed), cmocka_unit_test(removed),
		cmocka_unit_test(put_in),	  cmocka_unit_test(behind_the_end), cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(files),	  cmocka_unit_test(default_place), cmocka_unit_test(databases),
	};

	return cmocka_run_group_tests_name("ledger_evidence", tests, NULL, NULL);
}
