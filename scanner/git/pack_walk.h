/*
 * Every object of a set of packs, each inflated once and each delta applied once, on several threads.
 *
 * git's own tools ask for one object at a time and rebuild its delta chain each time. Here the packs' entries are
 * read as what they are, a forest: each delta hangs below its base. Worker threads take whole trees of it, walk
 * them depth first, and hand each object on while its bytes are still in cache.
 *
 * Packs are not believed: whatever a pack or an index says is checked, and what cannot be read is told object by
 * object. The one thing that is not survived is a file cut off by somebody while it is mapped (SIGBUS); git never
 * does.
 */
#ifndef STAUNCH_GIT_PACK_WALK_H
#define STAUNCH_GIT_PACK_WALK_H

#include "base/error.h"
#include "git/object.h"

#include <stdatomic.h>

struct delta_seam_texts;
struct pack_set;

/*
 * Map the index and pack files (pack/NAME.idx with pack/NAME.pack) of each of directories (count of them: a
 * repository's objects folder and its alternates) and link every delta to its base, on jobs threads (1 or more).
 *
 * A pack without an index is read by the folder's multi-pack-index (version 1), where that names it, and each of its objects is
 * verified before it is handed on. (git and libgit2 cannot read such a pack.)
 *
 * What cannot be read is told to unreadable with its path and why, on this thread: a folder, a pack that no index covers (also
 * where a chain of multi-pack-indexes does), an index without a pack, a file that is broken. The rest is still walked. So is a
 * pack that its index contradicts, in their counts, their checksum or the order of ids: that is told, too, and each of the pack's
 * objects is verified before it is handed on.
 *
 * Takes 24 bytes of memory for each object of each pack. Returns 0, or a negative code when nothing could be done
 * at all; *set is owned by the caller.
 */
typedef void pack_unreadable(void *context, const char *path, const char *why);
int pack_set_open(struct pack_set **set, char *const *directories, size_t count, unsigned jobs,
		  pack_unreadable *unreadable, void *context, struct error *error);

/* How to get an object that deltas are made from and that no pack has; 0, or a negative code. *bytes is freed by the caller. */
typedef int pack_base_reader(void *context, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size);

/*
 * The same with packs that have no index: those that lost theirs, what git left behind while it wrote one (tmp_pack_…), and the one in a file. They are read
 * from front to back, as far as they go, and what their objects are is worked out.
 */
struct pack_leftovers {
	const char *file; /* a file with a pack behind its first bytes; NULL: none */
	size_t file_start;
	pack_base_reader *read_base; /* NULL: thin packs stay thin */
	void *context;               /* of it */
};
int pack_set_open_all(struct pack_set **set, char *const *directories, size_t count, unsigned jobs,
		      const struct pack_leftovers *leftovers, pack_unreadable *unreadable, void *context, struct error *error);

/* Read an object that some pack of the set has. As repository_read(). */
int pack_set_read(const struct pack_set *set, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size,
		  struct error *error);

/* What an object in some pack of the set is, by what its chain of deltas starts from. Returns whether that is known. */
bool pack_set_kind(const struct pack_set *set, const struct object_id *id, enum object_kind *kind);

void pack_set_close(struct pack_set *set); /* NULL is allowed */

/* Distinct objects, and the bytes of the packs that hold them: for progress and reports. */
uint64_t pack_set_object_count(const struct pack_set *set);
uint64_t pack_set_byte_count(const struct pack_set *set);

/*
 * The same for the objects of some kinds (OBJECT_KIND_BIT()s) and those of unknown kind: what a walk for these
 * kinds will have counted in objects_done and bytes_done at its end.
 */
void pack_set_count(const struct pack_set *set, unsigned kinds, uint64_t *objects, uint64_t *bytes);

/*
 * Whether some pack has this object (damaged or not). Any thread. Looking waits for memory several times; most of that is saved when it was prefetched
 * some time before.
 */
bool pack_set_has(const struct pack_set *set, const struct object_id *id);
void pack_set_prefetch(const struct pack_set *set, const struct object_id *id);

struct pack_walk_options {
	unsigned kinds;      /* OBJECT_KIND_BIT()s of the objects to hand on; others are not inflated */
	unsigned jobs;       /* threads, 1 or more; the calling one is the first of them */
	size_t memory_limit; /* bytes of objects held at once over all threads, visitors' notes not counted; PACK_WALK_MEMORY_DEFAULT */
	size_t window_size;  /* see below; PACK_WALK_WINDOW_DEFAULT. SIZE_MAX: every object whole */
	size_t overlap;      /* bytes that each window repeats of the one before */
	size_t object_max;   /* of an object that is held whole; 0: PACK_WALK_OBJECT_MAX */
	bool verify;         /* check each object's id against its bytes; one that is wrong is damaged */
	const atomic_int *stop; /* NULL, or nonzero once the walk is to end early */
	object_visit *visit;
	object_visit_change *visit_change; /* NULL: every object is handed on whole */
	const struct delta_seam_texts *texts;     /* with visit_change */
	object_damaged *damaged;  /* each object that is of an asked or unknown kind and could not be handed on */
	void *context;            /* of the three */
	volatile uint64_t *objects_done, *bytes_done; /* NULL, or counters: objects and their bytes in the packs */
};
#define PACK_WALK_MEMORY_DEFAULT ((size_t)128 << 20)

/*
 * An object comes in windows when it is larger than one, no delta, and no base of a delta. Windows are inflated by
 * zlib, which can stop in the middle and takes twice as long as libdeflate, so they are larger than most images.
 * Which objects come in windows does not depend on jobs and memory_limit. window_size is at least 2 * overlap + 1.
 */
#define PACK_WALK_WINDOW_DEFAULT ((size_t)8 << 20)

/*
 * The largest object that is held whole, which deltas and their bases have to be: git makes no deltas of files
 * beyond this size (core.bigFileThreshold). Larger ones are told to damaged. Beyond memory_limit one worker at a
 * time may hold one object with its base and its delta.
 */
#define PACK_WALK_OBJECT_MAX ((size_t)512 << 20)

/*
 * Hand each distinct object of the asked kinds to visit exactly once, in no particular order: from the first pack
 * that holds it, or, when it is damaged there, from the first one where it is not. An object of which no pack has
 * a whole copy, or whose base is in another pack, is told to damaged. An object made by a delta from one that has a note goes to visit_change
 * first, unless it is to be verified; where that settles it, it is not made. Returns 0; ERROR_INTERRUPTED when stop was
 * set or visit asked to stop. Any thread, also several at a time.
 */
int pack_walk(struct pack_set *set, const struct pack_walk_options *options, struct error *error);

#endif
