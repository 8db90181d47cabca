/*
 * Text from strangers: file names, author names and provider messages may hold control characters, broken UTF-8 or
 * bidirectional overrides. Nothing of theirs reaches a terminal or a JSON document unchecked.
 */
#ifndef STAUNCH_BASE_TEXT_H
#define STAUNCH_BASE_TEXT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Decode one UTF-8 character of text (length > 0 bytes left). Returns its size in bytes and the code point, or 0 when
 * the bytes are no well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
 */
size_t text_decode_utf8(const unsigned char *text, size_t length, uint32_t *code_point);

/* Whether all length bytes are well-formed UTF-8. */
int text_is_utf8(const void *text, size_t length);

/* Whether a character changes how a terminal or a page shows what comes after it: C0, DEL, C1 and the controls of bidirectional text. */
bool text_steers_display(uint32_t code_point);

/*
 * Add text to buffer in a form that no terminal acts upon: control characters (C0, DEL, C1), bidirectional controls and
 * bytes that are no UTF-8 are written as \xHH or \u{HHHH}; everything else is kept.
 */
void text_add_harmless(struct buffer *buffer, const char *text);

/*
 * Add text to buffer as valid UTF-8 for a JSON document: bytes that are no UTF-8 become U+FFFD. Control characters are
 * kept; the JSON writer escapes them.
 */
void text_add_utf8(struct buffer *buffer, const char *text);

/* Seconds since the epoch as "2026-11-23T15:08:00Z" (RFC 3339, UTC). */
#define TEXT_TIME_SIZE 32
void text_format_time(int64_t seconds, char text[TEXT_TIME_SIZE]);

#endif
