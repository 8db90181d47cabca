/*
 * Reports: what was found, in the form that a person or a program wants.
 *
 * One file per format. This room is the only one that turns a credential into text, always shortened (report_shorten()).
 * A report is opened before the scan, so that a file that cannot be written is known before anything is revoked, told of
 * each finding as it is settled, and finished at the end with the whole result.
 */
#ifndef STAUNCH_REPORT_REPORT_H
#define STAUNCH_REPORT_REPORT_H

#include "base/buffer.h"
#include "base/error.h"
#include "finding.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Everything a run can say. Borrowed by the report during each call. */
struct report_result {
	const char *version; /* "0.1.0" */
	int64_t started, finished; /* seconds since the epoch */
	bool dry_run;
	bool interrupted;       /* while scanning: not everything was */
	bool interrupted_later; /* when everything had been scanned: not everything was sent, perhaps */
	bool verbose;                  /* the human format says what it otherwise says only when something is missing */
	const struct sandbox *sandbox; /* in force while scanning; NULL when nothing was scanned */
	const struct target *targets;
	size_t target_count;
	struct finding *const *findings; /* in report order */
	size_t finding_count;
	const struct incomplete *incomplete;
	size_t incomplete_count;  /* entries kept */
	uint64_t incomplete_total; /* all there were */
	uint64_t suppressed;
	enum confidence min_confidence; /* below it nothing is sent */
	const char *hook;               /* "pre-commit" and so on, in a hook; NULL */
	bool no_repo_config;            /* what the repository allows does not count */
};

struct report;
struct sandbox;

enum report_color { REPORT_COLOR_AUTO = 0, REPORT_COLOR_ALWAYS, REPORT_COLOR_NEVER };

/*
 * Open a report from an option's "FMT" or "FMT:FILE"; FILE "-" or none is standard output. The file is written under a temporary name
 * beside it and renamed when finished, so that an earlier report survives a run that dies; a FILE that is no regular file (a FIFO, /dev/stderr)
 * is written directly. Returns 0, ERROR_CONFIGURATION for an unknown format (the message lists the known ones), or ERROR_IO.
 */
int report_open(struct report **report, const char *specification, enum report_color color, struct error *error);

/* Whether this report goes to standard output: two that do are a usage error. */
bool report_to_stdout(const struct report *report);

/* A finding that is settled, in report order. Only jsonl writes here. */
void report_settled(struct report *report, const struct report_result *result, const struct finding *finding);

/*
 * Write what is left and close. Returns 0, or ERROR_IO when not every byte could be written (disk full, closed pipe). The report is freed
 * either way. A NULL result drops the report: nothing of it stays behind.
 */
int report_finish(struct report *report, const struct report_result *result, struct error *error);

/*
 * Add the shortened form of a credential: its prefix (the rule's literal it begins with), 4 characters, "…", its last 4
 * ("vck_2Ykm…zP2K"). A credential too short for that shows less: never more than half of its characters beyond the prefix; and a
 * prefix that is more than half of it is none.
 */
void report_shorten(struct buffer *buffer, const struct finding *finding);

/*
 * Add a text from outside (a path, a name, a provider's words) for a terminal: with every credential of the result in it shortened, since
 * a file can be called like the key it leaked, what else looks like one too (base/mask.h), and harmless as text_add_harmless() makes it.
 */
void report_add_harmless(struct buffer *buffer, const struct report_result *result, const char *text);

/*
 * As report_add_harmless(), for what is stored and not shown: nothing but credentials is changed.
 */
void report_add_masked(struct buffer *buffer, const struct report_result *result, const char *text);

/* Add the finding's places as the JSON reports have them: the value of "places", on one line. */
void report_add_places(struct buffer *buffer, const struct report_result *result, const struct finding *finding);

/* The names of the formats, ended by NULL. */
extern const char *const report_format_names[];

#endif
