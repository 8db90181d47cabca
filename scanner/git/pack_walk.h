/*
 * Every object of a set of packs, each inflated once and each delta applied once, on several threads.
 *
 * git's own tools ask for one object at a time and rebuild its delta chain each time. Here the packs' entries are read as
 * what they are, a forest: each delta hangs below its base. Worker threads take whole trees of it, walk them depth
 * first, and hand each object on while its bytes are still in cache.
 */
#ifndef STAUNCH_GIT_PACK_WALK_H
#define STAUNCH_GIT_PACK_WALK_H

#include "base/error.h"
#include "git/object.h"

struct pack_set;

/*
 * Map the index and pack files (pack/NAME.idx with pack/NAME.pack) of each of directories (count of them: a repository's objects folder and its
 * alternates) and link every delta to its base. A pack or index that cannot be read is told to unreadable (with its path and why) and left out;
 * the rest is still walked. Returns 0, or a negative code when nothing could be done at all; *set is owned by the caller.
 */
typedef void pack_unreadable(void *context, const char *path, const char *why);
int pack_set_open(struct pack_set **set, char *const *directories, size_t count, pack_unreadable *unreadable, void *context,
		  struct error *error);
void pack_set_close(struct pack_set *set);

/* Distinct objects, and the bytes of the packs that hold them: for progress and reports. */
uint64_t pack_set_object_count(const struct pack_set *set);
uint64_t pack_set_byte_count(const struct pack_set *set);

/* The same for the objects of some kinds (OBJECT_KIND_BIT()s), counting those of unknown kind as well: what a walk for these kinds will have counted at its end. */
void pack_set_count(const struct pack_set *set, unsigned kinds, uint64_t *objects, uint64_t *bytes);

/* Whether some pack has this object (damaged or not). Any thread. */
bool pack_set_has(const struct pack_set *set, const struct object_id *id);

struct pack_walk_options {
	unsigned kinds;      /* OBJECT_KIND_BIT()s of the objects to hand on */
	unsigned jobs;       /* threads, 1 or more */
	size_t memory_limit; /* bytes of objects held at once over all threads; PACK_WALK_MEMORY_DEFAULT */
	size_t window_size;  /* an object larger than this may come in windows of this size; PACK_WALK_WINDOW_DEFAULT */
	size_t overlap;      /* bytes that each window repeats of the one before */
	bool verify;         /* check each object's id against its bytes (STAUNCH_VERIFY_OBJECTS=1); a wrong one is damaged */
	const volatile int *stop; /* NULL, or nonzero once the walk is to end early */
	object_visit *visit;
	object_damaged *damaged; /* each object that is of an asked kind, or of unknown kind, and could not be handed on */
	void *context;
	volatile uint64_t *objects_done, *bytes_done; /* NULL, or counters for progress: entries and pack bytes walked */
};
#define PACK_WALK_MEMORY_DEFAULT ((size_t)128 << 20)
#define PACK_WALK_WINDOW_DEFAULT ((size_t)8 << 20)

/*
 * The largest object that is held whole, which deltas and their bases have to be: git makes no deltas of files beyond this size
 * (core.bigFileThreshold). Larger ones are told to damaged. Beyond memory_limit one worker at a time may hold one object with its base and its delta.
 */
#define PACK_WALK_OBJECT_MAX ((size_t)512 << 20)

/*
 * Hand each distinct object of the asked kinds to visit exactly once (the first of several packs that hold it), in no particular order.
 * Returns 0; ERROR_INTERRUPTED when stop was set or visit asked to stop.
 */
int pack_walk(struct pack_set *set, const struct pack_walk_options *options, struct error *error);

#endif
