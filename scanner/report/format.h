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
	/* NULL: nothing is written before the end */
	void (*settled)(struct report *report, const struct report_result *result, const struct finding *finding);
	void (*finish)(struct report *report, const struct report_result *result);
};

extern const struct report_format report_format_human, report_format_json, report_format_jsonl;

struct report {
	const struct report_format *format;
	struct output output;
	bool color; /* for human */
};

/* How many findings stand in each state, for summaries. */
struct report_counts {
	uint64_t by_state[REVOCATION_STATE_COUNT];
	uint64_t possible; /* of those in REVOCATION_NONE: the ones that are only possible */
	uint64_t places;
};
struct report_counts report_count(const struct report_result *result);

/* Whether the place is in git's database, so that reachability and commits mean something. */
bool report_place_in_git(const struct place *place);

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
