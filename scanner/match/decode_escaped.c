/*
 * Text in which some characters, or all, are written as something longer: %5F, \u005f, &#95;, =5F. Everything else stands for itself.
 */
#include "match/form.h"

#include <stdlib.h>
#include <string.h>

#define NO_BYTE '\xff' /* for a character that is no byte: it belongs to no credential */
#define REFERENCE_MAX 12 /* bytes of a character reference */

/* An escape at the beginning of text: what it stands for (nothing when is_empty), and its length. */
struct escape {
	size_t length; /* 0: there is none */
	char byte;
	bool is_empty;
};

/* `digits` hexadecimal digits, or -1. */
static long hex_value(const char *bytes, size_t size, size_t digits)
{
	long value = 0;

	if (size < digits || !digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int digit = form_hex_digit(bytes[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static struct escape escape_of(size_t length, long value)
{
	return value < 0 ? (struct escape){ 0 } : (struct escape){ .length = length, .byte = value < 0x80 ? (char)value : NO_BYTE };
}

static struct escape read_percent(const char *bytes, size_t size)
{
	return bytes[0] == '%' ? escape_of(3, hex_value(bytes + 1, size - 1, 2)) : (struct escape){ 0 };
}

/* \uHHHH, \u{H…}, \UHHHHHHHH, \xHH, \n and its like. */
static struct escape read_json(const char *bytes, size_t size)
{
	static const char letters[] = "bfnrt\"'\\/0", meanings[] = "\b\f\n\r\t\"'\\/\0";
	const char *letter;

	if (bytes[0] != '\\' || size < 2)
		return (struct escape){ 0 };
	if (bytes[1] == 'u' && size > 3 && bytes[2] == '{') {
		size_t digits = 0;

		while (digits < 6 && 3 + digits < size && form_hex_digit(bytes[3 + digits]) >= 0)
			digits++;
		if (3 + digits < size && bytes[3 + digits] == '}')
			return escape_of(4 + digits, hex_value(bytes + 3, digits, digits));
	}
	if (bytes[1] == 'u')
		return escape_of(6, hex_value(bytes + 2, size - 2, 4));
	if (bytes[1] == 'U')
		return escape_of(10, hex_value(bytes + 2, size - 2, 8));
	if (bytes[1] == 'x')
		return escape_of(4, hex_value(bytes + 2, size - 2, 2));
	letter = memchr(letters, bytes[1], sizeof(letters) - 1);
	return letter ? (struct escape){ .length = 2, .byte = meanings[letter - letters] } : (struct escape){ 0 };
}

/* The references by name that can stand in a credential or beside one (HTML, 13.5). */
static const struct {
	const char *name;
	char byte;
} references[] = {
	{ "amp", '&' },  { "lt", '<' },     { "gt", '>' },    { "quot", '"' }, { "apos", '\'' },  { "lowbar", '_' },  { "UnderBar", '_' },
	{ "nbsp", ' ' }, { "equals", '=' }, { "colon", ':' }, { "dash", NO_BYTE }, { "hyphen", NO_BYTE }, { "period", '.' }, { "sol", '/' },
	{ "NewLine", '\n' }, { "Tab", '\t' }, { "grave", '`' }, { "comma", ',' }, { "semi", ';' }, { "plus", '+' }, { "num", '#' },
};

static struct escape read_html(const char *bytes, size_t size)
{
	const char *end = bytes[0] == '&' ? memchr(bytes, ';', size < REFERENCE_MAX ? size : REFERENCE_MAX) : NULL;
	size_t length = end ? (size_t)(end - bytes) : 0;

	if (length < 3)
		return (struct escape){ 0 };
	if (bytes[1] == '#' && (bytes[2] == 'x' || bytes[2] == 'X'))
		return escape_of(length + 1, hex_value(bytes + 3, length - 3, length - 3));
	if (bytes[1] == '#') {
		long value = 0;

		for (size_t i = 2; i < length; i++) {
			if (bytes[i] < '0' || bytes[i] > '9')
				return (struct escape){ 0 };
			value = 10 * value + bytes[i] - '0';
		}
		return escape_of(length + 1, value);
	}
	for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++) {
		if (strlen(references[i].name) == length - 1 && memcmp(references[i].name, bytes + 1, length - 1) == 0)
			return (struct escape){ .length = length + 1, .byte = references[i].byte };
	}
	return (struct escape){ 0 };
}

/* =HH, and a line break behind a "=", which is none. */
static struct escape read_quoted_printable(const char *bytes, size_t size)
{
	size_t blanks = 1;

	if (bytes[0] != '=')
		return (struct escape){ 0 };
	while (blanks < size && blanks < REFERENCE_MAX && (bytes[blanks] == ' ' || bytes[blanks] == '\t'))
		blanks++;
	if (blanks < size && bytes[blanks] == '\n')
		return (struct escape){ .length = blanks + 1, .is_empty = true };
	if (size - blanks >= 2 && bytes[blanks] == '\r' && bytes[blanks + 1] == '\n')
		return (struct escape){ .length = blanks + 2, .is_empty = true };
	return escape_of(3, hex_value(bytes + 1, size - 1, 2));
}

static const struct {
	const char *name;
	struct escape (*read)(const char *bytes, size_t size);
} kinds[] = {
	[FORM_PERCENT] = { "percent", read_percent },
	[FORM_JSON] = { "json", read_json },
	[FORM_HTML] = { "html", read_html },
	[FORM_QUOTED_PRINTABLE] = { "quoted-printable", read_quoted_printable },
};

bool decode_escaped(enum form form, const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
		    struct decoded *to)
{
	size_t begin = spot->position - spot->skip, at;
	bool met = false;

	decoded_begin(to, kinds[form].name);
	if (spot->skip > spot->position)
		return false;
	at = begin > room->before ? begin - room->before : 0;
	/* not in the middle of "\\u0041" */
	for (int i = 0; i < 16 && at > 0 && from->bytes[at - 1] == '\\'; i++)
		at--;
	to->cut_before = at > 0 || from->cut_before;
	while (at < from->size && (!met || to->size - to->at < room->after)) {
		struct escape escape = kinds[form].read(from->bytes + at, from->size - at);
		size_t length = escape.length ? escape.length : 1;

		if (at == begin) {
			to->at = to->size;
			met = true;
		}
		if (!escape.is_empty && !decoded_add(to, escape.length ? escape.byte : from->bytes[at], at, at + length))
			break;
		at += length;
	}
	to->cut_after = at < from->size || from->cut_after;
	return met;
}
