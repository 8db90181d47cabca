/*
 * No libgit2 here: its parsers see nothing before the sandbox is whole. What is read are lines that hold a path.
 */
#define _GNU_SOURCE
#include "git/roots.h"

#include "base/memory.h"
#include "git/repository_others.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- pointers ---- */

char *roots_read_pointer(const char *folder, const char *name, const char *prefix)
{
	char *path = roots_path_from(folder, name), *text = roots_read_file(path), *pointed = NULL;
	size_t length = strlen(prefix);

	if (text && !strncmp(text, prefix, length)) {
		char *start = text + length + strspn(text + length, " ");

		start[strcspn(start, "\r\n")] = '\0';
		if (*start)
			pointed = roots_path_from(folder, start);
	}
	free(text);
	free(path);
	return pointed;
}

/* ---- objects ---- */

/* Whether an object folder needs no visit of its own: a git folder that was visited holds it. */
static bool is_own_objects(const char *objects, const char *common)
{
	char *real = realpath(common, NULL);
	bool own = real && roots_is_below(objects, real);

	free(real);
	return own;
}

static void visit_below(const struct root_search *search, const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);

	search->visit(search->context, path, REPOSITORY_ROOT);
	free(path);
}

/* What git keeps in a folder of objects, and nothing else that may lie there: a stranger chose the name. */
static void visit_object_folder(const struct root_search *search, const char *objects)
{
	if (!roots_exists_below(objects, "pack") && !roots_exists_below(objects, "info"))
		return;
	search->visit(search->context, objects, REPOSITORY_ROOT_LISTED);
	visit_below(search, objects, "pack");
	visit_below(search, objects, "info");
	for (unsigned first = 0; first < 256; first++) {
		char name[3];

		snprintf(name, sizeof(name), "%02x", first);
		visit_below(search, objects, name);
	}
}

static bool is_known_folder(const struct root_search *search, const char *objects)
{
	bool known = search->object_count >= ROOTS_ALTERNATES_MAX;

	for (size_t i = 0; i < search->object_count && !known; i++)
		known = !strcmp(search->objects[i], objects);
	return known;
}

static void take_objects(struct root_search *search, const char *path, const char *common, unsigned depth)
{
	char *objects = realpath(path, NULL), *name = NULL, *text = NULL, *rest, *line;

	/* libgit2 opens one more */
	if (!objects || depth > ROOTS_ALTERNATE_DEPTH_MAX + 1 || is_known_folder(search, objects))
		goto out;
	memory_grow(search->objects, search->object_count, search->object_capacity);
	search->objects[search->object_count++] = memory_copy_string(objects);
	if (!is_own_objects(objects, common))
		visit_object_folder(search, objects);
	name = memory_format("%s/info/alternates", objects);
	text = rest = roots_read_file(name);
	while ((line = strsep(&rest, "\n"))) {
		char *alternate = *line && *line != '#' ? roots_path_from(objects, line) : NULL;

		if (alternate && search->alternate_lines++ < ROOTS_ALTERNATE_LINES_MAX)
			take_objects(search, alternate, common, depth + 1);
		free(alternate);
	}
out:
	free(text);
	free(name);
	free(objects);
}

/* ---- git folders ---- */

static bool is_folder_below(const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);
	struct stat status;
	bool is = !stat(path, &status) && S_ISDIR(status.st_mode);

	free(path);
	return is;
}

bool roots_is_git_folder(const char *path)
{
	return is_folder_below(path, "objects") && is_folder_below(path, "refs") && roots_exists_below(path, "HEAD");
}

/* The folder that its commondir names, or itself. The caller frees it. NULL when it is none that git would take. */
static char *common_folder_of(const char *folder)
{
	char *pointed = roots_read_pointer(folder, "commondir", ""), *common = realpath(pointed ? pointed : folder, NULL);

	free(pointed);
	if (!common || (roots_is_git_folder(common) && roots_exists_below(folder, "HEAD")))
		return common;
	free(common);
	return NULL;
}

/* Parts that are links lead into another git folder (contrib/workdir/git-new-workdir, Android's repo): that one is a part of this. */
static void take_linked_parts(struct root_search *search, const char *folder)
{
	static const char *const names[] = { "config", "refs", "objects", "packed-refs", "info", "logs", "logs/refs", "HEAD", "index" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = memory_format("%s/%s", folder, names[i]), *real = NULL, *slash;
		struct stat status;

		if (!lstat(path, &status) && S_ISLNK(status.st_mode) && (real = realpath(path, NULL))) {
			bool named_alike = strlen(real) > strlen(names[i]) &&
					   !strcmp(real + strlen(real) - strlen(names[i]), names[i]);

			slash = named_alike ? real + strlen(real) - strlen(names[i]) - 1 : NULL;
			if (slash && *slash == '/') {
				*slash = '\0';
				if (roots_is_git_folder(real))
					search->visit(search->context, real, REPOSITORY_ROOT);
			}
		}
		free(real);
		free(path);
	}
}

/* The git folder that folder/name is, or that the file of that name says where it is. NULL when there is none. The caller frees it. */
static char *resolve_git_folder(const struct root_search *search, const char *folder, const char *name)
{
	char *path = roots_path_from(folder, name), *pointed = NULL, *real = NULL;
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode)) {
		real = realpath(path, NULL);
	} else if ((pointed = roots_read_pointer(folder, name, "gitdir:"))) {
		search->visit(search->context, path, REPOSITORY_ROOT);
		real = realpath(pointed, NULL);
	}
	free(pointed);
	free(path);
	return real;
}

/* The `.git` files of linked working trees: libgit2 asks them for the HEAD of each. One that does not begin as such files do is another. */
static void take_linked_trees(const struct root_search *search, const char *common)
{
	char *path = memory_format("%s/worktrees", common);
	DIR *folder = opendir(path);
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		char *below = memory_format("%s/%s", path, entry->d_name), *file = roots_read_pointer(below, "gitdir", "");
		char *text = file ? roots_read_file(file) : NULL;

		if (text && !strncmp(text, "gitdir: ", strlen("gitdir: ")))
			search->visit(search->context, file, REPOSITORY_ROOT);
		free(text);
		free(file);
		free(below);
	}
	if (folder)
		closedir(folder);
	free(path);
}

/* Whether folder is the one of a linked working tree, and not the common one. */
static bool work_tree_is_linked(const char *common, const char *folder)
{
	char *real = realpath(folder, NULL);
	bool is = real && strcmp(real, common) != 0;

	free(real);
	return is;
}

/* Whoever has more of them would have us read for ever; those beyond are told of when they cannot be opened. */
#define SUBMODULES_MAX 1000

static void take_git_folder(struct root_search *search, const char *folder, const char *work_tree);

/* A repository_other: a submodule is a repository with parts of its own. */
static void take_submodule(void *context, const char *path, const char *complaint)
{
	struct root_search *search = context;

	if (!complaint && search->submodule_count++ < SUBMODULES_MAX)
		take_git_folder(search, path, NULL);
}

/* A file that says where a submodule is. */
static void take_named_file(void *context, const char *path)
{
	const struct root_search *search = context;

	search->visit(search->context, path, REPOSITORY_ROOT);
}

/* A repository_other: all files of a working tree are to be read. */
static void take_tree(void *context, const char *path, const char *complaint)
{
	const struct root_search *search = context;

	if (!complaint)
		search->visit(search->context, path, REPOSITORY_ROOT);
}

/* work_tree is its working tree, where known. */
static void take_git_folder(struct root_search *search, const char *folder, const char *work_tree)
{
	const struct repository_others submodules = { .visit = take_submodule, .read = take_named_file, .context = search };
	char *common = common_folder_of(folder), *objects;

	if (!common)
		return;
	search->visit(search->context, folder, REPOSITORY_ROOT);
	search->visit(search->context, common, REPOSITORY_ROOT);
	take_linked_parts(search, folder);
	take_linked_parts(search, common);
	take_linked_trees(search, common);
	objects = memory_format("%s/objects", common);
	take_objects(search, objects, common, 0);
	free(objects);
	roots_take_configuration(search, common, "config");
	roots_take_configuration(search, folder, "config.worktree");
	if (search->parts & REPOSITORY_ROOTS_SUBMODULES)
		repository_submodules(common, work_tree, &submodules);
	if (search->parts & REPOSITORY_ROOTS_TREES && !work_tree_is_linked(common, folder))
		repository_linked_trees(common, take_tree, search);
	free(common);
}

/* The git folder of a repository whose working tree, or which itself, is at this folder. NULL when there is none. The caller frees it. */
static char *git_folder_at(const struct root_search *search, const char *at)
{
	char *git = resolve_git_folder(search, at, ".git"), *common = git ? common_folder_of(git) : NULL;

	if (!common) {
		free(git);
		git = roots_is_git_folder(at) ? memory_copy_string(at) : NULL;
	}
	free(common);
	return git;
}

/* Go up from path to the first folder with a repository, as libgit2 does: past what only looks like one. search->tree becomes that folder. */
static char *search_upward(struct root_search *search, const char *path)
{
	char *at = realpath(path, NULL), *git = at ? git_folder_at(search, at) : NULL, *slash;

	while (!git && at && (slash = strrchr(at, '/')) && slash[1]) {
		slash[slash == at] = '\0';
		git = git_folder_at(search, at);
	}
	search->tree = at;
	return git;
}

/* The ignore patterns of the folders between the working tree's root and path. */
static void visit_ignore_files(const struct root_search *search, const char *path)
{
	char *at = realpath(path, NULL), *slash;

	while (at && search->tree && roots_is_below(at, search->tree)) {
		visit_below(search, at, ".gitignore");
		slash = strrchr(at, '/');
		if (!slash || slash == at)
			break;
		*slash = '\0';
	}
	free(at);
}

/* What git's own variables name, as it sets them for a hook. They are the caller's, no stranger's. */
static void take_environment(struct root_search *search)
{
	const char *objects = getenv("GIT_OBJECT_DIRECTORY");
	const char *alternates = getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"), *common = getenv("GIT_COMMON_DIR");
	char *list = memory_copy_string(alternates ? alternates : ""), *rest = list, *path;

	if (common && *common)
		search->visit(search->context, common, REPOSITORY_ROOT_LINKED);
	if (objects && *objects) {
		search->visit(search->context, objects, REPOSITORY_ROOT_LINKED);
		take_objects(search, objects, objects, 0);
	}
	while ((path = strsep(&rest, ":"))) {
		if (*path)
			take_objects(search, path, "", 0);
	}
	free(list);
}

/* A relative one counts from the top of the working tree (environment.c). */
static void take_index_of_environment(const struct root_search *search)
{
	const char *index = getenv("GIT_INDEX_FILE");
	char *path = index && *index ? roots_path_from(search->tree ? search->tree : ".", index) : NULL;

	if (path)
		search->visit(search->context, path, REPOSITORY_ROOT_LINKED);
	free(path);
}

void repository_roots(const char *path, enum repository_search how, unsigned parts, repository_root *visit, void *context)
{
	struct root_search search = { .visit = visit, .context = context, .parts = parts };
	const char *named = how == REPOSITORY_FROM_ENVIRONMENT ? getenv("GIT_DIR") : NULL;
	char *git = NULL;

	if (how == REPOSITORY_FROM_ENVIRONMENT)
		take_environment(&search);
	if (named && *named) {
		git = resolve_git_folder(&search, ".", named);
		search.tree = realpath(path, NULL);
	} else if (how == REPOSITORY_EXACT) {
		git = roots_exists_below(path, ".git") ? resolve_git_folder(&search, path, ".git") : realpath(path, NULL);
		search.tree = realpath(path, NULL);
	} else {
		git = search_upward(&search, path);
	}
	if (how == REPOSITORY_FROM_ENVIRONMENT)
		take_index_of_environment(&search);
	if (git)
		take_git_folder(&search, git, search.tree);
	if (git && parts & REPOSITORY_ROOTS_IGNORED)
		visit_ignore_files(&search, path);
	root_search_release(&search);
	free(git);
}
