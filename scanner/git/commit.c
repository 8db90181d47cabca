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

/* "author Name <address> 1700000000 +0100": split what is before the date from it. */
static void parse_author(struct commit *commit, const char *line, size_t length)
{
	const char *end = memrchr(line, '>', length);
	size_t name_length = end ? (size_t)(end - line) + 1 : length;
	char *date;

	commit->author = memory_copy_bytes(line, name_length);
	date = memory_copy_bytes(line + name_length, length - name_length); /* strtoll wants its end */
	commit->author_date = strtoll(date, NULL, 10);
	free(date);
}

int commit_parse(struct commit *commit, const char *bytes, size_t size, struct error *error)
{
	const char *line = bytes;
	size_t left = size, capacity = 0;
	struct object_id parent;
	const char *end;

	if (!take_id(&line, &left, "tree", &commit->tree))
		return error_set(error, ERROR_MALFORMED, "a commit that begins with no tree");
	while (take_id(&line, &left, "parent", &parent)) {
		memory_grow(commit->parents, commit->parent_count, capacity);
		commit->parents[commit->parent_count++] = parent;
	}
	if (left > 7 && !memcmp(line, "author ", 7) && (end = memchr(line, '\n', left)))
		parse_author(commit, line + 7, (size_t)(end - line) - 7);
	else
		commit->author = memory_copy_string("");
	return 0;
}

void commit_release(struct commit *commit)
{
	free(commit->parents);
	free(commit->author);
	commit->parents = NULL;
	commit->author = NULL;
}

int tag_parse_target(struct object_id *target, const char *bytes, size_t size, struct error *error)
{
	if (!take_id(&bytes, &size, "object", target))
		return error_set(error, ERROR_MALFORMED, "a tag that names no object");
	return 0;
}
