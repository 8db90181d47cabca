/*
 * What differs between two trees, by their ids: a folder that is the same on both sides is not opened, so the work follows the size of the change
 * (libgit2 1.5 opens each folder of both). Private to git/.
 */
#ifndef STAUNCH_GIT_TREE_CHANGES_H
#define STAUNCH_GIT_TREE_CHANGES_H

#include "base/buffer.h"
#include "git/repository.h"
#include "git/tree.h"

/* An open tree, and its current entry. */
struct tree_cursor {
	unsigned char *bytes; /* owned; NULL: nothing is in it */
	size_t size, position;
	struct tree_entry entry;
	bool has_entry;
};

/* Open a tree (NULL: an empty one) at its first entry, and move on. path names it in messages. free(cursor->bytes) in each case. */
int tree_cursor_open(struct tree_cursor *cursor, struct repository *repository, const struct object_id *id,
		     const char *path, struct error *error);
int tree_cursor_next(struct tree_cursor *cursor, const char *path, struct error *error);

struct tree_changes {
	struct repository *repository;
	repository_change *visit;
	void *context;
	struct error *error;
	struct buffer folder; /* the path of the current folder, with its '/'; owned by the caller */
};

/*
 * Tell of each file that differs between two trees (NULL: an empty one) below the current folder. Modes count for nothing: what a mode changes
 * brings no content. Returns 0, the visitor's nonzero value, or a negative code.
 */
int tree_changes_compare(struct tree_changes *changes, const struct object_id *before, const struct object_id *after,
			 unsigned depth);

/* The order of trees: by bytes, a folder as if its name ended in '/'. */
int tree_name_compare(const char *a, size_t a_length, bool a_is_folder, const struct tree_entry *b);

#endif
