/*
 * A string in pieces, as programs write one that is too long for a line: "vck_ab" + "cd", 'vck_ab' . 'cd', "vck_ab" \ and "cd" on the next line, or a line that
 * goes on behind a backslash. The pieces are joined; nothing else is undone.
 */
#include "match/form.h"

#include <string.h>

/* As much as may stand between two pieces. */
#define JOINT_MAX 200

static bool is_quote(char byte)
{
	return byte == '"' || byte == '\'' || byte == '`';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* What joins strings in some language, and the backslash that joins lines. */
static bool is_operator(char byte)
{
	return byte && strchr("+.&~|<>\\", byte);
}

/* What a string literal may begin with: b"", u"", f"", L"", @"". */
static bool is_string_prefix(char byte)
{
	return byte && strchr("bBuUrRfFLc@$", byte);
}

/* Behind what joins two pieces; position itself where nothing does. */
static size_t skip_joint(const struct form_text *text, size_t position)
{
	size_t at = position + 1, end = text->size - position > JOINT_MAX ? position + JOINT_MAX : text->size;
	unsigned prefixes = 0;

	if (is_quote(text->bytes[position])) {
		while (at < end && (is_blank(text->bytes[at]) || is_operator(text->bytes[at])))
			at++;
		while (at < end && prefixes < 2 && is_string_prefix(text->bytes[at])) {
			prefixes++;
			at++;
		}
		return at < end && is_quote(text->bytes[at]) ? at + 1 : position;
	}
	if (text->bytes[position] != '\\')
		return position;
	at += at < end && text->bytes[at] == '\r';
	if (at == end || text->bytes[at] != '\n')
		return position;
	for (at++; at < end && (text->bytes[at] == ' ' || text->bytes[at] == '\t'); at++)
		;
	return at;
}

/* Where the piece before the one that this quote begins ends; (size_t)-1: nowhere. */
static size_t piece_before(const struct form_text *text, size_t position)
{
	size_t at = position, end = position > JOINT_MAX ? position - JOINT_MAX : 0;

	for (unsigned i = 0; i < 2 && at > end && is_string_prefix(text->bytes[at - 1]); i++)
		at--;
	while (at > end && (is_blank(text->bytes[at - 1]) || is_operator(text->bytes[at - 1])))
		at--;
	return at > end && is_quote(text->bytes[at - 1]) ? at - 1 : (size_t)-1;
}

bool decode_concatenated(const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
			 struct decoded *to)
{
	size_t begin = spot->position, at;
	bool met = false;

	decoded_begin(to, "concatenated");
	if (spot->lead)
		begin = piece_before(from, spot->position);
	if (begin == (size_t)-1 || begin < spot->skip)
		return false;
	begin -= spot->skip;
	at = begin > room->before ? begin - room->before : 0;
	to->cut_before = at > 0 || from->cut_before;
	while (at < from->size && (!met || to->size - to->at < room->after)) {
		size_t behind;

		if (at == begin) {
			to->at = to->size;
			met = true;
		}
		behind = met || spot->joins_before ? skip_joint(from, at) : at;
		if (behind > at) {
			at = !met && behind > begin ? begin : behind;
			continue;
		}
		if (!decoded_add(to, from->bytes[at], at, at + 1))
			break;
		at++;
	}
	to->cut_after = at < from->size || from->cut_after;
	return met;
}
