#define _GNU_SOURCE
#include "git/commit.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "name <40 hexadecimal digits>\n" at the front of *bytes: take it. */
static bool take_id(const char **bytes, size_t *size, const char *name, struct object_id *id)
{
	size_t length = strlen(name);
	size_t line = length + 1 + 2 * OBJECT_ID_SIZE + 1;

	if (*size < line || strncmp(*bytes, name, length) != 0 || (*bytes)[length] != ' ' ||
	    (*bytes)[line - 1] != '\n' || !object_id_parse(id, *bytes + length + 1))
		return false;
	*bytes += line;
	*size -= line;
	return true;
}

/*
 * What stands behind "author " in a commit whose headers up to there were read: "Name <address> 1700000000 +0100". name_length: how much of it is
 * before the date. NULL when there is none.
 */
static const char *author_line(const char *line, size_t left, size_t *length, size_t *name_length)
{
	const char *end, *address_end;

	if (left <= 7 || memcmp(line, "author ", 7) != 0 || !(end = memchr(line, '\n', left)))
		return NULL;
	line += 7;
	*length = (size_t)(end - line);
	address_end = memrchr(line, '>', *length);
	*name_length = address_end ? (size_t)(address_end - line) + 1 : *length;
	return line;
}

/* Longer than any date: 20 digits, and what little stands before them. */
#define DATE_SIZE 32

static int64_t date_read(const char *text, size_t length)
{
	char date[DATE_SIZE]; /* strtoll wants its end */

	if (length >= sizeof(date))
		length = sizeof(date) - 1;
	memcpy(date, text, length);
	date[length] = '\0';
	return strtoll(date, NULL, 10);
}

int commit_parse(struct commit *commit, const char *bytes, size_t size, struct error *error)
{
	size_t left = size, capacity = 0, length, name_length;
	const char *line = bytes, *author;
	struct object_id parent;

	if (!take_id(&line, &left, "tree", &commit->tree))
		return error_set(error, ERROR_MALFORMED, "a commit that begins with no tree");
	while (take_id(&line, &left, "parent", &parent)) {
		memory_grow(commit->parents, commit->parent_count, capacity);
		commit->parents[commit->parent_count++] = parent;
	}
	author = author_line(line, left, &length, &name_length);
	commit->author_date = author ? date_read(author + name_length, length - name_length) : 0;
	return 0;
}

void commit_release(struct commit *commit)
{
	free(commit->parents);
	commit->parents = NULL;
}

char *commit_author(const char *bytes, size_t size)
{
	struct object_id ignored;
	size_t length, name_length;

	take_id(&bytes, &size, "tree", &ignored);
	while (take_id(&bytes, &size, "parent", &ignored))
		;
	bytes = author_line(bytes, size, &length, &name_length);
	return bytes ? memory_copy_bytes(bytes, name_length) : memory_copy_string("");
}

int tag_parse_target(struct object_id *target, const char *bytes, size_t size, struct error *error)
{
	if (!take_id(&bytes, &size, "object", target))
		return error_set(error, ERROR_MALFORMED, "a tag that names no object");
	return 0;
}
