/*
 * What git leaves out of a working tree, for a walk over files that begins anywhere in one, or above several. Private to source/.
 */
#ifndef STAUNCH_SOURCE_SCOPE_H
#define STAUNCH_SOURCE_SCOPE_H

#include "base/error.h"

#include <stdbool.h>

struct scope;

/*
 * The working tree that begins at a folder of the walk, one with a `.git`. path is the folder as the walk spells it, with its '/' (or "").
 * around is the scope that the folder lies in, or NULL, and must outlive this one: what an outer index tracks is never left out. Returns NULL
 * when its `.git` is broken: it ignores nothing, so nothing is left out. Where it may not be read, error is filled as well: what it ignores is not
 * known, and must not be revoked.
 */
struct scope *scope_open_root(const char *path, const struct scope *around, struct error *error);

/*
 * The working tree that path lies inside of, not as its root, or NULL. path is what the walk begins with, as the user gave it. *left_out says
 * whether git leaves out path itself. error is filled as above.
 */
struct scope *scope_open_around(const char *path, bool is_folder, bool *left_out, struct error *error);

void scope_close(struct scope *scope); /* NULL is allowed */

/* Whether git leaves out a file or folder, spelled as the walk does. Nothing is left out of a NULL scope. Any thread. */
bool scope_leaves_out(const struct scope *scope, const char *path, bool is_folder);

#endif
