/*
 * The words and figures of the format for people. Private to report/.
 */
#ifndef STAUNCH_REPORT_HUMAN_H
#define STAUNCH_REPORT_HUMAN_H

#include "report/format.h"

/* A report being written for a person. */
struct human {
	struct buffer *out; /* borrowed */
	bool color;
	const struct report_result *result;
	struct report_mask mask;
};

#define HUMAN_BOLD "\033[1m"
#define HUMAN_DIM "\033[2m"
#define HUMAN_RED "\033[31m"
#define HUMAN_GREEN "\033[32m"
#define HUMAN_YELLOW "\033[33m"
#define HUMAN_CYAN "\033[36m"
#define HUMAN_PLAIN "\033[0m"

/* Show what follows like this, where colours are wanted; HUMAN_PLAIN ends it. */
void human_set_style(struct human *human, const char *style);

/* A number with its thousands apart: "1,234". */
void human_add_number(struct human *human, uint64_t number);

/* A number and its noun: "1 key", "1,234 keys". */
void human_add_count(struct human *human, uint64_t count, const char *one, const char *many);

#define HUMAN_DATE_LENGTH 10 /* "2026-11-23" */
void human_add_date(struct human *human, int64_t date);

#define HUMAN_ID_LENGTH 10 /* digits that are shown of an object id */

/* A text from outside: masked, and harmless to the terminal. */
void human_add_text(struct human *human, const char *text);

/* A place, as "src/config.ts:12:8". */
void human_add_where(struct human *human, const struct place *place);

/* The first of a finding's places and the newest, a line each. */
void human_add_places(struct human *human, const struct finding *finding);

/* What became of it in git's history: whether somebody who clones the repository today gets it too. */
void human_add_reach(struct human *human, const struct finding *finding);

/* What stands at the end: the run in one line, and what to do next. */
void human_add_summary(struct human *human);

#endif
