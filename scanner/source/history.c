/*
 * The whole object database: what every commit, reachable or not, ever held.
 *
 * Blobs, commits and tags are handed out to be searched. Trees are read to learn whether anything they name is missing: a shallow or
 * partial clone must not pass for a clean one.
 */
#include "base/memory.h"
#include "git/commit.h"
#include "git/id_table.h"
#include "git/repository.h"
#include "git/tree.h"
#include "source/history.h"

#include <stdlib.h>
#include <string.h>

/*
 * Objects known to be there, by 64 bits of their ids: neighbouring trees name the same ones over and over, and a look into the
 * index of a large pack misses the processor's cache several times.
 */
#define PRESENT_SLOTS 32768

/* One thread's share. */
struct history_worker {
	struct source_history *history;
	struct tree_memory trees;
	struct source_counts counts;
	uint64_t bytes_shown; /* of counts.bytes, those that progress knows */
	uint64_t present[PRESENT_SLOTS];
};

static void note_missing(struct source_history *history, const struct object_id *id)
{
	pthread_mutex_lock(&history->lock);
	if (id_table_add(history->missing_ids, id) == history->missing_count) {
		memory_grow(history->missing, history->missing_count, history->missing_capacity);
		history->missing[history->missing_count++] = *id;
	}
	pthread_mutex_unlock(&history->lock);
}

static void note_large_tree(struct source_history *history, const struct object_id *id)
{
	pthread_mutex_lock(&history->lock);
	memory_grow(history->large_trees, history->large_tree_count, history->large_tree_capacity);
	history->large_trees[history->large_tree_count++] = *id;
	pthread_mutex_unlock(&history->lock);
}

static void hand_out(struct source_history *history, unsigned worker, const struct object_piece *piece,
		     enum place_kind kind, const char *hex)
{
	struct chunk chunk = {
		.kind = kind,
		.object = hex,
		.commit = "",
		.traced = true,
		.bytes = piece->bytes,
		.size = piece->size,
		.offset = piece->offset,
		.first = piece->first,
		.last = piece->last,
	};

	history->events->chunk(history->events->context, worker, &chunk);
}

/* A tree_tag: looks whether what an entry names is there. The tag itself is of no use here. */
static uint32_t check_entry(void *context, const struct tree_entry *entry)
{
	struct history_worker *worker = context;
	struct source_history *history = worker->history;
	struct object_id id = *entry->id;
	uint64_t bits, *slot;

	memcpy(&bits, id.bytes, sizeof(bits)); /* ids are hashes: any bits of them are as good as others */
	slot = &worker->present[(id.bytes[8] | id.bytes[9] << 8) % PRESENT_SLOTS];
	if (*slot == bits || entry->kind == TREE_ENTRY_SUBMODULE)
		return 0;
	if (object_database_has(history->database, &id))
		*slot = bits;
	else
		note_missing(history, &id);
	return 0;
}

static void check_tree(struct source_history *history, unsigned worker, const struct object_id *id,
		       const unsigned char *bytes, size_t size)
{
	char hex[2 * OBJECT_ID_SIZE + 1];

	if (!tree_memory_next(&history->workers[worker].trees, bytes, size, check_entry, &history->workers[worker]))
		return;
	object_id_format(id, hex);
	history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, "a tree that is malformed");
}

static void note_commit(struct source_history *history, unsigned worker, const struct object_piece *piece,
			const char *hex)
{
	struct commit commit = { 0 };
	struct error error;

	history->workers[worker].counts.commits++;
	if (commit_parse(&commit, (const char *)piece->bytes, piece->size, &error))
		history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, error.message);
	else
		commit_graph_add(&history->graph, &piece->id, &commit);
	commit_release(&commit);
}

/* Threads that each added one by one to the same counters would wait for each other. */
#define PROGRESS_STEP 256

static void show_progress(struct source_history *history, struct history_worker *worker)
{
	struct source_progress *progress = history->events->progress;

	if (worker->counts.objects % PROGRESS_STEP)
		return;
	progress->objects += PROGRESS_STEP;
	progress->bytes += worker->counts.bytes - worker->bytes_shown;
	worker->bytes_shown = worker->counts.bytes;
}

static int visit(void *context, unsigned worker, const struct object_piece *piece)
{
	struct source_history *history = context;
	struct source_counts *counts = &history->workers[worker].counts;
	char hex[2 * OBJECT_ID_SIZE + 1];

	counts->bytes += piece->size - (piece->first ? 0 : history->events->overlap);
	counts->objects += piece->first;
	if (piece->first)
		show_progress(history, &history->workers[worker]);
	object_id_format(&piece->id, hex);
	switch (piece->kind) {
	case OBJECT_BLOB:
		hand_out(history, worker, piece, PLACE_BLOB, hex);
		break;
	case OBJECT_COMMIT:
		if (piece->first)
			note_commit(history, worker, piece, hex);
		hand_out(history, worker, piece, PLACE_COMMIT_MESSAGE, hex);
		break;
	case OBJECT_TAG:
		hand_out(history, worker, piece, PLACE_TAG_MESSAGE, hex);
		break;
	case OBJECT_TREE:
		if (piece->first && piece->last)
			check_tree(history, worker, &piece->id, piece->bytes, piece->size);
		else if (piece->first)
			note_large_tree(history, &piece->id);
		break;
	}
	return *history->events->stop;
}

static void damaged(void *context, const struct object_id *id, const char *detail)
{
	struct source_history *history = context;
	char hex[2 * OBJECT_ID_SIZE + 1];

	object_id_format(id, hex);
	history->events->incomplete(history->events->context, "unreadable-object", hex, NULL, detail);
}

static void unreadable(void *context, const char *path, const char *why)
{
	struct source_history *history = context;

	history->events->incomplete(history->events->context, "unreadable-pack", "", path, why);
}

static void check_large_trees(struct source_history *history)
{
	for (size_t i = 0; i < history->large_tree_count; i++) {
		const struct object_id *id = &history->large_trees[i];
		unsigned char *bytes = NULL;
		enum object_kind kind;
		struct error error;
		size_t size;

		if (repository_read(history->repository, id, &kind, &bytes, &size, &error))
			damaged(history, id, error.message);
		else
			check_tree(history, 0, id, bytes, size);
		free(bytes);
	}
}

int source_history(const struct source_events *events, struct repository *repository, struct source_history **out,
		   struct source_counts *counts, struct error *error)
{
	struct source_history *history = memory_allocate_zeroed(1, sizeof(*history));
	struct object_database_walk walk = {
		.kinds = OBJECT_KIND_BIT(OBJECT_BLOB) | OBJECT_KIND_BIT(OBJECT_COMMIT) | OBJECT_KIND_BIT(OBJECT_TREE) |
			 OBJECT_KIND_BIT(OBJECT_TAG),
		.jobs = events->jobs,
		.overlap = events->overlap,
		.stop = events->stop,
		.visit = visit,
		.damaged = damaged,
		.context = history,
	};
	int result;

	*out = history;
	history->events = events;
	history->repository = repository;
	history->workers = memory_allocate_zeroed(events->jobs, sizeof(*history->workers));
	for (unsigned i = 0; i < events->jobs; i++)
		history->workers[i].history = history;
	pthread_mutex_init(&history->lock, NULL);
	commit_graph_init(&history->graph);
	history->missing_ids = id_table_new();
	result = object_database_open(&history->database, repository, unreadable, history, error);
	if (!result) {
		events->progress->objects_total = object_database_count(history->database);
		result = object_database_walk(history->database, &walk, error);
	}
	if (!result)
		check_large_trees(history);
	for (unsigned i = 0; i < events->jobs; i++) {
		counts->commits += history->workers[i].counts.commits;
		counts->objects += history->workers[i].counts.objects;
		counts->bytes += history->workers[i].counts.bytes;
		tree_memory_release(&history->workers[i].trees);
	}
	return result;
}

void source_history_free(struct source_history *history)
{
	if (!history)
		return;
	object_database_close(history->database);
	commit_graph_release(&history->graph);
	pthread_mutex_destroy(&history->lock);
	free(history->workers);
	id_table_free(history->missing_ids);
	free(history->missing);
	free(history->large_trees);
	free(history);
}
