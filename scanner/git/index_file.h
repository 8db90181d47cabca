/*
 * git's index as it lies on disk (gitformat-index(5), versions 2 to 4), read from front to back. Private to git/.
 *
 * libgit2 makes an object of each entry, which takes longer than everything else that a pre-commit hook does. Here entries are
 * pointed at, and the cache tree tells which folders need no look at all: git commits the tree that it names.
 */
#ifndef STAUNCH_GIT_INDEX_FILE_H
#define STAUNCH_GIT_INDEX_FILE_H

#include "base/buffer.h"
#include "base/error.h"
#include "git/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The mode of an entry that is a submodule. */
#define MODE_GITLINK 0160000

/* An entry. Borrowed until the next one is read. */
struct index_entry {
	const char *path; /* NUL-terminated, path_length bytes; a sparse folder's ends in '/' */
	size_t path_length;
	uint32_t mode;
	unsigned stage;      /* not 0: one side of a conflict */
	bool intent_to_add;  /* `git add -N`: the next commit does not have it */
	struct object_id id;
};

/* A folder in the cache tree, whose entries are known to make up one tree object. Borrowed from the index. */
struct index_folder {
	const char *name; /* name_length bytes, not terminated */
	size_t name_length;
	int64_t entry_count; /* below 0: something in it has changed, and id is not known */
	struct object_id id;
	uint32_t *children; /* owned: child_count indices into the folders of the file, by length and bytes of their names */
	uint32_t child_count;
};

struct index_split; /* git/index_split.h */

struct index_file {
	const unsigned char *bytes; /* owned: mapped */
	size_t size;
	uint32_t version, entry_count;
	struct index_folder *folders; /* owned: the root first; none when the file has no cache tree */
	size_t folder_count, folder_capacity;
	/* where reading is */
	size_t at;
	uint32_t entries_read;
	struct buffer path; /* version 4 spells a path as the difference to the one before */
	struct index_split *split; /* owned: where the entries come from when the index is split; otherwise NULL */
};

/*
 * Read a file. folder is the git folder, ending in '/', in which what a split index shares lies; NULL: it may not be split. Returns 0; ERROR_NOT_FOUND when there is
 * none (nothing is staged); ERROR_UNSUPPORTED for a kind that only git knows; ERROR_MALFORMED; ERROR_IO. Its checksum is not verified, as git itself does not when
 * it commits. Release it in each case.
 */
int index_file_read(struct index_file *index, const char *path, const char *folder, struct error *error);
void index_file_release(struct index_file *index);

/* The next entry: 1, 0 at the end, or ERROR_MALFORMED. */
int index_file_next(struct index_file *index, struct index_entry *entry, struct error *error);

/* The root of the cache tree, and a folder below one: NULL where it is not known. parent may be NULL. */
const struct index_folder *index_file_root(const struct index_file *index);
const struct index_folder *index_file_child(const struct index_file *index, const struct index_folder *parent,
					    const char *name, size_t name_length);

#endif
