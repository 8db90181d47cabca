/*
 * Commit and tag objects: the few fields of their headers that a trace needs.
 */
#ifndef STAUNCH_GIT_COMMIT_H
#define STAUNCH_GIT_COMMIT_H

#include "base/error.h"
#include "git/object.h"

#include <stddef.h>
#include <stdint.h>

struct commit {
	struct object_id tree;
	struct object_id *parents; /* owned; parent_count of them */
	size_t parent_count;
	int64_t author_date;       /* seconds since the epoch; 0 when it is none */
};

/*
 * Read the headers of a commit object. ERROR_MALFORMED when it does not begin with a tree; a broken author line is not an error,
 * because history holds many. *commit held nothing; release it even after an error.
 */
int commit_parse(struct commit *commit, const char *bytes, size_t size, struct error *error);
void commit_release(struct commit *commit);

/* The author that a commit object names, as "Name <address>"; "" when it names none. The caller frees it. */
char *commit_author(const char *bytes, size_t size);

/* The object a tag names. ERROR_MALFORMED when it does not begin with one. */
int tag_parse_target(struct object_id *target, const char *bytes, size_t size, struct error *error);

#endif
