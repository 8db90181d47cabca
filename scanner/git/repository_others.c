#define _GNU_SOURCE
#include "git/repository_others.h"

#include "base/memory.h"
#include "git/roots.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whether the `.git` file leads to this folder. */
static bool leads_back(const char *file, const char *folder)
{
	char *text = roots_read_file(file), *pointed = NULL, *real = NULL, *own = realpath(folder, NULL), *above;
	bool leads = false;

	if (text && own && !roots_is_link(file) && !strncmp(text, "gitdir: ", strlen("gitdir: "))) {
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
static void take_linked_tree(repository_other *visit, void *context, const char *folder)
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
		visit(context, tree, "it is named as a linked working tree, and its .git does not lead back here");
	else
		visit(context, real, NULL);
	free(real);
	free(tree);
	free(file);
	free(text);
	free(name);
}

void repository_linked_trees(const char *common, repository_other *visit, void *context)
{
	char *path = memory_format("%s%sworktrees", common, common[strlen(common) - 1] == '/' ? "" : "/");
	struct dirent **entries = NULL;
	int count = roots_is_link(path) ? 0 : scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *below = memory_format("%s/%s", path, entries[i]->d_name);

		if (entries[i]->d_name[0] != '.')
			take_linked_tree(visit, context, below);
		free(below);
		free(entries[i]);
	}
	free(entries);
	free(path);
}
