#include "match/form.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* As much white space as a wrapped line may begin or end with. */
#define WRAP_MAX 64

void decoded_init(struct decoded *decoded, size_t capacity)
{
	*decoded = (struct decoded){ .capacity = capacity };
	decoded->bytes = memory_allocate(capacity);
	decoded->starts = memory_allocate_zeroed(capacity, sizeof(*decoded->starts));
	decoded->ends = memory_allocate_zeroed(capacity, sizeof(*decoded->ends));
	decoded->symbols = memory_allocate_zeroed(capacity + capacity / 3 + 32, sizeof(*decoded->symbols));
}

void decoded_release(struct decoded *decoded)
{
	if (decoded->bytes)
		explicit_bzero(decoded->bytes, decoded->capacity);
	free(decoded->bytes);
	free(decoded->starts);
	free(decoded->ends);
	free(decoded->symbols);
	*decoded = (struct decoded){ 0 };
}

void decoded_begin(struct decoded *to, const char *name)
{
	to->size = to->at = to->line_start = to->line_count = 0;
	to->cut_before = to->cut_after = false;
	to->name = name;
}

bool decoded_add(struct decoded *to, char byte, size_t start, size_t end)
{
	if (to->size == to->capacity)
		return false;
	to->bytes[to->size] = byte;
	to->starts[to->size] = (uint32_t)start;
	to->ends[to->size++] = (uint32_t)end;
	return true;
}

int form_hex_digit(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	character |= 0x20;
	return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

size_t form_skip_wrap(const struct form_text *text, size_t position)
{
	size_t at = position, end = text->size - position > WRAP_MAX ? position + WRAP_MAX : text->size;
	bool broken = false;

	while (at < end) {
		char byte = text->bytes[at];

		if (byte == '\\' && at + 1 < end && (text->bytes[at + 1] == 'n' || text->bytes[at + 1] == 'r'))
			at++;
		else if (byte == ' ' || byte == '\t') {
			at++;
			continue;
		} else if (byte != '\n' && byte != '\r')
			break;
		broken = true;
		at++;
	}
	return broken ? at : position;
}

size_t form_skip_wrap_back(const struct form_text *text, size_t position)
{
	size_t at = position, end = position > WRAP_MAX ? position - WRAP_MAX : 0;
	bool broken = false;

	while (at > end) {
		char byte = text->bytes[at - 1];

		if ((byte == 'n' || byte == 'r') && at - 1 > end && text->bytes[at - 2] == '\\')
			at--;
		else if (byte == ' ' || byte == '\t') {
			at--;
			continue;
		} else if (byte != '\n' && byte != '\r')
			break;
		broken = true;
		at--;
	}
	return broken ? at : position;
}

bool form_decode(enum form form, const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
		 struct decoded *to)
{
	bool decoded = false;

	switch (form) {
	case FORM_UTF_16:
		decoded = decode_utf_16(from, spot, room, to);
		break;
	case FORM_BASE64:
		decoded = decode_base64(from, spot, room, to);
		break;
	case FORM_HEX:
		decoded = decode_hex(from, spot, room, to);
		break;
	case FORM_CONCATENATED:
		decoded = decode_concatenated(from, spot, room, to);
		break;
	case FORM_PERCENT:
	case FORM_JSON:
	case FORM_HTML:
	case FORM_QUOTED_PRINTABLE:
		decoded = decode_escaped(form, from, spot, room, to);
		break;
	}
	return decoded && to->at <= to->size && to->size - to->at >= spot->length &&
	       memcmp(to->bytes + to->at, spot->text, spot->length) == 0;
}
