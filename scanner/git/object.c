#include "git/object.h"

#include <string.h>

void object_id_format(const struct object_id *id, char hex[2 * OBJECT_ID_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < OBJECT_ID_SIZE; i++) {
		hex[2 * i] = digits[id->bytes[i] >> 4];
		hex[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	hex[2 * OBJECT_ID_SIZE] = '\0';
}

/* The value of a hexadecimal digit (git writes small letters) with HEX_DIGIT beside it; 0 for all else. */
#define HEX_DIGIT 16
static const unsigned char hex_values[256] = {
	['0'] = HEX_DIGIT | 0,	['1'] = HEX_DIGIT | 1,	['2'] = HEX_DIGIT | 2,	['3'] = HEX_DIGIT | 3,
	['4'] = HEX_DIGIT | 4,	['5'] = HEX_DIGIT | 5,	['6'] = HEX_DIGIT | 6,	['7'] = HEX_DIGIT | 7,
	['8'] = HEX_DIGIT | 8,	['9'] = HEX_DIGIT | 9,	['a'] = HEX_DIGIT | 10, ['b'] = HEX_DIGIT | 11,
	['c'] = HEX_DIGIT | 12, ['d'] = HEX_DIGIT | 13, ['e'] = HEX_DIGIT | 14, ['f'] = HEX_DIGIT | 15,
};

bool object_id_parse(struct object_id *id, const char *hex)
{
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++) {
		unsigned high = hex_values[(unsigned char)hex[2 * i]], low;

		if (!high) /* perhaps the end */
			return false;
		low = hex_values[(unsigned char)hex[2 * i + 1]];
		if (!low)
			return false;
		id->bytes[i] = (unsigned char)((high & 15) << 4 | (low & 15));
	}
	return hex[2 * OBJECT_ID_SIZE] == '\0' || hex[2 * OBJECT_ID_SIZE] == '\n';
}

int object_id_compare(const void *a, const void *b)
{
	return memcmp(a, b, OBJECT_ID_SIZE);
}

struct object_note *object_note_share(struct object_note *note)
{
	if (note)
		atomic_fetch_add_explicit(&note->owners, 1, memory_order_relaxed);
	return note;
}

void object_note_release(struct object_note *note)
{
	if (note && atomic_fetch_sub_explicit(&note->owners, 1, memory_order_acq_rel) == 1)
		note->free(note);
}
