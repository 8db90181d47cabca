/*
 * A content that is handed out whole is read where it lies. One that comes in windows is pushed, and readers pull: a thread of its own reads, and each of
 * the two waits while the other one works. So whatever the reader hands on comes from the worker that the source's chunk came from, one call after the other.
 */
#include "source/container.h"

#include "base/memory.h"
#include "source/archive_library.h"
#include "source/postponed.h"
#include "source/unpack.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A reader needs little more than libarchive's blocks, which it allocates. */
#define READER_STACK_SIZE ((size_t)1 << 20)

/* One worker's share. */
struct stage_worker {
	struct container_stage *stage;
	unsigned number;
	struct unpacker unpacker;
	enum container_kind kind; /* of the content that comes at the moment; CONTAINER_NONE: no container, or none that is looked into */
	char *path, *author;      /* owned: of a content in windows */
	char object[OBJECT_ID_HEX_SIZE], commit[OBJECT_ID_HEX_SIZE];
	/* the reader of a content in windows */
	bool is_reading;      /* there is a thread to be joined */
	pthread_t thread;
	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t changed; /* signalled when any of them changes */
	struct feed feed;     /* the current window, while it is handed over */
	bool is_full, is_taken, is_closed, is_done;
};

struct container_stage {
	struct source_events events;       /* for sources */
	const struct source_events *inner; /* whoever searches */
	unsigned depth;
	void (*want_library)(void *context);
	struct stage_worker *workers; /* owned: events.jobs of them */
	bool in_order;                /* contents of the target come one after the other */
	uint64_t together;            /* of UNPACK_TOGETHER_BYTES, what is left for the target: used while one thread is at work */
	struct postponed_list postponed;
};

/* ---- contents in windows ---- */

/* The reader's side: it wants more than the window that it has. */
static bool window_more(struct feed *feed)
{
	struct stage_worker *worker = (struct stage_worker *)((char *)feed - offsetof(struct stage_worker, feed));
	bool is_there;

	pthread_mutex_lock(&worker->lock);
	if (worker->is_taken)
		worker->is_full = false;
	pthread_cond_broadcast(&worker->changed);
	while (!worker->is_full && !worker->is_closed)
		pthread_cond_wait(&worker->changed, &worker->lock);
	is_there = worker->is_taken = worker->is_full;
	pthread_mutex_unlock(&worker->lock);
	return is_there;
}

static void *read_windows(void *context)
{
	struct stage_worker *worker = context;

	/* the first one may be there already, and is handed over like all others */
	if (window_more(&worker->feed))
		unpack_outermost(&worker->unpacker, worker->kind, &worker->feed);
	pthread_mutex_lock(&worker->lock);
	worker->is_done = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

/* Hand a window over, and wait until it is read. */
static void push(struct stage_worker *worker, const struct chunk *chunk, size_t repeated, enum chunk_result result)
{
	const unsigned char *bytes = (const unsigned char *)chunk->bytes + repeated;
	size_t size = chunk->size - repeated;

	pthread_mutex_lock(&worker->lock);
	while (worker->is_full && !worker->is_done)
		pthread_cond_wait(&worker->changed, &worker->lock);
	if (!worker->is_done && size) {
		worker->unpacker.consumed += size;
		unpack_note_chunk(&worker->unpacker, 0, chunk->first, result);
		worker->feed.at = bytes;
		worker->feed.left = size;
		worker->is_full = true;
		pthread_cond_broadcast(&worker->changed);
		while (worker->is_full && !worker->is_done)
			pthread_cond_wait(&worker->changed, &worker->lock);
	}
	pthread_mutex_unlock(&worker->lock);
}

static void start_reader(struct stage_worker *worker, const struct chunk *chunk)
{
	struct unpack_place nowhere = { &worker->unpacker, 1, 1, worker->kind };
	struct chunk outer = *chunk;
	pthread_attr_t attributes;

	/* it lives longer than the chunk */
	outer.path = worker->path = memory_copy_string(chunk->path);
	outer.author = worker->author = memory_copy_string(chunk->author);
	outer.object = strcpy(worker->object, chunk->object);
	outer.commit = strcpy(worker->commit, chunk->commit);
	unpack_begin(&worker->unpacker, worker->stage->inner, worker->number, worker->stage->depth, &outer);
	worker->feed = (struct feed){ .more = window_more };
	worker->is_full = worker->is_taken = worker->is_closed = worker->is_done = false;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, READER_STACK_SIZE);
	worker->is_reading = !pthread_create(&worker->thread, &attributes, read_windows, worker);
	pthread_attr_destroy(&attributes);
	if (!worker->is_reading) {
		worker->is_done = true;
		unpack_tell(&nowhere, UNPACK_LIMIT, NULL, "no thread could be started to read it");
	}
}

/* No more windows come. Returns whether a credential was found inside. */
static bool end_reader(struct stage_worker *worker)
{
	bool found;

	pthread_mutex_lock(&worker->lock);
	worker->is_closed = true;
	pthread_cond_broadcast(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
	if (worker->is_reading)
		pthread_join(worker->thread, NULL);
	worker->is_reading = false;
	found = unpack_end(&worker->unpacker);
	worker->kind = CONTAINER_NONE;
	unpack_unwrapped(&worker->unpacker, 0);
	free(worker->path);
	free(worker->author);
	worker->path = worker->author = NULL;
	return found;
}

/* A content whose end never came: the object turned out damaged, or the walk was stopped. */
static void drop_unended(struct stage_worker *worker)
{
	if (!worker->kind)
		return;
	worker->unpacker.outer.descriptor = NULL; /* may be closed by now; the reader waits for a window and does not look at it */
	end_reader(worker);
}

/* ---- contents ---- */

/* How much comes of a content. */
enum share {
	SHARE_SMALL, /* as much as of any number of them */
	SHARE_MOST,  /* as much as of one */
};

static bool is_small(const struct chunk *chunk)
{
	return chunk->first && chunk->last && chunk->size <= UNPACK_SMALL_SIZE;
}

/* Whether there is enough left for one more content to have its most. */
static bool has_most(const struct container_stage *stage)
{
	return stage->together >= UNPACK_BYTES_MIN;
}

/* Count what came of a small content beyond its small share. */
static void count_together(struct container_stage *stage, const struct unpacker *unpacker)
{
	uint64_t bytes = UNPACK_SMALL_BYTES + UNPACK_BYTES_RATIO * unpacker->consumed, members = UNPACK_SMALL_MEMBERS, used;

	used = unpacker->expanded > bytes ? unpacker->expanded - bytes : 0;
	used += unpacker->members > members ? (unpacker->members - members) * UNPACK_TOGETHER_MEMBER : 0;
	stage->together -= used < stage->together ? used : stage->together;
}

/* Look into a content that is here. Returns whether a credential was found inside; *is_too_much: with this share not all of it could be. */
static bool read_whole(struct stage_worker *worker, const struct chunk *chunk, enum chunk_result result, enum share share, bool may_wait, bool *is_too_much)
{
	static const uint64_t none[UNPACK_PROBLEM_COUNT] = { 0 };
	struct unpacker *unpacker = &worker->unpacker;
	struct feed feed = feed_of_bytes(chunk->bytes, chunk->size);
	bool found;

	unpack_begin(unpacker, worker->stage->inner, worker->number, worker->stage->depth, chunk);
	if (share == SHARE_SMALL) {
		unpacker->bytes_min = UNPACK_SMALL_BYTES;
		unpacker->members_min = UNPACK_SMALL_MEMBERS;
	}
	unpacker->consumed = chunk->size;
	unpack_note_chunk(unpacker, 0, true, result);
	unpack_outermost(unpacker, worker->kind, &feed);
	*is_too_much = unpacker->is_too_much;
	if (unpacker->is_too_much && may_wait)
		unpack_forget_problems(unpacker, none); /* they are met again */
	found = unpack_end(unpacker);
	worker->kind = CONTAINER_NONE;
	unpack_unwrapped(unpacker, 0);
	return found;
}

/* A content that is here whole. Of several threads each leaves to later what it cannot know whether there is room for. */
static bool take_whole(struct stage_worker *worker, const struct chunk *chunk, enum chunk_result result)
{
	struct container_stage *stage = worker->stage;
	bool may_wait = is_small(chunk) && !stage->in_order, is_too_much, found;
	enum share share = is_small(chunk) && (may_wait || !has_most(stage)) ? SHARE_SMALL : SHARE_MOST;

	found = read_whole(worker, chunk, result, share, may_wait, &is_too_much);
	if (is_small(chunk) && stage->in_order)
		count_together(stage, &worker->unpacker);
	if (is_too_much && may_wait)
		postponed_list_add(&stage->postponed, stage->inner, chunk);
	return found;
}

static enum container_kind recognise(const struct chunk *chunk)
{
	if (chunk->kind != PLACE_BLOB && chunk->kind != PLACE_FILE && chunk->kind != PLACE_INDEX && chunk->kind != PLACE_STDIN &&
	    chunk->kind != PLACE_CONFIG)
		return CONTAINER_NONE;
	return container_recognise(chunk->bytes, chunk->size < CONTAINER_HEAD_SIZE ? chunk->size : CONTAINER_HEAD_SIZE);
}

static enum chunk_result take_chunk(void *context, unsigned number, const struct chunk *chunk)
{
	struct container_stage *stage = context;
	struct stage_worker *worker = &stage->workers[number];
	const struct source_events *inner = stage->inner;
	enum chunk_result result;
	struct chunk outer = *chunk;
	const char *why;
	bool found = false;

	if (chunk->first) {
		drop_unended(worker);
		worker->kind = recognise(chunk);
	}
	if (!worker->kind)
		return inner->chunk(inner->context, number, chunk);
	if (chunk->first && stage->want_library && container_type(worker->kind)->needs_library && !archive_library_get(&why) && !*why) {
		worker->kind = CONTAINER_NONE;
		stage->want_library(inner->context);
		return CHUNK_SUSPICIOUS;
	}
	outer.wraps = true;
	result = inner->chunk(inner->context, number, &outer);
	if (chunk->first && chunk->last) {
		found = take_whole(worker, chunk, result);
	} else {
		size_t repeated = chunk->first ? 0 : inner->overlap;

		if (chunk->first)
			start_reader(worker, chunk);
		push(worker, chunk, repeated, result);
		if (chunk->last)
			found = end_reader(worker);
	}
	/* never CHUNK_PLAIN: of an object made from this one by a delta only what is new would be looked at */
	return found || result == CHUNK_FOUND ? CHUNK_FOUND : CHUNK_SUSPICIOUS;
}

static bool take_glance(void *context, unsigned worker, const void *bytes, size_t size)
{
	const struct container_stage *stage = context;

	return stage->inner->glance(stage->inner->context, worker, bytes, size);
}

static bool is_container(void *context, const void *head, size_t size)
{
	(void)context;
	return container_recognise(head, size < CONTAINER_HEAD_SIZE ? size : CONTAINER_HEAD_SIZE) != CONTAINER_NONE;
}

static void take_settle(void *context, unsigned worker)
{
	struct container_stage *stage = context;

	drop_unended(&stage->workers[worker]);
	stage->inner->settle(stage->inner->context, worker);
}

static void take_incomplete(void *context, const char *what, const char *object, const char *path, const char *detail)
{
	const struct container_stage *stage = context;

	stage->inner->incomplete(stage->inner->context, what, object, path, detail);
}

/* ---- the stage ---- */

void container_prepare(void)
{
	struct error error;

	archive_library_load(&error); /* whoever meets an archive says what was wrong */
}

struct container_stage *container_stage_new(const struct source_events *events, unsigned depth, void (*want_library)(void *context))
{
	struct container_stage *stage = memory_allocate_zeroed(1, sizeof(*stage));

	stage->inner = events;
	stage->depth = depth;
	stage->want_library = want_library;
	stage->events = *events;
	if (!depth)
		return stage;
	stage->events.context = stage;
	stage->events.chunk = take_chunk;
	stage->events.glance = take_glance;
	stage->events.settle = take_settle;
	stage->events.incomplete = take_incomplete;
	stage->events.is_container = is_container;
	postponed_list_init(&stage->postponed);
	container_stage_begin_target(stage, true);
	stage->workers = memory_allocate_zeroed(events->jobs, sizeof(*stage->workers));
	for (unsigned i = 0; i < events->jobs; i++) {
		struct stage_worker *worker = &stage->workers[i];

		worker->stage = stage;
		worker->number = i;
		worker->unpacker.want_library = want_library;
		pthread_mutex_init(&worker->lock, NULL);
		pthread_cond_init(&worker->changed, NULL);
	}
	return stage;
}

const struct source_events *container_stage_events(const struct container_stage *stage)
{
	return &stage->events;
}

void container_stage_begin_target(struct container_stage *stage, bool in_order)
{
	stage->in_order = in_order;
	stage->together = UNPACK_TOGETHER_BYTES;
}

/* One that waited, once more from its beginning, as if it came now. */
static void take_postponed(struct stage_worker *worker, const struct chunk *chunk)
{
	struct container_stage *stage = worker->stage;
	struct chunk outer = *chunk;
	enum chunk_result result;
	bool is_too_much;

	worker->kind = recognise(chunk);
	outer.wraps = true;
	result = stage->inner->chunk(stage->inner->context, worker->number, &outer);
	read_whole(worker, chunk, result, SHARE_MOST, false, &is_too_much);
	count_together(stage, &worker->unpacker);
}

void container_stage_take_postponed(struct container_stage *stage)
{
	struct postponed *postponed;

	if (!stage->depth)
		return;
	drop_unended(&stage->workers[0]);
	while ((postponed = postponed_list_take(&stage->postponed))) {
		if (*stage->inner->stop)
			; /* nothing more is looked at */
		else if (has_most(stage))
			take_postponed(&stage->workers[0], &postponed->chunk);
		else
			postponed_tell_left(postponed, stage->inner);
		postponed_free(postponed);
	}
}

void container_stage_end_target(struct container_stage *stage)
{
	for (unsigned i = 0; stage->workers && i < stage->events.jobs; i++)
		drop_unended(&stage->workers[i]);
	container_stage_take_postponed(stage);
}

void container_stage_free(struct container_stage *stage)
{
	if (!stage)
		return;
	container_stage_end_target(stage);
	for (unsigned i = 0; stage->workers && i < stage->events.jobs; i++) {
		unpack_release(&stage->workers[i].unpacker);
		pthread_cond_destroy(&stage->workers[i].changed);
		pthread_mutex_destroy(&stage->workers[i].lock);
	}
	if (stage->depth)
		postponed_list_release(&stage->postponed);
	free(stage->workers);
	free(stage);
}
