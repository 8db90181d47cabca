#define _GNU_SOURCE
#include "broker/credentials.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES (SECRET_SIZE_MAX + 64)

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

/* Read a line of any bytes, of which the first LINE_MAX_BYTES are kept; *length says when it was longer. Returns false at the end. */
static bool read_line(char *line, size_t *length)
{
	int character = getc(stdin);
	bool any = character != EOF;

	*length = 0;
	for (; character != EOF && character != '\n'; character = getc(stdin)) {
		if (*length < LINE_MAX_BYTES)
			line[(*length)++] = (char)character;
	}
	return any;
}

static void add_target(struct collection *collection)
{
	memory_grow(collection->targets, collection->target_count, collection->target_capacity);
	collection->targets[collection->target_count++] =
		(struct target){ .kind = "stdin", .path = memory_copy_string("(standard input)") };
}

void credentials_read(struct collection *collection, const atomic_int *stop)
{
	struct place place = { .kind = PLACE_STDIN, .reachable = true, .path = (char *)"(standard input)", .column = 1 };
	char *line = memory_allocate(LINE_MAX_BYTES);
	char detail[128];
	size_t length;

	add_target(collection);
	setvbuf(stdin, NULL, _IONBF, 0); /* stdio's buffer would keep a copy */
	while (!*stop && read_line(line, &length)) {
		char *start = line;

		place.line++;
		while (length && is_space(*start))
			start++, length--;
		while (length && is_space(start[length - 1]))
			length--;
		if (!length || (length < LINE_MAX_BYTES &&
				collection_add_credential(collection, start, length, &place) >= 0))
			continue;
		snprintf(detail, sizeof(detail), "line %llu of standard input is no credential that a rule knows",
			 (unsigned long long)place.line);
		log_error("%s", detail);
		collection_add_incomplete(collection, "unconfirmed-hit", detail);
	}
	if (ferror(stdin))
		collection_add_incomplete(collection, "unreadable-target", "standard input could not be read to its end");
	explicit_bzero(line, LINE_MAX_BYTES);
	free(line);
}
