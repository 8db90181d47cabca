/*
 * The forms in which text is written as other text, and what undoes them: each decodes a piece of text round one spot, and says of every decoded
 * byte from where to where it stood. Nothing is decoded whole; a spot is found by its trigger first (trigger.h). Private to match/.
 */
#ifndef STAUNCH_MATCH_FORM_H
#define STAUNCH_MATCH_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form {
	FORM_UTF_16 = 0,       /* both orders of bytes */
	FORM_BASE64,           /* RFC 4648, 4 and 5; what of both differs never stands in the base64 of a credential (decode_base64.c) */
	FORM_HEX,
	FORM_PERCENT,          /* RFC 3986, 2.1 */
	FORM_JSON,             /* RFC 8259, 7; and \xHH, which JavaScript has beside it */
	FORM_HTML,             /* character references by number and some by name */
	FORM_QUOTED_PRINTABLE, /* RFC 2045, 6.7 */
	FORM_CONCATENATED,     /* pieces of string literals and continued lines, as programs join them */
};

/* More forms, one in the other, are not looked for. */
#define FORM_DEPTH_MAX 4

/* How hexadecimal bytes are set apart, by number; the first is not at all. */
#define FORM_SEPARATORS { "", ":", " ", "-", "\\x", ", 0x", ",0x" }
#define FORM_SEPARATOR_COUNT 7

/* A piece of a longer text. */
struct form_text {
	const char *bytes;
	size_t size;
	bool cut_before, cut_after; /* the text goes on beyond this end */
	bool at_odd;                /* it begins at an odd offset of the content: which UTF-16 is likelier */
};

/* The spot: where what is encoded begins, as the trigger says that was found at position. */
struct form_spot {
	size_t position;
	size_t lead;         /* bytes of the trigger before its first symbol: white space or a quote */
	size_t skip;         /* symbols of what is encoded that stand before the trigger's first */
	unsigned alignment;  /* base64: the byte of a group of three that it begins with */
	unsigned separator;  /* hex */
	const char *text;    /* what is encoded, length bytes: decoded, it must stand there */
	size_t length;
	bool joins_before;   /* concatenated: pieces before the spot are joined too */
};

/* Lines of encoded text at whose ends it may have ended already. */
#define DECODED_LINES_MAX 8

/* Decoded text round the spot. */
struct decoded {
	char *bytes;             /* owned: size of them, of capacity */
	uint32_t *starts, *ends; /* owned: of each byte, where what it was decoded from begins and ends */
	uint32_t *symbols;       /* owned: for the decoders of symbols */
	size_t size, capacity;
	size_t at;                  /* where the spot's text stands */
	bool cut_before, cut_after; /* the decoded text goes on beyond this end */
	/* wrapped text: the line may have nothing to do with those before and behind it */
	size_t line_start;          /* what is decoded from the spot's own line begins here */
	size_t line_ends[DECODED_LINES_MAX];
	size_t line_count;
	const char *name; /* "base64"; static */
};

/* How many decoded bytes are wanted before the spot and from it on; together at most the capacity. */
struct form_room {
	size_t before, after;
};

void decoded_init(struct decoded *decoded, size_t capacity);
void decoded_release(struct decoded *decoded); /* what was decoded is overwritten */

/* Decode round the spot. Returns whether its text stands there. */
bool form_decode(enum form form, const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
		 struct decoded *to);

/* ---- the decoders, each in its file; form_decode() looks whether the text stands there ---- */

bool decode_base64(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to);
bool decode_hex(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to);
bool decode_utf_16(const struct form_text *from, const struct form_spot *spot, const struct form_room *room, struct decoded *to);
bool decode_escaped(enum form form, const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
		    struct decoded *to);
bool decode_concatenated(const struct form_text *from, const struct form_spot *spot, const struct form_room *room,
			 struct decoded *to);

/* ---- what they share ---- */

/* The value of a hexadecimal digit, or -1. */
int form_hex_digit(char character);

/* Empty *to for a new decoding. */
void decoded_begin(struct decoded *to, const char *name);

/* Add a byte that stood from start to end. Returns false when there is no more room. */
bool decoded_add(struct decoded *to, char byte, size_t start, size_t end);

/*
 * Behind (before) the white space at which wrapped text goes on, which has a line break in it, plain or written as \n; position itself when
 * there is none.
 */
size_t form_skip_wrap(const struct form_text *text, size_t position);
size_t form_skip_wrap_back(const struct form_text *text, size_t position);

#endif
