/*
 * Bytes as two hexadecimal digits each: without anything between them, as xxd -p writes it and wraps it, or set apart by colons, blanks, dashes, as \xHH, or as the
 * elements of an array, 0xHH.
 */
#include "match/form.h"

#include <string.h>

/* As much as may stand between two bytes that are set apart. */
#define APART_MAX 64

static bool is_byte(const struct form_text *text, size_t position)
{
	return text->size - position >= 2 && form_hex_digit(text->bytes[position]) >= 0 && form_hex_digit(text->bytes[position + 1]) >= 0;
}

static bool is_prefix(const char *bytes)
{
	return (bytes[0] == '0' && (bytes[1] == 'x' || bytes[1] == 'X')) || (bytes[0] == '\\' && bytes[1] == 'x');
}

static bool is_apart(char byte)
{
	return byte && strchr(" \t\r\n,:;-", byte);
}

/* Behind what sets the next byte apart; position itself where that is nothing. */
static size_t skip_apart(const struct form_text *text, size_t position, bool *broken)
{
	size_t at = position;

	while (at < text->size && at - position < APART_MAX && is_apart(text->bytes[at]))
		*broken |= text->bytes[at++] == '\n';
	return text->size - at >= 2 && is_prefix(text->bytes + at) ? at + 2 : at;
}

static size_t skip_apart_back(const struct form_text *text, size_t position, bool *broken)
{
	size_t at = position >= 2 && is_prefix(text->bytes + position - 2) ? position - 2 : position, end = at > APART_MAX ? at - APART_MAX : 0;

	while (at > end && is_apart(text->bytes[at - 1]))
		*broken |= text->bytes[--at] == '\n';
	return at;
}

/* Where the byte before the one at position stands, or position itself. */
static size_t step_back(const struct form_text *text, size_t position, bool apart, bool *broken)
{
	size_t at;

	*broken = false;
	if (apart) {
		at = skip_apart_back(text, position, broken);
		if (at == position || (at > 2 && form_hex_digit(text->bytes[at - 3]) >= 0))
			return position;
	} else {
		at = form_skip_wrap_back(text, position);
		*broken = at != position;
	}
	return at >= 2 && is_byte(text, at - 2) ? at - 2 : position;
}

/* Where the byte behind the one at position stands, or position itself. */
static size_t step(const struct form_text *text, size_t position, bool apart, bool *broken)
{
	size_t at;

	*broken = false;
	if (apart) {
		at = skip_apart(text, position + 2, broken);
		return at > position + 2 && is_byte(text, at) ? at : position;
	}
	at = form_skip_wrap(text, position + 2);
	*broken = at != position + 2;
	return at < text->size && is_byte(text, at) ? at : position;
}

/* The encoded byte begins with its prefix, where it has one. */
static size_t start_of(const struct form_text *text, size_t position)
{
	return position >= 2 && is_prefix(text->bytes + position - 2) ? position - 2 : position;
}

bool decode_hex(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to)
{
	bool apart = spot->separator != 0, broken = false;
	size_t position = spot->position + spot->lead, count = 0, next = position, before = position;

	decoded_begin(to, "hex");
	while (count < room->before) {
		before = step_back(from, position, apart, &broken);
		if (before == position)
			break;
		if (broken && !to->line_start)
			to->line_start = count + 1; /* counted from the spot, for now */
		to->symbols[count++] = (uint32_t)(position = before);
	}
	if (count < spot->skip)
		return false;
	to->cut_before = count == room->before || (position < 2 && from->cut_before);
	for (size_t i = count; i-- > 0;)
		decoded_add(to, (char)(form_hex_digit(from->bytes[to->symbols[i]]) << 4 | form_hex_digit(from->bytes[to->symbols[i] + 1])),
			    start_of(from, to->symbols[i]), to->symbols[i] + 2);
	to->line_start = to->line_start ? count - (to->line_start - 1) : 0;
	to->at = count - spot->skip;
	for (;;) {
		if (!is_byte(from, next) || to->size - to->at >= room->after ||
		    !decoded_add(to, (char)(form_hex_digit(from->bytes[next]) << 4 | form_hex_digit(from->bytes[next + 1])), start_of(from, next), next + 2))
			break;
		position = next;
		next = step(from, position, apart, &broken);
		if (next == position) {
			to->cut_after = from->cut_after && from->size - position < 4;
			return true;
		}
		if (broken && to->line_count < DECODED_LINES_MAX && to->size > to->at)
			to->line_ends[to->line_count++] = to->size;
	}
	to->cut_after = true;
	return true;
}
