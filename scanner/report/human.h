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

/* A number with its thousands apart: "1,234". */
void human_add_number(struct human *human, uint64_t number);

/* A number and its noun: "1 key", "1,234 keys". */
void human_add_count(struct human *human, uint64_t count, const char *one, const char *many);

/* A text from outside: masked, and harmless to the terminal. */
void human_add_text(struct human *human, const char *text);

/* What stands at the end: the run in one line, and what to do next. */
void human_add_summary(struct human *human);

#endif
