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

/*
 * The trees of a history differ little from each other. A tree memory keeps the last tree it was given and tells which part
 * of the next one is new, so that entries are looked at once and not once per commit. One thread.
 */
struct tree_memory {
	unsigned char *bytes; /* owned: the last tree */
	size_t size, capacity;
	uint32_t *starts;     /* owned: where its entries start, and last where the tree ends: start_count of them */
	size_t start_count, start_capacity;
	uint32_t *fresh;      /* owned: scratch for the starts of the new part */
	size_t fresh_count, fresh_capacity;
};

/*
 * Give the next tree (below 4 GiB). *start and *end bound the whole entries in it that the last one did not have at its front or back. Returns 0, or -1 when the
 * tree is malformed somewhere in that part (then *end is where its readable part ends, and the memory is emptied).
 */
int tree_memory_next(struct tree_memory *memory, const unsigned char *tree, size_t size, size_t *start, size_t *end);
void tree_memory_release(struct tree_memory *memory);

#endif
