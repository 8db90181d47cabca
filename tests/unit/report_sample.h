/*
 * A run that has some of everything a report can show, with the names that somebody would choose who wants to get into one:
 * markup, quotes, line breaks, workflow commands, formulas, broken UTF-8, a key in a path.
 */
#ifndef STAUNCH_TESTS_REPORT_SAMPLE_H
#define STAUNCH_TESTS_REPORT_SAMPLE_H

#include "report_fixture.h"

#define SAMPLE_START 1795446000 /* 2026-11-23T15:00:00Z */
#define SAMPLE_DAY 86400
#define SAMPLE_COUNT 5

#define SAMPLE_SCRIPT "<script>alert(1)</script>"
#define SAMPLE_PATH "a\"'><img src=x onerror=alert(1)>\n::error::x,y:z%0A|`[l](javascript:1)\xff\xef\xbf\xbf.ts"
#define SAMPLE_AUTHOR "=cmd|'/C calc'!A0 " SAMPLE_SCRIPT " <eve@example.com>"

struct sample {
	struct finding *findings[SAMPLE_COUNT];
	struct target targets[3];
	struct incomplete incomplete[2];
	struct report_result result;
};

static inline struct place sample_place(int days_ago, const char *path, const char *author)
{
	struct place place = { .kind = PLACE_BLOB, .reachable = true, .path = (char *)path, .line = 12, .column = 8, .offset = 345,
			       .has_date = true, .date = SAMPLE_START - days_ago * SAMPLE_DAY, .author = (char *)author };

	id_of(place.object, 'a');
	id_of(place.commit, 'b');
	return place;
}

static inline void sample_see(struct finding *finding, int first_days_ago, int last_days_ago)
{
	finding->first_seen.date = SAMPLE_START - first_days_ago * SAMPLE_DAY;
	finding->last_seen.date = SAMPLE_START - last_days_ago * SAMPLE_DAY;
	id_of(finding->first_seen.commit, 'b');
	id_of(finding->last_seen.commit, 'd');
}

/* Settled, removed from HEAD long ago. */
static inline struct finding *sample_settled(void)
{
	struct finding *finding = finding_make(1);
	struct place place = sample_place(700, "src/a.ts", "Ann Example <ann@example.com>");

	finding_add(finding, &place);
	finding->places[0].encoding = memory_copy_string("base64,utf-16");
	place = sample_place(600, "src/b.zip", "Bob <bob@example.com>");
	place.archive_path = (char *)"=inner.tar\nsrc/" SAMPLE_SCRIPT ".ts";
	place.encoding = (char *)"base64,utf-16";
	finding_add(finding, &place);
	finding->places_total = 40;
	finding->commits_total = 17;
	sample_see(finding, 700, 500);
	finding->removed.date = SAMPLE_START - 499 * SAMPLE_DAY;
	id_of(finding->removed.commit, 'e');
	finding->refs = memory_copy_string("refs/heads/main\nrefs/heads/" SAMPLE_SCRIPT "\n");
	finding->refs_total = 2;
	finding->encoding = memory_copy_string("base64,utf-16");
	finding->revocation = (struct revocation){ .state = REVOCATION_ACCEPTED, .http_status = 200, .attempts = 1, .has_time = true,
						   .at = SAMPLE_START };
	return finding;
}

/* Rejected, with hostile names all over, one of which holds the first key. */
static inline struct finding *sample_hostile(void)
{
	struct finding *finding = finding_make(2);
	char key[FIXTURE_KEY_SIZE], *path;
	struct place place = sample_place(30, SAMPLE_PATH, SAMPLE_AUTHOR);

	fixture_key(1, 56, key);
	path = memory_format("./%s/@SUM(1)", key);
	finding_add(finding, &place);
	place = (struct place){ .target = 1, .kind = PLACE_FILE, .reachable = true, .path = path, .line = 1, .column = 1 };
	finding_add(finding, &place);
	free(path);
	finding->commits_total = 1;
	finding->at_head = true;
	sample_see(finding, 30, 1);
	finding->revocation = (struct revocation){ .state = REVOCATION_REJECTED, .http_status = 400, .attempts = 1, .has_time = true,
						   .at = SAMPLE_START + 1,
						   .message = memory_copy_string("HTTP 400 </td>" SAMPLE_SCRIPT "\r\n::warning::\x1b[2J]]>") };
	return finding;
}

static inline void sample_make(struct sample *sample)
{
	struct place place;

	*sample = (struct sample){
		.targets = { { .kind = "git", .path = (char *)".", .commits = 20, .objects = 123, .bytes = 4567 },
			     { .kind = "dir", .path = (char *)".", .objects = 2, .bytes = 200 },
			     { .kind = "stdin", .path = (char *)"(" SAMPLE_SCRIPT ")", .objects = 1, .bytes = 99 } },
		.incomplete = { { .what = "missing-object", .object = "ffffffffffffffffffffffffffffffffffffffff", .detail = (char *)"not in any pack" },
				{ .what = "unreadable-file", .target = 1, .path = (char *)SAMPLE_PATH, .detail = (char *)SAMPLE_SCRIPT } },
	};
	sample->findings[0] = sample_settled();
	sample->findings[1] = sample_hostile();
	/* in a commit's message, on a branch that is gone */
	sample->findings[2] = finding_make(3);
	place = sample_place(3, NULL, "Ann Example <ann@example.com>");
	place.kind = PLACE_COMMIT_MESSAGE;
	place.reachable = false;
	finding_add(sample->findings[2], &place);
	sample->findings[2]->confidence = CONFIDENCE_LIKELY;
	sample->findings[2]->revocation = (struct revocation){ .state = REVOCATION_PENDING, .attempts = 5,
							       .message = memory_copy_string("connection refused") };
	/* staged only */
	sample->findings[3] = finding_make(4);
	place = (struct place){ .kind = PLACE_INDEX, .reachable = true, .path = (char *)".env", .line = 2, .column = 5, .offset = 20 };
	id_of(place.object, 'c');
	finding_add(sample->findings[3], &place);
	sample->findings[3]->revocation.state = REVOCATION_DRY_RUN;
	/* a test dummy, on standard input */
	sample->findings[4] = finding_make(5);
	place = (struct place){ .target = 2, .kind = PLACE_STDIN, .reachable = true, .line = 7, .column = 1, .offset = 70 };
	finding_add(sample->findings[4], &place);
	sample->findings[4]->confidence = CONFIDENCE_POSSIBLE;
	sample->result = (struct report_result){ .version = "0.1.0", .started = SAMPLE_START, .finished = SAMPLE_START + 61,
						 .targets = sample->targets, .target_count = 3, .findings = sample->findings,
						 .finding_count = SAMPLE_COUNT, .incomplete = sample->incomplete,
						 .incomplete_count = 2, .incomplete_total = 5, .suppressed = 1,
						 .min_confidence = CONFIDENCE_LIKELY };
}

static inline void sample_release(struct sample *sample)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		finding_free(sample->findings[i]);
}

#endif
