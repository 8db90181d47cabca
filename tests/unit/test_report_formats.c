/*
 * The formats for CI systems and spreadsheets, to the byte, of one run that has some of everything (report_sample.h).
 */
#include "report_expected.h"
#include "report_sample.h"

static void expect_sample(const char *format, const char *name)
{
	struct sample sample;
	char *text;

	sample_make(&sample);
	text = report_make(format, &sample.result, REPORT_COLOR_NEVER);
	expect_file(name, text);
	free(text);
	sample_release(&sample);
}

static void sarif(void **state)
{
	(void)state;
	expect_sample("sarif", "sample.sarif");
}

static void gitlab(void **state)
{
	(void)state;
	expect_sample("gitlab", "sample.gitlab.json");
}

static void junit(void **state)
{
	(void)state;
	expect_sample("junit", "sample.junit.xml");
}

static void csv(void **state)
{
	(void)state;
	expect_sample("csv", "sample.csv");
}

/* The commands to the report's own file, the summary to the end of the one that the environment names. */
static void github(void **state)
{
	struct sample sample;
	char *text, *summary;
	FILE *file = fopen("summary", "w");

	(void)state;
	fputs("what another step wrote\n", file);
	fclose(file);
	setenv("GITHUB_STEP_SUMMARY", "summary", 1);
	sample_make(&sample);
	text = report_make("github", &sample.result, REPORT_COLOR_NEVER);
	summary = file_read("summary");
	assert_int_equal(unlink("summary"), 0);
	unsetenv("GITHUB_STEP_SUMMARY");
	expect_file("sample.github.txt", text);
	expect_file("sample.github.md", summary);
	free(summary);
	free(text);
	text = report_make("github", &sample.result, REPORT_COLOR_NEVER); /* elsewhere there is none */
	assert_int_not_equal(access("summary", F_OK), 0);
	free(text);
	sample_release(&sample);
}

/* A run that found nothing, and one that says so without having seen everything. */
static void nothing_found(void **state)
{
	struct report_result result = { .version = "0.1.0", .started = SAMPLE_START, .finished = SAMPLE_START + 61 };
	struct incomplete incomplete = { .what = "missing-object", .detail = (char *)"a, \"b\" & <c>\n::error::d" };

	(void)state;
	report_expect("csv", &result,
		      "record,rule,provider,confidence,secret,fingerprint,state,outcome,kind,path,line,column,commit,author,date,"
		      "reachable,at_head,places,commits,removed,removed_in,revoked,archive_path,encoding\r\n");
	report_expect("github", &result, "no credential found in nothing (0 bytes).\n");
	report_expect("junit", &result,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<testsuites name=\"staunch\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"61\">\n"
		      "  <testsuite name=\"staunch\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"61\" "
		      "timestamp=\"2026-11-23T15:00:00Z\">\n"
		      "    <testcase classname=\"staunch\" name=\"no credential found\" time=\"0\"/>\n"
		      "  </testsuite>\n"
		      "</testsuites>\n");
	result.incomplete = &incomplete;
	result.incomplete_count = 1;
	result.incomplete_total = 3;
	report_expect("csv", &result,
		      "record,rule,provider,confidence,secret,fingerprint,state,outcome,kind,path,line,column,commit,author,date,"
		      "reachable,at_head,places,commits,removed,removed_in,revoked,archive_path,encoding\r\n"
		      "not scanned,,,,,,,\"missing-object  a, \"\"b\"\" & <c>\\x0a::error::d\",,,,,,,,,,,,,,,,\r\n"
		      "not scanned,,,,,,,\"2 more parts were not scanned\",,,,,,,,,,,,,,,,\r\n");
	report_expect("github", &result,
		      "::error title=Not scanned::missing-object  a, \"b\" & <c>\\x0a::error::d\n"
		      "::error title=Not scanned::2 more parts were not scanned\n"
		      "no credential found in nothing (0 bytes). 3 parts could not be scanned: the scan is incomplete.\n");
	report_expect("junit", &result,
		      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		      "<testsuites name=\"staunch\" tests=\"2\" failures=\"0\" errors=\"2\" skipped=\"0\" time=\"61\">\n"
		      "  <testsuite name=\"staunch\" tests=\"2\" failures=\"0\" errors=\"2\" skipped=\"0\" time=\"61\" "
		      "timestamp=\"2026-11-23T15:00:00Z\">\n"
		      "    <testcase classname=\"staunch\" name=\"missing-object  a, &quot;b&quot; &amp; &lt;c&gt;\\x0a::error::d\" time=\"0\">\n"
		      "      <error type=\"incomplete\" message=\"missing-object  a, &quot;b&quot; &amp; &lt;c&gt;\\x0a::error::d\"/>\n"
		      "    </testcase>\n"
		      "    <testcase classname=\"staunch\" name=\"2 more parts were not scanned\" time=\"0\">\n"
		      "      <error type=\"incomplete\" message=\"2 more parts were not scanned\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n"
		      "</testsuites>\n");
}

/* What a spreadsheet would run gets an apostrophe, wherever a cell could begin; other texts stay. */
static void csv_formulas(void **state)
{
	static const struct {
		const char *author, *cell;
	} examples[] = {
		{ "=1+1", "\"'=1+1\"" },
		{ "+1", "\"'+1\"" },
		{ "-1", "\"'-1\"" },
		{ "@a", "\"'@a\"" },
		{ " =1", "\" '=1\"" },
		{ "\t=1", "\"\\x09=1\"" },
		{ "\r=1", "\"\\x0d=1\"" },
		{ "\xef\xbc\x9d" "1", "\"'\xef\xbc\x9d" "1\"" },
		{ "\xef\xbc\x8b", "\"'\xef\xbc\x8b\"" },
		{ "\xef\xbc\x8d", "\"'\xef\xbc\x8d\"" },
		{ "\xef\xbc\xa0", "\"'\xef\xbc\xa0\"" },
		{ "a;=1", "\"a;'=1\"" },
		{ "a; =1", "\"a; '=1\"" },
		{ "a,\"-1", "\"a,\"\"'-1\"" },
		{ "a=1+1-@", "\"a=1+1-@\"" },
		{ "Ann <a@b>", "\"Ann <a@b>\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		struct finding *findings[] = { finding_make(1) };
		struct report_result result = { .version = "0.1.0", .findings = findings, .finding_count = 1 };
		struct place place = { .kind = PLACE_BLOB, .author = (char *)examples[i].author };
		char *text, *expected = memory_format(",cccccccccccccccccccccccccccccccccccccccc,%s,,", examples[i].cell);

		id_of(place.commit, 'c');
		finding_add(findings[0], &place);
		text = report_make("csv", &result, REPORT_COLOR_NEVER);
		if (!strstr(text, expected))
			print_error("# %s\n", text);
		assert_non_null(strstr(text, expected));
		free(text);
		free(expected);
		finding_free(findings[0]);
	}
}

/* More results than GitHub takes of one run go to runs of their own, and none is lost. */
static void sarif_limits(void **state)
{
	enum { COUNT = 25001 };
	struct finding *one = finding_make(1), **findings = memory_allocate_zeroed(COUNT, sizeof(*findings));
	struct report_result result = { .version = "0.1.0", .findings = findings, .finding_count = COUNT };
	char *text;
	size_t results = 0;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		findings[i] = one;
	text = report_make("sarif", &result, REPORT_COLOR_NEVER);
	for (const char *at = text; (at = strstr(at, "\"ruleId\":")); at++)
		results++;
	assert_int_equal(results, COUNT);
	assert_non_null(strstr(text, "\"id\": \"staunch/\""));
	assert_non_null(strstr(text, "\"id\": \"staunch-2/\""));
	assert_null(strstr(text, "\"id\": \"staunch-3/\""));
	free(text);
	free(findings);
	finding_free(one);
}

static void provenance(void **state)
{
	struct report_result result = { .version = "0.1.0" };
	char *text;

	(void)state;
	setenv("GITHUB_SERVER_URL", "https://github.com", 1);
	setenv("GITHUB_REPOSITORY", "owner/name", 1);
	setenv("GITHUB_SHA", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1);
	setenv("GITHUB_REF_NAME", "main", 1);
	text = report_make("sarif", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\"repositoryUri\": \"https://github.com/owner/name\",\n"
				     "          \"revisionId\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n"
				     "          \"branch\": \"main\"\n"));
	free(text);
	setenv("GITHUB_SERVER_URL", "https://user:token@github.com", 1); /* not an address that a report may hold */
	text = report_make("sarif", &result, REPORT_COLOR_NEVER);
	assert_null(strstr(text, "versionControlProvenance"));
	assert_null(strstr(text, "token"));
	free(text);
	unsetenv("GITHUB_SERVER_URL");
	unsetenv("GITHUB_REPOSITORY");
	unsetenv("GITHUB_SHA");
	unsetenv("GITHUB_REF_NAME");
	setenv("CI_PROJECT_URL", "https://gitlab.example/group/name", 1);
	text = report_make("sarif", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\"repositoryUri\": \"https://gitlab.example/group/name\"\n"));
	free(text);
	unsetenv("CI_PROJECT_URL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sarif),        cmocka_unit_test(gitlab),       cmocka_unit_test(junit),
		cmocka_unit_test(csv),          cmocka_unit_test(github),       cmocka_unit_test(nothing_found),
		cmocka_unit_test(csv_formulas), cmocka_unit_test(sarif_limits), cmocka_unit_test(provenance),
	};

	for (size_t i = 0; i < 6; i++) /* a CI system that runs these tests must not be in them */
		unsetenv((const char *const[]){ "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF_NAME",
						"GITHUB_STEP_SUMMARY", "CI_PROJECT_URL" }[i]);
	return cmocka_run_group_tests(tests, expected_enter, fixture_leave);
}
