/*
 * A credential in each form that is looked for, as other programs write it: for the tests, the fuzzer and the benchmark.
 */
#ifndef STAUNCH_TESTS_UNIT_ENCODE_H
#define STAUNCH_TESTS_UNIT_ENCODE_H

#include "base/buffer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* With a line end behind each `columns` bytes; 0: on one line. */
static inline void encode_wrapped(struct buffer *to, const char *text, size_t length, size_t columns, const char *line_end)
{
	for (size_t i = 0; i < length; i++) {
		if (columns && i && i % columns == 0)
			buffer_add_string(to, line_end);
		buffer_add_char(to, text[i]);
	}
}

static inline void encode_base64(struct buffer *to, const char *bytes, size_t length, bool url)
{
	static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
			  safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *symbols = url ? safe : standard;

	for (size_t i = 0; i < length; i += 3) {
		unsigned group = 0;

		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (i + k < length ? (unsigned char)bytes[i + k] : 0);
		for (size_t k = 0; k < 4; k++) {
			if (i + k < length + 1)
				buffer_add_char(to, symbols[group >> (18 - 6 * k) & 63]);
			else if (!url)
				buffer_add_char(to, '=');
		}
	}
}

/* Each byte formatted, with a text between two of them. */
static inline void encode_each(struct buffer *to, const char *bytes, size_t length, const char *format, const char *between)
{
	for (size_t i = 0; i < length; i++) {
		if (i)
			buffer_add_string(to, between);
		buffer_add_format(to, format, (unsigned char)bytes[i]);
	}
}

/* Only what is no letter or digit formatted. */
static inline void encode_some(struct buffer *to, const char *bytes, size_t length, const char *format)
{
	for (size_t i = 0; i < length; i++) {
		if (isalnum((unsigned char)bytes[i]))
			buffer_add_char(to, bytes[i]);
		else
			buffer_add_format(to, format, (unsigned char)bytes[i]);
	}
}

static inline void encode_utf_16(struct buffer *to, const char *bytes, size_t length, bool big)
{
	for (size_t i = 0; i < length; i++) {
		if (big)
			buffer_add_char(to, '\0');
		buffer_add_char(to, bytes[i]);
		if (!big)
			buffer_add_char(to, '\0');
	}
}

#endif
