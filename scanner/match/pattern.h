/*
 * One rule's patterns, compiled, and the verdict on what they match. Private to match/.
 */
#ifndef STAUNCH_MATCH_PATTERN_H
#define STAUNCH_MATCH_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"
#include "finding.h"

#include <stdbool.h>
#include <stddef.h>

struct rule;

struct pattern {
	const struct rule *rule;
	pcre2_code *strict;
	pcre2_code *loose;                /* NULL when the rule has none */
	bool starts_with_literal;         /* every match begins where its literal does: nothing before it need be tried */
	int body_group;                   /* number of the group "body", 0 (the whole match) when there is none */
	int checksum_of, checksum_equals; /* group numbers; -1 without a checksum */
};

/* What a thread needs to match: PCRE2's own state, with limits that no input can run away from. */
struct pattern_state {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

int pattern_compile(struct pattern *pattern, const struct rule *rule, struct error *error);
void pattern_release(struct pattern *pattern);

void pattern_state_init(struct pattern_state *state);
void pattern_state_release(struct pattern_state *state);

/* Part of a longer text in which a match is looked for. */
struct pattern_window {
	const char *bytes;
	size_t size;
	bool cut_before, cut_after;       /* the text goes on beyond this end */
	size_t literal_start, literal_end; /* a match must cover these */
};

/*
 * Look for a match of pattern that covers the window's literal. Returns 1 and fills *start, *end and *confidence, 0 for none, ERROR_LIMIT
 * when PCRE2 gave up.
 */
int pattern_match(const struct pattern *pattern, struct pattern_state *state, const struct pattern_window *window,
		  size_t *start, size_t *end, enum confidence *confidence);

#endif
