/*
 * Reading a saved report back: what is made of it is what the run itself would have written, in every format; and whatever else
 * such a file holds is an error that says where, never a crash.
 */
#include "report_sample.h"

#include "base/mask.h"
#include "report/saved.h"

static const char *const formats[] = { "human", "json", "jsonl", "sarif", "gitlab", "junit", "csv", "html", "github" };
#define FORMAT_COUNT (sizeof(formats) / sizeof(*formats))

static struct rule_set rules = { .rules = &fixture_rule, .count = 1 };

static void file_write(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* The sample as a JSON report. The caller frees it. */
static char *sample_json(void)
{
	struct sample sample;
	char *text;

	sample_make(&sample);
	text = report_make("json", &sample.result, REPORT_COLOR_NEVER);
	sample_release(&sample);
	return text;
}

/* What was not UTF-8 in the run is U+FFFD in JSON, so the run to compare with has it as well. */
static void without_broken_bytes(struct sample *sample)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		for (size_t j = 0; j < sample->findings[i]->place_count; j++) {
			char *path = sample->findings[i]->places[j].path;

			if (path && strchr(path, '\xff'))
				*strchr(path, '\xff') = '?';
		}
	}
	sample->incomplete[1].path = (char *)"plain";
}

static void every_format_is_as_in_the_run(void **state)
{
	struct sample sample;
	struct saved saved;
	struct error error = { 0, "" };
	char *json;

	(void)state;
	sample_make(&sample);
	without_broken_bytes(&sample);
	json = report_make("json", &sample.result, REPORT_COLOR_NEVER);
	file_write("saved", json, strlen(json));
	saved_init(&saved, &rules);
	assert_int_equal(saved_read_json(&saved, "saved", &error), 0);
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		char *direct = report_make(formats[i], &sample.result, REPORT_COLOR_NEVER);

		report_expect(formats[i], &saved.result, direct);
		free(direct);
	}
	saved_release(&saved);
	free(json);
	unlink("saved");
	sample_release(&sample);
}

/* Rules that are not in force are called what the report calls them. */
static void unknown_rules(void **state)
{
	struct rule_set none = { 0 };
	struct saved saved;
	char *json = sample_json(), *text;

	(void)state;
	file_write("saved", json, strlen(json));
	saved_init(&saved, &none);
	assert_int_equal(saved_read_json(&saved, "saved", NULL), 0);
	assert_ptr_equal(saved.result.findings[0]->rule, saved.result.findings[4]->rule);
	text = report_make("human", &saved.result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "vck_A1fo…2EpU  certain  vercel-ai-gateway-key\n  reported to vercel: rejected: "));
	free(text);
	saved_release(&saved);
	free(json);
	unlink("saved");
}

/* json with the first occurrence of before replaced gives this message, with the file's name in front. */
static void expect_refused(const char *json, const char *before, const char *after, const char *message)
{
	const char *at = strstr(json, before);
	struct error error = { 0, "" };
	struct saved saved;
	char *changed, *expected = memory_format("'saved' is no report of staunch: %s", message);

	assert_non_null(at);
	changed = memory_format("%.*s%s%s", (int)(at - json), json, after, at + strlen(before));
	file_write("saved", changed, strlen(changed));
	saved_init(&saved, &rules);
	assert_int_equal(saved_read_json(&saved, "saved", &error), ERROR_MALFORMED);
	assert_string_equal(error.message, expected);
	saved_release(&saved);
	free(changed);
	free(expected);
	unlink("saved");
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *before, *after, *message;
	} examples[] = {
		{ "staunch-report/1", "staunch-report/2", "schema: want staunch-report/1: it was written by something else, or by a later version" },
		{ "\"schema\"", "\"other\"", "schema: it is missing" },
		{ "\"schema\"", "\"schema\": 1, \"other\"", "schema: want a text" },
		{ "\"0.1.0\"", "\"0\\n1\"", "staunch: want a word, at most 200 bytes of it" },
		{ "2026-11-23T15:00:00Z", "2026-11-31T15:00:00Z", "started: want a time, as 2026-11-23T15:00:00Z" },
		{ "2026-11-23T15:00:00Z", "2026-11-23", "started: want a time, as 2026-11-23T15:00:00Z" },
		{ "\"dry_run\": false", "\"dry_run\": 0", "dry_run: want true or false" },
		{ "\"targets\": [", "\"targets\": {}, \"more\": [", "targets: want a list" },
		{ "\"targets\": [", "\"targets\": [ 1, ", "targets[0].: want an object" },
		{ "\"commits\": 20", "\"commits\": -1", "targets[0].commits: want a whole number that is not too large" },
		{ "\"commits\": 20", "\"commits\": 1.5", "targets[0].commits: want a whole number that is not too large" },
		{ "\"commits\": 20", "\"commits\": 1e300", "targets[0].commits: want a whole number that is not too large" },
		{ "\"commits\": 20", "\"commits\": \"20\"", "targets[0].commits: want a whole number that is not too large" },
		{ "\"confidence\": \"certain\"", "\"confidence\": \"sure\"", "findings[0].confidence: it is none of the words that stand there" },
		{ "\"sha256:", "\"sha1:", "findings[0].fingerprint: want sha256: and 64 hexadecimal digits" },
		{ "\"sha256:9", "\"sha256:", "findings[0].fingerprint: want sha256: and 64 hexadecimal digits" },
		{ "\"sha256:9", "\"sha256:G", "findings[0].fingerprint: want sha256: and 64 hexadecimal digits" },
		{ "\"base64\"", "\"a,b\"", "findings[0].encoding: there is one that cannot be a name" },
		{ "\"base64\"", "null", "findings[0].encoding: want a text" },
		{ "\"archive_path\": []", "\"archive_path\": [\"a\\nb\"]", "findings[0].places[0].archive_path: there is one that cannot be a name" },
		{ "\"archive_path\": []", "\"archive_path\": 1", "findings[0].places[0].archive_path: want a list" },
		{ "\"target\": 0", "\"target\": 3", "findings[0].places[0].target: there are only 3 targets" },
		{ "\"target\": 0", "\"target\": 4294967296", "findings[0].places[0].target: want a whole number that is not too large" },
		{ "\"kind\": \"blob\"", "\"kind\": \"blub\"", "findings[0].places[0].kind: it is none of the words that stand there" },
		{ "\"path\": \"src/b.zip\"", "\"path\": []", "findings[0].places[1].path: want a text" },
		{ "\"object\": \"a", "\"object\": \"", "findings[0].places[0].object: want 40 or 64 hexadecimal digits" },
		{ "\"object\": \"a", "\"object\": \"A", "findings[0].places[0].object: want 40 or 64 hexadecimal digits" },
		{ "\"places_total\": 40", "\"places_total\": 1", "findings[0].places_total: there are 2 already" },
		{ "\"first_seen\": {", "\"first_seen\": [], \"x\": {", "findings[0].first_seen: want an object or null" },
		{ "\"first_seen\": {", "\"first_seen\": {}, \"x\": {", "findings[0].first_seen.date: it is missing" },
		{ "\"refs/heads/main\"", "\"refs/heads/main\\nx\"", "findings[0].refs: there is one that cannot be a name" },
		{ "\"state\": \"accepted\"", "\"state\": \"alive\"", "findings[0].revocation.state: it is none of the words that stand there" },
		{ "\"http_status\": 200", "\"http_status\": 1000", "findings[0].revocation.http_status: want a whole number that is not too large" },
		{ "\"what\": \"missing-object\"", "\"whom\": 1", "incomplete[0].what: it is missing" },
		{ "\"incomplete\": 5", "\"incomplete\": 1", "summary.incomplete: there are 2 already" },
		{ "\"findings\": 5", "\"findings\": 6", "summary.findings: there are 5: the file was cut or changed" },
		{ "\"summary\"", "\"sum\"", "summary: it is missing" },
	};
	char *json = sample_json();

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		expect_refused(json, examples[i].before, examples[i].after, examples[i].message);
	free(json);
	expect_refused("[]", "[]", "[]", "it: want an object");
	expect_refused("{}", "{}", "{", "byte 2: unexpected end of the file");
}

/* A whole key in the place of its shortened form, or anywhere else, is shortened before it is shown. */
static void whole_keys_are_not_shown(void **state)
{
	static const char *const literals[] = { "vck_" };
	char *json = sample_json(), key[FIXTURE_KEY_SIZE], *changed, *at = strstr(json, "vck_aO71…SZwa");
	struct rule_set none = { 0 };
	struct saved saved;

	(void)state;
	fixture_key(77, 56, key);
	changed = memory_format("%.*s%s%s", (int)(at - json), json, key, at + strlen("vck_aO71…SZwa"));
	file_write("saved", changed, strlen(changed));
	mask_set_literals(literals, 1);
	saved_init(&saved, &none);
	assert_int_equal(saved_read_json(&saved, "saved", NULL), 0);
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		char *text = report_make(formats[i], &saved.result, REPORT_COLOR_NEVER);

		assert_null(strstr(text, key + 10));
		free(text);
	}
	mask_set_literals(NULL, 0);
	saved_release(&saved);
	free(changed);
	free(json);
	unlink("saved");
}

static void what_is_no_file(void **state)
{
	struct error error = { 0, "" };
	struct saved saved;

	(void)state;
	saved_init(&saved, &rules);
	assert_int_equal(saved_read_json(&saved, "missing", &error), ERROR_IO);
	assert_string_equal(error.message, "cannot read the report 'missing': No such file or directory");
	assert_int_equal(saved_read_json(&saved, "/", &error), ERROR_IO);
	assert_string_equal(error.message, "cannot read the report '/': Is a directory");
	saved_release(&saved);
}

/* Write it in a format to nowhere: a file would be synced to the disk thousands of times. */
static void write_away(const char *format, const struct report_result *result)
{
	char *specification = memory_format("%s:/dev/null", format);
	struct report *report;

	assert_int_equal(report_open(&report, specification, REPORT_COLOR_ALWAYS, NULL), 0);
	for (size_t i = 0; i < result->finding_count; i++)
		report_settled(report, result, result->findings[i]);
	assert_int_equal(report_finish(report, result, NULL), 0);
	free(specification);
}

/* Changed at random, cut and lengthened: refused or written, nothing else. The same every time. */
static void mutations(void **state)
{
	static const char *const pieces[] = { "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "1e99", "\"\"", "\\u0000", "\xff", "\\ud800", "true",
					      "18446744073709551616", "\"target\"", "\"0001-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"" };
	char *json = sample_json();
	size_t length = strlen(json), read = 0;
	uint32_t number = 20261123;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct buffer text = BUFFER_INIT;
		struct saved saved;
		struct error error = { 0, "" };
		size_t at;

		number = number * 1664525u + 1013904223u;
		at = number % length;
		buffer_add(&text, json, at);
		number = number * 1664525u + 1013904223u;
		if (number >> 30)
			buffer_add_string(&text, pieces[(number >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
		number = number * 1664525u + 1013904223u;
		at += number % 7 == 0 ? number >> 20 : number % 7;
		if (at < length)
			buffer_add(&text, json + at, length - at);
		file_write("saved", text.bytes, text.length);
		saved_init(&saved, &rules);
		if (saved_read_json(&saved, "saved", &error)) {
			assert_int_equal(error.code, ERROR_MALFORMED);
			assert_true(strncmp(error.message, "'saved' is no report of staunch: ", 33) == 0);
		} else {
			read++;
			for (size_t i = 0; i < FORMAT_COUNT; i++)
				write_away(formats[i], &saved.result);
		}
		saved_release(&saved);
		buffer_release(&text);
	}
	assert_in_range(read, 100, 2900); /* both happen */
	free(json);
	unlink("saved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_is_as_in_the_run),
		cmocka_unit_test(unknown_rules),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(whole_keys_are_not_shown),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
