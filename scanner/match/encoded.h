/*
 * Credentials in some form: from a trigger that the prefilter met to a credential in what is decoded there. Private to match/.
 */
#ifndef STAUNCH_MATCH_ENCODED_H
#define STAUNCH_MATCH_ENCODED_H

#include "match/form.h"
#include "match/pattern.h"
#include "match/trigger.h"

/* A credential that is longer is not looked for in any form but plainly. */
#define ENCODED_SECRET_MAX 1024

/* As long as the names of FORM_DEPTH_MAX forms, with a ',' between two. */
#define ENCODED_NAMES_MAX 96

/* What was found. */
struct encoded_match {
	enum confidence confidence;
	size_t start, end; /* in the text that was given: what it was decoded from */
	char secret[ENCODED_SECRET_MAX];
	size_t secret_size;
	char names[ENCODED_NAMES_MAX]; /* "base64,utf-16le"; empty: the credential itself stands there, beside something encoded */
};

/* One thread's memory. */
struct encoded_state {
	struct decoded levels[FORM_DEPTH_MAX]; /* made when first used */
	struct encoded_match best;
	uint64_t decoded_bytes; /* in this content */
	uint64_t word_end;      /* in this content: the word that was looked at last goes on up to here at least */
};
void encoded_state_release(struct encoded_state *state);

/*
 * A trigger of the pattern stands in the text at position: look for a credential there. Returns 1 and fills state->best, 0, or ERROR_LIMIT.
 */
int encoded_find(struct encoded_state *state, const struct pattern *pattern, struct pattern_state *pattern_state,
		 const struct trigger_list *triggers, size_t trigger, const struct form_text *text, size_t position, unsigned depth);

/*
 * A literal of the pattern stands there plainly, and no credential does: what stands beside it may be in some form that ends or goes on in the
 * middle of it (a soft line break, an escape right before it). offset is that of the text in its content. As encoded_find().
 */
int encoded_find_beside(struct encoded_state *state, const struct pattern *pattern, struct pattern_state *pattern_state,
			const struct form_text *text, uint64_t offset, size_t position, size_t length, unsigned depth);

#endif
