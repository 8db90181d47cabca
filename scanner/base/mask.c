#include "base/mask.h"

#include <stdbool.h>
#include <string.h>

#define RUN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define LITERAL_BODY_MIN 20 /* characters behind a literal */
#define MIXED_RUN_MIN 30    /* characters of a run without one */
#define MIXED_EACH_MIN 2    /* of them digits, upper-case and lower-case letters each */
#define HEAD_SHOWN 8
#define ENDS_SHOWN 4
#define ESCAPE_LENGTH 3

static const char *const *known_literals;
static size_t known_count, known_longest;

void mask_set_literals(const char *const *literals, size_t count)
{
	known_literals = literals;
	known_count = count;
	known_longest = 0;
	for (size_t i = 0; i < count; i++) {
		if (strlen(literals[i]) > known_longest)
			known_longest = strlen(literals[i]);
	}
}

/* Whether a run of this length has what keys have and words and hexadecimal digits have not. */
static bool is_mixed(const char *run, size_t length)
{
	size_t digits = 0, upper = 0, lower = 0;

	for (size_t i = 0; i < length; i++) {
		digits += run[i] >= '0' && run[i] <= '9';
		upper += run[i] >= 'A' && run[i] <= 'Z';
		lower += run[i] >= 'a' && run[i] <= 'z';
	}
	return length >= MIXED_RUN_MIN && digits >= MIXED_EACH_MIN && upper >= MIXED_EACH_MIN && lower >= MIXED_EACH_MIN;
}

static void add_ends(struct buffer *buffer, const char *run, size_t length, size_t head)
{
	buffer_add(buffer, run, head);
	buffer_add_string(buffer, "…");
	buffer_add(buffer, run + length - ENDS_SHOWN, ENDS_SHOWN);
}

static void add_without_literal(struct buffer *buffer, const char *run, size_t length)
{
	if (is_mixed(run, length))
		add_ends(buffer, run, length, HEAD_SHOWN);
	else
		buffer_add(buffer, run, length);
}

static int hex_value(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0' : (digit | 0x20) >= 'a' && (digit | 0x20) <= 'f' ? (digit | 0x20) - 'a' + 10 : -1;
}

/* The byte that two hexadecimal digits spell, or -1. */
static int hex_byte(const char *text)
{
	int high = hex_value(text[0]), low = high < 0 ? -1 : hex_value(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

/* Whether a literal stands at a place in hexadecimal digits. */
static bool is_in_hex(const char *at, const char *literal)
{
	for (; *literal; at += 2, literal++) {
		if (hex_byte(at) != (unsigned char)*literal)
			return false;
	}
	return true;
}

/* The length of the longest literal at a place that ends in run, or where it begins, and leaves enough of it; 0: none. */
static size_t literal_at(const char *at, const char *run, const char *end)
{
	size_t longest = 0;

	for (size_t i = 0; i < known_count; i++) {
		size_t length = strlen(known_literals[i]);

		if (length > longest && (size_t)(end - at) >= length + LITERAL_BODY_MIN && at + length >= run &&
		    memcmp(at, known_literals[i], length) == 0)
			longest = length;
		if (2 * length > longest && at >= run && (size_t)(end - at) >= 2 * (length + LITERAL_BODY_MIN) && is_in_hex(at, known_literals[i]))
			longest = 2 * length;
	}
	return longest;
}

/* The length of a run whose characters are escaped, each as %76; 0 when it is too short to hold a credential. */
static size_t escaped_run(const char *text)
{
	size_t length = 0;
	int byte;

	while (text[length] == '%' && (byte = hex_byte(text + length + 1)) > 0 && strchr(RUN_CHARACTERS, byte))
		length += ESCAPE_LENGTH;
	return length < LITERAL_BODY_MIN * ESCAPE_LENGTH ? 0 : length;
}

/*
 * Add one run of text, up to end. A literal may have begun before it: it is a rule's own text and may hold any
 * character.
 */
static void add_run(struct buffer *buffer, const char *text, const char *run, const char *end)
{
	size_t before = (size_t)(run - text) < known_longest ? (size_t)(run - text) : known_longest;

	for (const char *at = run - before; end - at > LITERAL_BODY_MIN; at++) {
		size_t length = literal_at(at, run, end);
		const char *body = at + length;

		if (!length)
			continue;
		if (at > run) {
			add_without_literal(buffer, run, (size_t)(at - run));
			buffer_add(buffer, at, length);
		} else {
			buffer_add(buffer, run, (size_t)(body - run));
		}
		add_ends(buffer, body, (size_t)(end - body), ENDS_SHOWN);
		return;
	}
	add_without_literal(buffer, run, (size_t)(end - run));
}

void mask_add(struct buffer *buffer, const char *text)
{
	const char *run = text;

	buffer_reserve(buffer, strlen(text)); /* and empty text is text */
	while (*run) {
		size_t other = strcspn(run, RUN_CHARACTERS "%"), length = strspn(run + other, RUN_CHARACTERS);

		buffer_add(buffer, run, other);
		run += other;
		if (*run == '%') {
			length = escaped_run(run);
			if (length)
				add_ends(buffer, run, length, 3 * ESCAPE_LENGTH);
			else
				buffer_add_char(buffer, '%');
			run += length ? length : 1;
			continue;
		}
		if (length < LITERAL_BODY_MIN)
			buffer_add(buffer, run, length);
		else
			add_run(buffer, text, run, run + length);
		run += length;
	}
}
