/*
 * SARIF 2.1.0 (OASIS, docs.oasis-open.org/sarif/sarif/v2.1.0), as GitHub code scanning reads it (docs.github.com, "SARIF
 * support for code scanning").
 *
 * One result is one credential. It stands at one place: as code scanning knows no commits, that is a file as it is now where
 * there is one, and otherwise the newest path in history, with the commit in the message. Its other files are related
 * locations. What GitHub matches results by is the credential and the path, so that line shifts and rebases keep an alert
 * the one it was.
 */
#include "report/sarif.h"

#include "base/text.h"
#include "report/provenance.h"
#include "rule/rule.h"

#include <stdio.h>
#include <string.h>

/* What GitHub takes (docs.github.com, "SARIF results exceed limit"): results of a run; runs with ids of their own hold the rest. */
#define RESULTS_PER_RUN 25000
#define RELATED_MAX 99 /* of 1,000 locations 100 are shown, the first of which is the result's own */

void sarif_add_text(struct sarif *sarif, const char *name, const char *text)
{
	json_string(&sarif->writer, name, human_value(&sarif->words, text));
}

void sarif_add_message(struct sarif *sarif, const char *name)
{
	struct buffer escaped = BUFFER_INIT;

	buffer_add_string(&escaped, "");
	for (const char *at = sarif->text.bytes; *at; at++) {
		if (strchr("[]\\", *at))
			buffer_add_char(&escaped, '\\');
		buffer_add_char(&escaped, *at);
	}
	json_open(&sarif->writer, name, '{');
	json_string(&sarif->writer, "text", escaped.bytes);
	json_close(&sarif->writer, '}');
	buffer_release(&escaped);
}

/* ---- places ---- */

/* What a relative path begins at: "SRCROOT" for the first target, and a name of its own for each further one. */
static void add_base(struct sarif *sarif, const char *name, size_t root)
{
	char base[48];

	snprintf(base, sizeof(base), root ? "SRCROOT%zu" : "SRCROOT", root);
	if (name)
		json_string(&sarif->writer, name, base);
	else
		json_open(&sarif->writer, base, '{');
}

/* What has no file is named by where git keeps it: ".git/commit-message/ID"; nothing can stand there in a working tree. */
static void add_uri(struct sarif *sarif, const struct place *place)
{
	const char *path = report_root_path(sarif->result, place);
	struct buffer masked = BUFFER_INIT;

	human_begin(&sarif->words);
	if (!path || (report_place_in_git(place) && place->kind != PLACE_BLOB && place->kind != PLACE_INDEX)) {
		buffer_add_format(&sarif->text, ".git/%s/", place_kind_name(place->kind));
		path = path ? path : place->object;
	}
	report_mask_add(&sarif->words.mask, &masked, path);
	if (masked.bytes[0] == '/')
		buffer_add_string(&sarif->text, "file://");
	report_add_uri(&sarif->text, masked.bytes);
	buffer_release(&masked);
}

static void add_location(struct sarif *sarif, const char *name, const struct place *place)
{
	struct json_writer *writer = &sarif->writer;
	bool absolute;

	json_open(writer, name, '{');
	json_open(writer, "physicalLocation", '{');
	json_open(writer, "artifactLocation", '{');
	add_uri(sarif, place);
	absolute = strncmp(sarif->text.bytes, "file:", 5) == 0;
	json_string(writer, "uri", sarif->text.bytes);
	if (!absolute)
		add_base(sarif, "uriBaseId", report_root_of(sarif->result, place));
	json_close(writer, '}');
	json_open(writer, "region", '{');
	/* lines of what is in a container are not the container's */
	json_number(writer, "startLine", place->line && !place->archive_path ? place->line : 1);
	if (place->line && place->column && !place->archive_path)
		json_number(writer, "startColumn", place->column);
	json_close(writer, '}');
	json_close(writer, '}');
	json_close(writer, '}');
}

/* The files of the other places, each once, the newest first. */
static void add_related(struct sarif *sarif, const struct finding *finding, const struct place *main_place)
{
	const char *own = report_root_path(sarif->result, main_place), *before = own ? own : "";
	size_t added = 0;

	for (size_t i = finding->place_count; i-- > 0 && added < RELATED_MAX;) {
		const struct place *place = &finding->places[i];
		const char *path = report_root_path(sarif->result, place);

		if (!path || strcmp(path, before) == 0 || (own && strcmp(path, own) == 0))
			continue;
		if (!added++)
			json_open(&sarif->writer, "relatedLocations", '[');
		add_location(sarif, NULL, place);
		before = path;
	}
	if (added)
		json_close(&sarif->writer, ']');
}

/* ---- results ---- */

/* "Vercel AI Gateway API key vck_2Ykm…zP2K, certain, reported to Vercel: accepted (HTTP 200). …" */
static void add_words(struct sarif *sarif, const struct finding *finding, const struct place *place, const struct place *commit)
{
	struct buffer *text = human_begin(&sarif->words);

	human_add_text(&sarif->words, finding->rule->name);
	buffer_add_char(text, ' ');
	report_shorten(text, finding);
	buffer_add_format(text, ", %s, ", confidence_name(finding->confidence));
	human_add_outcome(&sarif->words, finding);
	buffer_add_char(text, '.');
	if (place && (place->archive_path || place->encoding)) {
		buffer_add_string(text, " In ");
		human_add_where(&sarif->words, place);
		buffer_add_char(text, '.');
	}
	if (commit) {
		buffer_add_format(text, " Commit %.*s", HUMAN_ID_LENGTH, commit->commit);
		if (commit->has_date) {
			buffer_add_string(text, " of ");
			human_add_date(&sarif->words, commit->date);
		}
		if (commit->author) {
			buffer_add_string(text, " by ");
			human_add_author(&sarif->words, commit->author);
		}
		buffer_add_string(text, report_left_head(finding) ? "; no longer in HEAD." : ".");
	}
	if (!human_is_minor(finding)) {
		buffer_add_string(text, " Next: ");
		human_add_advice(&sarif->words, finding);
		buffer_add_char(text, '.');
	}
	sarif_add_message(sarif, "message");
}

#define LINE_HASH_DIGITS 16 /* as many as the action that uploads reports would write, which leaves ours alone then */

static void add_fingerprints(struct sarif *sarif, const struct finding *finding, const struct place *place)
{
	struct json_writer *writer = &sarif->writer;

	json_open(writer, "fingerprints", '{');
	human_begin(&sarif->words);
	buffer_add_format(&sarif->text, "sha256:%s", finding->fingerprint);
	json_string(writer, "staunch/credential/v1", sarif->text.bytes);
	json_close(writer, '}');
	json_open(writer, "partialFingerprints", '{');
	/* what GitHub joins with rule and path; elsewhere it is a hash of the lines around, here of what stands there */
	human_begin(&sarif->words);
	buffer_add_format(&sarif->text, "%.*s:1", LINE_HASH_DIGITS, finding->fingerprint);
	json_string(writer, "primaryLocationLineHash", sarif->text.bytes);
	if (place) {
		struct buffer whole = BUFFER_INIT;

		add_uri(sarif, place);
		buffer_add_format(&whole, "sha256:%s/%s", finding->fingerprint, sarif->text.bytes);
		json_string(writer, "staunch/credentialInFile/v1", whole.bytes);
		buffer_release(&whole);
	}
	json_close(writer, '}');
}

static void add_properties(struct sarif *sarif, const struct finding *finding, const struct place *place, const struct place *commit)
{
	struct json_writer *writer = &sarif->writer;

	json_open(writer, "properties", '{');
	human_begin(&sarif->words);
	report_shorten(&sarif->text, finding);
	json_string(writer, "secret", sarif->text.bytes);
	json_string(writer, "confidence", confidence_name(finding->confidence));
	json_string(writer, "revocation", revocation_state_name(finding->revocation.state));
	json_bool(writer, "atHead", finding->at_head);
	json_number(writer, "placesTotal", finding->places_total);
	json_number(writer, "commitsTotal", finding->commits_total);
	if (place) {
		json_string(writer, "place", place_kind_name(place->kind));
		if (report_place_in_git(place))
			json_bool(writer, "reachable", place->reachable);
	}
	if (commit) {
		json_string(writer, "commit", commit->commit);
		if (commit->author)
			sarif_add_text(sarif, "author", commit->author);
		if (commit->has_date)
			json_time(writer, "date", commit->date);
	}
	json_close(writer, '}');
}

static void add_result(struct sarif *sarif, const struct finding *finding)
{
	static const char *const levels[] = {
		[CONFIDENCE_POSSIBLE] = "note", [CONFIDENCE_LIKELY] = "warning", [CONFIDENCE_CERTAIN] = "error",
	};
	const struct place *place = report_main_place(finding), *commit = place && place->commit[0] ? place : report_origin(finding);
	struct json_writer *writer = &sarif->writer;

	json_open(writer, NULL, '{');
	sarif_add_text(sarif, "ruleId", finding->rule->id);
	json_string(writer, "level", levels[finding->confidence]);
	add_words(sarif, finding, place, commit);
	json_open(writer, "locations", '[');
	if (place)
		add_location(sarif, NULL, place);
	json_close(writer, ']');
	if (place)
		add_related(sarif, finding, place);
	add_fingerprints(sarif, finding, place);
	add_properties(sarif, finding, place, commit);
	json_close(writer, '}');
}

/* ---- the run ---- */

static void add_notification(struct sarif *sarif)
{
	json_open(&sarif->writer, NULL, '{');
	json_string(&sarif->writer, "level", "error");
	sarif_add_message(sarif, "message");
	json_close(&sarif->writer, '}');
}

/* What was not scanned. A run that has any of it was no success, whatever it found. */
static void add_invocation(struct sarif *sarif, bool first)
{
	const struct report_result *result = sarif->result;
	struct json_writer *writer = &sarif->writer;

	json_open(writer, "invocations", '[');
	json_open(writer, NULL, '{');
	json_bool(writer, "executionSuccessful", !result->incomplete_total && !result->interrupted && !result->interrupted_later);
	json_time(writer, "startTimeUtc", result->started);
	json_time(writer, "endTimeUtc", result->finished);
	json_open(writer, "toolExecutionNotifications", '[');
	for (size_t i = 0; first && human_begin(&sarif->words) && human_add_gap(&sarif->words, i); i++) {
		add_notification(sarif);
		output_relieve(&sarif->report->output);
	}
	json_close(writer, ']');
	json_close(writer, '}');
	json_close(writer, ']');
}

static void add_bases(struct sarif *sarif)
{
	const struct report_result *result = sarif->result;

	json_open(&sarif->writer, "originalUriBaseIds", '{');
	for (size_t i = 0; i < result->target_count; i++) {
		struct place anywhere = { .target = (uint32_t)i };

		if (report_root_of(result, &anywhere) != i)
			continue;
		add_base(sarif, NULL, i);
		human_begin(&sarif->words);
		buffer_add_string(&sarif->text, "what was scanned as ");
		human_add_text(&sarif->words, result->targets[i].path ? result->targets[i].path : result->targets[i].kind);
		sarif_add_message(sarif, "description");
		json_close(&sarif->writer, '}');
	}
	json_close(&sarif->writer, '}');
}

static void add_provenance(struct sarif *sarif)
{
	struct provenance provenance;

	provenance_find(&provenance);
	if (provenance.repository) {
		json_open(&sarif->writer, "versionControlProvenance", '[');
		json_open(&sarif->writer, NULL, '{');
		json_string(&sarif->writer, "repositoryUri", provenance.repository);
		if (provenance.revision)
			json_string(&sarif->writer, "revisionId", provenance.revision);
		if (provenance.branch)
			sarif_add_text(sarif, "branch", provenance.branch);
		json_close(&sarif->writer, '}');
		json_close(&sarif->writer, ']');
	}
	provenance_release(&provenance);
}

static void add_run(struct sarif *sarif, size_t first)
{
	size_t end = first + RESULTS_PER_RUN;

	json_open(&sarif->writer, NULL, '{');
	sarif_add_tool(sarif);
	json_open(&sarif->writer, "automationDetails", '{');
	human_begin(&sarif->words);
	buffer_add_string(&sarif->text, "staunch");
	if (first)
		buffer_add_format(&sarif->text, "-%zu", first / RESULTS_PER_RUN + 1);
	buffer_add_char(&sarif->text, '/');
	json_string(&sarif->writer, "id", sarif->text.bytes);
	json_close(&sarif->writer, '}');
	add_invocation(sarif, first == 0);
	add_provenance(sarif);
	add_bases(sarif);
	json_open(&sarif->writer, "results", '[');
	for (size_t i = first; i < sarif->result->finding_count && i < end; i++) {
		add_result(sarif, sarif->result->findings[i]);
		output_relieve(&sarif->report->output);
	}
	json_close(&sarif->writer, ']');
	json_close(&sarif->writer, '}');
}

static void sarif_finish(struct report *report, const struct report_result *result)
{
	struct sarif sarif = { .report = report, .result = result,
			       .writer = { .out = &report->output.pending, .pretty = true } };
	size_t first = 0;

	human_init(&sarif.words, &sarif.text, result);
	json_open(&sarif.writer, NULL, '{');
	json_string(&sarif.writer, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_string(&sarif.writer, "version", "2.1.0");
	json_open(&sarif.writer, "runs", '[');
	do {
		add_run(&sarif, first);
		first += RESULTS_PER_RUN;
	} while (first < result->finding_count);
	json_close(&sarif.writer, ']');
	json_close(&sarif.writer, '}');
	buffer_add_char(&report->output.pending, '\n');
	human_release(&sarif.words);
	buffer_release(&sarif.text);
}

const struct report_format report_format_sarif = { .name = "sarif", .finish = sarif_finish };
