/*
 * The variables by which git tells a hook, or a user tells git, where a repository is. libgit2 knows most of them; two it refuses
 * outright, and for one it reads the whole index at once.
 */
#define _GNU_SOURCE
#include "git/libgit2.h"

#include "base/memory.h"

#include <stdlib.h>

/* A variable that libgit2 must not see while it opens. */
struct hidden {
	const char *name;
	char *value; /* owned; NULL: it is not set */
};

static void hide(struct hidden *hidden, const char *name)
{
	hidden->name = name;
	hidden->value = memory_copy_string(getenv(name));
	unsetenv(name);
}

static void show(struct hidden *hidden)
{
	if (hidden->value)
		setenv(hidden->name, hidden->value, 1);
	free(hidden->value);
	hidden->value = NULL;
}

static bool is_set(const char *text)
{
	return text && *text;
}

/*
 * Where GIT_INDEX_FILE is: a relative one counts, as with git, which goes there first, from the top of the working tree that we are in
 * (a hook's manager may have gone into a folder of it), and elsewhere from where we are.
 */
static char *find_index(const char *name, const char *top)
{
	char *here = realpath(".", NULL), *real_top = top ? realpath(top, NULL) : NULL;
	size_t length = real_top ? strlen(real_top) : 0;
	bool inside = here && length && !strncmp(here, real_top, length) && (here[length] == '/' || !here[length]);
	char *path = inside && *name != '/' ? memory_format("%s/%s", real_top, name) : memory_copy_string(name);

	free(here);
	free(real_top);
	return path;
}

int libgit2_open_from_environment(git_repository **git, const char *path, char **index_path)
{
	struct hidden index, work_tree, common;
	const char *directory = getenv("GIT_DIR");
	int number;

	hide(&index, "GIT_INDEX_FILE");   /* libgit2 would read it now; staged.c does it faster */
	hide(&work_tree, "GIT_WORK_TREE"); /* "unimplemented" in libgit2 1.5 (repository.c), as is */
	hide(&common, "GIT_COMMON_DIR");   /* this one, which says what the file `commondir` says as well */
	/* libgit2 asks GIT_DIR only where it is given no path */
	number = git_repository_open_ext(git, is_set(directory) ? NULL : path, GIT_REPOSITORY_OPEN_FROM_ENV, NULL);
	if (!number && is_set(work_tree.value))
		number = git_repository_set_workdir(*git, work_tree.value, 0);
	*index_path = !number && is_set(index.value) ? find_index(index.value, git_repository_workdir(*git)) : NULL;
	show(&index);
	show(&work_tree);
	show(&common);
	if (number) {
		git_repository_free(*git);
		*git = NULL;
	}
	return number;
}
