/*
 * JSON as text: is it well-formed, and where in it does a part of the parsed tree stand?
 *
 * cJSON builds the tree, but it knows no positions, takes more than JSON (any control character as white space,
 * line breaks in strings, "\u12g4", 01, 1.) and points past the usual mistakes (a comma too many, a name without
 * quotes). So the text is first checked here against RFC 8259, and walked again beside the tree when a message
 * needs a place.
 */
#ifndef STAUNCH_RULE_JSON_TEXT_H
#define STAUNCH_RULE_JSON_TEXT_H

#include <stddef.h>

struct cJSON;

/* Brackets within brackets; a rule file needs 7. */
#define JSON_TEXT_DEPTH_MAX 16

/*
 * Check that length bytes, with a NUL behind them, are one JSON text and nothing more. Returns NULL, or what is
 * wrong in words (static), with its place in *offset. A byte order mark in front is allowed; NUL is not, neither
 * as a byte nor as \u0000.
 */
const char *json_text_check(const char *text, size_t length, size_t *offset);

enum json_part { JSON_VALUE = 0, JSON_NAME };

/*
 * The offset in text of an item's value, or of the name it has in its object. text passed json_text_check(), root
 * is what cJSON made of it, and item is part of root.
 */
size_t json_text_locate(const char *text, const struct cJSON *root, const struct cJSON *item, enum json_part part);

#endif
