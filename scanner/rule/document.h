/*
 * A rule file while it is being read: its text, the tree cJSON made of it, and messages that say where.
 *
 * Private to rule/. A function that can fail fills the document's error with "FILE:LINE:COLUMN: what is wrong" and
 * returns a negative code; the first error ends the reading.
 */
#ifndef STAUNCH_RULE_DOCUMENT_H
#define STAUNCH_RULE_DOCUMENT_H

#include "base/error.h"
#include "rule/json_text.h"
#include "rule/rule.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct document {
	const char *name; /* borrowed: how messages call the file */
	const char *text; /* borrowed: length bytes and a NUL */
	size_t length;
	cJSON *root;         /* owned */
	struct error *error; /* borrowed; may be NULL */
};

/* Check and parse text. Returns 0, and the document is to be released, or ERROR_CONFIGURATION. */
int document_open(struct document *document, const char *name, const char *text, size_t length,
		  struct error *error);
void document_release(struct document *document);

/* Where an item's value or name stands. */
struct rule_position document_position(const struct document *document, const cJSON *item, enum json_part part);

/* Set the error at an item's value or name. Always returns ERROR_CONFIGURATION. */
int document_fail(const struct document *document, const cJSON *item, enum json_part part, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A member that an object may have. */
struct document_member {
	const char *name;
	int types; /* cJSON_String, cJSON_Number...: one or several of them */
	bool required;
};
#define DOCUMENT_BOOL (cJSON_True | cJSON_False)

/*
 * Check that an object has each required member of the table (ended by a NULL name), none twice, none that the
 * table does not have, and each of the right type.
 */
int document_check_members(const struct document *document, const cJSON *object,
			   const struct document_member *members);

/* Check that no member of an object stands there twice. */
int document_check_repeated(const struct document *document, const cJSON *object);

/* Check that each item of an array is of one of types; what names one of them in the message: "a literal". */
int document_check_items(const struct document *document, const cJSON *array, int types, const char *what);

/* The member of an object, or NULL. */
const cJSON *document_member(const cJSON *object, const char *name);

/*
 * Copy a string member into *text, which the caller owns; left alone when there is no such member. An empty string
 * is an error.
 */
int document_take_string(const struct document *document, const cJSON *object, const char *name, char **text);

#endif
