/*
 * JUnit XML as CI systems read it (there is no standard; github.com/testmoapp/junitxml writes down what they have in common):
 * one test case is one credential, and it fails. What is only possible is a skipped one, what was not scanned an error, and a
 * run that found nothing is one case that passed.
 */
#include "report/format.h"

#include "base/text.h"
#include "report/human.h"
#include "rule/rule.h"

#include <inttypes.h>

struct junit {
	struct report *report;
	const struct report_result *result;
	struct buffer *out;
	struct human words; /* writes to text */
	struct buffer text; /* for one value */
};

static void add_escaped(struct junit *junit)
{
	report_add_markup(junit->out, junit->text.bytes);
}

static void add_attribute(struct junit *junit, const char *name)
{
	buffer_add_format(junit->out, " %s=\"", name);
	add_escaped(junit);
	buffer_add_char(junit->out, '"');
}

/* ---- cases ---- */

static void add_place_attributes(struct junit *junit, const struct place *place)
{
	const char *path = place ? report_root_path(junit->result, place) : NULL;

	if (!path)
		return;
	human_value(&junit->words, path);
	add_attribute(junit, "file");
	if (place->line && !place->archive_path)
		buffer_add_format(junit->out, " line=\"%" PRIu64 "\"", place->line);
}

/* What the platform shows when the case is opened: as in the report for people, without its styles. */
static void add_body(struct junit *junit, const struct finding *finding)
{
	struct human *words = &junit->words;

	human_begin(words);
	human_add_places(words, finding);
	human_add_reach(words, finding);
	if (!human_is_minor(finding)) {
		buffer_add_format(words->out, "  %-*s", HUMAN_LABEL_LENGTH, "next");
		human_add_advice(words, finding);
		buffer_add_char(words->out, '\n');
	}
	buffer_add_format(words->out, "  sha256:%s\n", finding->fingerprint);
	add_escaped(junit);
}

static void add_finding(struct junit *junit, const struct finding *finding)
{
	const struct place *place = report_main_place(finding);
	const char *element = human_is_minor(finding) ? "skipped" : "failure";

	buffer_add_string(junit->out, "    <testcase");
	human_value(&junit->words, finding->rule->id);
	add_attribute(junit, "classname");
	report_shorten(human_begin(&junit->words), finding);
	if (place) {
		buffer_add_string(&junit->text, " in ");
		human_add_where(&junit->words, place);
	}
	add_attribute(junit, "name");
	add_place_attributes(junit, place);
	buffer_add_format(junit->out, " time=\"0\">\n      <%s", element);
	human_value(&junit->words, finding->rule->name);
	buffer_add_string(&junit->text, ": ");
	human_add_outcome(&junit->words, finding);
	add_attribute(junit, "message");
	if (!human_is_minor(finding))
		buffer_add_format(junit->out, " type=\"%s\"", confidence_name(finding->confidence));
	buffer_add_string(junit->out, ">\n");
	add_body(junit, finding);
	buffer_add_format(junit->out, "      </%s>\n    </testcase>\n", element);
}

static void add_gaps(struct junit *junit)
{
	for (size_t i = 0; human_begin(&junit->words) && human_add_gap(&junit->words, i); i++) {
		buffer_add_string(junit->out, "    <testcase classname=\"staunch\"");
		add_attribute(junit, "name");
		buffer_add_string(junit->out, " time=\"0\">\n      <error type=\"incomplete\"");
		add_attribute(junit, "message");
		buffer_add_string(junit->out, "/>\n    </testcase>\n");
		output_relieve(&junit->report->output);
	}
}

/* ---- the suite ---- */

struct counts {
	uint64_t tests, failures, errors, skipped;
};

static struct counts count_cases(struct junit *junit)
{
	struct counts counts = { 0 };

	for (size_t i = 0; i < junit->result->finding_count; i++) {
		if (human_is_minor(junit->result->findings[i]))
			counts.skipped++;
		else
			counts.failures++;
	}
	while (human_begin(&junit->words) && human_add_gap(&junit->words, counts.errors))
		counts.errors++;
	counts.tests = counts.failures + counts.skipped + counts.errors;
	counts.tests += counts.tests == 0; /* the one that passed */
	return counts;
}

static void add_suite(struct junit *junit, const char *element, const struct counts *counts)
{
	int64_t seconds = junit->result->finished - junit->result->started;

	buffer_add_format(junit->out,
			  "<%s name=\"staunch\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64
			  "\" skipped=\"%" PRIu64 "\" time=\"%" PRId64 "\"",
			  element, counts->tests, counts->failures, counts->errors, counts->skipped, seconds > 0 ? seconds : 0);
}

static void junit_finish(struct report *report, const struct report_result *result)
{
	struct junit junit = { .report = report, .result = result, .out = &report->output.pending };
	char started[TEXT_TIME_SIZE];
	struct counts counts;

	human_init(&junit.words, &junit.text, result);
	counts = count_cases(&junit);
	text_format_time(result->started, started);
	buffer_add_string(junit.out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	add_suite(&junit, "testsuites", &counts);
	buffer_add_string(junit.out, ">\n  ");
	add_suite(&junit, "testsuite", &counts);
	buffer_add_format(junit.out, " timestamp=\"%s\">\n", started);
	for (size_t i = 0; i < result->finding_count; i++) {
		add_finding(&junit, result->findings[i]);
		output_relieve(&report->output);
	}
	add_gaps(&junit);
	if (!result->finding_count && !counts.errors)
		buffer_add_string(junit.out, "    <testcase classname=\"staunch\" name=\"no credential found\" time=\"0\"/>\n");
	buffer_add_string(junit.out, "  </testsuite>\n</testsuites>\n");
	human_release(&junit.words);
	buffer_release(&junit.text);
}

const struct report_format report_format_junit = { .name = "junit", .finish = junit_finish };
