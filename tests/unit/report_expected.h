/*
 * Reports that are to be exactly what a file of tests/unit/expected/ holds. A byte that changes there is to be looked at, then
 * rewritten with STAUNCH_WRITE_EXPECTED=1 before the test's name. Tests start in the project's folder (tests/run sees to it).
 */
#ifndef STAUNCH_TESTS_REPORT_EXPECTED_H
#define STAUNCH_TESTS_REPORT_EXPECTED_H

#include "report_fixture.h"

static char expected_root[4096];

static inline int expected_enter(void **state)
{
	return getcwd(expected_root, sizeof(expected_root)) ? fixture_enter(state) : -1;
}

static inline void expect_file(const char *name, const char *text)
{
	char *path = memory_format("%s/tests/unit/expected/%s", expected_root, name), *expected;

	if (getenv("STAUNCH_WRITE_EXPECTED")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(text, file);
		fclose(file);
	}
	expected = file_read(path);
	assert_string_equal(text, expected);
	free(expected);
	free(path);
}

#endif
