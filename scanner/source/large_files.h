/*
 * Git LFS: history holds a pointer in the place of a large file, and `.git/lfs/objects` the file (git-lfs, docs/spec.md). Private to source/.
 *
 * A file that was fetched is searched as the content of its pointer's blob, so the trace of that blob tells where in history it stands.
 */
#ifndef STAUNCH_SOURCE_LARGE_FILES_H
#define STAUNCH_SOURCE_LARGE_FILES_H

#include "git/object.h"
#include "source/source.h"

#include <pthread.h>

#define LARGE_FILE_ID_SIZE (64 + 1) /* SHA-256 in hexadecimal */

/* Smaller or larger blobs are no pointers: the shortest one, and what the specification allows. */
#define LARGE_FILE_POINTER_MIN 120
#define LARGE_FILE_POINTER_MAX 1023

struct large_file {
	struct object_id pointer; /* the blob; first: object_id_compare() orders these */
	char id[LARGE_FILE_ID_SIZE];
	uint64_t size;
	bool missing; /* it was not fetched, or not as a whole */
	bool told;    /* and that was told */
};

struct large_files {
	struct large_file *files; /* owned */
	size_t count, capacity;
	pthread_mutex_t lock; /* guards the above while pointers are noted */
};

/* Whether a blob (size bytes) is a pointer, and to what; file->pointer is left to the caller. */
bool large_file_parse(struct large_file *file, const void *bytes, size_t size);

/*
 * Hand out the file that a pointer names, from the store of the git folder (ends in '/'; NULL: there is none), as chunks like *like, by worker 0; *bytes grows
 * by what was read. Returns whether a credential was found. Sets file->missing.
 */
bool large_file_hand_out(struct large_file *file, const struct source_events *events, const char *folder, const struct chunk *like,
			 uint64_t *bytes);

/* What is told of a missing one, and what brings it. */
#define LARGE_FILE_MISSING "this is a pointer to a file of Git LFS that is not in lfs/objects, or not whole"

void large_files_init(struct large_files *files);
void large_files_release(struct large_files *files);

/* Note a blob (size bytes) if it is a pointer. Any thread. */
void large_files_note(struct large_files *files, const struct object_id *blob, const void *bytes, size_t size);

/*
 * All pointers are noted: put them in order and hand out what they point to, and what else lies in the store of the git folder (ends in '/'; NULL: there is
 * none), on events->jobs threads. front is what places show before the path in the git folder.
 */
void large_files_hand_out(struct large_files *files, const struct source_events *events, const char *folder, const char *front);

/* The file of this pointer, or NULL. */
struct large_file *large_files_find(const struct large_files *files, const struct object_id *pointer);

#endif
