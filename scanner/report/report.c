#define _GNU_SOURCE
#include "report/format.h"

#include "base/memory.h"
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct report_format *const formats[] = {
	&report_format_human, &report_format_json, &report_format_jsonl, &report_format_sarif, &report_format_gitlab,
	&report_format_junit, &report_format_csv,  &report_format_html,  &report_format_github,
	&report_format_hook,
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(*formats))

const char *const report_format_names[] = { "human", "json", "jsonl", "sarif", "gitlab", "junit",
					    "csv",   "html", "github", NULL };

static const struct report_format *find_format(const char *name, size_t length)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (strlen(formats[i]->name) == length && memcmp(formats[i]->name, name, length) == 0)
			return formats[i];
	}
	return NULL;
}

static int fail_unknown(const char *name, size_t length, struct error *error)
{
	struct buffer known = BUFFER_INIT;
	int result;

	for (size_t i = 0; report_format_names[i]; i++)
		buffer_add_format(&known, "%s%s", i ? ", " : "", report_format_names[i]);
	result = error_set(error, ERROR_CONFIGURATION, "unknown report format '%.*s'; known are %s", (int)length,
			   name, known.bytes);
	buffer_release(&known);
	return result;
}

/* https://no-color.org: NO_COLOR counts when it is there and not empty. */
static bool wants_color(enum report_color color, int descriptor)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (color != REPORT_COLOR_AUTO)
		return color == REPORT_COLOR_ALWAYS;
	return isatty(descriptor) && !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0);
}

#define WIDTH_MIN 40 /* narrower than that nothing of use fits a line */

/* COLUMNS counts when it is a number: it is how a person says it. */
static size_t terminal_width(int descriptor)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	unsigned long width;

	if (!isatty(descriptor))
		return 0;
	width = columns ? strtoul(columns, NULL, 10) : 0;
	if (!width && ioctl(descriptor, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	return width && width < WIDTH_MIN ? WIDTH_MIN : width;
}

int report_open(struct report **report, const char *specification, enum report_color color, struct error *error)
{
	size_t length = strcspn(specification, ":");
	const char *file = specification[length] ? specification + length + 1 : "-";
	const struct report_format *format = find_format(specification, length);
	struct output output;
	int result;

	*report = NULL;
	if (!format)
		return fail_unknown(specification, length, error);
	if (!*file)
		return error_set(error, ERROR_CONFIGURATION, "no file name after '%s'", specification);
	result = output_open(&output, file, error);
	if (result)
		return result;
	*report = memory_allocate_zeroed(1, sizeof(**report));
	(*report)->format = format;
	(*report)->output = output;
	(*report)->beside = (struct output){ .descriptor = -1 };
	(*report)->color = wants_color(color, output.descriptor);
	(*report)->links = (*report)->color && isatty(output.descriptor);
	(*report)->width = terminal_width(output.descriptor);
	result = format->open ? format->open(*report, error) : 0;
	if (result) {
		report_finish(*report, NULL, NULL);
		*report = NULL;
	}
	return result;
}

bool report_to_stdout(const struct report *report)
{
	return report->output.is_stdout;
}

void report_settled(struct report *report, const struct report_result *result, const struct finding *finding)
{
	if (report->format->settled)
		report->format->settled(report, result, finding);
}

int report_finish(struct report *report, const struct report_result *result, struct error *error)
{
	int failure;

	if (result)
		report->format->finish(report, result);
	failure = output_close(&report->output, result != NULL, error);
	if (report->beside.descriptor >= 0 && output_close(&report->beside, result != NULL, failure ? NULL : error))
		failure = ERROR_IO;
	free(report);
	return failure;
}

struct report_counts report_count(const struct report_result *result)
{
	struct report_counts counts = { 0 };

	for (size_t i = 0; i < result->finding_count; i++) {
		const struct finding *finding = result->findings[i];

		counts.by_state[finding->revocation.state]++;
		counts.places += finding->places_total;
		if (finding->revocation.state == REVOCATION_NONE && finding->confidence == CONFIDENCE_POSSIBLE)
			counts.possible++;
		if (finding->revocation.state == REVOCATION_ACCEPTED && finding->rule->submitted_only)
			counts.submitted++;
		if (finding->revocation.verified == VERIFICATION_ALIVE)
			counts.alive++;
	}
	return counts;
}

bool report_place_in_git(const struct place *place)
{
	switch (place->kind) {
	case PLACE_BLOB:
	case PLACE_INDEX:
	case PLACE_COMMIT_MESSAGE:
	case PLACE_TAG_MESSAGE:
	case PLACE_NOTE:
	case PLACE_REFLOG:
		return true;
	case PLACE_PATH:
		return place->commit[0] != '\0'; /* a name in a tree; otherwise one on disk */
	case PLACE_FILE:
	case PLACE_CONFIG:
	case PLACE_STDIN:
	case PLACE_KIND_COUNT:
		break;
	}
	return false;
}
