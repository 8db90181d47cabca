/*
 * About how much a repository holds, told from the outside: nothing of it is opened but folders. Any thread.
 */
#ifndef STAUNCH_GIT_REPOSITORY_SIZE_H
#define STAUNCH_GIT_REPOSITORY_SIZE_H

#include <stdbool.h>

/*
 * Whether the repository at path (its root, or a bare one) is small: packs of REPOSITORY_SMALL_BYTES at most, and few loose objects, which are counted as
 * git-gc(1) counts them for its --auto, in one of their 256 folders. One that borrows objects from others (info/alternates) is not, and what stands elsewhere
 * (submodules, links) is not looked at: an estimate, false where there is none.
 */
#define REPOSITORY_SMALL_BYTES ((long long)1 << 20)
bool repository_is_small(const char *path);

#endif
