/*
 * CSV (RFC 4180) for spreadsheets: a row is one credential, or something that was not scanned.
 *
 * Spreadsheets take a cell that begins with = + - or @ for a formula and run it when the file is opened (OWASP, "CSV
 * Injection"). Such a text gets an apostrophe in front, which spreadsheets take for "this is text". A program in a country
 * that separates cells by ";" sees other beginnings, so what could begin a cell there gets one too.
 */
#include "report/format.h"

#include "base/text.h"
#include "report/human.h"
#include "rule/rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const columns[] = {
	"record", "rule", "provider", "confidence", "secret", "fingerprint", "state",     "outcome", "kind",    "path",       "line",
	"column", "commit", "author", "date",       "reachable", "at_head",  "places", "commits", "removed", "removed_in", "revoked",
	"archive_path", "encoding",
};
#define COLUMN_COUNT (sizeof(columns) / sizeof(*columns))

struct csv {
	struct buffer *out;
	struct human words; /* writes to text */
	struct buffer text; /* for one value */
	size_t column;      /* cells of this row so far */
};

/* Wide forms of the same characters, which some programs read as the narrow ones: U+FF1D, U+FF0B, U+FF0D, U+FF20. */
static bool begins_formula(const char *text)
{
	return strchr("=+-@", *text) || strncmp(text, "\xef\xbc\x9d", 3) == 0 || strncmp(text, "\xef\xbc\x8b", 3) == 0 ||
	       strncmp(text, "\xef\xbc\x8d", 3) == 0 || strncmp(text, "\xef\xbc\xa0", 3) == 0;
}

/* Add the words as one cell. They hold no control characters, so no cell holds a line break. */
static void add_words(struct csv *csv)
{
	bool at_beginning = true;

	if (csv->column++)
		buffer_add_char(csv->out, ',');
	buffer_add_char(csv->out, '"');
	for (const char *at = csv->text.bytes; *at; at++) {
		if (at_beginning && begins_formula(at))
			buffer_add_char(csv->out, '\'');
		if (*at == '"')
			buffer_add_char(csv->out, '"');
		buffer_add_char(csv->out, *at);
		at_beginning = strchr(",;|\"", *at) || (at_beginning && *at == ' ');
	}
	buffer_add_char(csv->out, '"');
}

static void add_text(struct csv *csv, const char *text)
{
	human_value(&csv->words, text ? text : "");
	add_words(csv);
}

/* Add a cell of ours, which is a word, a number or empty. */
static void add_plain(struct csv *csv, const char *text)
{
	if (csv->column++)
		buffer_add_char(csv->out, ',');
	buffer_add_string(csv->out, text);
}

static void add_number(struct csv *csv, uint64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, number);
	add_plain(csv, number ? digits : "");
}

static void add_time(struct csv *csv, bool known, int64_t seconds)
{
	char text[TEXT_TIME_SIZE] = "";

	if (known)
		text_format_time(seconds, text);
	add_plain(csv, text);
}

/* Fill the row with empty cells up to its last column, and end it. */
static void end_row(struct csv *csv)
{
	while (csv->column < COLUMN_COUNT)
		add_plain(csv, "");
	buffer_add_string(csv->out, "\r\n");
	csv->column = 0;
}

/* Where it stands, and who brought it in. */
static void add_place(struct csv *csv, const struct place *place, const struct place *origin)
{
	static const struct place none;
	bool known = place != NULL;

	place = known ? place : &none;
	origin = origin ? origin : &none;
	add_plain(csv, known ? place_kind_name(place->kind) : "");
	add_text(csv, report_root_path(csv->words.result, place));
	add_number(csv, place->line);
	add_number(csv, place->column);
	add_plain(csv, origin->commit);
	add_text(csv, origin->author);
	add_time(csv, origin->has_date, origin->date);
	add_plain(csv, !known || !report_place_in_git(place) ? "" : place->reachable ? "yes" : "no");
}

/* The way into a container, "inner.zip!src/config.ts", and what the credential is encoded in there. */
static void add_form(struct csv *csv, const struct place *place)
{
	human_begin(&csv->words);
	human_add_members(&csv->words, place ? place->archive_path : NULL);
	add_words(csv);
	human_begin(&csv->words);
	if (place && place->encoding)
		human_add_encoding(&csv->words, place->encoding);
	add_words(csv);
}

static void add_finding(struct csv *csv, const struct finding *finding)
{
	const struct revocation *revocation = &finding->revocation;

	add_plain(csv, "key");
	add_text(csv, finding->rule->id);
	add_text(csv, finding->rule->provider);
	add_plain(csv, confidence_name(finding->confidence));
	report_shorten(human_begin(&csv->words), finding);
	add_words(csv);
	buffer_add_format(human_begin(&csv->words), "sha256:%s", finding->fingerprint);
	add_words(csv);
	add_plain(csv, revocation_state_name(revocation->state));
	human_begin(&csv->words);
	human_add_outcome(&csv->words, finding);
	add_words(csv);
	add_place(csv, report_main_place(finding), report_origin(finding));
	add_plain(csv, finding->at_head ? "yes" : report_left_head(finding) ? "no" : "");
	add_number(csv, finding->places_total);
	add_number(csv, finding->commits_total);
	add_time(csv, finding->removed.commit[0] && !finding->at_head, finding->removed.date);
	add_plain(csv, finding->at_head ? "" : finding->removed.commit);
	add_time(csv, revocation->has_time && (revocation->state == REVOCATION_ACCEPTED || revocation->state == REVOCATION_GONE),
		 revocation->at);
	add_form(csv, report_main_place(finding));
	end_row(csv);
}

static void csv_finish(struct report *report, const struct report_result *result)
{
	struct csv csv = { .out = &report->output.pending };

	human_init(&csv.words, &csv.text, result);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		add_plain(&csv, columns[i]);
	end_row(&csv);
	for (size_t i = 0; i < result->finding_count; i++) {
		add_finding(&csv, result->findings[i]);
		output_relieve(&report->output);
	}
	for (size_t i = 0; human_begin(&csv.words) && human_add_gap(&csv.words, i); i++) {
		add_plain(&csv, "not scanned");
		while (strcmp(columns[csv.column], "outcome") != 0)
			add_plain(&csv, "");
		add_words(&csv);
		end_row(&csv);
		output_relieve(&report->output);
	}
	human_release(&csv.words);
	buffer_release(&csv.text);
}

const struct report_format report_format_csv = { .name = "csv", .finish = csv_finish };
