/*
 * From the JSON of a rule file to struct rule, everything checked (the format is in rules/README.md). Private to
 * rule/.
 */
#ifndef STAUNCH_RULE_PARSE_H
#define STAUNCH_RULE_PARSE_H

#include "rule/document.h"
#include "rule/rule.h"

/*
 * Read a rule file's text (length bytes and a NUL) into a new array of *count rules, which the caller owns. name
 * is how messages call the file. Returns 0, or ERROR_CONFIGURATION; then there is no array.
 */
int rules_parse(const char *name, const char *text, size_t length, struct rule **rules, size_t *count,
		struct error *error);

/* Give back what a rule owns; it may be half filled. */
void rule_release(struct rule *rule);

/* The parts of a rule that say how to talk to its provider (revocation.c): the members "revoke" and "verify". */
int revoke_parse(const struct document *document, const cJSON *object, struct rule *rule);
int verify_parse(const struct document *document, const cJSON *object, struct rule *rule);

/* Where a request holds what it is about. */
struct request_holds {
	bool secret;        /* {{secret}}, anywhere */
	bool secret_in_url; /* in its URL */
	bool secrets;       /* {{secrets}} in its JSON body */
};

/*
 * Read the members that every request has (request.c); their types are checked. subject, "revoke" or "verify", is
 * how messages call it.
 */
int request_parse(const struct document *document, const cJSON *object, const char *subject,
		  struct rule_request *request, struct request_holds *holds);
void request_release(struct rule_request *request);

#endif
