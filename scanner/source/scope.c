#define _GNU_SOURCE
#include "source/scope.h"

#include "base/memory.h"
#include "git/repository.h"
#include "git/repository_roots.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scope {
	struct repository *repository; /* owned */
	char *prefix;        /* owned: where the walk begins in the working tree ("src/"), or "" */
	const struct scope *around; /* borrowed, or NULL */
	size_t start_length; /* bytes at the front of the walk's paths that prefix takes the place of */
};

static struct scope *scope_new(struct repository *repository, char *prefix, size_t start_length)
{
	struct scope *scope = memory_allocate_zeroed(1, sizeof(*scope));

	scope->repository = repository;
	scope->prefix = prefix;
	scope->start_length = start_length;
	return scope;
}

/*
 * Open the repository whose rules say what is left out. One that is damaged has no rules, but one that may not be read (its parts lie where the
 * sandbox does not reach, or are another user's) has rules that are not known: that is an error.
 */
static int open_repository(struct repository **repository, const char *path, enum repository_search search, struct error *error)
{
	struct error why = { 0 };
	int result = repository_open(repository, path, search, &why);

	if (!result && repository_work_path(*repository))
		result = repository_check_ignore_rules(*repository, &why);
	if (result == ERROR_IO)
		return error_set(error, ERROR_IO,
				 "left out, as it is not known what git ignores there: %.700s (name it on its own, or use --ignored or --sandbox off)",
				 why.message);
	return 0;
}

struct scope *scope_open_root(const char *path, const struct scope *around, struct error *error)
{
	struct repository *repository = NULL;
	struct scope *scope;

	if (open_repository(&repository, *path ? path : ".", REPOSITORY_EXACT, error) || !repository ||
	    !repository_work_path(repository)) {
		repository_close(repository);
		return NULL;
	}
	scope = scope_new(repository, memory_copy_string(""), strlen(path));
	scope->around = around;
	return scope;
}

/* Whether some folder above has a `.git`. Names only: starting libgit2 takes longer than scanning a few files. */
static bool has_git_above(const char *real)
{
	char *above = memory_copy_string(real), *slash;
	bool found = false;

	while (!found && (slash = strrchr(above, '/'))) {
		char *name;

		*slash = '\0';
		name = memory_format("%s/.git", above);
		found = !access(name, F_OK);
		free(name);
	}
	free(above);
	return found;
}

struct scope *scope_open_around(const char *path, bool is_folder, bool *left_out, struct error *error)
{
	struct repository *repository = NULL;
	char *real = realpath(path, NULL), *root = NULL;
	struct scope *scope = NULL;
	size_t length;

	*left_out = false;
	if (real && has_git_above(real) && !open_repository(&repository, real, REPOSITORY_UPWARD, error) && repository &&
	    repository_work_path(repository))
		root = realpath(repository_work_path(repository), NULL);
	length = root ? strlen(root) : 0;
	/* what lies in `.git` is git's own: nothing of it is ignored */
	if (root && !strncmp(real, root, length) && real[length] == '/' && strcmp(real + length, "/.git") != 0 &&
	    strncmp(real + length, "/.git/", 6) != 0) {
		const char *below = real + length + 1;
		size_t path_length = strlen(path);

		*left_out = repository_leaves_out(repository, below, is_folder);
		if (!strcmp(path, "."))
			path_length = 0; /* the walk leaves "./" away */
		else if (path_length && path[path_length - 1] != '/')
			path_length++;
		scope = scope_new(repository, memory_format("%s/", below), path_length);
		repository = NULL;
	}
	repository_close(repository);
	free(root);
	free(real);
	return scope;
}

void scope_close(struct scope *scope)
{
	if (!scope)
		return;
	repository_close(scope->repository);
	free(scope->prefix);
	free(scope);
}

/* A path as the scope's working tree spells it, for the caller to free. */
static char *spell(const struct scope *scope, const char *path)
{
	return memory_format("%s%s", scope->prefix, path + scope->start_length);
}

bool scope_leaves_out(const struct scope *scope, const char *path, bool is_folder)
{
	bool left_out;
	char *spelled;

	if (!scope)
		return false;
	spelled = spell(scope, path);
	left_out = repository_leaves_out(scope->repository, spelled, is_folder);
	free(spelled);
	for (scope = scope->around; scope && left_out; scope = scope->around) {
		spelled = spell(scope, path);
		left_out = !repository_tracks(scope->repository, spelled, is_folder);
		free(spelled);
	}
	return left_out;
}
