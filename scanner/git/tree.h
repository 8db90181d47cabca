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
 * The trees of a history differ little from each other. A tree memory keeps the last tree it was given with a tag for each entry, and
 * asks for the tags of a next tree's new entries only: entries are looked at once and not once per commit. One thread.
 */
struct tree_memory {
	unsigned char *bytes; /* owned: the last tree */
	size_t size, capacity;
	uint32_t *starts;     /* owned: where its entries start, and where the last one ends: entry_count + 1 of them */
	uint32_t *tags;       /* owned: entry_count of them */
	size_t entry_count, entry_capacity;
	uint32_t *fresh_starts, *fresh_tags; /* owned: scratch for the new part */
	size_t fresh_count, fresh_capacity;
};

/* What a tag means is the caller's affair; it must depend on the entry alone. */
typedef uint32_t tree_tag(void *context, const struct tree_entry *entry);

/* The largest tree that is read, in bytes: some 6 million entries. */
#define TREE_SIZE_MAX ((size_t)1 << 28)

/*
 * Give the next tree (of at most TREE_SIZE_MAX bytes; a larger one counts as malformed). Afterwards memory->tags holds the tags of its entries. Returns 0, or -1 when the tree is malformed: then its
 * readable entries have been tagged, but the memory is empty.
 */
int tree_memory_next(struct tree_memory *memory, const unsigned char *tree, size_t size, tree_tag *tag, void *context);
void tree_memory_release(struct tree_memory *memory);

/* The entry of this number in the last tree given. */
void tree_memory_entry(const struct tree_memory *memory, size_t number, struct tree_entry *entry);

#endif
