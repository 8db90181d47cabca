/*
 * A bundle: the objects and references that a fetch would bring, in a file (gitformat-bundle(5)). What is here is its header; the pack behind it is read as one
 * without an index. Private to git/.
 */
#ifndef STAUNCH_GIT_BUNDLE_H
#define STAUNCH_GIT_BUNDLE_H

#include "base/error.h"
#include "git/object.h"

#include <stdbool.h>

struct bundle_reference {
	char *name; /* owned */
	struct object_id id;
};

struct bundle {
	char *path;        /* owned */
	size_t pack_start; /* where the pack begins in the file */
	struct bundle_reference *references; /* owned */
	size_t reference_count, reference_capacity;
	struct object_id *prerequisites; /* owned: commits that whoever unbundles it has to have */
	size_t prerequisite_count, prerequisite_capacity;
	bool is_filtered; /* objects were left out of it on purpose */
};

/* Read the header. Returns 0; ERROR_NOT_FOUND when it is no bundle; ERROR_UNSUPPORTED, ERROR_MALFORMED, ERROR_IO. */
int bundle_open(struct bundle **bundle, const char *path, struct error *error);
void bundle_free(struct bundle *bundle); /* NULL is allowed */

#endif
