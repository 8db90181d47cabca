/*
 * Where a repository's parts lie: read off the few files in which git writes that down, before anything else of it is opened.
 *
 * For the sandbox, which has to know the files that may be read. These lines are the repository's owner's, who may be a stranger, so each is
 * believed only as far as what it names looks like git's own. One thread.
 */
#ifndef STAUNCH_GIT_REPOSITORY_ROOTS_H
#define STAUNCH_GIT_REPOSITORY_ROOTS_H

#include "git/repository.h"

/* What of a path is needed. */
enum repository_root_kind {
	REPOSITORY_ROOT,        /* the file, or the folder and all below it; never what a link leads to */
	REPOSITORY_ROOT_LINKED, /* that, and the path may be a link */
	REPOSITORY_ROOT_LISTED, /* the names in a folder */
};

/* Something that reading the repository needs. */
typedef void repository_root(void *context, const char *path, enum repository_root_kind kind);

/* What is to be read beside the repository itself. */
#define REPOSITORY_ROOTS_IGNORED 1u    /* the .gitignore files above path, for repository_leaves_out() */
#define REPOSITORY_ROOTS_SUBMODULES 2u /* submodules, and those in them (repository_others.h) */
#define REPOSITORY_ROOTS_TREES 4u      /* linked working trees: all their files */

/*
 * Visit what opening and reading the repository that repository_open() would find takes: the git folder and the common one, folders of
 * alternates, files that its configuration includes; and the parts, REPOSITORY_ROOTS_ bits.
 * Nothing is visited when there is no repository.
 *
 * Not visited: a git folder without HEAD, objects and refs; anything of an alternate but its names, pack, info and the folders of loose objects; what
 * the repository's configuration names outside of its working tree and is no configuration.
 */
void repository_roots(const char *path, enum repository_search search, unsigned parts, repository_root *visit, void *context);

/* What libgit2 reads for any repository: the user's and the system's configuration with all that they name, and the certificates it loads when it starts. */
void repository_user_roots(repository_root *visit, void *context);

/*
 * Whether the file of ignore patterns that the configuration names (core.excludesFile) can be read; libgit2 passes over one that cannot. Returns
 * 0 when there is none, it does not exist or it can be read; ERROR_IO otherwise.
 */
int repository_check_ignore_rules(struct repository *repository, struct error *error);

#endif
