/*
 * What the files of the SARIF format share. Private to report/.
 */
#ifndef STAUNCH_REPORT_SARIF_H
#define STAUNCH_REPORT_SARIF_H

#include "report/format.h"
#include "report/human.h"
#include "report/json_writer.h"

/* A report being written as SARIF. */
struct sarif {
	struct report *report;
	const struct report_result *result;
	struct json_writer writer;
	struct human words; /* writes to text */
	struct buffer text; /* for one value */
};

/* A member that is a text from outside. */
void sarif_add_text(struct sarif *sarif, const char *name, const char *text);

/* "name": { "text": … }; a message's text is Markdown as far as links go, "[" begins one (3.11.6). */
void sarif_add_message(struct sarif *sarif, const char *name);

/* The tool, with the rules of what was found (sarif_rules.c). */
void sarif_add_tool(struct sarif *sarif);

#endif
