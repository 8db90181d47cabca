/*
 * What a provider's answer means, and what of it may be shown.
 */
#ifndef STAUNCH_REVOKE_ANSWER_H
#define STAUNCH_REVOKE_ANSWER_H

#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct rule;

/* Whose pieces are replaced: the credentials that a request held. */
struct answer_secrets {
	const struct secret *const *secrets; /* borrowed: count of them */
	size_t count;
};

enum answer_kind {
	ANSWER_ACCEPTED, /* the rule lists the status under "accepted", or it is another 2xx */
	ANSWER_GONE,     /* the rule lists it under "gone" */
	ANSWER_RETRY,    /* 408, 425, 429, 500, 502, 503, 504, or listed under "retry": worth another try */
	ANSWER_REJECTED, /* everything else */
};

/*
 * What an answer means: its status, and where the rule has "accepted_json" the body (length of its bytes) of an
 * accepted one. That holds at least the members of "accepted_json"; with those of "gone_json" it is gone; another
 * JSON object is a rejection, and what is none (a page of something on the way, half an answer) says nothing and is
 * worth another try.
 */
enum answer_kind answer_classify(const struct rule *rule, unsigned status, const char *body, size_t length);

/* Whether a batch that was rejected with this status may be accepted without the one that is wrong in it. */
bool answer_blames_content(unsigned status);

/*
 * "HTTP 403 forbidden: The token is invalid": the status with code and message of the provider's error envelope,
 * {"error":{...}} or {"err":{...}}, else with the first bytes of the body (length of them, and a NUL behind). On
 * one line, harmless to a terminal, and with every piece of the credentials replaced. The caller frees it.
 */
char *answer_message(unsigned status, const char *body, size_t length, const struct answer_secrets *secrets);

/*
 * A copy of somebody else's text that may be shown: on one line, cut to ANSWER_WORDS_MAX bytes, harmless to a
 * terminal, with "[credential]" in place of each credential and of any piece of one of ANSWER_PIECE_MIN or more
 * characters, also where they are percent- or JSON-escaped, once or twice. The caller frees it.
 */
char *answer_words(const char *text, const struct answer_secrets *secrets);
#define ANSWER_WORDS_MAX 200
#define ANSWER_PIECE_MIN 12

#endif
