/*
 * The prefilter finds every literal of every rule in one pass at memory speed; nearly all bytes are never looked at again.
 */
#define _GNU_SOURCE
#include "match/match.h"

#include "base/memory.h"
#include "match/pattern.h"
#include "rule/rule.h"

#include <hs.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_SEQUENCE_MAX 32

/* As often as a pattern may meet its limits in one content before it is given up there: each time costs 1 ms or more. */
#define UNDECIDED_MAX 100

struct match_program {
	struct pattern *patterns; /* one per enabled rule, pattern_count of them */
	size_t pattern_count;
	size_t *pattern_of_rule;  /* rule index -> pattern index, or (size_t)-1; rule_count of them */
	size_t rule_count;
	hs_database_t *database;  /* NULL when no rule is enabled */
	struct literal {
		size_t pattern, length;
	} *literals; /* by the id given to Vectorscan */
	size_t literal_count;
};

struct matcher {
	const struct match_program *program;
	hs_scratch_t *scratch;
	struct pattern_state state;
	uint64_t *matched_until; /* per pattern: content offset up to which its matches are already told */
	unsigned *undecided;     /* per pattern: how often it met its limits in this content */
	uint64_t window_offset;  /* of the window being searched, in its content */
	size_t last_window_size;
	bool met_literal; /* in the last window searched */
};

static int compile_literals(struct match_program *program, const struct rule_set *set, struct error *error)
{
	const char **texts;
	size_t *lengths, count = 0;
	unsigned *flags, *ids;
	hs_compile_error_t *why = NULL;
	int result = 0;

	for (size_t i = 0; i < program->pattern_count; i++)
		program->literal_count += program->patterns[i].rule->literal_count;
	if (!program->literal_count)
		return 0;
	program->literals = memory_allocate_zeroed(program->literal_count, sizeof(*program->literals));
	texts = memory_allocate_zeroed(program->literal_count, sizeof(*texts));
	lengths = memory_allocate_zeroed(program->literal_count, sizeof(*lengths));
	flags = memory_allocate_zeroed(program->literal_count, sizeof(*flags));
	ids = memory_allocate_zeroed(program->literal_count, sizeof(*ids));
	for (size_t i = 0; i < program->pattern_count; i++) {
		const struct rule *rule = program->patterns[i].rule;

		for (size_t j = 0; j < rule->literal_count; j++, count++) {
			texts[count] = rule->literals[j];
			lengths[count] = program->literals[count].length = strlen(rule->literals[j]);
			program->literals[count].pattern = i;
			ids[count] = (unsigned)count;
		}
	}
	if (hs_compile_lit_multi(texts, flags, ids, lengths, (unsigned)count, HS_MODE_BLOCK, NULL, &program->database,
				 &why) != HS_SUCCESS) {
		result = error_set(error, ERROR_CONFIGURATION, "the literals of %zu rules do not compile: %s", set->count,
				   why ? why->message : "unknown reason");
		hs_free_compile_error(why);
	}
	free(texts);
	free(lengths);
	free(flags);
	free(ids);
	return result;
}

int match_program_compile(struct match_program **out, const struct rule_set *set, struct error *error)
{
	struct match_program *program = memory_allocate_zeroed(1, sizeof(*program));
	int result = 0;

	program->patterns = memory_allocate_zeroed(set->count, sizeof(*program->patterns));
	program->pattern_of_rule = memory_allocate_zeroed(set->count, sizeof(*program->pattern_of_rule));
	program->rule_count = set->count;
	for (size_t i = 0; i < set->count && !result; i++) {
		program->pattern_of_rule[i] = (size_t)-1;
		if (!set->rules[i].enabled)
			continue;
		result = pattern_compile(&program->patterns[program->pattern_count], &set->rules[i], error);
		if (!result)
			program->pattern_of_rule[i] = program->pattern_count++;
	}
	if (!result)
		result = compile_literals(program, set, error);
	if (result) {
		match_program_free(program);
		program = NULL;
	}
	*out = program;
	return result;
}

void match_program_free(struct match_program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < program->pattern_count; i++)
		pattern_release(&program->patterns[i]);
	hs_free_database(program->database);
	free(program->patterns);
	free(program->pattern_of_rule);
	free(program->literals);
	free(program);
}

struct matcher *matcher_new(const struct match_program *program)
{
	struct matcher *matcher = memory_allocate_zeroed(1, sizeof(*matcher));

	matcher->program = program;
	if (program->database && hs_alloc_scratch(program->database, &matcher->scratch) != HS_SUCCESS)
		memory_resize(NULL, (size_t)-1, 2); /* only for want of memory: ends the process with that message */
	pattern_state_init(&matcher->state);
	matcher->matched_until = memory_allocate_zeroed(program->pattern_count, sizeof(*matcher->matched_until));
	matcher->undecided = memory_allocate_zeroed(program->pattern_count, sizeof(*matcher->undecided));
	return matcher;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	hs_free_scratch(matcher->scratch);
	pattern_state_release(&matcher->state);
	free(matcher->matched_until);
	free(matcher->undecided);
	free(matcher);
}

/* One call of matcher_search(). */
struct search {
	struct matcher *matcher;
	const char *bytes;
	size_t size;
	bool first, last;
	match_found *found;
	void *context;
	int result;
};

/*
 * Whether a terminal's control sequence (ECMA-48, 5.4) ends here, as in "\033[31mvck_…" of a coloured log. Its last
 * byte is a letter, but no part of a word.
 */
static bool ends_control_sequence(const char *bytes, size_t end)
{
	size_t at = end;

	if (!at || bytes[at - 1] < '@' || bytes[at - 1] > '~')
		return false;
	for (at--; at && end - at < CONTROL_SEQUENCE_MAX && bytes[at - 1] >= ' ' && bytes[at - 1] <= '?'; at--)
		;
	return at >= 2 && bytes[at - 1] == '[' && bytes[at - 2] == '\033';
}

/* Vectorscan's callback: the literal of this id ends at this offset. */
static int literal_found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct search *search = context;
	struct matcher *matcher = search->matcher;
	const struct literal *literal = &matcher->program->literals[id];
	const struct pattern *pattern = &matcher->program->patterns[literal->pattern];
	size_t end = (size_t)to, start = end - literal->length;
	bool fresh = ends_control_sequence(search->bytes, start);
	size_t window_start = fresh ? start : start > MATCH_BEFORE ? start - MATCH_BEFORE : 0;
	size_t window_end = search->size - start > MATCH_AFTER ? start + MATCH_AFTER : search->size;
	struct pattern_window window = {
		.bytes = search->bytes + window_start,
		.size = window_end - window_start,
		.cut_before = !fresh && (window_start > 0 || !search->first),
		.cut_after = window_end < search->size || !search->last,
		.literal_start = start - window_start,
		.literal_end = end - window_start,
	};
	struct match match = { .rule = pattern->rule };
	int result;

	(void)from;
	(void)flags;
	matcher->met_literal = true;
	/* near a border the neighbouring window sees it with its whole surroundings */
	if ((!search->first && start < MATCH_BEFORE) || (!search->last && search->size - start <= MATCH_AFTER))
		return 0;
	if (matcher->window_offset + start < matcher->matched_until[literal->pattern])
		return 0;
	if (matcher->undecided[literal->pattern] >= UNDECIDED_MAX) {
		search->result = ERROR_LIMIT;
		return 0;
	}
	result = pattern_match(pattern, &matcher->state, &window, &match.start, &match.end, &match.confidence);
	if (result == 1) {
		match.start += window_start;
		match.end += window_start;
		matcher->matched_until[literal->pattern] = matcher->window_offset + match.end;
		search->found(search->context, &match);
	} else if (result < 0) {
		matcher->undecided[literal->pattern]++;
		search->result = result;
	}
	return 0;
}

int matcher_search(struct matcher *matcher, const void *bytes, size_t size, bool first, bool last, match_found *found,
		   void *context)
{
	struct search search = { matcher, bytes, size, first, last, found, context, 0 };

	if (first) {
		matcher->window_offset = 0;
		memset(matcher->matched_until, 0, matcher->program->pattern_count * sizeof(*matcher->matched_until));
		memset(matcher->undecided, 0, matcher->program->pattern_count * sizeof(*matcher->undecided));
	} else {
		matcher->window_offset += matcher->last_window_size - MATCH_OVERLAP;
	}
	matcher->last_window_size = size;
	matcher->met_literal = false;
	if (!matcher->program->database || !size)
		return 0;
	/* Vectorscan counts in unsigned int: content larger than a window comes in windows */
	if (size > UINT32_MAX ||
	    hs_scan(matcher->program->database, bytes, (unsigned)size, 0, matcher->scratch, literal_found, &search) !=
		    HS_SUCCESS) {
		matcher->met_literal = true;
		return ERROR_LIMIT;
	}
	return search.result;
}

bool matcher_met_literal(const struct matcher *matcher)
{
	return matcher->met_literal;
}

/* Vectorscan's callback: one literal is enough. */
static int glance_found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	(void)id, (void)from, (void)to, (void)flags, (void)context;
	return 1;
}

bool matcher_glance(struct matcher *matcher, const void *bytes, size_t size)
{
	const hs_database_t *database = matcher->program->database;

	return database && size &&
	       (size > UINT32_MAX ||
		hs_scan(database, bytes, (unsigned)size, 0, matcher->scratch, glance_found, NULL) != HS_SUCCESS);
}

size_t match_program_pairs(const struct match_program *program, uint64_t pairs[1024])
{
	size_t longest = 0;

	memset(pairs, 0, 1024 * sizeof(*pairs));
	for (size_t i = 0; i < program->pattern_count; i++) {
		const struct rule *rule = program->patterns[i].rule;

		for (size_t j = 0; j < rule->literal_count; j++) {
			const unsigned char *literal = (const unsigned char *)rule->literals[j];
			size_t length = strlen(rule->literals[j]);

			for (size_t k = 0; k + 1 < length; k++)
				pairs[literal[k] * 4 + literal[k + 1] / 64] |= UINT64_C(1) << literal[k + 1] % 64;
			if (length > longest)
				longest = length;
		}
	}
	return longest;
}

bool matcher_confirm(struct matcher *matcher, const struct rule *rule, const void *bytes, size_t size,
		     enum confidence *confidence)
{
	const struct match_program *program = matcher->program;
	const char *text = bytes;
	size_t start, end;

	if (rule->index >= program->rule_count || program->pattern_of_rule[rule->index] == (size_t)-1)
		return false;
	for (size_t i = 0; i < rule->literal_count; i++) {
		const char *literal = memmem(text, size, rule->literals[i], strlen(rule->literals[i]));
		struct pattern_window window = { .bytes = text, .size = size };

		if (!literal)
			continue;
		window.literal_start = (size_t)(literal - text);
		window.literal_end = window.literal_start + strlen(rule->literals[i]);
		if (pattern_match(&program->patterns[program->pattern_of_rule[rule->index]], &matcher->state, &window,
				  &start, &end, confidence) == 1 &&
		    start == 0 && end == size)
			return true;
	}
	return false;
}
