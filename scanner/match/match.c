/*
 * The prefilter finds every literal of every rule in one pass at memory speed; nearly all bytes are never looked at again.
 */
#define _GNU_SOURCE
#include "match/match.h"

#include "base/library.h"
#include "base/memory.h"
#include "match/encoded.h"
#include "match/pattern.h"
#include "match/prefilter.h"
#include "match/trigger.h"
#include "match/vectorscan_library.h"
#include "rule/rule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CONTROL_SEQUENCE_MAX 32

/* As often as a pattern may meet its limits in one content before it is given up there: each time costs 1 ms or more. */
#define UNDECIDED_MAX 100

/* What is looked at around a literal that stands there plainly. */
#define PLAIN_BEFORE 512
#define PLAIN_AFTER (SECRET_SIZE_MAX + 64)

/*
 * As many bytes as may be decoded of one content: some, and so many for each byte of it. Content that is nothing but triggers, which somebody would
 * have to make, needs more; what there is no more decoding for counts as not decided.
 */
#define DECODED_BYTES_FREE (UINT64_C(4) << 20)
#define DECODED_BYTES_EACH 32

struct match_program {
	struct pattern *patterns; /* one per enabled rule, pattern_count of them */
	size_t pattern_count;
	size_t *pattern_of_rule;  /* rule index -> pattern index, or (size_t)-1; rule_count of them */
	size_t rule_count;
	struct prefilter prefilter;
	size_t *pattern_of_literal; /* by the literal's number in the prefilter; literal_count of them */
	size_t literal_count;
	struct trigger_list triggers; /* behind the literals in the prefilter */
	unsigned depth;               /* forms that are looked into */
};

struct matcher {
	const struct match_program *program;
	struct hs_scratch *scratch;
	struct pattern_state state;
	uint64_t *matched_until; /* per pattern: content offset up to which its matches are already told */
	unsigned *undecided;     /* per pattern: how often it met its limits in this content */
	uint64_t window_offset;  /* of the window being searched, in its content */
	size_t last_window_size;
	bool met_literal; /* in the last window searched */
	struct encoded_state encoded;
};

static void add_literals(struct match_program *program)
{
	for (size_t i = 0; i < program->pattern_count; i++) {
		const struct rule *rule = program->patterns[i].rule;

		program->pattern_of_literal = memory_resize(program->pattern_of_literal,
							    program->prefilter.count + rule->literal_count + 1,
							    sizeof(*program->pattern_of_literal));
		for (size_t j = 0; j < rule->literal_count; j++) {
			program->pattern_of_literal[program->prefilter.count] = i;
			prefilter_add(&program->prefilter, rule->literals[j], strlen(rule->literals[j]));
		}
	}
	program->literal_count = program->prefilter.count;
}

void match_program_add_forms(struct match_program *program, unsigned depth)
{
	assert(!program->depth && depth <= MATCH_DEPTH_MAX);
	program->depth = depth;
	for (size_t i = 0; i < program->literal_count; i++)
		trigger_list_add(&program->triggers, program->pattern_of_literal[i], program->prefilter.texts[i], depth);
	for (size_t i = 0; i < program->triggers.count; i++)
		prefilter_add(&program->prefilter, program->triggers.items[i].text, program->triggers.items[i].length);
	prefilter_prepare(&program->prefilter, true, NULL); /* which cannot fail */
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
	if (!result) {
		add_literals(program);
		result = prefilter_prepare(&program->prefilter, true, error);
	}
	if (result) {
		match_program_free(program);
		program = NULL;
	}
	*out = program;
	return result;
}

int match_program_prepare(struct match_program *program, bool little, struct error *error)
{
	return prefilter_prepare(&program->prefilter, little, error);
}

void match_program_free(struct match_program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < program->pattern_count; i++)
		pattern_release(&program->patterns[i]);
	prefilter_release(&program->prefilter);
	trigger_list_release(&program->triggers);
	free(program->patterns);
	free(program->pattern_of_rule);
	free(program->pattern_of_literal);
	free(program);
}

struct matcher *matcher_new(const struct match_program *program)
{
	struct matcher *matcher = memory_allocate_zeroed(1, sizeof(*matcher));

	matcher->program = program;
	matcher->scratch = prefilter_scratch_new(&program->prefilter);
	pattern_state_init(&matcher->state);
	matcher->matched_until = memory_allocate_zeroed(program->pattern_count, sizeof(*matcher->matched_until));
	matcher->undecided = memory_allocate_zeroed(program->pattern_count, sizeof(*matcher->undecided));
	return matcher;
}

void matcher_free(struct matcher *matcher)
{
	if (!matcher)
		return;
	prefilter_scratch_free(matcher->scratch);
	pattern_state_release(&matcher->state);
	encoded_state_release(&matcher->encoded);
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

/* A literal of the pattern stands here plainly: is it a credential's? As pattern_match(). */
static int match_plain(struct search *search, const struct pattern *pattern, size_t start, size_t end, struct match *match)
{
	bool fresh = ends_control_sequence(search->bytes, start);
	size_t window_start = fresh ? start : start > PLAIN_BEFORE ? start - PLAIN_BEFORE : 0;
	size_t window_end = search->size - start > PLAIN_AFTER ? start + PLAIN_AFTER : search->size;
	struct pattern_window window = {
		.bytes = search->bytes + window_start,
		.size = window_end - window_start,
		.cut_before = !fresh && (window_start > 0 || !search->first),
		.cut_after = window_end < search->size || !search->last,
		.literal_start = start - window_start,
		.literal_end = end - window_start,
	};
	int result = pattern_match(pattern, &search->matcher->state, &window, &match->start, &match->end, &match->confidence);

	if (result != 1)
		return result;
	match->start += window_start;
	match->end += window_start;
	match->secret = search->bytes + match->start;
	match->secret_size = match->end - match->start;
	return 1;
}

/* Look into the forms from a trigger, or (NULL) beside a plain literal. As pattern_match(); *match is left as it is unless there is a surer one. */
static int match_encoded(struct search *search, const struct pattern *pattern, const struct trigger *trigger, size_t start,
			 size_t end, bool is_known, struct match *match)
{
	struct matcher *matcher = search->matcher;
	const struct trigger_list *triggers = &matcher->program->triggers;
	struct encoded_state *state = &matcher->encoded;
	size_t from = start > MATCH_BEFORE ? start - MATCH_BEFORE : 0;
	size_t until = search->size - start > MATCH_AFTER ? start + MATCH_AFTER : search->size;
	struct form_text text = {
		.bytes = search->bytes + from,
		.size = until - from,
		.cut_before = from > 0 || !search->first,
		.cut_after = until < search->size || !search->last,
		.at_odd = (matcher->window_offset + from) % 2,
	};
	int result;

	if (trigger)
		result = encoded_find(state, pattern, &matcher->state, triggers, (size_t)(trigger - triggers->items), &text,
				      start - from, matcher->program->depth);
	else
		result = encoded_find_beside(state, pattern, &matcher->state, &text, matcher->window_offset + from,
					     start - from, end - start,
					     matcher->program->depth);
	if (result != 1 || (is_known && state->best.confidence <= match->confidence))
		return result == 1 ? 0 : result;
	match->confidence = state->best.confidence;
	match->start = from + state->best.start;
	match->end = from + state->best.end;
	match->secret = state->best.secret;
	match->secret_size = state->best.secret_size;
	match->encoding = state->best.names[0] ? state->best.names : NULL;
	return 1;
}

static bool may_decode(const struct matcher *matcher, size_t position)
{
	return matcher->encoded.decoded_bytes <= DECODED_BYTES_FREE + DECODED_BYTES_EACH * (matcher->window_offset + position);
}

/* A literal stands here, or a trigger: is it a credential's? */
static void literal_found(void *context, size_t number, size_t start, size_t end)
{
	struct search *search = context;
	struct matcher *matcher = search->matcher;
	const struct match_program *program = matcher->program;
	const struct trigger *trigger = number < program->literal_count ? NULL : &program->triggers.items[number - program->literal_count];
	size_t of = trigger ? trigger->pattern : program->pattern_of_literal[number];
	const struct pattern *pattern = &program->patterns[of];
	struct match match = { .rule = pattern->rule };
	int result = 0, encoded = 0;

	matcher->met_literal = true;
	/* near a border the neighbouring window sees it with its whole surroundings */
	if ((!search->first && start < MATCH_BEFORE) || (!search->last && search->size - start <= MATCH_AFTER))
		return;
	if (matcher->window_offset + start < matcher->matched_until[of])
		return;
	if (matcher->undecided[of] >= UNDECIDED_MAX) {
		search->result = ERROR_LIMIT;
		return;
	}
	if (!trigger)
		result = match_plain(search, pattern, start, end, &match);
	if (program->depth && (trigger || result == 0 || (result == 1 && match.confidence < CONFIDENCE_LIKELY))) {
		if (may_decode(matcher, start))
			encoded = match_encoded(search, pattern, trigger, start, end, result == 1, &match);
		else
			search->result = ERROR_LIMIT;
	}
	if (result == 1 || encoded == 1) {
		matcher->matched_until[of] = matcher->window_offset + match.end;
		search->found(search->context, &match);
	}
	if (result < 0 || encoded < 0) {
		matcher->undecided[of]++;
		search->result = ERROR_LIMIT;
	}
}

int matcher_search(struct matcher *matcher, const void *bytes, size_t size, bool first, bool last, match_found *found,
		   void *context)
{
	struct search search = { matcher, bytes, size, first, last, found, context, 0 };

	if (first) {
		matcher->window_offset = 0;
		memset(matcher->matched_until, 0, matcher->program->pattern_count * sizeof(*matcher->matched_until));
		memset(matcher->undecided, 0, matcher->program->pattern_count * sizeof(*matcher->undecided));
		matcher->encoded.decoded_bytes = matcher->encoded.word_end = 0;
	} else {
		matcher->window_offset += matcher->last_window_size - MATCH_OVERLAP;
	}
	matcher->last_window_size = size;
	matcher->met_literal = false;
	if (prefilter_search(&matcher->program->prefilter, matcher->scratch, bytes, size, literal_found, &search)) {
		matcher->met_literal = true;
		return ERROR_LIMIT;
	}
	return search.result;
}

bool matcher_met_literal(const struct matcher *matcher)
{
	return matcher->met_literal;
}

bool matcher_glance(struct matcher *matcher, const void *bytes, size_t size)
{
	return prefilter_glance(&matcher->program->prefilter, matcher->scratch, bytes, size);
}

size_t match_program_pairs(const struct match_program *program, uint64_t pairs[1024], size_t *shortest)
{
	const struct prefilter *prefilter = &program->prefilter;
	size_t longest = 0;

	*shortest = prefilter->count ? SIZE_MAX : 0;
	memset(pairs, 0, 1024 * sizeof(*pairs));
	for (size_t i = 0; i < prefilter->count; i++) {
		const unsigned char *text = (const unsigned char *)prefilter->texts[i];

		for (size_t k = 0; k + 1 < prefilter->lengths[i]; k++)
			pairs[text[k] * 4 + text[k + 1] / 64] |= UINT64_C(1) << text[k + 1] % 64;
		if (prefilter->lengths[i] > longest)
			longest = prefilter->lengths[i];
		if (prefilter->lengths[i] < *shortest)
			*shortest = prefilter->lengths[i];
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

void match_add_libraries(struct buffer *lines)
{
	const struct vectorscan_library *vectorscan;
	struct error error;
	char version[64] = "";

	pcre2_config(PCRE2_CONFIG_VERSION, version); /* with its NUL at most 24 characters (pcre2api(3)) */
	library_add_version(lines, "PCRE2", version);
	vectorscan = vectorscan_library_load(&error);
	if (vectorscan)
		library_add_version(lines, "Vectorscan", vectorscan->version());
	else
		library_add_missing(lines, "Vectorscan", &error);
}
