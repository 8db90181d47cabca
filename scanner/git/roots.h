/*
 * What the two files that look for a repository's parts share (repository_roots.h). Private to git/.
 */
#ifndef STAUNCH_GIT_ROOTS_H
#define STAUNCH_GIT_ROOTS_H

#include "git/repository_roots.h"

#include <stdbool.h>
#include <stddef.h>

struct root_search {
	repository_root *visit;
	void *context;
	unsigned parts; /* REPOSITORY_ROOTS_ bits */
	unsigned submodule_count; /* taken so far */
	char *tree;     /* owned: real path of the working tree, whose files its configuration may name; NULL: it has none */
	bool trusted;   /* the configuration being read is the user's own and may name any file */
	char **objects; /* owned, object_count of them: folders of objects that have been taken */
	size_t object_count, object_capacity;
	unsigned configuration_count; /* read so far */
	unsigned alternate_lines; /* likewise */
};

void root_search_release(struct root_search *search);

/* Visit the configuration folder/name and what it names. */
void roots_take_configuration(struct root_search *search, const char *folder, const char *name);

/*
 * git follows alternates of alternates to this depth (object-file.c, "alternate object directories, nesting too deep") and has no other limits; nobody has as
 * many as these, which would have us read for ever.
 */
#define ROOTS_ALTERNATE_DEPTH_MAX 5
#define ROOTS_ALTERNATES_MAX 1000
#define ROOTS_ALTERNATE_LINES_MAX 10000

/* Larger files are not read: such ones hold a line or a few. */
#define ROOTS_FILE_MAX (1 << 20)

/* A whole small file as a string for the caller to free; NULL when it cannot be read or is no small regular file. */
char *roots_read_file(const char *path);

/* The path in the first line of folder/name behind prefix, seen from folder, for the caller to free; or NULL. */
char *roots_read_pointer(const char *folder, const char *name, const char *prefix);

/* A value of a configuration, up to the end of its line, without quotes and comments. In place. */
char *roots_plain_value(char *text);

/* The path that text names, seen from folder; the caller frees it. */
char *roots_path_from(const char *folder, const char *text);

/* Whether path looks like a git folder, by its names alone: this is what git asks of one, too. */
bool roots_is_git_folder(const char *path);

bool roots_is_link(const char *path);

bool roots_exists_below(const char *folder, const char *name);

/* Whether path is folder or lies below it. Both are real paths. */
bool roots_is_below(const char *path, const char *folder);

#endif
