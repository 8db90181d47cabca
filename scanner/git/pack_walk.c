/*
 * The threads of a walk, and how they share the work: ranges of entries while there are any, then parts of each
 * other's trees, so that one huge tree of deltas keeps all of them busy.
 */
#include "git/pack_walk.h"

#include "base/memory.h"
#include "git/object_hash.h"
#include "git/pack_worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * Entries a worker takes at a time: few enough to leave some for the others at the end, enough to make the taking
 * cheap.
 */
#define RANGE_SIZE 64

bool walk_is_halted(struct walk *walk)
{
	const atomic_int *stop = walk->options->stop;

	if (stop && atomic_load_explicit(stop, memory_order_relaxed))
		walk_halt(walk);
	return atomic_load_explicit(&walk->halted, memory_order_relaxed);
}

void walk_halt(struct walk *walk)
{
	if (atomic_exchange(&walk->halted, true))
		return;
	pthread_mutex_lock(&walk->lock);
	pthread_cond_broadcast(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

/*
 * Cut the rest of a frame's ring in two and put the first half in *half, with a copy of the base if there is
 * memory for one.
 */
static void frame_split(struct walk_worker *worker, struct walk_frame *frame, struct walk_frame *half)
{
	const struct pack_entry *entries = frame->pack->entries;
	uint32_t middle = frame->next, fast = frame->next;

	while (fast != frame->last && entries[fast].next_sibling != frame->last) {
		middle = entries[middle].next_sibling;
		fast = entries[entries[fast].next_sibling].next_sibling;
	}
	*half = *frame;
	half->last = middle;
	half->base = (struct walk_buffer){ NULL, 0, 0 };
	half->note = object_note_share(frame->note);
	if (frame->base.bytes && (pool_reuse(&worker->pool, frame->base.size, &half->base) ||
				  pool_allocate(&worker->pool, frame->base.size, false, &half->base)))
		memcpy(half->base.bytes, frame->base.bytes, frame->base.size);
	frame->next = entries[middle].next_sibling;
}

/* Called with the lock held, after offers or waiting changed. */
static void hunger_update(struct walk *walk)
{
	atomic_store(&walk->hungry, walk->waiting > walk->offer_count ? walk->waiting - walk->offer_count : 0);
}

void walk_share(struct walk_worker *worker)
{
	struct walk_frame *frames = worker->frames, offer;
	struct walk *walk = worker->walk;

	if (worker->pool.is_over) /* what was given away could not be counted against this worker */
		return;
	if (worker->frame_count > 1) {
		offer = frames[0];
		worker->frame_count--;
		memmove(frames, frames + 1, worker->frame_count * sizeof(*frames));
		worker->frame_held = 0;
	} else if (frames[0].next != frames[0].last) {
		frame_split(worker, &frames[0], &offer);
	} else {
		return;
	}
	pthread_mutex_lock(&walk->lock);
	memory_grow(walk->offers, walk->offer_count, walk->offer_capacity);
	walk->offers[walk->offer_count++] = offer;
	hunger_update(walk);
	pthread_cond_signal(&walk->changed);
	pthread_mutex_unlock(&walk->lock);
}

/* Wait for an offer and take it. Returns false when all work is done. */
static bool offer_take(struct walk_worker *worker)
{
	struct walk *walk = worker->walk;
	bool taken = false;

	pool_rest(&worker->pool);
	pthread_mutex_lock(&walk->lock);
	walk->waiting++;
	while (!walk->offer_count && !walk->finished && !atomic_load(&walk->halted)) {
		if (walk->waiting == walk->working) {
			walk->finished = true;
			pthread_cond_broadcast(&walk->changed);
			break;
		}
		hunger_update(walk);
		pthread_cond_wait(&walk->changed, &walk->lock);
	}
	walk->waiting--;
	if (walk->offer_count && !atomic_load(&walk->halted)) {
		memory_grow(worker->frames, worker->frame_count, worker->frame_capacity);
		worker->frames[worker->frame_count++] = walk->offers[--walk->offer_count];
		taken = true;
	}
	hunger_update(walk);
	pthread_mutex_unlock(&walk->lock);
	return taken;
}

/* Take the next range of entries and walk it. Returns false when there is none left. */
static bool range_take(struct walk_worker *worker)
{
	const struct pack_set *set = worker->walk->set;
	uint64_t total = set->starts[set->count];
	uint64_t first = atomic_fetch_add(&worker->walk->next, RANGE_SIZE);
	uint64_t end = total - first < RANGE_SIZE ? total : first + RANGE_SIZE;

	if (first >= total)
		return false;
	while (first < end) {
		const struct pack *pack = pack_set_locate(set, first);
		uint64_t start = set->starts[pack - set->packs], here = start + pack->index.count;

		if (here > end)
			here = end;
		worker_walk_range(worker, pack, (uint32_t)(first - start), (uint32_t)(here - start));
		first = here;
	}
	return true;
}

static void *worker_run(void *context)
{
	struct walk_worker *worker = context;

	while (!walk_is_halted(worker->walk) && range_take(worker))
		;
	while (!walk_is_halted(worker->walk) && offer_take(worker))
		worker_walk_frames(worker);
	pool_rest(&worker->pool);
	worker_count_flush(worker);
	return NULL;
}

static int worker_init(struct walk_worker *worker, struct walk *walk, unsigned number, struct error *error)
{
	bool verify = walk->options->verify;

	for (size_t p = 0; p < walk->set->count; p++)
		verify |= walk->set->packs[p].suspect;
	memset(worker, 0, sizeof(*worker));
	worker->walk = walk;
	worker->number = number;
	worker->pool.limit = &walk->limit;
	worker->inflater = inflater_new();
	if (!worker->inflater)
		return error_set(error, ERROR_IO, "cannot allocate a decompressor");
	if (verify)
		worker->hash = object_hash_new();
	if (verify && !worker->hash)
		return error_set(error, ERROR_UNSUPPORTED, "cannot verify objects: libcrypto has no SHA-1");
	return 0;
}

static void worker_release(struct walk_worker *worker)
{
	inflater_free(worker->inflater);
	object_hash_free(worker->hash);
	free(worker->frames);
	delta_runs_release(&worker->runs);
	free(worker->chain);
}

/* Run the workers, the first one on this thread. A thread that cannot be had leaves its work to the others. */
static void workers_run(struct walk *walk, struct walk_worker *workers, unsigned jobs)
{
	pthread_t *threads = memory_allocate(jobs * sizeof(*threads));
	unsigned started = 1;

	walk->working = jobs;
	while (started < jobs && !pthread_create(&threads[started], NULL, worker_run, &workers[started]))
		started++;
	pthread_mutex_lock(&walk->lock);
	walk->working = started;
	pthread_mutex_unlock(&walk->lock);
	worker_run(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

int pack_walk(struct pack_set *set, const struct pack_walk_options *options, struct error *error)
{
	unsigned jobs = options->jobs ? options->jobs : 1, ready = 0;
	struct walk_worker *workers = memory_allocate(jobs * sizeof(*workers));
	struct walk walk = {
		.set = set,
		.options = options,
		.limit = { .limit = options->memory_limit, .over = PTHREAD_MUTEX_INITIALIZER },
		.window_size = options->window_size > 2 * options->overlap ? options->window_size :
									       2 * options->overlap + 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	int status = 0;

	while (ready < jobs && !status)
		status = worker_init(&workers[ready], &walk, ready, error), ready++;
	if (!status) {
		workers_run(&walk, workers, jobs);
		if (atomic_load(&walk.halted))
			status = error_set(error, ERROR_INTERRUPTED, "the walk was stopped");
	}
	for (unsigned i = 0; i < walk.offer_count; i++) {
		free(walk.offers[i].base.bytes);
		object_note_release(walk.offers[i].note);
	}
	free(walk.offers);
	while (ready)
		worker_release(&workers[--ready]);
	free(workers);
	return status;
}
