/*
 * Base64 (RFC 4648): four symbols for three bytes, in either alphabet, wrapped or not, with its beginning anywhere.
 *
 * Letters and digits are enough. The two symbols in which the alphabets differ are those of the six bits 62 and 63. The first three symbols of a group
 * hold the high bits of some byte, and are these two only with a byte from 0x80 on; the last symbol holds the low six bits of one, and is with '>', '?', '~'
 * and DEL. So none stands in the base64 of letters, digits, '-' and '_', of UTF-16 of them, or of base64 of them; and where one stands beside, it is the
 * end of a credential in any case: as the symbol of such a byte, or as a '/' or '-' that is no symbol at all. Those in the group in which a credential
 * begins count, and the one behind the last letter, because it may hold the last bits of a credential beside the first of what follows.
 */
#include "match/form.h"

static int symbol_value(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	return -1;
}

static int last_symbol_value(char character)
{
	if (character == '+' || character == '-')
		return 62;
	return character == '/' || character == '_' ? 63 : -1;
}

/* Positions of symbols: those before the spot's first one end at the index `middle`, the others begin there. */
struct symbols {
	uint32_t *positions;
	size_t first, middle, end, capacity;
	size_t line_first; /* on the line of the middle one */
	size_t line_ends[DECODED_LINES_MAX];
	size_t line_count;
	bool cut_before, cut_after;
};

/* needed: so many stand before the middle in its group */
static void collect_back(struct symbols *symbols, const struct form_text *from, size_t position, size_t needed)
{
	bool is_own_line = true;

	while (symbols->first > 0) {
		size_t before;

		if (position == 0) {
			symbols->cut_before = from->cut_before;
			break;
		}
		before = form_skip_wrap_back(from, position);
		if (before < position) {
			if (is_own_line)
				symbols->line_first = symbols->first;
			is_own_line = false;
			position = before;
			continue;
		}
		if (symbol_value(from->bytes[position - 1]) < 0 &&
		    (symbols->middle - symbols->first >= needed || last_symbol_value(from->bytes[position - 1]) < 0))
			break;
		symbols->positions[--symbols->first] = (uint32_t)--position;
	}
	if (symbols->first == 0)
		symbols->cut_before = true;
	if (is_own_line)
		symbols->line_first = symbols->first;
}

static void collect(struct symbols *symbols, const struct form_text *from, size_t position)
{
	while (symbols->end < symbols->capacity) {
		size_t behind;

		if (position >= from->size) {
			symbols->cut_after = from->cut_after;
			return;
		}
		if (symbol_value(from->bytes[position]) >= 0) {
			symbols->positions[symbols->end++] = (uint32_t)position++;
			continue;
		}
		behind = form_skip_wrap(from, position);
		if (behind == position) {
			if (last_symbol_value(from->bytes[position]) >= 0)
				symbols->positions[symbols->end++] = (uint32_t)position;
			return;
		}
		if (symbols->line_count < DECODED_LINES_MAX)
			symbols->line_ends[symbols->line_count++] = symbols->end;
		position = behind;
	}
	symbols->cut_after = true;
}

static unsigned value_at(const struct form_text *from, size_t position)
{
	int value = symbol_value(from->bytes[position]);

	return (unsigned)(value < 0 ? last_symbol_value(from->bytes[position]) : value);
}

static size_t bytes_of(size_t symbols)
{
	return symbols / 4 * 3 + (symbols % 4 ? symbols % 4 - 1 : 0);
}

bool decode_base64(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to)
{
	static const size_t first_whole[] = { 0, 2, 3 }; /* by alignment: the first symbol of the group with bits of the spot's text alone */
	struct symbols symbols = { .positions = to->symbols };
	size_t group, begin, needed = spot->skip + first_whole[spot->alignment];

	symbols.first = symbols.middle = symbols.end = room->before + room->before / 3 + 8;
	symbols.capacity = symbols.middle + room->after + room->after / 3 + 8;
	decoded_begin(to, "base64");
	collect_back(&symbols, from, spot->position + spot->lead, needed);
	collect(&symbols, from, spot->position + spot->lead);
	if (symbols.middle - symbols.first < needed)
		return false;
	group = symbols.middle - needed;
	begin = symbols.first + (group - symbols.first) % 4;
	to->at = bytes_of(group - begin) + spot->alignment;
	to->cut_before = symbols.cut_before;
	to->cut_after = symbols.cut_after;
	for (size_t i = begin; i + 1 < symbols.end; i++) {
		size_t phase = (i - begin) % 4;
		unsigned pair;

		if (phase == 3)
			continue;
		pair = value_at(from, symbols.positions[i]) << 6 | value_at(from, symbols.positions[i + 1]);
		if (!decoded_add(to, (char)(pair >> (4 - 2 * phase)), symbols.positions[i], symbols.positions[i + 1] + 1)) {
			to->cut_after = true;
			break;
		}
	}
	if (symbols.line_first > begin)
		to->line_start = (symbols.line_first - begin + 3) / 4 * 3;
	for (size_t i = 0; i < symbols.line_count; i++) {
		if (symbols.line_ends[i] > group)
			to->line_ends[to->line_count++] = bytes_of(symbols.line_ends[i] - begin);
	}
	return true;
}
