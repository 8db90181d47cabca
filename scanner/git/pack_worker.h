/*
 * What the threads of a walk share, and what each has for itself. Private to pack_walk.c, pack_worker.c,
 * pack_object.c and pack_pool.c.
 *
 * A worker holds a stack of frames. A frame is an object whose bytes are held because deltas made from it are
 * still to be applied; the deepest one is in work. Frames are let go of before their last delta is gone into, so
 * with the order of pack_entry's rings there are few of them.
 */
#ifndef STAUNCH_GIT_PACK_WORKER_H
#define STAUNCH_GIT_PACK_WORKER_H

#include "git/delta_fresh.h"
#include "git/delta_runs.h"
#include "git/inflate.h"
#include "git/pack.h"
#include "git/pack_walk.h"

#include <pthread.h>
#include <stdatomic.h>

/* Memory for one object or delta, with slack behind it as inflate_whole() and delta_apply() want it. */
struct walk_buffer {
	unsigned char *bytes; /* owned; NULL: none */
	size_t size;          /* of what it holds */
	size_t capacity;
};

/* What all workers hold together. */
struct pool_limit {
	atomic_size_t held;   /* the capacities of all buffers */
	size_t limit;
	pthread_mutex_t over; /* held by the one worker that may go beyond the limit */
};

#define POOL_SPARE_COUNT 8

/*
 * The buffers a worker has no use for at the moment, the one given back last at the end: it is the one most likely
 * still in cache.
 */
struct pool {
	struct pool_limit *limit;
	struct walk_buffer spare[POOL_SPARE_COUNT];
	unsigned spare_count;
	bool is_over; /* this worker holds limit->over */
};

/* Take a spare buffer of a suitable capacity. Returns whether there was one. */
bool pool_reuse(struct pool *pool, size_t size, struct walk_buffer *buffer);

/*
 * Allocate a new buffer if the limit allows it, or whether it does or not; then this waits until no other worker
 * is over the limit.
 */
bool pool_allocate(struct pool *pool, size_t size, bool force, struct walk_buffer *buffer);

/* Give a buffer back, to be reused. buffer->bytes may be NULL, and is then. */
void pool_give(struct pool *pool, struct walk_buffer *buffer);

/* Free all spare buffers. Returns whether there were any. */
bool pool_trim(struct pool *pool);

/* The worker holds nothing any more. */
void pool_rest(struct pool *pool);

struct walk_frame {
	const struct pack *pack;
	uint32_t entry;          /* whose deltas these are */
	uint32_t next, last;     /* the deltas that are left of its ring */
	struct walk_buffer base; /* the entry's bytes; none: dropped for want of memory, to be made again */
	struct object_note *note; /* owned: the visitor's, of the entry; NULL: none */
	const char *complaint;   /* static: why the bytes, and so those below, cannot be had. NULL: they can */
};

struct walk_worker {
	struct walk *walk;
	unsigned number;
	struct inflater *inflater;  /* owned */
	struct object_hash *hash;   /* owned; NULL without a need to verify */
	struct pool pool;
	struct walk_frame *frames;  /* owned: frame_count of them */
	size_t frame_count, frame_capacity;
	size_t frame_held;          /* frames below this one were dropped, all of them */
	size_t frame_droppable;     /* frames from this one on may not be dropped */
	struct delta_runs runs;     /* of the delta in work */
	struct delta_seams seams;   /* likewise */
	uint32_t *chain;            /* owned: scratch of worker_remake() */
	size_t chain_capacity;
	uint64_t objects, bytes;    /* not yet added to the counters of the options */
	char complaint[160];        /* the last one that needed numbers */
};

struct walk {
	const struct pack_set *set;
	const struct pack_walk_options *options;
	struct pool_limit limit;
	size_t window_size;      /* of the options, or as much as the overlap needs */
	atomic_uint_fast64_t next; /* the first entry, counted over all packs, that no worker took yet */
	atomic_bool halted;
	atomic_uint hungry;        /* waiting workers for whom there is no offer */
	pthread_mutex_t lock;      /* guards the rest */
	pthread_cond_t changed;    /* signalled when an offer was made, broadcast when finished or halted */
	struct walk_frame *offers; /* owned: offer_count of them */
	unsigned offer_count, offer_capacity;
	unsigned waiting, working; /* how many workers wait, and how many there are */
	bool finished;
};

/* pack_walk.c */

/* Whether the walk is to end early. */
bool walk_is_halted(struct walk *walk);
void walk_halt(struct walk *walk);

/* Some worker waits: offer it a part of this one's frames, if there is one to spare. */
void walk_share(struct walk_worker *worker);

/* pack_worker.c */

/* Hand on everything below and including the entries from first to before end of a pack that start a chain. */
void worker_walk_range(struct walk_worker *worker, const struct pack *pack, uint32_t first, uint32_t end);

/* Work until no frame is left. */
void worker_walk_frames(struct walk_worker *worker);

/* Make an entry's bytes from its whole chain. Returns NULL, or what is wrong. The caller gives the buffer back. */
const char *worker_remake(struct walk_worker *worker, const struct pack *pack, uint32_t entry, unsigned *kind,
			  struct walk_buffer *result);

/* A buffer of this size, making room by dropping what can be made again. */
void worker_take(struct walk_worker *worker, size_t size, struct walk_buffer *buffer);

/* pack_object.c */

/* Hand on an entry's bytes. *note becomes what the visitor noted of it; note is NULL when no delta is made from it. */
void object_hand_on(struct walk_worker *worker, const struct pack *pack, uint32_t entry, unsigned kind,
		    const struct walk_buffer *object, struct object_note **note);

/* Whether entries made from one that has a note can be handed on as changes: nothing has to be verified. */
bool object_may_change(const struct walk_worker *worker, const struct pack *pack, uint32_t entry);

/* Hand on an entry as a change, of which id, kind and note are filled in here. Returns whether that settled it. */
bool object_hand_on_change(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
			   struct object_change *change, struct object_note **note);

/* Hand on an entry that is no delta in windows. */
void object_stream(struct walk_worker *worker, const struct pack *pack, uint32_t entry,
		   const struct pack_header *header);

/* An entry cannot be read: hand on the copy of its object that another pack has, or say that it is damaged. */
void object_give_up(struct walk_worker *worker, const struct pack *pack, uint32_t entry, const char *complaint);

/* Add what the worker counted to the counters of the options. */
void worker_count_flush(struct walk_worker *worker);

#endif
