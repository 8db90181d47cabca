/*
 * PCRE2 runs on the few hundred bytes round a literal, never on whole files, and under limits: a pattern that backtracks
 * without end on some input gives up, and the place is counted as not scanned.
 */
#include "match/pattern.h"

#include "match/match.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Matching a well-behaved pattern on a window takes a few hundred steps; these end an ill-behaved one within about 10 ms. */
#define STEPS_MAX 1000000
#define DEPTH_MAX 10000
#define HEAP_MAX_KIB 8192

/* PCRE2's JIT runs on a 32 KiB stack by default, which nested repeats can exhaust. */
#define JIT_STACK_START (32 << 10)
#define JIT_STACK_MAX (512 << 10)

static int compile_one(pcre2_code **code, const struct rule *rule, const char *member, const char *text,
		       struct error *error)
{
	int number;
	PCRE2_SIZE at;

	*code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C, &number, &at, NULL);
	if (!*code) {
		PCRE2_UCHAR why[256];
		char *where = rule_locate(rule, member);

		pcre2_get_error_message(number, why, sizeof(why));
		error_set(error, ERROR_CONFIGURATION, "%s: rule '%s': %s does not compile: %s at character %zu", where,
			  rule->id, member, (char *)why, (size_t)at + 1);
		free(where);
		return ERROR_CONFIGURATION;
	}
	/* without JIT (some processors, some sandboxes) PCRE2 interprets: slower, the same answers */
	pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE);
	return 0;
}

static int group_number(const struct pattern *pattern, const char *name, const char *member, int *number,
			struct error *error)
{
	char *where;

	*number = pcre2_substring_number_from_name(pattern->strict, (PCRE2_SPTR)name);
	if (*number > 0)
		return 0;
	where = rule_locate(pattern->rule, "checksum");
	error_set(error, ERROR_CONFIGURATION, "%s: rule '%s': checksum.%s names '%s', which is no group of the pattern",
		  where, pattern->rule->id, member, name);
	free(where);
	return ERROR_CONFIGURATION;
}

/* What may stand in a literal without meaning something else to PCRE2. */
static bool is_plain(const char *literal)
{
	return strpbrk(literal, "\\^$.[]|()?*+{}#") == NULL;
}

/* Behind a class that opens at text, or NULL when it does not close. */
static const char *skip_class(const char *text)
{
	text += text[1] == '^' ? 2 : 1;
	text += *text == ']'; /* first in a class it stands for itself */
	for (; *text && *text != ']'; text++)
		text += *text == '\\' && text[1];
	return *text ? text + 1 : NULL;
}

/* Behind a group that opens at text, or NULL when it does not close. */
static const char *skip_group(const char *text)
{
	unsigned depth = 0;

	while (text && *text) {
		if (*text == '[') {
			text = skip_class(text);
			continue;
		}
		if (*text == '\\' && text[1])
			text++;
		else if (*text == '(')
			depth++;
		else if (*text == ')' && --depth == 0)
			return text + 1;
		text++;
	}
	return NULL;
}

/*
 * Whether every match of a pattern begins with one of the rule's literals: the pattern does, behind nothing but lookbehinds and \b, and has
 * no alternative at its outermost level. Anything else counts as no, which is slower and finds the same.
 */
static bool begins_with_literal(const char *text, const struct rule *rule)
{
	const char *rest;

	while (text && (!strncmp(text, "(?<!", 4) || !strncmp(text, "(?<=", 4) || !strncmp(text, "\\b", 2)))
		text = *text == '\\' ? text + 2 : skip_group(text);
	for (size_t i = 0; text && i < rule->literal_count; i++) {
		size_t length = strlen(rule->literals[i]);

		if (strncmp(text, rule->literals[i], length) != 0 || !is_plain(rule->literals[i]) ||
		    (text[length] && strchr("?*+{", text[length])))
			continue;
		for (rest = text + length; rest && *rest && *rest != '|';) {
			if (*rest == '(' || *rest == '[')
				rest = *rest == '(' ? skip_group(rest) : skip_class(rest);
			else
				rest += *rest == '\\' && rest[1] ? 2 : 1;
		}
		return rest && !*rest && rule->literal_count == 1;
	}
	return false;
}

int pattern_compile(struct pattern *pattern, const struct rule *rule, struct error *error)
{
	int result;

	memset(pattern, 0, sizeof(*pattern));
	pattern->rule = rule;
	pattern->checksum_of = pattern->checksum_equals = -1;
	result = compile_one(&pattern->strict, rule, "pattern", rule->pattern, error);
	if (!result && rule->loose_pattern)
		result = compile_one(&pattern->loose, rule, "loose_pattern", rule->loose_pattern, error);
	if (!result && rule->checksum.algorithm) {
		result = group_number(pattern, rule->checksum.of, "of", &pattern->checksum_of, error);
		if (!result)
			result = group_number(pattern, rule->checksum.equals, "equals", &pattern->checksum_equals, error);
	}
	if (!result) {
		int body = pcre2_substring_number_from_name(pattern->strict, (PCRE2_SPTR) "body");

		pattern->body_group = body > 0 ? body : 0;
		pattern->starts_with_literal =
			begins_with_literal(rule->pattern, rule) &&
			(!rule->loose_pattern || begins_with_literal(rule->loose_pattern, rule));
	} else {
		pattern_release(pattern);
	}
	return result;
}

void pattern_release(struct pattern *pattern)
{
	pcre2_code_free(pattern->strict);
	pcre2_code_free(pattern->loose);
	pattern->strict = pattern->loose = NULL;
}

void pattern_state_init(struct pattern_state *state)
{
	/* 32 pairs hold the whole match and 31 groups; a checksum's or body's group beyond that is "not set" */
	state->data = pcre2_match_data_create(32, NULL);
	state->context = pcre2_match_context_create(NULL);
	state->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	pcre2_set_match_limit(state->context, STEPS_MAX);
	pcre2_set_depth_limit(state->context, DEPTH_MAX);
	pcre2_set_heap_limit(state->context, HEAP_MAX_KIB);
	pcre2_jit_stack_assign(state->context, NULL, state->stack);
}

void pattern_state_release(struct pattern_state *state)
{
	pcre2_match_data_free(state->data);
	pcre2_match_context_free(state->context);
	pcre2_jit_stack_free(state->stack);
	memset(state, 0, sizeof(*state));
}

/* Find a match of code that covers the literal. Returns 1, 0 or ERROR_LIMIT. */
static int find_covering(const struct pattern *pattern, const pcre2_code *code, struct pattern_state *state,
			 const struct pattern_window *window)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(state->data);
	uint32_t anchored = pattern->starts_with_literal ? PCRE2_ANCHORED : 0;
	size_t from = pattern->starts_with_literal ? window->literal_start : 0;

	while (from <= window->literal_start) {
		int result = pcre2_match(code, (PCRE2_SPTR)window->bytes, window->size, from, anchored, state->data,
					 state->context);

		if (result == PCRE2_ERROR_NOMATCH)
			return 0;
		if (result < 0)
			return ERROR_LIMIT; /* the match, depth, heap or JIT stack limit: nothing else can come of a compiled pattern */
		if (ends[0] > window->literal_start || ends[1] < ends[0])
			return 0; /* \K can move the start behind the end: no credential */
		/* what touches a cut end was judged without what follows there */
		if (ends[1] >= window->literal_end && !(window->cut_before && ends[0] == 0) &&
		    !(window->cut_after && ends[1] == window->size))
			return ends[1] - ends[0] <= SECRET_SIZE_MAX;
		from = ends[0] + 1;
	}
	return 0;
}

static enum confidence judge_strict(const struct pattern *pattern, struct pattern_state *state, const char *bytes)
{
	const struct rule *rule = pattern->rule;
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(state->data);
	uint32_t pairs = pcre2_get_ovector_count(state->data);
	const PCRE2_SIZE *body = ends + 2 * pattern->body_group;

	if (pattern->checksum_of > 0 && (uint32_t)pattern->checksum_of < pairs &&
	    (uint32_t)pattern->checksum_equals < pairs) {
		const PCRE2_SIZE *of = ends + 2 * pattern->checksum_of;
		const PCRE2_SIZE *equals = ends + 2 * pattern->checksum_equals;

		if (of[0] != PCRE2_UNSET && equals[0] != PCRE2_UNSET &&
		    checksum_holds(rule->checksum.algorithm, bytes + of[0], of[1] - of[0], bytes + equals[0],
				   equals[1] - equals[0]))
			return CONFIDENCE_CERTAIN;
	}
	if ((uint32_t)pattern->body_group >= pairs || body[0] == PCRE2_UNSET)
		body = ends;
	if (match_entropy(bytes + body[0], body[1] - body[0]) < rule->min_entropy ||
	    match_is_placeholder(bytes + body[0], body[1] - body[0]))
		return CONFIDENCE_POSSIBLE;
	return CONFIDENCE_LIKELY;
}

int pattern_match(const struct pattern *pattern, struct pattern_state *state, const struct pattern_window *window,
		  size_t *start, size_t *end, enum confidence *confidence)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(state->data);
	int result = find_covering(pattern, pattern->strict, state, window);

	if (result == 1) {
		*confidence = judge_strict(pattern, state, window->bytes);
	} else if (result == 0 && pattern->loose) {
		result = find_covering(pattern, pattern->loose, state, window);
		*confidence = CONFIDENCE_POSSIBLE;
	}
	if (result == 1) {
		*start = ends[0];
		*end = ends[1];
	}
	return result;
}
