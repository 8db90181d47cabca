/*
 * A pack without an index: its objects are found by reading it from front to back, and named by hashing them. Private to git/.
 */
#ifndef STAUNCH_GIT_PACK_UNINDEXED_H
#define STAUNCH_GIT_PACK_UNINDEXED_H

#include "git/pack.h"

/*
 * Open the pack in a file, behind its first leftovers->file_start bytes when it is leftovers->file. What is cut off or cannot be resolved is told to
 * unreadable; the rest is there. Memory: 60 bytes an object, and what a thin pack's bases take. Returns 0, or a negative code with nothing held.
 */
int pack_open_unindexed(struct pack *pack, const char *path, const struct pack_leftovers *leftovers, pack_unreadable *unreadable,
			void *context, struct error *error);

#endif
