#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

size_t text_decode_utf8(const unsigned char *text, size_t length, uint32_t *code_point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value;
	size_t size;

	if (text[0] < 0x80) {
		*code_point = text[0];
		return 1;
	}
	if (text[0] >= 0xc2 && text[0] < 0xe0) {
		size = 2;
		value = text[0] & 0x1f;
	} else if (text[0] >= 0xe0 && text[0] < 0xf0) {
		size = 3;
		value = text[0] & 0x0f;
	} else if (text[0] >= 0xf0 && text[0] < 0xf5) {
		size = 4;
		value = text[0] & 0x07;
	} else {
		return 0;
	}
	if (size > length)
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3f);
	}
	if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*code_point = value;
	return size;
}

int text_is_utf8(const void *text, size_t length)
{
	const unsigned char *at = text;
	uint32_t ignored;

	while (length) {
		size_t size = text_decode_utf8(at, length, &ignored);

		if (!size)
			return 0;
		at += size;
		length -= size;
	}
	return 1;
}

/* Unicode TR 9 and TR 36. */
bool text_steers_display(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
	       code_point == 0x061c || code_point == 0x200e || code_point == 0x200f ||
	       (code_point >= 0x2028 && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
}

void text_add_harmless(struct buffer *buffer, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = strlen(text);

	while (length) {
		uint32_t code_point = 0;
		size_t size = text_decode_utf8(at, length, &code_point);

		if (!size) {
			buffer_add_format(buffer, "\\x%02x", at[0]);
			size = 1;
		} else if (text_steers_display(code_point)) {
			buffer_add_format(buffer, code_point < 0x100 ? "\\x%02x" : "\\u{%04x}", code_point);
		} else {
			buffer_add(buffer, at, size);
		}
		at += size;
		length -= size;
	}
}

void text_add_utf8(struct buffer *buffer, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = strlen(text);

	while (length) {
		uint32_t ignored;
		size_t size = text_decode_utf8(at, length, &ignored);

		if (size)
			buffer_add(buffer, at, size);
		else
			buffer_add_string(buffer, "\xef\xbf\xbd"); /* U+FFFD */
		size = size ? size : 1;
		at += size;
		length -= size;
	}
}

void text_format_time(int64_t seconds, char text[TEXT_TIME_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm parts;

	if (!gmtime_r(&when, &parts) || parts.tm_year > 9999 - 1900 || parts.tm_year < 1 - 1900) {
		strcpy(text, "1970-01-01T00:00:00Z"); /* a commit may claim any date; this one is not a year */
		return;
	}
	snprintf(text, TEXT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
		 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}
