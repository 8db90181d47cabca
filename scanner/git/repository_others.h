/*
 * Repositories and working trees that belong to a repository: its submodules and its linked working trees. Names of folders and lines that hold a path are
 * all that is read, so it serves before the sandbox is whole (repository_roots.h) as well as behind it.
 *
 * These lines are a stranger's, so each leads only to what shows that it belongs here; of the rest it is told why it is left out. Any thread.
 */
#ifndef STAUNCH_GIT_REPOSITORY_OTHERS_H
#define STAUNCH_GIT_REPOSITORY_OTHERS_H

#include <stdbool.h>

/* A git folder or a working tree, by its path; complaint is NULL, or why it is not followed: a static text. */
typedef void repository_other(void *context, const char *path, const char *complaint);

/* How submodules are looked for. */
struct repository_others {
	repository_other *visit;
	void (*read)(void *context, const char *path); /* a file is about to be read that says where one is; NULL: nobody asks */
	bool with_indexes; /* what indexes have and no .gitmodules names is wanted, too. Behind the sandbox only: it takes a parser */
	void *context;
};

/*
 * The git folders of submodules, in the order of their names: those in common/modules, checked out or not, and in that of linked working trees; and, as git
 * before 1.7.8 and `git submodule add` of a folder that was a repository leave them, those in the working trees (work_tree NULL: there are none) that a
 * .gitmodules names, in turn also that of such a one. Some may come twice. Not what is in modules/ of a submodule.
 */
void repository_submodules(const char *common, const char *work_tree, const struct repository_others *others);

/*
 * The linked working trees (git-worktree(1)) of the repository with this common folder, but for those that are gone. A tree is one when its `.git` leads back
 * to where it is named: a file that only its owner can have written there.
 */
void repository_linked_trees(const char *common, repository_other *visit, void *context);

#endif
