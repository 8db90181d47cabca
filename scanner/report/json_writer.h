/*
 * JSON as a stream, in the order in which it is written, so that the same result gives the same bytes and no
 * report has to fit into memory. (cJSON would hold the whole tree, and numbers only up to 2^53.) For report/, and for
 * cli/ where it writes what the ledger holds.
 */
#ifndef STAUNCH_REPORT_JSON_WRITER_H
#define STAUNCH_REPORT_JSON_WRITER_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_WRITER_DEPTH_MAX 16

struct json_writer {
	struct buffer *out; /* borrowed */
	bool pretty;        /* one value a line, two blanks deeper for each level; otherwise no space at all */
	unsigned depth;
	bool has_values[JSON_WRITER_DEPTH_MAX + 1]; /* per level: a comma is due before the next one */
};

/*
 * Begin and end an object ('{') or an array ('['). name is the member's name, NULL in an array and at the top:
 * here and below.
 */
void json_open(struct json_writer *writer, const char *name, char bracket);
void json_close(struct json_writer *writer, char bracket);

/* Text need not be UTF-8: see text_add_utf8(). NULL text gives null. What could steer a terminal is escaped. */
void json_string(struct json_writer *writer, const char *name, const char *text);
void json_number(struct json_writer *writer, const char *name, uint64_t number);
void json_decimal(struct json_writer *writer, const char *name, double number); /* finite */
void json_bool(struct json_writer *writer, const char *name, bool value);
void json_raw(struct json_writer *writer, const char *name, const char *json); /* a value that is JSON already */
void json_null(struct json_writer *writer, const char *name);
void json_time(struct json_writer *writer, const char *name, int64_t seconds);

#endif
