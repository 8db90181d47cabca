/*
 * GitLab's secret detection report, schema 15.2.1 (gitlab.com/gitlab-org/security-products/security-report-schemas,
 * secret-detection-report-format.json; docs.gitlab.com, "Security scanner integration"). GitLab refuses a report that its
 * schema does not hold for.
 *
 * One vulnerability is one credential, at the place that somebody should look at first.
 */
#include "report/format.h"

#include "base/text.h"
#include "report/human.h"
#include "report/json_writer.h"
#include "rule/rule.h"

#include <string.h>

#define SCHEMA_VERSION "15.2.1"
#define NAME_MAX_CHARACTERS 255
#define SOLUTION_MAX_CHARACTERS 7000
#define NO_COMMIT "0000000" /* GitLab's own analyzer says this of what is in no commit; the member has to be there */

struct gitlab {
	const struct report_result *result;
	struct json_writer writer;
	struct human words; /* writes to text */
	struct buffer text; /* for one value */
};

/* End the text with the character that is the last one allowed. */
static void cut_text(struct gitlab *gitlab, size_t characters)
{
	size_t at = 0, seen = 0;

	for (; at < gitlab->text.length; at++) {
		if (((unsigned char)gitlab->text.bytes[at] & 0xc0) != 0x80 && seen++ == characters)
			break;
	}
	gitlab->text.bytes[at] = '\0';
	gitlab->text.length = at;
}

static void add_text(struct gitlab *gitlab, const char *name, const char *text)
{
	json_string(&gitlab->writer, name, human_value(&gitlab->words, text));
}

/* The schema wants a time without its zone, which is UTC. */
static void add_time(struct gitlab *gitlab, const char *name, int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	text_format_time(seconds, text);
	text[strlen(text) - 1] = '\0';
	json_string(&gitlab->writer, name, text);
}

static void add_program(struct gitlab *gitlab, const char *name)
{
	struct json_writer *writer = &gitlab->writer;

	json_open(writer, name, '{');
	json_string(writer, "id", "staunch");
	json_string(writer, "name", "staunch");
	json_string(writer, "version", gitlab->result->version);
	json_open(writer, "vendor", '{');
	json_string(writer, "name", "staunch");
	json_close(writer, '}');
	json_close(writer, '}');
}

static void add_message(struct gitlab *gitlab)
{
	json_open(&gitlab->writer, NULL, '{');
	json_string(&gitlab->writer, "level", "warn");
	json_string(&gitlab->writer, "value", gitlab->text.bytes);
	json_close(&gitlab->writer, '}');
}

static void add_messages(struct gitlab *gitlab)
{
	json_open(&gitlab->writer, "messages", '[');
	for (size_t i = 0; human_begin(&gitlab->words) && human_add_gap(&gitlab->words, i); i++)
		add_message(gitlab);
	json_close(&gitlab->writer, ']');
}

static void add_scan(struct gitlab *gitlab)
{
	const struct report_result *result = gitlab->result;

	json_open(&gitlab->writer, "scan", '{');
	add_program(gitlab, "analyzer");
	add_program(gitlab, "scanner");
	json_string(&gitlab->writer, "type", "secret_detection");
	add_time(gitlab, "start_time", result->started);
	add_time(gitlab, "end_time", result->finished);
	json_string(&gitlab->writer, "status", result->incomplete_total || result->interrupted ? "failure" : "success");
	add_messages(gitlab);
	json_close(&gitlab->writer, '}');
}

/* Always the same for the same credential: its fingerprint in the form of a UUID of version 8, which is anybody's own (RFC 9562). */
static void add_id(struct gitlab *gitlab, const struct finding *finding)
{
	const char *hex = finding->fingerprint;

	buffer_add_format(human_begin(&gitlab->words), "%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
	json_string(&gitlab->writer, "id", gitlab->text.bytes);
}

static void add_identifier(struct gitlab *gitlab, const char *type, const char *name, const char *value, const char *url)
{
	json_open(&gitlab->writer, NULL, '{');
	json_string(&gitlab->writer, "type", type);
	add_text(gitlab, "name", name);
	add_text(gitlab, "value", value);
	if (url)
		json_string(&gitlab->writer, "url", url);
	json_close(&gitlab->writer, '}');
}

/* The first one and the place are what GitLab knows a vulnerability by: two keys on one line have to differ in it. */
static void add_identifiers(struct gitlab *gitlab, const struct finding *finding)
{
	struct buffer fingerprint = BUFFER_INIT;

	buffer_add_format(&fingerprint, "sha256:%s", finding->fingerprint);
	json_open(&gitlab->writer, "identifiers", '[');
	add_identifier(gitlab, "staunch_credential", fingerprint.bytes, fingerprint.bytes, NULL);
	add_identifier(gitlab, "staunch_rule", finding->rule->id, finding->rule->id, NULL);
	add_identifier(gitlab, "cwe", "CWE-798", "798", "https://cwe.mitre.org/data/definitions/798.html");
	json_close(&gitlab->writer, ']');
	buffer_release(&fingerprint);
}

static void add_location(struct gitlab *gitlab, const struct place *place, const struct place *commit)
{
	struct json_writer *writer = &gitlab->writer;
	const char *path = place ? report_root_path(gitlab->result, place) : NULL;

	json_open(writer, "location", '{');
	if (path)
		add_text(gitlab, "file", path);
	if (place && place->line && !place->archive_path) { /* otherwise it is a line of what is in the container */
		json_number(writer, "start_line", place->line);
		json_number(writer, "end_line", place->line);
	}
	json_open(writer, "commit", '{');
	json_string(writer, "sha", commit ? commit->commit : NO_COMMIT);
	if (commit && commit->author)
		add_text(gitlab, "author", commit->author);
	if (commit && commit->has_date)
		json_time(writer, "date", commit->date);
	json_close(writer, '}');
	json_close(writer, '}');
}

static void add_vulnerability(struct gitlab *gitlab, const struct finding *finding)
{
	static const char *const severities[] = {
		[CONFIDENCE_POSSIBLE] = "Low", [CONFIDENCE_LIKELY] = "High", [CONFIDENCE_CERTAIN] = "Critical",
	};
	const struct place *place = report_main_place(finding);
	struct json_writer *writer = &gitlab->writer;
	struct buffer *text;

	json_open(writer, NULL, '{');
	add_id(gitlab, finding);
	json_string(writer, "category", "secret_detection");
	human_begin(&gitlab->words);
	human_add_text(&gitlab->words, finding->rule->name);
	cut_text(gitlab, NAME_MAX_CHARACTERS);
	json_string(writer, "name", gitlab->text.bytes);
	text = human_begin(&gitlab->words);
	report_shorten(text, finding);
	buffer_add_format(text, ", %s, ", confidence_name(finding->confidence));
	human_add_outcome(&gitlab->words, finding);
	if (place && (place->archive_path || place->encoding)) {
		buffer_add_string(text, ", in ");
		human_add_where(&gitlab->words, place);
	}
	json_string(writer, "description", text->bytes);
	json_string(writer, "severity", severities[finding->confidence]);
	human_begin(&gitlab->words);
	human_add_advice(&gitlab->words, finding);
	cut_text(gitlab, SOLUTION_MAX_CHARACTERS);
	if (text->length)
		json_string(writer, "solution", text->bytes);
	add_identifiers(gitlab, finding);
	add_location(gitlab, place, place && place->commit[0] ? place : report_origin(finding));
	json_close(writer, '}');
}

static void gitlab_finish(struct report *report, const struct report_result *result)
{
	struct gitlab gitlab = { .result = result, .writer = { .out = &report->output.pending, .pretty = true } };

	human_init(&gitlab.words, &gitlab.text, result);
	json_open(&gitlab.writer, NULL, '{');
	json_string(&gitlab.writer, "version", SCHEMA_VERSION);
	add_scan(&gitlab);
	json_open(&gitlab.writer, "vulnerabilities", '[');
	for (size_t i = 0; i < result->finding_count; i++) {
		add_vulnerability(&gitlab, result->findings[i]);
		output_relieve(&report->output);
	}
	json_close(&gitlab.writer, ']');
	json_close(&gitlab.writer, '}');
	buffer_add_char(&report->output.pending, '\n');
	human_release(&gitlab.words);
	buffer_release(&gitlab.text);
}

const struct report_format report_format_gitlab = { .name = "gitlab", .finish = gitlab_finish };
