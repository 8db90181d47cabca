/*
 * Tree objects: the entries of a folder (gitformat-pack(5), "mode name\0id").
 */
#ifndef STAUNCH_GIT_TREE_H
#define STAUNCH_GIT_TREE_H

#include "git/object.h"

#include <stdbool.h>
#include <stddef.h>

enum tree_entry_kind { TREE_ENTRY_BLOB, TREE_ENTRY_TREE, TREE_ENTRY_SUBMODULE };

struct tree_entry {
	enum tree_entry_kind kind;
	const char *name; /* NUL-terminated, name_length bytes; borrowed from the tree */
	size_t name_length;
	const struct object_id *id; /* borrowed from the tree; bytes only, no alignment */
};

/*
 * Take the entry at *position (0 to begin) of a tree of size bytes and move on. Returns 1, 0 at the end, or -1 when the tree is
 * malformed from here on.
 */
int tree_next(const unsigned char *tree, size_t size, size_t *position, struct tree_entry *entry);

#endif
