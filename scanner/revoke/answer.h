/*
 * What a provider's answer means, and what of it may be shown.
 */
#ifndef STAUNCH_REVOKE_ANSWER_H
#define STAUNCH_REVOKE_ANSWER_H

#include "base/secret.h"

#include <stddef.h>

struct rule;

enum answer_kind {
	ANSWER_ACCEPTED, /* the rule lists the status under "accepted", or it is another 2xx */
	ANSWER_GONE,     /* the rule lists it under "gone" */
	ANSWER_RETRY,    /* 408, 425, 429, 500, 502, 503, 504: worth another try */
	ANSWER_REJECTED, /* everything else */
};

enum answer_kind answer_classify(const struct rule *rule, unsigned status);

/*
 * "HTTP 403 forbidden: The token is invalid": the status with code and message of the provider's error envelope,
 * {"error":{...}} or {"err":{...}}, else with the first bytes of the body (length of them, and a NUL behind). On
 * one line, harmless to a terminal, and with every piece of the credential replaced. The caller frees it.
 */
char *answer_message(unsigned status, const char *body, size_t length, const struct secret *secret);

/*
 * A copy of somebody else's text that may be shown: on one line, cut to ANSWER_WORDS_MAX bytes, harmless to a
 * terminal, with "[credential]" in place of the credential and of any piece of it of ANSWER_PIECE_MIN or more
 * characters, also where they are percent- or JSON-escaped, once or twice. The caller frees it.
 */
char *answer_words(const char *text, const struct secret *secret);
#define ANSWER_WORDS_MAX 200
#define ANSWER_PIECE_MIN 12

#endif
