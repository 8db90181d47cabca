/*
 * The entries of a tree, each with a tag: what the caller has to know of it.
 *
 * The trees of a history differ little from each other, and packs keep most of them as what they differ by. So the list of a tree is made from the
 * list of its base: entries that were taken over keep their tags, and each new one is looked at once and not once per commit.
 */
#ifndef STAUNCH_GIT_TREE_LIST_H
#define STAUNCH_GIT_TREE_LIST_H

#include "git/object.h"
#include "git/tree.h"

#include <stdint.h>

struct tree_list {
	uint32_t *starts; /* owned: where each entry starts, and where the last one ends: count + 1 of them */
	uint32_t *tags;   /* owned: count of them */
	size_t count, capacity;
	unsigned char *scratch; /* owned */
	size_t scratch_capacity;
};

/* Gives the tag of an entry. It must depend on the entry alone. */
typedef uint32_t tree_tag(void *context, const struct tree_entry *entry);

/* The largest tree that is read, in bytes: some 12 million entries at the most. */
#define TREE_SIZE_MAX ((size_t)1 << 28)

/*
 * List the entries of a tree of size bytes (at most TREE_SIZE_MAX; a larger one counts as malformed). Returns 0, or -1 when it is malformed:
 * then its readable entries have been tagged (none of a tree that is too large), and the list is of no use.
 */
int tree_list_read(struct tree_list *list, const unsigned char *tree, size_t size, tree_tag *tag, void *context);

/*
 * The list that a note keeps for what is made from its tree. The caller owns the note. NULL for a tree of more entries than TREE_NOTE_ENTRIES_MAX: notes are
 * held beside what a walk's memory limit counts, some at a time, so none may be large.
 */
struct object_note *tree_list_note(const struct tree_list *list);
#define TREE_NOTE_ENTRIES_MAX ((size_t)1 << 16)

/*
 * List the entries of a tree that changes one whose list is in change->base_note; only new entries are tagged. is_listed false: they are tagged and nothing
 * is listed, which is faster. Returns 0, or -1 when it is malformed or an entry is too long to be put together: then tree_list_read() has to read the tree whole, which tags
 * them again.
 */
int tree_list_change(struct tree_list *list, const struct object_change *change, bool is_listed, tree_tag *tag,
		     void *context);

void tree_list_release(struct tree_list *list);

#endif
