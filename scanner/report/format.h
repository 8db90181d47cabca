/*
 * What the formats share. Private to report/.
 *
 * A format adds its text to report->output.pending and calls output_relieve() between findings, so that a report
 * of any size needs little memory. Whether everything could be written is asked once, at the end.
 */
#ifndef STAUNCH_REPORT_FORMAT_H
#define STAUNCH_REPORT_FORMAT_H

#include "report/output.h"
#include "report/report.h"

struct report_format {
	const char *name;
	/* NULL: nothing but the output itself is to be opened. Returns 0 or a negative code; what it opened is the report's */
	int (*open)(struct report *report, struct error *error);
	/* NULL: nothing is written before the end */
	void (*settled)(struct report *report, const struct report_result *result, const struct finding *finding);
	void (*finish)(struct report *report, const struct report_result *result);
};

extern const struct report_format report_format_human, report_format_json, report_format_jsonl, report_format_sarif,
	report_format_gitlab, report_format_junit, report_format_csv, report_format_html, report_format_github;
extern const struct report_format report_format_hook; /* what `hook run` writes, for no one else to ask for */

struct report {
	const struct report_format *format;
	struct output output;
	struct output beside; /* for github: the job's summary; descriptor -1: there is none */
	bool color, links; /* for human, as is the next */
	size_t width;      /* columns of the terminal; 0: no terminal */
};

/* How many findings stand in each state, for summaries. */
struct report_counts {
	uint64_t by_state[REVOCATION_STATE_COUNT];
	uint64_t possible; /* of those in REVOCATION_NONE: the ones that are only possible */
	uint64_t submitted; /* of those in REVOCATION_ACCEPTED: the ones whose rule promises no more than that */
	uint64_t alive;     /* still working after their report */
	uint64_t places;
};
struct report_counts report_count(const struct report_result *result);

/* Whether the place is in git's database, so that reachability and commits mean something. */
bool report_place_in_git(const struct place *place);

/* Whether the place is a file as it is now, on disk or in the index. */
bool report_place_is_current(const struct place *place);

/*
 * The place that somebody should look at first: a file as it is now, otherwise the newest one in history, reachable ones
 * before others. NULL: the finding has no place. Borrowed.
 */
const struct place *report_main_place(const struct finding *finding);

/* The place whose commit brought the credential in: the first one that has a commit. NULL: none has. Borrowed. */
const struct place *report_origin(const struct finding *finding);

/*
 * Whether HEAD's tree is known not to hold it, while commits do, or objects that nothing leads to. Where only what some commits add was looked at,
 * or what stands in a message, nothing is known of that.
 */
bool report_left_head(const struct finding *finding);

/*
 * A place's path as it is called inside the repository that was scanned, so that the platforms which know it by that name
 * find it: without the folder given on the command line. Borrowed from the place; NULL when it has no path.
 */
const char *report_root_path(const struct report_result *result, const struct place *place);

/* The target that such a path begins at: a repository's history and its files share one. */
size_t report_root_of(const struct report_result *result, const struct place *place);

/* A path as it stands in a URI: everything but letters, digits, "/" and "-._~" as %HH (RFC 3986, 2.1 and 2.3), byte by byte. */
void report_add_uri(struct buffer *buffer, const char *path);

/*
 * Add a text to XML or HTML, as an element's text or in an attribute's quotes: nothing of it is markup there. It is UTF-8
 * without control characters: human_add_text() has seen to that.
 */
void report_add_markup(struct buffer *buffer, const char *text);

/*
 * Paths, names and messages may hold a credential themselves: a file can be called like the key it leaked. Every
 * text from outside is written with each credential of the result in its shortened form, and with what else looks
 * like one shortened as well (base/mask.h). For texts of our own (ids, fingerprints) it is not.
 */
struct report_mask {
	const struct report_result *result;
	const struct finding *finding; /* one more, which the result may not have yet; or NULL */
	const struct rule **rules;     /* owned: each rule of the findings once, rule_count of them */
	size_t rule_count, rule_capacity;
};
void report_mask_init(struct report_mask *mask, const struct report_result *result, const struct finding *finding);
void report_mask_release(struct report_mask *mask);
void report_mask_add(const struct report_mask *mask, struct buffer *buffer, const char *text);

#endif
