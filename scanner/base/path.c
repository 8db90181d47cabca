#define _GNU_SOURCE
#include "base/path.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Where the last name begins, and how long it is. Slashes behind it do not count; one of length 0 is the root, or nothing. */
static const char *last_name(const char *path, size_t *length)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/';)
		start--;
	*length = end - start;
	return path + start;
}

/* A name, in a folder that is resolved, which is taken over. */
static char *append(char *folder, const char *name, size_t length)
{
	char *whole;

	if (length == 1 && name[0] == '.')
		return folder;
	if (length == 2 && memcmp(name, "..", 2) == 0) {
		char *slash = strrchr(folder, '/');

		slash[slash == folder] = '\0';
		return folder;
	}
	whole = memory_format("%s/%.*s", strcmp(folder, "/") == 0 ? "" : folder, (int)length, name);
	free(folder);
	return whole;
}

char *path_resolve_folder(const char *path)
{
	size_t length;
	const char *name = last_name(path, &length);
	char *above, *folder;

	if (!length)
		return *path == '/' ? memory_copy_string("/") : path_resolve(".");
	above = name == path ? memory_copy_string(".") : memory_copy_bytes(path, (size_t)(name - path));
	folder = path_resolve(above);
	free(above);
	return folder ? append(folder, name, length) : NULL;
}

char *path_resolve(const char *path)
{
	char *found = realpath(path, NULL);

	if (found || strcmp(path, ".") == 0)
		return found;
	return path_resolve_folder(path);
}
