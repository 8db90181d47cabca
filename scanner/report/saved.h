/*
 * A run that is over, as far as it was written down: what `staunch report` makes other reports from.
 *
 * What was written down comes back from disk, over mail, from a stranger: it is checked member by member, and what is not as a
 * report of ours has it is an error that says where. There are no credentials in it, only their shortened forms and fingerprints.
 */
#ifndef STAUNCH_REPORT_SAVED_H
#define STAUNCH_REPORT_SAVED_H

#include "report/report.h"
#include "rule/rule.h"
#include "sandbox/sandbox.h"

/*
 * The result and all it points at, with room to add to it; another source of runs than a JSON report fills in one of these
 * with the saved_add_…() functions, sets the rest of result itself, and is done with saved_finish().
 */
struct saved {
	struct report_result result;  /* as reports take it, once saved_finish() was called */
	const struct rule_set *rules; /* borrowed: the rules in force, which tell more of a rule than a report does */
	struct sandbox sandbox;       /* what result points at, when the run had one */
	/* all owned */
	struct finding **findings;
	struct target *targets;
	struct incomplete *incomplete;
	struct rule **unknown; /* made for rules that are not in force */
	char **strings;        /* whatever the others point at */
	size_t finding_capacity, target_capacity, incomplete_capacity;
	size_t unknown_count, unknown_capacity, string_count, string_capacity;
};

void saved_init(struct saved *saved, const struct rule_set *rules);
void saved_release(struct saved *saved);

/* Keep a copy of a text for as long as *saved lives. NULL gives NULL. */
char *saved_keep(struct saved *saved, const char *text);

/*
 * Keep a shortened credential. Whoever wrote it down may have been anybody: should a whole key stand there after all, it is not shown, and
 * nothing of it steers a terminal.
 */
char *saved_keep_shown(struct saved *saved, const char *text);

/* Add an empty one, to be filled in; its strings are to be kept. Borrowed until the next of its kind is added (a finding: for good). */
struct finding *saved_add_finding(struct saved *saved);
struct target *saved_add_target(struct saved *saved);
struct incomplete *saved_add_incomplete(struct saved *saved);
struct place *saved_add_place(struct finding *finding);

/*
 * The rule of this id: one in force, or one made of what is known. Texts are kept. NULL when there are more rules than a report
 * can sensibly have (SAVED_RULES_MAX).
 */
#define SAVED_RULES_MAX 1000
const struct rule *saved_rule(struct saved *saved, const char *id, const char *provider);

/* Nothing more is added: have result point at everything. */
void saved_finish(struct saved *saved);

/*
 * Read a report of the format json from file ("-": standard input). Returns 0, and *saved is finished; ERROR_IO when it cannot
 * be read, ERROR_LIMIT when it is larger than SAVED_SIZE_MAX, ERROR_MALFORMED with "'FILE': findings[3].places[0].line: …".
 * Release *saved in either case.
 */
#define SAVED_SIZE_MAX (512u << 20)
int saved_read_json(struct saved *saved, const char *file, struct error *error);

/*
 * Add the places of a list in JSON, as report_add_places() writes it, to a finding. Their targets are numbers that mean something to the run
 * that wrote it: the caller sets them anew. from is who told, for the error: "'FROM' has places that no report has: places[0].line: …".
 */
int saved_read_places(struct saved *saved, struct finding *finding, const char *places, const char *from, struct error *error);

#endif
