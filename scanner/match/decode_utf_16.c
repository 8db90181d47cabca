/*
 * UTF-16 of which the high bytes are 0, in either order of bytes, with or without a mark, at any offset. A unit that is no byte becomes 0xff: it
 * belongs to no credential.
 */
#include "match/form.h"

#define NO_BYTE '\xff'

static bool is_letter(const struct form_text *text, size_t position)
{
	return (signed char)text->bytes[position] > 0;
}

/*
 * Which order it is: the zero of the first letter in a row of them stands before it, or that of the last one behind it. Where both do or neither does (a unit
 * beside the row may end like a letter), and where the row goes on beyond what is here, the text is taken to begin at an even offset.
 */
static bool is_big_endian(const struct form_text *text, size_t position)
{
	size_t first = position, last = position;
	bool zero_before, zero_behind, is_cut;

	if (!position || text->bytes[position - 1])
		return false;
	while (first >= 2 && !text->bytes[first - 1] && is_letter(text, first - 2))
		first -= 2;
	while (last + 2 < text->size && !text->bytes[last + 1] && is_letter(text, last + 2))
		last += 2;
	zero_before = first >= 1 && !text->bytes[first - 1];
	zero_behind = last + 1 < text->size && !text->bytes[last + 1];
	is_cut = (first < 2 && text->cut_before) || (last + 2 >= text->size && text->cut_after);
	return !is_cut && zero_before != zero_behind ? zero_before : (first + text->at_odd) % 2 == 1;
}

bool decode_utf_16(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to)
{
	bool big = is_big_endian(from, spot->position);
	size_t start = spot->position - big, first = start, end;

	decoded_begin(to, big ? "utf-16be" : "utf-16le");
	while (first >= 2 && (start - first) / 2 < room->before)
		first -= 2;
	to->at = (start - first) / 2;
	to->cut_before = first > 1 || from->cut_before;
	end = (from->size - start) / 2 > room->after ? start + 2 * room->after : from->size;
	for (size_t at = first; at + big < end; at += 2) {
		/* the last unit may have been cut in two */
		char low = from->bytes[at + big], high = at + 1 - big < from->size ? from->bytes[at + 1 - big] : 0;

		if (!decoded_add(to, high ? NO_BYTE : low, at, at + 2 < end ? at + 2 : end))
			break;
	}
	to->cut_after = end < from->size || from->cut_after || to->size == to->capacity;
	return true;
}
