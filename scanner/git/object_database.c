#define _GNU_SOURCE
#include "git/object_database.h"

#include "base/memory.h"
#include "git/bundle.h"
#include "git/libgit2.h"
#include "git/loose.h"
#include "git/pack_walk.h"
#include "git/repository.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct object_database {
	struct repository *repository; /* borrowed */
	struct pack_set *packs;
	struct loose_list loose;
	char *const *directories; /* borrowed from repository */
};

/* A window is large enough that nearly every blob is one, and small enough that a thread's share of memory is. */
#define WINDOW_SIZE ((size_t)1 << 20)

/* A pack_base_reader: context is the repository. */
static int read_base(void *context, const struct object_id *id, enum object_kind *kind, unsigned char **bytes, size_t *size)
{
	return repository_read(context, id, kind, bytes, size, NULL);
}

int object_database_open(struct object_database **out, struct repository *repository, unsigned jobs,
			 object_database_unreadable *unreadable, void *context, struct error *error)
{
	struct object_database *database = memory_allocate_zeroed(1, sizeof(*database));
	struct pack_leftovers leftovers = { .read_base = read_base };
	size_t count;
	int result;

	leftovers.context = database->repository = repository;
	if (repository->bundle) {
		leftovers.file = repository->bundle->path;
		leftovers.file_start = repository->bundle->pack_start;
	}
	database->directories = repository_object_directories(repository, &count);
	for (size_t i = 0; i < count; i++) {
		DIR *folder = opendir(database->directories[i]);

		if (folder)
			closedir(folder);
		else if (errno != ENOENT || !repository_is_incoming(database->directories[i])) /* that one was taken in by now, or refused */
			unreadable(context, database->directories[i], strerror(errno));
		loose_list_add(&database->loose, database->directories[i], (unsigned)i, unreadable, context);
	}
	if (repository_alternates_are_cut(repository))
		unreadable(context, database->directories[0], "its alternates are nested deeper than git follows them, or too many: scan those that are left out on their own");
	loose_list_sort(&database->loose);
	result = pack_set_open_all(&database->packs, database->directories, count, jobs, &leftovers, unreadable, context, error);
	if (result) {
		object_database_close(database);
		database = NULL;
	}
	if (database)
		repository->packs = database->packs;
	*out = database;
	return result;
}

void object_database_close(struct object_database *database)
{
	if (!database)
		return;
	database->repository->packs = NULL;
	pack_set_close(database->packs);
	loose_list_release(&database->loose);
	free(database);
}

bool object_database_has(const struct object_database *database, const struct object_id *id)
{
	return pack_set_has(database->packs, id) || loose_list_find(&database->loose, id);
}

void object_database_prefetch(const struct object_database *database, const struct object_id *id)
{
	pack_set_prefetch(database->packs, id);
}

uint64_t object_database_count(const struct object_database *database)
{
	return pack_set_object_count(database->packs) + database->loose.count;
}

/* ---- the walk ---- */

struct walk {
	struct object_database *database;
	const struct object_database_walk *options;
	pthread_mutex_t lock; /* guards failed */
	struct object_id *failed; /* what could not be read on the way: it is tried again, one by one, at the end */
	size_t failed_count, failed_capacity;
	atomic_size_t next_loose;
	atomic_int stopped;
};

static void read_later(struct walk *walk, const struct object_id *id)
{
	pthread_mutex_lock(&walk->lock);
	memory_grow(walk->failed, walk->failed_count, walk->failed_capacity);
	walk->failed[walk->failed_count++] = *id;
	pthread_mutex_unlock(&walk->lock);
}

static void pack_object_damaged(void *context, const struct object_id *id, const char *detail)
{
	(void)detail; /* another copy may be whole; if none is, the last reader says why */
	read_later(context, id);
}

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct walk *walk = context;

	if (walk->options->whole && !(piece->first && piece->last)) {
		if (piece->first)
			read_later(walk, &piece->id);
		return 0;
	}
	return walk->options->visit(walk->options->context, worker, piece);
}

static enum change_answer visit_change(void *context, unsigned worker, const struct object_change *change)
{
	struct walk *walk = context;

	return walk->options->visit_change(walk->options->context, worker, change);
}

static bool must_stop(struct walk *walk)
{
	return *walk->options->stop || atomic_load_explicit(&walk->stopped, memory_order_relaxed);
}

struct loose_worker {
	struct walk *walk;
	unsigned worker;
	pthread_t thread;
};

/* Read an object's loose copy. Returns what loose_read() does. */
static int read_loose(struct walk *walk, const struct loose_object *object, unsigned worker, unsigned char *window,
		      struct error *error)
{
	int stopped = 0;
	int result = loose_read(walk->database->directories[object->directory], &object->id, walk->options->kinds,
				window, WINDOW_SIZE, walk->options->overlap, visit, walk, worker, &stopped, error);

	if (stopped)
		atomic_store(&walk->stopped, 1);
	return result;
}

/* Read by libgit2 and hand on whole. */
static int read_whole(struct walk *walk, const struct object_id *id, struct error *error)
{
	struct object_piece piece = { .id = *id, .first = true, .last = true };
	unsigned char *bytes = NULL;
	int result = repository_read(walk->database->repository, id, &piece.kind, &bytes, &piece.size, error);

	if (!result && (walk->options->kinds & OBJECT_KIND_BIT(piece.kind))) {
		piece.bytes = bytes;
		piece.object_size = piece.size;
		if (visit(walk, 0, &piece))
			atomic_store(&walk->stopped, 1);
	}
	free(bytes);
	return result;
}

static void *walk_loose(void *context)
{
	struct loose_worker *worker = context;
	struct walk *walk = worker->walk;
	const struct loose_list *loose = &walk->database->loose;
	unsigned char *window = memory_allocate(WINDOW_SIZE);
	size_t at;

	while ((at = atomic_fetch_add(&walk->next_loose, 1)) < loose->count && !must_stop(walk)) {
		const struct loose_object *object = &loose->objects[at];
		struct error error;

		if (pack_set_has(walk->database->packs, &object->id))
			continue;
		/* an alternate may have a whole copy */
		if (read_loose(walk, object, worker->worker, window, &error))
			read_later(walk, &object->id);
	}
	free(window);
	return NULL;
}

static void walk_all_loose(struct walk *walk)
{
	unsigned jobs = walk->options->jobs, started = 1;
	struct loose_worker *workers;

	if (!walk->database->loose.count)
		return;
	workers = memory_allocate_zeroed(jobs, sizeof(*workers));
	for (unsigned i = 0; i < jobs; i++)
		workers[i] = (struct loose_worker){ .walk = walk, .worker = i };
	while (started < jobs &&
	       !pthread_create(&workers[started].thread, NULL, walk_loose, &workers[started]))
		started++;
	walk_loose(&workers[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	free(workers);
}

/* What could not be read on the way, from wherever else it is. */
static void walk_failed(struct walk *walk)
{
	unsigned char *window = walk->failed_count ? memory_allocate(WINDOW_SIZE) : NULL;

	if (walk->failed_count)
		qsort(walk->failed, walk->failed_count, sizeof(*walk->failed), object_id_compare);
	for (size_t i = 0; i < walk->failed_count && !must_stop(walk); i++) {
		const struct object_id *id = &walk->failed[i];
		const struct loose_object *loose = loose_list_find(&walk->database->loose, id);
		struct error error;

		if (i && !object_id_compare(id, id - 1))
			continue;
		if (loose && !walk->options->whole && !read_loose(walk, loose, 0, window, &error))
			continue;
		if (read_whole(walk, id, &error))
			walk->options->damaged(walk->options->context, id, error.message);
	}
	free(window);
}

/* A part without a name on its way to whoever asked. */
struct unfinished {
	const struct object_database_walk *options;
	const char *path;
};

static int visit_part(void *context, unsigned worker, const struct object_piece *piece)
{
	const struct unfinished *unfinished = context;

	(void)worker;
	return unfinished->options->unfinished(unfinished->options->context, unfinished->path, piece, NULL);
}

static void read_unfinished(struct walk *walk, const char *path, unsigned char *window)
{
	struct unfinished unfinished = { walk->options, path };
	struct loose_part part;
	struct error error;
	int stopped = 0, result = loose_part_measure(&part, path, window, WINDOW_SIZE, &error);

	if (result == ERROR_NOT_FOUND)
		return;
	if (result)
		walk->options->unfinished(walk->options->context, path, NULL, error.message);
	if (part.is_whole && object_database_has(walk->database, &part.id))
		return;
	if (part.size && loose_part_read(&part, path, window, WINDOW_SIZE, walk->options->overlap, part.is_whole ? visit : visit_part,
					 part.is_whole ? (void *)walk : &unfinished, 0, &stopped, &error))
		walk->options->unfinished(walk->options->context, path, NULL, error.message);
	if (stopped)
		atomic_store(&walk->stopped, 1);
}

static void walk_unfinished(struct walk *walk)
{
	const struct loose_list *loose = &walk->database->loose;
	unsigned char *window = loose->unfinished_count && walk->options->unfinished ? memory_allocate(WINDOW_SIZE) : NULL;

	for (size_t i = 0; window && i < loose->unfinished_count && !must_stop(walk); i++)
		read_unfinished(walk, loose->unfinished[i], window);
	free(window);
}

int object_database_walk(struct object_database *database, const struct object_database_walk *options,
			 struct error *error)
{
	struct walk walk = { .database = database, .options = options };
	struct pack_walk_options packs = {
		.kinds = options->kinds,
		.jobs = options->jobs,
		.memory_limit = PACK_WALK_MEMORY_DEFAULT,
		.window_size = options->whole ? SIZE_MAX : PACK_WALK_WINDOW_DEFAULT,
		.overlap = options->overlap,
		.verify = getenv("STAUNCH_VERIFY_OBJECTS") != NULL,
		.stop = options->stop,
		.visit = visit,
		.visit_change = options->visit_change ? visit_change : NULL,
		.texts = options->texts,
		.damaged = pack_object_damaged,
		.context = &walk,
	};
	int result;

	pthread_mutex_init(&walk.lock, NULL);
	result = pack_walk(database->packs, &packs, error);
	if (!result) {
		walk_all_loose(&walk);
		walk_failed(&walk);
		walk_unfinished(&walk);
	}
	if (!result && must_stop(&walk))
		result = error_set(error, ERROR_INTERRUPTED, "interrupted");
	pthread_mutex_destroy(&walk.lock);
	free(walk.failed);
	return result;
}
