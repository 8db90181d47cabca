#define _GNU_SOURCE
#include "git/repository_others.h"

#include "base/memory.h"
#include "git/roots.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Names of submodules have slashes in them where their paths do. */
#define NAME_DEPTH_MAX 32

/* ---- submodules ---- */

struct other_search {
	repository_other *visit;
	void *context;
};

static bool is_link(const char *path)
{
	struct stat status;

	return !lstat(path, &status) && S_ISLNK(status.st_mode);
}

static bool has(const char *folder, const char *name)
{
	char *path = memory_format("%s/%s", folder, name);
	struct stat status;
	bool there = !lstat(path, &status);

	free(path);
	return there;
}

/* Whether a submodule's git folder borrows another one's parts, as git makes none. */
static bool leads_elsewhere(const char *folder)
{
	static const char *const parts[] = { "objects", "refs" };
	bool is_linked = has(folder, "commondir");

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		char *path = memory_format("%s/%s", folder, parts[i]);

		is_linked |= is_link(path);
		free(path);
	}
	return is_linked;
}

/* Git folders, and folders that are the front part of a name with slashes. */
static void walk_modules(const struct other_search *search, const char *path, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0 && errno != ENOENT)
		search->visit(search->context, path, "it cannot be read");
	for (int i = 0; i < count; i++) {
		char *below = memory_format("%s/%s", path, entries[i]->d_name);
		struct stat status;

		if (!strcmp(entries[i]->d_name, ".") || !strcmp(entries[i]->d_name, "..") || stat(below, &status) || !S_ISDIR(status.st_mode))
			; /* none */
		else if (is_link(below))
			search->visit(search->context, below, "it is a link");
		else if (leads_elsewhere(below))
			search->visit(search->context, below, "it names the folder of another repository");
		else if (roots_is_git_folder(below))
			search->visit(search->context, below, NULL);
		else if (has(below, "HEAD") || has(below, "objects") || depth >= NAME_DEPTH_MAX)
			search->visit(search->context, below, "it is no whole repository");
		else
			walk_modules(search, below, depth + 1);
		free(below);
		free(entries[i]);
	}
	free(entries);
}

/* A submodule's path in the working tree, whose real path is root. What has its git folder elsewhere was met there. */
static void take_embedded(const struct other_search *search, const char *root, const char *name)
{
	char *path = memory_format("%s/%s/.git", root, name), *real = realpath(path, NULL);
	struct stat status;

	if (!real || stat(real, &status) || !S_ISDIR(status.st_mode) || !roots_is_git_folder(real))
		; /* not checked out, or with a `.git` that is a file */
	else if (!roots_is_below(real, root))
		search->visit(search->context, path, "a link leads out of the working tree");
	else
		search->visit(search->context, real, NULL);
	free(real);
	free(path);
}

static void walk_embedded(const struct other_search *search, const char *work_tree)
{
	char *root = realpath(work_tree, NULL), *file = root ? memory_format("%s/.gitmodules", root) : NULL;
	char *text = file && !is_link(file) ? roots_read_file(file) : NULL, *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char *value, *end;

		line += strspn(line, " \t");
		if (strncasecmp(line, "path", strlen("path")) != 0)
			continue;
		value = line + strlen("path") + strspn(line + strlen("path"), " \t");
		if (*value != '=')
			continue;
		value += 1 + strspn(value + 1, " \t\"");
		end = value + strlen(value);
		while (end > value && (isspace((unsigned char)end[-1]) || end[-1] == '"' || end[-1] == '/'))
			*--end = '\0';
		if (*value && *value != '/')
			take_embedded(search, root, value);
	}
	free(text);
	free(file);
	free(root);
}

void repository_submodules(const char *common, const char *work_tree, repository_other *visit, void *context)
{
	struct other_search search = { visit, context };
	char *modules = memory_format("%s%smodules", common, common[strlen(common) - 1] == '/' ? "" : "/");

	if (is_link(modules))
		visit(context, modules, "it is a link");
	else
		walk_modules(&search, modules, 0);
	if (work_tree)
		walk_embedded(&search, work_tree);
	free(modules);
}

/* ---- linked working trees ---- */

/* Whether the `.git` file leads to this folder. */
static bool leads_back(const char *file, const char *folder)
{
	char *text = roots_read_file(file), *pointed = NULL, *real = NULL, *own = realpath(folder, NULL), *above;
	bool leads = false;

	if (text && own && !is_link(file) && !strncmp(text, "gitdir: ", strlen("gitdir: "))) {
		text[strcspn(text, "\r\n")] = '\0';
		above = memory_copy_bytes(file, strlen(file) - strlen("/.git"));
		pointed = roots_path_from(above, text + strlen("gitdir: "));
		free(above);
		real = realpath(pointed, NULL);
		leads = real && !strcmp(real, own);
	}
	free(own);
	free(real);
	free(pointed);
	free(text);
	return leads;
}

/* The tree that common/worktrees/NAME is for. */
static void take_linked_tree(const struct other_search *search, const char *folder)
{
	char *name = memory_format("%s/gitdir", folder), *text = roots_read_file(name), *file = NULL, *tree = NULL, *real = NULL;
	struct stat status;
	size_t length;

	if (text) {
		text[strcspn(text, "\r\n")] = '\0';
		file = roots_path_from(folder, text); /* git 2.48 writes relative ones where it is told to */
	}
	length = file ? strlen(file) : 0;
	if (length > strlen("/.git") && !strcmp(file + length - strlen("/.git"), "/.git")) {
		tree = memory_copy_bytes(file, length - strlen("/.git"));
		real = realpath(tree, NULL);
	}
	if (!real || stat(real, &status) || !S_ISDIR(status.st_mode))
		; /* gone: `git worktree prune` takes its name away */
	else if (!leads_back(file, folder))
		search->visit(search->context, tree, "it is named as a linked working tree, and its .git does not lead back here");
	else
		search->visit(search->context, real, NULL);
	free(real);
	free(tree);
	free(file);
	free(text);
	free(name);
}

void repository_linked_trees(const char *common, repository_other *visit, void *context)
{
	struct other_search search = { visit, context };
	char *path = memory_format("%s%sworktrees", common, common[strlen(common) - 1] == '/' ? "" : "/");
	struct dirent **entries = NULL;
	int count = is_link(path) ? 0 : scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *below = memory_format("%s/%s", path, entries[i]->d_name);

		if (entries[i]->d_name[0] != '.')
			take_linked_tree(&search, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
	free(path);
}
