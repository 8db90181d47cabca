#include "match/encoded.h"

#include "rule/rule.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Decoded bytes before a credential: what a pattern looks at, and, where it does not begin with its literal, what may come before that. */
#define BEFORE 128

/* Decoded bytes from the literal on: first as many as most credentials have, then as many as any. */
#define AFTER_FIRST 256
#define AFTER_MOST (ENCODED_SECRET_MAX + 64)

/* Of text that is to be decoded once more so many times as much, as forms make it longer. */
#define OUTER_TIMES 10
#define OUTER_BEFORE 1024
#define OUTER_MOST (OUTER_TIMES * AFTER_MOST)

/* One look at a spot. */
struct look {
	struct encoded_state *state;
	const struct pattern *pattern;
	struct pattern_state *pattern_state;
	const struct trigger_list *triggers;
	unsigned depth; /* forms that may be undone */
	size_t after;   /* decoded bytes wanted from the literal on */
	uint64_t offset; /* of the text in its content */
	bool wants_more; /* the credential may go on behind them */
	bool found;
	int result; /* ERROR_LIMIT when a pattern met a limit */
};

void encoded_state_release(struct encoded_state *state)
{
	for (size_t i = 0; i < FORM_DEPTH_MAX; i++)
		decoded_release(&state->levels[i]);
	explicit_bzero(&state->best, sizeof(state->best));
}

/* A match in the text of a level: keep it, unless a surer one is known. Every form makes text longer; one that did not only stands beside it. */
static void keep(struct look *look, unsigned level, size_t start, size_t end, enum confidence confidence)
{
	struct encoded_match *best = &look->state->best;
	const struct decoded *text = &look->state->levels[level];
	size_t first = text->starts[start], last = text->ends[end - 1];
	bool is_longer[FORM_DEPTH_MAX];
	size_t used = 0;

	if (end == start || end - start > sizeof(best->secret) || (look->found && confidence <= best->confidence))
		return;
	is_longer[level] = last - first > end - start;
	for (unsigned i = level; i-- > 0;) {
		size_t length = last - first;

		first = look->state->levels[i].starts[first];
		last = look->state->levels[i].ends[last - 1];
		is_longer[i] = last - first > length;
	}
	look->found = true;
	best->confidence = confidence;
	best->start = first;
	best->end = last;
	best->secret_size = end - start;
	memcpy(best->secret, text->bytes + start, end - start);
	best->names[0] = '\0';
	for (unsigned i = 0; i <= level; i++) {
		if (is_longer[i])
			used += (size_t)snprintf(best->names + used, sizeof(best->names) - used, "%s%s", used ? "," : "", look->state->levels[i].name);
	}
}

/* Try the pattern on the level's text from `from` to `until`. */
static void try_piece(struct look *look, unsigned level, size_t literal_length, size_t from, size_t until)
{
	const struct decoded *text = &look->state->levels[level];
	struct pattern_window window = {
		.bytes = text->bytes + from,
		.size = until - from,
		.cut_before = from == 0 && text->cut_before,
		.cut_after = until == text->size && text->cut_after,
		.literal_start = text->at - from,
		.literal_end = text->at - from + literal_length,
	};
	enum confidence confidence;
	size_t start, end;
	int result = pattern_match(look->pattern, look->pattern_state, &window, &start, &end, &confidence);

	if (result == 1)
		keep(look, level, from + start, from + end, confidence);
	else if (result < 0)
		look->result = result;
}

static bool is_sure(const struct look *look)
{
	return look->found && look->state->best.confidence >= CONFIDENCE_LIKELY;
}

/* Wrapped text may begin with the spot's line, and end with any: what stands on the lines around may be something else. */
static void try_pieces(struct look *look, unsigned level, size_t literal_length)
{
	const struct decoded *text = &look->state->levels[level];

	for (int i = 0; i < 2 && !is_sure(look); i++) {
		size_t from = i == 0 ? text->line_start : 0;

		if (i == 1 ? text->line_start == 0 : from > text->at)
			continue;
		for (size_t j = 0; j <= text->line_count && !is_sure(look); j++) {
			size_t until = j < text->line_count ? text->line_ends[j] : text->size;

			if (until >= text->at + literal_length)
				try_piece(look, level, literal_length, from, until);
		}
	}
}

/* Whether the level's text ends for want of room alone, with nothing in it behind the literal that would end a credential. */
static bool goes_on(const struct decoded *text)
{
	if (!text->cut_after)
		return false;
	for (size_t i = text->at; i < text->size; i++) {
		if (!isgraph((unsigned char)text->bytes[i]))
			return false;
	}
	return true;
}

static struct decoded *level_of(struct look *look, unsigned level)
{
	struct decoded *decoded = &look->state->levels[level];

	if (!decoded->bytes)
		decoded_init(decoded, OUTER_BEFORE + OUTER_MOST);
	return decoded;
}

/* Decode into a level. */
static bool decode(struct look *look, unsigned level, enum form form, const struct form_text *from, const struct form_spot *spot, bool is_last)
{
	struct form_room room = { is_last ? BEFORE : OUTER_BEFORE, is_last ? look->after : OUTER_TIMES * look->after };
	struct decoded *to = level_of(look, level);
	bool decoded = form_decode(form, from, spot, &room, to);

	look->state->decoded_bytes += to->size;
	return decoded;
}

static struct form_text text_of(const struct decoded *decoded)
{
	return (struct form_text){ decoded->bytes, decoded->size, decoded->cut_before, decoded->cut_after, false };
}

/* ---- what stands beside a literal ---- */

/* Letters and digits of an escape that may end right before a literal, as in \U0000003d. */
#define ESCAPE_MAX 10

static bool is_word(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_' || byte == '-';
}

/* The forms of which this is the beginning of an escape, or of a joint: a bit each. */
static unsigned forms_of(char byte)
{
	switch (byte) {
	case '"':
	case '\'':
	case '`':
		return 1u << FORM_CONCATENATED;
	case '\\':
		return 1u << FORM_CONCATENATED | 1u << FORM_JSON;
	case '%':
		return 1u << FORM_PERCENT;
	case '&':
		return 1u << FORM_HTML;
	case '=':
		return 1u << FORM_QUOTED_PRINTABLE;
	default:
		return 0;
	}
}

/*
 * Which forms to try on a literal that stands at position. The word that it is in ends where something in such a form goes on; before it an escape may
 * end whose last letter seems to belong to the word. end: up to where the word is known to go on; it is moved on, so that a long word of nothing but literals is
 * read once.
 */
static unsigned forms_beside(const struct form_text *text, size_t position, size_t *known_end)
{
	size_t begin = position, end = *known_end;
	unsigned forms = 0;

	while (end < text->size && end - position < AFTER_MOST && is_word(text->bytes[end]))
		end++;
	*known_end = end;
	while (begin > 0 && position - begin < ESCAPE_MAX && is_word(text->bytes[begin - 1]))
		begin--;
	if (end < text->size)
		forms |= forms_of(text->bytes[end]);
	if (begin > 0 && begin < position)
		forms |= forms_of(text->bytes[begin - 1]);
	return forms;
}

static void look_beside(struct look *look, unsigned level, const struct form_text *text, size_t position, size_t length);

/* The literal stands in the text of this level. */
static void look_at_level(struct look *look, unsigned level, size_t literal_length)
{
	struct form_text text = text_of(&look->state->levels[level]);
	size_t at = look->state->levels[level].at;

	try_pieces(look, level, literal_length);
	look->wants_more |= goes_on(&look->state->levels[level]);
	if (!is_sure(look) && level + 1 < look->depth)
		look_beside(look, level + 1, &text, at, literal_length);
}

/* The literal stands at position in the text; what is decoded round it goes to this level. */
static void look_beside(struct look *look, unsigned level, const struct form_text *text, size_t position, size_t length)
{
	size_t word_end = position + length;
	unsigned forms;
	struct form_spot spot = {
		.position = position,
		.text = text->bytes + position,
		.length = length,
		.joins_before = !look->pattern->starts_with_literal,
	};

	if (level == 0 && look->state->word_end > look->offset + word_end)
		word_end = (size_t)(look->state->word_end - look->offset);
	forms = forms_beside(text, position, &word_end);
	if (level == 0)
		look->state->word_end = look->offset + word_end;
	for (unsigned form = 0; form <= FORM_CONCATENATED && !is_sure(look); form++) {
		if (forms >> form & 1 && decode(look, level, (enum form)form, text, &spot, true))
			look_at_level(look, level, length);
	}
}

/* ---- from a trigger ---- */

static void follow(struct look *look, unsigned level, const struct trigger *trigger, const struct form_text *text, size_t position)
{
	struct form_spot spot = trigger_spot(trigger, position);
	struct form_text inner;

	spot.joins_before = !look->pattern->starts_with_literal;
	if (!decode(look, level, trigger->form, text, &spot, trigger->parent < 0))
		return;
	if (trigger->parent < 0) {
		look_at_level(look, level, trigger->inner_length);
		return;
	}
	inner = text_of(&look->state->levels[level]);
	follow(look, level + 1, &look->triggers->items[trigger->parent], &inner, look->state->levels[level].at);
}

static int look_result(const struct look *look)
{
	return look->found ? 1 : look->result;
}

int encoded_find(struct encoded_state *state, const struct pattern *pattern, struct pattern_state *pattern_state,
		 const struct trigger_list *triggers, size_t trigger, const struct form_text *text, size_t position, unsigned depth)
{
	struct look look = { state, pattern, pattern_state, triggers, depth, AFTER_FIRST, 0, false, false, 0 };

	follow(&look, 0, &triggers->items[trigger], text, position);
	if (look.wants_more && !is_sure(&look)) {
		look.after = AFTER_MOST;
		follow(&look, 0, &triggers->items[trigger], text, position);
	}
	return look_result(&look);
}

int encoded_find_beside(struct encoded_state *state, const struct pattern *pattern, struct pattern_state *pattern_state,
			const struct form_text *text, uint64_t offset, size_t position, size_t length, unsigned depth)
{
	struct look look = { state, pattern, pattern_state, NULL, depth, AFTER_FIRST, offset, false, false, 0 };

	look_beside(&look, 0, text, position, length);
	if (look.wants_more && !is_sure(&look)) {
		look.after = AFTER_MOST;
		look_beside(&look, 0, text, position, length);
	}
	return look_result(&look);
}
