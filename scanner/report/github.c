/*
 * GitHub Actions: a workflow command for each credential (docs.github.com, "Workflow commands for GitHub Actions"), which
 * becomes an annotation on the file, and a summary of the job in Markdown, added to the file that GITHUB_STEP_SUMMARY names.
 *
 * Names and messages come from strangers. Here a line break would begin another command, and the summary is a page: nothing of
 * theirs is written but letters, digits and what is escaped.
 */
#include "report/format.h"

#include "base/text.h"
#include "report/human.h"
#include "rule/rule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 500        /* of the summary's table: one step may write 1 MiB, */
#define SUMMARY_MAX 900000u /* which these bytes leave room in for the last lines */

struct github {
	struct report *report;
	const struct report_result *result;
	struct buffer *out, *summary; /* summary: NULL when there is none to be written */
	struct human words;           /* writes to text */
	struct buffer text;           /* for one value */
};

static int github_open(struct report *report, struct error *error)
{
	const char *file = getenv("GITHUB_STEP_SUMMARY");

	return file && *file ? output_open_end(&report->beside, file, error) : 0;
}

/* ---- commands ---- */

/* Add the words as a command's message, or with more escaped as the value of one of its properties. */
static void add_words(struct github *github, bool property)
{
	for (const char *at = github->text.bytes; *at; at++) {
		if (*at == '%' || *at == '\r' || *at == '\n' || (property && (*at == ':' || *at == ',')))
			buffer_add_format(github->out, "%%%02X", (unsigned char)*at);
		else
			buffer_add_char(github->out, *at);
	}
}

/* "file=src/a.ts,line=12,col=8," */
static void add_place(struct github *github, const struct place *place)
{
	const char *path = place ? report_root_path(github->result, place) : NULL;

	if (!path || (place->kind != PLACE_BLOB && !report_place_is_current(place)))
		return;
	buffer_add_string(github->out, "file=");
	human_value(&github->words, path);
	add_words(github, true);
	buffer_add_char(github->out, ',');
	if (place->line && !place->archive_path)
		buffer_add_format(github->out, "line=%" PRIu64 ",", place->line);
	if (place->line && place->column && !place->archive_path)
		buffer_add_format(github->out, "col=%" PRIu64 ",", place->column);
}

/* A key that is dead by now is a warning still: it was there, and somebody has to replace it. */
static const char *command_of(const struct finding *finding)
{
	const enum revocation_state state = finding->revocation.state;

	if (human_is_minor(finding))
		return "notice";
	return state == REVOCATION_ACCEPTED || state == REVOCATION_GONE ? "warning" : "error";
}

static void add_command(struct github *github, const struct finding *finding)
{
	const struct place *place = report_main_place(finding);
	struct human *words = &github->words;

	buffer_add_format(github->out, "::%s ", command_of(finding));
	add_place(github, place);
	buffer_add_string(github->out, "title=");
	human_value(words, finding->rule->name);
	buffer_add_char(words->out, ' ');
	report_shorten(words->out, finding);
	add_words(github, true);
	buffer_add_string(github->out, "::");
	human_begin(words);
	buffer_add_format(words->out, "%s, ", confidence_name(finding->confidence));
	human_add_outcome(words, finding);
	if (place && (place->archive_path || place->encoding)) {
		buffer_add_string(words->out, "\nin ");
		human_add_where(words, place);
	}
	if (place && place->commit[0])
		buffer_add_format(words->out, "\nin commit %.*s%s", HUMAN_ID_LENGTH, place->commit,
				  report_left_head(finding) ? ", no longer in HEAD" : "");
	if (!human_is_minor(finding)) {
		buffer_add_string(words->out, "\nnext: ");
		human_add_advice(words, finding);
	}
	add_words(github, false);
	buffer_add_char(github->out, '\n');
}

static void add_commands(struct github *github)
{
	for (size_t i = 0; i < github->result->finding_count; i++) {
		add_command(github, github->result->findings[i]);
		output_relieve(&github->report->output);
	}
	for (size_t i = 0; human_begin(&github->words) && human_add_gap(&github->words, i); i++) {
		buffer_add_string(github->out, "::error title=Not scanned::");
		add_words(github, false);
		buffer_add_char(github->out, '\n');
		output_relieve(&github->report->output);
	}
}

/* ---- the summary ---- */

/*
 * Add the words so that neither Markdown nor HTML sees anything in them: every character of ASCII that is no letter, digit or
 * blank as a numeric reference, which stands for the character and never for what it would do (CommonMark 0.31, 2.5).
 */
static void add_shown(struct github *github)
{
	for (const char *at = github->text.bytes; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte >= 0x80 || byte == ' ' || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z'))
			buffer_add_char(github->summary, *at);
		else
			buffer_add_format(github->summary, "&#%u;", byte);
	}
}

static void add_row(struct github *github, const struct finding *finding)
{
	const struct place *place = report_main_place(finding), *origin = report_origin(finding);
	struct human *words = &github->words;

	buffer_add_string(github->summary, "| <code>");
	report_shorten(human_begin(words), finding);
	add_shown(github);
	buffer_add_format(github->summary, "</code> | %s | ", confidence_name(finding->confidence));
	human_begin(words);
	human_add_outcome(words, finding);
	add_shown(github);
	buffer_add_string(github->summary, " | <code>");
	human_begin(words);
	if (place)
		human_add_where(words, place);
	add_shown(github);
	buffer_add_string(github->summary, "</code> | ");
	human_begin(words);
	if (origin)
		buffer_add_format(words->out, "%.*s", HUMAN_ID_LENGTH, origin->commit);
	add_shown(github);
	buffer_add_string(github->summary, " | ");
	human_begin(words);
	human_add_advice(words, finding);
	add_shown(github);
	buffer_add_string(github->summary, " |\n");
}

static void add_summary(struct github *github)
{
	const struct report_result *result = github->result;
	size_t rows = 0;

	buffer_add_string(github->summary, "## staunch: leaked credentials\n\n");
	human_begin(&github->words);
	human_add_summary(&github->words);
	for (char *at = github->text.bytes; *at; at++)
		*at = *at == '\n' ? ' ' : *at;
	add_shown(github);
	buffer_add_string(github->summary, "\n\n");
	if (result->finding_count)
		buffer_add_string(github->summary, "| Key | Confidence | Done | Where | Commit | Next |\n| --- | --- | --- | --- | --- | --- |\n");
	while (rows < result->finding_count && rows < ROWS_MAX && github->summary->length < SUMMARY_MAX)
		add_row(github, result->findings[rows++]);
	if (rows < result->finding_count)
		buffer_add_format(github->summary, "\n%zu more: the log of this step has them all.\n", result->finding_count - rows);
	if (result->incomplete_total || result->interrupted)
		buffer_add_string(github->summary, "\n**Not everything was scanned**: the log of this step says what was not.\n");
	buffer_add_char(github->summary, '\n');
}

static void github_finish(struct report *report, const struct report_result *result)
{
	struct github github = { .report = report, .result = result, .out = &report->output.pending };

	human_init(&github.words, &github.text, result);
	add_commands(&github);
	human_begin(&github.words);
	human_add_summary(&github.words);
	/* our own words, but for the log to stay what it is nothing of it may look like a command */
	buffer_add(github.out, github.text.bytes, github.text.length);
	if (report->beside.descriptor >= 0) {
		github.summary = &report->beside.pending;
		add_summary(&github);
	}
	human_release(&github.words);
	buffer_release(&github.text);
}

const struct report_format report_format_github = { .name = "github", .open = github_open, .finish = github_finish };
