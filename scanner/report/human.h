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
	size_t width; /* columns of the terminal; 0: lines may be of any length */
	bool links;   /* file names are links (OSC 8) */
	const struct report_result *result;
	struct report_mask mask;
};

/*
 * For the same words in another format: they go to *out as plain text, harmless to a terminal and with nothing in it that
 * would need a second look but what the other format itself gives a meaning to. Release it.
 */
void human_init(struct human *human, struct buffer *out, const struct report_result *result);
void human_release(struct human *human);

/* Empty what they go to, for the next value. Returns that buffer, whose bytes are a text. */
struct buffer *human_begin(struct human *human);

/* The value that is a text from outside, as human_add_text() has it. Borrowed until the next one. */
const char *human_value(struct human *human, const char *text);

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

/* How many columns a text takes, taking each character for one. */
size_t human_columns(const char *text, size_t length);

#define HUMAN_LABEL_LENGTH 8 /* of what stands before a line, with the blanks behind it: "newest  " */

/* What was done, and what came of it: "reported to Vercel: accepted (HTTP 200)". */
void human_add_outcome(struct human *human, const struct finding *finding);

/* What is left to do: "create a new key and deploy it; remove this one from src/a.ts". Nothing when there is nothing to do. */
void human_add_advice(struct human *human, const struct finding *finding);

/* Whether it is not sent because it is only possible: a test dummy, most likely. */
bool human_is_minor(const struct finding *finding);

/*
 * How urgent it is that somebody does something about it, from 0, the most urgent: first what may still open a door, then what
 * is settled, then what is only possible.
 */
unsigned human_urgency(const struct finding *finding);
#define HUMAN_URGENCY_COUNT 6

/* Forms that a credential was decoded from: "base64 of utf-16le". */
void human_add_encoding(struct human *human, const char *encoding);

/* The members of containers that a place is in: "inner.zip!src/config.ts". Nothing for NULL. */
void human_add_members(struct human *human, const char *archive_path);

/* A place, as "src/config.ts:12:8", with its members and forms: "backup.zip!src/config.ts:12:8 (base64)". */
void human_add_where(struct human *human, const struct place *place);

/* An author, "Name <address>", as the name where there is one. */
void human_add_author(struct human *human, const char *author);

/* The first of a finding's places and the newest, a line each. */
void human_add_places(struct human *human, const struct finding *finding);

/* What became of it in git's history: whether somebody who clones the repository today gets it too. */
void human_add_reach(struct human *human, const struct finding *finding);

/* Something that was not scanned: "missing-object  1a2b3c4d5e: not in any pack". */
void human_add_incomplete(struct human *human, const struct incomplete *incomplete);

/*
 * Whatever was not scanned, told one by one: that the run was interrupted, each thing that is known, and how many more
 * there were. number is from 0; false when there is none of that number, and then nothing is added.
 */
bool human_add_gap(struct human *human, size_t number);

/* What stands at the end: the run in one line, and what to do next. */
void human_add_summary(struct human *human);

#endif
