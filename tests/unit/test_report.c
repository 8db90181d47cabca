/*
 * The formats json and jsonl to the byte (design section 6). Other programs read them: a byte that changes here is
 * a change of what staunch promises.
 */
#include "report_fixture.h"

#include <cjson/cJSON.h>

#define START 1795446000 /* 2026-11-23T15:00:00Z */
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccc"

static struct report_result result_of(struct finding *const *findings, size_t count)
{
	return (struct report_result){ .version = "0.1.0", .started = START, .finished = START + 61,
				       .findings = findings, .finding_count = count };
}

static void nothing_found(void **state)
{
	struct report_result result = result_of(NULL, 0);

	(void)state;
	report_expect("json", &result,
		      "{\n"
		      "  \"schema\": \"staunch-report/1\",\n"
		      "  \"staunch\": \"0.1.0\",\n"
		      "  \"started\": \"2026-11-23T15:00:00Z\",\n"
		      "  \"finished\": \"2026-11-23T15:01:01Z\",\n"
		      "  \"dry_run\": false,\n"
		      "  \"targets\": [],\n"
		      "  \"findings\": [],\n"
		      "  \"incomplete\": [],\n"
		      "  \"summary\": {\n"
		      "    \"findings\": 0,\n"
		      "    \"accepted\": 0,\n"
		      "    \"gone\": 0,\n"
		      "    \"rejected\": 0,\n"
		      "    \"pending\": 0,\n"
		      "    \"suppressed\": 0,\n"
		      "    \"incomplete\": 0\n"
		      "  }\n"
		      "}\n");
	report_expect("jsonl", &result,
		      "{\"type\":\"summary\",\"schema\":\"staunch-report/1\",\"staunch\":\"0.1.0\","
		      "\"started\":\"2026-11-23T15:00:00Z\",\"finished\":\"2026-11-23T15:01:01Z\",\"dry_run\":false,"
		      "\"targets\":[],\"incomplete\":[],\"summary\":{\"findings\":0,\"accepted\":0,\"gone\":0,\"rejected\":0,"
		      "\"pending\":0,\"suppressed\":0,\"incomplete\":0}}\n");
}

/* A finding in git's history with everything a finding can have. */
static struct finding *finding_in_git(void)
{
	struct finding *finding = finding_make(1);
	struct place place = { .target = 0, .kind = PLACE_BLOB, .reachable = true, .path = (char *)"src/a.ts", .line = 12,
			       .column = 8, .offset = 345, .object = ID_A, .commit = ID_B,
			       .author = (char *)"Ann <ann@example.com>", .has_date = true, .date = 1700000000 };

	finding_add(finding, &place);
	place = (struct place){ .target = 0, .kind = PLACE_COMMIT_MESSAGE, .line = 3, .column = 1, .offset = 9007199254740993,
				.object = ID_C, .commit = ID_C, .has_date = true, .date = 1700000001 };
	finding_add(finding, &place);
	finding->places_total = 40;
	finding->commits_total = 17;
	strcpy(finding->first_seen.commit, ID_B);
	finding->first_seen.date = 1700000000;
	strcpy(finding->last_seen.commit, ID_C);
	finding->last_seen.date = 1700000001;
	finding->at_head = true;
	strcpy(finding->removed.commit, ID_A);
	finding->removed.date = 1700000002;
	finding->refs = memory_copy_string("refs/heads/main\nHEAD@{2}\n");
	finding->refs_total = 21;
	finding->encoding = memory_copy_string("base64,utf-16");
	finding->revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .http_status = 200, .attempts = 2,
						   .has_time = true, .at = START + 1 };
	return finding;
}

static void a_finding_in_git(void **state)
{
	struct finding *findings[] = { finding_in_git() };
	struct report_result result = result_of(findings, 1);
	struct target target = { .kind = "git", .path = (char *)"/srv/repo", .commits = 17, .objects = 123, .bytes = 4567 };

	(void)state;
	result.targets = &target;
	result.target_count = 1;
	result.suppressed = 4;
	report_expect("json", &result,
		      "{\n"
		      "  \"schema\": \"staunch-report/1\",\n"
		      "  \"staunch\": \"0.1.0\",\n"
		      "  \"started\": \"2026-11-23T15:00:00Z\",\n"
		      "  \"finished\": \"2026-11-23T15:01:01Z\",\n"
		      "  \"dry_run\": false,\n"
		      "  \"targets\": [\n"
		      "    {\n"
		      "      \"kind\": \"git\",\n"
		      "      \"path\": \"/srv/repo\",\n"
		      "      \"commits\": 17,\n"
		      "      \"objects\": 123,\n"
		      "      \"bytes\": 4567\n"
		      "    }\n"
		      "  ],\n"
		      "  \"findings\": [\n"
		      "    {\n"
		      "      \"rule\": \"vercel-ai-gateway-key\",\n"
		      "      \"provider\": \"vercel\",\n"
		      "      \"confidence\": \"certain\",\n"
		      "      \"secret\": \"vck_aO71…SZwa\",\n"
		      "      \"fingerprint\": \"sha256:9799e9e7bb0e79455797b9fb53c0f0273c712a4cb8268174b640348f6fdba446\",\n"
		      "      \"encoding\": [\n"
		      "        \"base64\",\n"
		      "        \"utf-16\"\n"
		      "      ],\n"
		      "      \"places\": [\n"
		      "        {\n"
		      "          \"target\": 0,\n"
		      "          \"kind\": \"blob\",\n"
		      "          \"path\": \"src/a.ts\",\n"
		      "          \"archive_path\": [],\n"
		      "          \"line\": 12,\n"
		      "          \"column\": 8,\n"
		      "          \"offset\": 345,\n"
		      "          \"object\": \"" ID_A "\",\n"
		      "          \"commit\": \"" ID_B "\",\n"
		      "          \"author\": \"Ann <ann@example.com>\",\n"
		      "          \"date\": \"2023-11-14T22:13:20Z\",\n"
		      "          \"reachable\": true\n"
		      "        },\n"
		      "        {\n"
		      "          \"target\": 0,\n"
		      "          \"kind\": \"commit-message\",\n"
		      "          \"archive_path\": [],\n"
		      "          \"line\": 3,\n"
		      "          \"column\": 1,\n"
		      "          \"offset\": 9007199254740993,\n"
		      "          \"object\": \"" ID_C "\",\n"
		      "          \"commit\": \"" ID_C "\",\n"
		      "          \"date\": \"2023-11-14T22:13:21Z\",\n"
		      "          \"reachable\": false\n"
		      "        }\n"
		      "      ],\n"
		      "      \"places_total\": 40,\n"
		      "      \"commits_total\": 17,\n"
		      "      \"first_seen\": {\n"
		      "        \"commit\": \"" ID_B "\",\n"
		      "        \"date\": \"2023-11-14T22:13:20Z\"\n"
		      "      },\n"
		      "      \"last_seen\": {\n"
		      "        \"commit\": \"" ID_C "\",\n"
		      "        \"date\": \"2023-11-14T22:13:21Z\"\n"
		      "      },\n"
		      "      \"at_head\": true,\n"
		      "      \"removed\": {\n"
		      "        \"commit\": \"" ID_A "\",\n"
		      "        \"date\": \"2023-11-14T22:13:22Z\"\n"
		      "      },\n"
		      "      \"refs\": [\n"
		      "        \"refs/heads/main\",\n"
		      "        \"HEAD@{2}\"\n"
		      "      ],\n"
		      "      \"refs_total\": 21,\n"
		      "      \"revocation\": {\n"
		      "        \"state\": \"accepted\",\n"
		      "        \"http_status\": 200,\n"
		      "        \"attempts\": 2,\n"
		      "        \"at\": \"2026-11-23T15:00:01Z\"\n"
		      "      }\n"
		      "    }\n"
		      "  ],\n"
		      "  \"incomplete\": [],\n"
		      "  \"summary\": {\n"
		      "    \"findings\": 1,\n"
		      "    \"accepted\": 1,\n"
		      "    \"gone\": 0,\n"
		      "    \"rejected\": 0,\n"
		      "    \"pending\": 0,\n"
		      "    \"suppressed\": 4,\n"
		      "    \"incomplete\": 0\n"
		      "  }\n"
		      "}\n");
	finding_free(findings[0]);
}

#define JSONL_HEAD(secret, fingerprint)                                                                                \
	"{\"type\":\"finding\",\"rule\":\"vercel-ai-gateway-key\",\"provider\":\"vercel\",\"confidence\":\"certain\","  \
	"\"secret\":\"" secret "\",\"fingerprint\":\"sha256:" fingerprint "\",\"encoding\":[],"
#define HEAD_1 JSONL_HEAD("vck_aO71…SZwa", "9799e9e7bb0e79455797b9fb53c0f0273c712a4cb8268174b640348f6fdba446")
#define HEAD_2 JSONL_HEAD("vck_A1fo…2EpU", "03fd4ad069b13a3846b341dabe2761e04002f0fa03badaaf490d82954eab59b4")

/* Text from strangers: broken UTF-8, controls, escapes, and what turns the direction of text. */
static void hostile_texts(void **state)
{
	struct finding *findings[] = { finding_make(1), finding_make(2) };
	struct place place = { .target = 1, .kind = PLACE_FILE, .reachable = true, .offset = 0, .line = 1, .column = 1,
			       .path = (char *)"a\"b\\c\n\t\x1b[31m\x7f\xc2\x9b\xff\xc3\xa9\xe2\x80\xae\xf0\x9f\x98\x80" };
	struct report_result result = result_of(findings, 2);

	(void)state;
	finding_add(findings[0], &place);
	place = (struct place){ .target = 1, .kind = PLACE_STDIN, .reachable = true, .offset = 7 };
	finding_add(findings[1], &place);
	findings[1]->revocation = (struct revocation){ .state = REVOCATION_PENDING, .attempts = 5,
						       .message = memory_copy_string("\xe9\r\xed\xa0\x80") };
	report_expect("jsonl", &result,
		      HEAD_1 "\"places\":[{\"target\":1,\"kind\":\"file\","
		      "\"path\":\"a\\\"b\\\\c\\n\\t\\u001b[31m\\u007f\\u009b\xef\xbf\xbd\xc3\xa9\\u202e\xf0\x9f\x98\x80\","
		      "\"archive_path\":[],\"line\":1,\"column\":1,\"offset\":0}],\"places_total\":1,\"first_seen\":null,"
		      "\"last_seen\":null,\"at_head\":false,\"revocation\":{\"state\":\"none\"}}\n"
		      HEAD_2 "\"places\":[{\"target\":1,\"kind\":\"stdin\",\"archive_path\":[],\"offset\":7}],"
		      "\"places_total\":1,\"first_seen\":null,\"last_seen\":null,\"at_head\":false,"
		      "\"revocation\":{\"state\":\"pending\",\"attempts\":5,"
		      "\"message\":\"\xef\xbf\xbd\\u000d\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}}\n"
		      "{\"type\":\"summary\",\"schema\":\"staunch-report/1\",\"staunch\":\"0.1.0\","
		      "\"started\":\"2026-11-23T15:00:00Z\",\"finished\":\"2026-11-23T15:01:01Z\",\"dry_run\":false,"
		      "\"targets\":[],\"incomplete\":[],\"summary\":{\"findings\":2,\"accepted\":0,\"gone\":0,\"rejected\":0,"
		      "\"pending\":1,\"suppressed\":0,\"incomplete\":0}}\n");
	finding_free(findings[0]);
	finding_free(findings[1]);
}

/* The first and last of each range of controls, and their neighbours, which stay. */
static void controls_are_escaped(void **state)
{
	static const struct {
		const char *raw, *written;
	} examples[] = {
		{ "\x1f", "\\u001f" },         { " ", " " },
		{ "~", "~" },                   { "\x7f", "\\u007f" },
		{ "\xc2\x9f", "\\u009f" },     { "\xc2\xa0", "\xc2\xa0" },
		{ "\xd8\x9b", "\xd8\x9b" },    { "\xd8\x9c", "\\u061c" },
		{ "\xe2\x80\x8d", "\xe2\x80\x8d" }, { "\xe2\x80\x8e", "\\u200e" },
		{ "\xe2\x80\x8f", "\\u200f" }, { "\xe2\x80\x90", "\xe2\x80\x90" },
		{ "\xe2\x80\xa7", "\xe2\x80\xa7" }, { "\xe2\x80\xa8", "\\u2028" },
		{ "\xe2\x80\xae", "\\u202e" }, { "\xe2\x80\xaf", "\xe2\x80\xaf" },
		{ "\xe2\x81\xa5", "\xe2\x81\xa5" }, { "\xe2\x81\xa6", "\\u2066" },
		{ "\xe2\x81\xa9", "\\u2069" }, { "\xe2\x81\xaa", "\xe2\x81\xaa" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		struct target target = { .kind = "file", .path = (char *)examples[i].raw };
		struct report_result result = result_of(NULL, 0);
		char *expected = memory_format("\"path\":\"%s\",", examples[i].written), *text;

		result.targets = &target;
		result.target_count = 1;
		text = report_make("jsonl", &result, REPORT_COLOR_NEVER);
		assert_non_null(strstr(text, expected));
		free(text);
		free(expected);
	}
}

static void incomplete_and_interrupted(void **state)
{
	struct incomplete incomplete[] = {
		{ .target = 0, .what = "missing-object", .object = ID_A, .detail = (char *)"not in any pack" },
		{ .target = 2, .what = "unreadable-file", .path = (char *)"secret\xff", .detail = (char *)"Permission denied" },
	};
	struct report_result result = result_of(NULL, 0);

	(void)state;
	result.incomplete = incomplete;
	result.incomplete_count = 2;
	result.incomplete_total = 2;
	result.interrupted = true;
	result.dry_run = true;
	report_expect("jsonl", &result,
		      "{\"type\":\"summary\",\"schema\":\"staunch-report/1\",\"staunch\":\"0.1.0\","
		      "\"started\":\"2026-11-23T15:00:00Z\",\"finished\":\"2026-11-23T15:01:01Z\",\"dry_run\":true,"
		      "\"interrupted\":true,\"targets\":[],\"incomplete\":[{\"target\":0,\"what\":\"missing-object\","
		      "\"object\":\"" ID_A "\",\"detail\":\"not in any pack\"},{\"target\":2,\"what\":\"unreadable-file\","
		      "\"path\":\"secret\xef\xbf\xbd\",\"detail\":\"Permission denied\"}],"
		      "\"summary\":{\"findings\":0,\"accepted\":0,\"gone\":0,\"rejected\":0,"
		      "\"pending\":0,\"suppressed\":0,\"incomplete\":2}}\n");
	result.incomplete_count = 1;
	result.incomplete_total = 1002;
	result.interrupted = result.dry_run = false;
	report_expect("jsonl", &result,
		      "{\"type\":\"summary\",\"schema\":\"staunch-report/1\",\"staunch\":\"0.1.0\","
		      "\"started\":\"2026-11-23T15:00:00Z\",\"finished\":\"2026-11-23T15:01:01Z\",\"dry_run\":false,"
		      "\"targets\":[],\"incomplete\":[{\"target\":0,\"what\":\"missing-object\","
		      "\"object\":\"" ID_A "\",\"detail\":\"not in any pack\"},{\"what\":\"more\",\"detail\":\"1001 more\"}],"
		      "\"summary\":{\"findings\":0,\"accepted\":0,\"gone\":0,\"rejected\":0,"
		      "\"pending\":0,\"suppressed\":0,\"incomplete\":1002}}\n");
}

/* "reachable" and the life of a credential in history are said of what lies in git alone. */
static void reachable_in_git_only(void **state)
{
	(void)state;
	for (int kind = 0; kind < PLACE_KIND_COUNT; kind++) {
		for (int with_commit = 0; with_commit < 2; with_commit++) {
			struct finding *findings[] = { finding_make(1) };
			struct report_result result = result_of(findings, 1);
			struct place place = { .kind = (enum place_kind)kind, .reachable = true, .object = "" };
			bool in_git = kind != PLACE_FILE && kind != PLACE_CONFIG && kind != PLACE_STDIN &&
				      (kind != PLACE_PATH || with_commit);
			char *text;

			if (with_commit)
				id_of(place.commit, 'a');
			finding_add(findings[0], &place);
			text = report_make("json", &result, REPORT_COLOR_NEVER);
			assert_int_equal(strstr(text, "\"reachable\": true") != NULL, in_git);
			assert_int_equal(strstr(text, "\"commits_total\": 0") != NULL, in_git);
			assert_int_equal(strstr(text, "\"removed\": null") != NULL, in_git);
			assert_int_equal(strstr(text, "\"refs\": []") != NULL, in_git);
			assert_int_equal(strstr(text, "\"refs_total\": 0") != NULL, in_git);
			free(text);
			finding_free(findings[0]);
		}
	}
}

static void every_state_is_counted(void **state)
{
	static const char *const names[] = { "none", "dry-run", "pending", "accepted", "gone", "rejected" };
	struct finding *findings[12];
	struct report_result result = result_of(findings, 12);
	char *text;

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		static const enum revocation_state states[] = {
			REVOCATION_NONE,     REVOCATION_DRY_RUN, REVOCATION_DRY_RUN, REVOCATION_PENDING,
			REVOCATION_PENDING,  REVOCATION_PENDING, REVOCATION_ACCEPTED, REVOCATION_GONE,
			REVOCATION_GONE,     REVOCATION_REJECTED, REVOCATION_REJECTED, REVOCATION_REJECTED,
		};

		findings[i] = finding_make(i);
		findings[i]->revocation.state = states[i];
	}
	text = report_make("jsonl", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\"summary\":{\"findings\":12,\"accepted\":1,\"gone\":2,\"rejected\":3,\"pending\":3,"
				     "\"suppressed\":0,\"incomplete\":0}"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *member = memory_format("\"revocation\":{\"state\":\"%s\"}", names[i]);

		assert_non_null(strstr(text, member));
		free(member);
	}
	free(text);
	for (size_t i = 0; i < 12; i++)
		finding_free(findings[i]);
}

/* However the key gets into a path, a name, a message or the name of a target, no report holds it. */
static void no_report_holds_a_key(void **state)
{
	static const char *const formats[] = { "human", "json", "jsonl" };
	struct finding *findings[] = { finding_make(1), finding_make(2) };
	struct report_result result = result_of(findings, 2);
	char keys[2][FIXTURE_KEY_SIZE], path[300];
	struct place place = { .kind = PLACE_PATH, .reachable = true, .path = path, .author = path };
	struct incomplete incomplete = { .what = "unreadable-file", .path = path, .detail = path };
	struct target target = { .kind = "dir", .path = path };

	(void)state;
	fixture_key(1, 56, keys[0]);
	fixture_key(2, 56, keys[1]);
	snprintf(path, sizeof(path), "%s/%s\n%s", keys[1], keys[0], keys[1]);
	id_of(place.object, 'a');
	finding_add(findings[0], &place);
	finding_add(findings[1], &place);
	for (size_t i = 0; i < 2; i++) {
		findings[i]->revocation.state = REVOCATION_REJECTED;
		findings[i]->revocation.message = memory_format("no such key: %s", keys[i]);
		findings[i]->commits_total = findings[i]->refs_total = 1;
		findings[i]->refs = memory_format("refs/heads/%s\n", keys[1 - i]);
	}
	result.targets = &target;
	result.incomplete = &incomplete;
	result.target_count = result.incomplete_count = result.incomplete_total = 1;
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		char *text = report_make(formats[i], &result, REPORT_COLOR_NEVER);

		assert_null(strstr(text, keys[0] + 12));
		assert_null(strstr(text, keys[1] + 12));
		assert_non_null(strstr(text, "vck_A1fo…2EpU/vck_aO71…SZwa"));
		free(text);
	}
	finding_free(findings[0]);
	finding_free(findings[1]);
}

/* More than is held back before it is written, read back by a parser. */
static void large_reports_are_whole(void **state)
{
	enum { COUNT = 50 };
	struct finding *findings[COUNT];
	struct report_result result = result_of(findings, COUNT);
	char *text;
	cJSON *report;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		findings[i] = finding_make(i);
		for (unsigned j = 0; j <= FINDING_PLACES_MAX; j++) {
			struct place place = { .kind = PLACE_BLOB, .line = j + 1, .path = (char *)"a/b", .has_date = true };

			id_of(place.commit, 'c');
			finding_add(findings[i], &place);
		}
		findings[i]->places_total = 100000;
	}
	text = report_make("json", &result, REPORT_COLOR_NEVER);
	assert_true(strlen(text) > 1 << 20);
	report = cJSON_Parse(text);
	assert_non_null(report);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(report, "findings")), COUNT);
	for (int i = 0; i < COUNT; i++) {
		cJSON *finding = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "findings"), i);

		assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(finding, "places")), FINDING_PLACES_MAX + 1);
		assert_true(cJSON_GetObjectItem(finding, "places_total")->valuedouble == 100000);
	}
	cJSON_Delete(report);
	free(text);
	for (size_t i = 0; i < COUNT; i++)
		finding_free(findings[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found),
		cmocka_unit_test(a_finding_in_git),
		cmocka_unit_test(hostile_texts),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(incomplete_and_interrupted),
		cmocka_unit_test(reachable_in_git_only),
		cmocka_unit_test(every_state_is_counted),
		cmocka_unit_test(no_report_holds_a_key),
		cmocka_unit_test(large_reports_are_whole),
	};

	return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
