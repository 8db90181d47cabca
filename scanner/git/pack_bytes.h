/*
 * A pack without an index: one that lies about as a file, in a bundle or in an archive. Its entries are found by inflating one after the other, the way
 * git-index-pack(1) does, and their objects are then walked as those of any pack (pack_walk.h).
 */
#ifndef STAUNCH_GIT_PACK_BYTES_H
#define STAUNCH_GIT_PACK_BYTES_H

#include "base/error.h"
#include "git/object.h"

#include <stdatomic.h>

struct pack_bytes_walk {
	uint64_t allowance;    /* bytes that the entries and objects may inflate to, counted each time they are */
	size_t object_max;     /* of one object */
	const atomic_int *stop;
	object_visit *visit;   /* each object whole, worker 0; kinds of all sorts. Nonzero: no more */
	int (*visit_delta)(void *context, uint64_t offset, const unsigned char *bytes, size_t size); /* what each delta inserts of which no object can be made; likewise */
	void *context;
	/* in the end */
	uint64_t used;         /* bytes that were inflated and made to find and name the objects, before they were handed out */
	uint64_t damaged;      /* entries that could not be read, or are too large */
	uint64_t missing;      /* deltas of objects that the pack does not hold (a thin pack), and of those */
};

/*
 * Hand out the objects of the pack in size bytes. Returns 0; or ERROR_MALFORMED when it is cut short or broken somewhere, ERROR_LIMIT
 * when the allowance is used up, ERROR_INTERRUPTED when visit or stop ended it: what came before has been handed out. One thread.
 */
int pack_bytes_walk(const unsigned char *bytes, size_t size, struct pack_bytes_walk *walk, struct error *error);

#endif
