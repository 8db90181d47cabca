/*
 * The report for people, to the byte: what a tired person reads at the end of a bad day has to be right and short.
 */
#include "report_fixture.h"

#define START 1795446000 /* 2026-11-23T15:00:00Z */
#define DAY 86400

static struct report_result result_of(struct finding *const *findings, size_t count)
{
	return (struct report_result){ .version = "0.1.0", .started = START, .finished = START + 61,
				       .findings = findings, .finding_count = count, .min_confidence = CONFIDENCE_LIKELY };
}

static void add_blob(struct finding *finding, int64_t date, const char *path, const char *author)
{
	struct place place = { .kind = PLACE_BLOB, .reachable = true, .path = (char *)path, .line = 12, .column = 8,
			       .has_date = true, .date = date, .author = (char *)author };

	id_of(place.object, 'a');
	id_of(place.commit, 'b');
	finding_add(finding, &place);
}

static void nothing_found(void **state)
{
	struct target targets[] = {
		{ .kind = "git", .objects = 1234, .bytes = 55600000 }, { .kind = "dir", .objects = 1, .bytes = 400000 },
		{ .kind = "file", .objects = 1, .bytes = 1 },          { .kind = "stdin", .objects = 1, .bytes = 10 },
	};
	struct report_result result = result_of(NULL, 0);

	(void)state;
	report_expect("human", &result, "no credential found in nothing (0 bytes).\n");
	result.targets = targets;
	result.target_count = 1;
	report_expect("human", &result, "no credential found in 1,234 objects (56 MB).\n");
	result.target_count = 2;
	report_expect("human", &result, "no credential found in 1,234 objects and 1 file (56 MB).\n");
	result.target_count = 4;
	report_expect("human", &result, "no credential found in 1,234 objects and 2 files and standard input (56 MB).\n");
	result.targets = targets + 2;
	result.target_count = 1;
	report_expect("human", &result, "no credential found in 1 file (1 byte).\n");
	result.targets = targets + 3;
	report_expect("human", &result, "no credential found in standard input (10 bytes).\n");
	result.suppressed = 1;
	report_expect("human", &result, "no credential found in standard input (10 bytes). 1 known key was left out.\n");
	result.suppressed = 1000;
	result.interrupted = true;
	report_expect("human", &result, "interrupted: not everything was scanned. no credential found in standard input "
					"(10 bytes). 1,000 known keys were left out.\n");
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} examples[] = {
		{ 999, "999 bytes" },       { 1000, "1.0 kB" },        { 1250, "1.2 kB" },   { 9949, "9.9 kB" },
		{ 9951, "10 kB" },          { 999499, "999 kB" },      { 999500, "1.0 MB" }, { 8100000000, "8.1 GB" },
		{ 12345678901234, "12 TB" }, { UINT64_MAX, "18447 PB" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		struct target target = { .kind = "staged", .objects = 1, .bytes = examples[i].bytes };
		struct report_result result = result_of(NULL, 0);
		char *expected = memory_format("no credential found in 1 object (%s).\n", examples[i].text);

		result.targets = &target;
		result.target_count = 1;
		report_expect("human", &result, expected);
		free(expected);
	}
}

static void places_of_a_finding(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);
	struct revocation *revocation = &findings[0]->revocation;

	(void)state;
	*revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .http_status = 200, .has_time = true, .at = START };
	add_blob(findings[0], START - 9 * DAY, "src/first.ts", "Ann Example <ann@example.com>");
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: accepted (HTTP 200)\n"
		      "  at      2026-11-14  bbbbbbbbbb  src/first.ts:12:8  Ann Example\n"
		      "  next    create a new key and deploy it; history may stay as it is: a dead key opens nothing\n"
		      "\n"
		      "1 key in 1 place: 1 accepted.\n");
	for (int i = 8; i > 2; i--)
		add_blob(findings[0], START - i * DAY, "src/b.ts", "<bob@example.com>");
	add_blob(findings[0], START - DAY, "src/last.ts", NULL);
	findings[0]->at_head = true;
	findings[0]->commits_total = 1200;
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: accepted (HTTP 200)\n"
		      "  first   2026-11-14  bbbbbbbbbb  src/first.ts:12:8  Ann Example\n"
		      "  newest  2026-11-22  bbbbbbbbbb  src/last.ts:12:8\n"
		      "          2026-11-20  bbbbbbbbbb  src/b.ts:12:8  <bob@example.com>\n"
		      "          2026-11-19  bbbbbbbbbb  src/b.ts:12:8  <bob@example.com>\n"
		      "          2026-11-18  bbbbbbbbbb  src/b.ts:12:8  <bob@example.com>\n"
		      "          +3 more places\n"
		      "  still in HEAD, in 1,200 commits\n"
		      "  next    create a new key and deploy it; remove this one from the files in HEAD\n"
		      "\n"
		      "1 key in 8 places: 1 accepted.\n");
	finding_free(findings[0]);
}

/* What a place looks like that has no date, no path, or lies where no branch leads. */
static void kinds_of_places(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);
	struct place place = { .kind = PLACE_COMMIT_MESSAGE, .reachable = true, .line = 3, .column = 1, .has_date = true,
			       .date = START };

	(void)state;
	findings[0]->revocation.state = REVOCATION_GONE;
	findings[0]->commits_total = 1;
	id_of(place.object, 'a');
	id_of(place.commit, 'c');
	finding_add(findings[0], &place);
	place = (struct place){ .kind = PLACE_BLOB, .path = (char *)"x" };
	id_of(place.object, 'b');
	finding_add(findings[0], &place);
	place = (struct place){ .kind = PLACE_INDEX, .reachable = true, .path = (char *)".env", .line = 1 };
	id_of(place.object, 'd');
	finding_add(findings[0], &place);
	place = (struct place){ .kind = PLACE_PATH, .reachable = true, .path = (char *)"a/vck_name", .line = 0 };
	finding_add(findings[0], &place);
	place = (struct place){ .kind = PLACE_STDIN, .reachable = true, .line = 2, .column = 9 };
	finding_add(findings[0], &place);
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more\n"
		      "  first   2026-11-23  cccccccccc  commit message:3:1\n"
		      "  newest  stdin                   standard input:2:9\n"
		      "          path                    a/vck_name (file name)\n"
		      "          index       dddddddddd  .env:1\n"
		      "          object      bbbbbbbbbb  x  unreachable\n"
		      "  no longer in HEAD, but in 1 commit\n"
		      "  next    create a new key and deploy it; remove this one from .env\n"
		      "\n"
		      "1 key in 5 places: 1 gone.\n");
	finding_free(findings[0]);
}

/* A place with an object behind one without: the columns are there for both. */
static void file_and_index(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);
	struct place place = { .kind = PLACE_FILE, .reachable = true, .path = (char *)".env", .line = 1, .column = 5 };

	(void)state;
	findings[0]->revocation.state = REVOCATION_GONE;
	finding_add(findings[0], &place);
	place.kind = PLACE_INDEX;
	id_of(place.object, 'd');
	finding_add(findings[0], &place);
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more\n"
		      "  first   file                    .env:1:5\n"
		      "  newest  index       dddddddddd  .env:1:5\n"
		      "  next    create a new key and deploy it; remove this one from .env\n"
		      "\n"
		      "1 key in 2 places: 1 gone.\n");
	finding_free(findings[0]);
}

/* What whoever cleans the history wants to know. */
static void life_in_history(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);

	(void)state;
	findings[0]->revocation.state = REVOCATION_GONE;
	findings[0]->commits_total = 3;
	findings[0]->removed.date = START - DAY;
	id_of(findings[0]->removed.commit, 'c');
	findings[0]->refs = memory_copy_string("refs/heads/a/b\nrefs/tags/v1\nrefs/pull/1/head\nrefs/heads/x\n");
	findings[0]->refs_total = 1003;
	add_blob(findings[0], START - 9 * DAY, "x", NULL);
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more\n"
		      "  at      2026-11-14  bbbbbbbbbb  x:12:8\n"
		      "  no longer in HEAD, but in 3 commits\n"
		      "  removed 2026-11-22  cccccccccc\n"
		      "  in the history of a/b, v1, refs/pull/1/head and 1,000 more\n"
		      "  next    create a new key and deploy it; history may stay as it is: a dead key opens nothing\n"
		      "\n"
		      "1 key in 1 place: 1 gone.\n");
	findings[0]->at_head = true; /* back again after that removal */
	free(findings[0]->refs);
	findings[0]->refs = memory_copy_string("refs/heads/a\x1b[2J\n");
	findings[0]->refs_total = 1;
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more\n"
		      "  at      2026-11-14  bbbbbbbbbb  x:12:8\n"
		      "  still in HEAD, in 3 commits\n"
		      "  in the history of a\\x1b[2J\n"
		      "  next    create a new key and deploy it; remove this one from x\n"
		      "\n"
		      "1 key in 1 place: 1 gone.\n");
	finding_free(findings[0]);
}

static void unreachable(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);

	(void)state;
	findings[0]->revocation.state = REVOCATION_DRY_RUN;
	findings[0]->encoding = memory_copy_string("base64,utf-16");
	findings[0]->confidence = CONFIDENCE_LIKELY;
	result.dry_run = true;
	add_blob(findings[0], 0, "x", NULL);
	findings[0]->places[0].reachable = false;
	report_expect("human", &result,
		      "vck_aO71…SZwa  likely  Vercel AI Gateway API key (base64 of utf-16)\n"
		      "  would be reported to Vercel\n"
		      "  at      1970-01-01  bbbbbbbbbb  x:12:8  unreachable\n"
		      "  unreachable: no branch or tag leads to it\n"
		      "  next    have it revoked, create a new key and deploy it; rewriting history does not help: whoever cloned it has the key\n"
		      "\n"
		      "1 key in 1 place: 1 would be reported.\n"
		      "run again without --dry-run to have it revoked\n");
	add_blob(findings[0], 1, "y", NULL); /* one that a branch leads to is enough */
	report_expect("human", &result,
		      "vck_aO71…SZwa  likely  Vercel AI Gateway API key (base64 of utf-16)\n"
		      "  would be reported to Vercel\n"
		      "  first   1970-01-01  bbbbbbbbbb  x:12:8  unreachable\n"
		      "  newest  1970-01-01  bbbbbbbbbb  y:12:8\n"
		      "  next    have it revoked, create a new key and deploy it; rewriting history does not help: whoever cloned it has the key\n"
		      "\n"
		      "1 key in 2 places: 1 would be reported.\n"
		      "run again without --dry-run to have it revoked\n");
	finding_free(findings[0]);
}

/* What is said of each state, without a place to keep it short; what may still open a door comes first. */
static void states(void **state)
{
	struct rule mute = fixture_rule, self = fixture_rule;
	struct finding *findings[8];
	struct report_result result = result_of(findings, 8);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		findings[i] = finding_make(1);
	mute.revoke_kind = RULE_REVOKE_NONE;
	self.revoke_kind = RULE_REVOKE_SELF;
	findings[0]->revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .http_status = 204, .has_time = true,
						       .at = START - DAY, .earlier = true };
	findings[1]->revocation = (struct revocation){ .state = REVOCATION_REJECTED, .http_status = 400,
						       .message = memory_copy_string("HTTP 400 bad\x1b: no\n") };
	findings[2]->revocation = (struct revocation){ .state = REVOCATION_PENDING, .attempts = 5,
						       .message = memory_copy_string("connection refused") };
	findings[3]->revocation = (struct revocation){ .state = REVOCATION_GONE, .http_status = 404 };
	findings[4]->rule = &mute;
	findings[5]->rule = &self;
	findings[6]->confidence = CONFIDENCE_LIKELY;
	result.min_confidence = CONFIDENCE_CERTAIN;
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: rejected: HTTP 400 bad\\x1b: no\\x0a\n"
		      "  next    revoke it at Vercel by hand, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: not settled yet: connection refused\n"
		      "  next    run staunch again to have it revoked, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  not reported: Vercel has no way to report it, revoke it by hand\n"
		      "  next    revoke it at Vercel by hand, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  not reported: it would have to revoke itself, which needs --own-keys\n"
		      "  next    revoke it at Vercel by hand, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  likely  Vercel AI Gateway API key\n"
		      "  not reported: likely only\n"
		      "  next    if it is real, revoke it at Vercel by hand, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  not reported: it was not sent\n"
		      "  next    revoke it at Vercel by hand, create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel 2026-11-22 by an earlier run: accepted (HTTP 204)\n"
		      "  next    create a new key and deploy it\n"
		      "\n"
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  reported to Vercel: gone, no such key any more (HTTP 404)\n"
		      "  next    create a new key and deploy it\n"
		      "\n"
		      "8 keys in 0 places: 1 accepted, 1 gone, 1 rejected, 1 pending, 4 not reported.\n"
		      "run again to send what is pending\n"
		      "what was rejected may still be valid: revoke it at its provider by hand\n");
	for (size_t i = 0; i < 8; i++)
		finding_free(findings[i]);
}

/* Test dummies come behind the real key, in a line each, and not all of them. */
static void possible_ones_are_short(void **state)
{
	enum { COUNT = 24 };
	struct finding *findings[COUNT];
	struct report_result result = result_of(findings, COUNT);
	char *text, *end;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		struct place place = { .kind = PLACE_FILE, .reachable = true, .path = (char *)"t/a.ts", .line = i + 1, .column = 4 };

		findings[i] = finding_make(i + 1);
		finding_add(findings[i], &place);
		if (i != 1)
			findings[i]->confidence = CONFIDENCE_POSSIBLE;
	}
	findings[1]->revocation.state = REVOCATION_DRY_RUN;
	findings[2]->places_total = 5;
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	end = strstr(text, "vck_JIjN…AbbG");
	assert_non_null(end);
	assert_memory_equal(text,
			    "vck_A1fo…2EpU  certain  Vercel AI Gateway API key\n"
			    "  would be reported to Vercel\n"
			    "  at      t/a.ts:2:4\n"
			    "  next    have it revoked, create a new key and deploy it; remove this one from t/a.ts\n"
			    "\n"
			    "not reported: possible only\n"
			    "  vck_aO71…SZwa  t/a.ts:1:4\n"
			    "  vck_ldBa…btiN  t/a.ts:3:4  +4 more places\n"
			    "  ", (size_t)(end - text));
	end = strstr(text, "t/a.ts:21:4\n");
	assert_non_null(end);
	assert_string_equal(end, "t/a.ts:21:4\n"
				 "  +3 more\n"
				 "\n"
				 "24 keys in 28 places: 1 would be reported, 23 possible only.\n"
				 "run again without --dry-run to have it revoked\n");
	free(text);
	/* asked for by --min-confidence possible, they are sent, and shown in full like any other */
	findings[0]->revocation.state = REVOCATION_DRY_RUN;
	result.finding_count = 1;
	report_expect("human", &result,
		      "vck_aO71…SZwa  possible  Vercel AI Gateway API key\n"
		      "  would be reported to Vercel\n"
		      "  at      t/a.ts:1:4\n"
		      "  next    have it revoked, create a new key and deploy it; remove this one from t/a.ts\n"
		      "\n"
		      "1 key in 1 place: 1 would be reported.\n"
		      "run again without --dry-run to have it revoked\n");
	for (size_t i = 0; i < COUNT; i++)
		finding_free(findings[i]);
}

static void incomplete_scans(void **state)
{
	struct incomplete incomplete[12];
	struct report_result result = result_of(NULL, 0);

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		incomplete[i] = (struct incomplete){ .what = "missing-object", .detail = (char *)"gone" };
		id_of(incomplete[i].object, 'e');
	}
	result.incomplete = incomplete;
	result.incomplete_count = result.incomplete_total = 1;
	report_expect("human", &result,
		      "not scanned:\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "\n"
		      "no credential found in nothing (0 bytes). 1 object could not be read: the scan is incomplete.\n");
	incomplete[0] = (struct incomplete){ .what = "unreadable-file", .path = (char *)"a\nb", .detail = (char *)"no\n" };
	report_expect("human", &result,
		      "not scanned:\n"
		      "  unreadable-file  a\\x0ab: no\\x0a\n"
		      "\n"
		      "no credential found in nothing (0 bytes). 1 file could not be read: the scan is incomplete.\n");
	incomplete[1] = (struct incomplete){ .what = "scan-process", .detail = (char *)"it died" };
	result.incomplete_count = 12;
	result.incomplete_total = 2013;
	report_expect("human", &result,
		      "not scanned:\n"
		      "  unreadable-file  a\\x0ab: no\\x0a\n"
		      "  scan-process  it died\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  missing-object  eeeeeeeeee: gone\n"
		      "  +2,003 more\n"
		      "\n"
		      "no credential found in nothing (0 bytes). 2,013 parts could not be scanned: the scan is incomplete.\n");
}

static void hostile_names(void **state)
{
	struct finding *findings[] = { finding_make(1) };
	struct report_result result = result_of(findings, 1);

	(void)state;
	findings[0]->revocation.state = REVOCATION_DRY_RUN;
	add_blob(findings[0], START, "a\x1b]0;x\x07\xff\xe2\x80\xae.ts", "Eve\x1b[2J\r <e@x>");
	report_expect("human", &result,
		      "vck_aO71…SZwa  certain  Vercel AI Gateway API key\n"
		      "  would be reported to Vercel\n"
		      "  at      2026-11-23  bbbbbbbbbb  a\\x1b]0;x\\x07\\xff\\u{202e}.ts:12:8  Eve\\x1b[2J\\x0d\n"
		      "  next    have it revoked, create a new key and deploy it; rewriting history does not help: whoever cloned it has the key\n"
		      "\n"
		      "1 key in 1 place: 1 would be reported.\n"
		      "run again without --dry-run to have it revoked\n");
	finding_free(findings[0]);
}

static void colors(void **state)
{
	struct finding *findings[] = { finding_make(1), finding_make(2) };
	struct report_result result = result_of(findings, 2);
	char *text;

	(void)state;
	findings[0]->revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .http_status = 200 };
	findings[1]->revocation.state = REVOCATION_DRY_RUN;
	findings[1]->confidence = CONFIDENCE_LIKELY;
	add_blob(findings[0], START, "a", "Ann <a@b>");
	setenv("NO_COLOR", "1", 1);
	text = report_make("human", &result, REPORT_COLOR_ALWAYS);
	assert_string_equal(text,
			    "\033[1mvck_A1fo…2EpU\033[0m  \033[33mlikely\033[0m  Vercel AI Gateway API key\n"
			    "  \033[36mwould be reported to Vercel\033[0m\n"
			    "  next    have it revoked, create a new key and deploy it\n"
			    "\n"
			    "\033[1mvck_aO71…SZwa\033[0m  \033[31mcertain\033[0m  Vercel AI Gateway API key\n"
			    "  reported to Vercel: \033[32maccepted\033[0m (HTTP 200)\n"
			    "  at      \033[2m2026-11-23  bbbbbbbbbb\033[0m  a:12:8  \033[2mAnn\033[0m\n"
			    "  next    create a new key and deploy it; history may stay as it is: a dead key opens nothing\n"
			    "\n"
			    "2 keys in 1 place: 1 accepted, 1 would be reported.\n"
			    "run again without --dry-run to have it revoked\n");
	free(text);
	unsetenv("NO_COLOR");
	text = report_make("human", &result, REPORT_COLOR_AUTO); /* a file is no terminal */
	assert_null(strchr(text, '\033'));
	free(text);
	text = report_make("json", &result, REPORT_COLOR_ALWAYS);
	assert_null(strchr(text, '\033'));
	free(text);
	finding_free(findings[0]);
	finding_free(findings[1]);
}

/* What --verify saw, and reports that promise less than others. */
static void verified_and_submitted(void **state)
{
	struct finding *finding = finding_make(1);
	struct finding *const list[] = { finding };
	struct report_result result = result_of(list, 1);
	struct rule vague = fixture_rule, self = fixture_rule;
	char message[] = "HTTP 503", *text;

	(void)state;
	vague.submitted_only = true;
	self.revoke_kind = RULE_REVOKE_SELF;
	finding->places_total = 1;
	finding->revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .verified = VERIFICATION_DEAD, .http_status = 200 };
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  reported to Vercel: accepted (HTTP 200), and the key is dead\n"));
	assert_non_null(strstr(text, "\n  next    create a new key and deploy it"));
	free(text);
	finding->revocation.verified = VERIFICATION_ALIVE;
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  reported to Vercel: accepted (HTTP 200), but the key still works\n"));
	assert_non_null(strstr(text, "1 key in 1 place: 1 accepted.\n"
				     "one key is still working after the report: revoke it at the provider by hand\n"));
	assert_non_null(strstr(text, "\n  next    revoke it at Vercel by hand, create a new key and deploy it"));
	assert_null(strstr(text, "dead key"));
	free(text);
	finding->revocation.verified = VERIFICATION_UNKNOWN;
	finding->revocation.message = message;
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  reported to Vercel: accepted (HTTP 200); whether the key is dead is not known: HTTP 503\n"));
	free(text);
	finding->revocation.message = NULL;
	finding->revocation.verified = VERIFICATION_NONE;
	finding->rule = &vague;
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  reported to Vercel: submitted (HTTP 200): what becomes of it is not documented\n"));
	assert_non_null(strstr(text, "1 key in 1 place: 1 submitted.\n"));
	assert_null(strstr(text, "accepted"));
	assert_non_null(strstr(text, "\n  next    revoke it at Vercel by hand, create a new key and deploy it"));
	free(text);
	finding->rule = &self;
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  revoking itself at Vercel: accepted (HTTP 200)\n"));
	free(text);
	finding->revocation = (struct revocation){ .state = REVOCATION_DRY_RUN };
	text = report_make("human", &result, REPORT_COLOR_NEVER);
	assert_non_null(strstr(text, "\n  would revoke itself at Vercel\n"));
	free(text);
	finding_free(finding);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found),
		cmocka_unit_test(sizes),
		cmocka_unit_test(places_of_a_finding),
		cmocka_unit_test(kinds_of_places),
		cmocka_unit_test(file_and_index),
		cmocka_unit_test(life_in_history),
		cmocka_unit_test(unreachable),
		cmocka_unit_test(states),
		cmocka_unit_test(possible_ones_are_short),
		cmocka_unit_test(incomplete_scans),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(colors),
		cmocka_unit_test(verified_and_submitted),
	};

	return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
