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

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

bool object_id_parse(struct object_id *id, const char *hex)
{
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = high < 0 ? -1 : hex_value(hex[2 * i + 1]);

		if (low < 0)
			return false;
		id->bytes[i] = (unsigned char)(high << 4 | low);
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
