/*
 * The paths that the index has, to be asked for one by one. libgit2 reads no split and no sparse index. Private to git/.
 */
#ifndef STAUNCH_GIT_TRACKED_H
#define STAUNCH_GIT_TRACKED_H

#include "base/error.h"

#include <stdbool.h>

struct repository;
struct tracked;

/* Read them, as index_file_read() does: path and folder are as there. No index is an empty one. To be freed by the caller. */
int tracked_load(struct tracked **tracked, const char *path, const char *folder, struct error *error);
void tracked_free(struct tracked *tracked); /* NULL is allowed */

/*
 * Whether the index has this file at any stage, or the folder (also as a submodule), or anything below it. A folder that a sparse index has as one entry has
 * what its tree has, which is looked up in the repository.
 */
bool tracked_has(const struct tracked *tracked, struct repository *repository, const char *path, bool is_folder);

#endif
